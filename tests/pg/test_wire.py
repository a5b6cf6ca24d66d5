"""PostgreSQL over the wire: lost connections come back, poolers stay clean, errors spoil only what they belong to."""
import json
import os
import socket
import subprocess
import threading
import time

import psycopg2
import pytest

import servers

FAST = ["databases", "server", "sessions"]


class Poller:
    """pgpoll as a child; its lines arrive in `lines`."""

    def __init__(self, build_dir, url, *datasets, options=(), env=None):
        path = os.path.join(build_dir, "tests", "pgpoll")
        command = [path, *map(str, options), url, *datasets]
        self.process = subprocess.Popen(command, stdin=subprocess.DEVNULL, stdout=subprocess.PIPE, stderr=subprocess.PIPE,
                                        env=env or servers.plain_env(), text=True)
        self.lines = []
        self.thread = threading.Thread(target=self.read, daemon=True)
        self.thread.start()

    def read(self):
        for line in self.process.stdout:
            self.lines.append(json.loads(line))

    def wait(self, condition, timeout_s=10, since=0):
        """The first line after number SINCE for which CONDITION holds."""
        def look():
            return next((line for line in self.lines[since:] if condition(line)), None)
        return servers.wait_for(look, timeout_s, lambda: f"it did not come; last lines: {self.lines[-5:]}")

    def samples(self, name):
        return [line for line in self.lines if line.get("dataset") == name and "rows" in line]

    def end(self, timeout_s=60):
        """Waits for the end; the exit code. What a sanitizer says is an error."""
        code = self.process.wait(timeout_s)
        self.thread.join()
        assert self.process.stderr.read() == ""
        return code

    def text(self):
        return json.dumps(self.lines)


@pytest.fixture
def poll(build_dir):
    """poll(url, *datasets, n=1, every=0.05, options=()): a running pgpoll."""
    running = []

    def start(url, *datasets, n=1, every=0.05, most_s=20, options=(), env=None):
        given = ["-n", n, "-i", every, "-t", most_s, *options]
        running.append(Poller(build_dir, url, *datasets, options=given, env=env))
        return running[-1]

    yield start
    for p in running:
        p.process.kill()
        p.process.wait()


def is_sample(line):
    return "rows" in line


def down(line):
    return line.get("state") == "down"


def back_within(poller, seconds, since):
    """A sample comes within SECONDS from now, after line number SINCE."""
    start = time.time()
    line = poller.wait(lambda x: is_sample(x) and x["t"] > start, seconds + 5, since)
    assert line["t"] - start < seconds
    return line


def test_every_dataset_can_be_read_in_every_version(each_server, poll):
    p = poll(each_server.conninfo(), *FAST, n=2)
    assert p.end() == 0
    assert not [x for x in p.lines if "failed" in x]
    assert {x["dataset"] for x in p.lines if is_sample(x)} == set(FAST)
    up = next(x for x in p.lines if x.get("state") == "up")
    assert up["version"].split(".")[0] == str(each_server.version) and up["role"] == "primary"
    assert up["place"] == "postgres@local/postgres" and up["via"] is None
    new = each_server.version >= 18
    assert p.samples("databases")[0]["why"] == ({} if new else {"parallel_planned": "PostgreSQL 18+", "parallel_launched": "PostgreSQL 18+"})


def test_numbers_are_those_of_the_views(server, poll):
    sql = "select datid, xact_commit, tup_inserted, extract(epoch from stats_reset)::float8 from pg_stat_database where datname = 'template1'"
    before = server.query(sql)[0]
    p = poll(server.conninfo(), "databases", "server")
    assert p.end() == 0
    row = next(r for r in p.samples("databases")[0]["rows"] if r["datname"] == "template1")
    assert (row["dbid"], row["xact_commit"], row["tup_inserted"]) == before[:3]
    assert row["stats_reset"] is None if before[3] is None else row["stats_reset"] == pytest.approx(before[3], abs=1e-5)
    started = server.value("select extract(epoch from pg_postmaster_start_time())::float8")
    assert p.samples("server")[0]["rows"][0]["started"] == pytest.approx(started, abs=1e-5)


