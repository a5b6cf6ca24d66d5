"""What each format makes of a message: valid, with the fields that its receiver needs, within its limits, whatever the texts are."""
import json
import os
import subprocess

import pytest

from messages import NOW, alert, message, write

# Texts that break what is built carelessly: the unit, how often it is repeated.
HOSTILE = {
    "quotes": '"\'\\', "newlines": "line\r\n", "markup": "<!channel> & </b>", "emoji": "\U0001f525\u00e9", "controls": "\x01\x1b[31m\t\x7f",
    "escapes": "\\u0000\\n\\", "bidi": "\u202e\u2028", "header": "\r\nX-Evil: 1\r\n\r\n",
}


@pytest.fixture
def render(build_dir, tmp_path):
    def run(format, m, short=False):
        path = write(tmp_path / "message.json", m)
        done = subprocess.run([os.path.join(build_dir, "tests", "send"), "render", format, path] + ["short"] * short,
                              capture_output=True, timeout=60)
        assert done.returncode == 0, done.stderr
        return json.loads(done.stdout)

    return run


def only(rows):
    assert len(rows) == 1
    return json.loads(rows[0]["body"])


# ---- The fields of each receiver ----


def test_generic_is_the_message_itself(render):
    m = message()
    assert only(render("generic", m)) == m


def test_generic_shortened_keeps_every_alert_and_drops_the_evidence(render):
    m = message(alert(), alert(43, id="bb"))
    short = only(render("generic", m, short=True))
    assert [a["event_id"] for a in short["data"]["alerts"]] == ["00000000000000aa-42", "bb-43"]
    assert [a["evidence"] for a in short["data"]["alerts"]] == [{}, {}]


def test_slack_has_a_coloured_attachment_with_title_text_and_link(render):
    [a] = only(render("slack", message()))["attachments"]
    assert a["title"] == a["fallback"] == "CRITICAL shop: slot s1 is 93 s behind"
    assert a["title_link"] == "https://wiki.example/lag"
    assert a["color"] == "#d32f2f" and a["ts"] == NOW
    assert a["text"].split("\n") == ["slot s1 is 93 s behind", "threshold &gt; 60 s, value 93 s", "slot = s1, lag_s = 93.2", "look at the network"]


def test_slack_is_green_when_resolved_and_says_why(render):
    [a] = only(render("slack", message(alert(state="resolved", reason="below"), type="alert.resolved")))["attachments"]
    assert a["color"] == "#2e7d32"
    assert "below" in a["text"].split("\n")


def test_slack_escapes_exactly_three_characters(render):
    [a] = only(render("slack", message(alert(title="<a> & \"b\" 'c'"))))["attachments"]
    assert a["title"] == "&lt;a&gt; &amp; \"b\" 'c'"


@pytest.mark.parametrize("state, type, ack, action", [
    ("firing", "alert.firing", None, "trigger"), ("firing", "alert.updated", None, "trigger"), ("firing", "alert.repeat", None, "trigger"),
    ("firing", "alert.acknowledged", None, "acknowledge"), ("firing", "alert.repeat", {"by": "eva"}, "acknowledge"),
    ("resolved", "alert.resolved", None, "resolve"), ("resolved", "alert.resolved", {"by": "eva"}, "resolve"),
])
def test_pagerduty_finds_the_incident_by_the_alerts_id(render, state, type, ack, action):
    event = only(render("pagerduty", message(alert(state=state, ack=ack), type=type)))
    assert event["event_action"] == action
    assert event["dedup_key"] == "00000000000000aa" and event["routing_key"] == "s3cret"
    if action != "trigger":
        assert set(event) == {"routing_key", "event_action", "dedup_key"}
        return
    payload = event["payload"]
    assert payload["summary"] == "CRITICAL shop: slot s1 is 93 s behind"
    assert (payload["source"], payload["severity"], payload["class"]) == ("shop", "critical", "replication_lag")
    assert payload["timestamp"] == "2026-08-01T12:00:00Z"
    assert payload["custom_details"]["evidence"] == {"slot": "s1", "lag_s": 93.2, "query": None}
    assert event["links"] == [{"href": "https://wiki.example/lag", "text": "runbook"}]


