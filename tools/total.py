#!/usr/bin/env python3
"""Adds up what the parts of ./test left in a folder, tells what failed, and prints the last line: N passed, N failed, N skipped.

A part leaves NAME.json (meson's testlog.json), NAME.xml (pytest's JUnit file) or NAME.count ("PASSED FAILED SKIPPED NAME...", the names of
what failed). Each is read into these three counts and (name, output) of what failed."""
import glob
import json
import os
import re
import sys
import xml.etree.ElementTree as xml

CASE = re.compile(r"^\[ +(OK|FAILED|SKIPPED) +\] (\w+)$", re.MULTILINE)
LAST = 30  # lines of its output are told again of what failed
BEGUN = re.compile(r"^\[ RUN +\] (\w+)$", re.MULTILINE)


def read_meson(path):
    """cmocka's cases; a program that dies, or has no cases, counts as one."""
    total, names = [0, 0, 0], []
    with open(path) as f:
        for test in map(json.loads, f):
            if test["result"] == "SKIP":
                total[2] += 1
                continue
            output = (test.get("stdout") or "") + "\n" + (test.get("stderr") or "")
            # A set: cmocka names what failed twice, where it fails and in its summary.
            cases = set(CASE.findall(output))
            passed, failed, skipped = (sum(c[0] == k for c in cases) for k in ("OK", "FAILED", "SKIPPED"))
            good = test["result"] == "OK"
            total[0] += passed or (1 if good else 0)
            total[1] += failed or (0 if good else 1)
            total[2] += skipped
            bad = sorted(name for result, name in cases if result == "FAILED")
            if not good and not bad:
                bad = [f"{test['result'].lower()} in {(BEGUN.findall(output) or ['no case'])[-1]}"]
            told = "\n".join(line for line in output.splitlines() if not re.match(r"\[ +(RUN|OK) +\]", line))
            names += [(f"{test['name']}: {b}", told) for b in bad]
    return total, names


def read_pytest(path):
    total, names = [0, 0, 0], []
    for suite in xml.parse(path).getroot().iter("testsuite"):
        n = {k: int(suite.get(k, 0)) for k in ("tests", "failures", "errors", "skipped")}
        bad = n["failures"] + n["errors"]
        total[0] += n["tests"] - bad - n["skipped"]
        total[1] += bad
        total[2] += n["skipped"]
        for case in suite.iter("testcase"):
            bad = [part.text or "" for kind in ("failure", "error") for part in case.findall(kind)]
            names += [(f"{case.get('classname')}::{case.get('name')}", "\n".join(bad))] if bad else []
    return total, names


def read_plain(path):
    with open(path) as f:
        words = f.read().split()
    return [int(n) for n in words[:3]], [(name, "") for name in words[3:]]


READERS = {".json": read_meson, ".xml": read_pytest, ".count": read_plain}


def main(folder):
    total, failed = [0, 0, 0], []
    for path in sorted(glob.glob(f"{folder}/*")):
        name, kind = os.path.splitext(os.path.basename(path))
        if kind not in READERS:
            continue
        counts, names = READERS[kind](path)
        print(f"  {name:<14}{counts[0]:>5} passed{counts[1]:>5} failed{counts[2]:>5} skipped")
        total = [a + b for a, b in zip(total, counts)]
        failed += [(f"{name}: {n}", output) for n, output in names]
    for name, output in failed:
        for line in output.strip().splitlines()[-LAST:]:
            print(f"  | {line}")
        print(f"failed: {name}")
    print("{} passed, {} failed, {} skipped".format(*total))
    return 0 if total[1] == 0 and total[0] > 0 else 1


if __name__ == "__main__":
    sys.exit(main(sys.argv[1]))
