"""Clients that mean harm, or are broken: they get their code, memory stays, and everybody else is answered meanwhile."""
import select
import socket
import struct
import threading
import time

import pytest

from conftest import Answer, drain, rss_anon_kb  # noqa: the folder's own


class Witness:
    """Asks /livez all the while, and knows the longest answer."""

    def __init__(self, h):
        self.h, self.longest_s, self.n, self.failed, self.over = h, 0, 0, [], False
        self.thread = threading.Thread(target=self.run, daemon=True)

    def run(self):
        while not self.over:
            began = time.monotonic()
            try:
                if self.h.ask("/livez", unix=self.n % 2 == 1).status != 200:
                    self.failed.append("status")
            except OSError as e:
                self.failed.append(str(e))
            self.longest_s = max(self.longest_s, time.monotonic() - began)
            self.n += 1
            time.sleep(0.02)

    def __enter__(self):
        self.thread.start()
        return self

    def __exit__(self, *_):
        self.over = True
        self.thread.join()
        assert self.n > 0 and not self.failed, self.failed[:3]


def request(path="/livez", *lines):
    return "\r\n".join([f"GET {path} HTTP/1.1", "Host: localhost", *lines, "", ""]).encode()


@pytest.mark.parametrize("data, statuses", [
    (request("/livez", "X: " + "a" * 1_000_000), (431, 0)),
    (request("/livez?" + "a" * 1_000_000), (414, 431, 0)),
    (request("/" + "a" * 20_000), (414, 431)),
    (request("/livez", *[f"X{i}: y" for i in range(3000)]), (431,)),
    (b"GET /livez HTTP/1.1\r\n\r\n", (400,)),
    (b"GET /livez\r\n\r\n", (400, 404, 0)),
    (b"\x16\x03\x01\x02\x00\x01\x00\x01\xfc\x03\x03" + b"\0" * 500 + b"\r\n\r\n", (400, 0)),
    (b"POST /api/v1/query HTTP/1.1\r\nHost: localhost\r\nContent-Length: 999999999999\r\n\r\n", (413,)),
    (b"POST /api/v1/query HTTP/1.1\r\nHost: localhost\r\nContent-Length: -1\r\n\r\n", (400, 413)),
    (b"POST /api/v1/query HTTP/1.1\r\nHost: localhost\r\nContent-Length: x\r\n\r\n", (400,)),
    (b"POST /api/v1/query HTTP/1.1\r\nHost: localhost\r\nTransfer-Encoding: chunked\r\n\r\nzz\r\n", (400, 0)),
], ids=["header of 1 MB", "arguments of 1 MB", "long path", "many headers", "no host", "no version", "TLS", "huge body", "negative length",
        "no length", "no chunk"])
def test_what_is_too_large_or_no_http_is_refused(hold, data, statuses):
    h = hold()
    assert h.raw(data).status in statuses
    assert h.ask("/livez").status == 200


def test_a_body_in_chunks_is_limited_too(hold):
    h = hold()
    chunk = b"10000\r\n" + b"a" * 65536 + b"\r\n"
    head = b"POST /api/v1/query HTTP/1.1\r\nHost: localhost\r\nConnection: close\r\nTransfer-Encoding: chunked\r\n\r\n"
    assert h.raw(head + chunk * 20 + b"0\r\n\r\n").status == 413
    assert h.raw(head + b"14\r\n{\"sql\":\"select 1 a\"}\r\n0\r\n\r\n").status == 200


def test_a_body_is_not_read_before_its_sender_may_ask(hold):
    h = hold(config="[http]\ntoken = t\n", listen="0.0.0.0:0")
    head = b"POST /api/v1/query HTTP/1.1\r\nHost: x\r\nContent-Length: 1000000\r\n\r\n"
    with h.connect() as s:
        s.sendall(head)
        assert Answer(s.recv(4096)).status == 401


def test_headers_that_drip_are_cut_off_after_ten_seconds(hold):
    h = hold()
    began = time.monotonic()
    with Witness(h) as w, h.connect() as s:
        s.sendall(b"GET /livez HTTP/1.1\r\nHost: localhost\r\n")
        ended = None
        while ended is None and time.monotonic() < began + 20:
            try:
                s.sendall(b"X-A: b\r\n")
                s.settimeout(0.5)
                ended = time.monotonic() if s.recv(100) == b"" else None
            except TimeoutError:
                pass
            except OSError:
                ended = time.monotonic()
    assert ended is not None and 9 < ended - began < 13
    assert w.longest_s < 1


def test_idle_connections_stop_nobody(hold):
    h = hold()
    before = rss_anon_kb(h.process.pid)
    idle = []
    with Witness(h) as w:
        for i in range(500):
            idle.append(h.connect(unix=i % 2 == 1))
            if i % 3 == 0:
                idle[-1].sendall(b"GET /livez HTTP/1.1\r\nHo")
        for _ in range(20):
            assert h.ask("/livez").status == 200
    for s in idle:
        s.close()
    assert w.longest_s < 1
    assert rss_anon_kb(h.process.pid) - before < 12_000
    h.until("/metrics", lambda a: b"dbvitals_http_connections 1\n" in a.body)