def test_pagerduty_gets_one_request_per_alert(render):
    rows = render("pagerduty", message(alert(), alert(7, "resolved", id="bb")))
    assert [(e["dedup_key"], e["event_action"]) for e in (json.loads(r["body"]) for r in rows)] == [("00000000000000aa", "trigger"), ("bb", "resolve")]


def changes():
    """One alert that fired and ended within the wait of its group."""
    fired = alert(42, previous_severity="ok")
    ended = alert(43, "resolved", previous_state="firing", title="RESOLVED shop: slot s1 is 93 s behind", reason="below", resolved_at="2026-08-01T12:00:10Z")
    return message(fired, ended, type="alert.group")


def grown():
    """One alert that a receiver knows, and that got worse and ended within the wait of its group."""
    worse = alert(42, previous_state="firing", previous_severity="warning")
    return message(worse, *changes()["data"]["alerts"][1:], type="alert.group")


def test_pagerduty_is_told_each_change_of_one_alert_in_order(render):
    events = [json.loads(r["body"]) for r in render("pagerduty", grown())]
    assert [(e["dedup_key"], e["event_action"]) for e in events] == [("00000000000000aa", "trigger"), ("00000000000000aa", "resolve")]


@pytest.mark.parametrize("format, name", [("pagerduty", "dedup_key"), ("opsgenie", "alias")])
def test_nobody_is_paged_for_what_was_over_before_it_could_be_told(render, format, name):
    assert render(format, changes()) == []
    both = render(format, message(alert(7, id="bb"), *changes()["data"]["alerts"], type="alert.group"))
    assert [json.loads(r["body"])[name] for r in both] == ["bb"]
    again = alert(44, id="00000000000000aa")  # it is there again
    assert len(render(format, message(*changes()["data"]["alerts"], again, type="alert.group"))) == 3


def test_what_was_over_before_it_could_be_told_is_information_to_others(render):
    [row] = render("ntfy", changes())
    assert "Priority: 2" in row["headers"] and "RESOLVED" in row["body"]
    assert [a["number"] for a in json.loads(render("generic", changes())[0]["body"])["data"]["alerts"]] == [42, 43]


def test_slack_shows_each_change_of_one_alert_in_order(render):
    attachments = only(render("slack", changes()))["attachments"]
    assert [(a["title"], a["color"]) for a in attachments] == [
        ("CRITICAL shop: slot s1 is 93 s behind", "#d32f2f"), ("RESOLVED shop: slot s1 is 93 s behind", "#2e7d32")]


def test_alertmanager_is_told_the_end_last_and_not_again(render):
    rows = render("alertmanager", changes())
    assert [r["alert"] for r in rows] == ["00000000000000aa"] * 2
    assert rows[-1]["again"] is None
    assert json.loads(rows[-1]["body"])[0]["endsAt"] == "2026-08-01T12:00:10Z"


def test_opsgenie_creates_then_closes_one_alert(render):
    rows = render("opsgenie", grown())
    assert [r["url"].endswith("/close?identifierType=alias") for r in rows] == [False, True]


def test_alertmanager_gets_a_bare_array_with_a_lease_of_four_minutes(render):
    [row] = render("alertmanager", message())
    [a] = json.loads(row["body"])
    assert a["labels"] == {"alertname": "replication_lag", "target": "shop", "severity": "critical", "slot": "s1"}
    assert (a["startsAt"], a["endsAt"]) == ("2026-08-01T12:00:00Z", "2026-08-01T12:04:00Z")
    assert all(isinstance(v, str) for v in a["annotations"].values())
    assert row["url"] == "http://receiver/hook/api/v2/alerts"
    assert row["alert"] == "00000000000000aa"
    assert [x["event_id"] for x in json.loads(row["again"])["data"]["alerts"]] == ["00000000000000aa-42"]


def test_alertmanager_ends_the_old_severity_when_it_changes(render):
    [row] = render("alertmanager", message(alert(previous_severity="warning"), type="alert.updated"))
    ends = {a["labels"]["severity"]: a["endsAt"] for a in json.loads(row["body"])}
    assert ends == {"critical": "2026-08-01T12:04:00Z", "warning": "2026-08-01T12:00:00Z"}
    [again] = render("alertmanager", json.loads(row["again"]))
    assert [a["labels"]["severity"] for a in json.loads(again["body"])] == ["critical"]


