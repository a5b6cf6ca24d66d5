/* matviews: a materialised view: its size, and whether it can be refreshed without locking its readers out.
 */
#include "collectors/pg/details.h"
#include "collectors/pg/relations.h"

// clang-format off
static const struct column columns[] = {
    {"datid", KIND_KEY, TYPE_INT, .source = "d.oid", .help = "oid of the database"},
    {"relid", KIND_KEY, TYPE_INT, .source = "c.oid", .help = "oid of the view"},
    {"datname", KIND_LABEL, TYPE_TEXT, .source = "d.datname", .help = "database"},
    {"schema", KIND_LABEL, TYPE_TEXT, .source = "n.nspname", .help = "schema"},
    {"name", KIND_LABEL, TYPE_TEXT, .source = "c.relname", .help = "materialised view"},
    {"owner_name", KIND_LABEL, TYPE_TEXT, .source = "pg_get_userbyid(c.relowner)", .help = "role that owns it, and may refresh it"},
    {"is_populated", KIND_GAUGE, TYPE_REAL, UNIT_BOOL, "c.relispopulated", .help = "it has been filled; if not, reading it is an error"},
    {"unique_index", KIND_LABEL, TYPE_TEXT, .source = "u.relname", .help = "a unique index of columns alone, over all rows: REFRESH CONCURRENTLY needs one"},
    {"refresh_concurrently", KIND_GAUGE, TYPE_REAL, UNIT_BOOL, "c.relispopulated and u.relname is not null", .help = "it can be refreshed while others read it"},
    {"table_rows", KIND_GAUGE, TYPE_REAL, UNIT_COUNT, "nullif(c.reltuples, -1)", .help = "rows, as the last VACUUM or ANALYZE saw them"},
    {"size_bytes", KIND_GAUGE, TYPE_REAL, UNIT_BYTES, .help = "bytes on disk with indexes and toast; n/a while it is locked, as it is during a plain refresh"},
};
// clang-format on

static const struct dataset dataset = {
    .name = "matviews",
    .help = "a materialised view: its size, whether it is filled, whether it can be refreshed concurrently",
    .columns = columns,
    .n_columns = sizeof(columns) / sizeof(columns[0]),
    .whole = true,
    .every = 120,
};

// clang-format off
/* As is_usable_unique_index() in matview.c has it. */
static const struct pg_from from[] = {
    {140000,
     "from pg_class c join pg_namespace n on n.oid = c.relnamespace join pg_database d on d.datname = current_database()"
     " left join lateral (select i.relname from pg_index x join pg_class i on i.oid = x.indexrelid join pg_am m on m.oid = i.relam"
     "  where x.indrelid = c.oid and x.indisunique and x.indimmediate and x.indisvalid and m.amname = 'btree' and x.indpred is null"
     "  and x.indnatts > 0 and not 0 >= any(x.indkey::int2[]) order by x.indnatts, i.oid limit 1) u on true"
     " where c.relkind = 'm' order by c.oid"},
    {0, NULL},
};

static const struct pg_from sizes[] = {
    {140000, RELATIONS_LOCKED
    " select c.oid as id, pg_total_relation_size(c.oid) as size_bytes from pg_class c where c.oid = any($1::oid[])"
    " and not exists (select from l where l.relation in (c.oid, c.reltoastrelid))"
    " and not exists (select from l join pg_index x on x.indexrelid = l.relation where x.indrelid in (c.oid, c.reltoastrelid))"},
    {0, NULL},
};
// clang-format on

static const struct details details = {
    .dataset = &dataset,
    .id = "relid",
    .from = from,
    .sql = sizes,
    .slice = 100,
};

static void start(struct pg_poll *p)
{
    details_start(p, &details);
}

const struct pg_collector pg_matviews = {
    .dataset = &dataset,
    .lane = PG_SLOW,
    .per_database = true,
    .start = start,
    .state_size = sizeof(struct details_state),
    .state_done = details_reset,
    .state_reset = details_reset,
};
