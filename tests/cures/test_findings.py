"""Findings on real servers: what is wrong is named first with the SQL that cures it, that SQL does, and where nothing is wrong nothing is found."""
import re
import threading

import psycopg2
import pytest

import servers

# Neither is to be found in a test: the one needs a month, the other counts what PostgreSQL has from 16 on.
YOUNG = {"unused_index"}
UNCOUNTED = {"single_row_inserts", "query_per_row", "repeated_reads"}  # no pg_stat_statements there
# From 15 on a database's statistics have no beginning: what they count is known by watching.
WATCHED = {"connection_churn"}


def found_first(database, name):
    """The finding NAME, which is the worst."""
    def first():
        rows = database.findings()
        return rows[0] if rows and rows[0]["finding"] == name else None
    return servers.wait_for(first, 30, lambda: str(database.findings()), every_s=0.2)


def cured(database, row):
    """Its statement, run as it stands, ends it."""
    database.do(row["statement"])
    servers.wait_for(lambda: row["finding"] not in database.names(), 30, lambda: str(database.findings()), every_s=0.2)


def healthy(database):
    database.psql("create table orders(id int primary key, note text); create index orders_note on orders(note);"
                  "insert into orders select g, 'n' || g from generate_series(1, 100000) g; create table small(a int); insert into small select 1")
    database.psql("vacuum analyze")  # in a session of its own: what one has changed is counted up to a second later, after its own ANALYZE


def test_on_a_healthy_database_there_is_nothing_to_do_and_it_says_so(each_database):
    healthy(each_database)
    servers.wait_for(lambda: each_database.findings() == [], 10, lambda: str(each_database.findings()), every_s=0.2)  # 14 tells what ended half a second late
    checks = each_database.checks()
    without = {name for name, (status, _) in checks.items() if status != "ok"}
    version = each_database.server.version
    assert without == YOUNG | UNCOUNTED | ({"full_pages"} if version < 16 else set()) | (WATCHED if version >= 15 else set()), checks
    assert "statistics go back" in checks["unused_index"][1]
    told = each_database.run("findings")
    assert told.startswith(f"nothing to do: {len(checks) - len(without)} checks\n"), told
    assert "could not be judged: index never used: statistics go back" in told
    plan = each_database.run("optimize", "--dry-run")
    assert all(line.startswith("-- ") for line in plan.splitlines()) and "-- nothing to do" in plan, plan


def test_a_table_that_one_session_loaded_vacuumed_and_analyzed_is_fresh(each_database):
    """As pgbench -i does: its inserts are counted after its own ANALYZE."""
    each_database.psql("create table accounts(aid int, filler char(84)) with (autovacuum_enabled = off);\ninsert into accounts select g, '' from generate_series(1, 200000) g;\n"
                       "vacuum analyze accounts;\nalter table accounts add primary key (aid);")
    counted = "select n_mod_since_analyze from pg_stat_user_tables where relname = 'accounts'"
    servers.wait_for(lambda: each_database.server.value(counted, dbname=each_database.dbname) is not None, 5, lambda: "not counted")
    assert each_database.findings() == [], each_database.findings()
    each_database.psql("update accounts set filler = 'x' where aid <= 60000")
    servers.wait_for(lambda: "stale_statistics" in each_database.names(), 15, lambda: str(each_database.findings()), every_s=0.2)


