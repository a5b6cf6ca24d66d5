"""The guard as a service: it starts, is told things, reloads, waits for another, drains and ends."""
import base64
import json
import os
import re
import resource
import signal
import socket
import sqlite3
import subprocess
import threading
import time

import servers
from guarding import Guard, Systemd, told, wait_told


def test_a_query_that_runs_long_is_told_and_so_is_its_end(guard, knobs, receiver):
    k = knobs("a")
    guard.start()
    guard.wait_log("target up")
    k.turn("a", 1)
    wait_told(receiver, "knob", "firing", "warning")
    k.turn("a", 2)
    wait_told(receiver, "knob", "firing", "critical")
    k.turn("a", 0)
    wait_told(receiver, "knob", "resolved")
    assert guard.stop() == 0
    assert [t[1:3] for t in told(receiver)] == [("firing", "warning"), ("firing", "critical"), ("resolved", "critical")]


def test_a_server_that_is_down_at_the_start_is_watched_until_it_is_up(guard, knobs, receiver):
    k = knobs("a")
    k.server.stop()
    guard.start()
    guard.wait_log("target down")
    assert guard.process.poll() is None
    k.server.start()
    guard.wait_log('event="target up"')
    k.turn("a", 1)
    wait_told(receiver, "knob", "firing")


def test_a_bad_config_is_refused_with_its_line_and_the_old_one_stays(guard, knobs, receiver):
    k = knobs("a")
    guard.start()
    guard.wait_log("target up")
    good = guard.path.read_text()
    for bad, at in (("[guard]\nrefresh = soon\n", ":2:"), ("[rule x]\nfrom = no_such\nvalue = 1\nwarning = > 1\n", ":2:"),
                    ("[target shop]\nurl = postgresql://a@b@c/d\n", "cannot read the connection string"),
                    ("[http]\nlisten = 0.0.0.0:0\n", "token")):
        n = guard.log().count("is refused")
        guard.write(bad)
        guard.signal(signal.SIGHUP)
        guard.wait_log("is refused", n + 1)
        line = [x for x in guard.log().splitlines() if "is refused" in x][-1]
        assert at in line and (str(guard.path) in line or at[0] != ":"), line
    assert guard.ask("alerts").returncode == 2  # the config that it asks by has no socket
    guard.write(good)
    assert guard.ask("alerts").returncode == 0
    k.turn("a", 1)
    wait_told(receiver, "knob", "firing")
    guard.signal(signal.SIGHUP)
    guard.wait_log('event="config read again"')
    k.turn("a", 0)
    wait_told(receiver, "knob", "resolved")


def test_another_config_is_taken_over_targets_rules_webhooks_and_log(guard, knobs, receiver, start_server):
    k = knobs("a")
    guard.start()
    guard.wait_log("target up")
    other = start_server()
    other.query("create table knobs(name text primary key, level int not null)")
    other.query("insert into knobs values ('b', 1)")
    guard.sections["target other"] = {"url": other.conninfo()}
    guard.sections["webhook ops"]["url"] = f"{receiver.url}/new"
    guard.sections["rule knob"]["warning"] = ">= 5"
    guard.sections["rule knob"]["critical"] = ">= 6"
    guard.sections["guard"]["log_format"] = "json"
    guard.write()
    guard.signal(signal.SIGHUP)
    guard.wait_log('"event":"config read again"')
    guard.wait_log('"target":"other"')
    k.turn("a", 7)
    wait_told(receiver, "knob", "firing", "critical", path="/new")
    assert receiver.at("/hook") == []
    del guard.sections["target shop"]
    guard.write()
    guard.signal(signal.SIGHUP)
    wait_told(receiver, "knob", "resolved", path="/new")
    for line in guard.log().splitlines():
        assert line.startswith("time=") or json.loads(line)["event"]


