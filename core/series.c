/* The samples of one dataset of one target, over time: what is kept, what is thinned, what is given back. */
#include "core/series.h"

#include <assert.h>
#include <math.h>
#include <stdlib.h>
#include <string.h>

#include "core/baseline.h"
#include "core/index.h"
#include "core/mem.h"

enum {
    ALL_S = 30,     /* full samples of the last half minute are all kept, */
    THINNED_S = 5,  /* of older ones the first in each slot of 5 s */
    NEWEST_KEPT = 2 /* the newest interval is there whatever its size */
};

/* The windows that baselines are kept for. With three per rung, taken 0.4 of its length apart, the oldest is
 * always between 0.8 and 1.2 lengths old: rules ask for a span of at least 0.8 of the window. */
static const double rungs[] = {60, 300, 900, 3600};
enum { N_RUNGS = sizeof(rungs) / sizeof(rungs[0]), PER_RUNG = 3 };
static const double SPACING = 0.4;

struct kept_baseline {
    struct sample *sample;
    unsigned
        rungs; /* bit r: kept for rungs[r]. The first one stays without any: `start` is measured from it */
};

struct series {
    const struct dataset *dataset;
    bool has_counters;
    struct sample **fulls; /* the oldest first */
    int n_fulls, capacity;
    struct kept_baseline *baselines; /* the oldest first; each stands on the one before it; of one epoch */
    int n_baselines;
    struct cache *cache;
    struct view *view;                                            /* NULL after a change */
    size_t full_bytes, spare_bytes, baseline_bytes, cached_bytes; /* as counted by the last put */
    double bitten_mono_s; /* of the newest sample that went for want of memory; NAN */
};

struct series *series_new(const struct dataset *d)
{
    struct series *s = mem_new(sizeof(*s));
    s->dataset = d;
    for (int i = 0; i < d->n_columns; i++)
        s->has_counters |= d->columns[i].kind == KIND_COUNTER;
    s->cache = cache_new();
    s->bitten_mono_s = NAN;
    return s;
}

static void forget_view(struct series *s)
{
    view_unref(s->view);
    s->view = NULL;
}

static void clear_baselines(struct series *s)
{
    for (int i = 0; i < s->n_baselines; i++)
        sample_unref(s->baselines[i].sample);
    free(s->baselines);
    s->baselines = NULL;
    s->n_baselines = 0;
}

void series_free(struct series *s)
{
    if (s == NULL)
        return;
    forget_view(s);
    for (int i = 0; i < s->n_fulls; i++)
        sample_unref(s->fulls[i]);
    free(s->fulls);
    clear_baselines(s);
    cache_unref(s->cache);
    free(s);
}

const struct dataset *series_dataset(const struct series *s)
{
    return s->dataset;
}

struct sample *series_newest(const struct series *s)
{
    return s->n_fulls == 0 ? NULL : s->fulls[s->n_fulls - 1];
}

/* Which rungs want a baseline at this moment. */
static unsigned due_rungs(const struct series *s, double mono_s)
{
    unsigned due = 0;
    for (int r = 0; r < N_RUNGS; r++) {
        double newest = -INFINITY;
        for (int i = 0; i < s->n_baselines; i++)
            if (s->baselines[i].rungs & 1u << r)
                newest = s->baselines[i].sample->mono_s;
        if (mono_s - newest >= SPACING * rungs[r])
            due |= 1u << r;
    }
    return due;
}

/* Those after number I stand on a sample that was replaced: they stand on the new one now. */
static void restand(struct series *s, int i)
{
    for (i++; i < s->n_baselines; i++) {
        struct sample *old = s->baselines[i].sample;
        s->baselines[i].sample = sample_onto(old, s->baselines[i - 1].sample);
        sample_unref(old);
    }
}

/* What number I holds that the next one does not goes over to it. I is neither the first nor the last. */
static void drop_baseline(struct series *s, int i)
{
    struct sample *dropped = s->baselines[i].sample, *next = s->baselines[i + 1].sample;
    s->baselines[i + 1].sample = baseline_merge(dropped, next);
    sample_unref(dropped);
    sample_unref(next);
    s->n_baselines--;
    memmove(&s->baselines[i], &s->baselines[i + 1], (size_t)(s->n_baselines - i) * sizeof(s->baselines[0]));
    restand(s, i);
}

static void leave_rung(struct series *s, int r)
{
    int n = 0;
    for (int i = s->n_baselines - 1; i >= 0; i--)
        if (s->baselines[i].rungs & 1u << r && ++n > PER_RUNG)
            s->baselines[i].rungs &= ~(1u << r);
}

static void count_baselines(struct series *s)
{
    s->baseline_bytes = 0;
    for (int i = 0; i < s->n_baselines; i++)
        s->baseline_bytes += sample_size(s->baselines[i].sample);
}

static void put_baseline(struct series *s, struct sample *full)
{
    if (s->n_baselines > 0 && s->baselines[s->n_baselines - 1].sample->epoch != full->epoch)
        clear_baselines(s);
    unsigned due = due_rungs(s, full->mono_s);
    if (due == 0)
        return;
    struct sample *older = s->n_baselines == 0 ? NULL : s->baselines[s->n_baselines - 1].sample;
    s->baselines = mem_grow(s->baselines, (size_t)s->n_baselines + 1, sizeof(s->baselines[0]));
    s->baselines[s->n_baselines++] =
        (struct kept_baseline){.sample = baseline_new(older, full), .rungs = due};
    for (int r = 0; r < N_RUNGS; r++)
        leave_rung(s, r);
    for (int i = s->n_baselines - 2; i > 0; i--)
        if (s->baselines[i].rungs == 0)
            drop_baseline(s, i);
    count_baselines(s);
}

