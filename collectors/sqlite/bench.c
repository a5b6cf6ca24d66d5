/* Statements timed on a SQLite file: read without a trace, as the collector reads it, with a deadline for
 * each. */
#include <limits.h>
#include <poll.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

#include "collectors/bench.h"
#include "collectors/sqlite/inside.h"
#include "core/mem.h"
#include "core/utf8.h"

struct bench {
    struct reader *reader;
    sqlite3 *db;             /* the reader's */
    char *path;              /* resolved */
    struct lite_file file;   /* as it was when reading it began */
    atomic_bool cancel;      /* never: on_progress ends what runs */
    sqlite3_stmt *statement; /* the last, which the next run may ask for again */
    char *sql;
    int stop_fd; /* -1: nobody watches */
    double timeout_s, deadline;
    bool stopped, late;
};

/* Steps of SQLite's machine between two looks at the clock: some 20 microseconds. A lock is waited for in
 * small pieces. */
enum { STEPS = 2000, LOCK_MS = 20, MOST_COLUMNS = 2000, MOST_TRIES = 3 };
static const double lock_s = 2;

static double now_s(void)
{
    struct timespec t;
    clock_gettime(CLOCK_MONOTONIC, &t);
    return (double)t.tv_sec + (double)t.tv_nsec / 1e9;
}

/* Waits for WAIT_MS at most. */
static bool is_ended(struct bench *b, int wait_ms)
{
    struct pollfd fd = {b->stop_fd, POLLIN, 0};
    b->stopped = b->stopped || poll(&fd, 1, wait_ms) > 0;
    b->late = b->late || now_s() > b->deadline;
    return b->stopped || b->late;
}

static int on_progress(void *ctx)
{
    return is_ended(ctx, 0);
}

static int on_busy(void *ctx, int n_before)
{
    return n_before * LOCK_MS < lock_s * 1000 && !is_ended(ctx, LOCK_MS);
}

/* ---- Opening ---- */

static void forget_statement(struct bench *b)
{
    sqlite3_finalize(b->statement);
    free(b->sql);
    b->statement = NULL;
    b->sql = NULL;
}

static void bench_close(struct bench *b)
{
    if (b == NULL)
        return;
    forget_statement(b);
    reader_close(b->reader);
    free(b->path);
    free(b);
}

/* sqlite:PATH, sqlite:///PATH, or a path. */
static const char *path_of(const char *url)
{
    if (strncmp(url, "sqlite:", strlen("sqlite:")) != 0)
        return url;
    url += strlen("sqlite:");
    return strncmp(url, "//", 2) == 0 ? url + 2 : url;
}

/* What CODE of SQLite means, where its own words do not tell. */
static bool explain(struct bench *b, int code, struct err *err)
{
    struct lite_look l = {.db = b->db};
    switch (code & 0xff) {
    case SQLITE_BUSY:
        return fail(err, "%.800s: another process held it for %.0f s", sqlite3_errmsg(b->db), lock_s);
    case SQLITE_READONLY:
        if (code != SQLITE_READONLY_ROLLBACK)
            return fail(err, "a writer begins its log just now: run it again");
        break;
    case SQLITE_NOTADB:
    case SQLITE_CORRUPT:
    case SQLITE_CANTOPEN:
        break;
    default:
        return fail(err, "%.900s", sqlite3_errmsg(b->db));
    }
    lite_ended(&l, code, err);
    return false;
}

/* The reader is made for looks of milliseconds: a statement may wait, sort and hold as much as the
 * application's may. */
static void settle(struct bench *b)
{
    sqlite3_busy_handler(b->db, on_busy, b);
    sqlite3_progress_handler(b->db, STEPS, on_progress, b);
    sqlite3_limit(b->db, SQLITE_LIMIT_LENGTH, INT_MAX);
    sqlite3_db_config(b->db, SQLITE_DBCONFIG_TRUSTED_SCHEMA, 1, (int *)NULL);
}

static bool open_file(struct bench *b, struct err *err)
{
    struct err why = {0};
    if (!lite_file_read(b->path, &b->file, err))
        return false;
    b->reader = reader_open(b->path, &b->file, &b->cancel, &why);
    b->db = b->reader == NULL ? NULL : reader_db(b->reader);
    if (b->db != NULL) {
        settle(b);
        if (sqlite3_exec(b->db, "pragma cache_size = -2000; select count(*) from sqlite_schema", NULL, NULL,
                         NULL) == SQLITE_OK)
            return true;
        explain(b, sqlite3_extended_errcode(b->db), &why);
    }
    return fail(err, "cannot read the SQLite file %.500s: %.400s", b->path, why.text);
}

