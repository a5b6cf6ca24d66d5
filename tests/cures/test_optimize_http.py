"""The plan over HTTP: who may run it, what of it, once; and how it ends when something comes between. What it did is read from the catalog."""
import concurrent.futures
import contextlib
import json
import os
import re
import signal
import sqlite3
import subprocess
import sys

import pytest

import servers
from test_optimize import analyzed, analyzing, slow, tables

sys.path.insert(0, os.path.join(os.path.dirname(os.path.dirname(os.path.abspath(__file__))), "guard"))
from guarding import Guard  # noqa: E402

PATH = "/database/optimize"


class Watched(Guard):
    """A guard over one database as target `shop`."""

    def over(self, database, allow="analyze", act_token="sesame", **http):
        self.database = database
        self.sections["target shop"] = {"url": database.server.conninfo(database.dbname)}
        self.sections["http"].update({k: v for k, v in {"allow": allow, "act_token": act_token, **http}.items() if v is not None})
        return self

    def begin(self, *words):
        self.start(*words)
        self.wait_log("serving HTTP")
        self.wait_log("target up")
        return self

    def curl(self, method, path=PATH, body=None, token="sesame", **headers):
        """(status, JSON, headers)."""
        words = ["curl", "-s", "-i", "-m", "60", "-X", method, "--unix-socket", self.socket, f"http://x{path}"]
        words += [] if token is None else ["-H", f"Authorization: Bearer {token}"]
        words += [w for k, v in headers.items() for w in ("-H", f"{k.replace('_', '-')}: {v}")]
        words += [] if body is None else ["-d", body if isinstance(body, str) else json.dumps(body)]
        head, _, text = subprocess.run(words, capture_output=True, check=True, timeout=70).stdout.decode().rpartition("\r\n\r\n")
        lines = head.split("\r\n\r\n")[-1].split("\r\n")
        return int(lines[0].split()[1]), json.loads(text), dict(line.lower().split(": ", 1) for line in lines[1:])

    def optimize(self, body=None, **headers):
        """The id of a round that began."""
        status, answer, told = self.curl("POST", body=body or {}, **headers)
        assert status == 202 and told["location"] == f"{PATH}/{answer['id']}", answer
        return answer["id"]

    def told(self, id):
        status, answer, _ = self.curl("GET", f"{PATH}/{id}", token=None)
        assert status == 200, answer
        return answer

    def ended(self, id, timeout_s=60):
        servers.wait_for(lambda: self.told(id)["ended_at"] is not None, timeout_s, lambda: f"{self.told(id)}\n{self.log()}", every_s=0.1)
        return self.told(id)

    def plan(self, arguments=""):
        status, answer, _ = self.curl("GET", PATH + arguments, token=None)
        assert status == 200, answer
        return answer

    def ledger(self):
        """(action, label, state, who) oldest first."""
        with contextlib.closing(sqlite3.connect(f"file:{self.state}/cures.db?mode=ro", uri=True)) as file:
            return file.execute("select action, label, state, by from entries order by id").fetchall()


@pytest.fixture
def guard(program, tmp_path):
    g = Watched(program, tmp_path / "g")
    yield g
    if g.process is not None and g.process.poll() is None:
        g.signal(signal.SIGCONT)
        g.kill()


@pytest.fixture
def shop(guard, start_database):
    """A guard that may run analyze, over tables that were never analyzed; the larger is the first step."""
    def start(*sizes, delay_ms=None, **http):
        database = start_database()
        tables(database, *sizes)
        if delay_ms is not None:
            slow(database, delay_ms)
        return guard.over(database, **http).begin()
    return start


def steps(answer):
    return [(s["label"], s["result"]) for s in answer["steps"] if s["step"] is not None]


def test_the_plan_is_that_of_the_command_line(shop):
    guard = shop(20000, 15000)
    for arguments, words in (("", ()), ("?only=vacuum,reindex", ("--only", "vacuum,reindex")), ("?budget_s=0.2&target=shop", ("--budget", "0.2s"))):
        plain = [{**row, "target": "shop"} for row in guard.database.plan(*words)]
        assert guard.plan(arguments) == plain and len(plain) == 2, arguments
    status, answer, _ = guard.curl("POST", body={"dry_run": True, "budget_s": None}, token=None)
    assert status == 200 and [row["step"] for row in answer] == [1, 2]
    assert analyzed(guard.database) == []


