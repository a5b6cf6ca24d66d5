"""Delivery to receivers that hang, reset, refuse, lie: what arrives, in which order, how often, and what is told of it."""
import base64
import hashlib
import hmac
import os
import socket
import subprocess
import threading
import time
import urllib.parse
from email.utils import formatdate

import pytest

from messages import alert, message, write
from receiver import Receiver, self_signed

SECRET = "whsec_MfKQ9r8GKYqrTwjUPD8ILPZIo2LaLaSw"


def hook(receiver, path="/hook", **more):
    return {"url": receiver.url + path, "format": "generic", "timeout": 1, **more}


def resolved(number, id="00000000000000aa"):
    return message(alert(number, "resolved", id=id), type="alert.resolved")


def fired(number, id="00000000000000aa", type="alert.firing"):
    return message(alert(number, id=id), type=type)


# ---- What arrives ----


def test_a_message_arrives_signed_with_its_id(sender, receiver):
    sender.start(ops=hook(receiver, secret=SECRET))
    sender.row("ops", fired(1))
    [r] = receiver.wait("/hook", 1)
    assert sender.attempt(1) == ("done", 200, "HTTP 200")
    assert r.json == fired(1)
    assert r.headers["Content-Type"] == "application/json"
    assert r.headers["User-Agent"].startswith("dbvitals/")
    assert r.headers["webhook-id"] == "00000000000000aa-1"
    stamp = r.headers["webhook-timestamp"]
    assert abs(int(stamp) - time.time()) < 30
    key = base64.b64decode(SECRET[6:])
    digest = hmac.new(key, f"{r.headers['webhook-id']}.{stamp}.".encode() + r.body, hashlib.sha256).digest()
    assert r.headers["webhook-signature"] == "v1," + base64.b64encode(digest).decode()


def test_a_retry_has_the_same_id(sender, receiver):
    receiver.answers["/hook"] = [500, 200]
    sender.start(ops=hook(receiver, secret=SECRET))
    sender.row("ops")
    assert [r.headers["webhook-id"] for r in receiver.wait("/hook", 2)] == ["00000000000000aa-1"] * 2


def test_connections_are_used_again(sender, receiver):
    sender.start(ops=hook(receiver))
    for n in range(1, 6):
        sender.row("ops", fired(n))
    receiver.wait("/hook", 5)
    assert receiver.connections == 1


def test_a_secret_command_is_run_once(sender, receiver, tmp_path):
    sender.start(ops=hook(receiver, secret_command=f"echo x >> {tmp_path}/runs; echo {SECRET}"))
    for n in range(1, 4):
        sender.row("ops", fired(n))
    assert all(r.headers["webhook-signature"].startswith("v1,") for r in receiver.wait("/hook", 3))
    assert (tmp_path / "runs").read_text() == "x\n"


def test_a_secret_command_that_fails_is_told_and_holds_the_messages(sender, receiver):
    sender.start(ops=hook(receiver, secret_command="exit 3"))
    sender.row("ops")
    for _ in range(100):
        status = sender.status()["ops"]
        if status["trouble"]:
            break
        time.sleep(0.05)
    assert status["trouble"] == "secret_command failed with exit code 3"
    assert status["waiting"] == 1 and receiver.requests == []
    assert sender.attempts() == [("1", "retry", "0", "secret_command failed with exit code 3")]


def test_a_message_that_waits_for_a_secret_is_given_up_in_its_time(sender, receiver):
    sender.start(ops=hook(receiver, secret_command="exit 3", give_up=7200))
    n = sender.row("ops")
    assert sender.attempt(n)[:2] == ("retry", 0)
    sender.say("later", 3600)
    assert sender.attempt(n)[:2] == ("retry", 0)
    young = sender.row("ops")
    sender.say("later", 3600)
    what, status, detail = sender.attempt(n, "dead")
    assert status == 0 and detail.startswith("given up")
    assert ("dead", str(young)) not in [(a[1], a[0]) for a in sender.attempts()] and sender.status()["ops"]["waiting"] == 1


