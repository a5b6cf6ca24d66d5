#!/usr/bin/python3
"""How true is ≈p95? Five statements under pgbench for 60 s or more, one of them two-humped; the estimate from pg_stat_statements' moments beside the
quantile of pgbench's per-transaction log. Prints the table that stands in docs/percentiles.md.

    tests/bench/percentiles.py [--seconds 60] [--program build/dbvitals]"""
import argparse
import glob
import json
import os
import subprocess
import sys
import tempfile
import time

HERE = os.path.dirname(os.path.abspath(__file__))
sys.path.insert(0, os.path.dirname(HERE))
import servers  # noqa: E402

# Name, script, how many transactions a second. The sleeps make distributions whose shape is known.
STATEMENTS = [
    ("scan of a third of a table", "select count(*) as scan_third from items where kind = {k}", 20),
    ("exponential, mean 10 ms", "select pg_sleep(-ln(1 - random()) * 0.010) as exponential", 40),
    ("log-normal, median 5 ms, sigma 0.8", "select pg_sleep(0.005 * exp(0.8 * sqrt(-2 * ln(1 - random())) * cos(2 * pi() * random()))) as lognormal", 40),
    ("uniform, 2 to 20 ms", "select pg_sleep(0.002 + random() * 0.018) as uniform", 40),
    ("two-humped: 90 % 2 ms, 10 % 100 ms", "select pg_sleep(case when random() < 0.9 then 0.002 else 0.1 end) as two_humped", 40),
]
OURS = "select query, calls_delta as n, mean_ms, p50_ms, p95_ms, p99_ms, span_s from statements('start') where query like 'select %as %' and calls_delta > 100"


def quantile(values, q):
    values = sorted(values)
    return values[min(len(values) - 1, int(q * len(values)))]


def documents(text):
    decoder, at, text = json.JSONDecoder(), 0, text.strip()
    while at < len(text):
        document, at = decoder.raw_decode(text, at)
        yield document
        while at < len(text) and text[at].isspace():
            at += 1


def main():
    p = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    p.add_argument("--seconds", type=int, default=60)
    p.add_argument("--program", default=os.path.join(os.path.dirname(os.path.dirname(HERE)), "build", "dbvitals"))
    a = p.parse_args()
    yard = servers.Yard()
    try:
        server = servers.Server(yard, max_connections=60, shared_buffers="64MB").start()
        server.psql("create extension pg_stat_statements; create table items as select i as id, i % 3 as kind, repeat('x', 50) as pad "
                    "from generate_series(1, 30000) i; vacuum analyze items;")
        folder = tempfile.mkdtemp(prefix="dbvitals-bench-")
        os.chmod(folder, 0o777)
        for i, (_, sql, _) in enumerate(STATEMENTS):
            with open(f"{folder}/{i}.sql", "w") as f:
                f.write(f"\\set k random(0, 2)\n{sql.replace('{k}', ':k')};\n" if "{k}" in sql else sql + ";\n")
            server.psql(open(f"{folder}/{i}.sql").read().replace(":k", "1").replace("\\set k random(0, 2)\n", ""))
        watcher = subprocess.Popen([a.program, "query", OURS, "-r", "5", "-n", str(a.seconds // 5 + 3), "-f", "json"], env=server.env(), text=True,
                                   stdout=subprocess.PIPE, stderr=subprocess.PIPE)
        time.sleep(3)
        loads = [subprocess.Popen([f"{server.bin}/pgbench", "-n", "-f", f"{folder}/{i}.sql", "-R", str(rate), "-c", "8", "-T", str(a.seconds), "-l",
                                   f"--log-prefix={folder}/log{i}"], env=server.env(), stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)
                 for i, (_, _, rate) in enumerate(STATEMENTS)]
        for load in loads:
            load.wait()
        out, errors = watcher.communicate(timeout=90)
        rows = list(documents(out))[-1]
        print(f"{a.seconds} s, PostgreSQL {server.version}; pgbench's latency includes the round trip, which pg_stat_statements does not see\n")
        print("| statement | calls | mean: ours / log, ms | p50: ≈ours / log | p95: ≈ours / log | p99: ≈ours / log |\n|---|--:|--:|--:|--:|--:|")
        for i, (name, sql, _) in enumerate(STATEMENTS):
            tag = sql.split(" as ")[1].split()[0]
            log = []
            for path in glob.glob(f"{folder}/log{i}*"):
                with open(path) as f:  # client, transaction, latency us, script, epoch, us, lag us (latency from the scheduled start: minus lag)
                    log += [(int(w[2]) - int(w[6] if len(w) > 6 else 0)) / 1000 for w in (line.split() for line in f)]
            ours = next((r for r in rows if f" as {tag}" in r["query"]), None)
            if ours is None:
                print(f"| {name} | not found |")
                continue
            cells = [f"{ours[k]:.1f} / {quantile(log, q):.1f} ({ours[k] / quantile(log, q) * 100 - 100:+.0f} %)"
                     for k, q in (("p50_ms", .5), ("p95_ms", .95), ("p99_ms", .99))]
            print(f"| {name} | {ours['n']:.0f} | {ours['mean_ms']:.1f} / {sum(log) / len(log):.1f} | {' | '.join(cells)} |")
        subprocess.run(["rm", "-rf", folder], check=False)
    finally:
        yard.close()


if __name__ == "__main__":
    main()
