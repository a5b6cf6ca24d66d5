"""Jobs by the clock: of the real pg_cron where it can be had (else its tables), and of a query of the user's."""
import datetime
import json
import os

import pytest

import servers

CRON_TABLES = """create schema cron;
create table cron.job (jobid bigserial primary key, schedule text not null, command text not null, nodename text, nodeport int, database text default current_database(),
  username text default current_user, active boolean not null default true, jobname name);
create table cron.job_run_details (jobid bigint, runid bigserial primary key, job_pid int, database text, username text, command text, status text, return_message text,
  start_time timestamptz, end_time timestamptz);
create function cron.schedule(name, text, text) returns bigint language sql as 'insert into cron.job (jobname, schedule, command) values ($1, $2, $3) returning jobid';"""


@pytest.fixture(scope="module")
def server(yard):
    """With pg_cron, whose launcher sleeps: no job is due while the test runs."""
    s = servers.Server(yard, servers.default_version())
    real = os.path.exists(f"{os.path.dirname(s.bin)}/lib/pg_cron.so")
    if real:
        s.settings["shared_preload_libraries"] += ",pg_cron"
        s.settings["cron.launch_active_jobs"] = "off"
    s.start()
    s.psql("create database other; create role nobody login")
    s.psql("create extension pg_cron" if real else CRON_TABLES)
    s.psql("select cron.schedule('hourly', '0 * * * *', 'select 1'); select cron.schedule('nightly', '0 3 * * *', 'select 1'); select cron.schedule('new', '0 4 * * *', 'select 1');"
           " select cron.schedule('off', '* * * * *', 'select 1'); update cron.job set active = false where jobname = 'off'")
    s.psql("""insert into cron.job_run_details (jobid, runid, status, return_message, start_time, end_time)
      select jobid, 1, 'succeeded', 'SELECT 1', date_trunc('hour', now()), date_trunc('hour', now()) + interval '5 s' from cron.job where jobname = 'hourly'
      union all select jobid, 2, 'succeeded', 'SELECT 1', now() - interval '60 h', now() - interval '59 h' from cron.job where jobname = 'nightly'
      union all select jobid, 3, 'failed', 'ERROR: no space left', now() - interval '50 h', now() - interval '50 h' from cron.job where jobname = 'nightly'
      union all select jobid, 4, 'succeeded', '', now() - interval '1 d', now() - interval '1 d' from cron.job where jobname = 'off'""")
    yield s
    s.stop("immediate")


def jobs(dbvitals, *how):
    done = dbvitals("show", "jobs", *how, "-f", "json", env=servers.plain_env())
    assert done.returncode == 0, done.stderr
    return {r["name"]: r for r in json.loads(done.stdout)["jobs"]}


def test_runs_of_pg_cron_are_told_and_what_did_not_run_is_late(server, dbvitals):
    now, hour = float(server.value("select extract(epoch from now())")), 3600
    found = jobs(dbvitals, server.conninfo())
    hourly, nightly, new, off = (found[n] for n in ("hourly", "nightly", "new", "off"))
    assert (hourly["kind"], hourly["schedule"], hourly["every_s"], hourly["ok"], hourly["took_ms"], hourly["late_s"]) == ("pg_cron", "0 * * * *", hour, 1, 5000, 0), hourly
    assert (nightly["ok"], nightly["error"], nightly["every_s"], nightly["running"]) == (0, "ERROR: no space left", 24 * hour, 0), nightly
    last = now - 50 * hour
    due = (last - 3 * hour) // (24 * hour) * 24 * hour + 27 * hour  # the first 03:00 UTC after it
    assert nightly["due_at"] == due and nightly["late_s"] == pytest.approx(now - due, abs=30), nightly
    assert (new["last_start"], new["ok"], new["late_s"]) == (None, None, None)
    assert (off["active"], off["late_s"]) == (0, None)


