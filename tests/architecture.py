#!/usr/bin/env python3
"""What the house has agreed on, held by a machine: who may include whom, one library one room, what no code may call.

    architecture.py [--root DIR] [--build DIR] [--count FILE]

Each rule is a function below that yields what breaks it. An exception is a row with its reason, here and nowhere else."""
import argparse
import fnmatch
import os
import re
import subprocess
import sys

# Who stands above whom: a file may include its own folder and any folder with a lower number.
FLOORS = {
    "core": 0,
    "collectors": 1,
    "engine": 2,
    "alerts": 3, "cures": 3, "history": 3, "demo": 3, "themes": 3, "profile": 3,
    "tui": 4, "serve": 4,
    "cli": 5,
    "": 6,  # main.c
}
TEST_FOLDERS = ("tests", "tools")

# One library, one room: header -> the only files that may include it.
ROOMS = {
    "uv.h": ["core/loop*.c"],
    "sqlite3.h": ["core/query*", "core/json*", "core/vtab*", "core/door*", "collectors/sqlite/*", "history/*", "alerts/state*", "cures/ledger_file.c", "demo/lite.c"],
    "libpq-fe.h": ["collectors/libpq/conn*"],
    "curses.h": ["tui/painter.c"],
    "ncurses.h": ["tui/painter.c"],
    "term.h": ["tui/painter.c"],
    "termkey.h": ["tui/input.c"],
    "curl/curl.h": ["core/fetch.c"],
    "openssl/evp.h": ["alerts/sign.c", "cures/entry.c"],
    "openssl/ssl.h": ["collectors/redis/conn_tls.c"],
    "openssl/hmac.h": ["alerts/sign.c"],
    "microhttpd.h": ["serve/http*"],
    "hiredis/hiredis.h": ["collectors/redis/conn*"],
    "pthread.h": ["core/*", "demo/workload.c", "demo/pool.h", "demo/pool.c", "demo/answerer.c", "demo/application.c", "demo/lite.c"],
}
# The same header under its other names.
ALIASES = {"ncursesw/curses.h": "curses.h", "ncursesw/ncurses.h": "ncurses.h", "postgresql/libpq-fe.h": "libpq-fe.h"}

# Called nowhere in the program (tests may): pattern, why, files that may.
BANNED = [
    (r"strcpy|strcat|strncat|stpcpy|sprintf|vsprintf|gets", "no bound: build strings with core/text.h", []),
    (r"strncpy", "leaves text without its end: use core/text.h or snprintf", []),
    (r"strtok|strtok_r", "writes into its input", []),
    (r"atoi|atol|atoll|atof|sscanf|scanf|fscanf", "cannot say that the input is no number: use strtod and friends", []),
    (r"system|popen", "a shell between us and the thing", []),
    (r"malloc|calloc|realloc|reallocarray|strdup|strndup|asprintf|vasprintf", "may give NULL: use core/mem.h", ["core/mem.c"]),
    (r"sleep|usleep|nanosleep|clock_nanosleep", "nothing blocks", ["demo/supervisor.c", "demo/workload.c"]),
    (r"getaddrinfo|gethostbyname", "blocks: use loop_lookup", []),
    (r"PQexec\w*|PQconnectdb\w*|PQprepare|PQreset|PQsetdb\w*", "blocks: the screen never waits for a source",
     ["collectors/libpq/conn_plain.c"]),
    (r"localtime|gmtime|ctime|asctime|strerror_r", "one buffer for all threads, or two meanings: use core/when.h", []),
]

# Mutable variables at file scope (functions' statics too): object file's source and name, with the reason.
MUTABLE_ALLOWED = {
    ("core/mem.c", "*"): "the end of memory has no argument to pass state in",
    ("tui/restore.c", "way_back"): "a signal handler has no argument to find the terminal by",
    ("core/query*.c", "sqlite3_*"): "SQLite's extension macro",
}
WARN_LINES, MAX_LINES, WARN_FUNCTION = 400, 600, 60

INCLUDE = re.compile(r'^\s*#\s*include\s*([<"])([^>"]+)[>"]', re.MULTILINE)
CONFLICT = re.compile(rb"(<{7}|>{7}|\|{7}) |={7}\r?$")
CONFLICT_MARKDOWN = re.compile(rb"(<{7}|>{7}|\|{7}) ")
NOISE = re.compile(r'/\*.*?\*/|//[^\n]*|"(?:\\.|[^"\\\n])*"|\'(?:\\.|[^\'\\\n])*\'', re.DOTALL)


