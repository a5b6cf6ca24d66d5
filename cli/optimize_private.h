/* What the files of `optimize` share: the plan, and what became of its steps. */
#ifndef DBVITALS_CLI_OPTIMIZE_PRIVATE_H
#define DBVITALS_CLI_OPTIMIZE_PRIVATE_H

#include "cli/advice.h"
#include "core/export.h"
#include "cures/plan.h"

enum { MOST_ONLY = 16 };

enum outcome { STEP_OPEN, STEP_DONE, STEP_FAILED, STEP_CANCELLED, STEP_LEFT, N_OUTCOMES };
struct step_result {
    enum outcome outcome;
    double took_s; /* NAN: it did not begin */
    char *message; /* why it failed or was left, what the server warned of; NULL: nothing */
};

struct optimize {
    const struct args *args;
    struct advice advice;
    struct plan_options options;
    const char *only[MOST_ONLY];
    char *words; /* what they point into */
    enum export_format format;
    FILE *told;              /* where a person reads what is going on */
    struct result *rows;     /* of dataset findings */
    struct plan_item *items; /* by row */
    struct plan plan;
    struct step_result *results; /* by step */
    int n_refused;               /* targets on which nothing can be done */
    int stops;                   /* how often a person or the system said to stop */
};

/* optimize_plan.c */
bool optimize_read_words(struct optimize *o, const char *list, struct err *err);
bool optimize_make_plan(struct optimize *o, struct err *err);
/* As SQL that psql can run; what is no statement is a comment. */
void optimize_print(struct optimize *o);
/* TEXT, which came from outside, as a line after PREFIX. */
void optimize_tell(FILE *f, const char *prefix, const char *text);
const char *optimize_text(const struct optimize *o, int row, const char *column);

/* optimize_export.c: the plan and its results for programs. */
bool optimize_export(struct optimize *o, struct err *err);
const char *outcome_name(enum outcome outcome); /* NULL: nothing was tried */

/* optimize_run.c: one step after the other; false: some failed or were left. */
bool optimize_do(struct optimize *o);

#endif