def test_basic_authentication(sender, receiver):
    sender.start(ops=hook(receiver, user="eva:word"), other=hook(receiver, "/other", user="eva", secret="s3cret", format="alertmanager"))
    sender.row("ops")
    sender.row("other")
    [r] = receiver.wait("/hook", 1)
    assert r.headers["Authorization"] == "Basic " + base64.b64encode(b"eva:word").decode()
    [r] = receiver.wait("/other/api/v2/alerts", 1)
    assert r.headers["Authorization"] == "Basic " + base64.b64encode(b"eva:s3cret").decode()


def test_a_custom_select_makes_the_body(sender, receiver):
    sql = "select json_object('t', title, 'by', :user) as body, 'X-Mine: 1' || char(10) || 'X-Bad: a' || char(13) || 'b' as headers, 'PUT' as method from alert"
    receiver.server.RequestHandlerClass.do_PUT = receiver.server.RequestHandlerClass.do_POST
    sender.start(ops=hook(receiver, format="custom", sql=sql, user="eva"))
    sender.row("ops")
    [r] = receiver.wait("/hook", 1)
    assert r.json == {"t": "CRITICAL shop: slot s1 is 93 s behind", "by": "eva"}
    assert (r.headers["X-Mine"], r.headers["X-Bad"]) == ("1", "a b")


def test_a_select_that_fails_ends_in_the_dead_letters_and_says_why(sender, receiver):
    sender.start(ops=hook(receiver, format="custom", sql="select json_extract('{', '$') as body"))
    n = sender.row("ops")
    for _ in range(4):
        assert sender.attempt(n)[0] == "retry"
        sender.say("later", 600)
    what, _, detail = sender.attempt(n)
    assert what == "dead" and "format custom: malformed JSON" in detail


# ---- Failures that may pass ----


@pytest.mark.parametrize("answer, told", [
    ("hang", "127.0.0.1: no complete answer within 1 s"), ("slow", "127.0.0.1: no complete answer within 1 s"),
    ("reset", "127.0.0.1: the connection was cut before the answer was complete; a port that wants https:// does so"),
    ("cut", "127.0.0.1: the connection was cut before the answer was complete"),
    ((500, {}, "oops"), "HTTP 500: oops"), (503, "HTTP 503"), (408, "HTTP 408"), (425, "HTTP 425")])
def test_it_is_tried_again_until_it_works(sender, receiver, answer, told):
    receiver.answers["/hook"] = [answer, answer, 200]
    sender.start(ops=hook(receiver))
    n = sender.row("ops")
    status = 0 if isinstance(answer, str) else answer[0] if isinstance(answer, tuple) else answer
    assert sender.attempt(n) == ("retry", status, told)
    assert sender.status()["ops"]["trouble"] == told
    assert sender.attempt(n) == ("retry", status, told)
    assert sender.attempt(n) == ("done", 200, "HTTP 200")
    assert sender.status()["ops"]["trouble"] == ""


def test_nobody_listens_yet(sender, receiver):
    with socket.socket() as free:
        free.bind(("127.0.0.1", 0))
        port = free.getsockname()[1]
    sender.start(ops={"url": f"http://127.0.0.1:{port}/hook", "format": "generic"})
    n = sender.row("ops")
    assert sender.attempt(n) == ("retry", 0, "127.0.0.1: no connection: Connection refused")


@pytest.mark.parametrize("when", ["seconds", "date"])
def test_retry_after_is_the_least_wait(sender, receiver, when):
    value = "30" if when == "seconds" else formatdate(time.time() + 30, usegmt=True)
    receiver.answers["/hook"] = [(503, {"Retry-After": value}, ""), 200]
    sender.start(ops=hook(receiver))
    n = sender.row("ops")
    assert sender.attempt(n)[:2] == ("retry", 503)
    assert 25 < sender.status()["ops"]["next_s"] < 33
    sender.say("later", 25)
    assert sender.status()["ops"]["waiting"] == 1
    sender.say("later", 10)
    assert sender.attempt(n)[:2] == ("done", 200)


def test_429_pauses_the_whole_webhook_and_no_other(sender, receiver):
    receiver.answers["/hook"] = [(429, {"Retry-After": "60"}, ""), 200]
    sender.start(ops=hook(receiver), chat=hook(receiver, "/chat"))
    n = sender.row("ops", fired(1))
    assert sender.attempt(n)[:2] == ("retry", 429)
    other, same = sender.row("chat", fired(2)), sender.row("ops", fired(3, "bb"))
    assert sender.attempt(other)[:2] == ("done", 200)
    assert len(receiver.at("/hook")) == 1
    sender.say("later", 70)
    assert {sender.attempt(what="done")[0], sender.attempt(what="done")[0]} == {"done"}
    assert {r.event for r in receiver.at("/hook")} == {"00000000000000aa-1", "bb-3"} and same


