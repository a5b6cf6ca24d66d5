/* Running statements: compiled once, bound, stepped, and their rows made into a result. */
#include <math.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

#include "core/door.h"
#include "core/mem.h"
#include "core/text.h"
#include "core/utf8.h"

enum { MAX_ROWS = 100 * 1000 };
static const double DEADLINE_S = 2;

static double cpu_ms(void)
{
    struct timespec t;
    clock_gettime(CLOCK_THREAD_CPUTIME_ID, &t);
    return (double)t.tv_sec * 1e3 + (double)t.tv_nsec / 1e6;
}

/* ---- Compiled statements ---- */

static void statement_done(struct statement *s)
{
    sqlite3_finalize(s->stmt);
    for (int c = 0; c < s->n_columns; c++)
        free(s->names[c]);
    free(s->names);
    free(s->columns);
    free(s->sql);
    *s = (struct statement){.sql = NULL};
}

void query_forget(struct door *d)
{
    for (int i = 0; i < DOOR_STATEMENTS; i++)
        statement_done(&d->statements[i]);
}

/* Unit and origin, from the dataset's column that SQLite names; else what the name's suffix says. */
static void describe_column(struct door *d, sqlite3_stmt *stmt, int i, struct result_column *column)
{
    column->unit = unit_of_suffix(column->name);
    const char *table = sqlite3_column_table_name(stmt, i), *origin = sqlite3_column_origin_name(stmt, i);
    const struct table *t = table == NULL ? NULL : door_table(d, table);
    for (int s = 0; t != NULL && origin != NULL && s < t->n_shown; s++) {
        const struct shown *shown = &t->shown[s];
        if (strcmp(shown->name, origin) != 0)
            continue;
        column->unit = shown->unit;
        column->dataset = t->dataset->name;
        column->origin = shown->column < 0 ? NULL : &t->dataset->columns[shown->column];
        column->numeric = shown->type != TYPE_TEXT;
    }
}

static void describe(struct door *d, struct statement *s)
{
    s->n_columns = sqlite3_column_count(s->stmt);
    s->columns = mem_new_array((size_t)s->n_columns, sizeof(*s->columns));
    s->names = mem_new_array((size_t)s->n_columns, sizeof(*s->names));
    for (int i = 0; i < s->n_columns; i++) {
        const char *name = sqlite3_column_name(s->stmt, i);
        s->names[i] = mem_dup(name == NULL ? "" : name);
        s->columns[i].name = s->names[i];
        describe_column(d, s->stmt, i, &s->columns[i]);
    }
}

/* The compiled form of Q; a new one takes the place of the one that was not used for longest, or of the last
 * one that is asked seldom. NULL on failure. */
static struct statement *statement_get(struct door *d, const struct query *q, struct err *err)
{
    struct statement *oldest = q->seldom ? &d->seldom : &d->statements[0];
    const char *sql = q->sql;
    size_t len = strlen(sql);
    d->uses++;
    for (int i = 0; i < DOOR_STATEMENTS; i++) {
        struct statement *s = &d->statements[i];
        if (s->stmt != NULL && s->len == len && memcmp(s->sql, sql, len) == 0) {
            s->last_use = d->uses;
            return s;
        }
        if (!q->seldom && s->last_use < oldest->last_use)
            oldest = s;
    }
    sqlite3_stmt *stmt = door_compile(d, sql, err);
    if (stmt == NULL)
        return NULL;
    statement_done(oldest);
    *oldest = (struct statement){.sql = mem_dup(sql), .stmt = stmt, .len = len, .last_use = d->uses};
    describe(d, oldest);
    return oldest;
}

static void bind_value(sqlite3_stmt *stmt, int i, const struct value *v)
{
    switch (v->type) {
    case VALUE_NULL:
        sqlite3_bind_null(stmt, i);
        break;
    case VALUE_INT:
        sqlite3_bind_int64(stmt, i, v->integer);
        break;
    case VALUE_REAL:
        sqlite3_bind_double(stmt, i, v->real); /* NAN becomes NULL */
        break;
    case VALUE_TEXT:
        sqlite3_bind_text(stmt, i, v->text, -1, SQLITE_STATIC);
        break;
    }
}

