"""profile: named queries of a file on PostgreSQL and SQLite: verdicts, plans, exit codes, and nothing that changes a database."""
import csv
import hashlib
import io
import json
import os
import shutil
import signal
import sqlite3
import subprocess
import sys
import threading
import time

import pytest

import servers

sys.path.insert(0, os.path.join(os.path.dirname(os.path.dirname(os.path.abspath(__file__))), "sqlite"))
from writers import Writer, make, seen  # noqa: E402

BOTS = """
create table bots (id integer primary key, name text);
create table messages (id integer primary key, bot_id integer, body text);
create index messages_bot on messages (bot_id);
"""


@pytest.fixture
def bots(tmp_path):
    """A SQLite file with 20 bots and 2,000 messages."""
    path = tmp_path / "bots.db"
    c = sqlite3.connect(path)
    c.executescript(BOTS)
    c.executemany("insert into bots values (?, ?)", [(i, f"bot {i}") for i in range(1, 21)])
    c.executemany("insert into messages values (?, ?, ?)", [(i, i % 20 + 1, "x" * (i % 50)) for i in range(2000)])
    c.commit()
    c.close()
    return path


@pytest.fixture
def profile(dbvitals, tmp_path):
    """profile(SQL, *arguments): the program's answer for a file that has SQL."""

    def run(sql, *arguments, **more):
        path = tmp_path / "queries.sql"
        path.write_bytes(sql if isinstance(sql, bytes) else sql.encode())
        return dbvitals("profile", path, "--runs", 50, *arguments, **more)  # too few to be called unstable where others work

    return run


def rows_of(done):
    assert done.stdout, done.stderr
    return {row["query"]: row for row in json.loads(done.stdout)}


RECENT = "-- name: recent\n-- param id: select id from bots order by id\nselect * from messages where bot_id = :id;\n"


def test_a_query_is_run_as_often_as_asked_and_its_index_is_named(profile, bots):
    row = rows_of(profile(RECENT, f"sqlite:{bots}", "--runs", 40, "--format", "json"))["recent"]
    assert (row["runs"], row["asked_runs"], row["rows"], row["indexes"], row["scans"]) == (40, 40, 100, "messages_bot", None)
    times = [row[k + "_ms"] for k in ("min", "p50", "p95", "p99", "max")]
    assert times == sorted(times) and times[0] > 0 and row["first_ms"] > 0
    assert row["verdict"] == "no target" and row["error"] is None


def test_exit_code_is_0_within_the_targets_1_over_one_and_2_for_an_error(profile, bots):
    assert profile(RECENT, bots, "--p95", "60s").returncode == 0
    over = profile(RECENT + "-- name: all\n-- p95: 0.000001ms\nselect * from messages", bots, "--p95", "60s")
    assert over.returncode == 1
    assert [line.split()[-1] for line in over.stdout.splitlines() if line.startswith(("recent", "all "))] == ["ok", "slow"]
    wrong = profile(RECENT + "-- name: wrong\nselect * from nowhere", bots, "--p95", "0.000001ms")
    assert wrong.returncode == 2
    assert "line 5: no such table: nowhere" in wrong.stdout
    assert "2 queries: 1 slow, 1 failed" in wrong.stdout
    later = profile("-- p95: 1s\n-- name: later\n-- a remark\n\nselect nope from bots", bots)
    assert "line 5: no such column: nope" in later.stdout


def test_the_table_fits_80_columns(profile, bots):
    name = "a_name_that_is_longer_than_its_column_by_far"
    done = profile(RECENT.replace("recent", name) + "-- name: w\nselect '" + "long " * 40 + "' from nowhere", bots)
    assert max(map(len, done.stdout.splitlines()[1:])) <= 80
    assert name in done.stdout


def test_parameters_are_bound_and_cycle_through_all_rows(profile, bots):
    sql = ("-- param id, name: select id, name from bots order by id\n-- set want = 'bot 1'' or 1=1'\n"
           "-- name: pairs\nselect 1 from bots where id = :id and name = :name;\n"
           "-- name: one_in_twenty\nselect 1 from bots where id = 7 and :id = 7;\n"
           "-- name: none\nselect 1 from bots where name = :want")
    rows = rows_of(profile(sql, bots, "--runs", 40, "--warmup", 0, "--format", "json"))
    assert (rows["pairs"]["rows"], rows["one_in_twenty"]["rows"], rows["none"]["rows"]) == (1, 0.05, 0)


