"""An entry of the ledger is taken back on the server that it was done on, and on no other that is called so; a setting only while it is as it was written."""
import json
import os
import sqlite3

import pytest

import servers
from conftest import need
from test_cures import cure, index, soon, table
from test_ledger import entries, state, undo  # noqa: F401 (a fixture)

IN_FILE = "select setting from pg_file_settings where name = 'work_mem' and sourcefile like '%%auto.conf'"


@pytest.fixture(scope="module")
def two(yard):
    """Servers of two versions: clusters of one version are copies here, and copies have one identity."""
    both = [need(lambda v=v: servers.Server(yard, v).start()) for v in (15, 18)]
    yield both
    for s in both:
        s.stop("immediate")


@pytest.fixture(params=[0, 1], ids=["15", "18"])
def pg(request, two):
    s = two[request.param]
    s.psql("alter system reset all")
    s.psql("select pg_reload_conf()")
    soon(lambda: s.value("show work_mem") == "4MB")
    return s


def set_key(state, name, value):
    db = sqlite3.connect(os.path.join(state, "cures.db"))
    db.execute("update entries set keys = json_patch(keys, ?)", (json.dumps({name: value}),))
    db.commit()
    db.close()


def test_what_was_done_on_another_server_of_that_name_is_not_taken_back(two, state):
    here, there = two
    for s in two:
        s.psql("alter system set work_mem = '7777kB'")
    assert cure(here, "alter_system", ledger=state, name="work_mem", typed="9999kB")["state"] == "done"
    assert json.loads(entries(state)[0]["keys"])["server"] == here.value("select system_identifier::text from pg_control_system()")
    there.psql("alter system set work_mem = '9999kB'")  # as it was written, but not by us
    answer = undo(there, state, 1)
    assert answer["state"] == "refused" and "it was done on another server that was called so" in answer["why_not"], answer
    assert there.value(answer["verify"]) == "it was done on another server that was called so"
    assert there.value(IN_FILE, ()) == "9999kB"
    answer = undo(here, state, 1)
    assert answer["state"] == "done" and here.value(IN_FILE, ()) == "7777kB", answer


def test_an_entry_that_does_not_say_its_server_asks_for_the_name(pg, state):
    pg.psql("drop table if exists kept; create table kept (id int); create index doomed on kept (id)")
    assert cure(pg, "drop_index", ledger=state, **index(pg, "doomed"))["state"] == "done"
    for name in "server", "place":
        set_key(state, name, None)  # as entries of before this was kept
    answer = undo(pg, state, 1)
    assert answer["confirm"] == "name" and "ON WHICH SERVER IT WAS DONE IS NOT KNOWN" in answer["says"], answer
    assert answer["state"] == "done" and pg.value("select count(*) from pg_indexes where indexname = 'doomed'") == 1, answer
    pg.psql("drop table kept")


def test_where_the_identity_cannot_be_read_the_place_tells_servers_apart(pg, state):
    pg.psql("""drop table if exists kept; drop role if exists keeper; create role keeper login; grant pg_monitor to keeper; create table kept (id int);
        alter table kept owner to keeper; revoke execute on function pg_control_system() from public""")
    try:
        assert cure(pg, "fillfactor", f"ledger={state}", user="keeper", **table(pg, "kept"))["state"] == "done"
        kept = json.loads(entries(state)[0]["keys"])
        assert kept["server"] is None and kept["place"] == "local/postgres", kept
        set_key(state, "place", "db2:5433/postgres")
        answer = cure(pg, "undo", user="keeper", ledger=state, entry_id=1)
        assert answer["state"] == "refused" and answer["why_not"] == "it was done on another server that was called so: db2:5433/postgres", answer
        set_key(state, "place", kept["place"])
        answer = cure(pg, "undo", user="keeper", ledger=state, entry_id=1)
        assert answer["state"] == "done" and answer["confirm"] == "name" and "WHETHER IT WAS DONE ON THIS SERVER IS NOT KNOWN" in answer["says"], answer
    finally:
        pg.psql("grant execute on function pg_control_system() to public; drop table kept; drop role keeper")


def test_a_setting_that_is_another_by_now_is_not_taken_back(pg, state):
    assert cure(pg, "alter_system", ledger=state, name="work_mem", typed="9999kB")["state"] == "done"
    pg.psql("alter system set work_mem = '5555kB'")
    answer = undo(pg, state, 1)
    assert answer["state"] == "failed" and "postgresql.auto.conf has 5555kB by now, not what was written" in answer["message"], answer
    assert pg.value(IN_FILE, ()) == "5555kB"
    pg.psql("alter system reset work_mem")
    answer = undo(pg, state, 1)
    assert answer["state"] == "failed" and "postgresql.auto.conf has nothing by now" in answer["message"], answer


def test_what_stood_in_the_file_unread_is_written_again(pg, state):
    pg.psql("alter system set work_mem = '7777kB'")  # and not reloaded: pg_settings does not know of it
    answer = cure(pg, "alter_system", ledger=state, name="work_mem", typed="9999kB")
    assert answer["state"] == "done" and "stands in postgresql.auto.conf: 7777kB; taking it back writes that again" in answer["says"], answer
    assert pg.value("show work_mem") == "4MB"
    assert undo(pg, state, 1)["state"] == "done"
    assert pg.value(IN_FILE, ()) == "7777kB"


def test_who_cannot_read_the_file_is_told_what_taking_back_will_do(pg, state):
    pg.psql("drop role if exists tuner; create role tuner login; grant pg_monitor to tuner; grant alter system on parameter work_mem to tuner")
    answer = cure(pg, "alter_system", user="tuner", ledger=state, name="work_mem", typed="9999kB")
    assert answer["state"] == "done" and "cannot be read as this role; taking it back removes it from there" in answer["says"], answer
    answer = cure(pg, "undo", user="tuner", ledger=state, entry_id=1)
    assert answer["state"] == "done" and pg.value("select count(*) from pg_file_settings where name = 'work_mem' and sourcefile like '%%auto.conf'", ()) == 0, answer


def test_no_value_is_not_an_empty_value(pg, state):
    for typed in ("", "  "):
        answer = cure(pg, "alter_system", ledger=state, name="log_line_prefix", typed=typed)
        assert answer["state"] == "refused" and answer["why_not"] == "type a value: two quotes ('') make it empty", answer
    answer = cure(pg, "alter_system", ledger=state, name="log_line_prefix", typed="''")
    assert answer["state"] == "done" and answer["statement"] == """ALTER SYSTEM SET "log_line_prefix" = ''""", answer
    assert pg.value("select setting from pg_file_settings where name = 'log_line_prefix' and sourcefile like '%%auto.conf'", ()) == ""
