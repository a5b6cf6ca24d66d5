"""On a real server: each of these fires, arrives at a receiver, and resolves."""
import threading

import pytest

import servers
from guarding import told, wait_told
from provoke import Busy, Sessions, execute, roll_back

# The thresholds and times of the packs would take minutes; what is judged is theirs.
QUICK = {"every": "0.5s", "for": "0s", "keep_for": "0s"}


@pytest.fixture
def watched(start_server, guard):
    """A server of our own that the guard watches with both packs; rules are shortened by the test."""
    server = start_server(max_connections=30, superuser_reserved_connections=3)
    server.query("create extension if not exists pg_stat_statements")
    guard.sections["rules"]["packs"] = "standard, targets"
    guard.sections["target shop"] = {"url": server.conninfo()}
    guard.sections["guard"]["refresh"] = "0.5s"
    return server


def fires_and_resolves(guard, receiver, rule, cause, severity=None, timeout_s=60):
    guard.start()
    guard.wait_log("target up")
    with cause:
        wait_told(receiver, rule, "firing", severity, timeout_s=timeout_s)
    wait_told(receiver, rule, "resolved", timeout_s=timeout_s)
    text = next(r.json["text"] for r in receiver.at("/hook") if r.json["data"]["alerts"][0]["rule"] == rule)
    assert "shop" in text and len(text) <= 160
    return text


def test_a_query_that_runs_long(watched, guard, receiver):
    guard.sections["rule query_running_long"] = {**QUICK, "warning": "> 1s", "critical": "> 1h"}
    fires_and_resolves(guard, receiver, "query_running_long", Busy(watched, lambda c: execute(c, "select pg_sleep(4)")), "warning")


def test_a_statement_that_is_slow_on_average(watched, guard, receiver):
    # The pack's window of 5 minutes must be covered; the newest interval is at once.
    guard.sections["rule statement_slow"] = {**QUICK, "from": "statements", "warning": "> 100 ms", "critical": "> 10s", "clear": "< 80 ms",
                                             "where": "calls_delta >= 3 and own = 0 and toplevel = 1"}
    fires_and_resolves(guard, receiver, "statement_slow", Busy(watched, lambda c: execute(c, "select pg_sleep(0.15)")), "warning")


def test_many_transactions_roll_back(watched, guard, receiver):
    guard.sections["rule rollback_ratio"] = {**QUICK, "from": "databases"}
    fires_and_resolves(guard, receiver, "rollback_ratio", Busy(watched, roll_back), "critical")  # by the pack targets


def test_pages_are_not_found_in_the_buffers(watched, guard, receiver):
    watched.query("create table big as select i, repeat('x', 500) as t from generate_series(1, 60000) i")  # 32 MB, buffers have 16
    guard.sections["rule buffer_hits_low"] = {**QUICK, "from": "databases"}
    fires_and_resolves(guard, receiver, "buffer_hits_low", Busy(watched, lambda c: execute(c, "select count(*) from big")), "warning")


def test_four_fifths_of_the_connections_are_taken(watched, guard, receiver):
    guard.sections["rule connections_saturation"] = {**QUICK, "for": "1s"}
    fires_and_resolves(guard, receiver, "connections_saturation", Sessions(watched, 23), "warning")


def test_no_connection_is_left(watched, guard, receiver):
    guard.sections["rule connections_saturation"] = {**QUICK, "critical": "> 90 %"}
    fires_and_resolves(guard, receiver, "connections_saturation", Sessions(watched, 25), "critical")


class PileUp:
    """One session that locks a table and forgets it, and five that wait for it."""

    def __init__(self, server):
        self.server = server

    def __enter__(self):
        self.server.query("create table if not exists orders(i int)")
        self.holder = self.server.connect(autocommit=False)
        execute(self.holder, "lock table orders")
        self.threads = [threading.Thread(target=self.wait) for _ in range(5)]
        for t in self.threads:
            t.start()

    def wait(self):
        connection = self.server.connect()
        execute(connection, "select count(*) from orders")
        connection.close()

    def __exit__(self, *_):
        self.holder.rollback()
        self.holder.close()
        for t in self.threads:
            t.join()


