/* What went wrong, as one sentence for the person who reads it. */
#ifndef DBVITALS_CORE_ERR_H
#define DBVITALS_CORE_ERR_H

#include <stdbool.h>

/* Owned by the caller, often on the stack; text is "" while nothing failed. */
struct err {
    char text[1024];
};

/* Writes the sentence and returns false, so that `return fail(err, ...)` reads as one thought. ERR may be
 * NULL. The sentence says what was tried, on what, why it failed, and what to do about it. */
bool fail(struct err *err, const char *format, ...) __attribute__((format(printf, 2, 3)));

#endif