static void close_file(struct bench *b)
{
    forget_statement(b);
    reader_close(b->reader);
    b->reader = NULL;
    b->db = NULL;
}

static struct bench *bench_open(const struct bench_place *place, struct err *err)
{
    const char *path = path_of(place->url);
    if (path[0] == '\0') { /* which SQLite takes for a new database */
        fail(err, "which SQLite file? sqlite:PATH");
        return NULL;
    }
    struct bench *b = mem_new(sizeof(*b));
    *b = (struct bench){.stop_fd = -1, .timeout_s = place->timeout_s, .deadline = now_s() + place->connect_s};
    b->path = realpath(path, NULL);
    if (b->path == NULL)
        b->path = mem_dup(path);
    if (open_file(b, err))
        return b;
    bench_close(b);
    return NULL;
}

/* Reads a log without locks: writers cannot see that it does. */
static bool is_unseen(const struct bench *b)
{
    unsigned char first[LITE_HEADER];
    struct lite_header h = {0};
    struct err ignored;
    return reader_alone(b->reader) &&
           lite_header_read(first, reader_first(b->reader, first, LITE_HEADER), b->path, &h, &ignored) &&
           h.wal;
}

/* Once a writer has come to a log that is read unseen, its locks are shared. */
static bool make_ready(struct bench *b, struct err *err)
{
    if (b->reader != NULL && (!is_unseen(b) || (lite_file_read(b->path, &b->file, err) && !b->file.has_shm)))
        return true;
    close_file(b);
    return open_file(b, err);
}

/* Somebody wrote since the run began, and may have done so beneath what was read. */
static bool is_torn(const struct bench *b)
{
    struct lite_file after;
    struct err ignored;
    return !lite_file_read(b->path, &after, &ignored) || !lite_file_same(&b->file, &after);
}

static void bench_watch(struct bench *b, int fd)
{
    b->stop_fd = fd;
}

static void bench_server(const struct bench *b, struct text *out)
{
    (void)b;
    text_addf(out, "SQLite %s", sqlite3_libversion());
}

/* ---- Running ---- */

static bool is_blank(const char *rest)
{
    return rest[strspn(rest, " \t\r\n;")] == '\0' || strncmp(rest, "--", 2) == 0 ||
           strncmp(rest, "/*", 2) == 0;
}

static bool prepare(struct bench *b, const char *sql, struct err *err)
{
    const char *rest = NULL;
    if (b->sql != NULL && strcmp(b->sql, sql) == 0)
        return true;
    forget_statement(b);
    if (sqlite3_prepare_v2(b->db, sql, -1, &b->statement, &rest) != SQLITE_OK)
        return explain(b, sqlite3_extended_errcode(b->db), err);
    if (b->statement == NULL || !is_blank(rest))
        return fail(err, "it is not one statement");
    if (!sqlite3_stmt_readonly(b->statement))
        return fail(err, "it writes, and profile only reads");
    b->sql = mem_dup(sql);
    return true;
}

static void bind_one(struct bench *b, int at, const struct value *v)
{
    switch (v->type) {
    case VALUE_NULL:
        sqlite3_bind_null(b->statement, at);
        break;
    case VALUE_INT:
        sqlite3_bind_int64(b->statement, at, v->integer);
        break;
    case VALUE_REAL:
        sqlite3_bind_double(b->statement, at, v->real);
        break;
    case VALUE_TEXT:
        sqlite3_bind_text(b->statement, at, v->text, -1, SQLITE_STATIC);
        break;
    }
}

/* SQLite takes $1 for the name of a parameter. */
static bool bind_all(struct bench *b, const struct bench_statement *s, struct err *err)
{
    for (int i = 1; i <= sqlite3_bind_parameter_count(b->statement); i++) {
        const char *name = sqlite3_bind_parameter_name(b->statement, i);
        char *end = NULL;
        long number = name != NULL && name[0] == '$' ? strtol(name + 1, &end, 10) : 0;
        if (number < 1 || number > s->n_params || *end != '\0')
            return fail(err, "the parameter %.60s has no value: write :name and -- set name = VALUE",
                        name == NULL ? "?" : name);
        bind_one(b, i, &s->params[number - 1]);
    }
    return true;
}

