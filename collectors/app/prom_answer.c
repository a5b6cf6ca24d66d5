/* An application's Prometheus text: the pools and caches among its metrics. Histograms and errors have files
 * of their own. */
#include <math.h>
#include <stdio.h>
#include <string.h>

#include "collectors/app/prom_answer.h"
#include "core/utf8.h"

/* Of whole names: what a metric means; with LABEL only its samples in which that has this value. Without
 * _total. */
// clang-format off
static const struct {
    const char *metric;
    enum app_role role;
    int field;
    const char *label, *value;
} metrics[] = {
    {"hikaricp_connections",               APP_POOL,  POOL_TOTAL,    NULL, NULL},
    {"hikaricp_connections_timeout",       APP_POOL,  POOL_TIMEOUTS, NULL, NULL},
    /* OpenTelemetry's semantic conventions, new and old */
    {"db_client_connection_count",         APP_POOL,  POOL_IN_USE,   "state", "used"},
    {"db_client_connection_count",         APP_POOL,  POOL_IDLE,     "state", "idle"},
    {"db_client_connections_usage",        APP_POOL,  POOL_IN_USE,   "state", "used"},
    {"db_client_connections_usage",        APP_POOL,  POOL_IDLE,     "state", "idle"},
    {"db_client_connection_count",         APP_POOL,  POOL_IN_USE,   "db_client_connection_state", "used"},
    {"db_client_connection_count",         APP_POOL,  POOL_IDLE,     "db_client_connection_state", "idle"},
    {"cache_gets",                         APP_CACHE, CACHE_HITS,    "result", "hit"},
    {"cache_gets",                         APP_CACHE, CACHE_MISSES,  "result", "miss"},
};
/* Of names that begin so: the rest is a word of the vocabulary. */
static const struct {
    const char *start;
    enum app_role role;
    const char *shape;
} families[] = {
    {"hikaricp_connections_",        APP_POOL,  "HikariCP"},
    {"db_client_connections_",       APP_POOL,  "OpenTelemetry"},
    {"db_client_connection_",        APP_POOL,  "OpenTelemetry"},
    {"sqlalchemy_pool_",             APP_POOL,  "SQLAlchemy pool"},
    {"sqlalchemy_connection_pool_",  APP_POOL,  "SQLAlchemy pool"},
    {"pgxpool_",                     APP_POOL,  "pgx pool"},
    {"go_sql_",                      APP_POOL,  "Go database/sql"},
    {"db_connection_pool_",          APP_POOL,  NULL},
    {"db_pool_",                     APP_POOL,  NULL},
    {"pg_pool_",                     APP_POOL,  NULL},
    {"connection_pool_",             APP_POOL,  NULL},
    {"cache_",                       APP_CACHE, NULL},
};
/* Labels that name a pool or a cache, the first that is there. */
static const char *const naming[] = {"pool_name", "db_client_connection_pool_name", "db_client_connections_pool_name", "cache", "cache_name", "pool",
                                     "name", "db_name", "datasource"};
// clang-format on

bool prom_ends(const char *name, size_t len, const char *end)
{
    size_t n = strlen(end);
    return len >= n && strncmp(name + len - n, end, n) == 0;
}

size_t prom_base(const char *name)
{
    size_t len = strlen(name);
    return prom_ends(name, len, "_total") ? len - strlen("_total") : len;
}

static bool is(const char *name, size_t len, const char *metric)
{
    return strlen(metric) == len && strncmp(name, metric, len) == 0;
}

/* The thing that L is of, made if it is new. */
static struct app_thing *thing_of(struct app_reading *r, enum app_role role, const struct prom_line *l)
{
    const char *name = NULL;
    for (size_t i = 0; i < sizeof(naming) / sizeof(naming[0]) && name == NULL; i++)
        name = prom_label(l, naming[i]);
    struct app_things *t = &r->things[role];
    char clean[201] = "";
    if (name != NULL) {
        snprintf(clean, sizeof(clean), "%s", name);
        name = utf8_keep(r->arena, clean, strlen(clean));
    }
    for (int i = 0; i < t->n; i++)
        if ((name == NULL) == (t->items[i].name == NULL) &&
            (name == NULL || strcmp(t->items[i].name, name) == 0))
            return &t->items[i];
    return app_add_thing(r, role, name);
}

