"""Schema changes of the ledger as SQL files: psql runs them on a database that lacks the change, and takes them back; whatever names hold."""
import fcntl
import glob
import hashlib
import os
import resource
import signal
import sqlite3
import subprocess

import pytest

import servers
from conftest import need
from test_cures import cure, table

# Ends a comment for some reader, and would be SQL or a command of psql behind it.
HOSTILE = 'o"dd\n; create table pwned(); --\r\\! touch pwned\n$$ \'s'
SCHEMA = f"""
    create table parent (id int primary key);
    create table child (p int references parent);
    create table kept (id int, v text);
    create index kept_v on kept (lower(v), id desc) where id > 10;
    create table "{HOSTILE.replace('"', '""')}" (id int) with (fillfactor = 70);
    create index "i {HOSTILE.replace('"', '""')}" on "{HOSTILE.replace('"', '""')}" (id);
"""
LOOKS = """select c.relname, c.reloptions, pg_get_indexdef(c.oid) from pg_class c where c.relnamespace = 'public'::regnamespace
    and relkind in ('r', 'i') order by 1"""


@pytest.fixture(scope="module", params=[servers.VERSIONS[0], servers.VERSIONS[-1]])
def pg(request, yard):
    s = need(lambda: servers.Server(yard, request.param).start())
    yield s
    s.stop("immediate")


def again(pg, database):
    """DATABASE with the schema as it was before anything was done."""
    if database != "postgres":
        pg.psql(f"drop database if exists {database}")
        pg.psql(f"create database {database}")
    pg.psql("drop schema public cascade; create schema public;" + SCHEMA, dbname=database)


@pytest.fixture
def done(pg, tmp_path, dbvitals):
    """What the cures of a test did, and its files."""
    again(pg, "postgres")

    class Done:
        home = str(tmp_path / "state")
        state = os.path.join(home, "dbvitals")
        folder = str(tmp_path / "migrations")

        def cure(self, action, **keys):
            answer = cure(pg, action, f"ledger={self.state}", **keys)
            assert answer["state"] == "done", answer
            return answer

        def on_table(self, action, name):
            self.cure(action, datid=table(pg)["datid"], relid=pg.value("select oid::int8 from pg_class where relname = %s", (name,)))

        def drop(self, name):
            self.cure("drop_index", datid=table(pg)["datid"], indexrelid=pg.value("select oid::int8 from pg_class where relname = %s", (name,)))

        def write(self, *words, code=0, **more):
            answer = dbvitals("findings", "--config", "/dev/null", "--write-migrations", self.folder, *words,
                              env={**servers.plain_env(), "XDG_STATE_HOME": self.home}, **more)
            assert answer.returncode == code, (answer.returncode, answer.stdout, answer.stderr)
            return answer.stdout if code in (0, 3) else answer.stderr

        def files(self, end):
            return sorted(glob.glob(os.path.join(self.folder, f"*{end}")))

        def edit(self, sql):
            db = sqlite3.connect(os.path.join(self.state, "cures.db"))
            db.execute(sql)
            db.commit()
            db.close()

    os.mkdir(Done.folder)
    pg.psql("create table if not exists plain ()")
    return Done()


def run(pg, path, database="fresh", check=True):
    answer = subprocess.run(["psql", "-Xq", "-v", "ON_ERROR_STOP=1", "-f", path], env=pg.env(database), text=True, capture_output=True,
                            cwd=os.path.dirname(path), timeout=60)
    assert not check or answer.returncode == 0, (open(path).read(), answer.stderr)
    return answer


def looks(pg, database):
    return pg.query(LOOKS, dbname=database)


def test_a_fresh_database_gets_the_same_schema_and_back(pg, done):
    again(pg, "fresh")
    pg.psql("create table plain ()", dbname="fresh")
    before = looks(pg, "fresh")
    assert before == looks(pg, "postgres")
    con = pg.value("select oid::int8 from pg_constraint where conrelid = 'child'::regclass and contype = 'f'")
    pg.psql("insert into parent select generate_series(1, 10); insert into child select 1 from generate_series(1, 2000); analyze child")
    done.drop("kept_v")
    done.cure("create_index", datid=table(pg)["datid"], conid=con)
    done.on_table("analyze", "kept")
    done.on_table("autovacuum_sooner", "kept")
    done.on_table("fillfactor", HOSTILE)
    done.drop("i " + HOSTILE)
    assert "5 written, 0 there already, 0 left out" in done.write()
    ups, downs = done.files(".up.sql"), done.files(".down.sql")
    assert [os.path.basename(u)[:5] for u in ups] == ["0001_", "0002_", "0003_", "0004_", "0005_"]
    assert [u[:-7] for u in ups] == [d[:-9] for d in downs]
    assert os.path.basename(ups[0]) == "0001_drop_index_public_kept_v.up.sql"
    after = looks(pg, "postgres")
    assert after != before
    for path in ups:
        run(pg, path)
    assert looks(pg, "fresh") == after
    for path in reversed(downs):
        run(pg, path)
    assert looks(pg, "fresh") == before
    assert not os.path.exists(os.path.join(done.folder, "pwned"))
    for path in ups + downs:
        text = open(path, newline="").read()
        header, body = text.split("\n\n", 1)
        assert all(line.startswith("-- ") for line in header.splitlines()), header
        assert "\r" not in header
        assert hashlib.sha256(body.encode()).hexdigest() in header
        assert ("executeInTransaction" in header) == ("CONCURRENTLY" in body)


