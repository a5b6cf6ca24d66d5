/* server: the instance as a whole, in one row: who is connected, what is held open, how far transaction ids have aged, where recovery stands. */
#include "collectors/pg/pg.h"

/* Freezing must have happened before a distance of 2^31; the server refuses new transactions 3 million before (varsup.c). */
#define LAST_XID_AGE "2144483647"

/* While sessions of other roles are hidden nobody knows how many of them are active. */
#define SEEN(value) "case when a.hidden = 0 then " value " end"

// clang-format off
static const struct column columns[] = {
    {"instance", KIND_KEY, TYPE_TEXT, .source = "'postgresql'::text", .help = "what kind of instance this is"},
    {"role", KIND_LABEL, TYPE_TEXT, .source = "case when i.recovering then 'standby' else 'primary' end", .help = "primary or standby"},
    {"version_text", KIND_LABEL, TYPE_TEXT, .source = "current_setting('server_version')", .help = "version of the server"},
    {"started", KIND_GAUGE, TYPE_REAL, UNIT_TIME, "pg_postmaster_start_time()", .help = "when the server was started"},
    {"uptime_s", KIND_GAUGE, TYPE_REAL, UNIT_S, "date_part('epoch', clock_timestamp() - pg_postmaster_start_time())", .help = "time since the server was started"},
    {"conf_loaded", KIND_GAUGE, TYPE_REAL, UNIT_TIME, "pg_conf_load_time()", .help = "when our connection last read the configuration anew: at a reload, or at the next poll after it"},
    {"connections", KIND_GAUGE, TYPE_REAL, UNIT_COUNT, "a.clients", .help = "client connections, ours included"},
    {"max_connections", KIND_GAUGE, TYPE_REAL, UNIT_COUNT, "i.max_connections", .help = "client connections that the server has slots for"},
    {"reserved_connections", KIND_GAUGE, TYPE_REAL, UNIT_COUNT, "i.reserved", .help = "slots among them kept for superusers and for roles that may use reserved connections"},
    {"connections_ratio", KIND_GAUGE, TYPE_REAL, UNIT_RATIO, "least(a.clients, i.max_connections - i.reserved) / nullif(i.max_connections - i.reserved, 0)::float8", .help = "share of the slots for everybody that is taken"},
    {"active", KIND_GAUGE, TYPE_REAL, UNIT_COUNT, SEEN("a.active"), .help = "client sessions that run a statement; neither ours nor parallel workers are counted"},
    {"parallel_workers", KIND_GAUGE, TYPE_REAL, UNIT_COUNT, SEEN("a.parallel_workers"), .help = "parallel workers that work for them"},
    {"idle", KIND_GAUGE, TYPE_REAL, UNIT_COUNT, SEEN("a.idle"), .help = "client sessions outside of a transaction that wait for their client, ours not counted"},
    {"idle_in_xact", KIND_GAUGE, TYPE_REAL, UNIT_COUNT, SEEN("a.idle_in_xact"), .help = "client sessions that wait for their client inside a transaction, aborted ones included, ours not counted"},
    {"idle_in_xact_aborted", KIND_GAUGE, TYPE_REAL, UNIT_COUNT, SEEN("a.aborted"), .help = "those of them whose transaction has failed"},
    {"waiting", KIND_GAUGE, TYPE_REAL, UNIT_COUNT, SEEN("a.waiting"), .help = "sessions that wait for a lock"},
    {"hidden", KIND_GAUGE, TYPE_REAL, UNIT_COUNT, "a.hidden", .help = "sessions whose state the role may not see: GRANT pg_monitor"},
    {"longest_xact_s", KIND_GAUGE, TYPE_REAL, UNIT_S, SEEN("a.longest_xact_s"), .help = "age of the oldest open transaction of a client; n/a when none is open"},
    {"longest_xact_pid", KIND_LABEL, TYPE_INT, .source = SEEN("a.longest_xact_pid"), .help = "process id of the session that holds it open"},
    {"longest_query_s", KIND_GAUGE, TYPE_REAL, UNIT_S, SEEN("a.longest_query_s"), .help = "age of the oldest running statement of a client"},
    {"xmin_age", KIND_GAUGE, TYPE_REAL, UNIT_COUNT, "a.xmin_age", .help = "how far back a session keeps dead rows from being removed, in transactions"},
    {"autovacuum_workers", KIND_GAUGE, TYPE_REAL, UNIT_COUNT, "a.autovacuum_workers", .help = "autovacuum workers that run"},
    {"autovacuum_max_workers", KIND_GAUGE, TYPE_REAL, UNIT_COUNT, "current_setting('autovacuum_max_workers')::int", .help = "autovacuum workers that may run"},
    {"prepared_xacts", KIND_GAUGE, TYPE_REAL, UNIT_COUNT, "x.n", .help = "transactions prepared for two-phase commit and left open"},
    {"prepared_xact_s", KIND_GAUGE, TYPE_REAL, UNIT_S, "x.age_s", .help = "age of the oldest of them"},
    {"xact", KIND_COUNTER, TYPE_REAL, UNIT_COUNT, "d.commits + d.rollbacks", .help = "transactions ended in all databases"},
    {"xact_own", KIND_COUNTER, TYPE_REAL, UNIT_COUNT, .help = "those of them that were queries of dbvitals, as it counts them itself; the server tells what ended up to a second late"},
    {"xact_commit", KIND_COUNTER, TYPE_REAL, UNIT_COUNT, "d.commits", .help = "transactions committed"},
    {"xact_rollback", KIND_COUNTER, TYPE_REAL, UNIT_COUNT, "d.rollbacks", .help = "transactions rolled back"},
    {"rollback_ratio", KIND_DERIVED, TYPE_REAL, UNIT_RATIO, .formula = FORMULA_SHARE, .a = "xact_rollback", .b = "xact_commit", .least = 20, .help = "share of transactions that rolled back"},
    {"blks_hit", KIND_COUNTER, TYPE_REAL, UNIT_PAGES, "d.blks_hit", .help = "pages found in shared buffers"},
    {"blks_read", KIND_COUNTER, TYPE_REAL, UNIT_PAGES, "d.blks_read", .help = "pages asked of the operating system"},
    {"hit_ratio", KIND_DERIVED, TYPE_REAL, UNIT_RATIO, .formula = FORMULA_SHARE, .a = "blks_hit", .b = "blks_read", .least = 100, .help = "share of pages found in shared buffers"},
    {"deadlocks", KIND_COUNTER, TYPE_REAL, UNIT_COUNT, "d.deadlocks", .help = "deadlocks found in all databases"},
    {"temp_bytes", KIND_COUNTER, TYPE_REAL, UNIT_BYTES, "d.temp_bytes", .help = "bytes written to temporary files"},
    {"sessions", KIND_COUNTER, TYPE_REAL, UNIT_COUNT, "d.sessions", .help = "sessions opened"},
    {"xids", KIND_COUNTER, TYPE_REAL, UNIT_COUNT, "pg_snapshot_xmax(pg_current_snapshot())", .help = "transaction ids given out since the beginning"},
    {"xid_age", KIND_GAUGE, TYPE_REAL, UNIT_COUNT, "f.xid_age", .help = "age of the oldest transaction id that is not frozen, over all databases"},
    {"xids_left", KIND_GAUGE, TYPE_REAL, UNIT_COUNT, LAST_XID_AGE " - f.xid_age", .help = "transactions until the server refuses new ones; divided by xids_per_s the time that is left"},
    {"mxid_age", KIND_GAUGE, TYPE_REAL, UNIT_COUNT, "f.mxid_age", .help = "the same age for multixacts"},
    {"freeze_max_age", KIND_GAUGE, TYPE_REAL, UNIT_COUNT, "current_setting('autovacuum_freeze_max_age')::int8", .help = "age at which autovacuum freezes whether or not it is on"},
    {"wal_bytes", KIND_COUNTER, TYPE_REAL, UNIT_BYTES, "w.written - '0/0'::pg_lsn", .help = "WAL position in bytes: written on a primary, replayed on a standby"},
    {"replay_lag_bytes", KIND_GAUGE, TYPE_REAL, UNIT_BYTES, "case when i.recovering then greatest(0, w.received - w.written) end", .help = "on a standby: WAL received and not replayed yet"},
    {"replay_lag_s", KIND_GAUGE, TYPE_REAL, UNIT_S, "case when not i.recovering then null when w.received = w.written then 0 else greatest(0, date_part('epoch', clock_timestamp() - pg_last_xact_replay_timestamp())) end",
     .help = "on a standby: age of the last replayed transaction, 0 when all that was received is replayed"},
};
// clang-format on

