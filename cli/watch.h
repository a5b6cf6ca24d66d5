/* The dashboard at work: what wires loop, engine, query thread and terminal together. */
#ifndef DBVITALS_CLI_WATCH_H
#define DBVITALS_CLI_WATCH_H

#include "cli/session.h"
#include "cures/action.h"
#include "cures/job.h"
#include "tui/dash.h"

enum { MOST_DEMANDED = 64, MOST_THEMES = 16, N_WATCH_SIGNALS = 3 };

struct attach;
struct alerts;
struct advisor;
struct cures;

/* A step through a guard's past that is on its way. */
struct stepping {
    char dataset[64];
    double from;
    int direction, left;
};

struct watch {
    struct session session;
    struct attach *attach; /* NULL: our own engine collects */
    char *target;          /* to look at first */
    struct alerts *alerts; /* NULL: a guard judges */
    struct advisor *advisor; /* NULL as well */
    struct actions actions; /* what can be done to rows */
    struct cures *cures;    /* NULL: nothing is done from here */
    struct job_sum ended;   /* of the action that ended last, since none of that kind was open */
    struct loop_timer *refresh; /* attached: when to ask again */
    struct stepping stepping;
    struct query_thread *queries;
    struct pages pages;
    struct dash *dash;
    struct terminal *terminal; /* NULL: plain text */
    struct canvas *canvas;
    struct theme theme;
    const char *themes[MOST_THEMES]; /* names for the palette */
    struct loop_timer *tick, *frame;
    struct loop_signal *signals[N_WATCH_SIGNALS];
    const struct dataset *demanded[MOST_DEMANDED];
    int n_demanded;
    double drawn_s, dirty_s; /* the last frame; what is to be drawn waits since then, 0: nothing does */
    double trim_s; /* when the heap is trimmed next */
    double key_s; /* when the last key came */
    bool key_pending, redraw, quit;
    int code;
};

/* What the dashboard asks of W. */
struct dash_host watch_host(struct watch *w);
/* Asks what is due now. */
void watch_tick(struct watch *w);
/* Who sits here, for acknowledgements. */
const char *watch_person(void);

/* attach_host.c: the same of a guard. */
struct dash_host watch_attached_host(struct watch *w);
void watch_attached_start(struct watch *w);
void watch_attached_refresh(struct watch *w);

/* watch_alerts.c: rules are judged here too, and shown; delivered only when told so. */
bool watch_alerts_start(struct watch *w, struct err *err);
/* False when --notify was given and cannot mean anything. */
bool watch_notify_check(const struct watch *w, struct err *err);
bool watch_alert(void *ctx, const struct alert_order *order, struct err *err);
/* watch_cures.c: what is done to servers. */
void watch_cures_host(struct dash_host *host);
void watch_cures_start(struct watch *w);
/* Tells what the server goes on with when nobody waits for it. */
void watch_cures_leave(const struct watch *w);
/* Where the targets of a command line are: BADGE stands in the head of every page, STACK is what they belong to where no [target] section says it. */
struct watch_place {
    const char *badge, *stack;
};
/* The dashboard over the targets of WORDS, to its end; an exit code. PLACE is NULL for what a user names. */
int watch_targets(const struct args *args, const char *const *words, int n, const struct watch_place *place);

#endif
