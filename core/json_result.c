/* Results as JSON with their columns' units, and back. */
#include "core/json_result.h"

#include <math.h>
#include <sqlite3.h>
#include <stdlib.h>
#include <string.h>

#include "core/json.h"
#include "core/json_private.h"
#include "core/mem.h"

static void add_column(struct json *j, struct text *out, const struct result_column *c)
{
    text_add(out, "{\"name\":");
    json_add_text(j, out, c->name);
    text_addf(out, ",\"unit\":\"%s\",\"dataset\":", unit_name(c->unit));
    json_add(j, out,
             &(struct value){.type = c->dataset != NULL ? VALUE_TEXT : VALUE_NULL, .text = c->dataset});
    text_add(out, ",\"column\":");
    json_add(j, out,
             &(struct value){.type = c->origin != NULL ? VALUE_TEXT : VALUE_NULL,
                             .text = c->origin != NULL ? c->origin->name : NULL});
    text_addf(out, ",\"numeric\":%s}", c->numeric ? "true" : "false");
}

void json_result_add(struct text *out, const struct result *r)
{
    struct json *j = json_new();
    text_add(out, "{\"columns\":[");
    for (int c = 0; c < r->n_columns; c++) {
        text_add(out, c == 0 ? "" : ",");
        add_column(j, out, &r->columns[c]);
    }
    text_add(out, "],\"rows\":[");
    for (int row = 0; row < r->n_rows && !out->cut; row++) {
        text_add(out, row == 0 ? "[" : ",\n[");
        for (int c = 0; c < r->n_columns; c++) {
            text_add(out, c == 0 ? "" : ",");
            json_add(j, out, result_at(r, row, c));
        }
        text_add(out, "]");
    }
    text_addf(out, "],\"more\":%s,\"cpu_ms\":", r->more ? "true" : "false");
    json_add(j, out, &(struct value){.type = VALUE_REAL, .real = r->cpu_ms});
    text_add(out, "}\n");
    json_free(j);
}

/* ---- And back ---- */

struct reader {
    sqlite3 *db;
    const char *text;
    size_t len;
    const struct registry *registry;
    struct result *result;
};

static bool prepare(struct reader *d, const char *sql, sqlite3_stmt **stmt, struct err *err)
{
    if (sqlite3_prepare_v2(d->db, sql, -1, stmt, NULL) != SQLITE_OK)
        return fail(err, "cannot read a result: %s", sqlite3_errmsg(d->db));
    sqlite3_bind_text64(*stmt, 1, d->text, d->len, SQLITE_STATIC, SQLITE_UTF8);
    return true;
}

static void set_origin(struct reader *d, struct result_column *c, const char *dataset, const char *column)
{
    const struct dataset *found = dataset != NULL ? registry_find(d->registry, dataset) : NULL;
    int i = found != NULL && column != NULL ? dataset_column(found, column) : -1;
    c->dataset = found != NULL ? found->name : NULL;
    c->origin = i >= 0 ? &found->columns[i] : NULL;
}

static bool read_columns(struct reader *d, struct err *err)
{
    struct result *r = d->result;
    sqlite3_stmt *stmt;
    if (!prepare(
            d,
            "select value->>'name', value->>'unit', value->>'dataset', value->>'column', value->>'numeric'"
            " from json_each(?1, '$.columns') where type = 'object'",
            &stmt, err))
        return false;
    struct result_column *columns = NULL;
    while (sqlite3_step(stmt) == SQLITE_ROW) {
        struct result_column c = {.name = json_text_at(r->arena, stmt, 0)};
        const char *unit = (const char *)sqlite3_column_text(stmt, 1);
        int u = unit != NULL ? unit_parse(unit) : -1;
        if (c.name == NULL)
            continue;
        c.unit = u > 0 ? (enum unit)u : UNIT_NONE;
        c.numeric = sqlite3_column_int(stmt, 4) != 0;
        set_origin(d, &c, (const char *)sqlite3_column_text(stmt, 2),
                   (const char *)sqlite3_column_text(stmt, 3));
        columns = mem_grow(columns, (size_t)r->n_columns + 1, sizeof(c));
        columns[r->n_columns++] = c;
    }
    bool ok = sqlite3_finalize(stmt) == SQLITE_OK;
    size_t bytes = (size_t)r->n_columns * sizeof(*columns);
    r->columns = arena_alloc(r->arena, bytes);
    if (bytes > 0)
        memcpy(r->columns, columns, bytes);
    free(columns);
    return (ok && r->n_columns > 0) || fail(err, "what came is not a result: it has no columns");
}

static bool read_rows(struct reader *d, struct err *err)
{
    struct result *r = d->result;
    sqlite3_stmt *stmt;
    if (!prepare(d, "select r.key, c.key, c.value from json_each(?1, '$.rows') r, json_each(r.value) c",
                 &stmt, err))
        return false;
    size_t width = (size_t)r->n_columns, room = 0;
    struct value *values = NULL;
    while (sqlite3_step(stmt) == SQLITE_ROW) {
        size_t row = (size_t)sqlite3_column_int64(stmt, 0), column = (size_t)sqlite3_column_int64(stmt, 1);
        if (column >= width || row > (size_t)r->n_rows)
            continue;
        if (row >= room) {
            size_t more = room == 0 ? 64 : room * 2;
            values = mem_grow(values, more * width, sizeof(*values));
            memset(values + room * width, 0, (more - room) * width * sizeof(*values));
            room = more;
        }
        values[row * width + column] = json_value_at(r->arena, stmt, 2);
        r->n_rows = (int)row + 1;
    }
    bool ok = sqlite3_finalize(stmt) == SQLITE_OK;
    size_t n = (size_t)r->n_rows * width * sizeof(*values);
    r->values = arena_alloc(r->arena, n);
    if (n > 0)
        memcpy(r->values, values, n);
    free(values);
    return ok || fail(err, "what came is not a result: %s", sqlite3_errmsg(d->db));
}

static bool read_rest(struct reader *d, struct err *err)
{
    sqlite3_stmt *stmt;
    if (!prepare(d, "select ?1->>'more', ?1->>'cpu_ms'", &stmt, err))
        return false;
    if (sqlite3_step(stmt) == SQLITE_ROW) {
        d->result->more = sqlite3_column_int(stmt, 0) != 0;
        double cpu_ms = sqlite3_column_double(stmt, 1);
        d->result->cpu_ms = isfinite(cpu_ms) ? cpu_ms : 0;
    }
    return sqlite3_finalize(stmt) == SQLITE_OK || fail(err, "what came is not a result: it is no JSON");
}

struct result *json_result_read(const char *text, size_t len, const struct registry *r, struct err *err)
{
    struct reader d = {.text = text, .len = len, .registry = r};
    if (sqlite3_open_v2(":memory:", &d.db, SQLITE_OPEN_READWRITE | SQLITE_OPEN_NOMUTEX, NULL) != SQLITE_OK) {
        sqlite3_close(d.db);
        fail(err, "cannot read a result: no memory");
        return NULL;
    }
    struct arena *arena = arena_new(4096);
    d.result = arena_alloc(arena, sizeof(*d.result));
    d.result->arena = arena;
    bool ok = read_rest(&d, err) && read_columns(&d, err) && read_rows(&d, err);
    sqlite3_close(d.db);
    if (ok)
        return d.result;
    result_free(d.result);
    return NULL;
}
