"""HTTP: endpoints answer as docs/http.md says, and only whom they may."""
import os
import stat

import pytest

RESULT = "application/vnd.dbvitals.result+json"
TOKENS = "[http]\ntoken = read-planted-1\nact_token = act-planted-2\nmetrics_token = metrics-planted-3\n"


def bearer(token):
    return {"Authorization": f"Bearer {token}"}


def test_livez_does_not_depend_on_a_target(hold):
    h = hold()
    assert h.ask("/livez").json() == {"status": "ok"}
    health = h.until("/health", lambda a: a.json()["targets"] and a.json()["targets"][0]["state"] == "down")
    assert health.status == 503 and health.json()["status"] == "unhealthy" and health.json()["connection"] is False


def test_health_of_a_server_that_answers(over_pg):
    h = over_pg.until("/health", lambda a: a.status == 200 and a.json()["pool"])
    assert h.json()["connection"] is True
    pool = h.json()["pool"]
    assert {"size", "checked_in", "checked_out", "overflow", "total_connections"} <= set(pool)
    assert h.json()["alerts"]["critical"] == 1  # the stand-in's


@pytest.mark.parametrize("path, fields", [
    ("/database/metrics", {"target", "database", "connections", "transactions_per_s", "hit_ratio", "window_s", "age_s"}),
    ("/database/cache-stats", {"target", "kind", "name", "hit_ratio", "hits_total", "age_s"}),
    ("/database/connections", {"target", "kind", "name", "size", "max_size", "in_use", "waiting", "utilization"}),
    ("/database/query-analysis", {"target", "queryid", "calls", "mean_ms", "share", "query", "window_s"}),
    ("/api/v1/alerts", {"id", "rule", "target", "state", "severity", "title", "evidence"}),
])
def test_rows_have_their_documented_fields(hold, server, path, fields):
    server.psql("create extension if not exists pg_stat_statements")
    h = hold(server.conninfo())

    def has_rows(answer):
        server.psql("select count(*) from pg_class")  # somebody's: ours are left out of what is slow
        return answer.status == 200 and answer.json()
    rows = h.until(path, has_rows).json()
    assert not [row for row in rows if "dbvitals */" in (row.get("query") or "")]
    assert fields <= set(rows[0]), fields - set(rows[0])


def test_performance_and_database_health_are_one_object_a_target(over_pg):
    p = over_pg.until("/health/performance", lambda a: a.json()["targets"]).json()["targets"][0]
    assert {"target", "transactions_per_s", "connections_ratio", "longest_query_s"} <= set(p)
    d = over_pg.ask("/database/health").json()["databases"][0]
    assert d["state"] == "up" and d["role"] == "primary"


def test_a_query_has_parameters_and_gives_rows_or_columns(over_pg):
    over_pg.until("/readyz", lambda a: a.status == 200)
    body = {"sql": "select :n + 1 as n, :t as t, name from targets", "params": {"n": 41, "t": "é\"'"}}
    rows = over_pg.ask("/api/v1/query", "POST", body).json()
    assert rows[0]["n"] == 42 and rows[0]["t"] == "é\"'"
    answer = over_pg.ask("/api/v1/query", "POST", {"sql": "select target, rtt_ms from targets"}, Accept=RESULT)
    assert answer.headers["content-type"] == RESULT
    assert [c["unit"] for c in answer.json()["columns"]] == ["", "ms"]
    assert over_pg.ask("/api/v1/query?sql=select+1+as+one").json() == [{"one": 1}]


def test_what_max_rows_cuts_says_so(over_pg):
    body = {"sql": "select a.help from rules a union all select 1 union all select 2", "max_rows": 1}
    answer = over_pg.ask("/api/v1/query", "POST", body)
    assert len(answer.json()) == 1 and answer.headers["x-more-rows"] == "yes"


@pytest.mark.parametrize("body, word", [
    ({"sql": "drop table targets"}, "SELECT"), ({"sql": "select * from nothing"}, "nothing"), ({"sql": 5}, "sql"), ({}, "sql"), ({"sql": ["select 1"]}, "sql: one SELECT"),
    ({"sql": "select 1", "params": "{}"}, "params: an object"), (b'{"sql":"select 1","sql":"select 2"}', "sql: it stands there twice"),
    (b"[1]", "object"), (b"{", "object"), (b'{"sql":"select 1","params":[1]}', "params"), (b"\xff\xfe", "object"),
    ({"sql": "select 1\u0000 as one"}, "sql: it has a NUL"), ({"sql": "select :t as t", "params": {"t": "a\u0000b"}}, "params: it has a NUL"),
    (b'{"sql":"select 1"}\x00{}', "NUL"),
])
def test_a_bad_query_is_refused_with_a_sentence(hold, body, word):
    answer = hold().ask("/api/v1/query", "POST", body)
    assert answer.status == 400 and word in answer.json()["error"]


