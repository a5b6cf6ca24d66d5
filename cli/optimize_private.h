/* What the files of `optimize` share: the round that plans and runs. */
#ifndef DBVITALS_CLI_OPTIMIZE_PRIVATE_H
#define DBVITALS_CLI_OPTIMIZE_PRIVATE_H

#include <stdio.h>

#include "cli/advice.h"
#include "core/export.h"
#include "cures/plan_words.h"
#include "cures/round.h"

struct optimize {
    const struct args *args;
    struct advice advice;
    struct plan_words words;
    double budget_s; /* NAN: no limit */
    enum export_format format;
    FILE *told; /* where a person reads what is going on */
    struct round *round;
    struct cures *cures;     /* while it runs */
    bool shown;              /* progress stands on the terminal's last line */
    bool planned;            /* the round has a plan, or cannot have one */
    bool ended;              /* all its steps have */
    struct result *unjudged; /* checks that could not be judged: target, finding, title, action, why */
    int n_unjudged;          /* of them those that were asked for */
    int n_refused;           /* targets on which nothing can be done */
    int stops;               /* how often a person or the system said to stop */
};

/* optimize_plan.c */
bool optimize_make_plan(struct optimize *o, struct err *err);
/* Which checks that were asked for could not be judged. */
bool optimize_find_unjudged(struct optimize *o, struct err *err);
/* As SQL that psql can run; what is no statement is a comment. */
void optimize_print(struct optimize *o);
/* TEXT, which came from outside, as a line after PREFIX. */
void optimize_tell(FILE *f, const char *prefix, const char *text);
/* For programs: the plan and its results, then what was refused and what could not be judged. PROBLEM: why
 * there is no plan; NULL: there is one, or each target told. */
bool optimize_export(struct optimize *o, const char *problem, struct err *err);

/* optimize_run.c: one step after the other; false: some failed or were left. */
bool optimize_do(struct optimize *o);
/* What the round tells while it runs. */
void optimize_step_begins(void *ctx, struct round *r, int step);
void optimize_step_ended(void *ctx, struct round *r, int step);

#endif
