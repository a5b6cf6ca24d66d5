"""Cures of PgBouncer: their effect is read from its console, and what cannot be done ends in a true sentence."""
import calendar
import contextlib
import re
import time

import psycopg2
import pytest

import probe
import screen
from dialogs import escape, only, read_it
from servers import wait_for

class Probe(probe.Probe):
    """The target is its console."""

    def __init__(self, bouncer, *words, **more):
        class Console:
            @staticmethod
            def conninfo(user):
                return bouncer.url(user)
        super().__init__(Console, *words, **more)


def cure(bouncer, action, *words, **more):
    return Probe(bouncer, action, *words, **more).end()


ODD = 'o"dd na\'me'


@pytest.fixture
def server(start_server):
    s = start_server()
    s.psql('create database shop; create database "o""dd na\'me"')
    return s


def console(bouncer, what):
    with contextlib.closing(bouncer.connect("pgbouncer")) as c, c.cursor() as cursor:
        cursor.execute(what)
        return [dict(zip([d.name for d in cursor.description], row)) for row in cursor.fetchall()] if cursor.description else None


def database(bouncer, name="shop"):
    rows = console(bouncer, "SHOW DATABASES")
    assert any(r["name"] == name for r in rows), (rows, bouncer.log()[-3000:])
    return next(r for r in rows if r["name"] == name)


def has(bouncer, column, value, name="shop"):
    wait_for(lambda: database(bouncer, name)[column] == value, 10, lambda: f"{database(bouncer, name)}")


def pool(bouncer, name="shop"):
    return next((r for r in console(bouncer, "SHOW POOLS") if r["database"] == name), {})


def on(name="shop"):
    return {"datname": name}


@pytest.fixture
def bouncer(server, start_pgbouncer):
    """It knows shop by its name. The other one is of *, and forgotten when it has no client: its file takes no quoted names."""
    b = start_pgbouncer(server, pool_size=2)
    with open(f"{b.folder}/ini") as f:
        text = f.read()
    place = re.search(r"^\* = (.*)$", text, re.M).group(1)
    b.write("ini", text.replace("* = ", f"shop = {place}\n* = ", 1))
    console(b, "RELOAD")
    assert {r["name"] for r in console(b, "SHOW DATABASES")} == {"shop", "pgbouncer"}, b.log()
    b.connect("shop").close()
    client = b.connect(ODD)
    yield b
    client.close()


@contextlib.contextmanager
def in_transaction(bouncer, name="shop"):
    c = bouncer.connect(name, autocommit=False)
    c.cursor().execute("select 1")
    yield c
    c.close()


@pytest.mark.parametrize("name", ["shop", ODD])
def test_pause_and_resume_disable_and_enable_do_what_they_say(bouncer, name):
    assert cure(bouncer, "pause_database", **on(name))["state"] == "done"
    told = cure(bouncer, "resume_pooler")["effect"]
    assert f"database {name} was paused by its name and stays so: resume_database" in told, told
    assert cure(bouncer, "resume_database", **on(name))["state"] == "done"
    for action, column, value, undo in (("pause_database", "paused", 1, "RESUME"), ("resume_database", "paused", 0, "PAUSE"),
                                        ("disable_database", "disabled", 1, "ENABLE"), ("enable_database", "disabled", 0, "DISABLE")):
        answer = cure(bouncer, action, **on(name))
        assert answer["state"] == "done", answer
        assert database(bouncer, name)[column] == value
        quoted = '"' + name.replace('"', '""') + '"'
        assert answer["undo"] == f"{undo} {quoted}" and answer["label"] == name, answer
    assert cure(bouncer, "resume_database", **on(name))["why_not"] == "it is not paused"


def test_a_pause_tells_who_is_in_its_way_and_is_done_when_they_have_ended(bouncer):
    with in_transaction(bouncer) as c:
        p = Probe(bouncer, "pause_database", kind="pgbouncer", name="shop/postgres").ready()
        line = next(line for line in p.process.stdout if line.startswith("meanwhile"))
        assert 'waits for 1 connection in use (shop/postgres 1); 0 clients wait meanwhile; cancelled, it runs RESUME "shop"' in line
        assert database(bouncer)["paused"] == 1
        c.rollback()
        assert p.end()["state"] == "done"
    assert database(bouncer)["paused"] == 1 and pool(bouncer).get("sv_active", 0) == 0


def test_a_cancelled_pause_lets_its_clients_go_on_and_says_so(bouncer):
    with in_transaction(bouncer):
        p = Probe(bouncer, "pause_database", "cancel=2.5", **on()).ready()
        has(bouncer, "paused", 1)
        answer = p.end()
    assert answer["state"] == "cancelled" and 'RESUME "shop" was run after it: clients go on' in answer["message"], answer
    assert database(bouncer)["paused"] == 0
    assert bouncer.value("select 1", dbname="shop") == 1


def test_a_pause_that_somebody_else_ended_does_not_wait_for_ever(bouncer):
    with in_transaction(bouncer):
        p = Probe(bouncer, "pause_database", **on()).ready()
        has(bouncer, "paused", 1)
        console(bouncer, "RESUME shop")
        answer = p.end()
    assert answer["state"] == "failed" and "somebody has said RESUME" in answer["message"], answer


def test_a_pause_of_all_is_taken_back_too(bouncer):
    def refused():
        with contextlib.closing(bouncer.connect("pgbouncer")) as c, c.cursor() as cursor:
            try:
                cursor.execute("PAUSE")
                return False
            except psycopg2.Error as why:
                return "already" in str(why)
    with in_transaction(bouncer):
        p = Probe(bouncer, "pause_pooler", "cancel=2.5").ready()
        next(line for line in p.process.stdout if line.startswith("meanwhile"))
        assert refused()
        answer = p.end()
    assert answer["state"] == "cancelled" and "RESUME was run after it" in answer["message"], answer
    assert cure(bouncer, "pause_pooler")["state"] == "done"
    assert refused()
    assert cure(bouncer, "resume_pooler")["state"] == "done"
    assert bouncer.value("select 1") == 1
    answer = cure(bouncer, "resume_pooler")
    assert "not paused" in answer["message"], answer


