/* The rounds of a process that goes on: each has an id, at most one is at work on a target, the last ones are
 * remembered. HTTP and schedules begin them here. All of it is in memory: what was done is in the ledger. */
#ifndef DBVITALS_CURES_ROUNDS_H
#define DBVITALS_CURES_ROUNDS_H

#include "cures/round.h"

enum {
    ROUNDS_KEPT = 100,           /* that have ended, and not more than */
    ROUNDS_KEPT_BYTES = 2 << 20, /* of what is told of them */
    ROUND_KEYS_KEPT = 1000,      /* idempotency keys, each for */
    ROUND_KEY_KEPT_S = 24 * 60 * 60
};

struct rounds;

/* Told when a round begins (STATUS "asking"), and when it has ended. Borrowed for the call. */
struct rounds_news {
    const char *id, *by, *status;
    const char *target;        /* NULL: all */
    const char *message;       /* why there was no plan; NULL: there was one */
    const struct round *round; /* of one that has ended: its plan and steps; else NULL */
};
typedef void rounds_tell_fn(void *ctx, const struct rounds_news *news);

/* PARTS and CURES must outlive it; TELL may be NULL. */
struct rounds *rounds_new(const struct round_parts *parts, struct cures *cures, rounds_tell_fn *tell,
                          void *ctx);
/* What runs goes on: see rounds_stop. */
void rounds_free(struct rounds *r);

struct rounds_order {
    struct round_options options;
    /* Asked before each step: NULL, or why actions of that name may not run any more. May be NULL; CTX must
     * outlive the round. */
    const char *(*forbids)(void *ctx, const char *action);
    void *ctx;
    /* A second order of the same KEY is the same round, if its SUM is the same too. NULL: none. */
    const char *key, *sum;
};
enum rounds_answer {
    ROUNDS_BEGUN, /* ID is the new round's */
    ROUNDS_SAME,  /* ID is that of the order of the same key */
    ROUNDS_OTHER, /* the key was another order's, of round ID */
    ROUNDS_BUSY,  /* round ID is at work on one of the targets: nothing was begun */
    ROUNDS_OVER   /* after rounds_stop; ID is NULL */
};
/* ID is borrowed until the loop turns. */
enum rounds_answer rounds_begin(struct rounds *r, const struct rounds_order *order, const char **id);

/* "asking", "running", "cancelling", then "done", "failed" (a step did, or was left, or there was no plan),
 * or "cancelled"; NULL: no round of that id is known (any more). */
const char *rounds_status(const struct rounds *r, const char *id);
/* The round that is at work on TARGET (NULL: on any); NULL: none is. */
const char *rounds_busy(const struct rounds *r, const char *target);
/* What is known of a round, as a JSON object; false: nothing. */
bool rounds_add_json(const struct rounds *r, const char *id, struct json *j, struct text *out);
/* False: it has ended, or is not known. */
bool rounds_cancel(struct rounds *r, const char *id);

/* Cancels all, and begins none any more. */
void rounds_stop(struct rounds *r);
/* How many have not ended. */
int rounds_open(const struct rounds *r);

#endif
