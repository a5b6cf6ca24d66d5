/* The engine: its life, its targets, and what it tells of them. */
#include "engine/engine.h"

#include <math.h>
#include <stdlib.h>
#include <string.h>

#include "core/mem.h"
#include "core/text.h"
#include "engine/derived.h"
#include "engine/engine_private.h"
#include "engine/products.h"

struct engine *engine_new(struct loop *loop, const struct registry *registry,
                          const struct engine_options *options)
{
    struct engine *e = mem_new(sizeof(*e));
    e->loop = loop;
    e->registry = registry;
    e->options = *options;
    e->store = store_new((struct store_limits){
        .series_bytes = options->memory_bytes / 6, .total_bytes = options->memory_bytes, .keep_s = 630});
    e->timer = loop_timer_new(loop, engine_tick, e);
    return e;
}

void engine_free(struct engine *e)
{
    if (e == NULL)
        return;
    loop_timer_free(e->timer);
    for (int i = 0; i < e->n_targets; i++) {
        target_done(e->targets[i]);
        free(e->targets[i]);
    }
    free(e->targets);
    free(e->listeners);
    store_free(e->store);
    for (int i = 0; i < N_ASKERS; i++)
        free(e->needs[i].list);
    free(e);
}

struct target *engine_find(const struct engine *e, const char *name)
{
    for (int i = 0; i < e->n_targets; i++)
        if (strcmp(e->targets[i]->config.name, name) == 0)
            return e->targets[i];
    return NULL;
}

void engine_on_sample(struct engine *e, engine_sample_fn *fn, void *ctx)
{
    e->sample_fn = fn;
    e->sample_ctx = ctx;
}

struct store *engine_store(struct engine *e)
{
    return e->store;
}

static const struct product *serving(const char *url, struct err *err)
{
    const struct product *product = product_serving(url);
    if (product != NULL)
        return product;
    struct text urls;
    text_init(&urls, 900);
    for (int i = 0; product_at(i) != NULL; i++)
        text_addf(&urls, "; %s: %s", product_at(i)->name, product_at(i)->urls);
    fail(err, "no product serves this kind of URL%s", text_str(&urls));
    text_done(&urls);
    return NULL;
}

bool engine_add(struct engine *e, const struct target_config *config, struct err *err)
{
    const char *key;
    if (!engine_check(config, &key, err))
        return false;
    struct target *t = mem_new(sizeof(*t));
    target_init(t, e, config, product_serving(config->url));
    engine_open_later(e, t);
    if (t->open_s <= loop_mono_s() && !engine_open(e, t, err)) {
        target_done(t);
        free(t);
        return false;
    }
    e->targets = mem_grow(e->targets, (size_t)e->n_targets + 1, sizeof(struct target *));
    e->targets[e->n_targets++] = t;
    engine_plan(e, t);
    return true;
}

bool engine_check(const struct target_config *config, const char **key, struct err *err)
{
    const struct product *product = serving(config->url, err);
    *key = "url";
    return product != NULL && product_check_keys(product, config->words, key, err) && product->check(config, key, err);
}

void engine_remove(struct engine *e, int i)
{
    struct target *t = e->targets[i];
    char *name = mem_dup(t->config.name);
    target_done(t); /* which may still tell of cures that it leaves */
    store_drop(e->store, name);
    free(name);
    free(t);
    e->n_targets--;
    for (; i < e->n_targets; i++)
        e->targets[i] = e->targets[i + 1];
    engine_arm(e);
}

/* What is made from others may have nothing to tell (sampled statements where the extension counts them): it
 * is as far as its sources. What each of them makes is there once it is made; FAILED: none of them comes. */
static int samples_of_sources(const struct engine *e, const struct target *t, const struct dataset *d,
                              const char **failed)
{
    const struct derived *made = derived_find(d);
    const char *error = NULL;
    int most = 0, n = 0, n_failed = 0;
    for (const char *const *from = made == NULL ? NULL : made->from; from != NULL && *from != NULL; from++) {
        const struct feed *f = target_feed(t, registry_find(e->registry, *from));
        if (f == NULL)
            continue;
        most = f->samples > most ? f->samples : most;
        error = error == NULL ? f->error : error;
        n_failed += f->error != NULL;
        n++;
    }
    if (made == NULL || !made->each)
        return most;
    if (failed != NULL && *failed == NULL && n_failed == n)
        *failed = error;
    return 0;
}