def test_who_is_connected_stays_so_when_the_config_is_read_again(guard, knobs):
    knobs("a")
    guard.sections["http"]["token"] = "first"
    guard.start()
    guard.wait_log("serving HTTP")
    with socket.socket(socket.AF_UNIX) as s:
        s.connect(str(guard.socket))
        s.settimeout(20)

        def ask():
            s.sendall(b"GET /livez HTTP/1.1\r\nHost: localhost\r\n\r\n")
            return s.recv(65536)

        assert b" 200 " in ask()
        guard.sections["guard"]["log_level"] = "debug"
        for n in (1, 2):
            guard.write()
            guard.signal(signal.SIGHUP)
            guard.wait_log("config read again", n)
            assert b" 200 " in ask()
        guard.sections["http"]["token"] = "second"
        guard.write()
        guard.signal(signal.SIGHUP)
        guard.wait_log("config read again", 3)
        assert s.recv(65536) == b""  # who came with the old token is asked for the new one


def test_a_second_guard_of_one_state_directory_waits_and_takes_over(guard, knobs, receiver, program, tmp_path):
    k = knobs("a")
    guard.sections["guard"].update(heartbeat_url=f"{receiver.url}/first", heartbeat_every="1s")
    guard.start()
    guard.wait_log("target up")
    second = Guard(program, tmp_path / "second")
    second.sections = {**guard.sections, "guard": {**guard.sections["guard"], "heartbeat_url": f"{receiver.url}/beat"}}
    second.start()
    try:
        second.wait_log("another guard has the state directory")
        k.turn("a", 1)
        wait_told(receiver, "knob", "firing")
        receiver.wait("/first", len(receiver.at("/first")) + 3)
        assert "fired" not in second.log() and not beats(receiver)  # who only waits watches nothing
        guard.kill()
        second.wait_log("event=watching")
        servers.wait_for(lambda: beats(receiver), 20)
        k.turn("a", 0)
        wait_told(receiver, "knob", "resolved")
        assert second.ask("alerts").returncode == 0
        assert second.stop() == 0
    finally:
        if second.process.poll() is None:
            second.kill()
    ids = [t[3] for t in told(receiver)]
    assert sorted(set(ids), key=ids.index) == sorted(set(ids)), ids


def test_what_people_say_is_kept_and_told(guard, knobs, receiver):
    k = knobs("a", "b")
    guard.start()
    k.turn("a", 2)
    wait_told(receiver, "knob", "firing")
    servers.wait_for(lambda: "knob" in guard.alerts(), 20)
    alert = guard.alerts()["knob"]["alert_id"]
    done = guard.ask("alerts", "ack", alert, "--comment", "I look at it", "--for", "1h")
    assert (done.returncode, done.stderr) == (0, "")
    done = guard.ask("alerts", "silence", "--rule", "kn*", "--target", "shop", "--for", "2h", "--comment", "migration")
    assert (done.returncode, done.stderr) == (0, "")
    guard.kill()
    guard.start()
    servers.wait_for(lambda: guard.alerts().get("knob", {}).get("acked_by"), 20)
    silences = json.loads(guard.ask("alerts", "silences", "--format", "json").stdout)
    assert [(s["rule"], s["target"], s["comment"]) for s in silences] == [("kn*", "shop", "migration")]
    n = len(told(receiver))
    k.turn("b", 2)
    servers.wait_for(lambda: len(guard.rows("select 1 from events")) >= 2, 20)
    assert guard.ask("alerts", "unsilence", str(silences[0]["silence"])).returncode == 0
    servers.wait_for(lambda: len(told(receiver)) > n, 30)


def test_a_silence_for_one_alert_is_for_that_one_whatever_its_name_looks_like(guard, knobs):
    k = knobs("a*", "ab", "[ab]", "b")
    guard.start()
    guard.wait_log("target up")
    for name in ("a*", "ab", "[ab]", "b"):
        k.turn(name, 2)

    def rows():
        return {r["alert_key"]: r for r in guard.select("select alert_key, alert_id, silenced_by from alerts where state = 'firing'")}
    servers.wait_for(lambda: len(rows()) == 4, 20)
    for key in ("name=a*", "name=[ab]"):
        assert guard.ask("alerts", "silence", rows()[key]["alert_id"], "--for", "1h").returncode == 0
    servers.wait_for(lambda: all(rows()[key]["silenced_by"] for key in ("name=a*", "name=[ab]")), 20)
    assert not [key for key in ("name=ab", "name=b") if rows()[key]["silenced_by"]]


