"""A guard over one config, what it told, and knobs that turn into alerts."""
import json
import os
import pathlib
import signal
import sqlite3
import subprocess
import sys

import servers

sys.path.insert(0, os.path.join(os.path.dirname(os.path.dirname(os.path.abspath(__file__))), "alerts"))
from receiver import Receiver  # noqa: E402


class Guard:
    """dbvitals guard in a folder of its own: config, state, socket, log. `sections` is the config: section -> keys."""

    def __init__(self, program, folder, env=None):
        self.program, self.folder = program, pathlib.Path(folder)
        self.folder.mkdir(parents=True, exist_ok=True)
        self.path, self.log_path, self.state = self.folder / "guard.conf", self.folder / "log", self.folder / "state"
        self.sections = {"rules": {"packs": "none"}, "guard": {"refresh": "0.25s", "state_directory": self.state}}
        # A socket's path has 107 bytes; tmp_path may be longer.
        self.socket = self.folder / "s"
        self.sections["http"] = {"socket": self.socket}
        self.env = {**servers.plain_env(), "HOME": str(self.folder), "ASAN_OPTIONS": "detect_leaks=1", **(env or {})}
        for name in ("XDG_RUNTIME_DIR", "XDG_STATE_HOME", "NOTIFY_SOCKET"):
            self.env.pop(name, None)
        self.env.update(env or {})
        self.process = None

    def write(self, text=None):
        if text is None:
            text = "".join(f"[{name}]\n" + "".join(f"{k} = {v}\n" for k, v in keys.items()) for name, keys in self.sections.items())
        self.path.write_text(text)
        self.path.chmod(0o600)
        return self

    def start(self, *words, before=None):
        self.write()
        with open(self.log_path, "ab") as log:
            self.process = subprocess.Popen([self.program, "guard", "--config", self.path, *words], env=self.env, stdin=subprocess.DEVNULL,
                                            stdout=subprocess.DEVNULL, stderr=log, cwd=self.folder, preexec_fn=before)
        return self

    def log(self):
        return self.log_path.read_text(errors="replace") if self.log_path.exists() else ""

    def wait_log(self, text, n=1, timeout_s=20):
        servers.wait_for(lambda: self.log().count(text) >= n, timeout_s, lambda: f"{text!r} did not come {n} times:\n{self.log()}")

    def signal(self, number):
        self.process.send_signal(number)

    def kill(self):
        self.process.kill()
        self.process.wait()

    def stop(self, timeout_s=30):
        """The exit code, once it ended by SIGTERM."""
        if self.process is None or self.process.poll() is not None:
            return self.process and self.process.returncode
        self.signal(signal.SIGCONT)
        self.signal(signal.SIGTERM)
        return self.process.wait(timeout_s)

    def ask(self, *words, timeout=30):
        """Another dbvitals with the same config."""
        return subprocess.run([self.program, *words, "--config", self.path], env=self.env, capture_output=True, text=True, timeout=timeout)

    def post(self, path, body):
        """What the guard answers, over its socket."""
        done = subprocess.run(["curl", "-s", "-m", "20", "--unix-socket", self.socket, "-H", "Content-Type: application/json", "-d", json.dumps(body),
                               f"http://x{path}"], capture_output=True, text=True)
        return json.loads(done.stdout)

    def rows(self, sql):
        """What the guard's state file has; while it runs too."""
        with sqlite3.connect(f"file:{self.state}/state.db?mode=ro", uri=True, timeout=10) as c:
            return c.execute(sql).fetchall()

    def select(self, sql):
        """Rows of the guard's datasets, over its socket."""
        done = subprocess.run(["curl", "-s", "--unix-socket", self.socket, "--get", "--data-urlencode", f"sql={sql}", "http://x/api/v1/query"],
                              capture_output=True, text=True, timeout=30)
        return json.loads(done.stdout or "[]")

    def alerts(self):
        """rule -> row of `dbvitals alerts` as JSON."""
        done = self.ask("alerts", "list", "--format", "json")
        return {row["rule"]: row for row in json.loads(done.stdout)} if done.returncode == 0 else {}


def told(receiver, path="/hook"):
    """(rule, state, severity, event_id) of each alert of each message, as they came."""
    return [(a["rule"], a["state"], a["severity"], a["event_id"]) for r in receiver.at(path) for a in r.json["data"]["alerts"]]


def wait_told(receiver, rule, state, severity=None, path="/hook", timeout_s=30, n=1):
    def there():
        return sum(t[0] == rule and t[1] == state and severity in (None, t[2]) for t in told(receiver, path)) >= n
    servers.wait_for(there, timeout_s, lambda: f"{rule} {state} {severity or ''} did not come; what did: {told(receiver, path)}")


class Knobs:
    """A table whose rows a rule judges: what a test turns becomes an alert of the rule `knob`, one a row."""

    def __init__(self, server, guard, names, every="0.25s", **rule):
        self.server = server
        server.query("create table if not exists knobs(name text primary key, level int not null)")
        server.query("delete from knobs")
        for name in names:
            server.query("insert into knobs values (%s, 0)", [name])
        guard.sections["target shop"] = {"url": server.conninfo()}
        guard.sections["dataset knobs"] = {"sql": "select name, level from knobs", "key": "name", "gauge": "level", "every": every}
        guard.sections["rule knob"] = {"from": "knobs", "value": "level", "key": "name", "warning": ">= 1", "critical": ">= 2",
                                       "every": every, "summary": "knob {name} at {value}", **rule}

    def turn(self, name, level):
        self.server.query("update knobs set level = %s where name = %s", [level, name])
