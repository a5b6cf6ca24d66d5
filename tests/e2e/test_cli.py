"""The command line as DESIGN promises it: show, query, doctor, config, and plain text without a terminal."""
import contextlib
import csv
import io
import json
import os
import subprocess

import psycopg2
import pytest


def test_show_gives_an_object_of_arrays_and_query_an_array(server, dbvitals):
    data = json.loads(dbvitals("show", "sessions", "databases", "--format", "json", env=server.env()).stdout)
    assert set(data) == {"sessions", "databases"}
    assert any(row["datname"] == "postgres" for row in data["databases"])
    rows = json.loads(dbvitals("query", "select datname, xact_commit_per_s from databases", "--format", "json", env=server.env()).stdout)
    assert isinstance(rows, list) and {"datname", "xact_commit_per_s"} == set(rows[0])


def test_csv_has_a_header_and_raw_numbers(server, dbvitals):
    done = dbvitals("query", "select datname, xact_commit from databases where datname = 'postgres'", "-f", "csv", env=server.env())
    rows = list(csv.reader(io.StringIO(done.stdout)))
    assert rows[0] == ["datname", "xact_commit"] and rows[1][0] == "postgres" and float(rows[1][1]) > 0


def test_without_a_terminal_two_refreshes_are_printed(server, dbvitals):
    done = dbvitals(env=server.env())
    assert done.returncode == 0, done.stderr
    assert "\x1b" not in done.stdout
    assert done.stdout.count("connections") >= 2
    assert "PostgreSQL has no" not in done.stdout, done.stdout  # what another product has takes no room


def test_a_server_that_is_not_there_is_told_with_hints_and_exit_code_2(dbvitals, tmp_path):
    done = dbvitals("-h", str(tmp_path), "-d", "nothing")
    assert done.returncode == 2
    assert str(tmp_path) in done.stderr and done.stderr.count("  - ") == 3 and "password_command" in done.stderr and "demo" not in done.stderr
    assert ": No such file or directory (server on socket " in done.stderr.splitlines()[0]  # why, then where


def test_a_slip_in_the_name_of_a_target_is_told_beside_what_it_was_taken_for(dbvitals, tmp_path):
    (tmp_path / "dbvitals.conf").write_text(f"[target db]\nurl = host={tmp_path}\n")
    env = {"PGHOST": str(tmp_path)}
    for words in (["show", "sessions", "dbb"], ["dbb"]):
        done = dbvitals("--config", tmp_path / "dbvitals.conf", *words, env=env)
        assert done.returncode == 2 and "none is called 'dbb', did you mean 'db'?" in done.stderr, done.stderr
    done = dbvitals("--config", tmp_path / "dbvitals.conf", "show", "sessions", "-d", "dbb", env=env)
    assert done.returncode == 2 and "did you mean" not in done.stderr, done.stderr


def test_a_slip_in_the_name_of_a_rule_is_told(dbvitals, tmp_path):
    done = dbvitals("check", "pool_exhaustedd", f"sqlite:{tmp_path}/none.db")
    assert done.returncode == 3 and "no rule is called pool_exhaustedd; did you mean 'pool_exhausted'?" in done.stdout + done.stderr


def test_the_demo_is_offered_only_where_no_target_was_named(dbvitals, tmp_path):
    done = dbvitals("doctor", env={"PGHOST": str(tmp_path)})
    assert done.returncode == 2 and "dbvitals demo" in done.stderr


def test_a_word_that_is_no_dataset_is_not_taken_for_a_second_target(server, dbvitals):
    target = f"host={server.host} port={server.port} dbname=postgres"
    for words, said in ((["nosuch", target], "no such dataset"), (["sesions", target], "did you mean 'sessions'?"),
                        (["nosuch", "sessions"], "no such dataset")):
        done = dbvitals("show", *words, env=server.env())
        assert done.returncode == 1 and said in done.stderr and done.stdout == ""
    assert dbvitals("show", "databases", "postgres", env=server.env()).returncode == 0  # a database, as the last word


def test_a_second_target_that_cannot_be_reached_is_told(server, dbvitals, tmp_path):
    good = f"host={server.host} port={server.port} dbname=postgres"
    done = dbvitals("show", "databases", good, f"host={tmp_path} dbname=away", env=server.env())
    assert done.returncode == 3 and "postgres" in done.stdout
    assert "away: No such file or directory" in done.stderr