def test_it_is_given_up_after_a_day(sender, receiver):
    receiver.answers["/hook"] = [500]
    sender.start(ops=hook(receiver))
    n = sender.row("ops")
    assert sender.attempt(n)[0] == "retry"
    sender.say("later", 86400)
    assert sender.attempt(n)[:2] == ("dead", 500)
    assert sender.status()["ops"]["dead"] == 1


# ---- Failures that will not pass ----


@pytest.mark.parametrize("status", [301, 302, 307, 400, 401, 403, 404, 405, 415, 422])
def test_it_is_dead_at_once_with_what_the_receiver_said(sender, receiver, status):
    receiver.answers["/hook"] = [(status, {"Location": receiver.url + "/elsewhere"}, "invalid\n\x1b[31m payload \u202e")]
    sender.start(ops=hook(receiver))
    what, code, detail = sender.attempt(sender.row("ops"))
    assert (what, code) == ("dead", status)
    assert detail.startswith(f"HTTP {status}: invalid") and "\x1b" not in detail and "\u202e" not in detail
    assert sender.status()["idle"]
    assert [r.path for r in receiver.requests] == ["/hook"]


def test_neither_url_nor_secret_is_in_what_is_told(sender, receiver):
    path = "/services/T00/B00/planted-token"
    receiver.answers[path] = [(400, {}, f"bad key planted-secret at {receiver.url}{path} planted-secret"), "hang"]
    sender.start(ops=hook(receiver, path, format="pagerduty", secret="planted-secret"))
    _, _, detail = sender.attempt(sender.row("ops"))
    _, _, hung = sender.attempt(sender.row("ops", fired(2, "bb")))
    assert detail == "HTTP 400: bad key *** at *** ***"
    assert "planted" not in hung
    assert "planted" not in str(sender.status()) and "planted" not in sender.stop()


def test_what_a_receiver_repeats_of_the_request_is_not_told(sender, receiver):
    def echo(handler):
        said = "|".join([f"Cannot POST {handler.path}", urllib.parse.unquote(handler.path), handler.path.replace("/", "\\/"), *handler.path.split("/"),
                         *(f"{name}={value}" for name, value in handler.headers.items() if name.lower() in ("authorization", "webhook-signature", "x-token"))]).encode()
        handler.send_response(400)
        handler.send_header("Content-Length", str(len(said)))
        handler.end_headers()
        handler.wfile.write(said)
        told.append(said.decode())

    told = []
    path = "/services/T000/planted%2Dpath1?key=planted%2Dquery"
    receiver.answers[path] = [echo]
    login = receiver.url.replace("http://", "http://robot:planted%2Dlogin@")
    sender.start(ops=hook(receiver, path, url=login + path, secret="planted-secret"),
                 named=hook(receiver, path, user="robot:planted-user"),
                 own=hook(receiver, path, format="custom", secret="planted-secret",
                          sql="select :message as body, 'X-Token: planted-token' as headers"))
    for webhook in ("ops", "named", "own"):
        what, status, detail = sender.attempt(sender.row(webhook))
        assert (what, status) == ("dead", 400) and detail.startswith("HTTP 400: Cannot POST ***")
        logins = [base64.b64encode(f"robot:planted-{part}".encode()).decode()[:20] for part in ("login", "user")]
        signed = [r.headers.get("webhook-signature") or "none" for r in receiver.requests]
        for secret in ["planted", *logins, *signed]:
            assert secret not in detail
    assert "planted" not in str(sender.status())
    assert "planted-query" in told[0] and "Basic" in told[0] and "v1," in told[0] and "planted-token" in told[2]


