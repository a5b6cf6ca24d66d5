#!/usr/bin/env python3
"""Adds up what the parts of ./test left in a folder and prints the last line: N passed, N failed, N skipped.

A part leaves NAME.json (meson's testlog.json), NAME.xml (pytest's JUnit file) or NAME.count ("PASSED FAILED SKIPPED")."""
import glob
import json
import os
import re
import sys
import xml.etree.ElementTree as xml

CASE = re.compile(r"^\[ +(OK|FAILED|SKIPPED) +\] (\w+)$", re.MULTILINE)


def count_meson(path):
    """cmocka's cases; a program that dies, or has no cases, counts as one."""
    total = [0, 0, 0]
    with open(path) as f:
        for test in map(json.loads, f):
            if test["result"] == "SKIP":
                total[2] += 1
                continue
            # A set: cmocka names what failed twice, where it fails and in its summary.
            cases = set(CASE.findall((test.get("stdout") or "") + "\n" + (test.get("stderr") or "")))
            passed, failed, skipped = (sum(c[0] == k for c in cases) for k in ("OK", "FAILED", "SKIPPED"))
            good = test["result"] == "OK"
            total[0] += passed or (1 if good else 0)
            total[1] += failed or (0 if good else 1)
            total[2] += skipped
    return total


def count_pytest(path):
    total = [0, 0, 0]
    for suite in xml.parse(path).getroot().iter("testsuite"):
        n = {k: int(suite.get(k, 0)) for k in ("tests", "failures", "errors", "skipped")}
        bad = n["failures"] + n["errors"]
        total[0] += n["tests"] - bad - n["skipped"]
        total[1] += bad
        total[2] += n["skipped"]
    return total


def count_plain(path):
    with open(path) as f:
        return [int(n) for n in f.read().split()]


COUNTERS = {".json": count_meson, ".xml": count_pytest, ".count": count_plain}


def main(folder):
    total = [0, 0, 0]
    for path in sorted(glob.glob(f"{folder}/*")):
        name, kind = os.path.splitext(os.path.basename(path))
        if kind not in COUNTERS:
            continue
        counts = COUNTERS[kind](path)
        print(f"  {name:<14}{counts[0]:>5} passed{counts[1]:>5} failed{counts[2]:>5} skipped")
        total = [a + b for a, b in zip(total, counts)]
    print("{} passed, {} failed, {} skipped".format(*total))
    return 0 if total[1] == 0 and total[0] > 0 else 1


if __name__ == "__main__":
    sys.exit(main(sys.argv[1]))
