"""The test servers keep their promises: each version is the one asked for, nothing is left behind."""
import os
import signal
import subprocess
import sys

import psycopg2
import pytest

import servers


def test_each_version_is_the_one_asked_for(each_server):
    assert int(each_server.value("show server_version_num")) // 10000 == each_server.version
    assert "pg_stat_statements" in each_server.psql("show shared_preload_libraries")


def test_a_server_does_not_run_as_root(server):
    assert os.stat(f"/proc/{server.pid}").st_uid != 0


def test_a_private_server_comes_back_after_stop_kill_and_restart(start_server):
    s = start_server(tcp=True, max_connections=20)
    assert s.value("show max_connections") == "20"
    first = s.pid
    s.restart(max_connections=21)
    assert s.value("show max_connections") == "21" and s.pid != first
    s.kill()
    with pytest.raises(psycopg2.OperationalError):
        s.connect()
    s.start()
    assert s.psql("select 1") == "1"


def test_a_paused_server_does_not_answer_until_resumed(start_server):
    s = start_server()
    s.pause()
    with pytest.raises(psycopg2.OperationalError):
        s.connect(options="-c statement_timeout=0", connect_timeout=2)
    s.resume()
    assert s.value("select 1") == 1


def test_pgbouncer_shares_one_server_connection_between_clients(start_server, start_pgbouncer):
    s = start_server()
    b = start_pgbouncer(s, pool_size=1)
    pids = {b.value("select pg_backend_pid()") for _ in range(3)}
    assert len(pids) == 1


@pytest.mark.parametrize("how", [signal.SIGINT, signal.SIGKILL])
def test_nothing_is_left_behind_when_the_tests_are_ended(how):
    script = ("import servers, signal, time; signal.signal(signal.SIGINT, signal.default_int_handler);"  # ignored where a shell runs us beside it
              "y = servers.Yard(); s = servers.Server(y).start(); print(y.folder, s.pid, y.supervisor.pid, flush=True); time.sleep(60)")
    child = subprocess.Popen([sys.executable, "-c", script], stdout=subprocess.PIPE, stderr=subprocess.DEVNULL, text=True,
                             cwd=os.path.dirname(servers.__file__))
    folder, server_pid, supervisor_pid = child.stdout.readline().split()
    assert servers.alive(server_pid)
    child.send_signal(how)
    child.wait(20)
    servers.wait_for(lambda: not os.path.exists(folder) and not servers.alive(server_pid)
                     and not servers.alive(supervisor_pid), 20, "something was left behind")
