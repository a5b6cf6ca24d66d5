"""A cure and those beside it, on real servers: nobody waits long behind one, no timeout of the role ends one, and what it left is asked of a server that came back."""
import contextlib
import threading
import time

import psycopg2
import pytest

import servers
from conftest import need
from test_cures import Probe, cure, index, soon, table

LOCK_TIMEOUT_S = 2


@pytest.fixture(scope="module", params=[15, 18])
def slow(request, yard):
    """Its VACUUM and ANALYZE take a minute: a page, a nap."""
    s = need(lambda: servers.Server(yard, request.param, vacuum_cost_delay="100ms", vacuum_cost_limit=1, autovacuum="off").start())
    s.psql("""create role owner login;
        create table big (id int, v text);
        insert into big select i, repeat('x', 500) from generate_series(1, 6000) i; delete from big where id % 2 = 0;
        alter table big owner to owner;""")
    yield s
    s.stop("immediate")


class Waiter(threading.Thread):
    """Runs SQL in a session of its own; took_s is how long."""

    def __init__(self, server, sql, name):
        super().__init__()
        self.connection, self.sql, self.took_s = server.connect(application_name=name), sql, None
        self.pid = self.connection.info.backend_pid
        self.start()

    def run(self):
        begun = time.monotonic()
        with contextlib.suppress(psycopg2.errors.QueryCanceled):
            self.connection.cursor().execute(self.sql)
        self.took_s = time.monotonic() - begun
        self.connection.close()

    def waits(self, server):
        soon(lambda: server.value("select wait_event_type = 'Lock' from pg_stat_activity where pid = %s", (self.pid,)))
        return self


def running(server, statement):
    soon(lambda: server.value("select count(*) from pg_stat_activity where state = 'active' and query like %s and wait_event_type = 'Timeout'", (statement + "%",)), 20)


@pytest.mark.parametrize("action, statement, user", [("vacuum", "VACUUM", "postgres"), ("analyze", "ANALYZE", "postgres"), ("vacuum_analyze", "VACUUM", "owner")])
def test_a_cure_steps_back_for_who_waits_behind_it_longer_than_a_lock_timeout(slow, action, statement, user):
    p = Probe(slow, action, user=user, **table(slow, "big")).ready()
    running(slow, statement)
    alter = Waiter(slow, "alter table big add column if not exists more int", "web-1").waits(slow)
    reader = Waiter(slow, "select count(*) from big where id < 0", "web-2")
    answer = p.end()
    alter.join(60)
    reader.join(60)
    assert reader.took_s < LOCK_TIMEOUT_S + 2 and alter.took_s < LOCK_TIMEOUT_S + 2, (reader.took_s, alter.took_s, answer)
    assert answer["state"] == "failed" and answer["message"].startswith(f"stepped back: pid {alter.pid} (web-1) waited "), answer
    assert answer["message"].endswith(" s behind it for a lock; " + ("what was done so far stays" if statement == "VACUUM" else "what was not committed was taken back")
                                      + "; start it again when nobody alters the table"), answer
    assert alter.took_s > 1, "it is not for the first who comes"


def test_a_cure_goes_on_beside_who_does_not_wait_for_it(slow):
    slow.psql("create table other (id int)")
    holder = slow.connect(autocommit=False)
    holder.cursor().execute("lock table other")
    p = Probe(slow, "vacuum", "cancel=6", **table(slow, "big")).ready()
    running(slow, "VACUUM")
    waiter = Waiter(slow, "select 1 from other", "web-3").waits(slow)
    slow.psql("insert into big values (-1, 'y')")
    answer = p.end()
    holder.close()
    waiter.join(20)
    slow.psql("drop table other")
    assert answer["state"] == "cancelled" and "stepped back" not in answer["message"], answer


@pytest.fixture(scope="module", params=[15, 18])
def pg(request, yard):
    s = need(lambda: servers.Server(yard, request.param).start())
    yield s
    s.stop("immediate")


def test_a_build_tells_who_waits_behind_it_and_goes_on(pg):
    pg.psql("create table built (a int); create index built_a on built (a)")
    c = pg.connect(autocommit=False)
    c.cursor().execute("insert into built values (1)")
    p = Probe(pg, "reindex", **index(pg, "built_a")).ready()
    soon(lambda: pg.value("select count(*) from pg_stat_activity where query like 'REINDEX%%' and wait_event_type = 'Lock'"), 20)
    alter = Waiter(pg, "alter table built add column b int", "web-1").waits(pg)
    reader = Waiter(pg, "select count(*) from built", "web-2").waits(pg)
    told = ""
    while not told.startswith("meanwhile: 2 sessions wait behind it, 3 s"):
        told = p.process.stdout.readline()
        assert told != "" and not told.startswith("state: "), "it was never told"
    assert told == f"meanwhile: 2 sessions wait behind it, 3 s: pid {alter.pid} (web-1)\n"
    for waiter in (reader, alter):  # a build that goes on meets their snapshots, and one of them would end by a deadlock
        waiter.connection.cancel()
        waiter.join(20)
    while p.process.stdout.readline() != "meanwhile: \n":
        pass
    c.close()
    answer = p.end()
    assert answer["state"] == "done" and answer["message"] == "", answer
    assert pg.value("select count(*) from pg_index where not indisvalid") == 0
    pg.psql("drop table built")


def test_no_timeout_of_the_role_ends_a_cure(pg):
    pg.psql("create role hasty login; alter role hasty set idle_session_timeout = '1s'; alter role hasty set statement_timeout = '1s';"
            "alter role hasty set idle_in_transaction_session_timeout = '1s'; create table long (a int); create index long_a on long (a); alter table long owner to hasty")
    if pg.version >= 17:
        pg.psql("alter role hasty set transaction_timeout = '1s'")
    c = pg.connect(autocommit=False)
    c.cursor().execute("insert into long values (1)")
    p = Probe(pg, "reindex", user="hasty", **index(pg, "long_a")).ready()
    soon(lambda: pg.value("select count(*) from pg_stat_activity where query like 'REINDEX%%' and clock_timestamp() - query_start > interval '3 s'"), 20)
    c.commit()
    answer = p.end()
    assert answer["state"] == "done" and pg.value("select count(*) from pg_index where not indisvalid") == 0, answer
    c.cursor().execute("lock table long in share update exclusive mode")
    p = Probe(pg, "vacuum", user="hasty", **table(pg, "long")).ready()
    soon(lambda: pg.log().count("canceling statement due to lock timeout") > 0, 20)  # between two attempts it is idle for longer than a second
    c.close()
    answer = p.end()
    assert answer["state"] == "done" and int(answer["attempts"]) > 1, answer
    pg.psql("drop table long; drop role hasty")


def test_a_server_that_comes_back_is_asked_what_was_left_behind(pg):
    pg.psql("create table torn (a int); create index torn_a on torn (a)")
    c = pg.connect(autocommit=False)
    c.cursor().execute("insert into torn values (1)")
    p = Probe(pg, "reindex", **index(pg, "torn_a")).ready()
    soon(lambda: pg.value("select count(*) from pg_stat_activity where query like 'REINDEX%%' and wait_event_type = 'Lock'"), 20)
    pg.kill()
    time.sleep(3)  # a server that takes a while
    pg.start()
    answer = p.end()
    assert answer["state"] == "failed" and "whether it was done is not known" in answer["message"], answer
    assert "an invalid index stands there: public.torn_a_ccnew" in answer["message"] and "could not be asked" not in answer["message"], answer
    assert cure(pg, "drop_index", **index(pg, "torn_a_ccnew"))["state"] == "done"
    pg.psql("drop table torn")
