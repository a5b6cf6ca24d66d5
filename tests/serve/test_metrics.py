"""/metrics: what Prometheus and its tools say of it, and that its numbers are the server's."""
import subprocess
import time

import pytest
from prometheus_client.openmetrics.parser import text_string_to_metric_families as read_open
from prometheus_client.parser import text_string_to_metric_families as read_text

OPEN = "application/openmetrics-text;version=1.0.0,application/openmetrics-text;version=0.0.1;q=0.75,text/plain;version=0.0.4;q=0.5,*/*;q=0.1"


def families(h, accept=None):
    answer = h.ask("/metrics", **({"Accept": accept} if accept else {}))
    assert answer.status == 200
    read = read_open if accept else read_text
    return {f.name: f for f in read(answer.body.decode())}


def samples(h, name, accept=None, **labels):
    return [s for f in families(h, accept).values() for s in f.samples
            if s.name == name and all(s.labels.get(k) == v for k, v in labels.items())]


def filled(h):
    """All datasets that a scrape wants have come."""
    h.until("/metrics", lambda a: all(w in a.body for w in (b"pg_stat_database_xact_commit", b"pg_settings_max_connections",
                                                            b"pg_stat_activity_count", b"pg_database_size_bytes")))
    return h


def test_promtool_has_nothing_to_say(over_pg, promtool):
    text = filled(over_pg).ask("/metrics").body
    done = subprocess.run([promtool, "check", "metrics"], input=text, capture_output=True)
    assert done.returncode == 0, done.stdout + done.stderr


def test_both_formats_say_the_same(over_pg):
    filled(over_pg)
    answer = over_pg.ask("/metrics", Accept=OPEN)
    assert answer.headers["content-type"] == "application/openmetrics-text; version=1.0.0; charset=utf-8"
    assert answer.body.endswith(b"\n# EOF\n")
    plain = over_pg.ask("/metrics")
    assert plain.headers["content-type"] == "text/plain; version=0.0.4; charset=utf-8"
    names = [{s.name for f in read(a.body.decode()) for s in f.samples} for read, a in ((read_open, answer), (read_text, plain))]
    assert names[0] == names[1]


@pytest.mark.parametrize("accept, open_", [
    (OPEN, True), ("text/plain", False), ("*/*", False), ("application/openmetrics-text;q=0.1,text/plain;q=0.9", False),
    ("application/openmetrics-text;q=0", False), ("", False),
])
def test_the_format_is_the_one_that_is_preferred(hold, accept, open_):
    assert hold().ask("/metrics", Accept=accept).headers["content-type"].startswith("application/openmetrics") == open_


def test_numbers_are_those_of_the_server_in_base_units(hold, server):
    server.psql("create extension if not exists pg_stat_statements")
    h = filled(hold(server.conninfo()))
    assert samples(h, "pg_settings_max_connections")[0].value == int(server.value("show max_connections"))
    size = samples(h, "pg_database_size_bytes", datname="postgres")[0].value
    assert abs(size - server.value("select pg_database_size('postgres')")) < 1e6
    started = server.value("select extract(epoch from pg_postmaster_start_time())::float8")
    assert abs(samples(h, "pg_postmaster_start_time_seconds")[0].value - started) < 1
    for s in samples(h, "dbvitals_caches_hit_ratio"):
        assert 0 <= s.value <= 1
    server.psql("select pg_sleep(0.5) /* metrics */")
    end = time.monotonic() + 30
    while sum(x.value for x in samples(h, "pg_stat_statements_seconds_total")) < 0.5:
        assert time.monotonic() < end
        time.sleep(0.3)
    total = server.value("select sum(total_exec_time)/1000 from pg_stat_statements")
    assert sum(x.value for x in samples(h, "pg_stat_statements_seconds_total")) <= total


def test_no_text_and_no_pid_is_a_label(over_pg):
    labels = {k for f in families(filled(over_pg)).values() for s in f.samples for k in s.labels}
    assert not labels & {"query", "error", "pid", "definition", "place"}


def test_the_series_of_a_dead_target_vanish(hold, start_server):
    s = start_server()
    h = filled(hold(s.conninfo()))
    assert samples(h, "dbvitals_target_up")[0].value == 1
    s.stop("immediate")
    h.until("/metrics", lambda a: b"pg_stat_database_xact_commit" not in a.body)
    assert samples(h, "dbvitals_target_up")[0].value == 0 and samples(h, "pg_up")[0].value == 0


def test_the_rest_of_the_statements_never_falls_and_the_top_stays(hold, start_server):
    s = start_server()
    s.psql("create extension pg_stat_statements")
    h = filled(hold(s.conninfo()))
    last, rest, members = 0, [], set()
    for turn in range(6):
        # 40 statements; another ten of them are the busy ones each time.
        s.psql(";".join(f"select {'1+' * i}{turn}" for i in range(1, 41)) + ";" +
               ";".join(f"select {'1+' * i}1 from generate_series(1, 100000)" for i in range(turn * 5 + 1, turn * 5 + 11)))
        time.sleep(1.2)  # the next poll of the statements
        other = samples(h, "pg_stat_statements_calls_total", queryid="other")
        rest += [o.value for o in other]
        members |= {o.labels["queryid"] for o in samples(h, "pg_stat_statements_calls_total")}
    assert rest == sorted(rest) and len(rest) >= 2, rest
    assert len(samples(h, "pg_stat_statements_calls_total")) <= 21
    assert last <= rest[-1] and "other" in members


def test_alerts_are_series_with_few_labels(hold):
    h = hold("postgresql://127.0.0.1:1/shop")
    h.until("/metrics", lambda a: b"dbvitals_alert_state" in a.body)
    s = samples(h, "dbvitals_alert_state")
    assert [(x.labels, x.value) for x in s] == [({"rule": "lock_waits", "severity": "critical", "target": "shop"}, 2)]


def test_aliases_have_the_names_that_systems_ask_for(hold, server):
    server.psql("create extension if not exists pg_stat_statements")
    h = hold(server.conninfo(), config="[http]\naliases = yes\n")
    h.until("/metrics", lambda a: b"db_query_duration_seconds_count" in a.body and b"db_connection_pool_size" in a.body)
    assert families(h)["db_query_duration_seconds"].type == "summary"
    assert b"db_connection_pool_size" not in hold(server.conninfo()).ask("/metrics").body


def test_a_real_prometheus_scrapes_it(hold, server, prometheus):
    h = hold(server.conninfo())
    get = prometheus(h.port)
    end = time.monotonic() + 40
    while True:
        try:
            target = (get("targets")["activeTargets"] or [None])[0]
            found = get("query?query=pg_settings_max_connections")["result"]
            if target and target["health"] == "up" and found:
                break
        except OSError:
            target = None
        assert time.monotonic() < end, target
        time.sleep(0.5)
    assert target["lastError"] == "" and float(found[0]["value"][1]) == int(server.value("show max_connections"))
    assert get("query?query=up")["result"][0]["value"][1] == "1"