def test_a_dry_run_tells_what_the_same_request_would_run(shop):
    guard = shop(20000, allow="reindex")
    status, answer, _ = guard.curl("POST", body={"dry_run": True})
    assert status == 200 and answer[0]["left_out"] == "action analyze is not allowed from here"
    id = guard.optimize()
    assert steps(guard.ended(id)) == [] and analyzed(guard.database) == []


@pytest.mark.parametrize("token, config, status, why", [
    (None, {}, 401, "act_token"), ("wrong", {}, 401, "act_token"), ("reading", {"token": "reading"}, 403, "act_token"),
    ("sesame", {"act_token": None}, 403, "act_token is not set"), ("sesame", {"allow": None}, 403, "[http] allow is none"),
    ("sesame", {"allow": "none"}, 403, "[http] allow is none"),
])
def test_who_may_not_runs_nothing_and_is_told_what_to_set(shop, token, config, status, why):
    guard = shop(20000, **config)
    for body in ({}, {"target": "shop"}):
        got, answer, _ = guard.curl("POST", body=body, token=token)
        assert got == status and why in answer["error"], answer
    assert guard.curl("DELETE", f"{PATH}/x", token=token)[0] in ((404,) if config.get("allow", "") in (None, "none") else (status,))
    assert guard.plan()[0]["step"] == 1
    assert analyzed(guard.database) == [] and "a cure begins" not in guard.log()


def test_with_read_only_nothing_is_run(guard, start_database):
    database = start_database()
    tables(database, 20000)
    guard.over(database).begin("--read-only")
    status, answer, _ = guard.curl("POST", body={})
    assert status == 403 and "--read-only was given" in answer["error"]
    assert guard.plan()[0]["step"] == 1


def test_only_what_the_config_allows_is_run_and_it_is_in_the_ledger_as_http(guard, start_database):
    database = start_database()
    database.psql("create table dead(id int primary key) with (autovacuum_enabled = off); insert into dead select generate_series(1, 30000)")
    database.psql("vacuum analyze")
    database.psql("update dead set id = -id")
    tables_of = "select relname from pg_stat_user_tables where {} is not null order by 1"
    database.psql("create table fresh(id int) with (autovacuum_enabled = off); insert into fresh select generate_series(1, 20000)")
    servers.wait_for(lambda: {"never_analyzed", "dead_rows"} <= set(database.names()), 30, lambda: str(database.findings()), every_s=0.2)
    vacuumed = database.psql("select last_vacuum from pg_stat_user_tables where relname = 'dead'")
    guard.over(database).begin()
    answer = guard.ended(guard.optimize({"target": "shop"}))
    assert answer["status"] == "done" and ("public.fresh", "done") in steps(answer), answer
    assert {s["left_out"] for s in answer["steps"] if s["action"] == "vacuum"} == {"action vacuum is not allowed from here"}, answer
    assert "fresh" in database.psql(tables_of.format("last_analyze")).split()
    assert database.psql("select last_vacuum from pg_stat_user_tables where relname = 'dead'") == vacuumed
    servers.wait_for(lambda: ("analyze", "public.fresh", "done", "http") in guard.ledger(), 10, lambda: str(guard.ledger()))
    assert {row[0] for row in guard.ledger()} == {"analyze"}
    assert re.search(r'"a cure begins" target=shop action=analyze on=public.fresh .*by=http statement="ANALYZE', guard.log()), guard.log()
    assert re.search(r'"a cure has ended" target=shop action=analyze on=public.fresh by=http result=done took=', guard.log()), guard.log()
    servers.wait_for(lambda: guard.select("select action, label, by_whom from ledger where label = 'public.fresh'"), 20)
    assert guard.select("select label, state, by_whom from cures where label = 'public.fresh'")[0] == {"label": "public.fresh", "state": "done", "by_whom": "http"}
    assert guard.ended(guard.optimize({"target": "shop"}))["status"] == "done"
    assert database.psql("select analyze_count from pg_stat_user_tables where relname = 'fresh'") == "1", "what was cured is found again"


def test_what_is_asked_for_must_be_allowed(shop):
    guard = shop(20000)
    status, answer, _ = guard.curl("POST", body={"only": ["analyze", "vacuum"]})
    assert status == 403 and "vacuum is not among what [http] allow names" in answer["error"]
    assert guard.ended(guard.optimize({"only": ["analyze"]}))["status"] == "done"
    assert analyzed(guard.database) == ["a"]


