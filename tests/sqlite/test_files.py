"""Files of SQLite as targets: read without a trace, whatever their writers do."""
import json
import os
import re
import shutil
import sqlite3
import subprocess

import pytest

import screen
from writers import Writer, make, seen


@pytest.fixture
def ask(dbvitals):
    def run(sql, *targets, **more):
        done = dbvitals("query", sql, *(t if str(t).startswith("sqlite:") else f"sqlite:{t}" for t in targets), "-f", "json", **more)
        assert done.returncode == 0, done.stderr
        return json.loads(done.stdout)
    return run


def test_numbers_are_those_of_the_file(ask, tmp_path):
    db = make(tmp_path / "shop.db", "create index m_bot on messages (bot_id)", "pragma user_version = 7", "delete from messages where id > 1000", "analyze", rows=5000)
    c = sqlite3.connect(db)
    pages, free, page = (c.execute(f"pragma {p}").fetchone()[0] for p in ("page_count", "freelist_count", "page_size"))
    sizes = dict(c.execute("select name, sum(pgsize) from dbstat group by name"))
    c.close()
    [d] = ask("select * from databases", db)
    assert (d["target"], d["datname"], d["size_bytes"], d["pages"], d["freelist_bytes"]) == ("shop", "shop.db", pages * page, pages, free * page)
    assert (d["user_version"], d["analyzed"], d["journal_mode"], d["encoding"], d["auto_vacuum"]) == (7, 1, "rollback", "UTF-8", "none")
    assert d["blks_hit"] is None and free > 0
    [t] = ask("select * from tables where name = 'messages'", db)
    assert (t["heap_bytes"], t["index_bytes"], t["planner_rows"], t["max_rowid"]) == (sizes["messages"], sizes["m_bot"], 1000, 1000)
    [i] = ask("select * from indexes", db)
    assert (i["name"], i["table_name"], i["size_bytes"], i["n_columns"], i["unused"]) == ("m_bot", "messages", sizes["m_bot"], 1, None)


def test_a_log_that_is_not_checkpointed_belongs_to_the_content(ask, tmp_path):
    db = tmp_path / "wal.db"
    with Writer(db, "pragma journal_mode = wal", "pragma wal_autocheckpoint = 0", "create table t (x)") as w:
        for _ in range(20):
            w.do("insert into t select randomblob(3000)")
        assert os.path.getsize(db) == 4096
        before = seen(tmp_path)
        [d] = ask("select * from databases", db)
        assert d["size_bytes"] > 60000 and d["wal_bytes"] == os.path.getsize(f"{db}-wal") and d["journal_mode"] == "wal"
        assert d["processes"] in (1, None)
        assert ask("select max_rowid from tables", db) == [{"max_rowid": 20}]
        assert seen(tmp_path) == before


def test_a_log_without_its_index_is_read_and_nothing_is_made_beside_it(ask, tmp_path):
    """As a copy of a running application's files is, or what a crash of the machine left."""
    db, copy = tmp_path / "wal.db", tmp_path / "copy"
    copy.mkdir()
    with Writer(db, "pragma journal_mode = wal", "pragma wal_autocheckpoint = 0", "create table t (x)", "insert into t values (1), (2), (3)"):
        for ending in ("", "-wal"):
            shutil.copy(f"{db}{ending}", copy / f"c.db{ending}")
    before = seen(copy)
    assert ask("select name, max_rowid from tables", copy / "c.db") == [{"name": "t", "max_rowid": 3}]
    assert seen(copy) == before


@pytest.mark.parametrize("wal", [False, True])
def test_a_file_at_rest_is_read_and_nothing_is_made_beside_it(ask, tmp_path, wal):
    db = make(tmp_path / "rest.db", rows=100, wal=wal)
    before = seen(tmp_path)
    assert ask("select max_rowid from tables", db) == [{"max_rowid": 100}]
    assert ask("select journal_mode from databases", db) == [{"journal_mode": "wal" if wal else "rollback"}]
    assert seen(tmp_path) == before and list(before) == ["rest.db"]


