"""PgBouncer's admin console as a target: its numbers are the console's own, its troubles are told in a true sentence."""
import json
import os
import re
import subprocess
import threading
import time

import psycopg2
import pytest

import screen
from servers import wait_for


@pytest.fixture
def server(start_server):
    s = start_server()
    s.psql("create database shop; create table shop_lock (x int); insert into shop_lock values (1)")
    return s


def console(bouncer, what):
    """What psql would show: a list of rows by column."""
    c = bouncer.connect("pgbouncer")
    try:
        with c.cursor() as cursor:
            cursor.execute(what)
            return [dict(zip([d.name for d in cursor.description], row)) for row in cursor.fetchall()]
    finally:
        c.close()


def pool_of(bouncer, database):
    return next((r for r in console(bouncer, "SHOW POOLS") if r["database"] == database), {})


def ask(dbvitals, sql, *targets):
    done = dbvitals("query", sql, *targets, "-f", "json")
    assert done.returncode == 0, done.stderr
    return json.loads(done.stdout)


class Crowd:
    """N clients of BOUNCER that run SQL in a transaction which stays open until close()."""

    def __init__(self, bouncer, n, sql="select 1", dbname="postgres", user="postgres"):
        self.bouncer, self.sql, self.dbname, self.user = bouncer, sql, dbname, user
        self.end = threading.Event()
        self.failed = []
        self.threads = [threading.Thread(target=self.one, args=(f"web-{i}",), daemon=True) for i in range(n)]
        for t in self.threads:
            t.start()

    def one(self, name):
        try:
            c = self.bouncer.connect(self.dbname, user=self.user, autocommit=False, application_name=name)
            with c.cursor() as cursor:
                cursor.execute(self.sql)
                self.end.wait(60)
            c.close()
        except psycopg2.Error as why:
            self.failed.append(why)

    def wait(self, held, waiting):
        def there():
            pool = pool_of(self.bouncer, self.dbname)
            return (pool.get("sv_active"), pool.get("cl_waiting")) == (held, waiting)
        wait_for(there, 10, lambda: f"{pool_of(self.bouncer, self.dbname)} {self.failed}")
        return self

    def __enter__(self):
        return self

    def __exit__(self, *_):
        self.end.set()
        for t in self.threads:
            t.join(10)


def test_a_full_pool_reads_as_the_console_tells_it(server, start_pgbouncer, dbvitals):
    """Pool of 2, 6 clients in transactions: 4 wait, and longer each time; the place of the queue is PgBouncer."""
    bouncer = start_pgbouncer(server, pool_size=2)
    columns = "kind, name, size, max_size, in_use, idle, waiting, max_wait_ms, utilization, active, clients, pool_mode, datname, usename"
    with Crowd(bouncer, 6) as crowd:
        crowd.wait(2, 4)
        before = pool_of(bouncer, "postgres")
        rows = ask(dbvitals, f"select {columns} from pools where kind = 'pgbouncer'", bouncer.url())
        after = pool_of(bouncer, "postgres")
        assert len(rows) == 1
        pool = rows[0]
        assert (pool["name"], pool["datname"], pool["usename"], pool["pool_mode"]) == ("postgres/postgres", "postgres", "postgres", "transaction")
        assert (pool["size"], pool["max_size"], pool["utilization"]) == (2, 2, 1)
        assert (pool["in_use"], pool["active"]) == (before["sv_active"], before["sv_active"])
        assert pool["waiting"] == before["cl_waiting"] == 4
        assert pool["clients"] == before["cl_active"] == 2
        assert pool["idle"] == before["sv_idle"] + before["sv_used"]
        lowest, highest = (r["maxwait"] * 1000 + r["maxwait_us"] / 1000 for r in (before, after))
        assert lowest <= pool["max_wait_ms"] <= highest
        later = ask(dbvitals, "select max_wait_ms from pools where kind = 'pgbouncer'", bouncer.url())[0]
        assert later["max_wait_ms"] > pool["max_wait_ms"]
        done = dbvitals("check", "pool_exhausted", "--config", config(bouncer, server))
        assert done.returncode == 1 and "pool postgres/postgres: 4 waiting for a connection, 2 of 2 in use" in done.stdout, done.stdout + done.stderr


