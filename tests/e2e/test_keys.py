"""The viewing keys, as a person uses them: time, filter, order, detail, palette, export, mouse."""
import csv
import json
import re
import time

import pytest

import screen


@pytest.fixture
def shop(server):
    """Three sessions with names of their own, the second with a long query."""
    sessions = []
    for name, sql in (("alpha", "select 'apple'"), ("beta", "select 'banana', " + ", ".join(f"{i} as column_{i}" for i in range(60))),
                      ("gamma", "select 'cherry'")):
        c = server.connect(application_name=name)
        c.cursor().execute(sql)
        sessions.append(c)
    yield server
    for c in sessions:
        c.close()


def sessions_page(shop, program, **more):
    s = screen.Screen([program, "--page", "sessions"], **{"rows": 30, "columns": 140, "env": shop.env(), **more})
    s.wait(lambda t: all(name in t for name in ("alpha", "beta", "gamma")))
    return s


def order(text):
    return [name for line in text.split("\n") for name in ("alpha", "beta", "gamma") if f" {name} " in line]


def cursor_row(text):
    return next((n for n, line in enumerate(text.split("\n")) if "▶" in line), -1)


def test_pause_holds_still_and_stepping_back_shows_the_past(shop, program):
    with sessions_page(shop, program) as s:
        s.read(3)
        s.send("space")
        s.wait("PAUSED")
        extra = shop.connect(application_name="delta")
        s.read(2)
        assert "delta" not in s.text(), "a paused page changed"
        s.wait(re.compile(r"PAUSED\s+[2-9]").search)
        s.send("space")
        s.wait("delta")
        s.wait(lambda t: "PAUSED" not in t and "live" in t)
        s.read(1.5)
        s.send("[", "[", "[", "[", "[")
        s.wait(lambda t: "PAST" in t and "End = now" in t and "delta" not in t, 5, "the past without delta")
        s.send("]")
        s.wait("PAST")
        s.send("end")
        s.wait(lambda t: "PAST" not in t and "delta" in t and "live" in t)
        extra.close()
        s.wait(lambda t: "delta" not in t or "PAST" not in t)


def test_a_filter_keeps_the_rows_that_have_it_and_says_so(shop, program):
    with sessions_page(shop, program) as s:
        s.send("/", "banana", "enter")
        s.wait(lambda t: "/banana" in t and order(t) == ["beta"])
        s.send("/", "ctrl-u", "app:gamma", "enter")
        s.wait(lambda t: order(t) == ["gamma"])
        s.send("/", "ctrl-u", "!gamma", "enter")
        s.wait(lambda t: sorted(order(t)) == ["alpha", "beta"])
        s.send("/", "ctrl-u", "/^select 'ch/", "enter")
        s.wait(lambda t: order(t) == ["gamma"])
        s.send("esc")
        s.wait(lambda t: sorted(order(t)) == ["alpha", "beta", "gamma"])
        s.send("/", "nonsense>5", "enter")
        s.wait(lambda t: "nonsense" in t.split("\n")[-1])
        s.send("esc")


def test_rows_can_be_sorted_by_any_column_and_reversed(shop, program):
    with sessions_page(shop, program) as s:
        s.send(":sort app", "enter")
        s.wait(lambda t: order(t) == ["alpha", "beta", "gamma"])
        s.send("r")
        s.wait(lambda t: order(t) == ["gamma", "beta", "alpha"])
        s.send("s")
        s.wait("pid")
        s.send("esc", ">")
        s.wait(lambda t: len(order(t)) == 3)


def test_enter_shows_the_whole_query_formatted(shop, program):
    with sessions_page(shop, program, rows=100) as s:
        s.send("/", "banana", "enter")
        s.wait(lambda t: order(t) == ["beta"])
        assert "column_59" not in s.text()
        s.send("enter")
        text = s.wait("column_59")
        assert len([line for line in text.split("\n") if "column_" in line]) > 3, "a query of many columns stands on many lines"
        assert "beta" in text
        s.send("esc")
        s.wait(lambda t: order(t) == ["beta"])


def test_what_a_plan_takes_is_tagged_as_ours(start_server, program):
    server = start_server()
    server.psql("create extension pg_stat_statements; create table planned (a int)")
    with screen.Screen([program, "--page", "statements"], rows=40, columns=140, env=server.env()) as s:
        s.wait("statements")
        s.send("/", "from planned", "enter")
        while "planned where a = $1" not in s.text():  # it is called in the window: more often than before the first sample
            server.psql("select * from planned where a = 3")
            assert time.monotonic() - s.started < 20, s.text()
        s.send("x")
        s.wait("Seq Scan")
        s.send("esc", "q", "q")
    ours = [q for q, in server.query("select query from pg_stat_statements where query ~ 'dbvitals_plan|cardinality'")]
    assert len(ours) == 2 and not [q for q in ours if " /* dbvitals */ " not in q], ours


