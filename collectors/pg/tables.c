/* tables: a table, its use, its size, and what autovacuum owes it. The pg_stat_get_* functions are called
 * directly: the views over them cost twice as much and more. */
#include <math.h>
#include <stdlib.h>

#include "collectors/datasets.h"
#include "collectors/pg/relations.h"
#include "core/mem.h"

// clang-format off
/* An option of the table's own beats the server's setting. */
#define OPTION(name) "coalesce(o." name ", v." name ")"
#define ROWS "greatest(c.reltuples, 0)"
/* Pages as the last VACUUM or ANALYZE saw them; 0 in a table that none has looked at says nothing. */
#define PAGES(expression) "case when c.reltuples >= 0 or c.relpages > 0 then (" expression ") * v.block_size end"

static const struct column columns[] = {
    {"datid", KIND_KEY, TYPE_INT, .source = "d.oid", .help = "oid of the database"},
    {"relid", KIND_KEY, TYPE_INT, .source = "c.oid", .help = "oid of the table"},
    {"datname", KIND_LABEL, TYPE_TEXT, .source = "d.datname", .help = "database"},
    {"schema", KIND_LABEL, TYPE_TEXT, .source = "n.nspname", .help = "schema"},
    {"name", KIND_LABEL, TYPE_TEXT, .source = "c.relname", .help = "table"},
    {"kind", KIND_LABEL, TYPE_TEXT, .source = "case c.relkind when 'r' then 'table' when 'p' then 'partitioned' when 'm' then 'matview' end", .help = "table, partitioned or matview; its toast table is counted with it"},
    {"is_system", KIND_GAUGE, TYPE_REAL, UNIT_BOOL, "n.nspname in ('pg_catalog', 'information_schema')", .help = "a catalog of the server; left out unless the target asks for them"},
    {"is_partition", KIND_GAUGE, TYPE_REAL, UNIT_BOOL, "c.relispartition", .help = "a partition of another table"},
    {"total_bytes", KIND_GAUGE, TYPE_REAL, UNIT_BYTES, PAGES("c.relpages + coalesce(t.relpages, 0) + coalesce(x.pages, 0)"), .help = "bytes on disk with indexes and toast"},
    {"heap_bytes", KIND_GAUGE, TYPE_REAL, UNIT_BYTES, PAGES("c.relpages"), .help = "bytes of the rows themselves"},
    {"toast_bytes", KIND_GAUGE, TYPE_REAL, UNIT_BYTES, PAGES("coalesce(t.relpages, 0)"), .help = "bytes of long values kept aside, with their index"},
    {"index_bytes", KIND_GAUGE, TYPE_REAL, UNIT_BYTES, PAGES("coalesce(x.pages, 0)"), .help = "bytes of its indexes"},
    RELATIONS_DATED("name, storage options, what autovacuum starts at, xid_age"),
    {"planner_rows", KIND_GAUGE, TYPE_REAL, UNIT_COUNT, "nullif(c.reltuples, -1)", .help = "rows that the planner reckons with: what the last VACUUM or ANALYZE saw; n/a if there was none"},
    {"max_rowid", KIND_GAUGE, TYPE_REAL, UNIT_COUNT, .help = "SQLite: the largest rowid: as many rows as this where none was deleted"},
    {"unused_bytes", KIND_GAUGE, TYPE_REAL, UNIT_BYTES, .help = "SQLite: of heap_bytes those that hold nothing"},
    {"fillfactor", KIND_GAUGE, TYPE_REAL, UNIT_RATIO, "coalesce(o.fillfactor, 100) / 100", .help = "how full INSERT makes a page; the rest is room for updates that touch no index"},
    {"own_options", KIND_TEXT, TYPE_TEXT, .source = "array_to_string(c.reloptions, ', ')", .help = "storage options of its own: fillfactor=70, autovacuum_vacuum_scale_factor=0.01"},
    {"live_rows", KIND_GAUGE, TYPE_REAL, UNIT_COUNT, "pg_stat_get_live_tuples(r.id)", .help = "rows, estimated; n/a where the counters are younger than the rows and no vacuum or analyze was counted since: after a crash, on a standby"},
    {"dead_rows", KIND_GAUGE, TYPE_REAL, UNIT_COUNT, "pg_stat_get_dead_tuples(r.id)", .help = "dead rows that VACUUM would remove, estimated; where live_rows is n/a at least so many, and n/a for none"},
    {"dead_ratio", KIND_GAUGE, TYPE_REAL, UNIT_RATIO, .help = "dead_rows / (live_rows + dead_rows); n/a where live_rows is"},
    {"vacuum_debt", KIND_GAUGE, TYPE_REAL, UNIT_RATIO, .help = "dead_rows / the number at which autovacuum starts; above 1 it is late; where live_rows is n/a only from 1 on"},
    {"insert_debt", KIND_GAUGE, TYPE_REAL, UNIT_RATIO, .help = "rows inserted since the last vacuum / the number at which autovacuum starts for them; where live_rows is n/a only from 1 on"},
    {"analyze_debt", KIND_GAUGE, TYPE_REAL, UNIT_RATIO, .help = "rows changed since the last analyze / the number at which autovacuum analyzes; where live_rows is n/a only from 1 on"},
    {"mod_since_analyze", KIND_GAUGE, TYPE_REAL, UNIT_COUNT, "pg_stat_get_mod_since_analyze(r.id)", .help = "rows changed since the last analyze; where live_rows is n/a at least so many, and n/a for none"},
    {"ins_since_vacuum", KIND_GAUGE, TYPE_REAL, UNIT_COUNT, "pg_stat_get_ins_since_vacuum(r.id)", .help = "rows inserted since the last vacuum; where live_rows is n/a at least so many, and n/a for none"},
    {"vacuum_at", KIND_GAUGE, TYPE_REAL, UNIT_COUNT, "least(" OPTION("autovacuum_vacuum_threshold") " + " OPTION("autovacuum_vacuum_scale_factor") " * " ROWS ", nullif(" OPTION("autovacuum_vacuum_max_threshold") ", -1))", .since = 180000,
        .before = OPTION("autovacuum_vacuum_threshold") " + " OPTION("autovacuum_vacuum_scale_factor") " * " ROWS, .help = "dead rows at which autovacuum starts"},
    {"insert_at", KIND_GAUGE, TYPE_REAL, UNIT_COUNT, "nullif(" OPTION("autovacuum_vacuum_insert_threshold") ", -1) + " OPTION("autovacuum_vacuum_insert_scale_factor") " * " ROWS " * (1 - least(c.relallfrozen::float8 / nullif(c.relpages, 0), 1))", .since = 180000,
        .before = "nullif(" OPTION("autovacuum_vacuum_insert_threshold") ", -1) + " OPTION("autovacuum_vacuum_insert_scale_factor") " * " ROWS, .help = "inserted rows at which autovacuum starts; none if that is switched off"},
    {"analyze_at", KIND_GAUGE, TYPE_REAL, UNIT_COUNT, OPTION("autovacuum_analyze_threshold") " + " OPTION("autovacuum_analyze_scale_factor") " * " ROWS, .help = "changed rows at which autovacuum analyzes"},
    {"autovacuum", KIND_GAUGE, TYPE_REAL, UNIT_BOOL, "v.autovacuum and coalesce(o.autovacuum_enabled, true)", .help = "autovacuum looks after it"},
    {"xid_age", KIND_GAUGE, TYPE_REAL, UNIT_COUNT, "greatest(age(nullif(c.relfrozenxid, '0')), age(nullif(t.relfrozenxid, '0')))", .help = "transactions since its oldest row that is not frozen, toast included"},
    {"mxid_age", KIND_GAUGE, TYPE_REAL, UNIT_COUNT, "greatest(mxid_age(nullif(c.relminmxid, '0')), mxid_age(nullif(t.relminmxid, '0')))", .help = "multixacts since the oldest that is not frozen, toast included"},
    {"last_vacuum", KIND_GAUGE, TYPE_REAL, UNIT_TIME, "pg_stat_get_last_vacuum_time(r.id)", .help = "last vacuum by hand"},
    {"last_autovacuum", KIND_GAUGE, TYPE_REAL, UNIT_TIME, "pg_stat_get_last_autovacuum_time(r.id)", .help = "last autovacuum"},
    {"last_analyze", KIND_GAUGE, TYPE_REAL, UNIT_TIME, "pg_stat_get_last_analyze_time(r.id)", .help = "last analyze by hand"},
    {"last_autoanalyze", KIND_GAUGE, TYPE_REAL, UNIT_TIME, "pg_stat_get_last_autoanalyze_time(r.id)", .help = "last analyze by autovacuum"},
    {"vacuum_age_s", KIND_GAUGE, TYPE_REAL, UNIT_S, .help = "time since the last vacuum of either kind"},
    {"analyze_age_s", KIND_GAUGE, TYPE_REAL, UNIT_S, .help = "time since the last analyze of either kind"},
    {"seq_scan", KIND_COUNTER, TYPE_REAL, UNIT_COUNT, "pg_stat_get_numscans(r.id)", .help = "sequential scans; of a parallel one each participant counts"},
    {"seq_rows", KIND_COUNTER, TYPE_REAL, UNIT_COUNT, "pg_stat_get_tuples_returned(r.id)", .help = "rows read by sequential scans"},
    {"last_seq_scan", KIND_GAUGE, TYPE_REAL, UNIT_TIME, "pg_stat_get_lastscan(r.id)", .since = 160000, .help = "last sequential scan"},
    {"idx_scan", KIND_COUNTER, TYPE_REAL, UNIT_COUNT, "r.idx_scan", .help = "index scans"},
    {"idx_rows", KIND_COUNTER, TYPE_REAL, UNIT_COUNT, "r.idx_fetched + pg_stat_get_tuples_fetched(r.id)", .help = "rows fetched by index scans"},
    {"last_idx_scan", KIND_GAUGE, TYPE_REAL, UNIT_TIME, "r.last_idx_scan", .since = 160000, .help = "last index scan"},
    {"ins", KIND_COUNTER, TYPE_REAL, UNIT_COUNT, "pg_stat_get_tuples_inserted(r.id)", .help = "rows inserted"},
    {"upd", KIND_COUNTER, TYPE_REAL, UNIT_COUNT, "pg_stat_get_tuples_updated(r.id)", .help = "rows updated"},
    {"del", KIND_COUNTER, TYPE_REAL, UNIT_COUNT, "pg_stat_get_tuples_deleted(r.id)", .help = "rows deleted"},
    {"hot_upd", KIND_COUNTER, TYPE_REAL, UNIT_COUNT, "pg_stat_get_tuples_hot_updated(r.id)", .help = "rows updated without touching an index"},
    {"newpage_upd", KIND_COUNTER, TYPE_REAL, UNIT_COUNT, "pg_stat_get_tuples_newpage_updated(r.id)", .since = 160000, .help = "rows whose update went to another page"},
    {"heap_hit", KIND_COUNTER, TYPE_REAL, UNIT_PAGES, "pg_stat_get_blocks_hit(r.id)", .help = "pages of the table found in shared buffers"},
    {"heap_read", KIND_COUNTER, TYPE_REAL, UNIT_PAGES, "pg_stat_get_blocks_fetched(r.id) - pg_stat_get_blocks_hit(r.id)", .help = "pages of the table read"},
    {"idx_hit", KIND_COUNTER, TYPE_REAL, UNIT_PAGES, "r.idx_hit", .help = "pages of its indexes found in shared buffers"},
    {"idx_read", KIND_COUNTER, TYPE_REAL, UNIT_PAGES, "r.idx_blocks - r.idx_hit", .help = "pages of its indexes read"},
    {"toast_hit", KIND_COUNTER, TYPE_REAL, UNIT_PAGES, "r.toast_hit", .help = "pages of its toast table found in shared buffers"},
    {"toast_read", KIND_COUNTER, TYPE_REAL, UNIT_PAGES, "r.toast_blocks - r.toast_hit", .help = "pages of its toast table read"},
    {"vacuums", KIND_COUNTER, TYPE_REAL, UNIT_COUNT, "pg_stat_get_vacuum_count(r.id)", .help = "vacuums by hand"},
    {"autovacuums", KIND_COUNTER, TYPE_REAL, UNIT_COUNT, "pg_stat_get_autovacuum_count(r.id)", .help = "autovacuums"},
    {"analyzes", KIND_COUNTER, TYPE_REAL, UNIT_COUNT, "pg_stat_get_analyze_count(r.id)", .help = "analyzes by hand"},
    {"autoanalyzes", KIND_COUNTER, TYPE_REAL, UNIT_COUNT, "pg_stat_get_autoanalyze_count(r.id)", .help = "analyzes by autovacuum"},
    {"vacuum_ms", KIND_COUNTER, TYPE_REAL, UNIT_MS, "pg_stat_get_total_vacuum_time(r.id) + pg_stat_get_total_autovacuum_time(r.id)", .since = 180000, .help = "time spent vacuuming it"},
    {"analyze_ms", KIND_COUNTER, TYPE_REAL, UNIT_MS, "pg_stat_get_total_analyze_time(r.id) + pg_stat_get_total_autoanalyze_time(r.id)", .since = 180000, .help = "time spent analyzing it"},
    {"idx_scan_ratio", KIND_DERIVED, TYPE_REAL, UNIT_RATIO, .formula = FORMULA_SHARE, .a = "idx_scan", .b = "seq_scan", .least = 10, .help = "index scans / all scans, from 10 on"},
    {"rows_per_seq_scan", KIND_DERIVED, TYPE_REAL, UNIT_COUNT, .formula = FORMULA_QUOTIENT, .a = "seq_rows", .b = "seq_scan", .help = "rows read by a sequential scan, by each participant of a parallel one"},
    {"hot_ratio", KIND_DERIVED, TYPE_REAL, UNIT_RATIO, .formula = FORMULA_QUOTIENT, .a = "hot_upd", .b = "upd", .least = 10, .help = "updates that touched no index / updates, from 10 on"},
    {"heap_hit_ratio", KIND_DERIVED, TYPE_REAL, UNIT_RATIO, .formula = FORMULA_SHARE, .a = "heap_hit", .b = "heap_read", .least = 100, .help = "pages of the table found in shared buffers / looked at, from 100 on"},
    {"idx_hit_ratio", KIND_DERIVED, TYPE_REAL, UNIT_RATIO, .formula = FORMULA_SHARE, .a = "idx_hit", .b = "idx_read", .least = 100, .help = "pages of its indexes found in shared buffers / looked at, from 100 on"},
};
// clang-format on

