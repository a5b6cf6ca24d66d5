"""Findings across a stack and of how statements are used, on real servers: each is found where it is, and a healthy load of the same kind has none."""
import json
import subprocess

import pytest

import servers

STATEMENTS = {"single_row_inserts", "query_per_row", "repeated_reads", "connection_churn", "grows_by_time"}


def reset(database):
    """Nothing was counted before."""
    database.psql("create extension if not exists pg_stat_statements; select pg_stat_statements_reset(); select pg_stat_reset()")


def pgbench(database, *words, script=None):
    path = f"{database.server.folder}/{database.dbname}.sql"
    with open(path, "w") as f:
        f.write(script or "")
    done = subprocess.run([f"{database.server.bin}/pgbench", "-n", *(["-f", path] if script else []), *words, "-h", database.server.host, "-U", "postgres", database.dbname],
                          capture_output=True, text=True, env=servers.plain_env())
    assert done.returncode == 0, done.stderr


def found(database, name):
    """The one finding of that name, once the texts of statements are there."""
    def there():
        return [r for r in database.findings() if r["finding"] == name]
    rows = servers.wait_for(there, 20, lambda: str(database.findings()), every_s=0.3)
    assert len(rows) == 1, rows
    return rows[0]


def test_a_load_of_transactions_is_no_flood_no_loop_and_no_churn(database):
    """pgbench's own: one insert among five statements, one select of one row."""
    reset(database)
    pgbench(database, "-i", "-q", "-s", "1")
    pgbench(database, "-c", "4", "-t", "2600")
    inserts = database.server.value("select max(calls) from pg_stat_statements s where query like 'INSERT INTO pgbench_history%'", dbname=database.dbname)
    assert inserts >= 10000
    rows = [r for r in database.findings() if r["finding"] in STATEMENTS]
    assert not rows, rows


def test_rows_that_are_inserted_one_by_one_are_found_and_many_at_once_are_not(database):
    reset(database)
    database.psql("create table log(a int, b text); create table fast(a int, b text)")
    batch = "\\startpipeline\n" + "insert into log values (1, 'x');\n" * 100 + "\\endpipeline\n"
    many = "insert into fast values " + ", ".join(["(1, 'x')"] * 100) + ";\n"
    pgbench(database, "-c", "2", "-t", "60", "-M", "extended", script=many + batch)
    row = found(database, "single_row_inserts")
    assert "insert into log" in row["label"] and "12.0k calls of 1" in row["evidence"].replace("12,000", "12.0k"), row


def test_a_query_for_each_row_of_a_list_is_told_as_a_coincidence(database):
    reset(database)
    database.psql("create table bots(id int primary key, owner int); create table stances(bot_id int primary key, v int);"
                  "insert into bots select g, g % 20 from generate_series(1, 1000) g; insert into stances select g, g from generate_series(1, 1000) g")
    c = database.server.connect(dbname=database.dbname)
    cursor = c.cursor()
    for owner in list(range(20)) * 2:
        cursor.execute("select id from bots where owner = %s", [owner])
        for (bot,) in cursor.fetchall():
            cursor.execute("select v from stances where bot_id = %s", [bot])
    for _ in range(1300):
        cursor.execute("select owner from bots where id = 5")  # as often as it likes: no list has so many rows
    c.close()
    row = found(database, "query_per_row")
    assert row["label"].startswith("select v from stances") and "coincidence" in row["evidence"] and "select id from bots" in row["evidence"], row


def test_rows_that_are_read_again_and_again_are_found(database):
    reset(database)
    database.psql("create table settings_of(id int primary key, v int); insert into settings_of select g, g from generate_series(1, 500) g")
    database.psql("vacuum analyze settings_of")
    script = "\\set id random(1, 500)\n\\startpipeline\n" + "select v from settings_of where id = :id;\n" * 200 + "\\endpipeline\n"
    pgbench(database, "-c", "2", "-t", "260", "-M", "prepared", script=script)
    row = found(database, "repeated_reads")
    assert "the largest table of" in row["evidence"] and "has 500 rows" in row["evidence"], row
    database.psql("create table large(a int); insert into large select generate_series(1, 20000); analyze large")  # each row of it may have been asked five times
    servers.wait_for(lambda: "repeated_reads" not in database.names(), 20, lambda: str(database.findings()), every_s=0.3)


def test_sessions_that_are_opened_for_one_statement_are_found(database):
    reset(database)
    pgbench(database, "-c", "2", "-C", "-t", "550", script="select 1;\n")
    row = found(database, "connection_churn")
    assert row["label"] == database.dbname and "no pool is known in between" in row["evidence"], row


def test_a_large_table_that_only_grows_is_found(database):
    database.psql("create table messages(bot_id int, created_at timestamptz); insert into messages select g % 7, now() from generate_series(1, 1010000) g;"
                  "create index messages_by on messages(bot_id, created_at)")
    database.psql("vacuum analyze messages")
    row = found(database, "grows_by_time")
    assert row["label"] == "messages" and "ordered by time in messages_by" in row["evidence"], row
    database.psql("delete from messages where ctid < '(200, 1)'")
    servers.wait_for(lambda: "grows_by_time" not in database.names(), 20, lambda: str(database.findings()), every_s=0.3)


@pytest.fixture
def stack(start_server, yard, dbvitals, tmp_path):
    """A server of few slots, PgBouncer before it with two names for one database, and what is found in their stack."""
    server = start_server(max_connections=25)
    bouncer = servers.Bouncer(yard, server, pool_size=9)
    place = f"host={server.host} port={server.port} dbname=postgres"
    bouncer.write("ini", "\n".join(["[databases]", f"web = {place}", f"jobs = {place} pool_size=8", f"same = {place} max_db_connections=1", "[pgbouncer]",
                                    *(f"{k} = {v}" for k, v in bouncer.settings.items()), ""]))
    bouncer.start()
    config = tmp_path / "stack.conf"
    config.write_text(f"[target pg]\nurl = {server.conninfo()}\nstack = shop\n[target pool]\nurl = {bouncer.url()}\nstack = shop\n")

    def rows():
        done = dbvitals("findings", "--config", str(config), "--format", "json", env={**servers.plain_env(), "XDG_STATE_HOME": str(tmp_path)}, timeout=60)
        assert done.returncode == 0, done.stderr
        return {r["finding"]: r for r in json.loads(done.stdout)}
    yield server, bouncer, rows
    bouncer.stop()


def test_pools_that_may_ask_for_more_than_there_is_and_that_differ_are_found(stack):
    server, bouncer, rows = stack
    clients = [bouncer.connect(dbname="web")]
    first = rows()
    assert "connection_limits" not in first and first["pools_differ"]["target"] == "pool", first  # 9 of 22
    assert "jobs: " in first["pools_differ"]["evidence"] and "web: " in first["pools_differ"]["evidence"]
    clients += [bouncer.connect(dbname="jobs"), bouncer.connect(dbname="same"), server.connect()]
    for c in clients:
        c.cursor().execute("select 1")
    assert "connection_limits" not in rows()  # 9 + 8 + 1
    for c in clients:
        c.close()
    bouncer.write("ini", open(f"{bouncer.folder}/ini").read().replace("pool_size=8", "pool_size=20"))
    bouncer.query("reload", dbname="pgbouncer")
    row = servers.wait_for(lambda: rows().get("connection_limits"), 20, lambda: str(rows()), every_s=0.3)
    assert row["target"] == "pg" and "pgbouncer jobs 20" in row["evidence"] and "pgbouncer same 1" in row["evidence"] and row["severity"] == "warning", row