int engine_samples(const struct engine *e, const char *target, const struct dataset *d, const char **failed)
{
    const struct target *t = engine_find(e, target);
    const struct feed *f = t == NULL ? NULL : target_feed(t, d);
    if (failed != NULL)
        *failed = f == NULL ? NULL : f->error;
    if (f != NULL)
        return f->samples;
    if (t == NULL)
        return 0;
    if (failed != NULL && product_lacks(t->product->name, d->name))
        *failed = t->product->lacks;
    const struct derived *made = derived_find(d);
    bool of_others = made != NULL && made->states && t->state == SOURCE_DOWN; /* who tell that it is down */
    return store_newest(e->store, target, d) != NULL && !of_others ? 2 : samples_of_sources(e, t, d, failed);
}

bool engine_lacks(const struct engine *e, int i, const struct dataset *d)
{
    return product_lacks(e->targets[i]->product->name, d->name);
}

const char *engine_hints(const struct engine *e, int i)
{
    const char *hints = e->targets[i]->product->hints;
    return hints != NULL ? hints : "";
}

void engine_feed(const struct engine *e, int i, const struct dataset *d, struct engine_feed *out)
{
    const struct feed *f = target_feed(e->targets[i], d);
    *out = (struct engine_feed){.every_s = HUGE_VAL};
    if (f != NULL)
        *out = (struct engine_feed){.polled = true,
                                    .every_s = f->every_s,
                                    .samples = f->samples,
                                    .error = f->error,
                                    .passing = f->error != NULL &&
                                               (f->failure == FAILURE_TIMEOUT || f->failure == FAILURE_LOST)};
    else if (store_newest(e->store, e->targets[i]->config.name, d) != NULL)
        out->samples = 2;
}

void engine_put(struct engine *e, const char *target, struct sample *s)
{
    struct target *t = engine_find(e, target);
    if (t != NULL)
        engine_keep(e, t, s);
    else
        sample_unref(s);
}

void engine_note(struct engine *e, const char *target, const char *kind, const char *what,
                 const char *old_value, const char *new_value)
{
    struct target *t = engine_find(e, target);
    struct sample *made = t == NULL ? NULL : changes_note(t, kind, what, old_value, new_value);
    if (made != NULL)
        engine_keep(e, t, made);
}

bool engine_has_data(const struct engine *e)
{
    for (int i = 0; i < e->n_targets; i++)
        if (!isnan(e->targets[i]->newest_mono_s))
            return true;
    return false;
}

bool engine_explain(struct engine *e, const char *target, const char *database, const char *sql,
                    source_explain_fn *fn, void *ctx, struct err *err)
{
    const struct target *t = engine_find(e, target);
    if (t == NULL)
        return fail(err, "no target is called %s", target);
    if (t->source == NULL)
        return fail(err, "%s is not connected yet", target);
    if (t->product->explain == NULL)
        return fail(err, "%s has no plans", t->product->name);
    return t->product->explain(t->source, database, sql, fn, ctx, err);
}

struct act *engine_act(struct engine *e, const char *target, const struct act_order *order,
                       struct act_host host, struct err *err)
{
    const struct target *t = engine_find(e, target);
    if (t == NULL)
        fail(err, "no target is called %s", target);
    else if (t->source == NULL)
        fail(err, "%s is not connected yet", target);
    else if (t->product->act == NULL)
        fail(err, "%s has no cures", t->product->name);
    else
        return t->product->act(t->source, order, host, err);
    return NULL;
}

void engine_act_cancel(struct engine *e, const char *target, struct act *a)
{
    const struct target *t = engine_find(e, target);
    if (t != NULL)
        t->product->act_cancel(a);
}

void engine_act_forget(struct engine *e, const char *target, struct act *a)
{
    const struct target *t = engine_find(e, target);
    if (t != NULL)
        t->product->act_forget(a);
}

int engine_targets(const struct engine *e)
{
    return e->n_targets;
}

const char *engine_target_name(const struct engine *e, int i)
{
    return e->targets[i]->config.name;
}

const struct target_config *engine_target_config(const struct engine *e, int i)
{
    return &e->targets[i]->config;
}

void engine_target_status(const struct engine *e, int i, struct source_status *out)
{
    const struct target *t = e->targets[i];
    *out = (struct source_status){.state = t->state,
                                  .error = t->error,
                                  .product = t->product_name,
                                  .version = t->version,
                                  .role = t->role,
                                  .place = t->place,
                                  .via = t->via,
                                  .server_id = t->server_id,
                                  .rtt_ms = t->rtt_ms,
                                  .started_s = t->started_s};
}
