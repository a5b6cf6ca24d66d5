"""The manual page knows every command and every option that --help knows, and no other, and is well formed."""
import os
import re
import shutil
import subprocess

import pytest

PAGE = os.path.join(os.path.dirname(os.path.dirname(os.path.dirname(os.path.abspath(__file__)))), "docs", "dbvitals.1")


@pytest.fixture(scope="module")
def page():
    with open(PAGE) as f:
        return f.read().replace("\\-", "-")


@pytest.fixture
def help_text(dbvitals):
    return dbvitals("--help").stdout


def test_the_options_are_those_of_help(page, help_text):
    option = re.compile(r"(?<![\w-])--[a-z][a-z-]*")
    section = page.split(".SH OPTIONS")[1].split(".SH KEYS")[0]
    assert set(option.findall(section)) == set(option.findall(help_text.split("Options:")[1]))


def test_the_commands_are_those_of_help(page, help_text):
    told = set(re.findall(r"^  dbvitals (\w+)", help_text, re.MULTILINE))
    section = page.split(".SH COMMANDS")[1].split(".SH OPTIONS")[0]
    written = set(re.findall(r'^\.TP\n\.BR? "?(\w+)', section, re.MULTILINE))
    assert told == written


def test_exit_codes_are_those_of_help(page, help_text):
    told = set(re.findall(r"\b(\d) ", help_text.split("Exit codes:")[1]))
    section = page.split('.SH "EXIT STATUS"')[1].split(".SH FILES")[0]
    assert told == set(re.findall(r"^\.B (\d)$", section, re.MULTILINE))


@pytest.mark.skipif(not shutil.which("groff"), reason="no groff here")
def test_groff_has_nothing_to_say():
    done = subprocess.run(["groff", "-man", "-ww", "-Tutf8", "-z", PAGE], capture_output=True, text=True)
    assert done.returncode == 0 and done.stderr == ""
