"""What is done to a file of SQLite from the dashboard: it runs in the file, steps back from writers, and the ledger tells before and after."""
import json
import os
import sqlite3

import pytest

import screen
from writers import Writer, make, seen


def number(path, sql):
    c = sqlite3.connect(f"file:{path}?mode=ro", uri=True)
    try:
        return c.execute(sql).fetchone()[0]
    finally:
        c.close()


@pytest.fixture
def open_page(program, tmp_path):
    """open_page(db, page): the dashboard on DB."""
    def run(db, page):
        env = {**os.environ, "XDG_CONFIG_HOME": str(tmp_path), "XDG_STATE_HOME": str(tmp_path / "state")}
        return screen.Screen([program, f"sqlite:{db}", "--page", page, "--refresh", "0.25"], 34, 130, env=env)
    return run


def act(s, name, *answer):
    """ACTION by its name in the palette, and what is typed in its dialog once a person has read it."""
    s.send(":", name, "enter")
    s.wait("it   any other key" if answer == ("y",) else "type")
    armed = s.text()
    s.wait(lambda t: True)
    for _ in range(6):
        s.read(0.1)  # a dialog takes no key of its first 300 ms
    s.send(*answer)
    return armed


def test_analyze_of_a_table_is_that_of_sqlite_and_its_rows_are_known_then(open_page, tmp_path):
    db = make(tmp_path / "a.db", "create index m_bot on messages (bot_id)", rows=3000)
    with open_page(db, "tables") as s:
        s.wait(lambda t: "▶" in t and "messages" in t)
        s.send("A")
        s.wait('ANALYZE main."messages"')
        for _ in range(6):
            s.read(0.1)
        s.send("y")
        s.wait(lambda t: "3,000" in t and "done" in t)
    assert number(db, "select stat from sqlite_stat1") == "3000 300"


def test_vacuum_wants_the_name_and_the_ledger_tells_what_came_back(open_page, dbvitals, tmp_path):
    db = make(tmp_path / "v.db", "delete from messages", rows=20000)
    before = os.path.getsize(db)
    with open_page(db, "sqlite") as s:
        s.wait(lambda t: "▶" in t and ("99.7 %" in t))
        text = act(s, "vacuum_file", "v.db", "enter")
        assert "NOBODY ELSE CAN WRITE" in text and "at least " in text and "half empty" in text, text
        s.wait("done")
        assert os.path.getsize(db) < before / 10
        s.send("q")
        s.wait_end()
    done = dbvitals("show", "ledger", "-f", "json", f"sqlite:{db}", env={**os.environ, "XDG_STATE_HOME": str(tmp_path / "state")})
    [entry] = json.loads(done.stdout)["ledger"]
    assert (entry["action"], entry["result"] if "result" in entry else entry["state"]) == ("vacuum_file", "done"), entry


def test_a_checkpoint_empties_the_log_and_a_check_says_ok(open_page, tmp_path):
    db = tmp_path / "c.db"
    with Writer(db, "pragma journal_mode = wal", "pragma wal_autocheckpoint = 0", "create table t (x)", "insert into t values (randomblob(100000))"):
        assert os.path.getsize(f"{db}-wal") > 100000
        with open_page(db, "sqlite") as s:
            s.wait(lambda t: "▶" in t and "wal" in t)
            act(s, "checkpoint_file", "y")
            s.wait("done")
            assert os.path.getsize(f"{db}-wal") == 0
            text = act(s, "check_file", "y")
            assert "READS THE WHOLE FILE" in text
            s.wait(lambda t: "check_file" in t and "done" in t and "ok" in t)


def test_a_cure_steps_back_from_a_writer_and_comes_again(open_page, tmp_path):
    db = make(tmp_path / "b.db", rows=100)
    with Writer(db, "begin immediate") as w, open_page(db, "sqlite") as s:
        s.wait(lambda t: "▶" in t and "rollback" in t)
        act(s, "analyze_file", "y")
        s.send(":", "page cures", "enter")
        s.wait(lambda t: "waits" in t or "again" in t, timeout_s=10, what="stepping back")
        w.do("pragma busy_timeout = 0", "insert into messages (body) values ('nobody stands in the way')", "commit")
        s.wait("done", timeout_s=10)
    assert number(db, "select count(*) from sqlite_stat1") == 1


def test_what_is_not_known_of_a_held_file_is_left_out_of_the_dialog(open_page, tmp_path):
    db = make(tmp_path / "h.db", rows=100)
    with Writer(db, "begin exclusive"), open_page(db, "sqlite") as s:
        s.wait(lambda t: "▶" in t)
        s.send(":", "vacuum_file", "enter")
        text = s.wait("NOBODY ELSE CAN WRITE") or s.text()
        said = text[text.index("file: "):text.index("NOBODY ELSE")]
        assert "n/a" not in said and "other processes" not in said and "by 1 other process" in said, text
        assert "twice the room of its content" in said, text


def test_a_plan_cures_what_was_found(dbvitals, tmp_path):
    db = make(tmp_path / "p.db", "create index a on messages (bot_id)", "create index b on messages (bot_id, created_at)", rows=30000)
    found = dbvitals("findings", f"sqlite:{db}").stdout
    assert "the planner knows no table of the file" in found and "b begins with all its columns" in found
    done = dbvitals("optimize", "--yes", f"sqlite:{db}")
    assert done.returncode == 0 and "analyze_file" in done.stdout + done.stderr, done
    assert number(db, "select count(*) from sqlite_stat1") == 2
    assert "the planner knows no table" not in dbvitals("findings", f"sqlite:{db}").stdout


def test_free_pages_are_found_where_they_are_worth_it(dbvitals, tmp_path):
    db = make(tmp_path / "f.db", "delete from messages where id > 1000", rows=150000)
    assert "much of a file is empty" in dbvitals("findings", f"sqlite:{db}").stdout
    small = make(tmp_path / "s.db", "delete from messages", rows=5000)
    assert "much of a file is empty" not in dbvitals("findings", f"sqlite:{small}").stdout
    assert set(seen(tmp_path)) >= {"f.db", "s.db"}
