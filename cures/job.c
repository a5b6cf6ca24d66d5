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

const char *job_step_name(enum job_step s)
{
    static const char *const names[N_JOB_STEPS] = {
        [JOB_CONNECTS] = "connecting", [JOB_RUNS] = "runs",       [JOB_WAITS] = "waits",
        [JOB_WATCHES] = "watches",     [JOB_GOES_ON] = "goes on",
    };
    return names[s];
}

/* The strings that a job owns; `message` is one too, and no copy has it. */
enum { N_OWNED = 17 };
static void strings_of(struct job *job, char **out[N_OWNED])
{
    char **const all[N_OWNED] = {
        &job->target, &job->action, &job->label,         &job->database,    &job->verify, &job->statement,
        &job->undo,   &job->by,     &job->after_failure, &job->undo_verify, &job->keys,   &job->measure,
        &job->still,  &job->then,   &job->then_says,     &job->why_no_undo, &job->on,
    };
    memcpy(out, all, sizeof(all));
}

static void job_free(struct job *job)
{
    char **owned[N_OWNED];
    strings_of(job, owned);
    for (int i = 0; i < N_OWNED; i++)
        free(*owned[i]);
    free(job->message);
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

int jobs_open_of(const struct jobs *j, const char *action)
{
    int n = 0;
    for (int i = 0; i < j->n; i++)
        n += job_is_open(j->list[i]) && strcmp(j->list[i]->action, action) == 0;
    return n;
}

struct job *jobs_add(struct jobs *j, const struct job *job, double now)
{
    if (jobs_open(j, job->target) >= JOBS_QUEUED)
        return NULL;
    struct job *copy = mem_new(sizeof(*copy));
    *copy = *job;
    char **owned[N_OWNED];
    strings_of(copy, owned);
    for (int i = 0; i < N_OWNED; i++)
        *owned[i] = mem_dup(*owned[i]);
    copy->id = ++j->last_id;
    copy->state = JOB_QUEUED;
    copy->asked_at = now;
    copy->began_at = copy->ended_at = copy->step_at = NAN;
    copy->pid = copy->attempts = 0;
    copy->step = JOB_CONNECTS;
    copy->uid = 0;
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
    struct job *oldest[2] = {NULL, NULL}; /* by `at_once` */
    int running[2] = {0, 0};
    for (int i = 0; i < j->n; i++) {
        struct job *job = j->list[i];
        if (!is_of(job, target) || !job_is_open(job))
            continue;
        if (job->state != JOB_QUEUED)
            running[job->at_once]++;
        else if (oldest[job->at_once] == NULL)
            oldest[job->at_once] = job;
    }
    if (oldest[true] != NULL && running[true] < JOBS_AT_ONCE)
        return oldest[true];
    return running[false] > 0 ? NULL : oldest[false];
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
    job->began_at = job->step_at = now;
}

void job_goes(struct job *job, enum job_step step, int pid, int attempt, double now)
{
    job->pid = pid;
    job->attempts = attempt;
    job->step = step;
    job->step_at = now;
}

void job_says(struct job *job, const char *text)
{
    free(job->message);
    job->message = text == NULL || text[0] == '\0' ? NULL : mem_dup(text);
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
    job_says(job, message);
    forget_old(j, job);
}

/* ---- The sum ---- */

void job_sum_add(struct job_sum *s, const struct job *job)
{
    struct text why;
    if (s->action == NULL || strcmp(s->action, job->action) != 0)
        job_sum_done(s);
    if (s->action == NULL)
        s->action = mem_dup(job->action);
    s->n[job->state]++;
    if (job->state == JOB_DONE || s->why != NULL)
        return;
    text_init(&why, 1000);
    text_addf(&why, "%s%s%s", job->label, job->message == NULL ? "" : ": ",
              job->message == NULL ? "" : job->message);
    s->why = text_take(&why);
}

int job_sum_n(const struct job_sum *s)
{
    int n = 0;
    for (int i = 0; i < N_JOB_STATES; i++)
        n += s->n[i];
    return n;
}

void job_sum_text(const struct job_sum *s, struct text *out)
{
    static const enum job_state states[] = {JOB_DONE, JOB_FAILED, JOB_CANCELLED};
    bool first = true;
    text_addf(out, "%s: ", s->action == NULL ? "" : s->action);
    for (size_t i = 0; i < sizeof(states) / sizeof(states[0]); i++) {
        if (s->n[states[i]] == 0)
            continue;
        text_addf(out, "%s%d %s", first ? "" : ", ", s->n[states[i]], job_state_name(states[i]));
        first = false;
    }
    if (s->why != NULL)
        text_addf(out, ": %s", s->why);
}

void job_sum_done(struct job_sum *s)
{
    free(s->action);
    free(s->why);
    *s = (struct job_sum){.why = NULL};
}
