/* The overhead governor: stretches the cadence of expensive datasets so that our own cost on a server stays within a budget. */
#include "engine/governor.h"

#include <math.h>
#include <stddef.h>

enum { LARGEST_STRETCH = 64 };
static const double eased_at_most_s = 5;

/* What is measured is wall time. On a busy server that is mostly waiting for a processor, which costs nobody anything: without care we
 * would look away when we are needed most. So the estimate follows the quick polls, and the slow ones only when they stay. */
void governor_learn(struct feed *f, double own_ms)
{
    if (f->samples == 0)
        return; /* the first one pays for cold caches */
    double weight = f->samples == 1 ? 1 : own_ms < f->mean_ms ? 0.5 : 1.0 / 16;
    f->mean_ms += (own_ms - f->mean_ms) * weight;
}

double governor_ease(const struct feed *f, double every_s, double budget)
{
    double share_ms_per_s = budget * 1000 / 4;
    while (f->mean_ms / every_s > share_ms_per_s && every_s * 2 <= eased_at_most_s)
        every_s *= 2;
    return every_s;
}

static double feed_cost(const struct feed *f)
{
    return f->polls == 0 || isinf(f->every_s) || f->every_s <= 0 ? 0 : f->mean_ms / f->every_s;
}

double governor_cost(const struct target *t)
{
    double sum = 0;
    for (int i = 0; i < t->n_feeds; i++)
        sum += feed_cost(&t->feeds[i]);
    return sum;
}

void governor_stretch(struct feed *f)
{
    if (f->stretch >= LARGEST_STRETCH)
        return;
    f->stretch *= 2;
    f->every_s *= 2;
    f->next_due_s += f->every_s / 2;
}

/* What was stretched least recently is not known; the cheapest goes back first, so that the fast lane recovers first. */
static struct feed *cheapest_stretched(const struct target *t)
{
    struct feed *found = NULL;
    for (int i = 0; i < t->n_feeds; i++) {
        struct feed *f = &t->feeds[i];
        if (f->stretch > 1 && (found == NULL || feed_cost(f) < feed_cost(found)))
            found = f;
    }
    return found;
}

static struct feed *dearest(const struct target *t)
{
    struct feed *found = NULL;
    for (int i = 0; i < t->n_feeds; i++) {
        struct feed *f = &t->feeds[i];
        if ((f->wanted || f->need_s > 0) && f->stretch < LARGEST_STRETCH && (found == NULL || feed_cost(f) > feed_cost(found)))
            found = f;
    }
    return found;
}

void governor_balance(struct target *t, double budget)
{
    double allowed_ms_per_s = budget * 1000, cost = governor_cost(t);
    if (cost > allowed_ms_per_s) {
        struct feed *f = dearest(t);
        if (f != NULL)
            governor_stretch(f);
        return;
    }
    struct feed *f = cheapest_stretched(t);
    if (f != NULL && cost + feed_cost(f) < allowed_ms_per_s * 0.8) {
        f->stretch /= 2;
        f->every_s /= 2;
    }
}
