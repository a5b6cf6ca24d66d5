/* What the files of the scheduler share: a schedule on one target, and what became of it. */
#ifndef DBVITALS_CURES_SCHEDULER_PRIVATE_H
#define DBVITALS_CURES_SCHEDULER_PRIVATE_H

#include "core/writer.h"
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
    double limit_s, stop_s; /* STOP_S monotonic: then its limit is over; NAN: no step has begun */
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

void turn_set_text(char **text, const char *value);
bool turn_same(const char *a, const char *b); /* NULL is the same as NULL */

struct scheduler {
    struct scheduler_parts parts;
    struct schedules schedules;
    struct turns turns;
    struct loop_timer *timer;
    struct writer *writer;
    bool stopped;
    double looked_at; /* by the clock; NAN: not yet */
    int version;      /* of what is to be remembered */
    int kept;         /* the version that is on the disk, or that the disk refused */
    bool writing, troubled, closing;
    scheduler_tell_fn *tell;
    void *ctx;
};
enum { LOOK_EVERY_S = 1 };

/* What the ledger says of who wanted it. */
#define SCHEDULE_BY "schedule "

/* scheduler.c: begins the round of T, whose moment is on the disk. */
void scheduler_begin(struct scheduler *s, struct turn *t);
/* scheduler_end.c: T is not done this time. The same again is not told again. */
void scheduler_leave(struct scheduler *s, struct turn *t, const char *result, const char *why);

/* scheduler_keep.c */
void scheduler_tell(struct scheduler *s, const struct turn *t, const char *event, const char *message,
                    bool bad);
void scheduler_put(struct scheduler *s, const char *target);
const struct schedule *scheduler_schedule(const struct scheduler *s,
                                          const struct turn *t); /* NULL: it is gone */
void scheduler_find_next(const struct scheduler *s, struct turn *t);
/* Of T something is to be remembered, and told. */
void scheduler_changed(struct scheduler *s, struct turn *t);
void scheduler_keep(struct scheduler *s);
/* What was kept by the one before. */
void scheduler_remember(struct scheduler *s);
/* Waits a moment for the disk; false: it did not take all. Nothing is kept afterwards. */
bool scheduler_flush(struct scheduler *s);

/* scheduler_file.c: what is remembered, as text in the state directory. */
/* False and err: it cannot be understood; it was put aside. A file that is not there has none. */
bool turns_read(const char *directory, struct turns *out, struct err *err);
void turns_write(const struct turns *t, struct text *out);
bool turns_keep(const char *directory, const char *text, size_t len, struct err *err);

/* scheduler_sample.c */
struct sample *turns_sample(const struct turns *t, const struct schedules *schedules, const char *target,
                            double mono_s, double wall_s);

#endif
