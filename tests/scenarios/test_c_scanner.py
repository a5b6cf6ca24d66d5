"""System C: a scanner on a small host: tight connections, churn, Alembic's migrations, and dumps that may be old or broken."""
import gzip
import json
import os
import subprocess
import time

import pytest

import servers
from stage import sqlalchemy_url

SCHEMA = """
create table pattern_scans (id serial primary key, symbol text, scanned_at timestamptz default now());
insert into pattern_scans (symbol) select 'S' || i % 50 from generate_series(1, 5000) i;
create index on pattern_scans (scanned_at);
create table alembic_version (version_num varchar(32) not null primary key);
insert into alembic_version values ('b2');
"""
REVISION = 'revision = {!r}\ndown_revision = {!r}\n\ndef upgrade():\n    pass\n'
DAY_S = 86400


def write_dump(folder, name, age_s, cut=0, rows=3000):
    lines = ["-- PostgreSQL database dump", *(f"insert into pattern_scans values ({i}, 'S{i * 7919 % 1000}');" for i in range(rows)), "-- PostgreSQL database dump complete", ""]
    data = gzip.compress("\n".join(lines).encode())
    path = folder / name
    path.write_bytes(data[:len(data) - cut])
    os.utime(path, (time.time() - age_s, time.time() - age_s))
    return path


@pytest.fixture(scope="module")
def scanner(theatre, tmp_path_factory):
    server = theatre.server(SCHEMA, max_connections=20, superuser_reserved_connections=3)
    stage = theatre.stage
    stage.server, stage.dumps, stage.migrations = server, tmp_path_factory.mktemp("dumps"), tmp_path_factory.mktemp("versions")
    for revision, before in (("a1", None), ("b2", "a1")):
        (stage.migrations / f"{revision}_change.py").write_text(REVISION.format(revision, before))
    write_dump(stage.dumps, "shop-1.sql.gz", 3 * DAY_S)
    stage.app = stage.application(sqlalchemy_url(server), size=5, overflow=10, timeout=30, name="scanner")
    stage.worker = stage.application(sqlalchemy_url(server), size=5, overflow=10, timeout=30, name="worker")
    stage.add("pg", server.conninfo(), migrations=stage.migrations)
    stage.add("scanner", f"{stage.app.url}/health", **{"pool__max_overflow": "10"}).add("worker", f"{stage.worker.url}/pool")
    stage.add("dumps", f"backups:{stage.dumps}/*.sql.gz")
    stage.override("connections_saturation").override("pool_utilization").override("pool_exhausted")
    for rule in ("backup_old", "backup_failed_verification", "migration_pending", "migrations_diverged"):
        stage.override(rule)
    return stage.go()


@pytest.fixture(autouse=True)
def nothing_leaks_into_the_next_test(scanner):
    yield
    scanner.app.post("/give")
    scanner.worker.post("/give")


def findings(stage, name):
    return [f for f in json.loads(stage.guard.ask("findings", "--format", "json").stdout) if f["finding"] == name]


def test_the_five_numbers_of_its_pool_are_read_as_they_are(scanner):
    scanner.app.post("/leak", n=6)
    assert scanner.app.get("/health")["pool"] == {"size": 5, "checked_in": 0, "checked_out": 6, "overflow": 1, "total_connections": 6}
    pool = scanner.until("select * from pools where target = 'scanner' and kind = 'app' and in_use = 6")[0]
    assert (pool["size"], pool["max_size"], pool["idle"], pool["utilization"]) == (5, 15, 0, 0.4), "10 of overflow are part of it"


def test_pools_that_may_ask_for_more_than_there_is_are_found(scanner):
    found = findings(scanner, "connection_limits")
    assert found and "2 pools may ask for 30 connections, the server has 17" in found[0]["evidence"], found
    scanner.app.post("/leak", n=15)
    alert = scanner.alert("pool_utilization", target="scanner")
    assert "15 of 15" in alert["title"], alert["title"]
    scanner.alert("connections_saturation")
    slots = scanner.until("select * from pools where kind = 'slots' and in_use >= 16")[0]
    assert slots["max_size"] == 17
    assert "error" in scanner.worker.post("/leak", n=5), "the host refuses"
    scanner.app.post("/give")
    scanner.worker.post("/give")
    scanner.resolved("pool_utilization")


def test_connections_that_are_opened_for_each_question_are_found(scanner):
    """As 50 ms with a new connection instead of 5 from a pool. A target without a pool in its stack: of one that has it nothing is said."""
    scanner.server.query("create database churned")
    scanner.server.query("select pg_stat_reset()", dbname="churned")
    for _ in range(1020):
        scanner.server.connect("churned").close()
    servers.wait_for(lambda: scanner.server.value("select sessions from pg_stat_database where datname = 'churned'") >= 1010, 10)
    config = scanner.folder / "churn.conf"
    config.write_text(f"[target churned]\nurl = {scanner.server.conninfo('churned')}\n")
    done = subprocess.run([scanner.program, "findings", "--format", "json", "--config", config], capture_output=True, text=True, env=scanner.guard.env)
    found = [f for f in json.loads(done.stdout) if f["finding"] == "connection_churn"]
    assert found and found[0]["label"] == "churned" and "no pool is known in between" in found[0]["evidence"], done.stdout + done.stderr
    assert not findings(scanner, "connection_churn")


def test_a_migration_that_is_pending_and_one_that_nobody_knows_are_told(scanner):
    row = scanner.until("select * from migrations where tool = 'alembic'")[0]
    assert (row["version"], row["pending"], row["diverged"], row["heads"]) == ("b2", 0, 0, 1)
    (scanner.migrations / "c3_change.py").write_text(REVISION.format("c3", "b2"))
    scanner.again()
    alert = scanner.alert("migration_pending")
    assert "c3" in alert["title"], alert["title"]
    scanner.server.query("update alembic_version set version_num = 'c3'")
    scanner.again()
    scanner.resolved("migration_pending")
    scanner.server.query("update alembic_version set version_num = 'f00'")
    scanner.again()
    assert "f00" in scanner.alert("migrations_diverged")["title"]
    scanner.server.query("update alembic_version set version_num = 'c3'")
    scanner.again()
    scanner.resolved("migrations_diverged")


def test_a_dump_that_is_old_cut_off_or_well_is_told(scanner):
    assert scanner.alert("backup_old")["target"] == "dumps"
    write_dump(scanner.dumps, "shop-2.sql.gz", 600, cut=2000)
    scanner.again()
    alert = scanner.alert("backup_failed_verification", "critical")
    assert "shop-2.sql.gz is no good dump" in alert["title"], alert["title"]
    write_dump(scanner.dumps, "shop-3.sql.gz", 300)
    scanner.again()
    scanner.resolved("backup_failed_verification")
    scanner.resolved("backup_old")
    newest = scanner.until("select * from backups where is_newest = 1")[0]
    assert newest["name"].endswith("shop-3.sql.gz") and newest["verified"] == 1 and 300 <= newest["dump_age_s"] < 600
