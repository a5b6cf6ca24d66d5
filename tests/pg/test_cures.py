"""Actions on real servers 14-18: their effect is read from the catalog, and what cannot be done ends in a true, helpful sentence."""
import json
import os
import re
import subprocess
import threading
import time

import psycopg2.extras
import pytest

import servers
from busy import STUBBORN, Busy, session
from conftest import need
from probe import BUILD, ROOT, Probe, cure

# Quotes, a blank, a percent sign, a backslash, unicode: all that a name may hold.
ODD = 'o"dd %s \\ naïve\'s'


@pytest.fixture(scope="module", params=servers.VERSIONS)
def pg(request, yard):
    s = need(lambda: servers.Server(yard, request.param).start())
    s.psql("""create schema "sch""ema";
        create table plain (id int primary key, v text);
        insert into plain select i, 'x' from generate_series(1, 2000) i;
        create index plain_v on plain (v);
        create role watcher login; grant pg_monitor to watcher;""")
    yield s
    s.stop("immediate")


@pytest.fixture(scope="module")
def one(yard):
    s = need(lambda: servers.Server(yard, max_prepared_transactions=5).start())
    s.psql("create table plain (id int primary key, v text); insert into plain select i, 'x' from generate_series(1, 2000) i;"
           "create role watcher login; grant pg_monitor to watcher;")
    yield s
    s.stop("immediate")


def table(server, name="plain"):
    datid, relid = server.query("select d.oid, %s::regclass::oid::int8 from pg_database d where datname = 'postgres'", (name,))[0]
    return {"datid": datid, "relid": relid}


def index(server, name):
    datid, oid = server.query("select d.oid, %s::regclass::oid::int8 from pg_database d where datname = 'postgres'", (name,))[0]
    return {"datid": datid, "indexrelid": oid}


def soon(what, seconds=10):
    """Statistics of 14 come a moment later."""
    end = time.monotonic() + seconds
    while not what():
        assert time.monotonic() < end, "it never came"
        time.sleep(0.1)


def test_analyze_vacuum_and_freeze_do_what_they_say(pg):
    pg.psql("delete from plain where id > 1000")
    before = pg.value("select age(relfrozenxid) from pg_class where relname = 'plain'")
    for action, column in (("analyze", "last_analyze"), ("vacuum", "last_vacuum"), ("vacuum_analyze", "last_vacuum"), ("vacuum_freeze", "last_vacuum")):
        was = pg.value(f"select {column} from pg_stat_user_tables where relname = 'plain'")
        answer = cure(pg, action, **table(pg))
        assert answer["state"] == "done", answer
        soon(lambda: pg.value(f"select {column} is distinct from %s from pg_stat_user_tables where relname = 'plain'", (was,)))
    assert pg.value("select age(relfrozenxid) from pg_class where relname = 'plain'") <= before
    assert pg.value("select reltuples from pg_class where relname = 'plain'") == 1000


def test_a_table_that_was_never_analyzed_or_vacuumed_says_never(one):
    one.psql("create table untouched (a int) with (autovacuum_enabled = off)")
    answer = cure(one, "vacuum_analyze", **table(one, "untouched"))
    assert "last analyzed: never" in answer["says"] and "last vacuumed: never" in answer["says"], answer
    assert answer["state"] == "done", answer
    soon(lambda: one.value("select last_analyze is not null from pg_stat_user_tables where relname = 'untouched'"))
    answer = cure(one, "vacuum_analyze", **table(one, "untouched"))
    assert "never" not in answer["says"] and "last analyzed: " in answer["says"] and " ago" in answer["says"], answer
    one.psql("drop table untouched")


def test_vacuum_from_an_index_means_its_table(pg):
    answer = cure(pg, "vacuum", **index(pg, "plain_v"))
    assert answer["statement"] == 'VACUUM (TRUNCATE false) "public"."plain"' and answer["state"] == "done", answer


