/* Histograms of Prometheus text: the series that time a database's work, or requests, as rows of `latency`.
 */
#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "collectors/app/prom_answer.h"
#include "core/mem.h"
#include "core/text.h"
#include "core/utf8.h"

enum { MOST_RAW = 200, LONGEST_SERIES = 300 };

struct bucket {
    double upto, count;
};
struct histogram {
    const char *name, *series; /* in the reading's arena */
    uint64_t id;               /* of both: most are told apart by it */
    double factor;             /* to ms */
    double count, sum;
    struct bucket *buckets;
    int n;
};
struct histograms {
    const char *names;
    struct histogram *list;
    int n, last; /* where the last line belonged: the next one often does too */
    bool cut;
};

struct histograms *histograms_new(const char *names)
{
    struct histograms *h = mem_new(sizeof(*h));
    h->names = names;
    return h;
}

/* The unit that a name ends with. */
static double factor_of(const char *name, size_t *len)
{
    // clang-format off
    static const struct {
        const char *end;
        double factor;
    } units[] = {
        {"_seconds", 1000}, {"_milliseconds", 1}, {"_ms", 1}, {"_microseconds", 1e-3}, {"_us", 1e-3}, {"_nanoseconds", 1e-6},
    };
    // clang-format on
    for (size_t i = 0; i < sizeof(units) / sizeof(units[0]); i++)
        if (prom_ends(name, *len, units[i].end)) {
            *len -= strlen(units[i].end);
            return units[i].factor;
        }
    return NAN;
}

static bool is_named(const char *names, const char *name, size_t len)
{
    size_t n;
    for (const char *at = names; at != NULL && (n = text_word(&at)) > 0; at += n)
        if (n == len && strncmp(at, name, len) == 0)
            return true;
    return false;
}

/* Does one of the words of NAME speak of a database or of requests? */
static bool speaks(const char *name, size_t len)
{
    static const char *const subjects[] = {
        "db",         "database", "query",   "queries",  "sql",         "statement", "statements", "postgres",
        "postgresql", "pg",       "sqlite",  "jdbc",     "sqlalchemy",  "hikaricp",  "pgxpool",    "redis",
        "cache",      "http",     "request", "requests", "transaction", "connection"};
    for (size_t at = 0; at < len;) {
        size_t n = 0;
        while (at + n < len && name[at + n] != '_' && name[at + n] != ':')
            n++;
        for (size_t i = 0; i < sizeof(subjects) / sizeof(subjects[0]); i++)
            if (strlen(subjects[i]) == n && strncmp(name + at, subjects[i], n) == 0)
                return true;
        at += n + 1;
    }
    return false;
}

static int by_name(const void *a, const void *b)
{
    return strcmp(((const struct prom_label *)a)->name, ((const struct prom_label *)b)->name);
}

/* The labels but `le`, in an order that is the same for all lines of a series. */
static void series_of(const struct prom_line *l, struct text *out)
{
    struct prom_label labels[PROM_LABELS];
    int n = 0;
    for (int i = 0; i < l->n_labels; i++)
        if (strcmp(l->labels[i].name, "le") != 0 && strcmp(l->labels[i].name, "quantile") != 0)
            labels[n++] = l->labels[i];
    qsort(labels, (size_t)n, sizeof(labels[0]), by_name);
    for (int i = 0; i < n; i++) {
        text_addf(out, "%s%s=", i > 0 ? "," : "", labels[i].name);
        utf8_mend(out, labels[i].value, strlen(labels[i].value));
    }
}

static bool is_same(const struct histogram *h, const char *name, size_t len, const char *series)
{
    return strncmp(h->name, name, len) == 0 && h->name[len] == '\0' && strcmp(h->series, series) == 0;
}

static struct histogram *find(struct histograms *h, struct app_reading *r, const char *name, size_t len,
                              const char *series)
{
    uint64_t id = epoch_add(epoch_add(EPOCH_START, name, len), series, strlen(series) + 1);
    for (int i = 0; i < h->n; i++) {
        int at = (h->last + i) % h->n;
        if (h->list[at].id == id && is_same(&h->list[at], name, len, series)) {
            h->last = at;
            return &h->list[at];
        }
    }
    if (h->n == MOST_SERIES) {
        h->cut = true;
        return NULL;
    }
    h->list = mem_grow(h->list, (size_t)h->n + 1, sizeof(*h->list));
    h->last = h->n++;
    h->list[h->last] = (struct histogram){.name = arena_dup_n(r->arena, name, len),
                                          .series = arena_dup(r->arena, series),
                                          .id = id,
                                          .count = NAN,
                                          .sum = NAN};
    return &h->list[h->last];
}

