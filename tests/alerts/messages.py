"""Generic messages as alerts/notify makes them (docs/alerts.md)."""
import json

NOW = 1785585600  # what `send render` says the time is: 2026-08-01T12:00:00Z


def alert(number=42, state="firing", severity="critical", id="00000000000000aa", **more):
    a = {
        "id": id, "event_id": f"{id}-{number}", "number": number, "rule": "replication_lag", "target": "shop", "state": state,
        "previous_state": "pending", "reason": "threshold", "severity": severity, "previous_severity": "ok", "labels": {"slot": "s1"},
        "title": "CRITICAL shop: slot s1 is 93 s behind", "summary": "slot s1 is 93 s behind", "threshold": "> 60 s", "value": 93.2,
        "value_text": "93 s", "unit": "s", "evidence": {"slot": "s1", "lag_s": 93.2, "query": None}, "action": "look at the network",
        "runbook_url": "https://wiki.example/lag", "active_at": "2026-08-01T11:59:00Z", "fired_at": "2026-08-01T12:00:00Z",
        "resolved_at": "2026-08-01T12:05:00Z" if state == "resolved" else None, "repeat": 0, "count": 1, "ack": None, "flapping": False}
    a.update(more)
    return a


def message(*alerts, type="alert.firing", **more):
    alerts = alerts or (alert(),)
    m = {"id": alerts[0]["event_id"] if alerts[0] else "t1", "type": type, "timestamp": "2026-08-01T12:00:00.123Z", "source": "host",
         "text": "CRITICAL shop: slot s1 is 93 s behind"}
    if alerts[0]:
        status = "firing" if any(a["state"] == "firing" for a in alerts) else "resolved"
        m["data"] = {"status": status, "group": {"target": "shop"}, "count": len(alerts), "alerts": list(alerts)}
    m.update(more)
    return m


def write(path, m):
    path.write_text(json.dumps(m, ensure_ascii=False, separators=(",", ":")), encoding="utf-8")
    return path
