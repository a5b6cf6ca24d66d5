/* What is due is asked of the sources, tick by tick. */
#include <math.h>

#include "core/loop.h"
#include "engine/engine_private.h"
#include "engine/governor.h"

/* What is due within this time goes out together, in one pipeline; more than that many wait for the next
 * tick. */
static const double together_s = 0.05;
enum { MOST_AT_ONCE = 64 };

/* A tick that finds its next one due at once must still let the loop turn. */
static const double least_sleep_s = 0.001;

void engine_arm(struct engine *e)
{
    double now = loop_mono_s(), next = now + e->options.refresh_s;
    for (int i = 0; i < e->n_targets; i++)
        for (int j = 0; j < e->targets[i]->n_feeds && e->targets[i]->state == SOURCE_UP; j++)
            next = fmin(next, e->targets[i]->feeds[j].next_due_s);
    loop_timer_start(e->timer, fmax(least_sleep_s, next - now), 0);
}

static void poll_due(struct engine *e, struct target *t, double now)
{
    const struct dataset *due[MOST_AT_ONCE];
    int n = 0;
    for (int i = 0; i < t->n_feeds && n < MOST_AT_ONCE; i++) {
        struct feed *f = &t->feeds[i];
        if (f->next_due_s > now + together_s)
            continue;
        f->every_s = engine_cadence_of(e, f);
        /* From the time it was due, so that delays do not add up; after a long sleep (a suspended laptop)
         * from now. */
        double next = f->next_due_s < now - f->every_s ? now + f->every_s : f->next_due_s + f->every_s;
        f->next_due_s = target_beat(t, next, e->options.refresh_s);
        if (f->outstanding) {
            f->skipped++;
            continue;
        }
        f->outstanding = true;
        due[n++] = f->dataset;
    }
    if (n > 0)
        t->product->poll(t->source, due, n);
}

void engine_tick(void *ctx)
{
    struct engine *e = ctx;
    double now = loop_mono_s();
    for (int i = 0; i < e->n_targets; i++) {
        struct target *t = e->targets[i];
        bool late = target_is_waiting(t);
        if (t->state == SOURCE_UP)
            poll_due(e, t, now);
        if (late || !target_is_waiting(t)) /* else when the answers are there, a moment later */
            engine_make_own(e, t);
        governor_balance(t, e->options.budget_ratio);
    }
    engine_arm(e);
}
