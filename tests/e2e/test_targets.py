"""What is looked at: through a pooler, as a role with nothing, all databases, two targets, datasets and panes of the user's own."""
import json
import re
import sqlite3
import subprocess
import threading

import screen
from servers import wait_for


def test_through_pgbouncer_in_transaction_mode_all_is_shown_and_nothing_stays(start_server, start_pgbouncer, program):
    server = start_server()
    server.psql("create extension pg_stat_statements; create table t (a int)")
    bouncer = start_pgbouncer(server, pool_size=1)
    with screen.Screen([program], rows=40, columns=160, env=bouncer.env()) as s:
        text = s.wait(lambda t: "live" in t and "through PgBouncer" in t and "collecting..." not in t)
        for key, said in (("2", "sessions"), ("3", "statement"), ("4", "public"), ("6", "slots"), ("7", "buffers")):
            s.send(key)
            text = s.wait(lambda t: said in t and "collecting..." not in t, 10, said)
        # Another client of the same single server connection, in the middle of it.
        for i in range(20):
            s.read(0.1)
            rows = bouncer.query("select current_setting('statement_timeout'), current_setting('default_transaction_read_only'), "
                                 "current_setting('lock_timeout'), current_setting('jit'), (select count(*) from pg_prepared_statements)")
            assert rows == [("0", "off", "0", "on", 0)]
            bouncer.query(f"insert into t values ({i})")
        assert server.value("select count(*) from t") == 20
        assert "through PgBouncer" in s.text()
        s.send("q")
        assert s.wait_end() == 0


def test_a_role_with_nothing_is_told_what_is_missing_and_sees_the_rest(start_server, program):
    server = start_server()
    server.psql("create role guest login; create extension pg_stat_statements; create table shelf (a int); insert into shelf select generate_series(1, 100)")
    other = server.connect(application_name="other")
    other.cursor().execute("select 'secret'")
    with screen.Screen([program], rows=40, columns=160, env=server.env(user="guest")) as s:
        text = s.wait(lambda t: "live" in t and "GRANT pg_monitor TO guest" in t.replace('"', "") and "collecting..." not in t)
        assert "hidden" in text
        s.send("2")
        text = s.wait(lambda t: "pid" in t and str(other.info.backend_pid) in t)
        assert "secret" not in text
        s.send("4")
        s.wait("shelf")
        s.send(":page access", "enter")
        s.wait(lambda t: "GRANT pg_monitor TO guest" in t.replace('"', ""))
        s.send("q")
        assert s.wait_end() == 0
    other.close()


def test_all_databases_shows_each_relation_in_its_own_database(start_server, program, dbvitals):
    server = start_server()
    # The same oids mean other things in other databases: tables are made so that they can collide.
    server.psql("create database left_one; create database right_one")
    for name in ("left_one", "right_one"):
        server.psql(f"create table only_in_{name} (a int primary key); create table in_each (a int); insert into in_each select generate_series(1, 50)", dbname=name)
    done = dbvitals("query", "select datname, name from tables", "-f", "json", env=server.env("left_one"))
    assert {(r["datname"], r["name"]) for r in json.loads(done.stdout)} == {("left_one", "only_in_left_one"), ("left_one", "in_each")}
    done = dbvitals("query", "select datname, name from tables", "-f", "json", "-a", env=server.env("left_one"))
    assert {(r["datname"], r["name"]) for r in json.loads(done.stdout)} == {
        ("left_one", "only_in_left_one"), ("left_one", "in_each"), ("right_one", "only_in_right_one"), ("right_one", "in_each")}, done.stderr
    with screen.Screen([program, "-a", "--page", "tables"], rows=40, columns=160, env=server.env("left_one")) as s:
        text = s.wait(lambda t: "only_in_left_one" in t and "only_in_right_one" in t, 15)
        for line in text.split("\n"):
            for mine, others in (("left_one", "right_one"), ("right_one", "left_one")):
                if f"only_in_{mine}" in line:
                    assert line.replace(f"only_in_{mine}", "").count(mine) == 1 and others not in line
    # A lock on a relation of the other database: its name is not looked up here.
    holder = server.connect("right_one", autocommit=False)
    holder.cursor().execute("lock table only_in_right_one")
    waiter = server.connect("right_one", application_name="queued")
    thread = threading.Thread(target=lambda: waiter.cursor().execute("select * from only_in_right_one"), daemon=True)
    thread.start()
    wait_for(lambda: server.value("select count(*) from pg_locks where not granted") == 1)
    oid = server.value("select 'only_in_right_one'::regclass::oid::int", dbname="right_one")
    done = dbvitals("query", "select datname, relation, object from locks", "-f", "json", env=server.env("left_one"))
    rows = json.loads(done.stdout)
    assert len(rows) == 1 and rows[0]["datname"] == "right_one", rows
    assert rows[0]["relation"] == f"right_one:{oid}", rows
    holder.rollback()
    thread.join(10)
    holder.close()
    waiter.close()