const struct dataset dataset_tables = {
    .name = "tables",
    .help = "a table: size, rows live and dead, scans, changes, vacuum and analyze, what autovacuum owes it",
    .columns = columns,
    .n_columns = sizeof(columns) / sizeof(columns[0]),
    .whole = true,
    .every = 5,
    .baseline_every = 60,
};

// clang-format off
/* The settings that an option of the table may beat. */
#define EACH_OPTION(X) \
    X("autovacuum_vacuum_threshold") ", " X("autovacuum_vacuum_scale_factor") ", " \
    X("autovacuum_vacuum_insert_threshold") ", " X("autovacuum_vacuum_insert_scale_factor") ", " \
    X("autovacuum_analyze_threshold") ", " X("autovacuum_analyze_scale_factor")
#define OWN(name) "max(option_value) filter (where option_name = '" name "')::float8 as " name
#define SETTING(name) "current_setting('" name "')::float8 as " name

/* The settings are read once, in v: in the select list current_setting() would be called for every row. */
#define CATALOG(own, setting) \
    "from pg_class c join pg_namespace n on n.oid = c.relnamespace" \
    " join pg_database d on d.datname = current_database()" \
    " left join pg_class t on t.oid = c.reltoastrelid" \
    " left join (select i.indrelid, sum(k.relpages) as pages from pg_index i join pg_class k on k.oid = i.indexrelid" \
    "  group by 1) x on x.indrelid = c.oid" \
    " left join lateral (select " EACH_OPTION(OWN) own "," \
    "  max(option_value) filter (where option_name = 'autovacuum_enabled')::bool as autovacuum_enabled, " OWN("fillfactor") \
    "  from pg_options_to_table(c.reloptions)) o on c.reloptions is not null" \
    " cross join (select " EACH_OPTION(SETTING) setting ", " SETTING("block_size") "," \
    "  current_setting('autovacuum')::bool as autovacuum offset 0) v"

