/* databases: pg_stat_database and pg_database. Sizes are in database_sizes, on a slow cadence. */
#include <math.h>
#include <stdlib.h>

#include "collectors/datasets.h"
#include "collectors/pg/pg.h"
#include "core/mem.h"

#define IO_TIME(value) "case when current_setting('track_io_timing')::bool then " value " end"

// clang-format off
static const struct column columns[] = {
    {"dbid", KIND_KEY, TYPE_INT, .source = "s.datid", .help = "oid of the database; 0 is what all databases share"},
    {"datname", KIND_LABEL, TYPE_TEXT, .source = "case when s.datid = 0 then '(shared)' else s.datname end", .help = "database"},
    {"numbackends", KIND_GAUGE, TYPE_REAL, UNIT_COUNT, "s.numbackends", .help = "backends connected to it"},
    {"conn_limit", KIND_GAUGE, TYPE_REAL, UNIT_COUNT, "nullif(d.datconnlimit, -1)", .help = "connections it may have, where it has a limit of its own"},
    {"allow_conn", KIND_GAUGE, TYPE_REAL, UNIT_BOOL, "d.datallowconn", .help = "whether one can connect to it"},
    {"xact", KIND_COUNTER, TYPE_REAL, UNIT_COUNT, "s.xact_commit + s.xact_rollback", .help = "transactions ended"},
    {"xact_commit", KIND_COUNTER, TYPE_REAL, UNIT_COUNT, "s.xact_commit", .help = "transactions committed"},
    {"xact_rollback", KIND_COUNTER, TYPE_REAL, UNIT_COUNT, "s.xact_rollback", .help = "transactions rolled back; an application may do that on purpose"},
    {"rollback_ratio", KIND_DERIVED, TYPE_REAL, UNIT_RATIO, .formula = FORMULA_SHARE, .a = "xact_rollback", .b = "xact_commit", .least = 20, .help = "share of transactions that rolled back"},
    {"blks_hit", KIND_COUNTER, TYPE_REAL, UNIT_PAGES, "s.blks_hit", .help = "pages found in shared buffers"},
    {"blks_read", KIND_COUNTER, TYPE_REAL, UNIT_PAGES, "s.blks_read", .help = "pages asked of the operating system, which may have cached them"},
    {"hit_ratio", KIND_DERIVED, TYPE_REAL, UNIT_RATIO, .formula = FORMULA_SHARE, .a = "blks_hit", .b = "blks_read", .least = 100, .help = "share of pages found in shared buffers"},
    {"blk_read_ms", KIND_COUNTER, TYPE_REAL, UNIT_MS, IO_TIME("s.blk_read_time"), .help = "time spent reading pages; n/a where track_io_timing is off"},
    {"blk_write_ms", KIND_COUNTER, TYPE_REAL, UNIT_MS, IO_TIME("s.blk_write_time"), .help = "time backends spent writing pages; n/a where track_io_timing is off"},
    {"tup_returned", KIND_COUNTER, TYPE_REAL, UNIT_COUNT, "s.tup_returned", .help = "rows and index entries read by scans"},
    {"tup_fetched", KIND_COUNTER, TYPE_REAL, UNIT_COUNT, "s.tup_fetched", .help = "rows fetched by index scans"},
    {"tup_inserted", KIND_COUNTER, TYPE_REAL, UNIT_COUNT, "s.tup_inserted", .help = "rows inserted"},
    {"tup_updated", KIND_COUNTER, TYPE_REAL, UNIT_COUNT, "s.tup_updated", .help = "rows updated"},
    {"tup_deleted", KIND_COUNTER, TYPE_REAL, UNIT_COUNT, "s.tup_deleted", .help = "rows deleted"},
    {"conflicts", KIND_COUNTER, TYPE_REAL, UNIT_COUNT, "s.conflicts", .help = "queries cancelled on a standby because of recovery"},
    {"deadlocks", KIND_COUNTER, TYPE_REAL, UNIT_COUNT, "s.deadlocks", .help = "deadlocks found"},
    {"temp_files", KIND_COUNTER, TYPE_REAL, UNIT_COUNT, "s.temp_files", .help = "temporary files made by queries whose work_mem was not enough"},
    {"temp_bytes", KIND_COUNTER, TYPE_REAL, UNIT_BYTES, "s.temp_bytes", .help = "bytes written to temporary files"},
    {"checksum_failures", KIND_COUNTER, TYPE_REAL, UNIT_COUNT, "s.checksum_failures", .help = "pages whose checksum was wrong; none where checksums are off"},
    {"checksum_failed", KIND_GAUGE, TYPE_REAL, UNIT_TIME, "s.checksum_last_failure", .help = "when a checksum was wrong last"},
    {"session_ms", KIND_COUNTER, TYPE_REAL, UNIT_MS, "s.session_time", .help = "time of sessions, counted when their state changes"},
    {"active_ms", KIND_COUNTER, TYPE_REAL, UNIT_MS, "s.active_time", .help = "time of sessions spent running statements"},
    {"idle_in_xact_ms", KIND_COUNTER, TYPE_REAL, UNIT_MS, "s.idle_in_transaction_time", .help = "time of sessions spent idle in a transaction"},
    {"sessions", KIND_COUNTER, TYPE_REAL, UNIT_COUNT, "s.sessions", .help = "sessions opened"},
    {"sessions_abandoned", KIND_COUNTER, TYPE_REAL, UNIT_COUNT, "s.sessions_abandoned", .help = "sessions whose client went away without goodbye"},
    {"sessions_fatal", KIND_COUNTER, TYPE_REAL, UNIT_COUNT, "s.sessions_fatal", .help = "sessions ended by a fatal error"},
    {"sessions_killed", KIND_COUNTER, TYPE_REAL, UNIT_COUNT, "s.sessions_killed", .help = "sessions ended by an operator"},
    {"parallel_planned", KIND_COUNTER, TYPE_REAL, UNIT_COUNT, "s.parallel_workers_to_launch", 180000, .help = "parallel workers that queries planned to start"},
    {"parallel_launched", KIND_COUNTER, TYPE_REAL, UNIT_COUNT, "s.parallel_workers_launched", 180000, .help = "parallel workers that could be started"},
    {"frozen_age", KIND_GAUGE, TYPE_REAL, UNIT_COUNT, "age(d.datfrozenxid)", .help = "transactions since the oldest one that is not frozen; at 2 billion the server stops"},
    {"mxid_age", KIND_GAUGE, TYPE_REAL, UNIT_COUNT, "mxid_age(d.datminmxid)", .help = "the same for multixacts"},
    {"stats_reset", KIND_GAUGE, TYPE_REAL, UNIT_TIME, "s.stats_reset", .help = "since when it is counted"},
    {"size_bytes", KIND_GAUGE, TYPE_REAL, UNIT_BYTES, .help = "SQLite: bytes of the file; of PostgreSQL see database_sizes"},
    {"pages", KIND_GAUGE, TYPE_REAL, UNIT_PAGES, .help = "SQLite: pages of the database"},
    {"page_bytes", KIND_GAUGE, TYPE_REAL, UNIT_BYTES, .help = "SQLite: bytes of a page"},
    {"freelist_bytes", KIND_GAUGE, TYPE_REAL, UNIT_BYTES, .help = "SQLite: bytes of pages that nothing uses: VACUUM gives them back"},
    {"free_ratio", KIND_GAUGE, TYPE_REAL, UNIT_RATIO, .help = "SQLite: freelist_bytes / size_bytes"},
    {"wal_bytes", KIND_GAUGE, TYPE_REAL, UNIT_BYTES, .help = "SQLite: size of the write-ahead log; 0 if there is none"},
    {"wal_used_bytes", KIND_GAUGE, TYPE_REAL, UNIT_BYTES, .help = "SQLite: what of it was written since it began anew, moved into the file already or not"},
    {"wal_restarts", KIND_COUNTER, TYPE_REAL, UNIT_COUNT, .help = "SQLite: times that the log began anew, as seen: everything in it had been moved into the file"},
    {"journal_mode", KIND_LABEL, TYPE_TEXT, .help = "SQLite: wal, or rollback (delete, truncate, persist: each writer's own affair)"},
    {"cache_bytes", KIND_GAUGE, TYPE_REAL, UNIT_BYTES, .help = "SQLite: page cache of a connection that sets nothing; what the application sets by PRAGMA cache_size cannot be seen: tell it by `cache_size` in [target]"},
    {"cache_told", KIND_GAUGE, TYPE_REAL, UNIT_BOOL, .help = "SQLite: cache_bytes is what the config says of the application"},
    {"auto_vacuum", KIND_LABEL, TYPE_TEXT, .help = "SQLite: none, full or incremental"},
    {"encoding", KIND_LABEL, TYPE_TEXT, .help = "SQLite: UTF-8, UTF-16le or UTF-16be"},
    {"user_version", KIND_GAUGE, TYPE_REAL, UNIT_COUNT, .help = "SQLite: the schema's version as the application counts it"},
    {"is_busy", KIND_GAUGE, TYPE_REAL, UNIT_BOOL, .help = "SQLite: a writer held the file so that nobody could read it"},
    {"looks_busy", KIND_COUNTER, TYPE_REAL, UNIT_COUNT, .help = "SQLite: our looks that found it so"},
    {"looks_free", KIND_COUNTER, TYPE_REAL, UNIT_COUNT, .help = "SQLite: our looks that could read"},
    {"looks_writing", KIND_COUNTER, TYPE_REAL, UNIT_COUNT, .help = "SQLite: those of them at which a writer was at work"},
    {"busy_ratio", KIND_DERIVED, TYPE_REAL, UNIT_RATIO, .formula = FORMULA_SHARE, .a = "looks_busy", .b = "looks_free", .least = 5, .help = "SQLite: share of our looks that a writer kept out, from 5 on"},
    {"processes", KIND_GAUGE, TYPE_REAL, UNIT_COUNT, .help = "SQLite: other processes that have locks on the file: in WAL mode those that have it open, else those in a transaction"},
    {"analyzed", KIND_GAUGE, TYPE_REAL, UNIT_BOOL, .help = "SQLite: sqlite_stat1 has rows, so the planner knows how large tables are"},
    {"read_ms", KIND_GAUGE, TYPE_REAL, UNIT_MS, .help = "SQLite: how long our own read transaction took"},
    {"disk_free_bytes", KIND_GAUGE, TYPE_REAL, UNIT_BYTES, .help = "SQLite: free bytes beside the file; VACUUM needs as much as the file has"},
    {"machine_bytes", KIND_GAUGE, TYPE_REAL, UNIT_BYTES, .help = "SQLite: memory of the machine"},
    {"can_write", KIND_GAUGE, TYPE_REAL, UNIT_BOOL, .help = "SQLite: this user may write the file, so cures are possible"},
};
// clang-format on

