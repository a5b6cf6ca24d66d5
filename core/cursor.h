/* The walk over the rows of a dataset that a statement asks for: which targets, windows and rows, in which
 * order. */
#ifndef DBVITALS_CORE_CURSOR_H
#define DBVITALS_CORE_CURSOR_H

#include "core/vtab_plan.h"

/* `column = value`, answered by the hash of that column. */
struct key {
    int column; /* of the dataset */
    int64_t integer;
    char *text; /* NULL: the column is an integer */
};

/* `column > value` or `column < value`: rows that surely are not so are walked past. */
struct limit {
    const struct shown *shown;
    double value;
    bool below;
};

struct cursor {
    sqlite3_vtab_cursor base; /* first: SQLite hands this out */
    struct table *table;
    sqlite3_value *args[N_ARGS]; /* NULL: not given */
    struct window_spec spec;
    double at_s, trend_s; /* NAN: now; NAN: no trend */
    struct window *
        *resolved; /* by target: for spec and at_s, so that the inner side of a join asks the snapshot once */
    struct key keys[PLAN_KEYS];
    int n_keys;
    struct limit limits[PLAN_LIMITS];
    int n_limits;
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
/* Goes to the first row that P with its VALUES asks for. */
bool cursor_filter(struct cursor *c, const struct plan *p, int n_values, sqlite3_value **values,
                   struct err *err);
/* Of the row: the number in S, which is no text and says nothing of the sample as a whole. NAN: no value. */
double cursor_number(const struct cursor *c, const struct shown *s);
void cursor_next(struct cursor *c);
/* Identifies the row within the statement: SQLite drops by it what two branches of an OR both found. */
int64_t cursor_rowid(const struct cursor *c);

#endif