def test_what_is_as_it_should_be_is_no_finding(each_database):
    """Indexes that look like others and are not, or that nobody may drop; what is of one session alone; parents without rows; small things."""
    each_database.psql("create table o(id int primary key, a int, b text unique, c text) with (autovacuum_enabled = off);"
                       "insert into o select g, g, 'b' || g, 'c' || g from generate_series(1, 60000) g; create unique index o_a on o(a); create index o_a_desc on o(a desc nulls last, id);"
                       "create index o_c on o(c); create index o_c_collate on o(c collate \"POSIX\"); create index o_c_pattern on o(c text_pattern_ops); create index o_c_with on o(c) include (a);"
                       "create index o_c_part on o(c) where a > 0; create index o_c_hash on o using hash (c); create index o_low on o(lower(c)); create index o_up on o(upper(c));")
    each_database.psql("create table p(t int, u int) partition by range (t); create table p1 partition of p for values from (0) to (40000); create table p2 partition of p for values from (40000) to (80000);"
                       "create index on p(t); create index on p(t, u); insert into p select g, g from generate_series(1, 60000) g")
    each_database.psql("create table r(id int primary key, o_id int references o, x int); create index on r(o_id, x); create table tiny(o_id int references o); insert into r select g, g, g from generate_series(1, 20000) g;"
                       "insert into tiny select 50001; delete from o where id > 59000")
    each_database.psql("create table toasted(a int, t text); alter table toasted alter t set storage external; insert into toasted select g, repeat(md5(g::text), 100) from generate_series(1, 5000) g;"
                       "create materialized view m as select * from o; create unlogged table u as select * from o; create table one_row as select 1")
    each_database.psql("vacuum analyze")
    with each_database.server.connect(dbname=each_database.dbname) as own:
        own.cursor().execute("create temp table mine(a int); insert into mine select generate_series(1, 30000); create index on mine(a); create index on mine(a); delete from mine where a > 5000")
        servers.wait_for(lambda: each_database.findings() == [], 15, lambda: str(each_database.findings()), every_s=0.2)
    own.close()


def test_a_table_that_is_being_vacuumed_is_left_alone(start_database):
    database = start_database(autovacuum="off", vacuum_cost_limit=1)
    database.psql("create table t(a int primary key); insert into t select generate_series(1, 400000)")
    for script in "vacuum analyze t", "update t set a = -a", "analyze t":
        database.psql(script)
    step = servers.wait_for(lambda: next((s for s in database.plan() if s["finding"] == "dead_rows"), None), 30, lambda: str(database.plan()), every_s=0.2)
    assert step["step"] == 1, step
    c = database.server.connect(dbname=database.dbname)
    c.cursor().execute("set vacuum_cost_delay = 100")
    vacuuming = threading.Thread(target=lambda: pytest.raises(psycopg2.errors.QueryCanceled, c.cursor().execute, "vacuum t"))
    vacuuming.start()
    servers.wait_for(lambda: database.server.value("select count(*) from pg_stat_progress_vacuum") == 1, 10, lambda: "it does not vacuum")
    step = next(s for s in database.plan() if s["finding"] == "dead_rows")
    assert step["step"] is None and step["left_out"].startswith("a VACUUM is at it now, pid "), step
    c.cancel()
    vacuuming.join()
    c.close()


def test_a_million_changed_rows_are_the_first_step_of_the_plan(each_database):
    each_database.psql("create table dead(id int primary key) with (autovacuum_enabled = off); create table orders(id int) with (autovacuum_enabled = off);"
                       "insert into orders select 1; insert into dead select generate_series(1, 30000)")
    each_database.psql("vacuum analyze")
    each_database.psql("update dead set id = -id; insert into orders select generate_series(1, 1000000)")
    servers.wait_for(lambda: {"stale_statistics", "dead_rows"} <= set(each_database.names()), 30, lambda: str(each_database.findings()), every_s=0.2)
    plan = each_database.plan()
    assert (plan[0]["step"], plan[0]["finding"], plan[0]["statement"]) == (1, "stale_statistics", 'ANALYZE "public"."orders"'), plan
    row = next(row for row in each_database.findings() if row["label"] == "public.orders")
    assert "1.0M rows changed" in row["evidence"] and row["severity"] == "warning", row
    for step in each_database.plan():
        if step["step"]:
            each_database.do(step["statement"])
    servers.wait_for(lambda: each_database.findings() == [], 30, lambda: str(each_database.findings()), every_s=0.2)


def test_a_mass_update_is_first_in_the_plan_before_a_fresh_table_and_makes_no_hot_table(each_server, start_database):
    database = start_database(each_server.version, autovacuum="off")
    database.psql("create table t1m(id int, v int); insert into t1m select g, 0 from generate_series(1, 1000000) g")
    database.psql("vacuum analyze t1m")
    database.psql("create table fresh(id int); insert into fresh select generate_series(1, 100000); update t1m set v = 1")
    servers.wait_for(lambda: {"stale_statistics", "dead_rows", "never_analyzed"} <= set(database.names()), 30, lambda: str(database.findings()), every_s=0.2)
    first = database.plan()[0]
    assert (first["step"], first["finding"], first["label"]) == (1, "stale_statistics", "public.t1m"), database.plan()
    found = database.findings()
    assert next(row for row in found if row["finding"] == "stale_statistics")["severity"] == "warning", found
    assert "full_pages" not in database.names(), found
    assert [row["finding"] for row in found if "autovacuum is off" in row["evidence"]] == ["autovacuum_off"], found


