/* Questions that come too early: over what a guard reads only now that somebody asks. They wait for it, the
 * loop does not; what was never read is no answer, since nothing looks like 0. */
#include <math.h>
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
static const double asked_every_s = 5; /* how often what somebody asks for is read, at least */

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

static const struct sample *newest(struct serve *s, int target, const struct dataset *d)
{
    struct engine *e = s->parts.engine;
    return store_newest(engine_store(e), engine_target_name(e, target), d);
}

static bool is_in_store(struct serve *s, int target, const struct dataset *d)
{
    return newest(s, target, d) != NULL;
}

/* What is there was read for somebody who asked long ago: now it is read anew. That it is asked for again the
 * cadence may not show yet. */
static bool is_stale(struct serve *s, int target, const struct dataset *d, const struct engine_feed *feed)
{
    const struct sample *last = newest(s, target, d);
    double every_s = fmin(feed->every_s, fmax(d->every, asked_every_s));
    return last != NULL && feed->error == NULL && loop_mono_s() - last->mono_s > 2 * every_s + 1;
}

/* Read from the source, which has neither given nor refused it of late. */
static bool is_unpolled(struct serve *s, int target, const struct dataset *d)
{
    struct engine_feed feed;
    engine_feed(s->parts.engine, target, d, &feed);
    return feed.polled &&
           (is_stale(s, target, d, &feed) || (feed.samples == 0 && (feed.error == NULL || feed.passing)));
}

/* Read from the source, which has not refused it. */
static bool is_read(struct serve *s, int target, const struct dataset *d)
{
    struct engine_feed feed;
    engine_feed(s->parts.engine, target, d, &feed);
    return feed.polled && feed.error == NULL;
}

/* Made from others: as long as one of those may come. What each of them makes is made from what is there only
 * when the next comes, if nobody asked for it before. What is made of none comes when the clock ticks. */
static bool is_unmade(struct serve *s, int target, const struct derived *made)
{
    const struct sample *own = newest(s, target, made->dataset);
    bool comes = made->from == NULL;
    for (const char *const *from = made->from; from != NULL && *from != NULL; from++) {
        const struct dataset *source = registry_find(s->parts.registry, *from);
        const struct sample *last = source == NULL ? NULL : newest(s, target, source);
        if (source != NULL && is_unpolled(s, target, source))
            return true;
        if (own != NULL && last != NULL && made->each && last->mono_s > own->mono_s + 1)
            return true;
        comes = comes || (made->each && source != NULL && is_read(s, target, source));
    }
    return own == NULL && comes;
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
    if (waited && d != NULL && !is_in_store(s, target, d))
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
