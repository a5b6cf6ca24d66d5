"""The ledger on real servers: what the planner reckoned with before and after, and undos that make again what was there."""
import json
import os
import sqlite3
import time

import pytest

import servers
from conftest import need
from test_cures import Probe, cure, index, soon, table


@pytest.fixture(scope="module", params=[servers.VERSIONS[0], servers.VERSIONS[-1]])
def pg(request, yard):
    s = need(lambda: servers.Server(yard, request.param).start())
    yield s
    s.stop("immediate")


@pytest.fixture
def state(tmp_path):
    return str(tmp_path / "state" / "dbvitals")


def entries(state):
    db = sqlite3.connect(os.path.join(state, "cures.db"))
    db.row_factory = sqlite3.Row
    rows = [dict(r) for r in db.execute("select * from entries order by id")]
    db.close()
    return rows


def undo(server, state, entry):
    return cure(server, "undo", ledger=state, entry_id=entry)


def test_analyze_the_planners_estimate_before_and_after(pg, state):
    pg.psql("create table grown (id int) with (autovacuum_enabled = off); insert into grown select generate_series(1, 100)")
    pg.psql("analyze grown")
    pg.psql("insert into grown select generate_series(1, 5000)")
    soon(lambda: pg.value("select n_mod_since_analyze from pg_stat_user_tables where relname = 'grown'") == 5000)
    probe = Probe(pg, "analyze", f"ledger={state}", "until=planner_rows", **table(pg, "grown"))
    for line in probe.process.stdout:
        probe.lines.append(line.rstrip("\n"))
        if line.startswith("state: "):
            break
    assert probe.lines[-1] == "state: done", probe.lines
    ended = time.monotonic()
    probe.end()
    assert time.monotonic() - ended < 30  # the catalog is read each two minutes, but after a cure at once
    (entry,) = entries(state)
    numbers = json.loads(entry["numbers"])
    assert numbers["before"]["planner_rows"] == 100 and numbers["after"]["planner_rows"] == 5100, numbers
    assert numbers["before"]["mod_since_analyze"] == 5000 and numbers["after"]["mod_since_analyze"] == 0, numbers
    assert numbers["units"]["planner_rows"] == "count"
    assert pg.value("select reltuples from pg_class where relname = 'grown'") == 5100
    assert (entry["state"], entry["action"], entry["label"], entry["by"]) == ("done", "analyze", "public.grown", "a test"), entry
    assert entry["statement"] == 'ANALYZE "public"."grown"' and entry["undo"] is None and entry["why_no_undo"], entry
    assert entry["ended_at"] >= entry["began_at"] >= entry["asked_at"]
    answer = undo(pg, state, 1)
    assert answer["state"] == "refused" and "statistics before are not kept" in answer["why_not"], answer
    pg.psql("drop table grown")


@pytest.mark.parametrize("definition", [
    "create unique index doomed on kept (lower(v) text_pattern_ops, id desc nulls last) include (w) with (fillfactor = 70) where id > 10",
    'create index "do""omed %s \'x\'" on kept using gin (to_tsvector(\'simple\', v))',
])
def test_a_dropped_index_is_made_again_with_the_same_definition(pg, state, definition):
    pg.psql("drop table if exists kept; create table kept (id int, v text, w int); insert into kept select i, 'x' || i, i from generate_series(1, 500) i")
    pg.query(definition.replace("%", "%%"), ())
    name, before = pg.query("select c.relname, pg_get_indexdef(c.oid) from pg_index x join pg_class c on c.oid = x.indexrelid where indrelid = 'kept'::regclass", ())[0]
    keys = {"datid": table(pg, "kept")["datid"], "indexrelid": pg.value("select oid::int8 from pg_class where relname = %s", (name,))}
    answer = cure(pg, "drop_index", ledger=state, **keys)
    assert answer["state"] == "done", answer
    assert pg.value("select count(*) from pg_index where indrelid = 'kept'::regclass") == 0
    answer = undo(pg, state, 1)
    assert answer["state"] == "done" and answer["undoes"] == "1", answer
    assert "INDEX CONCURRENTLY" in answer["statement"]
    assert pg.value("select pg_get_indexdef(indexrelid) from pg_index where indisvalid and indrelid = 'kept'::regclass") == before
    first, second = entries(state)
    assert (second["action"], second["undoes"], second["state"]) == ("undo", 1, "done"), second
    assert second["statement"] == first["undo"]
    answer = undo(pg, state, 1)
    assert answer["state"] == "refused" and "entry 2 took it back already" in answer["why_not"], answer
    answer = undo(pg, state, 2)
    assert answer["state"] == "refused" and "took something back itself" in answer["why_not"], answer


