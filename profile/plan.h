/* What a plan does, in a line: its shape without costs, which indexes it uses, which tables it reads whole.
 */
#ifndef DBVITALS_PROFILE_PLAN_H
#define DBVITALS_PROFILE_PLAN_H

#include "core/result.h"
#include "core/text.h"

/* Lists are parted by ", "; each name stands once. */
struct plan_notes {
    struct text shape, indexes, scans;
    struct text made; /* what the statement itself makes, as its WITH does: no tables */
    bool unread;      /* the plan had another form than is known */
};

void plan_notes_init(struct plan_notes *p);
void plan_notes_done(struct plan_notes *p);
/* A row of EXPLAIN (FORMAT JSON) or of EXPLAIN QUERY PLAN: a bench_row_fn, CTX is struct plan_notes. */
void plan_notes_add(void *ctx, const struct value *values, int n);
/* Whether LIST has NAME. */
bool plan_list_has(const char *list, const char *name, size_t len);

#endif