def test_a_session_has_the_settings_that_were_promised(server, poll):
    sql = ("select name as k, case setting when 'on' then 1 when 'off' then 0 else setting::float8 end as v from pg_settings where name in"
           " ('statement_timeout', 'lock_timeout', 'idle_in_transaction_session_timeout', 'default_transaction_read_only', 'jit',"
           " 'standard_conforming_strings', 'max_parallel_workers_per_gather')")
    p = poll(server.conninfo() + " options='-c jit=on -c standard_conforming_strings=off -c work_mem=1MB'", "s", options=["-s", f"s={sql}"])
    assert p.end() == 0
    assert {r["k"]: r["v"] for r in p.samples("s")[0]["rows"]} == {
        "statement_timeout": 10000, "lock_timeout": 200, "idle_in_transaction_session_timeout": 10000,
        "default_transaction_read_only": 1, "jit": 0, "standard_conforming_strings": 1, "max_parallel_workers_per_gather": 0}


@pytest.mark.parametrize("through", ["nothing", "a pooler"])
def test_a_database_that_reads_backslashes_in_strings_is_read_all_the_same(start_server, start_pgbouncer, poll, through):
    s = start_server()
    s.psql("alter database postgres set standard_conforming_strings = off")
    at = s if through == "nothing" else start_pgbouncer(s, pool_size=3)
    p = poll(at.conninfo(), *FAST, "settings")
    assert p.end() == 0 and len(p.samples("settings")) == 1, p.lines


def test_a_dataset_of_the_users_own_sees_the_names_that_the_user_sees(server, poll):
    server.psql("create schema if not exists app; create table if not exists app.jobs as select 'todo'::text as state;"
                "create role finder login; grant usage on schema app to finder; grant select on app.jobs to finder;"
                "alter role finder set search_path = app")
    sql = "select state as k, count(*) as v from jobs group by 1"
    p = poll(server.conninfo(user="finder"), "jobs", options=["-s", f"jobs={sql}"])
    assert p.end() == 0
    assert p.samples("jobs")[0]["rows"] == [{"k": "todo", "v": 1}]


def test_ours_sees_the_systems_names_only(server, poll):
    """Somebody else's function, a better match for our arguments than the system's own, is not run with our rights."""
    server.psql("create database trap")
    server.psql("create function public.age(xid) returns integer language plpgsql as $$ begin raise exception 'trapped'; end $$;"
                "alter database trap set search_path = public, pg_catalog", dbname="trap")
    p = poll(server.conninfo("trap"), *FAST)
    assert p.end() == 0 and not [x for x in p.lines if "failed" in x]


def test_a_terminated_backend_is_replaced_within_two_seconds(start_server, poll):
    s = start_server()
    p = poll(s.conninfo(), *FAST, n=10000)
    p.wait(is_sample)
    for _ in range(3):
        since = len(p.lines)
        assert s.query("select pg_terminate_backend(pid) from pg_stat_activity where application_name = 'dbvitals'")
        told = p.wait(down, since=since)
        assert "terminating connection due to administrator command" in told["error"]
        back_within(p, 2, since)


@pytest.mark.parametrize("mode", ["fast", "immediate"])
def test_after_a_restart_the_numbers_are_back_within_two_seconds(start_server, poll, mode):
    s = start_server()
    p = poll(s.conninfo(), *FAST, n=10000, most_s=60)
    first = p.wait(lambda x: x.get("dataset") == "server" and is_sample(x))
    s.stop(mode)
    p.wait(down)
    time.sleep(3)  # several refused attempts
    since = len(p.lines)
    s.start()
    again = back_within(p, 2, since)
    again = p.wait(lambda x: x.get("dataset") == "server" and is_sample(x), since=since)
    assert again["epoch"] != first["epoch"]


