/* Datasets that the engine makes itself: from another dataset's samples (waits, changes), or from what it knows (targets,
 * collectors). One row a dataset; the table is the registry. */
#ifndef DBVITALS_ENGINE_DERIVED_H
#define DBVITALS_ENGINE_DERIVED_H

#include <stdbool.h>

#include "core/sample.h"

struct target;

struct derived {
    const struct dataset *dataset;
    /* Names of the datasets whose new sample makes one of this, NULL-ended; NULL: made at each tick while wanted. */
    const char *const *from;
    bool each;   /* each of those makes one: what is older than they are is out of date */
    bool states; /* one more is made when the state of the target changes; both NULL then */
    /* SAMPLE is the new one, BEFORE the one before it of the same dataset (NULL if none); both NULL at a tick. NULL: nothing new. */
    struct sample *(*make)(struct target *t, void *state, const struct sample *sample, const struct sample *before);
    size_t state_size;
    void (*state_done)(void *state);
};

extern const struct derived *const derived_table[];
extern const int n_derived;

/* One zeroed state per row of the table. */
void **derived_states_new(void);
void derived_states_free(void **states);
/* Is D made from dataset NAME? */
bool derived_from(const struct derived *d, const char *name);
const struct derived *derived_find(const struct dataset *d);
/* Times of a sample that is made now. */
void derived_stamp(struct sample *s, const struct sample *like);

/* What `changes` watches is there in R: a column that is renamed is not lost silently. */
bool changes_check(const struct registry *r, struct err *err);

/* One more change of T, told by somebody else: the sample with it. KIND is static. */
struct sample *changes_note(struct target *t, const char *kind, const char *what, const char *old_value, const char *new_value);

extern const struct derived derived_targets, derived_collectors, derived_changes, derived_waits, derived_sampled_statements, derived_queue;

#endif
