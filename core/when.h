/* Moments and durations as people write them. */
#ifndef DBVITALS_CORE_WHEN_H
#define DBVITALS_CORE_WHEN_H

#include <stdbool.h>
#include <stddef.h>

#include "core/err.h"

/* "30", "30s", "5m", "1h", "2d", "500ms", "1h30m": seconds > 0. */
bool duration_parse(const char *s, double *seconds, struct err *err);
/* "2026-11-20 14:03", "2026-11-20T14:03:21", "14:03", "14:03:21" (today, or yesterday if that is in the
 * future), each local unless it ends in Z or an offset (+02, +02:00); "-5m" (that long before now), "now".
 * Seconds since 1970. NOW_S is the present. */
bool moment_parse(const char *s, double now_s, double *moment, struct err *err);
/* Local "2026-11-20 14:03:21" or RFC 3339 UTC "2026-11-20T12:03:21Z". */
void moment_format_local(char *out, size_t size, double moment);
void moment_format_utc(char *out, size_t size, double moment);

/* The LEN bytes of S are "22:00", at most 24:00: seconds after midnight. */
bool clock_parse(const char *s, size_t len, int *seconds);
/* "sun", "mon-fri, sun", "fri-mon": bits of days, 0 Sunday. An empty list is an error. */
enum { EVERY_DAY = 127 };
bool days_parse(const char *list, int *days, struct err *err);

#endif
