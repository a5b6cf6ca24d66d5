/* One option's rules, apart from the file that it stands in. */
#ifndef DBVITALS_CORE_OPTION_H
#define DBVITALS_CORE_OPTION_H

#include "core/config.h"
#include "core/text.h"

/* The row for KEY of [KIND], NULL if there is none; OPTIONS is N rows. A row may end in "*". */
const struct option *option_find(const struct option *options, int n, const char *kind, const char *key);
/* Whether any row is for [KIND]; its first one. */
const struct option *option_find_section(const struct option *options, int n, const char *kind);
/* Whether VALUE is of the option's type and in its range; ERR says what was expected, and quotes no secret. */
bool option_check(const struct option *o, const char *value, struct err *err);
/* The number of a checked value: durations in seconds, booleans 0 or 1. */
double option_number(const struct option *o, const char *value);
/* Appends "; did you mean ..." for a section or, when KIND is given, one of its keys. */
void option_suggest(struct text *out, const struct option *options, int n, const char *kind, const char *given);

#endif
