"""Text from outside never reaches the terminal raw, never breaks a frame, and exports stay valid."""
import codecs
import csv
import io
import json

import pytest

import screen

PAYLOADS = {
    "osc_title": "\x1b]0;pwned\x07", "clear": "\x1b[2J\x1b[H", "sgr": "\x1b[31mred", "c1_csi": "\u009b31m", "c1_osc": "\u009d0;pwned\u009c",
    "rtl": "\u202eabc\u2066def", "emoji": "👩‍👩‍👧‍👦🇩🇪", "cjk": "漢字カナ混じり", "combining": "e\u0301\u0302\u0303", "backspace": "a\b\b\bX", "cr": "one\rtwo\nthree\tfour",
    "zero_width": "a\u200b\u200e\ufeffb",
}


@pytest.fixture
def hostile(start_server):
    """A server on which every payload runs as a query, as an application name, and names a table."""
    server = start_server()
    server.psql("create extension pg_stat_statements")
    kept = []
    for name, payload in PAYLOADS.items():
        c = server.connect(autocommit=True)
        with c.cursor() as cursor:
            cursor.execute("select set_config('application_name', %s, false)", (payload,))
            cursor.execute(f"/* {payload} */ select 1 as {name}")
        kept.append(c)
    for i, payload in enumerate(PAYLOADS.values()):
        name = payload.replace('"', '""')[:20]
        server.query(f'create table "t{i}{name}" (a int)')
    server.query('create table "' + "q\"\"uo\nte".ljust(62, "é")[:40] + '" (a int)')
    yield server
    for c in kept:
        c.close()


def assert_harmless(s):
    """What the program itself never sends: control bytes other than what its own drawing needs, and the payloads."""
    raw = bytes(s.raw)
    assert b"\x1b]0;" not in raw and b"pwned\x07" not in raw and b"\b\b\bX" not in raw  # without its control bytes the text may stand there
    text = codecs.getincrementaldecoder("utf-8")().decode(raw)  # valid UTF-8 as a whole; a write may still be under way
    for c in "\u009b\u009d\u202e\u2066\u200e\u202a\u202b\u200f":
        assert c not in text, f"U+{ord(c):04X} reached the terminal"
    for bad in ("\x1b]0;", "\x1b[2J\x1b[H\x1b[2J"):
        assert bad not in text
    assert s.screen.title == "" or "pwned" not in s.screen.title


@pytest.mark.parametrize("size", [(24, 80), (50, 200), (10, 40)], ids=["80x24", "200x50", "40x10"])
def test_no_page_passes_on_what_it_was_given(hostile, program, size):
    with screen.Screen([program], rows=size[0], columns=size[1], env=hostile.env()) as s:
        s.wait(lambda t: "live" in t or size[0] == 10)
        for key in ["2", "f", "enter", "esc", "3", "enter", "esc", "4", "5", "8", "1"]:
            s.send(key)
            s.read(0.7)
            text = s.text()
            assert len(text.split("\n")) == size[0]
        assert_harmless(s)
        s.send("q")
        assert s.wait_end() == 0


def test_exports_are_valid_and_exact(hostile, dbvitals):
    env = hostile.env()
    done = dbvitals("show", "sessions", "tables", "--format", "json", env=env)
    assert done.returncode == 0, done.stderr
    data = json.loads(done.stdout)
    queries = {row["query"] for row in data["sessions"]}
    for name, payload in PAYLOADS.items():  # JSON keeps what was there, character by character
        assert f"/* {payload} */ select 1 as {name}" in queries
    for c in "\x1b\u009b\u009d\u202e\u2066":
        assert c not in done.stdout, f"U+{ord(c):04X} would reach a terminal"
    done = dbvitals("query", "select name, total_bytes from tables", "--format", "csv", env=env)
    assert done.returncode == 0, done.stderr
    rows = list(csv.reader(io.StringIO(done.stdout)))
    assert rows[0] == ["name", "total_bytes"] and all(len(r) == 2 for r in rows)
    assert "\x1b" not in done.stdout and "\u009b" not in done.stdout
    done = dbvitals("show", "sessions", env=env)
    assert "\x1b" not in done.stdout and "\u202e" not in done.stdout


def test_a_query_of_a_megabyte_is_seen_and_slows_nothing(start_server, program):
    server = start_server(track_activity_query_size="1MB")
    big = server.connect()
    big.cursor().execute("select 1 /* " + "x" * 1_000_000 + " */")
    with screen.Screen([program, "--page", "sessions"], env=server.env()) as s:
        s.wait(lambda t: "xxxx" in t or "sessions" in t)
        s.send("f")
        s.read(1)
        slow = sorted(s.time_to_change(k) for k in ["1", "2", "3", "2", "1", "2"] * 5)
        assert slow[int(len(slow) * 0.9)] < 50
        s.send("q")
        assert s.wait_end() == 0
    big.close()
