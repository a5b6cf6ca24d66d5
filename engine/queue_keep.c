/* Dataset `queue` of the targets: made anew with each sample of pools and locks, and when a target comes up
 * or goes down, also of the other targets of the stack where that says something else of them now. */
#include <stdlib.h>
#include <string.h>

#include "core/mem.h"
#include "engine/derived.h"
#include "engine/engine_private.h"
#include "engine/queue.h"

static const char *stack_of(const struct target *t)
{
    return t->config.stack != NULL && t->config.stack[0] != '\0' ? t->config.stack : t->config.name;
}

static bool is_beside(const struct target *t, const struct target *other)
{
    return t == other || (t->config.stack != NULL && t->config.stack[0] != '\0' &&
                          other->config.stack != NULL && strcmp(t->config.stack, other->config.stack) == 0);
}

static const struct sample *newest(const struct target *t, const char *dataset)
{
    const struct engine *e = t->engine;
    return t->state == SOURCE_UP ? store_newest(e->store, t->config.name, registry_find(e->registry, dataset))
                                 : NULL;
}

/* Who is beside others and does not answer is told of; alone it has no way that others could be on. */
static struct queue_part part_of(const struct target *t, bool alone)
{
    bool down = t->state == SOURCE_DOWN && !alone;
    return (struct queue_part){newest(t, "pools"), newest(t, "locks"), down ? t->product->name : NULL,
                               t->error};
}

/* It was not asked yet, or the answer is not there: who reads the first sample reads all of it. */
static bool is_awaited(const struct target *t, const char *dataset)
{
    const struct feed *f = target_feed(t, registry_find(t->engine->registry, dataset));
    return t->state != SOURCE_DOWN && f != NULL && f->samples == 0 && f->error == NULL;
}

/* Do A and B say the same of where the queue stands, and of who is down? */
static bool says_same(const struct sample *a, const struct sample *b)
{
    int stands = dataset_column(&queue_dataset, "stands"), down = dataset_column(&queue_dataset, "down");
    bool same = a->n_rows == b->n_rows;
    for (int row = 0; same && row < a->n_rows; row++)
        same = sample_real(a, stands, row) == sample_real(b, stands, row) &&
               sample_real(a, down, row) == sample_real(b, down, row);
    return same;
}

static void put_beside(struct target *other, struct sample *made)
{
    const struct sample *before = store_newest(other->engine->store, other->config.name, &queue_dataset);
    bool first = before == NULL && other->state != SOURCE_DOWN; /* its own samples make it */
    if (first || (before != NULL && says_same(before, made))) {
        sample_unref(made);
        return;
    }
    derived_stamp(made, NULL);
    engine_keep(other->engine, other, made);
}

static struct sample *make(struct target *t, void *state, const struct sample *sample,
                           const struct sample *before)
{
    struct engine *e = t->engine;
    struct sample *own = NULL;
    int n = 0, at = 0;
    (void)state, (void)sample, (void)before;
    if (!engine_is_asked_for(e, &queue_dataset) || is_awaited(t, "pools") || is_awaited(t, "locks"))
        return NULL;
    struct target **beside = mem_new_array((size_t)e->n_targets, sizeof(struct target *));
    struct queue_part *parts = mem_new_array((size_t)e->n_targets, sizeof(*parts));
    for (int i = 0; i < e->n_targets; i++)
        if (is_beside(t, e->targets[i])) {
            at = e->targets[i] == t ? n : at;
            beside[n++] = e->targets[i];
        }
    for (int i = 0; i < n; i++)
        parts[i] = part_of(beside[i], n == 1);
    own = queue_sample(parts, n, at, stack_of(t));
    derived_stamp(own, NULL); /* samples of pools and locks come in any order */
    for (int i = 0; i < n; i++)
        if (i != at)
            put_beside(beside[i], queue_sample(parts, n, i, stack_of(t)));
    free(beside);
    free(parts);
    return own;
}

static const char *const from[] = {"pools", "locks", NULL};
const struct derived derived_queue = {
    .dataset = &queue_dataset, .from = from, .each = true, .states = true, .make = make};
