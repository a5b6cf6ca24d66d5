/* The engine: decides at each tick what is due, asks the sources, keeps the answers. */
#include "engine/engine.h"

#include <math.h>
#include <stdlib.h>
#include <string.h>

#include "core/mem.h"
#include "engine/derived.h"
#include "engine/governor.h"
#include "engine/products.h"
#include "engine/target.h"

/* What is due within this time goes out together, in one pipeline. */
static const double together_s = 0.05;
/* A grant or an extension that is missing is looked for this rarely. */
static const double missing_retry_s = 60;

/* A tick that finds its next one due at once must still let the loop turn. */
static const double least_sleep_s = 0.001;

/* An answer is late when less than this part of the interval is left until the next poll. */
static const double late_ratio = 0.7;

enum { MOST_WANTED = 64 };

struct engine {
    struct loop *loop;
    const struct registry *registry;
    struct engine_options options;
    struct store *store;
    struct target **targets;
    int n_targets;
    struct loop_timer *timer;
    bool obeys_refresh;
    const struct dataset *wanted[MOST_WANTED];
    int n_wanted;
    struct engine_need *needs;
    int n_needs;
    engine_sample_fn *sample_fn;
    void *sample_ctx;
};

static void tick(void *ctx);

struct engine *engine_new(struct loop *loop, const struct registry *registry, const struct engine_options *options)
{
    struct engine *e = mem_new(sizeof(*e));
    e->loop = loop;
    e->registry = registry;
    e->options = *options;
    e->store = store_new((struct store_limits){
        .series_bytes = options->memory_bytes / 6, .total_bytes = options->memory_bytes, .keep_s = 630});
    e->timer = loop_timer_new(loop, tick, e);
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
    store_free(e->store);
    free(e->needs);
    free(e);
}

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

/* How often rules need D; 0: none does. */
static double need_of(const struct engine *e, const struct dataset *d)
{
    double every_s = 0;
    for (int i = 0; i < e->n_needs; i++)
        if (e->needs[i].dataset == d)
            every_s = sooner(every_s, e->needs[i].every_s);
    return every_s;
}

/* As feed_wanted. */
static double feed_need(const struct engine *e, const struct dataset *d)
{
    double every_s = need_of(e, d);
    for (int i = 0; i < n_derived; i++)
        if (derived_from(derived_table[i], d->name))
            every_s = sooner(every_s, need_of(e, derived_table[i]->dataset));
    return every_s;
}

