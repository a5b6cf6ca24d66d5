/* Time zones: what the clock on the wall shows at a moment, and when it shows something. Read from the TZ
 * database, because the C library knows one zone at a time. */
#ifndef DBVITALS_CORE_ZONE_H
#define DBVITALS_CORE_ZONE_H

#include <stdint.h>

#include "core/err.h"

/* Moments are seconds since 1970, and so is what a clock shows, as if it stood in Greenwich: `civil`. */
struct zone;
/* NAME is one of the database: Europe/Berlin. NULL: the program's own, as the C library finds it ($TZ, else
 * /etc/localtime, else UTC), which is always there. NULL and err when there is none of that name. */
struct zone *zone_new(const char *name, struct err *err);
void zone_free(struct zone *z);
/* Seconds east of Greenwich at MOMENT. */
int zone_offset(const struct zone *z, int64_t moment);
/* The first moment when the clock shows CIVIL or later: of a time that comes twice the first one, for one
 * that is skipped when the clock is set. */
int64_t zone_moment(const struct zone *z, int64_t civil);
/* Days since 1970-01-01 of a date of the calendar; MONTH from 1. */
int64_t zone_day(int year, int month, int day);

#endif
