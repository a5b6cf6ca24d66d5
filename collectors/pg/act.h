/* What the files of a cure share. */
#ifndef DBVITALS_COLLECTORS_PG_ACT_H
#define DBVITALS_COLLECTORS_PG_ACT_H

#include "collectors/pg/inside.h"

enum step { STEP_VERIFY, STEP_RUN, STEP_PAUSE, STEP_WATCH, STEP_AFTER, STEP_END };

struct act {
    struct act *next;
    struct pg_source *source;
    struct conn *conn;
    struct conn_info *info; /* where to, with what is set there */
    struct act_host host;
    char *verify, *statement, *after_failure, *still, *then, *then_says; /* as in struct act_order */
    double lock_timeout_s, limit_s, wait_s;
    int attempt;
    enum step step;
    double watched_s;          /* monotonic: since when it is watched whether the statement was enough */
    bool went_on;              /* `then` was sent */
    bool cancelled, late;      /* asked to end by a person, by the limit */
    double sent_s;             /* monotonic: when the statement was sent */
    char back[400];            /* for whom it steps back; "": for nobody */
    bool told_behind;          /* that somebody waits behind it */
    struct act_look *look;     /* at who waits behind it, under way; NULL: none is */
    double failed_s;           /* monotonic: since when it is asked what was left behind */
    bool asked_again;          /* what it left behind: the request to cancel met the first asking */
    struct loop_timer *timer;  /* the pause, the next look, or the end */
    struct loop_timer *limit;  /* the limit, then the nudges */
    struct loop_timer *behind; /* the next look at who waits behind it */
    struct text said;          /* what the server warned of, and why it failed */
    enum act_end end;
};

/* act.c */
/* A further line of what is told at the end; NULL and "" are none. */
void act_say(struct act *a, const char *text);
/* Tells its owner where it is. */
void act_tell(struct act *a, enum act_step step);
/* The end, with TEXT as the last line. */
void act_finish(struct act *a, enum act_end end, const char *text);
/* Sends what a person has confirmed, to the letter. */
void act_send(struct act *a, const char *statement);
/* Asks the server to end what runs, and asks again until it has. */
void act_stop(struct act *a);

/* act_conn.c */
/* Where it connects to: where the fast lane is, in DATABASE (NULL: the same). */
void act_place(struct act *a, const char *database);
/* Connects, in place of the connection before. */
void act_connect(struct act *a);
void act_ask(struct act *a, const char *sql, double timeout_s,
             void (*done)(void *ctx, const struct conn_answer *answer));
/* Asks SQL of our own, with our tag. */
void act_ask_own(struct act *a, const char *sql, void (*done)(void *ctx, const struct conn_answer *answer));

/* act_after.c */
/* It failed, or was cancelled: asks what it left behind, and then ends it as END; TEXT is a further line. */
void act_after(struct act *a, enum act_end end, const char *text);
/* The connection is lost: asks again a little later, on a new one; or gives up. */
void act_after_later(struct act *a);
void act_after_again(struct act *a);

/* act_behind.c */
/* The statement was sent: from now on it is looked who waits behind it. */
void act_behind_watch(struct act *a);
void act_behind_look(void *ctx);
void act_behind_forget(struct act *a);

/* act_watch.c */
/* The statement was done: watches whether it was enough. */
void act_watch(struct act *a);
/* Looks again. */
void act_look(struct act *a);

#endif