def test_a_finding_is_one_line_whatever_its_name_holds(start_database):
    database = start_database(autovacuum="off")
    name = "a\\n\\ncritical  wraparound: b"
    database.psql(f"""do $$ begin execute format('create table %I(a int)', E'{name}'); execute format('insert into %I select generate_series(1, 20000)', E'{name}'); end $$""")
    servers.wait_for(lambda: "never_analyzed" in database.names(), 30, lambda: str(database.findings()), every_s=0.2)
    told = database.run("findings")
    assert not [line for line in told.splitlines() if line.startswith("critical")], told
    assert 'ANALYZE "public"."a  critical  wraparound: b";' in told, told
    row = next(row for row in database.findings() if row["finding"] == "never_analyzed")
    assert row["statement"] == 'ANALYZE "public"."a\n\ncritical  wraparound: b"'


def test_a_table_that_was_never_analyzed_is_found(each_database):
    each_database.psql("create table t(a int) with (autovacuum_enabled = off); insert into t select generate_series(1, 20000);"
                       "create table small(a int) with (autovacuum_enabled = off); insert into small select generate_series(1, 5000)")
    row = found_first(each_database, "never_analyzed")
    assert each_database.names() == ["never_analyzed"]
    assert (row["label"], row["statement"], row["database"]) == ("public.t", 'ANALYZE "public"."t"', each_database.dbname)
    cured(each_database, row)


def test_dead_rows_are_found_where_autovacuum_is_late(each_database):
    each_database.psql("create table t(a int) with (autovacuum_enabled = off); insert into t select generate_series(1, 40000)")
    for script in "vacuum analyze t", "update t set a = a", "analyze t":
        each_database.psql(script)
    row = found_first(each_database, "dead_rows")
    assert row["statement"] == 'VACUUM (TRUNCATE false) "public"."t"' and "autovacuum is off for it" in row["evidence"]
    cured(each_database, row)


def test_an_index_whose_build_failed_is_found(each_database):
    each_database.psql("create table t(a int); insert into t select 1 from generate_series(1, 1000)")
    with pytest.raises(psycopg2.errors.UniqueViolation):
        each_database.do("create unique index concurrently t_a on t(a)")
    row = found_first(each_database, "invalid_index")
    assert row["statement"] == 'DROP INDEX CONCURRENTLY IF EXISTS "public"."t_a"' and "its build failed" in row["evidence"]
    assert each_database.plan()[0]["left_out"] == "not asked for: --only drop_index"
    assert each_database.plan("--only", "drop")[0]["step"] == 1
    cured(each_database, row)


def test_an_index_that_is_there_twice_is_found_and_never_the_one_of_a_constraint(each_database):
    each_database.psql("create table t(id int primary key, a int); insert into t select g, g from generate_series(1, 100000) g;"
                       "create index t_id on t(id); create unique index t_id_too on t(id); create index t_a on t(a); create index t_a2 on t(a)")
    each_database.psql("vacuum analyze t")
    found_first(each_database, "duplicate_index")
    rows = each_database.findings()
    assert {row["finding"] for row in rows} == {"duplicate_index"}
    dropped = {row["label"] for row in rows}
    assert "public.t_id" in dropped and len(dropped & {"public.t_a", "public.t_a2"}) == 1 and len(dropped) == 2, rows
    for row in rows:
        each_database.do(row["statement"])
    servers.wait_for(lambda: each_database.findings() == [], 30, lambda: str(each_database.findings()), every_s=0.2)


