/* Jobs: the queue of each target as a pure machine. */
#include "cures/job.h"

#include <math.h>
#include <stddef.h>
#include <stdlib.h>
#include <string.h>

#include "core/mem.h"

const char *job_state_name(enum job_state s)
{
    static const char *const names[N_JOB_STATES] = {
        [JOB_QUEUED] = "queued", [JOB_RUNNING] = "running", [JOB_CANCELLING] = "cancelling",
        [JOB_DONE] = "done",     [JOB_FAILED] = "failed",   [JOB_CANCELLED] = "cancelled",
    };
    return names[s];
}

static void job_free(struct job *job)
{
    char *const owned[] = {job->target,        job->action,      job->label,   job->database,    job->verify,
                           job->statement,     job->undo,        job->by,      job->message,     job->keys,
                           job->after_failure, job->undo_verify, job->measure, job->why_no_undo, job->on};
    for (size_t i = 0; i < sizeof(owned) / sizeof(owned[0]); i++)
        free(owned[i]);
    free(job);
}

void jobs_done(struct jobs *j)
{
    for (int i = 0; i < j->n; i++)
        job_free(j->list[i]);
    free(j->list);
    *j = (struct jobs){.n = 0};
}

bool job_is_open(const struct job *job)
{
    return job->state <= JOB_CANCELLING;
}

static bool is_of(const struct job *job, const char *target)
{
    return target == NULL || strcmp(job->target, target) == 0;
}

int jobs_open(const struct jobs *j, const char *target)
{
    int n = 0;
    for (int i = 0; i < j->n; i++)
        n += job_is_open(j->list[i]) && is_of(j->list[i], target);
    return n;
}

struct job *jobs_add(struct jobs *j, const struct job *job, double now)
{
    if (jobs_open(j, job->target) >= JOBS_QUEUED)
        return NULL;
    struct job *copy = mem_new(sizeof(*copy));
    *copy = *job;
    char **const owned[] = {&copy->target,        &copy->action,      &copy->label, &copy->database,
                            &copy->verify,        &copy->statement,   &copy->undo,  &copy->by,
                            &copy->after_failure, &copy->undo_verify, &copy->keys,  &copy->measure,
                            &copy->why_no_undo,   &copy->on};
    for (size_t i = 0; i < sizeof(owned) / sizeof(owned[0]); i++)
        *owned[i] = mem_dup(*owned[i]);
    copy->id = ++j->last_id;
    copy->state = JOB_QUEUED;
    copy->asked_at = now;
    copy->began_at = copy->ended_at = NAN;
    copy->pid = copy->attempts = 0;
    copy->uid = 0;
    copy->waits = false;
    copy->message = NULL;
    j->list = mem_grow(j->list, (size_t)j->n + 1, sizeof(*j->list));
    return j->list[j->n++] = copy;
}

struct job *jobs_find(const struct jobs *j, int64_t id)
{
    for (int i = 0; i < j->n; i++)
        if (j->list[i]->id == id)
            return j->list[i];
    return NULL;
}

struct job *jobs_next(const struct jobs *j, const char *target)
{
    struct job *oldest = NULL;
    bool busy = false;
    for (int i = 0; i < j->n; i++) {
        struct job *job = j->list[i];
        if (!is_of(job, target))
            continue;
        if (job->state == JOB_QUEUED && job->at_once)
            return job;
        if (job->state == JOB_QUEUED && oldest == NULL)
            oldest = job;
        busy = busy || (!job->at_once && (job->state == JOB_RUNNING || job->state == JOB_CANCELLING));
    }
    return busy ? NULL : oldest;
}

int jobs_place(const struct jobs *j, const struct job *job)
{
    int place = 1;
    for (int i = 0; i < j->n && j->list[i] != job; i++)
        place += j->list[i]->state == JOB_QUEUED && is_of(j->list[i], job->target);
    return job->state == JOB_QUEUED ? place : 0;
}

void job_begin(struct job *job, double now)
{
    job->state = JOB_RUNNING;
    job->began_at = now;
}

void job_runs(struct job *job, int pid, int attempt)
{
    job->pid = pid;
    job->attempts = attempt;
    job->waits = false;
}

void job_waits(struct job *job)
{
    job->waits = true;
}

bool job_cancel(struct job *job, double now)
{
    if (job->state == JOB_QUEUED) {
        job->state = JOB_CANCELLED;
        job->ended_at = now;
        job->message = mem_dup("taken out of the queue");
    } else if (job->state == JOB_RUNNING) {
        job->state = JOB_CANCELLING;
        return true;
    }
    return false;
}

/* The oldest that have ended make room; not the one that ends just now, of which its callers still tell. */
static void forget_old(struct jobs *j, const struct job *now)
{
    int ended = j->n - jobs_open(j, NULL);
    for (int i = 0; i < j->n && ended > JOBS_KEPT; i++) {
        if (job_is_open(j->list[i]) || j->list[i] == now)
            continue;
        job_free(j->list[i]);
        j->n--;
        memmove(&j->list[i], &j->list[i + 1], (size_t)(j->n - i) * sizeof(*j->list));
        i--;
        ended--;
    }
}

void jobs_end(struct jobs *j, struct job *job, enum job_state state, const char *message, double now)
{
    job->state = state;
    job->ended_at = now;
    job->waits = false;
    free(job->message);
    job->message = message == NULL || message[0] == '\0' ? NULL : mem_dup(message);
    forget_old(j, job);
}
