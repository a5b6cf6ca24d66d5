/* What a guard does to servers: rounds that somebody asked for over HTTP, each cure told in its log and kept
 * in the ledger of its state directory. */
#include <math.h>
#include <stdio.h>
#include <string.h>

#include "cli/guard.h"
#include "core/unit.h"

static const char *line_of(const char *text, char *out, size_t size)
{
    if (text == NULL)
        return NULL;
    snprintf(out, size, "%s", text);
    return out;
}

static void on_begun(void *ctx, const struct job *job)
{
    struct guard *g = ctx;
    const struct log_pair pairs[] = {{"target", job->target},
                                     {"action", job->action},
                                     {"on", job->label},
                                     {"database", job->database},
                                     {"by", job->by},
                                     {"statement", job->statement},
                                     {NULL, NULL}};
    log_line(g->log, LOG_INFO, "a cure begins", pairs);
}

static void on_ended(void *ctx, const struct job *job)
{
    struct guard *g = ctx;
    double took_s = job->ended_at - job->began_at;
    char took[24], message[500];
    unit_format(took, sizeof(took), took_s, UNIT_S);
    const struct log_pair pairs[] = {{"target", job->target},
                                     {"action", job->action},
                                     {"on", job->label},
                                     {"by", job->by},
                                     {"result", job_state_name(job->state)},
                                     {"took", isnan(took_s) ? NULL : took},
                                     {"message", line_of(job->message, message, sizeof(message))},
                                     {NULL, NULL}};
    log_line(g->log, job->state == JOB_FAILED ? LOG_WARNING : LOG_INFO, "a cure has ended", pairs);
    advisor_soon(g->advisor); /* there may be one less to find */
}

static void on_round(void *ctx, const struct rounds_news *news)
{
    struct guard *g = ctx;
    if (g->scheduler != NULL && scheduler_round(g->scheduler, news))
        return; /* it tells that in its own words */
    bool begins = strcmp(news->status, "asking") == 0, failed = strcmp(news->status, "failed") == 0;
    const struct log_pair pairs[] = {{"id", news->id},           {"by", news->by},
                                     {"target", news->target},   {"status", begins ? NULL : news->status},
                                     {"message", news->message}, {NULL, NULL}};
    log_line(g->log, failed ? LOG_WARNING : LOG_INFO, begins ? "optimize begins" : "optimize has ended",
             pairs);
}

static void on_ledger(void *ctx, const char *text)
{
    guard_say(ctx, text == NULL ? LOG_INFO : LOG_ERROR,
              text == NULL ? "the ledger is kept again" : "the ledger", "why", text);
}

void guard_cures_start(struct guard *g)
{
    struct session *s = &g->session;
    const struct round_parts parts = {
        .loop = s->loop, .engine = s->engine, .queries = g->queries, .advisor = g->advisor};
    g->cures = cures_new(s->loop, s->engine);
    cures_keep(g->cures, g->queries, g->state_directory, on_ledger, g);
    cures_on_begun(g->cures, on_begun, g);
    cures_on_ended(g->cures, on_ended, g);
    g->rounds = rounds_new(&parts, g->cures, on_round, g);
}

void guard_cures_stop(struct guard *g)
{
    if (rounds_open(g->rounds) > 0)
        guard_say(g, LOG_WARNING, "what is being cured is cancelled: nobody would watch it", NULL, NULL);
    rounds_stop(g->rounds);
    cures_cancel_all(g->cures);
}

bool guard_cures_ended(const struct guard *g)
{
    return rounds_open(g->rounds) == 0 && cures_open(g->cures) == 0;
}

bool guard_cures_free(struct guard *g)
{
    rounds_free(g->rounds);
    return cures_free(g->cures);
}