def test_reindex_and_drop_index(pg):
    pg.psql("create index if not exists doomed on plain (v, id)")
    node = pg.value("select relfilenode from pg_class where relname = 'doomed'")
    answer = cure(pg, "reindex", **index(pg, "doomed"))
    assert answer["state"] == "done", answer
    assert pg.value("select relfilenode from pg_class where relname = 'doomed'") != node
    node = pg.value("select relfilenode from pg_class where relname = 'plain_v'")
    assert cure(pg, "reindex", **table(pg))["state"] == "done"
    assert pg.value("select relfilenode from pg_class where relname = 'plain_v'") != node
    answer = cure(pg, "drop_index", **index(pg, "doomed"))
    assert answer["state"] == "done" and answer["confirm"] == "name", answer
    assert answer["undo"].startswith("CREATE INDEX CONCURRENTLY doomed ON public.plain"), answer
    assert pg.value("select count(*) from pg_class where relname = 'doomed'") == 0
    answer = cure(pg, "drop_index", **index(pg, "plain_pkey"))
    assert answer["state"] == "refused" and "constraint" in answer["why_not"], answer


def test_names_that_hold_anything_are_quoted(pg):
    quoted = ODD.replace('"', '""')
    pg.query(f'create table "sch""ema"."{quoted}" (a int)'.replace("%", "%%"), ())
    oid = pg.value("select oid::int8 from pg_class where relname = %s", (ODD,))
    answer = cure(pg, "analyze", datid=table(pg)["datid"], relid=oid)
    assert answer["state"] == "done", answer
    soon(lambda: pg.value("select last_analyze is not null from pg_stat_user_tables where relname = %s", (ODD,)))
    pg.query(f'drop table "sch""ema"."{quoted}"'.replace("%", "%%"), ())


def test_cancel_and_terminate_reach_the_session_that_was_meant(pg):
    c = pg.connect()
    ended = []

    def run():
        try:
            c.cursor().execute("select pg_sleep(60)")
        except Exception as why:
            ended.append(str(why))
    thread = threading.Thread(target=run)
    thread.start()
    soon(lambda: pg.value("select count(*) from pg_stat_activity where state = 'active' and pid = %s", (c.info.backend_pid,)))
    answer = cure(pg, "cancel", **session(pg, c))
    thread.join(10)
    assert answer["state"] == "done" and ended and "user request" in ended[0], (answer, ended)
    soon(lambda: pg.value("select state = 'idle' from pg_stat_activity where pid = %s", (c.info.backend_pid,)))
    answer = cure(pg, "cancel", **session(pg, c))
    assert answer["state"] == "refused" and "no statement to cancel" in answer["why_not"], answer
    keys = session(pg, c)
    answer = cure(pg, "terminate", **keys)
    assert answer["state"] == "done", answer
    kept = json.loads(answer["keys"])  # what the ledger has of it
    assert (kept["pid"], kept["state"], kept["query"]) == (keys["pid"], "idle", "select pg_sleep(60)") and " as postgres on this machine" in kept["who"], kept
    soon(lambda: pg.value("select count(*) from pg_stat_activity where pid = %s", (keys["pid"],)) == 0)
    c.close()


def test_a_cancel_that_is_heeded_ends_no_session(pg):
    busy = Busy(pg, "select pg_sleep(60)")
    answer = cure(pg, "end_query", **busy.keys)
    assert answer["statement"] == f"SELECT pg_catalog.pg_cancel_backend({busy.pid})" and answer["wait_s"] == "10", answer
    assert answer["then_statement"] == f"SELECT pg_catalog.pg_terminate_backend({busy.pid}, 5000)", answer
    assert answer["state"] == "done" and re.fullmatch(r"ended by cancel after \d\.\d s", answer["message"]), answer
    busy.thread.join(10)
    assert "user request" in busy.why
    assert pg.value("select state from pg_stat_activity where pid = %s", (busy.pid,)) == "idle"
    answer = cure(pg, "end_query", **busy.keys)
    assert answer["state"] == "refused" and answer["instead"] == "terminate" and "no statement to cancel" in answer["why_not"], answer
    busy.end()


def test_a_cancel_that_is_not_heeded_ends_the_session(pg):
    busy = Busy(pg, STUBBORN)
    begun = time.monotonic()
    answer = cure(pg, "end_query", typed="2", **busy.keys)
    took = time.monotonic() - begun
    assert answer["state"] == "done" and answer["message"] == "did not heed the cancel in 2 s: terminated", answer
    assert took >= 2
    busy.end()
    assert busy.why is not None and not busy.done
    assert pg.value("select count(*) from pg_stat_activity where pid = %s", (busy.pid,)) == 0