def test_who_works_is_not_sent_away_for_newcomers(hold):
    h = hold()
    slow = b'{"sql":"with recursive n(i) as (select 1 union all select i + 1 from n where i < 3000000) select count(*) as c from n"}'
    with h.connect() as worker:
        worker.sendall(b"POST /api/v1/query HTTP/1.1\r\nHost: localhost\r\nConnection: close\r\nContent-Length: %d\r\n\r\n" % len(slow) + slow)
        crowd = [h.connect() for _ in range(400)]
        assert Answer(drain(worker)).status in (200, 400)
    for s in crowd:
        s.close()


def test_requests_in_one_go_are_answered_in_order(hold):
    h = hold()
    many = b"".join(request(f"/api/v1/query?sql=select+{i}+as+n") for i in range(50))
    body = h.raw(many + request("/livez", "Connection: close"), unix=True)
    data = body.body
    assert [data.count(f'"n":{i}}}'.encode()) for i in range(50)] == [1] * 50
    order = [data.index(f'"n":{i}}}'.encode()) for i in range(50)]
    assert order == sorted(order)


def test_a_client_that_closes_its_half_is_answered(hold):
    h = hold()
    with h.connect() as s:
        s.sendall(request("/api/v1/query?sql=select+7+as+n", "Connection: close"))
        s.shutdown(socket.SHUT_WR)
        assert b'"n":7' in drain(s)


def test_clients_that_leave_while_their_question_runs_leave_nothing(hold):
    h = hold()
    sql = "with recursive n(i) as (select 1 union all select i + 1 from n where i < 200000) select i from n"
    before = None
    with Witness(h) as w:
        for turn in range(6):
            for _ in range(10):
                s = h.connect()
                s.sendall(request("/api/v1/query?max_rows=100000&sql=" + sql.replace(" ", "+").replace("+ 1", "%2B+1").replace("+++1", "+%2B+1")))
                s.close()
            h.until("/api/v1/query?sql=select+1+as+n", lambda a: a.status == 200, 60)
            if turn == 1:
                before = rss_anon_kb(h.process.pid)
    assert w.longest_s < 1
    assert rss_anon_kb(h.process.pid) - before < 20_000


def leave_by_reset(s):
    s.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, struct.pack("ii", 1, 0))
    s.close()


@pytest.mark.parametrize("unix, leave", [(True, socket.socket.close), (False, leave_by_reset)], ids=["socket", "reset"])
def test_the_questions_of_clients_that_left_are_given_up(hold, unix, leave):
    """More than may wait, of two seconds each: without that, the next one would have a minute to wait."""
    h = hold()
    body = b'{"sql":"with recursive n(i) as (select 1 union all select i + 1 from n) select count(*) as c from n"}'
    head = b"POST /api/v1/query HTTP/1.1\r\nHost: localhost\r\nContent-Length: %d\r\n\r\n" % len(body)
    socks = [h.connect(unix) for _ in range(45)]
    for s in socks:
        s.sendall(head + body)
    assert select.select(socks, [], [], 20)[0]  # it has all that may wait, and tells one of the others
    for s in socks:
        leave(s)
    h.until("/api/v1/query?sql=select+1+as+n", lambda a: a.status == 200)


def test_too_many_questions_at_once_are_told_to_come_again(hold):
    h = hold()
    body = b'{"sql":"with recursive n(i) as (select 1 union all select i + 1 from n) select count(*) as c from n"}'
    head = b"POST /api/v1/query HTTP/1.1\r\nHost: localhost\r\nConnection: close\r\nContent-Length: %d\r\n\r\n" % len(body)
    socks = [h.connect() for _ in range(45)]
    with Witness(h) as w:
        for s in socks:
            s.sendall(head + body)
        # Which of them came first is the server's to say; those that have to wait are not answered for seconds.
        answered, _, _ = select.select(socks, [], [], 20)
        first = [Answer(s.recv(4096)).status for s in answered]
    for s in socks:
        s.close()
    assert 503 in first and w.longest_s < 1


def test_a_question_behind_one_that_the_end_cut_short_does_no_harm(hold):
    endless = request("/api/v1/query?sql=with+recursive+n(i)+as+(select+1+union+all+select+i+%2B+1+from+n)+select+count(*)+from+n")
    h = hold()
    socks = [h.connect() for _ in range(4)]
    for s in socks:
        s.sendall(endless * 3)
    h.until("/livez", lambda a: a.status == 200)
    assert h.stop() == (0, "")
    for s in socks:
        assert Answer(drain(s)).status == 503
        s.close()


def test_memory_does_not_grow_over_thousands_of_requests(hold):
    h = hold()

    def round_of(n):
        many = (request("/health") + request("/metrics") + request("/nowhere") + request("/api/v1/datasets")) * n
        with h.connect(unix=True) as s:
            writer = threading.Thread(target=s.sendall, args=(many + request("/livez", "Connection: close"),), daemon=True)
            writer.start()
            assert drain(s).count(b"HTTP/1.1 ") == 4 * n + 1
            writer.join()

    for _ in range(3):
        round_of(50)
    before = rss_anon_kb(h.process.pid)
    for _ in range(10):
        round_of(50)
    grown = rss_anon_kb(h.process.pid) - before
    print("grown by kB:", grown)
    with open(f"/proc/{h.process.pid}/maps") as f:
        sanitized = "libasan" in f.read()  # it keeps what was freed for a while
    assert grown < (20_000 if sanitized else 1_000)