@pytest.mark.parametrize("body, why", [
    ({"onyl": []}, "onyl: there is no such member"), ({"only": ["magic"]}, "only: magic: no action is called so"), ({"only": []}, "only: names no action"),
    ({"only": [1]}, "only: it must be a list of words"), ({"only": {"a": 1}}, "only:"), ({"budget_s": "10m"}, "budget_s: it must be a number"),
    ({"budget_s": 0}, "budget_s: "), ({"budget_s": -1}, "budget_s: "), ({"dry_run": "yes"}, "dry_run: it must be true or false"), ({"target": 5}, "target: "),
    ({"target": ["shop"]}, "target: it must be the name"), ({"target": {"a": 1}}, "target: it must be the name"), ({"target": None}, "target: it must be the name"),
    ({"dry_run": 0}, "dry_run: it must be true or false"), ({"dry_run": None}, "dry_run: it must be"), ({"budget_s": True}, "budget_s: it must be a number"),
    ({"only": '["analyze"]'}, "only: "), ({"only": [["analyze"]]}, "only: it must be a list of words"), ('{"dry_run":true,"dry_run":false}', "dry_run: it stands there twice"),
    ("[]", "no JSON object"), ("nonsense", "no JSON object"), ({"only": ["analyze"] * 17}, "only: ")], ids=str)
def test_a_body_that_is_misspelt_runs_nothing(guard, database, body, why):
    guard.over(database).begin()
    status, answer, _ = guard.curl("POST", body=body)
    assert status == 400 and why in answer["error"], answer
    assert "optimize begins" not in guard.log()


def test_a_target_that_is_not_there_or_down_or_read_only_is_refused(guard, start_database):
    database = start_database()
    database.server.stop()
    open(os.path.join(database.server.data, "standby.signal"), "w").close()
    database.server.start()
    guard.over(database)
    guard.sections["target gone"] = {"url": "postgresql://127.0.0.1:1/x"}
    guard.begin()
    guard.wait_log("target down")
    for target, status, why in (("nowhere", 404, None), ("gone", 503, "it cannot be reached: "), ("shop", 409, "this is a standby, which is read-only")):
        got, answer, _ = guard.curl("POST", body={"target": target})
        assert got == status and [why is not None and why in r["message"] for r in answer["refused"]] == [True] * (why is not None), answer
    got, answer, _ = guard.curl("POST", body={})
    assert got in (409, 503) and {r["target"] for r in answer["refused"]} == {"gone", "shop"}
    assert guard.curl("GET", f"{PATH}?target=gone", token=None)[0] == 503 and guard.plan("?target=shop") == []


def test_a_key_makes_a_repeated_request_the_same_round(shop):
    guard = shop(20000)
    with concurrent.futures.ThreadPoolExecutor(8) as pool:
        answers = list(pool.map(lambda i: guard.curl("POST", body={"only": ["analyze"]} if i % 2 else '{"only" : [ "analyze" ]}',
                                                     Idempotency_Key='"k-1"' if i % 3 else "k-1"), range(8)))
    assert {(status, answer["id"]) for status, answer, _ in answers} == {(202, answers[0][1]["id"])}, answers
    id = answers[0][1]["id"]
    assert guard.ended(id)["status"] == "done"
    status, answer, told = guard.curl("POST", body={"only": "analyze"}, Idempotency_Key="k-1")
    assert (status, answer, told["location"]) == (200, {"id": id, "status": "done"}, f"{PATH}/{id}")
    status, answer, _ = guard.curl("POST", body={}, Idempotency_Key="k-1")
    assert status == 422 and "another request" in answer["error"]
    assert guard.curl("POST", body={}, Idempotency_Key="x" * 256)[0] == 400 and guard.curl("POST", body={}, Idempotency_Key='""')[0] == 400
    assert guard.log().count("optimize begins") == 1
    assert guard.database.psql("select analyze_count from pg_stat_user_tables where relname = 'a'") == "1"
    guard.signal(signal.SIGHUP)
    guard.wait_log("config read again")
    assert guard.curl("POST", body={"only": "analyze"}, Idempotency_Key="k-1")[1]["id"] == id


