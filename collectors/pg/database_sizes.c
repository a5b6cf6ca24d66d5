/* database_sizes: how big each database is and how fast it grows. pg_database_size looks at every file, so
 * each database is measured the more rarely the longer that takes: all together cost at most BUDGET. */
#include <math.h>
#include <stdlib.h>
#include <string.h>

#include "collectors/pg/pg.h"
#include "core/mem.h"
#include "core/text.h"

#define MAY_SEE "(has_database_privilege(d.oid, 'connect') or pg_has_role('pg_read_all_stats', 'usage'))"

enum {
    EVERY_S = 60,
    N_POINTS = 16,      /* measurements of a database that are remembered */
    POINT_EVERY_S = 240 /* so that growth is that of about the last hour */
};
/* Milliseconds of the server's time per second. */
static const double BUDGET = 20.0 / EVERY_S;

// clang-format off
static const struct column columns[] = {
    {"datid", KIND_KEY, TYPE_INT, .source = "d.oid", .help = "oid of the database"},
    {"datname", KIND_LABEL, TYPE_TEXT, .source = "d.datname", .help = "database"},
    {"size_bytes", KIND_GAUGE, TYPE_REAL, UNIT_BYTES, .help = "bytes on disk when last measured"},
    {"growth_bytes_per_s", KIND_GAUGE, TYPE_REAL, UNIT_BYTES_PER_S, .help = "growth since the oldest measurement of about the last hour"},
    {"growth_span_s", KIND_GAUGE, TYPE_REAL, UNIT_S, .help = "time between the two measurements of growth"},
    {"measured_age_s", KIND_GAUGE, TYPE_REAL, UNIT_S, .help = "time since the size was measured"},
    {"measure_ms", KIND_GAUGE, TYPE_REAL, UNIT_MS, .help = "what measuring cost the server"},
    {"may_see", KIND_GAUGE, TYPE_REAL, UNIT_BOOL, MAY_SEE, .help = "the role may see the size: needs CONNECT on the database, or pg_monitor"},
};
// clang-format on

static const struct dataset dataset = {
    .name = "database_sizes",
    .help = "a database: its size on disk and its growth, measured now and then",
    .columns = columns,
    .n_columns = sizeof(columns) / sizeof(columns[0]),
    .whole = true,
    .every = EVERY_S,
    .baseline_every = EVERY_S,
};

struct point {
    double mono_s, bytes;
};

struct database {
    int64_t oid;
    double due_s; /* on the monotonic clock */
    double cost_ms;
    struct point now;
    struct point points[N_POINTS]; /* oldest first */
    int n_points;
};

struct sizes {
    struct database *databases;
    int n;
    struct sample *pending; /* the sample of the poll that goes on, lacking the sizes */
};

static void reset(void *state)
{
    struct sizes *z = state;
    free(z->databases);
    sample_unref(z->pending);
    memset(z, 0, sizeof(*z));
}

static struct database *find(struct sizes *z, int64_t oid)
{
    for (int i = 0; i < z->n; i++)
        if (z->databases[i].oid == oid)
            return &z->databases[i];
    return NULL;
}

/* What has gone is forgotten, what is new is due at once. */
static void meet_databases(struct sizes *z, const struct sample *s)
{
    const int64_t *oids = s->values[dataset_column(&dataset, "datid")].integer;
    struct database *met = mem_new_array((size_t)s->n_rows, sizeof(*met));
    for (int i = 0; i < s->n_rows; i++) {
        const struct database *known = find(z, oids[i]);
        if (known != NULL)
            met[i] = *known;
        else
            met[i] = (struct database){.oid = oids[i], .now = {NAN, NAN}, .cost_ms = NAN};
    }
    free(z->databases);
    z->databases = met;
    z->n = s->n_rows;
}

static void remember(struct database *d, double mono_s, double bytes, double cost_ms)
{
    d->now = (struct point){mono_s, bytes};
    d->cost_ms = cost_ms;
    if (d->n_points > 0 && mono_s - d->points[d->n_points - 1].mono_s < POINT_EVERY_S)
        return;
    if (d->n_points == N_POINTS)
        memmove(d->points, d->points + 1, sizeof(d->points[0]) * (size_t)--d->n_points);
    d->points[d->n_points++] = d->now;
}

