"""An action on a row of a real server, by the program tests/pg/cure_probe.c."""
import os
import subprocess

ROOT = os.path.dirname(os.path.dirname(os.path.abspath(__file__)))
BUILD = os.environ.get("DBVITALS_BUILD", os.path.join(ROOT, "build"))


class Probe:
    """A cure that may be held between what it says and what it does."""

    def __init__(self, server, action, *words, user="postgres", **keys):
        self.lines = []
        command = [os.path.join(BUILD, "tests", "cure_probe"), server.conninfo(user=user), action, *words]
        command += [f"{k}={v}" for k, v in keys.items()]
        self.process = subprocess.Popen(command, stdin=subprocess.PIPE, stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True)

    def ready(self):
        for line in self.process.stdout:
            self.lines.append(line.rstrip("\n"))
            if line == "ready\n" or line.startswith("state: "):
                return self
        raise AssertionError(f"it ended: {self.lines}")

    def go(self):
        self.process.stdin.write("go\n")
        self.process.stdin.flush()
        return self

    def end(self):
        out, _ = self.process.communicate(timeout=90)
        self.lines += out.splitlines()
        assert self.process.returncode == 0, self.lines
        return dict(line.split(": ", 1) if ": " in line else (line, "") for line in self.lines)


def cure(server, action, *words, user="postgres", **keys):
    return Probe(server, action, *words, user=user, **keys).end()
