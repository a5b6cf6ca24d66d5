"""Redis as a target: its numbers are INFO's own, its troubles are told in a true sentence, and a restart shows no negative."""
import json
import os
import re
import subprocess

import pytest

import screen
from servers import wait_for


def ask(dbvitals, sql, target, *more):
    done = dbvitals("query", sql, target, "-f", "json", *more)
    assert done.returncode == 0, done.stderr
    return json.loads(done.stdout)


def fails(dbvitals, target, *more, sql="select * from redis_server"):
    """What is said of a target that cannot be had."""
    done = dbvitals("query", sql, target, *more)
    assert done.returncode != 0, done.stdout
    return done.stderr


def info(redis, *section):
    lines = redis.ask("INFO", *section).decode().split("\r\n")
    return dict(line.split(":", 1) for line in lines if ":" in line)


def keys(redis, n, begin="k:", db=0):
    redis.ask("EVAL", "for i = 1, ARGV[1] do redis.call('set', ARGV[2] .. i, i) end", 0, n, begin, db=db)


def test_numbers_are_those_of_info(start_redis, dbvitals):
    redis = start_redis("--maxmemory", "64mb", "--maxmemory-policy", "allkeys-lru")
    keys(redis, 100)
    keys(redis, 30, db=3)
    redis.ask("EXPIRE", "k:1", 1000)
    for i in range(10):
        redis.ask("GET", f"k:{i}")
    told = info(redis)
    row = ask(dbvitals, "select * from redis_server", redis.url())[0]
    assert (row["role"], row["product"], row["maxmemory_policy"]) == ("master", "Redis", "allkeys-lru")
    assert (row["run_id"], row["version_text"]) == (told["run_id"], told["redis_version"])
    assert (row["hits"], row["misses"], row["max_bytes"]) == (9, 1, 64 << 20)
    assert row["used_ratio"] == pytest.approx(row["used_bytes"] / (64 << 20))
    assert row["rdb_ok"] == 1 and row["aof"] == 0 and row["master_link_up"] is None and row["maxclients"] == int(told["maxclients"])
    cache = ask(dbvitals, "select kind, name, hits, misses, used_bytes, max_bytes, evictions, ttl_s from caches", redis.url())[0]
    assert (cache["kind"], cache["hits"], cache["misses"], cache["max_bytes"], cache["evictions"]) == ("redis", 9, 1, 64 << 20, 0)
    databases = ask(dbvitals, "select name, number, keys, expires, own from redis_databases order by name", redis.url())
    assert [tuple(d.values()) for d in databases] == [("db0", 0, 100, 1, 1), ("db3", 3, 30, 0, 0)]
    commands = {c["command"]: c for c in ask(dbvitals, "select * from redis_commands", redis.url())}
    assert commands["get"]["calls"] == 10 and commands["get"]["p99_ms"] > 0 and commands["set"]["calls"] == 130
    settings = {s["name"]: s["value"] for s in ask(dbvitals, "select name, value from settings", redis.url())}
    assert settings["maxmemory"] == str(64 << 20) and settings["maxmemory-policy"] == "allkeys-lru"
    pool = ask(dbvitals, "select kind, in_use, max_size from pools", redis.url())[0]
    assert pool["kind"] == "redis" and pool["in_use"] >= 1 and pool["max_size"] == int(told["maxclients"])


def test_our_connection_has_a_name_and_asks_nothing_slow(start_redis, dbvitals):
    redis = start_redis()
    keys(redis, 1000)
    clients = ask(dbvitals, "select client_name, cmd from redis_clients, (select count(*) from redis_server, redis_commands, settings, access)", redis.url())
    assert [c["client_name"] for c in clients] == ["dbvitals"]
    ran = {re.sub("^cmdstat_", "", k) for k in info(redis, "commandstats")}
    assert ran <= {"info", "client|setname", "client|list", "config|get", "slowlog|get", "set", "eval"}, ran


def test_a_secret_is_in_no_setting(start_redis, dbvitals):
    redis = start_redis("--requirepass", "geheim", "--masterauth", "heimlich")
    done = dbvitals("show", "settings", redis.url(who=":geheim@"), "-f", "json")
    assert done.returncode == 0 and "maxmemory-policy" in done.stdout
    assert "geheim" not in done.stdout + done.stderr and "heimlich" not in done.stdout + done.stderr


@pytest.mark.parametrize("who, meant", [
    ("", "wants a password"), (":falsch@", "password is wrong"), ("ops:falsch@", "password is wrong"),
    ("limited:klein@", "this user may not: ACL SETUSER"),
])
def test_who_is_not_let_in_learns_why(start_redis, dbvitals, who, meant):
    redis = start_redis()
    redis.ask("ACL", "SETUSER", "limited", "on", ">klein", "~*", "+ping")
    redis.ask("CONFIG", "SET", "requirepass", "geheim")
    said = fails(dbvitals, redis.url(who=who))
    assert meant in said and "falsch" not in said and "klein" not in said, said


