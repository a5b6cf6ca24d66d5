"""Applications over HTTP as targets: what a real pool tells is what is shown; whatever else answers is told in a true sentence."""
import json
import re
import socket
import subprocess
import time

import pytest

from servers import wait_for

POOL = {"size": 5, "checked_in": 4, "checked_out": 1, "overflow": -4, "total_connections": 5}


def ask(dbvitals, sql, *more, code=0):
    done = dbvitals("query", sql, *more, "-f", "json")
    assert done.returncode == code, done.stderr
    return json.loads(done.stdout) if done.stdout else done


def why_down(dbvitals, url, *more):
    rows = ask(dbvitals, "select state, error from targets", url, *more)
    assert rows[0]["state"] == "down", rows
    return rows[0]["error"]


# ---- What is told ----

def test_a_pool_of_sqlalchemy_reads_as_it_stands(app, dbvitals, write_config, tmp_path):
    """20 + 40: 20 taken are a third of it, 60 are all, and it is full only then."""
    sqlalchemy = pytest.importorskip("sqlalchemy")
    from sqlalchemy.pool import QueuePool
    engine = sqlalchemy.create_engine(f"sqlite:///{tmp_path}/x.db", poolclass=QueuePool, pool_size=20, max_overflow=40, pool_timeout=0.1,
                                      connect_args={"check_same_thread": False})
    held = []

    def pool(_):
        p = engine.pool
        return 200, "application/json", json.dumps({"size": p.size(), "checked_in": p.checkedin(), "checked_out": p.checkedout(),
                                                    "overflow": p.overflow(), "total_connections": p.checkedin() + p.checkedout()})

    app.routes["/pool"] = pool
    config = write_config({"shop": {"url": app.url("/pool"), "pool.max_overflow": 40}})
    sql = "select kind, name, size, max_size, in_use, idle, waiting, utilization from pools"
    try:
        for n, utilization in ((0, 0), (20, 1 / 3), (60, 1)):
            while len(held) < n:
                held.append(engine.connect())
            row = ask(dbvitals, sql, "--config", config)[0]
            assert row == {"kind": "app", "name": "shop", "size": 20, "max_size": 60, "in_use": n, "idle": 0, "waiting": None,
                           "utilization": pytest.approx(utilization)}
        with pytest.raises(sqlalchemy.exc.TimeoutError):
            engine.connect()
        held.pop().close()
        row = ask(dbvitals, sql, "--config", config)[0]
        assert (row["in_use"], row["idle"]) == (59, 1 if engine.pool.checkedin() else 0)
    finally:
        for c in held:
            c.close()
        engine.dispose()


def histogram(counts, total):
    lines = [f'db_query_duration_seconds_bucket{{op="select",le="{le}"}} {n}' for le, n in zip(("0.01", "0.1", "1", "+Inf"), counts)]
    return "\n".join([*lines, f'db_query_duration_seconds_sum{{op="select"}} {total}', f'db_query_duration_seconds_count{{op="select"}} {counts[-1]}', ""])


def test_quantiles_are_those_of_the_events_between_two_polls(app, dbvitals):
    """An hour of fast calls, then 100 in the window: 50 up to 10 ms, 40 up to 100 ms, 9 up to 1 s, 1 longer."""
    first = iter([histogram((9000,) * 4, 9)] * 2)  # the answer that says that it is up, and that of the first poll
    after = histogram((9050, 9090, 9099, 9100), 29)
    app.routes["/metrics"] = lambda _: (200, "text/plain", next(first, after) + "process_start_time_seconds 1.7e9\n")
    row = ask(dbvitals, "select name, series, count_delta, mean_ms, p50_ms, p95_ms, p99_ms, highest_ms from latency", app.url("/metrics"))[0]
    assert (row["name"], row["series"], row["count_delta"]) == ("db_query_duration", "op=select", 100)
    assert row["mean_ms"] == pytest.approx(200)
    assert row["p50_ms"] == pytest.approx(10)
    assert row["p95_ms"] == pytest.approx(100 + 900 * 5 / 9)
    assert row["p99_ms"] == pytest.approx(1000) and row["highest_ms"] == 1000


