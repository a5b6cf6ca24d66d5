/* What json.c and json_result.c share: JSON from outside, as SQLite's functions hand it over row by row. */
#ifndef DBVITALS_CORE_JSON_PRIVATE_H
#define DBVITALS_CORE_JSON_PRIVATE_H

#include <sqlite3.h>

#include "core/result.h"

/* In ARENA, valid UTF-8 whatever the JSON says; NULL for null. */
const char *json_text_at(struct arena *arena, sqlite3_stmt *row, int column);
struct value json_value_at(struct arena *arena, sqlite3_stmt *row, int column);

#endif
