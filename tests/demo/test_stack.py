"""The demo of the whole stack, and the small one where there is no PostgreSQL: what is there works, what is missing is told, nothing stays behind."""
import contextlib
import json
import os
import shutil
import signal
import sqlite3
import subprocess
import urllib.request

import psycopg2
import pytest

import servers
from test_demo import Demo, place  # noqa: F401  (place is a fixture)

HIDE_POSTGRESQL = ["unshare", "-m", "sh", "-c", 'mount -t tmpfs none /usr/lib/postgresql && exec "$0" "$@"']


def alone(pids):
    return not any(map(servers.alive, pids))


@pytest.fixture(scope="module")
def stack(build_dir):
    if not servers.debian_versions():
        pytest.skip("no PostgreSQL server to demonstrate on")
    unpacked = servers.find_unpacked("pgbouncer")
    d = Demo(build_dir, "stack", PATH=":".join([os.environ["PATH"], os.path.dirname(unpacked or "")])).wait_ready()
    assert d.error is None
    yield d
    d.stop()


def address(demo, start):
    return next((url for url in demo.also if url.startswith(start)), None)


def shop(demo):
    with urllib.request.urlopen(next(u for u in demo.also if u.endswith("/shop-app")), timeout=5) as answer:
        return json.load(answer)


def test_the_application_asks_through_its_pool_and_counts(stack):
    status = shop(stack)
    assert status["pool"]["size"] == 8 and status["pool"]["checked_in"] + status["pool"]["checked_out"] == status["pool"]["total_connections"]
    servers.wait_for(lambda: shop(stack)["cache"]["misses"] > status["cache"]["misses"] + 20)
    with urllib.request.urlopen(next(u for u in stack.also if u.endswith("/metrics")), timeout=5) as answer:
        lines = dict(line.rsplit(" ", 1) for line in answer.read().decode().splitlines() if not line.startswith("#"))
    buckets = [float(v) for k, v in lines.items() if "_bucket" in k]
    assert buckets == sorted(buckets) and buckets[-1] == float(lines["db_query_duration_seconds_count"]) > 0


def test_it_goes_through_pgbouncer_where_that_is(stack):
    if servers.find_unpacked("pgbouncer") is None:
        assert address(stack, "pgbouncer:") is None and any("PgBouncer is not here" in p for p in stack.progress)
        pytest.skip("no PgBouncer")
    folder = address(stack, "pgbouncer:").split("host=")[1].split("&")[0]
    c = psycopg2.connect(host=folder, port=6432, dbname="pgbouncer", user="postgres")
    c.autocommit = True
    with c.cursor() as cursor:
        cursor.execute("show pools")
        names = [d.name for d in cursor.description]
        pool = next(r for r in (dict(zip(names, row)) for row in cursor.fetchall()) if r["user"] == "shop_rw")
    c.close()
    assert pool["cl_active"] + pool["cl_waiting"] > 0


def test_its_redis_obeys_nobody_without_the_password_and_has_what_was_asked_for(stack):
    url = address(stack, "redis:")
    if not url:
        assert any("Redis is not here" in p for p in stack.progress)
        pytest.skip("no Redis")
    before = shop(stack)["cache"]["hits"]
    servers.wait_for(lambda: shop(stack)["cache"]["hits"] > before, 20)
    port = url.rsplit(":", 1)[1]
    said = subprocess.run(["redis-cli", "-p", port, "dbsize"], capture_output=True, text=True)
    assert "NOAUTH" in said.stdout + said.stderr


@pytest.mark.waits
def test_requests_queue_in_the_applications_pool_once_a_minute(stack):
    servers.wait_for(lambda: shop(stack)["pool"]["waiting"] > 2, 65, lambda: shop(stack), every_s=0.2)
    assert shop(stack)["pool"]["checked_out"] == 8
    servers.wait_for(lambda: shop(stack)["pool"]["waiting"] == 0, 20, lambda: shop(stack), every_s=0.2)


@pytest.mark.parametrize("victim", ["program", "supervisor"])
def test_nothing_of_a_stack_stays_however_it_ends(build_dir, place, victim):  # noqa: F811
    d = Demo(build_dir, "stack").wait_ready()
    pids = d.pids()
    if victim == "program":
        d.process.kill()
        d.process.wait()
        servers.wait_for(lambda: alone(pids) and not place(), 15, "something was left behind")
    else:  # nobody is left to remove its files
        os.kill(d.supervisor(), signal.SIGKILL)
        servers.wait_for(lambda: alone(pids[1:]), 10)
        for folder in place():
            shutil.rmtree(folder)
        d.stop()


@pytest.fixture
def without_postgresql(build_dir):
    if os.geteuid() != 0:
        pytest.skip("hiding the server's programs needs root")
    if subprocess.run([*HIDE_POSTGRESQL, "true"]).returncode != 0:
        pytest.skip("no mount namespaces here")
    return lambda *words: Demo(build_dir, *words, before=HIDE_POSTGRESQL, PATH="/usr/bin:/bin").wait_ready()


def test_without_a_postgresql_it_is_an_sqlite_file_and_says_so(without_postgresql, place):  # noqa: F811
    d = without_postgresql()
    assert d.error is None and "apt install postgresql" in d.progress[0] and "SQLite" in d.progress[0]
    path = d.conninfo.removeprefix("sqlite:")
    assert os.stat(d.folder).st_mode & 0o777 == 0o700
    # Its files are another user's: were they made by us, its writers might meet them before they are theirs, and could then never write.
    servers.wait_for(lambda: os.path.exists(f"{path}-wal") and os.path.getsize(f"{path}-wal") > 0)
    with contextlib.closing(sqlite3.connect(f"file:{path}?mode=ro", uri=True)) as file:
        newest = file.execute("select max(id) from messages").fetchone()[0]
        servers.wait_for(lambda: file.execute("select max(id) from messages").fetchone()[0] > newest)
    pids = d.pids()
    d.stop()
    assert alone(pids) and not place()


def test_a_whole_stack_without_a_postgresql_is_none_and_says_what_to_do(without_postgresql):
    d = without_postgresql("stack")
    assert "apt install postgresql" in d.error and "dbvitals postgresql://" in d.error
    assert d.process.wait(10) == 1