def test_two_targets_are_kept_apart_and_the_palette_goes_from_one_to_the_other(start_server, program, dbvitals):
    one, two = start_server(), start_server()
    one.psql("create database first_shop")
    two.psql("create database second_shop")
    targets = [one.conninfo("first_shop"), two.conninfo("second_shop")]
    done = dbvitals("query", "select target, datname from databases where datname like '%shop'", *targets, "-f", "json", env=one.env())
    assert [(r["target"], r["datname"]) for r in sorted(json.loads(done.stdout), key=lambda r: r["target"])] == [
        ("first_shop", "first_shop"), ("second_shop", "second_shop")], done.stderr
    with screen.Screen([program, *targets], rows=30, columns=140, env=one.env()) as s:
        s.wait(lambda t: t.startswith(" first_shop") and "live" in t)
        s.send(":page databases", "enter")
        assert "second_shop" not in s.wait(lambda t: "first_shop" in t.split("\n", 1)[1])
        s.send(":target second_shop", "enter")
        s.wait(lambda t: t.startswith(" second_shop") and "second_shop" in t.split("\n", 1)[1] and "live" in t and "first_shop" not in t)
        one.stop("immediate")
        s.read(2)
        s.wait(lambda t: t.startswith(" second_shop") and "live" in t)
        s.send("q")
        assert s.wait_end() == 0


def test_a_dataset_and_a_pane_of_the_users_own_stand_on_the_screen(start_server, program, tmp_path):
    server = start_server()
    server.psql("create table jobs (state text); insert into jobs select 'ready' from generate_series(1, 41); insert into jobs values ('failed')")
    config = tmp_path / "dbvitals.conf"
    config.write_text("[dataset jobs_by_state]\nsql = select state as job_state, count(*) as jobs from jobs group by state\nkey = job_state\ngauge = jobs\n"
                      "every = 1s\n\n[pane jobs]\npage = overview\ntitle = jobs by state\n"
                      "sql = select job_state, jobs from jobs_by_state where target = :target order by jobs desc\n"
                      "mark = job_state = 'failed' is critical\n")
    with screen.Screen([program, "--config", str(config)], rows=50, columns=160, env=server.env()) as s:
        text = s.wait(lambda t: "jobs by state" in t and "failed" in t and "ready" in t)
        ready = next(line for line in text.split("\n") if "ready" in line)
        assert "41" in ready
        server.psql("insert into jobs values ('ready')")
        s.wait(lambda t: any("ready" in line and "42" in line for line in t.split("\n")))
        s.send("q")
        assert s.wait_end() == 0


def test_what_reads_an_own_dataset_is_told_from_what_others_send(start_server, program, tmp_path):
    server = start_server()
    server.psql("create extension pg_stat_statements")
    config = tmp_path / "dbvitals.conf"
    config.write_text("[dataset chores]\nsql = select 'x' as job, 1 as jobs\nkey = job\ngauge = jobs\nevery = 1s\n")
    server.psql("select pg_stat_statements_reset()")
    done = subprocess.run([program, "show", "chores", "-n", "3", "--config", str(config)], env=server.env(), capture_output=True, text=True, timeout=60)
    assert done.returncode == 0, done.stderr
    found = server.psql("select query from pg_stat_statements where query !~ 'dbvitals [*]/' and query !~* 'pg_stat_statements|^(deallocate|discard|close)'")
    assert found.strip() == "", found


def test_an_own_dataset_that_fails_says_why_and_spoils_nothing_else(start_server, program, tmp_path):
    server = start_server()
    config = tmp_path / "dbvitals.conf"
    config.write_text("[dataset wrong]\nsql = select nothing_here as a, 1 as b\nkey = a\ngauge = b\n"
                      "[pane wrong]\npage = sessions\nsize = 6\ntitle = wrong\nsql = select a, b from wrong\n")
    somebody = server.connect()
    with screen.Screen([program, "--config", str(config), "--page", "sessions"], rows=40, columns=160, env=server.env()) as s:
        s.wait(lambda t: str(somebody.info.backend_pid) in t and "nothing_here" in t and "live" in t)
    somebody.close()


