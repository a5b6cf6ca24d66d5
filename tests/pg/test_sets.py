"""The datasets of PostgreSQL against real servers of every version: each answers whoever asks, and none falls into the traps that
other monitors fall into."""
import json
import os
import subprocess
import time

import psycopg2
import pytest

import servers
from polling import WEIRD, connect, do, one, pid_of, read, rounds, rows, send, server, world  # noqa: fixtures too

SETS = ["access", "bloat", "caches", "database_sizes", "foreign_keys", "indexes", "locks", "matviews", "partitions", "pools", "progress", "sequences", "sessions", "settings", "slots", "statements", "tables"]
OFTEN_EMPTY = {"bloat", "foreign_keys", "locks", "matviews", "partitions", "progress", "sequences", "slots"}
ROLES = ["postgres", "watcher", "nobody"]  # a superuser, a member of pg_monitor, a role with nothing


# ---- Everyone gets an answer ----

@pytest.mark.parametrize("role", ROLES)
def test_every_dataset_answers_every_role(server, read, role):
    answers = read(server, *SETS, user=role)
    for name in SETS:
        line = answers[name][0]
        assert "rows" in line, line
        if name not in OFTEN_EMPTY:
            assert line["rows"], f"{name} is empty for {role}"


@pytest.mark.parametrize("version", servers.VERSIONS)
def test_every_dataset_comes_through_a_transaction_pooler(world, read, start_pgbouncer, version):
    bouncer = start_pgbouncer(world(version), pool_size=2, users=["watcher"])
    answers = read(bouncer, *SETS, user="watcher", n=3)
    for name in SETS:
        assert len([x for x in answers[name] if "rows" in x]) == 3, answers[name]


def test_the_poll_goes_on_with_every_dataset(server, read):
    answers = read(server, *SETS, n=3)
    for name in SETS:
        assert len([x for x in answers[name] if "rows" in x]) == 3, answers[name]
        assert len({x["epoch"] for x in answers[name] if name != "statements"}) <= 1


def test_newer_columns_are_na_with_the_reason_on_older_servers(server, read):
    why = read(server, "tables")["tables"][0]["why"]
    assert why.get("last_seq_scan") == (None if server.version >= 16 else "PostgreSQL 16+")
    assert why.get("vacuum_ms") == (None if server.version >= 18 else "PostgreSQL 18+")


# ---- sessions ----

def test_an_aborted_transaction_has_its_own_state(server, rows, connect):
    c = connect(server)
    with pytest.raises(psycopg2.Error):
        do(c, "select 1/0")
    assert one(rows(server, "sessions"), pid=pid_of(c))["state"] == "idle in transaction (aborted)"
    instance = one(rows(server, "pools"), kind="slots")
    assert instance["idle_in_xact"] == 1


def test_sessions_that_the_role_may_not_see_are_marked_and_kept(server, rows, connect):
    c = connect(server)
    do(c, "select 1")
    session = one(rows(server, "sessions", user="nobody"), pid=pid_of(c))
    assert session["hidden"] == 1 and session["state"] is None and session["query"] is None
    assert one(rows(server, "sessions", user="watcher"), pid=pid_of(c))["hidden"] == 0


def test_ages_are_measured_and_not_invented(server, rows, connect):
    c = connect(server)
    do(c, "select 1")
    sessions = rows(server, "sessions")
    session = one(sessions, pid=pid_of(c))
    assert 0 <= session["xact_age_s"] < 60 and 0 <= session["query_age_s"] < 60
    checkpointer = one(sessions, backend_type="checkpointer")
    assert checkpointer["xact_age_s"] is None and checkpointer["backend_age_s"] > 0


def test_own_connections_are_marked(server, rows, connect):
    c = connect(server)
    do(c, "select 1")
    sessions = rows(server, "sessions")
    assert one(sessions, pid=pid_of(c))["own"] == 0
    assert any(s["own"] == 1 and s["application_name"] == "dbvitals" for s in sessions)


def test_the_counts_of_the_server_are_clients_without_ours(server, read, connect):
    c = connect(server)
    do(c, "select 1")
    c.commit()
    line = read(server, "server", "settings", n=3)["server"][-1]["rows"][0]  # the second lane of ours idles
    idle = server.value("select count(*) from pg_stat_activity where backend_type = 'client backend' and state = 'idle'")
    assert (line["idle"], line["active"], line["idle_in_xact"], line["parallel_workers"]) == (idle, 0, 0, 0)


