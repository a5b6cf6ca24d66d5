/* JSON, written by SQLite's own functions. */
#include "core/json.h"

#include <inttypes.h>
#include <math.h>
#include <sqlite3.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

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

/* SQLite leaves what JSON allows as it is: C1 controls and bidi controls too, which a terminal obeys. Escaped they are the same text. */
static void add_harmless(struct text *out, const char *s)
{
    for (size_t len = strlen(s), n; len > 0; s += n, len -= n) {
        uint32_t code;
        n = utf8_decode(s, len, &code);
        if (code < 0x7F || utf8_harmless(code) == code)
            text_add_n(out, s, n);
        else if (code > 0xFFFF)
            text_addf(out, "\\u%04x\\u%04x", 0xD7C0 + (code >> 10), 0xDC00 + (code & 0x3FF));
        else
            text_addf(out, "\\u%04x", code);
    }
}

void json_add_text(struct json *j, struct text *out, const char *s)
{
    sqlite3_bind_text(j->quote, 1, s, -1, SQLITE_STATIC);
    if (sqlite3_step(j->quote) == SQLITE_ROW)
        add_harmless(out, (const char *)sqlite3_column_text(j->quote, 0));
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
    snprintf(digits, sizeof(digits), "%.15g", v);
    if (strtod(digits, NULL) != v)
        snprintf(digits, sizeof(digits), "%.17g", v);
    text_add(out, digits);
}

void json_add(struct json *j, struct text *out, const struct value *v)
{
    switch (v->type) {
    case VALUE_NULL:
        text_add(out, "null");
        break;
    case VALUE_INT:
        text_addf(out, "%" PRId64, v->integer);
        break;
    case VALUE_REAL:
        add_real(out, v->real);
        break;
    case VALUE_TEXT:
        json_add_text(j, out, v->text);
        break;
    }
}
