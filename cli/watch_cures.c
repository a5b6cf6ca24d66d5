/* What a person does to a server from the dashboard: jobs are queued, told of, and cancelled. */
#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "cli/guard_paths.h"
#include "cli/watch.h"
#include "cures/advisor.h"
#include "cures/cures.h"
#include "cures/ledger.h"

/* The newest one that has ended is told in the last line; page cures has all. */
static void on_ended(void *ctx, const struct job *job)
{
    struct watch *w = ctx;
    char said[300];
    if (w->advisor != NULL)
        advisor_soon(w->advisor); /* there may be one less */
    double took_s = job->ended_at - job->began_at;
    snprintf(said, sizeof(said), "%s: %s %.80s%s%.160s", job_state_name(job->state), job->action, job->label, job->message == NULL ? "" : ": ",
             job->message == NULL ? "" : job->message);
    for (char *s = said; *s != '\0'; s++)
        if (*s == '\n')
            *s = ' ';
    size_t len = 0;
    while (said[len] != '\0')
        len++;
    if (job->state == JOB_DONE && !isnan(took_s))
        snprintf(said + len, sizeof(said) - len, ", %.1f s", took_s);
    dash_say(w->dash, job->state == JOB_DONE ? ROLE_GOOD : ROLE_WARNING, said);
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