def test_who_may_not_write_into_the_directory_reads_all_the_same(program, tmp_path_factory):
    if os.geteuid() != 0:
        pytest.skip("needs root, to become nobody")
    folder = tmp_path_factory.mktemp("open") / "data"
    folder.mkdir(mode=0o755)
    top = folder
    while top != top.parent and not top.stat().st_mode & 0o001:
        top = top.parent
    for parent in [p for p in folder.parents if str(p).startswith("/tmp/") and not p.stat().st_mode & 0o001]:
        parent.chmod(parent.stat().st_mode | 0o011)
    db = make(folder / "a.db", rows=10, wal=True)
    secret = make(folder / "secret.db")
    secret.chmod(0o600)
    with Writer(db, "insert into messages (body) values ('in the log')"):
        before = seen(folder)
        for sql, expected in (("select max_rowid from tables where name = 'messages'", '"max_rowid":11'), ("select can_write from databases", '"can_write":0')):
            done = subprocess.run(["setpriv", "--reuid=65534", "--regid=65534", "--clear-groups", program, "query", sql, f"sqlite:{db}", "-f", "json"],
                                  text=True, capture_output=True, timeout=30, env={"HOME": "/nonexistent", "PATH": os.environ["PATH"]}, check=False)
            assert expected in done.stdout, done
        done = subprocess.run(["setpriv", "--reuid=65534", "--regid=65534", "--clear-groups", program, "show", "databases", f"sqlite:{secret}"],
                              text=True, capture_output=True, timeout=30, env={"HOME": "/nonexistent", "PATH": os.environ["PATH"]}, check=False)
        assert done.returncode != 0 and "may not read it" in done.stderr
        assert seen(folder) == before


def test_a_writer_that_holds_the_file_makes_it_busy_and_not_down(ask, dbvitals, tmp_path):
    db = make(tmp_path / "held.db", rows=10)
    with Writer(db, "begin exclusive", "insert into messages (body) values ('x')") as w:
        [d] = ask("select * from databases", db)
        assert (d["is_busy"], d["looks_free"]) == (1, 0) and d["looks_busy"] > 0 and d["pages"] is None
        [t] = ask("select state, error from targets", db)
        assert t["state"] == "up" and t["error"].startswith("busy: a writer holds the file")
        assert "busy: a writer holds the file" in dbvitals("show", "tables", f"sqlite:{db}").stderr
        doctor = dbvitals("doctor", f"sqlite:{db}")
        assert doctor.returncode == 0 and f"held: connected as {db}" in doctor.stdout and "busy: a writer holds the file" in doctor.stdout, doctor
        assert "a writer holds the file now: nobody may read it until that one lets go" in " ".join(doctor.stdout.split()), doctor
        w.do("commit")
        assert "a writer holds" not in dbvitals("doctor", f"sqlite:{db}").stdout
        assert ask("select is_busy, looks_busy from databases", db) == [{"is_busy": 0, "looks_busy": 0}]


def test_a_writer_at_work_is_seen_and_not_disturbed(ask, tmp_path):
    db = make(tmp_path / "work.db", rows=10)
    with Writer(db, "begin immediate", "insert into messages (body) values ('x')") as w:
        [d] = ask("select is_busy, looks_writing, processes from databases", db)
        assert d["is_busy"] == 0 and (d["looks_writing"] is None or d["looks_writing"] > 0)
        assert ask("select max_rowid from tables", db) == [{"max_rowid": 10}]
        w.do("pragma busy_timeout = 0", "commit")


def test_writers_never_meet_us(program, tmp_path):
    """A writer that waits for nobody commits while the file is looked at ten times a second."""
    db = make(tmp_path / "w.db", rows=10, wal=True)
    env = {**os.environ, "XDG_CONFIG_HOME": str(tmp_path)}
    with Writer(db, "pragma busy_timeout = 0") as w, screen.Screen([program, f"sqlite:{db}", "--refresh", "0.25"], 30, 100, env=env) as s:
        s.wait("vital signs")
        for _ in range(300):
            w.do("insert into messages (body) values ('x')")
        w.do("pragma wal_checkpoint(truncate)")
        s.wait(lambda t: "310" in t, what="the rows")


