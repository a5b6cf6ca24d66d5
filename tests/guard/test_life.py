"""Who watches the watcher: signs of life come while it works, and only then. A thread that hangs is held by ptrace, as nothing in it would be."""
import ctypes
import os
import signal

import pytest

import servers
from guarding import Systemd

PTRACE_ATTACH, PTRACE_DETACH = 16, 17
DOWN = {"sql": "select target, iif(state = 'up', 0, 1) as value from targets", "unit": "count", "critical": "> 0"}


def thread_of(pid, name):
    """The thread that calls itself so; the first one has the program's name."""
    for task in os.listdir(f"/proc/{pid}/task"):
        with open(f"/proc/{pid}/task/{task}/comm") as f:
            if f.read().strip() == name:
                return int(task)
    raise AssertionError(f"no thread is called {name}")


class Held:
    """One thread that does not run, while the others do."""

    def __init__(self, thread):
        self.thread, self.libc = thread, ctypes.CDLL(None, use_errno=True)

    def call(self, what):
        self.libc.ptrace.argtypes = [ctypes.c_long, ctypes.c_int, ctypes.c_void_p, ctypes.c_void_p]
        if self.libc.ptrace(what, self.thread, None, None) != 0:
            why = ctypes.get_errno()
            pytest.skip(f"no thread can be held here: ptrace: {os.strerror(why)}")

    def __enter__(self):
        self.call(PTRACE_ATTACH)
        os.waitpid(self.thread, 0x40000000)  # __WALL: a thread is no child of ours

    def __exit__(self, *_):
        self.call(PTRACE_DETACH)


@pytest.fixture
def systemd(tmp_path):
    s = Systemd(tmp_path)
    yield s
    s.socket.close()


@pytest.mark.parametrize("thread", ["dbvitals-query", "dbvitals"], ids=["the query thread", "the loop"])
def test_the_watchdog_is_not_answered_while_a_thread_hangs(guard, knobs, systemd, thread):
    knobs("a")
    guard.env.update(NOTIFY_SOCKET=systemd.path, WATCHDOG_USEC="450000")  # an answer each 150 ms
    guard.start()
    systemd.until("READY=1")
    systemd.until("WATCHDOG=1")
    with Held(thread_of(guard.process.pid, thread)):
        assert systemd.is_silent(1.5)
    systemd.until("WATCHDOG=1")
    assert guard.stop() == 0


def test_the_watchdog_of_another_process_is_not_answered(guard, knobs, systemd):
    knobs("a")
    guard.env.update(NOTIFY_SOCKET=systemd.path, WATCHDOG_USEC="450000", WATCHDOG_PID="1")
    guard.start()
    systemd.until("READY=1")
    assert systemd.is_silent(1)


def beats(receiver):
    return len([r for r in receiver.requests if r.path == "/beat"])


@pytest.mark.waits
def test_the_heartbeat_stops_while_no_rule_comes_to_an_answer_and_comes_back(guard, knobs, receiver):
    knobs("a")
    # One that is never judged is no sign of life.
    guard.sections["rule off"] = {"from": "server", "value": "uptime_s", "warning": "> 0", "enabled": "no"}
    guard.sections["guard"].update(heartbeat_url=f"{receiver.url}/beat", heartbeat_every="1s")
    guard.start()
    servers.wait_for(lambda: beats(receiver) >= 2, 20)
    with Held(thread_of(guard.process.pid, "dbvitals-query")):
        guard.wait_log("no heartbeat: rules are not judged", timeout_s=30)
        n = beats(receiver)
        assert not guard.ended_within(2.5) and beats(receiver) == n
    servers.wait_for(lambda: beats(receiver) >= n + 2, 20)
    guard.signal(signal.SIGTERM)
    assert guard.process.wait(20) == 0


def test_rules_that_only_end_in_errors_are_no_sign_of_life(guard, knobs, receiver):
    k = knobs("a")
    guard.sections.pop("rule knob")
    guard.sections["rule endless"] = {
        "sql": "with recursive n(i) as (select 1 union all select i + 1 from n) select t.target, max(i) as value from n, targets t",
        "unit": "count", "warning": "> 0", "every": "0.5s"}
    guard.sections["guard"].update(heartbeat_url=f"{receiver.url}/beat", heartbeat_every="1s")
    guard.start()
    guard.wait_log("no heartbeat: rules are not judged", timeout_s=30)
    assert k.server.value("select 1") == 1


def asleep(guard, meanwhile):
    """The whole process stands still, as on a laptop that sleeps, for longer than any answer may take."""
    guard.signal(signal.SIGSTOP)
    meanwhile()
    assert not guard.ended_within(6.5)
    guard.signal(signal.SIGCONT)


@pytest.mark.waits
def test_who_slept_counts_no_time_and_fires_nothing_by_itself_at_waking_up(guard, knobs):
    k = knobs("a")
    guard.sections["rule target_down"] = {**DOWN, "for": "6s", "every": "2.5s"}
    guard.start()
    guard.wait_log('event="target up"')
    n = [guard.log().count(f"event={e} target=shop rule=target_down") for e in ("pending", "dropped")]
    k.server.pause()
    guard.wait_log("event=pending target=shop rule=target_down", n[0] + 1)
    asleep(guard, k.server.resume)
    guard.wait_log("event=dropped target=shop rule=target_down", n[1] + 1)
    assert "event=fired target=shop rule=target_down" not in guard.log()
