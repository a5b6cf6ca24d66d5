/* locks: who waits for whom, an edge a row, from pg_blocking_pids. That function stops the lock manager while
 * it looks, so it is asked only for backends that wait, and for the 50 that wait longest. */
#include <stdlib.h>

#include "collectors/pg/pg.h"
#include "collectors/pg/wait_tree.h"
#include "core/mem.h"

#define AGE(moment)                                                                                          \
    "case when " moment " is not null then greatest(0, date_part('epoch', clock_timestamp() - " moment       \
    ")) end"

// clang-format off
static const struct column columns[] = {
    {"pid", KIND_KEY, TYPE_INT, .source = "e.pid", .help = "the backend that waits"},
    {"holder_pid", KIND_KEY, TYPE_INT, .source = "e.holder_pid", .help = "the backend it waits for; 0 is a prepared transaction"},
    {"holder_gid", KIND_KEY, TYPE_TEXT, .source = "p.gid", .help = "name of the prepared transaction that holds the lock"},
    {"wait_s", KIND_GAUGE, TYPE_REAL, UNIT_S, "greatest(0, date_part('epoch', clock_timestamp() - e.waitstart))", .help = "how long it has waited"},
    {"locktype", KIND_LABEL, TYPE_TEXT, .source = "e.locktype", .help = "what is locked: relation, tuple, transactionid, advisory, ..."},
    {"mode", KIND_LABEL, TYPE_TEXT, .source = "e.mode", .help = "mode that is waited for"},
    {"holder_mode", KIND_LABEL, TYPE_TEXT, .source = "e.holder_mode", .help = "mode in which the holder has it; none when it only stands before in the queue"},
    {"queued", KIND_GAUGE, TYPE_REAL, UNIT_BOOL, "e.holder_mode is null", .help = "the holder does not have the lock, it waits for it too, before this one"},
    {"relation", KIND_LABEL, TYPE_TEXT, .source =
        "case when e.reldb in (0, (select oid from pg_database where datname = current_database())) and c.oid is not null"
        " then n.nspname || '.' || c.relname"
        " when e.rel is not null then coalesce((select datname from pg_database where oid = e.reldb), e.reldb::text) || ':' || e.rel end",
        .help = "relation locked, or whose row is; database:oid when it is in another database"},
    {"object", KIND_TEXT, TYPE_TEXT, .source =
        "case e.locktype when 'transactionid' then 'transaction ' || e.transactionid"
        " when 'virtualxid' then 'virtual transaction ' || e.virtualxid"
        " when 'tuple' then 'row (' || e.page || ',' || e.tuple || ')'"
        " when 'page' then 'page ' || e.page"
        " when 'advisory' then 'advisory ' || case e.objsubid when 1 then ((e.classid::int8 << 32) | e.objid::int8)::text else e.classid || ', ' || e.objid end"
        " when 'object' then e.classid::regclass || ' ' || e.objid end",
        .help = "what is locked, when it is no relation as a whole"},
    {"datname", KIND_LABEL, TYPE_TEXT, .source = "e.datname", .help = "database of the waiting backend"},
    {"usename", KIND_LABEL, TYPE_TEXT, .source = "e.usename", .help = "role that waits"},
    {"application_name", KIND_LABEL, TYPE_TEXT, .source = "e.application_name", .help = "application that waits"},
    {"holder_usename", KIND_LABEL, TYPE_TEXT, .source = "coalesce(e.holder_usename, p.owner)", .help = "role that is waited for"},
    {"holder_application_name", KIND_LABEL, TYPE_TEXT, .source = "e.holder_application_name", .help = "application that is waited for"},
    {"holder_state", KIND_LABEL, TYPE_TEXT, .source = "case when p.gid is not null then 'prepared' else e.holder_state end", .help = "state of the holder: active, idle in transaction, prepared, ..."},
    {"holder_xact_age_s", KIND_GAUGE, TYPE_REAL, UNIT_S, AGE("coalesce(e.holder_xact_start, p.prepared)"), .help = "age of the holder's transaction"},
    {"holder_state_age_s", KIND_GAUGE, TYPE_REAL, UNIT_S, AGE("coalesce(e.holder_state_change, p.prepared)"), .help = "time since the holder's state changed"},
    {"holder_blocks", KIND_GAUGE, TYPE_REAL, UNIT_COUNT, .help = "backends that wait behind the holder, directly or through others; of the 50 that wait longest"},
    {"root_pid", KIND_LABEL, TYPE_INT, .help = "the backend at the end of the chain, which waits for no lock"},
    {"root_gid", KIND_LABEL, TYPE_TEXT, .help = "the prepared transaction at the end of the chain"},
    {"depth", KIND_GAUGE, TYPE_REAL, UNIT_COUNT, .help = "how many waits there are between this one and the root, itself included"},
    {"query", KIND_TEXT, TYPE_TEXT, .source = "nullif(e.query, '<insufficient privilege>')", .help = "statement that waits"},
    {"holder_query", KIND_TEXT, TYPE_TEXT, .source = "nullif(e.holder_query, '<insufficient privilege>')", .help = "statement that the holder runs, or ran last"},
};
// clang-format on