def test_what_was_answered_to_be_kept_is_there_after_a_kill(guard, knobs):
    knobs("a")
    guard.start()
    for round in range(5):
        guard.wait_log("serving HTTP", round + 1)
        said = guard.post("/api/v1/silences", {"rule": f"r{round}", "for": "2h"})
        guard.kill()
        assert said["kept"] is True
        assert [r[0] for r in guard.rows("select rule from silences order by id")] == [f"r{i}" for i in range(round + 1)]
        guard.start()


def test_what_people_say_on_a_disk_that_takes_nothing_is_in_force_and_told(guard, knobs):
    knobs("a")
    guard.start()
    guard.wait_log("target up")
    resource.prlimit(guard.process.pid, resource.RLIMIT_FSIZE, (4096, resource.RLIM_INFINITY))
    guard.log_path.write_text("")
    said = guard.post("/api/v1/silences", {"rule": "x", "for": "2h"})
    assert said["status"] == "ok" and said["kept"] is False
    done = guard.ask("alerts", "silence", "--rule", "y", "--for", "2h")
    assert done.returncode == 0 and "a restart now would lose it" in done.stderr
    assert len(json.loads(guard.ask("alerts", "silences", "--format", "json").stdout)) == 2


def test_what_people_say_wrongly_is_refused_with_a_sentence(guard, knobs):
    knobs("a")
    guard.start()
    guard.wait_log("serving HTTP")
    for words, why in ((["ack"], "needs the ID"), (["ack", "zz"], "that is no ID"), (["ack", "00"], "refuses (404)"),
                       (["silence", "--rule", "x"], "--for 2h"), (["silence", "--for", "2h"], "say what"),
                       (["silence", "--rule", "x", "--for", "soon"], "--for soon"), (["nonsense"], "must be list"),
                       (["list", "00"], "too much"), (["show"], "needs the ID"), (["resend"], "needs the number"),
                       (["resend", "ab"], "refuses (404)"), (["unsilence", "9"], "refuses (404)")):
        done = guard.ask("alerts", *words)
        assert done.returncode == 1 and why in done.stderr, (words, done)
    guard.stop()
    done = guard.ask("alerts")
    assert done.returncode == 2 and "no guard answers" in done.stderr


def test_the_end_waits_for_what_is_to_be_sent_and_not_longer_than_it_may(guard, knobs, receiver):
    k = knobs("a")
    guard.sections["guard"]["drain"] = "1s"
    receiver.answers["/hook"] = [500]
    guard.start()
    guard.wait_log("target up")
    k.turn("a", 1)
    receiver.wait("/hook", 1)
    before = time.monotonic()
    assert guard.stop() == 0
    assert 0.8 < time.monotonic() - before < 8
    assert "not all messages went out in time" in guard.log()
    receiver.answers["/hook"] = [200]
    n = len(receiver.at("/hook"))
    guard.start()
    receiver.wait("/hook", n + 1, 60)
    assert len({t[3] for t in told(receiver)}) == 1


def test_systemd_is_told_of_every_step_and_of_life(guard, knobs, tmp_path):
    knobs("a")
    systemd = Systemd(tmp_path)
    guard.env.update(NOTIFY_SOCKET=systemd.path, WATCHDOG_USEC="600000")
    guard.start()
    systemd.until("READY=1")
    for _ in range(3):
        systemd.until("WATCHDOG=1")
    guard.signal(signal.SIGHUP)
    systemd.until("READY=1")
    guard.signal(signal.SIGTERM)
    systemd.until("STOPPING=1")
    assert guard.process.wait(20) == 0
    systemd.socket.close()