@pytest.mark.parametrize("arguments, said", [
    (["--nonsense"], "--nonsense"), (["show", "--format", "xml"], "table, json or csv"), (["--refresh", "0.01"], "0.25"),
    (["query"], "SELECT"), (["query", "delete from sessions"], ""), (["query", "select nothing from sessions"], "nothing"),
    (["show", "--window", "3 weeks"], "window"), (["config", "frob"], "config check"),
    (["findings", "--dry-run"], "optimize"), (["findings", "--only", "analyze"], "optimize"), (["findings", "--budget", "1m"], "optimize"),
    (["profile", "queries.sql", "-o", "out.json"], "profile does not take --output; it is for: show, query"), (["guard", "--output", "x"], "guard does not take --output"),
    (["-o", "x"], "watch does not take --output"), (["check", "--dry-run"], "optimize"), (["check", "--frobnicate"], "--frobnicate"), (["doctor", "-f", "json"], "doctor does not take --format"),
    (["optimize", "--frobnicate"], "--frobnicate"), (["findings", "--frobnicate"], "--frobnicate"),
])
def test_wrong_usage_is_exit_code_1_and_a_sentence(server, dbvitals, arguments, said):
    done = dbvitals(*arguments, env=server.env())
    assert done.returncode == (3 if arguments[0] == "check" else 1)  # 1 is a verdict of check
    assert done.stderr.startswith("dbvitals: ") and said in done.stderr


@pytest.mark.parametrize("word, said", [
    ("guard", ["watch without a terminal", "Usage: dbvitals guard [TARGET...]", "dbvitals help options"]),
    ("optimize", ["Usage: dbvitals optimize [TARGET...]", "--dry-run", "--budget TIME"]), ("demo", ["--stack"]), ("doctor", ["Usage: dbvitals doctor"]),
    ("fleet", ["every stack in one line", "dbvitals --page fleet"]), ("overview", ["1, or :page overview"]),
])
def test_help_knows_commands_and_pages(dbvitals, word, said):
    done = dbvitals("help", word)
    assert done.returncode == 0 and all(s in " ".join(done.stdout.split()) for s in said), done.stdout + done.stderr
    assert "no dataset, topic, command or page is called nosuch" in dbvitals("help", "nosuch").stderr


def test_a_config_error_names_file_line_and_key(dbvitals, tmp_path):
    config = tmp_path / "c.conf"
    config.write_text("[dashboard]\nrefresh = 1s\nthene = dark\n")
    done = dbvitals("config", "check", "--config", config)
    assert done.returncode == 1
    assert f"{config}:3:" in done.stderr and "thene" in done.stderr and "theme" in done.stderr


@pytest.mark.parametrize("line, said", [
    ("theme = drak", "there is no theme \"drak\"; did you mean 'dark'?"),
    ("theme = /nowhere/my.theme", "/nowhere/my.theme: No such file"),
    ("page = sesions", "there is no page \"sesions\"; did you mean 'sessions'?"),
    ("page = xyzzy", "expected one of overview, sessions"),
    ("page = statement", "did you mean 'statements'?"),
])
def test_a_theme_or_page_that_does_not_exist_is_refused_with_file_and_line(dbvitals, tmp_path, line, said):
    config = tmp_path / "c.conf"
    config.write_text(f"[dashboard]\nrefresh = 1s\n{line}\n")
    for arguments in (["config", "check"], ["postgresql://127.0.0.1:1/nobody"]):
        done = dbvitals(*arguments, "--config", config)
        assert done.returncode == 1
        assert f"{config}:3:" in done.stderr and said in done.stderr, done.stderr


def test_config_show_hides_secrets(dbvitals, tmp_path):
    config = tmp_path / "c.conf"
    config.write_text("[target shop]\nurl = postgresql://app:hunter2@db/shop\n")
    config.chmod(0o600)
    done = dbvitals("config", "show", "--config", config)
    assert done.returncode == 0 and "hunter2" not in done.stdout and "shop" in done.stdout


def test_a_password_is_never_shown(server, dbvitals):
    target = f"host={server.host} user=nobody_here password=hunter2 dbname=postgres"
    done = dbvitals("show", "targets", "-f", "json", target)
    row = json.loads(done.stdout)["targets"][0]
    assert row["state"] == "down" and "nobody_here" in row["error"]
    assert "hunter2" not in done.stdout + done.stderr
    done = dbvitals("show", "databases", target)
    assert done.returncode == 2 and "nobody_here" in done.stderr
    assert "hunter2" not in done.stdout + done.stderr


def test_a_dataset_of_the_users_own_is_like_a_built_in_one(server, dbvitals, tmp_path):
    config = tmp_path / "c.conf"
    config.write_text("[dataset sizes_of]\nsql = select datname as name, pg_database_size(oid) as size_bytes, 7 as runs from pg_database\n"
                      "key = name\ngauge = size_bytes\ncounter = runs\nevery = 1s\n")
    done = dbvitals("query", "select name, size_bytes, runs, runs_delta from sizes_of where name = 'postgres'", "-f", "json", "--config", config, env=server.env())
    assert done.returncode == 0, done.stderr
    row = json.loads(done.stdout)[0]
    assert row["size_bytes"] > 1e6 and row["runs"] == 7 and row["runs_delta"] == 0