def test_a_password_that_nobody_wants_is_said_so(start_redis, dbvitals):
    assert "this Redis has none" in fails(dbvitals, start_redis().url(who=":geheim@"))


def test_a_user_of_the_acl_sees_what_it_may_and_learns_the_rest(start_redis, dbvitals, tmp_path):
    redis = start_redis()
    redis.ask("ACL", "SETUSER", "watch", "on", ">w%3A/x", "~*", "+info", "+select")
    who = "watch:w%253A%2Fx@"  # the password is w%3A/x
    assert ask(dbvitals, "select role from redis_server", redis.url(who=who)) == [{"role": "master"}]
    rows = {r["what"]: r for r in ask(dbvitals, "select what, state, why, cure from access", redis.url(who=who))}
    assert rows["info"]["state"] == "ok" and rows["slow log"]["state"] == "missing"
    assert rows["slow log"]["cure"] == "ACL SETUSER watch +slowlog|get"
    said = fails(dbvitals, redis.url(who=who), sql="select * from settings")
    assert "this user may not" in said and "config|get" in said
    path = tmp_path / "conf"
    path.write_text(f"[target cache]\nurl = {redis.url(who='watch@')}\npassword_command = echo w%3A/x\n")
    done = dbvitals("query", "select role from redis_server", "--config", path, "-f", "json")
    assert json.loads(done.stdout or "[]") == [{"role": "master"}], done.stderr


def test_a_socket_is_a_target_too(start_redis, dbvitals):
    redis = start_redis()
    redis.restart("--unixsocket", f"{redis.folder}/s", "--unixsocketperm", "777")
    keys(redis, 5, db=2)
    for url in (f"redis+unix://{redis.folder}/s?db=2", f"redis://{redis.folder}/s?db=2"):
        rows = ask(dbvitals, "select name, keys, own from redis_databases where own = 1", url)
        assert rows == [{"name": "db2", "keys": 5, "own": 1}]


@pytest.mark.parametrize("url, meant", [
    ("redis://h:0/0", "port"), ("redis://h:70000/", "port"), ("redis://u:geheim@h/x", "database must be a number"),
    ("redis://u:ge%zzheim@h/0", "broken %"), ("rediss:///tmp/s", "a unix socket"), ("redis://[::1/0", "no end"), ("redis://h/0?geheim=1", "?db="),
])
def test_a_url_that_cannot_be_read_is_told_without_its_password(dbvitals, url, meant):
    said = fails(dbvitals, url)
    assert meant in said and "heim" not in said, said


def test_a_server_without_such_a_database_says_so(start_redis, dbvitals):
    assert "there is no database of that number" in fails(dbvitals, start_redis().url(db=99))


def test_what_speaks_another_protocol_is_refused(server, start_server, dbvitals):
    server = start_server(tcp=True)
    said = fails(dbvitals, f"redis://127.0.0.1:{server.port}/0")
    assert "closed the connection" in said or "does not speak Redis" in said, said


def megabytes(answer):
    """A server whose every answer is ANSWER; its port."""
    import socket
    import threading
    s = socket.create_server(("127.0.0.1", 0))

    def serve():
        while True:
            try:
                c, _ = s.accept()
                with c:
                    c.recv(10000)
                    c.sendall(answer)
                    c.recv(10000)
            except OSError:
                if s.fileno() < 0:
                    return
    threading.Thread(target=serve, daemon=True).start()
    return s


@pytest.mark.parametrize("answer", [b"$200000000\r\n" + b"x" * (6 << 20), b"*100000000\r\n", b"*19000\r\n" + b"*19000\r\n:1\r\n" * 2000],
                         ids=["a long text", "a long list", "lists in lists"])
def test_an_answer_of_megabytes_is_refused(dbvitals, answer):
    s = megabytes(answer)
    try:
        assert "was refused" in fails(dbvitals, f"redis://127.0.0.1:{s.getsockname()[1]}/0")
    finally:
        s.close()


def test_the_slow_log_reaches_the_screen_harmless(start_redis, dbvitals, program):
    redis = start_redis("--slowlog-log-slower-than", "0")
    redis.ask("SET", b"evil\x1b]0;owned\x07\x1b[31m\xff\xfe", b"v" * 3000)
    redis.ask("CONFIG", "SET", "slowlog-log-slower-than", "1000000000")  # our own would push it out
    rows = ask(dbvitals, "select took_ms, command, client_addr from redis_slowlog where command like 'SET evil%'", redis.url())
    assert len(rows) == 1 and len(rows[0]["command"]) <= 400 and rows[0]["client_addr"].startswith("127.0.0.1:")
    with screen.Screen([program, redis.url()], rows=50, columns=150) as s:
        s.wait(lambda t: "slow log" in t and "SET evil" in t and "vital signs" in t, 20, "the slow command")
        line = next(row for row in s.text().split("\n") if "SET evil" in row)
        assert "evil\u00b7]0;owned\u00b7\u00b7[31m" in line
        s.send("q")
        assert s.wait_end() == 0


