/* JSON, written and read by SQLite's own functions. */
#include "core/json.h"

#include <inttypes.h>
#include <math.h>
#include <sqlite3.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "core/json_private.h"
#include "core/mem.h"
#include "core/utf8.h"

struct json {
    sqlite3 *db;
    sqlite3_stmt *quote;
};

struct json *json_new(void)
{
    struct json *j = mem_new(sizeof(*j));
    int flags = SQLITE_OPEN_READWRITE | SQLITE_OPEN_CREATE | SQLITE_OPEN_MEMORY | SQLITE_OPEN_NOMUTEX;
    if (sqlite3_open_v2(":memory:", &j->db, flags, NULL) == SQLITE_OK)
        sqlite3_prepare_v2(j->db, "select json_quote(?)", -1, &j->quote, NULL);
    return j;
}

void json_free(struct json *j)
{
    if (j == NULL)
        return;
    sqlite3_finalize(j->quote);
    sqlite3_close(j->db);
    free(j);
}

/* JSON allows raw what a terminal would obey (C1, DEL) or be led astray by (bidi controls): those are escaped
 * too, which reads back the same. */
static void add_escaped(struct text *out, const char *quoted, size_t len)
{
    for (size_t i = 0, start = 0; i <= len;) {
        uint32_t code = 0;
        size_t n = i < len ? utf8_decode(quoted + i, len - i, &code) : 1;
        bool harmful = i < len && code >= 0x7f && code <= 0xffff && code != 0xfffd && utf8_width(code) < 0;
        if (harmful || i == len) {
            text_add_n(out, quoted + start, i - start);
            start = i + n;
        }
        if (harmful)
            text_addf(out, "\\u%04x", (unsigned)code);
        i += n;
    }
}

void json_add_text(struct json *j, struct text *out, const char *s)
{
    sqlite3_bind_text(j->quote, 1, s, -1, SQLITE_STATIC);
    if (sqlite3_step(j->quote) == SQLITE_ROW)
        add_escaped(out, (const char *)sqlite3_column_text(j->quote, 0),
                    (size_t)sqlite3_column_bytes(j->quote, 0));
    else
        text_add(out, "null"); /* no memory: still JSON */
    sqlite3_reset(j->quote);
}

/* A number is no text from outside: it is written here. SQLite would keep 15 digits. */
static void add_real(struct text *out, double v)
{
    char digits[40];
    if (!isfinite(v)) {
        text_add(out, "null");
        return;
    }
    v = v == 0 ? 0 : v; /* -0 would come back as the integer 0 */
    snprintf(digits, sizeof(digits), "%.15g", v);
    if (strtod(digits, NULL) != v)
        snprintf(digits, sizeof(digits), "%.17g", v);
    text_add(out, digits);
}

void json_add_number(struct text *out, const struct value *v)
{
    if (v->type == VALUE_INT)
        text_addf(out, "%" PRId64, v->integer);
    else
        add_real(out, value_real(v));
}

void json_add(struct json *j, struct text *out, const struct value *v)
{
    if (v->type == VALUE_TEXT)
        json_add_text(j, out, v->text);
    else
        json_add_number(out, v);
}

/* ---- Reading ---- */

const char *json_text_at(struct arena *arena, sqlite3_stmt *row, int column)
{
    const char *text = (const char *)sqlite3_column_text(row, column);
    return text == NULL ? NULL : utf8_keep(arena, text, (size_t)sqlite3_column_bytes(row, column));
}

struct value json_value_at(struct arena *arena, sqlite3_stmt *row, int column)
{
    switch (sqlite3_column_type(row, column)) {
    case SQLITE_INTEGER:
        return (struct value){.type = VALUE_INT, .integer = sqlite3_column_int64(row, column)};
    case SQLITE_FLOAT:
        return (struct value){.type = VALUE_REAL, .real = sqlite3_column_double(row, column)};
    case SQLITE_TEXT:
        return (struct value){.type = VALUE_TEXT, .text = json_text_at(arena, row, column)};
    default:
        return (struct value){.type = VALUE_NULL};
    }
}

/* As SQLite calls it in COLUMN: NULL where there is nothing. */
static enum json_type type_at(sqlite3_stmt *row, int column)
{
    // clang-format off
    static const struct {
        const char *word;
        enum json_type type;
    } types[] = {
        {"true", JSON_BOOLEAN}, {"false", JSON_BOOLEAN}, {"integer", JSON_NUMBER}, {"real", JSON_NUMBER}, {"text", JSON_TEXT}, {"array", JSON_ARRAY}, {"object", JSON_OBJECT},
    };
    // clang-format on
    const char *word = (const char *)sqlite3_column_text(row, column);
    for (size_t i = 0; word != NULL && i < sizeof(types) / sizeof(types[0]); i++)
        if (strcmp(word, types[i].word) == 0)
            return types[i].type;
    return JSON_NULL;
}

static bool read_members(struct arena *arena, sqlite3_stmt *stmt, int most, struct json_member **out, int *n,
                         struct err *err)
{
    struct json_member *list = arena_alloc(arena, (size_t)most * sizeof(*list));
    int i = 0, status;
    while ((status = sqlite3_step(stmt)) == SQLITE_ROW) {
        if (i == most)
            return fail(err, "JSON of more than %d members", most);
        list[i].name = json_text_at(arena, stmt, 0);
        list[i].value = json_value_at(arena, stmt, 1);
        list[i++].type = type_at(stmt, 2);
    }
    if (status != SQLITE_DONE)
        return fail(err, "this is no JSON");
    *out = list;
    *n = i;
    return true;
}

