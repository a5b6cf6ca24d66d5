/* What a snapshot sees of a series, and which of its samples a window is measured from. */
#include <math.h>
#include <stdlib.h>

#include "core/series.h"

struct view *view_ref(struct view *v)
{
    atomic_fetch_add(&v->refs, 1);
    return v;
}

void view_unref(struct view *v)
{
    if (v == NULL || atomic_fetch_sub(&v->refs, 1) != 1)
        return;
    for (int i = 0; i < v->n_fulls; i++)
        sample_unref(v->fulls[i]);
    for (int i = 0; i < v->n_baselines; i++)
        sample_unref(v->baselines[i]);
    free(v->fulls); /* the baselines stand in the same block */
    cache_unref(v->cache);
    free(v);
}

int view_at(const struct view *v, double at_s)
{
    int i = v->n_fulls - 1;
    while (i >= 0 && v->fulls[i]->wall_s > at_s) /* false for NAN */
        i--;
    return i;
}

/* The sample before number NOW, of whatever epoch: the newest interval is shown as it is. */
static struct sample *before(const struct view *v, int now)
{
    if (now > 0)
        return v->fulls[now - 1];
    for (int i = v->n_baselines - 1; i >= 0; i--)
        if (v->baselines[i]->mono_s < v->fulls[now]->mono_s)
            return v->baselines[i];
    return NULL;
}

/* Of the samples before number NOW in its epoch, so that after a reset a window shows what has come since,
 * the one whose distance from MONO_S is least. Of two at the same moment the full one, which is matched
 * faster. */
static struct sample *nearest(const struct view *v, int now, double mono_s)
{
    const struct sample *end = v->fulls[now];
    struct sample *best = NULL;
    double least = INFINITY;
    for (int i = 0; i < v->n_baselines + now; i++) {
        struct sample *s = i < v->n_baselines ? v->baselines[i] : v->fulls[i - v->n_baselines];
        double distance = fabs(s->mono_s - mono_s);
        if (s->epoch != end->epoch || s->mono_s >= end->mono_s || distance > least)
            continue;
        best = s;
        least = distance;
    }
    return best;
}

static double start(const struct view *v)
{
    double full = v->fulls[0]->mono_s;
    return v->n_baselines > 0 ? fmin(full, v->baselines[0]->mono_s) : full;
}

struct sample *view_base(const struct view *v, int now, struct window_spec spec)
{
    struct sample *end = v->fulls[now];
    struct sample *base = NULL;
    switch (spec.kind) {
    case WINDOW_RESET:
        return end;
    case WINDOW_SECONDS:
        base = nearest(v, now, end->mono_s - spec.seconds);
        break;
    case WINDOW_START:
        base = nearest(v, now, start(v));
        break;
    case WINDOW_LAST:
        break;
    }
    return base != NULL ? base : before(v, now);
}
