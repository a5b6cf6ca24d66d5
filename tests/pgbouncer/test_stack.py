"""A stack: where its queue stands, told by the dataset and by the pages alike; the ways between targets and stacks."""
import contextlib
import json
import re

import psycopg2
import pytest

import screen
from servers import wait_for
from test_console import Crowd, ask, console, pool_of


def config(bouncer, server, alone=None):
    path = f"{bouncer.folder}/stack.conf"
    with open(path, "w") as f:
        f.write(f"[target db]\nstack = shop\nurl = {server.conninfo()}\n[target pooler]\nstack = shop\nurl = {bouncer.url()}\n"
                + (f"[target other]\nurl = {alone.conninfo()}\n" if alone else ""))
    return path


def places(dbvitals, path):
    """(target, kind, name, waiting, verdict) of where the queue stands."""
    done = dbvitals("query", "select target, kind, name, waiting, stands, verdict from queue order by place", "--config", path, "-f", "json", "--samples", "2", "--refresh", "1")
    assert done.returncode == 0, done.stderr
    rows = json.loads("[" + done.stdout.rsplit("\n[", 1)[-1].strip().removeprefix("["))
    return [(r["target"], r["kind"], r["name"], r["waiting"], r["verdict"]) for r in rows if r["stands"] in (1, True)], rows


def shown(path, program, condition, what):
    """The line of the overview and the line of page pools."""
    with screen.Screen([program, "--config", path, "--no-attach", "db", "pooler"], rows=50, columns=200) as s:
        text = s.wait(condition, 15, what)
        flow = " ".join(line.strip() for line in text.split("where requests queue", 1)[1].split("\n")[1:4])
        s.send("6")
        text = s.wait(lambda t: "the way of a request · stack shop" in t and re.search(r" HERE ", t), 10)
        page = next(line for line in text.split("\n") if " HERE " in line)
        s.send("q")
        assert s.wait_end() == 0
    return flow, page


@contextlib.contextmanager
def opened_place(path, program, words):
    """The page that a place of the stack's way opens: the one with WORDS in its row."""
    with screen.Screen([program, "--config", path, "--no-attach", "--page", "pools", "db", "pooler"], rows=40, columns=90) as s:
        s.wait(lambda t: "the way of a request" in t and words in t, 15, "the way")
        s.send("\x1b[Z")
        s.wait(lambda t: re.search("▶ +(app|clients|pgbouncer|slots) ", t), 10, "the focus")
        s.send(f"/{words}\r")
        s.wait(lambda t: re.search(rf"/{words}[^\n]*\n[^\n]*\n\W*▶[^\n]* {words} ", t), 10, "that row")
        s.send("\r")
        yield s
        s.send("qq")
        assert s.wait_end() == 0


def test_a_small_pool_of_pgbouncer_is_where_the_queue_stands(start_server, start_pgbouncer, dbvitals, program):
    server = start_server()
    bouncer = start_pgbouncer(server, pool_size=2)
    path = config(bouncer, server)
    assert places(dbvitals, path)[0] == []
    with Crowd(bouncer, 6) as crowd:
        crowd.wait(2, 4)
        found, rows = places(dbvitals, path)
        assert [f[:4] for f in found] == [("pooler", "pgbouncer", "postgres/postgres", 4)], rows
        assert found[0][4].startswith("PgBouncer's pool postgres/postgres is full (2 of 2), while the server has room"), found
        flow, page = shown(path, program, lambda t: ": HERE" in t, "where it stands")
        assert re.search(r"pgbouncer pool postgres/postgres 2/2, 4 wait [\d.]+ \w+: HERE", flow) and flow.count("HERE") == 1, flow
        assert "postgres/postgres" in page and "pooler" in page, page
        # What a line has no room for stands whole in the pool's own page.
        with opened_place(path, program, "HERE") as s:
            whole = r"queue +HERE: PgBouncer's pool postgres/postgres is full \(2 of 2\), while the server has room[^│]*in use"
            s.wait(lambda t: re.search(whole, " ".join(t.split())), 10, "why it stands there")


