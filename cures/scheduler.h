/* The scheduler: begins rounds when schedules are due, ends them when their time is over, and remembers what
 * was begun, over a restart too. Told in dataset `schedules`. */
#ifndef DBVITALS_CURES_SCHEDULER_H
#define DBVITALS_CURES_SCHEDULER_H

#include "cures/rounds.h"
#include "cures/schedule.h"

struct scheduler;

extern const struct dataset schedules_dataset;

/* Borrowed, and must outlive the scheduler. */
struct scheduler_parts {
    struct loop *loop;
    struct engine *engine;
    struct rounds *rounds;
    const char *directory; /* where it remembers: only one scheduler at a time may have it */
};
/* Something to tell; borrowed for the call. SCHEDULE and TARGET may be NULL. */
struct scheduler_news {
    const char *event, *schedule, *target, *result, *message;
    bool bad;
};
typedef void scheduler_tell_fn(void *ctx, const struct scheduler_news *news);

/* Nothing is due before scheduler_set. */
struct scheduler *scheduler_new(const struct scheduler_parts *parts, scheduler_tell_fn *tell, void *ctx);
/* From now on these, on the targets that the engine has now; takes them. What runs of a schedule that is gone
 * is cancelled; of one whose times are others nothing is due before now. */
void scheduler_set(struct scheduler *s, struct schedules *schedules);
/* What rounds tell. True: the round is one of ours. */
bool scheduler_round(struct scheduler *s, const struct rounds_news *news);
/* Begins nothing any more. What runs is cancelled by rounds_stop. */
void scheduler_stop(struct scheduler *s);
/* False: the disk did not take what happened last. */
bool scheduler_free(struct scheduler *s);

#endif