def test_what_prometheus_own_client_writes_is_read(app, dbvitals):
    """A histogram of its client library, in both formats: 98 calls of 4 ms and 2 of 40 ms since the first poll."""
    client = pytest.importorskip("prometheus_client")
    from prometheus_client.openmetrics import exposition
    for kind, write in (("text/plain; version=0.0.4", client.generate_latest),
                        ("application/openmetrics-text; version=1.0.0", exposition.generate_latest)):
        registry = client.CollectorRegistry()
        calls = client.Histogram("db_query_duration_seconds", "calls", ["op"], registry=registry, buckets=(0.002, 0.01, 0.1))
        failed = client.Counter("db_errors", "failed", registry=registry)
        asked = client.Counter("db_requests", "asked", registry=registry)
        n = []

        def metrics(_):
            n.append(1)
            if len(n) == 3:
                for i in range(100):
                    calls.labels("select").observe(0.04 if i >= 98 else 0.004)
                failed.inc(2)
                asked.inc(100)
            return 200, kind, write(registry)

        calls.labels("select").observe(9)
        app.routes["/m"] = metrics
        row = ask(dbvitals, "select series, count_delta, mean_ms, p50_ms, p99_ms from latency", app.url("/m"))[0]
        assert (row["series"], row["count_delta"]) == ("op=select", 100), kind
        assert row["mean_ms"] == pytest.approx(4.72)
        assert row["p50_ms"] == pytest.approx(2 + 8 * 50 / 98) and row["p99_ms"] == pytest.approx(10 + 90 * 1 / 2)
        n[:] = [1] * 9  # nothing happens any more
        assert ask(dbvitals, "select name, errors, requests from errors", app.url("/m")) == [{"name": "db", "errors": 2, "requests": 100}]


def test_a_restart_of_the_application_gives_no_increase(app, dbvitals):
    """Its counters begin at 0, grow past what they were, and nothing is made of the difference."""
    starts = iter([(1.7e9, 10), (1.7e9, 10)])  # for the answer that says that it is up, and the first poll

    def metrics(_):
        start, n = next(starts, (1.7e9 + 500, 1000))
        return 200, "text/plain", f"cache_hits_total{{cache=\"q\"}} {n}\ncache_misses_total{{cache=\"q\"}} {n}\nprocess_start_time_seconds {start}\n"

    app.routes["/metrics"] = metrics
    row = ask(dbvitals, "select hits, hits_delta, hit_ratio from caches", app.url("/metrics"))[0]
    assert row == {"hits": 1000, "hits_delta": None, "hit_ratio": None}


def test_several_pools_and_caches_of_one_answer_are_rows(app, dbvitals):
    app.json("/s", {"pools": {"orders": {"totalCount": 10, "idleCount": 4, "waitingCount": 0}, "stock": {"totalCount": 5, "idleCount": 0, "waitingCount": 2}},
                    "cache": {"hits": 72, "misses": 28, "size": 10, "max_size": 100, "ttl": 180}})
    pools = ask(dbvitals, "select name, in_use, idle, waiting from pools order by name", app.url("/s"))
    assert pools == [{"name": "orders", "in_use": 6, "idle": 4, "waiting": 0}, {"name": "stock", "in_use": 5, "idle": 0, "waiting": 2}]
    cache = ask(dbvitals, "select kind, hits, misses, entries, max_entries, ttl_s from caches", app.url("/s"))
    assert cache == [{"kind": "app", "hits": 72, "misses": 28, "entries": 10, "max_entries": 100, "ttl_s": 180}]


def test_a_health_check_that_answers_503_is_read_and_told(app, dbvitals):
    url = app.json("/health", {"status": "unhealthy", "connection": False, "pool": {**POOL, "checked_out": 5, "checked_in": 0}}, status=503)
    assert ask(dbvitals, "select in_use from pools", url) == [{"in_use": 5}]
    assert ask(dbvitals, "select state, error from targets", url) == [{"state": "up", "error": "the application says of itself: unhealthy"}]
    assert ask(dbvitals, "select name, severity from errors", url) == [{"name": "health", "severity": "unhealthy"}]


def test_doctor_says_what_can_be_read_and_which_keys_tell_the_rest(app, dbvitals, write_config):
    config = write_config({"shop": {"url": app.json("/pool", POOL)}})
    done = dbvitals("doctor", "--config", config)
    assert done.returncode == 0, done.stderr
    assert f"connected as {app.url('/pool')}, application SQLAlchemy pool" in done.stdout
    assert "pool.max_overflow = 40 in [target shop]" in done.stdout and "cache.hits = $.path in [target shop]" in done.stdout


