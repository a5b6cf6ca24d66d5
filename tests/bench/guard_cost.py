#!/usr/bin/python3
"""What a guard costs: memory and CPU of one guard over one target at the default cadences, with the pack `standard`.

    tests/bench/guard_cost.py [--minutes 2] [--build build] [--load]

Prints a line every ten seconds and a table at the end; CPU time is that of /proc/PID/task/*/schedstat. The first half minute (first answers,
packs read) is not counted. --load runs pgbench beside it. The 30 minute run is the same command with --minutes 30."""
import argparse
import os
import pathlib
import signal
import subprocess
import sys
import tempfile
import time

HERE = os.path.dirname(os.path.abspath(__file__))
ROOT = os.path.dirname(os.path.dirname(HERE))
sys.path.insert(0, os.path.dirname(HERE))
sys.path.insert(0, HERE)
import servers  # noqa: E402
from cost import cpu_ns, memory_mb  # noqa: E402

MOST_MB, MOST_CORE = 6, 0.005
WARM_S, EVERY_S = 30, 10


def settings(server, folder):
    path = pathlib.Path(folder) / "guard.conf"
    path.write_text(f"[target shop]\nurl = {server.conninfo('bench')}\n[guard]\nstate_directory = {folder}/state\n"
                    f"[http]\nsocket = {folder}/s\n[webhook ops]\nurl = http://127.0.0.1:9/nobody\n")
    path.chmod(0o600)
    return path


def measure(guard, minutes):
    time.sleep(WARM_S)
    begun, cpu, rows = time.monotonic(), cpu_ns(guard.pid), []
    while time.monotonic() < begun + 60 * minutes:
        time.sleep(EVERY_S)
        if guard.poll() is not None:
            raise SystemExit(f"the guard ended with {guard.returncode}")
        core = (cpu_ns(guard.pid) - cpu) / 1e9 / (time.monotonic() - begun)
        rows.append((memory_mb(guard.pid)[0], core))
        print(f"{time.monotonic() - begun:6.0f} s  RssAnon {rows[-1][0]:5.2f} MB  {100 * core:.3f} % of a core", flush=True)
    return rows


def main():
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--minutes", type=float, default=2)
    parser.add_argument("--build", default=os.path.join(ROOT, "build"))
    parser.add_argument("--load", action="store_true")
    options = parser.parse_args()
    yard, load, guard = servers.Yard(), None, None
    try:
        server = servers.Server(yard).start()
        server.query("create database bench")
        server.query("create extension pg_stat_statements", dbname="bench")
        subprocess.run([f"{server.bin}/pgbench", "-i", "-q", "-s", "2", "-h", server.host, "-U", "postgres", "bench"], check=True,
                       capture_output=True)
        if options.load:
            load = subprocess.Popen([f"{server.bin}/pgbench", "-n", "-R", "100", "-c", "4", "-T", str(int(60 * options.minutes + 60)), "-h",
                                     server.host, "-U", "postgres", "bench"], stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)
        with tempfile.TemporaryDirectory(prefix="dbv-", dir="/tmp") as folder:
            with open(os.path.join(folder, "log"), "w") as log:
                guard = subprocess.Popen([os.path.join(options.build, "dbvitals"), "guard", "--config", settings(server, folder)], stderr=log,
                                         env={**servers.plain_env(), "HOME": folder})
            rows = measure(guard, options.minutes)
            check = subprocess.run([os.path.join(options.build, "dbvitals"), "check", "--config", os.path.join(folder, "guard.conf")],
                                   capture_output=True, text=True, env={**servers.plain_env(), "HOME": folder}).stdout
            print(check.splitlines()[0])  # that it judged all the while
            guard.send_signal(signal.SIGTERM)
            guard.wait(60)
    finally:
        for process in (load, guard):
            if process is not None and process.poll() is None:
                process.kill()
                process.wait()
        yard.close()
    most, core, tenth = max(r[0] for r in rows), rows[-1][1], max(1, len(rows) // 10)
    first, last = (sum(r[0] for r in part) / tenth for part in (rows[:tenth], rows[-tenth:]))
    print(f"RssAnon at most {most:.2f} MB (wanted {MOST_MB}); first tenth {first:.2f} MB, last tenth {last:.2f} MB")
    print(f"CPU {100 * core:.3f} % of a core (wanted under {100 * MOST_CORE} %)")
    return 0 if most <= MOST_MB and core < MOST_CORE else 1


if __name__ == "__main__":
    sys.exit(main())
