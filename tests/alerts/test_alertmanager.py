"""A real Alertmanager is told: its API shows the alert firing, escalating, resolved."""
import time
from datetime import datetime, timedelta, timezone

import servers
from messages import alert, message


def stamp(ago_s):
    return (datetime.now(timezone.utc) - timedelta(seconds=ago_s)).strftime("%Y-%m-%dT%H:%M:%SZ")


def shown(alertmanager):
    return sorted((a["labels"]["alertname"], a["labels"]["severity"]) for a in alertmanager.alerts())


def tell(sender, *alerts, type="alert.firing"):
    what, status, detail = sender.attempt(sender.row("am", message(*alerts, type=type)))
    assert (what, status) == ("done", 200), detail


def test_an_alert_is_shown_firing_escalating_and_resolved(sender, alertmanager):
    sender.start(am={"url": alertmanager.url, "format": "alertmanager"})
    times = {"active_at": stamp(120), "fired_at": stamp(60)}
    tell(sender, alert(1, severity="warning", **times))
    [a] = alertmanager.alerts()
    assert a["labels"] == {"alertname": "replication_lag", "target": "shop", "severity": "warning", "slot": "s1"}
    assert a["annotations"]["summary"] == "CRITICAL shop: slot s1 is 93 s behind"
    assert a["status"]["state"] == "active"
    lease = datetime.fromisoformat(a["endsAt"]) - datetime.now(timezone.utc)
    assert 200 < lease.total_seconds() <= 241

    tell(sender, alert(2, previous_severity="warning", **times), type="alert.updated")
    servers.wait_for(lambda: shown(alertmanager) == [("replication_lag", "critical")], 10, lambda: shown(alertmanager))

    # As notify tells the end: the level is ok, the one before critical.
    tell(sender, alert(3, "resolved", severity="ok", previous_severity="critical", **{**times, "resolved_at": stamp(0)}), type="alert.resolved")
    servers.wait_for(lambda: shown(alertmanager) == [], 10, lambda: shown(alertmanager))


def test_the_lease_is_renewed(sender, alertmanager):
    sender.start(am={"url": alertmanager.url, "format": "alertmanager"})
    tell(sender, alert(1, fired_at=stamp(60)))
    ends = alertmanager.alerts()[0]["endsAt"]
    time.sleep(1.1)  # leases have whole seconds
    sender.say("later", 61)
    servers.wait_for(lambda: alertmanager.alerts()[0]["endsAt"] > ends)


def test_one_bad_alert_of_a_group_spoils_no_other(sender, alertmanager):
    sender.start(am={"url": alertmanager.url, "format": "alertmanager"})
    group = message(*(alert(n, id=f"{n:016x}", rule=f"rule_{n}", fired_at="nonsense" if n == 3 else stamp(60)) for n in range(1, 6)))
    what, status, detail = sender.attempt(sender.row("am", group))
    assert (what, status) == ("dead", 400) and detail.startswith("HTTP 400: ")
    assert {name for name, _ in shown(alertmanager)} == {"rule_1", "rule_2", "rule_4", "rule_5"}


def test_hostile_texts_are_taken(sender, alertmanager):
    sender.start(am={"url": alertmanager.url, "format": "alertmanager"})
    text = "\"'\\\n\r\x01\U0001f525<&>\u202e" * 20
    tell(sender, alert(1, title=text, summary=text, target=text, labels={"k": text}, evidence={"q": text}, fired_at=stamp(60)))
    assert len(alertmanager.alerts()) == 1