def config(bouncer, server):
    path = f"{bouncer.folder}/dbvitals.conf"
    with open(path, "w") as f:
        f.write(f"[target pool]\nurl = {bouncer.url()}\n[target shop]\nurl = {server.conninfo()}\n")
    return path


def query_of_the_manual():
    with open(os.path.join(os.path.dirname(__file__), "..", "..", "docs", "manual.md")) as f:
        return re.search(r"```sql\n(select c\.application_name.*?)```", f.read(), re.DOTALL).group(1)


@pytest.mark.parametrize("tcp", [False, True])
def test_a_waiting_client_leads_to_the_session_and_the_lock_that_it_waits_for(start_server, start_pgbouncer, dbvitals, tcp):
    server = start_server(tcp=True)
    server.psql("create table shop_lock (x int); insert into shop_lock values (1)")
    if tcp:
        server.host = "127.0.0.1"
    bouncer = start_pgbouncer(server, pool_size=1)
    holder = server.connect(autocommit=False)
    holder.cursor().execute("update shop_lock set x = 2")
    with Crowd(bouncer, 2, "update shop_lock set x = 3") as crowd:
        crowd.wait(1, 1)
        locked = "select pid from pg_stat_activity where wait_event_type = 'Lock'"
        wait_for(lambda: len(server.query(locked)) == 1, 10, lambda: "nobody waits for the lock")
        backend = server.value(locked)
        rows = ask(dbvitals, query_of_the_manual(), bouncer.url(), server.conninfo())
        assert [(r["pid"], r["state"], r["holder_pid"]) for r in rows] == [(backend, "active", holder.info.backend_pid)], rows
        holder.rollback()
    holder.close()


def test_counters_survive_a_restart_without_a_negative(server, start_pgbouncer, program):
    bouncer = start_pgbouncer(server, pool_size=2)
    for _ in range(20):
        bouncer.query("select 1")
    with screen.Screen([program, bouncer.url()], rows=44, columns=132, env=bouncer.env()) as s:
        s.wait(lambda t: "live" in t and "1 database" in t, 10)
        bouncer.stop()
        s.wait(lambda t: "cannot be reached" in t, 10)
        bouncer.start()
        s.wait(lambda t: "cannot be reached" not in t and "live" in t, 15)
        for _ in range(5):
            bouncer.query("select 1")
        text = s.wait(lambda t: "1 database" in t and "nothing to report" in t, 15)
        assert "-1" not in text.split("vital signs")[1].split("\n")[2]


def test_a_queue_that_is_over_before_the_next_poll_is_remembered(server, start_pgbouncer, program):
    bouncer = start_pgbouncer(server, pool_size=1)
    sql = "select waiting, peak_waiting, peak_wait_ms from pools where kind = 'pgbouncer'"
    bouncer.query("select 1")
    asking = subprocess.Popen([program, "query", sql, bouncer.url(), "--samples", "2", "--refresh", "6", "-f", "json"], text=True,
                              stdout=subprocess.PIPE, env=bouncer.env())
    wait_for(lambda: len(console(bouncer, "SHOW CLIENTS")) == 2, 5, lambda: "the console has one client")
    with Crowd(bouncer, 3) as crowd:
        crowd.wait(1, 2)
        wait_for(lambda: pool_of(bouncer, "postgres")["maxwait"] >= 2, 5, lambda: "nobody waits")
    told = asking.communicate(timeout=20)[0]
    last = json.loads(told.splitlines()[-1])[-1]
    assert last["waiting"] == 0 and last["peak_waiting"] == 2 and 1000 <= last["peak_wait_ms"] <= 4000, told


