#!/usr/bin/python3
"""What watching costs: one table by one command.

    tests/bench/cost.py small|large [--seconds 60] [--build build] [--no-peers]

Starts a private server of the size asked for, runs the dashboard (and peers that are installed, in turn) on a pseudo-terminal of 200x50, and
measures CPU time from /proc/PID/task/*/schedstat, never wall time. "small": 2,000 tables, about 30 sessions. "large": 10,000 tables, 500
backends, 5,000 statements with 1 kB texts, 200 of the backends waiting for one lock."""
import argparse
import os
import re
import select
import shutil
import statistics
import subprocess
import sys
import tempfile
import time

HERE = os.path.dirname(os.path.abspath(__file__))
ROOT = os.path.dirname(os.path.dirname(HERE))
sys.path.insert(0, os.path.dirname(HERE))
import screen   # noqa: E402
import servers  # noqa: E402

SIZES = {"small": dict(tables=2000, sessions=20, waiting=0, statements=0, clients=8),
         "large": dict(tables=10000, sessions=290, waiting=200, statements=5000, clients=8)}
SETTINGS = {"max_connections": 600, "shared_buffers": "512MB", "autovacuum": "off", "pg_stat_statements.max": 10000,
            "track_io_timing": "on", "max_locks_per_transaction": 256}
ROWS, COLUMNS = 50, 200
OURS = "application_name = 'dbvitals'"
WARM_S = 8  # the first answers and the second ones, that rates need
POLLED = ["sessions", "server", "databases", "pools", "locks", "statements", "tables", "indexes"]
TICK_MS = 1000 / os.sysconf("SC_CLK_TCK")

# What is wanted, by name of the row in the table of results: at most so much; small, large.
TARGETS = {
    "client CPU, ms a refresh (1 s = 1 refresh; 5 ms = 0.5 % of a core)": (5, 30),
    "of it SQL and drawing of the page": (1.5, 6),
    "server CPU, ms a refresh": (3, 8),
    "bytes to the terminal a refresh": (2000, 2000),
    "RssAnon MB on the overview": (6, 48),
    "RssAnon MB after every page": (6, 48),
    "exec to first full frame, ms": (100, 100),
    "key to screen p95, ms": (16, 16),
    "sizes, ms of the server in the first minute": (60, 60),
    "poll of statements, server ms": (10, 10),
    "poll of tables, server ms": (35, 35),
    "poll of indexes, server ms": (60, 60),
}


# ---- Measuring ----

def cpu_ns(pid):
    """CPU time of a process with all its threads; None when it is gone."""
    total = 0
    try:
        for task in os.listdir(f"/proc/{pid}/task"):
            with open(f"/proc/{pid}/task/{task}/schedstat") as f:
                total += int(f.read().split()[0])
    except (FileNotFoundError, ProcessLookupError):
        return None
    return total


def reaped_ms(pid):
    """CPU time of the children of PID that ended: connections that live for one refresh show up nowhere else."""
    with open(f"/proc/{pid}/stat") as f:
        fields = f.read().rpartition(")")[2].split()
    return (int(fields[13]) + int(fields[14])) * TICK_MS


def memory_mb(pid):
    with open(f"/proc/{pid}/status") as f:
        lines = dict(line.split(":", 1) for line in f)
    return int(lines["RssAnon"].split()[0]) / 1024, int(lines["VmRSS"].split()[0]) / 1024


class Meter:
    """Sums CPU of processes that come and go: backends for which WHERE holds."""

    def __init__(self, server, control, where):
        self.server, self.cursor, self.where = server, control.cursor(), where
        self.first, self.last = {}, {}

    def look(self, start=False):
        self.cursor.execute(f"select pid from pg_stat_activity where {self.where}")
        for (pid,) in self.cursor.fetchall():
            used = cpu_ns(pid)
            if used is not None:
                self.first.setdefault(pid, used if start else 0)
                self.last[pid] = used

    def total_ms(self):
        return sum(self.last[p] - self.first[p] for p in self.last) / 1e6


# ---- The server ----