static const struct pg_from catalog[] = {
    {180000, CATALOG(", " OWN("autovacuum_vacuum_max_threshold"), ", " SETTING("autovacuum_vacuum_max_threshold"))},
    {140000, CATALOG("", "")},
    {0, NULL},
};

/* The mark moves with every page looked at in the table or one of its indexes, and with its counts of rows. What a toast table
 * counts, its table has counted before. */
#define MARK \
    "pg_stat_get_blocks_fetched(m.id) + pg_stat_get_numscans(m.id) + pg_stat_get_live_tuples(m.id)" \
    " + pg_stat_get_dead_tuples(m.id) + coalesce(x.blocks, 0)"
#define SUM(function, of) "coalesce(sum(pg_stat_get_" function "(" of "))::int8, 0)"
#define LIVE(last_idx_scan) \
    "from (select k.id, k.mark, i.*, t.* from" \
    " (select m.id, " MARK " as mark from unnest($1::oid[], $2::int8[]) m(id, mark)" \
    "  left join lateral (select sum(pg_stat_get_blocks_fetched(indexrelid))::int8 as blocks from pg_index" \
    "   where indrelid = m.id) x on true where m.mark <> " MARK " offset 0) k" \
    " join pg_class c on c.oid = k.id" \
    " cross join lateral (select " SUM("numscans", "indexrelid") " as idx_scan," \
    "  " SUM("tuples_fetched", "indexrelid") " as idx_fetched, " SUM("blocks_fetched", "indexrelid") " as idx_blocks," \
    "  " SUM("blocks_hit", "indexrelid") " as idx_hit, " last_idx_scan " from pg_index where indrelid = k.id) i" \
    " cross join lateral (select " SUM("blocks_fetched", "oid") " as toast_blocks, " SUM("blocks_hit", "oid") " as toast_hit" \
    "  from (select c.reltoastrelid as oid where c.reltoastrelid <> 0 union all" \
    "   select indexrelid from pg_index where indrelid = c.reltoastrelid and c.reltoastrelid <> 0) y) t) r"

