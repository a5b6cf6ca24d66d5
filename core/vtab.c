/* Datasets as virtual tables: nothing is copied, SQLite reads the samples where they are. */
#include <math.h>
#include <stdlib.h>
#include <string.h>

#include "core/cursor.h"
#include "core/loop.h"
#include "core/mem.h"
#include "core/text.h"

static const char *const argument_names[N_ARGS] = {"window", "at", "trend"};

struct vtab {
    sqlite3_vtab base;
    struct table *table;
};

static int table_error(sqlite3_vtab *v, const char *text)
{
    sqlite3_free(v->zErrMsg);
    v->zErrMsg = sqlite3_mprintf("%s", text);
    return SQLITE_ERROR;
}

static const char *type_name(enum type type)
{
    switch (type) {
    case TYPE_INT:
        return "INTEGER";
    case TYPE_REAL:
        return "REAL";
    case TYPE_TEXT:
        break;
    }
    return "TEXT";
}

static int table_connect(sqlite3 *db, void *aux, int argc, const char *const *argv, sqlite3_vtab **out,
                         char **error)
{
    (void)argc, (void)argv, (void)error;
    struct table *t = aux;
    struct text sql;
    text_init(&sql, DOOR_LENGTH);
    text_add(&sql, "create table x(");
    for (int i = 0; i < t->n_shown; i++)
        text_addf(&sql, "\"%s\" %s, ", t->shown[i].name, type_name(t->shown[i].type));
    for (int i = 0; i < N_ARGS; i++)
        text_addf(&sql, "\"%s\" hidden%s", argument_names[i], i + 1 < N_ARGS ? ", " : ")");
    int rc = sqlite3_declare_vtab(db, text_str(&sql));
    text_done(&sql);
    if (rc != SQLITE_OK)
        return rc;
    struct vtab *v = mem_new(sizeof(*v));
    v->table = t;
    *out = &v->base;
    return SQLITE_OK;
}

static int table_disconnect(sqlite3_vtab *v)
{
    free(v);
    return SQLITE_OK;
}

static int table_best_index(sqlite3_vtab *v, sqlite3_index_info *info)
{
    const struct table *t = ((struct vtab *)v)->table;
    /* Planning a join of dozens of tables takes seconds, and SQLite asks no progress handler meanwhile. */
    return door_must_end(t->door) ? table_error(v, "too complex") : plan_choose(t, info);
}

/* ---- The walk: cursor.c ---- */

static int table_open(sqlite3_vtab *v, sqlite3_vtab_cursor **out)
{
    *out = &cursor_new(((struct vtab *)v)->table)->base;
    return SQLITE_OK;
}

static int table_close(sqlite3_vtab_cursor *base)
{
    cursor_free((struct cursor *)base);
    return SQLITE_OK;
}

static int table_filter(sqlite3_vtab_cursor *base, int plan, const char *idx_str, int argc,
                        sqlite3_value **argv)
{
    struct err err = {""};
    struct plan p;
    plan_read(&p, plan, idx_str);
    if (!cursor_filter((struct cursor *)base, &p, argc, argv, &err))
        return table_error(base->pVtab, err.text);
    return SQLITE_OK;
}

static int table_next(sqlite3_vtab_cursor *base)
{
    cursor_next((struct cursor *)base);
    return SQLITE_OK;
}

static int table_eof(sqlite3_vtab_cursor *base)
{
    return ((struct cursor *)base)->window == NULL;
}

static int table_rowid(sqlite3_vtab_cursor *base, sqlite3_int64 *rowid)
{
    *rowid = cursor_rowid((struct cursor *)base);
    return SQLITE_OK;
}

/* ---- Values ---- */

static void give_real(sqlite3_context *ctx, double v)
{
    if (isnan(v))
        sqlite3_result_null(ctx);
    else
        sqlite3_result_double(ctx, v);
}

