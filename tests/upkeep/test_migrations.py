"""The tables of migration tools: what Alembic itself makes, and those of others as their sources write them; against a directory, and without a right."""
import json
import os
import shutil
import subprocess

import pytest

import servers

TABLES = {
    "golang-migrate": "create table schema_migrations (version bigint not null primary key, dirty boolean not null)",
    "rails": "create table schema_migrations (version varchar not null primary key)",
    "flyway": "create table flyway_schema_history (installed_rank int primary key, version varchar(50), description varchar(200) not null, type varchar(20) not null,"
              " script varchar(1000) not null, checksum int, installed_by varchar(100) not null, installed_on timestamp not null default now(), execution_time int not null,"
              " success boolean not null)",
    "django": "create table django_migrations (id bigint primary key, app varchar(255) not null, name varchar(255) not null, applied timestamptz not null)",
    "prisma": "create table _prisma_migrations (id varchar(36) primary key, checksum varchar(64) not null, finished_at timestamptz, migration_name varchar(255) not null, logs text,"
              " rolled_back_at timestamptz, started_at timestamptz not null default now(), applied_steps_count int not null default 0)",
    "knex": "create table knex_migrations (id serial primary key, name varchar(255), batch int, migration_time timestamptz);"
            " create table knex_migrations_lock (index serial primary key, is_locked int)",
}


@pytest.fixture
def app(shared_servers, request):
    """A database of its own on the shared server."""
    class App:
        server = shared_servers()
        name = "app_" + request.node.name[:40].lower().translate({ord(c): "_" for c in "[]-"})

        def psql(self, script, user="postgres"):
            return self.server.psql(script, dbname=self.name, user=user)

        def conninfo(self, user="postgres"):
            return self.server.conninfo(self.name, user)
    a = App()
    a.server.psql(f"drop database if exists {a.name}")
    a.server.psql(f"create database {a.name}")
    yield a
    a.server.psql(f"drop database {a.name} with (force)")


@pytest.fixture
def read(dbvitals, app, tmp_path):
    """read(directory=None, user=...): the rows of migrations."""
    def run(directory=None, user="postgres"):
        config = tmp_path / "dbvitals.conf"
        config.write_text(f"[target app]\nurl = {app.conninfo(user)}\n" + (f"migrations = {directory}\n" if directory else ""))
        done = dbvitals("show", "migrations", "--config", config, "-f", "json", env=servers.plain_env())
        assert done.returncode == 0, done.stderr
        return json.loads(done.stdout)["migrations"]
    return run


@pytest.fixture
def files(tmp_path):
    """files(*names): a directory with those, empty."""
    def make(*names):
        for name in names:
            path = tmp_path / "migrations_dir" / name
            path.parent.mkdir(parents=True, exist_ok=True)
            path.touch()
        return tmp_path / "migrations_dir"
    return make


def one(rows):
    assert len(rows) == 1, rows
    return rows[0]


@pytest.mark.skipif(not shutil.which("alembic"), reason="not here: alembic (apt install alembic)")
def test_alembic_itself_is_read_forward_behind_and_astray(app, read, tmp_path):
    """Its own files and table: pending, then all applied, then two heads, then a revision whose file is gone."""
    folder = tmp_path / "proj"
    folder.mkdir()
    url = f"postgresql://postgres@/{app.name}?host={app.server.host}&port={app.server.port}"

    def alembic(*words):
        done = subprocess.run(["alembic", *words], cwd=folder, capture_output=True, text=True, env=servers.plain_env())
        assert done.returncode == 0, done.stderr
        return done.stdout

    alembic("init", "alembic")
    ini = folder / "alembic.ini"
    ini.write_text("\n".join(f"sqlalchemy.url = {url}" if line.startswith("sqlalchemy.url") else line for line in ini.read_text().split("\n")))
    alembic("revision", "-m", "one", "--rev-id", "aaa1")
    alembic("upgrade", "head")
    alembic("revision", "-m", "two", "--rev-id", "bbb2")
    alembic("revision", "-m", "three", "--rev-id", "ccc3")
    row = one(read(folder))
    assert (row["tool"], row["version"], row["heads"], row["pending"], row["diverged"], row["next_pending"]) == ("alembic", "aaa1", 1, 2, 0, "bbb2"), row
    alembic("revision", "-m", "branch", "--rev-id", "ddd4", "--head", "bbb2", "--splice")
    alembic("upgrade", "heads")
    row = one(read(folder))
    assert (row["version"], row["heads"], row["pending"], row["diverged"]) == ("ccc3, ddd4", 2, 0, 0), row
    alembic("merge", "-m", "both", "--rev-id", "eee5", "heads")
    assert one(read(folder))["pending"] == 1
    alembic("upgrade", "head")
    row = one(read(folder))
    assert (row["version"], row["heads"], row["pending"]) == ("eee5", 1, 0), row
    next((folder / "alembic" / "versions").glob("eee5_*.py")).unlink()
    row = one(read(folder))
    assert (row["diverged"], row["pending"]) == (1, None), row


