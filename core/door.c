/* The locked connection: what a statement may read and call, and how much time and memory it gets. */
#include "core/door.h"

#include <math.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

#include "core/loop.h"
#include "core/mem.h"
#include "core/text.h"

/* ---- What a statement may call and read ---- */

/* Every function that SELECTs may use, sorted. Whatever is not here is refused: among SQLite's own instr,
 * json_patch (quadratic, and not to be interrupted), randomblob, zeroblob (memory), load_extension. */
// clang-format off
static const char *const functions[] = {
    "->", "->>", "abs", "avg", "ceil", "ceiling", "char", "coalesce", "count", "cume_dist", "current_date",
    "current_time", "current_timestamp", "date", "datetime", "dense_rank", "exp", "first_value", "floor", "format",
    "format_unit", "glob", "group_concat", "harmless_text", "hex", "ifnull", "iif", "json", "json_array", "json_array_length",
    "json_extract", "json_group_array", "json_group_object", "json_insert", "json_object", "json_quote", "json_remove",
    "json_replace", "json_set", "json_type", "json_valid", "julianday", "lag", "last_value", "lead", "length", "like",
    "likelihood", "likely", "ln", "log", "log10", "log2", "lower", "ltrim", "max", "min", "mix_quantile", "mod", "normalize_sql",
    "nth_value", "ntile", "nullif", "percent_rank", "pi", "pow", "power", "printf", "quote", "rank", "regexp",
    "replace", "round", "row_number", "rtrim", "sign", "sqrt", "strftime", "substr", "substring", "sum", "time",
    "total", "trim", "trunc", "typeof", "unicode", "unixepoch", "unlikely", "upper",
};
// clang-format on

static int compare_names(const void *a, const void *b)
{
    return strcmp(a, *(const char *const *)b);
}

static bool may_call(const char *function)
{
    enum { N = sizeof(functions) / sizeof(*functions) };
    return bsearch(function, functions, N, sizeof(*functions), compare_names) != NULL;
}

struct table *door_table(struct door *d, const char *name)
{
    for (int i = 0; i < d->registry->n; i++)
        if (sqlite3_stricmp(d->tables[i].dataset->name, name) == 0)
            return &d->tables[i];
    return NULL;
}

/* Appends ": a, b, c". */
static void list_datasets(const struct door *d, struct err *err)
{
    struct text list;
    text_init(&list, sizeof(err->text) - 200);
    for (int i = 0; i < d->registry->n; i++)
        text_addf(&list, "%s%s", i == 0 ? "" : ", ", d->registry->datasets[i]->name);
    fail(err, "%s; the datasets are: %s", err->text, text_str(&list));
    text_done(&list);
}

static void note_use(struct query_uses *uses, const struct table *t, const char *column)
{
    int i = 0;
    while (i < uses->n && uses->datasets[i] != t->dataset)
        i++;
    if (i == uses->n)
        uses->datasets[uses->n++] = t->dataset; /* the array has room for all */
    for (int c = 0; c < t->n_shown; c++) {
        const struct shown *s = &t->shown[c];
        if (sqlite3_stricmp(s->name, column) != 0 || s->column < 0)
            continue;
        enum kind kind = t->dataset->columns[s->column].kind;
        if (kind == KIND_COUNTER || kind == KIND_DERIVED)
            uses->needs_window = true;
    }
}

static int may_read(struct door *d, const char *table, const char *column)
{
    const struct table *t = door_table(d, table);
    if (t != NULL) {
        if (d->check != NULL)
            note_use(d->check, t, column);
        return SQLITE_OK;
    }
    if (strcmp(table, "json_each") == 0 || strcmp(table, "json_tree") == 0)
        return SQLITE_OK;
    /* `select count(*) from x` reads "" of x, which may be a name given by WITH. */
    if (column[0] == '\0' && sqlite3_strnicmp(table, "sqlite_", 7) != 0)
        return SQLITE_OK;
    fail(&d->refused, "%s is not a dataset", table);
    list_datasets(d, &d->refused);
    return SQLITE_DENY;
}

