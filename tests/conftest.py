"""Fixtures: real servers of every supported version, PgBouncer, and the program under test."""
import collections
import faulthandler
import os
import subprocess

import pytest

import servers

ROOT = os.path.dirname(os.path.dirname(os.path.abspath(__file__)))
MISSING = "not here: "


def need(make):
    """MAKE(), or what a missing server means: a failure where all must run, a skip that is told at the end elsewhere."""
    try:
        return make()
    except servers.Missing as why:
        if os.environ.get("CI") == "true":
            pytest.fail(str(why), pytrace=False)
        pytest.skip(MISSING + str(why))


@pytest.fixture(scope="session")
def needed():
    """need, for fixtures of folders."""
    return need


# Where files run two at once, those that wait longest begin first, and the others run beside them.
LONGEST = ("test_truth.py", "test_wire.py", "test_crash.py")


def group_of(item):
    """What must run in one place, for its servers: a file's tests; those of each version of PostgreSQL apart."""
    given = item.callspec.params.values() if hasattr(item, "callspec") else ()
    return "-".join([item.path.stem, *(str(v) for v in given if v in servers.VERSIONS)])


@pytest.hookimpl(tryfirst=True)
def pytest_collection_modifyitems(items):
    items.sort(key=lambda item: item.path.name not in LONGEST)
    for item in items:
        item.add_marker(pytest.mark.xdist_group(group_of(item)))


def pytest_terminal_summary(terminalreporter):
    reasons = [str(r.longrepr[2]).partition(MISSING)[2] for r in terminalreporter.stats.get("skipped", []) if isinstance(r.longrepr, tuple)]
    for why, n in collections.Counter(r for r in reasons if r).items():
        terminalreporter.write_line(f"NOT TESTED ({n} tests): {why}", red=True, bold=True)


@pytest.fixture(autouse=True)
def no_test_hangs():
    """A test that hangs, even inside a library, ends the whole run with a traceback instead of taking all the time there is."""
    faulthandler.dump_traceback_later(300, exit=True)
    yield
    faulthandler.cancel_dump_traceback_later()


@pytest.fixture(scope="session", autouse=True)
def own_state(tmp_path_factory):
    """Nothing that a test does stands in the ledger of whoever runs it."""
    os.environ["XDG_STATE_HOME"] = str(tmp_path_factory.mktemp("state"))


@pytest.fixture(scope="session")
def yard():
    y = need(servers.Yard)
    yield y
    y.close()


@pytest.fixture(scope="session")
def shared_servers(yard):
    """version -> the running server of that version, started when first asked for, for tests that change nothing lasting."""
    running = {}

    def get(version=None):
        version = version or servers.default_version()
        if version not in running:
            running[version] = need(lambda: servers.Server(yard, version).start())
        return running[version]

    return get


@pytest.fixture
def server(shared_servers):
    """The shared server of Debian's version."""
    return shared_servers()


@pytest.fixture(params=servers.VERSIONS, ids=[f"pg{v}" for v in servers.VERSIONS])
def each_server(request, shared_servers):
    """The shared server of each supported version: the test runs once per version."""
    return shared_servers(request.param)


@pytest.fixture
def start_server(yard):
    """start_server(version=None, tcp=False, **settings): a private server, to stop, kill, pause or configure."""
    started = []

    def start(version=None, tcp=False, **settings):
        started.append(need(lambda: servers.Server(yard, version, tcp=tcp, **settings)))
        return started[-1].start()

    yield start
    for s in started:
        s.remove()


@pytest.fixture
def start_pgbouncer(yard):
    """start_pgbouncer(server, pool_size=1, pool_mode="transaction", users=(), **settings): PgBouncer before SERVER."""
    started = []

    def start(server, pool_size=1, pool_mode="transaction", users=(), **settings):
        started.append(need(lambda: servers.Bouncer(yard, server, pool_size, pool_mode, users, **settings)))
        return started[-1].start()

    yield start
    for b in started:
        b.stop()


@pytest.fixture(scope="session")
def built_without(program):
    """What the program was built without: "HTTP", "Redis", both in one text, or ""."""
    said = subprocess.run([program, "--version"], capture_output=True, text=True, timeout=30).stdout
    return said.partition("built without ")[2]


@pytest.fixture
def http_server(built_without):
    """For tests that ask a guard."""
    if "HTTP" in built_without:
        pytest.skip("built without HTTP")


@pytest.fixture
def start_redis(yard):
    """start_redis(*options): a private Redis."""
    started = []

    def start(*options):
        started.append(need(lambda: servers.Redis(yard, *options)))
        return started[-1].start()

    yield start
    for r in started:
        r.stop()


@pytest.fixture(scope="session")
def build_dir():
    """Where the program and the C tests were built; DBVITALS_BUILD overrides it."""
    return os.path.abspath(os.environ.get("DBVITALS_BUILD") or os.path.join(ROOT, "build"))


@pytest.fixture(scope="session")
def program(build_dir):
    path = os.path.join(build_dir, "dbvitals")
    if not os.access(path, os.X_OK):
        pytest.fail(f"{path} is not built: meson setup build && ninja -C build", pytrace=False)
    return path


@pytest.fixture
def dbvitals(program):
    """dbvitals(*arguments, env=..., timeout=30): runs the program without a terminal; text in .stdout and .stderr."""

    def run(*arguments, env=None, timeout=30, **more):
        return subprocess.run([program, *map(str, arguments)], env=env, timeout=timeout, text=True,
                              stdin=subprocess.DEVNULL, capture_output=True, **more)

    return run


@pytest.fixture
def shop(start_server):
    """A private server with two tables, one of them with rows and an index."""
    s = start_server()
    s.psql("create table orders (id int primary key, v text); insert into orders select i, 'x' from generate_series(1, 5000) i;"
           "create index orders_v on orders (v); create table users (id int primary key)")
    return s
