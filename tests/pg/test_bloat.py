"""Bloat on real servers: what is estimated from the catalog against what VACUUM FULL makes of the same table; where nothing can be known, that is said."""
import time

import pytest

from polling import WEIRD, connect, do, one, read, rows, server, world  # noqa: fixtures too

QUOTED = '"' + WEIRD.replace('"', '""') + '"'

# name: columns and storage, a row G of it, how many rows: each table is somewhat more than 10 MiB.
SHAPES = {
    "narrow": ("(a int, b int)", "g, g", 320000),
    "mixed": ("(a int, b bigint, c bool, d timestamptz, e smallint, f text, g numeric, h int)", "g, g, true, now(), 3, 'name-' || g, g * 1.5, g", 140000),
    "wide": ("(id int, t text)", "g, substr(repeat(md5(g::text), 40), 1, 100 + (g * 7919) % 1000)", 21000),
    "nullish": ("(a int, b bigint, c text, d timestamptz, e int, f int, g int, h int, i text)",
                "g, case when g % 3 = 0 then g end, case when g % 10 < 3 then md5(g::text) end, case when g % 2 = 0 then now() end, null, null, g, case when g % 2 = 0 then g end, null", 190000),
    "roomy": ("(a int, t text) with (fillfactor = 70)", "g, md5(g::text)", 130000),
    "lost": ("(a int, gone bigint, b int)", "g, g, g", 330000),
    "many": ("(%s)" % ", ".join(f"c{i} {'int' if i % 2 else 'text'}" for i in range(60)), ", ".join("g" if i % 2 else "'v' || g % 7" for i in range(60)), 45000),
}
INDEXES = {  # on rows of (a unique, few, half null, label)
    "i_pair": "(few, a)", "i_null": "(half)", "i_label": "(label)", "i_lower": "(lower(label))", "i_part": "(a) where few < 48", "i_include": "(few) include (a)",
    "i_expression": "((a % 5), a)",
}
EMPTIED = 0.6


def bloat(rows, server, **how):
    return {r["name"]: r for r in rows(server, "bloat", **how)}


def size(server, name):
    return server.value(f"select pg_relation_size('{name}')")


def judge(server, rows, names, fresh_most):
    """What is fresh has next to no bloat; of what was emptied it is known how much, within ten points."""
    fresh = bloat(rows, server)
    assert set(names) <= set(fresh), (sorted(fresh), names)
    for name in names:
        assert fresh[name]["estimate"] == "about" and fresh[name]["bloat_ratio"] < fresh_most, fresh[name]
        assert fresh[name]["size_bytes"] == size(server, name) and fresh[name]["n_left_out"] == 0, fresh[name]


def emptied(server, rows, names, tables):
    for table in tables:
        server.query(f"delete from {table} where (ctid::text::point)[1]::int % 10 < {int(EMPTIED * 10)}")
        server.query(f"vacuum {table}")
    told = {name: bloat(rows, server)[name]["bloat_ratio"] for name in names}
    before = {name: size(server, name) for name in names}
    for table in tables:
        server.query(f"vacuum full {table}")
    true = {name: 1 - size(server, name) / before[name] for name in names}
    assert all(abs(told[n] - true[n]) < 0.1 for n in names) and min(true.values()) > 0.4, {n: (told[n], true[n]) for n in names}


def test_the_bloat_of_tables_is_what_vacuum_full_gives_back(server, rows):
    server.query("; ".join(f"drop table if exists {n}; create table {n}{columns}" for n, (columns, _, _) in SHAPES.items()))
    for name, (_, row, n) in SHAPES.items():
        server.query(f"insert into {name} select {row} from generate_series(1, {n}) g")
    server.query("alter table lost drop gone")  # and its values stay in the rows that are there
    server.query("vacuum full lost")
    for name in SHAPES:
        server.query(f"vacuum analyze {name}")
    judge(server, rows, SHAPES, 0.12)
    emptied(server, rows, SHAPES, SHAPES)
    server.query("drop table " + ", ".join(SHAPES))


