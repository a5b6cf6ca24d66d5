/* A connection of its own on which statements are run one after another, each timed: what `profile` stands
 * on. It may block: nothing that draws may use it. Whatever is run only reads: the connection sees to that,
 * not the statement. */
#ifndef DBVITALS_COLLECTORS_BENCH_H
#define DBVITALS_COLLECTORS_BENCH_H

#include "core/err.h"
#include "core/result.h"
#include "core/text.h"

struct bench;

enum bench_end {
    BENCH_DONE,
    BENCH_FAILED,    /* the server said no: to this statement, others may run */
    BENCH_TIMED_OUT, /* it took longer than it may, and was ended */
    BENCH_STOPPED,   /* whoever watches wants an end */
    BENCH_LOST       /* the connection is gone */
};

struct bench_place {
    const char *url;      /* of a target; may hold a password */
    const char *password; /* before the one of the URL; may be NULL */
    double connect_s;     /* how long connecting may take */
    double timeout_s;     /* how long each statement may take */
};

/* Parameters are written $1, $2, ... in SQL, and bound: their text is never part of it. */
struct bench_statement {
    const char *sql; /* one statement, without its semicolon */
    const struct value *params;
    int n_params;
};

struct bench_timing {
    double ms; /* from sending, or the first step, to the last row, by CLOCK_MONOTONIC */
    double rows;
    double bytes; /* of values: texts as they come, numbers of SQLite as 8 */
};

/* VALUES are valid for the call; texts are valid UTF-8. */
typedef void bench_row_fn(void *ctx, const struct value *values, int n);
struct bench_rows {
    bench_row_fn *fn; /* NULL: rows are counted only */
    void *ctx;
};

struct bench_driver {
    const char *explain; /* what is written before a statement to get its plan as rows */
    struct bench *(*open)(const struct bench_place *place, struct err *err);
    /* FD is readable once whoever watches wants an end; each wait ends then with BENCH_STOPPED. */
    void (*watch)(struct bench *b, int fd);
    /* "PostgreSQL 15.20" */
    void (*server)(const struct bench *b, struct text *out);
    /* Between them stand the statements that belong together; after one that failed `end` comes next. */
    enum bench_end (*begin)(struct bench *b, struct err *err);
    enum bench_end (*run)(struct bench *b, const struct bench_statement *s, struct bench_rows rows,
                          struct bench_timing *out, struct err *err);
    void (*end)(struct bench *b);
    void (*close)(struct bench *b); /* cancels what still runs; NULL does nothing */
};

extern const struct bench_driver conn_bench;   /* collectors/libpq/conn_bench.c */
extern const struct bench_driver sqlite_bench; /* collectors/sqlite/bench.c */

#endif