def test_seconds_that_are_none_are_told(one):
    busy = Busy(one, "select pg_sleep(60)")
    for typed in ("soon", "0", "601", "5s", "-3", "1;2"):
        answer = cure(one, "end_query", f"typed={typed}", **busy.keys)
        assert answer["state"] == "refused" and "expected a number of seconds" in answer["why_not"], (typed, answer)
    assert cure(one, "end_query", "typed=2.5", **busy.keys)["then_says"] == "did not heed the cancel in 2.5 s: terminated"
    busy.end()


@pytest.mark.waits
def test_a_later_statement_of_the_session_is_neither_cancelled_nor_ended(one):
    for action in ("cancel", "end_query"):
        c = one.connect(autocommit=True)
        thread = threading.Thread(target=lambda: c.cursor().execute("select pg_sleep(4)"))
        thread.start()
        soon(lambda: one.value("select state from pg_stat_activity where pid = %s", (c.info.backend_pid,)) == "active")
        p = Probe(one, action, "hold", **session(one, c)).ready()
        thread.join()
        later = threading.Thread(target=lambda: c.cursor().execute("select pg_sleep(3)"))
        later.start()
        soon(lambda: one.value("select query from pg_stat_activity where pid = %s", (c.info.backend_pid,)) == "select pg_sleep(3)")
        answer = p.go().end()
        assert answer["state"] == "failed" and answer["message"] == "not done: the statement that was meant has ended by itself", answer
        later.join()
        c.cursor().execute("select 1")
        c.close()


def test_while_the_cancel_is_waited_for_the_escalation_can_be_stopped(one):
    busy = Busy(one, STUBBORN.replace("30 s", "6 s"))
    answer = cure(one, "end_query", "cancel=3", typed="600", **busy.keys)
    assert answer["state"] == "cancelled" and answer["message"] == "left at its first step: the second one was not taken", answer
    busy.thread.join(15)
    assert busy.done and busy.why is None
    busy.end()


def test_a_backup_and_a_walsender_are_named_before_they_are_ended(one):
    busy = Busy(one, "select pg_sleep(60)", application_name="pg_dump")
    answer = cure(one, "end_query", **busy.keys)
    assert "THIS IS A BACKUP (pg_dump)" in answer["says"] and answer["state"] == "done", answer
    busy.end()
    reader = psycopg2.connect(one.conninfo(), connection_factory=psycopg2.extras.PhysicalReplicationConnection)
    reader.cursor().start_replication(start_lsn=one.value("select pg_current_wal_flush_lsn()::text"))
    soon(lambda: one.value("select count(*) from pg_stat_activity where backend_type = 'walsender' and state = 'active'"))
    pid, start = one.query("select pid, extract(epoch from backend_start)::float8 from pg_stat_activity where backend_type = 'walsender'")[0]
    p = Probe(one, "end_query", "hold", pid=pid, backend_start=f"{start:.6f}").ready()
    assert any("THIS IS A WALSENDER" in line for line in p.lines), p.lines
    reader.close()
    answer = p.go().end()
    assert answer["state"] in ("done", "failed") and ("ended" in answer["message"]), answer


def says(server, connection, action="terminate"):
    """What the dialog would tell of that session; nothing is done to it."""
    p = Probe(server, action, "hold", **session(server, connection)).ready()
    p.process.stdin.close()
    p.process.kill()
    p.process.wait()
    return "\n".join(p.lines)


@pytest.mark.parametrize("query", [
    "select 'created_at_index'::text, pg_sleep(20)",
    "select 1 /* create index */ , pg_sleep(20)",
    "/* create index on t /* reindex */ vacuum */ select pg_sleep(20)",
    "-- vacuum\n select 'vacuum', pg_sleep(20)",
])
def test_what_only_reads_like_an_index_or_a_vacuum_is_not_warned_of(one, query):
    busy = Busy(one, query)
    told = says(one, busy.connection)
    busy.connection.cancel()
    busy.end()
    assert "THIS" not in told and "runs: " in told, told


def test_what_an_idle_session_ran_last_or_is_called_is_no_warning(one):
    c = one.connect(application_name="pg_dump")
    c.cursor().execute("vacuum plain")
    told = says(one, c)
    assert "THIS" not in told and "ran last: vacuum plain" in told, told
    c.cursor().execute("create index concurrently on plain (v)")
    assert "THIS" not in says(one, c)
    c.cursor().execute("begin; select 1")
    assert "THIS IS A BACKUP (pg_dump)" in says(one, c)
    c.close()