def test_410_switches_the_webhook_off_until_the_config_is_read_again(sender, receiver):
    receiver.answers["/hook"] = [410, 200]
    sender.start(ops=hook(receiver))
    n, waits = sender.row("ops", fired(1)), sender.row("ops", fired(2))
    assert sender.attempt(n)[:2] == ("dead", 410)
    new = sender.row("ops", fired(3, "bb"))
    for number in (waits, new):  # nothing waits for a receiver that nobody asks
        assert sender.attempt(number) == ("dead", 0, "not sent: the webhook is off since it said 410")
    status = sender.status()
    assert status["ops"]["off"] and status["ops"]["waiting"] == 0 and status["idle"] and status["ops"]["trouble"].startswith("HTTP 410")
    assert len(receiver.at("/hook")) == 1
    sender.say("reload", sender.config(ops=hook(receiver)))
    assert sender.attempt(sender.row("ops", resolved(4, "bb")))[:2] == ("dead", 0)  # its firing was never told
    assert sender.attempt(sender.row("ops", fired(5, "cc")))[:2] == ("done", 200)


def test_a_dead_firing_takes_its_resolve_with_it(sender, receiver):
    receiver.answers["/hook"] = [404, 200]
    sender.start(ops=hook(receiver))
    first, end = sender.row("ops", fired(1)), sender.row("ops", resolved(2))
    assert sender.attempt(first)[:2] == ("dead", 404)
    assert sender.attempt(end)[:2] == ("dead", 0)
    again, later = sender.row("ops", fired(3)), sender.row("ops", resolved(4))
    assert sender.attempt(again)[0] == "done"
    assert sender.attempt(later)[0] == "done"


def test_the_next_firing_does_not_suffer(sender, receiver):
    receiver.answers["/hook"] = [404, 200]
    sender.start(ops=hook(receiver))
    for m in (fired(1), resolved(2), fired(3), resolved(4)):
        sender.row("ops", m)
    assert [sender.attempt(n)[0] for n in (1, 2, 3, 4)] == ["dead", "dead", "done", "done"]


def test_an_escalation_that_arrives_has_its_resolve(sender, receiver):
    receiver.answers["/hook"] = [404, 200]
    sender.start(ops=hook(receiver))
    for m in (fired(1), fired(2, type="alert.updated"), resolved(3)):
        sender.row("ops", m)
    assert [sender.attempt(n)[0] for n in (1, 2, 3)] == ["dead", "done", "done"]


def test_a_dead_repeat_does_not_take_the_resolve(sender, receiver):
    receiver.answers["/hook"] = [200, 404, 200]
    sender.start(ops=hook(receiver))
    for m in (fired(1), fired(2, type="alert.repeat"), resolved(3)):
        sender.row("ops", m)
    assert [sender.attempt(n)[0] for n in (1, 2, 3)] == ["done", "dead", "done"]


def test_of_several_requests_one_that_is_refused_spoils_no_other(sender, receiver):
    receiver.answers["/hook"] = [202, 400, 202]
    sender.start(ops=hook(receiver, format="pagerduty", secret="k"))
    ids = ["aa", "bb", "cc"]
    group = sender.row("ops", message(*(alert(n, id=id) for n, id in enumerate(ids)), type="alert.firing"))
    assert sender.attempt(group)[:2] == ("dead", 400)
    assert [r.json["dedup_key"] for r in receiver.at("/hook")] == ids
    assert sender.attempt(sender.row("ops", resolved(9, "cc")))[:2] == ("done", 202)


def test_what_was_taken_is_not_sent_again_with_what_was_not(sender, receiver):
    receiver.answers["/hook"] = [202, 500, 202]
    sender.start(ops=hook(receiver, format="pagerduty", secret="k"))
    group = sender.row("ops", message(*(alert(n, id=id) for n, id in enumerate(["aa", "bb"]))))
    assert [sender.attempt(group)[:2], sender.attempt(group)[:2]] == [("retry", 500), ("done", 202)]
    assert [r.json["dedup_key"] for r in receiver.at("/hook")] == ["aa", "bb", "bb"]


def test_413_is_tried_once_more_shorter(sender, receiver):
    receiver.answers["/hook"] = [413, 200]
    sender.start(ops=hook(receiver))
    n = sender.row("ops")
    assert [sender.attempt(n)[:2], sender.attempt(n)[:2]] == [("retry", 413), ("done", 200)]
    long, short = receiver.at("/hook")
    assert len(short.body) < len(long.body)
    receiver.answers["/hook"] = [413]
    n = sender.row("ops", fired(2))
    assert [sender.attempt(n)[:2], sender.attempt(n)[:2]] == [("retry", 413), ("dead", 413)]