def test_alertmanager_is_told_the_end_once(render):
    [row] = render("alertmanager", message(alert(state="resolved"), type="alert.resolved"))
    assert [a["endsAt"] for a in json.loads(row["body"])] == ["2026-08-01T12:05:00Z"]
    assert row["again"] is None


def test_alertmanager_never_gets_an_end_before_the_start(render):
    late = alert(state="resolved", fired_at="2026-08-01T13:00:00Z")
    [row] = render("alertmanager", message(late, type="alert.resolved"))
    [a] = json.loads(row["body"])
    assert a["startsAt"] <= a["endsAt"]


def test_alertmanager_labels_are_names_with_texts(render):
    labels = {"ok": 5, "not ok": "x", "1": "x", "severity": "mine", "empty": None, "": "x"}
    [row] = render("alertmanager", message(alert(labels=labels)))
    [a] = json.loads(row["body"])
    assert a["labels"] == {"alertname": "replication_lag", "target": "shop", "severity": "critical", "ok": "5"}


def test_prometheus_is_version_4_of_the_webhook(render):
    body = only(render("prometheus", message(alert(), alert(7, "resolved", id="bb"))))
    assert (body["version"], body["status"], body["truncatedAlerts"]) == ("4", "firing", 0)
    assert body["groupLabels"] == {"target": "shop"} and isinstance(body["groupKey"], str)
    assert [(a["status"], a["endsAt"], a["fingerprint"]) for a in body["alerts"]] == [
        ("firing", "0001-01-01T00:00:00Z", "00000000000000aa"), ("resolved", "2026-08-01T12:05:00Z", "bb")]
    assert only(render("prometheus", message(alert(state="resolved"))))["status"] == "resolved"


def test_ntfy_has_headers_and_a_plain_text(render):
    [row] = render("ntfy", message())
    assert row["content_type"] == "text/plain; charset=utf-8"
    assert row["headers"].split("\n") == ["Title: CRITICAL shop: slot s1 is 93 s behind", "Priority: 5", "Tags: rotating_light",
                                          "Click: https://wiki.example/lag", "Authorization: Bearer s3cret"]
    assert row["body"].startswith("slot s1 is 93 s behind\nthreshold > 60 s")


def test_discord_waits_for_the_answer_and_mentions_nobody(render):
    [row] = render("discord", message(alert(title="@everyone")))
    body = json.loads(row["body"])
    assert row["url"] == "http://receiver/hook?wait=true"
    assert body["allowed_mentions"] == {"parse": []}
    assert body["embeds"][0]["color"] == 0xd32f2f


def test_teams_is_an_adaptive_card(render):
    [a] = only(render("teams", message()))["attachments"]
    card = a["content"]
    assert a["contentType"] == "application/vnd.microsoft.card.adaptive"
    assert (card["type"], card["body"][0]["color"], card["body"][0]["wrap"]) == ("AdaptiveCard", "Attention", True)
    assert card["actions"] == [{"type": "Action.OpenUrl", "title": "Runbook", "url": "https://wiki.example/lag"}]


def test_opsgenie_creates_and_closes_by_alias(render):
    [row] = render("opsgenie", message())
    body = json.loads(row["body"])
    assert (body["alias"], body["priority"]) == ("00000000000000aa", "P1")
    assert row["headers"] == "Authorization: GenieKey s3cret"
    [row] = render("opsgenie", message(alert(state="resolved"), type="alert.resolved"))
    assert row["url"] == "http://receiver/hook/00000000000000aa/close?identifierType=alias"


# ---- What holds for all of them ----

FORMATS = ["generic", "slack", "pagerduty", "alertmanager", "prometheus", "ntfy", "discord", "teams", "opsgenie"]


def strings(x):
    if isinstance(x, str):
        yield x
    elif isinstance(x, (dict, list)):
        for v in x.values() if isinstance(x, dict) else x:
            yield from strings(v)