def is_quiet(server, seconds=1.2):
    """What earlier sessions did is told: the sum grows by no more than our own looks."""
    one, other = (server.value("select sum(xact_commit + xact_rollback), pg_sleep(%s) from pg_stat_database", (s,)) for s in (0, seconds))
    return server.value("select sum(xact_commit + xact_rollback) from pg_stat_database") - other < 8 and other - one < 8


def test_our_own_transactions_are_counted(server, read):
    """Two datasets a round, and the role about once a second. The server tells later, also of those who have just left."""
    servers.wait_for(lambda: is_quiet(server), 20)
    lines = read(server, "server", "sessions", n=12, every=0.5)["server"]
    first, last = lines[0]["rows"][0], lines[-1]["rows"][0]
    ours, all_of_them = last["xact_own"] - first["xact_own"], last["xact"] - first["xact"]
    assert 2 * 11 + 4 <= ours <= 2 * 11 + 10 and ours - 10 <= all_of_them <= ours + 40, (ours, all_of_them)


def test_a_query_in_another_encoding_does_not_spoil_the_others(server, rows, connect):
    """left(query, n) fails on a query that ends in what is half a character here."""
    if not server.value("select count(*) from pg_database where datname = 'latin'"):
        server.query("create database latin encoding 'LATIN1' locale 'C' template template0")
    c = connect(server, dbname="latin")
    c.set_client_encoding("LATIN1")
    with c.cursor() as cursor:
        cursor.execute(b"select 1 as \xe9")
    session = one(rows(server, "sessions"), pid=pid_of(c))
    assert session["query"] == "select 1 as �"


# ---- locks ----

def test_an_advisory_lock_has_its_edge(server, rows, connect):
    holder, waiter = connect(server), connect(server)
    do(holder, "select pg_advisory_lock(4242)")
    send(server, waiter, "select pg_advisory_lock(4242)")
    edge = one(rows(server, "locks"), pid=pid_of(waiter))
    assert edge["holder_pid"] == pid_of(holder) and edge["locktype"] == "advisory" and edge["object"] == "advisory 4242"
    assert edge["queued"] == 0 and edge["depth"] == 1 and edge["root_pid"] == pid_of(holder)
    assert edge["holder_state"] == "idle in transaction"
    do(holder, "select pg_advisory_unlock_all()")


def test_the_row_that_is_waited_for_names_its_table_and_the_chain_its_root(server, rows, connect):
    holder, first, second = connect(server), connect(server), connect(server)
    do(holder, "update shop set note = 'y' where id = 1")
    send(server, first, "update shop set note = 'z' where id = 1")
    send(server, second, "update shop set note = 'z' where id = 1")
    edges = rows(server, "locks")
    edge = one(edges, pid=pid_of(first))
    assert edge["locktype"] == "transactionid" and edge["relation"] == "public.shop" and edge["depth"] == 1
    edge = one(edges, pid=pid_of(second))
    assert edge["holder_pid"] == pid_of(first) and edge["locktype"] == "tuple" and edge["relation"] == "public.shop"
    assert edge["depth"] == 2 and edge["root_pid"] == pid_of(holder)


def test_only_a_lock_that_conflicts_blocks(server, rows, connect):
    """Two hold ACCESS SHARE, one wants ACCESS EXCLUSIVE, a fourth queues behind it: it waits for the third only."""
    a, b, wants, behind = (connect(server) for _ in range(4))
    do(a, "select count(*) from shop")
    do(b, "select count(*) from shop")
    send(server, wants, "lock table shop in access exclusive mode")
    send(server, behind, "select count(*) from shop")
    edges = rows(server, "locks")
    assert {e["holder_pid"] for e in edges if e["pid"] == pid_of(wants)} == {pid_of(a), pid_of(b)}
    edge = one(edges, pid=pid_of(behind))
    assert edge["holder_pid"] == pid_of(wants) and edge["queued"] == 1 and edge["depth"] == 2
    assert edge["root_pid"] in (pid_of(a), pid_of(b))
    assert edge["holder_blocks"] == 1
    assert all(e["holder_blocks"] == 2 for e in edges if e["pid"] == pid_of(wants))