def test_a_file_that_is_replaced_is_another_one(program, tmp_path):
    db, other = make(tmp_path / "a.db", rows=100), make(tmp_path / "b.db", "create table second (x)", rows=5)
    env = {**os.environ, "XDG_CONFIG_HOME": str(tmp_path)}
    with screen.Screen([program, f"sqlite:{db}", "--refresh", "0.25"], 30, 100, env=env) as s:
        s.wait(lambda t: "messages" in t and "second" not in t)
        os.rename(other, db)
        s.wait("second")
        os.unlink(db)
        s.wait(lambda t: "down" in t and "cannot be reached" in t)
        make(db, "create table third (x)")
        s.wait("third", timeout_s=15)


TROUBLES = {
    "gone": (lambda p: None, "there is no such file"),
    "directory": (lambda p: p.mkdir(), "is a directory"),
    "empty": (lambda p: p.write_bytes(b""), "is empty"),
    "text": (lambda p: p.write_text("id,name\n1,one\n" * 100), "it begins as a text does"),
    "encrypted": (lambda p: p.write_bytes(bytes((i * 197 + 91) % 256 for i in range(8192))), "encrypted"),
    "pipe": (os.mkfifo, "is no regular file"),
    "header": (lambda p: p.write_bytes(b"SQLite format 3\0\3\3" + bytes(4000)), "its header is damaged"),
    "pages": (lambda p: spoil(make(p, rows=2000)), "damaged"),
}


def spoil(path):
    content = bytearray(path.read_bytes())
    content[100:4000] = b"\xff" * 3900
    path.write_bytes(content)


@pytest.mark.parametrize("trouble", TROUBLES)
def test_what_is_no_database_is_told_in_a_sentence(dbvitals, tmp_path, trouble):
    path = tmp_path / "x.db"
    break_it, sentence = TROUBLES[trouble]
    break_it(path)
    done = dbvitals("show", "databases", f"sqlite:{path}")
    assert done.returncode == 2 and sentence in done.stderr, done


def test_a_journal_that_a_dead_writer_left_is_told_and_kept(dbvitals, tmp_path):
    db = make(tmp_path / "hot.db", rows=3000)
    w = Writer(db, "pragma cache_size = 5", "begin", "update messages set body = 'y'")
    w.close()
    before = seen(tmp_path)
    assert "hot.db-journal" in before
    done = dbvitals("show", "databases", f"sqlite:{db}")
    assert "a writer died in the midst of a transaction" in done.stderr, done
    assert seen(tmp_path) == before


def test_names_that_mean_harm_do_none(ask, dbvitals, tmp_path):
    evil = ['a"b', "a'b; drop table x", "a\x1b[31mb", "x" * 2000, "таблица", "a\nb", "%s%n", "rowid"]
    db = tmp_path / "evil.db"
    c = sqlite3.connect(db)
    for name in evil:
        quoted = name.replace('"', '""')
        c.execute(f'create table "{quoted}" (rowid, _rowid_, a, oid)' if name == "rowid" else f'create table "{quoted}" (a, b)')
        c.execute(f'create index "i {quoted}" on "{quoted}" (a)')
        c.execute(f'insert into "{quoted}" (a) values (1), (2)')
    c.execute("create table w (a text primary key, b) without rowid")
    c.execute("create view v as select * from sqlite_master, no_such_table")
    c.execute("create virtual table f using fts5 (body)")
    c.execute("pragma writable_schema = 1")
    c.execute("insert into sqlite_master values ('table', 'gone', 'gone', 0, 'create virtual table gone using no_such_module(1)')")
    c.execute("update sqlite_master set name = cast(x'62ff64' as text), tbl_name = cast(x'62ff64' as text), sql = cast(cast(x'637265617465207461626c652022' as text) || cast(x'62ff64' as text) || '\" (a, b)' as text) where name = '%s%n'")
    c.execute("update sqlite_master set tbl_name = cast(x'62ff64' as text), sql = replace(sql, '%s%n\" (', cast(x'62ff64' as text) || '\" (') where name = 'i %s%n'")
    c.commit()
    c.close()
    before = seen(tmp_path)
    rows = {r["name"]: r for r in ask("select * from tables", db)}
    for name in evil:
        if name != "%s%n":
            assert rows[name]["kind"] == "table" and rows[name]["heap_bytes"] == 4096, name
            assert rows[name]["max_rowid"] == (None if name == "rowid" else 2), name
    assert "b\ufffdd" in rows
    assert (rows["w"]["kind"], rows["f"]["kind"], rows["gone"]["kind"]) == ("without rowid", "virtual", "virtual")
    assert "v" not in rows
    assert len(ask("select * from indexes", db)) >= len(evil)
    assert "\x1b" not in dbvitals("show", "tables", f"sqlite:{db}").stdout
    assert seen(tmp_path) == before