@pytest.mark.parametrize("query, warning", [
    ("\n-- now\n Create\n Unique  Index never on plain (v, id)", "BUILDS AN INDEX"),
    ("/* a /* nested */ one */ -- and\n\tCREATE /* x */ INDEX never on plain (v, id)", "BUILDS AN INDEX"),
    ("Alter Table plain add column never int", "IS MAINTENANCE"),
    ("--\n VACUUM(FULL) plain", "IS MAINTENANCE"),
])
def test_an_index_and_maintenance_are_named_behind_comments_while_they_run(one, query, warning):
    holder = one.connect(autocommit=False)
    holder.cursor().execute("insert into plain values (-77, 'x')")
    busy = Busy(one, query)
    told = says(one, busy.connection)
    busy.connection.cancel()
    busy.end()
    holder.rollback()
    holder.close()
    assert f"THIS {warning}" in told, told


def test_an_escalation_goes_through_a_pooler_too(yard, one):
    bouncer = need(lambda: servers.Bouncer(yard, one, pool_size=5).start())
    busy = Busy(one, STUBBORN)
    answer = cure(bouncer, "end_query", typed="1", **busy.keys)
    assert answer["state"] == "done" and answer["message"] == "did not heed the cancel in 1 s: terminated", answer
    busy.end()
    bouncer.stop()


def test_a_server_that_goes_while_a_cancel_is_waited_for_is_told(yard):
    s = need(lambda: servers.Server(yard).start())
    busy = Busy(s, STUBBORN)
    p = Probe(s, "end_query", typed="60", **busy.keys).ready()
    soon(lambda: s.value("select count(*) from pg_stat_activity where application_name = 'dbvitals' and query like '%%ended by cancel%%'"))
    s.kill()
    answer = p.end()
    assert answer["state"] == "failed" and "it could not be seen what came of it" in answer["message"], answer
    busy.end()


def test_whose_session_may_be_ended_is_the_servers_to_say(pg):
    pg.psql("do $$ begin create role signaller login; create role worker login; exception when duplicate_object then null; end $$;"
            "grant pg_monitor, pg_signal_backend to signaller")
    busy = Busy(pg, STUBBORN, user="worker")
    answer = cure(pg, "end_query", typed="1", user="signaller", **busy.keys)
    assert answer["state"] == "done" and answer["message"].endswith("terminated"), answer
    busy.end()
    busy = Busy(pg, "select pg_sleep(60)", user="signaller")
    answer = cure(pg, "end_query", user="signaller", **busy.keys)
    assert answer["state"] == "done" and answer["message"].startswith("ended by cancel"), answer
    busy.end()
    busy = Busy(pg, "select pg_sleep(2)")
    answer = cure(pg, "end_query", user="signaller", **busy.keys)
    assert answer["state"] == "failed" and "superuser" in answer["message"].lower(), answer
    busy.end()
    assert busy.done


def test_a_setting_is_changed_and_read_anew(pg):
    answer = cure(pg, "alter_system", name="work_mem", typed="5MB")
    assert answer["state"] == "done" and answer["undo"] == 'ALTER SYSTEM RESET "work_mem"', answer
    was = pg.value("select pg_conf_load_time()")
    assert cure(pg, "reload")["state"] == "done"
    soon(lambda: pg.value("show work_mem") == "5MB" and pg.value("select pg_conf_load_time()") > was)
    pg.psql("alter system reset work_mem; select pg_reload_conf()")
    answer = cure(pg, "alter_system", name="work_mem", typed="nonsense'")
    assert answer["state"] == "failed" and "nonsense'" in answer["message"], answer


def test_checkpoint_and_reset_of_statements(pg):
    was = pg.value("select checkpoint_lsn from pg_control_checkpoint()")
    pg.psql("insert into plain values (-1, 'y')")
    assert cure(pg, "checkpoint")["state"] == "done"
    assert pg.value("select checkpoint_lsn from pg_control_checkpoint()") != was
    answer = cure(pg, "reset_statements")
    if not pg.has_library("pg_stat_statements"):
        assert answer["state"] == "failed" and "not installed" in answer["message"], answer
        return
    pg.psql("create extension if not exists pg_stat_statements; select count(*) as something_rare from pg_am, pg_collation")
    assert pg.value("select count(*) from pg_stat_statements where query ~ 'as something_rare from'") > 0
    answer = cure(pg, "reset_statements")
    assert answer["state"] == "done", answer
    assert pg.value("select count(*) from pg_stat_statements where query ~ 'as something_rare from'") == 0


