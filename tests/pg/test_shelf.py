"""Datasets of catalogs and rare things on real servers of every version: slots, sequences, foreign keys, partitions, materialised views. What they
say is what the catalog says, whatever it is called, whoever asks, and whatever is locked."""
import time

import pytest

from polling import WEIRD, connect, do, one, pid_of, read, rounds, rows, send, server, world  # noqa: fixtures too

QUOTED = '"' + WEIRD.replace('"', '""') + '"'


# ---- slots ----

@pytest.fixture
def slots(server):
    """slots(name, kind): makes a slot, which goes with the test."""
    made = []

    def make(name, kind="physical"):
        more = ", 'test_decoding'" if kind == "logical" else ", true"
        server.query(f"select pg_create_{kind}_replication_slot(%s{more})", [name])
        made.append(name)

    yield make
    for name in made:
        server.query("select pg_drop_replication_slot(slot_name) from pg_replication_slots where slot_name = %s", [name])


def test_a_slot_that_nobody_reads_keeps_what_the_server_says(server, rows, slots):
    slots("idle_one")
    server.query("insert into shop select g, repeat('x', 100) from generate_series(1000, 3000) g; delete from shop where id >= 1000")
    row = one(rows(server, "slots"), slot_name="idle_one")
    known = server.query("select slot_type, active::int, wal_status, pg_current_wal_lsn() - restart_lsn from pg_replication_slots")[0]
    assert (row["slot_type"], row["active"], row["wal_status"]) == known[:3]
    assert 100000 < row["retained_bytes"] <= float(known[3])
    assert row["is_lost"] == 0 and row["safe_wal_bytes"] is None and row["behind_bytes"] is None and row["active_pid"] is None


def test_a_logical_slot_has_its_database_and_holds_the_catalogs_horizon(server, rows, slots):
    server.query("drop table if exists horizon; create table horizon(a int)")
    slots("decoded", "logical")
    for _ in range(3):
        server.query("insert into horizon values (1)")
    row = one(rows(server, "slots", user="nobody"), slot_name="decoded")
    age, behind = server.query("select age(catalog_xmin), pg_current_wal_lsn() - confirmed_flush_lsn from pg_replication_slots")[0]
    assert (row["plugin"], row["datname"], row["xmin_age"]) == ("test_decoding", "postgres", age)
    assert 0 < row["behind_bytes"] <= float(behind)


def test_how_long_a_slot_is_not_read_is_told_on_every_version(server, read, rounds, slots):
    slots("left")
    r = rounds(server, "slots")
    first = one(r.next(), slot_name="left")["inactive_s"]
    start = time.monotonic()
    later = one(r.until(lambda rows: one(rows, slot_name="left")["inactive_s"] > first + 1), slot_name="left")["inactive_s"]
    assert 0 <= first < 10 and later - first < time.monotonic() - start + 1
    why = read(server, "slots")["slots"][0]["why"]
    assert why.get("inactive_since") == (None if server.version >= 17 else "PostgreSQL 17+")


def test_a_slot_that_is_in_use_is_not_inactive(server, rows, connect):
    c = connect(server)  # a temporary slot is its session's
    do(c, "select pg_create_physical_replication_slot('in_use', true, true)")
    row = one(rows(server, "slots"), slot_name="in_use")
    assert (row["active"], row["active_pid"], row["is_temporary"], row["inactive_s"]) == (1, pid_of(c), 1, 0)


def test_a_slot_that_never_kept_anything_keeps_no_log(server, rows):
    server.query("select pg_create_physical_replication_slot('never')")
    try:
        row = one(rows(server, "slots"), slot_name="never")
        assert row["retained_bytes"] == 0 and row["wal_status"] is None and row["is_lost"] == 0
    finally:
        server.query("select pg_drop_replication_slot('never')")


def test_a_slot_whose_log_is_gone_is_lost(server, rows, slots):
    slots("starved")
    server.query("alter system set max_slot_wal_keep_size = '1MB'")
    server.query("select pg_reload_conf()")
    try:
        for _ in range(3):
            server.query("select pg_switch_wal()")
            server.query("checkpoint")
            server.query("update shop set note = 'z' where id = 1")
        row = one(rows(server, "slots"), slot_name="starved")
        assert row["wal_status"] == "lost" and row["is_lost"] == 1 and row["retained_bytes"] == 0
        assert row.get("invalidation_reason") == ("wal_removed" if server.version >= 17 else None)
    finally:
        server.query("alter system reset max_slot_wal_keep_size")
        server.query("select pg_reload_conf()")