def test_the_heartbeat_comes_while_rules_are_judged(guard, knobs, receiver):
    knobs("a")
    guard.sections["guard"].update(heartbeat_url=f"{receiver.url}/beat?token=tok-planted", heartbeat_every="1s")
    guard.start()
    guard.wait_log("watching")
    servers.wait_for(lambda: len(beats(receiver)) >= 2, 20)
    guard.stop()
    assert "planted" not in guard.log()


def beats(receiver):
    return [r for r in receiver.requests if r.path.startswith("/beat")]


def test_no_log_page_payload_or_metric_tells_a_secret(guard, knobs, receiver, start_server):
    k = knobs("a")
    k.server.query("create role spy login superuser password 'pw-planted'")
    url = f"host={k.server.host} port={k.server.port} user=spy password=pw-planted dbname=postgres"
    guard.sections["target shop"] = {"url": url}
    guard.sections["target asked"] = {"url": f"host={k.server.host} port={k.server.port} user=nobody_there dbname=postgres",
                                      "password_command": "echo cmd-plan''ted"}
    secret = "whsec_cGxhbnRlZC1wbGFudGVkLXBsYW50ZWQtcGxhbnRlZA=="
    guard.sections["webhook ops"].update(url=receiver.url.replace("://", "://me:url-planted@") + "/hook", secret=secret)
    guard.sections["webhook dead"] = {"url": "http://me:dead-planted@127.0.0.1:9/x?token=tok-planted", "group_wait": "0", "secret": secret}
    echo = lambda h: receiver.answer(h, (400, {}, f"Cannot POST {h.path} with {h.headers['Authorization']} {h.headers['webhook-signature']}"))
    receiver.answers["/T00/path-planted"] = [echo]
    guard.sections["webhook echo"] = {"url": receiver.url.replace("://", "://me:planted-login@") + "/T00/path-planted", "secret": secret, "group_wait": "0"}
    guard.sections["http"].update(listen="127.0.0.1:0", token="tok-planted-read", metrics_token="tok-planted-metrics")
    guard.sections["guard"].update(heartbeat_url="http://me:beat-planted@127.0.0.1:9/x", heartbeat_every="1s", log_level="debug")
    guard.start()
    k.turn("a", 2)
    wait_told(receiver, "knob", "firing")
    guard.wait_log("webhook fails")
    guard.wait_log("heartbeat fails")
    guard.wait_log("Cannot POST")
    login = base64.b64encode(b"me:planted-login").decode()[:10]
    said = [guard.log()] + [r.body.decode() for r in receiver.requests]
    for path in ("/health", "/health/performance", "/database/health", "/database/metrics", "/database/connections", "/metrics",
                 "/api/v1/datasets", "/api/v1/alerts", "/api/v1/silences"):
        said.append(subprocess.run(["curl", "-s", "--unix-socket", guard.socket, f"http://x{path}"], capture_output=True, text=True).stdout)
    for dataset in ("targets", "sessions", "collectors", "alerts", "rules", "deliveries", "changes", "access"):
        said.append(guard.ask("alerts", "deliveries").stdout)
        said.append(subprocess.run(["curl", "-s", "--unix-socket", guard.socket, "--get", "--data-urlencode",
                                    f"sql=select * from {dataset}", "http://x/api/v1/query"], capture_output=True, text=True).stdout)
    said.append(guard.ask("config", "show").stdout)
    guard.stop()
    said += [guard.log()] + ["\n".join(map(str, guard.rows(f"select * from {t}"))) for t in ("alerts", "outbox", "deliveries", "contexts")]
    for text in said:
        found = re.search(rf".{{0,60}}(planted|cGxhbnRl|v1,|{login}).{{0,20}}", text)
        assert not found, found
    assert len(said[1]) > 100 and "shop" in "".join(said)


