"""System E: a trading platform on several SQLite files, PostgreSQL and Redis: which cache is small, which view is old, where the queue is."""
import contextlib
import json
import sqlite3

import pytest

import servers
from load import Load
from stage import sqlalchemy_url
from test_b_sessions import Lookups, fill

FILES = {"trades": 64, "news": 10}


@pytest.fixture(scope="module")
def platform(theatre, tmp_path_factory):
    server = theatre.server("create table trades (id serial primary key, symbol text, at timestamptz default now(), price float8);"
                            "insert into trades (symbol, price) select 'S' || i % 100, i from generate_series(1, 20000) i;"
                            "create materialized view volumes as select symbol, count(*) from trades group by 1;"
                            "create materialized view never_filled as select 1 as one with no data; analyze")
    redis = theatre.redis("--maxmemory", "3mb", "--maxmemory-policy", "allkeys-lru")
    folder = tmp_path_factory.mktemp("files")
    stage = theatre.stage
    stage.server, stage.redis, stage.folder_of_files = server, redis, folder
    stage.query_app = stage.application(sqlalchemy_url(server), size=4, overflow=2, timeout=20, cache=100, ttl=300, name="query")
    stage.portfolio_app = stage.application(sqlalchemy_url(server), size=4, overflow=2, timeout=20, cache=100, ttl=60, name="portfolio")
    stage.add("pg", server.conninfo())
    for name, megabytes in FILES.items():
        path = folder / f"{name}.db"
        with contextlib.closing(sqlite3.connect(path)) as file:
            file.executescript("create table t (id integer primary key, symbol text, pad text); create index t_symbol on t (symbol);"
                               f"with recursive n(i) as (select 1 union all select i + 1 from n where i < {megabytes * 800})"
                               "insert into t (symbol, pad) select 'S' || i % 50, printf('%.1000c', 'x') from n; analyze")
        stage.add(name, f"sqlite:{path}")
    stage.add("query", f"{stage.query_app.url}/status").add("portfolio", f"{stage.portfolio_app.url}/status").add("redis", redis.url())
    stage.override("pool_exhausted").override("pool_utilization").override("app_cache_hit_low", **{"from": "caches"})
    stage.override("redis_evictions", **{"from": "caches"}).override("redis_hit_low", **{"from": "caches"}).override("redis_memory")
    return stage.go()


@pytest.fixture(autouse=True)
def nothing_leaks_into_the_next_test(platform):
    yield
    platform.query_app.post("/give")
    platform.portfolio_app.post("/give")


def test_several_files_stand_side_by_side_and_advice_goes_by_their_size(platform):
    rows = {r["target"]: r for r in platform.until("select target, size_bytes, cache_bytes from databases where target in ('trades', 'news')")}
    assert set(rows) == set(FILES) and rows["trades"]["size_bytes"] > 5 * rows["news"]["size_bytes"]
    found = [f for f in json.loads(platform.guard.ask("findings", "--format", "json").stdout) if f["finding"] == "sqlite_cache"]
    assert [f["target"] for f in found] == ["trades"], "a small file needs no larger cache"
    assert "PRAGMA cache_size = -" in found[0]["evidence"], found


def test_hit_rates_are_told_for_each_cache(platform):
    with Load(1, lambda i: platform.query_app.post("/look", n=300, keys=300), 0.05), Load(1, lambda i: platform.portfolio_app.post("/look", n=300, keys=50), 0.05):
        alert = platform.alert("app_cache_hit_low")
        assert alert["target"] == "query", alert["title"]
        rates = {r["name"]: r["hit_ratio"] for r in platform.until("select name, hit_ratio from caches where kind = 'app' and hit_ratio is not null group by name having count(*) > 0")}
    assert rates.get("portfolio", 1) > 0.85 > 0.6 > rates["query"], rates
    assert not any(a["rule"] == "app_cache_hit_low" and a["target"] == "portfolio" and a["severity"] == "critical"
                   for r in platform.receiver.at("/hook") for a in r.json["data"]["alerts"])
    with Load(1, lambda i: platform.query_app.post("/look", n=300, keys=50), 0.05):
        platform.resolved("app_cache_hit_low", target="query")


def test_a_redis_that_is_full_throws_out_and_says_so(platform):
    with Load(1, lambda i: fill(platform.redis, 50, i * 50, 2000)):
        assert "thrown out" in platform.alert("redis_evictions")["title"]
        assert platform.alert("redis_memory")["target"] == "redis"
    info = dict(line.split(":", 1) for line in platform.redis.ask("INFO", "stats").decode().splitlines() if ":" in line)
    cache = platform.select("select sum(evictions) as evictions, max(max_bytes) as max_bytes from caches where kind = 'redis'")[0]
    assert 0 < cache["evictions"] <= int(info["evicted_keys"]) and cache["max_bytes"] == 3 * 1024 * 1024
    platform.resolved("redis_evictions")


def test_a_circuit_is_told_for_the_pool_that_is_exhausted_and_for_no_other(platform):
    platform.portfolio_app.post("/leak", n=6)
    platform.portfolio_app.post("/want", n=3)
    alert = platform.alert("pool_exhausted")
    assert alert["target"] == "portfolio" and "6 of 6 in use" in alert["title"], alert["title"]
    waits = [place for place in platform.queue() if " wait" in place and not place.startswith("waits:")]
    assert len(waits) == 1 and "portfolio" in waits[0], waits
    platform.portfolio_app.post("/give")
    platform.resolved("pool_exhausted")


def test_a_view_that_is_not_filled_is_seen(platform):
    rows = {r["name"]: r for r in platform.until("select * from matviews")}
    assert (rows["volumes"]["is_populated"], rows["never_filled"]["is_populated"]) == (1, 0)


def test_what_goes_away_disturbs_nobody_else(platform):
    """Redis is emptied and restarted, a file is replaced, an application answers HTML: others go on, and no number falls below 0."""
    before = platform.until("select count(*) as n from targets where state = 'up'")[0]["n"]
    platform.redis.ask("FLUSHALL")
    platform.redis.restart()
    path = platform.folder_of_files / "news.db"
    fresh = path.with_suffix(".new")
    with contextlib.closing(sqlite3.connect(fresh)) as file:
        file.executescript("create table t (id integer primary key); insert into t values (1)")
    fresh.rename(path)
    platform.query_app.post("/garbage", text="<html>" + "x" * 10000)
    platform.until("select 1 from targets where target = 'query' and (state <> 'up' or error is not null)")
    said = platform.select("select error from targets where target = 'query'")[0]["error"]
    assert said and "<html>" not in said, said
    for target in ("pg", "trades", "portfolio"):
        assert platform.select(f"select state from targets where target = '{target}'")[0]["state"] == "up"
    platform.query_app.post("/garbage")
    servers.wait_for(lambda: platform.select("select count(*) as n from targets where state = 'up'")[0]["n"] == before, 40, lambda: platform.select("select target, state, error from targets"))
    platform.until("select 1 from databases where target = 'news' and size_bytes < 100000", timeout_s=60)
    for dataset, columns in (("caches", ("hits_delta", "misses_delta", "evictions_delta")), ("pools", ("in_use", "waiting", "timeouts_delta")),
                             ("redis_server", ("ops_per_s", "hits_per_s", "evicted_delta"))):
        for column in columns:
            assert not platform.select(f"select target, {column} from {dataset} where {column} < 0"), (dataset, column)
