"""The numbers agree with psql's own arithmetic, and nothing ever makes them negative or a spike."""
import json
import os
import signal
import subprocess
import time

import pytest

DATABASE = "select xact_commit + xact_rollback, blks_hit, blks_read from pg_stat_database where datname = 'bench'"
STATEMENT = ("select sum(calls), sum(total_exec_time) from pg_stat_statements s join pg_database d on d.oid = dbid "
             "where datname = 'bench' and query like 'UPDATE pgbench_accounts%'")
OURS = """select 'db' as what, xact_commit_delta + xact_rollback_delta as n, blks_hit_delta as hit, blks_read_delta as read_n, span_s,
    xact_per_s as per_s, hit_ratio as ratio from databases('start') where datname = 'bench'
    union all select 'statement', sum(calls_delta), sum(total_exec_ms_delta), null, max(span_s), sum(calls_per_s), sum(total_exec_ms_delta) / sum(calls_delta)
    from statements('start') where datname = 'bench' and query like 'UPDATE pgbench_accounts%'"""


def close(ours, truth, tolerance=0.02):
    assert ours is not None
    assert abs(ours - truth) <= tolerance * abs(truth), f"dbvitals {ours}, psql {truth}"


@pytest.mark.waits
def test_tps_calls_hit_ratio_and_mean_agree_with_psql(start_server, program):
    server = start_server(autovacuum="off")  # it reads blocks when nobody looks
    server.psql("create database bench; create extension pg_stat_statements;")
    subprocess.run([f"{server.bin}/pgbench", "-i", "-q", "-s", "2", "bench"], env=server.env("bench"), check=True, capture_output=True)
    bench = [f"{server.bin}/pgbench", "-R", "100", "-c", "4", "bench"]
    subprocess.run(bench + ["-T", "2"], env=server.env("bench"), check=True, capture_output=True)  # every statement exists before the window
    time.sleep(2)
    watcher = subprocess.Popen([program, "query", OURS, "-r", "4", "-n", "20", "-f", "json"], env=server.env(), text=True,
                               stdout=subprocess.PIPE, stderr=subprocess.PIPE)
    time.sleep(2)
    before, statement_before, started = server.query(DATABASE)[0], server.query(STATEMENT)[0], time.monotonic()
    subprocess.run(bench + ["-T", "60"], env=server.env("bench"), check=True, capture_output=True)
    time.sleep(2)
    after, statement_after = server.query(DATABASE)[0], server.query(STATEMENT)[0]
    out, errors = watcher.communicate(timeout=60)
    assert watcher.returncode == 0, errors
    last = json.loads(out.strip().split("\n")[-1]) if "\n" in out.strip() and out.strip().split("\n")[-1].startswith("[") else None
    if last is None:  # pretty-printed: the last document
        decoder, at, text = json.JSONDecoder(), 0, out
        while at < len(text.rstrip()):
            last, at = decoder.raw_decode(text, at)
            at += len(text[at:]) - len(text[at:].lstrip())
    db, statement = last
    d = [float(a - b) for a, b in zip(after, before)]
    close(db["n"], d[0])
    close(db["per_s"] * db["span_s"], d[0])
    close(db["ratio"], d[1] / (d[1] + d[2]))
    calls, total = float(statement_after[0] - statement_before[0]), statement_after[1] - statement_before[1]
    close(statement["n"], calls)
    close(statement["per_s"] * statement["span_s"], calls)
    close(statement["ratio"], total / calls)
    assert time.monotonic() - started >= 60


DISTURBANCES = {
    "pg_stat_reset": "select pg_stat_reset()",
    "pg_stat_statements_reset": "select pg_stat_statements_reset()",
    "grant": "grant pg_monitor to watcher",
}


