/* The scheduler: each second it looks what is due. */
#include "cures/scheduler.h"

#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "core/mem.h"
#include "core/unit.h"
#include "core/writer.h"
#include "cures/scheduler_private.h"

static const double look_every_s = 1, end_s = 3;
/* A moment that was handled further ahead than this was one of a clock that went wrong; a clock that is set
 * back by less repeats nothing. */
static const double most_ahead_s = 25 * 3600;
static const char *const by_prefix = "schedule ";

struct scheduler {
    struct scheduler_parts parts;
    struct schedules schedules;
    struct turns turns;
    struct loop_timer *timer;
    struct writer *writer;
    bool stopped;
    double looked_at; /* by the clock; NAN: not yet */
    int version;      /* of what is to be remembered */
    int kept;         /* the version that is on the disk, or that the disk refused */
    bool writing, troubled, closing;
    scheduler_tell_fn *tell;
    void *ctx;
};

/* ---- Telling ---- */

static void tell(struct scheduler *s, const struct turn *t, const char *event, const char *message, bool bad)
{
    const struct scheduler_news news = {.event = event,
                                        .schedule = t == NULL ? NULL : t->schedule,
                                        .target = t == NULL ? NULL : t->target,
                                        .result = t == NULL ? NULL : t->result,
                                        .message = message,
                                        .bad = bad};
    s->tell(s->ctx, &news);
}

static void put(struct scheduler *s, const char *target)
{
    engine_put(s->parts.engine, target,
               turns_sample(&s->turns, &s->schedules, target, loop_mono_s(), loop_wall_s()));
}

