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
    const char *family; /* the shape of families[] */
} metrics[] = {
    {"hikaricp_connections",               APP_POOL,  POOL_TOTAL,    NULL, NULL, "HikariCP"},
    {"hikaricp_connections_timeout",       APP_POOL,  POOL_TIMEOUTS, NULL, NULL, "HikariCP"},
    /* OpenTelemetry's semantic conventions, new and old */
    {"db_client_connection_count",         APP_POOL,  POOL_IN_USE,   "state", "used", "OpenTelemetry"},
    {"db_client_connection_count",         APP_POOL,  POOL_IDLE,     "state", "idle", "OpenTelemetry"},
    {"db_client_connections_usage",        APP_POOL,  POOL_IN_USE,   "state", "used", "OpenTelemetry"},
    {"db_client_connections_usage",        APP_POOL,  POOL_IDLE,     "state", "idle", "OpenTelemetry"},
    {"db_client_connection_count",         APP_POOL,  POOL_IN_USE,   "db_client_connection_state", "used", "OpenTelemetry"},
    {"db_client_connection_count",         APP_POOL,  POOL_IDLE,     "db_client_connection_state", "idle", "OpenTelemetry"},
    {"cache_gets",                         APP_CACHE, CACHE_HITS,    "result", "hit", NULL},
    {"cache_gets",                         APP_CACHE, CACHE_MISSES,  "result", "miss", NULL},
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

/* The answer is gone through twice: what are pools and caches is noted before their numbers are taken. */
struct taking {
    const struct app_words *words;
    struct app_reading *reading;
    struct groups *groups;
    bool noting;
};

/* The thing that L is of, made if it is new. */
static struct app_thing *thing_of(struct taking *k, enum app_role role, const char *family,
                                  const struct prom_line *l)
{
    const char *name = NULL;
    int group = groups_find(k->groups, role, family, l, &name);
    struct app_things *t = &k->reading->things[role];
    for (int i = 0; i < t->n; i++)
        if (t->items[i].group == group && (name == NULL) == (t->items[i].name == NULL) &&
            (name == NULL || strcmp(t->items[i].name, name) == 0))
            return &t->items[i];
    struct app_thing *thing = group >= 0 ? app_add_thing(k->reading, role, name) : NULL;
    if (thing != NULL)
        thing->group = group;
    return thing;
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
static void put(struct taking *k, enum app_role role, int field, const char *family,
                const struct prom_line *l)
{
    bool begins;
    if (!isfinite(l->value))
        return;
    if (k->noting) {
        groups_note(k->groups, role, family, l);
        return;
    }
    struct app_thing *t = thing_of(k, role, family, l);
    if (t == NULL || !is_teller(k->words, k->reading, t, role, field, l->name, &begins))
        return;
    double sum = begins ? 0 : t->v[field];
    t->v[field] = app_can_be(role, field, l->value) ? sum + l->value : NAN;
}

/* Of a metric that the [target] names: a library's, else any. */
static const char *family_of(const char *metric)
{
    for (size_t i = 0; i < sizeof(families) / sizeof(families[0]); i++)
        if (families[i].shape != NULL && strncmp(metric, families[i].start, strlen(families[i].start)) == 0)
            return families[i].shape;
    return ANY_FAMILY;
}

/* pool.in_use = my_metric. */
static bool take_named(struct taking *k, const struct prom_line *l)
{
    bool taken = false;
    for (int role = 0; role < N_APP_ROLES; role++)
        for (int f = 0; f < APP_FIELDS; f++) {
            const char *metric = k->words->roles[role].fields[f].metric;
            if (metric != NULL && strcmp(metric, l->name) == 0) {
                put(k, (enum app_role)role, f, family_of(metric), l);
                taken = true;
            }
        }
    return taken;
}

static bool take_metric(struct taking *k, const struct prom_line *l, size_t len)
{
    for (size_t i = 0; i < sizeof(metrics) / sizeof(metrics[0]); i++) {
        const char *label = metrics[i].label != NULL ? prom_label(l, metrics[i].label) : NULL;
        if (is(l->name, len, metrics[i].metric) &&
            (metrics[i].label == NULL || (label != NULL && strcmp(label, metrics[i].value) == 0))) {
            put(k, metrics[i].role, metrics[i].field, metrics[i].family, l);
            return true;
        }
    }
    return false;
}

static void take_family(struct taking *k, const struct prom_line *l, size_t len)
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
            put(k, families[i].role, field, families[i].shape, l);
            k->reading->shape = shape != NULL ? shape : k->reading->shape;
        }
        return;
    }
}

/* Whether L is of a pool or a cache, and of nothing else. */
static bool take(struct taking *k, const struct prom_line *l, size_t base)
{
    if (take_named(k, l) || take_metric(k, l, base))
        return true;
    take_family(k, l, base);
    return false;
}

static void note_all(struct taking *k, const char *text, size_t len)
{
    struct prom p;
    struct prom_line l;
    prom_init(&p, text, len);
    k->noting = true;
    while (prom_next(&p, &l))
        take(k, &l, prom_base(l.name));
    k->noting = false;
}

bool app_read_prom(const struct app_words *w, const char *text, size_t len, struct app_reading *r,
                   struct err *err)
{
    static const char type[] = " histogram\n"; /* the end of a line # TYPE */
    struct prom p;
    struct prom_line l;
    struct histograms *histograms = histograms_new(w->latency);
    struct taking taking = {.words = w, .reading = r, .groups = groups_new(r->arena)};
    int good = 0;
    note_all(&taking, text, len);
    prom_init(&p, text, len);
    while (prom_next(&p, &l)) {
        size_t base = prom_base(l.name);
        good++;
        if (strcmp(l.name, "process_start_time_seconds") == 0 && isfinite(l.value))
            r->started_s = l.value;
        else if (!take(&taking, &l, base)) {
            histograms_take(histograms, r, &l);
            errors_take(r, &l);
        }
    }
    groups_free(taking.groups);
    histograms_finish(histograms, r);
    errors_finish(r);
    r->announced = memmem(text, len, type, strlen(type)) != NULL;
    if (good == 0 || p.bad > good)
        return fail(err, "answered with what is neither JSON nor Prometheus text");
    return true;
}