static void add_bucket(struct histogram *g, const struct prom_line *l)
{
    const char *le = prom_label(l, "le");
    char *end;
    double upto = le != NULL ? strtod(le, &end) : NAN;
    if (isnan(upto) || end == le || *end != '\0' || !(l->value >= 0) || isinf(l->value) || g->n == MOST_RAW)
        return;
    g->buckets = mem_grow(g->buckets, (size_t)g->n + 1, sizeof(*g->buckets));
    g->buckets[g->n++] = (struct bucket){upto, l->value};
}

void histograms_take(struct histograms *h, struct app_reading *r, const struct prom_line *l)
{
    static const char *const ends[] = {"_bucket", "_sum", "_count"};
    size_t len = strlen(l->name), part = 0;
    while (part < 3 && !prom_ends(l->name, len, ends[part]))
        part++;
    if (part == 3)
        return;
    len -= strlen(ends[part]);
    bool named = is_named(h->names, l->name, len);
    size_t bare = len;
    double factor = factor_of(l->name, &bare);
    if (bare == 0 || (!named && (isnan(factor) || !speaks(l->name, bare))))
        return;
    struct text series;
    text_init(&series, LONGEST_SERIES);
    series_of(l, &series);
    struct histogram *g = find(h, r, l->name, bare, text_str(&series));
    text_done(&series);
    if (g == NULL)
        return;
    g->factor = isnan(factor) ? 1000 : factor; /* seconds are Prometheus' own unit */
    if (part == 0)
        add_bucket(g, l);
    else if (isfinite(l->value))
        *(part == 1 ? &g->sum : &g->count) = l->value;
}

static int by_bound(const void *a, const void *b)
{
    double x = ((const struct bucket *)a)->upto, y = ((const struct bucket *)b)->upto;
    return (x > y) - (x < y);
}

/* At most LATENCY_BUCKETS of them: a bound that is left out makes the next bucket wider, and what is counted
 * up to the others stays true. */
static void merge(const struct histogram *g, struct app_series *s)
{
    int n = g->n < LATENCY_BUCKETS ? g->n : LATENCY_BUCKETS;
    for (int i = 0; i < n; i++) {
        /* The last one, without a bound, and the one before it always stay. */
        int from = g->n <= n || i >= n - 2 ? g->n - n + i : (int)((double)i * (g->n - 2) / (n - 2));
        s->upto[i] = g->buckets[from].upto * g->factor;
        s->counts[i] = g->buckets[from].count;
    }
    s->n = n;
}

/* The bucket without a bound counts what _count does, which stands for it where it was left out. */
static bool is_whole(struct histogram *g)
{
    qsort(g->buckets, (size_t)g->n, sizeof(*g->buckets), by_bound);
    int n = 0;
    for (int i = 0; i < g->n; i++)
        if (n == 0 || g->buckets[n - 1].upto != g->buckets[i].upto)
            g->buckets[n++] = g->buckets[i];
    g->n = n;
    if (n > 0 && n < MOST_RAW && g->buckets[n - 1].upto != INFINITY && g->count >= 0) {
        g->buckets = mem_grow(g->buckets, (size_t)n + 1, sizeof(*g->buckets));
        g->buckets[g->n++] = (struct bucket){INFINITY, g->count};
    }
    return g->n >= 2 && g->buckets[g->n - 1].upto == INFINITY;
}

/* What a larger bound counts includes what a smaller one does. */
static bool is_cumulative(const struct histogram *g)
{
    for (int i = 1; i < g->n; i++)
        if (g->buckets[i].count < g->buckets[i - 1].count)
            return false;
    return true;
}

void histograms_finish(struct histograms *h, struct app_reading *r)
{
    r->series = mem_new_array((size_t)h->n, sizeof(*r->series));
    r->series_cut = h->cut;
    for (int i = 0; i < h->n; i++) {
        struct histogram *g = &h->list[i];
        if (g->n > 0 && is_whole(g)) {
            bool cumulative = is_cumulative(g);
            struct app_series *s = &r->series[r->n_series++];
            *s = (struct app_series){.name = g->name, .series = g->series, .sum_ms = g->sum * g->factor};
            merge(g, s);
            s->count = isnan(g->count) ? s->counts[s->n - 1] : g->count;
            for (int k = 0; !cumulative && k < s->n; k++)
                s->counts[k] = NAN;
        }
        free(g->buckets);
    }
    free(h->list);
    free(h);
}