static int authorize(void *ctx, int action, const char *a, const char *b, const char *database,
                     const char *trigger)
{
    (void)database, (void)trigger;
    struct door *d = ctx;
    if (door_must_end(d))
        return SQLITE_DENY;
    switch (action) {
    case SQLITE_SELECT:
    case SQLITE_RECURSIVE:
        return SQLITE_OK;
    case SQLITE_READ:
        return may_read(d, a, b);
    case SQLITE_FUNCTION:
        if (may_call(b))
            return SQLITE_OK;
        fail(&d->refused, "the function %s is not allowed here", b);
        return SQLITE_DENY;
    default:
        fail(&d->refused, "only SELECT over datasets is allowed here");
        return SQLITE_DENY;
    }
}

/* ---- Time and memory ---- */

void door_start(struct door *d, double deadline_s)
{
    d->deadline_s = deadline_s;
    d->start_s = loop_mono_s();
    d->now_s = loop_wall_s();
    d->ended = ENDED_NOT;
    d->refused.text[0] = '\0';
}

bool door_must_end(struct door *d)
{
    double ran_s = loop_mono_s() - d->start_s;
    if (d->ended != ENDED_NOT)
        return true;
    if (atomic_load_explicit(&d->state, memory_order_relaxed) == DOOR_INTERRUPTED ||
        (d->stop != NULL && d->stop(d->stop_ctx, ran_s)))
        d->ended = ENDED_INTERRUPT;
    else if (ran_s > d->deadline_s)
        d->ended = ENDED_DEADLINE;
    else if (sqlite3_memory_used() > DOOR_SOFT_HEAP)
        d->ended = ENDED_MEMORY;
    return d->ended != ENDED_NOT;
}

static int progress(void *ctx)
{
    return door_must_end(ctx);
}

void door_on_stop(struct door *d, door_stop_fn *fn, void *ctx)
{
    d->stop = fn;
    d->stop_ctx = ctx;
}

void door_interrupt(struct door *d)
{
    int running = DOOR_RUNNING;
    atomic_compare_exchange_strong(&d->state, &running, DOOR_INTERRUPTED);
}

bool door_failed(struct door *d, struct err *err)
{
    int rc = sqlite3_errcode(d->db);
    const char *message = sqlite3_errmsg(d->db);
    if (d->ended == ENDED_INTERRUPT)
        return fail(err, "interrupted");
    if (d->ended == ENDED_DEADLINE)
        return fail(err, "the statement was ended after %g s; ask for less", d->deadline_s);
    if (d->ended == ENDED_MEMORY || rc == SQLITE_NOMEM)
        return fail(err, "the statement needs more than %d MB of memory; ask for less", DOOR_SOFT_HEAP >> 20);
    if (d->refused.text[0] != '\0')
        return fail(err, "%s", d->refused.text);
    fail(err, "%s", message);
    if (strncmp(message, "no such table: ", 15) == 0) {
        fail(err, "no such dataset: %s", message + 15);
        list_datasets(d, err);
    }
    return false;
}

/* ---- Compiling ---- */

/* After the statement only blanks, comments and semicolons may follow. */
static bool ends_here(struct door *d, const char *tail)
{
    while (*tail != '\0') {
        sqlite3_stmt *another = NULL;
        const char *rest = tail;
        int rc = sqlite3_prepare_v2(d->db, tail, -1, &another, &rest);
        sqlite3_finalize(another);
        if (rc != SQLITE_OK || another != NULL || rest == tail)
            return false;
        tail = rest;
    }
    return true;
}

sqlite3_stmt *door_compile(struct door *d, const char *sql, struct err *err)
{
    sqlite3_stmt *stmt = NULL;
    const char *tail = "";
    if (sqlite3_prepare_v3(d->db, sql, -1, SQLITE_PREPARE_PERSISTENT, &stmt, &tail) != SQLITE_OK) {
        door_failed(d, err);
        sqlite3_finalize(stmt);
        return NULL;
    }
    if (stmt == NULL)
        fail(err, "the statement is empty: expected a SELECT");
    else if (!ends_here(d, tail))
        fail(err, "only one statement is allowed; found more after it: %.40s", tail);
    else if (sqlite3_column_count(stmt) == 0 || !sqlite3_stmt_readonly(stmt) || sqlite3_stmt_isexplain(stmt))
        fail(err, "only SELECT over datasets is allowed here");
    else
        return stmt;
    sqlite3_finalize(stmt);
    return NULL;
}

/* ---- The connection ---- */