def test_the_fleet_has_one_line_for_each_stack_and_what_is_down_comes_first(server, program, tmp_path):
    config = tmp_path / "fleet.conf"
    config.write_text(f"[target a-main]\nstack = apple\nurl = {server.conninfo()}\n[target a-copy]\nstack = apple\nurl = {server.conninfo()}\n"
                      "[target pear]\nurl = postgresql://postgres@127.0.0.1:1/postgres\n")
    with screen.Screen([program, "--config", str(config), "a-main", "a-copy", "pear"], rows=30, columns=150) as s:
        s.wait("live")
        s.send(":page fleet", "enter")
        stacks = s.wait(lambda t: "pear is down: Connection refused" in t and re.search(r"apple +\d+ +2 +0 .* \d", t), 10).split("targets · ")[0].split("\n")
        rows = [next(i for i, line in enumerate(stacks) if re.match(rf"[▶ ] {name} ", line)) for name in ("pear", "apple")]
        assert rows == sorted(rows), stacks
        head = lambda t: t.split("\n")[0]  # noqa: E731
        for key, name in (("g", "a-copy"), ("g", "a-main"), ("a", "pear"), ("g", "a-copy"), ("a", "pear")):  # within the stack, then the next one, and round
            s.send(key)
            s.wait(lambda t: f" {name} " in head(t) + " ", 5, name)
        s.send(":target nowhere", "enter")
        s.wait('no target is called "nowhere"', 5)
        assert " pear " in head(s.text()) + " "
        s.send("esc")
        s.wait(lambda t: ":target" not in t.split("\n")[-1] and "Tab completes" not in t, 5)
        s.send("q")
        assert s.wait_end() == 0


def test_without_a_terminal_too_a_page_is_about_the_target_that_it_is_for(server, program, tmp_path):
    """In both refreshes, though the first target answers first."""
    with sqlite3.connect(tmp_path / "notes.db") as file:
        file.execute("create table noted (a int)")
    file.close()
    run = subprocess.run([program, "--page", "sqlite", server.conninfo(), f"sqlite:{tmp_path}/notes.db"], capture_output=True, text=True, timeout=60,
                         stdin=subprocess.DEVNULL, env={**server.env(), "XDG_STATE_HOME": str(tmp_path)})
    assert run.returncode == 0 and "PostgreSQL" not in run.stdout, run.stdout + run.stderr
    assert run.stdout.count("SQLite 3.") == run.stdout.count("noted") == 2, run.stdout


def test_a_page_of_another_product_leads_to_the_target_of_the_stack_that_has_it(server, program, tmp_path):
    """First those of the stack, though another one's name comes before; a page that is for both stays where it is."""
    for name in ("shop-aside", "shop-notes"):
        with sqlite3.connect(tmp_path / f"{name}.db") as file:
            file.execute(f"create table {name.removeprefix('shop-')}_table (a int)")
        file.close()
    config = tmp_path / "dbvitals.conf"
    config.write_text(f"[target shop]\nurl = {server.conninfo()}\nstack = web\n[target shop-aside]\nurl = sqlite:{tmp_path}/shop-aside.db\n"
                      f"[target shop-notes]\nurl = sqlite:{tmp_path}/shop-notes.db\nstack = web\n")
    with screen.Screen([program, "--config", str(config), "shop", "shop-aside", "shop-notes"], rows=30, columns=150) as s:
        s.wait(lambda t: "PostgreSQL" in t and "collecting..." not in t)
        s.send(":page fleet", "enter")
        s.wait(lambda t: all(re.search(rf"{name} .* SQLite .* up ", t) for name in ("shop-aside", "shop-notes")) and "PostgreSQL" in t)
        s.send(":page sqlite", "enter")
        text = s.wait("notes_table")
        assert "page sqlite: target shop-notes is looked at" in text and "aside_table" not in text
        s.send(":page databases", "enter")
        s.wait(lambda t: "› databases" in t and "shop-notes" in t.split("\n")[0])
        s.send("2")
        text = s.wait(lambda t: "PostgreSQL" in t.split("\n")[0])
        assert "page sessions: target shop is looked at" in text
        s.send(":target shop-notes", "enter")
        s.wait(lambda t: "shop-notes" in t.split("\n")[0])
        s.send(":target shop", "enter")  # shop-notes fits what is typed too, and is looked at
        s.wait(lambda t: "PostgreSQL" in t.split("\n")[0])
