#!/usr/bin/python3
"""What watching costs: one table by one command.

    tests/bench/cost.py small|large [--seconds 60] [--program build/dbvitals] [--no-peers]

Starts a private server of the size asked for, runs the dashboard (and peers that are installed, in turn) on a pseudo-terminal of 200x50, and
measures CPU time from /proc/PID/task/*/schedstat, never wall time. "small": 2,000 tables, about 30 sessions. "large": 10,000 tables, 500
backends, 5,000 statements with 1 kB texts, 200 of the backends waiting for one lock."""
import argparse
import os
import shutil
import statistics
import subprocess
import sys
import time

HERE = os.path.dirname(os.path.abspath(__file__))
sys.path.insert(0, os.path.dirname(HERE))
import screen   # noqa: E402
import servers  # noqa: E402

SIZES = {"small": dict(tables=2000, sessions=20, waiting=0, statements=0, clients=8),
         "large": dict(tables=10000, sessions=290, waiting=200, statements=5000, clients=8)}
SETTINGS = {"max_connections": 600, "shared_buffers": "512MB", "autovacuum": "off", "pg_stat_statements.max": 10000,
            "track_io_timing": "on", "max_locks_per_transaction": 256}
PAGES = "123456789"


def cpu_ns(pid):
    """CPU time of a process with all its threads."""
    total = 0
    try:
        for task in os.listdir(f"/proc/{pid}/task"):
            with open(f"/proc/{pid}/task/{task}/schedstat") as f:
                total += int(f.read().split()[0])
    except (FileNotFoundError, ProcessLookupError):
        return None
    return total


def memory_kb(pid):
    with open(f"/proc/{pid}/status") as f:
        lines = dict(line.split(":", 1) for line in f)
    return int(lines["RssAnon"].split()[0]), int(lines["VmRSS"].split()[0])


class Meter:
    """Sums CPU of processes that come and go: backends of one application name."""

    def __init__(self, connection, where):
        self.cursor, self.where, self.first, self.last = connection.cursor(), where, {}, {}

    def look(self, start=False):
        self.cursor.execute(f"select pid from pg_stat_activity where {self.where}")
        for (pid,) in self.cursor.fetchall():
            used = cpu_ns(pid)
            if used is not None:
                self.first.setdefault(pid, used if start else 0)
                self.last[pid] = used

    def total_ms(self):
        return sum(self.last[p] - self.first[p] for p in self.last) / 1e6


def build(server, size):
    server.psql("create role watcher login; grant pg_monitor to watcher; create database bench;")
    server.psql("create extension pg_stat_statements; " if server.has_library("pg_stat_statements") else "", dbname="bench")
    for start in range(0, size["tables"], 500):
        server.psql(f"""do $$ begin for i in {start}..{min(start + 500, size['tables']) - 1} loop
            execute format('create table t%s (id int primary key, v text)', i); end loop; end $$;""", dbname="bench")
    script = []
    for i in range(size["statements"]):
        script.append(f"select v /* {'x' * 1000} */ from t{i % size['tables']} where id = 1;")
    if script:
        server.psql("\\o /dev/null\n" + "\n".join(script), dbname="bench")
    subprocess.run([f"{server.bin}/pgbench", "-i", "-q", "-s", "5", "bench"], env=server.env("bench"), check=True,
                   stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)


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


def watch(name, command, env, where, control, seconds, refresh_s=1.0):
    """One session of SECONDS on the first page: a row of figures."""
    with screen.Screen(command, 50, 200, env=env) as s:
        warm = time.monotonic() + 5
        while time.monotonic() < warm:
            s.read(0.2)
        meter = Meter(control, where)
        meter.look(start=True)
        start_cpu, start_bytes, start = cpu_ns(s.pid), len(s.raw), time.monotonic()
        while time.monotonic() - start < seconds:
            s.read(0.2)
            meter.look()
        took = time.monotonic() - start
        client_ms = (cpu_ns(s.pid) - start_cpu) / 1e6
        refreshes = took / refresh_s
        anon, rss = memory_kb(s.pid)
        return [name, f"{client_ms / refreshes:.2f}", f"{client_ms / took / 10:.2f}", f"{meter.total_ms() / refreshes:.2f}",
                f"{(len(s.raw) - start_bytes) / refreshes:.0f}", f"{anon / 1024:.1f}", f"{rss / 1024:.1f}"]


def open_every_page(command, env):
    """Memory after every page was looked at for a while."""
    with screen.Screen(command, 50, 200, env=env) as s:
        s.wait(lambda t: t.strip() != "")
        for key in PAGES:
            s.send(key)
            end = time.monotonic() + 4
            while time.monotonic() < end:
                s.read(0.2)
        return memory_kb(s.pid)


