/* What a subcommand prints: whether it arrived. */
#ifndef DBVITALS_CLI_OUTPUT_H
#define DBVITALS_CLI_OUTPUT_H

#include <stdbool.h>
#include <stdio.h>

#include "core/err.h"
#include "core/export.h"

/* Writes out what F, which the user knows as NAME, still holds. False if something could not be written; ERR stays empty when the
 * reader went away, as head does: that is no error, but nobody listens any more. */
bool output_flush(FILE *f, const char *name, struct err *err);
/* "dbvitals: " and TEXT, which came from outside, as a line of F that a terminal may be given. */
void output_tell(FILE *f, const char *text);
/* What --format says: table when it is NULL. */
bool output_format_parse(const char *name, enum export_format *out, struct err *err);

#endif
