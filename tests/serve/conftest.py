"""Fixtures of HTTP: serve_hold over a real server, raw connections to it, and Debian's Prometheus."""
import json
import os
import shutil
import socket
import subprocess
import time
import urllib.request

import pytest

import servers


@pytest.fixture(autouse=True)
def built_with_http(http_server):
    """What a program without it says instead: tests/house."""


def rss_anon_kb(pid):
    with open(f"/proc/{pid}/status") as f:
        return next(int(line.split()[1]) for line in f if line.startswith("RssAnon:"))


class Answer:
    def __init__(self, data):
        head, _, self.body = data.partition(b"\r\n\r\n")
        lines = head.decode("latin-1").split("\r\n")
        self.status = int(lines[0].split()[1]) if lines[0].startswith("HTTP/") else 0
        self.headers = {k.lower(): v.strip() for k, _, v in (line.partition(":") for line in lines[1:])}

    def json(self):
        return json.loads(self.body)


class Held:
    """The program under test, listening on a port of 127.0.0.1 (or LISTEN) and on a unix socket."""

    def __init__(self, build, folder, target, config="", listen="127.0.0.1:0", socket_path=None):
        self.socket_path = socket_path or str(folder / "s.sock")
        path = folder / "dbvitals.conf"
        path.write_text(config)
        path.chmod(0o600)
        self.log = open(folder / "log", "w+")
        self.process = subprocess.Popen([os.path.join(build, "tests", "serve_hold"), path, listen, self.socket_path, target],
                                        stdin=subprocess.PIPE, stdout=subprocess.PIPE, stderr=self.log, text=True,
                                        env={**os.environ, "ASAN_OPTIONS": os.environ.get("ASAN_OPTIONS", "") + ":quarantine_size_mb=1"})
        line = self.process.stdout.readline()
        self.port = int(line) if line else 0

    def said(self):
        self.log.seek(0)
        return self.log.read()

    def connect(self, unix=False):
        if not unix:
            return socket.create_connection(("127.0.0.1", self.port), timeout=20)
        s = socket.socket(socket.AF_UNIX)
        s.settimeout(20)
        end = time.monotonic() + 20
        while True:
            try:
                s.connect(self.socket_path)
                return s
            except BlockingIOError:  # more knock than the kernel lets wait
                assert time.monotonic() < end
                time.sleep(0.01)

    def raw(self, data, unix=False):
        """What comes back until the server closes."""
        with self.connect(unix) as s:
            s.sendall(data)
            return Answer(drain(s))

    def ask(self, path, method="GET", body=None, unix=False, host="localhost", **headers):
        lines = [f"{method} {path} HTTP/1.1", f"Host: {host}", "Connection: close"]
        lines += [f"{k.replace('_', '-')}: {v}" for k, v in headers.items()]
        if body is not None:
            body = body if isinstance(body, bytes) else json.dumps(body).encode()
            lines.append(f"Content-Length: {len(body)}")
        return self.raw("\r\n".join(lines).encode() + b"\r\n\r\n" + (body or b""), unix)

    def until(self, path, wanted, timeout=20):
        end = time.monotonic() + timeout
        while True:
            answer = self.ask(path)
            if wanted(answer):
                return answer
            assert time.monotonic() < end, f"{path} did not become what it should: {answer.body[:2000]}"
            time.sleep(0.2)

    def stop(self):
        self.process.stdin.close()
        code = self.process.wait(timeout=20)
        self.process.stdout.close()
        said = self.said()
        self.log.close()
        return code, said


def drain(s):
    data = b""
    try:
        while chunk := s.recv(65536):
            data += chunk
    except ConnectionResetError:
        pass
    return data


@pytest.fixture
def hold(tmp_path):
    build = os.environ.get("DBVITALS_BUILD", "build")
    held = []

    def start(target="postgresql://127.0.0.1:1/nobody", **options):
        folder = tmp_path / str(len(held))
        folder.mkdir()
        held.append(Held(os.path.abspath(build), folder, target, **options))
        return held[-1]

    yield start
    for h in held:
        if h.process.poll() is None:
            assert h.stop() == (0, ""), "it did not end well"


@pytest.fixture
def over_pg(hold, server):
    return hold(server.conninfo())


def need(make):
    try:
        return make()
    except servers.Missing as why:
        (pytest.fail if os.environ.get("CI") == "true" else pytest.skip)(str(why))


def prometheus_program(name):
    folder = os.path.join(servers.unpacked_folder("prometheus"), "usr/bin")
    found = shutil.which(name, path=os.environ["PATH"] + ":" + folder)
    if not found:
        raise servers.Missing("Prometheus: not here (./test unpacks it)")
    return found


@pytest.fixture
def promtool():
    return need(lambda: prometheus_program("promtool"))


@pytest.fixture
def prometheus(tmp_path):
    """prometheus(port): a real one that scrapes /metrics there each second; gives a function that asks it."""
    program = need(lambda: prometheus_program("prometheus"))
    running = []

    def start(port):
        own = servers.free_port()
        (tmp_path / "prometheus.yml").write_text(
            "global: {scrape_interval: 1s}\nscrape_configs:\n- job_name: dbvitals\n"
            f"  static_configs: [{{targets: ['127.0.0.1:{port}']}}]\n")
        running.append(subprocess.Popen([program, f"--config.file={tmp_path}/prometheus.yml", f"--storage.tsdb.path={tmp_path}/tsdb",
                                         f"--web.listen-address=127.0.0.1:{own}"],
                                        stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL, cwd=tmp_path))

        def get(path):
            with urllib.request.urlopen(f"http://127.0.0.1:{own}/api/v1/{path}", timeout=5) as answer:
                return json.load(answer)["data"]

        return get

    yield start
    for p in running:
        p.terminate()
        p.wait(timeout=20)