def test_a_matview_is_refreshed(pg):
    pg.psql("create materialized view seen as select id from plain; create unique index on seen (id); delete from plain where id = 7")
    answer = cure(pg, "refresh_matview", **table(pg, "seen"))
    assert answer["state"] == "done" and pg.value("select count(*) from seen where id = 7") == 0, answer
    pg.psql("drop materialized view seen")


def test_without_the_right_it_says_so_and_does_nothing(pg):
    was = pg.value("select last_analyze from pg_stat_user_tables where relname = 'plain'")
    answer = cure(pg, "analyze", user="watcher", **table(pg))
    assert answer["state"] == "failed" and "the role watcher may not: it must own the table" in answer["message"], answer
    assert ("MAINTAIN" in answer["message"]) == (pg.version >= 17)
    assert pg.value("select last_analyze from pg_stat_user_tables where relname = 'plain'") == was
    answer = cure(pg, "reindex", user="watcher", **index(pg, "plain_v"))
    assert answer["state"] == "failed" and ("must be owner" in answer["message"] or "permission denied" in answer["message"]), answer
    c = pg.connect()
    answer = cure(pg, "terminate", user="watcher", **session(pg, c))
    assert answer["state"] == "failed" and ("pg_signal_backend" in answer["message"] or "superuser" in answer["message"].lower()), answer  # in the detail from 16 on
    c.cursor().execute("select 1")
    c.close()


@pytest.mark.parametrize("name", ["two\nlines", "日本語の表 ü", "é" * 31 + "x", "'; drop table plain; --", "{piece} :target $1 %w", "Select", "tab\tand\x01control"])
def test_any_name_reaches_the_server_as_it_is(one, name):
    quoted = name.replace('"', '""')
    one.query(f'create schema "{quoted}"')
    one.query(f'create table "{quoted}"."{quoted}" (a int)')
    one.query(f'create index "{quoted[:30]}i" on "{quoted}"."{quoted}" (a)')
    datid, relid, indexrelid = one.query("select d.oid, x.indrelid::int8, x.indexrelid::int8 from pg_index x join pg_class c on c.oid = x.indrelid, pg_database d"
                                         " where d.datname = 'postgres' and c.relname = %s", (name,))[0]
    answer = cure(one, "analyze", datid=datid, relid=relid)
    assert answer["state"] == "done", answer
    assert one.value("select last_analyze is not null from pg_stat_user_tables where relid = %s", (relid,))
    answer = cure(one, "drop_index", datid=datid, indexrelid=indexrelid)
    assert answer["state"] == "done" and one.value("select count(*) from pg_class where oid = %s", (indexrelid,)) == 0, answer
    one.query(f'drop schema "{quoted}" cascade')


def test_another_session_of_the_same_pid_is_left_alone(one):
    c = one.connect()
    keys = session(one, c)
    p = Probe(one, "terminate", "hold", **keys).ready()
    verify = dict(line.split(": ", 1) for line in p.lines if ": " in line)["verify"]
    # The server gives a pid again only after very many others: what is asked of it is asked here about a start that is another one.
    start = float(keys["backend_start"])
    assert one.value(verify) == "true"
    assert one.value(verify.replace(f"{start:.6f}", f"{start - 60:.6f}")) == f"pid {keys['pid']} is another session by now: the one that was meant has ended"
    c.close()
    soon(lambda: one.value("select count(*) from pg_stat_activity where pid = %s", (keys["pid"],)) == 0)
    answer = p.go().end()
    assert answer["state"] == "failed" and answer["message"] == "not done: the session has ended by itself", answer


def test_a_table_that_was_renamed_dropped_or_made_anew_is_left_alone(one):
    one.psql("create table moving (a int)")
    p = Probe(one, "analyze", "hold", **table(one, "moving")).ready()
    one.psql("alter table moving rename to moved; create table moving (a int)")
    answer = p.go().end()
    assert answer["state"] == "failed" and "the table is called public.moved now" in answer["message"], answer
    p = Probe(one, "vacuum", "hold", **table(one, "moving")).ready()
    one.psql("drop table moving; create table moving (a int)")
    answer = p.go().end()
    assert answer["state"] == "failed" and "dropped, or made anew" in answer["message"], answer
    assert one.value("select last_analyze is null and last_vacuum is null from pg_stat_user_tables where relname = 'moving'")
    one.psql("drop table moving, moved")


