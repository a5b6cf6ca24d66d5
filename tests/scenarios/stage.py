"""The stage of a scenario: real servers, an application with a real pool, a guard that watches them as one stack, and who is told.

What a test asserts comes from `dbvitals query` (a process of its own), from the webhook, from the guard's /metrics, and from the screen as text."""
import json
import os
import re
import shutil
import subprocess
import sys
import tempfile
import urllib.parse
import urllib.request

import servers

HERE = os.path.dirname(os.path.abspath(__file__))
sys.path.insert(0, os.path.join(os.path.dirname(HERE), "guard"))
from guarding import Guard, Receiver, told  # noqa: E402

# The packs' times would take minutes; thresholds and words stay theirs.
QUICK = {"every": "0.5s", "for": "0s", "keep_for": "0s"}


class Process:
    """A program of ours that prints its port and lives until its standard input ends."""

    def __init__(self, command):
        self.process = subprocess.Popen(command, stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True, env=servers.plain_env())
        line = self.process.stdout.readline()
        assert line.strip().isdigit(), f"{command[:2]} did not start: {line}"
        self.url = f"http://127.0.0.1:{int(line)}"

    def get(self, path):
        with urllib.request.urlopen(self.url + path, timeout=30) as answer:
            text = answer.read().decode()
        return json.loads(text) if text.startswith(("{", "[")) else text

    def post(self, path, **what):
        """What it answers; {"error": ...} where it could not."""
        request = urllib.request.Request(self.url + path, urllib.parse.urlencode(what).encode(), method="POST")
        try:
            with urllib.request.urlopen(request, timeout=60) as answer:
                return json.loads(answer.read())
        except urllib.error.HTTPError as why:
            return json.loads(why.read())

    def stop(self):
        self.process.stdin.close()
        self.process.wait(20)


def python_application(url, **how):
    """SQLAlchemy's QueuePool over URL."""
    return Process([sys.executable, os.path.join(HERE, "application.py"), json.dumps({"url": url, **how})])


def sqlalchemy_url(server, dbname="postgres"):
    return f"postgresql+psycopg2://postgres@/{dbname}?host={server.host}&port={server.port}"


def node_application(server, dbname="postgres", **how):
    """node-postgres' Pool; fetched from npm once, into the cache of servers."""
    folder = os.path.join(servers.cache_dir(), "node-pg")
    if not shutil.which("node") or not shutil.which("npm"):
        raise servers.Missing("node-postgres: npm and node are needed (apt install npm)")
    if not os.path.exists(f"{folder}/node_modules/pg/package.json"):
        with tempfile.TemporaryDirectory() as scratch:
            done = subprocess.run(["npm", "install", "--ignore-scripts", "--no-audit", "--no-fund", "--loglevel=error", "--fetch-retries=1",
                                   "--prefix", scratch, "pg@8.11.3"], cwd=scratch, stdin=subprocess.DEVNULL, capture_output=True, text=True)
            if done.returncode != 0:
                raise servers.Missing(f"node-postgres: npm install pg failed: {done.stderr[:200]}")
            os.makedirs(folder, exist_ok=True)
            if not os.path.exists(f"{folder}/node_modules"):  # another run may have been faster
                shutil.move(f"{scratch}/node_modules", f"{folder}/node_modules")
    connection = {"host": server.host, "port": server.port, "user": "postgres", "database": dbname, "application_name": "sessions"}
    return Process(["node", os.path.join(HERE, "application.js"), f"{folder}/node_modules", json.dumps({"connection": connection, **how})])


