/* caches: the server's shared buffers, as each database uses them. */
#include <math.h>

#include "collectors/pg/pg.h"

// clang-format off
static const struct column columns[] = {
    {"kind", KIND_KEY, TYPE_TEXT, .source = "'buffers'", .help = "what the cache is: buffers (of PostgreSQL), redis, sqlite, app"},
    {"name", KIND_KEY, TYPE_TEXT, .source = "coalesce(d.datname, '(shared)')", .help = "the cache's name; for buffers the database, (shared) for catalogs of all databases"},
    {"hits", KIND_COUNTER, TYPE_REAL, UNIT_COUNT, "d.blks_hit", .help = "lookups that the cache answered; for buffers in pages"},
    {"misses", KIND_COUNTER, TYPE_REAL, UNIT_COUNT, "d.blks_read", .help = "lookups that it could not answer; a page may still have come from the system's cache"},
    {"hit_ratio", KIND_DERIVED, TYPE_REAL, UNIT_RATIO, .formula = FORMULA_SHARE, .a = "hits", .b = "misses", .least = 100, .help = "hits / (hits + misses) over the window, from 100 lookups on"},
    {"used_bytes", KIND_GAUGE, TYPE_REAL, UNIT_BYTES, .help = "bytes in use"},
    {"max_bytes", KIND_GAUGE, TYPE_REAL, UNIT_BYTES, "pg_size_bytes(current_setting('shared_buffers'))", .help = "bytes it may use; the databases of an instance share them"},
    {"evictions", KIND_COUNTER, TYPE_REAL, UNIT_COUNT, .help = "entries thrown out to make room"},
    {"ttl_s", KIND_GAUGE, TYPE_REAL, UNIT_S, .help = "how long an entry lives"},
    {"read_ms", KIND_COUNTER, TYPE_REAL, UNIT_MS, "case when current_setting('track_io_timing')::bool then d.blk_read_time end", .help = "time spent reading what was missed; needs track_io_timing"},
    {"stats_reset", KIND_GAUGE, TYPE_REAL, UNIT_TIME, "d.stats_reset", .help = "when the counters were last set to 0"},
};
// clang-format on

static const struct dataset dataset = {
    .name = "caches",
    .help = "a cache of any kind: how often it had what was asked for, how full it is",
    .columns = columns,
    .n_columns = sizeof(columns) / sizeof(columns[0]),
    .whole = true,
    .baseline_every = 10,
};

static const struct pg_from from[] = {
    {140000, "from pg_stat_database d where d.blks_hit + d.blks_read > 0"},
    {0, NULL},
};

/* Each database has counters and a reset of its own. The sum is the same in whichever order they come. */
static void finish(struct pg_poll *p, struct sample *s)
{
    (void)p;
    const double *reset = s->values[dataset_column(&dataset, "stats_reset")].real;
    double sum = 0, newest = 0;
    for (int i = 0; i < s->n_rows; i++) {
        if (isnan(reset[i]))
            continue;
        sum += reset[i];
        newest = fmax(newest, reset[i]);
    }
    s->epoch = epoch_add(s->epoch, &sum, sizeof(sum));
    if (newest > 0)
        s->reset_s = newest;
}

const struct pg_collector pg_caches = {.dataset = &dataset, .lane = PG_FAST, .from = from, .finish = finish};
