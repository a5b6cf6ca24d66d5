/* What is due is asked of the sources, tick by tick. */
#include <math.h>

#include "core/loop.h"
#include "engine/derived.h"
#include "engine/engine_private.h"
#include "engine/governor.h"

/* What is due within this time goes out together, in one pipeline; more than that many wait for the next
 * tick. */
static const double together_s = 0.05;
enum { MOST_AT_ONCE = 64 };

/* A tick that finds its next one due at once must still let the loop turn. */
static const double least_sleep_s = 0.001;

/* What is asked already may have been read before the moment that is meant. */
static double due_of(const struct feed *f)
{
    return f->soon_s > 0 && !f->outstanding ? fmin(f->soon_s, f->next_due_s) : f->next_due_s;
}

void engine_arm(struct engine *e)
{
    double now = loop_mono_s(), next = now + e->options.refresh_s;
    for (int i = 0; i < e->n_targets; i++)
        next = fmin(next, e->targets[i]->turn_s);
    loop_timer_start(e->timer, fmax(least_sleep_s, next - now), 0);
}

static double next_turn(const struct target *t)
{
    double next = fmin(t->open_s, t->own_s);
    for (int i = 0; i < t->n_feeds && t->state == SOURCE_UP; i++)
        next = fmin(next, due_of(&t->feeds[i]));
    return next;
}

void engine_turn(struct engine *e, struct target *t)
{
    t->turn_s = next_turn(t);
    engine_arm(e);
}

static void poll_due(struct engine *e, struct target *t, double now)
{
    const struct dataset *due[MOST_AT_ONCE];
    int n = 0;
    for (int i = 0; i < t->n_feeds && n < MOST_AT_ONCE; i++) {
        struct feed *f = &t->feeds[i];
        double due_s = due_of(f);
        if (due_s > now + together_s)
            continue;
        f->every_s = engine_cadence_of(e, f);
        /* From the time it was due, so that delays do not add up; after a long sleep (a suspended laptop)
         * from now. */
        double next = due_s < now - f->every_s ? now + f->every_s : due_s + f->every_s;
        f->next_due_s = target_beat(t, next, e->options.refresh_s);
        if (f->outstanding) {
            f->skipped++;
            continue;
        }
        f->outstanding = true;
        if (f->soon_s <= now + together_s)
            f->soon_s = 0;
        due[n++] = f->dataset;
    }
    if (n > 0)
        t->product->poll(t->source, due, n);
}

/* What can never work is told as what does not answer: others are watched by now. */
static void open_now(struct engine *e, struct target *t)
{
    struct err err = {0};
    if (engine_open(e, t, &err))
        return;
    struct source_host host = engine_host(t);
    host.status(host.ctx, &(struct source_status){
                              .state = SOURCE_DOWN, .error = err.text, .rtt_ms = NAN, .started_s = NAN});
}

static void take_turn(struct engine *e, struct target *t, double now)
{
    bool late = target_is_waiting(t);
    if (t->open_s <= now + together_s)
        open_now(e, t);
    if (t->state == SOURCE_UP)
        poll_due(e, t, now);
    if (late || !target_is_waiting(t)) /* else when the answers are there, a moment later */
        engine_make_own(e, t);
    else
        t->own_s = now + e->options.refresh_s;
    governor_balance(t, e->options.budget_ratio);
    t->turn_s = next_turn(t);
}

/* Only those whose turn it is: what a target costs must not grow with the number of the others. */
void engine_tick(void *ctx)
{
    struct engine *e = ctx;
    double now = loop_mono_s();
    for (int i = 0; i < e->n_targets; i++)
        if (e->targets[i]->turn_s <= now + together_s)
            take_turn(e, e->targets[i], now);
    engine_arm(e);
}

double engine_read_at(const struct engine *e, const char *target, const char *dataset)
{
    const struct dataset *d = registry_find(e->registry, dataset);
    const struct sample *s = d == NULL ? NULL : store_newest(e->store, target, d);
    return s == NULL ? NAN : s->mono_s;
}

void engine_soon(struct engine *e, const char *target, const char *dataset, double after_s)
{
    struct target *t = engine_find(e, target);
    const struct dataset *d = registry_find(e->registry, dataset);
    const struct derived *made = d == NULL ? NULL : derived_find(d);
    for (int i = 0; t != NULL && d != NULL && i < t->n_feeds; i++) {
        struct feed *f = &t->feeds[i];
        bool missing = f->error != NULL && (f->failure == FAILURE_PERMISSION || f->failure == FAILURE_ABSENT);
        if (!missing && (f->dataset == d || (made != NULL && derived_from(made, f->dataset->name))))
            f->soon_s = loop_mono_s() + after_s;
    }
    if (t != NULL)
        engine_turn(e, t);
}
