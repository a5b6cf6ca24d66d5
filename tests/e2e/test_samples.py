"""What --samples promises: one print a refresh, of a newer sample or of one whose true age is told."""
import csv
import subprocess


def lines_of(watcher):
    """The rows that WATCHER prints, as they come, without headers."""
    for line in watcher.stdout:
        if line[0] in "-0123456789":
            yield next(csv.reader([line]))


def test_a_target_that_goes_down_ends_no_wait_and_its_return_is_told(start_server, program):
    server = start_server()
    with subprocess.Popen([program, "query", "select age_s, sampled_at, (select state from targets) from server", "-r", "1", "-n", "8", "-f", "csv"],
                          env=server.env(), text=True, stdout=subprocess.PIPE, stderr=subprocess.PIPE) as watcher:
        rows, stopped = [], False
        for row in lines_of(watcher):
            rows.append((float(row[0]), float(row[1]), row[2]))
            if len(rows) == 2:
                server.stop()
                stopped = True
            elif stopped and [state for *_, state in rows].count("down") == 2:
                server.start()
                stopped = False
        errors = watcher.stderr.read()
    assert len(rows) == 8
    for (age, taken, _), (later_age, later_taken, _) in zip(rows, rows[1:]):
        assert later_taken > taken or later_age > age + 0.7, f"an old number as a new one: {rows}"
    assert rows[-1][2] == "up" and rows[-1][0] < 0.9
    assert errors.count("is down: ") == 1 and errors.count("is back after") == 1, errors


def test_a_refresh_that_was_asked_for_holds_for_slow_datasets_too(start_server, program, tmp_path):
    server = start_server()
    server.psql("create table t (a int primary key)")
    (tmp_path / "dbvitals.conf").write_text("[collect]\nbudget = 1\n")  # however busy the machine is
    with subprocess.Popen([program, "--config", tmp_path / "dbvitals.conf", "query", "select sampled_at from indexes", "-r", "1", "-n", "4", "-f", "csv"],
                          env=server.env(), text=True, stdout=subprocess.PIPE, stderr=subprocess.PIPE) as watcher:
        taken = [float(row[0]) for row in lines_of(watcher)]
        errors = watcher.stderr.read()
    assert len(taken) == 4
    assert all(0.5 < b - a < 3 for a, b in zip(taken, taken[1:])), f"{taken} {errors}"


def test_without_a_refresh_the_pace_of_a_slow_dataset_is_told_once(start_server, program):
    server = start_server()
    server.psql("create table t (a int primary key)")
    with subprocess.Popen([program, "query", "select sampled_at from indexes", "-n", "3", "-f", "csv"], env=server.env(), text=True,
                          stdout=subprocess.PIPE, stderr=subprocess.PIPE) as watcher:
        taken = [float(row[0]) for row in lines_of(watcher)]
        errors = watcher.stderr.read()
    assert len(taken) == 3 and taken[2] - taken[1] > 5
    assert errors == "dbvitals: indexes is read every 10 s at most, unless --refresh asks for more\n"
