"""Fixtures of findings: a database of its own on each server, and what the program finds there."""
import contextlib
import json
import os
import sqlite3

import pytest

import servers


class Advised:
    """A database that the program looks at."""

    def __init__(self, server, dbname, dbvitals):
        self.server, self.dbname, self.program = server, dbname, dbvitals
        self.state = os.path.join(server.folder, f"state-{dbname}")

    def dbvitals(self, *words, **more):
        """With a ledger of its own."""
        return self.program(*words, env={**servers.plain_env(), "XDG_STATE_HOME": self.state}, **more)

    def ledger(self):
        """(action, label, state, statement) of what was done, oldest first."""
        with contextlib.closing(sqlite3.connect(f"file:{self.state}/dbvitals/cures.db?mode=ro", uri=True)) as file:
            return file.execute("select action, label, state, statement from entries order by id").fetchall()

    def run(self, *words):
        done = self.dbvitals(*words, "--config", "/dev/null", self.server.conninfo(self.dbname), timeout=60)
        assert done.returncode == 0, done.stderr
        return done.stdout

    def findings(self):
        """Rows, worst first."""
        return json.loads(self.run("findings", "--format", "json"))

    def names(self):
        return [row["finding"] for row in self.findings()]

    def checks(self):
        """finding -> (status, why)."""
        rows = json.loads(self.run("query", "--format", "json", "select finding, status, no_data from checks"))
        return {row["finding"]: (row["status"], row["no_data"]) for row in rows}

    def plan(self, *words):
        return json.loads(self.run("optimize", "--dry-run", "--format", "json", *words))

    def psql(self, script):
        return self.server.psql(script, dbname=self.dbname)

    def do(self, statement):
        """Runs one statement as the program would."""
        self.server.query(statement, dbname=self.dbname)


def advised(server, dbvitals, request):
    name = f"d{abs(hash(request.node.name)) % 10**9}"
    server.psql(f"create database {name}")
    return Advised(server, name, dbvitals)


@pytest.fixture
def each_database(each_server, dbvitals, request):
    """A new database on the shared server of each version."""
    yield (found := advised(each_server, dbvitals, request))
    each_server.psql(f"drop database {found.dbname} with (force)")


@pytest.fixture
def database(server, dbvitals, request):
    """A new database on the shared server of Debian's version."""
    yield (found := advised(server, dbvitals, request))
    server.psql(f"drop database {found.dbname} with (force)")


@pytest.fixture
def start_database(start_server, dbvitals, request):
    """A new database on a private server."""
    def start(version=None, **settings):
        return advised(start_server(version, **settings), dbvitals, request)
    return start
