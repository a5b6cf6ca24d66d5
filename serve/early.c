/* Questions that come too early: over what a guard reads only now that somebody asks. They wait for it, the
 * loop does not; what was never read is no answer, since nothing looks like 0. */
#include <stdint.h>
#include <stdlib.h>

#include "core/mem.h"
#include "core/text.h"
#include "cures/advisor.h"
#include "cures/finding_table.h"
#include "cures/ledger.h"
#include "engine/derived.h"
#include "serve/inside.h"

enum { MOST_EARLY = 64 };
static const double wait_s = 5, look_every_s = 0.05;

struct early {
    struct early *next;
    struct ask *ask;
    struct query query; /* with copies of all that it names */
    enum shape shape;
    double until_s; /* monotonic */
    const struct dataset **datasets;
    int n_datasets;
};

/* ---- What is not there yet ---- */

static bool is_in_store(struct serve *s, int target, const struct dataset *d)
{
    struct engine *e = s->parts.engine;
    return store_newest(engine_store(e), engine_target_name(e, target), d) != NULL;
}

/* Read from the source, which has neither given nor refused it. */
static bool is_unpolled(struct serve *s, int target, const struct dataset *d)
{
    struct engine_feed feed;
    engine_feed(s->parts.engine, target, d, &feed);
    return feed.polled && feed.samples == 0 && (feed.error == NULL || feed.passing);
}

/* Made from others: as long as one of those may come. What is made of none comes when the clock ticks. */
static bool is_unmade(struct serve *s, int target, const struct derived *made)
{
    if (is_in_store(s, target, made->dataset))
        return false;
    for (const char *const *from = made->from; from != NULL && *from != NULL; from++) {
        const struct dataset *source = registry_find(s->parts.registry, *from);
        if (source != NULL && is_unpolled(s, target, source))
            return true;
    }
    return made->from == NULL;
}

/* Findings are found once all that they stand on was read; afterwards they are what was found last. */
static bool is_unjudged(struct serve *s, int target, const struct dataset *d)
{
    if (s->parts.advisor == NULL)
        return false;
    s->judged = s->judged || advisor_is_complete(s->parts.advisor);
    return !is_in_store(s, target, d) || (d == &findings_dataset && !s->judged);
}

/* It is not there, but will be: somebody who asks has made it wanted. */
static bool is_awaited(struct serve *s, int target, const struct dataset *d)
{
    struct source_status status;
    const struct derived *made = derived_find(d);
    engine_target_status(s->parts.engine, target, &status);
    if (d == &ledger_dataset) /* of our own disk, whatever the target does */
        return !is_in_store(s, target, d);
    if (status.state == SOURCE_DOWN || engine_lacks(s->parts.engine, target, d))
        return false;
    if (d == &findings_dataset || d == &checks_dataset)
        return is_unjudged(s, target, d);
    return made != NULL ? is_unmade(s, target, made) : is_unpolled(s, target, d);
}

/* The first that is missing, or NULL. */
static const struct dataset *missing(struct serve *s, const struct dataset *const *datasets, int n,
                                     int *target)
{
    for (int i = 0; i < n; i++)
        for (*target = 0; *target < engine_targets(s->parts.engine); ++*target)
            if (is_awaited(s, *target, datasets[i]))
                return datasets[i];
    return NULL;
}

/* ---- Those who wait ---- */

static void query_copy(struct query *out, const struct query *q)
{
    struct query_param *params = mem_new_array((size_t)q->n_params, sizeof(*params));
    for (int i = 0; i < q->n_params; i++) {
        params[i] = (struct query_param){mem_dup(q->params[i].name), q->params[i].value};
        if (params[i].value.type == VALUE_TEXT)
            params[i].value.text = mem_dup(params[i].value.text);
    }
    *out = *q;
    out->sql = mem_dup(q->sql);
    out->params = params;
}

static void query_done(struct query *q)
{
    for (int i = 0; i < q->n_params; i++) {
        free((void *)(uintptr_t)q->params[i].name);
        if (q->params[i].value.type == VALUE_TEXT)
            free((void *)(uintptr_t)q->params[i].value.text);
    }
    free((void *)(uintptr_t)q->params);
    free((void *)(uintptr_t)q->sql);
}

static void early_free(struct early *e)
{
    query_done(&e->query);
    free(e->datasets);
    free(e);
}

/* A dashboard goes on with its other panes when one is refused, and takes 503 for a guard that is not there.
 */
static void refuse(struct serve *s, struct early *e, const struct dataset *d, int target)
{
    struct engine_feed feed;
    struct text t;
    engine_feed(s->parts.engine, target, d, &feed);
    text_init(&t, 1000);
    text_addf(&t, "%s of %s was not read yet: %s", d->name, engine_target_name(s->parts.engine, target),
              feed.error != NULL ? feed.error : "ask again in a second");
    answer_late_again(e->ask, e->shape == SHAPE_COLUMNAR ? 425 : 503, text_str(&t));
    text_done(&t);
}

/* True: E is answered, or nobody waits for it. */
static bool settle(struct serve *s, struct early *e)
{
    int target;
    const struct dataset *d = missing(s, e->datasets, e->n_datasets, &target);
    bool waited = answer_is_awaited(e->ask);
    if (waited && d != NULL && loop_mono_s() < e->until_s)
        return false;
    if (waited && d != NULL)
        refuse(s, e, d, target);
    else
        answer_late_query(e->ask, &e->query, e->shape);
    return true;
}

static void on_time(void *ctx)
{
    struct serve *s = ctx;
    for (struct early **at = &s->earlies; *at != NULL;) {
        struct early *e = *at;
        if (settle(s, e)) {
            *at = e->next;
            early_free(e);
            s->n_earlies--;
        } else
            at = &e->next;
    }
    if (s->earlies == NULL)
        loop_timer_stop(s->early_timer);
}

static void hold(struct serve *s, struct http_call *c, const struct query *q, enum shape shape,
                 const struct dataset **datasets, int n)
{
    struct early *e = mem_new(sizeof(*e));
    *e = (struct early){.next = s->earlies,
                        .ask = answer_wait(s, c),
                        .shape = shape,
                        .until_s = loop_mono_s() + wait_s,
                        .datasets = datasets,
                        .n_datasets = n};
    query_copy(&e->query, q);
    if (s->early_timer == NULL)
        s->early_timer = loop_timer_new(s->parts.loop, on_time, s);
    if (s->earlies == NULL)
        loop_timer_start(s->early_timer, look_every_s, look_every_s);
    s->earlies = e;
    s->n_earlies++;
}

void early_query(struct serve *s, struct http_call *c, const struct query *q, enum shape shape)
{
    int target;
    const struct dataset **datasets = mem_new_array((size_t)s->parts.registry->n, sizeof(*datasets));
    int n = demand_uses(s->parts.registry, q->sql, datasets);
    if (missing(s, datasets, n, &target) == NULL) {
        answer_query(s, c, q, shape);
        free(datasets);
    } else if (s->n_earlies < MOST_EARLY) {
        hold(s, c, q, shape, datasets, n);
    } else {
        answer_error_with(s, c, 503, "too many questions wait for what is read now", "Retry-After", "1");
        free(datasets);
    }
}

void early_end(struct serve *s)
{
    while (s->earlies != NULL) {
        struct early *e = s->earlies;
        s->earlies = e->next;
        answer_late(e->ask, 503, "this process ends");
        early_free(e);
    }
    if (s->early_timer != NULL)
        loop_timer_free(s->early_timer);
    s->early_timer = NULL;
}