/* Lent, not copied: the snapshot is held for as long as the statement runs. */
static void give_text(sqlite3_context *ctx, const char *text, size_t clip)
{
    if (text == NULL) {
        sqlite3_result_null(ctx);
        return;
    }
    size_t n = strnlen(text, clip + 1);
    if (n > clip)
        for (n = clip; n > 0 && ((unsigned char)text[n] & 0xC0) == 0x80;)
            n--;
    sqlite3_result_text(ctx, text, (int)n, SQLITE_STATIC);
}

static void give_self(sqlite3_context *ctx, struct cursor *c, const struct shown *shown)
{
    const struct sample *s = c->window->now;
    if (shown->type == TYPE_REAL) {
        give_real(ctx, cursor_number(c, shown));
    } else if (!sample_has(s, shown->column)) {
        sqlite3_result_null(ctx);
    } else if (shown->type == TYPE_TEXT) {
        give_text(ctx, sample_text(s, shown->column, c->row), c->table->door->clip);
    } else {
        int64_t integer = sample_int(s, shown->column, c->row);
        if (integer == INT_NONE)
            sqlite3_result_null(ctx);
        else
            sqlite3_result_int64(ctx, integer);
    }
}

/* Of the sample, when the question is about now: measured, so that a clock that was set does not matter. */
static double age_s(const struct cursor *c)
{
    const struct sample *s = c->window->now;
    return isnan(c->at_s) ? loop_mono_s() - s->mono_s : c->at_s - s->wall_s;
}

static int table_column(sqlite3_vtab_cursor *base, sqlite3_context *ctx, int column)
{
    struct cursor *c = (struct cursor *)base;
    const struct table *t = c->table;
    if (column >= t->n_shown) {
        sqlite3_value *v = c->args[column - t->n_shown];
        if (v != NULL)
            sqlite3_result_value(ctx, v);
        return SQLITE_OK;
    }
    const struct shown *s = &t->shown[column];
    switch (s->face) {
    case FACE_SELF:
        give_self(ctx, c, s);
        break;
    case FACE_DELTA:
    case FACE_PER_S:
        give_real(ctx, cursor_number(c, s));
        break;
    case FACE_TARGET:
        sqlite3_result_text(ctx, snapshot_target(t->door->snapshot, c->shown_target), -1, SQLITE_STATIC);
        break;
    case FACE_SPAN_S:
        give_real(ctx, c->window->span_s);
        break;
    case FACE_AGE_S:
        give_real(ctx, age_s(c));
        break;
    case FACE_SAMPLED_AT:
        give_real(ctx, c->window->now->wall_s);
        break;
    }
    return SQLITE_OK;
}

/* No xCreate: the tables exist by themselves, and CREATE VIRTUAL TABLE cannot make others. */
static const sqlite3_module module = {
    .iVersion = 1,
    .xConnect = table_connect,
    .xBestIndex = table_best_index,
    .xDisconnect = table_disconnect,
    .xDestroy = table_disconnect,
    .xOpen = table_open,
    .xClose = table_close,
    .xFilter = table_filter,
    .xNext = table_next,
    .xEof = table_eof,
    .xColumn = table_column,
    .xRowid = table_rowid,
};

bool vtab_add(struct door *d, struct table *t, struct err *err)
{
    if (sqlite3_create_module_v2(d->db, t->dataset->name, &module, t, NULL) != SQLITE_OK)
        return fail(err, "dataset %s cannot be a table: %s", t->dataset->name, sqlite3_errmsg(d->db));
    /* Connecting looks to the authorizer like an update of sqlite_master: it must happen before there is one.
     */
    char *sql = sqlite3_mprintf("select 1 from \"%w\"", t->dataset->name);
    sqlite3_stmt *stmt = NULL;
    int rc = sqlite3_prepare_v2(d->db, sql, -1, &stmt, NULL);
    sqlite3_free(sql);
    sqlite3_finalize(stmt);
    if (rc != SQLITE_OK)
        return fail(err, "dataset %s cannot be a table: %s", t->dataset->name, sqlite3_errmsg(d->db));
    return true;
}
