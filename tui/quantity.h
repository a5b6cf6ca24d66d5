/* Numbers as people type them beside a column: 5m, 90%, 1.5GiB, 10k. For filters and mark rules. */
#ifndef DBVITALS_TUI_QUANTITY_H
#define DBVITALS_TUI_QUANTITY_H

#include <stdbool.h>

#include "core/unit.h"

enum op { OP_EQUAL, OP_NOT_EQUAL, OP_LESS, OP_LESS_EQUAL, OP_GREATER, OP_GREATER_EQUAL };
/* Reads an operator at S: = == != <> < <= > >=. Returns its length, 0 if there is none. */
int op_parse(const char *s, enum op *op);
const char *op_sql(enum op op);
bool op_holds(enum op op, double left, double right);

/* S as a number in the base of UNIT: 5m is 300 for seconds and 300,000 for milliseconds, 90% (and 90) is 0.9 for ratios, 1k is 1024 for
 * bytes and 1000 for counts. Blanks around it are allowed. False if S is anything else. */
bool quantity_parse(const char *s, enum unit unit, double *out);

#endif
