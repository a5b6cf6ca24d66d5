/* A cure that has failed: what it left behind is asked, on a new connection where its own was lost with the
 * server. */
#include <string.h>

#include "collectors/pg/act.h"

/* A server that was killed is back in a moment, or not soon. */
static const double AGAIN_S = 1, PATIENCE_S = 30;
static const char NOT_ASKED[] = "what it left behind could not be asked: look for invalid indexes";

static void on_after(void *ctx, const struct conn_answer *answer)
{
    struct act *a = ctx;
    bool lost = answer->rows == NULL && (answer->why == FAILURE_LOST || !conn_is_up(a->conn));
    if (strcmp(answer->sqlstate, "57014") == 0 && !a->asked_again) {
        a->asked_again = true;
        act_ask_own(a, a->after_failure, on_after);
        return;
    }
    if (lost) {
        act_after_later(a);
        return;
    }
    for (int i = 0; answer->rows != NULL && i < conn_rows_n(answer->rows) && i < 10; i++) {
        int len = 0;
        act_say(a, conn_rows_value(answer->rows, i, 0, &len));
    }
    if (answer->rows == NULL)
        act_say(a, NOT_ASKED);
    conn_rows_free(answer->rows);
    act_finish(a, a->end, NULL);
}

void act_after(struct act *a, enum act_end end, const char *text)
{
    a->end = end;
    act_say(a, text);
    if (a->after_failure == NULL) {
        act_finish(a, end, NULL);
        return;
    }
    a->step = STEP_AFTER;
    a->failed_s = loop_mono_s();
    loop_timer_stop(a->limit); /* nothing is to be cancelled any more */
    if (conn_is_up(a->conn))
        act_ask_own(a, a->after_failure, on_after);
    else
        act_after_later(a);
}

void act_after_later(struct act *a)
{
    if (loop_mono_s() - a->failed_s < PATIENCE_S)
        loop_timer_start(a->timer, AGAIN_S, 0);
    else
        act_finish(a, a->end, NOT_ASKED);
}

void act_after_again(struct act *a)
{
    act_connect(a);
    act_ask_own(a, a->after_failure, on_after);
}