class House:
    def __init__(self, root, build):
        self.root, self.build = root, build
        listed = subprocess.run(["git", "-C", root, "ls-files", "-co", "--exclude-standard"], capture_output=True, text=True)
        names = listed.stdout.splitlines() if listed.returncode == 0 else self.walk()
        names = [n for n in names if os.path.isfile(os.path.join(root, n))]
        self.names = sorted(names)
        self.files = sorted(n for n in names if n.endswith((".c", ".h")))
        self.scripts = sorted(n for n in names if n.endswith((".py", ".sh")))
        self.text = {n: self.read(n) for n in self.files}
        self.program = [n for n in self.files if n.split("/")[0] not in TEST_FOLDERS]
        self.includes = {n: INCLUDE.findall(t) for n, t in self.text.items()}

    def walk(self):
        for folder, _, names in os.walk(self.root):
            for n in names:
                yield os.path.relpath(os.path.join(folder, n), self.root)

    def in_build(self, name):
        return self.build is not None and os.path.abspath(os.path.join(self.root, name)).startswith(self.build + os.sep)

    def read(self, name):
        with open(os.path.join(self.root, name), encoding="utf-8") as f:
            return f.read()

    def own_includes(self, name):
        return [path for mark, path in self.includes[name] if mark == '"']

    def code(self, name):
        """The text without comments and strings, line by line as before."""
        return NOISE.sub(lambda m: " " + "\n" * m.group().count("\n"), self.text[name])


def floor(name):
    return name.split("/")[0] if "/" in name else ""


def matches(name, patterns):
    return any(fnmatch.fnmatch(name, p) for p in patterns)


def rule_includes_point_down(house):
    for name in house.program:
        here = floor(name)
        if here not in FLOORS:
            yield f"{name}: folder {here}/ has no floor: give it one in tests/architecture.py"
            continue
        for path in house.own_includes(name):
            there = floor(path)
            if there != here and FLOORS.get(there, 99) >= FLOORS[here] and path not in ("version.h", "config.h"):
                yield f"{name}: includes {path}, which stands above it or beside it"


# Under collectors/, but no product: a library's room that several products stand on. It knows none of them.
COMMON = ("libpq",)


def rule_no_collector_knows_another(house):
    for name in house.program:
        parts = name.split("/")
        if parts[0] != "collectors" or len(parts) < 3:
            continue
        for path in house.own_includes(name):
            to = path.split("/")
            if to[0] == "collectors" and len(to) > 2 and to[1] not in (parts[1], *COMMON):
                yield f"{name}: includes {path} of another product"


def rule_includes_are_paths_from_the_root(house):
    for name in house.files:
        for path in house.own_includes(name):
            generated = house.build and os.path.exists(os.path.join(house.build, path))
            if path not in house.text and not generated and path != "version.h":
                if not os.path.exists(os.path.join(house.root, path)):
                    yield f"{name}: \"{path}\" is not a path from the root of the house"


def rule_one_library_one_room(house):
    for name in house.program:
        for _, path in house.includes[name]:
            path = ALIASES.get(path, path)
            if path in ROOMS and not matches(name, ROOMS[path]):
                yield f"{name}: {path} belongs to {', '.join(ROOMS[path])}"


def rule_banned_functions(house):
    for name in house.program:
        code = house.code(name)
        for pattern, why, allowed in BANNED:
            if matches(name, allowed):
                continue
            for m in re.finditer(rf"(?<![\w.>])({pattern})\s*\(", code):
                yield f"{name}:{code.count(chr(10), 0, m.start()) + 1}: {m.group(1)}: {why}"


def rule_no_typedef_of_structs(house):
    for name in house.program:
        code = house.code(name)
        for m in re.finditer(r"\btypedef\s+(struct|union|enum)\b[^;{(]*[;{]", code):
            yield f"{name}:{code.count(chr(10), 0, m.start()) + 1}: typedef of a {m.group(1)}"


def rule_files_say_what_they_are_for(house):
    for name in house.files:
        if not re.match(r"(/\*|//) ?\S", house.text[name]):
            yield f"{name}: the first line is not a comment that says what the file is for"
    for name in house.scripts:
        lines = [line for line in house.read(name).split("\n") if not line.startswith(("#!", "# shellcheck"))]
        if lines[0] and not lines[0].startswith(("#", '"""')):
            yield f"{name}: the first line is not a comment that says what the file is for"


def rule_header_guards(house):
    for name in house.program:
        if not name.endswith(".h"):
            continue
        guard = "DBVITALS_" + re.sub(r"[^A-Z0-9]", "_", name.upper())
        if f"#ifndef {guard}\n#define {guard}\n" not in house.text[name]:
            yield f"{name}: the guard is not {guard}"


def rule_headers_have_no_cycles(house):
    """A cycle in what headers include, reported once, as the way round."""
    done = set()

    def visit(name, way):
        if name in way:
            return [way[way.index(name):] + [name]]
        if name in done or name not in house.text:
            return []
        found = [c for path in house.own_includes(name) if path.endswith(".h") for c in visit(path, way + [name])]
        done.add(name)
        return found

    for name in house.program:
        if name.endswith(".h"):
            for cycle in visit(name, []):
                yield " -> ".join(cycle)


