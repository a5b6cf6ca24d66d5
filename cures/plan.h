/* The plan: the cures of findings in a safe order, within a time budget. A pure function; what is left out is
 * told with its reason. */
#ifndef DBVITALS_CURES_PLAN_H
#define DBVITALS_CURES_PLAN_H

#include "core/text.h"
#include "cures/finding.h"

/* A finding as far as a plan is concerned; strings are borrowed. */
struct plan_item {
    const char *target, *action; /* action NULL: no action cures it */
    const char *label;
    const char *database, *statement; /* what would run there; NULL: unknown */
    const char *why_not;              /* why it cannot run; NULL: it can */
    bool by_name;                     /* a person has to type what it is done to */
    const char *by_name_why;          /* what asks for that just now; NULL: nothing else does */
    enum stage stage;
    int severity;
    double rank;   /* NAN is 0 */
    double cost_s; /* NAN: unknown, which fits no budget */
};

enum plan_fate {
    PLAN_STEP,       /* it runs */
    PLAN_NO_CURE,    /* no action cures it: a person has to */
    PLAN_IMPOSSIBLE, /* the action cannot be done there */
    PLAN_NOT_NAMED,  /* its action is not among those that were asked for */
    PLAN_FORBIDDEN,  /* it was asked for, and may not be */
    PLAN_BY_NAME,    /* its dialog asks for more than a yes */
    PLAN_TWICE,      /* a step before does the same */
    PLAN_NO_TIME     /* it does not fit into what is left of the budget */
};
struct plan_entry {
    int item;
    enum plan_fate fate;
    double left_s; /* PLAN_NO_TIME: what was left of the budget */
};
struct plan {
    struct plan_entry
        *entries; /* the steps in the order in which they run, then what is left out, worst first */
    int n, n_steps;
    double cost_s; /* of the steps whose time is known */
};
struct plan_options {
    const char *const *only; /* kinds of action: a word is good for the action of that name and for those that
                                begin with it and `_` */
    int n_only;              /* 0: analyze and vacuum, which change nothing but statistics and free space */
    double budget_s;         /* NAN: no limit */
    const char *const *allow; /* kinds that may be run at all; NULL: each */
    int n_allow;
};

/* Whether actions of that name are asked for. */
bool plan_is_named(const char *action, const struct plan_options *options);
/* Steps are in order of stage; within one the worse first. A step that does not fit the budget is left, and a
 * later one that fits is taken. */
void plan_make(const struct plan_item *items, int n, const struct plan_options *options, struct plan *out);
void plan_done(struct plan *p);
/* Why an entry is left out; nothing of a step. */
void plan_why(const struct plan_entry *entry, const struct plan_item *item, struct text *out);

#endif