def test_the_queue_of_a_stack_begins_at_the_applications_pool(app, server, dbvitals, write_config):
    app.json("/pool", {"size": 10, "checked_in": 0, "checked_out": 10, "overflow": 0, "max_overflow": 0, "waiting": 14, "max_wait_ms": 29400})
    config = write_config({"shop": {"url": server.conninfo(), "stack": "shop"}, "shop-app": {"url": app.url("/pool"), "stack": "shop"}})
    done = dbvitals("shop", "shop-app", "--config", config)
    assert done.returncode == 0, done.stderr
    queue = [line for line in done.stdout.split("\n") if "app pool shop-app 10/10, 14 wait 29.4 s" in line]
    assert queue and "slots" in queue[-1] and queue[-1].index("app pool") < queue[-1].index("slots"), done.stdout
    own = dbvitals("shop-app", "--config", config)
    assert "pool shop-app" in own.stdout and "100 % full: 10 of 10 taken, 14 requests wait, longest 29.4 s" in own.stdout, own.stdout
    checked = dbvitals("check", "pool_exhausted", "--config", config)
    assert checked.returncode == 1 and "pool shop-app: 14 waiting for a connection, 10 of 10 in use" in checked.stdout, checked.stdout + checked.stderr


# ---- How it is asked ----

def test_one_poll_is_one_request_and_never_two_at_once(app, dbvitals):
    def slow(_):
        time.sleep(0.3)
        return 200, "text/plain", "cache_hits_total 1\ncache_misses_total 1\ndb_pool_active_connections 1\ndb_pool_size 2\nx_errors_total 1\n"

    app.routes["/m"] = slow
    done = dbvitals("show", "pools", "caches", "errors", "access", app.url("/m"), "--samples", "3", "--refresh", "0.25")
    assert done.returncode == 0, done.stderr
    assert app.most_at_once == 1
    assert len(app.requests) <= 7, len(app.requests)


def test_what_the_target_says_is_sent_and_secrets_are_shown_nowhere(app, dbvitals, write_config, tmp_path):
    app.json("/pool", POOL)
    secret = tmp_path / "word"
    secret.write_text("hush4\n")
    config = write_config({"a": {"url": app.url("/pool?token=hush1", user="ann:hush2@"), "header": "X-One: 1\n    X-Two: 2"},
                           "b": {"url": app.url("/pool"), "token": "hush3"},
                           "c": {"url": app.url("/pool"), "password_command": f"cat {secret}"},
                           "d": {"url": app.url("/gone?token=hush5"), "token": "hush6"}})
    done = [dbvitals("query", "select name, state, place, error from targets order by name", "--config", config),
            dbvitals("doctor", "--config", config), dbvitals("config", "show", "--config", config)]
    assert [r["state"] for r in json.loads(dbvitals("query", "select state from targets order by name", "--config", config, "-f", "json").stdout)] == ["up", "up", "up", "down"]
    for d in done:
        assert not re.search("hush[1-6]", d.stdout + d.stderr), d.stdout + d.stderr
    sent = [(path, {k.lower(): v for k, v in headers.items()}) for path, headers in app.requests]
    assert any(h.get("x-one") == "1" and h.get("x-two") == "2" and h.get("authorization", "").startswith("Basic ") and "token=hush1" in p for p, h in sent)
    assert {h.get("authorization") for _, h in sent} >= {"Bearer hush3", "Bearer hush4", "Bearer hush6"}


def test_a_certificate_is_believed_when_ca_file_says_so(start_app, certificate, dbvitals, write_config):
    app = start_app(certificate=certificate)
    url = app.json("/pool", POOL)
    assert "its certificate is not believed" in why_down(dbvitals, url) and app.requests == []
    config = write_config({"shop": {"url": url, "ca_file": certificate.cert}})
    assert ask(dbvitals, "select in_use from pools", "--config", config) == [{"in_use": 1}]


def test_a_certificate_for_another_name_is_told_as_that(start_app, certificate_of_another, dbvitals, write_config):
    app = start_app(certificate=certificate_of_another)
    url = app.json("/pool", POOL)
    config = write_config({"shop": {"url": url, "ca_file": certificate_of_another.cert}, "named": {"url": url.replace("127.0.0.1", "localhost"),
                                                                                                   "ca_file": certificate_of_another.cert}})
    rows = {r["name"]: r for r in ask(dbvitals, "select name, state, error from targets", "--config", config)}
    assert "127.0.0.1: its certificate is believed, but is for another name than this one" in rows["shop"]["error"], rows
    assert "ca_file" not in rows["shop"]["error"] and rows["named"]["state"] == "up", rows


def test_tls_where_there_is_none_and_none_where_there_is_are_told(start_app, certificate, dbvitals):
    plain, tls = start_app(), start_app(certificate=certificate)
    assert "what answers there speaks no TLS; http:// ?" in why_down(dbvitals, plain.url("/pool").replace("http:", "https:"))
    why = why_down(dbvitals, tls.url("/pool").replace("https:", "http:"))
    assert "https://" in why, why


