/* The walk over the rows of a dataset that a statement asks for: which targets, windows and rows, in which
 * order. */
#ifndef DBVITALS_CORE_CURSOR_H
#define DBVITALS_CORE_CURSOR_H

#include "core/door.h"

/* The hidden columns, which are the arguments of the table as a function. */
enum argument { ARG_WINDOW, ARG_AT, ARG_TREND, N_ARGS };

/* What vtab.c plans and cursor.c follows, in SQLite's idxNum: which values come (in this order: target, the
 * arguments, the keys), and for each key, in eight bits, its shown column + 1. */
enum {
    MAX_KEYS = 3,
    PLAN_TARGET = 1,
    PLAN_ARGS = 2,
    KEY_SHIFT = 4,
    KEY_BITS = 8,
    KEY_MASK = (1 << KEY_BITS) - 1
};

/* `column = value`, answered by the hash of that column. */
struct key {
    int column; /* of the dataset */
    int64_t integer;
    char *text; /* NULL: the column is an integer */
};

struct cursor {
    sqlite3_vtab_cursor base; /* first: SQLite hands this out */
    struct table *table;
    sqlite3_value *args[N_ARGS]; /* NULL: not given */
    struct window_spec spec;
    double at_s, trend_s; /* NAN: now; NAN: no trend */
    struct window *
        *resolved; /* by target: for spec and at_s, so that the inner side of a join asks the snapshot once */
    struct key keys[MAX_KEYS];
    int n_keys;
    int target, end_target;  /* next one to look at, and where to stop */
    int shown_target;        /* of the row */
    struct window **windows; /* of the target, the rest of them; `last` of one when there is no trend */
    struct window **trend;   /* a copy, owned */
    int n_windows;
    struct window *window; /* of the row; NULL: at the end */
    int row;
    int chain; /* column whose hash gives the next row, -1: all rows */
};

struct cursor *cursor_new(struct table *t);
void cursor_free(struct cursor *c);
/* Goes to the first row that PLAN with VALUES asks for. */
bool cursor_filter(struct cursor *c, int plan, int n_values, sqlite3_value **values, struct err *err);
void cursor_next(struct cursor *c);
/* Identifies the row within the statement: SQLite drops by it what two branches of an OR both found. */
int64_t cursor_rowid(const struct cursor *c);

#endif
