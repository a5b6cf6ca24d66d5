/* progress: a maintenance command, copy or backup that runs: its phase, and how far that is. */
#include <stdlib.h>

#include "collectors/pg/pg.h"
#include "core/mem.h"

// clang-format off
/* No string function may meet the query of a database in another encoding. */
#define WRAPAROUND "case when a.backend_type <> 'autovacuum worker' then false when p.same_encoding then a.query like '%(to prevent wraparound)' end"

static const struct column columns[] = {
    {"pid", KIND_KEY, TYPE_INT, .source = "p.pid", .help = "process id of the session that runs it"},
    {"backend_start", KIND_KEY, TYPE_REAL, UNIT_TIME, "a.backend_start", .help = "when that session started; with pid its identity"},
    {"command", KIND_LABEL, TYPE_TEXT, .source = "p.command", .help = "VACUUM, VACUUM FULL, CLUSTER, ANALYZE, CREATE INDEX, REINDEX CONCURRENTLY, COPY FROM, BASE BACKUP, ..."},
    {"datid", KIND_LABEL, TYPE_INT, .source = "p.datid", .help = "oid of the database; none for a backup"},
    {"datname", KIND_LABEL, TYPE_TEXT, .source = "p.datname", .help = "database"},
    {"relid", KIND_LABEL, TYPE_INT, .source = "nullif(p.relid, 0)", .help = "oid of the table; none for the COPY of a query"},
    {"schema", KIND_LABEL, TYPE_TEXT, .source = "n.nspname", .help = "its schema, where it is in the connected database"},
    {"name", KIND_LABEL, TYPE_TEXT, .source = "c.relname", .help = "its name, where it is in the connected database"},
    {"index_relid", KIND_LABEL, TYPE_INT, .source = "nullif(p.index_relid, 0)", .help = "oid of the index that is built, or by which CLUSTER reads"},
    {"index_name", KIND_LABEL, TYPE_TEXT, .source = "i.relname", .help = "its name, where it is in the connected database and committed: that of a plain CREATE INDEX is not"},
    {"phase", KIND_LABEL, TYPE_TEXT, .source = "p.phase", .help = "what it does now, in the server's words"},
    {"phase_at", KIND_GAUGE, TYPE_REAL, UNIT_TIME, .help = "when a poll met this phase first"},
    {"counted", KIND_LABEL, TYPE_TEXT, .source = "p.counted", .help = "what done and total count: pages, rows, bytes, indexes, tables, statistics, or sessions that are waited for"},
    {"done", KIND_COUNTER, TYPE_REAL, UNIT_COUNT, "p.done", .help = "how much of this phase is done"},
    {"total", KIND_GAUGE, TYPE_REAL, UNIT_COUNT, "nullif(p.total, 0)", .help = "of how much; n/a where the server does not know"},
    {"ratio", KIND_GAUGE, TYPE_REAL, UNIT_RATIO, "case when p.total > 0 then least(1, p.done / p.total::float8) end", .help = "done / total: how far this phase is; (total - done) / done_per_s is the time that it takes yet"},
    {"index_passes", KIND_GAUGE, TYPE_REAL, UNIT_COUNT, "p.index_passes", .help = "times that VACUUM went through all indexes; more than once: maintenance_work_mem does not hold all dead rows"},
    {"waits_for_pid", KIND_LABEL, TYPE_INT, .source = "nullif(p.waits_for_pid, 0)", .help = "session whose transaction a build of an index waits for"},
    {"usename", KIND_LABEL, TYPE_TEXT, .source = "pg_get_userbyid(a.usesysid)", .help = "role that runs it; none for autovacuum"},
    {"backend_type", KIND_LABEL, TYPE_TEXT, .source = "a.backend_type", .help = "client backend, autovacuum worker, walsender, ..."},
    {"is_wraparound", KIND_GAUGE, TYPE_REAL, UNIT_BOOL, WRAPAROUND, .help = "an autovacuum that freezes: once ended it starts again"},
    {"running_s", KIND_GAUGE, TYPE_REAL, UNIT_S, "case when a.query_start is not null then greatest(0, date_part('epoch', clock_timestamp() - a.query_start)) end", .help = "time since the statement started"},
    {"hidden", KIND_GAUGE, TYPE_REAL, UNIT_BOOL, "p.phase is null", .help = "the role may not see what it does: GRANT pg_monitor"},
};
// clang-format on

static const struct dataset dataset = {
    .name = "progress",
    .help = "a running vacuum, analyze, cluster, build of an index, copy or base backup: its phase and how "
            "far that is",
    .columns = columns,
    .n_columns = sizeof(columns) / sizeof(columns[0]),
    .whole = true,
    .since = "phase_at",
};

// clang-format off
/* What a phase counts, by its name: of another one nobody knows how far it is. */
#define COUNTS(...) " left join lateral (values " __VA_ARGS__ ") w(of, counted, done, total) on phase like w.of"
#define PART(command, datid, relid, index, passes, locker) \
    "select pid, " datid " as datid, " relid " as relid, " command " as command, phase, counted, done, total," \
    " " index "::oid as index_relid, " passes "::int8 as index_passes, " locker "::int8 as waits_for_pid from "