def build(server, size):
    server.psql("create role watcher login; grant pg_monitor to watcher; create database bench;")
    server.psql("create extension pg_stat_statements", dbname="bench")
    for start in range(0, size["tables"], 500):
        server.psql(f"""do $$ begin for i in {start}..{min(start + 500, size['tables']) - 1} loop
            execute format('create table t%s (id int primary key, v text)', i); end loop; end $$;""", dbname="bench")
    # Another table makes another statement; the comment stays in its text.
    script = [f"select v /* {'x' * 1000} */ from t{i} where id = 1;" for i in range(size["statements"])]
    if script:
        server.psql("\\o /dev/null\n" + "\n".join(script), dbname="bench")
    subprocess.run([f"{server.bin}/pgbench", "-i", "-q", "-s", "5", "bench"], env=server.env("bench"), check=True,
                   stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)
    server.psql("analyze", dbname="bench")


def open_sessions(server, size):
    """Idle sessions, and those that wait for one advisory lock."""
    import psycopg2
    from psycopg2 import extras
    kept = [server.connect("bench") for _ in range(size["sessions"])]
    if size["waiting"]:
        holder = server.connect("bench", autocommit=False)
        holder.cursor().execute("select pg_advisory_lock(1)")
        kept.append(holder)
    for _ in range(size["waiting"]):
        c = psycopg2.connect(server.conninfo("bench"), async_=1)
        extras.wait_select(c)
        c.cursor().execute("select pg_advisory_lock(1)")
        kept.append(c)
    return kept


def run_pgbench(server, size, seconds):
    return subprocess.Popen([f"{server.bin}/pgbench", "-R", "200", "-c", str(size["clients"]), "-T", str(seconds), "bench"],
                            env=server.env("bench"), stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)


# ---- A minute of watching ----

def watch(server, control, command, env, where, seconds, reconnects, look=None):
    """One session of SECONDS on the first page; LOOK is called now and then."""
    with screen.Screen(command, ROWS, COLUMNS, env=env) as s:
        warm = time.monotonic() + WARM_S
        while time.monotonic() < warm:
            s.read(0.2)
        meter = Meter(server, control, where)
        meter.look(start=True)
        reaped, cpu, sent, start, looked = reaped_ms(server.pid), cpu_ns(s.pid), len(s.raw), time.monotonic(), 0.0
        while time.monotonic() - start < seconds:
            s.read(0.2)
            if time.monotonic() - looked > 2:
                meter.look()
                if look:
                    look()
                looked = time.monotonic()
        took = time.monotonic() - start
        meter.look()
        assert not s.ended(), f"{command[0]} ended:\n{s.text()}"
        anon, rss = memory_mb(s.pid)
        return {"client": (cpu_ns(s.pid) - cpu) / 1e6 / took,
                "server": (reaped_ms(server.pid) - reaped if reconnects else meter.total_ms()) / took,
                "bytes": (len(s.raw) - sent) / took, "anon": anon, "rss": rss}


def peers(server):
    where = ["-h", server.host, "-p", str(server.port), "-U", "watcher", "-d", "bench"]
    ours = "usename = 'watcher'"
    known = [("pg_activity", ["pg_activity", "--refresh", "1", *where], ours, False),
             ("pg_activity, no sizes", ["pg_activity", "--refresh", "1", "--no-db-size", "--no-tempfiles", *where], ours, False),
             ("pg_top", ["pg_top", "-s", "1", *where], ours, True)]
    return [p for p in known if shutil.which(p[1][0])]


def overview_datasets():
    """What the first page needs, as its file says."""
    names = set()
    for page in ("overview", "head"):
        with open(f"{ROOT}/tui/pages/{page}.page") as f:
            names |= set(re.findall(r"\b(?:from|join)\s+([a-z_]+)\(", f.read()))
    return sorted(names)


def collecting_ms(bench, env, seconds):
    """CPU a second of the same program without questions and drawing."""
    done = subprocess.run([bench, "engine", str(seconds), *overview_datasets()], env=env, check=True, capture_output=True, text=True)
    return float(done.stdout)


def sizes_ms(control):
    """What measuring sizes has taken the server; the dearest single look at one (a database's, which is one call)."""
    cursor = control.cursor()
    cursor.execute("select coalesce(sum(total_exec_time), 0), coalesce(max(max_exec_time), 0) from pg_stat_statements "
                   "where query ~ 'pg_(relation|database)_size' and userid = 'watcher'::regrole")
    return [float(v) for v in cursor.fetchone()]


