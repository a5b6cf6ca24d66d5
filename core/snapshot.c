/* An immutable view of the store: panes, rules and the door resolve their windows here. */
#include "core/snapshot.h"

#include <assert.h>
#include <math.h>
#include <stdlib.h>

#include "core/mem.h"

struct target_view {
    char *name;
    struct view **views;
    int n, capacity;
};

struct snapshot {
    atomic_int refs;
    uint64_t number;
    struct target_view *targets;
    int n_targets;
    /* Windows that were asked for: they stay while the snapshot does. */
    struct held **held;
    int n_held, held_capacity;
    struct window **trend;
    int trend_capacity;
};

struct snapshot *snapshot_new(uint64_t number, int n_targets)
{
    struct snapshot *s = mem_new(sizeof(*s));
    atomic_init(&s->refs, 1);
    s->number = number;
    s->n_targets = n_targets;
    s->targets = mem_new_array((size_t)n_targets, sizeof(s->targets[0]));
    return s;
}

void snapshot_set_target(struct snapshot *s, int target, const char *name, int n_series)
{
    struct target_view *t = &s->targets[target];
    t->name = mem_dup(name);
    t->capacity = n_series;
    t->views = mem_new_array((size_t)n_series, sizeof(struct view *));
}

void snapshot_add(struct snapshot *s, int target, struct view *view)
{
    struct target_view *t = &s->targets[target];
    assert(t->n < t->capacity);
    t->views[t->n++] = view;
}

struct snapshot *snapshot_ref(struct snapshot *s)
{
    atomic_fetch_add(&s->refs, 1);
    return s;
}

void snapshot_unref(struct snapshot *s)
{
    if (s == NULL || atomic_fetch_sub(&s->refs, 1) != 1)
        return;
    for (int i = 0; i < s->n_held; i++)
        held_unref(s->held[i]);
    free(s->held);
    free(s->trend);
    for (int t = 0; t < s->n_targets; t++) {
        for (int i = 0; i < s->targets[t].n; i++)
            view_unref(s->targets[t].views[i]);
        free(s->targets[t].views);
        free(s->targets[t].name);
    }
    free(s->targets);
    free(s);
}

int snapshot_targets(const struct snapshot *s)
{
    return s->n_targets;
}

const char *snapshot_target(const struct snapshot *s, int target)
{
    assert(target >= 0 && target < s->n_targets);
    return s->targets[target].name;
}

static struct view *find_view(const struct snapshot *s, int target, const struct dataset *d)
{
    assert(target >= 0 && target < s->n_targets);
    const struct target_view *t = &s->targets[target];
    for (int i = 0; i < t->n; i++)
        if (t->views[i]->dataset == d)
            return t->views[i];
    return NULL;
}

static struct window *resolve(struct snapshot *s, const struct view *v, int now, struct window_spec spec)
{
    struct held *hold;
    struct window *w = cache_get(v->cache, view_base(v, now, spec), v->fulls[now], s->number, &hold);
    if (hold == NULL)
        return w;
    if (s->n_held == s->held_capacity) {
        s->held_capacity = s->held_capacity == 0 ? 16 : s->held_capacity * 2;
        s->held = mem_grow(s->held, (size_t)s->held_capacity, sizeof(struct held *));
    }
    s->held[s->n_held++] = hold;
    return w;
}

struct window *snapshot_window(struct snapshot *s, int target, const struct dataset *d,
                               struct window_spec spec, double at_s)
{
    const struct view *v = find_view(s, target, d);
    int now = v == NULL ? -1 : view_at(v, at_s);
    return now < 0 ? NULL : resolve(s, v, now, spec);
}

const struct sample *snapshot_newest(const struct snapshot *s, int target, const struct dataset *d)
{
    const struct view *v = find_view(s, target, d);
    int now = v == NULL ? -1 : view_at(v, NAN);
    return now < 0 ? NULL : v->fulls[now];
}

double snapshot_span_s(const struct snapshot *s, int target, const struct dataset *d, struct window_spec spec)
{
    const struct view *v = find_view(s, target, d);
    int now = v == NULL ? -1 : view_at(v, NAN);
    const struct sample *base = now < 0 ? NULL : view_base(v, now, spec);
    if (base == NULL)
        return NAN;
    if (spec.kind == WINDOW_RESET)
        return v->fulls[now]->wall_s - v->fulls[now]->reset_s;
    return v->fulls[now]->mono_s - base->mono_s;
}

int snapshot_trend(struct snapshot *s, int target, const struct dataset *d, double span_s, double at_s,
                   struct window ***out)
{
    *out = s->trend;
    const struct view *v = find_view(s, target, d);
    int last = v == NULL ? -1 : view_at(v, at_s);
    if (last < 0)
        return 0;
    double from = (isnan(at_s) ? v->fulls[last]->wall_s : at_s) - span_s;
    int first = last + 1;
    while (first > 0 && v->fulls[first - 1]->wall_s >= from)
        first--;
    int n = last + 1 - first;
    if (n > s->trend_capacity) {
        s->trend = mem_grow(s->trend, (size_t)n, sizeof(s->trend[0]));
        s->trend_capacity = n;
    }
    for (int i = 0; i < n; i++)
        s->trend[i] = resolve(s, v, first + i, (struct window_spec){.kind = WINDOW_LAST});
    *out = s->trend;
    return n;
}

/* The moment of V's samples that is next to AT_S in DIRECTION and nearer than BEST; else BEST. */
static double step_in(const struct view *v, double at_s, int direction, double best)
{
    for (int i = 0; i < v->n_fulls; i++) {
        double wall = v->fulls[i]->wall_s;
        bool beyond = direction < 0 ? wall < at_s : wall > at_s;
        bool nearer = isnan(best) || (direction < 0 ? wall > best : wall < best);
        if (beyond && nearer)
            best = wall;
    }
    return best;
}

double snapshot_step(const struct snapshot *s, const struct dataset *d, double at_s, int direction)
{
    double newest = -INFINITY;
    for (int t = 0; t < s->n_targets; t++) {
        const struct view *v = find_view(s, t, d);
        if (v != NULL)
            newest = fmax(newest, v->fulls[v->n_fulls - 1]->wall_s);
    }
    double at = isnan(at_s) ? newest : at_s;
    double best = NAN;
    for (int t = 0; t < s->n_targets; t++) {
        const struct view *v = find_view(s, t, d);
        if (v != NULL)
            best = step_in(v, at, direction, best);
    }
    return best;
}
