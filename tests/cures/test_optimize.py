"""The plan is run: what it did is read from the catalog; who is asked, when it stops, and what it leaves."""
import contextlib
import json
import os
import re
import sqlite3
import time

import pytest

import screen
import servers

BIG = "create table {0}(id int) with (autovacuum_enabled = off); insert into {0} select generate_series(1, {1})"
QUESTION = "Only the word yes runs"


def tables(database, *sizes):
    """One table of each size, never analyzed; the larger comes first in the plan."""
    names = [chr(ord("a") + i) for i in range(len(sizes))]
    database.psql(";".join(BIG.format(name, size) for name, size in zip(names, sizes)))
    servers.wait_for(lambda: database.names() == ["never_analyzed"] * len(sizes), 30, lambda: str(database.findings()), every_s=0.2)
    return names


def analyzed(database):
    """Tables that ANALYZE was done on, as the server tells."""
    return database.psql("select relname from pg_stat_user_tables where last_analyze is not null order by 1").split()


def optimize(database, *words, user="postgres"):
    return database.dbvitals("optimize", *words, "--config", "/dev/null", database.server.conninfo(database.dbname, user=user), timeout=90)


def on_terminal(program, database, *words):
    return screen.Screen([program, "optimize", "--config", "/dev/null", *words], env=database.server.env(database.dbname), columns=120, rows=40)


def slow(database, delay_ms):
    """ANALYZE takes DELAY_MS a page from now on."""
    database.psql(f"alter role postgres in database {database.dbname} set vacuum_cost_delay = {delay_ms};"
                  f"alter role postgres in database {database.dbname} set vacuum_cost_limit = 1")


def analyzing(database):
    return database.server.value("select count(*) from pg_stat_activity where state = 'active' and query like 'ANALYZE%%' and datname = %s", (database.dbname,))


def test_stale_statistics_are_the_first_step_and_the_run_cures_them(each_database):
    each_database.psql("create table dead(id int primary key) with (autovacuum_enabled = off); create table orders(id int) with (autovacuum_enabled = off);"
                       "insert into orders select 1; insert into dead select generate_series(1, 30000)")
    each_database.psql("vacuum analyze")
    each_database.psql("update dead set id = -id; insert into orders select generate_series(1, 200000)")
    servers.wait_for(lambda: {"stale_statistics", "dead_rows"} <= set(each_database.names()), 30, lambda: str(each_database.findings()), every_s=0.2)
    before = each_database.psql("select last_analyze from pg_stat_user_tables where relname = 'orders'")
    done = optimize(each_database, "--yes")
    assert done.returncode == 0, done
    lines = [line for line in done.stdout.splitlines() if not line.startswith("--")]
    assert 'ANALYZE "public"."orders";' in lines[0], done.stdout
    assert "1/" in done.stdout and "analyze: public.orders: begins: ANALYZE" in done.stdout and "analyze: public.orders: done in" in done.stdout, done.stdout
    counts = "select relname, n_mod_since_analyze, n_dead_tup from pg_stat_user_tables order by 1"
    servers.wait_for(lambda: each_database.psql(counts) == "dead|0|0\norders|0|0", 5, lambda: each_database.psql(counts))  # 14 tells half a second late
    assert each_database.psql("select reltuples::int from pg_class where relname = 'orders'") == "200001"
    kept = each_database.ledger()
    assert kept[0] == ("analyze", "public.orders", "done", 'ANALYZE "public"."orders"'), kept
    assert len(kept) == sum(line.endswith(";") for line in lines) and kept[-1][:3] == ("vacuum", "public.dead", "done"), kept
    assert each_database.psql("select last_analyze from pg_stat_user_tables where relname = 'orders'") != before
    servers.wait_for(lambda: each_database.findings() == [], 30, lambda: str(each_database.findings()), every_s=0.2)
    again = optimize(each_database, "--yes")
    assert again.returncode == 0 and "-- nothing to do: " in again.stdout and "begins" not in again.stdout, again
    assert re.search(r"^-- on \S+: postgres@\S+/\S+$", again.stdout, re.M), again.stdout  # which server is meant


def numbers(database):
    """The numbers of what was done last."""
    with contextlib.closing(sqlite3.connect(f"file:{database.state}/dbvitals/cures.db?mode=ro", uri=True)) as file:
        return json.loads(file.execute("select numbers from entries order by id desc limit 1").fetchone()[0])


def test_the_ledger_has_the_planners_estimate_before_and_after(each_database):
    each_database.psql("create table t(id int) with (autovacuum_enabled = off); insert into t select generate_series(1, 1000)")
    each_database.psql("analyze t")
    each_database.psql("insert into t select generate_series(1, 200000)")
    servers.wait_for(lambda: each_database.names() == ["stale_statistics"], 30, lambda: str(each_database.findings()), every_s=0.2)
    done = optimize(each_database, "--yes")
    assert done.returncode == 0 and "waiting" not in done.stdout + done.stderr, done
    found = numbers(each_database)
    assert (found["before"]["planner_rows"], found["after"]["planner_rows"]) == (1000, 201000), found
    assert found["before"]["mod_since_analyze"] == 200000 and found["after"]["mod_since_analyze"] == 0, found


