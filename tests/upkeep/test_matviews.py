"""When a materialised view was refreshed: nothing tells, so what is known is what was seen, and n/a before that."""
import json
import os
import subprocess
import time

import pytest

import servers


@pytest.fixture
def seen(build_dir, start_server):
    """The samples of matviews as they come, ten a second, and the server."""
    server = start_server()
    server.psql("create table t (x int primary key); insert into t select generate_series(1, 10); create materialized view v as select * from t; create unique index on v (x)")
    p = subprocess.Popen([os.path.join(build_dir, "tests", "pgpoll"), "-n", "10000", "-i", "0.1", "-t", "60", server.conninfo(), "matviews"],
                         stdin=subprocess.DEVNULL, stdout=subprocess.PIPE, env=servers.plain_env())

    def until(condition):
        end = time.monotonic() + 20
        for line in p.stdout:
            row = (json.loads(line).get("rows") or [None])[0]
            if row is not None and condition(row):
                return row
            assert time.monotonic() < end, row
        raise AssertionError("pgpoll ended")
    yield server, until
    p.kill()
    p.wait()
    p.stdout.close()


def test_a_refresh_is_known_once_it_was_seen(seen):
    server, until = seen
    row = until(lambda r: True)
    assert (row["refreshed_at"], row["refresh_age_s"], row["refresh_every_s"]) == (None, None, None), row
    server.psql("refresh materialized view v")
    row = until(lambda r: r["refreshed_at"] is not None)
    assert row["refresh_how"] == "plain" and row["refreshed_at"] == pytest.approx(time.time(), abs=10) and row["refresh_age_s"] < 10, row
    first = row["refreshed_at"]
    server.psql("refresh materialized view v")
    row = until(lambda r: r["refresh_every_s"] is not None)
    assert row["refresh_every_s"] == pytest.approx(row["refreshed_at"] - first, abs=0.01), row
    server.psql("insert into t values (11); refresh materialized view concurrently v")
    assert until(lambda r: r["refresh_how"] == "concurrently")["refreshed_at"] > first
