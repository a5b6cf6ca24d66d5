/* The overhead governor: stretches the cadence of expensive datasets so that our own cost on a server stays within a budget. */
#include "engine/governor.h"

#include <math.h>
#include <stddef.h>

enum { LARGEST_STRETCH = 64 };
static const double eased_at_most_s = 5;

/* What is measured is wall time. On a busy server that is mostly waiting for a processor, which costs nobody anything: without care we
 * would look away when we are needed most. So the estimate follows the quick polls, and the slow ones only when they stay. */
void governor_learn(struct series *s, double own_ms)
{
    if (s->samples == 0)
        return; /* the first one pays for cold caches */
    double weight = s->samples == 1 ? 1 : own_ms < s->mean_ms ? 0.5 : 1.0 / 16;
    s->mean_ms += (own_ms - s->mean_ms) * weight;
}

double governor_ease(const struct series *s, double every_s, double budget)
{
    double share_ms_per_s = budget * 1000 / 4;
    while (s->mean_ms / every_s > share_ms_per_s && every_s * 2 <= eased_at_most_s)
        every_s *= 2;
    return every_s;
}

static double series_cost(const struct series *s)
{
    return s->polls == 0 || isinf(s->every_s) || s->every_s <= 0 ? 0 : s->mean_ms / s->every_s;
}

double governor_cost(const struct target *t)
{
    double sum = 0;
    for (int i = 0; i < t->n_series; i++)
        sum += series_cost(&t->series[i]);
    return sum;
}

void governor_stretch(struct series *s)
{
    if (s->stretch >= LARGEST_STRETCH)
        return;
    s->stretch *= 2;
    s->every_s *= 2;
    s->next_due_s += s->every_s / 2;
}

/* What was stretched least recently is not known; the cheapest goes back first, so that the fast lane recovers first. */
static struct series *cheapest_stretched(const struct target *t)
{
    struct series *found = NULL;
    for (int i = 0; i < t->n_series; i++) {
        struct series *s = &t->series[i];
        if (s->stretch > 1 && (found == NULL || series_cost(s) < series_cost(found)))
            found = s;
    }
    return found;
}

static struct series *dearest(const struct target *t)
{
    struct series *found = NULL;
    for (int i = 0; i < t->n_series; i++) {
        struct series *s = &t->series[i];
        if (s->wanted && s->stretch < LARGEST_STRETCH && (found == NULL || series_cost(s) > series_cost(found)))
            found = s;
    }
    return found;
}

void governor_balance(struct target *t, double budget)
{
    double allowed_ms_per_s = budget * 1000, cost = governor_cost(t);
    if (cost > allowed_ms_per_s) {
        struct series *s = dearest(t);
        if (s != NULL)
            governor_stretch(s);
        return;
    }
    struct series *s = cheapest_stretched(t);
    if (s != NULL && cost + series_cost(s) < allowed_ms_per_s * 0.8) {
        s->stretch /= 2;
        s->every_s /= 2;
    }
}
