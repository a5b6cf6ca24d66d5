"""From a row under the cursor to a job on a real server, on a pseudo-terminal: what changes it, and all that must not."""
import os
import re
import signal

import pytest

import screen
from busy import STUBBORN, Busy
from dialogs import confirm, escape, only, read_it
from servers import wait_for


def opened(shop, program, *words, page="tables", **more):
    s = screen.Screen([program, "--page", page, *words], **{"rows": 30, "columns": 120, "env": shop.env(), **more})
    s.wait("orders") if page in ("tables", "indexes") else s.wait(page)
    return s


def analyzed(shop, name="orders"):
    return shop.value("select count(*) from pg_stat_user_tables where relname = %s and last_analyze is not null", (name,)) == 1


def on_orders(s):
    s.send("/", "orders", "enter")
    s.wait(lambda t: "users" not in t.split("▶")[-1])


def test_a_key_a_dialog_and_y_run_it_and_the_job_is_seen(shop, program):
    with opened(shop, program) as s:
        on_orders(s)
        s.send("A")
        text = s.wait("y does it")
        assert 'ANALYZE "public"."orders"' in text and "changed since the last ANALYZE" in text
        assert not analyzed(shop)
        read_it(s)
        s.send("y")
        s.wait("done: analyze public.orders")
        assert analyzed(shop) and not analyzed(shop, "users")
        s.send(":page cures", "enter")
        s.wait(re.compile(r"1\s+done\s+analyze\s+public.orders").search)


def test_nothing_else_changes_the_server(shop, program):
    """A single key, Enter, type-ahead, a paste, keys of the first 300 ms."""
    with opened(shop, program) as s:
        on_orders(s)
        for keys in (["A", "y"], ["Ay"], ["\x1b[200~Ay\x1b[201~"]):  # a paste is no key: it opens nothing
            s.send(*keys)
            read_it(s)
            escape(s)
            s.wait(lambda t: "y does it" not in t)
        for key in ("enter", "space", "q", "Y", "\x1b[200~y\x1b[201~"):
            s.send("A")
            s.wait("y does it")
            read_it(s)
            s.send(key)
            s.wait(lambda t: "y does it" not in t)
        for key in "AVIDCK":
            s.send(key)
            escape(s)
        read_it(s)
        assert s.status is None
    assert not analyzed(shop)
    assert shop.value("select count(*) from pg_class where relname = 'orders_v'") == 1


def test_off_in_the_past_paused_and_read_only(shop, program):
    with opened(shop, program) as s:
        s.send("space")
        s.wait("PAUSED")
        s.send("A")
        s.wait("it is paused: Space goes on")
        read_it(s)
        s.send("y", "space")
        wait_for(lambda: (s.send("["), s.read(0.5), "PAST" in s.text())[-1], 20, s.text)  # as soon as there are two samples
        s.send("A")
        s.wait("this is the past: End goes to now")
        read_it(s)
        s.send("y", "end")
        s.wait("live")
    with opened(shop, program, "--read-only") as s:
        s.send("A")
        s.wait("--read-only: nothing here changes a server")
        read_it(s)
        s.send("y")
        read_it(s)
    assert not analyzed(shop) and not analyzed(shop, "users")


def test_off_on_numbers_that_are_old(shop, program):
    with opened(shop, program, page="sessions") as s:
        c = shop.connect(application_name="victim")
        s.wait("victim")
        s.send("/", "victim", "enter")
        s.wait(lambda t: "victim" in t)
        shop.pause()
        try:
            s.wait(re.compile(r"STALE\s+([4-9]|1\d)").search, timeout_s=15)
            s.send("K")
            s.wait(re.compile(r"nothing was done: what is known of \S+ is \d+ s old").search)
            read_it(s)
            s.send("y")
        finally:
            shop.resume()
        c.cursor().execute("select pg_sleep(1)")
        c.close()


def test_several_tagged_rows_ask_for_their_number(shop, program):
    with opened(shop, program) as s:
        s.send("t", "t", "A")
        text = s.wait("type 2 and Enter")
        assert 'ANALYZE "public"."orders"' in text and 'ANALYZE "public"."users"' in text
        read_it(s)
        s.send("enter", "y", "enter")
        s.wait("that is not it")
        assert not analyzed(shop)
        s.send("backspace", "2", "enter")
        s.wait(lambda t: "2 jobs begun" in t or "analyze: 2 done" in t)
        s.wait("analyze: 2 done")
        assert analyzed(shop) and analyzed(shop, "users")