def test_slack_must_say_ok_and_pagerduty_202(sender, receiver):
    receiver.answers.update({"/slack": [(200, {}, "ok"), (200, {}, "<html>welcome")], "/pd": [202, 200]})
    sender.start(slack=hook(receiver, "/slack", format="slack"), pd=hook(receiver, "/pd", format="pagerduty", secret="k"))
    assert sender.attempt(sender.row("slack", fired(1)))[:2] == ("done", 200)
    assert sender.attempt(sender.row("slack", fired(2, "bb"))) == ("dead", 200, "HTTP 200, but ok was expected: <html>welcome")
    assert sender.attempt(sender.row("pd", fired(3)))[:2] == ("done", 202)
    assert sender.attempt(sender.row("pd", fired(4, "bb"))) == ("dead", 200, "HTTP 200, but 202 was expected")


def test_a_message_too_large_for_any_receiver_is_dead_not_lost_in_silence(sender, receiver):
    sender.start(ops=hook(receiver))
    n = sender.row("ops", message(alert(summary="x" * 1000000)))
    assert sender.attempt(n) == ("dead", 0, "the message is larger than 900 kB")


def test_rows_of_a_webhook_that_is_gone_are_dead(sender, receiver):
    receiver.answers["/hook"] = ["hang"]
    sender.start(ops=hook(receiver), chat=hook(receiver, "/chat"))
    n = sender.row("ops")
    receiver.wait("/hook", 1)
    sender.say("reload", sender.config(chat=hook(receiver, "/chat")))
    assert sender.attempt(n) == ("dead", 0, "the webhook is no longer in the config")
    assert sender.attempt(sender.row("ops"))[0] == "dead"


# ---- Order ----


def test_one_alert_in_order_whatever_fails(sender, receiver):
    receiver.answers["/hook"] = [500, 503, 200, 500, 200, "reset", 200]
    sender.start(ops=hook(receiver))
    for m in (fired(1), fired(2, type="alert.updated"), resolved(3)):
        sender.row("ops", m)
    assert sender.attempt(3, "done")
    assert [r.event[-1] for r in receiver.at("/hook")] == list("1112233")


def test_a_group_waits_for_each_of_its_alerts(sender, receiver):
    receiver.answers["/hook"] = [500, 200]
    sender.start(ops=hook(receiver))
    first = sender.row("ops", fired(1, "aa"))
    group = sender.row("ops", message(alert(2, id="aa"), alert(3, id="bb"), type="alert.group"))
    alone = sender.row("ops", fired(4, "bb"))
    assert sender.attempt(alone)[0] == "done"
    done = [int(n) for n, what, *_ in sender.attempts() if what == "done"]
    assert done == [first, group, alone]


def test_alerts_go_side_by_side_four_at_a_time(sender, receiver):
    receiver.answers["/hook"] = ["hang"]
    sender.start(ops=hook(receiver, timeout=30))
    for n in range(12):
        sender.row("ops", fired(n, f"{n:016x}"))
    receiver.wait("/hook", 4)
    assert sender.status()["ops"]["waiting"] == 12
    assert receiver.most_at_once == 4 == len(receiver.at("/hook"))


def test_a_hanging_receiver_delays_no_other(sender, receiver):
    receiver.answers["/hook"] = ["hang"]
    sender.start(ops=hook(receiver, timeout=30), chat=hook(receiver, "/chat"))
    for n in range(8):
        sender.row("ops", fired(n, f"{n:016x}"))
    receiver.wait("/hook", 4)
    for n in range(50):
        sender.row("chat", fired(n))
    assert [r.event.split("-")[1] for r in receiver.wait("/chat", 50)] == [str(n) for n in range(50)]
    assert not [w for w in sender.seen if w[0] == "late" and int(w[1]) > 100]


def test_a_receiver_that_is_down_is_not_asked_by_each_message(sender, receiver):
    receiver.answers["/hook"] = [503]
    sender.start(ops=hook(receiver))
    for n in range(200):
        sender.row("ops", fired(n, f"{n:016x}"))
    for _ in range(10):  # each pause ends; four side by side ask then
        before = len(receiver.at("/hook"))
        sender.say("later", 300)
        receiver.wait("/hook", before + 1)
        while sender.status()["ops"]["next_s"] == 0:
            pass
    assert len(receiver.at("/hook")) <= 80


