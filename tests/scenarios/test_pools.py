"""Three requests that wait look alike to their users. Whether the application's pool, PgBouncer's or PostgreSQL's slots are at their end is told, with the
numbers that each of them has itself."""
import re

import psycopg2
import pytest

import screen
import servers
from stage import python_application




class Chain:
    """Application -> PgBouncer -> PostgreSQL; each may be made too small."""

    def __init__(self, stage, start_server, start_pgbouncer, app=30, bouncer=20, slots=60):
        self.stage = stage
        self.server = start_server(max_connections=slots + 3, superuser_reserved_connections=3)
        self.server.psql("create role web login")
        self.bouncer = start_pgbouncer(self.server, pool_size=bouncer, users=["web"], query_wait_timeout=60)
        url = f"postgresql+psycopg2://web@/postgres?host={self.bouncer.host}&port={self.bouncer.port}"
        self.app = python_application(url, size=app, overflow=0, timeout=60, pre_ping=False)
        stage.parts.append(self.app)
        stage.add("pg", self.server.conninfo()).add("bouncer", self.bouncer.url()).add("app", f"{self.app.url}/pool")
        stage.override("pool_exhausted").override("connections_saturation").override("pool_utilization")
        stage.go()

    def waits_at(self):
        """Those places of the line `where requests queue` at which somebody waits."""
        return [part for part in self.stage.queue() if "wait" in part and not part.startswith("waits:")]

    def console(self):
        c = self.bouncer.connect("pgbouncer")
        try:
            with c.cursor() as cursor:
                cursor.execute("show pools")
                rows = [dict(zip([d.name for d in cursor.description], row)) for row in cursor.fetchall()]
        finally:
            c.close()
        return next(r for r in rows if r["user"] == "web")


@pytest.fixture
def chain(stage, start_server, start_pgbouncer):
    return lambda **sizes: Chain(stage, start_server, start_pgbouncer, **sizes)


def test_a_leak_in_the_application_is_told_as_its_pool(chain, stage):
    c = chain(app=5, bouncer=20)
    c.app.post("/leak", n=5)
    c.app.post("/want", n=4)
    servers.wait_for(lambda: c.app.get("/pool")["waiting"] == 4)
    alert = stage.alert("pool_exhausted", target="app")
    assert "4 waiting for a connection" in alert["title"] and "5 of 5 in use" in alert["title"], alert["title"]
    stage.until("select 1 from pools where kind = 'app' and waiting = 4")
    pool, own = stage.pool("app"), c.app.get("/pool")
    assert (pool["in_use"], pool["waiting"], pool["max_size"]) == (own["checked_out"], own["waiting"], own["size"] + own["max_overflow"]) == (5, 4, 5)
    assert [p.split(" ")[0] for p in c.waits_at()] == ["app"], stage.queue()
    assert stage.stands() == [("app", "app", "app")]
    assert c.console()["cl_waiting"] == 0
    assert "pool_exhausted" in stage.rules_told() and "connections_saturation" not in stage.rules_told()
    assert stage.metric("dbvitals_pools_waiting", target="app") == 4 and stage.firing("pool_exhausted")
    c.app.post("/give")
    stage.resolved("pool_exhausted")
    assert not stage.firing("pool_exhausted")


def test_a_pgbouncer_pool_that_is_too_small_is_told_as_that(chain, stage):
    c = chain(app=30, bouncer=3)
    c.app.post("/leak", n=3)
    c.app.post("/want", n=6)
    servers.wait_for(lambda: c.console()["cl_waiting"] == 6, 10, lambda: (c.console(), c.app.get("/pool")))
    alert = stage.alert("pool_exhausted", target="bouncer")
    assert re.search(r"pool postgres/web: \d waiting for a connection, 3 of 3 in use", alert["title"]), alert["title"]
    stage.until("select 1 from pools where kind = 'pgbouncer' and waiting = 6")
    pool, console = stage.pool("pgbouncer", "postgres/web"), c.console()
    assert (pool["in_use"], pool["waiting"]) == (console["sv_active"], console["cl_waiting"]) == (3, 6)
    assert [p.split(" ")[0] for p in c.waits_at()] == ["pgbouncer"], stage.queue()
    assert stage.stands() == [("bouncer", "pgbouncer", "postgres/web")]
    assert not any(a["rule"] == "pool_exhausted" and a["target"] == "app" for r in stage.receiver.at("/hook") for a in r.json["data"]["alerts"])
    c.app.post("/give")
    stage.resolved("pool_exhausted")