def test_alerts_are_acknowledged_and_silenced(hold):
    h = hold("postgresql://127.0.0.1:1/shop")
    alert = h.until("/api/v1/alerts", lambda a: a.json()).json()[0]["id"]
    assert h.ask(f"/api/v1/alerts/{alert}/ack", "POST", {"by": "ann", "comment": "on it", "for": "1h"}).status == 200
    acked = h.until("/api/v1/alerts", lambda a: a.json()[0]["acked_by"]).json()[0]
    assert acked["acked_by"] == "ann" and acked["ack_comment"] == "on it"
    assert h.ask(f"/api/v1/alerts/{alert}/unack", "POST").status == 200
    assert h.ask("/api/v1/alerts/0123456789abcdef/ack", "POST").status == 404
    made = h.ask("/api/v1/silences", "POST", {"rule": "lock_*", "for": "2h", "comment": "quiet"}).json()
    silences = h.ask("/api/v1/silences").json()
    assert [(s["id"], s["rule"], s["comment"]) for s in silences] == [(made["id"], "lock_*", "quiet")]
    assert h.ask(f"/api/v1/silences/{made['id']}", "DELETE").status == 200
    assert h.ask("/api/v1/silences/999", "DELETE").status == 404
    assert h.ask("/api/v1/silences", "POST", {"rule": "x"}).status == 400, "a silence without an end"
    assert h.ask(f"/api/v1/alerts/{alert}/silence", "POST", {"for": "5m"}).status == 200


def test_a_test_message_goes_to_a_webhook_that_is_there(hold):
    h = hold("postgresql://127.0.0.1:1/shop")
    assert h.ask("/api/v1/webhooks/ops/test", "POST").json()["status"] == "ok"
    answer = h.ask("/api/v1/webhooks/opps/test", "POST")
    assert answer.status == 404 and "no [webhook opps]" in answer.json()["error"]
    assert h.ask("/api/v1/webhooks/ops/test").status == 405


def test_a_dead_letter_is_sent_again(hold):
    h = hold("postgresql://127.0.0.1:1/shop")
    assert h.ask("/api/v1/deliveries/7/resend", "POST").json() == {"status": "ok"}
    for number, status, why in ((8, 404, "no dead letter"), ("x", 404, "no such message"), (409, 409, "nothing is delivered")):
        answer = h.ask(f"/api/v1/deliveries/{number}/resend", "POST")
        assert answer.status == status and why in answer.json()["error"]
    assert h.ask("/api/v1/deliveries/7/resend").status == 405
    assert h.ask("/api/v1/deliveries/7/resend", "POST", Origin="http://evil.example").status == 403


@pytest.mark.parametrize("body, word", [
    ({"for": 7200}, "for: it must be text"), ({"untill": "2h"}, "untill: there is no such member"), ({"for": True}, "for"), ({"by": 5}, "by"),
    ({"comment": 1.5}, "comment"), ({"until": "soon"}, "soon"), ({"fo": "2h"}, "by comment for until"), ({"": "x"}, "no such member"),
    ({"by": ["ann"]}, "by: it must be text"), ({"comment": {"a": 1}}, "comment: it must be text"), ({"for": ["2h"]}, "for: it must be text"), ({"until": [9e9]}, "until: it must be text, or"),
    ({"until": True}, "until: it must be text, or"),
])
def test_an_acknowledgement_that_is_misspelt_is_none(hold, body, word):
    h = hold("postgresql://127.0.0.1:1/shop")
    alert = h.until("/api/v1/alerts", lambda a: a.json()).json()[0]["id"]
    for path, more in ((f"/api/v1/alerts/{alert}/ack", {}), (f"/api/v1/alerts/{alert}/silence", {"until": 9e9}), ("/api/v1/silences", {"rule": "x", "until": 9e9})):
        answer = h.ask(path, "POST", {**more, **body})
        assert answer.status == 400 and word in answer.json()["error"], path
    for member in ("rule", "target", "key"):
        for value in (["x"], {"x": 1}, None, True):
            answer = h.ask("/api/v1/silences", "POST", {"rule": "x", "for": "2h", member: value})
            assert answer.status == 400 and f"{member}: it must be text" in answer.json()["error"]
    assert h.ask("/api/v1/silences").json() == [] and not h.ask("/api/v1/alerts").json()[0]["acked_by"]
    assert h.ask(f"/api/v1/alerts/{alert}/ack", "POST", {"for": None, "until": 9e9}).json() == {"status": "ok", "kept": True}


def test_time_is_stepped_through(over_pg):
    first = over_pg.until("/api/v1/step?dataset=server", lambda a: a.json()["at"]).json()["at"]
    assert over_pg.until(f"/api/v1/step?dataset=server&at={first}&direction=1", lambda a: a.json()["at"]).json()["at"] > first
    assert over_pg.ask("/api/v1/step?dataset=nothing").status == 400


@pytest.mark.parametrize("method, path, status", [
    ("DELETE", "/livez", 405), ("PUT", "/api/v1/query", 405), ("GET", "/api/v1/alerts/x/ack", 405), ("BREW", "/health", 405),
    ("GET", "/", 404), ("GET", "/healthz", 404), ("GET", "/api/v1/alerts//ack", 404), ("GET", "/../etc/passwd", 404),
    ("POST", "/api/v1/query", 411), ("POST", "/database/optimize", 403), ("POST", "/database/cache/clear", 403),
    ("GET", "/query-performance", 404),
])
def test_what_cannot_be_asked_has_its_code(hold, method, path, status):
    answer = hold().ask(path, method)
    assert answer.status == status and answer.json()["error"]
    assert (status == 405) == ("allow" in answer.headers)


