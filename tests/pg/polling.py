"""What the tests of datasets share: servers of every version, sessions that do something, and what a source of ours makes of it. Who imports the
fixture `server` gets each test once per version."""
import json
import os
import subprocess
import threading
import time

import psycopg2
import pytest

import servers
from conftest import need

WEIRD = "we\"ird\n'" + "x" * 53 + "é"  # 63 bytes: quotes, a newline, and a character of two bytes that is not cut


def do(connection, sql):
    with connection.cursor() as c:
        c.execute(sql)
        return c.fetchall() if c.description else None


def pid_of(connection):
    return connection.get_backend_pid()


def send(server, connection, sql):
    """Runs SQL in the background and returns when it waits for a lock."""
    def run():
        try:
            do(connection, sql)
        except psycopg2.Error:
            pass
    threading.Thread(target=run, daemon=True).start()
    waits = f"select count(*) from pg_locks where not granted and pid = {pid_of(connection)}"
    servers.wait_for(lambda: server.value(waits) > 0, 10, lambda: f"{sql} does not wait")


def one(rows, **wanted):
    found = [r for r in rows if all(r[k] == v for k, v in wanted.items())]
    assert len(found) == 1, (wanted, rows)
    return found[0]


class Rounds:
    """pgpoll going on; next() waits for one more sample."""

    def __init__(self, build_dir, server, dataset, options=()):
        command = [os.path.join(build_dir, "tests", "pgpoll"), "-n", "10000", "-i", "0.1", "-t", "60", *options,
                   server.conninfo(), dataset]
        self.process = subprocess.Popen(command, stdin=subprocess.DEVNULL, stdout=subprocess.PIPE, env=servers.plain_env())

    def next(self):
        for line in self.process.stdout:
            line = json.loads(line)
            if "rows" in line:
                return line["rows"]
        raise AssertionError("pgpoll ended")

    def until(self, condition, timeout_s=20):
        end = time.monotonic() + timeout_s
        while time.monotonic() < end:
            found = self.next()
            if condition(found):
                return found
        raise AssertionError(f"it did not come: {found}")


@pytest.fixture(scope="module")
def world(yard):
    """world(version): a server with roles, a second database, pg_stat_statements and room for prepared transactions."""
    running = {}

    def get(version):
        if version not in running:
            s = need(lambda: servers.Server(yard, version, max_prepared_transactions=5, autovacuum="off", track_io_timing="on", wal_level="logical",
                                            **{"pg_stat_statements.track": "all"}).start())
            s.psql("create role watcher login; grant pg_monitor to watcher; create role nobody login connection limit 7;"
                   "create extension pg_stat_statements; create table shop(id int primary key, note text);"
                   "insert into shop select g, 'x' from generate_series(1, 100) g; vacuum analyze shop; create database other")
            running[version] = s
        return running[version]

    yield get
    for s in running.values():
        s.stop("immediate")


@pytest.fixture(params=servers.VERSIONS, ids=[f"pg{v}" for v in servers.VERSIONS])
def server(request, world):
    return world(request.param)


@pytest.fixture
def read(build_dir):
    """read(server, *datasets, user=, dbname=, n=1, every=0.1): the answers of N rounds, by dataset a list of lines."""

    def run(server, *datasets, user="postgres", dbname="postgres", n=1, every=0.1, options=()):
        command = [os.path.join(build_dir, "tests", "pgpoll"), "-n", str(n), "-i", str(every), "-t", "60", *options,
                   server.conninfo(dbname, user), *datasets]
        done = subprocess.run(command, stdin=subprocess.DEVNULL, capture_output=True, env=servers.plain_env(), timeout=90)
        assert done.stderr == b"" and done.returncode == 0, done.stderr.decode(errors="replace")
        lines = [json.loads(line) for line in done.stdout.decode().splitlines()]  # decode() is strict: all is valid UTF-8
        return {d: [x for x in lines if x.get("dataset") == d] for d in datasets}

    return run


@pytest.fixture
def rows(read):
    """rows(server, dataset, ...): the rows of the last answer, which must be a sample."""

    def get(server, dataset, **how):
        line = read(server, dataset, **how)[dataset][-1]
        assert "rows" in line, line
        return line["rows"]

    return get


@pytest.fixture
def connect():
    """connect(server, ...): a connection with transactions, closed at the end."""
    opened = []

    def get(server, **how):
        opened.append(server.connect(autocommit=False, **how))
        return opened[-1]

    yield get
    for c in opened:
        c.cancel()
        c.close()


@pytest.fixture
def rounds(build_dir):
    running = []

    def start(server, dataset, options=()):
        running.append(Rounds(build_dir, server, dataset, options))
        return running[-1]

    yield start
    for r in running:
        r.process.kill()
        r.process.wait()
        r.process.stdout.close()