def test_exhausted_slots_are_where_the_queue_stands_not_the_pool_that_waits_for_them(start_server, start_pgbouncer, dbvitals, program):
    server = start_server(max_connections=10)
    server.psql("create role app login")
    bouncer = start_pgbouncer(server, pool_size=5, users=["app"], server_login_retry=1)
    path = config(bouncer, server)
    with contextlib.ExitStack() as held:
        def hold(c):
            held.callback(c.close)
            c.cursor().execute("select 1")
        hold(bouncer.connect("postgres", user="app", autocommit=False))
        with pytest.raises(psycopg2.OperationalError, match="remaining connection slots|too many"):
            for _ in range(10):
                hold(server.connect(user="app", autocommit=False))
        with Crowd(bouncer, 2, user="app"):
            wait_for(lambda: pool_of(bouncer, "postgres").get("cl_waiting") == 2, 10, lambda: f"{pool_of(bouncer, 'postgres')}")
            found, rows = places(dbvitals, path)
            assert [f[:2] for f in found] == [("db", "slots")], rows
            taken = server.value("select count(*) from pg_stat_activity where usename = 'app'")
            assert taken == 7 and "the server's connection slots are exhausted (" in found[0][4], found
            flow, page = shown(path, program, lambda t: re.search(r"slots \d+/7: HERE", t), "where it stands")
            assert re.search(r"slots \d+/7: HERE", flow) and flow.count("HERE") == 1, flow
            assert " slots " in page, page
            held.close()


def test_a_lock_is_where_the_queue_stands_and_a_waiting_client_says_what_it_is_behind(start_server, start_pgbouncer, dbvitals, program):
    server = start_server()
    server.psql("create table t (x int); insert into t values (1)")
    bouncer = start_pgbouncer(server, pool_size=1)
    path = config(bouncer, server)
    holder = server.connect(autocommit=False)
    holder.cursor().execute("update t set x = 2")
    with Crowd(bouncer, 2, "update t set x = 3") as crowd:
        crowd.wait(1, 1)
        locked = "select pid from pg_stat_activity where wait_event_type = 'Lock' and clock_timestamp() - query_start > interval '1.5 s'"
        wait_for(lambda: len(server.query(locked)) == 1, 10, lambda: "nobody waits for the lock")
        backend = server.value(locked)
        found, rows = places(dbvitals, path)
        assert [f[:4] for f in found] == [("db", "locks", "locks", 1)], rows
        with screen.Screen([program, "--config", path, "--no-attach", "pooler", "db"], rows=50, columns=200) as s:
            behind = re.compile(rf"waiting +[\d.]+ \w+ +behind pid {backend} \(web-\d\), active for .*, waits [\d.]+ \w+ for a lock of {holder.info.backend_pid}: update t set x = 3")
            s.wait(lambda t: behind.search(t), 15, "what the waiting client is behind")
            s.send("q")
            assert s.wait_end() == 0
        with opened_place(path, program, "locks") as s: # a place without a pool of its own
            s.wait(lambda t: "locks · roots first" in t and str(backend) in t and str(holder.info.backend_pid) in t, 10, "who blocks whom")
        holder.rollback()
    holder.close()


def test_a_leader_that_is_gone_takes_its_places_along(start_server, start_pgbouncer, program):
    server = start_server()
    bouncer = start_pgbouncer(server, pool_size=1)
    path = config(bouncer, server)
    with Crowd(bouncer, 3) as crowd, screen.Screen([program, "--config", path, "--no-attach", "db", "pooler"], rows=45, columns=160) as s:
        crowd.wait(1, 2)
        s.wait(lambda t: ": HERE" in t and "pooler: PgBouncer's pool" in t, 15)
        bouncer.stop()
        s.wait(lambda t: "pooler: cannot be reached" in t and "HERE" not in t, 15)
        s.wait(lambda t: re.search(r"pooler DOWN\W+(db )?slots \d", t), 15, "who is down")
        s.send("6")
        s.wait(lambda t: re.search(r"pgbouncer +DOWN .*PgBouncer is down: ", t), 10, "who is down, and why")


def test_stacks_are_one_key_apart_and_the_fleet_has_a_line_for_each(start_server, start_pgbouncer, program):
    server, alone = start_server(), start_server()
    bouncer = start_pgbouncer(server, pool_size=2)
    path = config(bouncer, server, alone)

    def on(name):
        return lambda t: re.search(rf"^ {name} ·", t.split("\n")[0]) and "where requests queue" in t
    with Crowd(bouncer, 4) as crowd, screen.Screen([program, "--config", path, "--no-attach", "db", "pooler", "other"], rows=45, columns=200) as s:
        crowd.wait(2, 2)
        s.wait(on("db"), 15)
        for key, name in (("g", "pooler"), ("g", "db"), ("a", "other"), ("g", "pooler"), ("a", "other"), ("a", "db")):
            s.send(key)
            s.wait(on(name), 10, f"{name} after {key}")
        s.send(":page fleet", "enter")
        line = re.compile(r"^. shop +\d+ +2 +0 +pgbouncer postgres/postgres +2 ", re.M)
        text = s.wait(lambda t: line.search(t) and re.search(r"^. other +\d+ +1 +0 ", t, re.M), 15)
        assert line.search(text).start() < re.search(r"^. other ", text, re.M).start(), text
        s.send("home", "enter")
        s.wait(on("db"), 10)
        s.send(":page fleet", "enter")
        s.wait(lambda t: line.search(t), 10)
        s.send("down", "enter")
        s.wait(on("other"), 10)
        s.send("q")
        assert s.wait_end() == 0