@pytest.mark.parametrize("seconds", [5, pytest.param(25, marks=pytest.mark.waits)])
def test_a_stopped_server_is_told_and_its_numbers_are_back_within_two_seconds(start_server, poll, seconds):
    s = start_server(tcp=True)
    p = poll(s.conninfo(tcp=True), *FAST, n=10000, every=0.2, most_s=90)
    p.wait(is_sample)
    s.pause()
    since = len(p.lines)
    told = p.wait(lambda x: "failed" in x, since=since)
    assert "no answer within" in told["text"]
    p.wait(down, since=since)
    time.sleep(seconds)
    since = len(p.lines)
    s.resume()
    back_within(p, 2, since)


def test_the_loop_turns_while_the_server_is_stopped(start_server, poll):
    s = start_server()
    p = poll(s.conninfo(), *FAST, n=10000, most_s=9)
    p.wait(is_sample)
    s.pause()
    assert p.end() == 3
    s.resume()
    assert p.lines[-1]["longest_turn_ms"] < 60  # most of it the sanitizers'


@pytest.fixture
def dropping_port():
    """A port of this machine where connections are neither taken nor refused, as behind a firewall that drops packets."""
    s = socket.socket()
    s.bind(("127.0.0.1", 0))
    s.listen(0)
    waiting = []
    for _ in range(3):
        c = socket.socket()
        c.setblocking(False)
        c.connect_ex(s.getsockname())
        waiting.append(c)
    yield s.getsockname()[1]
    for c in (*waiting, s):
        c.close()


def test_dropped_packets_are_told_and_the_loop_turns(dropping_port, poll):
    p = poll(f"postgresql://postgres@127.0.0.1:{dropping_port}/postgres", "server", most_s=6)
    told = p.wait(lambda x: down(x) and "drops packets" in x["error"])
    assert told["place"] == f"postgres@127.0.0.1:{dropping_port}/postgres"
    p.end()
    assert p.lines[-1]["longest_turn_ms"] < 60


def test_the_next_host_of_a_list_is_tried_when_the_first_drops_packets(start_server, dropping_port, poll):
    s = start_server(tcp=True)
    p = poll(f"postgresql://postgres@127.0.0.1:{dropping_port},127.0.0.1:{s.port}/postgres", *FAST, "settings")
    assert p.end() == 0 and len(p.samples("settings")) == 1


# ---- Poolers ----

def leftovers(bouncer):
    """What another client finds on the pool's server connection."""
    names = ["default_transaction_read_only", "transaction_read_only", "statement_timeout", "lock_timeout", "jit", "search_path", "standard_conforming_strings",
             "idle_in_transaction_session_timeout", "max_parallel_workers_per_gather"]
    found = {n: bouncer.psql(f"show {n}") for n in names}
    return found | {"statements": bouncer.psql("select count(*) from pg_prepared_statements")}


@pytest.mark.parametrize("ignored", ["extra_float_digits", "extra_float_digits, options"])
def test_through_a_pool_of_one_connection_nothing_of_ours_stays(start_server, start_pgbouncer, poll, ignored):
    s = start_server()
    b = start_pgbouncer(s, pool_size=1, ignore_startup_parameters=ignored)
    s.psql("create table written (n int)")
    clean = leftovers(b)
    polls = 1000
    p = poll(b.conninfo(), *FAST, n=polls, every=0, most_s=120, options=["-q"])
    up = p.wait(lambda x: x.get("state") == "up")
    assert up["via"] == ("a pooler" if "options" in ignored else "PgBouncer")
    writes = 0
    while p.process.poll() is None:
        assert leftovers(b) == clean
        b.psql("insert into written values (1)")
        writes += 1
    assert p.end() == 0
    failed = [x for x in p.lines if "failed" in x]
    assert (len(p.samples("server")), failed) == (polls, [])
    assert leftovers(b) == clean
    assert s.value("select count(*) from written") == writes > 3


@pytest.mark.parametrize("ignored", ["extra_float_digits", "extra_float_digits, options"])
def test_our_name_does_not_stay_on_the_pools_connection(start_server, start_pgbouncer, poll, ignored):
    """PgBouncer gives a client without a name the one that the client before it had: an application would pass for us."""
    s = start_server()
    b = start_pgbouncer(s, pool_size=1, ignore_startup_parameters=ignored)
    assert b.value("show application_name") == ""
    p = poll(b.conninfo(), *FAST, n=10000, every=0)
    own = p.wait(lambda x: x.get("dataset") == "sessions" and is_sample(x))["rows"]
    assert [r["application_name"] for r in own if r["own"]] == ["dbvitals"]
    for _ in range(20):
        assert b.value("show application_name") == ""


