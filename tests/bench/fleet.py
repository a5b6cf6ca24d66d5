#!/usr/bin/python3
"""What a guard over a fleet costs: one process, 200 targets at a cadence of 10 s with the pack `standard`, three of them dead.

    tests/bench/fleet.py [--targets 200] [--seconds 60] [--build build]

Two of five targets are databases of one PostgreSQL server, the others databases behind one PgBouncer, its console, and applications over HTTP. One server is stopped, one address
drops what is sent to it, one port refuses. Prints CPU time (/proc/PID/stat), memory and descriptors of the guard, how its connections were spread
over the start, and how old the samples of the living were at most. The exit code is 1 where what is wanted does not hold."""
import argparse
import os
import signal
import sys
import tempfile
import time

HERE = os.path.dirname(os.path.abspath(__file__))
ROOT = os.path.dirname(os.path.dirname(HERE))
sys.path[:0] = [os.path.dirname(HERE), os.path.join(os.path.dirname(HERE), "guard"), HERE]
import servers  # noqa: E402
from cost import memory_mb  # noqa: E402
from guarding import Guard  # noqa: E402
from many import Many, most_within  # noqa: E402

REFRESH_S, WARM_S, EVERY_S = 10, 25, 5
# Of an age: an answer takes its time, and a poll may come 0.3 of a cadence late, to go out with others.
MOST_CORE, MOST_AGE_S, MOST_AT_ONCE = 0.10, 1.4 * REFRESH_S, 15
AGES = "select target, state, data_age_s from targets"


def cpu_s(pid):
    with open(f"/proc/{pid}/stat") as f:
        fields = f.read().rpartition(")")[2].split()
    return (int(fields[11]) + int(fields[12])) / os.sysconf("SC_CLK_TCK")


def watch(guard, many, seconds):
    time.sleep(WARM_S)
    begun, cpu, oldest = time.monotonic(), cpu_s(guard.process.pid), 0
    while time.monotonic() < begun + seconds:
        time.sleep(EVERY_S)
        rows = {r["target"]: r for r in guard.select(AGES)}
        oldest = max([oldest, *(rows[name]["data_age_s"] or 1e9 for name in many.living)])
        core = (cpu_s(guard.process.pid) - cpu) / (time.monotonic() - begun)
        print(f"{time.monotonic() - begun:6.0f} s  {100 * core:5.2f} % of a core  RssAnon {memory_mb(guard.process.pid)[0]:6.1f} MB  oldest {oldest:4.1f} s  "
              f"up {sum(r['state'] == 'up' for r in rows.values())}", flush=True)
    return core, oldest


def main():
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--targets", type=int, default=200)
    parser.add_argument("--seconds", type=float, default=60)
    parser.add_argument("--build", default=os.path.join(ROOT, "build"))
    options = parser.parse_args()
    yard = servers.Yard()
    try:
        many = Many(yard, options.targets, databases=40, web=True)
        with tempfile.TemporaryDirectory(prefix="dbv-", dir="/tmp") as folder:
            guard = Guard(os.path.join(os.path.abspath(options.build), "dbvitals"), folder)
            guard.sections["rules"]["packs"] = "standard"
            guard.sections["guard"]["refresh"] = f"{REFRESH_S}s"
            guard.sections.update(many.sections())
            guard.start().wait_log('event="serving HTTP"')
            print(f"guard {guard.process.pid}", flush=True)
            try:
                core, oldest = watch(guard, many, options.seconds)
                rss, fds = memory_mb(guard.process.pid)[0], len(os.listdir(f"/proc/{guard.process.pid}/fd"))
            finally:
                guard.signal(signal.SIGTERM)
                guard.process.wait(30)
        connects = many.connects()
        many.close()
    finally:
        yard.close()
    at_once = most_within(connects, 0.1)
    print(f"CPU {100 * core:.2f} % of a core (wanted under {100 * MOST_CORE:.0f} %)")
    print(f"RssAnon {rss:.1f} MB, {1000 * rss / options.targets:.0f} kB a target; {fds} descriptors")
    print(f"{len(connects)} connections, at most {at_once} within 0.1 s (wanted {MOST_AT_ONCE}), {most_within(connects, 1)} within 1 s")
    print(f"oldest sample of a living target {oldest:.1f} s (wanted under {MOST_AGE_S})")
    return 0 if core < MOST_CORE and oldest < MOST_AGE_S and at_once <= MOST_AT_ONCE else 1


if __name__ == "__main__":
    sys.exit(main())
