/* Jobs: the queue of each target as a pure machine. It knows no server, no clock and no loop: it is told what
 * happens, and says what may begin. */
#ifndef DBVITALS_CURES_JOB_H
#define DBVITALS_CURES_JOB_H

#include <stdbool.h>
#include <stdint.h>

#include "core/text.h"

enum job_state { JOB_QUEUED, JOB_RUNNING, JOB_CANCELLING, JOB_DONE, JOB_FAILED, JOB_CANCELLED, N_JOB_STATES };
const char *job_state_name(enum job_state s);
/* Of one that runs: as those of an act, which see. */
enum job_step { JOB_CONNECTS, JOB_RUNS, JOB_WAITS, JOB_WATCHES, JOB_GOES_ON, N_JOB_STEPS };
const char *job_step_name(enum job_step s);

struct job {
    int64_t id; /* from 1, in the order of asking */
    enum job_state state;
    char *target, *action, *label, *database, *verify, *statement, *after_failure, *undo, *by;
    char *keys, *measure, *undo_verify, *why_no_undo; /* for the ledger: see action.h */
    char *still, *then, *then_says; /* see struct act_order; NULL: the statement is enough */
    double wait_s;
    char *on;       /* names of the datasets that show what it did, a space between; NULL: none does */
    int64_t uid;    /* of its entry in the ledger; 0: none before it begins */
    int64_t undoes; /* the entry of the ledger that it takes back; 0: none */
    bool at_once;   /* waits for no other, and no other for it */
    double lock_timeout_s, limit_s;
    double asked_at, began_at, ended_at; /* seconds since 1970; NAN: not yet */
    int pid;                             /* of the server; 0: none yet */
    int attempts;                        /* that were begun */
    enum job_step step;
    double step_at; /* when that began, as those above */
    char *message;  /* who waits behind it; why it failed, what the server warned of; NULL: nothing */
};

/* At most this many that have ended are kept, this many may wait on a target, and this many of those that
 * wait for no other run there side by side: each takes a connection. */
enum { JOBS_KEPT = 200, JOBS_QUEUED = 500, JOBS_AT_ONCE = 8 };

struct jobs {
    struct job **list; /* by id */
    int n;
    int64_t last_id;
};

void jobs_done(struct jobs *j);
/* How jobs of one action have ended. */
struct job_sum {
    int n[N_JOB_STATES];
    char *action;
    char *why; /* of the first that was not done: on what, and the server's words */
};
/* JOB has ended; one of another action begins a new sum. */
void job_sum_add(struct job_sum *s, const struct job *job);
int job_sum_n(const struct job_sum *s);
/* "terminate: 5 done, 1 failed: pid 12: ..." */
void job_sum_text(const struct job_sum *s, struct text *out);
void job_sum_done(struct job_sum *s);
/* A copy of JOB, queued; NULL when its target's queue is full. */
struct job *jobs_add(struct jobs *j, const struct job *job, double now);
struct job *jobs_find(const struct jobs *j, int64_t id); /* NULL if it is not known, or was forgotten */
/* The job of TARGET that may begin now: the oldest that goes at once, unless too many of them run, else the
 * oldest when none other runs. NULL if there is none. */
struct job *jobs_next(const struct jobs *j, const char *target);
/* How many of TARGET (NULL: of all) have not ended. */
int jobs_open(const struct jobs *j, const char *target);
int jobs_open_of(const struct jobs *j, const char *action);
/* Which place a queued job has in its queue, from 1; 0 if it is not queued. */
int jobs_place(const struct jobs *j, const struct job *job);

void job_begin(struct job *job, double now);
void job_goes(struct job *job, enum job_step step, int pid, int attempt, double now);
/* TEXT, which is copied, is its message from now on; NULL: none. */
void job_says(struct job *job, const char *text);
/* True if the server has to be asked; a queued one ends here. Nothing happens to one that has ended. */
bool job_cancel(struct job *job, double now);
/* MESSAGE is copied; old ones are forgotten. */
void jobs_end(struct jobs *j, struct job *job, enum job_state state, const char *message, double now);
bool job_is_open(const struct job *job);

#endif
