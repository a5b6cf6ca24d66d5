/* Results for people and programs: aligned text, CSV (RFC 4180), JSON. */
#ifndef DBVITALS_CORE_EXPORT_H
#define DBVITALS_CORE_EXPORT_H

#include <stdio.h>

#include "core/result.h"

enum export_format { EXPORT_TABLE, EXPORT_JSON, EXPORT_CSV };

/* One result, or one of several that have names. Several stand between export_begin and export_end: as JSON
 * they are one object, {"sessions":[...],"statements":[...]}. NAME NULL: it stands alone, as JSON an array.
 * FIRST: no result came before it since export_begin. Errors of writing stay in F (ferror). */
void export_begin(FILE *f, enum export_format format);
void export_result(FILE *f, const struct result *r, enum export_format format, const char *name, bool first);
void export_end(FILE *f, enum export_format format);

/* Units for people; texts in one line and harmless to a terminal. WIDTH > 0: lines have at most that many
 * columns, the widest texts are cut for it; 0: nothing is cut. */
void export_table(FILE *f, const struct result *r, int width);
/* A header and raw values; no value is an empty field. Control characters in texts other than newline and tab
 * are replaced: a terminal may be what reads it. */
void export_csv(FILE *f, const struct result *r);
/* An array of objects, without a newline after it. */
void export_json(FILE *f, const struct result *r);

#endif