def test_a_relation_of_another_database_is_not_named_in_this_one(server, rows, connect):
    server.query("drop table if exists there; create table there(a int)", dbname="other")
    oid = server.value("select 'there'::regclass::oid", dbname="other")
    holder, waiter = connect(server, dbname="other"), connect(server, dbname="other")
    do(holder, "lock table there")
    send(server, waiter, "select * from there")
    edge = one(rows(server, "locks"), pid=pid_of(waiter))
    assert edge["relation"] == f"other:{oid}" and edge["datname"] == "other"
    edge = one(rows(server, "locks", dbname="other"), pid=pid_of(waiter))
    assert edge["relation"] == "public.there"


def test_a_prepared_transaction_is_a_holder_with_its_name(server, rows, connect):
    holder, waiter = connect(server), connect(server)
    do(holder, "update shop set note = 'p' where id = 2")
    do(holder, "prepare transaction 'order-17'")
    try:
        send(server, waiter, "update shop set note = 'q' where id = 2")
        edge = one(rows(server, "locks"), pid=pid_of(waiter))
        assert edge["holder_pid"] == 0 and edge["holder_gid"] == "order-17" and edge["root_gid"] == "order-17"
        assert edge["holder_state"] == "prepared" and edge["holder_xact_age_s"] >= 0
    finally:
        server.query("rollback prepared 'order-17'")


def test_a_deadlock_that_is_not_found_yet_is_no_endless_walk(server, rows, connect):
    a, b = connect(server), connect(server)
    for c, key in (a, 1), (b, 2):
        do(c, "set deadlock_timeout = '30s'")
        do(c, f"select pg_advisory_xact_lock({key})")
    send(server, a, "select pg_advisory_xact_lock(2)")
    send(server, b, "select pg_advisory_xact_lock(1)")
    edges = rows(server, "locks")
    assert one(edges, pid=pid_of(a))["holder_pid"] == pid_of(b) and one(edges, pid=pid_of(b))["holder_pid"] == pid_of(a)
    assert all(1 <= e["depth"] <= 2 and e["holder_blocks"] == 1 for e in edges)


def test_a_role_with_nothing_sees_who_blocks_whom(server, rows, connect):
    holder, waiter = connect(server), connect(server)
    do(holder, "select pg_advisory_lock(1)")
    send(server, waiter, "select pg_advisory_lock(1)")
    assert one(rows(server, "locks", user="nobody"), pid=pid_of(waiter))["holder_pid"] == pid_of(holder)


def test_a_long_queue_is_cut_and_stays_a_queue(server, rows, connect):
    holder = connect(server)
    do(holder, "update shop set note = 'y' where id = 3")
    waiters = [connect(server) for _ in range(60)]
    for c in waiters:
        send(server, c, "update shop set note = 'z' where id = 3")
    edges = rows(server, "locks")
    assert len({e["pid"] for e in edges}) == 50
    assert {e["root_pid"] for e in edges} == {pid_of(holder)}
    for c in [holder] + waiters:
        c.cancel()


# ---- pools, caches, settings, access ----

def test_utilization_is_what_a_client_meets_ours_included(server, read, connect):
    server.psql("drop role if exists looked_at; create role looked_at login connection limit 2")
    answers = read(server, "pools", "settings", user="looked_at", n=3)  # two lanes: all that it may have
    role = one(answers["pools"][-1]["rows"], kind="role", name="looked_at")
    assert (role["in_use"], role["own"], role["utilization"]) == (2, 2, 1)
    server.psql("alter role looked_at connection limit 4")
    other = connect(server, user="looked_at")
    role = one(read(server, "pools", "settings", user="looked_at", n=3)["pools"][-1]["rows"], kind="role", name="looked_at")
    assert (role["in_use"], role["own"], role["utilization"]) == (3, 2, 0.75)


def test_slots_are_counted_as_the_server_does(server, rows, connect):
    held = [connect(server, user="nobody") for _ in range(3)]
    for c in held:
        do(c, "select 1")
        c.rollback()
    pools = rows(server, "pools")
    role = one(pools, kind="role", name="nobody")
    assert role["max_size"] == 7 and role["own_limit"] == 1 and role["in_use"] == 3 and role["idle"] == 3
    assert abs(role["utilization"] - 3 / 7) < 1e-9
    instance = one(pools, kind="slots")
    reserved = int(server.value("show superuser_reserved_connections"))
    if server.version >= 16:
        reserved += int(server.value("show reserved_connections"))
    assert instance["max_size"] == int(server.value("show max_connections")) - reserved and instance["reserved"] == reserved
    hidden = one(rows(server, "pools", user="nobody"), kind="slots")
    assert hidden["in_use"] >= 4 and hidden["waiting"] is None


