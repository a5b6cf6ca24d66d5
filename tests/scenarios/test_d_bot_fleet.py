"""System D: a fleet of bots on one SQLite file through a pool of 20 + 40: the single writer is its limit."""
import contextlib
import json
import sqlite3
import subprocess

import pytest

import servers

SCHEMA = """
pragma journal_mode = delete;
create table bots (id integer primary key, name text not null, enabled int not null);
create table messages (id integer primary key, bot_id int not null, chat_id int not null, telegram_message_id int, created_at int not null, body text not null);
create index messages_bot_created on messages (bot_id, created_at);
create index messages_bot_created_chat on messages (bot_id, created_at, chat_id);
create index messages_chat_created on messages (chat_id, created_at);
create index messages_chat_telegram on messages (chat_id, telegram_message_id);
create index messages_chat_bot_telegram on messages (chat_id, bot_id, telegram_message_id);
create table holdings (id integer primary key, bot_id int not null, symbol text not null, amount real);
create index holdings_bot_symbol on holdings (bot_id, symbol);
create table memories (id integer primary key, bot_id int not null, text text not null);
with recursive n(i) as (select 1 union all select i + 1 from n where i < 200) insert into bots select i, 'bot ' || i, i % 3 > 0 from n;
with recursive n(i) as (select 1 union all select i + 1 from n where i < 12000)
    insert into messages (bot_id, chat_id, telegram_message_id, created_at, body) select i % 200 + 1, i % 50, i, 1700000000 + i, 'message ' || i from n;
with recursive n(i) as (select 1 union all select i + 1 from n where i < 2000) insert into holdings (bot_id, symbol, amount) select i % 200 + 1, 'S' || i, i from n;
with recursive n(i) as (select 1 union all select i + 1 from n where i < 2000) insert into memories (bot_id, text) select i % 200 + 1, 'memory' from n;
analyze;
"""

# name, SQL, the index that it should hit; None: it has none, and is read whole.
QUERIES = [
    ("bot_by_id", "select * from bots where id = 7", "bots rowid"),
    ("bot_messages", "select * from messages where bot_id = 7 order by created_at desc limit 20", "messages_bot_created"),
    ("chat_messages", "select * from messages where chat_id = 7 order by created_at desc limit 20", "messages_chat_created"),
    ("telegram_message", "select * from messages where chat_id = 7 and telegram_message_id = 57", "messages_chat_telegram"),
    ("bots_telegram_message", "select * from messages where chat_id = 7 and bot_id = 8 and telegram_message_id = 7", "messages_chat_bot_telegram"),
    ("messages_of_a_day", "select count(*) from messages where bot_id = 7 and created_at > 1700005000", "messages_bot_created"),
    ("newest_per_bot", "select max(created_at) from messages where bot_id = 7", "messages_bot_created"),
    ("holdings", "select * from holdings where bot_id = 7", "holdings_bot_symbol"),
    ("holding", "select * from holdings where bot_id = 7 and symbol = 'S206'", "holdings_bot_symbol"),
    ("memories", "select * from memories where bot_id = 7", None),
]


@pytest.fixture(scope="module")
def fleet(theatre, tmp_path_factory):
    path = tmp_path_factory.mktemp("fleet") / "fleet.db"
    with contextlib.closing(sqlite3.connect(path)) as file:
        file.executescript(SCHEMA)
    stage = theatre.stage
    stage.path = path
    stage.app = stage.application(f"sqlite:///{path}", size=20, overflow=40, timeout=30, pre_ping=False, name="fleet")
    stage.add("fleet", f"sqlite:{path}").add("app", f"{stage.app.url}/pool").add("times", f"{stage.app.url}/metrics")
    stage.override("pool_utilization").override("pool_exhausted").override("target_down")
    # The pack's share is of 20 looks and more in five minutes; this is of the newest ones.
    stage.override("sqlite_busy", **{"from": "databases", "where": "looks_busy_delta + looks_free_delta >= 1", "unit": "ratio",
                                     "value": "looks_busy_delta * 1.0 / (looks_busy_delta + looks_free_delta)"})
    return stage.go()


@pytest.fixture(autouse=True)
def nothing_leaks_into_the_next_test(fleet):
    yield
    fleet.app.post("/give")


