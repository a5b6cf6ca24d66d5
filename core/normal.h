/* SQL text without its literals: what makes two executions the same statement, and what may be kept or sent. */
#ifndef DBVITALS_CORE_NORMAL_H
#define DBVITALS_CORE_NORMAL_H

#include "core/text.h"

/* Appends SQL with comments left out, white space folded, and each literal (string, number with its sign, dollar-quoted, E'' and B'' too) replaced by `?`;
 * a list of literals in parentheses becomes (?, ...). Works on any bytes, also on text that was cut in the middle of a literal. */
void sql_normalize(const char *sql, struct text *out);

#endif