def test_slots_are_full_at_100_percent_and_reserved_ones_are_told_apart(start_server, read, connect):
    server = start_server(max_connections=10, superuser_reserved_connections=3)
    held = [connect(server) for _ in range(8)]
    assert len(held) == 8
    answers = read(server, "pools", "server")
    pools, instance = answers["pools"][0]["rows"], answers["server"][0]["rows"][0]
    slots, role = one(pools, kind="slots"), one(pools, kind="role", name="postgres")
    assert (slots["in_use"], slots["max_size"], slots["utilization"]) == (7, 7, 1), slots
    assert slots["reserved"] == 3 and slots["reserved_in_use"] == instance["connections"] - 7 >= 2, (slots, instance)
    assert (role["in_use"], role["utilization"]) == (7, 1) and instance["connections_ratio"] == 1, (role, instance)


def test_a_password_in_a_setting_is_not_shown(server, rows):
    server.query("alter system set primary_conninfo = 'host=x password=''se cret'' user=y'")
    server.query("select pg_reload_conf()")
    servers.wait_for(lambda: "secret" in server.value("show primary_conninfo").replace(" ", ""))
    setting = one(rows(server, "settings"), name="primary_conninfo")
    server.query("alter system reset primary_conninfo")
    server.query("select pg_reload_conf()")
    assert setting["value"] == "host=x password=*** user=y"
    assert "se cret" not in json.dumps(setting)


def test_what_is_missing_has_its_grant(server, rows):
    access = rows(server, "access", user="nobody")
    sessions = one(access, what="sessions of other roles")
    assert sessions["state"] != "ok" and sessions["cure"] == "GRANT pg_monitor TO nobody"
    assert one(access, what="statements")["state"] == "ok"
    assert "pg_read_server_files" not in json.dumps(access)
    watcher = rows(server, "access", user="watcher")
    assert one(watcher, what="sessions of other roles")["state"] == "ok"
    server.query(f"alter role nobody set search_path = ''; grant pg_monitor to nobody")
    try:
        assert one(rows(server, "access", user="nobody"), what="sessions of other roles")["state"] == "ok"
    finally:
        server.query("revoke pg_monitor from nobody; alter role nobody reset search_path")


# ---- database_sizes ----

def test_a_database_that_may_not_be_measured_is_na_and_does_not_spoil_the_others(server, rows):
    server.query("revoke connect on database other from public")
    try:
        sizes = rows(server, "database_sizes", user="nobody")
        assert one(sizes, datname="other")["size_bytes"] is None and one(sizes, datname="other")["may_see"] == 0
        assert one(sizes, datname="postgres")["size_bytes"] == server.value("select pg_database_size('postgres')")
    finally:
        server.query("grant connect on database other to public")


# ---- statements ----

def test_statements_count_what_the_server_counted(server, rows):
    server.query("select pg_stat_statements_reset()")
    for _ in range(5):
        server.query("select note from shop where id = 7")
    row = one(rows(server, "statements"), query="select note from shop where id = $1")
    assert row["calls"] == 5 and row["rows_n"] == 5 and row["plans"] == 0 and row["toplevel"] == 1
    assert row["datname"] == "postgres" and row["usename"] == "postgres"
    assert row["toplevel_ms"] == row["total_exec_ms"] > 0
    assert row["min_ms"] <= row["total_exec_ms"] / 5 <= row["max_ms"]
    mean, square = row["total_exec_ms"] / 5, row["exec_sq"] / 5
    assert square >= mean * mean * (1 - 1e-9)