def test_one_question_has_all_places_of_each_target(start_server, start_pgbouncer, dbvitals):
    server = start_server()
    path = config(start_pgbouncer(server), server)
    for _ in range(6):
        rows = ask(dbvitals, "select target, kind from queue order by target, place", "--config", path)
        assert {(r["target"], r["kind"]) for r in rows} >= {("db", "slots"), ("db", "locks"), ("pooler", "clients")}, rows
    for _ in range(3):
        assert {r["kind"] for r in ask(dbvitals, "select kind from queue", server.conninfo())} == {"slots", "locks"}


def test_one_question_tells_who_is_down_and_that_not_all_answered(start_server, start_pgbouncer, dbvitals):
    server = start_server()
    bouncer = start_pgbouncer(server)
    path = config(bouncer, server)
    bouncer.stop()
    done = dbvitals("query", "select target, kind, level, stands, verdict from queue order by place", "--config", path, "-f", "json")
    rows = json.loads(done.stdout)
    assert done.returncode != 0 and [(r["target"], r["kind"]) for r in rows] == [("pooler", "pgbouncer"), ("db", "slots"), ("db", "locks")], done
    assert rows[0]["level"] == "critical" and rows[0]["verdict"].startswith("PgBouncer is down: ") and rows[0]["stands"] in (0, False), rows


def test_the_limit_of_a_database_is_told_not_the_size_of_the_pool_that_it_ends(start_server, start_pgbouncer, dbvitals):
    server = start_server()
    server.psql("create role app login; create role rw login")
    bouncer = start_pgbouncer(server, pool_size=10, users=["app", "rw"], max_db_connections=2)
    path = config(bouncer, server)
    with Crowd(bouncer, 2, user="app"):
        wait_for(lambda: pool_of(bouncer, "postgres").get("sv_active") == 2, 10, lambda: f"{pool_of(bouncer, 'postgres')}")
        with Crowd(bouncer, 3, user="rw"):
            wait_for(lambda: any(r["cl_waiting"] == 3 for r in console(bouncer, "SHOW POOLS")), 10, lambda: f"{console(bouncer, 'SHOW POOLS')}")
            found, rows = places(dbvitals, path)
            assert [f[:4] for f in found] == [("pooler", "pgbouncer", "postgres/rw", 3)], rows
            assert found[0][4].startswith("requests wait for PgBouncer's pool postgres/rw: max_db_connections (2) of its database is used up, by 0 of this pool and 2 of others"), found
            shared = {r["name"]: (r["shared_in_use"], r["shared_max"]) for r in ask(dbvitals, "select name, shared_in_use, shared_max from pools where kind = 'pgbouncer'", bouncer.url())}
            assert shared == {"postgres/app": (2, 2), "postgres/rw": (2, 2)}, shared


def test_exhausted_slots_refuse_while_nobody_waits_for_them(start_server, start_pgbouncer, dbvitals):
    server = start_server(max_connections=10)
    server.psql("create role app login")
    bouncer = start_pgbouncer(server, pool_size=5, users=["app"], server_login_retry=1)
    path = config(bouncer, server)
    with contextlib.ExitStack() as held:
        with pytest.raises(psycopg2.OperationalError, match="remaining connection slots|too many"):
            for _ in range(10):
                held.callback(server.connect(user="app", autocommit=False).close)
        for _ in range(2):
            with pytest.raises(psycopg2.OperationalError):
                bouncer.connect("postgres", user="app")
        found, rows = places(dbvitals, path)
        assert [f[:2] for f in found] == [("db", "slots")] and "are exhausted (" in found[0][4], rows
        assert all(r["waiting"] in (0, None) for r in rows if r["kind"] == "pgbouncer"), rows