def check_limits(format, rows):
    """Section 2 of what the vendors document."""
    for row in rows:
        raw, body = row["body"], None if format == "ntfy" else json.loads(row["body"])
        size = len(raw.encode())
        if format == "slack":
            assert len(body["attachments"]) <= 11
            for a in body["attachments"]:
                assert len(a.get("title", "")) <= 1024 and len(a["text"]) <= 3000
        elif format == "pagerduty":
            assert size <= 512 * 1000 and len(body["dedup_key"]) <= 255
            if body["event_action"] == "trigger":
                assert 0 < len(body["payload"]["summary"]) <= 1024 and body["payload"]["source"]
        elif format == "ntfy":
            assert size <= 4096
            assert all(": " in line and len(line) < 2000 for line in row["headers"].split("\n"))
        elif format == "discord":
            embeds = body["embeds"]
            assert len(embeds) <= 10 and sum(len(e["title"]) + len(e["description"]) for e in embeds) <= 6000
            assert all(len(e["title"]) <= 256 and len(e["description"]) <= 4096 for e in embeds) and len(body["content"]) <= 2000
        elif format == "teams":
            assert size <= 27000
        elif format == "opsgenie" and "alias" in body:
            assert len(body["message"]) <= 130 and len(body["alias"]) <= 512 and len(body["description"]) <= 15000
            assert sum(map(len, strings(body["details"]))) <= 8000


def hostile_alert(text, number):
    """Every text that is not ours is TEXT."""
    return alert(number, id=f"{number:016x}", title=text, summary=text, threshold=text, value_text=text, action=text, reason=text,
                 target=text, runbook_url=text, labels={"k": text, text[:50]: "v"}, evidence={"query": text, text[:50]: 1})


@pytest.mark.parametrize("name", HOSTILE)
@pytest.mark.parametrize("format", FORMATS)
def test_hostile_texts_stay_texts_and_within_limits(render, format, name):
    text = HOSTILE[name] * 100
    for short in (False, True):
        rows = render(format, message(*(hostile_alert(text, n) for n in range(24)), text=text), short)
        assert rows
        check_limits(format, rows)
        for row in rows:
            assert not any(line.startswith("X-Evil") for line in (row.get("headers") or "").split("\n"))


@pytest.mark.parametrize("format", FORMATS)
def test_nothing_that_a_terminal_or_a_chat_obeys_is_in_what_people_read(render, format):
    text = "a\x1b[31mb\u202ec\x07\x9bd"
    if format == "generic":  # programs are told exactly
        [row] = render(format, message(hostile_alert(text, 1)))
        assert json.loads(row["body"])["data"]["alerts"][0]["evidence"]["query"] == text
        return
    for row in render(format, message(hostile_alert(text, 1), text=text)):
        body = row["body"] if format == "ntfy" else json.loads(row["body"])
        for x in [body] if format == "ntfy" else strings(without_labels(body)):
            assert not set(text) & set(x) & set("\x1b\u202e\x07\x9b"), x
        assert not set(row.get("headers") or "") & set("\x1b\u202e\x07\x9b")


def without_labels(x):
    """What identifies an alert, and what a program is told of it, is exact."""
    if isinstance(x, dict):
        return {k: without_labels(v) for k, v in x.items() if k not in ("labels", "evidence", "groupLabels", "commonLabels", "groupKey", "links", "runbook_url")}
    return [without_labels(v) for v in x] if isinstance(x, list) else x


@pytest.mark.parametrize("format", [f for f in FORMATS if f != "generic"])
def test_a_message_of_nearly_a_megabyte_is_cut_not_refused(render, format):
    text = "\U0001f525\"\\\n" * 12000
    rows = render(format, message(hostile_alert(text, 1), text=text))
    check_limits(format, rows)


@pytest.mark.parametrize("format", FORMATS)
def test_a_test_message_without_alerts_arrives_everywhere(render, format):
    m = {"id": "t1", "type": "test", "timestamp": "2026-08-01T12:00:00Z", "source": "host", "text": "a test of dbvitals", "data": {}}
    rows = render(format, m)
    assert len(rows) == 1
    assert "a test of dbvitals" in rows[0]["body"] + (rows[0].get("headers") or "")
    check_limits(format, rows)
    if format == "alertmanager":
        assert rows[0]["again"] is None


@pytest.mark.parametrize("format", FORMATS)
def test_texts_are_cut_at_a_character(render, format):
    for row in render(format, message(alert(title="\U0001f525" * 5000))):
        assert "\ufffd" not in row["body"] and "\ufffd" not in (row.get("headers") or "")