#define ALSO " union all "

#define PROGRESS(vacuum_indexes) \
    "from (select x.*, d.datname, d.encoding = pg_char_to_encoding(getdatabaseencoding()) as same_encoding from (" \
    PART("'VACUUM'", "datid", "relid", "null", "index_vacuum_count", "null") "pg_stat_progress_vacuum" \
    COUNTS("('scanning heap', 'pages', heap_blks_scanned, heap_blks_total), ('vacuuming heap', 'pages', heap_blks_vacuumed, heap_blks_total)" vacuum_indexes) \
    ALSO PART("'ANALYZE'", "datid", "relid", "null", "null", "null") "pg_stat_progress_analyze" \
    COUNTS("('acquiring sample rows', 'pages', sample_blks_scanned, sample_blks_total)," \
           " ('acquiring inherited sample rows', 'tables', child_tables_done, child_tables_total)," \
           " ('computing extended statistics', 'statistics', ext_stats_computed, ext_stats_total)") \
    ALSO PART("command", "datid", "relid", "index_relid", "null", "current_locker_pid") "pg_stat_progress_create_index" \
    COUNTS("('waiting for %', 'sessions', lockers_done, lockers_total), ('building index', 'pages', blocks_done, blocks_total)," \
           " ('%: scanning %', 'pages', blocks_done, blocks_total), ('%: loading %', 'rows', tuples_done, tuples_total)") \
    ALSO PART("command", "datid", "relid", "cluster_index_relid", "null", "null") "pg_stat_progress_cluster" \
    COUNTS("('seq scanning heap', 'pages', heap_blks_scanned, heap_blks_total), ('index scanning heap', 'rows', heap_tuples_scanned, null)," \
           " ('writing new heap', 'rows', heap_tuples_written, heap_tuples_scanned)," \
           " ('rebuilding index', 'indexes', index_rebuild_count, (select count(*) from pg_index where indrelid = relid))") \
    ALSO PART("command", "datid", "relid", "null", "null", "null") "(select *, 'copying, ' || lower(type) as phase from pg_stat_progress_copy) y" \
    COUNTS("('%', 'bytes', bytes_processed, bytes_total)") \
    ALSO PART("'BASE BACKUP'", "null", "null", "null", "null", "null") "pg_stat_progress_basebackup" \
    COUNTS("('streaming %', 'bytes', backup_streamed, backup_total)") \
    ") x left join pg_database d on d.oid = x.datid) p" \
    " left join lateral pg_stat_get_activity(p.pid) a on true" \
    " left join pg_class c on c.oid = p.relid and p.datname = current_database()" \
    " left join pg_namespace n on n.oid = c.relnamespace" \
    " left join pg_class i on i.oid = p.index_relid and p.datname = current_database()"

static const struct pg_from from[] = {
    {170000, PROGRESS(", ('vacuuming indexes', 'indexes', indexes_processed, indexes_total), ('cleaning up indexes', 'indexes', indexes_processed, indexes_total)")},
    {140000, PROGRESS("")},
    {0, NULL},
};
// clang-format on

/* Each phase counts from 0 on; the server does not say since when. */
struct phases {
    struct phase {
        uint64_t which;
        double at_s;
    } * known;
    int n;
};

static void forget(void *state)
{
    struct phases *phases = state;
    free(phases->known);
    *phases = (struct phases){0};
}

static uint64_t phase_of(const struct sample *s, int row)
{
    static const char *const of[] = {"pid", "relid", "index_relid", "phase"};
    uint64_t hash = EPOCH_START;
    for (size_t i = 0; i < sizeof(of) / sizeof(of[0]); i++) {
        int c = dataset_column(&dataset, of[i]);
        const char *text = columns[c].type == TYPE_TEXT ? sample_text(s, c, row) : NULL;
        int64_t number = columns[c].type == TYPE_INT ? sample_int(s, c, row) : 0;
        hash = epoch_add(hash, &number, sizeof(number));
        for (; text != NULL && *text != '\0'; text++)
            hash = epoch_add(hash, text, 1);
    }
    return hash;
}

static void finish(struct pg_poll *p, struct sample *s)
{
    struct phases *phases = pg_state(p);
    int at = dataset_column(&dataset, "phase_at");
    struct phase *now = mem_new_array((size_t)s->n_rows, sizeof(*now));
    for (int i = 0; i < s->n_rows; i++) {
        now[i] = (struct phase){phase_of(s, i), s->wall_s};
        for (int j = 0; j < phases->n; j++)
            if (phases->known[j].which == now[i].which)
                now[i].at_s = phases->known[j].at_s;
        sample_put_real(s, at, i, now[i].at_s);
    }
    free(phases->known);
    *phases = (struct phases){now, s->n_rows};
}

const struct pg_collector pg_progress = {.dataset = &dataset,
                                         .lane = PG_FAST,
                                         .from = from,
                                         .finish = finish,
                                         .state_size = sizeof(struct phases),
                                         .state_done = forget,
                                         .state_reset = forget};