class Sizes:
    """What measuring sizes costs: the minute from the start on, where all is new and each database is measured once, and those after it."""

    def __init__(self, control):
        self.control, self.start, self.first = control, time.monotonic(), None
        control.cursor().execute("select pg_stat_statements_reset('watcher'::regrole, 0, 0)")

    def look(self):
        if self.first is None and time.monotonic() - self.start >= 60:
            self.first = sizes_ms(self.control)[0]

    def end(self):
        """First minute, a minute of the later ones (None: there was hardly one), the dearest look."""
        (total, dearest), took = sizes_ms(self.control), time.monotonic() - self.start
        if self.first is None:
            return total, None, dearest
        return self.first, (total - self.first) * 60 / (took - 60) if took >= 110 else None, dearest


# ---- Memory, start, keys ----

def page_names():
    """All that ship; the head stands on every page."""
    return sorted(f[:-len(".page")] for f in os.listdir(f"{ROOT}/tui/pages") if f.endswith(".page") and f != "head.page")


def open_every_page(command, env):
    """Memory after every page was looked at for three seconds: in a minute or so, as what is kept of the past grows with time."""
    with screen.Screen(command, ROWS, COLUMNS, env=env) as s:
        s.wait("overview")
        for name in page_names() + ["overview", "sessions"]:
            s.send(":", name, "enter")
            end = time.monotonic() + 3
            while time.monotonic() < end:
                s.read(0.2)
        assert not s.ended()
        return memory_mb(s.pid)


def is_full(text):
    """All panes of the overview have answered and show their rows; only the statements, which tell increases, may still wait for their second
    poll."""
    waiting = text.count("collecting") - sum("top statements" in above and "collecting" in below
                                             for above, below in zip(text.split("\n"), text.split("\n")[1:]))
    return waiting <= 0 and re.search(r"slots \d+/\d+", text) is not None


def chunks(s, seconds, start):
    """What comes in SECONDS with its times in ms since START; the emulator sees it only afterwards, so that its time does not count."""
    got = []
    while (left := start + seconds - time.perf_counter()) > 0:
        if select.select([s.fd], [], [], left)[0]:
            try:
                data = os.read(s.fd, 65536)
            except OSError:
                break
            if not data:
                break
            got.append(((time.perf_counter() - start) * 1000, data))
    return got


def first_that(s, got, holds):
    """When the screen was first so that HOLDS; all of GOT is taken."""
    found = None
    for ms, data in got:
        s.raw += data
        s.stream.feed(data)
        if found is None and holds("\n".join(s.screen.display)):
            found = ms
    return found


def first_frames(command, env, full, seconds, times=10):
    taken = []
    for _ in range(times):
        start = time.perf_counter()
        with screen.Screen(command, ROWS, COLUMNS, env=env) as s:
            taken.append(first_that(s, chunks(s, seconds, start), full))
    return [float("nan") if t is None else t for t in taken]


def key_latency(command, env, rounds):
    """Milliseconds from a key to the first screen whose body (the head and titles do not count) is another one: pages, order, filter. A slow
    refresh, so that hardly any change is that of new data."""
    keys = ["2", "r", "3", "r", "1", "4", "r", "<", "5", "r", "1"]
    taken = []
    with screen.Screen(command + ["--refresh", "30"], ROWS, COLUMNS, env=env) as s:
        s.wait("overview")
        for key in "2345":  # each page once: with what it is made of at hand
            s.send(key)
            end = time.monotonic() + 3
            while time.monotonic() < end:
                s.read(0.2)
        for i in range(rounds):
            for key in keys:
                s.read(0.3)
                before = s.text().split("\n")[4:-1]
                start = time.perf_counter()
                s.send(key)
                ms = first_that(s, chunks(s, 0.15, start), lambda t: t.split("\n")[4:-1] != before and "collecting" not in t)
                taken.append((ms if ms is not None else float("nan"), key))
    return taken


# ---- One poll ----

def poll_cost(bench, env, server, control, dataset, rounds=20):
    """CPU of a poll: the server's, ours."""
    p = subprocess.Popen([bench, "polls", str(rounds), dataset], env=env, stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True)
    if p.stdout.readline() != "ready\n":
        return float("nan"), float("nan")
    meter = Meter(server, control, OURS)
    meter.look(start=True)
    p.stdin.write("\n")
    p.stdin.flush()
    client = float(p.stdout.readline())
    meter.look()
    p.stdin.close()
    p.wait()
    return meter.total_ms() / rounds, client


# ---- The table ----

def table(title, head, rows):
    widths = [max(len(str(r[i])) for r in [head] + rows) for i in range(len(head))]
    print(f"\n{title}")
    for r in [head] + rows:
        print("  " + "  ".join(str(v).ljust(w) if i == 0 else str(v).rjust(w) for i, (v, w) in enumerate(zip(r, widths))).rstrip())
    sys.stdout.flush()