# ---- What else answers ----

def drip(handler):
    handler.send_response(200)
    handler.send_header("Content-Length", "1000")
    handler.end_headers()
    for _ in range(60):
        handler.wfile.write(b"{")
        handler.wfile.flush()
        time.sleep(0.1)


def hang_up(handler):
    handler.connection.shutdown(socket.SHUT_RDWR)
    handler.close_connection = True


BAD = {
    "a web page": ((200, "text/html", "<!DOCTYPE html><title>x</title>"), "answered with a web page"),
    "garbage": ((200, "application/json", bytes(range(256)) * 20), "neither JSON nor Prometheus text"),
    "half of it": ((200, "application/json", '{"size":5,"checked_out":'), "begins like JSON and is none"),
    "other JSON": ((200, "application/json", '{"orders":[1,2,3]}'), "no pool and no cache can be recognised"),
    "nothing": ((200, "text/plain", ""), "answered with nothing"),
    "10 MB": ((200, "application/json", b'{"a":"' + b"x" * 10_000_000 + b'"}'), "more than 2 MB"),
    "3 MB": ((200, "application/json", b'{"a":"' + b"x" * 3_000_000 + b'"}'), "more than 2 MB"),
    "a redirect": ((302, "text/plain", "", [("Location", "http://127.0.0.1:1/secret")]), "302, a redirect, which is not followed"),
    "404": ((404, "application/json", '{"detail":"Not Found"}'), "404: there is nothing at this path"),
    "401": ((401, "application/json", "{}"), "wants to know who asks: token"),
    "500": ((500, "text/html", "<h1>Internal Server Error</h1>"), "answered 500"),
    "a slow drip": (drip, "no complete answer within 0.5 s"),
    "a cut": (hang_up, "the connection was cut"),
}


@pytest.mark.parametrize("what", BAD)
def test_a_bad_answer_is_told_in_a_sentence_and_others_go_on(app, dbvitals, write_config, what):
    app.routes["/bad"], sentence = BAD[what]
    app.json("/good", POOL)
    config = write_config({"bad": {"url": app.url("/bad"), "timeout": "0.5s"}, "good": {"url": app.url("/good")}})
    rows = {r["name"]: r for r in ask(dbvitals, "select name, state, error from targets", "--config", config)}
    assert rows["bad"]["state"] == "down" and sentence in rows["bad"]["error"], rows
    assert rows["good"]["state"] == "up" and rows["good"]["error"] is None
    if what in ("garbage", "half of it", "a slow drip"):
        done = dbvitals("query", "select target, in_use from pools", "--config", config, "-f", "json")
        assert json.loads(done.stdout) == [{"target": "good", "in_use": 1}] and sentence in done.stderr


def test_nobody_there_is_told(dbvitals):
    with socket.socket() as s:
        s.bind(("127.0.0.1", 0))
        assert "no connection: Connection refused" in why_down(dbvitals, f"http://127.0.0.1:{s.getsockname()[1]}/pool")


def test_a_target_that_goes_and_comes_back_is_down_and_up(http_server, app, program, write_config, tmp_path):
    """The guard of it: down with the reason while it answers 500, up again by itself, and the numbers go on."""
    app.json("/pool", POOL)
    config = write_config({"shop": {"url": app.url("/pool")}}, f"[guard]\nstate_directory = {tmp_path}/state\nrefresh = 0.5s\n[http]\nsocket = {tmp_path}/s\n")
    guard = subprocess.Popen([program, "guard", "--config", config], stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)

    def state():
        done = subprocess.run([program, "query", "select state, error from targets", "--attach", f"{tmp_path}/s", "--config", config, "-f", "json"],
                              text=True, capture_output=True)
        return json.loads(done.stdout)[0] if done.returncode == 0 and done.stdout.startswith("[{") else {}

    try:
        wait_for(lambda: state().get("state") == "up", 15, lambda: str(state()), every_s=0.2)
        app.routes["/pool"] = (500, "text/plain", "oh")
        wait_for(lambda: state().get("state") == "down" and "answered 500" in state()["error"], 15, lambda: str(state()), every_s=0.2)
        app.json("/pool", POOL)
        wait_for(lambda: state().get("state") == "up" and state()["error"] is None, 15, lambda: str(state()), every_s=0.2)
    finally:
        guard.terminate()
        assert guard.wait(15) == 0
