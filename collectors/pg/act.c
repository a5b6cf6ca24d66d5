/* A cure: one statement on a connection of its own, checked just before, tried again when a lock does not
 * come, cancelled by the server's own protocol. Beside it: its connection (act_conn.c), what follows a
 * statement that may not be enough (act_watch.c), who waits behind it (act_behind.c), and what it leaves when
 * it fails (act_after.c). */
#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "collectors/pg/act.h"
#include "core/mem.h"

/* Between two attempts to get a lock; each stands in its queue for lock_timeout at most. */
static const double PAUSE_S = 3;
enum { MOST_ATTEMPTS = 20, MOST_TEXT = 8000 };
/* A request to cancel may come while nothing runs yet, or get lost: it is made again. */
static const double NUDGE_S = 2;
/* After the limit the server has this long to answer before the connection is given up. */
static const double GRACE_S = 30;
/* Of pg_type. */
enum { OID_OF_BOOL = 16 };

void act_say(struct act *a, const char *text)
{
    if (text != NULL && text[0] != '\0')
        text_addf(&a->said, "%s%s", a->said.len > 0 ? ";\n" : "", text);
}

void act_tell(struct act *a, enum act_step step)
{
    a->host.step(a->host.ctx, step, conn_backend_pid(a->conn), a->attempt);
}

static void destroy(struct act *a)
{
    for (struct act **p = &a->source->acts; *p != NULL; p = &(*p)->next)
        if (*p == a) {
            *p = a->next;
            break;
        }
    conn_close(a->conn);
    conn_info_free(a->info);
    act_behind_forget(a);
    loop_timer_free(a->timer);
    loop_timer_free(a->limit);
    text_done(&a->said);
    free(a->verify);
    free(a->statement);
    free(a->after_failure);
    free(a->still);
    free(a->then);
    free(a->then_says);
    free(a);
}

/* It is told in the next turn: never from within what the owner calls, nor from within the connection's
 * callbacks. */
void act_finish(struct act *a, enum act_end end, const char *text)
{
    if (a->step == STEP_END)
        return;
    a->step = STEP_END;
    a->end = end;
    a->source->cured_mono_s = loop_mono_s();
    act_say(a, text);
    loop_timer_stop(a->limit);
    loop_timer_start(a->timer, 0, 0);
}

/* ---- The statement ---- */

/* A function that says no has failed: pg_terminate_backend of a process that is gone. */
static bool says_no(const struct conn_rows *rows)
{
    int len = 0;
    const char *value =
        conn_rows_n(rows) != 1 || conn_rows_n_columns(rows) != 1 ? NULL : conn_rows_value(rows, 0, 0, &len);
    return value != NULL && conn_rows_type(rows, 0) == OID_OF_BOOL && len == 1 && value[0] == 0;
}

static void lock_missed(struct act *a)
{
    char text[200];
    if (a->attempt >= MOST_ATTEMPTS) {
        snprintf(text, sizeof(text),
                 "the lock did not come in %d attempts of %.3g s each: page locks shows who holds it",
                 a->attempt, a->lock_timeout_s);
        act_after(a, ACT_FAILED, text);
        return;
    }
    a->step = STEP_PAUSE;
    act_tell(a, ACT_WAITS);
    loop_timer_start(a->timer, PAUSE_S, 0);
}

static void statement_failed(struct act *a, const struct conn_answer *answer)
{
    char text[300];
    bool lost = answer->sqlstate[0] == '\0', ended = strcmp(answer->sqlstate, "57014") == 0;
    if (a->went_on)
        act_say(a, "its first step was not enough, and the second one failed");
    bool lock = strcmp(answer->sqlstate, "55P03") == 0 && !isnan(a->lock_timeout_s);
    if (lost) {
        snprintf(text, sizeof(text), "%.200s; whether it was done is not known: the server may have gone on",
                 answer->text);
        act_after(a, ACT_FAILED, text);
    } else if (a->late && ended) {
        snprintf(text, sizeof(text), "it took longer than its limit of %.0f s, and was cancelled",
                 a->limit_s);
        act_after(a, ACT_FAILED, text);
    } else if (a->back[0] != '\0' && (ended || lock))
        act_after(a, ACT_FAILED, a->back);
    else if (a->cancelled && (ended || lock))
        act_after(a, ACT_CANCELLED, "cancelled while it ran");
    else if (lock)
        lock_missed(a);
    else {
        act_say(a, answer->text);
        act_after(a, ACT_FAILED, answer->detail);
    }
}

static void on_statement(void *ctx, const struct conn_answer *answer)
{
    struct act *a = ctx;
    if (answer->rows == NULL) {
        statement_failed(a, answer);
        return;
    }
    bool no = says_no(answer->rows);
    conn_rows_free(answer->rows);
    if (no)
        act_finish(a, ACT_FAILED, a->said.len == 0 ? "the server says that it could not" : NULL);
    else if (a->still != NULL && !a->went_on)
        act_watch(a);
    else
        act_finish(a, ACT_DONE, a->went_on ? a->then_says : NULL);
}

