"""Keys of a Redis are removed: from the dialog, and over HTTP by who may; what was done is read from Redis and from the ledger."""
import json
import os
import signal
import sys

import pytest

import screen
import servers
from test_redis import keys

HERE = os.path.dirname(os.path.dirname(os.path.abspath(__file__)))
sys.path[:0] = [os.path.join(HERE, name) for name in ("guard", "cures", "e2e")]
from dialogs import escape, read_it  # noqa: E402
from test_optimize_http import Watched  # noqa: E402

CLEAR = "/database/cache/clear"


@pytest.fixture
def guard(program, tmp_path):
    g = Watched(program, tmp_path / "g")
    yield g
    if g.process is not None and g.process.poll() is None:
        g.signal(signal.SIGCONT)
        g.kill()


def over(guard, redis, allow="cache_clear", **http):
    guard.sections["target cache"] = {"url": redis.url()}
    guard.sections["http"].update({k: v for k, v in {"allow": allow, "act_token": "sesame", **http}.items() if v is not None})
    return guard.begin()


def clear(guard, body, status=202, **more):
    got, answer, told = guard.curl("POST", CLEAR, body=body, **more)
    assert got == status, answer
    return answer


def test_a_pattern_is_cleared_in_batches_and_stands_in_the_ledger(guard, start_redis):
    redis = start_redis()
    keys(redis, 100000, "session:")
    keys(redis, 50, "other:")
    over(guard, redis)
    id = clear(guard, {"target": "cache", "pattern": "session:*"}, Idempotency_Key="once")["id"]
    assert clear(guard, {"target": "cache", "pattern": "session:*"}, status=202, Idempotency_Key="once")["id"] == id
    assert "another request" in clear(guard, {"target": "cache", "pattern": "x*"}, status=422, Idempotency_Key="once")["error"]
    answer = guard.ended(id)
    step = answer["steps"][0]
    assert (answer["status"], step["action"], step["statement"], step["database"]) == ("done", "cache_clear_pattern", "UNLINK MATCH session:*", "0")
    assert step["message"] == "100000 keys removed, 100050 of ~100050 looked at"
    assert redis.ask("DBSIZE") == 50 and redis.ask("EXISTS", "other:1", "other:50") == 2
    servers.wait_for(lambda: json.loads(guard.select("select numbers from ledger")[0]["numbers"])["after"], 15, lambda: f"{guard.select('select * from ledger')}")
    numbers = json.loads(guard.select("select numbers from ledger")[0]["numbers"])
    assert (numbers["before"]["keys"], numbers["after"]["keys"]) == (100050, 50)
    assert guard.ledger() == [("cache_clear_pattern", "db0", "done", "http")]
    stats = redis.ask("INFO", "commandstats").decode()
    assert "cmdstat_keys" not in stats and "cmdstat_del:" not in stats


def test_a_clear_that_is_cancelled_ends_between_two_batches(guard, start_redis):
    redis = start_redis()
    keys(redis, 300000, "session:")
    over(guard, redis)
    id = clear(guard, {"target": "cache", "pattern": "session:*"})["id"]

    def says():
        return [r for r in guard.select("select state, message from cures") if r["state"] == "running" and "keys removed" in (r["message"] or "")]
    servers.wait_for(says, 15, lambda: f"{guard.told(id)}", every_s=0.05)
    assert guard.curl("DELETE", f"/database/optimize/{id}")[0] == 202
    answer = guard.ended(id)
    left = redis.ask("DBSIZE")
    assert answer["status"] == "cancelled" and 0 < left < 300000
    assert answer["steps"][0]["message"].startswith(f"{300000 - left} keys removed")

    def numbers():
        return json.loads(guard.select("select numbers from ledger")[0]["numbers"] or "{}")
    servers.wait_for(lambda: numbers().get("after"), 15, lambda: f"{guard.select('select * from ledger')}")
    assert (numbers()["before"]["keys"], numbers()["after"]["keys"]) == (300000, left)


def test_one_database_is_cleared_and_no_other(guard, start_redis):
    redis = start_redis()
    keys(redis, 10)
    keys(redis, 20, db=2)
    over(guard, redis, allow="cache_clear_database")
    answer = guard.ended(clear(guard, {"target": "cache", "database": 2})["id"])
    assert (answer["status"], answer["steps"][0]["statement"], answer["steps"][0]["database"]) == ("done", "FLUSHDB ASYNC", "2")
    assert redis.ask("DBSIZE") == 10 and redis.ask("DBSIZE", db=2) == 0
    empty = guard.ended(clear(guard, {"target": "cache", "database": 2})["id"])
    assert empty["status"] == "failed" and "it has no keys" in empty["message"]
    assert "not among what [http] allow names" in clear(guard, {"target": "cache", "pattern": "x*"}, status=403)["error"]


