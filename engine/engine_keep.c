/* What the sources answer is kept, with what is made from it. */
#include <math.h>
#include <stdlib.h>

#include "core/loop.h"
#include "core/mem.h"
#include "engine/derived.h"
#include "engine/engine_private.h"
#include "engine/governor.h"

/* A grant or an extension that is missing is looked for this rarely. */
static const double missing_retry_s = 60;
/* An answer is late when less than this part of the interval is left until the next poll. */
static const double late_ratio = 0.7;

void engine_keep(struct engine *e, struct target *t, struct sample *s)
{
    const struct dataset *d = s->dataset;
    store_put(e->store, t->config.name, s);
    if (e->sample_fn != NULL)
        e->sample_fn(e->sample_ctx, t->config.name, d);
}

/* Makes what is made from SAMPLE. Waits and changes go on whether or not somebody looks: their past is what
 * they are for. */
static void derive(struct engine *e, struct target *t, struct sample *sample, const struct sample *before)
{
    for (int i = 0; i < n_derived; i++) {
        const struct derived *d = derived_table[i];
        if (!derived_from(d, sample->dataset->name))
            continue;
        struct sample *made = d->make(t, t->derived_states[i], sample, before);
        if (made != NULL)
            engine_keep(e, t, made);
    }
}

/* SAMPLE with all that is made from it. Takes the reference. */
static void keep_all(struct engine *e, struct target *t, struct sample *sample)
{
    struct sample *before = store_newest(e->store, t->config.name, sample->dataset);
    if (before != NULL)
        sample_ref(before);
    sample_ref(sample);
    engine_keep(e, t, sample);
    derive(e, t, sample, before);
    sample_unref(sample);
    sample_unref(before);
}

void engine_make_own(struct engine *e, struct target *t)
{
    for (int i = 0; i < n_derived; i++) {
        const struct derived *d = derived_table[i];
        if (d->from != NULL || !engine_is_asked_for(e, d->dataset))
            continue;
        struct sample *made = d->make(t, t->derived_states[i], NULL, NULL);
        if (made != NULL)
            engine_keep(e, t, made);
    }
    t->own_s = loop_mono_s() + e->options.refresh_s;
}

/* T came up, or went down. */
static void derive_from_state(struct engine *e, struct target *t)
{
    for (int i = 0; i < n_derived; i++) {
        const struct derived *d = derived_table[i];
        struct sample *made = d->states ? d->make(t, t->derived_states[i], NULL, NULL) : NULL;
        if (made != NULL)
            engine_keep(e, t, made);
    }
}

/* The last answer of a beat is there: what is told of the target tells of it too. */
static void answered(struct target *t)
{
    if (!target_is_waiting(t))
        engine_make_own(t->engine, t);
}

static void add_cost(struct feed *f, const struct poll_cost *cost, double rtt_ms)
{
    f->polls++;
    f->rows += cost->rows;
    f->server_ms += cost->server_ms;
    f->client_ms += cost->client_ms;
    f->bytes += (double)cost->bytes;
    f->lane = cost->lane;
    double own = cost->server_ms - (isnan(rtt_ms) ? 0 : rtt_ms);
    governor_learn(f, fmax(0, own));
}

static void on_sample(void *ctx, struct sample *sample, const struct poll_cost *cost)
{
    struct target *t = ctx;
    struct engine *e = t->engine;
    struct feed *f = target_feed(t, sample->dataset);
    if (f == NULL) {
        sample_unref(sample);
        return;
    }
    f->outstanding = false;
    add_cost(f, cost, t->rtt_ms);
    free(f->error);
    f->error = NULL;
    f->samples++;
    t->newest_mono_s = loop_mono_s();
    /* After a late answer comes a whole interval: servers count in steps of about a second, and a shorter one
     * would show nothing or a burst. */
    if (f->next_due_s < t->newest_mono_s + late_ratio * f->every_s)
        f->next_due_s = target_beat(t, t->newest_mono_s + f->every_s, e->options.refresh_s);
    /* A baseline needs no second sample soon; a page that is opened later asks at once. */
    if (f->samples == 1 && feed_is_asked(f) && f->every_s > e->options.first_s)
        f->next_due_s = fmin(f->next_due_s, t->newest_mono_s + e->options.first_s);
    keep_all(e, t, sample);
    answered(t);
    engine_turn(e, t);
}

static void on_failed(void *ctx, const struct dataset *d, enum failure why, const char *text)
{
    struct target *t = ctx;
    struct feed *f = target_feed(t, d);
    if (f == NULL)
        return;
    f->outstanding = false;
    f->failures++;
    f->failure = why;
    free(f->error);
    f->error = mem_dup(text);
    double now = loop_mono_s();
    if (why == FAILURE_PERMISSION || why == FAILURE_ABSENT)
        f->next_due_s = now + missing_retry_s;
    else if (why == FAILURE_TIMEOUT)
        governor_stretch(f);
    if (t->engine->sample_fn != NULL)
        t->engine->sample_fn(t->engine->sample_ctx, t->config.name, d);
    answered(t);
    engine_turn(t->engine, t);
}

static void on_status(void *ctx, const struct source_status *status)
{
    struct target *t = ctx;
    struct engine *e = t->engine;
    bool was_up = t->state == SOURCE_UP, changed = target_set_status(t, status);
    if (changed && t->state == SOURCE_UP && !was_up) {
        t->beat_s = loop_mono_s();
        for (int i = 0; i < t->n_feeds; i++)
            if (feed_is_asked(&t->feeds[i]) || t->feeds[i].dataset->baseline_every > 0)
                t->feeds[i].next_due_s = t->beat_s;
    }
    const struct sample *before = store_newest(e->store, t->config.name, derived_targets.dataset);
    keep_all(e, t, derived_targets.make(t, NULL, NULL, before));
    if (changed)
        derive_from_state(e, t);
    engine_turn(e, t);
}

struct source_host engine_host(struct target *t)
{
    return (struct source_host){.ctx = t, .sample = on_sample, .failed = on_failed, .status = on_status};
}