def test_what_is_about_another_table_by_now_or_was_altered_is_not_taken_back(pg, state):
    pg.psql("drop table if exists kept; create table kept (id int); create index doomed on kept (id)")
    assert cure(pg, "drop_index", ledger=state, **index(pg, "doomed"))["state"] == "done"
    pg.psql("alter table kept rename to other; create table kept (id int)")
    answer = undo(pg, state, 1)
    assert answer["state"] == "failed" and "its table is called public.other now" in answer["message"], answer
    assert pg.value("select count(*) from pg_indexes where tablename in ('kept', 'other')") == 0
    db = sqlite3.connect(os.path.join(state, "cures.db"))
    db.execute("update entries set undo = 'DROP TABLE other' where id = 1")
    db.commit()
    db.close()
    answer = undo(pg, state, 1)
    assert answer["state"] == "refused" and "the checksum differs" in answer["why_not"], answer
    pg.psql("drop table other, kept")


@pytest.mark.parametrize("before", [None, "7777kB"])
def test_alter_system_is_undone(pg, state, before):
    pg.psql("alter system reset work_mem" if before is None else f"alter system set work_mem = '{before}'")
    pg.psql("select pg_reload_conf()")
    soon(lambda: pg.value("show work_mem") == (before or "4MB"))
    answer = cure(pg, "alter_system", ledger=state, name="work_mem", typed="9999kB")
    assert answer["state"] == "done", answer
    pg.psql("select pg_reload_conf()")
    soon(lambda: pg.value("show work_mem") == "9999kB")
    answer = undo(pg, state, 1)
    assert answer["state"] == "done", answer
    pg.psql("select pg_reload_conf()")
    soon(lambda: pg.value("show work_mem") == (before or "4MB"))
    assert pg.value("select count(*) from pg_file_settings where name = 'work_mem' and sourcefile like '%%auto.conf'", ()) == (0 if before is None else 1)
    pg.psql("alter system reset work_mem")
    pg.psql("select pg_reload_conf()")
    soon(lambda: pg.value("show work_mem") == "4MB")


def test_what_failed_is_kept_and_is_not_taken_back(pg, state):
    pg.psql("create table if not exists plain (id int); drop role if exists nobody_much; create role nobody_much login; grant pg_monitor to nobody_much")
    answer = cure(pg, "analyze", f"ledger={state}", user="nobody_much", **table(pg, "plain"))
    assert answer["state"] == "failed", answer
    (entry,) = entries(state)
    assert entry["state"] == "failed" and "may not" in entry["message"], entry
    answer = undo(pg, state, 1)
    assert answer["state"] == "refused" and "it was not done: failed" in answer["why_not"], answer


@pytest.mark.parametrize("before", [None, "fillfactor=70, autovacuum_vacuum_scale_factor=0.05, toast_tuple_target=2000"])
@pytest.mark.parametrize("action", ["autovacuum_sooner", "fillfactor"])
def test_storage_parameters_are_undone(pg, state, action, before):
    pg.psql("drop table if exists kept; create table kept (id int)" + (f" with ({before})" if before else ""))
    options = "select array(select unnest(reloptions) order by 1) from pg_class where relname = 'kept'"
    was = pg.value(options)
    answer = cure(pg, action, f"ledger={state}", **table(pg, "kept"))
    assert answer["state"] == "done" and pg.value(options) != was, answer
    answer = undo(pg, state, 1)
    assert answer["state"] == "done", answer
    assert pg.value(options) == was


def test_an_index_that_was_made_is_dropped_again_and_no_other_of_its_name(pg, state):
    pg.psql("drop table if exists child, parent, kept, other; create table parent (id int primary key); create table child (p int references parent);"
            "insert into parent select generate_series(1, 10); insert into child select 1 from generate_series(1, 2000); analyze child")
    con = pg.value("select oid::int8 from pg_constraint where conrelid = 'child'::regclass and contype = 'f'")
    made = cure(pg, "create_index", f"ledger={state}", datid=table(pg, "child")["datid"], conid=con)
    assert made["state"] == "done", made
    name = pg.value("select relname from pg_index x join pg_class c on c.oid = indexrelid where indrelid = 'child'::regclass")
    pg.psql(f'alter index "{name}" rename to mine; create index "{name}" on parent (id)')
    answer = undo(pg, state, 1)
    assert answer["state"] == "failed" and "another index by now" in answer["message"], answer
    pg.psql(f'drop index "{name}"; alter index mine rename to "{name}"')
    answer = undo(pg, state, 1)
    assert answer["state"] == "done", answer
    assert pg.value("select count(*) from pg_index where indrelid = 'child'::regclass") == 0
    pg.psql("drop table child, parent")


def shown(dbvitals, state, *words):
    """The ledger as another process tells it, without a server."""
    home = os.path.dirname(state)
    answer = dbvitals(*words, "--config", "/dev/null", "--format", "json", env={**servers.plain_env(), "XDG_STATE_HOME": home, "PGHOST": "/nowhere"})
    assert answer.returncode == 0, answer.stderr
    told = json.loads(answer.stdout)
    return told["ledger"] if words[0] == "show" else told


def running(pg, text):
    return lambda: pg.value("select count(*) from pg_stat_activity where pid <> pg_backend_pid() and state = 'active' and query like %s", (text + "%",)) == 1


