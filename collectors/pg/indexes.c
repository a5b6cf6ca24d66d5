/* indexes: an index, its use and size, what it is for, and whether another does the same. */
#include <math.h>
#include <stdlib.h>
#include <string.h>

#include "collectors/datasets.h"
#include "collectors/pg/relations.h"
#include "core/mem.h"

// clang-format off
static const struct column columns[] = {
    {"datid", KIND_KEY, TYPE_INT, .source = "d.oid", .help = "oid of the database"},
    {"indexrelid", KIND_KEY, TYPE_INT, .source = "c.oid", .help = "oid of the index"},
    {"relid", KIND_LABEL, TYPE_INT, .source = "x.indrelid", .help = "oid of the table"},
    {"datname", KIND_LABEL, TYPE_TEXT, .source = "d.datname", .help = "database"},
    {"schema", KIND_LABEL, TYPE_TEXT, .source = "n.nspname", .help = "schema"},
    {"table_name", KIND_LABEL, TYPE_TEXT, .source = "t.relname", .help = "table"},
    {"name", KIND_LABEL, TYPE_TEXT, .source = "c.relname", .help = "index"},
    {"method", KIND_LABEL, TYPE_TEXT, .source = "a.amname", .help = "access method: btree, gin, ..."},
    {"size_bytes", KIND_GAUGE, TYPE_REAL, UNIT_BYTES, "case when t.reltuples >= 0 or c.relpages > 0 then c.relpages * current_setting('block_size')::float8 end", .help = "bytes on disk"},
    RELATIONS_DATED("name, table, what it is for"),
    {"scans", KIND_COUNTER, TYPE_REAL, UNIT_COUNT, "pg_stat_get_numscans(r.id)", .help = "index scans"},
    {"rows_read", KIND_COUNTER, TYPE_REAL, UNIT_COUNT, "pg_stat_get_tuples_returned(r.id)", .help = "entries that scans returned"},
    {"rows_fetched", KIND_COUNTER, TYPE_REAL, UNIT_COUNT, "pg_stat_get_tuples_fetched(r.id)", .help = "live rows fetched by plain index scans"},
    {"hit", KIND_COUNTER, TYPE_REAL, UNIT_PAGES, "pg_stat_get_blocks_hit(r.id)", .help = "pages found in shared buffers"},
    {"pages_read", KIND_COUNTER, TYPE_REAL, UNIT_PAGES, "pg_stat_get_blocks_fetched(r.id) - pg_stat_get_blocks_hit(r.id)", .help = "pages read"},
    {"last_scan", KIND_GAUGE, TYPE_REAL, UNIT_TIME, "pg_stat_get_lastscan(r.id)", .since = 160000, .help = "last scan"},
    {"rows_per_scan", KIND_DERIVED, TYPE_REAL, UNIT_COUNT, .formula = FORMULA_QUOTIENT, .a = "rows_read", .b = "scans", .help = "entries that a scan returned"},
    {"hit_ratio", KIND_DERIVED, TYPE_REAL, UNIT_RATIO, .formula = FORMULA_SHARE, .a = "hit", .b = "pages_read", .least = 100, .help = "pages found in shared buffers / looked at, from 100 on"},
    {"is_unique", KIND_GAUGE, TYPE_REAL, UNIT_BOOL, "x.indisunique", .help = "it forbids equal rows"},
    {"is_primary", KIND_GAUGE, TYPE_REAL, UNIT_BOOL, "x.indisprimary", .help = "it is the primary key"},
    {"is_exclusion", KIND_GAUGE, TYPE_REAL, UNIT_BOOL, "x.indisexclusion", .help = "an exclusion constraint stands on it: cannot be built concurrently"},
    {"is_replica_identity", KIND_GAUGE, TYPE_REAL, UNIT_BOOL, "x.indisreplident", .help = "it is the table's REPLICA IDENTITY: subscribers find by it which row was changed"},
    {"is_clustered", KIND_GAUGE, TYPE_REAL, UNIT_BOOL, "x.indisclustered", .help = "CLUSTER without the name of an index goes by it"},
    {"is_partial", KIND_GAUGE, TYPE_REAL, UNIT_BOOL, "x.indpred is not null", .help = "it has a WHERE"},
    {"has_expressions", KIND_GAUGE, TYPE_REAL, UNIT_BOOL, "x.indexprs is not null", .help = "a key of it is an expression, not a column"},
    {"is_constraint", KIND_GAUGE, TYPE_REAL, UNIT_BOOL, "x.indisprimary or x.indisexclusion or exists (select from pg_constraint k where k.conindid = c.oid)", .help = "a constraint stands on it: primary key, unique, exclusion, or a foreign key that refers to it"},
    {"is_valid", KIND_GAUGE, TYPE_REAL, UNIT_BOOL, "x.indisvalid", .help = "queries may use it; if not, building it failed or goes on"},
    {"is_ready", KIND_GAUGE, TYPE_REAL, UNIT_BOOL, "x.indisready", .help = "changes are entered into it"},
    {"is_partitioned", KIND_GAUGE, TYPE_REAL, UNIT_BOOL, "c.relkind = 'I'", .help = "an index of a partitioned table, which has its entries in those of the partitions"},
    {"is_partition", KIND_GAUGE, TYPE_REAL, UNIT_BOOL, "c.relispartition", .help = "a part of the index of a partitioned table: cannot be dropped alone"},
    {"n_columns", KIND_GAUGE, TYPE_REAL, UNIT_COUNT, "x.indnkeyatts", .help = "key columns"},
    {"unused", KIND_GAUGE, TYPE_REAL, UNIT_BOOL, .help = "no scan since the statistics were reset, and neither unique nor needed by a constraint; standbys count for themselves"},
    {"duplicate_of", KIND_LABEL, TYPE_TEXT, .help = "another index of the table with the same columns, operator classes, order and condition"},
    {"prefix_of", KIND_LABEL, TYPE_TEXT, .help = "SQLite: another index of the table that begins with all its columns, and so answers what this one does"},
    {"signature", KIND_LABEL, TYPE_INT, .source =
        "hash_array_extended(x.indkey::int2[], x.indrelid::int8) # hash_array_extended(x.indclass::oid[], x.indnkeyatts)"
        " # hash_array_extended(x.indcollation::oid[], 2) # hash_array_extended(x.indoption::int2[], 3)"
        " # coalesce(hashtextextended(regexp_replace(x.indexprs::text, ':location -?[0-9]+', '', 'g'), 4), 0)"
        " # coalesce(hashtextextended(regexp_replace(x.indpred::text, ':location -?[0-9]+', '', 'g'), 5), 0)",
        .help = "equal for indexes that do the same"},
    {"definition", KIND_TEXT, TYPE_TEXT, .help = "the statement that makes it; fetched for some hundred indexes at each poll"},
};
// clang-format on

