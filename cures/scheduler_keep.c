/* The scheduler: what it tells, and what it remembers. */
#include <math.h>
#include <stdlib.h>
#include <string.h>

#include "core/mem.h"
#include "cures/scheduler_private.h"

static const double end_s = 3;

/* ---- Telling ---- */

void scheduler_tell(struct scheduler *s, const struct turn *t, const char *event, const char *message,
                    bool bad)
{
    const struct scheduler_news news = {.event = event,
                                        .schedule = t == NULL ? NULL : t->schedule,
                                        .target = t == NULL ? NULL : t->target,
                                        .result = t == NULL || t->state != TURN_IDLE ? NULL : t->result,
                                        .message = message,
                                        .bad = bad};
    s->tell(s->ctx, &news);
}

void scheduler_put(struct scheduler *s, const char *target)
{
    engine_put(s->parts.engine, target,
               turns_sample(&s->turns, &s->schedules, target, loop_mono_s(), loop_wall_s()));
}

const struct schedule *scheduler_schedule(const struct scheduler *s, const struct turn *t)
{
    for (int i = 0; i < s->schedules.n; i++)
        if (strcmp(s->schedules.list[i].name, t->schedule) == 0)
            return &s->schedules.list[i];
    return NULL;
}

void scheduler_find_next(const struct scheduler *s, struct turn *t)
{
    const struct schedule *schedule = scheduler_schedule(s, t);
    struct due due;
    t->next = schedule != NULL && schedule_next(schedule, t->handled, &due) ? due.at : HUGE_VAL;
}

/* ---- Remembering ---- */

struct visit {
    struct scheduler *scheduler;
    char *directory;
    struct text text;
    int version;
    bool ok;
    struct err err;
};

static void on_write(void *ctx)
{
    struct visit *v = ctx;
    v->ok = turns_keep(v->directory, text_str(&v->text), v->text.len, &v->err);
}

static void tell_trouble(struct scheduler *s, const struct visit *v)
{
    if (!v->ok && !s->troubled)
        scheduler_tell(s, NULL, "what schedules did is not kept: after a restart it might be done again",
                       v->err.text, true);
    else if (v->ok && s->troubled)
        scheduler_tell(s, NULL, "what schedules did is kept again", NULL, false);
    s->troubled = !v->ok;
}

/* A full disk stops no vacuum: what could not be written begins too. */
static void on_written(void *ctx)
{
    struct visit *v = ctx;
    struct scheduler *s = v->scheduler;
    s->writing = false;
    s->kept = v->version;
    tell_trouble(s, v);
    for (int i = 0; i < s->turns.n; i++)
        if (s->turns.list[i]->state == TURN_IS_KEPT && s->turns.list[i]->version <= s->kept)
            scheduler_begin(s, s->turns.list[i]);
    text_done(&v->text);
    free(v->directory);
    free(v);
    if (s->kept < s->version)
        scheduler_keep(s);
}

static void submit(struct scheduler *s)
{
    struct visit *v = mem_new(sizeof(*v));
    *v = (struct visit){.scheduler = s, .directory = mem_dup(s->parts.directory), .version = s->version};
    turns_write(&s->turns, &v->text);
    s->writing = true;
    writer_do(s->writer, on_write, on_written, v);
}

/* One at a time, but for the last. */
void scheduler_keep(struct scheduler *s)
{
    if (!s->closing && !s->writing)
        submit(s);
}

void scheduler_changed(struct scheduler *s, struct turn *t)
{
    t->version = ++s->version;
    scheduler_keep(s);
    scheduler_put(s, t->target);
}

/* What was begun when the guard ended without a word. */
void scheduler_remember(struct scheduler *s)
{
    struct err err = {""};
    if (!turns_read(s->parts.directory, &s->turns, &err))
        scheduler_tell(s, NULL, "what schedules did is forgotten: nothing is due before now", err.text, true);
    for (int i = 0; i < s->turns.n; i++) {
        struct turn *t = s->turns.list[i];
        if (t->result == NULL && !isnan(t->began_at))
            turn_set_result(t, "broken", "the guard ended in the middle; the ledger has what was done");
    }
}

bool scheduler_flush(struct scheduler *s)
{
    s->closing = true;
    if (s->kept < s->version)
        submit(s);
    return writer_free(s->writer, end_s) && s->kept >= s->version && !s->troubled;
}
