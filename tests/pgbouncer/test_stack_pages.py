"""The pages of a stack of several products: what holds of one target is seen from every other."""
import re
import sqlite3
import threading

import pytest

import screen
from test_console import Crowd


@pytest.fixture
def held(tmp_path):
    """A file of SQLite, and a connection that may hold it."""
    c = sqlite3.connect(tmp_path / "jobs.db", isolation_level=None, check_same_thread=False)
    c.execute("create table t (x)")
    c.executemany("insert into t values (?)", ((i,) for i in range(200)))
    yield c
    c.close()


def config(tmp_path, more="", **urls):
    path = tmp_path / "stack.conf"
    path.write_text("".join(f"[target {name}]\nstack = shop\nurl = {url}\n" for name, url in urls.items()) + more)
    return path


def opened(program, path, *names, rows=50, columns=200):
    return screen.Screen([program, "--config", str(path), "--no-attach", "--refresh", "0.5", *names], rows, columns)


def said(bouncer, what):
    c = bouncer.connect("pgbouncer")
    try:
        c.cursor().execute(what)
    finally:
        c.close()


def at(name):
    return lambda t: t.split("\n")[0].startswith(f" {name} ·")


def go(s, name):
    s.send(":", f"target {name}", "enter")
    s.wait(at(name), 10, name)


def now(text):
    """The sentences of pane `now`."""
    return text.split("── now ", 1)[1].split("── ", 1)[0]


def page(s, name, condition, what=None):
    s.send(":", f"page {name}", "enter")
    return s.wait(condition, 15, what or name)


def test_a_held_file_and_what_was_done_to_it_are_seen_from_every_target(start_server, program, tmp_path, held):
    server = start_server()
    path = config(tmp_path, db=server.conninfo(), jobs=f"sqlite:{tmp_path / 'jobs.db'}")
    with opened(program, path, "db", "jobs") as s:
        s.wait(at("db"), 15)
        go(s, "jobs")
        # Alerts: of the other target too, on a target that is no PostgreSQL.
        text = page(s, "alerts", lambda t: re.search(r"restarted.*db: ", t) and " judged" in t)
        assert "── alerts" in text and "── deliveries" in text, text
        # Caches of the stack, and nothing of statements on a file.
        text = page(s, "caches", lambda t: re.search(r"buffers +db: ", t))
        assert "statements" not in text.split("── caches", 1)[1].rsplit("\n", 1)[0], text
        # The first focus is a list.
        page(s, "overview", lambda t: re.search(r"^▶ jobs ", t, re.M))
        # What is done to the file.
        s.send(":", "analyze_file", "enter")
        s.wait("it   any other key")
        for _ in range(6):
            s.read(0.1)
        s.send("y")
        s.wait("done")
        go(s, "db")
        page(s, "cures", lambda t: re.search(r"done +analyze_file +jobs: ", t))
        page(s, "ledger", lambda t: re.search(r"done +analyze_file +jobs: ", t))
        page(s, "overview", lambda t: "── now" in t)
        held.execute("begin exclusive")
        text = s.wait(lambda t: "jobs: file held by a writer for " in t, 20)
        assert "● jobs: file held" in now(text), text
        lines = [line for line in now(text).split("\n") if line.strip()]
        infos = [i for i, line in enumerate(lines) if line.strip().startswith("○")]
        assert infos and all("○" in line for line in lines[infos[0]:] if line.strip()[0] in "▲●○"), lines
        go(s, "jobs")
        text = s.wait(lambda t: "● file held by a writer for " in t and re.search(r"kept out\s", t), 10)
        held.execute("commit")
        s.wait(lambda t: "file held by" not in t, 10)


def test_the_verdict_stays_when_a_rule_fires_for_the_same_queue(start_server, start_pgbouncer, program, tmp_path):
    server = start_server()
    bouncer = start_pgbouncer(server, pool_size=2)
    path = config(tmp_path, "[rule pool_exhausted]\nfor = 0s\n", db=server.conninfo(), pooler=bouncer.url())
    verdict = "PgBouncer's pool postgres/postgres is full (2 of 2), while the server has room"
    with Crowd(bouncer, 6) as crowd, opened(program, path, "db", "pooler") as s:
        crowd.wait(2, 4)
        s.wait(at("db"), 15)
        page(s, "alerts", lambda t: re.search(r"pool_exhausted.*firing", t))
        for name, text in (("db", f"▲ pooler: {verdict}"), ("pooler", f"▲ {verdict}")):
            go(s, name)
            shown = page(s, "overview", lambda t, text=text: "── now" in t and text in now(t))
            assert now(shown).count("postgres/postgres") == 1 and "waiting for a connection" not in now(shown), shown
            assert re.search(r"full .*4 wait", now(shown)) and " alert" in next(line for line in now(shown).split("\n") if verdict in line), shown


def test_page_pools_says_that_a_database_is_paused(start_server, start_pgbouncer, program, tmp_path):
    server = start_server()
    bouncer = start_pgbouncer(server, pool_size=2)
    path = config(tmp_path, db=server.conninfo(), pooler=bouncer.url())
    said(bouncer, "PAUSE postgres")
    with opened(program, path, "pooler", "db") as s:
        s.wait(at("pooler"), 15)
        page(s, "pools", lambda t: "paused: postgres" in t)
        go(s, "db")
        page(s, "pools", lambda t: "paused: pooler: postgres" in t)
    said(bouncer, "RESUME postgres")


def test_hits_of_redis_are_those_of_the_window(start_redis, start_server, program, tmp_path):
    redis = start_redis()
    redis.ask("SET", "k", "v")
    path = config(tmp_path, db=start_server().conninfo(), cache=redis.url())
    ended = threading.Event()

    def look_up():
        while not ended.wait(0.02):
            redis.ask("GET", "k")
    with opened(program, path, "cache", "db") as s:
        s.wait("few lookups", 15)
        s.wait(lambda t: re.search(r"▶ db0 ", t), 10, "the focus")
        reader = threading.Thread(target=look_up)
        reader.start()
        try:
            s.wait(lambda t: "lookups" in t and "few lookups" not in t and re.search(r"100 %", t), 30, "the share of hits")
        finally:
            ended.set()
            reader.join()
        go(s, "db")
        page(s, "caches", lambda t: re.search(r"redis +cache: instance", t))
