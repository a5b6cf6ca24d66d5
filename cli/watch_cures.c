/* What a person does to a server from the dashboard: jobs are queued, told of, and cancelled. */
#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "cli/guard_paths.h"
#include "cli/output.h"
#include "cli/watch.h"
#include "cures/advisor.h"
#include "cures/cures.h"
#include "cures/ledger.h"

/* The last line has room for one sentence. */
static void say(struct watch *w, bool good, const char *text)
{
    char said[300];
    snprintf(said, sizeof(said), "%s", text);
    for (char *s = said; *s != '\0'; s++)
        if (*s == '\n')
            *s = ' ';
    dash_say(w->dash, good ? ROLE_GOOD : ROLE_WARNING, said);
}

/* Several of one action that were open together end in their sum. */
static void say_sum(struct watch *w, int open)
{
    struct text said;
    text_init(&said, 2000);
    if (open > 0)
        text_addf(&said, "%d of %d ended, ", job_sum_n(&w->ended), job_sum_n(&w->ended) + open);
    job_sum_text(&w->ended, &said);
    say(w, w->ended.why == NULL, text_str(&said));
    text_done(&said);
}

/* It is told in the last line; page cures has all. */
static void say_one(struct watch *w, const struct job *job)
{
    char said[300];
    double took_s = job->ended_at - job->began_at;
    snprintf(said, sizeof(said), "%s: %s %.80s%s%.160s", job_state_name(job->state), job->action, job->label, job->message == NULL ? "" : ": ",
             job->message == NULL ? "" : job->message);
    size_t len = strlen(said);
    if (job->state == JOB_DONE && !isnan(took_s))
        snprintf(said + len, sizeof(said) - len, ", %.1f s", took_s);
    say(w, job->state == JOB_DONE, said);
}

static void on_ended(void *ctx, const struct job *job)
{
    struct watch *w = ctx;
    if (w->advisor != NULL)
        advisor_soon(w->advisor); /* there may be one less */
    job_sum_add(&w->ended, job);
    int open = jobs_open_of(cures_jobs(w->cures), job->action);
    if (job_sum_n(&w->ended) == 1 && open == 0)
        say_one(w, job);
    else
        say_sum(w, open);
    if (open == 0)
        job_sum_done(&w->ended);
}

static bool cure(void *ctx, const char *target, const struct action *a, const struct cure *cure, struct err *err)
{
    struct watch *w = ctx;
    return cures_run(w->cures, target, a, cure, watch_person(), err) != 0;
}

static bool stop(void *ctx, int64_t id, struct err *err)
{
    struct watch *w = ctx;
    if (id != 0)
        return cures_cancel(w->cures, id, err);
    cures_cancel_all(w->cures);
    return true;
}

static int open_jobs(void *ctx)
{
    struct watch *w = ctx;
    return w->cures == NULL ? 0 : cures_open(w->cures);
}

static double age(void *ctx, const char *target, const char *dataset, double *every_s)
{
    struct watch *w = ctx;
    const struct dataset *d = registry_find(&w->session.registry, dataset);
    const struct sample *s = d == NULL ? NULL : store_newest(engine_store(w->session.engine), target, d);
    if (s == NULL)
        return NAN;
    if (strcmp(dataset, ledger_dataset.name) == 0) /* our own: told when it changes */
        return *every_s = 0;
    *every_s = engine_cadence(w->session.engine, target, d);
    if (!isfinite(*every_s)) /* not read now */
        *every_s = d->every;
    return loop_mono_s() - s->mono_s;
}

static void flush(void *ctx)
{
    struct watch *w = ctx;
    if (w->terminal != NULL)
        terminal_flush_input(w->terminal);
}

void watch_cures_host(struct dash_host *host)
{
    host->cure = cure;
    host->cure_stop = stop;
    host->cures_open = open_jobs;
    host->age = age;
    host->flush = flush;
}

static void on_ledger(void *ctx, const char *text)
{
    struct watch *w = ctx;
    dash_say(w->dash, text == NULL ? ROLE_GOOD : ROLE_WARNING, text == NULL ? "the ledger is kept again" : text);
}

void watch_cures_start(struct watch *w)
{
    char *directory = guard_state_directory(&w->session.config);
    w->cures = cures_new(w->session.loop, w->session.engine);
    cures_keep(w->cures, w->queries, directory, on_ledger, w);
    free(directory);
    cures_on_ended(w->cures, on_ended, w);
}

void watch_cures_leave(const struct watch *w)
{
    const struct jobs *jobs = w->cures == NULL ? NULL : cures_jobs(w->cures);
    for (int i = 0; jobs != NULL && i < jobs->n; i++) {
        const struct job *job = jobs->list[i];
        char said[300];
        if (!job_is_open(job) || job->state == JOB_QUEUED || job->step != JOB_RUNS)
            continue;
        snprintf(said, sizeof(said), "%.60s goes on with %s %.120s, as pid %d", job->target, job->action, job->label, job->pid);
        output_tell(stderr, said);
    }
}
