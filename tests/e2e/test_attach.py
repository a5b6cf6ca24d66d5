"""Alerts on the screen, judged here or by a guard that the dashboard is attached to."""
import http.client
import http.server
import json
import os
import re
import signal
import socket
import subprocess
import threading
import time
import urllib.parse

import pytest

import screen
from servers import wait_for

RULE = """
[rule forgotten]
from     = sessions
where    = application_name = 'forgetful' and state = 'idle in transaction'
value    = state_age_s
warning  = > 0.5s
for      = 0s
per      = target
summary  = {count} forgot to commit for {value}
action   = look at pid {pid}
"""


@pytest.fixture
def config(tmp_path, server):
    path = tmp_path / "dbvitals.conf"
    path.write_text(f"[target shop]\nurl = {server.conninfo()}\n[rules]\npacks =\n[http]\nsocket = {tmp_path}/guard.sock\n" + RULE)
    path.chmod(0o600)
    return path


def forget(server):
    """A session that does not commit."""
    other = server.connect(application_name="forgetful")
    other.autocommit = False
    other.cursor().execute("select 1")
    return other


class Guard:
    def __init__(self, program, config, *more, env=None):
        self.command, self.process, self.config = [program, "guard", "--config", str(config), *more], None, config
        self.env = {**os.environ, "XDG_STATE_HOME": str(config.parent / "state"), **(env or {})}
        self.socket = config.parent / "guard.sock"

    def start(self):
        self.log = open(self.config.parent / "guard.log", "a")
        self.process = subprocess.Popen(self.command, env=self.env, stdout=self.log, stderr=self.log)
        wait_for(lambda: self.socket.exists() or self.process.poll() is not None, 10)
        assert self.process.poll() is None, (self.config.parent / "guard.log").read_text()
        return self

    def stop(self):
        if self.process is not None and self.process.poll() is None:
            self.process.send_signal(signal.SIGCONT)
            self.process.terminate()
            self.process.wait(20)


@pytest.fixture
def guard(program, config):
    g = Guard(program, config).start()
    yield g
    g.stop()


def test_the_password_of_a_guards_url_is_not_shown(program, config):
    for url, told in (("http://me:planted@127.0.0.1:9/planted", "127.0.0.1:9: "), ("ftp://me:planted@127.0.0.1:9", "ftp://me:***@127.0.0.1:9: ")):
        run = subprocess.run([program, "--config", str(config), "--attach", url], capture_output=True, text=True, stdin=subprocess.DEVNULL, timeout=20)
        assert run.returncode != 0 and told in run.stderr and "planted" not in run.stderr + run.stdout


def badge(text, n):
    return re.search(rf"● {n} warning", text.splitlines()[0]) is not None


def see_and_acknowledge(s, server):
    s.wait(lambda t: "live" in t and "collecting..." not in t, 20)
    other = forget(server)
    s.wait(lambda t: badge(t, 1) and "1 forgot to commit" in t, 15)
    s.send(":page alerts", "enter")
    s.wait(lambda t: re.search(r"▶ forgotten +shop +firing", t), 10, "the alert")  # not that of the rules
    s.send("A")
    s.wait("acknowledge: forgotten")
    s.send("mine")
    s.send("enter")
    s.wait(lambda t: "known to" in t and "(mine)" in t and "○ 1 known" in t and not badge(t, 1), 10)
    s.send("S", "enter")
    s.wait("silenced b")  # by whom is cut where the sentence needs the room
    s.send("S")
    s.wait("end the silence: forgotten")
    s.send("enter")
    s.wait(lambda t: "silenced b" not in t)
    s.send("A")
    s.wait("no longer acknowledged")
    s.send("enter")
    s.wait(lambda t: badge(t, 1) and "known to" not in t)
    s.send("enter")
    s.wait(lambda t: re.search(r"sessions when it fired ─+ warning at \d{4}-", t) and re.search(r"forgetful +idle in tx", t), 10, "the moment")
    s.send("esc")
    other.rollback()
    s.wait(lambda t: not badge(t, 1), 10)
    other.close()


def test_a_rule_fires_is_seen_acknowledged_silenced_and_ends(program, config, server):
    with screen.Screen([program, "--config", str(config), "--no-attach"], rows=40, columns=150) as s:
        see_and_acknowledge(s, server)
        assert "@ " not in s.line(0)
        s.send("q")
        assert s.wait_end() == 0


