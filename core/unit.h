/* Units are part of a column: they drive formatting on the screen and conversion to base units elsewhere. */
#ifndef DBVITALS_CORE_UNIT_H
#define DBVITALS_CORE_UNIT_H

#include <stdbool.h>
#include <stddef.h>

enum unit {
    UNIT_NONE,  /* text, or a number that is a name (pid, oid, queryid): digits, never grouped */
    UNIT_COUNT, /* how many: 1,284 or 1.3M */
    UNIT_BYTES, /* 1.4 GiB */
    UNIT_PAGES, /* of the server's block size; shown as a count */
    UNIT_MS,    /* milliseconds: 0.6 ms, 130 ms, 4.2 s */
    UNIT_S,     /* seconds: 0.4 s, 3m12s, 12d 4h */
    UNIT_RATIO, /* 0..1, shown as 99.2 % */
    UNIT_PERCENT, /* 0..100, of a user's column named x_pct; shown as 99.2 % */
    UNIT_TIME,  /* seconds since 1970 UTC, shown as local time */
    UNIT_LSN,   /* a WAL position as a 64-bit number, shown as 16/B374D848 */
    UNIT_BOOL,  /* 0 or 1, shown as no or yes */
    UNIT_COUNT_PER_S,
    UNIT_BYTES_PER_S,
    UNIT_PAGES_PER_S,
    UNIT_MS_PER_S,
    UNIT_S_PER_S, /* dimensionless, such as average active sessions */
    N_UNITS
};

/* "bytes", "ms", "count/s", ...; "" for UNIT_NONE. Static. */
const char *unit_name(enum unit u);
/* The unit that unit_name gives NAME (bytes ms s ratio count pages lsn time ...), or -1. */
int unit_parse(const char *name);
/* The unit of a rate of U: bytes gives bytes/s. A unit that makes no rate gives UNIT_COUNT_PER_S. */
enum unit unit_rate(enum unit u);
/* The unit that a result column's name says by its suffix _ms _s _bytes _ratio _pct _per_s (also _bytes_per_s and the like), else
 * UNIT_NONE. */
enum unit unit_of_suffix(const char *column_name);

/* V for a person, in at most SIZE - 1 bytes: "1.4 GiB", "3m12s", "87 %", "1,284", "24/s". Two or three significant figures where the unit
 * scales, in at most 12 columns. NAN gives "n/a". What is not all is never 100 %, what is not nothing never 0. Times are local: today
 * "14:03:21", else "2026-11-20 14:03". ASCII only. 24 bytes are always enough. */
void unit_format(char *out, size_t size, double v, enum unit u);

#endif