const struct dataset dataset_indexes = {
    .name = "indexes",
    .help = "an index: size, scans, what it is for, whether it is unused, duplicate or invalid",
    .columns = columns,
    .n_columns = sizeof(columns) / sizeof(columns[0]),
    .whole = true,
    .every = 10,
    .baseline_every = 60,
};

// clang-format off
static const struct pg_from catalog[] = {
    {140000,
     "from pg_class c join pg_index x on x.indexrelid = c.oid join pg_class t on t.oid = x.indrelid"
     " join pg_namespace n on n.oid = c.relnamespace join pg_am a on a.oid = c.relam"
     " join pg_database d on d.datname = current_database()"},
    {0, NULL},
};

/* A scan looks at one page at least. */
static const struct pg_from live[] = {
    {140000,
     "from (select m.id, pg_stat_get_blocks_fetched(m.id) as mark from unnest($1::oid[], $2::int8[]) m(id, mark)"
     " where m.mark <> pg_stat_get_blocks_fetched(m.id) offset 0) r join pg_class c on c.oid = r.id"},
    {0, NULL},
};

/* Indexes of tables that are locked are left out too: both functions below would wait. */
#define FREE "not exists (select from l where l.relation in (x.indexrelid, x.indrelid))"

static const char sizes[] =
    RELATIONS_LOCKED ", z as materialized (select x.indexrelid as id, clock_timestamp() as t0,"
           " pg_total_relation_size(x.indexrelid) as bytes, clock_timestamp() as t1"
           " from pg_index x where x.indexrelid = any($1::oid[]) and " FREE ")"
           " select id, date_part('epoch', t1 - t0) * 1000 as cost_ms, bytes as size_bytes from z where bytes is not null";

