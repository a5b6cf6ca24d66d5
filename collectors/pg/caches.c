/* caches: the server's shared buffers, as each database uses them. */
#include <math.h>

#include "collectors/datasets.h"
#include "collectors/pg/pg.h"

// clang-format off
static const struct column_source sources[] = {
    {"kind",        "'buffers'"},
    {"name",        "coalesce(d.datname, '(shared)')"},
    {"hits",        "d.blks_hit"},
    {"misses",      "d.blks_read"},
    {"max_bytes",   "pg_size_bytes(current_setting('shared_buffers'))"},
    {"read_ms",     "case when current_setting('track_io_timing')::bool then d.blk_read_time end"},
    {"stats_reset", "d.stats_reset"},
    {NULL, NULL},
};
// clang-format on

static const struct pg_from from[] = {
    {140000, "from pg_stat_database d where d.blks_hit + d.blks_read > 0"},
    {0, NULL},
};

/* Each database has counters and a reset of its own. The sum is the same in whichever order they come. */
static void finish(struct pg_poll *p, struct sample *s)
{
    (void)p;
    const double *reset = s->values[dataset_column(&dataset_caches, "stats_reset")].real;
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

const struct pg_collector pg_caches = {
    .dataset = &dataset_caches, .lane = PG_FAST, .sources = sources, .from = from, .finish = finish};