@pytest.mark.parametrize("sql, says", [
    ("-- param id: select id from bots where id < 0\nselect :id", "the values of line 1: it gives no row"),
    ("-- param a, b: select id from bots\nselect :a, :b", "fewer columns than there are names"),
    ("select ?", "the parameter ? has no value"),
    ("select @a", "the parameter @a has no value"),
])
def test_a_parameter_without_a_value_is_told(profile, bots, sql, says):
    done = profile(sql, bots)
    assert done.returncode == 2 and says in " ".join(done.stdout.split())


@pytest.mark.parametrize("sql, says", [
    ("-- name: a\nupdate bots set id = 1", ":1: a begins with update: profile runs only what reads"),
    ("-- name: a\nselect 1;\nselect 2", ":3: a has a second statement"),
    ("-- name: a\n", ":1: a has no statement"),
    ("", "has no query"),
    (b"select \xff", ":1: this is no text in UTF-8"),
    ("-- p95: soon\nselect 1", ":1: "),
    ("-- name: a\n-- p99: 50\nselect 1", ":2: p99 50: say its unit, such as 50ms"),
])
def test_a_file_that_is_wrong_is_refused_with_its_line(profile, bots, sql, says):
    done = profile(sql, bots)
    assert (done.returncode, done.stdout) == (2, "") and says in done.stderr


@pytest.mark.parametrize("options, says", [
    (["--runs", "0"], "--runs 0: must be a number from 1 to 100000"),
    (["--runs", "x"], "--runs x"),
    (["--p95", "fast"], "--p95 fast: "),
    (["--p95", "50"], "--p95 50: say its unit, such as 50ms"),
    (["--p99", "0.5"], "--p99 0.5: say its unit, such as 0.5ms"),
    (["--max-regression", "20%"], "--max-regression needs something to compare with"),
    (["--compare", "/nowhere.json"], "cannot open /nowhere.json"),
    (["--format", "xml"], "--format xml"),
])
def test_a_wrong_option_is_told(profile, bots, options, says):
    done = profile(RECENT, bots, *options)
    assert (done.returncode, done.stdout) == (2, "") and says in done.stderr


def test_a_sqlite_file_is_not_touched(profile, bots):
    def state():
        return hashlib.sha256(bots.read_bytes()).hexdigest(), os.stat(bots).st_mtime_ns, sorted(os.listdir(bots.parent))

    sql = "-- name: w\nwith x as (select 1) insert into bots select 99, 'x';\n-- name: r\nselect count(*) from bots"
    profile("select 1", bots)  # the file of queries is there
    before = state()
    done = profile(sql, bots)
    assert done.returncode == 2 and "it writes, and profile only reads" in done.stdout
    assert state() == before


def test_a_sqlite_file_with_a_wal_is_read_beside_its_writer_and_left_as_it_was(profile, bots):
    writer = sqlite3.connect(bots, isolation_level=None)
    writer.execute("pragma journal_mode = wal")
    writer.execute("insert into bots values (21, 'only in the wal')")
    writer.execute("begin immediate")
    row = rows_of(profile("-- name: r\nselect * from bots", bots, "--format", "json"))["r"]
    assert row["rows"] == 21
    writer.execute("rollback")
    writer.close()  # the last one to close takes -wal and -shm away
    before = bots.read_bytes(), set(os.listdir(bots.parent))
    profile("-- name: r\nselect * from bots", bots)
    assert (bots.read_bytes(), set(os.listdir(bots.parent)) - {"bots.db-wal", "bots.db-shm"}) == before


def test_a_locked_sqlite_file_is_told_within_seconds(profile, bots):
    holder = sqlite3.connect(bots, isolation_level=None)
    holder.execute("begin exclusive")
    start = time.monotonic()
    done = profile(RECENT, bots)
    holder.close()
    assert done.returncode == 2 and "database is locked" in done.stderr and str(bots) in done.stderr
    assert time.monotonic() - start < 10


