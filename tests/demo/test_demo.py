"""The demo: it is there in seconds, has the problems that it promises, stays small, and leaves nothing behind however it ends."""
import glob
import os
import shutil
import signal
import subprocess
import tempfile
import time

import psycopg2
import pytest

import servers

pytestmark = pytest.mark.skipif(not servers.debian_versions(), reason="no PostgreSQL server to demonstrate on")


class Demo:
    def __init__(self, build_dir, *words, before=(), **env):
        self.process = subprocess.Popen([*before, f"{build_dir}/tests/demo_hold", *words], stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True,
                                        start_new_session=True, env={**os.environ, **env})
        self.conninfo = self.folder = self.error = None
        self.progress, self.also = [], []

    def wait_ready(self):
        for line in self.process.stdout:
            word, _, text = line.rstrip("\n").partition(" ")
            if word == "progress":
                self.progress.append(text)
            elif word == "also":
                self.also.append(text)
            elif word == "failed":
                self.error = text
                break
            else:
                self.conninfo = text
                self.folder = os.path.dirname(text.removeprefix("sqlite:")) if text.startswith("sqlite:") else text.split()[0].removeprefix("host=")
                break
        return self

    def query(self, sql):
        c = psycopg2.connect(self.conninfo)
        c.autocommit = True
        try:
            with c.cursor() as cursor:
                cursor.execute(sql)
                return cursor.fetchall()
        finally:
            c.close()

    def value(self, sql):
        return self.query(sql)[0][0]

    def pids(self):
        return [p for p in servers.process_tree(self.process.pid) if servers.alive(p)]

    def supervisor(self):
        return servers.process_tree(self.process.pid)[1]

    def stop(self):
        self.process.stdin.close()
        self.process.wait(10)


@pytest.fixture
def place(monkeypatch):
    """A folder in which only this test's demos make theirs; yields the function that lists them."""
    with tempfile.TemporaryDirectory(prefix="dbv-demo-", dir="/tmp") as folder:
        os.chmod(folder, 0o1777)
        monkeypatch.setenv("TMPDIR", folder)
        yield lambda: set(glob.glob(f"{folder}/dbvitals-*"))


def cpu_s(pids, ended=False):
    """CPU time of the processes; ENDED: and of the children that they have waited for."""
    ticks = 0
    for pid in pids:
        try:
            with open(f"/proc/{pid}/stat") as f:
                fields = f.read().rpartition(")")[2].split()
            ticks += sum(int(n) for n in fields[11:15 if ended else 13])
        except OSError:
            pass  # it ended
    return ticks / os.sysconf("SC_CLK_TCK")


@pytest.fixture(scope="module")
def demo(build_dir):
    began = time.monotonic()
    d = Demo(build_dir).wait_ready()
    assert d.error is None
    d.cost_s = cpu_s(d.pids(), ended=True)
    d.took_s = time.monotonic() - began
    d.ready_at = time.monotonic()
    yield d
    d.stop()


def blocked(demo):
    return demo.value("select count(*) from pg_stat_activity where cardinality(pg_blocking_pids(pid)) > 0")


def test_it_is_there_in_seconds_and_says_what_it_does(demo):
    assert demo.took_s < 30, "on the busiest machine"
    assert demo.cost_s < 5, "CPU time: what it takes where nothing else runs"
    assert "filling 240,000 sessions" in demo.progress


def test_nobody_runs_it_as_root_and_nobody_else_can_reach_it(demo):
    assert all(os.stat(f"/proc/{p}").st_uid != 0 for p in demo.pids()[1:])
    assert os.stat(demo.folder).st_mode & 0o777 == 0o700
    assert demo.value("show listen_addresses") == ""


def test_sessions_are_looked_up_by_columns_without_an_index(demo):
    assert demo.value("select count(*) from sessions") >= 200_000
    assert demo.value("select bool_or(pg_get_indexdef(indexrelid) ~ 'addr') from pg_index where indrelid = 'sessions'::regclass") is False
    calls = "select sum(calls) from pg_stat_statements where query like 'select * from sessions where a_addr%'"
    scans = "select seq_scan from pg_stat_user_tables where relname = 'sessions'"
    servers.wait_for(lambda: (demo.value(calls) or 0) > 5 and demo.value(scans) > 5)