def test_a_query_of_the_users_tells_jobs_too_and_what_it_lacks_is_said(server, dbvitals, tmp_path):
    config = tmp_path / "dbvitals.conf"

    def ask(sql):
        config.write_text(f"[target shop]\nurl = {server.conninfo('other')}\njobs = {sql}\n")
        return dbvitals("show", "jobs", "--config", config, "-f", "json", env=servers.plain_env())
    done = ask("select 'etl' as name, now() - interval '3 hours' as last_start, now() - interval '2 hours' as last_end, false as ok, 'boom' as error, 3600 as every_s")
    assert done.returncode == 0, done.stderr
    row = json.loads(done.stdout)["jobs"][0]
    assert (row["kind"], row["id"], row["ok"], row["error"], row["every_s"]) == ("query", "etl", 0, "boom", 3600)
    assert row["late_s"] == pytest.approx(7200, abs=30) and row["took_ms"] == pytest.approx(3600e3)
    for never in ("infinity", "-infinity"):
        done = ask(f"select 'x' as name, '{never}'::timestamptz as last_start, '{never}'::timestamptz as last_end, 5 as every_s")
        assert done.returncode == 0, done.stderr
        row = json.loads(done.stdout)["jobs"][0]
        assert (row["id"], row["last_start"], row["last_end"], row["took_ms"], row["late_s"]) == ("x", None, None, None, None), row
    for sql, told in (("select 1 as n", "no column `name`"), ("select 'a' as name union all select 'a'", "same name"),
                      ("select 'a' as name, 'yesterday' as last_start", "timestamptz"), ("select * from nothing", 'relation "nothing" does not exist'),
                      ("create table x (i int)", "read-only")):
        done = ask(sql)
        assert done.returncode != 0 and told in done.stderr, (sql, done.stderr)


def test_doctor_tells_what_a_query_of_the_users_gave(server, dbvitals, tmp_path):
    config = tmp_path / "dbvitals.conf"
    for sql, told in (("select 'etl' as name", "jobs = SELECT is used: gave 1 job"), ("select * from nothing", 'jobs = SELECT is used: failed: relation "nothing" does not exist'),
                      ("select 1 as n", "jobs = SELECT is used: failed: ")):
        config.write_text(f"[target shop]\nurl = {server.conninfo('other')}\njobs = {sql}\n")
        done = dbvitals("doctor", "--config", config, env=servers.plain_env())
        assert told in done.stdout, (sql, done.stdout, done.stderr)
    assert "jobs = SELECT" not in dbvitals("doctor", server.conninfo("other"), env=servers.plain_env()).stdout


def test_why_there_are_none_is_told(server, dbvitals):
    done = dbvitals("show", "jobs", server.conninfo("postgres", "nobody"), env=servers.plain_env())
    assert done.returncode != 0 and "GRANT USAGE ON SCHEMA cron TO nobody" in done.stderr, done.stderr
    done = dbvitals("show", "jobs", server.conninfo("other"), "-f", "json", env=servers.plain_env())
    if "pg_cron" in server.settings["shared_preload_libraries"]:
        assert done.returncode != 0 and "pg_cron keeps its jobs in database postgres" in done.stderr, done.stderr
    else:
        assert done.returncode == 0 and json.loads(done.stdout) == {"jobs": []}
    done = dbvitals("doctor", server.conninfo("postgres", "nobody"), env=servers.plain_env())
    assert "the role may not read those of pg_cron" in done.stdout, done.stdout


def test_a_late_and_a_failed_job_are_alerts(server, dbvitals):
    for rule, told in (("job_failed", "job nightly failed: ERROR: no space left"), ("job_late", "job nightly should have started")):
        done = dbvitals("check", rule, env=server.env())
        assert done.returncode == 1 and told in done.stdout, done.stdout + done.stderr
    done = dbvitals("show", "jobs", server.conninfo(), env=servers.plain_env())  # the number of the title is that of the row
    late = dbvitals("check", "job_late", env=server.env()).stdout.split("should have started ")[1].split(" ago")[0]
    assert late in done.stdout, (late, done.stdout)


def test_partitions_that_end_are_critical_on_the_last_day_and_rows_in_the_default_one_are_told(start_server, dbvitals):
    s = start_server()
    s.psql("""create table safe (at timestamptz) partition by range (at); create table ends (at timestamptz) partition by range (at); create table old (at timestamptz) partition by range (at);
      do $$ begin
        execute format('create table safe_1 partition of safe for values from (%L) to (%L)', now() - interval '20 d', now() + interval '10 d');
        execute format('create table ends_1 partition of ends for values from (%L) to (%L)', now() - interval '30 d', now() + interval '20 h');
        execute format('create table old_1 partition of old for values from (%L) to (%L)', now() - interval '90 d', now() - interval '60 d');
      end $$; create table ends_rest partition of ends default; insert into ends select now() + interval '2 d' from generate_series(1, 7)""")
    s.psql("analyze ends_rest")  # a session of its own: what the other one has yet to report would be counted twice
    done = dbvitals("check", "partitions_ending", env=s.env())
    assert done.returncode == 2 and "no partition of public.ends takes rows from" in done.stdout and "its newest is ends_1, until" in done.stdout, done.stdout + done.stderr
    assert "safe" not in done.stdout and "old" not in done.stdout
    done = dbvitals("check", "partition_default_filled", env=s.env())
    assert "about 7 rows of public.ends are in its default partition ends_rest" in done.stdout, done.stdout + done.stderr