static const struct dataset dataset = {
    .name = "server",
    .help = "the instance: connections, open transactions, transaction rates, ages of transaction ids, recovery",
    .columns = columns,
    .n_columns = sizeof(columns) / sizeof(columns[0]),
    .whole = true,
    .baseline_every = 30,
};

// clang-format off
#define EPOCH(moment) "date_part('epoch', clock_timestamp() - " moment ")"
/* A masked backend has no type; one with a role is taken for a client. Autovacuum and walsenders hold transactions by design. */
#define FROM(reserved)                                                                                       \
    "from (select pg_is_in_recovery() as recovering, current_setting('max_connections')::int as max_connections," \
    " current_setting('superuser_reserved_connections')::int" reserved " as reserved) i,"                    \
    " lateral (select case when i.recovering then pg_last_wal_replay_lsn() else pg_current_wal_lsn() end as written," \
    " case when i.recovering then coalesce(pg_last_wal_receive_lsn(), pg_last_wal_replay_lsn()) end as received) w," \
    " (select count(*) filter (where client) as clients,"                                                    \
    " count(*) filter (where client and not own and state in ('active', 'fastpath function call')) as active," \
    " count(*) filter (where client and not own and state = 'idle') as idle,"                                \
    " count(*) filter (where client and not own and state in ('idle in transaction', 'idle in transaction (aborted)')) as idle_in_xact," \
    " count(*) filter (where client and not own and state = 'idle in transaction (aborted)') as aborted,"      \
    " count(*) filter (where backend_type = 'parallel worker' and state = 'active') as parallel_workers,"       \
    " count(*) filter (where wait_event_type = 'Lock') as waiting,"                                          \
    " count(*) filter (where client and backend_type is null) as hidden,"                                    \
    " max(case when client and not own then " EPOCH("xact_start") " end) as longest_xact_s,"                 \
    " (array_agg(pid order by xact_start) filter (where client and not own and xact_start is not null))[1] as longest_xact_pid," \
    " max(case when client and not own and state = 'active' then " EPOCH("query_start") " end) as longest_query_s," \
    " max(greatest(age(backend_xmin), age(backend_xid))) filter (where not own) as xmin_age,"                \
    " count(*) filter (where backend_type = 'autovacuum worker') as autovacuum_workers"                      \
    " from (select *, backend_type = 'client backend' or (backend_type is null and usesysid is not null) as client," \
    " pid = pg_backend_pid() or coalesce(application_name = 'dbvitals' and usesysid ="                       \
    " (select r.oid from pg_roles r where r.rolname = current_user), false) as own from pg_stat_get_activity(null)) s) a," \
    " (select count(*) as n, max(" EPOCH("prepared") ") as age_s from pg_prepared_xacts) x,"                 \
    " (select sum(xact_commit) as commits, sum(xact_rollback) as rollbacks, sum(blks_hit) as blks_hit,"      \
    " sum(blks_read) as blks_read, sum(deadlocks) as deadlocks, sum(temp_bytes) as temp_bytes, sum(sessions) as sessions" \
    " from pg_stat_database) d,"                                                                             \
    " (select max(age(datfrozenxid)) as xid_age, max(mxid_age(datminmxid)) as mxid_age from pg_database) f"
// clang-format on

static const struct pg_from from[] = {
    {160000, FROM(" + current_setting('reserved_connections')::int")},
    {140000, FROM("")},
    {0, NULL},
};

static void finish(struct pg_poll *p, struct sample *s)
{
    for (int i = 0; i < s->n_rows; i++)
        s->values[dataset_column(&dataset, "xact_own")].real[i] = pg_own_xacts(p);
}

const struct pg_collector pg_server = {.dataset = &dataset, .lane = PG_FAST, .from = from, .finish = finish};