def test_names_that_need_quotes_are_cured_as_they_are(each_database):
    schema, table = 'A "b', "wäre'd; \\ --" + "ü" * 20
    quoted = f'"{schema.replace(chr(34), chr(34) * 2)}"."{table}"'
    each_database.do(f"create schema \"{schema.replace(chr(34), chr(34) * 2)}\"")
    each_database.do(f"create table {quoted}(a int) with (autovacuum_enabled = off)")
    each_database.do(f"insert into {quoted} select generate_series(1, 20000)")
    row = found_first(each_database, "never_analyzed")
    assert row["statement"] == f"ANALYZE {quoted}" and row["label"] == f"{schema}.{table}"
    cured(each_database, row)


def test_a_large_table_that_changes_much_is_vacuumed_sooner(start_database):
    database = start_database(autovacuum_naptime="1h")
    database.psql("create table t(a int); insert into t select generate_series(1, 20000)")
    database.psql("vacuum analyze t; update pg_class set reltuples = 6e6 where relname = 't'")
    database.psql("do $$ begin for i in 1..65 loop update t set a = a; end loop; end $$")
    row = servers.wait_for(lambda: next((r for r in database.findings() if r["finding"] == "far_vacuum"), None), 30, lambda: str(database.findings()))
    assert row["statement"] == 'ALTER TABLE "public"."t" SET (autovacuum_vacuum_scale_factor = 0.01)'
    assert row["left_out"] == "not asked for: --only autovacuum_sooner" and row["plan_step"] is None
    cured(database, row)


@pytest.mark.parametrize("version", [16, 17, 18])
def test_updates_that_find_no_room_in_their_page_are_found(start_database, version):
    database = start_database(version, autovacuum="off")
    database.psql("create table t(a int, b text); insert into t select g, repeat('x', 200) from generate_series(1, 60000) g")
    for script in "vacuum analyze t", "update t set a = a", "vacuum t", "update t set a = -a", "vacuum t", "update t set a = -a":
        database.psql(script)
    row = servers.wait_for(lambda: next((r for r in database.findings() if r["finding"] == "full_pages"), None), 30, lambda: str(database.findings()))
    assert row["statement"] == 'ALTER TABLE "public"."t" SET (fillfactor = 90)'
    database.do(row["statement"])
    assert database.psql("select reloptions from pg_class where relname = 't'") == "{fillfactor=90}"
    assert "full_pages" not in database.names()


def test_a_table_that_autovacuum_cannot_freeze_is_found(start_database):
    database = start_database(autovacuum_freeze_max_age=100000, autovacuum="off")
    database.psql("create table t(a int); insert into t select 1; vacuum analyze t; create table held(a int); insert into held select 1")
    with database.server.connect(dbname=database.dbname, autocommit=False) as holder:
        holder.cursor().execute("lock table held in share update exclusive mode")
        database.psql("do $$ begin for i in 1..130000 loop begin insert into t values (i); exception when others then null; end; end loop; end $$")
        row = servers.wait_for(lambda: next((r for r in database.findings() if r["finding"] == "wraparound" and r["label"] == "public.held"), None), 30,
                               lambda: str(database.findings()))
    assert row["statement"] == 'VACUUM (FREEZE, TRUNCATE false) "public"."held"' and row["severity"] == "warning" and row["stage"] == "freeze", row
    holder.close()
    database.do(row["statement"])
    servers.wait_for(lambda: not [r for r in database.findings() if r["label"] == "public.held"], 30, lambda: str(database.findings()))


def test_settings_that_cost_are_found(start_database):
    database = start_database()
    for script in "alter system set autovacuum = off", "select pg_reload_conf()":
        database.server.query(script)
    row = found_first(database, "autovacuum_off")
    assert row["evidence"].startswith("autovacuum is off, set in ") and row["statement"] == """ALTER SYSTEM SET "autovacuum" = 'on'""", row
    database.do(row["statement"])
    database.server.query("select pg_reload_conf()")
    servers.wait_for(lambda: database.names() == [], 30, lambda: str(database.findings()))  # shared_buffers differs from the file, and is on the command line
    database.server.query("alter system set max_connections = 123")
    database.server.query("select pg_reload_conf()")
    row = servers.wait_for(lambda: next((r for r in database.findings() if r["finding"] == "restart_pending"), None), 30, lambda: str(database.findings()))
    assert row["label"] == "max_connections" and row["action"] is None and row["left_out"] == "no action cures it: a person has to", row