def killed_amid(pg, dbvitals, state, action, statement, keys):
    """Begins it, and ends the program by force: (what the ledger told before, and after)."""
    probe = Probe(pg, action, f"ledger={state}", **keys)
    soon(running(pg, statement))
    soon(lambda: os.path.exists(os.path.join(state, "cures.db")) and len(shown(dbvitals, state, "show", "ledger")) == 1)
    (before,) = shown(dbvitals, state, "show", "ledger")
    probe.process.kill()
    probe.process.wait()
    (after,) = shown(dbvitals, state, "show", "ledger")
    return before, after


def told_as_unknown(before, after):
    assert before["state"] == "running" and before["began_at"] and before["ended_at"] is None and before["message"] is None, before
    assert after["state"] == "unknown" and "dbvitals ended before it" in after["message"] and after["ended_at"] is None, after
    assert after["entry_id"] == before["entry_id"] == 1 and after["intact"] == 1


def test_a_dashboard_that_is_killed_amid_a_build_does_not_know_how_it_ended(pg, dbvitals, state):
    pg.psql("drop table if exists child, parent; create table parent (id int primary key); create table child (p int references parent);"
            "insert into parent select generate_series(1, 10); insert into child select 1 from generate_series(1, 2000); analyze child")
    con = pg.value("select oid::int8 from pg_constraint where conrelid = 'child'::regclass and contype = 'f'")
    writer = pg.connect(autocommit=False)
    writer.cursor().execute("insert into child values (1)")  # the build waits for it
    told_as_unknown(*killed_amid(pg, dbvitals, state, "create_index", "CREATE INDEX CONCURRENTLY", {"datid": table(pg, "child")["datid"], "conid": con}))
    answer = undo(pg, state, 1)
    assert answer["state"] == "refused" and "nobody knows whether it was done" in answer["why_not"], answer
    writer.rollback()
    writer.close()
    soon(lambda: not running(pg, "CREATE INDEX CONCURRENTLY")(), 30)
    pg.psql("drop table child, parent")


def test_a_dashboard_that_is_killed_amid_a_vacuum_does_not_know_how_it_ended(pg, dbvitals, state):
    pg.psql("drop table if exists slow; create table slow (id int, v text) with (autovacuum_enabled = off);"
            "insert into slow select i, repeat('x', 500) from generate_series(1, 20000) i; delete from slow where id % 2 = 0;"
            "alter database postgres set vacuum_cost_delay = '100ms'; alter database postgres set vacuum_cost_limit = 20")
    try:
        told_as_unknown(*killed_amid(pg, dbvitals, state, "vacuum", "VACUUM", table(pg, "slow")))
    finally:
        pg.psql("alter database postgres reset vacuum_cost_delay; alter database postgres reset vacuum_cost_limit;"
                "select pg_terminate_backend(pid) from pg_stat_activity where query like 'VACUUM%'")
    soon(lambda: not running(pg, "VACUUM")())
    assert cure(pg, "vacuum", f"ledger={state}", **table(pg, "slow"))["state"] == "done"
    rows = shown(dbvitals, state, "query", "select entry_id, state from ledger order by entry_id")
    assert rows == [{"entry_id": 1, "state": "unknown"}, {"entry_id": 2, "state": "done"}]
    pg.psql("drop table slow")


def test_the_ledger_is_shown_in_full_and_by_target(pg, dbvitals, state):
    pg.psql("create table if not exists plain (id int)")
    assert shown(dbvitals, state, "show", "ledger") == []
    assert not os.path.exists(state)
    assert cure(pg, "analyze", f"ledger={state}", **table(pg))["state"] == "done"
    (row,) = shown(dbvitals, state, "show", "ledger")
    (kept,) = entries(state)
    for column, member in (("target", "target"), ("action", "action"), ("label", "label"), ("state", "state"), ("datname", "database"), ("by_whom", "by"), ("asked_at", "asked_at"),
                           ("began_at", "began_at"), ("ended_at", "ended_at"), ("statement", "statement"), ("row_keys", "keys"), ("numbers", "numbers"), ("why_no_undo", "why_no_undo")):
        assert row[column] == pytest.approx(kept[member]) if isinstance(kept[member], float) else row[column] == kept[member], (column, row)
    assert shown(dbvitals, state, "show", "ledger", "t") == [row | {"sampled_at": pytest.approx(row["sampled_at"], abs=60), "age_s": pytest.approx(0, abs=60)}]
    assert shown(dbvitals, state, "show", "ledger", "elsewhere") == []
    assert shown(dbvitals, state, "query", "select count(*) as n from ledger where state = 'done'") == [{"n": 1}]
    mixed = dbvitals("query", "--config", "/dev/null", "--format", "json", "select (select count(*) from ledger) as kept, (select count(*) > 0 from sessions) as asked",
                     f"{pg.conninfo()}", env={**servers.plain_env(), "XDG_STATE_HOME": os.path.dirname(state)})
    assert json.loads(mixed.stdout) == [{"kept": 0, "asked": 1}]  # of that target, whose name is another