def test_a_pool_of_20_and_40_is_full_at_60_and_told_above_four_fifths(fleet):
    fleet.app.post("/leak", n=47)
    pool = fleet.until("select * from pools where kind = 'app' and in_use = 47")[0]
    assert (pool["size"], pool["max_size"]) == (20, 60) and pool["utilization"] == pytest.approx(47 / 60)
    assert "pool_utilization" not in fleet.rules_told()
    fleet.app.post("/leak", n=2)
    alert = fleet.alert("pool_utilization", "warning")
    assert alert["target"] == "app" and "49 of 60" in alert["title"], alert["title"]
    fleet.app.post("/leak", n=11)
    assert fleet.until("select * from pools where kind = 'app' and in_use = 60")[0]["utilization"] == 1
    fleet.alert("pool_utilization", "critical")
    fleet.app.post("/give")
    fleet.resolved("pool_utilization")


def test_a_file_that_its_writer_holds_is_busy_and_no_error(fleet):
    writer = sqlite3.connect(fleet.path, isolation_level=None)
    try:
        writer.execute("begin exclusive")
        busy = fleet.until("select * from databases where target = 'fleet' and is_busy = 1")[0]
        assert busy["looks_busy"] >= 1
        assert "error" in fleet.app.post("/query", sql="insert into memories (bot_id, text) values (1, 'x')"), "the application's own writers are refused"
        alert = fleet.alert("sqlite_busy")
        assert "locked by a writer" in alert["title"], alert["title"]
        assert fleet.select("select state from targets where target = 'fleet'")[0]["state"] == "up"
    finally:
        writer.execute("rollback")
        writer.close()
    fleet.until("select * from databases where target = 'fleet' and is_busy = 0")
    fleet.resolved("sqlite_busy")
    fleet.until("select 1 from errors where errors > 0 and name like 'db_query%' and severity = 'error'")
    assert "target_down" not in fleet.rules_told()


def profile(stage, folder, *words):
    path = folder / "queries.sql"
    path.write_text("".join(f"-- name: {name}\n{sql};\n" for name, sql, _ in QUERIES))
    done = subprocess.run([stage.program, "profile", path, f"sqlite:{stage.path}", "--runs", "30", *words], capture_output=True, text=True, env=stage.guard.env)
    return done


def test_ten_named_queries_are_profiled_with_the_index_that_each_hits(fleet, tmp_path):
    done = profile(fleet, tmp_path, "--p95", "10s", "--format", "json")
    assert done.returncode == 0, done.stdout + done.stderr
    rows = {row["query"]: row for row in json.loads(done.stdout)}
    assert len(rows) == 10
    for name, _, index in QUERIES:
        row = rows[name]
        assert row["p50_ms"] <= row["p95_ms"] <= row["p99_ms"] and row["verdict"] == "ok", row
        if index is None:
            assert "memories" in (row["scans"] or ""), row
        elif "rowid" not in index:
            assert (row["indexes"] or "").startswith(index), (name, row["indexes"])
    slow = profile(fleet, tmp_path, "--p95", "0.000001ms")
    assert slow.returncode == 1 and "10 slow" in slow.stdout, slow.stdout


def test_an_index_that_another_begins_with_is_found(fleet):
    rows = fleet.until("select name, prefix_of, duplicate_of from indexes where prefix_of is not null or duplicate_of is not null")
    assert [(r["name"], r["prefix_of"]) for r in rows] == [("messages_bot_created", "messages_bot_created_chat")], rows
    found = [f for f in json.loads(fleet.guard.ask("findings", "--format", "json").stdout) if f["finding"] == "sqlite_redundant_index"]
    assert found, fleet.query("select finding, target, status, no_data from checks where finding like 'sqlite%'")
    assert "DROP INDEX messages_bot_created" in found[0]["evidence"], found


def test_p95_is_the_histograms_own(fleet):
    for _ in range(60):
        fleet.app.post("/query", sql="select count(*) from messages where bot_id = 7", operation="read")
    row = fleet.until("select * from latency('1m') where series = 'operation=read' and count >= 60 and p95_ms is not null")[0]
    text = fleet.app.get("/metrics")
    buckets = [line for line in text.splitlines() if line.startswith("db_query_duration_seconds_bucket") and 'operation="read"' in line]
    bounds = [(line.split('le="')[1].split('"')[0], float(line.rsplit(" ", 1)[1])) for line in buckets]
    upper = next(float(bound) for bound, count in bounds if count >= 0.95 * 60)
    assert row["count"] == 60 and 0 < row["p95_ms"] <= upper * 1000, (row, bounds)