def test_an_index_that_was_dropped_meanwhile_is_told(one):
    one.psql("create index going on plain (v)")
    for action in ("reindex", "drop_index"):
        one.psql("create index if not exists going on plain (v)")
        p = Probe(one, action, "hold", **index(one, "going")).ready()
        one.psql("drop index going")
        answer = p.go().end()
        assert answer["state"] == "failed" and "the index is gone" in answer["message"], answer


def test_a_right_that_was_revoked_meanwhile_is_told(one):
    one.psql("create role owner login; grant pg_monitor to owner; create table lent (a int); alter table lent owner to owner")
    p = Probe(one, "analyze", "hold", user="owner", **table(one, "lent")).ready()
    one.psql("alter table lent owner to postgres")
    answer = p.go().end()
    assert answer["state"] == "failed" and "the role owner may not" in answer["message"], answer


def test_a_lock_that_never_comes_blocks_nobody_and_is_told(one):
    one.psql("create table held (a int)")
    c = one.connect(autocommit=False)
    c.cursor().execute("lock table held in share update exclusive mode")
    p = Probe(one, "vacuum", "cancel=9", **table(one, "held"))
    longest, end = 0.0, time.monotonic() + 8
    while time.monotonic() < end:
        begun = time.monotonic()
        one.psql("select count(*) from held; insert into held values (1)")
        longest = max(longest, time.monotonic() - begun)
        time.sleep(0.2)
    answer = p.end()
    c.close()
    assert answer["state"] == "cancelled" and int(answer["attempts"]) >= 2, answer
    assert longest < 2.5, f"the application waited {longest} s"
    assert one.value("select last_vacuum is null from pg_stat_user_tables where relname = 'held'")


def test_a_failed_concurrent_build_tells_what_stands_there(one):
    one.psql("create table half (a int); insert into half select generate_series(1, 1000); create index half_a on half (a)")
    c = one.connect(autocommit=False)
    c.cursor().execute("insert into half values (1)")  # it will wait for this one
    p = Probe(one, "reindex", "cancel=3", **index(one, "half_a"))
    answer = p.end()
    c.close()
    assert answer["state"] == "cancelled", answer
    left = one.value("select string_agg(indexrelid::regclass::text, ',') from pg_index where not indisvalid")
    assert left == "half_a_ccnew" and "an invalid index stands there: public.half_a_ccnew" in answer["message"], (left, answer)
    answer = cure(one, "drop_index", **index(one, "half_a_ccnew"))
    assert answer["state"] == "done" and answer["confirm"] == "y", answer
    assert one.value("select count(*) from pg_index where not indisvalid") == 0


@pytest.mark.waits
def test_a_concurrent_build_begins_beside_no_old_transaction_that_nobody_confirmed(one):
    one.psql("create table awaited (a int); create index awaited_a on awaited (a)")
    c = one.connect(autocommit=False, application_name="report")
    c.cursor().execute("insert into awaited values (1)")
    held = [(action, Probe(one, action, "hold", **keys).ready()) for action, keys in
            (("reindex", index(one, "awaited_a")), ("reindex", table(one, "awaited")), ("drop_index", index(one, "awaited_a")))]
    soon(lambda: one.value("select clock_timestamp() - xact_start > interval '61 s' from pg_stat_activity where pid = %s", (c.info.backend_pid,)), 70)
    for action, p in held:
        answer = p.go().end()
        assert answer["confirm"] == ("name" if action == "drop_index" else "") and "LIKELY TO WAIT" not in answer["says"], answer
        assert answer["state"] == "failed" and answer["message"].startswith("not done: a transaction is open for 6"), answer
        assert answer["message"].endswith(f" s: pid {c.info.backend_pid} (report), which it would wait for"), answer
    answer = cure(one, "reindex", "cancel=2", **index(one, "awaited_a"))
    assert answer["confirm"] == "name" and f"THIS IS LIKELY TO WAIT for pid {c.info.backend_pid} (report)" in answer["says"], answer
    assert answer["state"] == "cancelled" and answer["attempts"] == "1", answer  # it was begun: somebody had confirmed it
    c.close()
    one.psql("drop table awaited")