def test_a_change_of_the_schema_is_no_change_of_a_setting(ask, tmp_path):
    db = make(tmp_path / "s.db")
    asked = "select name, value from settings order by name"
    before = ask(asked, db)
    with Writer(db, "create table more (x)", "pragma user_version = 8", "pragma application_id = 9"):
        pass
    assert ask(asked, db) == before and {r["name"] for r in before} == {"auto_vacuum", "encoding", "journal_mode", "page_size"}


def test_findings_of_what_a_file_does_not_have_are_not_mentioned(ask, dbvitals, tmp_path):
    db = make(tmp_path / "s.db")
    done = dbvitals("findings", f"sqlite:{db}")
    assert done.returncode == 0 and done.stdout.startswith("nothing to do: ") and "could not be judged" not in done.stdout, done.stdout + done.stderr
    checks = {r["finding"]: r["status"] for r in ask("select finding, status from checks", db)}
    assert (checks["connection_churn"], checks["unread_slot"]) == ("no data source", "no data source") and "ok" in checks.values()


def test_an_index_that_another_makes_needless_is_named(ask, tmp_path):
    db = make(tmp_path / "i.db", "create index a on messages (bot_id)", "create index b on messages (bot_id, created_at)", "create index c on messages (bot_id, created_at)",
              "create unique index d on messages (created_at, bot_id)", "create index e on messages (created_at desc)", "create index p on messages (bot_id) where bot_id > 3",
              "create index x on messages (abs(bot_id))")
    rows = {r["name"]: (r["duplicate_of"], r["prefix_of"]) for r in ask("select * from indexes", db)}
    assert rows == {"a": (None, "b"), "b": (None, None), "c": ("b", None), "d": (None, None), "e": (None, None), "p": (None, None), "x": (None, None)}


def test_an_index_that_the_tables_own_key_makes_needless_is_named(ask, dbvitals, tmp_path):
    db = make(tmp_path / "k.db", "create table w (k1, k2, v, primary key (k1, k2)) without rowid", "create index w_k1 on w (k1)", "create index w_both on w (k1, k2)",
              "create index w_down on w (k1 desc)", "create index w_k2 on w (k2)", "create index w_v on w (v, k1)", "create index w_nocase on w (k1 collate nocase)",
              "create index w_part on w (k1) where k2 > 3", "create index w_on on w (k1, v)",
              "create table a (id integer primary key, v)", "create index a_id on a (id)", "create index a_down on a (id desc)", "create index a_on on a (id, v)", "create unique index a_unique on a (id)",
              "create table o (id int primary key, v)", "create index o_id on o (id)", "create table n (id integer, v)", "create index n_id on n (id)",
              "create table d (id integer primary key desc, v)", "create index d_id on d (id)",
              "insert into w with recursive g (i) as (select 1 union all select i + 1 from g where i < 20000) select i, i, i from g", "insert into a select k1, v from w")
    rows = {r["name"]: (r["duplicate_of"], r["prefix_of"]) for r in ask("select * from indexes where not name like 'sqlite_%'", db)}
    none = (None, None)
    assert rows == {"w_k1": (None, "PRIMARY KEY"), "w_both": ("PRIMARY KEY", None), "w_down": none, "w_k2": none, "w_v": none, "w_nocase": none, "w_part": none,
                    "w_on": none, "a_id": ("PRIMARY KEY", "a_on"), "a_down": none, "a_on": none, "a_unique": ("PRIMARY KEY", "a_on"),
                    "o_id": ("sqlite_autoindex_o_1", None), "n_id": none, "d_id": none}, rows
    done = dbvitals("findings", f"sqlite:{db}", "-f", "json")
    found = {r["label"]: r["evidence"] for r in json.loads(done.stdout) if "PRIMARY KEY" in r["evidence"]}
    assert done.returncode == 0 and set(found) >= {"w_k1", "w_both", "a_id"} and "a_unique" not in found, found