static void bind(sqlite3_stmt *stmt, const struct query *q)
{
    for (int i = 1; i <= sqlite3_bind_parameter_count(stmt); i++) {
        const char *name = sqlite3_bind_parameter_name(stmt, i);
        for (int p = 0; name != NULL && p < q->n_params; p++)
            if (strcmp(q->params[p].name, name + 1) == 0)
                bind_value(stmt, i, &q->params[p].value);
    }
}

/* ---- The result ---- */

/* Rows while they come; their number is known at the end. */
struct rows {
    struct arena *arena;
    struct value *values;
    size_t n, capacity;
};

/* Copies TEXT into the arena. A column often repeats its value: equal to the row above it shares. */
static const char *keep_text(struct rows *rows, const char *text, size_t len, const struct value *above)
{
    if (above != NULL && above->type == VALUE_TEXT && strlen(above->text) == len &&
        memcmp(above->text, text, len) == 0)
        return above->text;
    /* An expression can make what no sample holds: a NUL (char(0)), bad bytes (a blob). */
    return utf8_keep(rows->arena, text, len);
}

static struct value take_value(struct rows *rows, sqlite3_stmt *stmt, int column, const struct value *above)
{
    switch (sqlite3_column_type(stmt, column)) {
    case SQLITE_NULL:
        return (struct value){.type = VALUE_NULL};
    case SQLITE_INTEGER:
        return (struct value){.type = VALUE_INT, .integer = sqlite3_column_int64(stmt, column)};
    case SQLITE_FLOAT:
        return (struct value){.type = VALUE_REAL, .real = sqlite3_column_double(stmt, column)};
    default:
        break; /* text, and a blob as if it were one */
    }
    const void *text = sqlite3_column_blob(stmt, column);
    size_t len = (size_t)sqlite3_column_bytes(stmt, column);
    return (struct value){.type = VALUE_TEXT, .text = keep_text(rows, text == NULL ? "" : text, len, above)};
}

static void take_row(struct rows *rows, sqlite3_stmt *stmt, int n_columns)
{
    size_t n = (size_t)n_columns;
    if (rows->n + n > rows->capacity) {
        rows->capacity = rows->capacity * 2 + n * 16;
        rows->values = mem_grow(rows->values, rows->capacity, sizeof(*rows->values));
    }
    struct value *row = rows->values + rows->n;
    for (int c = 0; c < n_columns; c++)
        row[c] = take_value(rows, stmt, c, rows->n == 0 ? NULL : row + c - n);
    rows->n += n;
}

static bool is_full(const struct rows *rows, int n_columns, int max_rows)
{
    return rows->n >= (size_t)max_rows * (size_t)n_columns ||
           rows->n * sizeof(*rows->values) + arena_size(rows->arena) > DOOR_RESULT_BYTES;
}

/* An expression is numeric if every value that it has is a number. */
static bool is_numeric(const struct result *r, int column)
{
    bool numeric = false;
    for (int row = 0; row < r->n_rows; row++) {
        enum value_type type = result_at(r, row, column)->type;
        if (type == VALUE_TEXT)
            return false;
        numeric = numeric || type != VALUE_NULL;
    }
    return numeric;
}

static struct result *make_result(const struct statement *s, struct rows *rows, bool more)
{
    struct result *r = arena_alloc(rows->arena, sizeof(*r));
    size_t n_columns = (size_t)s->n_columns;
    *r = (struct result){.arena = rows->arena, .n_columns = s->n_columns, .more = more};
    r->n_rows = (int)(rows->n / n_columns);
    r->values = arena_alloc(rows->arena, rows->n * sizeof(*r->values));
    if (rows->n > 0)
        memcpy(r->values, rows->values, rows->n * sizeof(*r->values));
    r->columns = arena_alloc(rows->arena, n_columns * sizeof(*r->columns));
    for (int c = 0; c < s->n_columns; c++) {
        r->columns[c] = s->columns[c];
        r->columns[c].name = arena_dup(rows->arena, s->columns[c].name);
        if (s->columns[c].dataset == NULL)
            r->columns[c].numeric = is_numeric(r, c);
    }
    return r;
}