def test_ctrl_c_ends_the_waiting_for_numbers(start_database, program):
    database = start_database()
    tables(database, 20000)
    with on_terminal(program, database, "--yes") as s:
        s.wait("waiting for the numbers", 30)
        s.send("ctrl-c")
        assert s.wait_end(2) == 0
    assert analyzed(database) == ["a"]


def test_nothing_to_do_is_not_said_of_checks_that_could_not_be_judged(start_database):
    database = start_database(track_counts="off", autovacuum="off")
    done = optimize(database, "--yes")
    assert done.returncode == 3, done
    assert "-- 3 checks that were asked for could not be judged: " in done.stdout and "statistics are old: track_counts is off" in done.stdout, done
    done = optimize(database, "--dry-run", "--format", "json")
    left = {row["finding"]: row["left_out"] for row in json.loads(done.stdout)}
    assert done.returncode == 3 and left["dead_rows"] == "could not be judged: track_counts is off: the server counts no dead rows", done
    assert optimize(database, "--yes", "--only", "vacuum_freeze").returncode == 0


@pytest.mark.waits
def test_what_must_be_typed_because_of_a_transaction_says_which(start_database):
    database = start_database()
    database.psql("create table t(id int primary key, a int); insert into t select g, g from generate_series(1, 100000) g; create index t_a on t(a); create index t_a2 on t(a)")
    database.psql("vacuum analyze t")
    with database.server.connect(dbname=database.dbname, autocommit=False) as holder:
        holder.cursor().execute("select count(*) from pg_class")
        began = time.monotonic()
        servers.wait_for(lambda: time.monotonic() - began > 62, 70, lambda: "a minute", every_s=1)  # what is old is so by the server's clock
        left = next(row["left_out"] for row in json.loads(optimize(database, "--dry-run", "--only", "drop", "--format", "json").stdout) if row["finding"] == "duplicate_index")
        assert left.startswith("what it is done to must be typed, in the dashboard: action drop_index (pid ") and f"pid {holder.info.backend_pid} (" in left, left
        assert "has a transaction open for 1m" in left, left
    holder.close()


def test_without_a_terminal_and_without_yes_nothing_is_run_and_it_says_so(start_database):
    database = start_database()
    tables(database, 20000)
    done = optimize(database)
    assert done.returncode == 2 and done.stdout == "" and "say --yes" in done.stderr, done
    assert optimize(database, "--yes", "--read-only").returncode == 2
    assert "--read-only" in optimize(database, "--yes", "--read-only").stderr
    assert analyzed(database) == []


@pytest.mark.parametrize("answer", ["", "y", "YES", "yes ", "no", "\x1b[200~yes\x1b[201~", "\x04", "\x03"], ids=repr)
def test_only_the_word_yes_runs_the_plan(database, program, answer):
    tables(database, 20000)
    with on_terminal(program, database) as s:
        s.wait(QUESTION, 30)
        assert 'ANALYZE "public"."a";' in s.text()
        assert b"\x1b[?2004h" in s.raw, "a paste would come without its marks"
        s.send(answer, "\r")
        assert s.wait_end() == 1
        assert "nothing was run" in s.text() and s.raw.rfind(b"\x1b[?2004l") > s.raw.rfind(b"\x1b[?2004h")
    assert analyzed(database) == []


def test_what_was_typed_before_the_question_is_no_answer(start_database, program):
    database = start_database()
    tables(database, 20000)
    with on_terminal(program, database) as s:
        s.send("yes\r")
        s.wait(QUESTION, 30)
        s.send("\r")
        assert s.wait_end() == 1
    assert analyzed(database) == []


def test_yes_runs_the_plan_with_its_progress(start_database, program):
    database = start_database()
    tables(database, 20000, 10500)
    slow(database, 30)
    with on_terminal(program, database) as s:
        s.wait(QUESTION, 30)
        s.send("yes\r")
        s.wait("acquiring sample rows", 20)
        assert s.wait_end(60) == 0
        assert "2 done, in" in s.text() and "acquiring" not in s.text()
    assert analyzed(database) == ["a", "b"]


def test_ctrl_c_cancels_on_the_server_and_tells_what_was_left(start_database, program):
    database = start_database()
    tables(database, 40000, 20000)
    slow(database, 100)
    with on_terminal(program, database, "--yes") as s:
        s.wait("analyze: public.a: begins", 30)
        servers.wait_for(lambda: analyzing(database) == 1, 20)
        s.send("ctrl-c")
        assert s.wait_end(20) == 1
        assert analyzing(database) == 0, "it ended before the server had"
        text = s.text()
        assert "analyze: public.a: cancelled after" in text and "analyze: public.b: left" in text and "stopped before its turn" in text
        assert "0 done, 1 cancelled, 1 left" in text
    assert analyzed(database) == []


