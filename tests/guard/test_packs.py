"""The rules that ship, on real servers of every version: each is judged, those of `targets` at their own thresholds."""
import contextlib
import json
import os
import re
import subprocess

from prometheus_client.parser import text_string_to_metric_families

import servers
from guarding import told
from provoke import Busy, LongQuery, Sessions, execute, roll_back

ROOT = os.path.dirname(os.path.dirname(os.path.dirname(os.path.abspath(__file__))))


def pack(name):
    """rule -> its keys, as the file has them."""
    rules, keys = {}, None
    with open(os.path.join(ROOT, "packs", f"{name}.rules")) as f:
        for line in f:
            section, key = re.match(r"\[rule (\w+)\]", line), re.match(r"(\w+) *= *(.*)", line)
            if section:
                keys = rules.setdefault(section[1], {})
            elif key:
                keys[key[1]] = key[2].strip()
    return rules


def is_dataset(name):
    return os.path.exists(os.path.join(ROOT, "docs", "datasets", f"{name}.md"))


def with_window(window, *packs):
    """Sections that give WINDOW to each rule that has one: a test has not five minutes."""
    own = ((rule, re.fullmatch(r"(\w+)\('\w+'\)", keys.get("from", ""))) for name in packs for rule, keys in pack(name).items())
    return {f"rule {rule}": {"from": f"{match[1]}({window})"} for rule, match in own if match and is_dataset(match[1])}


def get(guard, path, *more):
    return subprocess.run(["curl", "-sS", "--unix-socket", guard.socket, *more, f"http://localhost{path}"], capture_output=True, text=True).stdout


def rules(guard):
    text = get(guard, "/api/v1/query", "--get", "--data-urlencode", "sql=select * from rules")
    return {row["rule"]: row for row in json.loads(text)} if text.startswith("[") else {}


def test_every_rule_is_judged_and_only_a_missing_source_is_a_reason_not_to_be(each_server, guard):
    each_server.query("create extension if not exists pg_stat_statements")
    guard.sections["rules"]["packs"] = "standard, targets"
    guard.sections["target shop"] = {"url": each_server.conninfo()}
    guard.sections.update(with_window("'last'", "standard", "targets"))
    guard.start()

    def waiting():
        rows = rules(guard)
        return {r: (row["status"], row["no_data"]) for r, row in rows.items()
                if row["status"] == "ok" and (row["judged_age_s"] is None or row["no_data"] not in (None, "it has no value"))} if rows else "no rules"
    servers.wait_for(lambda: not waiting(), 60, waiting, every_s=0.25)
    rows = rules(guard)
    assert set(rows) == set(pack("standard")) | set(pack("targets"))
    assert {row["error"] for row in rows.values()} == {None}
    without = {rule: row["no_data"] for rule, row in rows.items() if row["status"] != "ok"}
    assert not [why for why in without.values() if not why.startswith("no data source: dataset ") or is_dataset(why.split()[-1])], without
    assert len(rows) - len(without) > 35
    # What no target has is not asked for; it is judged all the same.
    asked = {rule: row["cpu_ms"] > 0 for rule, row in rows.items() if rule not in without}
    nobody = {rule for rule, keys in pack("standard").items() if keys.get("from", "").split("(")[0] in ("redis_server", "backup_sets", "clients")}
    assert len(nobody) >= 10 and {rule for rule in nobody if asked[rule]} == set()
    assert asked["connections_saturation"] and asked["target_down"] and sum(asked.values()) > 30, asked
    for rule, keys in pack("targets").items():
        assert rows[rule]["pack"] == "targets"
        for level in {"info", "warning", "critical"} & set(keys):
            assert rows[rule][f"{level}_at"] == keys[level], (rule, rows[rule])
    names = {f.name for f in text_string_to_metric_families(get(guard, "/metrics"))}
    assert {"pg_up", "pg_stat_database_xact_commit"} <= names, names
    assert "level=error" not in guard.log()


def scan(connection):
    execute(connection, "select count(*) from big")


def test_the_targets_fire_at_their_own_thresholds(start_server, guard, receiver):
    server = start_server(max_connections=30, superuser_reserved_connections=3)
    server.query("create extension if not exists pg_stat_statements")
    server.query("create table big as select i, repeat('x', 500) as t from generate_series(1, 60000) i")  # 32 MB, buffers have 16
    guard.sections["rules"]["packs"] = "standard, targets"
    guard.sections["target shop"] = {"url": server.conninfo()}
    guard.sections["guard"]["refresh"] = "0.5s"
    guard.sections["webhook ops"]["levels"] = "info, warning, critical"
    for rule in pack("targets"):
        guard.sections[f"rule {rule}"] = {"for": "0", "every": "0.5s"}
    for section, keys in with_window("'5s'", "targets", "standard").items():
        if section in guard.sections:
            guard.sections[section].update(keys)
    wanted = {("query_running_long", "warning"), ("statement_slow", "warning"), ("statement_noticed", "info"), ("rollback_ratio", "critical"),
              ("buffer_hits_low", "warning"), ("connections_saturation", "warning")}

    def missing():
        return wanted - {(rule, severity) for rule, state, severity, _ in told(receiver) if state == "firing"}
    def sleep(connection):
        execute(connection, "select pg_sleep(0.15)")
    causes = [LongQuery(server), Busy(server, scan), Busy(server, roll_back), Sessions(server, 9), *(Busy(server, sleep) for _ in range(8))]
    with contextlib.ExitStack() as stack:
        for cause in causes:
            stack.enter_context(cause)
        guard.start()
        servers.wait_for(lambda: not missing(), 60, missing)
