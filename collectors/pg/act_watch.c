/* A cure whose statement may not be enough: it is watched what comes of it, and only if nothing does, the
 * next statement is sent. The last look comes just before it. */
#include <math.h>
#include <stdio.h>
#include <string.h>

#include "collectors/pg/act.h"

static const double LOOK_S = 0.2;

static void go_on(struct act *a)
{
    a->step = STEP_RUN;
    a->went_on = true;
    act_tell(a, ACT_GOES_ON);
    act_send(a, a->then);
}

static void on_look(void *ctx, const struct conn_answer *answer)
{
    struct act *a = ctx;
    int len = 0;
    char text[500] = "it could not be seen what came of it";
    double waited_s = loop_mono_s() - a->watched_s;
    if (answer->rows != NULL && conn_rows_n(answer->rows) == 1 &&
        conn_rows_value(answer->rows, 0, 0, &len) != NULL)
        snprintf(text, sizeof(text), "%s", conn_rows_value(answer->rows, 0, 0, &len));
    bool failed = answer->rows == NULL;
    conn_rows_free(answer->rows);
    if (a->step != STEP_WATCH)
        return;
    if (failed) {
        act_say(a, text);
        act_finish(a, ACT_FAILED, answer->text);
    } else if (strcmp(text, "true") != 0) {
        size_t n = strlen(text);
        snprintf(text + n, sizeof(text) - n, " after %.1f s", waited_s);
        act_finish(a, ACT_DONE, text);
    } else if (waited_s >= a->wait_s) {
        go_on(a);
    } else {
        loop_timer_start(a->timer, fmin(LOOK_S, a->wait_s - waited_s), 0);
    }
}

void act_look(struct act *a)
{
    act_ask_own(a, a->still, on_look);
}

void act_watch(struct act *a)
{
    a->step = STEP_WATCH;
    a->watched_s = loop_mono_s();
    act_tell(a, ACT_WATCHES);
    act_look(a);
}