def test_after_an_hour_down_everything_comes_in_order(sender, receiver):
    receiver.answers["/hook"] = [503]
    sender.start(ops=hook(receiver), chat=hook(receiver, "/chat"))
    for n in range(1, 41):
        id = f"{n % 10:016x}"
        sender.row("ops", fired(n, id) if n <= 20 else resolved(n, id))
        sender.row("chat", fired(n, id))
    receiver.wait("/chat", 40)
    for _ in range(12):  # not before the answer was seen: the wait begins then
        sender.attempt(what="retry")
        sender.say("later", 300)
    sender.attempt(what="retry")
    with receiver.changed:
        receiver.answers["/hook"] = [200]
        before = len([r for r in receiver.requests if r.path == "/hook"])
    sender.say("later", 300)
    done = set()
    while len(done) < 40:
        line = sender.until(lambda w: w[0] == "attempt" and w[2] == "done" and int(w[1]) % 2 == 1)
        done.add(line[1])
    last = {}
    for r in receiver.at("/hook")[before:]:
        id, number = r.event.split("-")
        assert int(number) > last.get(id, 0)
        last[id] = int(number)
    assert len(last) == 10


SLOW_NAMES = """
#define _GNU_SOURCE
#include <dlfcn.h>
#include <netdb.h>
#include <string.h>
#include <unistd.h>
int getaddrinfo(const char *host, const char *service, const struct addrinfo *hints, struct addrinfo **found)
{
    int (*real)(const char *, const char *, const struct addrinfo *, struct addrinfo **) = dlsym(RTLD_NEXT, "getaddrinfo");
    if (host == NULL || strstr(host, "dead") == NULL)
        return real(host, service, hints, found);
    sleep(20);
    return EAI_AGAIN;
}
"""


def test_a_dead_name_server_stops_neither_the_loop_nor_another_webhook(sender, receiver, tmp_path):
    (tmp_path / "names.c").write_text(SLOW_NAMES)
    subprocess.run(["cc", "-shared", "-fPIC", "-o", tmp_path / "names.so", tmp_path / "names.c", "-ldl"], check=True)
    env = {**os.environ, "LD_PRELOAD": str(tmp_path / "names.so"), "ASAN_OPTIONS": os.environ.get("ASAN_OPTIONS", "") + ":verify_asan_link_order=0"}
    sender.start(env=env, dead={"url": "http://dead.example/planted", "format": "generic", "timeout": 1}, chat=hook(receiver, "/chat"))
    started = time.monotonic()
    n = sender.row("dead", fired(1))
    for i in range(10):
        sender.row("chat", fired(i))
    receiver.wait("/chat", 10)
    assert sender.attempt(n) == ("retry", 0, "dead.example: no complete answer within 1 s")
    sender.stop()
    assert time.monotonic() - started < 10  # not the 20 s that the look-up takes


# ---- States ----


def test_alertmanager_is_told_again_each_minute_until_it_ends(sender, receiver):
    path = "/api/v2/alerts"
    sender.start(am={"url": receiver.url, "format": "alertmanager", "timeout": 1})
    assert sender.attempt(sender.row("am", fired(1)))[0] == "done"
    sender.say("later", 61)
    first, again = receiver.wait(path, 2)
    sender.settle()
    assert again.json[0]["labels"] == first.json[0]["labels"] and again.json[0]["startsAt"] == first.json[0]["startsAt"]
    sender.say("later", 61)
    receiver.wait(path, 3)
    assert sender.attempt(sender.row("am", resolved(2)))[0] == "done"
    sender.say("later", 61)
    assert sender.status()["idle"]
    assert len(receiver.at(path)) == 4


def test_only_the_newest_state_goes_when_the_receiver_is_back(sender, receiver):
    path = "/api/v2/alerts"
    receiver.answers[path] = [(429, {"Retry-After": "600"}, ""), 200]
    sender.start(am={"url": receiver.url, "format": "alertmanager"})
    one = sender.row("am", fired(1))
    assert sender.attempt(one)[0] == "retry"
    two, three = sender.row("am", fired(2, type="alert.updated")), sender.row("am", resolved(3))
    sender.say("later", 700)
    assert sender.attempt(three)[:2] == ("done", 200)
    told = {int(n): detail for n, what, _, detail in sender.attempts() if what == "done"}
    assert told == {one: "not sent: a newer state follows", two: "not sent: a newer state follows", three: "HTTP 200"}
    assert len(receiver.at(path)) == 2