def test_a_file_that_may_not_grow_is_told_and_heals_and_the_watching_goes_on(guard, knobs, receiver):
    k = knobs("a", "b")
    guard.start()
    guard.wait_log("target up")
    k.turn("a", 1)
    wait_told(receiver, "knob", "firing")
    pid, unlimited = guard.process.pid, resource.RLIM_INFINITY
    size = max(f.stat().st_size for f in guard.state.iterdir())
    resource.prlimit(pid, resource.RLIMIT_FSIZE, (4096, unlimited))  # a log that grows past it is not written either
    guard.log_path.write_text("")
    k.turn("b", 2)
    wait_told(receiver, "knob", "firing", "critical")
    guard.wait_log("the state file cannot be written")
    resource.prlimit(pid, resource.RLIMIT_FSIZE, (unlimited, unlimited))
    guard.wait_log("the state file is written again", timeout_s=60)
    k.turn("b", 0)
    wait_told(receiver, "knob", "resolved")
    guard.kill()
    assert size > 0 and len(guard.rows("select 1 from events")) == 3


def test_an_end_with_what_could_not_be_kept_says_how_much_and_has_its_exit_code(guard, knobs, receiver):
    k = knobs("a")
    guard.start()
    guard.wait_log("target up")
    resource.prlimit(guard.process.pid, resource.RLIMIT_FSIZE, (4096, resource.RLIM_INFINITY))
    guard.log_path.write_text("")
    k.turn("a", 2)
    wait_told(receiver, "knob", "firing", "critical")
    guard.wait_log("the state file cannot be written")
    guard.log_path.write_text("")
    assert guard.stop() == 2
    found = re.search(r"level=error .*it is lost.* text=.(\d+) transitions", guard.log())
    assert found and int(found[1]) >= 1, guard.log()


def test_of_a_dead_letter_the_log_says_so_and_nothing_of_waiting(guard, knobs, receiver):
    receiver.answers["/pd"] = [(200, {}, "ok")]
    k = knobs("a")
    guard.sections["webhook pd"] = {"url": f"{receiver.url}/pd", "format": "pagerduty", "secret": "k", "group_wait": "0"}
    guard.start()
    guard.wait_log("target up")
    k.turn("a", 2)
    guard.wait_log("a message is given up")
    assert "HTTP 200, but 202 was expected: ok" in guard.log()
    k.turn("a", 0)
    wait_told(receiver, "knob", "resolved")
    assert "messages wait" not in guard.log()


def test_one_receiver_that_is_down_gets_all_in_order_and_the_other_never_waited(guard, knobs, receiver):
    k = knobs("a")
    guard.sections["webhook slow"] = {"url": f"{receiver.url}/slow", "group_wait": "0", "timeout": "1s"}
    receiver.answers["/slow"] = [500]
    guard.start()
    guard.wait_log("target up")
    for n, level in enumerate((1, 2, 0)):
        k.turn("a", level)
        receiver.wait("/hook", n + 1)
        time.sleep(1.5)  # flapping is another matter: some results between the changes
    receiver.answers["/slow"] = [200]
    wait_told(receiver, "knob", "resolved", path="/slow", timeout_s=90)
    slow, fast = ([t[3] for t in told(receiver, path)] for path in ("/slow", "/hook"))
    assert len(fast) == len(set(fast)) == 3
    assert list(dict.fromkeys(slow)) == fast
    assert os.path.exists(guard.socket)


def test_each_attempt_to_deliver_and_its_answer_can_be_seen(guard, knobs, receiver):
    k = knobs("a")
    receiver.answers["/hook"] = [(503, {}, "come later"), 200]
    guard.start()
    guard.wait_log("target up")
    k.turn("a", 2)
    receiver.wait("/hook", 2, 60)

    def attempts():
        done = guard.ask("alerts", "deliveries", "--format", "json")
        return [(r["attempt"], r["outcome"], r["status"]) for r in json.loads(done.stdout)] if done.returncode == 0 else done.stderr
    servers.wait_for(lambda: attempts() == [(2, "delivered", 200), (1, "retry", 503)], 30, attempts)


