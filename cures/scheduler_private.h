/* What the files of the scheduler share: a schedule on one target, and what became of it. */
#ifndef DBVITALS_CURES_SCHEDULER_PRIVATE_H
#define DBVITALS_CURES_SCHEDULER_PRIVATE_H

#include "cures/scheduler.h"

enum turn_state {
    TURN_IDLE,
    TURN_WAITS,   /* it is due, and something is in its way */
    TURN_IS_KEPT, /* it is being written that it begins */
    TURN_RUNS
};

/* Seconds since 1970; NAN: never. */
struct turn {
    char *schedule, *target;
    char *when; /* as schedule_when has it: of another one nothing is known */
    /* The last moment that was begun, or left: none of those before is due any more. */
    double handled;
    double next; /* the first after that; HUGE_VAL: there is none */
    enum turn_state state;
    struct due due;         /* of one that is not idle */
    char *waits_for, *told; /* TOLD: what of that the log has */
    char round[64];         /* id, TURN_RUNS */
    double limit_s, stop_s; /* STOP_S monotonic: then its limit is over */
    char *stopped;          /* why it was; NULL: it was not */
    bool gone;              /* its schedule or its target is: it goes when it has ended */
    int version;            /* of what is remembered, TURN_IS_KEPT */
    /* The last time: */
    double began_at, ended_at;
    char *result, *message; /* RESULT NULL: it never was, or it runs */
    int n_done, n_failed, n_left;
};
void turn_free(struct turn *t);
/* Both are copied. */
void turn_set_result(struct turn *t, const char *result, const char *message);

struct turns {
    struct turn **list;
    int n;
};
void turns_done(struct turns *t);
void turns_add(struct turns *t, struct turn *turn);
struct turn *turns_find(const struct turns *t, const char *schedule, const char *target);

/* scheduler_file.c: what is remembered, as text in the state directory. */
/* False and err: it cannot be understood; it was put aside. A file that is not there has none. */
bool turns_read(const char *directory, struct turns *out, struct err *err);
void turns_write(const struct turns *t, struct text *out);
bool turns_keep(const char *directory, const char *text, size_t len, struct err *err);

/* scheduler_sample.c */
struct sample *turns_sample(const struct turns *t, const struct schedules *schedules, const char *target,
                            double mono_s, double wall_s);

#endif