@pytest.mark.parametrize("kind, sentence", [
    ("role", "this role may not use the console: name it in admin_users or stats_users"),
    ("password", "password authentication failed"),
    ("tls", "PgBouncer does not offer TLS here"),
    ("postgresql", "this is not PgBouncer's console"),
    ("nobody", "No such file or directory"),
])
def test_what_refuses_us_is_told_in_a_true_sentence(server, start_pgbouncer, dbvitals, kind, sentence):
    bouncer = start_pgbouncer(server, users=["app"], tcp=kind == "tls")
    url = bouncer.url()
    if kind == "role":
        url = bouncer.url("app")
    elif kind == "password":
        bouncer.stop()
        bouncer.write("users", '"postgres" "geheim"\n')
        with open(f"{bouncer.folder}/ini") as f:
            text = f.read()
        bouncer.write("ini", text.replace("auth_type = trust", "auth_type = md5"))
        bouncer.start()
        right = dbvitals("doctor", bouncer.url(password="geheim"))
        assert right.returncode == 0, right.stderr
        url = bouncer.url(password="falsch")
    elif kind == "tls":
        url = bouncer.url(tcp=True, sslmode="require")
    elif kind == "postgresql":
        url = f"pgbouncer://postgres@/postgres?host={server.host}&port={server.port}"
    elif kind == "nobody":
        bouncer.stop()
    done = dbvitals("doctor", url)
    assert done.returncode == 2 and sentence in done.stderr, done.stderr
    assert "falsch" not in done.stderr and "psql -h HOST -p 6432" in done.stderr


def test_one_that_is_down_is_not_called_connected_where_another_one_answers(server, start_pgbouncer, dbvitals):
    bouncer = start_pgbouncer(server)
    done = dbvitals("doctor", bouncer.url(), "postgresql://nobody@127.0.0.1:1/gone")
    assert done.returncode == 3 and "pgbouncer: connected as postgres@" in done.stdout, done.stdout + done.stderr
    assert "gone: NOT connected to nobody@127.0.0.1:1/gone: Connection refused" in done.stdout and "gone: connected" not in done.stdout, done.stdout


def test_what_a_version_does_not_know_is_asked_once(server, start_pgbouncer, dbvitals):
    """Each refusal is two lines of PgBouncer's log."""
    bouncer = start_pgbouncer(server)
    done = dbvitals("query", "select memory_bytes from bouncer", bouncer.url(), "-r", "0.25", "-n", "8", "-f", "csv")
    assert done.returncode == 0 and len(done.stdout.split()) == 16, done.stdout + done.stderr
    with open(bouncer.log_path) as f:
        assert f.read().count("invalid command 'SHOW STATE'") <= 2


def test_a_role_that_may_only_look_sees_all(server, start_pgbouncer, dbvitals):
    bouncer = start_pgbouncer(server, users=["watch"], stats_users="watch")
    done = dbvitals("doctor", bouncer.url("watch"))
    assert done.returncode == 0 and "watch is in stats_users: it may look, and not act" in done.stdout
    for dataset in ("pools", "clients", "bouncer", "bouncer_stats", "bouncer_databases", "bouncer_users", "bouncer_servers", "settings", "access"):
        shown = dbvitals("show", dataset, bouncer.url("watch"))
        assert shown.returncode == 0 and shown.stderr == "", (dataset, shown.stderr)


def test_the_roles_that_the_console_knows_are_told(server, start_pgbouncer, dbvitals):
    bouncer = start_pgbouncer(server, users=["watch", "web"])
    done = dbvitals("query", "-f", "json", "select usename, max_connections from bouncer_users order by usename", bouncer.url())
    told = {row["usename"]: row["max_connections"] for row in json.loads(done.stdout)}
    assert told == {name: None for name in (row["name"] for row in console(bouncer, "show users"))} and {"watch", "web"} <= set(told)


def test_a_dataset_of_another_product_is_not_waited_for(server, start_pgbouncer, dbvitals):
    bouncer = start_pgbouncer(server)
    began = time.monotonic()
    alone = dbvitals("show", "tables", bouncer.url())
    assert alone.returncode == 2 and "PgBouncer has no such dataset" in alone.stderr
    both = dbvitals("query", "select target from tables union select target from bouncer", bouncer.url(), server.conninfo())
    assert both.returncode == 0 and both.stderr == "", both.stderr
    assert time.monotonic() - began < 8


