"""Every page, in every size, against every version: numbers, never the text of an error."""
import glob
import os
import re
import threading

import pytest

import screen
from servers import wait_for

ROOT = os.path.dirname(os.path.dirname(os.path.dirname(os.path.abspath(__file__))))
# What SQLite, libpq or the dashboard itself say when a pane asks for what is not there.
ERROR = re.compile(r"no such (column|function|table|page|pane)|syntax error|ambiguous|misuse|wrong number of arg|not authorized|too big|query failed"
                   r"|does not exist|permission denied|interrupted|took longer|out of memory|[^a-z]nan[^a-z]|-nan|null\b\)", re.IGNORECASE)
BY_KEY = {"1": "overview", "2": "sessions", "3": "statements", "4": "tables", "5": "indexes", "6": "pools", "7": "caches", "8": "locks", "9": "waits"}


def page_names():
    """Every page that can be opened by name, from the files that define them."""
    names = []
    for path in sorted(glob.glob(os.path.join(ROOT, "tui", "pages", "*.page"))):
        with open(path) as f:
            for block in re.split(r"(?m)^(?=\[)", f.read()):
                m = re.match(r"\[page ([^\]]+)\]", block)
                if m and not re.search(r"(?m)^key\s*=\s*detail", block):
                    names.append(m.group(1))
    return names


def settled(s, what):
    """Until every pane has its rows; the screen's text, which holds no error."""
    unsettled = ("collecting...", "no data yet", "STALE", "· connecting")
    text = s.wait(lambda t: t.strip() and not any(word in t for word in unsettled), 10, f"the rows of {what}")
    bad = ERROR.search(text)
    assert not bad, f"{bad.group(0)!r} on {what}:\n{text}"
    assert len(text.split("\n")) == s.rows
    return text


def open_by_key(s, key):
    """Presses KEY and waits until the tabs show its page as the open one; screens of less than 12 rows have no tabs."""
    s.send(key)
    if s.rows < 12:
        s.read(0.5)
    else:
        tab = f"{key} {BY_KEY[key]}"
        s.wait(lambda t: tab in t and s.screen.buffer[1][t.split("\n")[1].index(tab)].reverse, 5, f"the tab {tab}")
    return settled(s, BY_KEY[key])


def open_by_name(s, name):
    s.send(":")
    s.wait("page overview" if s.rows > 12 else ":", 5, "the palette")
    s.send(f"page {name}", "enter")
    s.wait(lambda t: f":page {name}" not in t)
    return settled(s, name)


@pytest.fixture(scope="module")
def busy(shared_servers):
    """version -> a server on which something happens: a lock queue, an idle transaction, tables, indexes, statements."""
    ends, made = [], set()

    def get(version=None):
        server = shared_servers(version)
        if server.host in made:
            return server
        made.add(server.host)
        if server.value("select count(*) from pg_class where relname = 'shelf'") == 0:
            server.psql("create extension if not exists pg_stat_statements; create table shelf (id int primary key, name text, note text);"
                        "insert into shelf select i, 'n' || i, repeat('x', 3000) from generate_series(1, 500) i; create index shelf_name on shelf (name);"
                        "create index shelf_name_too on shelf (name); analyze shelf; delete from shelf where id % 3 = 0;"
                        "create table parted (d date) partition by range (d); create table parted_1 partition of parted for values from ('2020-01-01') to "
                        "('2030-01-01'); create materialized view seen as select * from shelf;")
        holder = server.connect(autocommit=False, application_name="holder")
        holder.cursor().execute("update shelf set note = 'held' where id = 1")
        waiter = server.connect(application_name="waiter")
        thread = threading.Thread(target=lambda: waiter.cursor().execute("update shelf set note = 'waits' where id = 1"), daemon=True)
        thread.start()
        wait_for(lambda: server.value("select count(*) from pg_stat_activity where wait_event_type = 'Lock'") == 1)
        ends.append((holder, waiter, thread))
        return server

    yield get
    for holder, waiter, thread in ends:
        holder.rollback()
        thread.join(10)
        holder.close()
        waiter.close()


@pytest.mark.parametrize("version", [14, 15, 16, 17, 18])
def test_every_page_and_every_detail_has_numbers_on_every_version(busy, program, version):
    with screen.Screen([program], rows=50, columns=200, env=busy(version).env()) as s:
        settled(s, "overview")
        for key in BY_KEY:
            open_by_key(s, key)
        for name in page_names():
            open_by_name(s, name)
            for down in range(2):  # details of two rows
                s.send("enter")
                s.read(0.15)
                settled(s, f"a detail of {name}")
                s.send("esc")
                s.read(0.1)
                s.send("down")
        s.send("q")
        assert s.wait_end() == 0


@pytest.mark.parametrize("size", [(24, 80), (10, 40), (50, 200), (100, 400)], ids=lambda size: f"{size[1]}x{size[0]}")
def test_every_page_stands_on_every_size(busy, program, size):
    with screen.Screen([program], rows=size[0], columns=size[1], env=busy().env()) as s:
        settled(s, "overview")
        for key in BY_KEY:
            open_by_key(s, key)
        s.send("0")
        s.wait("page " if size[0] < 24 else "page settings")
        s.send("settings", "enter")
        s.wait(lambda t: ":page" not in t)
        settled(s, "settings")
        s.send("q")
        assert s.wait_end() == 0


def test_the_overview_tells_the_vital_numbers_on_40_columns(busy, program):
    with screen.Screen([program], rows=10, columns=40, env=busy().env()) as s:
        s.wait(lambda t: " blocks 1 for " in t and "live" in t)


def test_the_overview_names_the_blocker_and_the_lock_page_draws_the_tree(busy, program):
    with screen.Screen([program], rows=50, columns=160, env=busy().env()) as s:
        text = s.wait(" blocks 1 for ")
        assert "holder" in text and "idle in tx" in text
        s.send("8")
        text = s.wait(lambda t: "'held'" in t and "'waits'" in t)
        lines = text.split("\n")
        above = next(i for i, line in enumerate(lines) if "'held'" in line)
        below = next(i for i, line in enumerate(lines) if "'waits'" in line)
        assert above < below, "the holder stands above who waits for it"


def test_the_last_line_and_help_tell_the_keys(busy, program):
    with screen.Screen([program], rows=50, columns=120, env=busy().env()) as s:
        assert "? help" in settled(s, "overview").split("\n")[-1]
        s.send("?")
        s.wait("moving")
        for said in ("PgDn", "refresh less often", "commands by name", "columns of sessions_now"):
            for _ in range(4):  # it may be longer than the screen
                if said not in s.text():
                    s.send("pgdn")
                    s.read(0.3)
            s.wait(said)
        s.send("home")
        s.wait("moving")
        s.send("esc")
        s.wait(lambda t: "moving" not in t)
        s.send("f1")
        s.wait("moving")
        s.send("q")
        s.wait(lambda t: "moving" not in t)
        s.send("q")
        assert s.wait_end() == 0


def test_one_of_a_thing_is_not_told_as_many(start_server, program):
    server = start_server()
    server.psql("create table t (a int primary key)")
    with screen.Screen([program, "--page", "indexes"], rows=24, columns=120, env=server.env()) as s:
        s.wait(lambda t: "1 index " in t and "1 indexes" not in t)
        s.send("4")
        s.wait(lambda t: "1 table " in t and "1 tables" not in t)