static const struct pg_from live[] = {
    {160000, LIVE("max(pg_stat_get_lastscan(indexrelid)) as last_idx_scan")},
    {140000, LIVE("null as last_idx_scan")},
    {0, NULL},
};

/* All forks are counted. Left out are tables that are locked (or about to be) in ACCESS EXCLUSIVE mode, be it through their toast
 * table or an index. The clock is read before and after: volatile functions of a select list are called from left to right. */
static const char sizes[] =
    RELATIONS_LOCKED ","
    " k as materialized (select relation as id from l"
    "  union select i.indrelid from pg_index i join l on l.relation = i.indexrelid"
    "  union select c.oid from pg_class c join l on l.relation = c.reltoastrelid where c.reltoastrelid <> 0"
    "  union select c.oid from pg_class c join pg_index i on i.indrelid = c.reltoastrelid join l on l.relation = i.indexrelid"
    "   where c.reltoastrelid <> 0),"
    " z as materialized (select c.oid as id, clock_timestamp() as t0, pg_relation_size(c.oid) as heap,"
    "  pg_table_size(c.oid) as whole, pg_indexes_size(c.oid) as index,"
    "  case when c.reltoastrelid <> 0 then pg_total_relation_size(c.reltoastrelid) else 0 end as toast,"
    "  clock_timestamp() as t1"
    "  from pg_class c where c.oid = any($1::oid[]) and not exists (select from k where k.id = c.oid))"
    " select id, date_part('epoch', t1 - t0) * 1000 as cost_ms, whole + index as total_bytes, heap as heap_bytes,"
    " toast as toast_bytes, index as index_bytes from z where whole is not null";