def test_a_paused_pool_is_told_from_a_busy_one(server, start_pgbouncer, program):
    bouncer = start_pgbouncer(server, pool_size=2)
    bouncer.query("select 1")
    with screen.Screen([program, bouncer.url()], rows=40, columns=132, env=bouncer.env()) as s:
        s.wait(lambda t: "nothing to report" in t, 10)
        console_do(bouncer, "PAUSE postgres")
        with Crowd(bouncer, 1):
            s.wait(lambda t: "database postgres is paused: 1 request waits" in t, 10)
            console_do(bouncer, "RESUME postgres")
        s.wait(lambda t: "nothing to report" in t, 15)
        console_do(bouncer, "PAUSE")
        with Crowd(bouncer, 1):
            s.wait(lambda t: "PgBouncer is paused" in t, 10)
            console_do(bouncer, "RESUME")
        s.send("2")
        s.wait("n/a: PgBouncer has no sessions", 5)


def console_do(bouncer, command):
    c = bouncer.connect("pgbouncer")
    try:
        with c.cursor() as cursor:
            cursor.execute(command)
    finally:
        c.close()


def test_a_dashboard_shows_a_pooler_and_its_server_each_as_what_it_is(server, start_pgbouncer, program):
    bouncer = start_pgbouncer(server, pool_size=2)
    with Crowd(bouncer, 3) as crowd, screen.Screen([program, bouncer.url(), server.conninfo()], rows=44, columns=132, env=bouncer.env()) as s:
        crowd.wait(2, 1)
        text = s.wait(lambda t: "pool postgres/postgres 100 % full" in t and "waits" in t and "collecting" not in t, 10)
        assert "sessions ·" not in text and "top statements" not in text and "pgbouncer pool postgres/postgres 2/2, 1 wait" in text
        s.send("6")
        s.wait(lambda t: "clients · those that wait first" in t and "who takes them" not in t and "max_client_conn" in t, 5)
        s.send("enter")
        text = s.wait(lambda t: "what PostgreSQL does for them" in t and "behind pid " in t and t.count(": select 1") == 3, 10)
        assert "idle in tx" in text and "n/a:" not in text
        s.send("2")
        text = s.wait(lambda t: "PostgreSQL" in t.split("\n")[0] and "select 1" in t, 10)
        assert "page sessions: target postgres is looked at" in text
        s.send("6")
        text = s.wait(lambda t: "who takes them" in t and "collecting" not in t, 5)
        assert "clients · those that wait first" not in text and "slots" in text


def queue_line(text):
    """The line under the heading, put together where it goes on."""
    below = text.split("where requests queue", 1)[-1].split("\n")[1:4]
    return " ".join(line.strip() for line in below)


def test_the_queue_of_a_stack_is_told_from_the_pooler_to_the_locks_whatever_target_is_looked_at(server, start_pgbouncer, program):
    bouncer = start_pgbouncer(server, pool_size=2)
    path = f"{bouncer.folder}/stack.conf"
    with open(path, "w") as f:
        f.write(f"[target shop]\nstack = shop\nurl = {server.conninfo()}\n[target pool]\nstack = shop\nurl = {bouncer.url()}\n"
                f"[target alone]\nurl = {server.conninfo()}\n")
    whole = re.compile(r"clients \d+/\d+ .*→ pgbouncer pool postgres/postgres 2/2, 4 wait [\d.]+ \w+: HERE .*→ slots \d+/\d+ .*→ .*active → no lock queue")
    with Crowd(bouncer, 6) as crowd, screen.Screen([program, "--config", path, "shop", "pool", "alone"], rows=45, columns=200) as s:
        crowd.wait(2, 4)
        s.wait(lambda t: whole.search(queue_line(t)), 15, "the whole queue, from shop")
        s.send(":target pool", "enter")
        s.wait(lambda t: "PgBouncer" in t.split("\n")[0] and whole.search(queue_line(t)), 15, "the whole queue, from pool")
        s.send(":target alone", "enter")
        s.wait(lambda t: " alone " in t.split("\n")[0] and "slots " in queue_line(t) and "pgbouncer" not in queue_line(t), 15, "only its own")
        s.send("q")
        assert s.wait_end() == 0