/* Of several metrics that tell the same of a thing the one that the [target] names counts, else the first;
 * whether this is a sample of it. BEGINS: the first one. */
static bool is_teller(const struct app_words *w, struct app_reading *r, struct app_thing *t,
                      enum app_role role, int field, const char *metric, bool *begins)
{
    const char *named = w->roles[role].fields[field].metric, *told = t->metric[field];
    *begins = told == NULL || (named != NULL && strcmp(metric, named) == 0 && strcmp(told, named) != 0);
    if (*begins)
        t->metric[field] = utf8_keep(r->arena, metric, strlen(metric));
    return *begins || strcmp(told, metric) == 0;
}

/* Samples that differ in other labels are parts of one: without one of them the sum is none. */
static void put(const struct app_words *w, struct app_reading *r, enum app_role role, int field,
                const struct prom_line *l)
{
    struct app_thing *t = isfinite(l->value) ? thing_of(r, role, l) : NULL;
    bool begins;
    if (t == NULL || !is_teller(w, r, t, role, field, l->name, &begins))
        return;
    double sum = begins ? 0 : t->v[field];
    t->v[field] = app_can_be(role, field, l->value) ? sum + l->value : NAN;
}

/* pool.in_use = my_metric. */
static bool take_named(const struct app_words *w, struct app_reading *r, const struct prom_line *l)
{
    bool taken = false;
    for (int role = 0; role < N_APP_ROLES; role++)
        for (int f = 0; f < APP_FIELDS; f++) {
            const char *metric = w->roles[role].fields[f].metric;
            if (metric != NULL && strcmp(metric, l->name) == 0) {
                put(w, r, (enum app_role)role, f, l);
                taken = true;
            }
        }
    return taken;
}

static bool take_metric(const struct app_words *w, struct app_reading *r, const struct prom_line *l,
                        size_t len)
{
    for (size_t i = 0; i < sizeof(metrics) / sizeof(metrics[0]); i++) {
        const char *label = metrics[i].label != NULL ? prom_label(l, metrics[i].label) : NULL;
        if (is(l->name, len, metrics[i].metric) &&
            (metrics[i].label == NULL || (label != NULL && strcmp(label, metrics[i].value) == 0))) {
            put(w, r, metrics[i].role, metrics[i].field, l);
            return true;
        }
    }
    return false;
}

static void take_family(const struct app_words *w, struct app_reading *r, const struct prom_line *l,
                        size_t len)
{
    char word[100];
    for (size_t i = 0; i < sizeof(families) / sizeof(families[0]); i++) {
        size_t n = strlen(families[i].start);
        if (len <= n || strncmp(l->name, families[i].start, n) != 0)
            continue;
        const char *shape = families[i].shape;
        snprintf(word, sizeof(word), "%.*s", (int)(len - n), l->name + n);
        int field = app_field(families[i].role, word, &shape);
        if (field >= 0) {
            put(w, r, families[i].role, field, l);
            r->shape = shape != NULL ? shape : r->shape;
        }
        return;
    }
}

bool app_read_prom(const struct app_words *w, const char *text, size_t len, struct app_reading *r,
                   struct err *err)
{
    static const char type[] = " histogram\n"; /* the end of a line # TYPE */
    struct prom p;
    struct prom_line l;
    struct histograms *histograms = histograms_new(w->latency);
    int good = 0;
    prom_init(&p, text, len);
    while (prom_next(&p, &l)) {
        size_t base = prom_base(l.name);
        good++;
        if (strcmp(l.name, "process_start_time_seconds") == 0 && isfinite(l.value))
            r->started_s = l.value;
        else if (!take_named(w, r, &l) && !take_metric(w, r, &l, base)) {
            take_family(w, r, &l, base);
            histograms_take(histograms, r, &l);
            errors_take(r, &l);
        }
    }
    histograms_finish(histograms, r);
    errors_finish(r);
    r->announced = memmem(text, len, type, strlen(type)) != NULL;
    if (good == 0 || p.bad > good)
        return fail(err, "answered with what is neither JSON nor Prometheus text");
    return true;
}