def test_a_dead_letter_is_sent_again_with_the_id_that_it_had(guard, knobs, receiver):
    k = knobs("a")
    receiver.answers["/hook"] = [(400, {}, "what is this"), 200]
    guard.start()
    guard.wait_log("target up")
    k.turn("a", 2)
    guard.wait_log("a message is given up")

    def deliveries():
        done = guard.ask("alerts", "deliveries", "--format", "json")
        return [(r["number"], r["outcome"], r["message_id"]) for r in json.loads(done.stdout)] if done.returncode == 0 else done.stderr
    servers.wait_for(lambda: [r[1] for r in deliveries()] == ["dead"], 20, deliveries)
    number, _, message_id = deliveries()[0]
    assert len(receiver.at("/hook")) == 1
    done = guard.ask("alerts", "resend", str(number))
    assert (done.returncode, done.stdout, done.stderr) == (0, "", "")
    wait_told(receiver, "knob", "firing", n=2)
    assert [r.headers["webhook-id"] for r in receiver.at("/hook")] == [message_id] * 2
    servers.wait_for(lambda: [r[1] for r in deliveries()] == ["delivered", "dead"], 20, deliveries)
    for gone in (number, 12345):  # sent again already; never there
        done = guard.ask("alerts", "resend", str(gone))
        assert done.returncode == 1 and "no dead letter of that number" in done.stderr, done
    guard.stop()
    done = guard.ask("alerts", "resend", str(number))
    assert done.returncode == 2 and "no guard answers" in done.stderr


def test_questions_while_http_is_opened_anew_are_refused_and_harm_nobody(guard, knobs):
    knobs("a")
    guard.sections["http"].update(listen="127.0.0.1:0", token="t")
    guard.start()
    guard.wait_log("target up")
    port = int(re.search(r" port=(\d+)", guard.log())[1])
    over = threading.Event()

    def ask():
        while not over.is_set():
            try:
                with socket.create_connection(("127.0.0.1", port), timeout=5) as s:
                    s.sendall(b"GET /api/v1/query?sql=select+1+as+n HTTP/1.1\r\nHost: localhost\r\nConnection: close\r\n\r\n")
                    while s.recv(4096):
                        pass
            except OSError:
                pass
    askers = [threading.Thread(target=ask, daemon=True) for _ in range(3)]
    for a in askers:
        a.start()
    for turn in range(8):
        guard.sections["http"].update(listen=f"127.0.0.1:{port}", token=f"t{turn}")
        guard.write()
        guard.signal(signal.SIGHUP)
        guard.wait_log("config read again", turn + 1)
    over.set()
    for a in askers:
        a.join()
    assert guard.stop() == 0 and "refused" not in guard.log()


def test_a_webhook_is_tried_by_a_test_message(guard, knobs, receiver):
    knobs("a")
    guard.start()
    guard.wait_log("target up")
    name = "ops"
    done = guard.ask("alerts", "test", name)
    assert (done.returncode, done.stdout, done.stderr) == (0, "", "")
    servers.wait_for(lambda: [r for r in receiver.at("/hook") if r.json["type"] == "test"], 20)
    done = guard.ask("alerts", "test", "nobody")
    assert done.returncode == 1 and "no [webhook nobody]" in done.stderr
    done = guard.ask("alerts", "test")
    assert done.returncode == 1 and "the name of a webhook" in done.stderr


def shown(guard, alert):
    done = guard.ask("alerts", "show", alert, "--format", "json")
    assert done.returncode == 0, done.stderr
    return json.loads(done.stdout)


