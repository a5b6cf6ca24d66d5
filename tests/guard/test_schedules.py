"""Schedules: the guard cures when it is due, only then, alone, never on a standby; what it did is told, kept, and known after a restart."""
import datetime
import json
import os
import re
import signal
import subprocess

import pytest

import servers

STALE = "create table {0}(id int) with (autovacuum_enabled = off); insert into {0} select generate_series(1, {1})"


@pytest.fixture
def shop(start_server, guard):
    """A server that the guard watches."""
    server = start_server()
    guard.sections["target shop"] = {"url": server.conninfo()}
    return server


def analyzed(server):
    """Tables that ANALYZE was done on, as the server tells."""
    return server.psql("select relname from pg_stat_user_tables where last_analyze is not null order by 1").split()


def slow(server):
    """A table whose ANALYZE takes minutes."""
    server.psql(STALE.format("orders", 200000))
    server.psql("alter role postgres set vacuum_cost_delay = 100; alter role postgres set vacuum_cost_limit = 1")


def analyzing(server):
    return server.value("select count(*) from pg_stat_activity where state = 'active' and query like 'ANALYZE%%'")


def clock(hours):
    """What a clock in UTC shows so many hours from now."""
    return (datetime.datetime.now(datetime.timezone.utc) + datetime.timedelta(hours=hours)).strftime("%H:%M")


def between(first, last):
    return {"between": f"{clock(first)}-{clock(last)}", "timezone": "UTC"}


def row(guard, schedule="nightly", target="shop"):
    rows = guard.select(f"select * from schedules where schedule = '{schedule}' and target = '{target}'")
    return rows[0] if isinstance(rows, list) and rows else {}


def wait_row(guard, schedule="nightly", timeout_s=30, **wanted):
    def there():
        return wanted.items() <= row(guard, schedule).items()
    servers.wait_for(there, timeout_s, lambda: f"{wanted} did not come: {row(guard, schedule)}\n{guard.log()}")
    return row(guard, schedule)


def lines(guard, event, **pairs):
    """Lines of the log with that event."""
    return [line for line in guard.log().splitlines()
            if f'event="{event}"' in line and all(re.search(rf'\b{k}="?{re.escape(v)}', line) for k, v in pairs.items())]


def wait_line(guard, event, n=1, timeout_s=30, **pairs):
    servers.wait_for(lambda: len(lines(guard, event, **pairs)) >= n, timeout_s, lambda: f"{event} {pairs} did not come {n} times:\n{guard.log()}")
    return lines(guard, event, **pairs)


def remembered(guard, ago_s, **keys):
    """What a guard that ran AGO_S before would have left of the schedule nightly."""
    at = datetime.datetime.now().timestamp() - ago_s
    section = guard.sections["schedule nightly"]
    when = ", ".join(f"{before}{section[k]}" for k, before in (("every", "every "), ("at", "at "), ("between", "between "), ("timezone", "")) if k in section)
    guard.state.mkdir(parents=True, exist_ok=True)
    text = {"schedule": "nightly", "target": "shop", "when": when, "handled": at, **keys}
    (guard.state / "schedules").write_text("[turn 1]\n" + "".join(f"{k} = {v}\n" for k, v in text.items()))


def test_what_is_due_is_done_and_the_ledger_says_who(shop, guard):
    shop.psql(STALE.format("orders", 20000))
    guard.sections["schedule nightly"] = {"every": "1s"}
    guard.start()
    servers.wait_for(lambda: analyzed(shop) == ["orders"], 30, guard.log)
    begun = wait_line(guard, "a cure begins", by="schedule nightly")
    assert 'ANALYZE \\"public\\".\\"orders\\"' in begun[0] and "target=shop" in begun[0]
    wait_line(guard, "a schedule has ended", schedule="nightly", target="shop", result="done", message="1 step done")
    # Then there is nothing to do, and that is no failure.
    wait_line(guard, "a schedule has ended", result="done", message="nothing to do")
    kept = wait_row(guard, result="done", message="nothing to do", failed=0)
    assert kept["due_when"] == "every 1s" and kept["actions"] == "analyze, vacuum" and kept["ended_at"] >= kept["began_at"], kept
    entries = guard.select("select action, label, by_whom, state from ledger")
    assert entries == [{"action": "analyze", "label": "public.orders", "by_whom": "schedule nightly", "state": "done"}], entries
    assert guard.stop() == 0


