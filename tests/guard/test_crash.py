"""The guard is killed at random moments while the receiver fails: nothing is lost, nothing is told twice under two names."""
import os
import random
import time

import pytest

import servers
from guarding import told, wait_told

KILLS = int(os.environ.get("DBVITALS_KILLS", "20"))  # 200 before a release
# As enum change of alerts/machine.h has them: those that somebody is told of.
ACKED, FIRED, ESCALATED, LOWERED, RESOLVED = 0, 2, 3, 4, 5


@pytest.fixture(autouse=True)
def no_test_hangs():
    """This one takes as long as it is asked to."""
    yield


def event_numbers(receiver):
    """alert -> numbers of its transitions as they came first."""
    seen, generations = {}, set()
    for _, _, _, event in told(receiver):
        alert, generation, number = event.split("-")
        generations.add(generation)
        numbers = seen.setdefault(alert, [])
        if int(number) not in numbers:
            numbers.append(int(number))
    assert len(generations) == 1, "the state file is the same one all the time"
    return seen


def test_each_transition_arrives_in_order_and_once_by_its_id_whenever_the_guard_is_killed(guard, knobs, receiver):
    seed = random.randrange(1 << 30)
    chance = random.Random(seed)
    print(f"seed {seed}")

    def fail_a_third(handler):
        status = 500 if chance.random() < 0.3 else 200
        handler.send_response(status)
        handler.send_header("Content-Length", "0")
        handler.end_headers()

    receiver.answers["/hook"] = [fail_a_third]
    names = [f"k{i}" for i in range(16)]  # so many that none changes four times within 21 judgements, however few a life has: that would be flapping
    k = knobs(*names)
    k.server.query("insert into knobs values ('acked', 2)")
    guard.start()
    wait_told(receiver, "knob", "firing", "critical")
    servers.wait_for(lambda: "knob" in guard.alerts(), 20)
    assert guard.ask("alerts", "ack", guard.alerts()["knob"]["alert_id"], "--comment", "seen").returncode == 0
    assert guard.ask("alerts", "silence", "--rule", "other*", "--for", "1d", "--comment", "kept").returncode == 0
    level = {n: 0 for n in names}
    for i in range(KILLS):
        name = names[i % len(names)]
        level[name] = chance.choice([x for x in (0, 1, 2) if x != level[name]])
        k.turn(name, level[name])
        time.sleep(chance.uniform(0.05, 2.0))
        guard.kill()
        watched = guard.log().count("event=watching")  # one that is killed at once never comes to that
        guard.start()
    for name in names:
        k.turn(name, 0)
    guard.wait_log("event=watching", watched + 1)
    servers.wait_for(lambda: guard.rows("select count(*) from alerts where phase <> 0") == [(1,)], 30)
    servers.wait_for(lambda: guard.rows("select count(*) from outbox where dead = 0")[0][0] == 0, 120,
                     lambda: f"not sent: {guard.rows('select number, message_id, attempts from outbox')}")
    row = guard.alerts()["knob"]
    silences = guard.ask("alerts", "silences").stdout
    guard.kill()
    assert row["acked_by"] and "kept" in silences
    events = guard.rows("select alert_id, number, change from events order by seq")
    wanted = {}
    for alert, number, change in events:
        if change in (FIRED, ESCALATED, LOWERED, RESOLVED):
            wanted.setdefault(alert, []).append(number)
    assert {c for _, _, c in events} <= {ACKED, FIRED, ESCALATED, LOWERED, RESOLVED}, "something flapped: the test turns its knobs too often"
    assert len(events) > KILLS / 2
    assert event_numbers(receiver) == wanted
    bodies = {}
    for request in receiver.at("/hook"):  # what is sent again is the same
        assert bodies.setdefault(request.json["id"], request.json["data"]) == request.json["data"]


def test_what_is_pending_goes_on_where_it_stood(guard, knobs, receiver):
    k = knobs("a", **{"for": "4s"})
    guard.start()
    guard.wait_log("target up")
    k.turn("a", 1)
    lives = 0
    while not told(receiver):
        lives += 1
        assert lives < 12, f"it never fired: each start began from nothing\n{guard.log()}"
        guard.wait_log("event=watching", lives)
        end = time.monotonic() + 2
        while time.monotonic() < end and not told(receiver):
            time.sleep(0.05)
        if not told(receiver):
            guard.kill()
            guard.start()
    assert lives > 2  # what ran in one life alone was never enough