def test_commits_are_counted_in_both_modes(program, dbvitals, tmp_path):
    env = {**os.environ, "XDG_CONFIG_HOME": str(tmp_path)}
    for mode in ("delete", "wal"):
        db = make(tmp_path / f"{mode}.db", wal=mode == "wal")
        with Writer(db, f"pragma journal_mode = {mode}", "insert into messages (body) values ('first')") as w:
            with screen.Screen([program, f"sqlite:{db}", "--refresh", "0.25", "--page", "databases"], 40, 120, env=env) as s:
                s.wait(lambda t: "xact" in t and "looks_free" in t.replace(" ", "_"))
                for _ in range(25):
                    w.do("insert into messages (body) values ('x')")
                s.wait(lambda t: re.search(r"xact +25 ", t), what="25 commits")


def test_fifty_files_have_names_of_their_own_and_are_all_read(dbvitals, tmp_path):
    for i in range(50):
        make(tmp_path / f"bot{i:02}.db", wal=i % 2 == 1)
    before = seen(tmp_path)
    done = dbvitals("show", "databases", f"sqlite:{tmp_path}/*.db", "-f", "json")
    assert {r["target"] for r in json.loads(done.stdout)["databases"]} == {f"bot{i:02}" for i in range(50)}, done.stderr
    conf = tmp_path / "conf"
    conf.write_text(f"[target bots]\nurl = sqlite:{tmp_path}/*.db\ncache_size = 64MB\n")
    done = dbvitals("query", "select d.target, cache_bytes, cache_told from databases d order by 1 limit 1", "--config", conf, "-f", "json")
    assert json.loads(done.stdout) == [{"target": "bots-bot00", "cache_bytes": 64 << 20, "cache_told": 1}], done.stderr
    assert dbvitals("doctor", "--config", conf).returncode == 0
    after = seen(tmp_path)
    del after["conf"]
    assert after == before


def test_a_table_is_asked_for_again_only_when_something_was_written(program, tmp_path):
    """The rows of a table that nobody wrote are those of before, and what is written is seen at the next look."""
    db = make(tmp_path / "t.db", rows=10)
    env = {**os.environ, "XDG_CONFIG_HOME": str(tmp_path)}
    with Writer(db) as w, screen.Screen([program, f"sqlite:{db}", "--refresh", "0.25"], 30, 100, env=env) as s:
        s.wait("messages")
        w.do("create table new_one (x)")
        s.wait("new_one", timeout_s=15)


def test_the_overview_of_a_file_says_what_it_is(program, tmp_path):
    db = make(tmp_path / "shop.db", rows=2000)
    env = {**os.environ, "XDG_CONFIG_HOME": str(tmp_path)}
    with screen.Screen([program, f"sqlite:{db}"], 24, 80, env=env) as s:
        s.wait(lambda t: "SQLite 3." in t and "commits/s" in t and "messages" in t)
        assert "sessions" not in "\n".join(s.text().split("\n")[3:])


def test_a_page_leads_to_the_target_that_it_is_for_also_at_the_start_and_keeps_the_one_that_was_chosen(program, tmp_path):
    db = make(tmp_path / "shop.db", rows=10)
    env = {**os.environ, "XDG_CONFIG_HOME": str(tmp_path), "XDG_STATE_HOME": str(tmp_path / "state")}
    with screen.Screen([program, f"backups:{tmp_path}/*.gz", f"sqlite:{db}", "--page", "sqlite", "--refresh", "0.25"], 30, 110, env=env) as s:
        text = s.wait(lambda t: "SQLite 3" in t.split("\n")[0] and "tables · largest first" in t, 10)
        assert "page sqlite: target shop is looked at" in text
        s.send("g")
        s.wait(lambda t: "backups · files" in t.split("\n")[0] and "n/a for backups" in t, 10)
        head = s.text().split("\n")[0]
        text = s.wait(lambda t: t.split("\n")[0][-12:] != head[-12:], 10)  # the clock: it has looked again
        assert "backups · files" in text.split("\n")[0]