def test_through_a_session_pool_it_works(start_server, start_pgbouncer, poll):
    s = start_server()
    b = start_pgbouncer(s, pool_size=2, pool_mode="session")
    p = poll(b.conninfo(), *FAST, "settings", n=20)
    assert p.end() == 0
    assert not [x for x in p.lines if "failed" in x]


@pytest.mark.waits
def test_a_session_pool_of_one_connection_is_shared_by_our_lanes(start_server, start_pgbouncer, poll):
    s = start_server()
    b = start_pgbouncer(s, pool_size=1, pool_mode="session")
    p = poll(b.conninfo(), *FAST, "settings", n=10000, every=0.5, most_s=60)
    p.wait(lambda x: x.get("dataset") == "settings" and "failed" in x, 20)
    p.wait(lambda x: x.get("dataset") == "settings" and is_sample(x), 20)
    assert not [x for x in p.lines if down(x)]


def test_a_statement_pool_is_refused_with_a_sentence_that_helps(start_server, start_pgbouncer, poll):
    s = start_server()
    b = start_pgbouncer(s, pool_mode="statement")
    p = poll(b.conninfo(), *FAST)
    told = p.wait(down)
    assert "pool_mode" in told["error"] and "statement" in told["error"]


def test_a_pooler_whose_server_is_away_is_waited_for(start_server, start_pgbouncer, poll):
    s = start_server()
    b = start_pgbouncer(s, server_login_retry=1)
    p = poll(b.conninfo(), *FAST, n=10000, most_s=60)
    p.wait(is_sample)
    s.stop()
    p.wait(lambda x: down(x) or "failed" in x)
    s.start()
    back_within(p, 4, len(p.lines))  # the pooler itself waits a second before it tries


# ---- Errors ----

def test_an_error_spoils_only_its_own_dataset(server, poll):
    options = ["-s", "bad=select 1/0 as v", "-s", "absent=select v from no_such_table", "-s", "good=select 'a' as k, 1 as v"]
    p = poll(server.conninfo(), "bad", "absent", "good", *FAST, n=3, options=options)
    assert p.end() == 0
    failed = {x["dataset"]: (x["failed"], x["text"]) for x in p.lines if "failed" in x}
    assert failed == {"bad": ("other", "division by zero"), "absent": ("absent", 'relation "no_such_table" does not exist')}
    assert len(p.samples("good")) == 3 and len(p.samples("server")) == 3


def test_a_slow_query_makes_the_fast_lane_not_old(server, poll):
    p = poll(server.conninfo(), "s", *FAST, options=["-s", "s=select pg_sleep(2)::text as k"])
    assert p.end() == 0
    assert p.samples("s")[0]["t"] - max(p.samples(x)[0]["t"] for x in FAST) > 1.5


def test_a_missing_grant_is_named(server, poll):
    server.psql("create table if not exists secrets (k text, v int); drop role if exists nobody_yet; create role nobody_yet login")
    p = poll(server.conninfo(user="nobody_yet"), "s", "t", *FAST,
             options=["-s", "s=select k, v from secrets", "-s", "t=select pg_ls_waldir() as k"])
    assert p.end() == 0
    failed = {x["dataset"]: x for x in p.lines if "failed" in x}
    assert failed["s"]["failed"] == failed["t"]["failed"] == "permission"
    assert "GRANT SELECT ON secrets TO nobody_yet" in failed["s"]["text"]
    assert "GRANT pg_monitor TO nobody_yet" in failed["t"]["text"]
    assert len(p.samples("sessions")) == 1