def test_a_new_statement_has_the_text_of_a_session_that_runs_it_until_its_own_is_fetched(server, build_dir, connect):
    """Texts are fetched more and more rarely, so that those of the last ones stay away."""
    command = [os.path.join(build_dir, "tests", "pgpoll"), "-n", "50", "-i", "0.1", "-t", "60", server.conninfo(), "statements"]
    first = {}  # by name the first text that was seen
    with subprocess.Popen(command, stdin=subprocess.DEVNULL, stdout=subprocess.PIPE, env=servers.plain_env()) as polling:
        for i, line in enumerate(x for x in map(json.loads, polling.stdout) if "rows" in x):
            for r in line["rows"]:
                first.setdefault((r["query"] or "").rpartition(" as new_statement_")[2], r["query"])
            if i % 5 == 0 and i < 40:
                do(connect(server), f"select /* fresh */ 'secret', {'17, ' * (i + 1)} 17 as new_statement_{i}")
    texts = [first.get(str(i)) for i in range(0, 40, 5)]
    assert None not in texts and not [t for t in texts if "secret" in t]
    of_session = [t == f"select ?, ... as new_statement_{i}" for i, t in zip(range(0, 40, 5), texts)]
    assert any(of_session[1:]), texts  # which ones depends on how fast the machine is


def test_statements_of_other_roles_are_one_row_each_without_text(server, rows):
    server.query("select note from shop where id = 8")
    mine = "select 'mine' as mine"
    server.query(mine, user="nobody")
    seen = rows(server, "statements", user="nobody")
    keys = [(r["userid"], r["dbid"], r["queryid"], r["toplevel"]) for r in seen]
    assert len(keys) == len(set(keys))
    hidden = [r for r in seen if r["queryid"] is None]
    assert hidden and all(r["query"] is None for r in hidden)
    assert any(r["query"] == "select $1 as mine" for r in seen)
    total = sum(r["calls"] for r in rows(server, "statements"))
    assert abs(total - sum(r["calls"] for r in seen)) < 60  # what we asked in between


def test_what_runs_inside_a_function_is_not_summed_twice(server, rows):
    server.query("create or replace function inner_one() returns bigint language plpgsql as $$ begin return (select sum(id) from shop); end $$")
    server.query("select inner_one()")
    seen = rows(server, "statements")
    assert one(seen, query="select inner_one()")["toplevel"] == 1
    nested = [r for r in seen if r["toplevel"] == 0]
    assert nested and all(r["toplevel_ms"] is None for r in nested)


def test_a_reset_and_an_eviction_start_a_new_epoch(server, read):
    before = read(server, "statements")["statements"][0]["epoch"]
    assert read(server, "statements")["statements"][0]["epoch"] == before
    server.query("select pg_stat_statements_reset()")
    assert read(server, "statements")["statements"][0]["epoch"] != before


def test_without_the_extension_the_lines_that_install_it_are_told(server, read):
    line = read(server, "statements", dbname="other")["statements"][0]
    assert "rows" not in line and "CREATE EXTENSION pg_stat_statements" in line["text"]


def test_times_of_reads_are_na_where_nobody_measures_them(server, rows, read):
    server.psql("drop role if exists unmeasured; create role unmeasured login; grant pg_monitor to unmeasured; alter role unmeasured set track_io_timing = off")
    why = read(server, "statements", user="unmeasured")["statements"][0]["why"]
    assert why.get("io_read_ms") == why.get("io_write_ms") == "track_io_timing is off"
    assert {r["blk_read_ms"] for r in rows(server, "databases", user="unmeasured")} == {None}
    assert None not in {r["io_read_ms"] for r in rows(server, "statements")}
    assert None not in {r["blk_read_ms"] for r in rows(server, "databases")}


def test_every_version_of_the_extension_is_read(server, rows):
    """A database that was upgraded keeps the version of the extension that it had."""
    known = {v for v, in server.query("select version from pg_available_extension_versions where name = 'pg_stat_statements'")}
    for version in sorted(known & {"1.8", "1.9", "1.10", "1.11", "1.12"}):
        server.query("create database old_one")
        try:
            server.query(f'create schema "st ats"; create extension pg_stat_statements schema "st ats" version \'{version}\'',
                         dbname="old_one")
            server.query("select 1 as old_one", dbname="old_one")
            row = one(rows(server, "statements", dbname="old_one"), query="select $1 as old_one", datname="old_one")
            assert (row["calls"], row["toplevel"], row["io_read_ms"]) == (1, 1, 0), version
        finally:
            server.query("drop database old_one with (force)")


# ---- tables and indexes ----

