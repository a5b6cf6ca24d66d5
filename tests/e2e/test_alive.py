"""Never frozen: whatever the server, the network or the reader of our terminal does, keys are served and the numbers come back."""
import math
import os
import re
import signal
import socket
import threading
import time

import pytest

import screen
from servers import wait_for

KEYS = ["2", "1", "3", "1", "8", "1"]  # each changes the page
LIVE = re.compile(r"live\s+(\d+(?:\.\d+)?)\s*(ms|s)")


def kept_waiting_ms(pid):
    """How long the kernel has kept the loop's thread waiting for a CPU: what a busy machine costs, not we."""
    with open(f"/proc/{pid}/task/{pid}/schedstat") as f:
        return int(f.read().split()[1]) / 1e6


def latencies(s, n=100):
    taken = []
    for i in range(n):
        s.read(0.02)
        waited = kept_waiting_ms(s.pid)
        ms = s.time_to_change(KEYS[i % len(KEYS)])
        taken.append(max(0, ms - (kept_waiting_ms(s.pid) - waited)) if ms == ms else ms)
    return taken


def limit_ms(s):
    """16 ms; a build with sanitizers is about three times as slow, so there the promise is held to what is left of it. .ci/run holds the release build to 16."""
    with open(f"/proc/{s.pid}/maps") as f:
        return 48 if "libasan" in f.read() else 16