def test_a_step_that_does_not_fit_the_rest_of_the_time_is_left_and_a_running_one_is_not_cut(start_database):
    database = start_database()
    tables(database, 40000, 20000)
    slow(database, 15)
    done = optimize(database, "--yes", "--budget", "1s")
    assert done.returncode == 1 and "analyze: public.a: done in" in done.stdout and "analyze: public.b: left\n      it takes about" in done.stdout, done
    assert analyzed(database) == ["a"]


def test_one_step_fails_with_the_reason_and_the_others_are_done(start_database):
    database = start_database()
    tables(database, 40000, 30000, 20000)
    database.psql("create role worker login; grant pg_monitor to worker; alter table a owner to worker; alter table c owner to worker")
    done = optimize(database, "--yes", user="worker")
    assert done.returncode == 1 and "analyze: public.b: failed" in done.stdout and "the role worker may not" in done.stdout, done
    assert "2 done, 1 failed" in done.stdout
    assert analyzed(database) == ["a", "c"]


def test_programs_get_the_plan_with_its_results(start_database):
    database = start_database()
    tables(database, 40000, 20000)
    database.psql("create role worker login; grant pg_monitor to worker; alter table a owner to worker")
    done = optimize(database, "--yes", "--format", "json", user="worker")
    rows = {row["label"]: row for row in json.loads(done.stdout)}
    assert done.returncode == 1 and rows["public.a"]["result"] == "done" and rows["public.a"]["took_s"] > 0, done
    assert rows["public.b"]["result"] == "failed" and "may not" in rows["public.b"]["message"]
    assert "public.a: begins" in done.stderr
    assert {row["result"] for row in database.plan()} == {None}


def test_a_missing_index_is_built_when_it_is_named(start_database):
    database = start_database()
    database.psql("create table users(id int primary key); create table orders(id int, user_id int references users);"
                  "insert into users select generate_series(1, 1000); insert into orders select g, 1 from generate_series(1, 20000) g")
    database.psql("vacuum analyze")
    database.psql("delete from users where id > 850")
    servers.wait_for(lambda: "foreign_key_index" in database.names(), 30, lambda: str(database.findings()), every_s=0.2)
    assert optimize(database, "--yes").returncode == 0
    assert database.psql("select count(*) from pg_index where indrelid = 'orders'::regclass") == "0"
    done = optimize(database, "--yes", "--only", "index")
    assert done.returncode == 0 and "create_index: " in done.stdout, done
    assert database.psql("select count(*) from pg_index where indrelid = 'orders'::regclass and indisvalid") == "1"


def test_a_word_that_is_no_action_is_refused(dbvitals):
    done = dbvitals("optimize", "--dry-run", "--only", "analyze,magic", "--config", "/dev/null")
    assert done.returncode == 2 and "--only magic: no action is called so" in done.stderr, done


def test_of_two_targets_each_gets_its_own_and_one_that_is_refused_is_told(start_database, start_pgbouncer, dbvitals):
    database = start_database()
    tables(database, 20000)
    bouncer = start_pgbouncer(database.server, pool_size=5)
    through = f"host={bouncer.host} port={bouncer.port} user=postgres dbname={database.dbname}"
    done = dbvitals("optimize", "--yes", "--config", "/dev/null", database.server.conninfo(database.dbname), through, timeout=60)
    assert done.returncode == 1 and "1 done, in" in done.stdout, done
    assert f"{database.dbname}-2: a pooler stands between" in done.stderr, done
    assert f"analyze: public.a on {database.dbname}: done in" in done.stdout, done
    assert analyzed(database) == ["a"]


def test_a_standby_is_refused_with_where_to_do_it(start_database):
    database = start_database()
    tables(database, 20000)
    database.server.stop()
    done = optimize(database, "--yes", "--format", "json")
    assert done.returncode == 2 and [row["left_out"] for row in json.loads(done.stdout)] == ["it cannot be reached"], done
    open(os.path.join(database.server.data, "standby.signal"), "w").close()
    database.server.start()
    done = optimize(database, "--yes")
    assert done.returncode == 2 and "this is a standby, which is read-only: do it on the primary" in done.stderr, done
    done = optimize(database, "--yes", "--format", "json")
    assert done.returncode == 2 and [row["left_out"] for row in json.loads(done.stdout)] == ["this is a standby, which is read-only: do it on the primary"], done


def test_a_pooler_is_refused(start_database, start_pgbouncer, dbvitals):
    database = start_database()
    tables(database, 20000)
    bouncer = start_pgbouncer(database.server, pool_size=5)
    done = dbvitals("optimize", "--yes", "--config", "/dev/null", f"host={bouncer.host} port={bouncer.port} user=postgres dbname={database.dbname}", timeout=60)
    assert done.returncode == 2 and "a pooler stands between" in done.stderr, done
    assert analyzed(database) == []
