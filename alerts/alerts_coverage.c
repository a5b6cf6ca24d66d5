/* Whether what a rule reads of a target can be believed: fresh, answered, and covering its window. */
#include <math.h>
#include <stdlib.h>
#include <string.h>

#include "alerts/alerts_private.h"
#include "core/mem.h"

static const double cadences = 3, least_s = 5, least_share = 0.8;

struct question {
    const struct alerts *alerts;
    const struct rule *rule;
    const struct snapshot *snapshot;
    struct window_spec window;
    double now_s;
    int target;      /* of the engine */
    int in_snapshot; /* -1: it has no sample */
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
static char *lack_of_window(const struct question *q, const struct dataset *d)
{
    char has[24], wants[24];
    if (q->window.kind != WINDOW_SECONDS || !counts(d) || q->in_snapshot < 0)
        return NULL;
    double span_s = snapshot_span_s(q->snapshot, q->in_snapshot, d, q->window);
    if (span_s >= least_share * q->window.seconds)
        return NULL;
    unit_format(has, sizeof(has), isnan(span_s) ? 0 : span_s, UNIT_S);
    unit_format(wants, sizeof(wants), q->window.seconds, UNIT_S);
    return say("the window covers %s of %s", has, wants);
}

/* Why D has no data, or NULL. SERVED: the target has such a dataset at all. */
static char *lack_of(const struct question *q, const struct dataset *d, bool *served)
{
    struct engine_feed feed;
    const struct engine *e = q->alerts->engine;
    engine_feed(e, q->target, d, &feed);
    *served = *served && (feed.polled || feed.samples > 0);
    if (!*served || is_made_here(d))
        return NULL;
    struct source_status status;
    engine_target_status(e, q->target, &status);
    if (status.state != SOURCE_UP)
        return mem_dup("the target is not up");
    if (feed.error != NULL)
        return say("%s failed: %s", d->name, feed.error);
    const struct sample *s =
        store_newest(engine_store(q->alerts->engine), engine_target_name(e, q->target), d);
    if (s == NULL)
        return feed.polled ? say("no sample of %s yet%s", d->name, "") : NULL;
    double age_s = q->now_s - s->mono_s;
    if (feed.polled && age_s > fmax(least_s, cadences * feed.every_s)) {
        char age[24];
        unit_format(age, sizeof(age), age_s, UNIT_S);
        return say("%s is %s old", d->name, age);
    }
    return lack_of_window(q, d);
}

static int find(const struct snapshot *s, const char *target)
{
    for (int i = 0; i < snapshot_targets(s); i++)
        if (strcmp(snapshot_target(s, i), target) == 0)
            return i;
    return -1;
}

struct coverage *coverage_of(const struct alerts *a, const struct rule *rule, const struct snapshot *snapshot,
                             double now_s, int *n)
{
    struct question q = {.alerts = a, .rule = rule, .snapshot = snapshot, .now_s = now_s};
    int n_targets = engine_targets(a->engine);
    struct coverage *list = mem_new_array((size_t)n_targets, sizeof(*list));
    if (rule->window == NULL || !window_spec_parse(rule->window, &q.window, NULL))
        q.window = (struct window_spec){.kind = WINDOW_LAST};
    *n = 0;
    for (q.target = 0; q.target < n_targets; q.target++) {
        const char *name = engine_target_name(a->engine, q.target);
        char *why = NULL;
        bool served = true;
        q.in_snapshot = find(snapshot, name);
        for (int i = 0; i < rule->uses.n && why == NULL && served; i++)
            why = lack_of(&q, rule->uses.datasets[i], &served);
        if (served)
            list[(*n)++] = (struct coverage){.target = mem_dup(name), .no_data = why};
        else
            free(why);
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