def test_what_alter_system_cannot_change_is_not_offered(start_database):
    row = found_first(start_database(autovacuum="off"), "autovacuum_off")
    assert row["statement"] is None and "command line" in row["why_not"] and row["left_out"] == row["why_not"], row


def test_a_sequence_that_comes_to_its_end_is_found(each_database):
    each_database.psql("create table t(id int default 0); create sequence s as bigint owned by t.id; alter table t alter id set default nextval('s'); select setval('s', 2000000000);"
                       "create sequence small as smallint; select setval('small', 100); create sequence again as smallint cycle; select setval('again', 32000)")
    row = found_first(each_database, "sequence_ends")
    assert each_database.names() == ["sequence_ends"]
    assert (row["label"], row["severity"]) == ("s", "critical") and "its column, integer, which feeds t.id" in row["evidence"], row


def test_a_foreign_key_without_an_index_is_found_where_deletes_pay_for_it(each_database):
    each_database.psql("create table users(id int primary key); create table orders(id int, user_id int references users); create table notes(id int, user_id int references users);"
                       "create index on notes(user_id); insert into users select generate_series(1, 1000); insert into orders select g, 1 from generate_series(1, 20000) g;"
                       "insert into notes select g, 1 from generate_series(1, 20000) g")
    each_database.psql("vacuum analyze")
    servers.wait_for(lambda: each_database.findings() == [], 10, lambda: str(each_database.findings()), every_s=0.2)  # nothing is deleted
    each_database.psql("delete from users where id > 850")
    row = found_first(each_database, "foreign_key_index")
    assert each_database.names() == ["foreign_key_index"] and row["statement"].startswith("CREATE INDEX CONCURRENTLY ") and " ON public.orders (user_id)" in row["statement"], row
    cured(each_database, row)


def test_a_partitioned_table_whose_partitions_run_out_is_found(each_database):
    each_database.psql("create table ending(at timestamptz) partition by range (at); create table old(at timestamptz) partition by range (at); create table fine(at timestamptz) partition by range (at);"
                       "do $$ begin execute format('create table ending_1 partition of ending for values from (%L) to (%L)', now() - interval '20 days', now() + interval '2 days');"
                       "execute format('create table old_1 partition of old for values from (%L) to (%L)', now() - interval '90 days', now() - interval '80 days');"
                       "execute format('create table fine_1 partition of fine for values from (%L) to (%L)', now(), now() + interval '2 days');"
                       "execute format('create table fine_2 partition of fine for values from (%L) to (%L)', now() + interval '2 days', now() + interval '4 days'); end $$")
    row = found_first(each_database, "partitions_end")
    assert each_database.names() == ["partitions_end"] and row["label"] == "ending" and row["severity"] == "warning" and "then inserts fail" in row["evidence"], row


def test_a_slot_that_nobody_can_read_any_more_is_found(start_database):
    database = start_database(max_slot_wal_keep_size="1MB", max_replication_slots=5)
    database.psql("select pg_create_physical_replication_slot('left_over', true)")
    assert database.names() == []
    for _ in range(4):
        database.psql("create table if not exists t(a int); insert into t select 1; select pg_switch_wal()")
    database.psql("checkpoint")
    row = found_first(database, "unread_slot")
    assert row["label"] == "left_over" and "it is lost" in row["evidence"] and row["severity"] == "info", row
    assert row["statement"] == "SELECT pg_catalog.pg_drop_replication_slot('left_over')", row
    cured(database, row)


def test_a_limit_of_connections_that_is_none_is_found(start_database):
    database = start_database(max_connections=30)
    database.psql("create role app login connection limit 200; create role batch login connection limit 5")
    with database.server.connect(dbname=database.dbname, user="app"):
        row = found_first(database, "role_limits")
    assert row["label"] == "role app" and "its own limit is 200" in row["evidence"]