static void put(struct sample *s, const char *column, int row, double value)
{
    s->values[dataset_column(&dataset, column)].real[row] = value;
}

static void deliver(struct pg_poll *p)
{
    struct sizes *z = pg_state(p);
    struct sample *s = z->pending;
    z->pending = NULL;
    if (s == NULL) { /* the connection was remade meanwhile */
        pg_poll_failed(p, FAILURE_LOST, "the connection was lost");
        return;
    }
    for (int i = 0; i < s->n_rows; i++) {
        const struct database *d = &z->databases[i];
        put(s, "size_bytes", i, d->now.bytes);
        put(s, "measured_age_s", i, s->mono_s - d->now.mono_s < 0 ? 0 : s->mono_s - d->now.mono_s);
        put(s, "measure_ms", i, d->cost_ms);
        if (d->n_points == 0 || d->points[0].mono_s >= d->now.mono_s)
            continue;
        double span = d->now.mono_s - d->points[0].mono_s;
        put(s, "growth_span_s", i, span);
        put(s, "growth_bytes_per_s", i, (d->now.bytes - d->points[0].bytes) / span);
    }
    pg_poll_done(p, s);
}

/* A failure (a database dropped under our eyes) leaves what was known; the next round is a minute away. */
static void on_sizes(struct pg_poll *p, const struct pg_rows *rows, enum failure why, const char *text)
{
    if (rows == NULL && why == FAILURE_LOST) {
        pg_poll_failed(p, why, text);
        return;
    }
    struct sizes *z = pg_state(p);
    for (int i = 0; rows != NULL && i < pg_rows_n(rows); i++) {
        struct database *d = find(z, pg_rows_int(rows, i, pg_rows_column(rows, "oid")));
        double bytes = pg_rows_real(rows, i, pg_rows_column(rows, "bytes"));
        double cost = pg_rows_real(rows, i, pg_rows_column(rows, "cost_ms"));
        if (d == NULL || isnan(bytes))
            continue;
        remember(d, pg_rows_mono_s(rows), bytes, cost);
        d->due_s = pg_rows_mono_s(rows) + fmax(cost * z->n / BUDGET, EVERY_S / 2.0);
    }
    deliver(p);
}

/* The clock is read before and after: volatile functions of a select list are called from left to right. */
static const char measure[] =
    "select oid::int8 as oid, bytes, date_part('epoch', t1 - t0) * 1000 as cost_ms from"
    " (select d.oid, clock_timestamp() as t0, pg_database_size(d.oid) as bytes, clock_timestamp() as t1"
    " from pg_database d where d.oid = any($1::oid[]) and " MAY_SEE " offset 0) m";

static void on_names(struct pg_poll *p, const struct pg_rows *rows, enum failure why, const char *text)
{
    if (rows == NULL) {
        pg_poll_failed(p, why, text);
        return;
    }
    struct sizes *z = pg_state(p);
    sample_unref(z->pending);
    z->pending = pg_sample(p, rows);
    meet_databases(z, z->pending);
    const double *may_see = z->pending->values[dataset_column(&dataset, "may_see")].real;
    struct text due;
    text_init(&due, 1 << 20);
    text_add_char(&due, '{');
    for (int i = 0; i < z->n; i++)
        if (may_see[i] > 0 && z->databases[i].due_s <= pg_rows_mono_s(rows))
            text_addf(&due, "%s%lld", due.len > 1 ? "," : "", (long long)z->databases[i].oid);
    text_add_char(&due, '}');
    const char *param = text_str(&due);
    if (due.len > 2)
        pg_run(p, measure, 1, &param, on_sizes);
    else
        deliver(p);
    text_done(&due);
}

static void start(struct pg_poll *p)
{
    char *list = pg_select_list(p);
    struct text sql;
    text_init(&sql, 1 << 16);
    text_addf(&sql, "select %s from pg_database d where d.datallowconn order by d.oid", list);
    pg_run(p, text_str(&sql), 0, NULL, on_names);
    text_done(&sql);
    free(list);
}

const struct pg_collector pg_database_sizes = {
    .dataset = &dataset,
    .lane = PG_SLOW,
    .start = start,
    .state_size = sizeof(struct sizes),
    .state_done = reset,
    .state_reset = reset,
};
