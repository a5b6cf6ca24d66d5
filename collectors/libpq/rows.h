/* Values of PostgreSQL's binary format as numbers and texts. Knows no connection. */
#ifndef DBVITALS_COLLECTORS_LIBPQ_ROWS_H
#define DBVITALS_COLLECTORS_LIBPQ_ROWS_H

#include <stdbool.h>
#include <stdint.h>

#include "core/sample.h"

struct conn_rows;

/* The oids of pg_type.dat that are read; types made by users (enums, citext, domains) are texts. */
enum rows_class { ROWS_NUMBER, ROWS_TEXT, ROWS_OTHER };
enum rows_class rows_class(uint32_t type);
/* The number in LEN bytes, NAN or INT_NONE if they do not hold one of that type. Text is read as a number if it is one as a whole. */
double rows_real(uint32_t type, const char *bytes, int len);
int64_t rows_int(uint32_t type, const char *bytes, int len);

/* Fills column C of S, rows AT .. AT+N-1, from column FROM of R, rows FIRST .. FIRST+N-1. Returns the bytes read. Column by column
 * because the type is then decided once. */
size_t rows_fill(struct sample *s, int c, int at, const struct conn_rows *r, int from, int first, int n);

#endif
