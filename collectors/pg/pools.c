/* pools: PostgreSQL's own connection slots as pools: the instance's, and the share of each database and role
 * that is connected or limited. Slots refuse, they do not queue: waiting and timeouts stay n/a here. */
#include "collectors/pg/pg.h"

// clang-format off
static const struct column columns[] = {
    {"kind", KIND_KEY, TYPE_TEXT, .source = "p.kind", .help = "what the pool is: slots (of the instance), database, role, pgbouncer, app"},
    {"name", KIND_KEY, TYPE_TEXT, .source = "p.name", .help = "the pool's name"},
    {"size", KIND_GAUGE, TYPE_REAL, UNIT_COUNT, "p.max_size", .help = "connections that the pool means to have; for slots the same as max_size"},
    {"max_size", KIND_GAUGE, TYPE_REAL, UNIT_COUNT, "p.max_size", .help = "connections that it can have at most, overflow included; for slots without those reserved for superusers"},
    {"in_use", KIND_GAUGE, TYPE_REAL, UNIT_COUNT, "p.n", .help = "connections that are taken, by dbvitals too; for slots each client connection takes one, idle or not"},
    {"idle", KIND_GAUGE, TYPE_REAL, UNIT_COUNT, "p.idle", .help = "connections that do nothing now; for slots part of in_use"},
    {"waiting", KIND_GAUGE, TYPE_REAL, UNIT_COUNT, .help = "requests that wait for a connection"},
    {"max_wait_ms", KIND_GAUGE, TYPE_REAL, UNIT_MS, .help = "how long the oldest of them has waited"},
    {"avg_wait_ms", KIND_GAUGE, TYPE_REAL, UNIT_MS, .help = "mean wait for a connection"},
    {"connect_ms", KIND_GAUGE, TYPE_REAL, UNIT_MS, .help = "mean time to open a connection"},
    {"timeouts", KIND_COUNTER, TYPE_REAL, UNIT_COUNT, .help = "requests that got no connection in time"},
    {"own", KIND_GAUGE, TYPE_REAL, UNIT_COUNT, "p.own_n", .help = "those of in_use that are dbvitals' own"},
    {"utilization", KIND_GAUGE, TYPE_REAL, UNIT_RATIO, "p.n / nullif(p.max_size, 0)::float8", .help = "in_use / max_size, as a client meets it: dbvitals' own connections count; a pool that has no others is not marked as full"},
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
    .every = 2,
};

// clang-format off
/* k is the instance, w what may be a pool, g who is connected. A masked backend has no type; one with a role is taken for a client. A
 * limit of -1 is none. */
#define FROM(reserved) \
    "from (with k as (select current_setting('max_connections')::int as slots, " reserved " as reserved)," \
    " w as (select 'slots' as kind, 0::oid as oid, 'instance' as name, -1 as own, reserved from k" \
    "  union all select 'database', oid, datname, datconnlimit, null from pg_database where datallowconn" \
    "  union all select 'role', oid, rolname, case when rolcanlogin then rolconnlimit else -1 end, null from pg_roles)," \
    " g as (select case when grouping(datid, usesysid) = 3 then 'slots' when grouping(usesysid) = 1 then 'database'" \
    "   else 'role' end as kind, coalesce(datid, usesysid, 0) as oid, count(*) as n," \
    "  count(*) filter (where state in ('active', 'fastpath function call')) as active," \
    "  count(*) filter (where state = 'idle') as idle," \
    "  count(*) filter (where state in ('idle in transaction', 'idle in transaction (aborted)')) as idle_in_xact," \
    "  count(*) filter (where state is null and backend_type is null) as hidden," \
    "  count(*) filter (where pid = pg_backend_pid() or (application_name = 'dbvitals' and usesysid =" \
    "   (select r.oid from pg_roles r where r.rolname = current_user))) as own_n" \
    "  from pg_stat_get_activity(null)" \
    "  where backend_type = 'client backend' or (backend_type is null and usesysid is not null)" \
    "  group by grouping sets ((), (datid), (usesysid)))" \
    " select w.kind, w.name, case when own >= 0 then own else slots - k.reserved end as max_size, own >= 0 as own_limit," \
    "  w.reserved, coalesce(n, 0) as n, coalesce(active, 0) as active, coalesce(idle, 0) as idle," \
    "  coalesce(idle_in_xact, 0) as idle_in_xact, coalesce(hidden, 0) as hidden, coalesce(own_n, 0) as own_n" \
    " from w cross join k left join g on g.kind = w.kind and g.oid = w.oid" \
    " where w.kind = 'slots' or n > 0 or own >= 0) p"
// clang-format on

static const struct pg_from from[] = {
    {160000, FROM("current_setting('superuser_reserved_connections')::int"
                  " + current_setting('reserved_connections')::int")},
    {140000, FROM("current_setting('superuser_reserved_connections')::int")},
    {0, NULL},
};

const struct pg_collector pg_pools = {.dataset = &dataset, .lane = PG_FAST, .from = from};