def verdict(name, value, large):
    """A row of the table of targets; names are those of TARGETS."""
    limit = TARGETS[name][large]
    return [name, f"{value:.0f}" if value >= 1000 else f"{value:.2f}", f"<= {limit}", "ok" if value <= limit else "MISSED"]


def without_rules():
    """A config in which no rule is judged."""
    with tempfile.NamedTemporaryFile("w", prefix="dbv-bench-", suffix=".conf", delete=False) as f:
        f.write("[rules]\npacks = none\n")
    return f.name


def measure(a, server, control):
    large, bench, program = a.size == "large", f"{a.build}/tests/bench_collect", f"{a.build}/dbvitals"
    env = server.env("bench", "watcher")
    meter = Sizes(control)
    ours = watch(server, control, [program], env, OURS, a.seconds, False, meter.look)
    sizes, later, dearest = meter.end()
    config = without_rules()
    page = watch(server, control, [program, "--config", config], env, OURS, a.seconds, False)
    os.remove(config)
    rows = [("dbvitals", ours), ("the same, no rule judged", page)]
    for name, command, where, reconnects in ([] if a.no_peers else peers(server)):
        rows.append((name, watch(server, control, command, env, where, a.seconds, reconnects)))
    table(f"{a.size}: first page at {COLUMNS}x{ROWS}, refresh 1 s, {a.seconds:.0f} s each, PostgreSQL {server.version}",
          ["program", "client ms/refresh", "% of a core", "server ms/refresh", "tty bytes/refresh", "RssAnon MB", "RSS MB"],
          [[name, f"{r['client']:.2f}", f"{r['client'] / 10:.2f}", f"{r['server']:.2f}", f"{r['bytes']:.0f}", f"{r['anon']:.1f}", f"{r['rss']:.1f}"]
           for name, r in rows])
    collect = collecting_ms(bench, env, a.seconds)
    anon, rss = open_every_page([program], env)
    frames = first_frames([program], env, is_full, 3)
    latencies = key_latency([program], env, 8)
    keys = sorted(ms for ms, _ in latencies if ms == ms)
    polls = {d: poll_cost(bench, env, server, control, d) for d in POLLED}
    table("polls, one after the other", ["dataset", "server CPU ms", "client CPU ms"], [[d, f"{x:.2f}", f"{y:.2f}"] for d, (x, y) in polls.items()])
    print(f"\nRSS after every page {rss:.1f} MB; keys: {len(latencies)}, p50 {statistics.median(keys):.1f} ms, largest {keys[-1]:.1f} ms, "
          f"without effect {len(latencies) - len(keys)}\nsizes: {sizes:.0f} ms of the server in the first minute, "
          f"{'not seen' if later is None else f'{later:.0f} ms'} in a minute after it; the dearest single look {dearest:.0f} ms")
    print(f"judging rules, and reading what only they need: {ours['client'] - page['client']:.2f} ms of the client's CPU a second, "
          f"{ours['server'] - page['server']:.2f} ms of the server's")
    values = [ours["client"], page["client"] - collect, ours["server"], ours["bytes"], ours["anon"], anon, statistics.median(frames),
              keys[int(len(keys) * 0.95) - 1], sizes] + [polls[d][0] for d in ("statements", "tables", "indexes")]
    table(f"{a.size}: against the targets", ["what", "measured", "target", ""], [verdict(n, v, large) for n, v in zip(TARGETS, values)])
    print("\n" + subprocess.run([bench, "40", *POLLED], env=env, check=True, capture_output=True, text=True).stdout)


def main():
    p = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    p.add_argument("size", choices=SIZES)
    p.add_argument("--seconds", type=float, default=60)
    p.add_argument("--build", default=os.path.join(ROOT, "build"))
    p.add_argument("--no-peers", action="store_true")
    a = p.parse_args()
    size, yard = SIZES[a.size], servers.Yard()
    try:
        server = servers.Server(yard, **SETTINGS).start()
        build(server, size)
        kept = open_sessions(server, size)
        control = server.connect("bench")
        load = run_pgbench(server, size, 7200)
        measure(a, server, control)
        load.kill()
        load.wait()
        for c in kept:
            c.close()
    finally:
        yard.close()


if __name__ == "__main__":
    main()