@pytest.mark.parametrize("body, status, said", [
    ({"pattern": "x*"}, 400, "target: the name"), ({"target": "cache"}, 400, "database (its number), or pattern"),
    ({"target": "cache", "database": "all"}, 400, "number of a database"), ({"target": "cache", "database": -1}, 400, "number of a database"),
    ({"target": "cache", "pattern": 7}, 400, "it must be text"), ({"target": "cache", "all": True}, 400, "no such member"),
    ({"target": "nobody", "database": 0}, 404, "no target is called so"), ("{", 400, ""),
    ({"target": "cache", "pattern": "k*\u0000zzz"}, 400, "pattern: it has a NUL"), ({"target": "cache\u0000x", "pattern": "k*"}, 400, "target: it has a NUL"),
    ({"target": "cache", "pattern": ""}, 400, "pattern: it is empty"), ({"target": "cache", "pattern": " "}, 400, "pattern: it is empty"),
    ({"target": "cache", "database": 0, "pattern": None}, 400, "pattern: it must be text"), ({"target": "cache", "database": None, "pattern": "k*"}, 400, "number of a database"),
    ({"target": None, "database": 0}, 400, "target: it must be text"), ({"target": "cache", "database": True}, 400, "number of a database"),
    ({"target": "cache", "database": 0.5}, 400, "number of a database"), ({"target": "cache", "database": [0]}, 400, "number of a database"),
    ('{"target":"cache","database":5,"pattern":"x*","database":0}', 400, "database: it stands there twice"),
    ('{"target":"cache","pattern":"x*","patter\\u006e":"k*"}', 400, "pattern: it stands there twice"),
    ({"target": "cache", "pattern": ["k*"]}, 400, "pattern: it must be text"), ({"target": "cache", "pattern": {"k": 1}}, 400, "pattern: it must be text"),
    ({"target": ["cache"], "pattern": "k*"}, 400, "target: it must be text"),
    ({"target": "cache", "pattern": "k\u0007*"}, 400, "pattern: it has control characters"), ({"target": "cache", "pattern": "k*\n"}, 400, "pattern: it has control characters"),
])
def test_a_request_that_cannot_be_done_says_why(guard, start_redis, body, status, said):
    redis = start_redis()
    keys(redis, 3)
    over(guard, redis)
    assert said in clear(guard, body, status=status)["error"]
    assert redis.ask("DBSIZE") == 3


def test_a_pattern_that_looks_like_json_is_a_pattern(guard, start_redis):
    redis = start_redis()
    redis.ask("MSET", "a", "1", "b", "2", "c", "3")
    over(guard, redis)
    assert guard.ended(clear(guard, {"target": "cache", "pattern": '["ab"]'})["id"])["status"] == "done"
    assert redis.ask("EXISTS", "a", "b") == 0 and redis.ask("EXISTS", "c") == 1


def test_who_may_not_clears_nothing(guard, start_redis):
    redis = start_redis()
    keys(redis, 3)
    over(guard, redis, allow="analyze")
    body = {"target": "cache", "database": 0}
    clear(guard, body, status=401, token=None)
    clear(guard, body, status=401, token="wrong")
    assert "not among what [http] allow names" in clear(guard, body, status=403)["error"]
    assert redis.ask("DBSIZE") == 3


def test_a_pattern_that_is_every_key_is_refused(guard, start_redis):
    redis = start_redis()
    keys(redis, 3)
    over(guard, redis)
    answer = guard.ended(clear(guard, {"target": "cache", "pattern": "*"})["id"])
    assert answer["status"] == "failed" and "every key" in answer["message"], answer
    assert redis.ask("DBSIZE") == 3


def test_the_dialog_wants_the_databases_name(start_redis, program):
    redis = start_redis()
    keys(redis, 1200)
    with screen.Screen([program, redis.url()], rows=50, columns=150) as s:
        s.wait(lambda t: "databases" in t and "1,200" in t, 20, "the database")
        s.send(":redis", "enter")
        s.wait(lambda t: "instance" in t and "db0" in t, 10, "the page")
        while "\u25b6 db0" not in s.text():
            s.send("tab")
            s.wait(lambda t: True, 1, "")
        s.send(".")
        s.wait(lambda t: "clear the database" in t, 10, "the menu")
        assert "asks for the pattern of keys, such as session:*: UNLINK MATCH PATTERN" in s.text() and "not enough is known" not in s.text()
        s.send("down", "enter")
        s.wait(lambda t: "clear keys by a pattern · redis" in t, 10, "what it asks")
        s.send("session:*")
        s.wait(lambda t: t.count("session:*") == 3, 5, "what was typed")
        s.send("enter")
        text = " ".join(s.wait(lambda t: "UNLINK MATCH session:*" in t and "risk: " in t, 10, "the dialog").replace("│", " ").split())
        assert "of 1,200 that are looked at" in text and "nothing brings them back" in text, text
        escape(s)
        s.send(".")
        s.wait(lambda t: "clear the database" in t, 10, "the menu again")
        s.send("enter")
        s.wait(lambda t: "FLUSHDB ASYNC" in t and "1,200 keys in db0" in t, 10, "the dialog")
        read_it(s)
        s.send("y", "enter")
        s.wait("that is not it")
        assert redis.ask("DBSIZE") == 1200
        s.send("backspace", "db0", "enter")
        servers.wait_for(lambda: redis.ask("DBSIZE") == 0, 10, lambda: s.text())
        s.send("q")