static struct result *step(struct door *d, const struct statement *s, int max_rows, struct err *err)
{
    struct rows rows = {.arena = arena_new(4096)};
    bool more = false;
    int rc;
    while ((rc = sqlite3_step(s->stmt)) == SQLITE_ROW) {
        more = is_full(&rows, s->n_columns, max_rows);
        if (more)
            break;
        take_row(&rows, s->stmt, s->n_columns);
    }
    struct result *r = NULL;
    if (rc == SQLITE_ROW || rc == SQLITE_DONE)
        r = make_result(s, &rows, more);
    else
        door_failed(d, err);
    if (r == NULL)
        arena_unref(rows.arena);
    free(rows.values);
    return r;
}

struct result *door_run(struct door *d, struct snapshot *snapshot, const struct query *q, struct err *err)
{
    double start_ms = cpu_ms();
    atomic_store(&d->state, DOOR_RUNNING);
    door_start(d, q->deadline_s > 0 ? q->deadline_s : DEADLINE_S);
    d->snapshot = snapshot;
    d->clip = q->user ? DOOR_USER_CLIP : DOOR_CLIP;
    struct result *r = NULL;
    struct statement *s = statement_get(d, q, err);
    if (s != NULL) {
        bind(s->stmt, q);
        r = step(d, s, q->max_rows > 0 ? q->max_rows : MAX_ROWS, err);
        sqlite3_reset(s->stmt);
        sqlite3_clear_bindings(s->stmt);
        statement_done(&d->seldom);
    }
    d->snapshot = NULL;
    atomic_store(&d->state, DOOR_IDLE);
    if (r != NULL)
        r->cpu_ms = cpu_ms() - start_ms;
    return r;
}

bool door_check(struct door *d, const char *sql, struct query_uses *uses, struct err *err)
{
    struct query_uses found = {.datasets = mem_new_array((size_t)d->registry->n, sizeof(*found.datasets))};
    door_start(d, DEADLINE_S);
    d->check = &found;
    sqlite3_stmt *stmt = door_compile(d, sql, err);
    d->check = NULL;
    sqlite3_finalize(stmt);
    if (stmt == NULL || uses == NULL)
        free(found.datasets);
    else
        *uses = found;
    return stmt != NULL;
}

/* ---- The names of a registry ---- */

static bool check_column(struct door *d, const struct dataset *dataset, const char *column, struct err *err)
{
    struct err why = {""};
    char *sql = sqlite3_mprintf("select %s from %s", column, dataset->name);
    door_start(d, DEADLINE_S);
    sqlite3_stmt *stmt = door_compile(d, sql, &why);
    /* `select null from x` compiles too: the result must come from the column. */
    const char *origin = stmt == NULL ? NULL : sqlite3_column_origin_name(stmt, 0);
    bool ok = origin != NULL && strcmp(origin, column) == 0;
    if (!ok)
        fail(err, "dataset %s: column %s cannot be named in SQL without quotes%s%s", dataset->name, column,
             why.text[0] == '\0' ? "" : ": ", why.text);
    sqlite3_finalize(stmt);
    sqlite3_free(sql);
    return ok;
}

bool door_check_registry(const struct registry *r, struct err *err)
{
    struct door *d = door_new(r, err);
    bool ok = d != NULL;
    for (int i = 0; ok && i < r->n; i++)
        for (int c = 0; ok && c < d->tables[i].n_shown; c++)
            ok = check_column(d, r->datasets[i], d->tables[i].shown[c].name, err);
    door_free(d);
    return ok;
}