def test_a_lock_and_a_cancelled_query_are_timeouts_of_their_dataset(server, poll):
    server.psql("create table if not exists locked (k text, v int)")
    holder = server.connect(autocommit=False)
    holder.cursor().execute("lock table locked in access exclusive mode")
    p = poll(server.conninfo(), "l", "s", *FAST, options=["-s", "l=select k, v from locked", "-s", "s=select pg_sleep(30)::text as k"])
    try:
        line = p.wait(lambda x: x.get("dataset") == "l")
        assert line["failed"] == "timeout" and "lock" in line["text"]
        servers.wait_for(lambda: server.query("select pg_cancel_backend(pid) from pg_stat_activity where query like 's%pg_sleep(30)%'"
                                              " and application_name = 'dbvitals' and state = 'active'"))
        line = p.wait(lambda x: x.get("dataset") == "s")
        assert line["failed"] == "timeout"
        assert p.end() == 0 and len(p.samples("server")) == 1
    finally:
        holder.close()


def test_a_table_that_changed_under_a_prepared_statement_is_read_again(server, poll):
    server.psql("drop table if exists changing; create table changing as select 'a'::text as k, 1::int as v")
    p = poll(server.conninfo(), "c", n=10000, every=0.1, options=["-s", "c=select * from changing"])
    p.wait(is_sample)
    server.psql("alter table changing alter v type float8 using 2.5")
    p.wait(lambda x: is_sample(x) and x["rows"] == [{"k": "a", "v": 2.5}])
    assert not [x for x in p.lines if "failed" in x]


def test_bytes_that_are_no_utf8_are_mended_and_break_nothing(start_server, poll):
    s = start_server()
    s.psql("create database raw template template0 encoding 'SQL_ASCII' lc_collate 'C' lc_ctype 'C';"
           "create database latin template template0 encoding 'WIN1252' lc_collate 'C' lc_ctype 'C'")
    for database in ("raw", "latin", "postgres"):
        c = s.connect(database, client_encoding="SQL_ASCII")
        c.cursor().execute(b"select 1 as \"caf\xe9\"" if database != "postgres" else b"select 1")
        p = poll(s.conninfo(database), "sessions", "databases", "s", options=["-s", "s=select 'x' as k, 1 as v"])
        assert p.end() == 0 and not [x for x in p.lines if "failed" in x]
        if database != "postgres":
            assert any("caf\ufffd" in (r["query"] or "") for r in p.samples("sessions")[0]["rows"])
        c.close()


# ---- Coming in ----

@pytest.fixture
def password_server(start_server):
    s = start_server(tcp=True)
    s.psql("create role app login password 'Sesam-öffne-dich'")
    with open(f"{s.data}/pg_hba.conf", "w") as f:
        f.write("local all postgres trust\nhost all app 127.0.0.1/32 scram-sha-256\n")
    s.psql("select pg_reload_conf()")
    return s


def test_a_wrong_password_is_told_without_any_password(password_server, poll):
    s = password_server
    p = poll(f"postgresql://app:Falsch-geheim@127.0.0.1:{s.port}/postgres", *FAST)
    told = p.wait(down)
    assert 'password authentication failed for user "app"' in told["error"]
    assert told["place"] == f"app@127.0.0.1:{s.port}/postgres"
    assert "geheim" not in p.text()


@pytest.mark.parametrize("url", ["postgresql://app:Falsch@geheim@127.0.0.1:5/x", "postgresql://app:%zzgeheim@h/x",
                                 "postgresql://app:a/geheim@h/x", "postgresql://app:a?geheim@h/x", "postgresql://app:@@geheim@h/x",
                                 "host=h password='geheim", "password=x geheim", "postgresql://app:x@h/x?geheim=1"])
def test_an_unreadable_connection_string_is_told_without_its_password(build_dir, url):
    done = subprocess.run([f"{build_dir}/tests/pgpoll", "-t", "1", url, "server"], capture_output=True, text=True, timeout=20)
    assert "geheim" not in done.stderr + done.stdout


def test_a_password_command_gives_the_password(password_server, poll):
    s = password_server
    url = f"postgresql://app@127.0.0.1:{s.port}/postgres"
    assert poll(url, "server", options=["-c", "printf 'Sesam-öffne-dich\\nmore\\n'"]).end() == 0
    told = poll(url, "server", options=["-c", "echo geheim; exit 3"]).wait(down)
    assert told["error"] == "password_command failed with exit code 3"
    told = poll(url, "server", options=["-c", "true"]).wait(down)
    assert told["error"] == "password_command printed nothing"