def test_tables_count_what_the_server_counted(server, rows, read, connect):
    server.query("drop table if exists counted; create table counted(id int primary key, note text)")
    server.query("insert into counted select g, repeat('x', 10) from generate_series(1, 1000) g")
    server.query("vacuum analyze counted")
    server.query("delete from counted where id <= 300")
    server.query("update counted set note = 'y' where id > 900")
    server.query("select count(*) from counted where id = 950")
    time.sleep(1.2 if server.version < 15 else 0)  # the statistics collector of 14 writes once in half a second
    row = one(rows(server, "tables"), name="counted")
    stats = server.query("select n_tup_ins, n_tup_upd, n_tup_del, n_live_tup, n_dead_tup, seq_scan, idx_scan,"
                         " n_mod_since_analyze from pg_stat_user_tables where relname = 'counted'")[0]
    names = ["ins", "upd", "del", "live_rows", "dead_rows", "seq_scan", "idx_scan", "mod_since_analyze"]
    assert [row[n] for n in names] == list(stats)
    assert row["dead_rows"] == 400 and row["vacuum_at"] == 50 + 0.2 * 1000 and row["vacuum_debt"] == 400 / 250
    io = server.query("select heap_blks_hit + heap_blks_read, idx_blks_hit + idx_blks_read from pg_statio_user_tables"
                      " where relname = 'counted'")[0]
    assert (row["heap_hit"] + row["heap_read"], row["idx_hit"] + row["idx_read"]) == io
    assert row["total_bytes"] == server.value("select pg_total_relation_size('counted')") and row["size_exact"] == 1
    assert row["vacuum_age_s"] < 60 and row["last_autovacuum"] is None


def test_options_of_the_table_beat_the_settings(server, rows):
    server.query("drop table if exists own_options; create table own_options(a int) with"
                 " (autovacuum_vacuum_threshold = 7, autovacuum_vacuum_scale_factor = 0, autovacuum_enabled = false, fillfactor = 70)")
    row = one(rows(server, "tables"), name="own_options")
    assert row["vacuum_at"] == 7 and row["autovacuum"] == 0 and row["fillfactor"] == 0.7 and row["planner_rows"] is None
    assert row["own_options"] == "autovacuum_vacuum_threshold=7, autovacuum_vacuum_scale_factor=0, autovacuum_enabled=false, fillfactor=70"
    row = one(rows(server, "tables"), name="shop")
    assert (row["fillfactor"], row["own_options"], row["planner_rows"]) == (1, None, 100)
    assert one(rows(server, "tables"), name="shop")["vacuum_at"] == 50 + 0.2 * 100


@pytest.mark.parametrize("version", [servers.VERSIONS[0], servers.VERSIONS[-1]])
def test_what_the_counters_lost_in_a_crash_is_na_and_what_is_empty_is_0(start_server, rows, version):
    s = start_server(version, autovacuum="off")
    s.query("create table filled(a int); create table indexed(a int); create table never_looked_at(a int); create table emptied(a int); create table later(a int);"
            "create table ev(d date) partition by range (d); create table ev_1 partition of ev for values from ('2026-01-01') to ('2026-02-01');"
            "create table ev_def partition of ev default; create table whole(d date) partition by range (d); create table whole_def partition of whole default;"
            "insert into filled select generate_series(1, 1000); insert into indexed select * from filled; create index on indexed(a);"
            "insert into never_looked_at select * from filled; insert into emptied select * from filled; insert into ev select '2026-01-05' from filled;"
            "insert into ev values ('2027-01-01'); analyze filled, emptied, ev_1")
    time.sleep(1.2 if s.version < 15 else 0)
    counted = {r["name"]: r for r in rows(s, "tables")}
    assert [counted[n]["live_rows"] for n in ("filled", "indexed", "never_looked_at", "later")] == [1000, 1000, 1000, 0]
    assert one(rows(s, "partitions"), name="ev")["default_rows"] == 1
    s.query("checkpoint")
    s.kill()
    s.start()
    s.query("truncate emptied; create table new_one(a int)")
    lost = {r["name"]: r for r in rows(s, "tables")}
    unknown = ("live_rows", "dead_rows", "dead_ratio", "vacuum_debt", "mod_since_analyze", "analyze_debt")
    for name in ("filled", "indexed", "never_looked_at", "ev_1", "ev_def"):
        assert [lost[name][column] for column in unknown] == [None] * len(unknown), name
    assert lost["filled"]["vacuum_at"] == 50 + 0.2 * 1000  # the catalog has it
    for name in ("emptied", "later", "new_one"):
        assert (lost[name]["live_rows"], lost[name]["vacuum_debt"]) == (0, 0), name
    assert one(rows(s, "partitions"), name="ev")["default_rows"] is None and one(rows(s, "partitions"), name="whole")["default_rows"] == 0
    s.query("update filled set a = a; analyze ev_def; analyze never_looked_at")
    time.sleep(1.2 if s.version < 15 else 0)
    found = {r["name"]: r for r in rows(s, "tables")}
    assert (found["filled"]["live_rows"], found["filled"]["dead_rows"], found["filled"]["vacuum_debt"]) == (None, 1000, 4)  # more than enough, whatever was before
    assert found["never_looked_at"]["live_rows"] == 1000 and one(rows(s, "partitions"), name="ev")["default_rows"] == 1


