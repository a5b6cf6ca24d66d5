/* A cure: one command on a console connection of its own. A PAUSE that is left in the middle would hold its
 * clients for ever, as PgBouncer does not end it with its connection: RESUME follows it, whatever ended it.
 */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "collectors/pgbouncer/act.h"
#include "core/mem.h"

enum { MOST_TEXT = 4000 };
static const double LOOK_S = 1;
/* After the limit the console has this long to answer before the connection is given up. */
static const double GRACE_S = 30;
/* How long it may take to say RESUME. */
static const double BACK_S = 10;

void bouncer_act_say(struct act *a, const char *text)
{
    if (text != NULL && text[0] != '\0')
        text_addf(&a->said, "%s%s", a->said.len > 0 ? ";\n" : "", text);
}

static void destroy(struct act *a)
{
    for (struct act **p = &a->source->acts; *p != NULL; p = &(*p)->next)
        if (*p == a) {
            *p = a->next;
            break;
        }
    conn_close(a->conn);
    bouncer_act_look_forget(a);
    loop_timer_free(a->timer);
    loop_timer_free(a->limit);
    loop_timer_free(a->looks);
    text_done(&a->said);
    free(a->statement);
    free(a->back);
    free(a->database);
    free(a);
}

/* Told in the next turn: never from within what the owner calls, nor from within the connection's callbacks.
 */
void bouncer_act_finish(struct act *a, enum act_end end, const char *text)
{
    if (a->step == STEP_END)
        return;
    a->step = STEP_END;
    a->end = end;
    bouncer_act_say(a, text);
    loop_timer_stop(a->limit);
    loop_timer_stop(a->looks);
    loop_timer_start(a->timer, 0, 0);
}

static void on_timer(void *ctx)
{
    struct act *a = ctx;
    struct act_host host = a->host;
    enum act_end end = a->end;
    char *text = text_take(&a->said);
    destroy(a);
    host.ended(host.ctx, end, text);
    free(text);
}

/* ---- Taking it back ---- */

static void not_back(struct act *a, const char *why)
{
    char text[700];
    snprintf(text, sizeof(text), "IT MAY STILL BE PAUSED: %.200s could not be run: %.400s", a->back, why);
    bouncer_act_finish(a, ACT_FAILED, text);
}

static void on_back(void *ctx, const struct conn_answer *answer)
{
    struct act *a = ctx;
    char text[400];
    conn_rows_free(answer->rows);
    if (answer->rows != NULL) {
        snprintf(text, sizeof(text), "%.200s was run after it: clients go on", a->back);
        bouncer_act_finish(a, a->end, text);
    } else if (strstr(answer->text, "is not paused") != NULL) {
        bouncer_act_finish(a, a->end, "it is not paused any more: clients go on");
    } else {
        not_back(a, answer->text);
    }
}

/* ---- The statement ---- */

static void go_back(struct act *a, enum act_end end, const char *text);

static void on_statement(void *ctx, const struct conn_answer *answer)
{
    struct act *a = ctx;
    char text[900];
    bool lost = answer->rows == NULL && answer->sqlstate[0] == '\0';
    conn_rows_free(answer->rows);
    if (answer->rows != NULL) {
        bouncer_act_finish(a, ACT_DONE, NULL);
    } else if (lost && a->back != NULL) {
        go_back(a, ACT_FAILED, "the connection to the console was lost while it waited");
    } else if (lost) {
        snprintf(text, sizeof(text), "%.300s; whether it was done is not known", answer->text);
        bouncer_act_finish(a, ACT_FAILED, text);
    } else {
        console_sentence(answer->text, text, sizeof(text));
        bouncer_act_finish(a, ACT_FAILED, text);
    }
}

static void send(struct act *a, const char *sql, double timeout_s,
                 void (*done)(void *ctx, const struct conn_answer *answer))
{
    conn_send(a->conn, &(struct conn_query){.sql = sql, .timeout_s = timeout_s, .ctx = a, .done = done});
}

/* ---- Its connection ---- */

static void on_up(void *ctx)
{
    struct act *a = ctx;
    if (!console_is(a->conn)) {
        bouncer_act_finish(a, ACT_FAILED, "not done: what answers there now is not PgBouncer's console");
    } else if (a->step == STEP_BACK) {
        send(a, a->back, BACK_S, on_back);
    } else if (a->step == STEP_CONNECT) {
        a->step = STEP_RUN;
        a->host.step(a->host.ctx, ACT_RUNS, 0, 1);
        send(a, a->statement, a->limit_s + GRACE_S, on_statement);
        if (a->database != NULL)
            loop_timer_start(a->looks, LOOK_S, LOOK_S);
    }
}

