/* "Did you mean": the known name that a mistyped one is nearest to. */
#ifndef DBVITALS_CORE_NEAREST_H
#define DBVITALS_CORE_NEAREST_H

#include "core/text.h"

/* The one of the N KNOWN names that takes fewest insertions, deletions, replacements and swaps of neighbours to become from GIVEN; NULL
 * if none is near (more than a third of its letters would change). */
const char *nearest_find(const char *given, const char *const *known, int n);
/* Appends "did you mean 'refresh'?" or, if none is near, "expected one of refresh, theme". */
void nearest_say(struct text *out, const char *given, const char *const *known, int n);

#endif
