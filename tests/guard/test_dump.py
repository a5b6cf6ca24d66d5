"""A dump holds a transaction and a COPY open for as long as whoever reads it takes: that is its work."""
import subprocess

import servers


def test_a_dump_into_a_slow_pipe_fires_nothing_where_a_long_query_does(start_server, guard):
    s = start_server()
    s.psql("create table big as select g, repeat('x', 1000) as t from generate_series(1, 20000) g")
    guard.sections["rules"]["packs"] = "standard"
    guard.sections["target shop"] = {"url": s.conninfo()}
    for rule in ("query_running_long", "transaction_long", "idle_in_transaction"):
        guard.sections[f"rule {rule}"] = {"warning": "> 1s", "critical": "> 1h", "for": "0s", "every": "0.25s"}
    guard.sections["rule oldest_xmin_held"] = {"enabled": "no"}
    guard.start()
    guard.wait_log("target up")
    dump = subprocess.Popen([f"{s.bin}/pg_dump", "-t", "big"], env=s.env("postgres"), stdout=subprocess.PIPE)  # nobody reads
    other = None
    try:
        servers.wait_for(lambda: s.query("select 1 from pg_stat_activity where application_name = 'pg_dump' and query like 'COPY%'"
                                         " and now() - xact_start > '2 s'"), 20)
        other = subprocess.Popen(["psql", "-XAtqc", "select pg_sleep(60)"], env=s.env("postgres"), stdout=subprocess.DEVNULL)
        guard.wait_log("rule=query_running_long")  # the dump is judged with it, and was before
        assert dump.poll() is None
        fired = [line for line in guard.log().splitlines() if "event=fired" in line and "rule=restarted" not in line]
        assert fired and all("pg_dump" not in line and "COPY" not in line for line in fired), fired
    finally:
        for p in filter(None, (other, dump)):
            p.kill()
            p.wait()
        dump.stdout.close()
    assert guard.stop() == 0