class Watch:
    """A dashboard's place: samples of one target, second by second, from a program that goes on."""

    def __init__(self, program, url, sql, folder):
        self.out = open(folder / "out", "w+b")
        self.err = open(folder / "err", "w+b")
        self.process = subprocess.Popen([program, "query", sql, url, "-f", "json", "--samples", "200", "--refresh", "0.25"],
                                        stdout=self.out, stderr=self.err, stdin=subprocess.DEVNULL)

    def rows(self):
        text = open(self.out.name, errors="replace").read()
        return [row for part in re.findall(r"\[.*?\]", text, re.DOTALL) for row in json.loads(part)]

    def said(self):
        return open(self.err.name, errors="replace").read()

    def __enter__(self):
        return self

    def __exit__(self, *_):
        self.process.kill()
        self.process.wait()


def test_a_restart_and_a_flush_show_no_negative(start_redis, program, tmp_path):
    redis = start_redis()
    keys(redis, 500)
    for _ in range(20):
        redis.ask("GET", "k:1")
    sql = "select c.hits, c.hits_delta, c.hits_per_s, s.ops_delta, s.run_id, d.keys from caches as c join redis_server as s join redis_databases as d on d.own = 1"
    with Watch(program, redis.url(), sql, tmp_path) as w:
        wait_for(lambda: any(r["keys"] == 500 and r["hits"] == 20 for r in w.rows()), 15, lambda: f"{w.rows()[-2:]} {w.said()}")
        redis.ask("FLUSHALL")
        wait_for(lambda: w.rows()[-1]["keys"] == 0, 15, lambda: f"{w.rows()[-2:]} {w.said()}")
        assert w.rows()[-1]["hits"] == 20  # counters go on
        before = info(redis)["run_id"]
        redis.restart()
        after = info(redis)["run_id"]
        wait_for(lambda: w.rows()[-1]["run_id"] == after and w.rows()[-1]["ops_delta"] is not None, 20, lambda: f"{w.rows()[-2:]} {w.said()}")
        rows = w.rows()
        assert {r["run_id"] for r in rows} == {before, after} and rows[-1]["hits"] == 0
        assert all(r[c] is None or r[c] >= 0 for r in rows for c in ("hits_delta", "hits_per_s", "ops_delta"))


def test_counters_that_were_reset_and_grew_past_what_they_were_begin_anew(start_redis, program, tmp_path):
    redis = start_redis()
    keys(redis, 5)
    for _ in range(20):
        redis.ask("GET", "k:1")
    with Watch(program, redis.url(), "select hits, hits_delta from caches('5m')", tmp_path) as w:
        last = lambda: w.rows()[-1] if w.rows() else {"hits": None}
        wait_for(lambda: last()["hits"] == 20, 15, lambda: f"{w.rows()[-2:]} {w.said()}")
        redis.ask("CONFIG", "RESETSTAT")
        wait_for(lambda: last()["hits"] == 0, 15, lambda: f"{w.rows()[-2:]} {w.said()}")
        for _ in range(50):
            redis.ask("GET", "k:1")
        wait_for(lambda: last()["hits"] == 50 and last()["hits_delta"] is not None, 15, lambda: f"{w.rows()[-2:]} {w.said()}")
        assert w.rows()[-1]["hits_delta"] == 50  # not 30


def test_a_stopped_server_is_stale_with_its_reason_and_comes_back(start_redis, program):
    redis = start_redis()
    with screen.Screen([program, redis.url()], rows=40, columns=150) as s:
        s.wait(lambda t: "commands/s" in t and "live" in t, 20, "numbers")
        redis.pause()
        s.wait(lambda t: "no answer within" in t, 20, "why there are none")
        s.send("?")  # keys are answered meanwhile
        s.wait(lambda t: "help" in t, 2, "help")
        s.send("q")
        redis.resume()
        s.wait(lambda t: "cannot be reached" not in t and "no answer within" not in t.split("what changed")[0] and "live" in t.split("\n")[0], 45, "numbers again")
        s.send("q")
        assert s.wait_end() == 0


