"""A dashboard with --notify delivers as a guard does; without it tells nobody."""
import sqlite3
import subprocess

import pytest

import screen
import servers
from guarding import told, wait_told


@pytest.fixture
def dashboard(program, guard):
    guard.sections["dashboard"] = {"refresh": "0.25s"}

    def start(*words):
        guard.write()
        return screen.Screen([program, "--config", str(guard.path), *words], rows=30, columns=130, env=guard.env)
    return start


def quit_(s):
    s.send("q")
    assert s.wait_end() == 0


def test_a_dashboard_that_is_told_to_delivers_and_keeps_what_a_guard_takes_over(dashboard, guard, knobs, receiver):
    k = knobs("a")
    with dashboard("--notify") as s:
        s.wait("live")
        k.turn("a", 1)
        wait_told(receiver, "knob", "firing", "warning")
        k.turn("a", 2)
        wait_told(receiver, "knob", "firing", "critical")
        s.send(":page alerts", "enter")
        s.wait(lambda t: "knob" in t and "firing" in t)
        s.send("A")
        s.wait("acknowledge: knob")
        s.send("mine", "enter")
        s.wait("(mine)")
        servers.wait_for(lambda: any(r.json["type"] == "alert.acknowledged" for r in receiver.at("/hook")), 20)
        quit_(s)
    guard.start()
    servers.wait_for(lambda: guard.alerts().get("knob", {}).get("acked_by"), 20)
    k.turn("a", 0)
    wait_told(receiver, "knob", "resolved")
    assert len({t[0::3] for t in told(receiver)}) == 3  # fired, worse, over: each with its id


def test_a_dashboard_without_it_shows_and_tells_nobody(dashboard, guard, knobs, receiver):
    k = knobs("a")
    with dashboard("--no-attach") as s:
        s.wait("live")
        k.turn("a", 2)
        s.wait(lambda t: "1 critical" in t, 20)
        quit_(s)
    assert receiver.requests == [] and not guard.state.exists()


def test_a_delivery_stands_once_whatever_the_number_of_targets(guard, knobs, receiver, tmp_path):
    k = knobs("a")
    sqlite3.connect(tmp_path / "shop.db").close()
    guard.sections["dataset knobs"]["target"] = "shop"
    guard.sections["target shop"]["stack"] = "s"
    guard.sections["target file"] = {"url": f"sqlite:{tmp_path}/shop.db", "stack": "s"}
    guard.start()
    k.turn("a", 1)
    wait_told(receiver, "knob", "firing", "warning")
    servers.wait_for(lambda: len(guard.select("select 1 from deliveries where outcome = 'delivered'")) == 2, 20)  # the row of each target
    page = guard.ask("--page", "alerts").stdout
    pane = page[page.rindex("-- deliveries"):].splitlines()
    assert sum(" ops " in line for line in pane) == 1, page


def test_only_one_delivers_and_who_cannot_says_why(dashboard, guard, knobs, receiver):
    knobs("a")

    def refused(*words):
        done = subprocess.run([guard.program, "--config", guard.path, *words], env=guard.env, capture_output=True, text=True, timeout=30)
        assert done.returncode in (1, 2), done
        return done.stderr
    guard.start()
    guard.wait_log("serving HTTP")
    assert f"a guard has {guard.state} already, and delivers" in refused("--notify")
    assert "--notify" in refused("--notify", "--attach", guard.socket)
    guard.stop()
    del guard.sections["webhook ops"]
    guard.write()
    assert "[webhook" in refused("--notify")