static void drop_fulls(struct series *s, int n)
{
    for (int i = 0; i < n; i++)
        sample_unref(s->fulls[i]);
    s->n_fulls -= n;
    memmove(s->fulls, s->fulls + n, (size_t)s->n_fulls * sizeof(s->fulls[0]));
}

static void thin(struct series *s, double keep_s)
{
    double now = series_newest(s)->mono_s;
    int n_old = 0;
    while (n_old < s->n_fulls - NEWEST_KEPT && now - s->fulls[n_old]->mono_s > keep_s)
        n_old++;
    drop_fulls(s, n_old);
    int kept = 0;
    double slot_before = NAN;
    for (int i = 0; i < s->n_fulls; i++) {
        double slot = floor(s->fulls[i]->mono_s / THINNED_S);
        bool stays =
            i >= s->n_fulls - NEWEST_KEPT || now - s->fulls[i]->mono_s <= ALL_S || slot != slot_before;
        slot_before = slot;
        if (stays)
            s->fulls[kept++] = s->fulls[i];
        else
            sample_unref(s->fulls[i]);
    }
    s->n_fulls = kept;
}

/* Hashes of samples that hardly anybody will ask go, where no snapshot is left through which one may be in
 * use (each view holds the cache). */
static void drop_hashes(struct series *s)
{
    for (int i = 0; i < s->n_fulls - NEWEST_KEPT && cache_is_own(s->cache); i++)
        indexes_free(s->fulls[i]);
}

static void count_fulls(struct series *s)
{
    s->full_bytes = s->spare_bytes = 0;
    for (int i = 0; i < s->n_fulls; i++) {
        size_t bytes = sample_size(s->fulls[i]);
        if (i > 0)
            bytes -= sample_size_shared(s->fulls[i], s->fulls[i - 1]);
        s->full_bytes += bytes;
        s->spare_bytes += i < s->n_fulls - NEWEST_KEPT ? bytes : 0;
    }
}

void series_give_full(struct series *s)
{
    assert(s->n_fulls > NEWEST_KEPT);
    s->bitten_mono_s = s->fulls[0]->mono_s;
    drop_fulls(s, 1);
    count_fulls(s); /* anew: hashes may have come to them since the last time */
    forget_view(s);
}

void series_give_baseline(struct series *s)
{
    if (s->n_baselines > 2)
        drop_baseline(s, 1);
    else
        clear_baselines(s);
    count_baselines(s);
    s->bitten_mono_s = series_newest(s)->mono_s;
    forget_view(s);
}

void series_put(struct series *s, struct sample *sample, const struct store_limits *limits)
{
    struct sample *newest = series_newest(s);
    if (newest != NULL && !(sample->mono_s > newest->mono_s)) {
        sample_unref(sample);
        return;
    }
    if (s->n_fulls == s->capacity) {
        s->capacity = s->capacity == 0 ? 4 : s->capacity * 2;
        s->fulls = mem_grow(s->fulls, (size_t)s->capacity, sizeof(s->fulls[0]));
    }
    sample_settle(sample, newest);
    s->fulls[s->n_fulls++] = sample;
    forget_view(s);
    thin(s, limits->keep_s);
    drop_hashes(s);
    if (s->has_counters)
        put_baseline(s, sample);
    count_fulls(s);
    while (s->full_bytes > limits->series_bytes && s->spare_bytes > 0)
        series_give_full(s);
    cache_prune(s->cache, s->fulls, s->n_fulls);
    s->cached_bytes = cache_bytes(s->cache);
}

double series_reach_s(const struct series *s, const struct store_limits *limits, bool *bitten)
{
    *bitten = false;
    if (s->n_fulls == 0)
        return 0;
    double newest = series_newest(s)->mono_s;
    *bitten = newest - s->bitten_mono_s < limits->keep_s; /* false for NAN */
    return newest - s->fulls[0]->mono_s;
}

size_t series_bytes(const struct series *s)
{
    return sizeof(*s) + (size_t)s->capacity * sizeof(s->fulls[0]) + s->full_bytes + s->baseline_bytes +
           s->cached_bytes;
}

size_t series_baseline_bytes(const struct series *s)
{
    return s->baseline_bytes;
}

size_t series_spare_bytes(const struct series *s)
{
    return s->spare_bytes;
}

struct view *series_view(struct series *s)
{
    if (s->view != NULL)
        return view_ref(s->view);
    struct view *v = mem_new(sizeof(*v));
    atomic_init(&v->refs, 1);
    v->dataset = s->dataset;
    v->cache = cache_ref(s->cache);
    v->n_fulls = s->n_fulls;
    v->n_baselines = s->n_baselines;
    v->fulls = mem_new_array((size_t)(s->n_fulls + s->n_baselines), sizeof(v->fulls[0]));
    v->baselines = v->fulls + s->n_fulls;
    for (int i = 0; i < s->n_fulls; i++)
        v->fulls[i] = sample_ref(s->fulls[i]);
    for (int i = 0; i < s->n_baselines; i++)
        v->baselines[i] = sample_ref(s->baselines[i].sample);
    s->view = v;
    return view_ref(v);
}
