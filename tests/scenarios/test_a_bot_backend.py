"""System A: a bot backend on PostgreSQL through SQLAlchemy's QueuePool of 10 + 20, with an LRU cache in the process."""
import json
import threading

import pytest

import servers
from stage import sqlalchemy_url

SCHEMA = """
create table users (id int primary key, name text, balance numeric);
insert into users select i, 'user ' || i, i % 7 from generate_series(1, 5000) i;
create index on users (id) where balance > 0;
create table transactions (id serial primary key, user_id int references users, type text, status text, at timestamptz default now());
insert into transactions (user_id, type, status) select i % 5000 + 1, 'buy', 'done' from generate_series(1, 20000) i;
create index on transactions (user_id, at desc);
create extension pg_stat_statements;
analyze
"""


@pytest.fixture(scope="module")
def bot(theatre):
    server = theatre.server(SCHEMA, max_connections=60)
    stage = theatre.stage
    app = stage.application(sqlalchemy_url(server), size=10, overflow=20, timeout=30, cache=200, ttl=300, name="bot")
    stage.add("pg", server.conninfo()).add("bot", f"{app.url}/status").add("times", f"{app.url}/metrics")
    stage.override("pool_exhausted").override("pool_utilization")
    stage.override("query_running_long", warning="> 1s", critical="> 1h")
    stage.override("statement_slow", **{"from": "statements", "warning": "> 100 ms", "critical": "> 10s", "clear": "< 80 ms",
                                        "where": "calls_delta >= 3 and own = 0 and toplevel = 1 and query not like 'select pg_sleep($1)%'"})
    stage.override("app_cache_hit_low", **{"from": "caches"})
    stage.guard.sections["http"]["aliases"] = "yes"
    stage.server, stage.app = server, app
    return stage.go()


@pytest.fixture(autouse=True)
def nothing_leaks_into_the_next_test(bot):
    yield
    bot.app.post("/give")


def test_a_leak_of_all_30_is_a_queue_at_the_applications_pool(bot):
    bot.app.post("/leak", n=30)
    bot.app.post("/want", n=5, sql="select count(*) from users")
    servers.wait_for(lambda: bot.app.get("/pool")["waiting"] == 5)
    alert = bot.alert("pool_exhausted")
    assert alert["target"] == "bot" and "30 of 30 in use" in alert["title"]
    pool = bot.until("select * from pools where kind = 'app' and waiting = 5")[0]
    assert (pool["size"], pool["max_size"], pool["in_use"], pool["utilization"]) == (10, 30, 30, 1), "20 of overflow count"
    waits = [place for place in bot.queue() if "wait" in place and not place.startswith("waits:")]
    assert len(waits) == 1 and "app pool bot" in waits[0] and "30/30, 5 wait" in waits[0], waits
    bot.app.post("/give")
    bot.resolved("pool_exhausted")
    bot.resolved("pool_utilization")


def test_a_lookup_that_hangs_is_told_while_it_runs(bot):
    thread = threading.Thread(target=bot.app.post, args=("/query",), kwargs={"sql": "select pg_sleep(4), 'lookup'"})
    thread.start()
    assert bot.alert("query_running_long")["target"] == "pg"
    thread.join()
    bot.resolved("query_running_long")


def test_a_lookup_of_300_ms_is_told_by_its_mean_and_counted_as_slow(bot):
    end = threading.Event()

    def look_up():
        while not end.is_set():
            bot.app.post("/query", sql="select count(*), pg_sleep(0.15) from users where name = 'user 7'", operation="user")
    threads = [threading.Thread(target=look_up) for _ in range(2)]
    for t in threads:
        t.start()
    try:
        alert = bot.alert("statement_slow")
        assert "users" in alert["title"] and "ms a call" in alert["title"], alert["title"]
        slow = bot.until("select p95_ms, mean_ms from latency where name = 'db_query_duration' and series = 'operation=user' and p95_ms > 100")[0]
        assert 100 <= slow["p95_ms"] <= 250, "the bucket that it lies in"
        assert bot.until("select errors_delta from errors where severity = 'slow' and errors_delta > 0")
    finally:
        end.set()
        for t in threads:
            t.join()
    bot.resolved("statement_slow")


def test_pool_status_is_the_applications_own(bot):
    bot.app.post("/leak", n=4)
    own = bot.app.get("/pool")
    bot.until("select 1 from pools where kind = 'app' and in_use = 4")
    rows = json.loads(bot.get("/bot-optimization"))
    row = next(r for r in rows if r["kind"] == "app")
    assert (row["in_use"], row["size"]) == (own["checked_out"], own["size"]) == (4, 10)
    assert json.loads(bot.get("/database/connections")) and json.loads(bot.get("/db-status"))["connection"] is True
    bot.app.post("/give")


def test_a_cache_that_misses_is_told_and_its_hit_rate_is_its_own(bot):
    end = threading.Event()

    def miss():
        while not end.wait(0.05):
            bot.app.post("/look", n=400, keys=400)  # 400 things in turn, of which 200 are kept: none is ever found

    thread = threading.Thread(target=miss)
    thread.start()
    alert = bot.alert("app_cache_hit_low", "critical", target="bot")
    assert "answers only" in alert["title"]
    end.set()
    thread.join()
    end.clear()

    def hit():
        while not end.wait(0.05):
            bot.app.post("/look", n=100, keys=50)
    thread = threading.Thread(target=hit)
    thread.start()
    try:
        bot.resolved("app_cache_hit_low")
        cache = bot.until("select * from caches where kind = 'app' and hit_ratio > 0.9")[0]
    finally:
        end.set()
        thread.join()
    own = bot.app.get("/cache")
    assert cache["hits"] <= own["hits"] and cache["misses"] <= own["misses"] and cache["ttl_s"] == 300
    assert own["misses"] - cache["misses"] <= 400
