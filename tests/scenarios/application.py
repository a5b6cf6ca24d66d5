"""A small application over HTTP with a real pool, SQLAlchemy's QueuePool, for the scenarios.

    application.py '{"url": "postgresql://...", "size": 5, "overflow": 10, "timeout": 30}'

It prints its port and serves until its standard input ends. GET tells how it is, in the words of the systems that we know; POST makes it do
something, in a thread of its own where that takes time."""
import collections
import json
import sys
import threading
import time
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from urllib.parse import parse_qsl, urlsplit

import prometheus_client as prometheus
import sqlalchemy
from sqlalchemy.exc import OperationalError, TimeoutError as PoolTimeout
from sqlalchemy.pool import NullPool, QueuePool

BUCKETS = (0.001, 0.0025, 0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1, 2.5)
SLOW_S = 0.1


class Cache:
    """The newest LIMIT entries, each for TTL seconds at most."""

    def __init__(self, limit, ttl):
        self.limit, self.ttl, self.entries = limit, ttl, collections.OrderedDict()
        self.hits = self.misses = self.evictions = 0
        self.lock = threading.Lock()

    def get(self, key):
        with self.lock:
            found = self.entries.get(key)
            if found is not None and found > time.monotonic():
                self.entries.move_to_end(key)
                self.hits += 1
                return
            self.misses += 1
            self.entries[key] = time.monotonic() + self.ttl
            self.entries.move_to_end(key)
            if len(self.entries) > self.limit:
                self.entries.popitem(last=False)
                self.evictions += 1

    def status(self):
        return {"hits": self.hits, "misses": self.misses, "evictions": self.evictions, "size": len(self.entries), "max_size": self.limit, "ttl": self.ttl}


class Application:
    def __init__(self, url, size=5, overflow=10, timeout=30, cache=100, ttl=300, pooled=True, pre_ping=True, name="app"):
        how = {"poolclass": QueuePool, "pool_size": size, "max_overflow": overflow, "pool_timeout": timeout, "pool_recycle": 3600,
               "pool_pre_ping": pre_ping} if pooled else {"poolclass": NullPool}
        arguments = {"check_same_thread": False, "timeout": 0.2} if url.startswith("sqlite:") else {"application_name": name}
        self.engine = sqlalchemy.create_engine(url, connect_args=arguments, **how)
        self.pooled, self.size, self.overflow = pooled, size, overflow
        self.leaked, self.lock = [], threading.Lock()
        self.waiting = self.timeouts = self.requests = self.errors = 0
        self.since = {}
        self.cache = Cache(cache, ttl)
        self.registry = prometheus.CollectorRegistry()
        self.duration = prometheus.Histogram("db_query_duration_seconds", "time of a query", ["operation"], buckets=BUCKETS, registry=self.registry)
        self.slow = prometheus.Counter("db_slow_queries", f"queries of {SLOW_S} s and more", registry=self.registry)
        self.failed = prometheus.Counter("db_query_errors", "queries that failed", ["kind"], registry=self.registry)
        for metric, help_, fn in (
                ("db_connection_pool_size", "connections that the pool may have", lambda: size + overflow),
                ("db_pool_active_connections", "connections that are taken", lambda: self.engine.pool.checkedout())):
            prometheus.Gauge(metric, help_, registry=self.registry).set_function(fn)
        self.registry.register(self)

    def collect(self):
        """Counters of the cache, for /metrics."""
        for name in ("hits", "misses", "evictions"):
            yield prometheus.metrics_core.CounterMetricFamily(f"cache_{name}", f"{name} of the cache", getattr(self.cache, name))

    def take(self):
        """A connection from the pool; whoever waits for it is counted, as a careful application does."""
        me = threading.get_ident()
        with self.lock:
            self.waiting += 1
            self.since[me] = time.monotonic()
        try:
            return self.engine.connect()
        except PoolTimeout:
            self.timeouts += 1
            raise
        finally:
            with self.lock:
                self.waiting -= 1
                del self.since[me]

    def run(self, sql, operation="select"):
        began = time.monotonic()
        self.requests += 1
        try:
            with self.take() as c, c.begin():
                result = c.execute(sqlalchemy.text(sql))
                return [list(row) for row in result] if result.returns_rows else []
        except Exception as why:
            self.errors += 1
            self.failed.labels("timeout" if isinstance(why, PoolTimeout) else "refused" if isinstance(why, OperationalError) else "other").inc()
            raise
        finally:
            took = time.monotonic() - began
            self.duration.labels(operation).observe(took)
            if took >= SLOW_S:
                self.slow.inc()

    def quietly(self, sql):
        try:
            self.run(sql)
        except Exception:
            pass  # it is counted

    # What POST does.

    def leak(self, n="1"):
        """Takes N connections, asks something on each, and forgets them."""
        for _ in range(int(n)):
            self.leaked.append(self.take())
            self.leaked[-1].execute(sqlalchemy.text("select 1"))
        return {"leaked": len(self.leaked)}

    def give(self):
        """Gives back all that leaked."""
        while self.leaked:
            self.leaked.pop().close()
        return {"leaked": 0}

    def want(self, n="1", sql="select 1"):
        """N requests at once; each has a thread of its own, and nobody waits for them."""
        for _ in range(int(n)):
            threading.Thread(target=self.quietly, args=(sql,), daemon=True).start()
        return {"wanted": int(n)}

    def query(self, sql, operation="select", n="1"):
        for _ in range(int(n)):
            rows = self.run(sql, operation)
        return {"rows": rows}

    def look(self, n="1", keys="1", start="0"):
        """N look-ups in the cache, of KEYS different things in turn."""
        for i in range(int(n)):
            self.cache.get(int(start) + i % int(keys))
        return self.cache.status()

    # What GET tells.

    def pool(self):
        """As get_pool_status() of systems A and C, with who waits."""
        p = self.engine.pool
        if not self.pooled:
            return {"size": 0, "checked_in": 0, "checked_out": 0, "overflow": 0, "total_connections": 0}
        with self.lock:
            waiting, longest = self.waiting, time.monotonic() - min(self.since.values(), default=time.monotonic())
        overflow = max(0, p.overflow())
        return {"size": p.size(), "checked_in": p.checkedin(), "checked_out": p.checkedout(), "overflow": overflow,
                "max_overflow": self.overflow, "total_connections": p.checkedin() + p.checkedout(),
                "waiting": waiting, "max_wait_ms": longest * 1000 if waiting else 0, "timeouts": self.timeouts}

    def plain(self):
        """Just the five numbers of system C."""
        return {k: v for k, v in self.pool().items() if k in ("size", "checked_in", "checked_out", "overflow", "total_connections")}

    def health(self):
        return {"status": "healthy", "connection": True, "pool": self.plain()}

    def node(self):
        """As node-postgres has it."""
        p = self.pool()
        return {"total": p["total_connections"], "idle": p["checked_in"], "waiting": p["waiting"], "max": self.size + self.overflow}

    def status(self):
        return {"pool": self.pool(), "cache": self.cache.status(), "requests": self.requests, "errors": self.errors}


