/* Inside of the door, shared by the files that make it: door.c (the locked connection), vtab.c (datasets as
 * tables), sqlfunc.c (functions), query.c (running statements), query_thread.c. Everybody else includes
 * core/query.h. */
#ifndef DBVITALS_CORE_DOOR_H
#define DBVITALS_CORE_DOOR_H

#include <sqlite3.h>
#include <stdatomic.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "core/query.h"

enum {
    DOOR_LENGTH = 1000 * 1000,    /* bytes of one text or row */
    DOOR_USER_CLIP = 64 * 1024,   /* a dataset's text in a user's statement */
    DOOR_CLIP = 256 * 1024,       /* ... in ours: well below DOOR_LENGTH, or the statement would fail */
    DOOR_STATEMENTS = 12,         /* compiled statements kept: those of the page shown, mostly; each takes 5 to 15 kB */
    DOOR_SOFT_HEAP = 48 << 20,    /* a running statement is ended when SQLite holds this much */
    DOOR_HARD_HEAP = 64 << 20,    /* SQLite gets no more than this, in the whole process */
    DOOR_RESULT_BYTES = 64 << 20, /* a result is cut here */
    DOOR_PROGRESS_OPS = 100
};

/* A dataset as a module of SQLite. */
struct table {
    struct door *door;
    const struct dataset *dataset;
    struct shown *shown;
    int n_shown; /* the hidden columns window, at, trend follow these */
};

/* A compiled statement that waits for its next run. */
struct statement {
    char *sql;
    sqlite3_stmt *stmt; /* NULL: a free place */
    size_t len; /* of sql */
    uint64_t last_use;
    struct result_column *columns; /* copied for each result */
    char **names;
    int n_columns;
};

/* Why a running statement was ended before its end. */
enum ended { ENDED_NOT, ENDED_DEADLINE, ENDED_MEMORY, ENDED_INTERRUPT };
enum door_state { DOOR_IDLE, DOOR_RUNNING, DOOR_INTERRUPTED };

/* Asked while a statement runs: true ends it as "interrupted". RAN_S: how long it has run. */
typedef bool door_stop_fn(void *ctx, double ran_s);

struct door {
    sqlite3 *db;
    const struct registry *registry;
    struct table *tables; /* by dataset of the registry */
    struct statement statements[DOOR_STATEMENTS];
    struct statement seldom; /* while it runs */
    uint64_t uses; /* counts runs, for the choice of the oldest statement */
    atomic_int state;
    door_stop_fn *stop;
    void *stop_ctx;

    /* Of the statement that is compiled or runs now: */
    struct snapshot *snapshot;
    size_t clip;
    double now_s;   /* wall clock, for moments */
    double start_s; /* monotonic */
    double deadline_s;
    enum ended ended;
    struct err refused;       /* what the authorizer or a table said */
    struct query_uses *check; /* collected while door_check compiles, else NULL */
};

/* door.c */
void door_on_stop(struct door *d, door_stop_fn *fn, void *ctx);
/* Compiles SQL as exactly one SELECT. NULL and err on failure. */
sqlite3_stmt *door_compile(struct door *d, const char *sql, struct err *err);
/* Starts the clock of what is compiled and run next. */
void door_start(struct door *d, double deadline_s);
/* The clock ran out, memory is short, or somebody wants the statement to end; sets d->ended. */
bool door_must_end(struct door *d);
/* Puts into ERR why the last call of SQLite failed. */
bool door_failed(struct door *d, struct err *err);
struct table *door_table(struct door *d, const char *name);

/* vtab.c: makes T a table of D's connection. */
bool vtab_add(struct door *d, struct table *t, struct err *err);
/* sqlfunc.c */
bool sqlfunc_add(sqlite3 *db, struct err *err);
/* query.c: forgets all compiled statements. */
void query_forget(struct door *d);

#endif
