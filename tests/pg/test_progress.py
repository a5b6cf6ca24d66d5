"""The dataset `progress` on real servers of every version: what runs is seen with how far it is, as the server's own views say."""
import os
import subprocess
import threading

import psycopg2

import servers
from polling import WEIRD, connect, do, one, pid_of, read, rounds, rows, server, world  # noqa: fixtures too

QUOTED = '"' + WEIRD.replace('"', '""') + '"'
LITERAL = "'" + QUOTED.replace("'", "''") + "'"


def begin(connection, sql, *how):
    """Runs SQL until the test ends it."""
    def run():
        try:
            for statement in how + (sql,):
                do(connection, statement)
        except psycopg2.Error:
            pass
    connection.autocommit = True
    threading.Thread(target=run, daemon=True).start()


def is_phase(pid, phase):
    return lambda found: any(r["pid"] == pid and (r["phase"] or "").startswith(phase) for r in found)


def wait_for_phase(server, view, pid, phase):
    sql = f"select count(*) from pg_stat_progress_{view} where pid = {pid} and phase = '{phase}'"
    servers.wait_for(lambda: server.value(sql) == 1, 20, lambda: (phase, server.query(f"select * from pg_stat_progress_{view}")))


SLOWLY = ("set vacuum_cost_delay = 100", "set vacuum_cost_limit = 1")


def crawl(server):
    server.query(f"drop table if exists {QUOTED}; create table {QUOTED}(a int, b text) with (fillfactor = 10);"
                 f"insert into {QUOTED} select g, repeat('x', 300) from generate_series(1, 1000) g")


def test_vacuum_and_analyze_tell_pages_done_of_all(server, rows, connect):
    crawl(server)
    pages = server.value(f"select pg_relation_size({LITERAL}) / 8192")
    for command, view, phase, done in (("vacuum", "vacuum", "scanning heap", "heap_blks_scanned"),
                                       ("analyze", "analyze", "acquiring sample rows", "sample_blks_scanned")):
        c = connect(server)
        begin(c, f"{command} {QUOTED}", *SLOWLY)
        wait_for_phase(server, view, pid_of(c), phase)
        before = server.value(f"select {done} from pg_stat_progress_{view}")
        row = one(rows(server, "progress"), pid=pid_of(c))
        after = server.value(f"select {done} from pg_stat_progress_{view}")
        assert (row["command"], row["phase"], row["counted"]) == (command.upper(), phase, "pages")
        assert (row["schema"], row["name"], row["relid"]) == ("public", WEIRD, server.value(f"select {LITERAL}::regclass::oid"))
        assert row["total"] == pages and before <= row["done"] <= after and row["ratio"] == row["done"] / pages
        assert (row["datname"], row["usename"], row["hidden"], row["is_wraparound"]) == ("postgres", "postgres", 0, 0)
        assert 0 <= row["running_s"] < 60 and row["backend_start"] > 1.6e9
        c.cancel()


def test_a_concurrent_build_names_whom_it_waits_for_and_each_phase_counts_anew(server, rounds, connect):
    crawl(server)
    writer, reader, builder = connect(server), connect(server), connect(server)
    do(writer, f"update {QUOTED} set b = 'y' where a = 1")
    do(reader, "begin isolation level repeatable read; select 1")
    begin(builder, f'create index concurrently "i""x" on {QUOTED}(a)')
    r = rounds(server, "progress")
    first = one(r.until(is_phase(pid_of(builder), "waiting for writers before build")), pid=pid_of(builder))
    again = one(r.next(), pid=pid_of(builder))
    assert (first["command"], first["counted"], first["total"], first["done"]) == ("CREATE INDEX CONCURRENTLY", "sessions", 1, 0)
    assert first["waits_for_pid"] == pid_of(writer) and first["index_name"] == 'i"x' and first["name"] == WEIRD
    assert first["phase_at"] == again["phase_at"]
    writer.commit()
    later = one(r.until(is_phase(pid_of(builder), "waiting for old snapshots")), pid=pid_of(builder))
    assert later["waits_for_pid"] == pid_of(reader) and later["phase_at"] > first["phase_at"]


