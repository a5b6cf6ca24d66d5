"""check without a guard: it judges itself, and never says that all is well of what it cannot know."""
import pytest

from provoke import Busy, execute


@pytest.fixture
def check(server, guard):
    guard.sections["target shop"] = {"url": server.conninfo()}

    def run(*words, **rules):
        guard.sections.update({f"rule {name}": keys for name, keys in rules.items()})
        done = guard.write().ask("check", *words)
        assert done.stderr == ""
        return done.returncode, done.stdout
    return run


# A rate over some seconds; a minute is more than check takes by itself.
RATE = {"where": "datname = 'postgres'", "key": "datname", "value": "xact_per_s", "warning": "> 30", "critical": "> 1000000", "summary": "{value}"}
LEVEL = {"from": "server", "value": "uptime_s", "warning": "< 0"}


def test_a_window_that_is_not_covered_is_unknown_with_and_without_the_rules_name(check):
    minute = {**RATE, "from": "databases('1m')"}
    for words in (("--wait", "5s"), ("--wait", "5s", "minute")):
        code, text = check(*words, minute=minute, level=LEVEL)
        assert code == 3 and "DBVITALS UNKNOWN - UNKNOWN shop: minute: the window covers" in text, text
    assert check("level")[0] == 0


def test_with_time_a_rate_is_judged_and_the_exit_code_is_its_verdict(check, server):
    few = {**RATE, "from": "databases('3s')"}
    code, text = check("--wait", "20s", "few", few=few)
    assert (code, text.splitlines()[0]) == (0, "DBVITALS OK - 1 rules hold | critical=0 warning=0 unknown=0 handled=0 rules=1")
    with Busy(server, lambda c: execute(c, "select 1 from pg_am")):  # statistics of nothing but `select 1` are kept back
        code, text = check("--wait", "20s", few={**few, "critical": "> 31"})
        assert code == 2 and text.startswith("DBVITALS CRITICAL - CRITICAL shop: "), text


def test_a_value_that_is_not_there_is_unknown_to_who_asks_for_it(check):
    code, text = check("--wait", "2s", "lag", lag={"from": "server", "value": "replay_lag_s", "warning": "> 1"})
    assert code == 3 and "it has no value" in text, text


def test_what_is_asked_for_wrongly_is_unknown_too(check):
    for words, why in ((("nothing",), "no rule is called nothing"), (("--wait", "soon"), "--wait soon")):
        code, text = check(*words, level=LEVEL)
        assert code == 3 and text.startswith("DBVITALS UNKNOWN - ") and why in text, text
