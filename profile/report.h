/* A profile for people: a line a query and what there is to say of it, in 80 columns; and for programs: a row
 * a query. */
#ifndef DBVITALS_PROFILE_REPORT_H
#define DBVITALS_PROFILE_REPORT_H

#include <stdio.h>

#include "profile/compare.h"

struct report {
    const struct profile *profile;
    const char *file, *target, *server;
    int warmup;
    const struct comparison *comparisons; /* one for each result; NULL: there is nothing to compare with */
    const struct earlier *earlier;
};

void report_print(FILE *f, const struct report *r);
/* The caller frees it. */
struct result *report_result(const struct report *r);
/* A result became slower than before. */
bool report_is_slower(const struct comparison *c);

#endif