static const struct {
    int limit, value;
} limits[] = {
    {SQLITE_LIMIT_LENGTH, DOOR_LENGTH},
    {SQLITE_LIMIT_SQL_LENGTH, 100 * 1000},
    {SQLITE_LIMIT_COLUMN, 1000},
    {SQLITE_LIMIT_EXPR_DEPTH, 200},
    {SQLITE_LIMIT_COMPOUND_SELECT, 50},
    {SQLITE_LIMIT_VDBE_OP, 100 * 1000},
    {SQLITE_LIMIT_FUNCTION_ARG, 127},
    {SQLITE_LIMIT_ATTACHED, 0},
    {SQLITE_LIMIT_LIKE_PATTERN_LENGTH, 256}, /* matching costs pattern times text, uninterrupted */
    {SQLITE_LIMIT_VARIABLE_NUMBER, 100},
    {SQLITE_LIMIT_TRIGGER_DEPTH, 1},
    {SQLITE_LIMIT_WORKER_THREADS, 0},
};

static const struct {
    int option, value;
} settings[] = {
    {SQLITE_DBCONFIG_DEFENSIVE, 1},
    {SQLITE_DBCONFIG_TRUSTED_SCHEMA, 0},
    {SQLITE_DBCONFIG_WRITABLE_SCHEMA, 0},
    {SQLITE_DBCONFIG_ENABLE_LOAD_EXTENSION, 0},
    {SQLITE_DBCONFIG_ENABLE_TRIGGER, 0},
    {SQLITE_DBCONFIG_ENABLE_VIEW, 0},
    {SQLITE_DBCONFIG_DQS_DDL, 0},
    {SQLITE_DBCONFIG_DQS_DML, 0}, /* "x" is a column or an error, never the text x */
};

/* Before the tables are added: their declarations are statements too. */
static bool set_up(struct door *d, struct err *err)
{
    /* Of SQLite's own tables only those that take JSON apart stay; they are connected here, see vtab_add. */
    const char *kept[] = {"json_each", "json_tree", NULL};
    sqlite3_drop_modules(d->db, kept);
    for (size_t i = 0; i < sizeof(settings) / sizeof(*settings); i++)
        sqlite3_db_config(d->db, settings[i].option, settings[i].value, NULL);
    if (sqlite3_exec(d->db, "pragma temp_store = memory; select 1 from json_each('[]'), json_tree('[]')",
                     NULL, NULL, NULL) != SQLITE_OK)
        return fail(err, "SQLite cannot be set up: %s", sqlite3_errmsg(d->db));
    return sqlfunc_add(d->db, err);
}

static void lock(struct door *d)
{
    for (size_t i = 0; i < sizeof(limits) / sizeof(*limits); i++)
        sqlite3_limit(d->db, limits[i].limit, limits[i].value);
    /* For the whole process, as SQLite has no other. A running statement is ended well before it by
     * door_must_end; this one also holds while a statement is compiled (names that WITH gives can double in
     * size with each step). */
    sqlite3_hard_heap_limit64(DOOR_HARD_HEAP);
    sqlite3_set_authorizer(d->db, authorize, d);
    sqlite3_progress_handler(d->db, DOOR_PROGRESS_OPS, progress, d);
}

struct door *door_new(const struct registry *r, struct err *err)
{
    struct door *d = mem_new(sizeof(*d));
    d->registry = r;
    d->tables = mem_new_array((size_t)r->n, sizeof(*d->tables));
    door_start(d, INFINITY);
    int flags = SQLITE_OPEN_READWRITE | SQLITE_OPEN_CREATE | SQLITE_OPEN_MEMORY | SQLITE_OPEN_NOMUTEX;
    bool ok = sqlite3_open_v2(":memory:", &d->db, flags, NULL) == SQLITE_OK;
    if (!ok)
        fail(err, "SQLite cannot be opened: %s", sqlite3_errmsg(d->db));
    ok = ok && set_up(d, err);
    for (int i = 0; i < r->n; i++) {
        d->tables[i] = (struct table){.door = d, .dataset = r->datasets[i]};
        d->tables[i].shown = dataset_shown(r->datasets[i], &d->tables[i].n_shown);
        ok = ok && vtab_add(d, &d->tables[i], err);
    }
    if (!ok) {
        door_free(d);
        return NULL;
    }
    lock(d);
    return d;
}

void door_free(struct door *d)
{
    if (d == NULL)
        return;
    query_forget(d);
    sqlite3_close(d->db);
    for (int i = 0; i < d->registry->n; i++)
        free(d->tables[i].shown);
    free(d->tables);
    free(d);
}
