/* Which rows a statement asks a dataset for: what vtab.c tells SQLite when it plans, and cursor.c follows
 * when it walks. */
#ifndef DBVITALS_CORE_VTAB_PLAN_H
#define DBVITALS_CORE_VTAB_PLAN_H

#include "core/door.h"

/* The hidden columns, which are the arguments of the table as a function. */
enum argument { ARG_WINDOW, ARG_AT, ARG_TREND, N_ARGS };

enum { PLAN_KEYS = 3, PLAN_LIMITS = 8 };

/* `column > value` and its like, or with <. */
struct plan_limit {
    int shown;
    bool below; /* what is below the value is not asked for; else what is above it */
};

/* The values that SQLite gives for a plan come in this order: target, arguments, keys, limits. */
struct plan {
    bool target;
    bool args[N_ARGS];
    int keys[PLAN_KEYS]; /* shown columns that have a hash */
    int n_keys;
    struct plan_limit limits[PLAN_LIMITS]; /* what is cheap to look at first */
    int n_limits;
};

/* SQLite's xBestIndex for T. */
int plan_choose(const struct table *t, sqlite3_index_info *info);
/* What plan_choose put into idxNum and idxStr. */
void plan_read(struct plan *p, int number, const char *text);

#endif