def test_a_dirty_golang_migrate_is_told_and_so_is_what_it_has_yet_to_run(app, read, files):
    app.psql(TABLES["golang-migrate"] + "; insert into schema_migrations values (2, true)")
    directory = files("000001_a.up.sql", "000001_a.down.sql", "000002_b.up.sql", "000002_b.down.sql", "000010_c.up.sql", "000010_c.down.sql")
    row = one(read(directory))
    assert (row["tool"], row["version"], row["dirty"], row["failed"], row["applied"]) == ("golang-migrate", "2", 1, 1, None), row
    assert (row["pending"], row["diverged"], row["next_pending"]) == (1, 0, "10"), row
    app.psql("update schema_migrations set version = 11, dirty = false")
    row = one(read(directory))
    assert (row["dirty"], row["failed"], row["pending"], row["diverged"]) == (0, 0, 0, 1), row


def test_a_failure_of_flyway_is_told_and_its_version_is_the_last_good_one(app, read, files, dbvitals):
    app.psql(TABLES["flyway"] + "; insert into flyway_schema_history values (1, '1', 'a', 'SQL', 'V1__a.sql', 1, 'x', now(), 1, true),"
             " (2, '1.2', 'b', 'SQL', 'V1_2__b.sql', 1, 'x', now(), 1, true), (3, '2', 'c', 'SQL', 'V2__c.sql', 1, 'x', now(), 1, false)")
    row = one(read(files("V1__a.sql", "V1_2__b.sql", "V2__c.sql", "R__views.sql")))
    assert (row["tool"], row["version"], row["applied"], row["failed"], row["pending"], row["next_pending"]) == ("flyway", "1.2", 2, 1, 1, "2"), row
    done = dbvitals("check", "migration_failed", env=app.server.env(app.name))
    assert "1 migrations failed or did not end, at version 1.2" in done.stdout, done.stdout + done.stderr


def test_names_are_compared_as_each_tool_writes_them(app, read, files):
    """Django by application, Prisma by folder, Knex by file; what is older than the oldest file was thrown away by somebody, and is not astray."""
    app.psql(TABLES["django"] + "; insert into django_migrations values (1, 'auth', '0001_initial', now()), (2, 'shop', '0001_initial', now()), (3, 'shop', '0003_other', now())")
    app.psql(TABLES["prisma"] + "; insert into _prisma_migrations values ('1', 'x', now(), '20260101_init'), ('2', 'x', null, '20260202_next')")
    app.psql(TABLES["knex"] + "; insert into knex_migrations (name) values ('20250101_old.js'), ('20260101_a.js'); insert into knex_migrations_lock (is_locked) values (1)")
    directory = files("shop/migrations/0001_initial.py", "shop/migrations/0002_more.py", "shop/migrations/__init__.py",
                      "20260101_init/migration.sql", "20260202_next/migration.sql", "20260101_a.js", "20260301_b.js")
    rows = {r["tool"]: r for r in read(directory)}
    django, prisma, knex = rows["django"], rows["prisma"], rows["knex"]
    assert (django["version"], django["applied"], django["pending"], django["next_pending"], django["diverged"]) == ("shop.0003_other", 3, 1, "shop.0002_more", 1), django
    assert (prisma["version"], prisma["applied"], prisma["failed"], prisma["dirty"], prisma["pending"]) == ("20260101_init", 1, 1, 1, 1), prisma
    assert (knex["locked"], knex["pending"], knex["next_pending"], knex["diverged"]) == (1, 1, "20260301_b.js", 0), knex


def test_without_a_right_the_grant_is_told_and_others_are_read(app, read, dbvitals):
    app.psql(TABLES["rails"] + "; insert into schema_migrations values ('20260101'); create schema closed; create table closed.django_migrations"
             " (id int, app text, name text, applied timestamptz); do $$ begin create role reader login; exception when duplicate_object then null; end $$;"
             " grant select on schema_migrations to reader")
    closed, rails = read(user="reader")
    assert (rails["tool"], rails["version"], rails["may_read"]) == ("rails", "20260101", 1)
    assert (closed["tool"], closed["version"], closed["may_read"]) == ("django", None, 0)
    assert "GRANT USAGE ON SCHEMA closed TO reader; GRANT SELECT ON closed.django_migrations TO reader" in closed["note"], closed
    done = dbvitals("doctor", app.conninfo("reader"), env=servers.plain_env())
    assert "closed.django_migrations" in done.stdout and "GRANT SELECT ON closed.django_migrations TO reader" in done.stdout, done.stdout


def test_no_table_and_no_directory_are_no_error(app, read, tmp_path):
    assert read() == []
    app.psql("create table migrations (id int, note text)")  # somebody's own
    assert read() == []
    app.psql(TABLES["rails"] + "; insert into schema_migrations values ('1')")
    row = one(read(tmp_path / "gone"))
    assert row["pending"] is None and "gone: No such file or directory" in row["note"], row
    assert os.path.isdir(tmp_path) and "no migration of this tool" in one(read(tmp_path))["note"]