def test_only_what_it_names_is_done_and_only_where(shop, start_server, guard):
    other = start_server()
    guard.sections["target other"] = {"url": other.conninfo()}
    guard.sections["schedule nightly"] = {"every": "1s", "do": "vacuum", "targets": "sh*"}
    for server in (shop, other):
        server.psql(STALE.format("orders", 20000))
        server.psql("create table dead(id int primary key) with (autovacuum_enabled = off); insert into dead select generate_series(1, 30000)")
        server.psql("analyze dead")
        server.psql("update dead set id = -id")
    guard.start()
    vacuumed = "select relname from pg_stat_user_tables where last_vacuum is not null"
    servers.wait_for(lambda: shop.psql(vacuumed) == "dead", 30, guard.log)
    wait_line(guard, "a schedule has ended", n=3)
    assert analyzed(shop) == ["dead"] and analyzed(other) == ["dead"]  # by this test
    assert other.psql(vacuumed) == "" and row(guard, target="other") == {} and not lines(guard, "a schedule begins", target="other")


@pytest.mark.waits
def test_a_standby_is_left_alone_until_it_is_none(shop, guard):
    shop.psql(STALE.format("orders", 20000))
    shop.stop()
    open(os.path.join(shop.data, "standby.signal"), "w").close()
    shop.start()
    guard.sections["schedule nightly"] = {"every": "1s"}
    guard.start()
    wait_line(guard, "a schedule is left", result="standby", message="the target is a standby")
    first = wait_row(guard, result="standby", failed=0)["ended_at"]
    servers.wait_for(lambda: row(guard).get("ended_at", 0) > first + 2, 30, guard.log)  # it was due again, more than once
    assert len(lines(guard, "a schedule is left")) == 1  # and told once
    assert not lines(guard, "a schedule begins") and not lines(guard, "a cure begins")
    shop.psql("select pg_promote()")
    servers.wait_for(lambda: analyzed(shop) == ["orders"], 30, guard.log)
    wait_row(guard, result="done")


def test_two_schedules_are_never_at_work_on_a_target_at_once(shop, guard):
    shop.psql(STALE.format("a", 20000))
    shop.psql(STALE.format("b", 10000))
    for name in ("first", "second"):
        guard.sections[f"schedule {name}"] = {"every": "1s"}
    guard.start()
    for name in ("first", "second"):
        wait_line(guard, "a schedule has ended", n=2, schedule=name)
    assert analyzed(shop) == ["a", "b"]
    at_work = []
    for line in guard.log().splitlines():
        name = re.search(r"schedule=(\w+)", line)
        if 'event="a schedule begins"' in line:
            assert at_work == [], guard.log()
            at_work.append(name[1])
        elif 'event="a schedule has ended"' in line:
            assert at_work.pop() == name[1], guard.log()


def test_outside_its_hours_nothing_is_done(shop, guard):
    shop.psql(STALE.format("orders", 20000))
    guard.sections["schedule nightly"] = {"every": "1s", **between(2, 4)}
    guard.sections["schedule clock"] = {"every": "1s", "do": "vacuum", **between(-2, 2)}
    guard.start()
    wait_line(guard, "a schedule has ended", n=3, schedule="clock")
    assert not [line for line in guard.log().splitlines() if "schedule=nightly" in line and "is set" not in line] and analyzed(shop) == []
    kept = row(guard)
    now = datetime.datetime.now().timestamp()
    assert kept["state"] == "idle" and kept["began_at"] is None and kept["result"] is None and now + 6000 < kept["next_at"] <= now + 7200, kept


