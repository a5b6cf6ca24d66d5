"""docs/openapi.json, docs/http.md and the program say the same; no secret is in any answer."""
import json
import os
import re

import pytest

ROOT = os.path.dirname(os.path.dirname(os.path.dirname(os.path.abspath(__file__))))
with open(os.path.join(ROOT, "docs", "openapi.json"), encoding="utf-8") as f:
    PATHS = json.load(f)["paths"]
with open(os.path.join(ROOT, "serve", "routes.c"), encoding="utf-8") as f:
    ROUTES = set(re.findall(r'^\s*\{"(GET|POST|DELETE)",\s*"(/[^"]*)"', f.read(), re.MULTILINE))
PLAIN = sorted(p for p in PATHS if "get" in PATHS[p] and p not in ("/metrics", "/api/v1/query", "/api/v1/step") and "{" not in p)


def schema_of(path):
    schema = PATHS[path]["get"]["responses"]["200"]["content"]["application/json"]["schema"]
    return schema.get("items", schema)


def test_every_route_is_documented_and_every_documented_one_exists():
    documented = {(m.upper(), p) for p, methods in PATHS.items() for m in methods}
    assert ROUTES == documented and len(ROUTES) > 20
    with open(os.path.join(ROOT, "docs", "http.md"), encoding="utf-8") as f:
        manual = f.read()
    assert not [p for p in PATHS if p not in manual]


def test_answers_have_exactly_the_documented_fields(hold, server):
    server.psql("create extension if not exists pg_stat_statements; create table if not exists openapi(a int);"
                "create table planned(a int) with (autovacuum_enabled = off); insert into planned select generate_series(1, 20000)")
    h = hold(server.conninfo(dbname="postgres").replace("dbname=postgres", "dbname=postgres"), config="[http]\naliases = yes\n")
    h.until("/database/query-analysis", lambda a: server.psql("select count(*) from openapi") and a.json(), 40)
    h.ask("/api/v1/silences", "POST", {"rule": "x", "for": "1h"})
    for path in PLAIN:
        found = h.until(path, lambda a: a.json() or path == "/api/v1/alerts").json()
        row = found[0] if isinstance(found, list) and found else found
        if row:
            assert set(row) == set(schema_of(path)["properties"]), path
    server.psql("drop table planned")


@pytest.mark.parametrize("path", PLAIN + ["/metrics", "/api/v1/query?sql=select+*+from+targets", "/nowhere", "/api/v1/alerts/x/ack"])
def test_no_secret_is_in_any_answer(hold, path):
    h = hold("postgresql://ann:planted-password@127.0.0.1:1/shop",
             config="[http]\naliases = yes\ntoken = planted-token\nact_token = planted-act\nmetrics_token = planted-metrics\n")
    h.until("/health", lambda a: b"down" in a.body)
    for method in ("GET", "POST"):
        assert b"planted" not in h.ask(path, method, Authorization="Bearer planted-wrong").body
    assert "planted" not in h.said()