static const struct schedule *schedule_of(const struct scheduler *s, const struct turn *t)
{
    for (int i = 0; i < s->schedules.n; i++)
        if (strcmp(s->schedules.list[i].name, t->schedule) == 0)
            return &s->schedules.list[i];
    return NULL;
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

static void start(struct scheduler *s, struct turn *t);
static void keep(struct scheduler *s);

static void on_write(void *ctx)
{
    struct visit *v = ctx;
    v->ok = turns_keep(v->directory, text_str(&v->text), v->text.len, &v->err);
}

static void tell_trouble(struct scheduler *s, const struct visit *v)
{
    if (!v->ok && !s->troubled)
        tell(s, NULL, "what schedules did is not kept: after a restart it might be done again", v->err.text,
             true);
    else if (v->ok && s->troubled)
        tell(s, NULL, "what schedules did is kept again", NULL, false);
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
            start(s, s->turns.list[i]);
    text_done(&v->text);
    free(v->directory);
    free(v);
    if (s->kept < s->version)
        keep(s);
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
static void keep(struct scheduler *s)
{
    if (!s->closing && !s->writing)
        submit(s);
}

static void changed(struct scheduler *s, struct turn *t)
{
    t->version = ++s->version;
    keep(s);
    put(s, t->target);
}

/* ---- What became of it ---- */

static void set_text(char **text, const char *value)
{
    char *copy = mem_dup(value);
    free(*text);
    *text = copy;
}

static void find_next(const struct scheduler *s, struct turn *t)
{
    const struct schedule *schedule = schedule_of(s, t);
    struct due due;
    t->next = schedule != NULL && schedule_next(schedule, t->handled, &due) ? due.at : HUGE_VAL;
}

static bool same(const char *a, const char *b)
{
    return a == NULL || b == NULL ? a == b : strcmp(a, b) == 0;
}

/* It is not done this time. The same again is not told again. */
static void leave(struct scheduler *s, struct turn *t, const char *result, const char *why)
{
    bool again = same(t->result, result) && same(t->message, why);
    t->state = TURN_IDLE;
    t->began_at = NAN;
    t->ended_at = loop_wall_s();
    t->n_done = t->n_failed = t->n_left = 0;
    turn_set_result(t, result, why);
    set_text(&t->waits_for, NULL);
    find_next(s, t);
    if (!again)
        tell(s, t, "a schedule is left", why, strcmp(result, "standby") != 0);
    if (again)
        put(s, t->target);
    else
        changed(s, t);
}

/* ---- Beginning ---- */

static void status_of(const struct scheduler *s, const char *target, struct source_status *out)
{
    *out = (struct source_status){.state = SOURCE_DOWN};
    for (int i = 0; i < engine_targets(s->parts.engine); i++)
        if (strcmp(engine_target_name(s->parts.engine, i), target) == 0)
            engine_target_status(s->parts.engine, i, out);
}

static bool is_standby(const struct source_status *status)
{
    return status->role != NULL && strcmp(status->role, "standby") == 0;
}

/* Asked before each step. */
static const char *forbids(void *ctx, const char *action)
{
    const struct turn *t = ctx;
    (void)action;
    return t->stopped;
}

static void add_time(struct text *out, double seconds)
{
    char text[24];
    unit_format(text, sizeof(text), seconds, UNIT_S);
    text_add(out, text);
}

static void set_limit(const struct schedule *schedule, struct turn *t)
{
    t->limit_s = fmin(schedule->limit_s, t->due.end - loop_wall_s());
    t->stop_s = loop_mono_s() + t->limit_s;
}

static void wait_for(struct scheduler *s, struct turn *t, const char *why)
{
    bool before = t->state == TURN_WAITS && same(t->waits_for, why), told = same(t->told, why);
    t->state = TURN_WAITS;
    set_text(&t->waits_for, why);
    set_text(&t->told, why);
    if (!told)
        tell(s, t, "a schedule waits", why, false);
    if (!before)
        put(s, t->target);
}

static void start(struct scheduler *s, struct turn *t)
{
    const struct schedule *schedule = schedule_of(s, t);
    const char *id, *target = t->target;
    char by[200];
    if (s->stopped || schedule == NULL) {
        leave(s, t, "left", "the guard ends, or its config is another");
        return;
    }
    set_limit(schedule, t);
    snprintf(by, sizeof(by), "%s%s", by_prefix, t->schedule);
    const struct rounds_order order = {
        .options = {.targets = &target,
                    .n_targets = 1,
                    .plan = {.only = schedule->actions.list,
                             .n_only = schedule->actions.n,
                             .budget_s = t->limit_s},
                    .by = by},
        .forbids = forbids,
        .ctx = t,
    };
    if (rounds_begin(s->parts.rounds, &order, &id) != ROUNDS_BEGUN) {
        wait_for(s, t, "another round is at work there");
        return;
    }
    t->state = TURN_RUNS;
    snprintf(t->round, sizeof(t->round), "%s", id);
    set_text(&t->waits_for, NULL);
    set_text(&t->told, NULL);
    tell(s, t, "a schedule begins", NULL, false);
    put(s, t->target);
}

/* What is in the way of one that is due; NULL: nothing. */
static const char *obstacle(const struct scheduler *s, const struct turn *t,
                            const struct source_status *status)
{
    if (status->state != SOURCE_UP)
        return "the target is down";
    if (status->role == NULL)
        return "it is not known yet whether the target is a standby";
    return rounds_busy(s->parts.rounds, t->target) != NULL ? "another round is at work there" : NULL;
}

static void leave_late(struct scheduler *s, struct turn *t)
{
    struct text why;
    text_init(&why, 500);
    text_addf(&why, "its time was over before it could begin: %s", t->waits_for);
    leave(s, t, "left", text_str(&why));
    text_done(&why);
}

static void try(struct scheduler *s, struct turn *t, double now)
{
    struct source_status status;
    status_of(s, t->target, &status);
    const char *why = obstacle(s, t, &status);
    if (t->state == TURN_WAITS && now >= t->due.late_until) {
        leave_late(s, t);
        return;
    }
    if (status.state == SOURCE_UP && is_standby(&status)) {
        leave(s, t, "standby", "the target is a standby: nothing is done there");
        return;
    }
    if (why != NULL) {
        wait_for(s, t, why);
        return;
    }
    t->state = TURN_IS_KEPT; /* before it begins: who is killed then does not do it twice */
    t->began_at = now;
    t->ended_at = NAN;
    t->n_done = t->n_failed = t->n_left = 0;
    turn_set_result(t, NULL, NULL);
    set_text(&t->stopped, NULL);
    changed(s, t);
}

/* ---- Each second ---- */

static void look(struct scheduler *s, struct turn *t, double now)
{
    const struct schedule *schedule = schedule_of(s, t);
    bool due = schedule_due(schedule, t->handled, now, &t->due);
    t->handled = due ? t->due.at : now;
    find_next(s, t);
    if (due)
        try(s, t, now);
    else
        leave(s, t, "missed",
              "its time was over: the guard did not run, the machine slept, or its clock was set");
}

static void stop(struct scheduler *s, struct turn *t, const char *why)
{
    if (t->stopped != NULL)
        return;
    set_text(&t->stopped, why);
    rounds_cancel(s->parts.rounds, t->round);
}

static void stop_at_end(struct scheduler *s, struct turn *t)
{
    const struct schedule *schedule = schedule_of(s, t);
    struct source_status status;
    struct text why;
    text_init(&why, 200);
    status_of(s, t->target, &status);
    if (loop_wall_s() >= t->due.end)
        text_add(&why, "its hours were over");
    else if (loop_mono_s() >= t->stop_s) {
        text_add(&why, "its limit was over: ");
        add_time(&why, schedule == NULL ? t->limit_s : schedule->limit_s);
    } else if (is_standby(&status))
        text_add(&why, "the target has become a standby");
    if (why.len > 0)
        stop(s, t, text_str(&why));
    text_done(&why);
}

static void visit(struct scheduler *s, struct turn *t, double now)
{
    switch (t->state) {
    case TURN_IDLE:
        if (now >= t->next)
            look(s, t, now);
        break;
    case TURN_WAITS:
        try(s, t, now);
        break;
    case TURN_IS_KEPT:
        break;
    case TURN_RUNS:
        stop_at_end(s, t);
        break;
    }
}

/* That what was handled lies far ahead means that the clock was wrong then. */
static void mend_clock(struct scheduler *s, struct turn *t, double now)
{
    if (t->state != TURN_IDLE || t->handled <= now + most_ahead_s)
        return;
    t->handled = now;
    find_next(s, t);
    tell(s, t, "the clock was set back by more than a day", "what is due goes by the clock of now", true);
}

static void drop_gone(struct scheduler *s)
{
    int n = 0;
    for (int i = 0; i < s->turns.n; i++) {
        struct turn *t = s->turns.list[i];
        if (t->gone && (t->state == TURN_IDLE || t->state == TURN_WAITS))
            turn_free(t);
        else
            s->turns.list[n++] = t;
    }
    s->turns.n = n;
}

static void on_second(void *ctx)
{
    struct scheduler *s = ctx;
    double now = loop_wall_s();
    drop_gone(s);
    if (s->stopped)
        return;
    for (int i = 0; i < s->turns.n; i++) {
        if (!(now >= s->looked_at)) /* the first time too */
            mend_clock(s, s->turns.list[i], now);
        if (!s->turns.list[i]->gone || s->turns.list[i]->state == TURN_RUNS)
            visit(s, s->turns.list[i], now);
    }
    s->looked_at = now;
}

/* ---- Its end ---- */

/* The first step that did not do what it should. */
static const char *count(const struct round *r, struct turn *t)
{
    const char *why = NULL;
    const struct plan *plan = round_plan(r);
    for (int i = 0; i < plan->n_steps; i++) {
        const struct round_step *step = round_step(r, i);
        bool bad = step->state == STEP_FAILED || step->state == STEP_CANCELLED;
        t->n_done += step->state == STEP_DONE;
        t->n_failed += bad;
        t->n_left += step->state == STEP_LEFT;
        if (why == NULL && step->state == STEP_FAILED)
            why = step->message;
    }
    for (int i = plan->n_steps; i < plan->n; i++)
        t->n_left += plan->entries[i].fate == PLAN_NO_TIME;
    return why;
}

static void add_count(struct text *out, int n, const char *what)
{
    if (n > 0)
        text_addf(out, "%s%d %s", out->len > 0 ? ", " : "", n, what);
}

static const char *describe(struct turn *t, const struct rounds_news *news, struct text *out)
{
    const char *why = count(news->round, t);
    bool cancelled = strcmp(news->status, "cancelled") == 0;
    const char *result = cancelled || t->stopped != NULL            ? "cancelled"
                         : t->n_failed > 0 || news->message != NULL ? "failed"
                                                                    : "done";
    if (t->n_done + t->n_failed + t->n_left == 0 && strcmp(result, "done") == 0)
        text_add(out, "nothing to do");
    add_count(out, t->n_done, t->n_done == 1 ? "step done" : "steps done");
    add_count(out, t->n_failed, cancelled ? "cancelled or failed" : "failed");
    add_count(out, t->n_left, "left for want of time");
    why = t->stopped != NULL      ? t->stopped
          : news->message != NULL ? news->message
          : cancelled             ? "somebody cancelled it"
                                  : why;
    if (why != NULL)
        text_addf(out, "%s%s", out->len > 0 ? ": " : "", why);
    return result;
}

static void end(struct scheduler *s, struct turn *t, const struct rounds_news *news)
{
    struct text message;
    text_init(&message, 1000);
    const char *result = describe(t, news, &message);
    t->state = TURN_IDLE;
    t->ended_at = loop_wall_s();
    t->handled = fmax(t->handled, t->ended_at); /* what came due meanwhile is done */
    find_next(s, t);
    turn_set_result(t, result, text_str(&message));
    tell(s, t, "a schedule has ended", text_str(&message), strcmp(result, "done") != 0);
    text_done(&message);
    changed(s, t);
}

bool scheduler_round(struct scheduler *s, const struct rounds_news *news)
{
    if (strncmp(news->by, by_prefix, strlen(by_prefix)) != 0)
        return false;
    for (int i = 0; i < s->turns.n; i++) {
        struct turn *t = s->turns.list[i];
        if (t->state == TURN_RUNS && news->round != NULL && strcmp(t->round, news->id) == 0)
            end(s, t, news);
    }
    return true;
}

/* ---- Which there are ---- */

static void bind(struct scheduler *s, const struct schedule *schedule, const char *target, double now)
{
    struct turn *t = turns_find(&s->turns, schedule->name, target);
    if (t == NULL) {
        t = mem_new(sizeof(*t));
        *t = (struct turn){.schedule = mem_dup(schedule->name),
                           .target = mem_dup(target),
                           .when = mem_dup(schedule->when),
                           .handled = now,
                           .began_at = NAN,
                           .ended_at = NAN};
        turns_add(&s->turns, t);
    }
    if (strcmp(t->when, schedule->when) != 0) { /* what was due by it before it was there is not */
        set_text(&t->when, schedule->when);
        t->handled = fmax(t->handled, now);
    }
    t->gone = false;
    find_next(s, t);
}

static void bind_all(struct scheduler *s)
{
    double now = loop_wall_s();
    for (int i = 0; i < s->turns.n; i++)
        s->turns.list[i]->gone = true;
    for (int i = 0; i < engine_targets(s->parts.engine); i++)
        for (int j = 0; j < s->schedules.n; j++)
            if (schedule_is_for(&s->schedules.list[j], engine_target_name(s->parts.engine, i)))
                bind(s, &s->schedules.list[j], engine_target_name(s->parts.engine, i), now);
}

void scheduler_set(struct scheduler *s, struct schedules *schedules)
{
    bool had = s->schedules.n > 0;
    schedules_done(&s->schedules);
    s->schedules = *schedules;
    *schedules = (struct schedules){.n = 0};
    bind_all(s);
    for (int i = 0; i < s->turns.n; i++)
        if (s->turns.list[i]->gone && s->turns.list[i]->state == TURN_RUNS)
            stop(s, s->turns.list[i], "it is not in the config any more");
    drop_gone(s);
    for (int i = 0; (had || s->schedules.n > 0) && i < engine_targets(s->parts.engine); i++)
        put(s, engine_target_name(s->parts.engine, i));
    if (s->turns.n == 0) {
        loop_timer_stop(s->timer);
        return;
    }
    s->version++;
    keep(s);
    loop_timer_start(s->timer, 0, look_every_s);
}

/* ---- Opening and closing ---- */

/* What was begun when the guard ended without a word. */
static void remember(struct scheduler *s)
{
    struct err err = {""};
    if (!turns_read(s->parts.directory, &s->turns, &err))
        tell(s, NULL, "what schedules did is forgotten: nothing is due before now", err.text, true);
    for (int i = 0; i < s->turns.n; i++) {
        struct turn *t = s->turns.list[i];
        if (t->result == NULL && !isnan(t->began_at))
            turn_set_result(t, "broken", "the guard ended in the middle; the ledger has what was done");
    }
}

struct scheduler *scheduler_new(const struct scheduler_parts *parts, scheduler_tell_fn *tell_fn, void *ctx)
{
    struct scheduler *s = mem_new(sizeof(*s));
    *s = (struct scheduler){.parts = *parts, .looked_at = NAN, .tell = tell_fn, .ctx = ctx};
    s->timer = loop_timer_new(parts->loop, on_second, s);
    s->writer = writer_new(parts->loop);
    remember(s);
    return s;
}

void scheduler_stop(struct scheduler *s)
{
    s->stopped = true;
    for (int i = 0; i < s->turns.n; i++)
        if (s->turns.list[i]->state == TURN_RUNS)
            set_text(&s->turns.list[i]->stopped, "the guard ended");
}

bool scheduler_free(struct scheduler *s)
{
    if (s == NULL)
        return true;
    s->stopped = s->closing = true;
    if (s->kept < s->version)
        submit(s);
    bool kept = writer_free(s->writer, end_s) && s->kept >= s->version && !s->troubled;
    loop_timer_free(s->timer);
    turns_done(&s->turns);
    schedules_done(&s->schedules);
    free(s);
    return kept;
}
