"""The rules that ship, over real servers: none fires where nothing is wrong, and what is wrong fires and resolves."""
import os
import re
import subprocess
import threading

import pytest

import servers
from conftest import need

ROOT = os.path.dirname(os.path.dirname(os.path.dirname(os.path.abspath(__file__))))
BUILD = os.environ.get("DBVITALS_BUILD", os.path.join(ROOT, "build"))
# The test's server was just started, and a target is not up before it is.
HARMLESS = {"restarted", "target_down"}
# A target comes up, and an index is invalid while it is built: a poll may meet that.
PATIENT = {"target_down", "invalid_index"}
DATASETS = {"bloat", "collectors", "pools", "sessions", "server", "databases", "caches", "statements", "tables", "indexes", "settings", "slots", "sequences"}


def quick_rules():
    """Each rule of the pack `standard` with short windows and without patience."""
    with open(os.path.join(ROOT, "packs", "standard.rules"), encoding="utf-8") as f:
        text = f.read()
    out = []
    for name, body in re.findall(r"^\[rule (\w+)\]\n((?:[^\[\n].*\n|\n)*)", text, re.M):
        source = re.search(r"^from\s*=\s*(\w+)(.*)$", body, re.M)
        if source and source.group(1) not in DATASETS:
            continue
        out.append(f"[rule {name}]\nevery = 1s\nfor = {'30s' if name in PATIENT else '3s'}\n")
        if source:
            out.append(f"from = {source.group(1)}{'' if source.group(2) == '' else chr(40) + chr(39) + '10s' + chr(39) + ')'}\n")
    return "".join(out)


def probe(tmp_path, server, seconds, while_it_runs=None, rules=None):
    config = tmp_path / "rules.conf"
    config.write_text(rules or quick_rules())
    command = [os.path.join(BUILD, "tests", "alerts_probe"), str(config), str(seconds), server.conninfo()]
    p = subprocess.Popen(command, stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True)
    try:
        if while_it_runs is not None:
            while_it_runs()
        out, _ = p.communicate(timeout=seconds + 60)
    finally:
        if p.poll() is None:
            p.kill()
            p.wait()
    assert p.returncode == 0, out
    return out


def fired(out):
    return [line for line in out.splitlines() if line.startswith("fired ") and line.split()[2] not in HARMLESS]


def without_data(out):
    return [line for line in out.splitlines() if line.startswith("rule ") and "; no data: " in line and "no data source" not in line]


@pytest.fixture(scope="module")
def server(yard):
    s = need(lambda: servers.Server(yard, servers.default_version(), max_prepared_transactions=5).start())
    s.psql("create extension pg_stat_statements; create table shop(id int primary key, note text);"
           "insert into shop select g, 'x' from generate_series(1, 1000) g; vacuum analyze shop")
    yield s
    s.stop("immediate")


@pytest.mark.waits
def test_no_rule_fires_on_an_idle_server_and_all_have_data(tmp_path, server):
    out = probe(tmp_path, server, 20)
    assert fired(out) == [], out
    # Whether a page is damaged cannot be known where none has a checksum.
    unknown = [] if server.psql("show data_checksums") == "on" else ["rule checksum_failures: ok; no data: it has no value"]
    assert without_data(out) == unknown, out
    assert "error:" not in out, out


def test_no_rule_fires_under_load_maintenance_and_a_new_index(tmp_path, server):
    load = "insert into shop select g, 'y' from generate_series(2000, 2000) g on conflict do nothing; update shop set note = 'z' where id = 7;"

    def busy():
        for _ in range(5):
            server.psql(load * 200)
            server.psql("create index concurrently if not exists shop_note on shop(note)")
            server.psql("vacuum analyze shop")

    out = probe(tmp_path, server, 20, busy)
    assert fired(out) == [], out


@pytest.mark.waits
def test_blocked_sessions_fire_one_alert_that_resolves(tmp_path, server):
    def block():
        holder, waiter = server.connect(autocommit=False), server.connect()
        holder.cursor().execute("update shop set note = 'h' where id = 1")
        with waiter.cursor() as c:
            c.execute("set statement_timeout = '36s'")
            with pytest.raises(Exception, match="timeout"):
                c.execute("update shop set note = 'w' where id = 1")
        holder.rollback()
        holder.close()
        waiter.close()

    out = probe(tmp_path, server, 48, block)
    told = [line for line in out.splitlines() if " lock_waits " in line and line.split()[0] in ("fired", "resolved")]
    assert [line.split()[0] for line in told] == ["fired", "resolved"], out
    assert "1 sessions blocked" in told[0], out


@pytest.mark.waits
def test_an_index_that_is_being_built_is_not_called_invalid_and_what_is_left_of_it_is(tmp_path, server):
    rules = "[rule invalid_index]\nevery = 1s\nfor = 2s\n"
    holder, builder = server.connect(autocommit=False), server.connect(application_name="builder")
    holder.cursor().execute("update shop set note = 'h' where id = 1")
    building = threading.Thread(target=lambda: pytest.raises(Exception, builder.cursor().execute, "create index concurrently shop_left on shop(note)"))
    building.start()
    try:
        servers.wait_for(lambda: server.value("select count(*) from pg_stat_progress_create_index where phase like 'waiting%'") == 1)
        out = probe(tmp_path, server, 8, rules=rules)
        assert "invalid_index" not in "".join(fired(out)), out
        assert server.value("select count(*) from pg_index where not indisvalid") == 1  # it was there all the time
        builder.cancel()
        building.join()
        out = probe(tmp_path, server, 8, rules=rules)
        assert "index public.shop_left of shop is invalid" in "".join(fired(out)), out
    finally:
        holder.rollback()
        building.join()
        holder.close()
        builder.close()
        server.psql("drop index if exists shop_left")