void act_send(struct act *a, const char *statement)
{
    act_behind_watch(a);
    act_ask(a, statement, a->limit_s + GRACE_S, on_statement);
}

/* ---- Before it ---- */

static void run(struct act *a)
{
    if (a->cancelled || a->late) {
        act_finish(a, a->late ? ACT_FAILED : ACT_CANCELLED,
                   a->late ? "its limit was over before it began" : "cancelled before it began");
        return;
    }
    a->step = STEP_RUN;
    a->attempt++;
    act_tell(a, ACT_RUNS);
    act_send(a, a->statement);
}

static void on_verified(void *ctx, const struct conn_answer *answer)
{
    struct act *a = ctx;
    char sentence[500] = "";
    if (answer->rows == NULL) {
        act_finish(a, ACT_FAILED, answer->text);
        return;
    }
    int len = 0;
    const char *value = conn_rows_n(answer->rows) == 1 ? conn_rows_value(answer->rows, 0, 0, &len) : NULL;
    snprintf(sentence, sizeof(sentence), "%s", value != NULL ? value : "it is not what it was any more");
    conn_rows_free(answer->rows);
    if (strcmp(sentence, "true") == 0) {
        run(a);
        return;
    }
    act_say(a, "not done:");
    text_addf(&a->said, " %s", sentence);
    act_finish(a, ACT_FAILED, NULL);
}

static void begin(struct act *a)
{
    a->step = STEP_VERIFY;
    act_ask_own(a, a->verify, on_verified);
}

/* ---- Timers ---- */

static void on_timer(void *ctx)
{
    struct act *a = ctx;
    if (a->step == STEP_PAUSE || a->step == STEP_WATCH) {
        a->step == STEP_PAUSE ? begin(a) : act_look(a);
        return;
    }
    if (a->step == STEP_AFTER) {
        act_after_again(a);
        return;
    }
    struct act_host host = a->host;
    enum act_end end = a->end;
    char *text = text_take(&a->said);
    destroy(a);
    host.ended(host.ctx, end, text);
    free(text);
}

void act_stop(struct act *a)
{
    if (a->step == STEP_PAUSE || (a->step == STEP_VERIFY && !conn_is_up(a->conn))) {
        act_finish(a, a->late ? ACT_FAILED : ACT_CANCELLED,
                   a->late ? "its limit is over: the lock did not come" : "cancelled before it began");
        return;
    }
    if (a->step == STEP_WATCH) {
        act_finish(a, a->late ? ACT_FAILED : ACT_CANCELLED,
                   "left at its first step: the second one was not taken");
        return;
    }
    conn_cancel(a->conn);
    loop_timer_start(a->limit, NUDGE_S, 0);
}

static void on_limit(void *ctx)
{
    struct act *a = ctx;
    a->late = a->late || (!a->cancelled && a->back[0] == '\0');
    act_stop(a);
}

void act_cancel(struct act *a)
{
    if (a->cancelled || a->step == STEP_END || a->step == STEP_AFTER)
        return;
    a->cancelled = true;
    act_stop(a);
}

void act_forget(struct act *a)
{
    destroy(a);
}

/* ---- The whole ---- */

struct act *act_start(struct pg_source *s, const struct act_order *order, struct act_host host,
                      struct err *err)
{
    if (!s->keep.up) {
        fail(err, "not connected, so nothing can be done now");
        return NULL;
    }
    if (s->pooled && !order->at_once) {
        fail(err,
             "%s stands between, and nothing of ours may stay on its connections: connect to the server "
             "itself",
             s->via);
        return NULL;
    }
    struct act *a = mem_new(sizeof(*a));
    *a = (struct act){.source = s,
                      .host = host,
                      .lock_timeout_s = order->lock_timeout_s,
                      .limit_s = order->limit_s,
                      .wait_s = order->wait_s,
                      .still = mem_dup(order->still),
                      .then = mem_dup(order->then),
                      .then_says = mem_dup(order->then_says),
                      .next = s->acts};
    s->acts = a;
    a->verify = mem_dup(order->verify != NULL ? order->verify : "select 'true'");
    a->statement = mem_dup(order->statement);
    a->after_failure = mem_dup(order->after_failure);
    text_init(&a->said, MOST_TEXT);
    a->timer = loop_timer_new(s->loop, on_timer, a);
    a->limit = loop_timer_new(s->loop, on_limit, a);
    a->behind = loop_timer_new(s->loop, act_behind_look, a);
    act_place(a, order->database);
    act_connect(a);
    loop_timer_start(a->limit, a->limit_s, 0);
    begin(a);
    return a;
}

/* The target goes: those that run are told of, once, and go on at the server. */
void acts_close(struct pg_source *s)
{
    while (s->acts != NULL) {
        struct act *a = s->acts;
        struct act_host host = a->host;
        bool runs = a->step == STEP_RUN;
        destroy(a);
        host.ended(host.ctx, ACT_FAILED,
                   runs ? "left alone: the server goes on with it" : "the target was closed before it began");
    }
}