def test_a_file_that_is_no_database_is_told(profile, tmp_path):
    path = tmp_path / "x.db"
    path.write_text("this is no database, though it is long enough to be one " * 50)
    for target, says in ((path, "is no database that can be read"), (tmp_path / "none.db", "there is no such file"), ("", "which SQLite file?")):
        done = profile("select 1", f"sqlite:{target}")
        assert done.returncode == 2 and says in done.stderr
    assert not (tmp_path / "none.db").exists()


@pytest.fixture
def kept(tmp_path):
    """A folder for a database and nothing else."""
    folder = tmp_path / "kept"
    folder.mkdir()
    return folder


COUNT = "-- name: r\nselect * from messages"


def test_a_sqlite_file_in_wal_mode_is_read_and_nothing_is_made_beside_it(profile, kept):
    db = make(kept / "w.db", rows=10, wal=True)
    before = seen(kept)
    assert rows_of(profile(COUNT, db, "--format", "json"))["r"]["rows"] == 10
    assert seen(kept) == before and list(before) == ["w.db"]


def test_a_log_without_its_index_is_read_and_nothing_is_made_beside_it(profile, kept, tmp_path):
    db = make(tmp_path / "w.db", rows=10, wal=True)
    with Writer(db, "insert into messages (body) values ('only in the log')"):
        for ending in ("", "-wal"):
            shutil.copy(f"{db}{ending}", kept / f"c.db{ending}")
    before = seen(kept)
    assert rows_of(profile(COUNT, kept / "c.db", "--format", "json"))["r"]["rows"] == 11
    assert seen(kept) == before


def test_a_file_in_wal_mode_is_read_with_what_was_just_written_and_its_log_is_left(profile, kept):
    db = make(kept / "w.db", rows=10, wal=True)
    with Writer(db, "insert into messages (body) values ('only in the log')") as w:
        before = seen(kept)
        assert rows_of(profile(COUNT, db, "--format", "json"))["r"]["rows"] == 11
        assert seen(kept) == before
        w.do("begin immediate", "insert into messages (body) values ('x')")
        assert rows_of(profile(COUNT, db, "--format", "json"))["r"]["rows"] == 11
        w.do("pragma busy_timeout = 0", "commit", "pragma wal_checkpoint(truncate)")


def test_who_may_not_write_into_the_directory_profiles_all_the_same(program, tmp_path_factory):
    if os.geteuid() != 0:
        pytest.skip("needs root, to become nobody")
    folder = tmp_path_factory.mktemp("open") / "data"
    folder.mkdir(mode=0o755)
    for parent in [p for p in folder.parents if str(p).startswith("/tmp/") and not p.stat().st_mode & 0o001]:
        parent.chmod(parent.stat().st_mode | 0o011)
    db = make(folder / "a.db", rows=10, wal=True)
    (folder / "q.sql").write_text(COUNT)
    before = seen(folder)
    done = subprocess.run(["setpriv", "--reuid=65534", "--regid=65534", "--clear-groups", program, "profile", folder / "q.sql", db, "--runs", "5", "--format", "json"],
                          text=True, capture_output=True, timeout=30, env={"HOME": "/nonexistent", "PATH": os.environ["PATH"]}, check=False)
    assert rows_of(done)["r"]["rows"] == 10 and seen(folder) == before


def test_a_journal_that_a_dead_writer_left_is_told_and_kept(profile, kept):
    db = make(kept / "hot.db", rows=3000)
    Writer(db, "pragma cache_size = 5", "begin", "update messages set body = 'y'").close()
    before = seen(kept)
    assert "hot.db-journal" in before
    done = profile(COUNT, db)
    assert done.returncode == 2 and "a writer died in the midst of a transaction" in done.stderr
    assert seen(kept) == before


def test_a_writer_that_comes_while_a_file_is_profiled_disturbs_no_run(profile, kept):
    """The log is read unseen at first; the writer's locks are shared from then on."""
    db = make(kept / "w.db", rows=20000, wal=True)

    def write():
        time.sleep(0.4)
        with Writer(db) as w:
            for i in range(30):
                w.do("insert into messages (body) values ('x')", *(["pragma wal_checkpoint(truncate)"] if i % 10 == 9 else []))

    thread = threading.Thread(target=write)
    thread.start()
    done = profile("-- name: r\nselect count(*) from messages where body like '%y%'", db, "--runs", 400, "--budget", "4s", "--format", "json")
    thread.join()
    assert done.returncode == 0 and rows_of(done)["r"]["error"] is None, done


