/* A product made by hand: its sources say what the test lets them say, and note what they are asked for. */
#ifndef DBVITALS_TESTS_UNIT_SOURCE_MADE_H
#define DBVITALS_TESTS_UNIT_SOURCE_MADE_H

#include <math.h>
#include <stdlib.h>

#include "core/mem.h"
#include "engine/derived.h"
#include "engine/engine_private.h"
#include "engine/products.h"
#include "tests/unit/test.h"

enum { LEVELS, COUNTS, RARE, SESSIONS, N_MADE };

// clang-format off
static const struct column made_columns[] = {
    {"name", KIND_KEY,     TYPE_TEXT, .help = "x"},
    {"load", KIND_GAUGE,   TYPE_REAL, .help = "x"},
    {"done", KIND_COUNTER, TYPE_REAL, .help = "x"},
};
/* `levels` has no counter; what nobody needs is asked each minute of `counts`, and never of the others. */
static const struct dataset made_datasets[N_MADE] = {
    [LEVELS]   = {.name = "levels",   .help = "x", .columns = made_columns, .n_columns = 2, .whole = true, .every = 1},
    [COUNTS]   = {.name = "counts",   .help = "x", .columns = made_columns, .n_columns = 3, .whole = true, .every = 1, .baseline_every = 60},
    [RARE]     = {.name = "rare",     .help = "x", .columns = made_columns, .n_columns = 2, .whole = true, .every = 30},
    [SESSIONS] = {.name = "sessions", .help = "x", .columns = made_columns, .n_columns = 2, .whole = true, .every = 1},
};
// clang-format on

struct source {
    struct source_host host;
};

static inline struct source *source_made(struct loop *loop, const struct target_config *config,
                                         struct source_host host, struct err *err)
{
    (void)loop, (void)config, (void)err;
    struct source *s = mem_new(sizeof(*s));
    s->host = host;
    return s;
}

static inline void poll_made(struct source *s, const struct dataset *const *due, int n)
{
    (void)s, (void)due, (void)n;
}

static inline void close_made(struct source *s)
{
    free(s);
}

static inline const struct dataset *dataset_made(int i)
{
    return i < N_MADE ? &made_datasets[i] : NULL;
}

static inline bool check_made(const struct target_config *config, const char **key, struct err *err)
{
    (void)config, (void)key, (void)err;
    return true;
}

static const char *const made_keys[] = {NULL};
static const struct product made_product = {.name = "made",
                                            .keys = made_keys,
                                            .check = check_made,
                                            .open = source_made,
                                            .poll = poll_made,
                                            .dataset = dataset_made,
                                            .close = close_made};

/* In place of the shelf. */
const struct product *product_serving(const char *url)
{
    (void)url;
    return &made_product;
}

const struct product *product_at(int i)
{
    return i == 0 ? &made_product : NULL;
}

/* An engine with TARGETS of that product; nothing runs before the loop turns. */
struct made {
    struct loop *loop;
    struct registry registry;
    struct engine *engine;
};

static inline void made_init(struct made *m, const char *const *targets, int n)
{
    struct engine_options options = {
        .refresh_s = 1, .first_s = 1, .budget_ratio = 0.01, .memory_bytes = 1 << 24};
    m->loop = loop_new();
    registry_init(&m->registry);
    for (int i = 0; i < n_derived; i++)
        assert_true(registry_add(&m->registry, derived_table[i]->dataset, NULL));
    for (int i = 0; i < N_MADE; i++)
        assert_true(registry_add(&m->registry, &made_datasets[i], NULL));
    m->engine = engine_new(m->loop, &m->registry, &options);
    for (int i = 0; i < n; i++)
        assert_true(engine_add(m->engine, &(struct target_config){.name = targets[i], .url = "made"}, NULL));
}

static inline void made_done(struct made *m)
{
    engine_free(m->engine);
    registry_done(&m->registry);
    assert_true(loop_free(m->loop));
}

/* What the source of target number TARGET calls. */
static inline const struct source_host *made_host(const struct made *m, int target)
{
    return &m->engine->targets[target]->source->host;
}

static inline void made_status(const struct made *m, int target, enum source_state state)
{
    const struct source_host *h = made_host(m, target);
    h->status(h->ctx, &(struct source_status){.state = state, .rtt_ms = NAN, .started_s = NAN});
}

/* A sample of one row, taken at MONO_S. */
static inline void made_sample(const struct made *m, int target, const struct dataset *d, double mono_s)
{
    const struct source_host *h = made_host(m, target);
    struct sample *s = sample_new(d, 1);
    s->mono_s = s->wall_s = mono_s;
    sample_set_text(s, 0, 0, "a", 1);
    for (int c = 1; c < d->n_columns; c++)
        s->values[c].real[0] = 1;
    h->sample(h->ctx, s, &(struct poll_cost){.lane = "fast"});
}

#endif
