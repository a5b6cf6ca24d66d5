"""What people say to alerts, and what they, their scripts and their programs are told of it."""
import http.client
import json
import socket

import servers


def verdict(guard, *words):
    done = guard.ask("check", "knob", *words)
    return done.returncode, done.stdout.splitlines()


def fires(guard, knobs, **rule):
    k = knobs("a", "b|c", **rule)
    guard.start()
    k.turn("a", 2)
    k.turn("b|c", 2)
    servers.wait_for(lambda: len(listed(guard)) == 2 and all(r["state"] == "firing" for r in listed(guard)), 30, lambda: listed(guard))
    return {row["alert_key"]: row["alert_id"] for row in listed(guard)}


def listed(guard):
    done = guard.ask("alerts", "list", "--format", "json")
    return json.loads(done.stdout) if done.returncode == 0 else []


class Unix(http.client.HTTPConnection):
    """HTTP over the guard's socket."""

    def __init__(self, path):
        super().__init__("localhost")
        self.path = str(path)

    def connect(self):
        self.sock = socket.socket(socket.AF_UNIX)
        self.sock.connect(self.path)


def health(guard):
    c = Unix(guard.socket)
    c.request("GET", "/health")
    return json.loads(c.getresponse().read())["alerts"]


def test_what_is_acknowledged_or_silenced_does_not_decide_check(guard, knobs):
    ids = fires(guard, knobs)
    assert verdict(guard)[0] == 2
    assert health(guard) == {"critical": 2, "warning": 0, "known": 0}
    assert guard.ask("alerts", "ack", ids["name=a"], "--comment", "on it", "--for", "1h").returncode == 0
    servers.wait_for(lambda: listed(guard)[0]["acked_by"] or listed(guard)[1]["acked_by"], 20)
    code, lines = verdict(guard)
    assert code == 2 and "critical=1 warning=0 unknown=0 handled=1" in lines[0], lines
    assert any(line.startswith("(acked by ") and "knob a at 2" in line for line in lines[1:]), lines
    assert guard.ask("alerts", "silence", ids["name=b|c"], "--for", "1h").returncode == 0
    servers.wait_for(lambda: verdict(guard)[0] == 0, 20, lambda: verdict(guard))
    code, lines = verdict(guard)
    assert lines[0].startswith("DBVITALS OK - 2 alerts are taken care of") and "CRITICAL" not in lines[0], lines
    assert any(line.startswith("(silenced by ") for line in lines[1:]), lines
    code, lines = verdict(guard, "--all")
    assert code == 2 and "critical=2" in lines[0] and "handled=0" in lines[0], lines
    assert health(guard) == {"critical": 2, "warning": 0, "known": 2}


def test_no_text_of_check_begins_figures(guard, knobs):
    fires(guard, knobs)
    code, lines = verdict(guard)
    assert code == 2 and lines[0].count("|") == 1, lines
    assert len(lines) > 2 and all("|" not in line for line in lines[1:]), lines
    assert any("b/c" in line for line in lines[1:])


def test_check_without_attaching_judges_by_itself(guard, knobs):
    ids = fires(guard, knobs)
    for alert in ids.values():
        assert guard.ask("alerts", "ack", alert).returncode == 0
    servers.wait_for(lambda: verdict(guard)[0] == 0, 20)
    assert verdict(guard, "--no-attach")[0] == 2, "the guard's acknowledgements were asked for"


def test_programs_are_told_numbers(guard, knobs):
    ids = fires(guard, knobs)
    assert guard.ask("alerts", "ack", ids["name=a"], "--comment", "on it", "--for", "1h").returncode == 0
    servers.wait_for(lambda: any(r["acked_by"] for r in listed(guard)), 20)
    row = next(r for r in listed(guard) if r["alert_key"] == "name=a")
    assert (row["value"], row["ack_comment"], row["flapping"]) == (2, "on it", 0)
    assert 3000 < row["ack_until"] - row["acked_at"] <= 3601
    assert row["acked_at"] > 1.7e9


def test_silences_in_force_are_listed_and_end_by_the_alert_too(guard, knobs):
    ids = fires(guard, knobs)
    done = guard.ask("alerts", "silence", "--rule", "kn*", "--for", "1h", "--comment", "quiet", "--format", "json")
    first = json.loads(done.stdout)[0]["silence"]
    text = guard.ask("alerts", "silences").stdout
    assert "any" in text and "n/a" not in text, text
    one, = json.loads(guard.ask("alerts", "silences", "--format", "json").stdout)
    assert (one["silence"], one["rule"], one["target"], one["comment"]) == (first, "kn*", None, "quiet")
    assert 3590 < one["until"] - one["from"] <= 3601 and one["from"] > 1.7e9
    assert guard.ask("alerts", "unsilence", str(first)).returncode == 0
    assert json.loads(guard.ask("alerts", "silences", "--format", "json").stdout) == [], "it has ended"
    second = json.loads(guard.ask("alerts", "silence", ids["name=a"], "--for", "1h", "--format", "json").stdout)[0]["silence"]
    assert second != first
    assert guard.ask("alerts", "unsilence", ids["name=a"]).returncode == 0
    assert json.loads(guard.ask("alerts", "silences", "--format", "json").stdout) == []


def test_a_select_over_nothing_needs_no_target(guard):
    guard.sections["target shop"] = {"url": "host=/nowhere"}
    guard.write()
    for words in ((), ("--no-attach",)):
        done = guard.ask("query", *words, "select 1 as one", "--format", "json")
        assert (done.returncode, json.loads(done.stdout), done.stderr) == (0, [{"one": 1}], "")