ENDLESS = "with recursive n(i) as (select 1 union all select i + 1 from n) select count(*) from n"


def test_a_run_that_takes_too_long_is_ended_and_the_others_are_run(profile, bots):
    done = profile(f"-- name: endless\n-- p95: 1ms\n{ENDLESS};\n" + RECENT, bots, "--timeout", "0.3s", "--format", "json")
    rows = rows_of(done)
    assert (done.returncode, rows["endless"]["verdict"], rows["endless"]["runs"]) == (1, "slow", 0)
    assert rows["recent"]["runs"] == 50
    without = profile(f"-- name: endless\n{ENDLESS}", bots, "--timeout", "0.3s")
    assert without.returncode == 2 and "it took too long" in " ".join(without.stdout.split())


def test_a_slow_query_has_as_many_runs_as_its_time_allows(profile, bots):
    slow = "select count(*) from messages a, bots b where a.body < b.name"
    row = rows_of(profile(f"-- name: slow\n{slow}", bots, "--runs", 100000, "--budget", "0.5s", "--format", "json"))["slow"]
    assert 0 < row["runs"] < 100000 and row["verdict"] == "no target"


@pytest.mark.parametrize("product", ["sqlite", "postgresql"])
def test_interrupted_it_ends_within_a_second_with_what_was_measured(program, tmp_path, bots, server, product):
    endless = ENDLESS if product == "sqlite" else "select pg_sleep(30)"
    path = tmp_path / "queries.sql"
    path.write_text(f"-- name: quick\nselect 1;\n-- name: endless\n{endless};\n-- name: later\nselect 2")
    target = bots if product == "sqlite" else server.conninfo()
    out = tmp_path / "out"
    with open(out, "w") as f:
        p = subprocess.Popen([program, "profile", path, target, "--timeout", "60s", "--runs", "50"], stdout=f, stderr=subprocess.PIPE, text=True)
        if product == "sqlite":
            servers.wait_for(lambda: cpu_s(p.pid) > 0.2, 20)
        else:
            servers.wait_for(lambda: server.value("select count(*) from pg_stat_activity where query = 'select pg_sleep(30)'") == 1, 20)
        start = time.monotonic()
        p.send_signal(signal.SIGINT)
        _, told = p.communicate(timeout=20)
    lines = out.read_text()
    assert p.returncode == 2 and "stopped" in told
    assert time.monotonic() - start < 1
    assert "3 queries: 1 without a target, 2 not run" in lines
    if product == "postgresql":
        servers.wait_for(lambda: server.value("select count(*) from pg_stat_activity where query = 'select pg_sleep(30)'") == 0, 5)


def cpu_s(pid):
    with open(f"/proc/{pid}/stat") as f:
        fields = f.read().rpartition(")")[2].split()
    return (int(fields[11]) + int(fields[12])) / os.sysconf("SC_CLK_TCK")


def compare(profile, tmp_path, sql, target, edit, *options):
    """The answer when the earlier profile is this one after EDIT(row)."""
    rows = json.loads(profile(sql, target, "--format", "json").stdout)
    for row in rows:
        edit(row)
    earlier = tmp_path / "earlier.json"
    earlier.write_text(json.dumps(rows))
    return profile(sql, target, "--compare", earlier, *options)


def scale(factor):
    def edit(row):
        for name in row:
            if name.startswith(("p50", "p95")) and isinstance(row[name], float):
                row[name] *= factor
    return edit


# Long enough that a hundredth of it is less by more than the tenth of a millisecond that is never told.
BUSY = "-- name: busy\nselect count(*) from messages a, bots b where b.id < 4 and a.body || b.name like '%y%'"


def test_slower_than_an_earlier_profile_is_exit_code_1(profile, bots, tmp_path):
    slower = compare(profile, tmp_path, BUSY, bots, scale(0.01))
    assert slower.returncode == 1 and "p50 slower: it was" in slower.stdout and "1 slower than before" in slower.stdout
    allowed = compare(profile, tmp_path, BUSY, bots, scale(0.5), "--max-regression", "10000%")
    assert allowed.returncode == 0 and "0 slower than before" in allowed.stdout
    faster = compare(profile, tmp_path, BUSY, bots, scale(100))
    assert faster.returncode == 0 and "p50 faster: it was" in faster.stdout