class Handler(BaseHTTPRequestHandler):
    protocol_version = "HTTP/1.1"
    app = None
    garbage = None  # what every GET is answered instead

    def log_message(self, *_):
        pass

    def answer(self, status, body, kind="application/json"):
        self.send_response(status)
        self.send_header("Content-Type", kind)
        self.send_header("Content-Length", str(len(body)))
        self.end_headers()
        self.wfile.write(body)

    def do_GET(self):
        path = urlsplit(self.path).path
        if Handler.garbage is not None:
            self.answer(200, Handler.garbage, "text/html")
        elif path == "/metrics":
            self.answer(200, prometheus.generate_latest(self.app.registry), "text/plain; version=0.0.4")
        elif path in ("/pool", "/plain", "/health", "/node", "/status"):
            self.answer(200, json.dumps(getattr(self.app, path[1:])()).encode())
        elif path == "/cache":
            self.answer(200, json.dumps(self.app.cache.status()).encode())
        else:
            self.answer(404, b"{}")

    def do_POST(self):
        parts = urlsplit(self.path)
        body = self.rfile.read(int(self.headers.get("Content-Length") or 0)).decode()
        what = {**dict(parse_qsl(parts.query)), **dict(parse_qsl(body))}
        if parts.path == "/garbage":
            Handler.garbage = what["text"].encode() if "text" in what else None
            self.answer(200, b"{}")
            return
        try:
            self.answer(200, json.dumps(getattr(self.app, parts.path[1:])(**what), default=str).encode())
        except Exception as why:
            self.answer(500, json.dumps({"error": f"{type(why).__name__}: {why}"}).encode())


def main():
    Handler.app = Application(**json.loads(sys.argv[1]))
    server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
    server.daemon_threads = True
    threading.Thread(target=server.serve_forever, args=(0.05,), daemon=True).start()
    print(server.server_address[1], flush=True)
    sys.stdin.read()


if __name__ == "__main__":
    main()
