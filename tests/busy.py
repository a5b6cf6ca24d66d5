"""A session that is at work while a test looks at it."""
import threading

from servers import wait_for

# It takes no cancel: the error is caught, and it goes on. PL/pgSQL lets nobody catch a cancel by `others`.
STUBBORN = """do $$ declare until timestamptz := clock_timestamp() + interval '30 s';
    begin while clock_timestamp() < until loop begin perform pg_sleep(0.1); exception when query_canceled then null; end; end loop; end $$"""


def session(server, connection):
    """What a row of `sessions` is known by."""
    pid, start = server.query("select pid, extract(epoch from backend_start)::float8 from pg_stat_activity where pid = %s", (connection.info.backend_pid,))[0]
    return {"pid": pid, "backend_start": f"{start:.6f}"}


class Busy:
    """Runs SQL in a thread, and does by the time it is there; `why` is the error that ended it, `done`: none did, `keys`: what its row is known by."""

    def __init__(self, server, sql, **connection):
        self.connection = server.connect(**connection)
        self.pid, self.why, self.done = self.connection.info.backend_pid, None, False
        self.keys = session(server, self.connection)
        self.thread = threading.Thread(target=self.run, args=(sql,))
        self.thread.start()
        wait_for(lambda: server.value("select count(*) from pg_stat_activity where state = 'active' and pid = %s and query ~ 'busy'", (self.pid,)) == 1, 10)

    def run(self, sql):
        try:
            self.connection.cursor().execute(sql + " /* busy */")
            self.done = True
        except Exception as why:
            self.why = str(why)

    def end(self):
        self.thread.join(15)
        self.connection.close()
