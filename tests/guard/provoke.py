"""What makes rules fire: load on a server, for as long as a `with` lasts."""
import threading

import psycopg2


def execute(connection, sql):
    with connection.cursor() as c:
        c.execute(sql)


def roll_back(connection):
    execute(connection, "begin")
    execute(connection, "select 1")
    execute(connection, "rollback")


class Busy:
    """FN again and again on a connection of its own, until it is left."""

    def __init__(self, server, fn):
        self.server, self.fn, self.ended = server, fn, threading.Event()

    def __enter__(self):
        self.thread = threading.Thread(target=self.run)
        self.thread.start()

    def run(self):
        connection = self.server.connect()
        try:
            while not self.ended.wait(0.002):
                self.fn(connection)
        finally:
            connection.close()

    def __exit__(self, *_):
        self.ended.set()
        self.thread.join()


class Sessions:
    """N connections that do nothing."""

    def __init__(self, server, n):
        self.server, self.n, self.open = server, n, []

    def __enter__(self):
        self.open = [self.server.connect() for _ in range(self.n)]

    def __exit__(self, *_):
        for connection in self.open:
            connection.close()


class LongQuery:
    """A statement that runs until it is left."""

    def __init__(self, server):
        self.server = server

    def __enter__(self):
        self.connection = self.server.connect()
        self.thread = threading.Thread(target=self.run)
        self.thread.start()

    def run(self):
        try:
            execute(self.connection, "select pg_sleep(1000)")
        except psycopg2.Error:
            pass  # cancelled

    def __exit__(self, *_):
        self.connection.cancel()
        self.thread.join()
        self.connection.close()