def test_the_index_of_a_foreign_key_is_made_and_not_beside_an_old_transaction(one):
    one.psql("create table parent (id int primary key); create table child (id int, parent int references parent)")
    datid, conid = one.query("select d.oid::int8, c.oid::int8 from pg_constraint c, pg_database d where d.datname = 'postgres' and c.conrelid = 'child'::regclass")[0]
    p = Probe(one, "create_index", "hold", datid=datid, conid=conid).ready()
    verify = dict(line.split(": ", 1) for line in p.lines if ": " in line)["verify"]
    c = one.connect(autocommit=False, application_name="report")
    c.cursor().execute("select 1")
    assert one.value(verify) == "true"
    soon(lambda: one.value(verify.replace("60 s", "1 s")) != "true")  # a minute is long for a test
    assert f" s: pid {c.info.backend_pid} (report), which it would wait for" in one.value(verify.replace("60 s", "1 s"))
    c.close()
    answer = p.go().end()
    assert answer["state"] == "done" and answer["confirm"] == "", answer
    assert one.value("select count(*) from pg_index where indrelid = 'child'::regclass and indisvalid") == 1
    one.psql("drop table child, parent")


def test_a_transaction_that_is_prepared_and_has_the_table_locked_is_not_waited_for(one):
    one.psql("create table promised (a int); create index promised_a on promised (a); create table beside (a int); create index beside_a on beside (a)")
    one.psql("begin; insert into promised values (1); prepare transaction 'it''s promised'")
    held = Probe(one, "reindex", "hold", **index(one, "promised_a")).ready()
    verify = dict(line.split(": ", 1) for line in held.lines if ": " in line)["verify"]
    assert one.value(verify) == "true"  # it may be ended at any moment
    soon(lambda: one.value(verify.replace("60 s", "1 s")) != "true")
    told = one.value(verify.replace("60 s", "1 s"))
    assert told.startswith("transaction 'it''s promised' was prepared ") and "ROLLBACK PREPARED ends it" in told, told
    p = Probe(one, "reindex", "hold", **index(one, "beside_a")).ready()
    verify = dict(line.split(": ", 1) for line in p.lines if ": " in line)["verify"]
    assert one.value(verify.replace("60 s", "1 s")) == "true"  # that has another table locked
    assert p.go().end()["state"] == "done"
    one.psql("rollback prepared 'it''s promised'")
    assert held.go().end()["state"] == "done"
    one.psql("drop table promised, beside")


def test_a_role_that_cannot_see_other_transactions_is_told_so(one):
    one.psql("create role plain_owner login; create table owned (a int); create index owned_a on owned (a); alter table owned owner to plain_owner")
    c = one.connect(autocommit=False)
    c.cursor().execute("select 1")
    answer = cure(one, "reindex", user="plain_owner", **index(one, "owned_a"))
    assert answer["state"] == "done" and "whether transactions of other roles are old cannot be seen as this role" in answer["says"] and "GRANT pg_monitor" in answer["says"], answer
    assert "cannot be seen" not in cure(one, "reindex", **index(one, "owned_a"))["says"]
    c.close()
    one.psql("drop table owned; drop role plain_owner")


def slots_of(server):
    return server.value("select string_agg(slot_name, ',' order by slot_name) from pg_replication_slots")


def test_a_parallel_worker_leads_to_the_session_that_it_works_for(one):
    one.psql("create table wide as select generate_series(1, 2000) as id; alter table wide set (parallel_workers = 2);"
             "alter system set parallel_setup_cost = 0; alter system set parallel_tuple_cost = 0; select pg_reload_conf()")
    busy = Busy(one, "select count(pg_sleep(0.05)) from wide")
    worker = "select pid, extract(epoch from backend_start)::float8 from pg_stat_activity where backend_type = 'parallel worker' limit 1"
    soon(lambda: len(one.query(worker)) == 1)
    pid, start = one.query(worker)[0]
    for action in ("cancel", "end_query", "terminate"):
        answer = cure(one, action, pid=pid, backend_start=f"{start:.6f}")
        assert answer["state"] == "refused" and f"it works for pid {busy.pid}: " in answer["why_not"], answer
    one.query("select pg_cancel_backend(%s)", (busy.pid,))
    busy.end()
    one.psql("drop table wide; alter system reset all; select pg_reload_conf()")