// clang-format on

static const char *const sized[] = {"total_bytes", "heap_bytes", "toast_bytes", "index_bytes", NULL};

static double ratio(double a, double b)
{
    return b > 0 ? a / b : NAN;
}

/* Where the columns are that complete() reads and fills: found once for thousands of rows. */
enum {
    VACUUMS,
    AUTOVACUUMS,
    ANALYZES,
    AUTOANALYZES,
    INS,
    UPD,
    DEL,
    PLANNER_ROWS,
    SIZE_EXACT,
    HEAP_BYTES,
    LIVE_ROWS,
    DEAD_ROWS,
    MOD_SINCE_ANALYZE,
    INS_SINCE_VACUUM,
    N_PLACES
};

// clang-format off
static const char *const places[N_PLACES] = {
    [VACUUMS] = "vacuums", [AUTOVACUUMS] = "autovacuums", [ANALYZES] = "analyzes", [AUTOANALYZES] = "autoanalyzes",
    [INS] = "ins", [UPD] = "upd", [DEL] = "del", [PLANNER_ROWS] = "planner_rows", [SIZE_EXACT] = "size_exact", [HEAP_BYTES] = "heap_bytes",
    [LIVE_ROWS] = "live_rows", [DEAD_ROWS] = "dead_rows", [MOD_SINCE_ANALYZE] = "mod_since_analyze", [INS_SINCE_VACUUM] = "ins_since_vacuum",
};
// clang-format on