def test_services_names_and_host_lists_are_understood(start_server, poll, tmp_path):
    s = start_server(tcp=True)
    closed = servers.free_port()
    service = tmp_path / "services"
    service.write_text(f"[shop]\nhost=localhost,localhost\nport={closed},{s.port}\nuser=postgres\ndbname=postgres\n")
    env = {**servers.plain_env(), "PGSERVICEFILE": str(service)}
    p = poll("service=shop", *FAST, env=env)
    assert p.end() == 0
    assert p.wait(lambda x: x.get("state") == "up")["place"] == f"postgres@localhost:{s.port}/postgres"
    p = poll(f"postgresql://postgres@localhost:{s.port}/postgres?target_session_attrs=read-write", "server", "settings")
    assert p.end() == 0 and len(p.samples("settings")) == 1
    told = poll("postgresql://postgres@no-such-host.invalid/postgres", *FAST).wait(down, 15)
    assert 'cannot find the address of host "no-such-host.invalid"' in told["error"]
    told = poll("service=nowhere", *FAST, env=env)
    assert told.process.wait(10) == 1


def test_what_the_environment_says_counts(start_server, poll):
    s = start_server()
    assert poll("", *FAST, env=s.env()).end() == 0


def test_a_server_without_a_free_slot_is_told_and_comes_back(start_server, poll):
    s = start_server(max_connections=5, superuser_reserved_connections=0, max_wal_senders=0)
    taken = [s.connect() for _ in range(5)]
    p = poll(s.conninfo(), *FAST, n=1)
    assert "sorry, too many clients already" in p.wait(down)["error"]
    for c in taken:
        c.close()
    assert p.end() == 0


def test_a_role_of_one_connection_has_all_data_over_it_and_is_told(start_server, poll):
    s = start_server()
    s.psql("create role single login connection limit 1; grant pg_monitor to single; create table t (a int)")
    p = poll(s.conninfo(user="single"), *FAST, "tables", "settings", n=3, options=["-a", "-q"])
    assert p.end() == 0
    assert not [x for x in p.lines if "failed" in x or down(x)]
    for name in ("tables", "settings"):
        assert [x["lane"] for x in p.samples(name)] == ["shared"] * 3
    assert {x["lane"] for x in p.samples("sessions")} == {"fast"}
    told = p.wait(lambda x: x.get("state") == "up" and x["error"])["error"]
    assert 'too many connections for role "single"' in told and "no second connection" in told


@pytest.mark.waits
def test_a_second_connection_is_taken_when_there_is_a_slot_again(start_server, poll):
    s = start_server()
    s.psql("create role single login connection limit 1; grant pg_monitor to single")
    p = poll(s.conninfo(user="single"), "settings", n=10000, every=1, most_s=120, options=["-q"])
    p.wait(lambda x: is_sample(x) and x["lane"] == "shared")
    s.psql("alter role single connection limit 2")
    p.wait(lambda x: is_sample(x) and x["lane"] == "slow", 90)
    assert [x for x in p.lines if x.get("state") == "up"][-1]["error"] is None


# ---- The server as it changes ----

@pytest.fixture
def standby(start_server):
    s = start_server()
    open(f"{s.data}/standby.signal", "w").close()
    s.restart()
    return s


def test_a_promotion_is_told_within_two_seconds_whatever_is_polled(standby, poll):
    p = poll(standby.conninfo(), "sessions", n=10000, every=1, most_s=60, options=["-q"])
    assert p.wait(lambda x: x.get("state") == "up")["role"] == "standby"
    standby.psql("select pg_promote()")  # waits for it
    promoted, since = time.time(), len(p.lines)
    told = p.wait(lambda x: x.get("state") == "up" and x["role"] == "primary", 30, since)
    assert told["t"] - promoted < 2
    assert not [x for x in p.lines if down(x)]


