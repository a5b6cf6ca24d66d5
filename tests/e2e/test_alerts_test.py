"""alerts test: rules on samples written by hand, without guard, server or clock."""
import json
import os

import pytest

ROOT = os.path.dirname(os.path.dirname(os.path.dirname(os.path.abspath(__file__))))
JOBS = "[dataset chores]\nsql = select state, count(*) as waiting from jobs group by state\nkey = state\ngauge = waiting\n"
RULE = "[rule jobs_wait]\nfrom = chores\nvalue = waiting\nwarning = > 5\nfor = 60s\nsummary = {waiting} jobs are {state}, {count}\n"


def line(**members):
    return json.dumps(members) + "\n"


def rows(at, *values, **more):
    return line(at=at, dataset="chores", target="shop", rows=[{"state": "new", "waiting": v} for v in values], **more)


@pytest.fixture
def attempt(dbvitals, tmp_path):
    def run(rules, samples, *words, name="r.conf"):
        (tmp_path / name).write_text(rules)
        (tmp_path / "s").write_text(samples)
        return dbvitals("alerts", "test", "--rules", tmp_path / name, "--samples", tmp_path / "s", *words)
    return run


def test_a_dataset_of_the_same_file_is_known(attempt):
    done = attempt(JOBS + RULE, rows(0, 9) + line(at=70, expect="fired", rule="jobs_wait", target="shop", level="warning"))
    assert done.returncode == 0, done
    assert "9 jobs are new, 1" in done.stdout


def test_a_dataset_of_the_config_is_known(attempt, tmp_path):
    config = tmp_path / "c.conf"
    config.write_text(JOBS)
    samples = rows(0, 9) + line(at=70, expect="fired", rule="jobs_wait")
    assert attempt(RULE, samples, "--config", config).returncode == 0
    assert attempt(JOBS + RULE, samples, "--config", tmp_path / "r.conf").returncode == 0, "the config itself"
    refused = attempt(RULE, samples)
    assert refused.returncode == 1 and f"{tmp_path}/r.conf:2: " in refused.stderr and "chores" in refused.stderr


def test_rows_that_share_a_key_neither_shorten_for_nor_flap(attempt):
    done = attempt(JOBS + RULE, rows(0, 9, 8) + rows(300, 9, 0) + rows(600, 0, 0) + line(at=700, expect="fired", rule="jobs_wait")
                   + line(at=700, expect="resolved", rule="jobs_wait") + line(at=700, expect="nothing"))
    assert done.returncode == 0, done.stdout
    fired, = (text for text in done.stdout.splitlines() if " fired " in text)
    assert 60 <= float(fired.split("s ")[0]) <= 75, fired
    assert "9 jobs are new, 2" in fired


def test_a_pack_is_tried_as_it_ships(dbvitals, tmp_path):
    samples = tmp_path / "s"
    samples.write_text(line(at=0, dataset="targets", target="shop", rows=[{"name": "shop", "state": "down"}])
                       + line(at=60, expect="fired", rule="target_down", target="shop"))
    done = dbvitals("alerts", "test", "--rules", os.path.join(ROOT, "packs/standard.rules"), "--samples", samples)
    assert done.returncode == 0, done.stderr
    assert "disk_full is not tried: no data source: dataset disks" in done.stdout


def test_time_does_not_go_back(attempt, tmp_path):
    done = attempt(JOBS + RULE, rows(60, 9) + "\n# a comment\n" + rows(10, 9))
    assert done.returncode == 1
    assert f"{tmp_path}/s:4: " in done.stderr and "goes back" in done.stderr, done.stderr