def rule_rooms_are_small(house):
    for name in house.program:
        n = house.text[name].count("\n")
        if n > MAX_LINES:
            yield f"{name}: {n} lines; more than {MAX_LINES}"


def rule_no_conflict_is_left(house):
    """What a merge leaves where it could not decide. A line of = alone is a heading in Markdown, and screens are drawn of such signs."""
    for name in house.names:
        if matches(name, ["tests/golden/screens/*", ".git/*"]) or house.in_build(name):
            continue
        marker = CONFLICT_MARKDOWN if name.endswith(".md") else CONFLICT
        with open(os.path.join(house.root, name), "rb") as f:
            for number, line in enumerate(f, 1):
                if marker.match(line):
                    yield f"{name}:{number}: {line[:40].decode(errors='replace').rstrip()}"


def objects(house):
    """Source -> object file of everything that was built into the program."""
    for folder, _, names in os.walk(house.build or ""):
        if not re.search(r"(libdbvitals\.a|dbvitals)\.p$", folder):
            continue
        for n in names:
            if n.endswith(".c.o"):
                yield n[:-4].replace("_", "/") + ".c", os.path.join(folder, n)


def source_of(house, mangled):
    """meson spells the folder's / as _ in an object's name: collectors_pg_pg_sessions.c.o."""
    wanted = mangled.replace("/", "_")
    for name in house.program:
        if name.replace("/", "_") == wanted:
            return name
    return None


def rule_no_mutable_variables_at_file_scope(house):
    """From the objects: what lies in .data or .bss can be written. .data.rel.ro is const with addresses in it."""
    for mangled, path in objects(house):
        name = source_of(house, mangled)
        if name is None:
            continue  # generated, or its source is gone
        table = subprocess.run(["objdump", "-t", path], capture_output=True, text=True, check=True).stdout
        for line in table.splitlines():
            m = re.match(r"[0-9a-f]+ (.{7}) (\S+)\s+[0-9a-f]+\s+(?:\.hidden )?(\S+)$", line)
            if not m or m.group(1)[6] != "O":
                continue
            section, symbol = m.group(2), m.group(3)
            if not re.match(r"\.(data|bss|tdata|tbss)|\*COM\*", section) or section.startswith(".data.rel.ro"):
                continue
            if re.match(r"__(odr_)?asan|\.L|__gcov|__ubsan|_?__sancov|\*?\.LASAN|\.Lubsan", symbol):
                continue
            if not any(matches(name, [f]) and matches(symbol, [s]) for f, s in MUTABLE_ALLOWED):
                yield f"{name}: {symbol} can be written ({section}): state belongs in a struct that main owns, tables are const"


def warnings(house):
    for name in house.program:
        n = house.text[name].count("\n")
        if n > WARN_LINES:
            yield f"{name}: {n} lines"
        start = None
        for number, line in enumerate(house.text[name].split("\n"), 1):
            if line == "{":
                start = number
            elif line == "}" and start:
                if number - start > WARN_FUNCTION:
                    yield f"{name}:{start}: a function of {number - start - 1} lines"
                start = None
    yield from modules_in_a_knot(house)


def modules_in_a_knot(house):
    """A module is X.c with X.h; two that include each other are one room with a wall in it."""
    uses = {}
    for name in house.program:
        module = name.rsplit(".", 1)[0]
        uses.setdefault(module, set()).update(p.rsplit(".", 1)[0] for p in house.own_includes(name) if p != name)
    for a in sorted(uses):
        for b in sorted(uses[a]):
            if a < b and a in uses.get(b, ()):
                yield f"{a} and {b} include each other"


RULES = [f for n, f in sorted(globals().items()) if n.startswith("rule_")]


def main():
    parser = argparse.ArgumentParser()
    here = os.path.dirname(os.path.dirname(os.path.abspath(__file__)))
    parser.add_argument("--root", default=here)
    parser.add_argument("--build")
    parser.add_argument("--count")
    options = parser.parse_args()
    house = House(options.root, options.build and os.path.abspath(options.build))
    passed, failed, skipped = 0, 0, 0
    for rule in RULES:
        title = rule.__name__[5:].replace("_", " ")
        if rule is rule_no_mutable_variables_at_file_scope and not any(objects(house)):
            print(f"skipped: {title}: nothing is built (--build DIR)")
            skipped += 1
            continue
        broken = sorted(set(rule(house)))
        for line in broken:
            print(f"BROKEN: {title}: {line}")
        failed += bool(broken)
        passed += not broken
    for line in warnings(house):
        print(f"look at: {line}")
    print(f"architecture: {len(house.program)} files, {passed} rules hold, {failed} do not")
    if options.count:
        with open(options.count, "w") as f:
            f.write(f"{passed} {failed} {skipped}\n")
    return 1 if failed else 0


if __name__ == "__main__":
    sys.exit(main())
