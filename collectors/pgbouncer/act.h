/* What the files of a cure share: one command, run once on a console connection of its own. */
#ifndef DBVITALS_COLLECTORS_PGBOUNCER_ACT_H
#define DBVITALS_COLLECTORS_PGBOUNCER_ACT_H

#include "collectors/pgbouncer/inside.h"

enum step { STEP_CONNECT, STEP_RUN, STEP_BACK, STEP_END };

struct act {
    struct act *next;
    struct bouncer_source *source;
    struct conn *conn;
    struct act_host host;
    char *statement;
    char *back;     /* the command that takes it back when it is left in the middle; NULL: nothing is left */
    char *database; /* that it pauses; "": all, NULL: it pauses none */
    double limit_s;
    enum step step;
    struct loop_timer *timer; /* the end, in the next turn */
    struct loop_timer *limit;
    struct loop_timer *looks;
    struct act_look *look; /* at who is still in its way, under way; NULL: none is */
    struct text said;
    enum act_end end;
};

/* act.c */
/* A further line of what is told at the end; NULL and "" are none. */
void bouncer_act_say(struct act *a, const char *text);
/* The end, with TEXT as the last line. */
void bouncer_act_finish(struct act *a, enum act_end end, const char *text);

/* act_look.c: PAUSE waits for whoever has a connection. */
/* "PAUSE shop" gives the database's name, "" of all; NULL: STATEMENT is none. The caller frees. */
char *bouncer_act_paused(const char *statement);
void bouncer_act_look(void *act);
void bouncer_act_look_forget(struct act *a);

#endif