def test_off_on_a_page_that_is_read_seldom_when_its_server_is_stopped(shop, program):
    """Tables are read every few seconds at most: they are not old yet when the head says STALE."""
    with opened(shop, program) as s:
        on_orders(s)
        s.send("A")
        s.wait("y does it")
        read_it(s)
        shop.pause()
        try:
            s.wait(re.compile(r"STALE\s+([4-9]|1\d)").search, timeout_s=15)
            s.send("y")
            s.wait(re.compile(r"\w+, so nothing was done: what is known of \S+ is \d+ s old").search)
            for key in "A.":
                s.send(key)
                s.wait(re.compile(r"\w+, so nothing was done: what is known of \S+ is \d+ s old").search)
                assert "ANALYZE" not in s.text()
        finally:
            shop.resume()
    assert not analyzed(shop)


def test_a_name_with_a_line_break_is_seen_and_runs_as_it_is(shop, program):
    shop.psql('create table "we ird\nname" (a int); create table "we ird name" (a int)')
    with opened(shop, program) as s:
        s.wait("we ird")
        s.send("/", "we ird", "enter")
        s.wait(lambda t: "users" not in t.split("▶")[-1])
        for expected, after in (("we ird", None), ("we ird", "down")):
            s.send(*([after] if after else []), "A")
            text = s.wait("y does it")
            assert ("we ird␊name" in text) == ("has a line break" in text), text
            assert ("we ird␊name" in text) != ('"we ird name"' in text), text
            broken = "we ird␊name" in text
            read_it(s)
            if broken:
                s.send("y")
                s.wait("done: analyze")
                assert analyzed(shop, "we ird\nname") and not analyzed(shop, "we ird name")
                s.send(":page cures", "enter")
                s.wait(re.compile(r"▶\s+1\s+done\s+analyze").search)
                s.send("enter")
                text = s.wait("has a line break")
                assert "we ird␊name" in text
                return
            s.send("n")
            s.wait(lambda t: "y does it" not in t)
    raise AssertionError("the one with the line break never stood there")


def test_three_sessions_are_told_apart_in_one_dialog_of_80x24(shop, program):
    holder = shop.connect(autocommit=False, application_name="batch-holder")
    holder.cursor().execute("update orders set v = 'y' where id = 1")
    idle = shop.connect(application_name="batch-idle")
    idle.cursor().execute("vacuum orders")
    busy = Busy(shop, "update orders set v = 'z' where id = 1", application_name="batch-busy")
    with opened(shop, program, page="sessions", rows=24, columns=80) as s:
        s.wait(lambda t: t.count("update orders") == 2 and "vacuum orders" in t)
        s.send(*"ttt")
        s.wait("3 tagged")
        s.send("K")
        text = s.wait("type 3 and Enter")
        for told in ("batch-holder as", "batch-idle as", "batch-busy as", "transaction open for", "ran last: vacuum orders", "runs: update orders"):
            assert told in text, text
        assert "THIS IS" not in text and "THIS BUILDS" not in text, text
        escape(s)
    holder.close()
    busy.end()
    idle.close()


def test_an_escalation_tells_each_step_and_ends_what_does_not_heed(shop, program):
    busy = Busy(shop, STUBBORN, application_name="stubborn")
    with opened(shop, program, page="sessions") as s:
        s.wait("stubborn")
        only(s, "stubborn")
        s.send("E")
        s.wait("seconds it gets")
        s.send("4", "enter")
        text = s.wait("y does it")
        assert f"pg_cancel_backend({busy.pid})" in text and f"pg_terminate_backend({busy.pid}, 5000)" in text and "no effect 4 s later" in text, text
        read_it(s)
        s.send("y")
        s.wait("1 job begun")
        s.send(":page cures", "enter")
        s.wait(re.compile(r"cancelled [\d.]+ s ago, waits up to 4.0 s, then ends it").search)
        s.wait("done: end_query pid")
        assert "did not heed the cancel in 4 s: terminated" in s.text()
        s.send("enter")
        s.wait("-- if that is not heeded in 4.0 s")
    busy.end()
    assert busy.why is not None
    assert shop.value("select count(*) from pg_stat_activity where pid = %s", (busy.pid,)) == 0