def test_a_table_has_many_dead_rows_and_nobody_vacuums_it(demo):
    dead = "select n_dead_tup::float / n_live_tup from pg_stat_user_tables where relname = 'session_tokens'"
    servers.wait_for(lambda: demo.value(dead) > 0.3)


def test_caches_miss(demo):
    blocks = "select blks_hit, blks_read from pg_stat_database where datname = 'shop'"
    hit, read = demo.query(blocks)[0]

    def ratio():
        now_hit, now_read = demo.query(blocks)[0]
        return now_read - read > 1000 and (now_hit - hit) / (now_read - read + now_hit - hit)

    assert 0 < servers.wait_for(ratio) < 0.95


def test_sessions_queue_behind_an_idle_transaction_within_20_seconds(demo):
    servers.wait_for(lambda: blocked(demo) >= 3, 20 - (time.monotonic() - demo.ready_at), "nobody waits")
    assert demo.value("select count(*) from pg_stat_activity where state = 'idle in transaction'") >= 1


def test_all_of_it_takes_less_than_half_a_core(demo):
    before, began, pids = cpu_s(demo.pids()), time.monotonic(), demo.pids()
    time.sleep(5)  # a rate needs its time
    assert (cpu_s(pids) - before) / (time.monotonic() - began) < 0.5


def test_the_queue_dissolves(demo):
    servers.wait_for(lambda: blocked(demo) == 0, 30, "they wait for ever", every_s=0.2)


def test_a_burst_fills_a_roles_connection_limit_and_passes(demo):
    used = "select count(*) from pg_stat_activity where usename = 'shop_report'"
    servers.wait_for(lambda: demo.value(used) == 8, 60, "the limit is not reached", every_s=0.2)
    with pytest.raises(psycopg2.OperationalError, match="too many connections for role"):
        psycopg2.connect(demo.conninfo.replace("user=postgres", "user=shop_report"))
    servers.wait_for(lambda: demo.value(used) == 0, 30, "the burst does not pass", every_s=0.2)


def test_a_client_that_was_ended_comes_back(demo):
    ended = demo.query("select pid, pg_terminate_backend(pid) from pg_stat_activity where application_name = 'telemetry'")
    assert len(ended) == 4
    now = "select count(*) from pg_stat_activity where application_name = 'telemetry' and pid <> all(%s)"
    servers.wait_for(lambda: demo.value(now % f"array{[pid for pid, _ in ended]}") >= 3)  # one rests for a minute


def test_a_quiet_end_leaves_nothing_behind(build_dir, place):
    d = Demo(build_dir).wait_ready()
    pids = d.pids()
    assert len(pids) > 3 and place() == {d.folder}
    d.stop()
    assert not any(map(servers.alive, pids)) and not place(), "stop returned before all was gone"


@pytest.mark.parametrize("victims", [["program"], ["program", "early"], ["supervisor"], ["all of the program's group"]],
                         ids=lambda v: " ".join(v))
def test_a_violent_end_leaves_nothing_behind(build_dir, place, victims):
    d = Demo(build_dir)
    if "early" in victims:
        servers.wait_for(place)
    else:
        d.wait_ready()
    pids = d.pids()
    if "supervisor" in victims:
        os.kill(d.supervisor(), signal.SIGKILL)  # nobody is left to remove its files: only that no process stays
        servers.wait_for(lambda: not any(map(servers.alive, pids[1:])), 10)
        for folder in place():
            shutil.rmtree(folder)
        d.stop()
    elif victims == ["program"] or "early" in victims:
        d.process.kill()
    else:
        os.killpg(d.process.pid, signal.SIGKILL)
    d.process.wait()
    servers.wait_for(lambda: not any(map(servers.alive, pids)) and not place(), 15, "something was left behind")


def test_ctrl_c_does_not_reach_the_server_before_the_program(build_dir):
    d = Demo(build_dir).wait_ready()
    assert os.getsid(d.supervisor()) != os.getsid(d.process.pid)
    d.stop()


def test_a_server_in_the_path_comes_first(build_dir, yard):
    try:
        folder = servers.find_bin(17)
    except servers.Missing as why:
        pytest.skip(str(why))
    d = Demo(build_dir, PATH=f"{folder}:{os.environ['PATH']}").wait_ready()
    assert d.error is None and d.value("show server_version_num").startswith("17")
    d.stop()