def test_states_are_told_again_after_a_restart(sender, receiver, tmp_path):
    sender.start(am={"url": receiver.url, "format": "alertmanager"}, ops=hook(receiver))
    path = write(tmp_path / "was.json", fired(1))
    sender.say("resume", "am", "00000000000000aa", path)
    sender.say("resume", "ops", "00000000000000aa", path)
    receiver.wait("/api/v2/alerts", 1)
    sender.settle()
    sender.say("later", 61)
    receiver.wait("/api/v2/alerts", 2)
    assert receiver.at("/hook") == []


# ---- TLS, and single requests ----


@pytest.fixture
def send(build_dir):
    def run(url, timeout=5, most=4096, *headers):
        done = subprocess.run([os.path.join(build_dir, "tests", "send"), "get", url, str(timeout), str(most), *headers], capture_output=True,
                              text=True, timeout=60)
        assert done.returncode == 0, done.stderr
        return done.stdout.rstrip("\n").split("\t")

    return run


def test_a_certificate_that_nobody_vouches_for_is_refused_and_ca_file_mends_it(sender, tmp_path):
    pem = self_signed(tmp_path)
    r = Receiver(certificate=pem)
    try:
        sender.start(ops=hook(r), trusted=hook(r, "/trusted", ca_file=tmp_path / "cert.pem"), none=hook(r, "/none", ca_file="/nowhere"))
        what, status, detail = sender.attempt(sender.row("ops"))
        assert (what, status) == ("retry", 0) and detail.startswith("127.0.0.1: its certificate is not believed")
        assert sender.attempt(sender.row("trusted"))[:2] == ("done", 200)
        assert sender.attempt(sender.row("none"))[2] == "127.0.0.1: ca_file cannot be read"
        assert [x.path for x in r.requests] == ["/trusted"]
    finally:
        r.close()


def test_of_a_long_answer_only_so_much_is_kept(send, receiver):
    receiver.answers["/long"] = [(200, {}, "x" * 1000000)]
    assert send(receiver.url + "/long", 5, 1000)[:3] == ["200", "0", "1000"]


def test_an_endless_answer_is_cut_and_its_status_counts(send, receiver):
    receiver.answers["/endless"] = ["endless"]
    assert send(receiver.url + "/endless", 5, 1000)[:3] == ["200", "0", "1000"]


def test_endless_headers_are_cut(send, receiver):
    def headers(handler):
        handler.wfile.write(b"HTTP/1.1 200 OK\r\n")
        while True:
            handler.wfile.write(b"X-More: " + b"x" * 1000 + b"\r\n")

    receiver.answers["/headers"] = [headers]
    assert send(receiver.url + "/headers")[0] == "0"


@pytest.mark.parametrize("url", ["", "nonsense", "ftp://x/", "file:///etc/passwd", "http://", "https://[::1", "gopher://planted/"])
def test_a_url_that_cannot_be_asked_is_refused_without_being_quoted(send, url):
    refused, why = send(url)
    assert refused == "refused" and "planted" not in why


def test_a_name_that_does_not_exist(send):
    assert send("http://nobody.invalid/planted", 10)[-1] == "nobody.invalid: the name is not known"


def test_a_unix_socket(send, tmp_path):
    path = str(tmp_path / "s")
    with socket.socket(socket.AF_UNIX) as s:
        s.bind(path)
        s.listen()
        def serve():
            c, _ = s.accept()
            c.recv(4096)
            c.sendall(b"HTTP/1.1 204 No Content\r\n\r\n")
            c.close()

        threading.Thread(target=serve, daemon=True).start()
        assert send("unix:" + path)[0] == "204"


def test_no_header_of_ours_can_smuggle_another(send, receiver):
    assert send(receiver.url + "/x", 5, 100, "X-Good: 1", "X-Bad: 1\r\nX-Evil: 1")[0] == "200"
    [r] = receiver.at("/x")
    assert r.headers["X-Good"] == "1" and r.headers["X-Evil"] is None