HOUR, DAY = 3600, 86400
# name, type of the key, [from, to) of its partitions in hours from now, or words; ahead_s, next_from in hours
REACHES = [
    ("hole_now", "timestamptz", [(-500, -22), (9, 300)], -22 * HOUR, 9),
    ("hole_soon", "timestamp", [(-500, 17), (41, 300)], 17 * HOUR, 41),
    ("unbroken", "timestamptz", [(-500, -300), (-20, 17), (17, 300), (300, 500)], 500 * HOUR, None),
    ("past", "timestamptz", [(-500, -300), (-300, -20)], -20 * HOUR, None),
    ("future", "timestamptz", [(9, 300), (400, 500)], 0, 9),
    ("open_hole", "timestamptz", [("minvalue", 9), (20, "maxvalue")], 9 * HOUR, 20),
    ("open", "timestamptz", [(-500, 9), (9, "maxvalue")], None, None),
    ("endless", "timestamptz", [("minvalue", "'infinity'")], None, None),
    ("open_now_hole", "timestamptz", [(-500, -9), (20, "maxvalue")], -9 * HOUR, 20),
    ("bare", "timestamptz", [], None, None),
]


def bound(hours, now):
    return hours if isinstance(hours, str) else f"'{datetime.datetime.fromtimestamp(now + hours * HOUR, datetime.timezone.utc):%Y-%m-%d %H:%M:%S}+00'"


@pytest.fixture(scope="module")
def reaching(yard):
    s = servers.Server(yard, servers.default_version())
    s.settings["timezone"] = "UTC"
    s.start()
    now = float(s.value("select floor(extract(epoch from now()))"))
    for name, kind, parts, _, _ in REACHES:
        s.psql(f"create table {name} (at {kind} not null) partition by range (at);" +
               "".join(f"create table {name}_{i} partition of {name} for values from ({bound(a, now)}) to ({bound(b, now)});" for i, (a, b) in enumerate(parts)))
    today = s.value("select current_date::text")
    s.psql("create table days (d date, k int) partition by range (d, k);"
           f"create table days_0 partition of days for values from ('{today}', minvalue) to (date '{today}' + 1, 5); create table days_1 partition of days for values from (date '{today}' + 1, 5) to (date '{today}' + 3, 1);"
           f"create table days_2 partition of days for values from (date '{today}' + 5, 1) to (date '{today}' + 9, 1);"
           "create table days_rest partition of days default")
    yield s, now
    s.stop("immediate")


def test_partitions_are_counted_on_as_far_as_they_reach_without_a_hole(reaching, dbvitals):
    server, now = reaching
    done = dbvitals("show", "partitions", server.conninfo(), "-f", "json", env=servers.plain_env())
    assert done.returncode == 0, done.stderr
    found = {r["name"]: r for r in json.loads(done.stdout)["partitions"]}
    for name, _, parts, ahead, follows in REACHES:
        row = found[name]
        assert row["children"] == len(parts) and row["next_from"] == (None if follows is None else now + follows * HOUR), row
        assert row["ahead_s"] == (ahead if not ahead else pytest.approx(ahead, abs=60)), row
        assert row["covered_until"] == (now + ahead if ahead else None), row
    days = found["days"]
    midnight = float(server.value("select extract(epoch from current_date::timestamptz)"))
    assert (days["covered_until"], days["next_from"], days["default_name"]) == (midnight + 3 * DAY, midnight + 5 * DAY, "days_rest")


def test_a_hole_between_partitions_is_told(reaching, dbvitals):
    server, _ = reaching
    env = {**servers.plain_env(), **server.env()}
    done = dbvitals("check", "partitions_ending", env=env)
    told = {name for name, *_ in REACHES if f"public.{name} takes" in done.stdout}
    assert done.returncode == 2 and told == {"hole_now", "hole_soon", "past", "future", "open_hole", "open_now_hole"}, done.stdout + done.stderr
    done = dbvitals("query", "select label, severity, evidence from findings where finding = 'partitions_end'", server.conninfo(), "-f", "json", env=servers.plain_env())
    assert done.returncode == 0, done.stderr
    rows = {r["label"]: r for r in json.loads(done.stdout)}
    assert {n for n, r in rows.items() if r["severity"] == "critical"} == {"hole_now", "past", "future", "open_now_hole"}, rows
    assert rows["hole_now"]["evidence"].startswith("2 partitions with a hole, since 22") and "then inserts fail" in rows["hole_now"]["evidence"], rows["hole_now"]
    assert "with a hole, from " in rows["hole_soon"]["evidence"] and "then rows go to days_rest" in rows["days"]["evidence"], rows