static const struct dataset dataset = {
    .name = "locks",
    .help = "a backend that waits for a lock and one that it waits for",
    .columns = columns,
    .n_columns = sizeof(columns) / sizeof(columns[0]),
    .whole = true,
    .every = 2,
};

/* pg_locks is not looked at unless something waits (or may: a wait can be hidden). A waiter has an edge to
 * each backend that holds the lock, and when none does, to the three longest in the queue before it. The row
 * whose lock is awaited is known from the tuple lock that the first in the queue holds. In pg_locks a
 * prepared transaction has no pid: the lock on its own id, of the same virtual transaction, tells which it
 * is. */
// clang-format off
static const struct pg_from from[] = {
    {140000,
     "from (with a as materialized (select pid, wait_event_type, datname, usename, application_name, state, xact_start,"
     " state_change, query from pg_stat_activity),"
     " l as materialized (select * from pg_locks where exists (select from a"
     " where wait_event_type = 'Lock' or (state is null and query = '<insufficient privilege>'))),"
     " w as materialized (select l.*, array(select distinct unnest(pg_blocking_pids(l.pid))) as holders from l"
     " where not granted and pid is not null order by waitstart, pid limit 50),"
     " k as (select w.pid, w.waitstart, w.locktype, w.mode, w.page, w.tuple, w.virtualxid, w.transactionid, w.classid,"
     " w.objid, w.objsubid, coalesce(w.database, t.database) as reldb, coalesce(w.relation, t.relation) as rel,"
     " b.holder_pid, g.mode as holder_mode, g.virtualtransaction as holder_vxid,"
     " first_value(g.mode is not null) over p as held, row_number() over p as place"
     " from w cross join unnest(w.holders) as b(holder_pid)"
     " left join l g on g.granted and coalesce(g.pid, 0) = b.holder_pid and g.locktype = w.locktype"
     " and (g.database, g.relation, g.page, g.tuple, g.virtualxid, g.transactionid, g.classid, g.objid, g.objsubid)"
     " is not distinct from"
     " (w.database, w.relation, w.page, w.tuple, w.virtualxid, w.transactionid, w.classid, w.objid, w.objsubid)"
     " left join l q on not q.granted and q.pid = b.holder_pid"
     " left join l t on t.granted and t.pid = w.pid and t.locktype = 'tuple' and w.locktype = 'transactionid'"
     " window p as (partition by w.pid order by g.mode is null, q.waitstart rows unbounded preceding))"
     " select distinct on (k.pid, holder_pid, case when holder_pid = 0 then holder_vxid end) k.*,"
     " w.datname, w.usename, w.application_name, w.query, h.usename as holder_usename,"
     " h.application_name as holder_application_name, h.state as holder_state, h.xact_start as holder_xact_start,"
     " h.state_change as holder_state_change, h.query as holder_query, x.transactionid as holder_xid"
     " from k left join a w on w.pid = k.pid left join a h on h.pid = holder_pid"
     " left join l x on holder_pid = 0 and x.pid is null and x.locktype = 'transactionid'"
     " and x.virtualtransaction = holder_vxid and x.transactionid in (select transaction from pg_prepared_xacts)"
     " where holder_mode is not null or (place <= 3 and not held)) e"
     " left join pg_prepared_xacts p on e.holder_pid = 0 and p.transaction = e.holder_xid"
     " left join pg_class c on c.oid = e.rel left join pg_namespace n on n.oid = c.relnamespace"
     " order by e.waitstart, e.pid, e.holder_pid"},
    {0, NULL},
};
// clang-format on

static void finish(struct pg_poll *p, struct sample *s)
{
    (void)p;
    int n = s->n_rows;
    struct wait_edges e = {.n = n,
                           .pid = s->values[dataset_column(&dataset, "pid")].integer,
                           .holder = s->values[dataset_column(&dataset, "holder_pid")].integer,
                           .gid = s->values[dataset_column(&dataset, "holder_gid")].text};
    int *root = mem_new_array((size_t)n, sizeof(int)), *deep = mem_new_array((size_t)n, sizeof(int));
    int *behind = mem_new_array((size_t)n, sizeof(int));
    wait_tree_roots(&e, root, deep);
    wait_tree_behind(&e, behind);
    int64_t *root_pid = s->values[dataset_column(&dataset, "root_pid")].integer;
    const char **root_gid = s->values[dataset_column(&dataset, "root_gid")].text;
    double *depth = s->values[dataset_column(&dataset, "depth")].real;
    double *holder_blocks = s->values[dataset_column(&dataset, "holder_blocks")].real;
    for (int i = 0; i < n; i++) {
        root_pid[i] = e.holder[root[i]];
        root_gid[i] = e.gid[root[i]];
        depth[i] = deep[i];
        holder_blocks[i] = behind[i];
    }
    free(root);
    free(deep);
    free(behind);
}

const struct pg_collector pg_locks = {.dataset = &dataset, .lane = PG_FAST, .from = from, .finish = finish};
