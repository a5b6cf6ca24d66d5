/* pools: PostgreSQL's own connection slots as pools: the instance's, and the share of each database and role
 * that is connected or limited. Slots refuse, they do not queue: waiting and timeouts stay n/a here. */
#include "collectors/datasets.h"
#include "collectors/pg/pg.h"

// clang-format off
static const struct column_source sources[] = {
    {"kind",         "p.kind"},
    {"name",         "p.name"},
    {"size",         "p.max_size"},
    {"max_size",     "p.max_size"},
    {"in_use",       "p.taken"},
    {"idle",         "p.idle"},
    {"own",          "p.own_n"},
    {"utilization",  "p.taken / nullif(p.max_size, 0)::float8"},
    {"active",       "p.active"},
    {"idle_in_xact", "p.idle_in_xact"},
    {"hidden",       "p.hidden"},
    {"reserved",     "p.reserved"},
    {"reserved_in_use", "p.n - p.taken"},
    {"own_limit",    "p.own_limit"},
    {NULL, NULL},
};

/* k is the instance, w what may be a pool, g who is connected. A masked backend has no type; one with a role is taken for a client. A
 * limit of -1 is none. The server reserves no slot by its number: others are refused once no more than the reserved ones are free (InitPostgres in
 * postinit.c), so whoever comes beyond the ordinary slots has a reserved one. */
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
    "  w.reserved, coalesce(n, 0) as n, case when own >= 0 then coalesce(n, 0) else least(coalesce(n, 0), slots - k.reserved) end as taken, coalesce(active, 0) as active, coalesce(idle, 0) as idle," \
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

const struct pg_collector pg_pools = {
    .dataset = &dataset_pools, .lane = PG_FAST, .sources = sources, .from = from};