def test_the_bloat_of_indexes_is_what_building_them_anew_gives_back(server, rows):
    server.query("drop table if exists keyed; create table keyed(a int not null, few int, half text, label text); insert into keyed"
                 " select g, g % 50, case when g % 2 = 0 then md5(g::text) end, 'label ' || g from generate_series(1, 560000) g")
    server.query("create unique index i_unique on keyed(a); " + "; ".join(f"create index {n} on keyed{on}" for n, on in INDEXES.items()))
    server.query("vacuum analyze keyed")
    names = ["i_unique", *INDEXES]
    judge(server, rows, names, 0.15)
    emptied(server, rows, names, ["keyed"])
    server.query("drop table keyed")


def test_what_grew_at_random_places_is_not_called_bloated(server, rows):
    server.query("drop table if exists scattered; create table scattered(k uuid primary key); insert into scattered select md5(g::text)::uuid from generate_series(1, 400000) g")
    server.query("vacuum analyze scattered")
    row = bloat(rows, server)["scattered_pkey"]
    assert row["estimate"] == "about" and 0.1 < row["bloat_ratio"] < 0.4, row
    server.query("drop table scattered")


def test_where_equal_entries_share_one_and_it_is_not_known_how_many_nothing_is_invented(server, rows):
    server.query("drop table if exists shared; create table shared(u int); insert into shared select g * 7919::bigint % 100000 from generate_series(1, 1600000) g")
    server.query("create index shared_u on shared(u)")
    server.query("vacuum analyze shared")
    row = bloat(rows, server)["shared_u"]
    assert row["bloat_bytes"] is None and row["expected_bytes"] is None and "share" in row["reason"], row
    server.query("drop index shared_u; create index shared_u on shared(u) with (deduplicate_items = off)")
    server.query("vacuum analyze shared")
    row = bloat(rows, server)["shared_u"]
    assert row["estimate"] == "about" and row["bloat_ratio"] < 0.05, row
    server.query("drop table shared")


def test_what_is_not_known_is_not_told_and_why(server, rows):
    server.query(f"drop schema if exists \"sch ema\" cascade; create schema \"sch ema\"; create table \"sch ema\".{QUOTED}(id int primary key, t text);"
                 f"insert into \"sch ema\".{QUOTED} select g, md5(g::text) from generate_series(1, 500000) g; create index named on \"sch ema\".{QUOTED}((t::name))")
    server.query(f"vacuum \"sch ema\".{QUOTED}")
    found = bloat(rows, server)
    assert found[WEIRD]["reason"] == "no ANALYZE has seen t" and found[WEIRD]["bloat_bytes"] is None and found[WEIRD]["size_bytes"] > 10 * 1048576
    assert "type name" in found["named"]["reason"]
    server.query(f"vacuum analyze \"sch ema\".{QUOTED}")
    assert bloat(rows, server)[WEIRD]["estimate"] == "about"
    for user in "nobody", "watcher":  # pg_monitor alone does not open them
        found = bloat(rows, server, user=user)
        assert found[WEIRD]["reason"].startswith("statistics of t may not be read: GRANT SELECT ON \"sch ema\".") and found[WEIRD]["bloat_ratio"] is None, found
        access = one(rows(server, "access", user=user), what="statistics of columns")
        assert access["state"] == "advice" and access["cure"] == f"GRANT pg_read_all_data TO {user}" and "1 large table" in access["why"], access
    server.query(f"grant pg_read_all_data to nobody")
    try:
        assert bloat(rows, server, user="nobody")[WEIRD]["estimate"] == "about"
        assert one(rows(server, "access", user="nobody"), what="statistics of columns")["state"] == "ok"
        server.query(f"alter table \"sch ema\".{QUOTED} enable row level security")
        assert "row security" in bloat(rows, server, user="nobody")[WEIRD]["reason"]
    finally:
        server.query("revoke pg_read_all_data from nobody")
        server.query('drop schema "sch ema" cascade')


def test_a_table_that_is_locked_does_not_hold_the_estimate(server, rows, connect):
    server.query("drop table if exists held; create table held(a int primary key, t text); insert into held select g, md5(g::text) from generate_series(1, 500000) g")
    server.query("vacuum analyze held")
    c = connect(server)
    do(c, "lock table held in access exclusive mode")
    start = time.monotonic()
    found = bloat(rows, server)
    assert time.monotonic() - start < 3 and found["held"]["estimate"] == found["held_pkey"]["estimate"] == "about"
    c.rollback()
    server.query("drop table held")
