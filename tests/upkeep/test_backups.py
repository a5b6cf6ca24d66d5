"""Dumps in files as a target: real ones of a real server, whole, cut, empty, being written, old; what they are told to be is what they are."""
import gzip
import json
import os
import shutil
import subprocess
import time

import pytest

import screen
import servers

HOUR = 3600
SHOP = "create table shop (id int primary key, note text); insert into shop select g, md5(g::text) from generate_series(1, 3000) g"


@pytest.fixture(scope="module")
def made(yard, shared_servers, tmp_path_factory):
    """made(kind): a real dump of a real server, of each kind once."""
    folder = tmp_path_factory.mktemp("made")
    server = shared_servers()
    server.psql("drop database if exists dumped")
    server.psql("create database dumped")
    server.psql(SHOP, dbname="dumped")

    def dump(name, *how):
        subprocess.run(["pg_dump", *how, "-f", folder / name], env=server.env("dumped"), check=True, capture_output=True)

    dump("shop.dump", "-Fc")
    dump("shop.sql")
    dump("shop.dir", "-Fd")
    dump("shop.tar", "-Ft")
    sql = (folder / "shop.sql").read_bytes()
    (folder / "shop.sql.gz").write_bytes(gzip.compress(sql))
    subprocess.run(["zstd", "-q", folder / "shop.sql"], check=True)
    (folder / "failed.sql.gz").write_bytes(gzip.compress(sql[: len(sql) // 2]))  # pg_dump | gzip, and pg_dump ended in an error
    return folder


@pytest.fixture
def place(tmp_path, made):
    """place(name, age_s=..., cut=...): puts a dump where the target looks; returns its path."""
    folder = tmp_path / "backups"
    folder.mkdir()

    def put(name, age_s=HOUR, cut=None, of=None):
        path = folder / name
        source = made / (of or name)
        if source.is_dir():
            shutil.copytree(source, path)
        else:
            data = source.read_bytes()
            path.write_bytes(data if cut is None else data[:cut(len(data))])
        age(path, age_s)
        return path

    put.folder = folder
    put.url = f"backups:{folder}/*"
    return put


def age(path, age_s):
    at = time.time() - age_s
    for p in ([*path.iterdir()] if path.is_dir() else []) + [path]:
        os.utime(p, (at, at))


def rows(dbvitals, dataset, *how, env=None):
    done = dbvitals("show", dataset, *how, "-f", "json", env=env or servers.plain_env())
    assert done.returncode == 0, done.stderr
    return json.loads(done.stdout)[dataset]


WHOLE = {"shop.dump": "pg_dump custom", "shop.sql": "plain SQL", "shop.sql.gz": "gzip", "shop.sql.zst": "zstd", "shop.dir": "pg_dump directory", "shop.tar": "tar"}


@pytest.mark.parametrize("name", WHOLE)
def test_a_whole_dump_is_verified(dbvitals, place, name):
    path = place(name)
    row = rows(dbvitals, "backups", place.url)[0]
    size = sum(p.stat().st_size for p in path.iterdir()) if path.is_dir() else path.stat().st_size
    assert (row["name"], row["kind"], row["verified"], row["is_newest"], row["writing"]) == (name, WHOLE[name], 1, 1, 0), row
    assert row["size_bytes"] == size
    assert HOUR <= row["dump_age_s"] < HOUR + 60
    assert row["verified_at"] == pytest.approx(time.time(), abs=30)


@pytest.mark.parametrize("name", ["shop.dump", "shop.sql", "shop.sql.gz", "shop.sql.zst", "shop.tar"])
def test_a_cut_dump_is_told_as_not_whole(dbvitals, place, name):
    """Nine tenths of it: the table of contents of pg_dump -Fc, which pg_restore --list reads, is still there."""
    place(name, cut=lambda n: n * 9 // 10)
    row = rows(dbvitals, "backups", place.url)[0]
    assert row["verified"] == 0 and row["verdict"] != "", row


def test_a_directory_that_lacks_a_file_is_told_in_a_whole_sentence(dbvitals, place):
    path = place("shop.dir")
    lost = next(path.glob("[0-9]*.dat*"))
    lost.unlink()
    age(path, HOUR)
    row = rows(dbvitals, "backups", place.url)[0]
    said = f'could not open input file "{lost.name.removesuffix(".gz")}'
    assert row["verified"] == 0 and row["verdict"].startswith("pg_restore: error: ") and said in row["verdict"] and row["verdict"].endswith("No such file or directory"), row
    assert row["verdict"].count('"') == 2, row


def test_a_dump_of_the_future_is_told_as_that(dbvitals, place):
    place("good.sql", of="shop.sql")
    place("late.sql", -HOUR, of="shop.sql")
    late, good = rows(dbvitals, "backups", place.url)
    assert (late["name"], late["dump_age_s"], late["verified"]) == ("late.sql", 0, None), late
    assert "its time lies in the future: a clock is wrong" in late["verdict"] and "written, or" not in late["verdict"], late
    assert (good["is_newest"], good["verified"]) == (1, 1)


def test_a_dump_that_failed_behind_a_pipe_is_found_though_its_gzip_is_whole(dbvitals, place):
    path = place("failed.sql.gz")
    assert subprocess.run(["gzip", "-t", path]).returncode == 0
    row = rows(dbvitals, "backups", place.url)[0]
    assert row["verified"] == 0 and "what is packed has no end" in row["verdict"], row


def test_an_empty_dump_is_no_good_one(dbvitals, place):
    place("good.sql", 30 * HOUR, of="shop.sql")
    place("empty.sql", cut=lambda n: 0, of="shop.sql")
    newest, before = rows(dbvitals, "backups", place.url)
    assert (newest["kind"], newest["verified"], newest["verdict"]) == ("empty", 0, "it is empty")
    assert newest["size_ratio"] == 0 and before["verified"] == 1
    whole = rows(dbvitals, "backup_sets", place.url)[0]
    assert whole["newest_age_s"] < 2 * HOUR and 30 * HOUR <= whole["good_age_s"] < 31 * HOUR, whole


def test_a_dump_that_is_being_written_is_not_judged(dbvitals, place):
    place("a.sql", of="shop.sql")
    place("b.sql", 0, cut=lambda n: n // 2, of="shop.sql")
    writing, newest = rows(dbvitals, "backups", place.url)
    assert (writing["name"], writing["writing"], writing["verified"], writing["is_newest"]) == ("b.sql", 1, None, 0), writing
    assert "being written" in writing["verdict"]
    assert (newest["name"], newest["verified"], newest["is_newest"]) == ("a.sql", 1, 1)
    assert rows(dbvitals, "backup_sets", place.url)[0]["newest_name"] == "a.sql"


def test_what_a_cut_newest_dump_leaves_as_good_is_verified_too(dbvitals, place):
    """Three were cut: the good one is the fourth, which was read for that; the fifth is left alone."""
    for i, cut in enumerate((None, None, lambda n: n // 2, lambda n: n * 9 // 10, lambda n: n // 3)):
        place(f"{i}.gz", (50 - 10 * i) * HOUR, cut=cut, of="shop.sql.gz")
    found = rows(dbvitals, "backups", place.url)
    assert [(r["name"], r["verified"]) for r in found] == [("4.gz", 0), ("3.gz", 0), ("2.gz", 0), ("1.gz", 1), ("0.gz", None)], found
    row = rows(dbvitals, "backup_sets", place.url)[0]
    assert (row["newest_name"], row["verified"], row["good_name"], row["good_is"]) == ("4.gz", 0, "1.gz", "verified good"), row
    assert row["good_age_s"] == pytest.approx(40 * HOUR, abs=60)


def test_what_nobody_verified_is_not_called_good(dbvitals, place, tmp_path):
    """After six that failed no more are read, and none with verify = no; the rule says which it is."""
    for i in range(8):
        place(f"{i}.gz", (30 + i) * HOUR, cut=lambda n: n // 2, of="shop.sql.gz")
    found = rows(dbvitals, "backups", place.url)
    assert [r["verified"] for r in found] == [0] * 6 + [None] * 2 and "at most 6" in found[6]["verdict"], found
    row = rows(dbvitals, "backup_sets", place.url)[0]
    assert (row["good_name"], row["good_is"]) == ("6.gz", "not verified"), row
    config = tmp_path / "dbvitals.conf"
    config.write_text(f"[target dumps]\nurl = {place.url}\nverify = no\n")
    row = rows(dbvitals, "backup_sets", "--config", config)[0]
    assert (row["good_name"], row["good_is"]) == ("0.gz", "not verified"), row
    done = dbvitals("check", "backup_old", "--config", config, env=servers.plain_env())
    assert done.returncode == 1 and "0.gz, the newest dump of" in done.stdout and "old: not verified" in done.stdout, done.stdout


def test_doctor_has_no_question_mark_for_what_has_no_version(dbvitals, place):
    place("a.sql", of="shop.sql")
    done = dbvitals("doctor", place.url, env=servers.plain_env())
    assert f"connected as {place.folder}/*, backups, files" in done.stdout and "?" not in done.stdout.splitlines()[0], done.stdout


def test_only_the_newest_is_read_and_links_are_not_counted(dbvitals, place):
    place("1.gz", 3 * HOUR, cut=lambda n: n // 2, of="shop.sql.gz")
    os.symlink(place("2.gz", of="shop.sql.gz"), place.folder / "latest")
    newest, older = rows(dbvitals, "backups", place.url)
    assert (newest["name"], newest["verified"]) == ("2.gz", 1)
    assert (older["name"], older["verified"], older["verdict"]) == ("1.gz", None, "not read: dumps are, from the newest back until one is good, at most 6")


def test_the_set_tells_room_sizes_and_the_last_tested_restore(dbvitals, place, tmp_path):
    a, b = place("a.sql", 50 * HOUR, of="shop.sql"), place("b.sql", 20 * HOUR, of="shop.sql")
    marker = tmp_path / "restored"
    marker.touch()
    age(marker, 5 * HOUR)
    config = tmp_path / "dbvitals.conf"
    config.write_text(f"[target dumps]\nurl = {place.url}\nrestore_marker = {marker}\n")
    row = rows(dbvitals, "backup_sets", "--config", config)[0]
    size = b.stat().st_size
    assert (row["target"], row["pattern"], row["dumps"], row["newest_name"], row["verified"]) == ("dumps", f"{place.folder}/*", 2, "b.sql", 1)
    assert (row["newest_bytes"], row["size_ratio"], row["total_bytes"]) == (size, 1, size + a.stat().st_size)
    assert row["newest_age_s"] == pytest.approx(20 * HOUR, abs=60) and row["good_age_s"] == row["newest_age_s"]
    assert row["oldest_age_s"] == pytest.approx(50 * HOUR, abs=60) and row["restore_age_s"] == pytest.approx(5 * HOUR, abs=60)
    st = os.statvfs(place.folder)
    assert row["free_bytes"] == pytest.approx(st.f_bavail * st.f_frsize, rel=0.2) and row["next_fits"] == 1


def test_what_is_not_known_has_its_reason(dbvitals, place, tmp_path):
    """No program, no patience, no wish: n/a each time, and none of them takes long."""
    path = place("shop.sql.gz")
    few = tmp_path / "few"
    few.mkdir()
    for name in ("sh", "nice", "env", "head", "tail"):
        os.symlink(shutil.which(name), few / name)
    env = {**servers.plain_env(), "PATH": str(few)}
    row = rows(dbvitals, "backups", place.url, env=env)[0]
    assert (row["verified"], row["verdict"]) == (None, "gzip is not installed here")
    (few / "gzip").write_text(f"#!/bin/sh\necho $$ >> {tmp_path}/pids\nexec {shutil.which('sleep')} 30\n")
    (few / "gzip").chmod(0o755)
    config = tmp_path / "dbvitals.conf"
    config.write_text(f"[target dumps]\nurl = {place.url}\nverify_limit = 1s\n")
    row = rows(dbvitals, "backups", "--config", config, env=env)[0]
    assert (row["verified"], row["verdict"]) == (None, "not read within 1.0 s: see verify_limit"), path
    pids = [int(p) for p in (tmp_path / "pids").read_text().split()]
    servers.wait_for(lambda: not any(servers.alive(p) for p in pids), 5, lambda: f"{pids} live on")
    config.write_text(f"[target dumps]\nurl = {place.url}\nverify = no\n")
    assert rows(dbvitals, "backups", "--config", config)[0]["verdict"] == "verify = no"


def test_the_rules_and_doctor_speak_of_it(dbvitals, place, tmp_path):
    """Nothing there, then one that is old and cut; `check` is the verdict for scripts."""
    config = tmp_path / "dbvitals.conf"
    config.write_text(f"[target dumps]\nurl = {place.url}\n")

    def check(rule):
        done = dbvitals("check", rule, "--config", config, env=servers.plain_env())
        return done.returncode, done.stdout + done.stderr

    code, told = check("backup_missing")
    assert code == 2 and f"no dump matches {place.folder}/*" in told, told
    done = dbvitals("doctor", place.url, env=servers.plain_env())
    assert done.returncode != 0 and "0 dumps match" in done.stdout
    place("a.dump", 60 * HOUR, of="shop.dump")
    place("b.dump", 52 * HOUR, cut=lambda n: n // 3, of="shop.dump")
    code, told = check("backup_failed_verification")
    assert code == 2 and "b.dump is no good dump: " in told, told
    assert check("backup_old")[0] == 2
    code, told = check("backup_shrunk")
    assert code == 1 and "of the dump before it" in told, told
    assert check("backup_no_space")[0] == 0


def test_the_alert_of_a_dump_leads_to_the_page_of_dumps(program, place):
    place("a.dump", 3 * HOUR, of="shop.dump")
    place("b.dump", cut=lambda n: n // 3, of="shop.dump")
    with screen.Screen([program, place.url], rows=24, columns=80) as s:
        s.wait(lambda t: "▶▲ b.dump is no good dump" in t, 20)
        s.send("enter")
        s.wait(lambda t: "what to do" in t and "make one by hand now" in t, 10)
        s.send("tab", "enter")
        s.wait(lambda t: "dumps · newest first" in t and "a.dump" in t and "verified good" in t, 10)
        s.send(":page alerts", "enter")
        s.wait(lambda t: "by rules: 1 critical" in t and "▶ backups firing critical" in t and "b.dump is no good dump" in t, 10)
        s.send("q")
        assert s.wait_end() == 0


def test_names_of_files_reach_the_screen_without_harm(dbvitals, place):
    place("evil\x1b]0;x\x07\n\xff.sql".encode("latin-1").decode("utf-8", "surrogateescape"), of="shop.sql")
    done = dbvitals("show", "backups", place.url, env=servers.plain_env())
    assert done.returncode == 0 and "\x1b" not in done.stdout and "\x07" not in done.stdout and "plain SQL" in done.stdout


def test_a_pattern_has_to_be_a_whole_path(dbvitals):
    done = dbvitals("show", "backups", "backups:shop/*.gz", env=servers.plain_env())
    assert done.returncode != 0 and "takes a whole path" in done.stderr
