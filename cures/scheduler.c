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

/* A moment that was handled further ahead than this was one of a clock that went wrong; a clock that is set
 * back by less repeats nothing. */
static const double most_ahead_s = 25 * 3600;

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

static void wait_for(struct scheduler *s, struct turn *t, const char *why)
{
    bool before = t->state == TURN_WAITS && turn_same(t->waits_for, why), told = turn_same(t->told, why);
    t->state = TURN_WAITS;
    turn_set_text(&t->waits_for, why);
    turn_set_text(&t->told, why);
    if (!told)
        scheduler_tell(s, t, "a schedule waits", why, false);
    if (!before)
        scheduler_put(s, t->target);
}

void scheduler_begin(struct scheduler *s, struct turn *t)
{
    const struct schedule *schedule = scheduler_schedule(s, t);
    const char *id, *target = t->target;
    char by[200];
    if (s->stopped || schedule == NULL) {
        scheduler_leave(s, t, "left", "the guard ends, or its config is another");
        return;
    }
    t->limit_s = schedule->limit_s;
    t->stop_s = NAN; /* it begins with the first step */
    snprintf(by, sizeof(by), SCHEDULE_BY "%s", t->schedule);
    const struct rounds_order order = {
        .options = {.targets = &target,
                    .n_targets = 1,
                    .plan = {.only = schedule->actions.list,
                             .n_only = schedule->actions.n,
                             .budget_s = fmin(schedule->limit_s, t->due.end - loop_wall_s())},
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
    turn_set_text(&t->waits_for, NULL);
    turn_set_text(&t->told, NULL);
    scheduler_tell(s, t, "a schedule begins", NULL, false);
    scheduler_put(s, t->target);
}

/* Another schedule is at work on the target of T, or was due before. */
static bool comes_first(const struct turn *other, const struct turn *t)
{
    return other != t && strcmp(other->target, t->target) == 0 &&
           (other->state == TURN_IS_KEPT || other->state == TURN_RUNS ||
            (other->state == TURN_WAITS && other->due.at < t->due.at));
}

static bool is_busy(const struct scheduler *s, const struct turn *t)
{
    for (int i = 0; i < s->turns.n; i++)
        if (comes_first(s->turns.list[i], t))
            return true;
    return rounds_busy(s->parts.rounds, t->target) != NULL;
}

/* What is in the way of one that is due; NULL: nothing. */
static const char *obstacle(const struct scheduler *s, const struct turn *t,
                            const struct source_status *status)
{
    if (status->state != SOURCE_UP)
        return "the target is down";
    if (status->role == NULL)
        return "it is not known yet whether the target is a standby";
    return is_busy(s, t) ? "another round is at work there" : NULL;
}

static void leave_late(struct scheduler *s, struct turn *t)
{
    struct text why;
    text_init(&why, 500);
    text_addf(&why, "its time was over before it could begin: %s", t->waits_for);
    scheduler_leave(s, t, "left", text_str(&why));
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
        scheduler_leave(s, t, "standby", "the target is a standby: nothing is done there");
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
    turn_set_text(&t->stopped, NULL);
    scheduler_changed(s, t);
}

/* ---- Each second ---- */

static void look(struct scheduler *s, struct turn *t, double now)
{
    const struct schedule *schedule = scheduler_schedule(s, t);
    bool due = schedule_due(schedule, t->handled, now, &t->due);
    t->handled = due ? t->due.at : now;
    scheduler_find_next(s, t);
    if (due)
        try(s, t, now);
    else
        scheduler_leave(s, t, "missed",
                        "its time was over: the guard did not run, the machine slept, or its clock was set");
}

static void stop(struct scheduler *s, struct turn *t, const char *why)
{
    if (t->stopped != NULL)
        return;
    turn_set_text(&t->stopped, why);
    rounds_cancel(s->parts.rounds, t->round);
}

/* The limit is one of what is done to a server, not of making the plan. */
static void count_limit(const struct scheduler *s, struct turn *t)
{
    const char *status = rounds_status(s->parts.rounds, t->round);
    if (isnan(t->stop_s) && status != NULL && strcmp(status, "asking") != 0)
        t->stop_s = loop_mono_s() + t->limit_s;
}

static void stop_at_end(struct scheduler *s, struct turn *t)
{
    struct source_status status;
    struct text why;
    text_init(&why, 200);
    status_of(s, t->target, &status);
    count_limit(s, t);
    if (loop_wall_s() >= t->due.end)
        text_add(&why, "its hours were over");
    else if (loop_mono_s() >= t->stop_s) {
        text_add(&why, "its limit was over: ");
        add_time(&why, t->limit_s);
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
        scheduler_put(s, t->target); /* its time goes on */
        break;
    }
}

/* That what was handled lies far ahead means that the clock was wrong then. */
static void mend_clock(struct scheduler *s, struct turn *t, double now)
{
    if (t->state != TURN_IDLE || t->handled <= now + most_ahead_s)
        return;
    t->handled = now;
    scheduler_find_next(s, t);
    scheduler_tell(s, t, "the clock was set back by more than a day", "what is due goes by the clock of now",
                   true);
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
        turn_set_text(&t->when, schedule->when);
        t->handled = fmax(t->handled, now);
    }
    t->gone = false;
    scheduler_find_next(s, t);
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
    schedules_done(&s->schedules);
    s->schedules = *schedules;
    *schedules = (struct schedules){.n = 0};
    bind_all(s);
    for (int i = 0; i < s->turns.n; i++)
        if (s->turns.list[i]->gone && s->turns.list[i]->state == TURN_RUNS)
            stop(s, s->turns.list[i], "it is not in the config any more");
    drop_gone(s);
    for (int i = 0; i < engine_targets(s->parts.engine); i++) /* that there is none too */
        scheduler_put(s, engine_target_name(s->parts.engine, i));
    if (s->turns.n == 0) {
        loop_timer_stop(s->timer);
        return;
    }
    s->version++;
    scheduler_keep(s);
    loop_timer_start(s->timer, 0, LOOK_EVERY_S);
}

/* ---- Opening and closing ---- */

struct scheduler *scheduler_new(const struct scheduler_parts *parts, scheduler_tell_fn *tell_fn, void *ctx)
{
    struct scheduler *s = mem_new(sizeof(*s));
    *s = (struct scheduler){.parts = *parts, .looked_at = NAN, .tell = tell_fn, .ctx = ctx};
    s->timer = loop_timer_new(parts->loop, on_second, s);
    s->writer = writer_new(parts->loop);
    scheduler_remember(s);
    return s;
}

void scheduler_stop(struct scheduler *s)
{
    s->stopped = true;
    for (int i = 0; i < s->turns.n; i++)
        if (s->turns.list[i]->state == TURN_RUNS)
            turn_set_text(&s->turns.list[i]->stopped, "the guard ended");
}

bool scheduler_free(struct scheduler *s)
{
    if (s == NULL)
        return true;
    s->stopped = true;
    bool kept = scheduler_flush(s);
    loop_timer_free(s->timer);
    turns_done(&s->turns);
    schedules_done(&s->schedules);
    free(s);
    return kept;
}
