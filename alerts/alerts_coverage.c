/* Whether what a rule reads of a target can be believed: fresh, answered, and covering its window. */
#include <math.h>
#include <stdlib.h>
#include <string.h>

#include "alerts/alerts_private.h"
#include "core/mem.h"

static const double cadences = 3, least_s = 5, least_share = 0.8;

/* What is known of a dataset for a window, of each target. */
struct known {
    const struct dataset *dataset;
    struct window_spec window;
    struct lack {
        bool served; /* the target has such a dataset at all */
        char *why;   /* NULL: it can be believed */
    } * targets;
};
struct moment {
    const struct alerts *alerts;
    struct snapshot *snapshot;
    double now_s;
    int n_targets;
    int *in_snapshot; /* by number of the engine; -1: it has no sample */
    struct known *known;
    int n_known;
};

static bool is_made_here(const struct dataset *d)
{
    return strcmp(d->name, "targets") == 0 || strcmp(d->name, "changes") == 0;
}

static char *say(const char *format, const char *name, const char *more)
{
    struct text t;
    text_init(&t, 300);
    text_addf(&t, format, name, more);
    return text_take(&t);
}

static bool counts(const struct dataset *d)
{
    for (int i = 0; i < d->n_columns; i++)
        if (d->columns[i].kind == KIND_COUNTER)
            return true;
    return false;
}

/* Why the window of D is not covered, or NULL. */
static char *lack_of_window(const struct moment *m, const struct known *k, int target)
{
    char has[24], wants[24];
    if (k->window.kind != WINDOW_SECONDS || !counts(k->dataset))
        return NULL;
    double span_s = snapshot_span_s(m->snapshot, m->in_snapshot[target], k->dataset, k->window);
    if (span_s >= least_share * k->window.seconds)
        return NULL;
    unit_format(has, sizeof(has), isnan(span_s) ? 0 : span_s, UNIT_S);
    unit_format(wants, sizeof(wants), k->window.seconds, UNIT_S);
    return say("the window covers %s of %s", has, wants);
}

static char *lack_of_age(const struct moment *m, const struct known *k, const struct engine_feed *feed,
                         const struct sample *newest)
{
    char age[24];
    double age_s = m->now_s - newest->mono_s;
    if (!feed->polled || age_s <= fmax(least_s, cadences * feed->every_s))
        return NULL;
    unit_format(age, sizeof(age), age_s, UNIT_S);
    return say("%s is %s old", k->dataset->name, age);
}

static struct lack lack_of(const struct moment *m, const struct known *k, int target)
{
    struct engine_feed feed;
    struct source_status status;
    const struct engine *e = m->alerts->engine;
    int at = m->in_snapshot[target];
    const struct sample *newest = at < 0 ? NULL : snapshot_newest(m->snapshot, at, k->dataset);
    engine_feed(e, target, k->dataset, &feed);
    engine_target_status(e, target, &status);
    struct lack lack = {.served = feed.polled || newest != NULL};
    if (!lack.served || is_made_here(k->dataset))
        return lack;
    if (status.state != SOURCE_UP)
        lack.why = mem_dup("the target is not up");
    else if (feed.error != NULL)
        lack.why = say("%s failed: %s", k->dataset->name, feed.error);
    else if (newest == NULL)
        lack.why = say("no sample of %s yet%s", k->dataset->name, "");
    else
        lack.why = lack_of_age(m, k, &feed, newest);
    if (lack.why == NULL)
        lack.why = lack_of_window(m, k, target);
    return lack;
}

/* Found, or found out. */
static const struct known *know(struct moment *m, const struct dataset *d, struct window_spec window)
{
    for (int i = 0; i < m->n_known; i++) {
        const struct known *k = &m->known[i];
        if (k->dataset == d && k->window.kind == window.kind &&
            (window.kind != WINDOW_SECONDS || fabs(k->window.seconds - window.seconds) < 0.001))
            return k;
    }
    m->known = mem_grow(m->known, (size_t)m->n_known + 1, sizeof(*m->known));
    struct known *k = &m->known[m->n_known++];
    *k = (struct known){.dataset = d, .window = window};
    k->targets = mem_new_array((size_t)m->n_targets, sizeof(*k->targets));
    for (int i = 0; i < m->n_targets; i++)
        k->targets[i] = lack_of(m, k, i);
    return k;
}

/* Mostly they stand in the same order. */
static int find(const struct snapshot *s, const char *target, int hint)
{
    int n = snapshot_targets(s);
    for (int i = 0; i < n; i++)
        if (strcmp(snapshot_target(s, (hint + i) % n), target) == 0)
            return (hint + i) % n;
    return -1;
}

struct moment *moment_new(const struct alerts *a, double now_s)
{
    struct moment *m = mem_new(sizeof(*m));
    *m = (struct moment){.alerts = a, .snapshot = store_snapshot(engine_store(a->engine)), .now_s = now_s};
    m->n_targets = engine_targets(a->engine);
    m->in_snapshot = mem_new_array((size_t)m->n_targets, sizeof(int));
    for (int i = 0; i < m->n_targets; i++)
        m->in_snapshot[i] = find(m->snapshot, engine_target_name(a->engine, i), i);
    return m;
}

void moment_free(struct moment *m)
{
    if (m == NULL)
        return;
    for (int i = 0; i < m->n_known; i++) {
        for (int t = 0; t < m->n_targets; t++)
            free(m->known[i].targets[t].why);
        free(m->known[i].targets);
    }
    free(m->known);
    free(m->in_snapshot);
    snapshot_unref(m->snapshot);
    free(m);
}

struct snapshot *moment_snapshot(const struct moment *m)
{
    return m->snapshot;
}

bool moment_has(const struct moment *m, const struct dataset *d)
{
    for (int t = 0; t < snapshot_targets(m->snapshot); t++)
        if (snapshot_newest(m->snapshot, t, d) != NULL)
            return true;
    return false;
}

double moment_age_s(const struct moment *m, double now_s)
{
    return now_s - m->now_s;
}

struct coverage *coverage_of(struct moment *m, const struct rule *rule, int *n)
{
    struct window_spec window;
    struct coverage *list = mem_new_array((size_t)m->n_targets, sizeof(*list));
    if (rule->window == NULL || !window_spec_parse(rule->window, &window, NULL))
        window = (struct window_spec){.kind = WINDOW_LAST};
    for (int i = 0; i < rule->uses.n; i++)
        know(m, rule->uses.datasets[i], window);
    *n = 0;
    for (int t = 0; t < m->n_targets; t++) {
        const char *why = NULL;
        bool served = true;
        for (int i = 0; i < rule->uses.n && served; i++) {
            const struct lack *lack = &know(m, rule->uses.datasets[i], window)->targets[t];
            served = lack->served;
            why = why == NULL ? lack->why : why;
        }
        if (served)
            list[(*n)++] = (struct coverage){.target = mem_dup(engine_target_name(m->alerts->engine, t)),
                                             .no_data = mem_dup(why)};
    }
    return list;
}

static void free_text(const char *s)
{
    union {
        const char *in;
        char *out;
    } u = {s};
    free(u.out);
}

void coverage_free(struct coverage *c, int n)
{
    for (int i = 0; i < n; i++) {
        free_text(c[i].target);
        free_text(c[i].no_data);
    }
    free(c);
}