static struct value value_of(sqlite3_stmt *s, int column, struct arena *arena)
{
    switch (sqlite3_column_type(s, column)) {
    case SQLITE_INTEGER:
        return (struct value){.type = VALUE_INT, .integer = sqlite3_column_int64(s, column)};
    case SQLITE_FLOAT:
        return (struct value){.type = VALUE_REAL, .real = sqlite3_column_double(s, column)};
    case SQLITE_NULL:
        return (struct value){.type = VALUE_NULL};
    default:;
        const char *text = (const char *)sqlite3_column_text(s, column);
        size_t len = (size_t)sqlite3_column_bytes(s, column);
        return (struct value){.type = VALUE_TEXT, .text = utf8_keep(arena, text == NULL ? "" : text, len)};
    }
}

static void take_row(struct bench *b, struct bench_rows rows, struct bench_timing *t)
{
    sqlite3_stmt *s = b->statement;
    int n = sqlite3_column_count(s) < MOST_COLUMNS ? sqlite3_column_count(s) : MOST_COLUMNS;
    t->rows++;
    for (int i = 0; i < n; i++) {
        int type = sqlite3_column_type(s, i);
        if (type != SQLITE_NULL)
            t->bytes += type == SQLITE_INTEGER || type == SQLITE_FLOAT ? 8 : sqlite3_column_bytes(s, i);
    }
    if (rows.fn == NULL)
        return;
    struct arena *arena = arena_new(1000);
    struct value *values = arena_alloc(arena, (size_t)n * sizeof(*values) + 1);
    for (int i = 0; i < n; i++)
        values[i] = value_of(s, i, arena);
    rows.fn(rows.ctx, values, n);
    arena_unref(arena);
}

static enum bench_end end_of(struct bench *b, int code, struct err *err)
{
    if (code == SQLITE_DONE)
        return BENCH_DONE;
    if (b->stopped || b->late) {
        fail(err, b->stopped ? "stopped" : "it took too long");
        return b->stopped ? BENCH_STOPPED : BENCH_TIMED_OUT;
    }
    explain(b, code, err);
    return BENCH_FAILED;
}

static enum bench_end run_once(struct bench *b, const struct bench_statement *s, struct bench_rows rows,
                               struct bench_timing *out, struct err *err)
{
    struct bench_timing timing = {0};
    if (!prepare(b, s->sql, err) || !bind_all(b, s, err)) {
        forget_statement(b);
        return b->stopped ? BENCH_STOPPED : BENCH_FAILED;
    }
    int code;
    double start = now_s();
    while ((code = sqlite3_step(b->statement)) == SQLITE_ROW && !(b->stopped || b->late))
        take_row(b, rows, &timing);
    timing.ms = (now_s() - start) * 1000;
    enum bench_end end = end_of(b, code, err);
    sqlite3_reset(b->statement);
    if (end == BENCH_DONE)
        *out = timing;
    return end;
}

/* A run that a writer came into is made again, where nobody has its rows yet. */
static enum bench_end bench_run(struct bench *b, const struct bench_statement *s, struct bench_rows rows,
                                struct bench_timing *out, struct err *err)
{
    for (int i = 0; i < (rows.fn == NULL ? MOST_TRIES : 1); i++) {
        struct err why = {0};
        b->late = false;
        b->deadline = now_s() + b->timeout_s;
        if (!make_ready(b, err))
            return b->stopped ? BENCH_STOPPED : BENCH_LOST;
        bool unseen = is_unseen(b);
        enum bench_end end = run_once(b, s, rows, out, &why);
        if (unseen && (end == BENCH_DONE || end == BENCH_FAILED) && is_torn(b))
            continue;
        if (end != BENCH_DONE)
            *err = why;
        return end;
    }
    fail(err, "another process began to write the file while it was read: run it again");
    return BENCH_FAILED;
}

/* Each run is a transaction of its own, as it is for whoever sends one SELECT. */
static enum bench_end bench_begin(struct bench *b, struct err *err)
{
    (void)err;
    return is_ended(b, 0) && b->stopped ? BENCH_STOPPED : BENCH_DONE;
}

static void bench_end(struct bench *b)
{
    forget_statement(b);
}

const struct bench_driver sqlite_bench = {
    .explain = "explain query plan ",
    .open = bench_open,
    .watch = bench_watch,
    .server = bench_server,
    .begin = bench_begin,
    .run = bench_run,
    .end = bench_end,
    .close = bench_close,
};
