/* From the answer of a rule's SELECT to outcomes: which rows offend, how badly, and which alerts got no data.
 * Pure: no clock, no thread. */
#ifndef DBVITALS_ALERTS_JUDGE_H
#define DBVITALS_ALERTS_JUDGE_H

#include "alerts/machine.h"
#include "alerts/rule.h"

/* One alert that the answer speaks of. */
struct finding_row {
    char
        *key; /* identity within rule and target: values of the key columns, "a=1, b=x"; "" when per target */
    const char *target; /* borrowed from the result */
    struct outcome outcome;
    double value;
    int row;   /* of the result: the evidence; of several rows the worst one */
    int count; /* rows of this alert that offend */
};
/* What is known of a target for a rule, told by the caller per target: */
struct coverage {
    const char *target;
    const char *no_data; /* why rows of this target cannot be believed: "sessions is 12 s old", "window covers
                            1m of 5m"; NULL: they can */
};
struct judgement {
    struct finding_row *rows;
    int n;
};
/* RESULT is of rule->sql. Each alert, that is target and key, is one finding: rows that share a key are one,
 * and the worst of them decides. LEVELS tells the level in force of each alert, for hysteresis. Rows of
 * targets without data are left out. */
typedef enum level judge_level_fn(void *ctx, const char *target, const char *key);
void judge_result(const struct rule *rule, const struct result *result, const struct coverage *coverage,
                  int n_coverage, judge_level_fn *level, void *ctx, struct judgement *out);
void judgement_done(struct judgement *j);
/* The identity that a row of RESULT has within rule and target; on the heap. */
char *judge_key(const struct rule *rule, const struct result *result, int row);

#endif