def test_postgresql_without_a_slot_is_told_as_that(chain, stage):
    c = chain(app=30, bouncer=30, slots=12)
    c.app.post("/leak", n=2)  # PgBouncer has two connections, and would open more for those who wait
    taken, refused = [], 0
    try:
        for _ in range(12):
            try:
                taken.append(c.server.connect(user="web"))
            except psycopg2.OperationalError as why:
                assert "remaining connection slots" in str(why)
                refused += 1
        c.app.post("/want", n=3)
        servers.wait_for(lambda: c.console()["cl_waiting"] == 3, 10, c.console)
        alert = stage.alert("connections_saturation", "critical")
        slots = stage.until("select * from pools where kind = 'slots' and in_use >= max_size")[0]
        count = c.server.value("select count(*) from pg_stat_activity where backend_type = 'client backend' and usename is not null")
        assert slots["max_size"] == 12 and refused > 0 and abs(count - slots["in_use"]) <= 2, (slots, count)
        assert alert["target"] == "pg" and "connections taken" in alert["title"]
        places = stage.queue()
        assert any(p.startswith("slots 1") for p in places), places
        assert stage.stands() == [("pg", "slots", "instance")]
        assert stage.metric("dbvitals_pools_in_use", target="pg", kind="slots") >= 12
    finally:
        for connection in taken:
            connection.close()
    stage.resolved("connections_saturation")


def test_an_application_that_tells_five_numbers_and_not_who_waits_is_not_silent(stage, start_server):
    """SQLAlchemy's pool as system C tells it: nobody counts who waits. A leak is its pool, slots that are out are the server's."""
    server = start_server(max_connections=15, superuser_reserved_connections=3)
    server.psql("create role web login")
    app = stage.application(f"postgresql+psycopg2://web@/postgres?host={server.host}&port={server.port}", size=3, overflow=2, timeout=60, pre_ping=False)
    stage.add("pg", server.conninfo()).add("app", f"{app.url}/plain", pool__max_overflow="2").add("unsure", f"{app.url}/plain")
    stage.guard.sections["target unsure"]["stack"] = "other"
    stage.go()
    assert list(app.get("/plain")) == ["size", "checked_in", "checked_out", "overflow", "total_connections"]
    app.post("/leak", n=4)
    stage.until("select 1 from pools where target = 'app' and in_use = 4")
    assert stage.select("select 1 from queue where stands = 1") == []
    # Without pool.max_overflow nobody knows whether four are all.
    unsure = stage.until("select level, stands, verdict, max_size from queue where target = 'unsure' and verdict is not null")[0]
    assert (unsure["level"], unsure["stands"] in (0, False), unsure["max_size"]) == ("warning", True, None), unsure
    assert "all of its size is out and overflow is in use; pool.max_overflow tells how much there is" in unsure["verdict"]
    # The leak takes the rest: full, and nothing behind it.
    app.post("/leak", n=1)
    stage.until("select 1 from queue where target = 'app' and stands = 1")
    assert app.get("/plain") == {"size": 3, "checked_in": 0, "checked_out": 5, "overflow": 2, "total_connections": 5}
    said = "the application's pool app is full (5 of 5); it does not tell who waits"
    full = stage.select("select stack, kind, name, verdict, waiting from queue where stands = 1")
    assert full == [{"stack": "shop", "kind": "app", "name": "app", "verdict": said, "waiting": None}]
    assert stage.stands() == [("app", "app", "app")]
    guard = stage.guard
    with screen.Screen([guard.program, "--config", guard.path], rows=50, columns=240, env=guard.env) as s:
        s.wait(lambda t: f"app: {said}" in t and "app pool app 5/5: HERE" in t, 15, "the overview")
        for page, mark in (("pools", "the way of a request"), ("fleet", "pool unsure: all of its size is out and overflow is in use")):
            s.send(f":{page}\r")
            s.wait(lambda t, mark=mark: said in t and mark in t, 15, page)
        s.send("q")
        assert s.wait_end() == 0
    # Others take what slots there are: the application is full, and could not get more if it were larger.
    taken = []
    try:
        with pytest.raises(psycopg2.OperationalError, match="remaining connection slots"):
            while len(taken) < 20:
                taken.append(server.connect(user="web"))
        stage.until("select 1 from queue where stands = 1 and kind = 'slots'")
        assert stage.stands() == [("pg", "slots", "instance")]
        verdict = stage.select("select verdict from queue where stands = 1")[0]["verdict"]
        assert re.fullmatch(r"the server's connection slots are exhausted \(1[2-5] of 12\)", verdict), verdict  # a superuser may take those reserved
    finally:
        for connection in taken:
            connection.close()
    app.post("/give")
    servers.wait_for(lambda: stage.select("select 1 from queue where stands = 1") == [], 10)