def test_sessions_pile_up_behind_a_lock(watched, guard, receiver):
    levels = "case when count(distinct pid) >= 5 then 'critical' when max(wait_s) > 1 then 'warning' end"
    guard.sections["rule lock_waits"] = {
        **QUICK, "sql": f"select target, max(wait_s) as value, count(distinct pid) as blocked, root_pid, {levels} as level, "
                        "max(holder_state) as holder_state, max(holder_application_name) as holder, max(relation) as relation, "
                        "max(query) as query from locks group by target, root_pid"}
    text = fires_and_resolves(guard, receiver, "lock_waits", PileUp(watched), "critical")
    assert "5" in text


def test_a_target_that_is_down_is_told_and_what_else_is_wrong_with_it_is_not(watched, guard, receiver):
    watched.query("create table knobs(name text primary key, level int not null)")
    watched.query("insert into knobs values ('a', 0)")
    guard.sections["webhook ops"]["group_wait"] = "2s"  # both are found at nearly the same time
    guard.sections["rule target_down"] = {**QUICK}
    guard.sections["dataset knobs"] = {"sql": "select name, level from knobs", "key": "name", "gauge": "level", "every": "0.5s"}
    guard.sections["rule knob"] = {"from": "knobs", "value": "level", "key": "name", "warning": "> 0", "on_no_data": "alert", **QUICK}
    guard.start()
    guard.wait_log("target up")
    servers.wait_for(lambda: guard.ask("check", "knob").returncode == 0, 30)
    watched.stop("immediate")
    wait_told(receiver, "target_down", "firing", "critical")
    servers.wait_for(lambda: any(r[0] == "knob" for r in guard.rows("select rule from alerts where id in (select alert_id from events)")), 60)
    watched.start()
    wait_told(receiver, "target_down", "resolved")
    servers.wait_for(lambda: guard.rows("select count(*) from outbox where dead = 0")[0][0] == 0, 30)
    assert {t[0] for t in told(receiver)} == {"target_down"}
    titles = [a["title"] for r in receiver.at("/hook") for a in r.json["data"]["alerts"]]
    assert titles[0].startswith("CRITICAL shop: is down: ") and titles[-1] == "RESOLVED shop: is up again", titles
    before, _, after = guard.log().partition("target up")  # a start is nothing that could become bad
    assert "target_down" not in before and "is down" in after and "is connecting" not in after


def test_check_tells_a_script_what_the_guard_found(watched, guard, receiver, dbvitals):
    guard.sections["rules"]["packs"] = "none"
    guard.sections["rule taken"] = {**QUICK, "from": "pools", "where": "kind = 'slots'", "per": "target", "value": "in_use - own",
                                    "warning": "> 5", "critical": "> 15", "summary": "{value} connections | taken"}
    guard.sections["rule window"] = {**QUICK, "from": "databases('5m')", "value": "deadlocks_delta", "key": "datname", "warning": "> 100000"}

    def verdict(*rules):
        done = guard.ask("check", *rules)
        return done.returncode, done.stdout
    guard.start()
    guard.wait_log("target up")
    servers.wait_for(lambda: verdict("taken")[0] == 0, 30, lambda: verdict("taken"))
    assert verdict("taken")[1].startswith("DBVITALS OK - ")
    for n, code, word in ((8, 1, "WARNING"), (20, 2, "CRITICAL")):
        sessions = Sessions(watched, n)
        with sessions:
            servers.wait_for(lambda: verdict("taken")[0] == code, 30)
            first = verdict()[1].splitlines()[0]
            assert first.startswith(f"DBVITALS {word} - {word} shop: ") and first.count("|") == 1
    assert verdict("window")[0] == 3
    assert verdict("no_such_rule") == (3, verdict("no_such_rule")[1]) and "no rule is called no_such_rule" in verdict("no_such_rule")[1]
    guard.stop()
    # Without a guard it judges itself, what needs no window.
    assert verdict("taken")[0] == 0
    with Sessions(watched, 20):
        assert verdict("taken")[0] == 2
    assert verdict("window")[0] == 3
    watched.stop()
    code, text = verdict("taken")
    assert code == 3 and text.startswith("DBVITALS UNKNOWN - "), text
