/* The schedules of a guard: those of the config in force, and what its log says of them. */
#include <stdio.h>

#include "cli/guard.h"
#include "cli/schedule_words.h"
#include "core/text.h"

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

static void tell_next(struct guard *g, const struct schedules *schedules)
{
    for (int i = 0; i < schedules->n; i++) {
        const struct schedule *s = &schedules->list[i];
        struct text next;
        text_init(&next, 200);
        schedule_words_next(s, loop_wall_s(), 1, &next);
        const struct log_pair pairs[] = {{"schedule", s->name},
                                         {"when", s->when},
                                         {"next", text_str(&next)},
                                         {"targets", s->targets},
                                         {NULL, NULL}};
        log_line(g->log, LOG_INFO, "a schedule is set", pairs);
        text_done(&next);
    }
}

void guard_schedules_set(struct guard *g)
{
    struct schedules schedules;
    struct err err = {""};
    if (g->scheduler == NULL)
        return;
    if (schedules_read(&g->session.config, &schedules, &err)) {
        tell_next(g, &schedules);
        scheduler_set(g->scheduler, &schedules);
    } else /* a zone that was there when the config was checked may have gone */
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