/* What was outstanding has been answered by then. */
static void on_down(void *ctx, enum conn_trouble trouble, const char *text)
{
    struct act *a = ctx;
    char more[900];
    (void)trouble;
    console_sentence(text, more, sizeof(more));
    if (a->step == STEP_BACK)
        not_back(a, more);
    else if (a->step == STEP_CONNECT)
        bouncer_act_finish(a, ACT_FAILED, more);
}

static void connect_console(struct act *a)
{
    struct bouncer_source *s = a->source;
    struct conn_info *info = conn_same_place(s->conn != NULL ? s->conn : a->conn);
    struct conn_options options = keep_options(&s->keep);
    options.simple = true;
    struct conn *before = a->conn;
    console_prepare(info);
    a->conn =
        conn_open(s->loop, info, &options, (struct conn_handler){.ctx = a, .up = on_up, .down = on_down});
    conn_info_free(info);
    conn_close(before);
}

static void go_back(struct act *a, enum act_end end, const char *text)
{
    a->end = end;
    a->step = STEP_BACK;
    bouncer_act_say(a, text);
    loop_timer_stop(a->limit);
    loop_timer_stop(a->looks);
    connect_console(a);
}

/* ---- The end before its end ---- */

static void stop(struct act *a, enum act_end end, const char *why)
{
    char text[300];
    if (a->step == STEP_CONNECT) {
        snprintf(text, sizeof(text), "%s before it began", why);
        bouncer_act_finish(a, end, text);
    } else if (a->step == STEP_RUN && a->back != NULL) {
        go_back(a, end, why);
    } else if (a->step == STEP_RUN) {
        snprintf(text, sizeof(text), "%s without an answer: whether it was done is not known", why);
        bouncer_act_finish(a, ACT_FAILED, text);
    }
}

static void on_limit(void *ctx)
{
    struct act *a = ctx;
    char why[100];
    snprintf(why, sizeof(why), "its limit of %.0f s is over", a->limit_s);
    stop(a, ACT_FAILED, why);
}

void bouncer_act_cancel(struct act *a)
{
    stop(a, ACT_CANCELLED, "cancelled");
}

void bouncer_act_forget(struct act *a)
{
    destroy(a);
}

/* ---- The whole ---- */

struct act *bouncer_act_start(struct source *source, const struct act_order *order, struct act_host host,
                              struct err *err)
{
    struct bouncer_source *s = (struct bouncer_source *)source;
    if (!s->keep.up || order->verify != NULL) {
        fail(err, "%s",
             s->keep.up ? "PgBouncer's console can be asked nothing before a command"
                        : "not connected, so nothing can be done now");
        return NULL;
    }
    struct act *a = mem_new(sizeof(*a));
    *a = (struct act){.source = s,
                      .host = host,
                      .statement = mem_dup(order->statement),
                      .database = bouncer_act_paused(order->statement),
                      .limit_s = order->limit_s,
                      .next = s->acts};
    s->acts = a;
    text_init(&a->said, MOST_TEXT);
    if (a->database != NULL) {
        struct text back;
        text_init(&back, MOST_TEXT);
        text_addf(&back, "RESUME%s", a->statement + strlen("PAUSE"));
        a->back = text_take(&back);
    }
    a->timer = loop_timer_new(s->loop, on_timer, a);
    a->limit = loop_timer_new(s->loop, on_limit, a);
    a->looks = loop_timer_new(s->loop, bouncer_act_look, a);
    connect_console(a);
    loop_timer_start(a->limit, a->limit_s, 0);
    return a;
}

void bouncer_acts_close(struct bouncer_source *s)
{
    while (s->acts != NULL) {
        struct act *a = s->acts;
        struct act_host host = a->host;
        const char *text = a->step == STEP_RUN && a->back != NULL
                               ? "left alone: PgBouncer goes on with it, and its clients wait until RESUME"
                           : a->step == STEP_RUN ? "left alone: PgBouncer goes on with it"
                                                 : "the target was closed before it ended";
        destroy(a);
        host.ended(host.ctx, ACT_FAILED, text);
    }
}
