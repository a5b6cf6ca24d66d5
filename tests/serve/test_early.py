"""HTTP: what was not read yet is no 0. A question over it waits; and is refused with the reason if it does not come."""
import time
import urllib.parse

import pytest

from servers import wait_for

SLOW = "lock table pg_catalog.pg_constraint in access exclusive mode"
KEYS = "select count(*) as n from foreign_keys"


def asked(h, sql, **headers):
    return h.ask("/api/v1/query?" + urllib.parse.urlencode({"sql": sql}), **headers)


def two_keys(server):
    server.psql("drop table if exists child, parent; create table parent(id int primary key);"
                "create table child(a int references parent, b int references parent)")


def test_the_first_question_over_a_dataset_has_its_rows(hold, server):
    two_keys(server)
    h = hold(server.conninfo())
    answer = asked(h, KEYS)
    assert answer.status == 200 and answer.json()[0]["n"] >= 2, answer.body


def test_what_does_not_come_is_refused_with_its_name_and_when_to_ask_again(hold, server):
    h = hold(server.conninfo())
    h.until("/readyz", lambda a: a.status == 200)
    c = server.connect(autocommit=False)
    try:
        c.cursor().execute(SLOW)
        begun = time.monotonic()
        answer = asked(h, KEYS)
        assert time.monotonic() - begun < 10
        assert answer.status == 503 and answer.headers["retry-after"] == "1", answer.body
        assert answer.json()["error"].startswith("foreign_keys of ") and "was not read yet" in answer.json()["error"]
        # Who asks for nothing of that kind is not held by it, nor the aliases.
        assert asked(h, "select 1 as n").json() == [{"n": 1}]
        assert h.ask("/database/connections").status == 200
    finally:
        c.close()


def test_what_a_target_cannot_give_holds_nobody(hold):
    h = hold()  # nothing listens there
    h.until("/health", lambda a: a.json()["targets"] and a.json()["targets"][0]["state"] == "down")
    begun = time.monotonic()
    assert asked(h, KEYS).json() == [{"n": 0}]
    assert time.monotonic() - begun < 2


def test_what_is_made_from_others_that_were_read_for_somebody_else_is_waited_for(hold, server):
    h = hold(server.conninfo())
    asked(h, "select (select count(*) from pools) + (select count(*) from locks)")
    assert {r["kind"] for r in asked(h, "select kind from queue").json()} == {"slots", "locks"}


def test_names_that_are_no_tables_hold_nobody(hold, server):
    h = hold(server.conninfo())
    h.until("/readyz", lambda a: a.status == 200)
    begun = time.monotonic()
    assert asked(h, "select 'foreign_keys' as ledger /* findings */").json() == [{"ledger": "foreign_keys"}]
    assert time.monotonic() - begun < 2


@pytest.mark.waits
def test_what_was_read_for_somebody_long_ago_is_read_anew_for_who_asks_now(hold, server):
    slots = "select in_use, age_s from pools where kind = 'slots'"
    h = hold(server.conninfo())
    before = asked(h, slots).json()[0]["in_use"]
    idle = "select state from collectors where dataset like 'pool_'"  # its name would be a demand
    wait_for(lambda: asked(h, idle).json() == [{"state": "idle"}], 30, lambda: asked(h, idle).body, every_s=0.5)
    time.sleep(12)  # what was read last is older than two of its rounds
    more = [server.connect() for _ in range(3)]
    row = asked(h, slots).json()[0]
    assert row["in_use"] == before + 3 and row["age_s"] < 3, row
    for c in more:
        c.close()