def test_what_ends_of_many_is_told_as_a_sum_with_the_first_that_could_not(shop, program):
    """Six tagged sessions: one goes before the confirmation, one belongs to a superuser."""
    shop.psql("create role worker login; create role oncall login; grant pg_monitor, pg_signal_backend to oncall")
    sessions = [shop.connect(user="worker", application_name=f"batch-{i}") for i in range(5)]
    boss = shop.connect(application_name="batch-boss")
    with opened(shop, program, "-U", "oncall", page="sessions") as s:
        s.wait("batch-boss")
        s.send("/", "batch", "enter")
        s.wait(lambda t: t.count("batch-") == 6 and "/batch " in t)
        s.send(*"tttttt")
        s.wait("6 tagged")
        s.send("K")
        s.wait("type 6 and Enter")
        read_it(s)
        sessions[4].close()
        s.send("6", "enter")
        text = s.wait(re.compile(r"terminate: 4 done, 2 failed: pid \d+: ").search)
        assert "tagged" not in text
        s.send(":page cures", "enter")
        s.wait(lambda t: "the session has ended by itself" in t and "uperuser" in t and t.count(" done ") >= 4)
    assert shop.value("select count(*) from pg_stat_activity where application_name like 'batch-%%'") == 1
    boss.cursor().execute("select 1")


def test_a_right_that_is_missing_is_told_before_the_server_refuses(shop, program):
    shop.psql("create role worker login; create role watcher login; grant pg_monitor to watcher")
    other, own = shop.connect(user="worker", application_name="theirs"), shop.connect(user="watcher", application_name="our-own")
    refused = "the server refuses it unless watcher is a member of worker or of pg_signal_backend; a superuser's session is ended by superusers only"
    with opened(shop, program, "-U", "watcher", page="sessions") as s:
        s.wait("theirs")
        only(s, "theirs")
        s.send("K")
        text = s.wait("y does it")
        assert refused in " ".join(text.replace("│", "").split()), text
        s.send("esc")
        s.wait(lambda t: "y does it" not in t)
        only(s, "our-own")
        s.send("K")
        text = s.wait("y does it")
        assert "refuses" not in text, text
        s.send("esc")
    for c in (other, own):
        c.close()


def test_a_hundred_rows_are_one_list_and_open_few_connections(shop, program):
    shop.psql("do $$ begin for i in 1..100 loop execute format('create table batch_%s (a int)', lpad(i::text, 3, '0')); end loop; end $$")
    with opened(shop, program) as s:
        s.wait("batch_001")
        only(s, "batch_", "orders", "users")
        for _ in range(100):
            s.send("t")
            s.read(0.02)
        s.wait("100 tagged")
        s.send("A")
        s.wait("type 100 and Enter")
        read_it(s)
        s.send("100", "enter")
        s.wait("analyze: 100 done", timeout_s=60)
    assert shop.value("select count(*) from pg_stat_user_tables where last_analyze is not null") == 100


def test_an_idle_transaction_is_ended_where_cancelling_has_no_effect(shop, program):
    c = shop.connect(autocommit=False, application_name="idler")
    c.cursor().execute("update orders set v = 'y' where id = 1")
    with opened(shop, program, page="sessions") as s:
        s.wait("idler")
        s.send("/", "idler", "enter")
        s.wait(lambda t: "idler" in t)
        s.send("C")
        s.wait("there is no statement to cancel")
        read_it(s)
        s.send("K")
        text = s.wait("y does it")
        assert f"SELECT pg_catalog.pg_terminate_backend({c.info.backend_pid})" in text and "rolls back" in text
        read_it(s)
        s.send("y")
        s.wait("done: terminate")
    assert shop.value("select count(*) from pg_stat_activity where pid = %s", (c.info.backend_pid,)) == 0
    assert shop.value("select v from orders where id = 1") == "x"


def test_leaving_asks_what_becomes_of_a_job_and_it_can_be_cancelled(shop, program):
    c = shop.connect(autocommit=False)
    c.cursor().execute("insert into orders values (-1, 'x')")
    with opened(shop, program, page="indexes") as s:
        s.send("/", "orders_v", "enter")
        s.wait(lambda t: "users_pkey" not in t)
        s.send("I")
        s.wait("y does it")
        read_it(s)
        s.send("y")
        s.wait("1 job begun")
        s.send(":page cures", "enter")
        s.wait("waits for")
        s.send("q")
        s.wait("1 job has not ended")
        read_it(s)
        s.send("x")
        s.wait(lambda t: "has not ended" not in t)
        s.send("q")
        s.wait("1 job has not ended")
        read_it(s)
        s.send("c")
        assert s.wait_end() == 0
    c.close()
    assert shop.value("select count(*) from pg_stat_activity where query ~ '^REINDEX' and state = 'active'") == 0