def test_changes_are_seen_at_the_next_poll_and_what_rests_stays(server, rounds):
    server.query("drop table if exists busy, resting; create table busy(a int); create table resting(a int primary key);"
                 "insert into resting values (1); analyze resting")
    r = rounds(server, "tables")
    first = r.until(lambda rows: one(rows, name="resting")["ins"] == 1)
    server.query("insert into busy select generate_series(1, 50)")
    server.query("select * from resting where a = 5")  # finds nothing: no page of the table is looked at
    rows = r.until(lambda rows: one(rows, name="busy")["ins"] == 50 and
                   one(rows, name="resting")["idx_scan"] + one(rows, name="resting")["seq_scan"] >
                   one(first, name="resting")["idx_scan"] + one(first, name="resting")["seq_scan"])
    assert one(rows, name="resting")["ins"] == 1
    server.query("truncate busy")
    r.until(lambda rows: one(rows, name="busy")["live_rows"] == 0)


def test_a_new_table_comes_and_a_dropped_one_does_not_stop_the_others(server, rounds):
    server.query("drop table if exists newborn")
    r = rounds(server, "tables")
    r.next()
    server.query("create table newborn(a int); insert into newborn values (1)")
    r.until(lambda rows: any(x["name"] == "newborn" and x["ins"] == 1 for x in rows))
    server.query("drop table newborn")
    for _ in range(3):
        assert any(x["name"] == "shop" for x in r.next())


@pytest.mark.parametrize("dataset, name", [("tables", "shop"), ("indexes", "shop_pkey")])
def test_what_is_not_read_at_each_poll_says_when_it_was(server, read, dataset, name):
    answers = read(server, dataset, n=3, every=0.3)[dataset]
    seen = [one(x["rows"], name=name) for x in answers]
    for moment in ("sized_at", "catalog_at"):
        assert {r[moment] for r in seen} == {seen[0][moment]} and 0 <= answers[0]["t"] - seen[0][moment] < 1


@pytest.mark.parametrize("dataset", ["tables", "indexes"])
def test_a_table_that_is_locked_or_about_to_be_does_not_hold_the_poll(server, rows, connect, dataset):
    server.query("drop table if exists held; create table held(a int primary key, b text); create index held_lower on held(lower(b));"
                 "insert into held select g, 'x' from generate_series(1, 100) g; analyze held")
    reader, wants = connect(server), connect(server)
    do(reader, "select count(*) from held")
    start = time.monotonic()
    rows(server, dataset)
    free = time.monotonic() - start
    send(server, wants, "lock table held in access exclusive mode")  # queued: whoever comes now waits behind it
    start = time.monotonic()
    seen = rows(server, dataset)
    assert time.monotonic() - start < 1.5 + 2 * free
    row = [r for r in seen if r["name"] in ("held", "held_pkey")][0]
    assert row["size_exact"] == 0 and row["sized_at"] is None and row["total_bytes" if dataset == "tables" else "size_bytes"] > 0
    assert [r for r in seen if r["name"] in ("shop", "shop_pkey")][0]["size_exact"] == 1
    if dataset == "indexes":
        assert row["definition"] is None and one(seen, name="shop_pkey")["definition"].startswith("CREATE UNIQUE INDEX")
    reader.rollback()


