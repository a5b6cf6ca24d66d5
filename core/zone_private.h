/* What the files of time zones share. */
#ifndef DBVITALS_CORE_ZONE_PRIVATE_H
#define DBVITALS_CORE_ZONE_PRIVATE_H

#include <stdbool.h>
#include <stddef.h>

#include "core/zone.h"

enum { DAY_S = 86400 };

struct zone_change {
    int64_t at; /* from this moment on */
    int offset;
};
struct zone {
    int first;                   /* offset before all changes */
    struct zone_change *changes; /* rising */
    int n;
};
void zone_add(struct zone *z, int64_t at, int offset);

/* zone_rule.c: adds what a rule as in POSIX TZ ("CET-1CEST,M3.5.0,M10.5.0/3") says of the time after the last
 * change of Z, up to the year 2200; if there was none, of all time since 1970. False: it is none, Z is as
 * before. */
bool zone_add_rule(struct zone *z, const char *rule);

#endif