def test_a_rewrite_that_locks_its_table_is_seen_without_waiting(server, rows, connect):
    slow = "create or replace function slow(int) returns int immutable language plpgsql as 'begin perform pg_sleep({}); return $1; end'"
    server.query("drop table if exists heavy; create table heavy(a int primary key); insert into heavy select generate_series(1, 200);"
                 f"{slow.format(0)}; create index on heavy(slow(a)); {slow.format(0.1)}")
    c = connect(server)
    begin(c, "vacuum full heavy")
    wait_for_phase(server, "cluster", pid_of(c), "rebuilding index")
    row = one(rows(server, "progress"), pid=pid_of(c))
    assert (row["command"], row["phase"], row["counted"], row["name"]) == ("VACUUM FULL", "rebuilding index", "indexes", "heavy")
    assert row["total"] == 2 and 0 <= row["done"] < 2


def test_a_copy_from_a_client_has_bytes_and_no_end(server, rows, connect):
    server.query("drop table if exists copied; create table copied(a text)")
    c = connect(server)
    out, into = os.pipe()
    lines = b"0123456789\n" * 8192
    with os.fdopen(out, "rb") as source, c.cursor() as cursor:
        copying = threading.Thread(target=lambda: cursor.copy_expert("copy copied from stdin", source), daemon=True)
        copying.start()
        with os.fdopen(into, "wb", buffering=0) as sink:
            sink.write(lines)
            sql = f"select bytes_processed from pg_stat_progress_copy where pid = {pid_of(c)}"
            servers.wait_for(lambda: server.query(sql) and server.value(sql) > 0)
            row, bytes_done = one(rows(server, "progress"), pid=pid_of(c)), server.value(sql)
        copying.join(20)
    assert (row["command"], row["phase"], row["counted"], row["name"]) == ("COPY FROM", "copying, pipe", "bytes", "copied")
    assert 0 < row["done"] <= bytes_done and row["total"] is None and row["ratio"] is None


def test_a_base_backup_is_seen(server, rows):
    options = "(PROGRESS, CHECKPOINT 'fast')" if server.version >= 15 else "PROGRESS FAST"
    command = ["psql", "-XAtq", "-d", f"{server.conninfo()} replication=true", "-c", f"BASE_BACKUP {options}"]
    with subprocess.Popen(command, env=servers.plain_env(), stdin=subprocess.DEVNULL, stdout=subprocess.PIPE) as taken:
        try:
            wait = "select pid from pg_stat_progress_basebackup where phase = 'streaming database files' and backup_total > 0"
            servers.wait_for(lambda: server.query(wait), 30)  # nobody reads its output: it goes no further
            row = one(rows(server, "progress"), command="BASE BACKUP")
            known = server.query("select pid, backup_total from pg_stat_progress_basebackup")[0]
        finally:
            taken.kill()
    assert (row["pid"], row["total"]) == known and row["counted"] == "bytes" and 0 < row["ratio"] <= 1
    assert row["datname"] is None and row["name"] is None and row["backend_type"] == "walsender"


def test_who_may_not_see_it_is_told_that_something_runs(server, rows, read, connect):
    crawl(server)
    c = connect(server)
    begin(c, f"vacuum {QUOTED}", *SLOWLY)
    wait_for_phase(server, "vacuum", pid_of(c), "scanning heap")
    hidden = one(rows(server, "progress", user="nobody"), pid=pid_of(c))
    assert hidden["hidden"] == 1 and hidden["command"] == "VACUUM"
    assert {hidden[k] for k in ("phase", "relid", "name", "done", "total", "ratio")} == {None}
    seen = one(rows(server, "progress", user="watcher"), pid=pid_of(c))
    assert seen["hidden"] == 0 and seen["name"] == WEIRD
    elsewhere = one(rows(server, "progress", dbname="other"), pid=pid_of(c))
    assert elsewhere["relid"] == seen["relid"] and elsewhere["name"] is None and elsewhere["datname"] == "postgres"


def test_an_autovacuum_that_freezes_is_told_from_others(start_server, rows, connect):
    server = start_server(autovacuum_freeze_max_age=100000, autovacuum_naptime="1s")
    crawl(server)
    server.query(f"alter table {QUOTED} set (autovacuum_vacuum_cost_delay = 100, autovacuum_vacuum_cost_limit = 1); create table old(a int)")
    server.query("do $$ begin for i in 1..100500 loop begin insert into old values (1); exception when others then null; end; end loop; end $$")
    servers.wait_for(lambda: server.query(f"select 1 from pg_stat_progress_vacuum where relid = {LITERAL}::regclass"), 60)
    row = one(rows(server, "progress"), name=WEIRD)
    assert (row["is_wraparound"], row["backend_type"], row["usename"], row["command"]) == (1, "autovacuum worker", None, "VACUUM")