def test_the_guard_of_this_machine_is_found_and_takes_the_orders(guard, program, config, server):
    with screen.Screen([program, "--config", str(config)], rows=40, columns=150) as s:
        see_and_acknowledge(s, server)
        assert "@ guard.sock" in s.line(0)
        for key, said in (("2", "user"), ("3", "statement"), ("6", "slots"), ("8", "lock")):
            s.send(key)
            s.wait(lambda t: said in t and "collecting..." not in t, 10, said)
        s.send(":reload", "enter")
        s.wait("which cures nothing on a dashboard's word: start dbvitals with --no-attach")
        s.send("1", "[")
        s.wait("PAST")
        s.send("end")
        s.wait("live")
        s.send("q")
        assert s.wait_end() == 0


def test_a_target_on_the_command_line_is_looked_at_without_the_guard(guard, program, config):
    with screen.Screen([program, "--config", str(config), "shop"], rows=24, columns=120) as s:
        s.wait("live")
        assert "@ " not in s.line(0)


def test_a_guard_that_stops_or_restarts_is_a_stale_screen_that_heals(guard, program, config):
    with screen.Screen([program, "--config", str(config), "--attach", str(guard.socket)], rows=30, columns=140) as s:
        s.wait(lambda t: "live" in t and "collecting..." not in t, 20)
        guard.process.send_signal(signal.SIGSTOP)
        took_ms = [s.time_to_change(key) for key in ("2", "1") * 5]
        assert sorted(took_ms)[len(took_ms) // 2] < 16, took_ms
        s.wait(lambda t: "STALE" in t and "does not answer" in t and "connections" in t, 15)
        guard.process.send_signal(signal.SIGCONT)
        s.wait(lambda t: "live" in t and "does not answer" not in t, 15)
        guard.stop()
        s.wait(lambda t: "STALE" in t and "does not answer" in t, 15)
        guard.start()
        s.wait(lambda t: "live" in t and "does not answer" not in t, 20)


def test_a_guard_is_named_by_its_url_and_the_token_is_never_shown(program, config, tmp_path):
    with socket.socket() as free:
        free.bind(("127.0.0.1", 0))
        port = free.getsockname()[1]
    config.write_text(config.read_text().replace("[http]\n", f"[http]\nlisten = 127.0.0.1:{port}\ntoken = open-sesame\n"))
    stranger = tmp_path / "stranger.conf"
    stranger.write_text("")
    g = Guard(program, config).start()
    try:
        with screen.Screen([program, "--config", str(stranger), "--attach", f"http://127.0.0.1:{port}"], rows=24, columns=120,
                           env={**os.environ, "DBVITALS_TOKEN": "open-sesame"}) as s:
            s.wait(lambda t: "live" in t and f"@ 127.0.0.1:{port}" in t, 15)
            assert "open-sesame" not in s.text()
    finally:
        g.stop()


class Refusing(http.server.BaseHTTPRequestHandler):
    def do_POST(self):
        self.server.seen.append(self.headers["Authorization"])
        self.send_response(401)
        self.send_header("Content-Length", "0")
        self.end_headers()

    def log_message(self, *_):
        pass


def asked(sock, path):
    connection = http.client.HTTPConnection("guard", timeout=5)
    connection.sock = socket.socket(socket.AF_UNIX)
    connection.sock.connect(str(sock))
    connection.request("GET", path)
    return json.loads(connection.getresponse().read())


def test_what_fires_in_a_maintenance_is_known_everywhere(program, config, server):
    config.write_text(config.read_text().replace("warning  = > 0.5s", "critical = > 0.5s") +
                      "\n[maintenance works]\ntarget = sho*\nfrom = 2020-01-01 00:00\nto = 2099-01-01 00:00\n")
    g = Guard(program, config).start()
    other = forget(server)
    try:
        with screen.Screen([program, "--config", str(config), "--attach", str(g.socket)], rows=40, columns=150) as s:
            s.wait(lambda t: "1 forgot to commit" in t and "; maintenance works" in t, 20)
            assert "○ 1 known" in s.line(0) and "critical" not in s.line(0)
            s.send(":page alerts", "enter")
            s.wait(lambda t: "maintenance works until 2099-01-01" in t and "1 known" in t, 10)
        found = asked(g.socket, "/api/v1/alerts")[0]
        assert found["maintenance"] == "works" and found["severity"] == "critical"
        health = asked(g.socket, "/health")
        assert health["status"] == "healthy" and health["targets"][0]["maintenance"] == "works"
        assert health["alerts"] == {"critical": 1, "warning": 0, "known": 1}
    finally:
        other.close()
        g.stop()


class Remembering(http.server.BaseHTTPRequestHandler):
    """A guard with one empty dataset that was sampled at the server's moments, and answers steps as a guard does."""

    def answer(self, document):
        body = json.dumps(document).encode()
        self.send_response(200)
        self.send_header("Content-Length", str(len(body)))
        self.end_headers()
        self.wfile.write(body)

    def do_POST(self):
        asked = json.loads(self.rfile.read(int(self.headers["Content-Length"])))
        column = {"name": "name", "unit": "none", "dataset": "targets", "column": "name", "numeric": False}
        rows = [["shop"]] if asked["sql"] == "select name from targets" else []
        self.answer({"columns": [column], "rows": rows, "more": False, "cpu_ms": 0.1})

    def do_GET(self):
        asked = {name: values[0] for name, values in urllib.parse.parse_qs(urllib.parse.urlparse(self.path).query).items()}
        at, moments = float(asked["at"]), self.server.moments
        beyond = [m for m in moments if m > at] if asked["direction"] == "1" else [m for m in reversed(moments) if m < at]
        self.server.steps.append(beyond[0] if beyond else None)
        self.answer({"at": beyond[0] if beyond else None})

    def log_message(self, *_):
        pass


def test_steps_lead_through_the_guards_past_sample_by_sample_and_back(program, tmp_path):
    server = http.server.HTTPServer(("127.0.0.1", 0), Remembering)
    newest = time.time() - 1
    server.moments = [newest - 2.123456789 * i for i in range(12)][::-1]
    server.steps = []
    threading.Thread(target=server.serve_forever, daemon=True).start()
    try:
        with screen.Screen([program, "--attach", f"http://127.0.0.1:{server.server_port}"], rows=24, columns=120,
                           env={**os.environ, "XDG_CONFIG_HOME": str(tmp_path)}) as s:
            s.wait(" 1 overview")
            for n in range(2, 9):
                s.send("[")
                wait_for(lambda: len(server.steps) == n, 5)
            s.send("[[[")  # as fast as a key repeats: each counts
            wait_for(lambda: len(server.steps) == 11, 5)
            assert server.steps == server.moments[::-1][:11]
            s.wait("PAST")
            del server.steps[:]
            for n in range(1, 12):
                s.send("]")
                wait_for(lambda: len(server.steps) == n, 5)
            assert server.steps == server.moments[2:] + [None]
            s.wait(lambda t: "PAST" not in t)
    finally:
        server.shutdown()
        server.server_close()


def test_a_token_that_is_refused_is_a_sentence(program, tmp_path):
    server = http.server.HTTPServer(("127.0.0.1", 0), Refusing)
    server.seen = []
    threading.Thread(target=server.serve_forever, daemon=True).start()
    try:
        done = subprocess.run([program, "--attach", f"http://127.0.0.1:{server.server_port}"], capture_output=True, text=True, timeout=30,
                              env={**os.environ, "DBVITALS_TOKEN": "wrong-one", "XDG_CONFIG_HOME": str(tmp_path)})
    finally:
        server.shutdown()
        server.server_close()
    assert done.returncode == 2
    assert "refuses our token" in done.stderr and "DBVITALS_TOKEN" in done.stderr and "wrong-one" not in done.stderr
    assert set(server.seen) == {"Bearer wrong-one"}


def test_a_guard_that_is_not_there_is_a_sentence(program, tmp_path):
    done = subprocess.run([program, "--attach", str(tmp_path / "nothing.sock")], capture_output=True, text=True, timeout=30)
    assert done.returncode == 2
    assert "cannot attach to nothing.sock" in done.stderr


class RefusingOnce(http.server.BaseHTTPRequestHandler):
    def do_POST(self):
        self.rfile.read(int(self.headers["Content-Length"]))
        self.server.seen.append(self.headers["webhook-id"])
        self.send_response(400 if len(self.server.seen) == 1 else 200)
        self.send_header("Content-Length", "0")
        self.end_headers()

    def log_message(self, *_):
        pass


def test_a_dead_letter_is_sent_again_by_a_key(program, config, server):
    receiver = http.server.HTTPServer(("127.0.0.1", 0), RefusingOnce)
    receiver.seen = []
    threading.Thread(target=receiver.serve_forever, daemon=True).start()
    config.write_text(config.read_text() + f"[webhook ops]\nurl = http://127.0.0.1:{receiver.server_port}/\ngroup_wait = 0\n")
    g = Guard(program, config).start()
    try:
        with screen.Screen([program, "--config", str(config), "--page", "alerts"], rows=40, columns=150) as s:
            s.wait(lambda t: "live" in t and "collecting..." not in t, 20)
            other = forget(server)
            s.wait("1 dead", 20)
            s.send("tab", "tab", "R")
            s.wait("send again: message 1 to ops")
            s.send("enter")
            s.wait("the guard has noted it")
            s.wait("delivered")
            other.rollback()
            other.close()
    finally:
        g.stop()
        receiver.shutdown()
        receiver.server_close()
    assert len(receiver.seen) >= 2 and receiver.seen[0] == receiver.seen[1]
