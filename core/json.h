/* JSON, written and read by SQLite's own functions. */
#ifndef DBVITALS_CORE_JSON_H
#define DBVITALS_CORE_JSON_H

#include "core/result.h"
#include "core/text.h"

struct json;

struct json *json_new(void);
void json_free(struct json *j);
/* Appends V as JSON: integers exact, reals so that they read back equal, NULL, NAN and infinity as null. */
void json_add(struct json *j, struct text *out, const struct value *v);
/* The same for a V that is no text. */
void json_add_number(struct text *out, const struct value *v);
/* What a terminal would obey (controls, bidi controls) is escaped. */
void json_add_text(struct json *j, struct text *out, const char *s);

enum json_type { JSON_NULL, JSON_BOOLEAN, JSON_NUMBER, JSON_TEXT, JSON_ARRAY, JSON_OBJECT };
/* The members of the object TEXT in ARENA: texts, numbers, null as VALUE_NULL, true and false as 1 and 0, objects
 * and arrays as their JSON text: only TYPE tells those from a text that looks like JSON. A name that stands there
 * twice comes twice. False and err when TEXT is no object, or has more than MOST members. */
struct json_member {
    const char *name;
    enum json_type type;
    struct value value;
};
bool json_members(struct arena *arena, const char *text, size_t len, int most, struct json_member **out, int *n,
                  struct err *err);
/* The same of the array TEXT: names are the places, from 0. */
bool json_items(struct arena *arena, const char *text, size_t len, int most, struct json_member **out, int *n,
                struct err *err);
/* The first name that two of the N members have; NULL: all differ. */
const char *json_repeated(const struct json_member *members, int n);
/* Valid JSON has a NUL (\u0000) in one of its texts, or behind its end: reading may end there. */
bool json_has_nul(const char *text, size_t len);
/* The member of the object TEXT that has one, in it or deeper; NULL when it cannot be told which. */
const char *json_nul_member(struct arena *arena, const char *text, size_t len);
/* PATH is one that json_at takes. */
bool json_path_check(const char *path);
/* What TEXT has at PATH, which is one of SQLite's: $.pool.size, $.pools[0]; types and values as above,
 * null if there is nothing; its name is PATH. False and err when TEXT is no JSON or PATH no path. */
bool json_at(struct arena *arena, const char *text, size_t len, const char *path, struct json_member *out,
             struct err *err);

#endif