/* The counters began when the table had rows already: a crash, a reset and a standby have them start from
 * nothing, and what they say of its rows is 0 until a vacuum or analyze has counted them. CREATE INDEX sets
 * planner_rows too, but there the inserts were counted before. */
static bool is_uncounted(const struct sample *s, const int *at, int row)
{
    double upkeep = sample_real(s, at[VACUUMS], row) + sample_real(s, at[AUTOVACUUMS], row) +
                    sample_real(s, at[ANALYZES], row) + sample_real(s, at[AUTOANALYZES], row);
    double ins = sample_real(s, at[INS], row), planner_rows = sample_real(s, at[PLANNER_ROWS], row);
    if (!(upkeep == 0))
        return false;
    if (planner_rows > 0)
        return ins < planner_rows / 2;
    double written = ins + sample_real(s, at[UPD], row) + sample_real(s, at[DEL], row);
    return written == 0 && sample_real(s, at[SIZE_EXACT], row) == 1 &&
           sample_real(s, at[HEAP_BYTES], row) > 0;
}

/* Takes back what such counters say. A table that was emptied since has no rows that they missed, and its row
 * is not read again before they move: what was taken back was 0, and is so again. */
static void doubt(struct sample *s, const int *at, int row, bool uncounted)
{
    double ins = sample_real(s, at[INS], row);
    if (uncounted)
        sample_put_real(s, at[LIVE_ROWS], row, NAN);
    else if (ins == 0 && isnan(sample_real(s, at[LIVE_ROWS], row)))
        sample_put_real(s, at[LIVE_ROWS], row, 0);
    for (int i = DEAD_ROWS; i <= INS_SINCE_VACUUM; i++) {
        double least = sample_real(s, at[i], row);
        if (uncounted && least == 0)
            sample_put_real(s, at[i], row, NAN);
        else if (!uncounted && isnan(least) && ins >= 0)
            sample_put_real(s, at[i], row, 0);
    }
}