def test_a_slot_that_nobody_reads_is_dropped_and_no_other(pg):
    pg.psql("select pg_create_physical_replication_slot('left_over', true); select pg_create_physical_replication_slot('kept', true)")
    answer = cure(pg, "drop_slot", slot_name="left_over")
    assert answer["statement"] == "SELECT pg_catalog.pg_drop_replication_slot('left_over')" and answer["label"] == "left_over", answer
    assert answer["state"] == "done" and "log kept for it" in answer["says"], answer
    assert answer["effect"] == "no log can go yet: another slot keeps as much", answer
    assert slots_of(pg) == "kept"
    pg.psql("select pg_drop_replication_slot('kept')")


def test_a_slot_that_is_read_again_or_is_another_one_stays(yard):
    s = need(lambda: servers.Server(yard, wal_level="logical").start())
    s.psql("select pg_create_physical_replication_slot('taken', true)")
    p = Probe(s, "drop_slot", "hold", slot_name="taken").ready()
    s.psql("select pg_drop_replication_slot('taken'); select pg_create_logical_replication_slot('taken', 'pgoutput')")
    answer = p.go().end()
    assert answer["state"] == "failed" and answer["message"] == "not done: it was made anew, as another one of that name", answer
    s.psql("select pg_drop_replication_slot('taken'); select pg_create_physical_replication_slot('taken', true)")
    p = Probe(s, "drop_slot", "hold", slot_name="taken").ready()
    reader = psycopg2.connect(s.conninfo(), connection_factory=psycopg2.extras.PhysicalReplicationConnection)
    reader.cursor().start_replication(slot_name="taken", start_lsn=s.value("select pg_current_wal_flush_lsn()::text"))
    soon(lambda: s.value("select active from pg_replication_slots"))
    answer = p.go().end()
    assert answer["state"] == "failed" and answer["message"].startswith("not done: somebody reads it again: pid "), answer
    answer = cure(s, "drop_slot", slot_name="taken")
    assert answer["state"] == "refused" and "reads it" in answer["why_not"], answer
    assert slots_of(s) == "taken"
    reader.close()
    soon(lambda: not s.value("select active from pg_replication_slots"))
    p = Probe(s, "drop_slot", "hold", slot_name="taken").ready()
    s.psql("select pg_drop_replication_slot('taken')")
    answer = p.go().end()
    assert answer["state"] == "failed" and answer["message"] == "not done: there is no such slot any more", answer
    s.stop("immediate")


@pytest.mark.waits
def test_a_server_that_ends_in_the_middle_is_told(yard):
    s = need(lambda: servers.Server(yard).start())
    s.psql("create table half (a int); create index half_a on half (a)")
    c = s.connect(autocommit=False)
    c.cursor().execute("insert into half values (1)")
    p = Probe(s, "reindex", **index(s, "half_a")).ready()
    soon(lambda: s.value("select count(*) from pg_stat_activity where query like 'REINDEX%%' and wait_event_type = 'Lock'") > 0)
    s.kill()
    answer = p.end()
    assert answer["state"] == "failed" and "whether it was done is not known" in answer["message"], answer
    assert "look for invalid indexes" in answer["message"], answer


def test_a_standby_is_read_only_and_says_where_to_do_it(yard, one):
    one.psql("create table if not exists plain (id int)")
    keys = table(one)
    primary = need(lambda: servers.Server(yard).start())
    primary.psql("create table plain (id int)")
    keys = table(primary)
    primary.stop()
    open(os.path.join(primary.data, "standby.signal"), "w").close()
    primary.start()
    answer = cure(primary, "vacuum", **keys)
    assert answer["state"] == "refused" and answer["why_not"] == "this is a standby, which is read-only: do it on the primary", answer
    primary.stop("immediate")


def test_through_a_pooler_only_what_leaves_nothing_behind(yard, one):
    bouncer = need(lambda: servers.Bouncer(yard, one, pool_size=5).start())
    answer = cure(bouncer, "analyze", **table(one))
    assert answer["state"] == "refused" and "stands between" in answer["why_not"], answer
    c = one.connect()
    answer = cure(bouncer, "terminate", **session(one, c))
    assert answer["state"] == "done", answer
    soon(lambda: one.value("select count(*) from pg_stat_activity where pid = %s", (c.info.backend_pid,)) == 0)
    bouncer.stop()
