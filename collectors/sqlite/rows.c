/* What dataset files have in common: statements, their values, a sample's cells. */
#include <math.h>
#include <string.h>

#include "collectors/sqlite/sqlite.h"

enum { MOST_ROWS = 5000 };

/* 48 bits: exact as a number of JSON too. */
int64_t lite_id(const char *name)
{
    uint64_t hash = epoch_add(EPOCH_START, name, strlen(name));
    return (int64_t)((hash ^ hash >> 48) & UINT64_C(0xffffffffffff)) + 1;
}

const char *lite_datname(const struct lite_look *l)
{
    const char *slash = strrchr(l->path, '/');
    return slash != NULL ? slash + 1 : l->path;
}

double lite_number(struct lite_look *l, const char *sql)
{
    sqlite3_stmt *stmt = NULL;
    double value = NAN;
    if (sqlite3_prepare_v2(l->db, sql, -1, &stmt, NULL) == SQLITE_OK && sqlite3_step(stmt) == SQLITE_ROW &&
        sqlite3_column_type(stmt, 0) != SQLITE_NULL)
        value = sqlite3_column_double(stmt, 0);
    sqlite3_finalize(stmt);
    return value;
}

void lite_put_text(struct sample *s, int column, int row, sqlite3_stmt *stmt, int from)
{
    const char *text = (const char *)sqlite3_column_text(stmt, from);
    if (text != NULL)
        sample_set_text(s, column, row, text, (size_t)sqlite3_column_bytes(stmt, from));
}

void lite_set(struct sample *s, const char *column, int row, double value)
{
    s->values[dataset_column(s->dataset, column)].real[row] = value;
}

void lite_set_int(struct sample *s, const char *column, int row, int64_t value)
{
    s->values[dataset_column(s->dataset, column)].integer[row] = value;
}

void lite_set_text(struct sample *s, const char *column, int row, const char *value)
{
    if (value != NULL)
        sample_set_text(s, dataset_column(s->dataset, column), row, value, strlen(value));
}

void lite_lacks(const struct lite_collector *c, struct sample *s)
{
    for (int i = 0; i < s->dataset->n_columns; i++) {
        const struct column *column = &s->dataset->columns[i];
        if (column->kind != KIND_DERIVED && column_source_find(c->sources, column->name) == NULL)
            sample_lacks(s, i, c->lacks);
    }
}

enum lite_end lite_list(struct lite_look *l, const struct lite_collector *c, const char *sql, lite_fill fill,
                        struct sample **out, struct err *err)
{
    sqlite3_stmt *stmt = NULL;
    int n = 0, rc = sqlite3_prepare_v2(l->db, sql, -1, &stmt, NULL);
    if (stmt == NULL)
        return lite_ended(l, rc, err);
    sqlite3_bind_int(stmt, 1, MOST_ROWS);
    struct sample *s = sample_new(c->dataset, MOST_ROWS);
    while (n < MOST_ROWS && (rc = sqlite3_step(stmt)) == SQLITE_ROW)
        if (fill(l, s, n, stmt))
            n++;
    enum lite_end end = lite_ended(l, rc, err);
    sqlite3_finalize(stmt);
    if (end != LITE_DONE) {
        sample_unref(s);
        return end;
    }
    sample_shrink(s, n);
    lite_lacks(c, s);
    *out = s;
    return LITE_DONE;
}
