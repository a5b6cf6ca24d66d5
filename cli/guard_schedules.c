/* The schedules of a guard: those of the config in force, and what its log says of them. */
#include <stdio.h>

#include "cli/guard.h"

static void on_news(void *ctx, const struct scheduler_news *news)
{
    struct guard *g = ctx;
    const struct log_pair pairs[] = {{"schedule", news->schedule},
                                     {"target", news->target},
                                     {"result", news->result},
                                     {"message", news->message},
                                     {NULL, NULL}};
    log_line(g->log, news->bad ? LOG_WARNING : LOG_INFO, news->event, pairs);
}

void guard_schedules_set(struct guard *g)
{
    struct schedules schedules;
    struct err err = {""};
    if (g->scheduler == NULL)
        return;
    if (schedules_read(&g->session.config, &schedules, &err))
        scheduler_set(g->scheduler, &schedules);
    else /* a zone that was there when the config was checked may have gone */
        guard_say(g, LOG_ERROR, "the schedules stay as they were", "error", err.text);
}

/* Whoever has the state directory does what is due. */
void guard_schedules_start(struct guard *g)
{
    const struct scheduler_parts parts = {.loop = g->session.loop,
                                          .engine = g->session.engine,
                                          .rounds = g->rounds,
                                          .directory = g->state_directory};
    if (g->session.args->read_only) {
        guard_say(g, LOG_INFO, "no schedule is run: --read-only", NULL, NULL);
        return;
    }
    g->scheduler = scheduler_new(&parts, on_news, g);
    guard_schedules_set(g);
}

bool guard_schedules_free(struct guard *g)
{
    bool kept = scheduler_free(g->scheduler);
    g->scheduler = NULL;
    return kept;
}
