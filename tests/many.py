"""Many targets for one process: databases of one PostgreSQL server, the same behind one PgBouncer, PgBouncer's console, applications over HTTP; and three
that are dead."""
import datetime
import http.server
import re
import socket
import threading

import servers

CONNECTED = {"direct": re.compile(r"^(\S+ \S+) \S+ \[\d+\].*connection authorized: .*application_name=dbvitals", re.M),
             "pooled": re.compile(r"^(\S+ \S+) \S+ \[\d+\] LOG C-.* login attempt", re.M)}


def black_hole():
    """A socket of 127.0.0.1 that drops what is sent to it, as an address does behind a firewall: its queue is full. And what fills it."""
    hole = socket.socket()
    hole.bind(("127.0.0.1", 0))
    hole.listen(0)
    filling = [hole]
    for _ in range(3):
        c = socket.socket()
        c.setblocking(False)
        c.connect_ex(hole.getsockname())
        filling.append(c)
    return hole.getsockname()[1], filling


class Pool(http.server.BaseHTTPRequestHandler):
    """An application that tells of its pool, on whatever path."""
    protocol_version = "HTTP/1.1"
    wbufsize = -1  # head and body in one write
    BODY = b'{"pool_size": 5, "checked_out": 2, "checked_in": 3, "overflow": 0}'

    def setup(self):
        now = datetime.datetime.now(datetime.timezone.utc)  # as the servers' logs
        self.server.connects.append(3600 * now.hour + 60 * now.minute + now.second + now.microsecond / 1e6)
        super().setup()

    def do_GET(self):
        self.send_response(200)
        self.send_header("Content-Type", "application/json")
        self.send_header("Content-Length", str(len(self.BODY)))
        self.end_headers()
        self.wfile.write(self.BODY)

    def log_message(self, *_):
        pass


class Applications(http.server.ThreadingHTTPServer):
    daemon_threads, request_queue_size = True, 128

    def __init__(self):
        super().__init__(("127.0.0.1", 0), Pool)
        self.connects = []
        threading.Thread(target=self.serve_forever, args=(0.05,), daemon=True).start()

    def url(self, name):
        return f"http://127.0.0.1:{self.server_address[1]}/{name}"

    def handle_error(self, *_):
        pass  # whoever asked has gone


class Many:
    """N targets, `dead` among them; the living are in the order of the config. WEB: every fifth of them is an application over HTTP."""

    def __init__(self, yard, n, databases=None, web=False, **settings):
        databases = databases or n
        self.server = servers.Server(yard, max_connections=3 * n + 100, log_connections="on", autovacuum="off", **settings).start()
        for i in range(databases):
            self.server.query(f"create database d{i}")
        self.bouncer = servers.Bouncer(yard, self.server, pool_size=10, max_client_conn=5 * n, log_connections=1).start()
        self.stopped = servers.Server(yard).start()
        self.stopped.pause()
        port, self.hole = black_hole()
        self.dead = {"stopped": self.stopped.conninfo(), "dropped": f"host=127.0.0.1 port={port} dbname=postgres user=postgres",
                     "refused": f"host=127.0.0.1 port={servers.free_port()} dbname=postgres user=postgres"}
        kinds = [lambda db: self.server.conninfo(db), lambda db: self.bouncer.conninfo(db), lambda db: self.bouncer.url(),
                 lambda db: self.server.conninfo(db)]
        self.web = Applications() if web else None
        if web:
            kinds.append(self.web.url)
        self.living = {f"t{i:03}": kinds[i % len(kinds)](f"d{i % databases}") for i in range(n - len(self.dead))}

    def sections(self, **more):
        """Of the config; the dead are between the living."""
        targets = list(self.living.items())
        for i, dead in enumerate(self.dead.items()):
            targets.insert((i + 1) * len(targets) // 4, dead)
        return {f"target {name}": {"url": url, "stack": f"stack{i // 5}", **more} for i, (name, url) in enumerate(targets)}

    def connects(self):
        """When each connection was made, in seconds of the day, sorted; as the servers' logs tell."""
        times = list(self.web.connects) if self.web else []
        for kind, log in (("direct", self.server.log()), ("pooled", self.bouncer.log())):
            for found in CONNECTED[kind].findall(log):
                h, m, s = found.split()[1].split(":")
                times.append(3600 * int(h) + 60 * int(m) + float(s))
        return sorted(times)

    def close(self):
        for s in self.hole:
            s.close()
        if self.web:
            self.web.shutdown()
            self.web.server_close()


def most_within(times, span_s):
    """How many of TIMES (sorted) there are at most within any SPAN_S."""
    return max((sum(1 for t in times[i:i + 400] if t < times[i] + span_s) for i in range(len(times))), default=0)
