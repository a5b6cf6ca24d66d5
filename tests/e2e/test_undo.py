"""What was done stands in the ledger, for every dashboard of the person, and can be taken back there; on a pseudo-terminal."""
import os
import re

import screen
from dialogs import confirm, leave, only


def opened(shop, program, page, state, *words):
    s = screen.Screen([program, "--page", page, *words], rows=30, columns=130, env={**shop.env(), "XDG_STATE_HOME": str(state)})
    s.wait(page)
    return s


def definition(shop):
    return shop.value("select max(pg_get_indexdef(indexrelid)) from pg_index x join pg_class c on c.oid = indexrelid where relname = 'orders_v' and indisvalid")


def test_an_index_is_dropped_here_and_taken_back_there(shop, program, tmp_path):
    before = definition(shop)
    with opened(shop, program, "indexes", tmp_path) as s:
        s.wait("orders_v")
        only(s, "orders_v", "orders_pkey")
        s.send("D")
        confirm(s, "type public.orders_v", "public.orders_v", "enter")
        s.wait("done: drop_index")
        leave(s)
    assert definition(shop) is None
    with opened(shop, program, "ledger", tmp_path) as s, opened(shop, program, "ledger", tmp_path) as other:
        s.wait("can be taken back")
        s.send("enter")
        s.wait(lambda t: all(part in t for part in ("what takes it back", "CREATE INDEX CONCURRENTLY orders_v", "DROP INDEX CONCURRENTLY", "before and after")))
        s.send("Z")
        confirm(s, "y does it", "y")
        s.wait("done: undo public.orders_v")
        assert definition(shop) == before
        other.wait(lambda t: "took back 1" in t and "taken back by 2" in t, timeout_s=15)


def test_a_ledger_that_cannot_be_written_is_told_and_stops_no_cure(shop, program, tmp_path):
    (tmp_path / "dbvitals").write_text("a file where the directory should be")
    with opened(shop, program, "tables", tmp_path) as s:
        s.wait("orders")
        s.send("A")
        confirm(s, "y does it", "y")
        s.wait("the ledger is not kept: ")
        assert shop.value("select count(*) from pg_stat_user_tables where last_analyze is not null") == 1
        os.unlink(tmp_path / "dbvitals")
        s.send("?")
        s.send("q")
        s.wait("the ledger is kept again")
        s.send(":page ledger", "enter")
        s.wait(re.compile(r"1 .* done\s+analyze").search)


def test_what_runs_when_the_dashboard_is_left_is_kept_too(shop, program, tmp_path):
    holder = shop.connect(autocommit=False)
    holder.cursor().execute("select * from orders")
    with opened(shop, program, "indexes", tmp_path) as s:
        s.wait("orders_v")
        only(s, "orders_v", "orders_pkey")
        s.send("I")
        confirm(s, "y does it", "y")
        s.wait("1 job begun")
        s.send(":page cures", "enter")
        s.wait("running")
        s.send("q")
        confirm(s, "l leaves", "l")
        s.wait_end()
    holder.close()
    with opened(shop, program, "ledger", tmp_path) as s:
        s.wait(re.compile(r"left\s+reindex").search)


def test_read_only_takes_nothing_back(shop, program, tmp_path):
    with opened(shop, program, "tables", tmp_path) as s:
        s.wait("orders")
        s.send("A")
        confirm(s, "y does it", "y")
        s.wait("done: analyze")
        leave(s)
    with opened(shop, program, "ledger", tmp_path, "--read-only") as s:
        s.wait(re.compile(r"1 .* done\s+analyze").search)
        s.send("Z")
        s.wait("--read-only: nothing here changes a server")
