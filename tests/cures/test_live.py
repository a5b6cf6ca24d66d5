"""Findings where somebody looks: on the page behind `o`, with the action's key on the row; and of a guard."""
import json
import os
import subprocess
import sys
import time

import servers
import screen

sys.path.insert(0, os.path.join(os.path.dirname(os.path.dirname(os.path.abspath(__file__))), "guard"))
from guarding import Guard  # noqa: E402

TROUBLE = ("create table orders(a int) with (autovacuum_enabled = off); insert into orders select generate_series(1, 20000);"
           "create table users(a int primary key)")


def test_the_page_names_what_is_worth_doing_and_the_actions_key_ends_it(start_database, program):
    database = start_database()
    database.psql(TROUBLE)
    with screen.Screen([program, "--config", "/dev/null", "--ascii"], env=database.server.env(database.dbname), rows=30, columns=132) as s:
        s.wait("overview")
        s.send("o")
        text = s.wait(lambda t: "never analyzed" in t and "1 finding, 1 warning" in t and "statistics go back" in t)
        assert "public.orders" in text and "public.users" not in text
        s.send("enter")
        s.wait(lambda t: 'ANALYZE "public"."orders"' in t and "key A or . here: analyze; or dbvitals optimize --only analyze" in t)
        s.send("A")
        s.wait("y does it")
        time.sleep(0.4)  # the dialog takes no key of its first 300 ms
        s.send("y")
        s.wait("done: analyze public.orders")
        s.send("q")
        s.wait(lambda t: "nothing to do: " in t, 30)


def test_a_guard_answers_for_those_who_ask_it(start_database, program, tmp_path):
    database = start_database()
    database.psql(TROUBLE)
    guard = Guard(program, tmp_path / "g")
    guard.sections["target shop"] = {"url": database.server.conninfo(database.dbname)}
    guard.sections["finding big"] = {"sql": "select target, name as label, 'info' as severity, 'mine' as evidence from tables('last') where name = 'users'"}
    guard.start()

    def rows():
        text = subprocess.run(["curl", "-sS", "--unix-socket", guard.socket, "http://localhost/api/v1/query", "--get", "--data-urlencode",
                               "sql=select finding, label, statement from findings order by level desc"], capture_output=True, text=True).stdout
        return [tuple(row.values()) for row in json.loads(text)] if text.startswith("[") else text
    try:
        wanted = [("never_analyzed", "public.orders", 'ANALYZE "public"."orders"'), ("big", "users", None)]
        servers.wait_for(lambda: rows() == wanted, 40, lambda: f"{rows()}\n{guard.log()}", every_s=0.5)
    finally:
        guard.kill()


def test_a_finding_of_the_users_own_that_cannot_be_asked_is_told_with_its_place(dbvitals, tmp_path):
    config = tmp_path / "own.conf"
    config.write_text("[finding big]\nsql = select target, nowhere as label, 'info' as severity, 'x' as evidence from tables\n")
    config.chmod(0o600)
    done = dbvitals("config", "check", "--config", config)
    assert done.returncode == 1 and f"{config}:1: [finding big] sql: no such column: nowhere" in done.stderr, done.stderr
