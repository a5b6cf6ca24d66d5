"""What else than speed goes with an index, and builds that leave nothing behind: on real servers."""
import pytest

import servers
from conftest import need
from test_cures import Probe, cure, index, soon, table


@pytest.fixture(scope="module", params=[15, 18])
def pg(request, yard):
    s = need(lambda: servers.Server(yard, request.param, wal_level="logical").start())
    s.psql("create role watcher login; grant pg_monitor to watcher;")
    yield s
    s.stop("immediate")


def test_the_replica_identity_of_a_table_is_not_dropped(pg):
    pg.psql("create table told (id int not null, v text); create unique index told_id on told (id); insert into told values (1, 'x')")
    held = Probe(pg, "drop_index", "hold", **index(pg, "told_id")).ready()
    pg.psql("alter table told replica identity using index told_id; create publication p for table told")
    answer = held.go().end()
    assert answer["state"] == "failed" and "it is the REPLICA IDENTITY of its table by now" in answer["message"], answer
    answer = cure(pg, "drop_index", **index(pg, "told_id"))
    assert answer["state"] == "refused" and "REPLICA IDENTITY" in answer["why_not"], answer
    pg.psql("update told set v = 'y'")
    pg.psql("drop publication p; drop table told")


def test_what_forbids_equal_rows_is_dropped_by_name_only(pg):
    pg.psql("create table alone (id int); create unique index alone_1 on alone (id); create index alone_2 on alone (id); cluster alone using alone_2;"
            "create table twice (id int); create unique index twice_1 on twice (id); create unique index twice_2 on twice (id)")
    answer = Probe(pg, "drop_index", "hold", **index(pg, "alone_1")).ready().go().end()
    assert answer["confirm"] == "name" and "THIS IS WHAT FORBIDS EQUAL ROWS" in answer["says"] and answer["state"] == "done", answer
    answer = cure(pg, "drop_index", **index(pg, "alone_2"))
    assert "FORBIDS" not in answer["says"] and "CLUSTER goes by it" in answer["says"], answer
    answer = cure(pg, "drop_index", **index(pg, "twice_2"))
    assert answer["confirm"] == "y" and "FORBIDS" not in answer["says"] and answer["state"] == "done", answer
    pg.psql("drop table alone, twice")


def test_beside_an_invalid_index_none_is_built(pg):
    pg.psql("create table parent (id int primary key); create table half (a int, p int references parent);"
            "insert into parent values (1); insert into half select i, 1 from generate_series(1, 1000) i; create index half_a on half (a)")
    con = {"datid": table(pg, "half")["datid"], "conid": pg.value("select oid::int8 from pg_constraint where conrelid = 'half'::regclass and contype = 'f'")}
    meant = [("reindex", index(pg, "half_a")), ("reindex", table(pg, "half")), ("create_index", con)]
    held = [Probe(pg, action, "hold", **keys).ready() for action, keys in meant]
    pg.psql("create unique index concurrently half_bad on half (p)", check=False)
    assert pg.value("select count(*) from pg_index where not indisvalid") == 1
    for p in held:
        answer = p.go().end()
        assert answer["state"] == "failed" and "public.half_bad: drop it first" in answer["message"], answer
    for action, keys in meant:
        answer = cure(pg, action, **keys)
        assert answer["state"] in ("refused", "failed") and "public.half_bad: drop it first" in answer["message"], answer  # by the dialog, if it has read indexes yet
    assert pg.value("select count(*) from pg_index where indrelid = 'half'::regclass") == 2
    pg.psql("delete from half where a > 1")
    assert cure(pg, "reindex", **index(pg, "half_bad"))["state"] == "done"  # it is that one which is mended
    assert pg.value("select count(*) from pg_index where not indisvalid") == 0
    assert cure(pg, "reindex", **table(pg, "half"))["state"] == "done"
    pg.psql("drop table half, parent")


def test_an_exclusion_constraint_is_told_to_be_left_out(pg):
    pg.psql("create table ex (r int4range, exclude using gist (r with &&)); create index ex_r on ex (r)")
    answer = cure(pg, "reindex", **index(pg, "ex_r_excl"))
    assert answer["state"] == "refused" and "an exclusion constraint stands on it" in answer["why_not"], answer
    soon(lambda: "LEFT OUT: ex_r_excl, on which" in cure(pg, "reindex", **table(pg, "ex"))["says"], 60)  # the table may be read before its indexes
    pg.psql("drop table ex")


@pytest.mark.parametrize("definition, may", [("(a) where a > 0", False), ("(lower(b))", False), ("(a) include (b)", True), ("(a, b)", True)])
def test_a_matview_is_refreshed_by_an_index_that_serves_for_it(pg, definition, may):
    pg.psql(f"create table m (a int, b text); insert into m values (1, 'x'); create materialized view seen as select * from m; create unique index on seen {definition};"
            "insert into m values (2, 'y')")
    answer = cure(pg, "refresh_matview", **table(pg, "seen"))
    if may:
        assert answer["state"] == "done", answer
    else:
        assert answer["state"] == "refused" and "no unique index on plain columns of all its rows" in answer["why_not"], answer
    assert pg.value("select count(*) from seen") == (2 if may else 1)
    pg.psql("drop table m cascade")