def test_what_runs_at_the_end_of_the_limit_is_cancelled_and_that_is_said(shop, guard):
    slow(shop)
    guard.sections["schedule nightly"] = {"every": "1h", "limit": "6s", **between(-0.5, 3)}
    guard.sections["rules"]["packs"] = "standard"
    remembered(guard, 86400)
    guard.start()
    servers.wait_for(lambda: analyzing(shop) == 1, 30, guard.log)
    said = wait_line(guard, "a schedule has ended", result="cancelled")[0]
    assert "its limit was over: 6.0 s" in said and "1 cancelled or failed" in said and "level=warning" in said, said
    servers.wait_for(lambda: analyzing(shop) == 0, 10, guard.log)
    assert analyzed(shop) == []
    wait_row(guard, result="cancelled", failed=1, steps_failed=1, steps_done=0)
    assert guard.select("select state, by_whom from ledger") == [{"state": "cancelled", "by_whom": "schedule nightly"}]
    # The rule that ships reads it.
    servers.wait_for(lambda: "schedule_failed" in guard.alerts(), 40, guard.log)
    assert "schedule nightly cancelled: 1 cancelled" in str(guard.alerts()["schedule_failed"])


def test_a_run_that_was_begun_is_not_begun_again_by_the_guard_after(shop, guard):
    slow(shop)
    guard.sections["schedule nightly"] = {"every": "1d", **between(-1, 3)}
    remembered(guard, 86400)  # it was not there when its hours began: it is late
    guard.start()
    servers.wait_for(lambda: analyzing(shop) == 1, 30, guard.log)
    guard.kill()
    guard.sections["schedule clock"] = {"every": "1s", "do": "vacuum", "limit": "1m"}
    guard.start()
    kept = wait_row(guard, result="broken", failed=1)
    assert "the guard ended in the middle" in kept["message"] and kept["next_at"] > datetime.datetime.now().timestamp() + 3600, kept
    wait_line(guard, "a schedule has ended", n=2, schedule="clock")
    assert len(lines(guard, "a schedule begins", schedule="nightly")) == 1
    assert guard.stop() == 0


def test_what_was_missed_is_told_and_not_done_at_another_time(shop, guard):
    shop.psql(STALE.format("orders", 20000))
    guard.sections["schedule nightly"] = {"every": "1d", **between(-5, -3)}
    remembered(guard, 3 * 86400)
    guard.start()
    said = wait_line(guard, "a schedule is left", schedule="nightly", result="missed")[0]
    assert "the guard did not run, the machine slept" in said
    wait_row(guard, result="missed", failed=1)
    assert not lines(guard, "a schedule begins") and analyzed(shop) == []


def test_a_file_that_is_damaged_is_put_aside_and_nothing_is_due_before_now(shop, guard):
    guard.sections["schedule nightly"] = {"every": "1d", **between(-1, 3)}
    guard.state.mkdir(parents=True)
    (guard.state / "schedules").write_text("[turn 1]\nschedule = nightly\n")
    guard.start()
    assert "put aside" in wait_line(guard, "what schedules did is forgotten: nothing is due before now")[0]
    wait_row(guard, state="idle", result=None)
    assert [p.name for p in guard.state.iterdir() if "damaged" in p.name]
    assert not lines(guard, "a schedule begins")


def test_a_config_read_again_has_its_schedules_and_ends_those_that_are_gone(shop, guard):
    slow(shop)
    guard.start()
    guard.wait_log("target up")
    guard.sections["schedule nightly"] = {"every": "1s"}
    guard.write()
    guard.signal(signal.SIGHUP)
    servers.wait_for(lambda: analyzing(shop) == 1, 30, guard.log)
    good = guard.path.read_text()
    guard.write(good.replace("every = 1s", "every = 1s\ndo = drop_slot"))
    guard.signal(signal.SIGHUP)
    guard.wait_log("is refused")
    assert "[schedule nightly] do: drop_slot asks a person to type what it is done to" in guard.log()
    assert analyzing(shop) == 1
    del guard.sections["schedule nightly"]
    guard.write()
    guard.signal(signal.SIGHUP)
    assert "it is not in the config any more" in wait_line(guard, "a schedule has ended", result="cancelled")[0]
    servers.wait_for(lambda: analyzing(shop) == 0 and row(guard) == {}, 10, guard.log)


