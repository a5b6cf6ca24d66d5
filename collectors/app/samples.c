/* From what an answer tells to samples of the shared datasets. */
#include <math.h>
#include <stdio.h>
#include <string.h>

#include "collectors/app/app.h"

// clang-format off
static const struct filling {
    const char *column;
    int field;
} pool_columns[] = {
    {"size", POOL_SIZE}, {"max_size", POOL_MAX_SIZE}, {"in_use", POOL_IN_USE}, {"idle", POOL_IDLE}, {"waiting", POOL_WAITING},
    {"max_wait_ms", POOL_MAX_WAIT_MS}, {"avg_wait_ms", POOL_AVG_WAIT_MS}, {"connect_ms", POOL_CONNECT_MS}, {"timeouts", POOL_TIMEOUTS},
    {NULL, 0},
}, cache_columns[] = {
    {"hits", CACHE_HITS}, {"misses", CACHE_MISSES}, {"used_bytes", CACHE_USED_BYTES}, {"max_bytes", CACHE_MAX_BYTES},
    {"entries", CACHE_ENTRIES}, {"max_entries", CACHE_MAX_ENTRIES}, {"evictions", CACHE_EVICTIONS}, {"ttl_s", CACHE_TTL_S},
    {NULL, 0},
};
// clang-format on
static const struct filling *const fillings[N_APP_ROLES] = {pool_columns, cache_columns};
static const char *const role_words[N_APP_ROLES] = {"pool", "cache"};

static void set_text(struct sample *s, int row, const char *column, const char *v)
{
    if (v != NULL)
        sample_set_text(s, dataset_column(s->dataset, column), row, v, strlen(v));
}

static void set(struct sample *s, int row, const char *column, double v)
{
    s->values[dataset_column(s->dataset, column)].real[row] = v;
}

/* A name that no row before ROW has: two rows of one key would be one. */
static void set_name(struct sample *s, int row, const char *name)
{
    int column = dataset_column(s->dataset, "name"), same = 1;
    char unique[240];
    snprintf(unique, sizeof(unique), "%s", name);
    for (int i = 0; i < row; i++) {
        const char *taken = s->values[column].text[i];
        if (strcmp(taken, unique) == 0) {
            snprintf(unique, sizeof(unique), "%.200s-%d", name, ++same);
            i = -1;
        }
    }
    sample_set_text(s, column, row, unique, strlen(unique));
}

/* The numbers that the [target] gives count for every pool; the rest follows from what is told. */
static void complete(enum app_role role, const struct app_role_words *w, double v[APP_FIELDS])
{
    for (int i = 0; i < APP_FIELDS; i++)
        if (!isnan(w->fields[i].number))
            v[i] = w->fields[i].number;
    if (role != APP_POOL)
        return;
    if (v[POOL_MAX_SIZE] <= 0) /* no limit, as Go's database/sql says it */
        v[POOL_MAX_SIZE] = NAN;
    if (isnan(v[POOL_MAX_SIZE]) && v[POOL_MAX_OVERFLOW] >= 0)
        v[POOL_MAX_SIZE] = v[POOL_SIZE] + v[POOL_MAX_OVERFLOW];
    if (isnan(v[POOL_IN_USE]))
        v[POOL_IN_USE] = v[POOL_TOTAL] - v[POOL_IDLE];
    if (isnan(v[POOL_IDLE]))
        v[POOL_IDLE] = v[POOL_TOTAL] - v[POOL_IN_USE];
}

/* What tells the COLUMN of ROLE, NULL if nothing does. */
static const struct filling *filling_of(enum app_role role, const char *column)
{
    for (const struct filling *f = fillings[role]; f->column != NULL; f++)
        if (strcmp(f->column, column) == 0)
            return f;
    return NULL;
}

/* Why no row has a value in COLUMN. */
static void say_why(char *why, size_t size, enum app_role role, const char *column, const struct app_words *w,
                    const struct app_reading *r)
{
    bool full = strcmp(column, "utilization") == 0, limit = full || strcmp(column, "max_size") == 0;
    const struct filling *f = filling_of(role, full ? "max_size" : column);
    const char *lost = f != NULL ? r->lost[role][f->field] : NULL;
    if (lost != NULL)
        snprintf(why, size, "%s", lost);
    else if (limit)
        snprintf(why, size,
                 "the largest size is not told: pool.max_overflow = N, or pool.max_size = N, in [target "
                 "%.60s]",
                 w->config.name);
    else if (f != NULL)
        snprintf(why, size, "not told, or not recognised: %s.%s = $.path in [target %.60s]", role_words[role],
                 column, w->config.name);
    else
        snprintf(why, size, "an application does not tell it");
}

