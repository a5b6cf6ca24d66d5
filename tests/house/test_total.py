"""The last lines of ./test name what failed, so that whoever sees only the end of a long run knows where to look."""
import json
import os
import subprocess
import sys

TOTAL = os.path.join(os.path.dirname(__file__), "..", "..", "tools", "total.py")


def total(folder, **files):
    for name, text in files.items():
        (folder / name.replace("__", ".")).write_text(text)
    run = subprocess.run([sys.executable, TOTAL, folder], stdout=subprocess.PIPE, text=True)
    return run.returncode, run.stdout.splitlines()


def program(name, result, output):
    return json.dumps({"name": name, "result": result, "stdout": output, "stderr": ""}) + "\n"


GOOD = program("loop", "OK", "[ RUN      ] one\n[       OK ] one\n")
XML = """<testsuites><testsuite tests="3" failures="1" errors="0" skipped="1">
<testcase classname="tests.pg.test_rules" name="test_a[pg15]"><failure message="m">text</failure></testcase>
<testcase classname="tests.pg.test_rules" name="test_b"/>
<testcase classname="tests.pg.test_rules" name="test_c"><skipped message="m"/></testcase></testsuite></testsuites>"""


def test_what_passed_is_counted(tmp_path):
    code, lines = total(tmp_path, unit__json=GOOD, arch__count="12 0 1\n")
    assert code == 0 and lines[-1] == "13 passed, 0 failed, 1 skipped"
    assert not [line for line in lines if line.startswith("failed")]


def test_nothing_at_all_is_no_success(tmp_path):
    assert total(tmp_path) == (1, ["0 passed, 0 failed, 0 skipped"])


def test_what_failed_is_named_before_the_last_line(tmp_path):
    failing = program("rows", "FAIL", "[       OK ] one\n[  FAILED  ] two\n[  FAILED  ] tests: 1 test(s), listed below:\n[  FAILED  ] two\n")
    code, lines = total(tmp_path, unit__json=GOOD + failing, pg__xml=XML, ci__count="3 2 0 shellcheck fuzz\n")
    assert code == 1
    assert [line for line in lines if not line.startswith("  ")] == [
        "failed: ci: shellcheck",
        "failed: ci: fuzz",
        "failed: pg: tests.pg.test_rules::test_a[pg15]",
        "failed: unit: rows: two",
        "6 passed, 4 failed, 1 skipped",
    ]
    assert lines[lines.index("failed: pg: tests.pg.test_rules::test_a[pg15]") - 1] == "  | text"


def test_a_program_that_died_is_one_and_its_case_is_named(tmp_path):
    died = program("loop", "FAIL", "[ RUN      ] one\n[       OK ] one\n[ RUN      ] two\nAssertion failed\n")
    code, lines = total(tmp_path, unit__json=died)
    assert code == 1 and lines[-2:] == ["failed: unit: loop: fail in two", "1 passed, 1 failed, 0 skipped"]
    slow = program("loop", "TIMEOUT", "")
    code, lines = total(tmp_path, unit__json=slow)
    assert code == 1 and lines[-2:] == ["failed: unit: loop: timeout in no case", "0 passed, 1 failed, 0 skipped"]
