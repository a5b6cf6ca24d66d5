/* The scheduler: what became of a schedule that was due. */
#include <math.h>
#include <string.h>

#include "cures/scheduler_private.h"

/* It is not done this time. The same again is not told again. */
void scheduler_leave(struct scheduler *s, struct turn *t, const char *result, const char *why)
{
    bool again = turn_same(t->result, result) && turn_same(t->message, why);
    t->state = TURN_IDLE;
    t->began_at = NAN;
    t->ended_at = loop_wall_s();
    t->n_done = t->n_failed = t->n_left = 0;
    turn_set_result(t, result, why);
    turn_set_text(&t->waits_for, NULL);
    scheduler_find_next(s, t);
    if (!again)
        scheduler_tell(s, t, "a schedule is left", why, strcmp(result, "standby") != 0);
    if (again)
        scheduler_put(s, t->target);
    else
        scheduler_changed(s, t);
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
    scheduler_find_next(s, t);
    turn_set_result(t, result, text_str(&message));
    scheduler_tell(s, t, "a schedule has ended", text_str(&message), strcmp(result, "done") != 0);
    text_done(&message);
    scheduler_changed(s, t);
}

/* Who waits for the target goes on at once. */
static void wake(struct scheduler *s)
{
    for (int i = 0; i < s->turns.n; i++)
        if (s->turns.list[i]->state == TURN_WAITS)
            loop_timer_start(s->timer, 0, LOOK_EVERY_S);
}

bool scheduler_round(struct scheduler *s, const struct rounds_news *news)
{
    if (news->round != NULL)
        wake(s);
    if (strncmp(news->by, SCHEDULE_BY, sizeof(SCHEDULE_BY) - 1) != 0)
        return false;
    for (int i = 0; i < s->turns.n; i++) {
        struct turn *t = s->turns.list[i];
        if (t->state == TURN_RUNS && news->round != NULL && strcmp(t->round, news->id) == 0)
            end(s, t, news);
    }
    return true;
}