static const char definitions[] =
    RELATIONS_LOCKED " select x.indexrelid as id, pg_get_indexdef(x.indexrelid) as definition from pg_index x"
           " where x.indexrelid = any($1::oid[]) and " FREE;
// clang-format on

static const char *const sized[] = {"size_bytes", NULL};

/* For sorting indexes: those that do the same side by side, the one to keep first. */
struct twin {
    int64_t signature, relid;
    int worth; /* primary key, constraint, unique, valid */
    int row;
};

static int compare_twins(const void *a, const void *b)
{
    const struct twin *x = a, *y = b;
    if (x->relid != y->relid)
        return x->relid < y->relid ? -1 : 1;
    if (x->signature != y->signature)
        return x->signature < y->signature ? -1 : 1;
    return x->worth != y->worth ? y->worth - x->worth : x->row - y->row;
}

static void find_duplicates(struct sample *s)
{
    int signature = dataset_column(&dataset_indexes, "signature"),
        relid = dataset_column(&dataset_indexes, "relid");
    int primary = dataset_column(&dataset_indexes, "is_primary"),
        constraint = dataset_column(&dataset_indexes, "is_constraint");
    int is_unique = dataset_column(&dataset_indexes, "is_unique"),
        valid = dataset_column(&dataset_indexes, "is_valid");
    int name = dataset_column(&dataset_indexes, "name"), method = dataset_column(&dataset_indexes, "method");
    int duplicate_of = dataset_column(&dataset_indexes, "duplicate_of");
    struct twin *twins = mem_new_array((size_t)s->n_rows, sizeof(*twins));
    for (int i = 0; i < s->n_rows; i++) {
        int worth = (int)(8 * sample_real(s, valid, i) + 4 * sample_real(s, primary, i) +
                          2 * sample_real(s, constraint, i) + sample_real(s, is_unique, i));
        twins[i] = (struct twin){sample_int(s, signature, i), sample_int(s, relid, i), worth, i};
    }
    qsort(twins, (size_t)s->n_rows, sizeof(*twins), compare_twins);
    for (int i = 0, first = 0; i < s->n_rows; i++) {
        if (twins[i].relid != twins[first].relid || twins[i].signature != twins[first].signature)
            first = i;
        int row = twins[i].row, kept = twins[first].row;
        bool same = i != first && strcmp(sample_text(s, method, row), sample_text(s, method, kept)) == 0;
        sample_put_text(s, duplicate_of, row, same ? sample_text(s, name, kept) : NULL);
    }
    free(twins);
}

static void complete(struct sample *s, const int *rows, int n)
{
    int scans = dataset_column(&dataset_indexes, "scans"),
        is_unique = dataset_column(&dataset_indexes, "is_unique");
    int constraint = dataset_column(&dataset_indexes, "is_constraint"),
        partitioned = dataset_column(&dataset_indexes, "is_partitioned");
    int unused = dataset_column(&dataset_indexes, "unused");
    for (int i = 0; i < n; i++) {
        int row = rows == NULL ? i : rows[i];
        if (row < 0 || isnan(sample_real(s, scans, row)) || sample_real(s, partitioned, row) != 0)
            continue;
        bool needed = sample_real(s, is_unique, row) != 0 || sample_real(s, constraint, row) != 0;
        sample_put_real(s, unused, row, sample_real(s, scans, row) == 0 && !needed);
    }
}

static const struct relations_kind kind = {
    .dataset = &dataset_indexes,
    .id = "indexrelid",
    .catalog = catalog,
    .is_one =
        "c.relkind in ('i', 'I') and c.relpersistence <> 't' and c.relnamespace <> 99", /* 99 is pg_toast */
    .live = live,
    .sizes = sizes,
    .definitions = definitions,
    .sized = sized,
    .compare = find_duplicates,
    .complete = complete,
};

static void start(struct pg_poll *p)
{
    relations_start(p, &kind);
}

const struct pg_collector pg_indexes = {
    .dataset = &dataset_indexes,
    .lane = PG_SLOW,
    .per_database = true,
    .start = start,
    .state_size = sizeof(struct relations_state),
    .state_done = relations_reset,
    .state_reset = relations_reset,
};
