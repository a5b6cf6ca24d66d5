/* A round: what was found becomes a plan, whose steps are run one after the other on each target. On the
 * loop, through callbacks; the command line, HTTP and schedules do it by this. */
#ifndef DBVITALS_CURES_ROUND_H
#define DBVITALS_CURES_ROUND_H

#include "core/query.h"
#include "core/text.h"
#include "cures/advisor.h"
#include "cures/cures.h"
#include "cures/plan.h"

struct round;
struct json;

/* Borrowed, and must outlive the round. */
struct round_parts {
    struct loop *loop;
    struct engine *engine;
    struct query_thread *queries;
    struct advisor *advisor;
};
/* All are copied. */
struct round_options {
    const char *const *targets; /* names; none: all */
    int n_targets;
    struct plan_options plan;
    const char *by;    /* who wants it, for the ledger */
    bool known;        /* the findings were asked just now: they are not asked again */
    bool one_by_one;   /* also on different targets, in the order of the plan */
    double patience_s; /* how long the findings may take; then the plan has what there is. 0: 30 s */
    /* In place of what was found: the one cure that the action of this name says of a row of the first
     * target, by its SELECT with PARAMS (:target is added). It is asked for by name, so nothing else is typed.
     * NULL: the findings. */
    const char *action;
    const struct query_param *params;
    int n_params;
};

enum step_state {
    STEP_OPEN,
    STEP_RUNNING,
    STEP_DONE,
    STEP_FAILED,
    STEP_CANCELLED,
    STEP_LEFT, /* not begun, and will not be */
    N_STEP_STATES
};
/* NULL of STEP_OPEN: nothing was tried. */
const char *step_state_name(enum step_state s);
struct round_step {
    enum step_state state;
    int64_t job;   /* of cures; 0: none yet */
    double took_s; /* NAN: it did not begin, or has not ended */
    char *message; /* why it failed or was left, what the server warned of; NULL: nothing */
};

enum round_state { ROUND_ASKING, ROUND_PLANNED, ROUND_RUNNING, ROUND_ENDED };

/* Each may be NULL. Called from the loop, not from within a function of the round, but for steps that
 * round_stop and round_leave end. The round must not be freed in any but `planned` and `ended`. */
struct round_host {
    void *ctx;
    void (*planned)(void *ctx, struct round *r); /* see round_error */
    /* Just before a step begins: NULL, or why it may not any more (a sentence); it is left then. */
    const char *(*forbids)(void *ctx, struct round *r, int step);
    void (*step_begins)(void *ctx, struct round *r, int step);
    void (*step_ended)(void *ctx, struct round *r, int step);
    void (*ended)(void *ctx, struct round *r); /* all steps have */
};

/* Begins to ask. */
struct round *round_new(const struct round_parts *parts, const struct round_options *options,
                        const struct round_host *host);
/* What runs goes on, and nobody tells of it: stop it before. NULL does nothing. */
void round_free(struct round *r);
enum round_state round_state(const struct round *r);
/* Why there is no plan: a sentence; NULL: there is one, or not yet. */
const char *round_error(const struct round *r);

/* Of a round that is planned, and later. */
const struct plan *round_plan(const struct round *r);
/* Item of the plan's entry number I, and a column of dataset findings of it, NULL: none. */
const struct plan_item *round_item(const struct round *r, int i);
const char *round_text(const struct round *r, int i, const char *column);
/* Of step number I, from 0. */
const struct round_step *round_step(const struct round *r, int i);
/* How long it has run, in seconds. */
double round_ran_s(const struct round *r);
/* The options that the plan was made with, borrowed. */
const struct plan_options *round_plan_options(const struct round *r);
/* The entries of the plan as a JSON array of objects, steps first; with what became of them. */
void round_add_json(const struct round *r, struct json *j, struct text *out);

/* Runs the plan by CURES, which must be there until it has ended; not twice. */
void round_run(struct round *r, struct cures *cures);
/* What runs is cancelled on the server, what has not begun is left; `ended` comes when the server has ended
 * the last. One that does not run yet asks no more, and ends. */
void round_stop(struct round *r);
/* The same without waiting for the server: what runs has failed, with MESSAGE. */
void round_leave(struct round *r, const char *message);

/* Why nothing can be done on a target: a sentence; NULL: something can. */
const char *round_refusal(const struct source_status *status);

#endif
