"""The architecture test sees what it says it sees: each rule is broken once in a small house."""
import os
import subprocess
import sys

import pytest

SCRIPT = os.path.join(os.path.dirname(os.path.dirname(os.path.abspath(__file__))), "architecture.py")
GUARD = "#ifndef DBVITALS_{0}_H\n#define DBVITALS_{0}_H\n{1}\n#endif\n"


def judge(root, files):
    for name, text in files.items():
        os.makedirs(os.path.dirname(root / name), exist_ok=True)
        (root / name).write_text(text)
    return subprocess.run([sys.executable, SCRIPT, "--root", str(root), "--build", str(root / "build")],
                          capture_output=True, text=True)


def header(name, body=""):
    return "/* What it is. */\n" + GUARD.format(name.upper().replace("/", "_"), body)


BROKEN = {
    "core includes the screen": ("includes point down", {
        "core/a.c": '/* It. */\n#include "tui/a.h"\n', "tui/a.h": header("tui/a")}),
    "alerts include the screen": ("includes point down", {
        "alerts/a.c": '/* It. */\n#include "tui/a.h"\n', "tui/a.h": header("tui/a")}),
    "a folder nobody placed": ("includes point down", {"attic/a.c": "/* It. */\n"}),
    "a collector knows another": ("no collector knows another", {
        "collectors/pg/a.c": '/* It. */\n#include "collectors/redis/r.h"\n',
        "collectors/redis/r.h": header("collectors/redis/r")}),
    "libpq outside its room": ("one library one room", {"collectors/pg/locks.c": "/* It. */\n#include <libpq-fe.h>\n"}),
    "ncurses outside its room": ("one library one room", {"tui/page.c": "/* It. */\n#include <ncursesw/curses.h>\n"}),
    "a banned function": ("banned functions", {"core/a.c": "/* It. */\nvoid f(char *d) { strcpy(d, \"x\"); }\n"}),
    "a blocking call": ("banned functions", {"collectors/libpq/conn.c": "/* It. */\nvoid f(void) { PQexec(0, 0); }\n"}),
    "a typedef": ("no typedef of structs", {"core/a.h": header("core/a", "typedef struct a a;")}),
    "a first line that says nothing": ("files say what they are for", {"core/a.c": "int x;\n"}),
    "a wrong guard": ("header guards", {"core/a.h": "/* It. */\n#ifndef A_H\n#define A_H\n#endif\n"}),
    "headers in a ring": ("headers have no cycles", {
        "core/a.h": header("core/a", '#include "core/b.h"'), "core/b.h": header("core/b", '#include "core/a.h"')}),
    "an include that is not from the root": ("includes are paths from the root", {
        "core/a.c": '/* It. */\n#include "a.h"\n', "core/a.h": header("core/a")}),
    "a conflict, ours": ("no conflict is left", {"core/a.c": "/* It. */\n" + "<" * 7 + " HEAD\n"}),
    "a conflict, before": ("no conflict is left", {"tests/e2e/a.py": "# It.\n" + "|" * 7 + " 4bd7a1c\n"}),
    "a conflict, between": ("no conflict is left", {"tui/pages/a.page": "[page a]\n" + "=" * 7 + "\nkey = 1\n"}),
    "a conflict, theirs": ("no conflict is left", {"docs/a.md": "# It\n" + ">" * 7 + " main\n"}),
    "a room too large": ("rooms are small", {"core/a.c": "/* It. */\n" + "\n" * 601}),
}


@pytest.mark.parametrize("rule, files", BROKEN.values(), ids=BROKEN)
def test_a_broken_rule_is_told(tmp_path, rule, files):
    done = judge(tmp_path, files)
    assert done.returncode == 1 and f"BROKEN: {rule}:" in done.stdout, done.stdout + done.stderr


def test_a_clean_house_passes(tmp_path):
    done = judge(tmp_path, {
        "core/a.h": header("core/a"),
        "core/query.c": '/* strcpy( in a comment and "in a string" is no call. */\n#include <sqlite3.h>\n#include "core/a.h"\n'
                        'const char *f(void);\nconst char *f(void) { return "strcpy(a, b)"; }\n',
        "tui/page.c": '/* It. */\n#include "core/a.h"\n',
        "docs/a.md": "A title\n" + "=" * 7 + "\n", "core/b.c": "/* It. */\n/" + "*" * 7 + "/\n",
        "tests/golden/screens/a.txt": ">" * 7 + " roles\n" + "=" * 7 + "\n"})
    assert done.returncode == 0, done.stdout + done.stderr


@pytest.mark.parametrize("code, told", [
    ("static int n; int f(void); int f(void) { return ++n; }", True),
    ("int f(void); int f(void) { static int n; return ++n; }", True),
    ("const char *names[2] = {\"a\"};", True),
    ("const char *const names[2] = {\"a\", \"b\"}; const int n = 3;", False),
], ids=["a counter", "a static in a function", "a table that others may change", "constants"])
@pytest.mark.parametrize("sanitize", ["", "-fsanitize=address,undefined"])
def test_variables_that_can_be_written_are_told(tmp_path, code, told, sanitize):
    objects = tmp_path / "build" / "libdbvitals.a.p"
    objects.mkdir(parents=True)
    source = tmp_path / "core" / "a.c"
    source.parent.mkdir()
    source.write_text("/* It. */\n" + code + "\n")
    subprocess.run(["cc", "-O1", "-fPIE", *sanitize.split(), "-c", source, "-o", objects / "core_a.c.o"], check=True)
    done = judge(tmp_path, {})
    assert ("can be written" in done.stdout) == told, done.stdout + done.stderr
