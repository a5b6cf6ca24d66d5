"""show and query of what only a guard knows ask the guard; where none is, a sentence says so. Nothing ends silently."""
import json

import pytest

NIGHTLY = {"at": "03:00", "timezone": "UTC"}


@pytest.fixture
def shop(start_server, guard):
    server = start_server()
    guard.sections["target shop"] = {"url": server.conninfo()}
    guard.sections["schedule nightly"] = NIGHTLY
    return server


@pytest.mark.parametrize("words", [("show", "schedules"), ("query", "select schedule from schedules")])
def test_the_guard_of_this_machine_tells_its_schedules(shop, guard, words):
    guard.start().wait_log('event="serving HTTP"')
    done = guard.ask(*words, "--format", "json")
    rows = json.loads(done.stdout)
    rows = rows if isinstance(rows, list) else rows["schedules"]
    assert (done.returncode, done.stderr) == (0, "") and [r["schedule"] for r in rows] == ["nightly"], done
    guard.stop()


def test_a_guard_that_is_named_is_asked_for_everything(shop, guard):
    guard.start().wait_log('event="serving HTTP"')
    done = guard.ask("show", "cures", "--attach", str(guard.socket))
    assert done.returncode == 0 and "job_id" in done.stdout, done
    done = guard.ask("query", "select count(*) as n from databases", "--attach", str(guard.socket), "--format", "json")
    assert json.loads(done.stdout)[0]["n"] >= 1, done
    guard.stop()


@pytest.mark.parametrize("dataset", ["schedules", "cures", "alerts", "rules", "deliveries"])
def test_without_a_guard_a_sentence_says_where_it_lives(shop, guard, dataset):
    guard.write()
    for words in (("show", dataset), ("query", f"select * from {dataset}"), ("show", dataset, "--attach", "/nowhere/s")):
        done = guard.ask(*words)
        assert done.returncode == 2 and done.stderr.startswith("dbvitals: "), done
        assert ("dbvitals guard" if "--attach" not in words else "/nowhere/s") in done.stderr or "cannot attach" in done.stderr, done


def test_a_select_over_the_ledger_is_counted_before_it_is_answered(shop, guard):
    """It is read from the disk when somebody asks: not yet is not 0."""
    shop.psql("create table stale(id int) with (autovacuum_enabled = off); insert into stale select generate_series(1, 20000)")
    guard.write()
    done = guard.ask("optimize", "shop", "--only", "analyze", "--yes")
    assert done.returncode == 0, done
    kept = json.loads(guard.ask("show", "ledger", "--format", "json").stdout)["ledger"]
    assert kept
    guard.start().wait_log('event="serving HTTP"')
    assert guard.select("select count(*) as n from ledger") == [{"n": len(kept)}]
    guard.stop()


def test_a_ledger_that_is_empty_is_told_to_be(shop, guard):
    guard.start().wait_log('event="serving HTTP"')
    assert guard.select("select count(*) as n from ledger") == [{"n": 0}]
    guard.stop()
