/* Datasets that the engine makes itself: the table, and what its rows share. */
#include "engine/derived.h"

#include <stdlib.h>
#include <string.h>

#include "core/loop.h"
#include "core/mem.h"

const struct derived *const derived_table[] = {
    &derived_targets, &derived_collectors, &derived_changes, &derived_waits, &derived_sampled_statements, &derived_queue,
};
const int n_derived = sizeof(derived_table) / sizeof(derived_table[0]);

void **derived_states_new(void)
{
    void **states = mem_new_array((size_t)n_derived, sizeof(*states));
    for (int i = 0; i < n_derived; i++)
        if (derived_table[i]->state_size > 0)
            states[i] = mem_new(derived_table[i]->state_size);
    return states;
}

void derived_states_free(void **states)
{
    if (states == NULL)
        return;
    for (int i = 0; i < n_derived; i++) {
        if (states[i] != NULL && derived_table[i]->state_done != NULL)
            derived_table[i]->state_done(states[i]);
        free(states[i]);
    }
    free(states);
}

bool derived_from(const struct derived *d, const char *name)
{
    for (const char *const *from = d->from; from != NULL && *from != NULL; from++)
        if (strcmp(*from, name) == 0)
            return true;
    return false;
}

const struct derived *derived_find(const struct dataset *d)
{
    for (int i = 0; i < n_derived; i++)
        if (derived_table[i]->dataset == d)
            return derived_table[i];
    return NULL;
}

void derived_stamp(struct sample *s, const struct sample *like)
{
    s->mono_s = like != NULL ? like->mono_s : loop_mono_s();
    s->wall_s = like != NULL ? like->wall_s : loop_wall_s();
    s->epoch = like != NULL ? like->epoch : EPOCH_START;
}
