/* This profile beside an earlier one: what became slower, and not only by chance. */
#ifndef DBVITALS_PROFILE_COMPARE_H
#define DBVITALS_PROFILE_COMPARE_H

#include "core/arena.h"
#include "profile/run.h"

/* As `profile --format json` wrote it. */
struct earlier_query {
    const char *name, *plan, *indexes; /* "" where there is none */
    double p50_ms, p95_ms;             /* NAN where there is none */
    struct interval p50_in, p95_in;
};
struct earlier {
    struct arena *arena;
    struct earlier_query *queries;
    int n;
};
bool earlier_parse(const char *text, size_t len, const char *path, struct earlier *out, struct err *err);
bool earlier_read(const char *path, struct earlier *out, struct err *err);
void earlier_done(struct earlier *e);

enum change { CHANGE_NONE, CHANGE_SLOWER, CHANGE_FASTER };
/* A quantile changed when all three hold: it is more than RATIO (0.2: a fifth) larger than the smaller of the
 * two; by more than 0.1 ms; and the two 95 % confidence intervals do not meet. An interval without an end
 * (too few runs) meets every other. */
enum change change_of(double was, struct interval was_in, double now, struct interval now_in, double ratio);

struct comparison {
    const struct earlier_query *was; /* NULL: the query is new */
    enum change p50, p95;
    struct text lost; /* indexes that it used and does not use now, parted by ", " */
    bool new_plan;
};
/* Initialises OUT. */
void compare_one(const struct earlier *e, const struct query_result *now, double ratio,
                 struct comparison *out);
void comparison_done(struct comparison *c);

#endif