/* What TEXT has, if it is of TYPE: object or array. */
static bool read_each(struct arena *arena, const char *text, size_t len, const char *type, int most,
                      struct json_member **out, int *n, struct err *err)
{
    static const char sql[] = "select key, value, type from json_each(?1)";
    static const char check[] = "select json_valid(?1) and json_type(?1) = ?2";
    struct json *j = json_new();
    sqlite3_stmt *stmt = NULL;
    bool ok = sqlite3_prepare_v2(j->db, check, -1, &stmt, NULL) == SQLITE_OK;
    sqlite3_bind_text64(stmt, 1, text, len, SQLITE_STATIC, SQLITE_UTF8);
    sqlite3_bind_text(stmt, 2, type, -1, SQLITE_STATIC);
    ok = ok && sqlite3_step(stmt) == SQLITE_ROW && sqlite3_column_int(stmt, 0) != 0;
    sqlite3_finalize(stmt);
    if (!ok) {
        json_free(j);
        return fail(err, "this is no JSON %s", type);
    }
    sqlite3_prepare_v2(j->db, sql, -1, &stmt, NULL);
    sqlite3_bind_text64(stmt, 1, text, len, SQLITE_STATIC, SQLITE_UTF8);
    ok = read_members(arena, stmt, most, out, n, err);
    sqlite3_finalize(stmt);
    json_free(j);
    return ok;
}

bool json_members(struct arena *arena, const char *text, size_t len, int most, struct json_member **out,
                  int *n, struct err *err)
{
    return read_each(arena, text, len, "object", most, out, n, err);
}

bool json_items(struct arena *arena, const char *text, size_t len, int most, struct json_member **out, int *n,
                struct err *err)
{
    return read_each(arena, text, len, "array", most, out, n, err);
}

const char *json_repeated(const struct json_member *members, int n)
{
    for (int i = 0; i < n; i++)
        for (int k = 0; k < i; k++)
            if (strcmp(members[i].name, members[k].name) == 0)
                return members[i].name;
    return NULL;
}

/* A backslash stands in texts only, and never alone. */
bool json_has_nul(const char *text, size_t len)
{
    static const char escape[] = "\\u0000";
    for (size_t i = 0; i < len; i++) {
        if (text[i] == '\0' || (len - i >= strlen(escape) && memcmp(text + i, escape, strlen(escape)) == 0))
            return true;
        i += text[i] == '\\';
    }
    return false;
}

const char *json_nul_member(struct arena *arena, const char *text, size_t len)
{
    struct json *j = json_new();
    sqlite3_stmt *stmt = NULL;
    const char *found = NULL;
    sqlite3_prepare_v2(j->db, "select key, ?1 -> fullkey from json_each(?1)", -1, &stmt, NULL);
    sqlite3_bind_text64(stmt, 1, text, len, SQLITE_STATIC, SQLITE_UTF8);
    while (found == NULL && sqlite3_step(stmt) == SQLITE_ROW) {
        const char *member = (const char *)sqlite3_column_text(stmt, 1);
        if (member != NULL && json_has_nul(member, (size_t)sqlite3_column_bytes(stmt, 1)))
            found = json_text_at(arena, stmt, 0);
    }
    sqlite3_finalize(stmt);
    json_free(j);
    return found;
}

bool json_at(struct arena *arena, const char *text, size_t len, const char *path, struct json_member *out,
             struct err *err)
{
    static const char sql[] = "select json_extract(?1, ?2), json_type(?1, ?2)";
    struct json *j = json_new();
    sqlite3_stmt *stmt = NULL;
    bool ok = sqlite3_prepare_v2(j->db, sql, -1, &stmt, NULL) == SQLITE_OK;
    sqlite3_bind_text64(stmt, 1, text, len, SQLITE_STATIC, SQLITE_UTF8);
    sqlite3_bind_text(stmt, 2, path, -1, SQLITE_STATIC);
    ok = ok && sqlite3_step(stmt) == SQLITE_ROW;
    if (ok)
        *out = (struct json_member){path, type_at(stmt, 1), json_value_at(arena, stmt, 0)};
    sqlite3_finalize(stmt);
    json_free(j);
    return ok || fail(err, "this is no JSON, or the path is none");
}

/* A part of a path behind PATH, NULL if there is none: .name, ."name", [0], [#-1]. */
static const char *path_part(const char *path)
{
    size_t n;
    if (path[0] == '.' && path[1] == '"') {
        const char *end = strchr(path + 2, '"');
        return end == NULL || end == path + 2 ? NULL : end + 1;
    }
    if (path[0] == '.') {
        n = strcspn(path + 1, ".[]\"\n\t");
        return n == 0 ? NULL : path + 1 + n;
    }
    if (path[0] != '[')
        return NULL;
    path += strncmp(path, "[#-", 3) == 0 ? 3 : 1;
    n = strspn(path, "0123456789");
    return n > 0 && path[n] == ']' ? path + n + 1 : NULL;
}

/* SQLite reads a path only as far as it leads, and takes what leads nowhere. */
bool json_path_check(const char *path)
{
    const char *at = path[0] == '$' ? path + 1 : NULL;
    while (at != NULL && *at != '\0')
        at = path_part(at);
    return at != NULL;
}