def test_a_role_that_may_see_nothing_is_told_what_could_not_be_judged(start_database):
    database = start_database()
    healthy(database)
    database.psql("create role blind login")
    with database.server.connect(dbname=database.dbname) as other:
        other.cursor().execute("select 1")
        done = database.dbvitals("findings", "--config", "/dev/null", database.server.conninfo(database.dbname, user="blind"), timeout=60)
    assert done.returncode == 0, done.stderr
    assert re.search(r"could not be judged: invalid index: the queries of \d+ sessions? (is|are) hidden, one may build an index: GRANT pg_monitor", done.stdout), done.stdout


def test_the_plan_keeps_to_its_time_and_says_what_it_leaves(start_database):
    database = start_database()
    database.psql("create table a(a int) with (autovacuum_enabled = off); insert into a select generate_series(1, 20000);"
                  "create table b(a int) with (autovacuum_enabled = off); insert into b select generate_series(1, 30000)")
    servers.wait_for(lambda: database.names() == ["never_analyzed"] * 2, 30, lambda: str(database.findings()), every_s=0.2)
    whole = database.plan()
    assert [step["label"] for step in whole] == ["public.b", "public.a"] and [step["step"] for step in whole] == [1, 2], whole
    part = database.plan("--budget", f"{whole[0]['cost_s'] + whole[1]['cost_s'] / 2:.3f}s")
    assert [step["step"] for step in part] == [1, None] and part[1]["left_out"].startswith("it takes about"), part
    text = database.run("optimize", "--dry-run", "--only", "reindex")
    assert "-- no step: all of 2 findings are left out" in text and "not asked for: --only analyze" in text
    database.psql(database.run("optimize", "--dry-run"))  # it is SQL as it stands
    servers.wait_for(lambda: database.names() == [], 30, lambda: str(database.findings()), every_s=0.2)


def test_a_server_that_is_not_there_is_told(dbvitals, tmp_path):
    done = dbvitals("findings", "--config", "/dev/null", f"host={tmp_path} dbname=x", timeout=60)
    assert done.returncode == 2 and "No such file" in done.stderr and done.stdout == "", done
    done = dbvitals("optimize", "--config", "/dev/null", f"host={tmp_path} dbname=x")
    assert done.returncode == 2 and "--dry-run" in done.stderr
    done = dbvitals("optimize", "--yes", "--config", "/dev/null", f"host={tmp_path} dbname=x", timeout=60)
    assert done.returncode == 2 and "No such file" in done.stderr and done.stdout == "", done


def emptied(database, name, keep):
    """A table of 400 MB with an index of 130 MB, of which KEEP is left; vacuumed and analyzed."""
    database.psql(f"create table {name}(k int, t text) with (autovacuum_enabled = off); alter table {name} alter t set storage plain;"
                  f"insert into {name} select g, repeat('x', 40) from generate_series(1, 6000000) g; create index {name}_k on {name}(k)")
    database.psql(f"delete from {name} where k % 100 >= {keep * 100}")
    database.psql(f"vacuum analyze {name}")


def test_a_table_and_an_index_that_are_mostly_empty_are_found(database):
    emptied(database, "shrunk", 0.2)
    rows = servers.wait_for(lambda: {r["finding"]: r for r in database.findings()} if len(database.names()) >= 2 else None, 30, lambda: str(database.findings()), every_s=0.5)
    assert set(rows) == {"bloated_index", "bloated_table"}, rows
    index, table = rows["bloated_index"], rows["bloated_table"]
    assert (index["label"], index["statement"]) == ("public.shrunk_k", 'REINDEX INDEX CONCURRENTLY "public"."shrunk_k"'), index
    assert "(est.) are empty, on shrunk: 1.2M entries" in index["evidence"] and index["severity"] == "info" and index["cost_s"] > 1, index
    assert index["left_out"] == "not asked for: --only reindex" and index["plan_step"] is None
    assert (table["label"], table["action"], table["statement"]) == ("shrunk", None, None) and "pg_repack" in table["cost"] and "0 are dead" in table["evidence"], table
    size = database.server.value("select pg_relation_size('shrunk_k')", dbname=database.dbname)
    cured(database, index)
    assert database.server.value("select pg_relation_size('shrunk_k')", dbname=database.dbname) < 0.3 * size
    database.do("vacuum full analyze shrunk")
    servers.wait_for(lambda: database.findings() == [], 30, lambda: str(database.findings()), every_s=0.5)
