/* Datasets as SQL tables: the door through which panes, rules, filters and users ask. Safe and fast. */
#ifndef DBVITALS_CORE_QUERY_H
#define DBVITALS_CORE_QUERY_H

#include "core/result.h"
#include "core/store.h"

struct door;
struct loop;

struct query_param {
    const char *name; /* without the colon */
    struct value value;
};

struct query {
    const char *sql; /* one SELECT */
    const struct query_param *params; /* missing ones are NULL */
    int n_params;
    int max_rows;      /* 0: 100,000 */
    double deadline_s; /* 0: 2 s */
    bool seldom;       /* asked so seldom that it is compiled anew each time, instead of kept */
    bool user;         /* typed by a user: texts are clipped at 64 kB, else at 256 kB */
};

/* OUT is Q with copies of all that it names; query_done frees these. */
void query_copy(struct query *out, const struct query *q);
void query_done(struct query *q);

/* A private SQLite connection with every dataset of R as a table and table-valued function:
 *   NAME, NAME(window), NAME(window, at), NAME(window, at, trend_seconds).
 * With trend_seconds rows come for every kept sample of that span, oldest first, column sampled_at tells which.
 * SQL functions beside SQLite's own: mix_quantile(q, calls, mean_ms, stddev_ms) aggregate; regexp(pattern, text) for `x regexp y`
 * (POSIX extended, case-insensitive); format_unit(value, 'bytes'); normalize_sql(text), as core/normal.h; harmless_text(text), its control and bidi characters as
 * utf8_harmless, newlines kept. R must outlive the door and must not change. */
struct door *door_new(const struct registry *r, struct err *err);
void door_free(struct door *d);
/* Runs Q over SNAPSHOT in this thread. NULL and err on failure. */
struct result *door_run(struct door *d, struct snapshot *snapshot, const struct query *q, struct err *err);
/* Checks that SQL compiles, and gives the datasets that it reads (names, heap array of static strings, caller frees the array).
 * needs_window: a counter or derived column, or a window argument, is used. */
struct query_uses {
    const struct dataset **datasets;
    int n;
    bool needs_window;
};
bool door_check(struct door *d, const char *sql, struct query_uses *uses, struct err *err);
/* Every dataset and column of R can be named in SQL without quotes. */
bool door_check_registry(const struct registry *r, struct err *err);
/* From another thread: the statement that runs now ends with "interrupted". */
void door_interrupt(struct door *d);

/* The query thread. */
struct query_thread;
/* Called on the loop thread. RESULT is the callee's to free; NULL with a text in ERROR on failure. */
typedef void query_done_fn(void *ctx, struct result *result, const char *error);
struct query_thread *query_thread_new(struct loop *loop, const struct registry *r, struct err *err);
/* Ends the running statement, drops what is queued (its callbacks are not called), joins. Not from a callback. */
void query_thread_free(struct query_thread *t);
/* Copies Q; takes a reference of SNAPSHOT. PRIORITY: 0 first (panes of the visible page), 1 rules, 2 the user's own SELECTs and the
 * rest; equal ones in order. A statement of lower priority that has run for 10 ms is interrupted and put back once when a pane asks.
 * TICKET identifies the request for query_cancel. */
int query_submit(struct query_thread *t, struct snapshot *snapshot, const struct query *q, int priority, query_done_fn *fn, void *ctx);
/* The callback of TICKET will not be called. */
void query_cancel(struct query_thread *t, int ticket);

#endif
