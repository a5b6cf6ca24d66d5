/* Who needs which dataset of the engine, and how often each is asked for that. */
#include <math.h>
#include <stdlib.h>
#include <string.h>

#include "core/loop.h"
#include "core/mem.h"
#include "engine/derived.h"
#include "engine/engine_private.h"
#include "engine/governor.h"

static bool wants(const struct engine *e, const struct dataset *d)
{
    for (int i = 0; i < e->n_wanted; i++)
        if (e->wanted[i] == d)
            return true;
    return false;
}

/* The faster of two needs, of which 0 is none. */
static double sooner(double a, double b)
{
    return a > 0 && b > 0 ? fmin(a, b) : fmax(a, b);
}

/* How often rules and findings need D itself; 0: none does. */
static double need_of(const struct engine *e, const struct dataset *d)
{
    double every_s = 0;
    for (int a = 0; a < N_ASKERS; a++)
        for (int i = 0; i < e->needs[a].n; i++)
            if (e->needs[a].list[i].dataset == d)
                every_s = sooner(every_s, e->needs[a].list[i].every_s);
    return every_s;
}

/* The same of a feed, which they need also for what is made from it. */
static double feed_need(const struct engine *e, const struct dataset *d)
{
    double every_s = need_of(e, d);
    for (int i = 0; i < n_derived; i++)
        if (derived_from(derived_table[i], d->name))
            every_s = sooner(every_s, need_of(e, derived_table[i]->dataset));
    return every_s;
}

/* A feed is wanted if a pane shows it or shows something made from it. */
static bool feed_wanted(const struct engine *e, const struct dataset *d)
{
    if (wants(e, d))
        return true;
    for (int i = 0; i < n_derived; i++)
        if (derived_from(derived_table[i], d->name) && wants(e, derived_table[i]->dataset))
            return true;
    return false;
}

bool engine_is_asked_for(const struct engine *e, const struct dataset *d)
{
    return wants(e, d) || need_of(e, d) > 0;
}

double engine_cadence_of(const struct engine *e, const struct feed *f)
{
    double slow = f->dataset->baseline_every;
    double every = slow > 0 ? fmax(slow, e->options.refresh_s) : HUGE_VAL;
    if (!feed_is_asked(f))
        return every * f->stretch;
    double least =
        e->obeys_refresh && f->wanted ? e->options.refresh_s : fmax(f->dataset->every, e->options.refresh_s);
    every = fmin(every, f->wanted ? least : fmax(f->need_s, least));
    return governor_ease(f, every, e->options.budget_ratio) * f->stretch;
}

void engine_plan(struct engine *e, struct target *t)
{
    double now = loop_mono_s();
    for (int i = 0; i < t->n_feeds; i++) {
        struct feed *f = &t->feeds[i];
        bool wanted = feed_wanted(e, f->dataset);
        double need_s = feed_need(e, f->dataset);
        bool fresh = (wanted && !f->wanted) || (need_s > 0 && !feed_is_asked(f));
        f->wanted = wanted;
        f->need_s = need_s;
        f->every_s = engine_cadence_of(e, f);
        bool missing = f->error != NULL && (f->failure == FAILURE_PERMISSION || f->failure == FAILURE_ABSENT);
        if (fresh && !missing)
            f->next_due_s = now;
        else if (isinf(f->next_due_s) && !isinf(f->every_s))
            f->next_due_s = now;
        else if (f->next_due_s > now + f->every_s && !missing)
            f->next_due_s = now + f->every_s;
        if (isinf(f->every_s))
            f->next_due_s = HUGE_VAL;
    }
    t->own_s = fmin(t->own_s, now + e->options.refresh_s);
    engine_turn(e, t);
}

static void plan_all(struct engine *e)
{
    for (int i = 0; i < e->n_targets; i++)
        engine_plan(e, e->targets[i]);
}

void engine_want(struct engine *e, const char *const *datasets, int n)
{
    e->n_wanted = 0;
    for (int i = 0; i < n && e->n_wanted < MOST_WANTED; i++) {
        const struct dataset *d = registry_find(e->registry, datasets[i]);
        if (d != NULL && !wants(e, d))
            e->wanted[e->n_wanted++] = d;
    }
    plan_all(e);
    for (int i = 0; i < e->n_listeners; i++)
        e->listeners[i].fn(e->listeners[i].ctx);
}

bool engine_is_wanted(const struct engine *e, const struct dataset *d)
{
    return wants(e, d);
}

void engine_on_demand(struct engine *e, engine_demand_fn *fn, void *ctx)
{
    e->listeners = mem_grow(e->listeners, (size_t)e->n_listeners + 1, sizeof(*e->listeners));
    e->listeners[e->n_listeners++] = (struct listener){fn, ctx};
}

void engine_off_demand(struct engine *e, const void *ctx)
{
    int kept = 0;
    for (int i = 0; i < e->n_listeners; i++)
        if (e->listeners[i].ctx != ctx)
            e->listeners[kept++] = e->listeners[i];
    e->n_listeners = kept;
}

void engine_need(struct engine *e, enum engine_asker asker, const struct engine_need *needs, int n)
{
    struct needs *own = &e->needs[asker];
    free(own->list);
    own->list = mem_new_array((size_t)n, sizeof(*needs));
    if (n > 0)
        memcpy(own->list, needs, (size_t)n * sizeof(*needs));
    own->n = n;
    plan_all(e);
}

void engine_set_refresh(struct engine *e, double refresh_s)
{
    e->options.refresh_s = refresh_s;
    plan_all(e);
}

void engine_obey_refresh(struct engine *e)
{
    e->obeys_refresh = true;
    engine_set_refresh(e, e->options.refresh_s);
}

double engine_cadence(const struct engine *e, const char *target, const struct dataset *d)
{
    const struct target *t = engine_find(e, target);
    const struct feed *f = t == NULL ? NULL : target_feed(t, d);
    return f == NULL ? NAN : f->every_s;
}