@pytest.mark.parametrize("what", list(DISTURBANCES) + ["restart"])
def test_no_negative_and_no_spike_after(start_server, program, what):
    server = start_server()
    server.psql("create role watcher login; create extension pg_stat_statements; create table t (a int); insert into t select generate_series(1, 50000);"
                "grant select on t to watcher;")
    server.psql("select count(*) from t;" * 500)  # a lifetime of 1,000 transactions and calls, and 100,000 blocks, a second if it is shown as a rate
    sql = ("select 'db' as what, xact_commit_per_s as a, blks_hit_per_s as b from databases where datname = 'postgres' union all "
           "select 'st', max(calls_per_s), min(calls_per_s) from statements")
    watcher = subprocess.Popen([program, "query", sql, "-r", "0.5", "-n", "8", "-f", "csv"], env=server.env(user="watcher"), text=True,
                               stdout=subprocess.PIPE, stderr=subprocess.PIPE)
    time.sleep(4)
    if what == "restart":
        server.restart()
    else:
        server.psql(DISTURBANCES[what])
    out, errors = watcher.communicate(timeout=60)
    rows = [line.split(",") for line in out.splitlines() if line[:2] in ("db", "st")]
    assert len(rows) >= 8, f"too few numbers: {out}{errors}"
    for what, *numbers in rows:
        a, b = [float(x) if x else 0 for x in numbers]
        assert a >= 0 and b >= 0, out
        assert a < 150 and b < 20000, f"a lifetime was shown as a rate: {out}"


def test_a_delayed_tick_does_not_change_a_rate(start_server, program):
    """The server is stopped for a while in the middle of a steady load: the rate over the longer interval is still the load's."""
    server = start_server()
    server.psql("create database bench")
    load = subprocess.Popen([f"{server.bin}/pgbench", "-i", "-q", "bench"], env=server.env("bench"), stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)
    load.wait()
    load = subprocess.Popen([f"{server.bin}/pgbench", "-S", "-R", "50", "-c", "1", "-T", "12", "bench"], env=server.env("bench"),
                            stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)
    time.sleep(1)
    watcher = subprocess.Popen([program, "query", "select xact_per_s as tps, span_s from databases where datname = 'bench'", "-r", "1", "-n", "8",
                                "-f", "csv"], env=server.env(), text=True, stdout=subprocess.PIPE, stderr=subprocess.PIPE)
    time.sleep(2.2)
    backend = server.value("select min(pid) from pg_stat_activity where application_name = 'dbvitals'")
    os.kill(backend, signal.SIGSTOP)
    time.sleep(2.5)
    os.kill(backend, signal.SIGCONT)
    out, errors = watcher.communicate(timeout=60)
    load.wait()
    rows = [line.split(",") for line in out.splitlines() if line and line[0].isdigit()]
    assert len(rows) >= 6, out + errors
    # Backends report what they did once a second, and pgbench's own rate is random: what an interval may be off by.
    for tps, span in ((float(tps), float(span)) for tps, span in rows):
        assert abs(tps * span - 50 * span) <= 60 + 3 * (50 * span) ** 0.5, f"{tps} tps over {span} s; the load is 50: {out}"
    total, spans = sum(float(tps) * float(span) for tps, span in rows), sum(float(span) for _, span in rows)
    assert abs(total / spans - 50) <= 15, out
    assert max(float(span) for _, span in rows) >= 2.4 and min(float(span) for _, span in rows) >= 0.6, out


def test_a_statement_that_was_reset_and_grew_past_what_it_was_counts_from_its_reset(start_server, program):
    server = start_server(17, shared_preload_libraries="pg_stat_statements")
    server.psql("create extension pg_stat_statements; create table t (a int)")
    server.psql("select count(*) from t;" * 50)
    which = "query like 'select count(*) from t%'"
    with subprocess.Popen([program, "query", f"select calls, calls_delta from statements('1m') where {which}", "-r", "1", "-n", "4", "-f", "csv"],
                          env=server.env(), text=True, stdout=subprocess.PIPE, stderr=subprocess.PIPE) as watcher:
        rows = []
        for line in watcher.stdout:
            if not line[0].isdigit():
                continue
            rows.append(line.strip())
            if len(rows) == 1:
                server.psql(f"select pg_stat_statements_reset(userid, dbid, queryid) from pg_stat_statements where {which}")
                server.psql("select count(*) from t;" * 70)
    assert rows[0] == "50,0" and rows[-1] == "70,70", rows