def test_two_rounds_are_never_at_once_on_a_target_and_one_is_cancelled_on_the_server(shop):
    guard = shop(40000, 20000, delay_ms=100)
    id = guard.optimize()
    servers.wait_for(lambda: analyzing(guard.database) == 1, 20)
    assert steps(guard.told(id)) == [("public.a", "running"), ("public.b", None)] and guard.told(id)["status"] == "running"
    for body in ({}, {"target": "shop"}):
        status, answer, told = guard.curl("POST", body=body)
        assert (status, answer["id"], told["location"]) == (409, id, f"{PATH}/{id}")
    assert guard.curl("DELETE", f"{PATH}/{id}", token=None)[0] == 401
    assert guard.curl("DELETE", f"{PATH}/{id}")[0] == 202
    answer = guard.ended(id)
    assert answer["status"] == "cancelled" and steps(answer) == [("public.a", "cancelled"), ("public.b", "left")], answer
    assert answer["steps"][1]["message"] == "stopped before its turn"
    assert analyzing(guard.database) == 0 and analyzed(guard.database) == []
    assert guard.curl("DELETE", f"{PATH}/{id}")[0] == 409 and guard.curl("DELETE", f"{PATH}/x")[0] == 404
    assert guard.curl("GET", f"{PATH}/x", token=None)[0] == 404


def test_a_server_that_restarts_in_the_middle_is_told_of(shop):
    guard = shop(40000, delay_ms=100)
    id = guard.optimize()
    servers.wait_for(lambda: analyzing(guard.database) == 1, 20)
    guard.database.server.restart()
    answer = guard.ended(id)
    assert answer["status"] == "failed" and steps(answer) == [("public.a", "failed")], answer
    assert re.search("terminat|connection", answer["steps"][0]["message"]), answer
    guard.wait_log("target up", 2)
    slow(guard.database, 0)
    assert guard.ended(guard.optimize())["status"] == "done"


def test_a_guard_that_ends_cancels_what_it_runs_and_says_so(shop):
    guard = shop(40000, 20000, delay_ms=100)
    guard.optimize()
    servers.wait_for(lambda: analyzing(guard.database) == 1, 20)
    assert guard.stop() == 0
    assert analyzing(guard.database) == 0 and analyzed(guard.database) == []
    assert "what is being cured is cancelled" in guard.log() and "result=cancelled" in guard.log() and "status=cancelled" in guard.log(), guard.log()
    assert guard.ledger() == [("analyze", "public.a", "cancelled", "http")]


def test_what_the_config_takes_away_is_not_begun(shop):
    guard = shop(40000, 20000, delay_ms=15)
    id = guard.optimize()
    servers.wait_for(lambda: analyzing(guard.database) == 1, 20)
    guard.sections["http"]["allow"] = "vacuum"
    guard.write().signal(signal.SIGHUP)
    guard.wait_log("config read again")
    answer = guard.ended(id)
    assert steps(answer) == [("public.a", "done"), ("public.b", "left")] and answer["status"] == "failed", answer
    assert answer["steps"][1]["message"] == "[http] allow does not name it any more"
    assert guard.curl("POST", body={"only": ["analyze"]})[0] == 403
    assert analyzed(guard.database) == ["a"]


def test_a_word_that_is_no_action_is_refused_with_its_line(guard, database):
    guard.over(database, allow="analyze, magic")
    assert guard.start().process.wait(20) == 1
    assert re.search(rf"{guard.path}:\d+: \[http\] allow: magic: no action is called so", guard.log()), guard.log()


def test_a_target_that_the_config_takes_away_is_left_to_its_server_and_told(shop):
    guard = shop(40000, 20000, delay_ms=30)
    id = guard.optimize()
    servers.wait_for(lambda: analyzing(guard.database) == 1, 20)
    guard.sections["target other"] = guard.sections.pop("target shop")
    guard.write().signal(signal.SIGHUP)
    guard.wait_log("config read again")
    answer = guard.ended(id)
    assert answer["status"] == "failed" and steps(answer) == [("public.a", "failed"), ("public.b", "failed")], answer
    assert "the server goes on with it" in answer["steps"][0]["message"] and "no target is called shop" in answer["steps"][1]["message"], answer
    servers.wait_for(lambda: analyzed(guard.database) == ["a"], 30)
    guard.wait_log("target up", 2)
    slow(guard.database, 0)
    assert guard.ended(guard.optimize({"target": "other"}))["status"] == "done" and guard.stop() == 0