def test_aliases_have_the_paths_of_the_bot_backend(hold):
    h = hold(config="[http]\naliases = yes\n")
    assert [h.ask(p).status for p in ("/query-performance", "/bot-optimization")] == [200, 200]
    assert "pool" in h.ask("/db-status").json()


def test_nothing_listens_beyond_loopback_without_a_token(hold):
    for address in ("0.0.0.0:0", "[::]:0", "*:0"):
        h = hold(listen=address)
        assert h.port == 0 and h.process.wait(timeout=20) == 1
        assert "without a token" in h.said()


@pytest.mark.parametrize("path, method, token, status", [
    ("/livez", "GET", None, 200), ("/readyz", "GET", None, (200, 503)),
    ("/api/v1/datasets", "GET", None, 401), ("/nowhere", "GET", None, 401), ("/metrics", "GET", None, 401),
    ("/api/v1/datasets", "GET", "wrong", 401), ("/api/v1/datasets", "GET", "read-planted-", 401),
    ("/api/v1/datasets", "GET", "read-planted-1x", 401), ("/api/v1/datasets", "GET", "", 401),
    ("/api/v1/datasets", "GET", "read-planted-1", 200), ("/metrics", "GET", "metrics-planted-3", 200),
    ("/api/v1/datasets", "GET", "metrics-planted-3", 403), ("/metrics", "GET", "read-planted-1", 200),
    ("/database/optimize", "POST", None, 401), ("/database/optimize", "POST", "read-planted-1", 403),
    ("/database/optimize", "POST", "act-planted-2", 403), ("/database/cache/clear", "POST", "act-planted-2", 400),
])
def test_beyond_loopback_the_token_decides(hold, path, method, token, status):
    h = hold(config=TOKENS, listen="0.0.0.0:0")
    answer = h.ask(path, method, host="db.example.com", **({} if token is None else bearer(token)))
    assert answer.status in (status if isinstance(status, tuple) else (status,))
    assert (answer.status == 401) == ("www-authenticate" in answer.headers)
    assert b"planted" not in answer.body


def test_on_loopback_changing_a_server_needs_the_second_token(hold):
    h = hold(config=TOKENS)
    assert h.ask("/api/v1/datasets").status == 200
    assert h.ask("/database/optimize", "POST").status == 401
    assert h.ask("/database/optimize", "POST", unix=True).status == 401
    assert h.ask("/database/cache/clear", "POST", **bearer("act-planted-2")).status == 400
    assert "only a guard does" in h.ask("/database/optimize", "POST", **bearer("act-planted-2")).json()["error"]


@pytest.mark.parametrize("headers, status", [
    ({"host": "evil.example"}, 403), ({"host": "localhost.evil.example"}, 403), ({"host": "127.0.0.1.evil.example"}, 403),
    ({"host": "127.0.0.1:1234"}, 200), ({"host": "[::1]:80"}, 200), ({"host": "LOCALHOST"}, 200),
])
def test_a_page_that_lets_its_name_point_here_reads_nothing(hold, headers, status):
    assert hold().ask("/api/v1/datasets", **headers).status == status


def test_a_page_of_another_site_changes_nothing(hold):
    h = hold()
    body = {"rule": "*", "for": "1h"}
    for origin in ("https://evil.example", "null", "http://localhost.evil.example"):
        assert h.ask("/api/v1/silences", "POST", body, Origin=origin).status == 403
        assert h.ask("/api/v1/silences", "POST", body, Origin=origin, unix=True).status == 403
    assert h.ask("/api/v1/silences").json() == []
    answer = h.ask("/api/v1/silences", "POST", body, Origin="http://localhost:3000")
    assert answer.status == 200 and "access-control-allow-origin" not in answer.headers


def test_the_socket_is_for_owner_and_group(hold):
    h = hold()
    mode = os.stat(h.socket_path).st_mode
    assert stat.S_ISSOCK(mode) and stat.S_IMODE(mode) == 0o660
    assert h.ask("/livez", unix=True).status == 200
    h.stop()
    assert not os.path.exists(h.socket_path), "it is taken away at the end"


def test_a_socket_that_nobody_listens_on_is_replaced_and_a_used_one_is_not(hold):
    first = hold()
    second = hold(socket_path=first.socket_path)
    assert second.process.wait(timeout=20) == 1 and "another process" in second.said()
    assert first.ask("/livez", unix=True).status == 200
    first.process.kill()
    first.process.wait()
    assert os.path.exists(first.socket_path)
    third = hold(socket_path=first.socket_path)
    assert third.ask("/livez", unix=True).status == 200


def test_a_file_that_is_no_socket_is_left_alone(hold, tmp_path):
    path = tmp_path / "precious"
    path.write_text("mine")
    h = hold(socket_path=str(path))
    assert h.process.wait(timeout=20) == 1 and path.read_text() == "mine"