static bool is_asked(const struct feed *f)
{
    return f->wanted || f->need_s > 0;
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

static double cadence(const struct engine *e, const struct feed *f)
{
    double slow = f->dataset->baseline_every;
    double every = slow > 0 ? fmax(slow, e->options.refresh_s) : HUGE_VAL;
    if (!is_asked(f))
        return every * f->stretch;
    double least = e->obeys_refresh && f->wanted ? e->options.refresh_s : fmax(f->dataset->every, e->options.refresh_s);
    every = fmin(every, f->wanted ? least : fmax(f->need_s, least));
    return governor_ease(f, every, e->options.budget_ratio) * f->stretch;
}

/* Arms the timer for the earliest of all that is due, and at the latest for the next refresh (the datasets of the engine's own). */
static void arm(struct engine *e)
{
    double now = loop_mono_s(), next = now + e->options.refresh_s;
    for (int i = 0; i < e->n_targets; i++)
        for (int j = 0; j < e->targets[i]->n_feeds && e->targets[i]->state == SOURCE_UP; j++)
            next = fmin(next, e->targets[i]->feeds[j].next_due_s);
    loop_timer_start(e->timer, fmax(least_sleep_s, next - now), 0);
}

/* Recomputes who wants what; what became wanted is due at once. */
static void replan(struct engine *e, struct target *t)
{
    double now = loop_mono_s();
    for (int i = 0; i < t->n_feeds; i++) {
        struct feed *f = &t->feeds[i];
        bool wanted = feed_wanted(e, f->dataset);
        double need_s = feed_need(e, f->dataset);
        bool fresh = (wanted && !f->wanted) || (need_s > 0 && !is_asked(f));
        f->wanted = wanted;
        f->need_s = need_s;
        f->every_s = cadence(e, f);
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
}

void engine_want(struct engine *e, const char *const *datasets, int n)
{
    e->n_wanted = 0;
    for (int i = 0; i < n && e->n_wanted < MOST_WANTED; i++) {
        const struct dataset *d = registry_find(e->registry, datasets[i]);
        if (d != NULL && !wants(e, d))
            e->wanted[e->n_wanted++] = d;
    }
    for (int i = 0; i < e->n_targets; i++)
        replan(e, e->targets[i]);
    arm(e);
}

void engine_need(struct engine *e, const struct engine_need *needs, int n)
{
    free(e->needs);
    e->needs = mem_new_array((size_t)n, sizeof(*needs));
    if (n > 0)
        memcpy(e->needs, needs, (size_t)n * sizeof(*needs));
    e->n_needs = n;
    for (int i = 0; i < e->n_targets; i++)
        replan(e, e->targets[i]);
    arm(e);
}

void engine_set_refresh(struct engine *e, double refresh_s)
{
    e->options.refresh_s = refresh_s;
    for (int i = 0; i < e->n_targets; i++)
        replan(e, e->targets[i]);
    arm(e);
}

static struct target *find(const struct engine *e, const char *name)
{
    for (int i = 0; i < e->n_targets; i++)
        if (strcmp(e->targets[i]->config.name, name) == 0)
            return e->targets[i];
    return NULL;
}

void engine_obey_refresh(struct engine *e)
{
    e->obeys_refresh = true;
    engine_set_refresh(e, e->options.refresh_s);
}

double engine_cadence(const struct engine *e, const char *target, const struct dataset *d)
{
    const struct target *t = find(e, target);
    const struct feed *f = t == NULL ? NULL : target_feed(t, d);
    return f == NULL ? NAN : f->every_s;
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

static void keep(struct engine *e, struct target *t, struct sample *s)
{
    const struct dataset *d = s->dataset;
    store_put(e->store, t->config.name, s);
    if (e->sample_fn != NULL)
        e->sample_fn(e->sample_ctx, t->config.name, d);
}

/* Makes what is made from SAMPLE. Waits and changes go on whether or not somebody looks: their past is what they are for. */
static void derive(struct engine *e, struct target *t, struct sample *sample, const struct sample *before)
{
    for (int i = 0; i < n_derived; i++) {
        const struct derived *d = derived_table[i];
        if (!derived_from(d, sample->dataset->name))
            continue;
        struct sample *made = d->make(t, t->derived_states[i], sample, before);
        if (made != NULL)
            keep(e, t, made);
    }
}

static void make_own(struct engine *e, struct target *t)
{
    for (int i = 0; i < n_derived; i++) {
        const struct derived *d = derived_table[i];
        if (d->from != NULL || (!wants(e, d->dataset) && !(need_of(e, d->dataset) > 0)))
            continue;
        struct sample *made = d->make(t, t->derived_states[i], NULL, NULL);
        if (made != NULL)
            keep(e, t, made);
    }
}

static bool is_waiting(const struct target *t)
{
    for (int i = 0; i < t->n_feeds; i++)
        if (t->feeds[i].outstanding)
            return true;
    return false;
}

/* The last answer of a beat is there: what is told of the target tells of it too. */
static void answered(struct target *t)
{
    if (!is_waiting(t))
        make_own(t->engine, t);
}

static void poll_due(struct engine *e, struct target *t, double now)
{
    const struct dataset *due[MOST_WANTED];
    int n = 0;
    for (int i = 0; i < t->n_feeds && n < MOST_WANTED; i++) {
        struct feed *f = &t->feeds[i];
        if (f->next_due_s > now + together_s)
            continue;
        f->every_s = cadence(e, f);
        /* From the time it was due, so that delays do not add up; after a long sleep (a suspended laptop) from now. */
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

static void tick(void *ctx)
{
    struct engine *e = ctx;
    double now = loop_mono_s();
    for (int i = 0; i < e->n_targets; i++) {
        struct target *t = e->targets[i];
        bool late = is_waiting(t);
        if (t->state == SOURCE_UP)
            poll_due(e, t, now);
        if (late || !is_waiting(t)) /* else when the answers are there, a moment later */
            make_own(e, t);
        governor_balance(t, e->options.budget_ratio);
    }
    arm(e);
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
    /* After a late answer comes a whole interval: servers count in steps of about a second, and a shorter one would show nothing or a burst. */
    if (f->next_due_s < t->newest_mono_s + late_ratio * f->every_s)
        f->next_due_s = target_beat(t, t->newest_mono_s + f->every_s, e->options.refresh_s);
    /* A baseline needs no second sample soon; a page that is opened later asks at once. */
    if (f->samples == 1 && is_asked(f) && f->every_s > e->options.first_s)
        f->next_due_s = fmin(f->next_due_s, t->newest_mono_s + e->options.first_s);
    struct sample *before = store_newest(e->store, t->config.name, sample->dataset);
    if (before != NULL)
        sample_ref(before);
    sample_ref(sample);
    keep(e, t, sample);
    derive(e, t, sample, before);
    sample_unref(sample);
    sample_unref(before);
    answered(t);
    arm(e);
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
    arm(t->engine);
}

static void on_status(void *ctx, const struct source_status *status)
{
    struct target *t = ctx;
    struct engine *e = t->engine;
    bool was_up = t->state == SOURCE_UP;
    if (target_set_status(t, status) && t->state == SOURCE_UP && !was_up) {
        t->beat_s = loop_mono_s();
        for (int i = 0; i < t->n_feeds; i++)
            if (is_asked(&t->feeds[i]) || t->feeds[i].dataset->baseline_every > 0)
                t->feeds[i].next_due_s = t->beat_s;
    }
    const struct sample *before = store_newest(e->store, t->config.name, derived_targets.dataset);
    struct sample *made = derived_targets.make(t, NULL, NULL, before);
    sample_ref(made);
    struct sample *kept_before = before == NULL ? NULL : sample_ref(store_newest(e->store, t->config.name, derived_targets.dataset));
    keep(e, t, made);
    derive(e, t, made, kept_before);
    sample_unref(kept_before);
    sample_unref(made);
    arm(e);
}

static const struct product *serving(const struct target_config *config, struct err *err)
{
    const struct product *product = product_serving(config->url);
    if (product == NULL)
        fail(err, "target %s: no product serves this kind of URL; PostgreSQL targets look like postgresql://host/database, "
                  "a conninfo string, service=NAME, or a database name", config->name);
    return product;
}

bool engine_add(struct engine *e, const struct target_config *config, struct err *err)
{
    const struct product *product = serving(config, err);
    if (product == NULL)
        return false;
    struct target *t = mem_new(sizeof(*t));
    target_init(t, e, config, product);
    struct source_host host = {.ctx = t, .sample = on_sample, .failed = on_failed, .status = on_status};
    t->source = product->open(e->loop, &t->config, host, err);
    if (t->source == NULL) {
        target_done(t);
        free(t);
        return false;
    }
    e->targets = mem_grow(e->targets, (size_t)e->n_targets + 1, sizeof(struct target *));
    e->targets[e->n_targets++] = t;
    replan(e, t);
    arm(e);
    return true;
}

bool engine_check(const struct target_config *config, struct err *err)
{
    const struct product *product = serving(config, err);
    return product != NULL && product->check(config->url, err);
}

void engine_remove(struct engine *e, int i)
{
    struct target *t = e->targets[i];
    store_drop(e->store, t->config.name);
    target_done(t);
    free(t);
    e->n_targets--;
    for (; i < e->n_targets; i++)
        e->targets[i] = e->targets[i + 1];
    arm(e);
}

/* What is made from others may have nothing to tell (sampled statements where the extension counts them): it is as far as its sources. */
static int samples_of_sources(const struct engine *e, const struct target *t, const struct dataset *d)
{
    const struct derived *made = derived_find(d);
    int most = 0;
    for (const char *const *from = made == NULL ? NULL : made->from; from != NULL && *from != NULL; from++) {
        const struct feed *f = target_feed(t, registry_find(e->registry, *from));
        if (f != NULL && f->samples > most)
            most = f->samples;
    }
    return most;
}

int engine_samples(const struct engine *e, const char *target, const struct dataset *d, const char **failed)
{
    const struct target *t = find(e, target);
    const struct feed *f = t == NULL ? NULL : target_feed(t, d);
    if (failed != NULL)
        *failed = f == NULL ? NULL : f->error;
    if (f != NULL)
        return f->samples;
    if (t == NULL)
        return 0;
    return store_newest(e->store, target, d) != NULL ? 2 : samples_of_sources(e, t, d);
}

void engine_feed(const struct engine *e, int i, const struct dataset *d, struct engine_feed *out)
{
    const struct feed *f = target_feed(e->targets[i], d);
    *out = (struct engine_feed){.every_s = HUGE_VAL};
    if (f != NULL)
        *out = (struct engine_feed){.polled = true, .every_s = f->every_s, .samples = f->samples, .error = f->error};
    else if (store_newest(e->store, e->targets[i]->config.name, d) != NULL)
        out->samples = 2;
}

void engine_put(struct engine *e, const char *target, struct sample *s)
{
    struct target *t = find(e, target);
    if (t != NULL)
        keep(e, t, s);
    else
        sample_unref(s);
}

void engine_note(struct engine *e, const char *target, const char *kind, const char *what, const char *old_value, const char *new_value)
{
    struct target *t = find(e, target);
    struct sample *made = t == NULL ? NULL : changes_note(t, kind, what, old_value, new_value);
    if (made != NULL)
        keep(e, t, made);
}

bool engine_has_data(const struct engine *e)
{
    for (int i = 0; i < e->n_targets; i++)
        if (!isnan(e->targets[i]->newest_mono_s))
            return true;
    return false;
}

bool engine_explain(struct engine *e, const char *target, const char *database, const char *sql, source_explain_fn *fn, void *ctx, struct err *err)
{
    const struct target *t = find(e, target);
    if (t == NULL)
        return fail(err, "no target is called %s", target);
    if (t->product->explain == NULL)
        return fail(err, "%s has no plans", t->product->name);
    return t->product->explain(t->source, database, sql, fn, ctx, err);
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
                                  .rtt_ms = t->rtt_ms,
                                  .started_s = t->started_s};
}