def test_evictions_and_full_memory_are_seen(start_redis, dbvitals, program, tmp_path):
    redis = start_redis("--maxmemory", "2mb", "--maxmemory-policy", "allkeys-lru")
    redis.ask("EVAL", "for i = 1, 4000 do redis.call('set', 'big:' .. i, string.rep('x', 1000)) end", 0)
    for i in range(120):
        redis.ask("GET", f"nothing:{i}")
    told = info(redis)
    cache = ask(dbvitals, "select evictions, misses, used_bytes, max_bytes from caches", redis.url())[0]
    assert 0 < int(told["evicted_keys"]) <= cache["evictions"] <= int(info(redis)["evicted_keys"]) and cache["misses"] == 120 and cache["max_bytes"] == 2 << 20
    path = tmp_path / "conf"
    path.write_text(f"[target cache]\nurl = {redis.url()}\n")
    done = dbvitals("check", "redis_memory", "redis_persistence_failed", "--config", path)
    assert done.returncode in (1, 2) and "of its memory is used" in done.stdout, done.stdout + done.stderr
    # The rule waits five minutes; who looks sees it at once.
    with screen.Screen([program, redis.url()], rows=30, columns=150) as s:
        s.wait(lambda t: "live" in t, 15, "the overview")
        redis.ask("EVAL", "for i = 1, 4000 do redis.call('set', 'more:' .. i, string.rep('x', 1000)) end", 0)
        s.wait(lambda t: re.search(r"● cache \S+ is full \([\d.]+ MiB of 2\.0 MiB\) and throws out [\d,.]+ keys/s", t), 15, "that it is full")
        s.send("q")
        assert s.wait_end() == 0


def test_a_replica_without_its_master_is_told(start_redis, dbvitals):
    master = start_redis("--repl-diskless-sync-delay", "0")
    replica = start_redis("--replicaof", f"127.0.0.1 {master.port}")
    wait_for(lambda: info(replica).get("master_link_status") == "up" and "state=online" in info(master).get("slave0", ""), 20, lambda: f"{replica.log()}")
    row = ask(dbvitals, "select role, master_link_up from redis_server", replica.url())[0]
    assert row == {"role": "replica", "master_link_up": 1}
    followers = ask(dbvitals, "select client_addr, state, online from redis_replicas", master.url())
    assert followers == [{"client_addr": f"127.0.0.1:{replica.port}", "state": "online", "online": 1}]
    master.stop()
    wait_for(lambda: info(replica).get("master_link_status") == "down", 20, lambda: f"{replica.log()}")
    row = ask(dbvitals, "select master_link, master_link_up from redis_server", replica.url())[0]
    assert row == {"master_link": "down", "master_link_up": 0}


def certificate(folder, name, hosts):
    """A certificate that signs itself, for HOSTS: (certificate, key)."""
    cert, key = os.path.join(folder, f"{name}.crt"), os.path.join(folder, f"{name}.key")
    subprocess.run(["openssl", "req", "-x509", "-newkey", "rsa:2048", "-nodes", "-days", "2", "-keyout", key, "-out", cert, "-subj", f"/CN={name}",
                    "-addext", f"subjectAltName={hosts}"], check=True, capture_output=True)
    os.chmod(key, 0o644)
    return cert, key


def test_tls_is_verified(start_redis, dbvitals, tmp_path):
    redis = start_redis()
    cert, key = certificate(redis.folder, "redis", "DNS:localhost")
    other, _ = certificate(redis.folder, "other", "DNS:localhost")
    plain = redis.port
    redis.restart("--tls-port", str(plain), "--port", "0", "--tls-cert-file", cert, "--tls-key-file", key, "--tls-ca-cert-file", cert, "--tls-auth-clients", "no")
    path = tmp_path / "conf"

    def with_ca(ca, host):
        path.write_text(f"[target cache]\nurl = rediss://{host}:{plain}/0\nca_file = {ca}\n")
        return dbvitals("query", "select role from redis_server", "--config", path, "-f", "json")
    done = with_ca(cert, "localhost")
    assert done.returncode == 0 and json.loads(done.stdout) == [{"role": "master"}], done.stderr
    for ca, host, why in ((other, "localhost", "certificate is not believed"), (cert, "127.0.0.1", "certificate is for another name than that in the URL")):
        done = with_ca(ca, host)
        assert done.returncode != 0 and why in done.stderr, done.stderr
    assert "ca_file: cannot read /nowhere" in with_ca("/nowhere", "localhost").stderr
    (tmp_path / "none.crt").write_text("no certificate")
    assert "cannot read the certificates" in with_ca(tmp_path / "none.crt", "localhost").stderr
    assert "certificate is not believed" in fails(dbvitals, f"rediss://localhost:{plain}/0")
    assert "closed the connection" in fails(dbvitals, f"redis://localhost:{plain}/0")


def test_tls_to_a_port_without_it_is_not_told_as_no_connection(start_redis, dbvitals):
    redis = start_redis()
    why = fails(dbvitals, f"rediss://127.0.0.1:{redis.port}/0")
    assert "connected, but no TLS handshake within 5 s: redis:// if this port speaks none" in why, why
