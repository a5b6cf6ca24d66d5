/* JSON, written by SQLite's own functions. */
#ifndef DBVITALS_CORE_JSON_H
#define DBVITALS_CORE_JSON_H

#include "core/result.h"
#include "core/text.h"

struct json;

struct json *json_new(void);
void json_free(struct json *j);
/* Appends V as JSON: integers exact, reals so that they read back equal, NULL, NAN and infinity as null. */
void json_add(struct json *j, struct text *out, const struct value *v);
/* What a terminal would obey (controls, bidi controls) is escaped. */
void json_add_text(struct json *j, struct text *out, const char *s);

#endif