/* A debt of counters that missed something is at least so much: it is told from 1 on, where autovacuum is due
 * anyway. */
static void put_debt(struct sample *s, const bool *uncounted, const char *to, int a, const char *b,
                     const int *rows, int n)
{
    int column = dataset_column(&dataset_tables, to), y = dataset_column(&dataset_tables, b);
    for (int i = 0; i < n; i++) {
        int row = rows == NULL ? i : rows[i];
        if (row < 0)
            continue;
        double debt = ratio(sample_real(s, a, row), sample_real(s, y, row));
        sample_put_real(s, column, row, uncounted[i] && debt < 1 ? NAN : debt);
    }
}

static void complete(struct sample *s, const int *rows, int n)
{
    int at[N_PLACES], dead_ratio = dataset_column(&dataset_tables, "dead_ratio");
    for (int i = 0; i < N_PLACES; i++)
        at[i] = dataset_column(&dataset_tables, places[i]);
    bool *uncounted = mem_new_array((size_t)n, sizeof(*uncounted));
    for (int i = 0; i < n; i++) {
        int row = rows == NULL ? i : rows[i];
        if (row < 0)
            continue;
        uncounted[i] = is_uncounted(s, at, row);
        doubt(s, at, row, uncounted[i]);
        double dead = sample_real(s, at[DEAD_ROWS], row);
        sample_put_real(s, dead_ratio, row, ratio(dead, sample_real(s, at[LIVE_ROWS], row) + dead));
    }
    put_debt(s, uncounted, "vacuum_debt", at[DEAD_ROWS], "vacuum_at", rows, n);
    put_debt(s, uncounted, "insert_debt", at[INS_SINCE_VACUUM], "insert_at", rows, n);
    put_debt(s, uncounted, "analyze_debt", at[MOD_SINCE_ANALYZE], "analyze_at", rows, n);
    free(uncounted);
}

/* TO = time since the later one of two moments, of which each may be missing. */
static void put_age(struct sample *s, const char *to, const char *a, const char *b)
{
    int column = dataset_column(&dataset_tables, to), x = dataset_column(&dataset_tables, a),
        y = dataset_column(&dataset_tables, b);
    for (int i = 0; i < s->n_rows; i++) {
        double a_s = sample_real(s, x, i), b_s = sample_real(s, y, i);
        double since = s->wall_s - (isnan(a_s) || b_s > a_s ? b_s : a_s);
        sample_put_real(s, column, i, since < 0 ? 0 : since);
    }
}

static void age(struct sample *s)
{
    put_age(s, "vacuum_age_s", "last_vacuum", "last_autovacuum");
    put_age(s, "analyze_age_s", "last_analyze", "last_autoanalyze");
}

static const struct relations_kind kind = {
    .dataset = &dataset_tables,
    .id = "relid",
    .catalog = catalog,
    .is_one = "c.relkind in ('r', 'p', 'm') and c.relpersistence <> 't'", /* temporary ones are their
                                                                             session's affair */
    .live = live,
    .sizes = sizes,
    .sized = sized,
    .complete = complete,
    .age = age,
};

static void start(struct pg_poll *p)
{
    relations_start(p, &kind);
}

const struct pg_collector pg_tables = {
    .dataset = &dataset_tables,
    .lane = PG_SLOW,
    .per_database = true,
    .start = start,
    .state_size = sizeof(struct relations_state),
    .state_done = relations_reset,
    .state_reset = relations_reset,
};
