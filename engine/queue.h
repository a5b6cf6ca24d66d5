/* Where requests queue: the places that a request passes on its way from the client to the row it wants, over
 * all targets of a stack, and at which of them it stands. Pure: samples in, a sample out. */
#ifndef DBVITALS_ENGINE_QUEUE_H
#define DBVITALS_ENGINE_QUEUE_H

#include "core/sample.h"

extern const struct dataset queue_dataset;

/* In the order of the way. */
enum queue_place { PLACE_APP = 1, PLACE_CLIENTS, PLACE_POOLER, PLACE_SLOTS, PLACE_LIMIT, PLACE_LOCKS };

/* What one target of a stack knows; samples are its newest, NULL: it has none. DOWN: the product of a target
 * that does not answer, WHY; NULL: it answers. */
struct queue_part {
    const struct sample *pools, *locks;
    const char *down, *why;
};

/* The places of part number OF, judged with those of all N; STACK is how it is called. */
struct sample *queue_sample(const struct queue_part *parts, int n, int of, const char *stack);

#endif
