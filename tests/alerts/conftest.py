"""Fixtures of delivery: a receiver that misbehaves, and the driver that delivers to it."""
import os
import queue
import subprocess
import threading
import time

import pytest

import servers
from messages import alert, message, write
from receiver import Receiver


class Sender:
    """tests/alerts/send over one config; what it prints is read as it comes."""

    def __init__(self, build, folder):
        self.program, self.folder = os.path.join(build, "tests", "send"), folder
        self.process, self.lines, self.seen, self.number = None, queue.Queue(), [], 0

    def config(self, **webhooks):
        path = self.folder / "webhooks.conf"
        text = "".join(f"[webhook {name}]\n" + "".join(f"{k} = {v}\n" for k, v in keys.items()) for name, keys in webhooks.items())
        path.write_text(text)
        return path

    def start(self, env=None, **webhooks):
        self.process = subprocess.Popen([self.program, self.config(**webhooks)], stdin=subprocess.PIPE, stdout=subprocess.PIPE,
                                        stderr=subprocess.PIPE, text=True, bufsize=1, env=env)
        threading.Thread(target=self.read, daemon=True).start()
        return self

    def read(self):
        for line in self.process.stdout:
            self.lines.put(line.rstrip("\n").split("\t"))

    def say(self, *words):
        self.process.stdin.write("\t".join(map(str, words)) + "\n")
        self.process.stdin.flush()

    def row(self, webhook, m=None, key=None):
        """Gives a message; returns its number."""
        self.number += 1
        m = m or message(alert(self.number))
        path = write(self.folder / f"message-{self.number}.json", m)
        keys = [a["id"] for a in m.get("data", {}).get("alerts", [])]
        self.say("row", self.number, webhook, " ".join(keys) if key is None else key, path)
        return self.number

    def until(self, wanted, timeout=20):
        """The first line, of those not looked at before, for which WANTED holds."""
        end = time.monotonic() + timeout
        while True:
            try:
                line = self.lines.get(timeout=max(0.01, end - time.monotonic()))
            except queue.Empty:
                pytest.fail(f"this did not come; what did: {self.seen}; {'' if self.process.poll() is None else self.process.stderr.read()}")
            self.seen.append(line)
            if wanted(line):
                return line

    def attempt(self, number=None, what=None, timeout=20):
        """(what, status, detail) of the next attempt of that message."""
        line = self.until(lambda w: w[0] == "attempt" and number in (None, int(w[1])) and what in (None, w[2]), timeout)
        return line[2], int(line[3]), line[4]

    def status(self):
        """Webhook -> what deliver_status says."""
        self.say("status")
        found = {}
        while True:
            w = self.until(lambda w: w[0] in ("status", "idle"))
            if w[0] == "idle":
                found["idle"] = w[1] == "1"
                return found
            found[w[1]] = dict(zip(("waiting", "dead", "delivered", "failed", "off", "next_s", "trouble"),
                                   [int(x) for x in w[2:7]] + [float(w[7]), w[8]]))

    def settle(self, timeout=20):
        """Until nothing is under way: an answer that a receiver gave may still be on its way to the driver."""
        servers.wait_for(lambda: self.status()["idle"], timeout)

    def attempts(self):
        return [tuple(w[1:]) for w in self.seen if w[0] == "attempt"]

    def stop(self):
        """Ends it, and gives what it said of itself."""
        if self.process is None:
            return None
        if self.process.poll() is None:
            self.say("quit")
        code, errors = self.process.wait(20), self.process.stderr.read()
        self.process = None
        assert code == 0, errors
        return errors


@pytest.fixture
def receiver():
    r = Receiver()
    yield r
    r.close()


@pytest.fixture
def sender(build_dir, tmp_path):
    s = Sender(build_dir, tmp_path)
    yield s
    s.stop()


@pytest.fixture
def alertmanager(yard):
    try:
        a = servers.Alertmanager(yard)
    except servers.Missing as why:
        if os.environ.get("CI") == "true":
            pytest.fail(str(why), pytrace=False)
        pytest.skip(str(why))
    yield a.start()
    a.stop()