def test_the_palette_opens_pages_and_changes_the_theme(shop, program):
    with sessions_page(shop, program) as s:
        dark = s.screen.buffer[0][1]
        s.send(":")
        s.wait("page overview")
        s.send("theme light", "enter")
        s.wait(lambda _: s.screen.buffer[0][1][1:3] != dark[1:3], 5, "other colours")
        s.send(":theme mono", "enter")
        s.read(0.5)
        s.send(":page settings", "enter")
        s.wait("shared_buffers") if "shared_buffers" in s.text() else s.wait(lambda t: "settings" in t)
        s.send(":nonsense", "enter")
        s.wait(lambda t: "nothing fits" in t)
        s.send("esc")
        s.wait(lambda t: "nothing fits" not in t)
        s.send("q")
        assert s.wait_end() == 0


def test_export_writes_valid_files_and_never_over_one(shop, program, tmp_path):
    with sessions_page(shop, program, cwd=tmp_path) as s:
        s.send("e")
        s.wait("dbvitals-sessions.json")
        rows = json.loads((tmp_path / "dbvitals-sessions.json").read_text())
        assert {"alpha", "beta", "gamma"} <= {row["app"] for row in rows}
        assert any(row["query"].endswith("59 as column_59") for row in rows)
        assert (tmp_path / "dbvitals-sessions.json").stat().st_mode & 0o777 == 0o600
        s.send(":export csv", "enter")
        s.wait("dbvitals-sessions.csv")
        with open(tmp_path / "dbvitals-sessions.csv", newline="") as f:
            table = list(csv.reader(f))
        assert "app" in table[0] and all(len(row) == len(table[0]) for row in table)
        s.send("e")
        s.wait("dbvitals-1-sessions.json")


def test_the_wheel_moves_and_a_click_chooses_and_opens(shop, program):
    with sessions_page(shop, program) as s:
        assert b"\x1b[?1006h" in s.raw, "the terminal was not asked for its mouse"
        row, column = s.find(" gamma ")
        s.send("home")
        s.read(0.3)
        first = cursor_row(s.text())
        if first != row:
            s.mouse(row, column)
            s.wait(lambda t: cursor_row(t) == row)
        s.mouse(row, column)  # the row that has the cursor opens
        s.wait(lambda t: "cherry" in t and "apple" not in t)
        s.send("esc")
        s.wait(lambda t: len(order(t)) == 3)
        s.send("home")
        s.wait(lambda t: cursor_row(t) == first)
        s.mouse(10, 10, 65)  # the wheel, down
        s.wait(lambda t: cursor_row(t) > first)
        s.mouse(10, 10, 64)
        s.wait(lambda t: cursor_row(t) == first)
        row, column = s.find("3 statements")
        s.mouse(row, column + 2)
        s.wait(lambda t: "statement" in t and "gamma" not in t)
        s.send("m")
        s.wait("mouse off")
        s.read(0.2)
        assert s.raw.rfind(b"\x1b[?1006l") > s.raw.rfind(b"\x1b[?1006h")


def test_the_cursor_follows_its_row(shop, program):
    with sessions_page(shop, program) as s:
        s.send(":sort app", "enter")
        s.wait(lambda t: order(t) == ["alpha", "beta", "gamma"])
        s.send("home", "down")
        s.send("r")
        s.wait(lambda t: order(t) == ["gamma", "beta", "alpha"])
        s.send("up", "enter")
        s.wait(lambda t: "cherry" in t and "apple" not in t, 5, "gamma, which stands above beta now")


def test_q_goes_back_and_then_leaves(shop, program):
    with sessions_page(shop, program) as s:
        s.send("enter")
        s.wait("its query")
        s.send("q")
        s.wait(lambda t: len(order(t)) == 3)
        s.send("q")
        assert s.wait_end() == 0


def test_a_paste_is_never_hotkeys(shop, program):
    with sessions_page(shop, program) as s:
        s.send("\x1b[200~qqq3:\r\x1b[201~")
        s.read(0.5)
        assert not s.ended() and len(order(s.text())) == 3
        s.send("/", "\x1b[200~banana\x1b[201~", "enter")
        s.wait(lambda t: order(t) == ["beta"])


def test_an_escape_alone_is_a_key_and_a_split_arrow_is_one_key(shop, program):
    with sessions_page(shop, program) as s:
        s.send("/", "banana", "enter")
        s.wait(lambda t: order(t) == ["beta"])
        s.send("\x1b")
        s.wait(lambda t: len(order(t)) == 3, 2)
        s.send("\x1b")
        time.sleep(0.005)
        s.send("[B")
        s.read(0.5)
        assert len(order(s.text())) == 3 and not s.ended()


def test_windows_and_cadence_are_told(shop, program):
    with sessions_page(shop, program) as s:
        s.send("1")
        s.wait("window 1m")
        s.send("w")
        s.wait("window 5m")
        s.send(":window last", "enter")
        s.wait("window last")
        s.send("+")
        s.wait(re.compile(r"every 2(\.0)? s").search)
        s.send("-", "-")
        s.wait(re.compile(r"every (0\.5 s|500 ms)").search)