def test_a_job_that_left_an_invalid_index_says_where_it_is_dropped(shop, program):
    c = shop.connect(autocommit=False)
    c.cursor().execute("insert into orders values (-1, 'x')")
    with opened(shop, program, page="indexes") as s:
        only(s, "orders_v", "users_pkey")
        s.send("I")
        confirm(s, "y does it", "y")
        s.wait("1 job begun")
        s.send(":page cures", "enter")
        s.wait("waits for")
        s.send("C")
        confirm(s, "y cancels it", "y")
        s.wait(re.compile(r"cancelled\s+reindex").search)
        s.send(".")
        s.wait("it left an invalid index: page indexes, key D on its row drops it")
        s.send("enter")
        s.wait("an invalid index stands there: public.orders_v_ccnew")
        s.wait("-- :page indexes, / and its name, then D drops it")
        c.rollback()
        s.send(":page indexes", "enter")
        only(s, "orders_v_ccnew")
        s.send("D")
        confirm(s, "y does it", "y")
        s.wait("done: drop_index")
    c.close()
    assert shop.value("select count(*) from pg_index where not indisvalid") == 0


def a_long_job(shop, s):
    """A VACUUM that takes some seconds runs; the pid of its process."""
    s.wait("orders")
    only(s, "orders", "users")
    s.send("V")
    confirm(s, "y does it", "y")
    wait_for(lambda: running(shop), 10, lambda: "the VACUUM does not run")


def running(shop):
    return shop.value("select count(*) from pg_stat_activity where query like 'VACUUM (TRUNCATE%%' and state = 'active'")


@pytest.fixture
def slow_shop(start_server):
    """A server that takes its time for a VACUUM, and would notice a client that is gone."""
    s = start_server(vacuum_cost_delay="20ms", vacuum_cost_limit="20", autovacuum="off", client_connection_check_interval="200ms")
    s.psql("create table orders (id int, v text); insert into orders select i, repeat('x', 500) from generate_series(1, 12000) i; delete from orders;"
           "create table users (id int primary key)")
    return s


@pytest.mark.parametrize("how", ["l", "ctrl-c l", signal.SIGTERM, signal.SIGHUP, "hang up"])
def test_who_leaves_leaves_the_server_to_go_on_with_what_runs(slow_shop, program, how):
    with opened(slow_shop, program) as s:
        a_long_job(slow_shop, s)
        if how == "hang up":
            os.close(s.fd)
            s.fd = os.open(os.devnull, os.O_RDWR)
        elif isinstance(how, int):
            s.signal(how)
        else:
            s.send("q" if how == "l" else "ctrl-c")
            confirm(s, "l leaves now", "l")
        wait_for(s.ended, 10, lambda: "it did not end")
        if how != "hang up":
            assert "goes on with vacuum public.orders, as pid" in s.text()
    assert running(slow_shop) == 1, "it ended with its dashboard"
    wait_for(lambda: slow_shop.value("select last_vacuum is not null from pg_stat_user_tables where relname = 'orders'"), 60, lambda: "it was not done")


def test_who_waits_leaves_when_it_is_done_and_who_cancels_when_the_server_has_obeyed(slow_shop, program):
    with opened(slow_shop, program) as s:
        a_long_job(slow_shop, s)
        s.send("q")
        confirm(s, "l leaves now", "w")
        s.wait("it ends when the last job has")
        s.send("q")
        confirm(s, "l leaves now", "c")
        assert s.wait_end() == 0
    assert running(slow_shop) == 0
    assert slow_shop.value("select last_vacuum is null from pg_stat_user_tables where relname = 'orders'")


def test_a_finding_without_a_key_is_cured_from_its_row_and_its_page(start_server, program):
    shop = start_server(max_slot_wal_keep_size="1MB")
    shop.psql("select pg_create_physical_replication_slot('left_over', true), pg_create_physical_replication_slot('forgotten', true)")
    for _ in range(4):
        shop.psql("create table if not exists t(a int); insert into t select 1; select pg_switch_wal()")
    shop.psql("checkpoint")
    with opened(shop, program, page="findings") as s:
        s.wait("left_over", timeout_s=30)
        only(s, "left_over", "forgotten")
        s.send("A")
        s.wait("this finding is about something else: . tells its cure")
        read_it(s)
        s.send("n")
        s.wait(lambda t: "tells its cure" not in t)
        s.send(".")
        s.wait("drop the slot")
        s.send("enter")
        confirm(s, "type left_over and Enter", "left_over", "enter")
        s.wait("done: drop_slot left_over")
        escape(s)
        only(s, "forgotten", "left_over")
        s.send("enter")
        s.wait("key . here: drop_slot; its name is to be typed, so optimize leaves it")
        s.send(".")
        s.wait("drop the slot")
        s.send("enter")
        confirm(s, "type forgotten and Enter", "forgotten", "enter")
        s.wait("done: drop_slot forgotten")
    assert shop.value("select count(*) from pg_replication_slots") == 0