def test_a_lost_index_and_a_new_plan_are_told(profile, bots, tmp_path):
    earlier = tmp_path / "earlier.json"
    earlier.write_text(profile(RECENT, bots, "--format", "json").stdout)
    c = sqlite3.connect(bots)
    c.execute("drop index messages_bot")
    c.close()
    done = profile(RECENT, bots, "--compare", earlier, "--max-regression", "10000")
    text = " ".join(done.stdout.split())
    assert "lost index: messages_bot" in text and "new plan: SCAN messages" in text
    row = rows_of(profile(RECENT, bots, "--compare", earlier, "--format", "json"))["recent"]
    assert (row["lost_indexes"], row["new_plan"]) == ("messages_bot", 1)
    assert row["was_p50_ms"] > 0


def test_queries_that_came_and_went_are_told(profile, bots, tmp_path):
    earlier = tmp_path / "earlier.json"
    earlier.write_text(profile("-- name: old\nselect 1", bots, "--format", "json").stdout)
    done = profile("-- name: young\nselect 1", bots, "--compare", earlier)
    assert done.returncode == 0
    assert "new: the earlier profile does not have it" in done.stdout and "gone, the earlier profile had them: old" in done.stdout


@pytest.mark.parametrize("text", ["", "{}", "[1]", "[{}]", '[{"query": 5}]', "\x1b[31m", "[" * 5000])
def test_what_is_no_earlier_profile_is_refused(profile, bots, tmp_path, text):
    earlier = tmp_path / "earlier.json"
    earlier.write_text(text)
    done = profile(RECENT, bots, "--compare", earlier)
    assert done.returncode == 2 and "is no earlier profile" in done.stderr and "\x1b" not in done.stderr


def test_formats_say_the_same(profile, bots):
    rows = rows_of(profile(RECENT, bots, "--format", "json"))
    table = list(csv.DictReader(io.StringIO(profile(RECENT, bots, "--format", "csv").stdout)))
    assert [r["query"] for r in table] == list(rows)
    assert list(table[0]) == list(rows["recent"])


def test_nothing_hostile_reaches_the_terminal(profile, tmp_path):
    path = tmp_path / "hostile.db"
    c = sqlite3.connect(path)
    c.executescript('create table "t\x1b[31m" (a); create index "i\x1b]0;x\x07" on "t\x1b[31m" (a)')
    c.close()
    sql = '-- name: n\u202e\nselect * from "t\x1b[31m" where a = 1;\n-- name: e\nselect * from "\x1b[2J"'
    done = profile(sql, path)
    assert "index hit: i" in done.stdout
    assert not set("\x1b\x07\u202e") & set(done.stdout + done.stderr)


# ---- PostgreSQL ----


def test_what_a_statement_makes_itself_is_no_table_that_is_read_whole(profile, bots):
    rows = rows_of(profile("-- name: counted\nwith recursive r(n) as (select 1 union all select n + 1 from r where n < 5) select * from r;\n"
                           "-- name: both\nwith recursive r(n) as (select count(body) from messages union all select n + 1 from r where n < 5) select * from r;\n"
                           "-- name: kept\nwith x as materialized (select body from messages) select count(*) from x",
                           f"sqlite:{bots}", "--format", "json"))
    assert [rows[name]["scans"] for name in ("counted", "both", "kept")] == [None, "messages", "messages"], rows


@pytest.fixture(params=[15, 18])
def shop_of(request, shared_servers):
    """A server of the oldest and the newest kind with a table of its own."""
    s = shared_servers(request.param)
    s.query("drop table if exists profile_orders; create table profile_orders (id int primary key, v text);"
            "insert into profile_orders select i, 'v' || i from generate_series(1, 3000) i; analyze profile_orders")
    return s


ORDERS = ("-- name: by_id\n-- param id: select id from profile_orders order by id limit 10\n"
          "select * from profile_orders where id = :id;\n"
          "-- name: whole\nselect count(*) from profile_orders where v like '%9'\n")


def test_postgresql_names_indexes_and_tables_that_are_read_whole(profile, shop_of):
    rows = rows_of(profile(ORDERS, shop_of.conninfo(), "--format", "json"))
    assert (rows["by_id"]["indexes"], rows["by_id"]["rows"], rows["by_id"]["runs"]) == ("profile_orders_pkey", 1, 50)
    assert (rows["whole"]["indexes"], rows["whole"]["scans"]) == (None, "profile_orders")
    assert rows["by_id"]["server"].startswith(f"PostgreSQL {shop_of.version}.")