class Stage:
    """add() targets, the one that screens are of first; override() rules, go(); then cause trouble, and ask."""

    def __init__(self, program, folder, name="shop"):
        self.program, self.folder, self.name = program, folder, name
        self.receiver = Receiver()
        self.guard = Guard(program, folder / "g", {"LC_ALL": "C.UTF-8"})
        self.guard.sections["rules"]["packs"] = "standard, targets"
        self.guard.sections["guard"]["refresh"] = "0.5s"
        self.guard.sections["webhook ops"] = {"url": f"{self.receiver.url}/hook", "group_wait": "0", "levels": "info, warning, critical"}
        self.parts = []

    def add(self, name, url, **keys):
        """A target of the stack."""
        self.guard.sections[f"target {name}"] = {"url": url, "stack": self.name, **{k.replace("__", "."): v for k, v in keys.items()}}
        return self

    def override(self, rule, **keys):
        self.guard.sections[f"rule {rule}"] = {**QUICK, **keys}
        return self

    def application(self, url, **how):
        self.parts.append(python_application(url, **how))
        return self.parts[-1]

    def go(self):
        self.guard.start()
        targets = sum(s.startswith("target ") for s in self.guard.sections)

        def up():
            assert self.guard.process.poll() is None, self.guard.log()
            return self.guard.log().count("target up") >= targets
        servers.wait_for(up, 20, lambda: f"not all of {targets} targets came up:\n{self.guard.log()}")
        return self

    def again(self):
        """Stops and starts the guard: what it reads once in minutes it reads now; alerts go on where they stood."""
        assert self.guard.stop() == 0, self.guard.log()
        self.guard.log_path.write_text("")
        return self.go()

    def close(self):
        if self.guard.process is not None and self.guard.process.poll() is None:
            self.guard.stop()
        for part in self.parts:
            part.stop()
        self.receiver.close()

    # What dbvitals says.

    def query(self, sql, *words):
        """Rows, by a dbvitals of its own."""
        done = self.guard.ask("query", sql, "--format", "json", *words)
        assert done.returncode == 0, done.stderr
        return json.loads(done.stdout)

    def select(self, sql):
        """Rows, of the guard: it has the minutes before, and the alerts."""
        rows = self.guard.select(sql)
        assert isinstance(rows, list), rows
        return rows

    def until(self, sql, timeout_s=30):
        """The guard's rows as soon as there are any."""
        seen = []

        def there():
            seen[:] = [self.guard.select(sql)]
            return isinstance(seen[0], list) and seen[0]
        return servers.wait_for(there, timeout_s, lambda: f"no rows of {sql}: {seen}\n{self.guard.log()[-2000:]}", every_s=0.2)

    def pool(self, kind, name=None):
        return self.select(f"select * from pools where kind = '{kind}'" + (f" and name = '{name}'" if name else ""))[0]

    def alert(self, rule, severity=None, timeout_s=30, target=None):
        """The alert of RULE that the webhook was told of, once it was."""
        def there():
            return [a for r in self.receiver.at("/hook") for a in r.json["data"]["alerts"]
                    if a["rule"] == rule and a["state"] == "firing" and severity in (None, a["severity"]) and target in (None, a["target"])]
        return servers.wait_for(there, timeout_s, lambda: f"{rule} {severity or ''} was not told; what was: {told(self.receiver)}\n{self.guard.log()[-3000:]}")[-1]

    def resolved(self, rule, timeout_s=30, target=None):
        """Waits until the webhook is told that all alerts of RULE are over."""
        def there():
            state = {}
            for r in self.receiver.at("/hook"):
                for a in r.json["data"]["alerts"]:
                    if a["rule"] == rule and target in (None, a["target"]):
                        state[a["id"]] = a["state"]
            return state and set(state.values()) == {"resolved"}
        servers.wait_for(there, timeout_s, lambda: f"{rule} is not over; what was told: {told(self.receiver)}\n{self.guard.log()[-3000:]}")

    def stands(self):
        """Where the queue stands: [(target, kind, name)], by the dataset and by page pools, which agree."""
        rows = self.until("select target, kind, name from queue where stands = 1")
        found = [(r["target"], r["kind"], r["name"]) for r in rows]
        marked = [tuple(line.split()[:3]) for line in self.screen("pools").splitlines() if "HERE" in line.split()]
        assert set(marked) == set(found), (marked, found)
        return found

    def rules_told(self):
        return {t[0] for t in told(self.receiver)}

    def get(self, path):
        """What the guard answers over its socket."""
        done = subprocess.run(["curl", "-s", "-m", "20", "--unix-socket", self.guard.socket, f"http://x{path}"], capture_output=True, text=True)
        return done.stdout

    def metric(self, name, **labels):
        """The value of the one series of /metrics with these labels; None if there is none."""
        found = []
        for line in self.get("/metrics").splitlines():
            m = re.match(r"([a-zA-Z_:][\w:]*)(?:\{(.*)\})? (\S+)", line)
            if m and m.group(1) == name:
                has = dict(re.findall(r'(\w+)="((?:[^"\\]|\\.)*)"', m.group(2) or ""))
                if all(has.get(k) == v for k, v in labels.items()):
                    found.append(float(m.group(3)))
        assert len(found) <= 1, f"{name} {labels}: {len(found)} series"
        return found[0] if found else None

    def firing(self, rule):
        """Whether /metrics tells that RULE fires, of any target."""
        return any(f'rule="{rule}"' in line and line.endswith(" 2") for line in self.get("/metrics").splitlines() if line.startswith("dbvitals_alert_state{"))

    def screen(self, page="overview"):
        """A page of the first target as text: the second refresh of a dashboard without a terminal."""
        done = self.guard.ask("--no-attach", "--page", page)
        assert done.returncode == 0, done.stderr
        return done.stdout[len(done.stdout) // 3:]

    def queue(self):
        """The places of the line `where requests queue`, in order."""
        text = self.screen()
        line = text[text.rindex("where requests queue"):].split("\n── ")[0].partition("\n")[2]
        return [place.strip() for place in line.replace("▲", "").replace("●", "").replace("\n", " ").split("→")]