def test_hostile_names_come_whole(server, rows):
    name = WEIRD.encode().decode()
    assert len(name.encode()) == 63
    quoted = '"' + name.replace('"', '""') + '"'
    server.query(f"drop table if exists {quoted}; create table {quoted}(a int)")
    server.query(f"create index on {quoted}(a)")
    try:
        assert one(rows(server, "tables"), name=name)["kind"] == "table"
        assert one(rows(server, "indexes"), table_name=name)["definition"]
    finally:
        server.query(f"drop table {quoted}")


def test_indexes_that_do_the_same_are_found(server, rows):
    server.query("drop table if exists twins; create table twins(a int primary key, b text, c text);"
                 "create index twins_a on twins(a); create index twins_b on twins(b); create index twins_b_too on twins(b);"
                 "create index twins_b_desc on twins(b desc); create index twins_b_part on twins(b) where c is not null;"
                 "create index twins_b_part_too on twins(b)   where c is not null; create index twins_low on twins(lower(b));"
                 "create index twins_low_too on twins(  lower(b)); create index twins_up on twins(upper(b));"
                 "create index twins_hash on twins using hash (b); create index twins_c on twins(b collate \"C\"); create index twins_pattern on twins(b text_pattern_ops);"
                 "create index twins_nulls on twins(b nulls first); create index twins_with on twins(b) include (c); create index twins_bc on twins(b, c);"
                 "create index twins_cb on twins(c, b); create unique index twins_ba on twins(b, a); create index twins_part_other on twins(b) where c is null")
    found = {r["name"]: r["duplicate_of"] for r in rows(server, "indexes") if r["table_name"] == "twins"}
    assert {k: v for k, v in found.items() if v is not None} == {
        "twins_a": "twins_pkey", "twins_b_too": "twins_b", "twins_b_part_too": "twins_b_part", "twins_low_too": "twins_low"}


def test_an_index_that_is_made_anew_under_its_name_has_its_new_definition(world, build_dir):
    server = world(servers.VERSIONS[-1])
    server.query("drop table if exists anew; create table anew(a int, b int); create index anew_i on anew(a)")
    command = [os.path.join(build_dir, "tests", "pgpoll"), "-n", "200", "-i", "0.1", "-t", "60", server.conninfo(), "indexes"]
    first = None
    with subprocess.Popen(command, stdin=subprocess.DEVNULL, stdout=subprocess.PIPE, env=servers.plain_env()) as polling:
        for line in (x for x in map(json.loads, polling.stdout) if "rows" in x):
            row = one(line["rows"], name="anew_i")
            if first is None:
                first = row
                server.query("drop index anew_i; create index anew_i on anew(b)")
            elif row["indexrelid"] != first["indexrelid"]:
                break
        polling.kill()
    assert first["definition"].endswith("(a)") and row["indexrelid"] != first["indexrelid"] and row["definition"].endswith("(b)")


def test_unused_is_said_of_no_index_that_is_needed(server, rows):
    server.query("drop table if exists uses; create table uses(a int primary key, b int unique, c int, d int);"
                 "insert into uses select g, g, g, g from generate_series(1, 5000) g;"
                 "create index uses_c on uses(c); create index uses_d on uses(d); analyze uses")
    server.query("set enable_seqscan = off; select * from uses where c = 5")
    time.sleep(1.2 if server.version < 15 else 0)
    found = {r["name"]: r["unused"] for r in rows(server, "indexes") if r["table_name"] == "uses"}
    assert found == {"uses_pkey": 0, "uses_b_key": 0, "uses_c": 0, "uses_d": 1}


def test_a_reset_of_the_statistics_starts_a_new_epoch(server, read):
    before = {d: x[0]["epoch"] for d, x in read(server, "tables", "indexes", "caches").items()}
    server.query("select pg_stat_reset()")
    time.sleep(1.2 if server.version < 15 else 0)
    after = {d: x[0]["epoch"] for d, x in read(server, "tables", "indexes", "caches").items()}
    assert all(before[d] != after[d] for d in before)


def test_all_databases_are_read_when_asked(server, rows):
    server.query("drop table if exists there; create table there(a int)", dbname="other")
    seen = rows(server, "tables", options=["-a"])
    assert one(seen, name="there")["datname"] == "other" and one(seen, name="shop")["datname"] == "postgres"
    again = rows(server, "tables", options=["-a"], n=3)
    assert len(again) == len(seen)