@pytest.mark.parametrize("sql", [
    "with d as (delete from profile_orders returning 1) select * from d",
    "select * into profile_copy from profile_orders",
    "select set_config('transaction_read_only', 'off', false)",
    "select * from profile_orders for update",
])
def test_postgresql_refuses_what_writes_and_changes_nothing(profile, server, sql):
    server.query("create table if not exists profile_orders (id int primary key, v text);"
                 "insert into profile_orders values (1, 'x') on conflict do nothing")
    before = server.query("select * from profile_orders"), server.value("select count(*) from pg_class")
    done = profile(f"-- name: w\n{sql};\n-- name: r\nselect 1", server.conninfo())
    assert done.returncode == 2 and "2 queries: 1 without a target, 1 failed" in done.stdout
    assert "read-only" in done.stdout or "must be set before any query" in done.stdout
    assert (server.query("select * from profile_orders"), server.value("select count(*) from pg_class")) == before


def test_postgresql_rolls_back_what_it_does_not_refuse(profile, server):
    before = server.value("select count(*) from pg_largeobject_metadata")
    profile("select lo_create(0)", server.conninfo())  # 15 lets it pass in a read-only transaction
    assert server.value("select count(*) from pg_largeobject_metadata") == before


def test_postgresql_ends_a_run_after_its_timeout_and_waits_for_no_lock(profile, start_server):
    s = start_server()
    s.query("create table t (a int)")
    holder = s.connect(autocommit=False)
    holder.cursor().execute("lock table t in access exclusive mode")
    sql = "-- name: sleeps\n-- p95: 10ms\nselect pg_sleep(30);\n-- name: locked\nselect * from t;\n-- name: fine\nselect 1"
    done = profile(sql, s.conninfo(), "--timeout", "0.5s")
    holder.close()
    text = " ".join(done.stdout.split())
    assert done.returncode == 2 and "1 slow, 1 failed" in text and "a run was ended by the timeout" in text
    assert "fine" in text and "1 without a target" in text


def test_postgresql_that_goes_away_is_told_and_the_rest_is_not_run(profile, start_server):
    s = start_server()
    done = profile("-- name: dies\nselect pg_terminate_backend(pg_backend_pid());\n-- name: later\nselect 1", s.conninfo())
    assert done.returncode == 2 and "2 queries: 1 failed, 1 not run" in done.stdout


def test_it_runs_through_pgbouncer_too(profile, server, start_pgbouncer):
    bouncer = start_pgbouncer(server)
    row = rows_of(profile("-- name: one\n-- set n = 1\nselect :n::int", bouncer.conninfo(), "--format", "json"))["one"]
    assert (row["runs"], row["rows"], row["error"]) == (50, 1, None)


def test_a_password_is_never_shown(profile, start_server):
    s = start_server(tcp=True)
    for target in (f"postgresql://nobody:s3cr3t@127.0.0.1:{s.port}/postgres", f"host=127.0.0.1 port={s.port} user=nobody password=s3cr3t"):
        done = profile("select 1", target)
        assert done.returncode == 2 and "cannot connect" in done.stderr
        assert "s3cr3t" not in done.stdout + done.stderr


def test_the_target_comes_from_options_the_environment_or_the_config(profile, server, tmp_path):
    config = tmp_path / "dbvitals.conf"
    config.write_text(f"[target shop]\nurl = {server.conninfo()}\npassword_command = echo unused\n[target other]\nurl = dbname=x\n")
    assert profile("select 1", "--config", "/dev/null", env=server.env()).returncode == 0
    assert profile("select 1", "-h", server.host, "-U", "postgres", "-d", "postgres", "--config", config).returncode == 0
    named = profile("select 1", "shop", "--config", config)
    assert named.returncode == 0 and " on shop, PostgreSQL" in named.stdout
    which = profile("select 1", "--config", config)
    assert which.returncode == 2 and "2 targets" in which.stderr
    other = profile("select 1", "pgbouncer://127.0.0.1:1/pgbouncer")
    assert other.returncode == 2 and "no database of PostgreSQL or SQLite" in other.stderr