def first_frames(command, env, full, times=10):
    taken = []
    for _ in range(times):
        start = time.perf_counter()
        with screen.Screen(command, 50, 200, env=env) as s:
            s.wait(full)
            taken.append((time.perf_counter() - start) * 1000)
    return taken


def key_latency(command, env, n=60):
    """Milliseconds from a key to the first change of the screen: pages, sort, reverse, window."""
    keys = "345" + "r" + "<" + "2" + "r" + "1" + "w"
    taken = []
    with screen.Screen(command, 50, 200, env=env) as s:
        s.wait(lambda t: t.strip() != "")
        time.sleep(3)
        for i in range(n):
            s.read(0.05)
            taken.append(s.time_to_change(keys[i % len(keys)]))
            s.read(0.3)
    return [t for t in taken if t == t]


def poll_cost(program, server, control, dataset):
    """Server CPU of one poll: the backends' CPU over the polls of `show`, the first (cold) ones left out."""
    env = server.env("bench", "watcher")
    p = subprocess.Popen([program, "show", dataset, "-r", "0.5", "-n", "30", "-f", "csv"], env=env, stdout=subprocess.DEVNULL,
                         stderr=subprocess.DEVNULL)
    time.sleep(3)
    meter = Meter(control, "application_name = 'dbvitals'")
    meter.look(start=True)
    client, start = cpu_ns(p.pid), time.monotonic()
    while p.poll() is None and time.monotonic() - start < 10:
        time.sleep(0.1)
        if p.poll() is None:
            meter.look()
            used = cpu_ns(p.pid) or client
    took = time.monotonic() - start
    p.kill()
    p.wait()
    return meter.total_ms() / (took / 0.5), (used - client) / 1e6 / (took / 0.5)


def table(title, head, rows):
    widths = [max(len(str(r[i])) for r in [head] + rows) for i in range(len(head))]
    print(f"\n{title}")
    for r in [head] + rows:
        print("  " + "  ".join(str(v).ljust(w) if i == 0 else str(v).rjust(w) for i, (v, w) in enumerate(zip(r, widths))))
    sys.stdout.flush()


def peers(server):
    found = []
    if shutil.which("pg_activity"):
        found.append(("pg_activity", ["pg_activity", "--refresh", "1", "--no-db-size", "-h", server.host, "-U", "watcher", "-d", "bench"],
                      "application_name = 'pg_activity'"))
    if shutil.which("pg_top"):
        found.append(("pg_top", ["pg_top", "-s", "1", "-h", server.host, "-U", "watcher", "-d", "bench"],
                      "usename = 'watcher' and application_name <> 'dbvitals'"))
    return found


def main():
    p = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    p.add_argument("size", choices=SIZES)
    p.add_argument("--seconds", type=float, default=60)
    p.add_argument("--program", default=os.path.join(os.path.dirname(os.path.dirname(HERE)), "build", "dbvitals"))
    p.add_argument("--no-peers", action="store_true")
    a = p.parse_args()
    size, yard = SIZES[a.size], servers.Yard()
    try:
        server = servers.Server(yard, **SETTINGS).start()
        build(server, size)
        kept = open_sessions(server, size)
        control = server.connect("bench")
        env = server.env("bench", "watcher")
        command = [a.program]
        runs = [("dbvitals", command, "application_name = 'dbvitals'")] + ([] if a.no_peers else peers(server))
        load = run_pgbench(server, size, 3600)
        rows = [watch(name, cmd, env, where, control, a.seconds) for name, cmd, where in runs]
        table(f"{a.size}: overview at 200x50, refresh 1 s, {a.seconds:.0f} s each, PostgreSQL {server.version}",
              ["program", "client ms/refresh", "% core", "server ms/refresh", "tty bytes/refresh", "RssAnon MB", "RSS MB"], rows)
        anon, rss = open_every_page(command, env)
        frames, keys = first_frames(command, env, "connections"), sorted(key_latency(command, env))
        table("memory after every page; start; keys", ["what", "value"], [
            ["RssAnon MB, all pages", f"{anon / 1024:.1f}"], ["RSS MB, all pages", f"{rss / 1024:.1f}"],
            ["exec to first full frame, ms (median of 10)", f"{statistics.median(frames):.0f}"],
            ["key to screen, p50 ms", f"{statistics.median(keys):.1f}"], ["key to screen, p95 ms", f"{keys[int(len(keys) * 0.95) - 1]:.1f}"]])
        polls = [(d, *poll_cost(a.program, server, control, d)) for d in ("sessions", "statements", "tables", "indexes", "locks")]
        table("one poll", ["dataset", "server CPU ms", "client CPU ms (with printing)"], [[d, f"{x:.2f}", f"{y:.2f}"] for d, x, y in polls])
        load.kill()
        load.wait()
        for c in kept:
            c.close()
    finally:
        yard.close()


if __name__ == "__main__":
    main()