def test_each_is_written_once_and_numbered_after_what_is_there(pg, done):
    done.drop("kept_v")
    for name in ("0041_of_somebody.up.sql", "0042_of_somebody.down.sql", "README.md"):
        with open(os.path.join(done.folder, name), "w") as f:
            f.write("-- dbvitals entry \nselect 1;\n")
    os.symlink("/nowhere", os.path.join(done.folder, "0043_link.up.sql"))
    os.mkfifo(os.path.join(done.folder, "0044_pipe.up.sql"))
    assert "1 written" in done.write()
    assert done.files(".up.sql")[-1].endswith("/0045_drop_index_public_kept_v.up.sql")
    texts = {p: open(p).read() for p in done.files("kept_v*.sql")}
    assert len(texts) == 2
    assert "0 written, 1 there already" in done.write()
    done.on_table("fillfactor", "kept")
    assert "1 written, 1 there already" in done.write()
    assert done.files(".up.sql")[-1].endswith("/0046_fillfactor_public_kept.up.sql")
    assert {p: open(p).read() for p in texts} == texts
    # Renamed by a person, and one half lost: it is known by what stands in it.
    os.rename(done.files("0046_fillfactor_public_kept.up.sql")[0], os.path.join(done.folder, "0050_mine.up.sql"))
    os.remove(done.files("0046_fillfactor_public_kept.down.sql")[0])
    assert "1 written, 1 there already" in done.write()
    assert done.files("0050_mine.down.sql") and "RESET (fillfactor)" in open(done.files("0050_mine.down.sql")[0]).read()


def test_what_was_taken_back_is_left_out_or_becomes_a_pair_of_its_own(pg, done):
    done.drop("kept_v")
    done.cure("undo", entry_id=1)
    out = done.write()
    assert "left out: entry 1, drop_index public.kept_v: entry 2 took it back before it was written" in out, out
    assert "0 written, 0 there already, 2 left out" in out and not done.files(".sql")
    done.on_table("fillfactor", "kept")
    assert "1 written" in done.write()
    done.cure("undo", entry_id=3)
    assert "1 written, 1 there already, 2 left out" in done.write()
    (first, second) = done.files(".up.sql")
    assert second.endswith("/0002_undo_fillfactor_public_kept.up.sql")
    assert "RESET (fillfactor);" in open(second).read()
    assert "SET (fillfactor = 90);" in open(second.replace(".up.", ".down.")).read()


def test_what_cannot_be_taken_back_fails_and_says_why(pg, done):
    again(pg, "fresh")
    pg.psql("update pg_index set indisvalid = false where indexrelid = 'kept_v'::regclass")
    done.drop("kept_v")
    done.write()
    pg.psql("drop index kept_v", dbname="fresh")
    run(pg, done.files(".up.sql")[0])  # a copy never had the invalid one
    answer = run(pg, done.files(".down.sql")[0], check=False)
    assert answer.returncode != 0
    assert "this cannot be taken back: its definition was not known, or it was invalid" in answer.stderr, answer.stderr


def test_what_was_altered_or_never_seen_to_end_is_not_written(pg, done):
    done.drop("kept_v")
    done.on_table("fillfactor", "kept")
    done.edit("update entries set statement = 'DROP TABLE kept' where id = 1")
    done.edit("update entries set state = 'running', ended_at = null where id = 2")
    out = done.write(code=3)
    assert "entry 1, drop_index public.kept_v: its SQL is not as it was written" in out, out
    assert "entry 2, fillfactor public.kept: nobody saw how it ended" in out, out
    assert not done.files(".sql")


def test_several_databases_are_not_mixed(pg, done):
    done.drop("kept_v")
    done.on_table("fillfactor", "kept")
    done.edit("update entries set target = 'other' where id = 2")
    assert "schema changes of several databases (postgres on t, postgres on other)" in done.write(code=1)
    assert not done.files(".sql")
    assert "0 written" in done.write("-d", "elsewhere")
    assert "1 written" in done.write("other")
    assert [os.path.basename(f) for f in done.files(".up.sql")] == ["0001_fillfactor_public_kept.up.sql"]


def small_files():
    signal.signal(signal.SIGXFSZ, signal.SIG_IGN)
    resource.setrlimit(resource.RLIMIT_FSIZE, (100, 100))


def test_a_directory_that_cannot_take_them_is_told_and_has_nothing_half(pg, done, tmp_path):
    done.drop("kept_v")
    done.write()  # and nothing is to be written into the ledger any more
    folder, done.folder = done.folder, str(tmp_path / "none")
    assert f"there is no directory {done.folder}: make it first" in done.write(code=1)
    open(done.folder, "w").close()
    assert "cannot open the directory" in done.write(code=1)
    done.folder = str(tmp_path / "full")
    os.mkdir(done.folder)
    ledger = sqlite3.connect(os.path.join(done.state, "cures.db"))  # what SQLite keeps beside it is there already
    ledger.execute("select count(*) from entries").fetchall()
    assert "File too large" in done.write(code=1, preexec_fn=small_files)
    ledger.close()
    assert os.listdir(done.folder) == []
    assert "1 written" in done.write()
    huge = os.path.join(done.folder, "9" * 30 + "_x.sql")
    open(huge, "w").close()
    assert "its number is too great" in done.write(code=1)
    os.remove(huge)
    holder = os.open(done.folder, os.O_RDONLY)
    fcntl.flock(holder, fcntl.LOCK_EX)
    assert "another dbvitals writes into" in done.write(code=1)
    os.close(holder)


def test_without_a_ledger_there_is_nothing_to_write_and_no_file_is_made(done):
    assert "0 written, 0 there already, 0 left out" in done.write()
    assert not os.path.exists(done.state)
