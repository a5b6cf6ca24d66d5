/* Rows of the console: text, found by name, and a sample's columns made of them. */
#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

#include "collectors/pgbouncer/bouncer.h"
#include "core/mem.h"

const char *bouncer_text(const struct conn_rows *r, int row, const char *name)
{
    int len, column = conn_rows_column(r, name);
    return column < 0 ? NULL : conn_rows_value(r, row, column, &len);
}

/* Some numbers stand padded with blanks (SHOW USERS). */
static double number_of(const char *s)
{
    char *end;
    if (s == NULL || *(s += strspn(s, " ")) == '\0')
        return NAN;
    double v = strtod(s, &end);
    return *end == '\0' && isfinite(v) ? v : NAN;
}

double bouncer_number(const struct conn_rows *r, int row, const char *name)
{
    return number_of(bouncer_text(r, row, name));
}

/* As strftime writes it there: local time with its zone. Only names of zones that we know tell the moment. */
double bouncer_moment(const char *s)
{
    struct tm tm = {.tm_isdst = -1}, check;
    const char *zone = s == NULL ? NULL : strptime(s, "%Y-%m-%d %H:%M:%S", &tm);
    if (zone == NULL || *zone != ' ')
        return NAN;
    zone++;
    if (strcmp(zone, "UTC") == 0 || strcmp(zone, "GMT") == 0)
        return (double)timegm(&tm);
    time_t t = mktime(&tm);
    return localtime_r(&t, &check) != NULL && strcmp(check.tm_zone, zone) == 0 ? (double)t : NAN;
}

bool bouncer_holds(const struct bouncer_test *t, const struct conn_rows *r, int row, int column)
{
    int len;
    const char *value = column < 0 ? NULL : conn_rows_value(r, row, column, &len);
    return (strcmp(value == NULL ? "" : value, t->value) == 0) != t->differs;
}

/* ---- Sources ---- */

struct found {
    int from; /* column of the rows, -1 if none */
    double divisor;
};

/* FIELD [| FIELD]... [/ DIVISOR] */
static struct found find(const struct conn_rows *r, const char *source)
{
    struct found f = {-1, 1};
    const char *slash = strchr(source, '/');
    if (slash != NULL)
        f.divisor = strtod(slash + 1, NULL);
    for (const char *at = source; f.from < 0; at++) {
        char field[64];
        at += strspn(at, " ");
        size_t n = strcspn(at, " |/");
        snprintf(field, sizeof(field), "%.*s", (int)n, at);
        f.from = conn_rows_column(r, field);
        at += strcspn(at, "|");
        if (*at == '\0')
            break;
    }
    return f;
}

static const char *source_of(const struct bouncer_collector *c, const struct column *column)
{
    return c->sources != NULL ? column_source_find(c->sources, column->name) : column->source;
}

static void put(struct sample *s, int column, int row, const struct found *f, const char *value, int len)
{
    const struct column *c = &s->dataset->columns[column];
    char *end;
    if (value == NULL || (len == 0 && c->kind != KIND_KEY))
        return;
    if (c->type == TYPE_TEXT)
        sample_set_text(s, column, row, value, (size_t)len);
    else if (c->type == TYPE_REAL)
        s->values[column].real[row] =
            c->unit == UNIT_TIME ? bouncer_moment(value) : number_of(value) / f->divisor;
    else {
        long long v = strtoll(value, &end, 10);
        if (*end == '\0')
            s->values[column].integer[row] = v;
    }
}

static int column_of(const struct bouncer_test *t, const struct conn_rows *r)
{
    return t->field == NULL ? -1 : conn_rows_column(r, t->field);
}

/* Rows of R in the order in which they are kept; the caller frees. */
static int *choose(const struct bouncer_collector *c, const struct conn_rows *r, int *n)
{
    int all = conn_rows_n(r), most = c->most_rows > 0 ? c->most_rows : all;
    int *rows = mem_new_array((size_t)all + 1, sizeof(*rows)), keeps = column_of(&c->keeps, r),
        first = column_of(&c->first, r);
    *n = 0;
    for (int pass = c->first.field != NULL ? 0 : 1; pass < 2; pass++)
        for (int row = 0; row < all && *n < most; row++) {
            bool leads = c->first.field != NULL && bouncer_holds(&c->first, r, row, first);
            if (leads == (pass == 0) && (c->keeps.field == NULL || bouncer_holds(&c->keeps, r, row, keeps)))
                rows[(*n)++] = row;
        }
    return rows;
}

static void fill(const struct bouncer_collector *c, const struct conn_rows *r, const int *rows, int n,
                 struct sample *s)
{
    for (int i = 0; i < c->dataset->n_columns; i++) {
        const struct column *column = &c->dataset->columns[i];
        const char *source = source_of(c, column);
        if (column->kind == KIND_DERIVED || source == NULL)
            continue;
        struct found f = find(r, source);
        if (f.from < 0)
            sample_lacks(s, i, "this version of PgBouncer does not tell it");
        for (int row = 0; row < n && f.from >= 0; row++) {
            int len;
            const char *value = conn_rows_value(r, rows[row], f.from, &len);
            put(s, i, row, &f, value, len);
        }
    }
    if (c->finish != NULL)
        c->finish(s, r, rows);
}

struct sample *bouncer_fill(const struct bouncer_collector *c, const struct conn_rows *r)
{
    int n;
    int *rows = choose(c, r, &n);
    struct sample *s = sample_new(c->dataset, n);
    fill(c, r, rows, n, s);
    free(rows);
    return s;
}

void bouncer_fill_into(const struct bouncer_collector *c, const struct conn_rows *r, struct sample *s)
{
    int n;
    int *rows = choose(c, r, &n);
    fill(c, r, rows, n < s->n_rows ? n : s->n_rows, s);
    free(rows);
}
