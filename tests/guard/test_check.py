"""check without a guard: it judges itself, and never says that all is well of what it cannot know."""
import json

import pytest

from provoke import Busy, execute
from servers import wait_for


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


@pytest.mark.waits
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


def test_a_server_that_is_named_is_never_told_with_another_ones_verdict(guard, start_server):
    """Neither by a guard that watches others, nor by a [target] that has the name of the database."""
    watched, other = start_server(), start_server()
    guard.sections["target shop"] = {"url": watched.conninfo()}
    guard.sections["target more"] = {"url": other.conninfo()}
    guard.sections["rule slots"] = {"from": "server", "value": "max_connections", "warning": "> 1", "summary": "slots"}
    other.psql("create database shop")
    guard.start().wait_log("up", 2)
    there = [f"-h{other.host}", f"-p{other.port}", "-Upostgres"]

    def verdict(*words):
        done = guard.ask("check", "slots", *words)
        return done.returncode, sorted(line.split(": ")[0].split()[-1] for line in done.stdout.splitlines()[1:] if line)

    wait_for(lambda: verdict() == (1, ["more", "shop"]), 15, verdict)
    assert verdict("-d", "shop") == (1, ["shop"])
    assert verdict("-d", "postgresql://postgres@127.0.0.1:1/shop")[0] in (2, 3)  # nobody is there
    place = "select name, place from targets"
    by_name = json.loads(guard.ask("query", place, "-d", "shop", "-f", "json").stdout)
    placed = json.loads(guard.ask("query", place, *there, "-d", "shop", "-f", "json").stdout)
    assert by_name[0]["place"].endswith("/postgres") and placed[0]["place"].endswith("/shop")
    nowhere = guard.ask("doctor", "-h", "127.0.0.1", "-p", "1", "-d", "shop")
    assert nowhere.returncode != 0 and "connected as" not in nowhere.stdout, nowhere.stdout
