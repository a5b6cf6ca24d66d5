"""System B: a session service: node-postgres' pool, Redis, tables with partitions, jobs; and the headline, end to end."""
import datetime
import json
import socket
import subprocess

import pytest

import servers
from load import Load
from stage import node_application

TOKEN = "sesame"
SCHEMA = """
create extension pg_stat_statements;
create table sessions (id int primary key, a_addr text not null, b_addr text not null, started timestamptz not null default now());
insert into sessions select i, '10.0.' || i / 250 || '.' || i % 250, '172.16.' || i % 250 || '.' || i / 250 from generate_series(1, 60000) i;
create table session_events (id serial primary key, session_id int not null, kind text not null, payload jsonb not null);
insert into session_events (session_id, kind, payload) select i % 20000 + 40001, 'hop', jsonb_build_object('n', i)
    from generate_series(1, 250000) i;
alter table session_events add foreign key (session_id) references sessions;
create table telemetry_events (at timestamptz not null, value float8) partition by range (at);
create table job_runs (name text, last_start timestamptz, last_end timestamptz, ok bool, error text, every_s float8);
vacuum analyze
"""


def month(at, ahead):
    return (at.replace(day=1) + datetime.timedelta(days=32 * ahead)).replace(day=1)


@pytest.fixture(scope="module")
def service(theatre, needed):
    server = theatre.server(SCHEMA)
    redis = theatre.redis("--maxmemory", "2500kb", "--maxmemory-policy", "allkeys-lru")
    stage = theatre.stage
    stage.server, stage.redis = server, redis
    stage.app = needed(lambda: node_application(server, max=50))
    stage.parts.append(stage.app)
    jobs = "select name, last_start, last_end, ok, error, every_s from job_runs"
    stage.add("pg", server.conninfo(), jobs=jobs).add("pool", f"{stage.app.url}/pool").add("errors", f"{stage.app.url}/metrics").add("redis", redis.url())
    stage.guard.sections["http"].update({"act_token": TOKEN, "allow": "index, analyze, vacuum, cache_clear"})
    stage.override("statement_slow", **{"from": "statements", "warning": "> 5 ms", "critical": "> 10s", "clear": "< 2 ms",
                                        "where": "calls_delta >= 1 and own = 0 and toplevel = 1 and query like 'delete from sessions%'"})
    stage.override("pool_exhausted").override("redis_hit_low", **{"from": "caches"}).override("redis_evictions", **{"from": "caches"})
    stage.override("error_rate", **{"from": "errors", "where": "requests_delta >= 10"})
    stage.override("partitions_ending").override("job_late").override("job_failed")
    return stage.go()


def post(stage, path, body):
    """What the guard answers to who shows the second token."""
    done = subprocess.run(["curl", "-s", "-m", "20", "--unix-socket", stage.guard.socket, "-H", "Content-Type: application/json", "-H", f"Authorization: Bearer {TOKEN}",
                           "-d", json.dumps(body), f"http://x{path}"], capture_output=True, text=True)
    return json.loads(done.stdout)


def ended(stage, path, answer):
    assert "id" in answer, answer
    return servers.wait_for(lambda: (a := json.loads(stage.get(f"{path}/{answer['id']}")))["status"] in ("done", "failed", "cancelled") and a, 60, every_s=0.2)


def test_an_index_that_lacks_from_the_slow_statement_to_the_ledger(service):
    """The headline: seen, told, named, built without a lock, p95 of the users down by three quarters, over, and written down."""
    def expire(i):
        answer = service.app.post("/query", sql=f"delete from sessions where id = {i}")
        assert "error" not in answer, answer

    with Load(2, expire) as load:
        alert = service.alert("statement_slow")
        assert "delete from sessions where id = $1" in alert["title"] and alert["target"] == "pg", alert["title"]
        service.until("select 1 from statements where query like 'delete from sessions%' and mean_ms > 5 order by mean_ms desc")
        servers.wait_for(lambda: load.count > 120, 30)
        found = servers.wait_for(lambda: [f for f in json.loads(service.guard.ask("findings", "--format", "json").stdout) if f["finding"] == "foreign_key_index"], 30, every_s=0.5)
        assert "session_events (session_id)" in found[0]["evidence"] + found[0]["label"] or "session_id_idx on session_events" in found[0]["label"], found[0]
        assert "CREATE INDEX CONCURRENTLY" in json.dumps(found[0]), found[0]
        load.mark()
        servers.wait_for(lambda: len(load.times) > 40, 30)
        before = load.p95_s()
        answer = post(service, "/database/optimize", {"target": "pg", "only": ["index"]})
        done = ended(service, "/database/optimize", answer)
        assert done["status"] == "done" and "CREATE INDEX CONCURRENTLY" in done["steps"][0]["statement"], done

        def a_quarter():  # others work on this machine too: a hundred requests in a row of which 95 took a quarter
            load.mark()
            servers.wait_for(lambda: len(load.times) >= 100, 30)
            after.append(load.p95_s())
            return after[-1] <= before / 4
        after = []
        servers.wait_for(a_quarter, 30, lambda: f"p95 {before * 1000:.1f} ms before, {[round(s * 1000, 1) for s in after]} ms after")
        print(f"p95 {before * 1000:.1f} ms before, {after[-1] * 1000:.1f} ms after")
        service.resolved("statement_slow")
    assert service.server.value("select count(*) from pg_index i where indrelid = 'session_events'::regclass and indisvalid and not indisprimary") == 1
    entry = service.until("select * from ledger where state = 'done' and numbers like '%after%'")[0]
    numbers = json.loads(entry["numbers"])
    assert entry["action"] == "create_index" and entry["by_whom"] == "http" and "DROP INDEX CONCURRENTLY" in entry["undo"]
    assert any(numbers["after"].get(k) != v for k, v in numbers["before"].items()), numbers
    assert not [f for f in json.loads(service.guard.ask("findings", "--format", "json").stdout) if f["finding"] == "foreign_key_index"]


