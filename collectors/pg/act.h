/* What the files of a cure share. */
#ifndef DBVITALS_COLLECTORS_PG_ACT_H
#define DBVITALS_COLLECTORS_PG_ACT_H

#include "collectors/pg/inside.h"

enum step { STEP_VERIFY, STEP_RUN, STEP_PAUSE, STEP_WATCH, STEP_AFTER, STEP_END };

struct act {
    struct act *next;
    struct pg_source *source;
    struct conn *conn;
    struct act_host host;
    char *verify, *statement, *after_failure, *still, *then, *then_says; /* as in struct act_order */
    double lock_timeout_s, limit_s, wait_s;
    int attempt;
    enum step step;
    double watched_s;         /* monotonic: since when it is watched whether the statement was enough */
    bool went_on;             /* `then` was sent */
    bool cancelled, late;     /* asked to end by a person, by the limit */
    bool asked_again;         /* what it left behind: the request to cancel met the first asking */
    struct loop_timer *timer; /* the pause, the next look, or the end */
    struct loop_timer *limit; /* the limit, then the nudges */
    struct text said;         /* what the server warned of, and why it failed */
    enum act_end end;
};

/* act.c */
/* A further line of what is told at the end; NULL and "" are none. */
void act_say(struct act *a, const char *text);
/* Tells its owner where it is. */
void act_tell(struct act *a, enum act_step step);
/* The end, with TEXT as the last line. */
void act_finish(struct act *a, enum act_end end, const char *text);
/* Asks SQL of our own, with our tag. */
void act_ask_own(struct act *a, const char *sql, void (*done)(void *ctx, const struct conn_answer *answer));
/* Sends what a person has confirmed, to the letter. */
void act_send(struct act *a, const char *statement);

/* act_watch.c */
/* The statement was done: watches whether it was enough. */
void act_watch(struct act *a);
/* Looks again. */
void act_look(struct act *a);

#endif