def test_rows_of_an_own_dataset_with_one_key_are_refused_with_the_reason(server, dbvitals, tmp_path):
    config = tmp_path / "c.conf"
    config.write_text("[dataset twice]\nsql = select i % 2 as a, 'x' as b, i as n from generate_series(1, 5) i\nkey = a b\ncounter = n\n")
    done = dbvitals("query", "select * from twice", "--config", config, env=server.env())
    assert done.returncode == 2 and "twice: key a, b is not unique: 3 rows have 1, x" in done.stderr, done.stdout + done.stderr
    config.write_text(config.read_text().replace("i % 2", "i"))
    done = dbvitals("query", "select count(*) as n from twice", "-f", "json", "--config", config, env=server.env())
    assert json.loads(done.stdout) == [{"n": 5}] and done.stderr == ""


@pytest.mark.parametrize("target", ["[target shop]\nurl = postgresql://127.0.0.1/shop\n", ""])
def test_a_dataset_of_a_target_that_is_not_there_is_refused_with_file_and_line(server, dbvitals, tmp_path, target):
    config = tmp_path / "c.conf"
    config.write_text(f"{target}[dataset d]\nsql = select 1 as a\nkey = a\ntarget = shpo\n")
    line = 6 if target else 4
    done = dbvitals("config" if target else "query", "check" if target else "select * from d", "--config", config, env=server.env())
    assert done.returncode == 1 and f"{config}:{line}: [dataset d] target: there is no target shpo" in done.stderr, done.stdout + done.stderr
    config.write_text(config.read_text().replace("shpo", "shop" if target else "postgres"))
    done = dbvitals("config" if target else "query", "check" if target else "select * from d", "--config", config, env=server.env())
    assert done.returncode == 0, done.stderr


@pytest.mark.parametrize("line, text, said", [
    (5, "[dataset d]\nsql = select 1 as a\nkey = a\nhelp = h\nevery = often\n", "every"),
    (4, "[dataset d]\nsql = select 1 as a\nkey = a\ngauge = a\n", "a"),
    (1, "[dataset Bad]\nsql = select 1 as a\nkey = a\n", "Bad"),
    (4, "[pane p]\npage = sessions\ntitle = t\nsql = select nothing from sessions\n", "nothing"),
    (4, "[pane p]\nsql = select 1\ntitle = t\npage = nowhere\n", "nowhere"),
    (4, "[pane p]\nsql = select 1\npage = sessions\nsize = big\n", "size"),
])
def test_what_is_wrong_in_a_section_is_told_with_the_line_of_its_key(dbvitals, tmp_path, line, text, said):
    config = tmp_path / "c.conf"
    config.write_text(text)
    done = dbvitals("config", "check", "--config", config)
    assert done.returncode == 1 and f"{config}:{line}: " in done.stderr and said in done.stderr, done.stderr


def test_help_tells_every_column_of_a_dataset(dbvitals):
    done = dbvitals("help", "databases")
    assert done.returncode == 0 and "blks_hit" in done.stdout and "hit_ratio" in done.stdout


@pytest.mark.waits
def test_every_dataset_answers_on_every_version(each_server, dbvitals):
    each_server.psql("create extension if not exists pg_stat_statements")
    done = dbvitals("show", "-f", "json", env=each_server.env())
    assert done.returncode == 0, done.stderr
    data = json.loads(done.stdout)
    for name in ("targets", "server", "databases", "sessions", "statements", "tables", "indexes", "pools", "caches", "locks", "settings", "access",
                 "collectors", "waits", "changes"):
        assert name in data
    for name in ("targets", "server", "databases", "sessions", "statements", "pools", "caches", "settings", "access"):
        assert data[name], f"{name} is empty: {done.stderr}"


def test_doctor_as_a_role_with_nothing_names_the_grant(start_server, dbvitals):
    server = start_server()
    server.psql("create role nobody_much login; create role monitor login; grant pg_monitor to monitor")
    done = dbvitals("doctor", env=server.env(user="nobody_much"))
    assert done.returncode == 3 and "GRANT pg_monitor TO nobody_much" in done.stdout.replace('"', "")
    done = dbvitals("doctor", env=server.env(user="monitor"))
    assert "GRANT pg_monitor" not in done.stdout
    signal = next(line for line in done.stdout.splitlines() if "cancel and terminate" in line)
    assert " advice " in signal  # a watcher needs no such right


@pytest.mark.parametrize("command", [["show", "databases"], ["help"], ["query", "select datname from databases"], []])
def test_what_cannot_be_written_is_an_error(server, program, command):
    with open("/dev/full", "w") as full:
        done = subprocess.run([program, *command], env=server.env(), stdout=full, stderr=subprocess.PIPE, stdin=subprocess.DEVNULL, text=True, timeout=60)
    assert done.returncode == 1
    assert done.stderr == "dbvitals: cannot write standard output: No space left on device\n"