const struct dataset dataset_databases = {
    .name = "databases",
    .help = "a database: transactions, rows, cache hits, temporary files, sessions, and how old its oldest "
            "transaction id is; of SQLite a file: size, free pages, log, writers",
    .columns = columns,
    .n_columns = sizeof(columns) / sizeof(columns[0]),
    .whole = true,
    .baseline_every = 30,
};

/* Each database is reset on its own. A database that is new does not change the epoch, one that was reset
 * does. Before 15 the moment of a database's first statistics is its reset time too; since then it is NULL
 * until somebody resets them. */
struct resets {
    int64_t *ids;
    double *moments;
    int n;
    int64_t n_resets;
};

static void forget(void *state)
{
    struct resets *r = state;
    free(r->ids);
    free(r->moments);
}

static bool was_reset(const struct resets *r, int64_t id, double moment, int version)
{
    for (int i = 0; i < r->n && !isnan(moment); i++)
        if (r->ids[i] == id)
            return isnan(r->moments[i]) ? version >= 150000 : r->moments[i] < moment;
    return false;
}

static void finish(struct pg_poll *p, struct sample *s)
{
    struct resets *r = pg_state(p);
    const int64_t *ids = s->values[dataset_column(&dataset_databases, "dbid")].integer;
    const double *moments = s->values[dataset_column(&dataset_databases, "stats_reset")].real;
    double oldest = NAN;
    for (int i = 0; i < s->n_rows; i++) {
        r->n_resets += was_reset(r, ids[i], moments[i], pg_facts(p)->version);
        oldest = fmin(oldest, moments[i]);
    }
    s->epoch = epoch_add(s->epoch, &r->n_resets, sizeof(r->n_resets));
    /* The rates since then are too low, never too high, for databases that were reset later. */
    s->reset_s = oldest;
    forget(r);
    r->n = s->n_rows;
    r->ids = mem_new_array((size_t)r->n, sizeof(*r->ids));
    r->moments = mem_new_array((size_t)r->n, sizeof(*r->moments));
    for (int i = 0; i < r->n; i++) {
        r->ids[i] = ids[i];
        r->moments[i] = moments[i];
    }
}

static const struct pg_from from[] = {
    {140000, "from pg_stat_database s left join pg_database d on d.oid = s.datid"},
    {0, NULL},
};

const struct pg_collector pg_databases = {.dataset = &dataset_databases,
                                          .lane = PG_FAST,
                                          .from = from,
                                          .finish = finish,
                                          .state_size = sizeof(struct resets),
                                          .state_done = forget};
