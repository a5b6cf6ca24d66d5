#!/usr/bin/python3
"""Is it still the same after a long time? CPU and memory of the dashboard, a line a minute, and a verdict.

    tests/bench/endurance.py [MINUTES] [--program build/dbvitals]

30 minutes unless told. A private server with pgbench's load; each minute another page is opened, and the first one again. The first fifth of the
time, and the ten minutes that history grows for, are not judged. Flat means: the mean CPU of the last third is at most a fifth above that of
the first judged third, and memory grew by at most a tenth and 1 MB. Exit code 0 if it is flat."""
import argparse
import os
import statistics
import sys
import time

HERE = os.path.dirname(os.path.abspath(__file__))
ROOT = os.path.dirname(os.path.dirname(HERE))
sys.path.insert(0, HERE)
import cost  # noqa: E402
import screen  # noqa: E402
import servers  # noqa: E402

PAGES = ["sessions", "statements", "tables", "indexes", "pools", "locks", "waits", "findings", "ledger"]
KEPT_MIN = 10.5  # how long samples are kept: memory grows until then


def minute(s, number):
    """One minute: a page for ten seconds, the first one for the rest. CPU in ms a second of the rest, RssAnon in MB."""
    s.send(":", PAGES[number % len(PAGES)], "enter")
    end = time.monotonic() + 10
    while time.monotonic() < end:
        s.read(0.2)
    s.send("1")
    s.read(1)
    start, cpu = time.monotonic(), cost.cpu_ns(s.pid)
    while time.monotonic() < end + 49:
        s.read(0.2)
    assert not s.ended(), f"it ended:\n{s.text()}"
    used = (cost.cpu_ns(s.pid) - cpu) / 1e6 / (time.monotonic() - start)
    del s.raw[:]
    return used, *cost.memory_mb(s.pid), len(os.listdir(f"/proc/{s.pid}/fd")), len(os.listdir(f"/proc/{s.pid}/task"))


def judge(rows, minutes):
    """A sentence for what is not flat."""
    first = int(min(max(minutes / 5, KEPT_MIN), minutes / 2))
    judged = rows[first:]
    third = max(1, len(judged) // 3)
    early, late = judged[:third], judged[-third:]
    cpu = [statistics.median(r[0] for r in part) for part in (early, late)]
    memory = [statistics.median(r[1] for r in part) for part in (early, late)]
    wrong = []
    if cpu[1] > cpu[0] * 1.2:
        wrong.append(f"CPU grew from {cpu[0]:.2f} to {cpu[1]:.2f} ms/s")
    if memory[1] > memory[0] * 1.1 + 1:
        wrong.append(f"memory grew from {memory[0]:.1f} to {memory[1]:.1f} MB")
    if late[-1][3] > early[0][3] or late[-1][4] > early[0][4]:
        wrong.append(f"descriptors {early[0][3]} to {late[-1][3]}, threads {early[0][4]} to {late[-1][4]}")
    print(f"\nCPU {cpu[0]:.2f} -> {cpu[1]:.2f} ms/s, RssAnon {memory[0]:.1f} -> {memory[1]:.1f} MB over the last {len(judged)} minutes: "
          + ("flat" if not wrong else "NOT FLAT: " + "; ".join(wrong)))
    return not wrong


def main():
    p = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    p.add_argument("minutes", nargs="?", type=int, default=30)
    p.add_argument("--program", default=os.path.join(ROOT, "build", "dbvitals"))
    a = p.parse_args()
    size, yard, rows = cost.SIZES["small"], servers.Yard(), []
    try:
        server = servers.Server(yard, **cost.SETTINGS).start()
        cost.build(server, size)
        kept = cost.open_sessions(server, size)
        load = cost.run_pgbench(server, size, (a.minutes + 5) * 60)
        print(f"{'minute':>6} {'CPU ms/s':>9} {'RssAnon MB':>11} {'RSS MB':>7} {'fds':>4} {'threads':>8}")
        with screen.Screen([a.program], cost.ROWS, cost.COLUMNS, env=server.env("bench", "watcher")) as s:
            s.wait("overview")
            for number in range(a.minutes):
                rows.append(minute(s, number))
                print(f"{number + 1:>6} {rows[-1][0]:>9.2f} {rows[-1][1]:>11.1f} {rows[-1][2]:>7.1f} {rows[-1][3]:>4} {rows[-1][4]:>8}", flush=True)
        load.kill()
        load.wait()
        for c in kept:
            c.close()
    finally:
        yard.close()
    return 0 if judge(rows, a.minutes) else 1


if __name__ == "__main__":
    sys.exit(main())
