"""config check: what would be lost later, or never work, is refused with the file and the line it stands in."""
import datetime
import sqlite3

import pytest

HOOK = "[webhook ops]\nurl = http://127.0.0.1:9/\n"
RULE = "[rule r]\nfrom = pools\nvalue = waiting\n"

WRONG = [
    (HOOK + "format = custom\nsql = select title from alert", 4, "`body`"),
    (HOOK + "format = custom\nsql = select 1 as body", 4, "no text"),
    (HOOK + "format = custom\nsql = select nobody as body", 4, "no such column: nobody"),
    (HOOK + "format = slak", 3, "there is no 'slak'"),
    (HOOK + "format = pagerduty", 1, "secret"),
    (HOOK + "format = opsgenie", 1, "secret"),
    (HOOK + "secret = whsec_!", 3, "not base64"),
    (HOOK + "ca_file = /nowhere/ca.pem", 3, "cannot read /nowhere/ca.pem"),
    ("[webhook ops]\nurl = http://", 2, "URL"),
    ("[webhook ops]\nurl = http://a b/", 2, "URL"),
    ("[guard]\nheartbeat_url = foo", 2, "URL"),
    ("[rules]\npacks = none, standard", 2, "none"),
    ("[rules]\npacks = standart", 2, "did you mean 'standard'"),
    ("[http]\nlisten = 0.0.0.0:9", 2, "without a token"),
    ("[http]\nallow = everything", 2, "no action is called so"),
    ("[http]\nlisten = somewhere", 2, "127.0.0.1:9630"),
    ("[http]\nsocket = /" + "x" * 200, 2, "bytes"),
    ("[http]\ntoken = a b", 2, "blanks"),
    ("[http]\ntoken = planted\nact_token = planted", 3, "same"),
    (RULE + "warning = > 10\ncritical = > 5", 5, "reached before"),
    (RULE + "warning = > 10\ncritical = < 5", 5, "one way"),
    (RULE + "warning = > 10\nclear = > 5", 5, "never resolve"),
    (RULE + "warning = > 10\nsummary = {nothing_of_it}", 5, "{nothing_of_it}"),
    (RULE + "warning = > 10\nsql = select target, 1 as value from pools", 2, "sql"),
    ("[rule r]\nfrom = pools\nvalue = utilization\nwarning = > 80", 4, "did you mean 80 %?"),
    ("[rule r]\nfrom = sessions\nvalue = xact_s\nwarning = > 1m", 3, "did you mean 'xact_age_s'?"),
]


APP = "[target a]\nurl = http://127.0.0.1:9/\n"
# What cannot be a target: the lines, where it stands, the key that is named, what is said.
WRONG_TARGETS = [
    ("[target a]\nurl = redis://x:port/0", 2, "url", "port"),
    ("[target a]\nurl = redis://x/none", 2, "url", "database"),
    ("[target a]\nurl = rediss://x/0\nca_file = /nowhere/ca.pem", 3, "ca_file", "cannot read /nowhere/ca.pem"),
    ("[target a]\nurl = sqlite:", 2, "url", "no file"),
    ("[target a]\nurl = http://", 2, "url", "http://host/path"),
    ("[target a]\nurl = backups:", 2, "url", "whole path"),
    ("[target a]\nurl = ftp://x/", 2, "url", "no product serves"),
    ("[target a]\nurl = HTTP://x/", 2, "url", "no product serves"),
    ("[target a]\nurl = SQLITE:/x", 2, "url", "no product serves"),
    ("[target a]\nurl = POSTGRESQL://x/", 2, "url", "no product serves"),
    ("[target a]\nurl = postgresql://x:y:z/", 2, "url", "port"),
    ("[target a]\nurl = pgbouncer://x:port/", 2, "url", "port"),
    ("[target a]\nurl = host=x nobody=y", 2, "url", "nobody"),
    (APP + "pool.size = $..size", 3, "pool.size", "no path"),
    (APP + "pool.size = abc def", 3, "pool.size", "metric's name"),
    (APP + "pool.size = $.x]", 3, "pool.size", "no path"),
    (APP + "pool.size = -5", 3, "pool.size", "below zero"),
    (APP + "header = planted", 3, "header", "Name: value"),
    (APP + "header = X-A: 1\n  planted", 3, "header", "line 2"),
    (APP + "caches = nodollar", 3, "caches", "no path"),
    (APP + "pools = $.x[", 3, "pools", "no path"),
    (APP + "latency = a-b", 3, "latency", "histogram"),
    (APP + "latency = a_bucket", 3, "latency", "without _bucket"),
    (APP + "ca_file = /nowhere/ca.pem", 3, "ca_file", "cannot read /nowhere/ca.pem"),
    (APP + "env = prod\nmigrations = /srv/m", 4, "migrations", "one of PostgreSQL, not of application"),
    ("[target a]\nurl = sqlite:/x.db\nstack = shop\npool.idle = $.idle", 4, "pool.idle", "one of application, not of SQLite"),
    ("[target a]\nurl = backups:/x/*.gz\nconnect_timeout = 1s", 3, "connect_timeout", "one of PostgreSQL, PgBouncer, Redis, not of backups"),
]


@pytest.fixture
def config(tmp_path):
    def write(text):
        path = tmp_path / "c.conf"
        path.write_text(text)
        path.chmod(0o600)
        return path
    return write