def test_a_where_without_an_index_is_said_on_the_overview(service):
    """No finding names its columns: only that the table is read whole, and by which statement."""
    with Load(3, lambda i: service.app.post("/query", sql=f"select count(*) from session_events where payload @> '{{\"n\": {i}}}'")):
        servers.wait_for(lambda: "session_events is read whole" in service.screen(), 40)
        assert service.until("select query from statements where query like 'select count(*) from session_events%' and mean_ms > 5")


def test_a_pool_of_50_is_told_when_it_is_exhausted(service):
    service.app.post("/leak", n=50)
    service.app.post("/want", n=7)
    alert = service.alert("pool_exhausted")
    assert alert["target"] == "pool" and "50 of 50" in alert["title"], alert["title"]
    pool, own = service.until("select * from pools where kind = 'app' and waiting = 7")[0], service.app.get("/pool")
    assert (pool["waiting"], pool["idle"], pool["in_use"], pool["max_size"]) == (own["waitingCount"], own["idleCount"], own["totalCount"], own["max"])
    service.app.post("/give")
    service.resolved("pool_exhausted")


def test_an_error_rate_of_a_half_is_told(service):
    with Load(2, lambda i: service.app.post("/query", sql="select 1" if i % 2 else "select nothing from nowhere")):
        alert = service.alert("error_rate", "critical")
        assert alert["target"] == "errors", alert["title"]
    with Load(2, lambda i: service.app.post("/query", sql="select 1")):
        service.resolved("error_rate")


def fill(redis, n, start=0, size=100):
    for i in range(start, start + n):
        redis.ask("SET", f"session:{i}", "x" * size)


class Lookups:
    """Look-ups in Redis on one connection, as many as it answers, of keys that are there in SHARE of them."""

    def __init__(self, redis, share):
        self.socket, self.share = socket.create_connection(("127.0.0.1", redis.port), 20), share

    def __call__(self, i):
        name = b"session:1" if i % 100 < self.share * 100 else b"session:none"
        self.socket.sendall(b"GET %s\r\n" % name * 20)
        got = b""
        while got.count(b"\r\n") < (40 if name == b"session:1" else 20):
            got += self.socket.recv(65536)


def test_a_redis_that_misses_is_told_and_is_over_when_it_hits(service):
    fill(service.redis, 10)
    with Load(1, Lookups(service.redis, 0.5), pause_s=0.02):
        alert = service.alert("redis_hit_low", "critical")
        assert alert["target"] == "redis" and "answers only" in alert["title"], alert["title"]
    with Load(1, Lookups(service.redis, 1), pause_s=0.02):
        service.resolved("redis_hit_low")
    info = dict(line.split(":", 1) for line in service.redis.ask("INFO", "stats").decode().splitlines() if ":" in line)
    cache = service.until("select max(hits) as hits, max(misses) as misses from caches where kind = 'redis'")[0]
    assert cache["hits"] <= int(info["keyspace_hits"]) and cache["misses"] <= int(info["keyspace_misses"])


def test_a_redis_that_throws_out_is_told_and_can_be_cleared_over_http(service):
    with Load(1, lambda i: fill(service.redis, 50, i * 50, 2000)):
        alert = service.alert("redis_evictions")
        assert "thrown out" in alert["title"], alert["title"]
    done = ended(service, "/database/optimize", post(service, "/database/cache/clear", {"target": "redis", "pattern": "session:*"}))
    assert done["status"] == "done", done
    assert service.redis.ask("DBSIZE") == 0
    service.resolved("redis_evictions")


def test_the_months_first_midnight_is_told_before_it_comes(service):
    now = datetime.datetime.now(datetime.timezone.utc)
    ends = (now + datetime.timedelta(hours=12)).strftime("%Y-%m-%d %H:00+00")
    service.server.query(f"create table telemetry_now partition of telemetry_events for values from ('{month(now, -1):%Y-%m-%d}') to ('{ends}')")
    service.again()
    alert = service.alert("partitions_ending", "critical")
    assert "telemetry_now" in alert["title"], alert["title"]
    later = month(now, 2)
    service.server.query(f"create table telemetry_next partition of telemetry_events for values from ('{ends}') to ('{later:%Y-%m-%d}')")
    service.again()
    service.resolved("partitions_ending")


def test_a_job_that_is_late_or_failed_is_told(service):
    service.server.query("insert into job_runs values ('clean-up of expired rows', now() - interval '40 min', now() - interval '39 min', true, null, 300)")
    service.server.query("insert into job_runs values ('security clean-up', now() - interval '2 min', now() - interval '1 min', false, 'no such table', 3600)")
    service.again()
    late = service.alert("job_late")
    assert "clean-up of expired rows" in late["title"], late["title"]
    failed = service.alert("job_failed")
    assert "security clean-up" in failed["title"], failed["title"]
    service.server.query("update job_runs set last_start = now(), last_end = now(), ok = true, error = null")
    service.again()
    service.resolved("job_late")
    service.resolved("job_failed")