def test_the_moment_at_which_an_alert_fired_is_kept_and_shown_also_after_a_restart(guard, knobs):
    k = knobs("a")
    k.server.query('create table if not exists "he\x1b[31mld"(id int)')  # as hostile as a name can be
    holder, waiter = k.server.connect(autocommit=False), k.server.connect(autocommit=False)
    ends = threading.Thread(target=lambda: waiter.cursor().execute("select 'hush-' || 'planted', count(*) from \"he\x1b[31mld\""))
    try:
        holder.cursor().execute('lock table "he\x1b[31mld"')
        ends.start()
        pids = holder.info.backend_pid, waiter.info.backend_pid
        guard.start()
        guard.wait_log("target up")
        servers.wait_for(lambda: {"pid": pids[1]} in guard.select("select pid from locks"), 20)
        k.turn("a", 2)
        servers.wait_for(lambda: guard.rows("select 1 from contexts"), 20)
    finally:
        holder.rollback()
        ends.join()
        waiter.rollback()
    alert = guard.alerts()["knob"]["alert_id"]
    servers.wait_for(lambda: shown(guard, alert)["sessions"], 20)
    first = shown(guard, alert)
    assert first["alert"][0]["title"].startswith("CRITICAL shop") and [m["severity"] for m in first["moment"]] == ["critical"]
    assert {s["pid"]: s["waits_for"] for s in first["sessions"] if s["pid"] in pids} == {pids[0]: None, pids[1]: "Lock:relation"}
    lock = next(r for r in first["locks"] if r["pid"] == pids[1])
    assert (lock["holder_pid"], lock["root_pid"], lock["relation"], lock["wait_s"] > 0) == (pids[0], pids[0], 'public.he\x1b[31mld', True)
    assert lock["query"] == 'select ? || ?, count(*) from "he\x1b[31mld"'
    assert not [row for row in guard.rows("select json from contexts") if "planted" in row[0]]
    guard.kill()
    guard.start()
    servers.wait_for(lambda: guard.ask("alerts", "show", alert).returncode == 0 and shown(guard, alert)["locks"], 20)
    again = shown(guard, alert)
    assert all(again[part] == first[part] for part in ("moment", "sessions", "locks", "statements"))
    text = guard.ask("alerts", "show", alert).stdout
    assert [t for t in ("alert\n", "\nmoment\n", "\nsessions\n", "\nlocks\n", "\nstatements\n", "[31mld") if t not in text] == []
    raw = guard.ask("alerts", "show", alert, "--format", "json").stdout + guard.ask("alerts", "show", alert, "--format", "csv").stdout
    assert "\x1b" not in text + raw and "31mld" in raw
    done = guard.ask("alerts", "show", "0123456789abcdef")
    assert done.returncode == 1 and "there is no alert" in done.stderr


def test_what_cannot_begin_says_why_and_ends_with_its_exit_code(guard, knobs, tmp_path):
    knobs("a")
    good = dict(guard.sections)
    guard.sections["webhook ops"] = {"format": "generic"}
    assert guard.start().process.wait(20) == 1 and f"{guard.path}:" in guard.log()
    guard.sections = {**good, "http": {"listen": "0.0.0.0:0", "socket": guard.socket}}
    assert guard.start().process.wait(20) == 1 and f"{guard.path}:" in guard.log() and "token" in guard.log()
    (tmp_path / "file").write_text("")
    guard.sections = {**good, "guard": {"state_directory": tmp_path / "file" / "state"}}
    assert guard.start().process.wait(20) == 2 and str(tmp_path / "file") in guard.log()


def test_without_a_place_for_the_socket_it_watches_all_the_same(guard, knobs, receiver):
    k = knobs("a")
    guard.sections.pop("http")
    guard.env["XDG_RUNTIME_DIR"] = str(guard.folder / "no" / "such")
    guard.start()
    guard.wait_log("goes on without HTTP")
    k.turn("a", 1)
    wait_told(receiver, "knob", "firing")
    assert guard.stop() == 0


def test_a_state_file_that_is_no_use_is_put_aside_and_told_once_and_the_watching_begins(guard, knobs, receiver):
    k = knobs("a")
    guard.state.mkdir(mode=0o700)
    with sqlite3.connect(guard.state / "state.db") as c:
        c.execute("create table alerts(id)")
    guard.start()
    guard.wait_log("the state begins anew")
    k.turn("a", 1)
    wait_told(receiver, "knob", "firing")
    assert "state.db.version-0-" in guard.log() and guard.log().count("another version") == 1
    assert "cannot be written" not in guard.log()
    assert guard.rows("select count(*) from events") == [(1,)]