def test_a_file_that_cannot_be_written_is_an_error(server, dbvitals):
    done = dbvitals("show", "databases", "-o", "/dev/full", env=server.env())
    assert done.returncode == 1 and "cannot write /dev/full" in done.stderr


def test_a_reader_who_leaves_ends_it_without_a_word(server, program):
    read, write = os.pipe()
    running = subprocess.Popen([program, "show", "databases", "-n", "1000", "-r", "0.25"], env=server.env(), stdout=write, stderr=subprocess.PIPE)
    os.close(write)
    os.read(read, 10)
    os.close(read)
    assert running.communicate(timeout=20)[1] == b"" and running.returncode == 0


@pytest.mark.parametrize("closed", ["<&-", ">&-", "2>&-", "<&- >&- 2>&-"])
def test_closed_standard_files_end_in_an_exit_code(server, program, closed):
    done = subprocess.run(["sh", "-c", f'exec "{program}" show databases {closed}'], env=server.env(), stdout=subprocess.DEVNULL, timeout=60)
    assert done.returncode == (1 if ">&-" in closed.replace("2>&-", "") else 0)


def test_too_few_files_are_told_with_exit_code_2(program):
    done = subprocess.run(["sh", "-c", f'ulimit -n 8; exec "{program}" show databases'], capture_output=True, text=True, timeout=60)
    assert done.returncode == 2 and "only 8 files may be open" in done.stderr and "ulimit -n" in done.stderr


def test_options_may_stand_before_the_subcommand(server, dbvitals):
    done = dbvitals("-f", "csv", "show", "databases", env=server.env())
    assert done.returncode == 0 and done.stdout.startswith("target,dbid,datname")


def test_a_config_without_end_is_refused(dbvitals):
    done = dbvitals("config", "check", "-c", "/dev/zero", timeout=10)
    assert done.returncode == 1 and "at most 1 MB" in done.stderr


def test_a_theme_that_is_not_there_is_told_without_a_terminal_too(server, dbvitals):
    done = dbvitals("--theme", "nosuch", env=server.env())
    assert done.returncode == 1 and "nosuch" in done.stderr and done.stdout == ""


def test_a_role_with_one_connection_has_all_data_and_hears_that_it_is_shared(start_server, dbvitals):
    server = start_server()
    with contextlib.closing(psycopg2.connect(server.conninfo())) as admin, admin, admin.cursor() as cursor:
        cursor.execute("create role lonely login connection limit 1; grant pg_monitor to lonely")
    done = dbvitals("show", "databases", f"host={server.host} port={server.port} user=lonely dbname=postgres")
    assert done.returncode == 0
    done = dbvitals("show", "tables", f"host={server.host} port={server.port} user=lonely dbname=postgres")
    assert done.returncode == 0 and done.stderr == ""
    done = dbvitals("doctor", f"host={server.host} port={server.port} user=lonely dbname=postgres")
    assert "no second connection" in done.stdout and "too many connections for role" in done.stdout


def test_what_the_server_says_reaches_stderr_without_escape_sequences(server, dbvitals):
    done = dbvitals("show", "databases", "-h", server.host, "-U", "postgres", "no\x1b[2Jsuch", env=server.env())
    assert done.returncode == 2 and "such" in done.stderr and "\x1b" not in done.stderr


@pytest.mark.parametrize("arguments", [["query", "select bad\x1b[31mcol from sessions"], ["query", "select 1 as \u202en, nothing"], ["show", "--window", "\x1b[31m"],
                                       ["--\x1b[31m"], ["config", "\x1b[31m"], ["config", "check", "--config", "/\x1b[31m"], ["help", "\x1b[31m"]])
def test_what_was_typed_comes_back_without_escape_sequences(server, dbvitals, arguments):
    done = dbvitals(*arguments, env=server.env())
    assert done.returncode == 1 and done.stderr.startswith("dbvitals: ")
    assert "\x1b" not in done.stderr and "\u202e" not in done.stderr


def test_doctor_names_the_schema_of_statements_that_the_role_may_not_use(start_server, dbvitals):
    server = start_server(shared_preload_libraries="pg_stat_statements")
    with contextlib.closing(psycopg2.connect(server.conninfo())) as admin, admin, admin.cursor() as cursor:
        cursor.execute("create role mon login; grant pg_monitor to mon; create schema ext; create extension pg_stat_statements schema ext")
    done = dbvitals("doctor", f"host={server.host} port={server.port} user=mon dbname=postgres")
    assert done.returncode == 3 and "GRANT USAGE ON SCHEMA ext TO mon" in done.stdout