def test_a_second_guard_of_the_same_directory_does_nothing(shop, guard, program):
    shop.psql(STALE.format("orders", 20000))
    first = type(guard)(program, guard.folder / "f")
    first.sections["guard"]["state_directory"] = guard.state
    first.sections["target shop"] = {"url": shop.conninfo()}
    first.start()
    try:
        first.wait_log("target up")
        guard.sections["schedule nightly"] = {"every": "1s"}
        guard.start()
        guard.wait_log("another guard has the state directory")
        guard.wait_log("target up")
        assert not lines(guard, "a schedule begins") and analyzed(shop) == []
        assert first.stop() == 0
        wait_line(guard, "a schedule begins")
    finally:
        first.stop()


def test_a_guard_that_ends_cancels_what_runs_and_keeps_that(shop, guard):
    slow(shop)
    guard.sections["schedule nightly"] = {"every": "1s"}
    guard.start()
    servers.wait_for(lambda: analyzing(shop) == 1, 30, guard.log)
    assert guard.stop() == 0
    assert "the guard ended" in lines(guard, "a schedule has ended", result="cancelled")[0]
    assert analyzing(shop) == 0
    text = (guard.state / "schedules").read_text()
    assert "result = cancelled" in text and "message = 1 cancelled or failed: the guard ended" in text, text


def test_read_only_runs_no_schedule(shop, guard):
    shop.psql(STALE.format("orders", 20000))
    guard.sections["schedule nightly"] = {"every": "1s"}
    guard.start("--read-only")
    guard.wait_log("no schedule is run: --read-only")
    guard.wait_log("target up")
    assert not lines(guard, "a schedule begins") and row(guard) == {}


def test_a_persons_round_is_waited_for(shop, guard):
    slow(shop)
    guard.sections["http"].update({"allow": "analyze", "act_token": "let-me-in-0123456789"})
    guard.start()
    guard.wait_log("target up")
    done = subprocess.run(["curl", "-sS", "--unix-socket", guard.socket, "-H", "Authorization: Bearer let-me-in-0123456789", "-H", "Content-Type: application/json",
                           "-d", json.dumps({"only": "analyze", "dry_run": False}), "http://x/database/optimize"], capture_output=True, text=True, timeout=60)
    servers.wait_for(lambda: analyzing(shop) == 1, 30, lambda: done.stdout + guard.log())
    guard.sections["schedule nightly"] = {"every": "1s"}
    guard.write()
    guard.signal(signal.SIGHUP)
    wait_line(guard, "a schedule waits", message="another round is at work there")
    said = wait_line(guard, "a schedule is left", result="left")[0]
    assert "its time was over before it could begin: another round is at work there" in said
    assert not lines(guard, "a schedule begins")
    shop.psql("select pg_cancel_backend(pid) from pg_stat_activity where query like 'ANALYZE%' and state = 'active'")
    wait_line(guard, "a schedule begins")


def test_the_check_of_the_config_knows_schedules(guard):
    guard.sections["schedule nightly"] = {"at": "03:00", "between": "04:00-05:00"}
    guard.write()
    done = guard.ask("config", "check")
    assert done.returncode == 1 and "[schedule nightly] at: 03:00 is never between 04:00-05:00" in done.stderr, done
    guard.sections["schedule nightly"] = {"at": "04:00", "targets": "shop"}
    guard.sections["target crm"] = {"url": "dbname=crm"}
    guard.write()
    assert "targets: there is no [target shop]" in guard.ask("config", "check").stderr
    guard.sections["schedule nightly"] = {"at": "04:00", "do": "terminate"}
    guard.write()
    assert "do: no finding is cured by terminate" in guard.ask("config", "check").stderr
    guard.sections["schedule nightly"] = {"at": "04:00", "do": "analyze, vacuum, reindex", "targets": "crm"}
    guard.write()
    done = guard.ask("config", "check")
    assert done.returncode in (0, 1) and ("reindex" in done.stderr or done.returncode == 0), done


def test_the_log_tells_at_the_start_when_each_schedule_is_due_next(shop, guard):
    guard.sections["schedule nightly"] = {"at": "01:00", "timezone": "Asia/Kolkata"}
    guard.start()
    line = wait_line(guard, "a schedule is set", schedule="nightly")[0]
    assert re.search(r'next="\w{3} \d{4}-\d\d-\d\d 01:00 \+05:30"', line), line
