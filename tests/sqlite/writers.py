"""Applications that have a file of SQLite open: processes of their own, as locks of one process do not stop itself."""
import os
import sqlite3
import subprocess
import sys

WRITER = """
import sqlite3, sys
c = sqlite3.connect(sys.argv[1], isolation_level=None, timeout=20)
print("ready", flush=True)
for line in sys.stdin:
    try:
        for statement in line.strip().split(";"):
            c.execute(statement).fetchall()
        print("done", flush=True)
    except sqlite3.Error as why:
        print(why, flush=True)
"""


class Writer:
    """with Writer(path) as w: w.do("begin exclusive", ...) - each waits until it is done."""

    def __init__(self, path, *statements):
        self.process = subprocess.Popen([sys.executable, "-c", WRITER, str(path)], stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True)
        assert self.process.stdout.readline() == "ready\n"
        self.do(*statements)

    def do(self, *statements):
        for s in statements:
            self.process.stdin.write(s + "\n")
            self.process.stdin.flush()
            answer = self.process.stdout.readline().strip()
            assert answer == "done", f"{s}: {answer}"
        return self

    def close(self):
        """As a process that is killed: nothing is tidied up."""
        self.process.kill()
        self.process.wait()
        self.process.stdin.close()
        self.process.stdout.close()

    def __enter__(self):
        return self

    def __exit__(self, *_):
        self.close()


def make(path, *statements, rows=0, wal=False):
    """A database that nobody has open any more."""
    c = sqlite3.connect(path)
    if wal:
        c.execute("pragma journal_mode = wal")
    c.execute("create table messages (id integer primary key, bot_id int, created_at int, body text)")
    c.executemany("insert into messages (bot_id, created_at, body) values (?, ?, ?)", ((i % 10, i, "x" * 100) for i in range(rows)))
    for s in statements:
        c.execute(s)
    c.commit()
    c.close()
    return path


def seen(folder):
    """What stands in FOLDER: names, sizes, times."""
    return {e.name: (e.stat().st_size, e.stat().st_mtime_ns, e.stat().st_ino) for e in os.scandir(folder)}