@pytest.mark.parametrize("text, line, says", WRONG, ids=[f"{i}-{says}" for i, (_, _, says) in enumerate(WRONG)])
def test_what_cannot_be_meant_is_refused_with_file_and_line(dbvitals, config, text, line, says):
    path = config(text + "\n")
    done = dbvitals("config", "check", "--config", path)
    assert done.returncode != 0, done.stdout
    assert f"{path}:{line}: " in done.stderr and says in done.stderr, done.stderr
    assert "planted" not in done.stderr


@pytest.mark.parametrize("text, line, key, says", WRONG_TARGETS, ids=[f"{i}-{w[2]}" for i, w in enumerate(WRONG_TARGETS)])
def test_a_target_that_can_never_work_is_refused_by_check_and_at_the_start(dbvitals, config, text, line, key, says):
    path = config("\n[dashboard]\n" + text + "\n")
    for words in (("config", "check"), ("check", "--no-attach", "--wait", "0.1s")):
        done = dbvitals(*words, "--config", path)
        said = done.stdout + done.stderr
        assert done.returncode != 0, said
        assert f"{path}:{line + 2}: [target a] {key}: " in said and says in said, said
        assert "planted" not in said


def test_a_target_that_can_never_work_stops_nobody_who_names_others(dbvitals, config, tmp_path):
    db = sqlite3.connect(tmp_path / "shop.db")
    db.execute("create table t (x)")
    db.close()
    path = config(f"{APP}caches = nodollar\n[target shop]\nurl = sqlite:{tmp_path}/shop.db\n")
    done = dbvitals("show", "tables", "shop", "--config", path)
    assert done.returncode == 0 and "nodollar" not in done.stderr, done
    assert dbvitals("config", "check", "--config", path).returncode != 0


def test_targets_that_can_work_are_taken(dbvitals, config):
    path = config(APP + "pool.size = $.size\npool.max_overflow = -1\npool.in_use = busy_total\nheader = X-A: 1\n  X-B: 2\nlatency = a, b\n"
                  "[target r]\nurl = redis://x:6379/1\n[target f]\nurl = sqlite:/nowhere/x.db\n[target b]\nurl = backups:/nowhere/*.gz\n"
                  "[target p]\nurl = dbname=shop\nall_databases = yes\nconnect_timeout = 1s\npassword_command = echo\n[target q]\nurl = shop\n[target c]\nurl = pgbouncer://x/\n")
    done = dbvitals("config", "check", "--config", path)
    assert done.returncode == 0, done.stderr


def test_a_guard_refuses_the_same_before_it_begins(dbvitals, config, tmp_path):
    path = config(f"[guard]\nstate_directory = {tmp_path}/state\n[http]\nsocket = {tmp_path}/s\nlisten = 0.0.0.0:9\n")
    done = dbvitals("guard", "--config", path)
    assert done.returncode != 0
    assert f"{path}:5: [http] listen: " in done.stderr


def test_who_does_not_deliver_does_not_need_what_delivering_does(dbvitals, config):
    path = config(HOOK + "ca_file = /nowhere/ca.pem\n[target none]\nurl = host=/nowhere\n")
    done = dbvitals("check", "--no-attach", "--wait", "0.1s", "--config", path)
    assert "ca_file" not in done.stdout + done.stderr, done


def test_what_is_meant_is_taken(dbvitals, config):
    path = config(HOOK + "format = custom\nsql = select title as body from alert\n"
                  "[webhook pager]\nurl = https://events.pagerduty.com/v2/enqueue\nformat = pagerduty\nsecret_command = pass pager\n"
                  "[rules]\npacks = standard, targets\n[http]\nlisten = 0.0.0.0:9\ntoken = one\nact_token = two\n"
                  "[guard]\nheartbeat_url = https://hc-ping.com/x\n" + RULE + "warning = > 10\ncritical = > 20\nclear = < 5\nsummary = {value} wait\n")
    done = dbvitals("config", "check", "--config", path)
    assert done.returncode == 0, done.stderr


def test_without_a_config_the_places_are_named_where_one_is_looked_for(dbvitals, tmp_path):
    env = {"HOME": str(tmp_path), "XDG_CONFIG_HOME": ""}
    for words in (("config", "check"), ("--help",)):
        said = dbvitals(*words, env=env).stdout
        assert f"{tmp_path}/.config/dbvitals/dbvitals.conf" in said and "/etc/dbvitals/dbvitals.conf" in said, said


def test_the_next_runs_of_a_schedule_are_told_by_its_own_clock(dbvitals, config):
    """Two days in a row at one o'clock, which in Kolkata is never a whole hour from Greenwich."""
    done = dbvitals("config", "check", "--config", config("[schedule nightly]\nat = 01:00\ntimezone = Asia/Kolkata\n"), env={"TZ": "UTC"})
    line = done.stdout.splitlines()[1]
    assert line.startswith("schedule nightly, at 01:00, Asia/Kolkata: next "), done
    runs = line.split(": next ")[1].split(", ")
    days = [datetime.datetime.strptime(run, "%a %Y-%m-%d %H:%M %z") for run in runs]
    assert len(days) == 3 and all((d.hour, d.minute) == (1, 0) and d.utcoffset() == datetime.timedelta(hours=5.5) for d in days), runs
    now = datetime.datetime.now(datetime.timezone.utc)
    assert datetime.timedelta(0) < days[0] - now + datetime.timedelta(minutes=1) < datetime.timedelta(days=1, minutes=2)
    assert [b - a for a, b in zip(days, days[1:])] == [datetime.timedelta(days=1)] * 2, runs