def test_kill_drops_the_clients_and_the_database_waits_for_resume(bouncer):
    with in_transaction(bouncer) as c:
        answer = cure(bouncer, "kill_database", **on())
        assert answer["state"] == "done" and "DROPS 1 CLIENT AT ONCE" in answer["says"], answer
        assert "stays paused" in answer["effect"] and answer["undo"] == 'RESUME "shop"', answer
        with pytest.raises(psycopg2.Error):
            c.cursor().execute("select 1")
    assert database(bouncer)["paused"] == 1 and pool(bouncer).get("cl_active", 0) == 0
    assert cure(bouncer, "resume_database", **on())["state"] == "done"
    assert bouncer.value("select 1", dbname="shop") == 1


def test_reconnect_makes_connections_anew_and_reload_reads_the_file(server, start_pgbouncer):
    bouncer = start_pgbouncer(server, pool_size=2)
    bouncer.connect("shop").close()
    pid = bouncer.value("select pg_backend_pid()", dbname="shop")
    assert bouncer.value("select pg_backend_pid()", dbname="shop") == pid
    assert cure(bouncer, "reconnect_database", **on())["state"] == "done"
    wait_for(lambda: bouncer.value("select pg_backend_pid()", dbname="shop") != pid, 10, lambda: "the old connection is still there")
    pid = bouncer.value("select pg_backend_pid()", dbname="shop")
    assert cure(bouncer, "reconnect_pooler")["state"] == "done"
    wait_for(lambda: bouncer.value("select pg_backend_pid()", dbname="shop") != pid, 10, lambda: "the old connection is still there")
    with open(f"{bouncer.folder}/ini") as f:
        text = f.read()
    bouncer.write("ini", text.replace("default_pool_size = 2", "default_pool_size = 7"))
    assert cure(bouncer, "reload_pooler")["state"] == "done"
    settings = {r["key"]: r["value"] for r in console(bouncer, "SHOW CONFIG")}
    assert settings["default_pool_size"] == "7"


def test_one_client_is_dropped_where_the_console_can(bouncer):
    with in_transaction(bouncer) as c:
        newer = "id" in console(bouncer, "SHOW CLIENTS")[0]
        row = next(r for r in console(bouncer, "SHOW CLIENTS") if r["database"] == "shop")
        connected = calendar.timegm(time.strptime(row["connect_time"], "%Y-%m-%d %H:%M:%S UTC"))
        answer = cure(bouncer, "kill_client", id=row["ptr"], connected=f"{connected}.0")
        if newer:
            assert answer["state"] == "done", answer
            with pytest.raises(psycopg2.Error):
                c.cursor().execute("select 1")
        else:
            assert answer["state"] == "refused" and "1.24 and newer" in answer["why_not"], answer


def test_a_role_that_may_only_look_is_told_what_it_needs(server, start_pgbouncer):
    bouncer = start_pgbouncer(server, users=["watch"], stats_users="watch")
    bouncer.connect("shop").close()
    for action, keys in (("pause_database", on()), ("kill_database", on()), ("reload_pooler", {})):
        answer = cure(bouncer, action, user="watch", **keys)
        assert answer["state"] in ("refused", "failed") and "needs admin_users: " in answer["message"], answer
    assert database(bouncer)["paused"] == 0


def test_a_command_of_one_product_is_sent_to_no_other(bouncer):
    answer = cure(bouncer, "checkpoint")
    assert answer["state"] == "refused" and answer["message"] == "checkpoint is nothing for PgBouncer", answer


def test_the_dialog_asks_for_the_name_and_the_ledger_takes_it_back(bouncer, program):
    with screen.Screen([program, bouncer.url()], rows=44, columns=132, env=bouncer.env()) as s:
        s.wait(lambda t: "databases" in t and "shop" in t.split("databases ·")[-1] and "collecting" not in t, 15)
        s.send("6")
        s.wait(lambda t: "shop/postgres" in t, 10)
        only(s, "shop", "postgres/postgres", f"{ODD}/")
        s.send(".")
        text = s.wait(lambda t: 'PAUSE "shop"' in t and 'KILL "shop"' in t, 10)
        assert 'it is not paused' in text
        escape(s)
        s.send(":pause_database", "enter")
        text = " ".join(s.wait(lambda t: 'PAUSE "shop"' in t and "taken back" in t, 10).replace("│", " ").split())
        assert "the database stays paused until RESUME (Z in the ledger, or action resume_database)" in text
        assert "only if that takes more than 5 minutes, or is cancelled, it is taken back" in text
        escape(s)
        s.send(":disable_database", "enter")
        text = s.wait(lambda t: 'DISABLE "shop"' in t and "applications that connect anew see errors" in t, 10)
        read_it(s)
        s.send("enter")
        s.wait(lambda t: "Enter alone confirms nothing" in t, 5)
        assert database(bouncer)["disabled"] == 0
        s.send("shop", "enter")
        has(bouncer, "disabled", 1)
        escape(s)
        s.send(":page ledger", "enter")
        s.wait(lambda t: "disable_database" in t and "done" in t, 10)
        s.send("Z")
        text = s.wait(lambda t: 'ENABLE "shop"' in t, 10)
        read_it(s)
        s.send("shop", "enter")
        has(bouncer, "disabled", 0)
        s.wait("done: undo shop", 10)
        s.send("q")
        assert s.wait_end() == 0
