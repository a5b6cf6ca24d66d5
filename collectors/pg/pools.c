/* pools: PostgreSQL's own connection slots as pools: the instance's, and the share of each database and role that is
 * connected or limited. Slots refuse, they do not queue: waiting and timeouts stay n/a here. */
#include "collectors/pg/pg.h"

// clang-format off
static const struct column columns[] = {
    {"kind", KIND_KEY, TYPE_TEXT, .source = "p.kind", .help = "what the pool is: slots (of the instance), database, role, pgbouncer, app"},
    {"name", KIND_KEY, TYPE_TEXT, .source = "p.name", .help = "the pool's name"},
    {"size", KIND_GAUGE, TYPE_REAL, UNIT_COUNT, "p.max_size", .help = "connections that the pool means to have; for slots the same as max_size"},
    {"max_size", KIND_GAUGE, TYPE_REAL, UNIT_COUNT, "p.max_size", .help = "connections that it can have at most, overflow included; for slots without those reserved for superusers"},
    {"in_use", KIND_GAUGE, TYPE_REAL, UNIT_COUNT, "p.n", .help = "connections that are taken; for slots each client connection takes one, idle or not"},
    {"idle", KIND_GAUGE, TYPE_REAL, UNIT_COUNT, "p.idle", .help = "connections that do nothing now; for slots part of in_use"},
    {"waiting", KIND_GAUGE, TYPE_REAL, UNIT_COUNT, .help = "requests that wait for a connection"},
    {"max_wait_ms", KIND_GAUGE, TYPE_REAL, UNIT_MS, .help = "how long the oldest of them has waited"},
    {"avg_wait_ms", KIND_GAUGE, TYPE_REAL, UNIT_MS, .help = "mean wait for a connection"},
    {"connect_ms", KIND_GAUGE, TYPE_REAL, UNIT_MS, .help = "mean time to open a connection"},
    {"timeouts", KIND_COUNTER, TYPE_REAL, UNIT_COUNT, .help = "requests that got no connection in time"},
    {"utilization", KIND_GAUGE, TYPE_REAL, UNIT_RATIO, "p.n / nullif(p.max_size, 0)::float8", .help = "in_use / max_size"},
    {"active", KIND_GAUGE, TYPE_REAL, UNIT_COUNT, "p.active", .help = "connections that run a statement"},
    {"idle_in_xact", KIND_GAUGE, TYPE_REAL, UNIT_COUNT, "p.idle_in_xact", .help = "connections idle inside an open transaction, aborted ones included"},
    {"hidden", KIND_GAUGE, TYPE_REAL, UNIT_COUNT, "p.hidden", .help = "connections whose state the role may not see: in in_use, but neither idle nor active: GRANT pg_monitor"},
    {"reserved", KIND_GAUGE, TYPE_REAL, UNIT_COUNT, "p.reserved", .help = "further slots kept for superusers and for pg_use_reserved_connections"},
    {"own_limit", KIND_GAUGE, TYPE_REAL, UNIT_BOOL, "p.own_limit", .help = "max_size is this database's or role's own limit, not the instance's"},
};
// clang-format on

static const struct dataset dataset = {
    .name = "pools",
    .help = "a connection pool of any kind: how many it may have, how many are taken, who waits",
    .columns = columns,
    .n_columns = sizeof(columns) / sizeof(columns[0]),
    .whole = true,
};

#define IDLE_IN_XACT "('idle in transaction', 'idle in transaction (aborted)')"
/* A masked backend has no type; one with a role is taken for a client. -1 is no limit; 0 is one, and superusers pass it. */
#define FROM(reserved)                                                                                       \
    "from (with k as (select current_setting('max_connections')::int as slots, " reserved " as reserved),"   \
    " a as materialized (select datid, usesysid, count(*)::int as n,"                                        \
    " count(*) filter (where state = 'active' or state = 'fastpath function call')::int as active,"          \
    " count(*) filter (where state = 'idle')::int as idle,"                                                  \
    " count(*) filter (where state in " IDLE_IN_XACT ")::int as idle_in_xact,"                               \
    " count(*) filter (where state is null and backend_type is null)::int as hidden"                         \
    " from pg_stat_get_activity(null)"                                                                       \
    " where backend_type = 'client backend' or (backend_type is null and usesysid is not null) group by 1, 2)" \
    " select 'slots' as kind, 'instance' as name, k.slots - k.reserved as max_size, coalesce(sum(n), 0) as n," \
    " coalesce(sum(active), 0) as active, coalesce(sum(idle), 0) as idle,"                                   \
    " coalesce(sum(idle_in_xact), 0) as idle_in_xact, coalesce(sum(hidden), 0) as hidden,"                   \
    " k.reserved, false as own_limit from k left join a on true group by k.slots, k.reserved"                \
    " union all select 'database', d.datname, case when datconnlimit >= 0 then datconnlimit else k.slots - k.reserved end," \
    " coalesce(n, 0), coalesce(active, 0), coalesce(idle, 0), coalesce(idle_in_xact, 0), coalesce(hidden, 0)," \
    " null, datconnlimit >= 0"                                                                               \
    " from k cross join pg_database d left join (select datid, sum(n) as n, sum(active) as active, sum(idle) as idle," \
    " sum(idle_in_xact) as idle_in_xact, sum(hidden) as hidden from a group by 1) b on b.datid = d.oid"      \
    " where datallowconn and (n > 0 or datconnlimit >= 0)"                                                   \
    " union all select 'role', r.rolname, case when rolconnlimit >= 0 then rolconnlimit else k.slots - k.reserved end," \
    " coalesce(n, 0), coalesce(active, 0), coalesce(idle, 0), coalesce(idle_in_xact, 0), coalesce(hidden, 0)," \
    " null, rolconnlimit >= 0"                                                                               \
    " from k cross join pg_roles r left join (select usesysid, sum(n) as n, sum(active) as active, sum(idle) as idle," \
    " sum(idle_in_xact) as idle_in_xact, sum(hidden) as hidden from a group by 1) b on b.usesysid = r.oid"   \
    " where n > 0 or (rolcanlogin and rolconnlimit >= 0)) p"

static const struct pg_from from[] = {
    {160000, FROM("current_setting('superuser_reserved_connections')::int"
                  " + current_setting('reserved_connections')::int")},
    {140000, FROM("current_setting('superuser_reserved_connections')::int")},
    {0, NULL},
};

const struct pg_collector pg_pools = {.dataset = &dataset, .lane = PG_FAST, .from = from};