/* A column that no row has a value in is not there, and says why. */
static void say_lacking(struct sample *s, enum app_role role, const struct app_words *w,
                        const struct app_reading *r)
{
    char why[400];
    for (int i = 0; i < s->dataset->n_columns; i++) {
        const struct column *c = &s->dataset->columns[i];
        bool any = c->kind == KIND_DERIVED || c->kind == KIND_KEY || s->n_rows == 0;
        for (int row = 0; row < s->n_rows && !any; row++)
            any = c->type == TYPE_TEXT ? s->values[i].text[row] != NULL : !isnan(s->values[i].real[row]);
        if (any)
            continue;
        say_why(why, sizeof(why), role, c->name, w, r);
        sample_lacks(s, i, why);
    }
}

static struct sample *things(const struct app_words *w, const struct app_reading *r, const struct dataset *d,
                             enum app_role role)
{
    const struct app_things *t = &r->things[role];
    struct sample *s = sample_new(d, t->n);
    for (int row = 0; row < t->n; row++) {
        double v[APP_FIELDS];
        memcpy(v, t->items[row].v, sizeof(v));
        complete(role, &w->roles[role], v);
        set_text(s, row, "kind", "app");
        set_name(s, row,
                 t->items[row].name != NULL && t->items[row].name[0] != '\0' ? t->items[row].name
                                                                             : w->config.name);
        for (const struct filling *f = fillings[role]; f->column != NULL; f++)
            set(s, row, f->column, v[f->field]);
        if (role == APP_POOL)
            set(s, row, "utilization", v[POOL_MAX_SIZE] > 0 ? v[POOL_IN_USE] / v[POOL_MAX_SIZE] : NAN);
    }
    say_lacking(s, role, w, r);
    return s;
}

static struct sample *latency(const struct app_reading *r)
{
    struct sample *s = sample_new(&dataset_latency, r->n_series);
    int bucket = dataset_column(s->dataset, "bucket_1"), upto = dataset_column(s->dataset, "upto_1");
    for (int row = 0; row < r->n_series; row++) {
        const struct app_series *a = &r->series[row];
        uint64_t bounds = EPOCH_START;
        set_text(s, row, "name", a->name);
        set_text(s, row, "series", a->series);
        set(s, row, "count", a->count);
        set(s, row, "sum_ms", a->sum_ms);
        set(s, row, "highest_ms", a->upto[a->n - 2]);
        for (int i = 0; i < a->n; i++) {
            s->values[bucket + i].real[row] = a->counts[i];
            s->values[upto + i].real[row] = a->upto[i];
            bounds = epoch_add(bounds, &a->upto[i], sizeof(a->upto[i]));
        }
        set(s, row, "bounds_id", (double)(bounds % 1000000000));
        if (r->series_cut) /* which series there was room for may change */
            s->epoch = epoch_add(epoch_add(s->epoch, a->name, strlen(a->name)), a->series, strlen(a->series));
    }
    return s;
}

static struct sample *errors(const struct app_reading *r)
{
    int n = r->n_errors + (r->health != NULL);
    struct sample *s = sample_new(&dataset_errors, n);
    for (int row = 0; row < n; row++) {
        bool own = row == r->n_errors;
        const struct app_error *e = own ? NULL : &r->errors[row];
        char name[300];
        snprintf(name, sizeof(name), "%.200s%s%s", own ? "health" : e->name,
                 !own && e->sqlstate != NULL ? " " : "", !own && e->sqlstate != NULL ? e->sqlstate : "");
        set_text(s, row, "kind", "app");
        set_name(s, row, name);
        set_text(s, row, "severity", own ? r->health : e->severity);
        set_text(s, row, "sqlstate", own ? NULL : e->sqlstate);
        set(s, row, "errors", own ? NAN : e->errors);
        set(s, row, "requests", own ? NAN : e->requests);
    }
    return s;
}

struct sample *app_sample(const struct app_words *w, const struct app_reading *r, const struct dataset *d,
                          struct err *why)
{
    const char *metrics = r->json ? "JSON has none: only Prometheus text does" : "its metrics have none";
    if (d == &dataset_access)
        return app_access(w, r);
    for (int role = 0; role < N_APP_ROLES; role++)
        if (d == (role == APP_POOL ? &dataset_pools : &dataset_caches)) {
            if (r->things[role].n > 0)
                return things(w, r, d, (enum app_role)role);
            const char *lost = app_lost(r, (enum app_role)role);
            if (lost != NULL) {
                fail(why, "%s", lost);
                return NULL;
            }
            fail(why, "no %s is told%s, or none is recognised: %s.%s = $.path in [target %s]",
                 role_words[role], r->cut ? " among the members that are read, for there are too many" : "",
                 role_words[role], role == APP_POOL ? "in_use" : "hits", w->config.name);
            return NULL;
        }
    if (d == &dataset_latency && (r->n_series > 0 || r->announced))
        return latency(r);
    if (d == &dataset_errors && (r->n_errors > 0 || r->health != NULL || !r->json))
        return errors(r);
    if (d == &dataset_latency)
        fail(why, "no histogram of times (%s); latency = NAME in [target %s] takes one of any name", metrics,
             w->config.name);
    else
        fail(why, "no counter of errors (%s)", metrics);
    return NULL;
}
