/* Texts of statements by their id: fetched once, kept in one arena that the samples share. */
#ifndef DBVITALS_COLLECTORS_PG_TEXTS_H
#define DBVITALS_COLLECTORS_PG_TEXTS_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "core/arena.h"

struct text_slot {
    int64_t id;
    const char *text; /* NULL: the slot is free */
    size_t len;
    bool used; /* since texts_begin */
    bool own;  /* the tag of our queries stands in it */
};

/* All zero is an empty cache. */
struct texts {
    struct arena *arena;
    struct text_slot *slots; /* open addressing; capacity is a power of two, at most 3/4 full */
    int capacity, n;
    size_t held; /* bytes of all texts */
    size_t live; /* bytes of those used since texts_begin */
};

/* A text is clipped to LONGEST bytes, and to SHORTEST once MOST bytes are held. */
enum { TEXTS_LONGEST = 1 << 16, TEXTS_SHORTEST = 256, TEXTS_MOST = 16 << 20 };

void texts_done(struct texts *t);
/* A new round of texts_use starts. */
void texts_begin(struct texts *t);
/* The text of ID, marked as used, and in OWN (which may be NULL) whether it is a query of ours, so that nobody need look at the text;
 * NULL if it is not held. */
const char *texts_use(struct texts *t, int64_t id, bool *own);
/* Ends a round. If less than half of what is held was used, only that is kept, in a new arena: pointers got
 * from texts_use in this round live in the old one. True if so. */
bool texts_sweep(struct texts *t);
/* Copies TEXT (any bytes) as valid UTF-8. An id that is held already keeps its text. */
void texts_put(struct texts *t, int64_t id, const char *text, size_t len);

#endif