def test_a_promotion_is_seen_without_a_lost_connection(standby, poll):
    s = standby
    p = poll(s.conninfo(), "server", n=10000, every=0.5, most_s=60)
    assert p.wait(lambda x: x.get("state") == "up")["role"] == "standby"
    assert p.wait(is_sample)["rows"][0]["role"] == "standby"
    since = len(p.lines)
    s.psql("select pg_promote()")
    p.wait(lambda x: is_sample(x) and x["rows"][0]["role"] == "primary", since=since)
    p.wait(lambda x: x.get("state") == "up" and x["role"] == "primary", 30, since)
    assert not [x for x in p.lines if down(x)]


@pytest.mark.waits
def test_a_grant_changes_the_epoch(start_server, poll):
    s = start_server()
    s.psql("create role watcher login")
    p = poll(s.conninfo(user="watcher"), "sessions", n=10000, every=0.5, most_s=60, options=["-q"])
    first = p.wait(is_sample)
    s.psql("grant pg_monitor to watcher")
    p.wait(lambda x: is_sample(x) and x["epoch"] != first["epoch"], 30)


def test_reset_statistics_change_the_epoch_and_a_new_database_does_not(start_server, poll):
    s = start_server()
    s.psql("create database counted")
    if s.version < 15:  # where a database's first statistics have a moment as if they had been reset
        s.psql("select 1", dbname="counted")
        servers.wait_for(lambda: s.query("select 1 from pg_stat_database where datname = 'counted' and stats_reset is not null"))
    p = poll(s.conninfo(), "databases", n=10000, most_s=60, options=["-q"])
    first = p.wait(is_sample)
    s.psql("create database another")
    s.psql("select 1", dbname="another")
    s.psql("select pg_stat_force_next_flush()" if s.version >= 15 else "select 1", dbname="another")
    since = len(p.lines)
    more = p.wait(lambda x: is_sample(x) and x["n"] > first["n"], since=since)
    assert more["epoch"] == first["epoch"]
    s.psql("select pg_stat_reset()", dbname="counted")
    p.wait(lambda x: is_sample(x) and x["epoch"] != first["epoch"], since=since)


def test_all_databases_are_read_one_after_the_other(start_server, poll):
    s = start_server()
    for name in ("one", "two", "odd '\\ name"):
        s.query(f'create database "{name}"')
        s.psql("create table t (x int primary key)", dbname=name)
    s.query("create database closed allow_connections false")
    s.psql("create database refused; revoke connect on database refused from public; create role reader login")
    p = poll(s.conninfo(user="reader"), "tables", "indexes", *FAST, n=2, options=["-a"])
    assert p.end() == 0
    assert not [x for x in p.lines if "failed" in x]
    for name in ("tables", "indexes"):
        rows = [r for r in p.samples(name)[1]["rows"] if r["schema"] == "public"]
        assert sorted(r["datname"] for r in rows) == ["odd '\\ name", "one", "two"]
        oids = dict(s.query("select datname, oid from pg_database"))
        assert all(r["datid"] == oids[r["datname"]] for r in rows)
    assert len({x["epoch"] for x in p.samples("tables")}) == 1
    p = poll(s.conninfo(dbname="one", user="reader"), "tables")
    assert p.end() == 0
    assert {r["datname"] for r in p.samples("tables")[0]["rows"]} == {"one"}


def test_a_lost_server_answers_all_that_is_asked_of_all_databases(start_server, poll):
    s = start_server()
    for i in range(10):
        s.query(f"create database d{i}")
    p = poll(s.conninfo(), "tables", "server", n=10000, every=0, most_s=60, options=["-a", "-q"])
    p.wait(lambda x: is_sample(x) and x["dataset"] == "tables")
    for _ in range(3):
        since = len(p.lines)
        s.query("select pg_terminate_backend(pid) from pg_stat_activity where application_name = 'dbvitals'")
        p.wait(lambda x: is_sample(x) and x["dataset"] == "tables", since=since)
    s.stop("immediate")
    p.wait(lambda x: x.get("failed") == "lost" and x["dataset"] == "tables")
    s.start()
    p.wait(lambda x: is_sample(x) and x["dataset"] == "tables", since=len(p.lines))