def assert_keys_are_quick(s):
    """100 keys, p95 within 16 ms. What else runs on the machine, this test too, can only make it later, so one batch of three must do."""
    for batch in range(3):
        taken = latencies(s)
        assert not any(math.isnan(t) for t in taken), f"{sum(map(math.isnan, taken))} of {len(taken)} keys changed nothing"
        taken = sorted(taken)
        p50, p95 = taken[len(taken) // 2], taken[int(len(taken) * 0.95) - 1]
        print(f"key to screen: p50 {p50:.1f} ms, p95 {p95:.1f} ms, max {taken[-1]:.1f} ms")
        if p95 <= limit_ms(s):
            return
    pytest.fail(f"key to screen: p50 {p50:.1f} ms, p95 {p95:.1f} ms, max {taken[-1]:.1f} ms")


def age_s(text):
    """Age of the newest sample as the head tells it; NaN if it does not."""
    m = LIVE.search(text)
    return float("nan") if not m else float(m.group(1)) / (1000 if m.group(2) == "ms" else 1)


def fresh(text):
    return age_s(text) < 2


class Proxy:
    """TCP to a server; while `holes` is set no byte passes, as if packets were dropped, and connections neither close nor open."""

    def __init__(self, to):
        self.to, self.holes = to, threading.Event()
        self.listener = socket.create_server(("127.0.0.1", 0))
        self.port = self.listener.getsockname()[1]
        threading.Thread(target=self.accept, daemon=True).start()

    def accept(self):
        while True:
            try:
                client, _ = self.listener.accept()
            except OSError:
                return
            server = socket.create_connection(("127.0.0.1", self.to))
            for a, b in ((client, server), (server, client)):
                threading.Thread(target=self.pump, args=(a, b), daemon=True).start()

    def pump(self, a, b):
        try:
            while data := a.recv(65536):
                while self.holes.is_set():
                    time.sleep(0.01)
                b.sendall(data)
        except OSError:
            pass
        for s in (a, b):
            try:
                s.shutdown(socket.SHUT_RDWR)
            except OSError:
                pass

    def close(self):
        self.listener.close()


def test_keys_are_served_while_the_server_is_stopped_and_numbers_come_back(start_server, program):
    server = start_server()
    with screen.Screen([program], env=server.env()) as s:
        s.wait(fresh)
        server.pause()
        try:
            s.wait(lambda t: age_s(t) > 3 or "stale" in t or "down" in t, 15, "a sign that the numbers are old")
            assert_keys_are_quick(s)
        finally:
            server.resume()
        resumed = time.monotonic()
        s.wait(fresh, 5)
        assert time.monotonic() - resumed < 2.5
        s.send("q")
        assert s.wait_end() == 0


def test_keys_are_served_while_packets_are_dropped(start_server, program):
    server = start_server(tcp=True)
    proxy = Proxy(server.port)
    with screen.Screen([program, f"host=127.0.0.1 port={proxy.port} dbname=postgres user=postgres sslmode=disable"], env=server.env()) as s:
        s.wait(fresh)
        proxy.holes.set()
        s.wait(lambda t: age_s(t) > 3 or "stale" in t or "down" in t, 15, "a sign that the numbers are old")
        assert_keys_are_quick(s)
        proxy.holes.clear()
        s.wait(fresh, 15)
        s.send("q")
        assert s.wait_end() == 0
    proxy.close()


@pytest.mark.parametrize("queued", [False, True], ids=["held", "queued"])
def test_keys_are_served_while_access_exclusive_is_held_or_queued(start_server, program, queued):
    server = start_server()
    server.psql("create table held (a int); insert into held select generate_series(1, 1000); create index on held (a);")
    holder = server.connect(autocommit=False)
    holder.cursor().execute("select 1 from held limit 1" if queued else "lock table held in access exclusive mode")
    waiter = None
    if queued:
        waiter = threading.Thread(target=lambda: server.psql("begin; lock table held in access exclusive mode; rollback;"), daemon=True)
        waiter.start()
        wait_for(lambda: server.value("select count(*) from pg_locks where not granted") == 1)
    with screen.Screen([program], env=server.env()) as s:
        s.wait(fresh)
        for key in "451":
            s.send(key)
            s.read(1)
        assert_keys_are_quick(s)
        s.wait(fresh, 5)
        stuck = server.value("select count(*) from pg_stat_activity where application_name = 'dbvitals' and state = 'active' "
                             "and clock_timestamp() - query_start > interval '3 s'")
        assert stuck == 0
        s.send("q")
        assert s.wait_end() == 0
    holder.rollback()
    holder.close()
    if waiter is not None:
        waiter.join(10)


def test_keys_are_served_while_a_select_of_the_user_runs_into_its_deadline(start_server, program, tmp_path):
    server = start_server()
    config = tmp_path / "dbvitals.conf"
    config.write_text("[pane endless]\npage = overview\ntitle = endless\n"
                      "sql = with recursive n(i) as (select 1 union all select i + 1 from n) select count(*) as n_rows from n\n")
    with screen.Screen([program, "--config", str(config)], rows=50, columns=200, env=server.env()) as s:
        s.wait(fresh)
        assert_keys_are_quick(s)
        s.send("q")
        assert s.wait_end() == 0


def test_the_loop_turns_while_nobody_reads_our_terminal(start_server, program):
    server = start_server()
    polls = "select max(query_start) from pg_stat_activity where application_name = 'dbvitals'"
    with screen.Screen([program], rows=50, columns=200, env=server.env()) as s:
        s.wait(fresh)
        for i in range(400):  # each asks for a frame; nobody takes them
            os.write(s.fd, KEYS[i % len(KEYS)].encode())
            time.sleep(0.002)
        seen = server.value(polls)
        wait_for(lambda: server.value(polls) > seen, 5, lambda: "polls stopped with the terminal")
        s.signal(signal.SIGTERM)
        end = time.monotonic() + 3
        while not s.ended() and time.monotonic() < end:
            time.sleep(0.02)
        assert s.ended(), "SIGTERM was not served while nobody read the terminal"


def test_after_a_restart_and_a_terminated_backend_the_numbers_are_back_in_two_seconds(start_server, program):
    server = start_server()
    with screen.Screen([program], env=server.env()) as s:
        s.wait(fresh)
        server.value("select count(pg_terminate_backend(pid)) from pg_stat_activity where application_name = 'dbvitals'")
        killed = time.monotonic()
        s.read(0.3)
        s.wait(fresh, 5)
        assert time.monotonic() - killed < 2.5
        server.stop("immediate")
        s.wait(lambda t: age_s(t) > 3 or "stale" in t or "down" in t, 15, "a sign that the server is gone")
        server.start()
        started = time.monotonic()
        s.wait(fresh, 5)
        assert time.monotonic() - started < 2.5
        s.send("q")
        assert s.wait_end() == 0


def test_a_reload_is_among_the_changes_at_once_with_its_unit(start_server, program):
    server = start_server()
    with screen.Screen([program], rows=50, columns=160, env=server.env()) as s:
        s.wait(lambda t: fresh(t) and ("no change was seen" in t or "alert restarted" in t))  # settings were read by then
        server.psql("alter system set work_mem = '64MB'")
        server.psql("select pg_reload_conf()")
        s.wait(lambda t: "setting work_mem 4 MB → 64 MB" in t, 10, "the change")  # settings are read each minute without one
        s.send("q")
        assert s.wait_end() == 0


def test_a_connection_that_is_lost_while_the_server_lives_is_no_alarm(start_server, program):
    server = start_server()
    with screen.Screen([program], rows=50, columns=160, env=server.env()) as s:
        s.wait(lambda t: fresh(t) and "up 3." in t.split("\n")[0])  # it has lasted: one that is lost at once may be refused again and again
        server.value("select count(pg_terminate_backend(pid)) from pg_stat_activity where application_name = 'dbvitals'")
        heads, killed = [], time.monotonic()
        while time.monotonic() - killed < 1.5:
            s.read(0.02)
            heads.append(s.text().split("\n")[0])
        assert not [head for head in heads if " down " in head or "critical" in head]
        assert fresh(s.text()) and "→ down" not in s.text()
        server.stop("immediate")
        s.wait(lambda t: " down " in t.split("\n")[0] and "up → down" in t, 5, "that the server is down, in the head and among the changes")
        s.send("q")
        assert s.wait_end() == 0


def test_a_promotion_is_in_the_head_and_among_the_changes_within_two_seconds(start_server, program):
    server = start_server()
    open(f"{server.data}/standby.signal", "w").close()
    server.restart()
    with screen.Screen([program], rows=50, columns=160, env=server.env()) as s:
        s.wait(lambda t: fresh(t) and "standby" in t.split("\n")[0])
        s.send("3")  # a page for which `server` is not polled
        s.read(0.3)
        server.psql("select pg_promote()")  # waits for it
        promoted = time.monotonic()
        s.wait(lambda t: "primary" in t.split("\n")[0], 10, "the new role in the head")
        told_s = time.monotonic() - promoted
        s.send("1")
        s.wait(lambda t: "standby → primary" in t, 3, "the change of the role")
        assert told_s < 2
        s.send("q")
        assert s.wait_end() == 0
