/* Which relations are measured next, when all at once would cost too much. Pure. */
#ifndef DBVITALS_COLLECTORS_PG_SLICE_H
#define DBVITALS_COLLECTORS_PG_SLICE_H

#include <stdbool.h>
#include <stdint.h>

/* What is held of a relation's size. All zero bytes but `known` false: never measured. */
struct measure {
    bool known;
    double at_s;  /* monotonic */
    int64_t mark; /* of its statistics at that time */
    double wall_s; /* the same moment on the other clock */
};

/* The rows (at most LIMIT of N) to be measured: those never measured and those whose mark is another now,
 * before those whose measure is oldest. Returns how many; ROWS has room for LIMIT. */
int slice_choose(const struct measure *measures, const int64_t *marks, int n, int limit, int *rows);
/* How many rows to take the next time, when N took COST_MS and BUDGET_MS is allowed. Grows to at most four
 * times the size it was. */
int slice_fit(int n, double cost_ms, double budget_ms);
/* ... when the slice failed: half. */
int slice_halve(int n);

#endif
