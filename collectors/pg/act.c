/* A cure: one statement on a connection of its own, checked just before, tried again when a lock does not
 * come, cancelled by the server's own protocol. What follows a statement that may not be enough is in
 * act_watch.c. */
#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "collectors/pg/act.h"
#include "core/mem.h"

static const double CONNECT_S = 10, ASK_S = 10;
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

static void ask(struct act *a, const char *sql, double timeout_s,
                void (*done)(void *ctx, const struct conn_answer *answer))
{
    conn_send(a->conn, &(struct conn_query){.sql = sql,
                                            .local = a->source->pooled ? "" : NULL,
                                            .unnamed = true,
                                            .timeout_s = timeout_s,
                                            .ctx = a,
                                            .done = done});
}

/* What we ask for ourselves bears our tag. */
void act_ask_own(struct act *a, const char *sql, void (*done)(void *ctx, const struct conn_answer *answer))
{
    struct text tagged;
    size_t word = strcspn(sql, " \n");
    text_init(&tagged, 1 << 17);
    text_add_n(&tagged, sql, word);
    text_add(&tagged, " " PG_TAG);
    text_add(&tagged, sql + word);
    ask(a, text_str(&tagged), ASK_S, done);
    text_done(&tagged);
}

/* ---- After a failure ---- */

static void on_after(void *ctx, const struct conn_answer *answer)
{
    struct act *a = ctx;
    if (strcmp(answer->sqlstate, "57014") == 0 && !a->asked_again) {
        a->asked_again = true;
        act_ask_own(a, a->after_failure, on_after);
        return;
    }
    for (int i = 0; answer->rows != NULL && i < conn_rows_n(answer->rows) && i < 10; i++) {
        int len = 0;
        act_say(a, conn_rows_value(answer->rows, i, 0, &len));
    }
    if (answer->rows == NULL)
        act_say(a, "what it left behind could not be asked: look for invalid indexes");
    conn_rows_free(answer->rows);
    act_finish(a, a->end, NULL);
}

static void fail_after(struct act *a, enum act_end end, const char *text)
{
    a->end = end;
    act_say(a, text);
    if (a->after_failure == NULL || !conn_is_up(a->conn)) {
        act_finish(a, end,
                   a->after_failure == NULL
                       ? NULL
                       : "what it left behind could not be asked: look for invalid indexes");
        return;
    }
    a->step = STEP_AFTER;
    act_ask_own(a, a->after_failure, on_after);
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
        fail_after(a, ACT_FAILED, text);
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
        fail_after(a, ACT_FAILED, text);
    } else if (a->late && ended) {
        snprintf(text, sizeof(text), "it took longer than its limit of %.0f s, and was cancelled",
                 a->limit_s);
        fail_after(a, ACT_FAILED, text);
    } else if (a->cancelled && (ended || lock))
        fail_after(a, ACT_CANCELLED, "cancelled while it ran");
    else if (lock)
        lock_missed(a);
    else {
        act_say(a, answer->text);
        fail_after(a, ACT_FAILED, answer->detail);
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
    ask(a, statement, a->limit_s + GRACE_S, on_statement);
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
    struct act_host host = a->host;
    enum act_end end = a->end;
    char *text = text_take(&a->said);
    destroy(a);
    host.ended(host.ctx, end, text);
    free(text);
}

static void stop(struct act *a)
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
    a->late = a->late || !a->cancelled;
    stop(a);
}

void act_cancel(struct act *a)
{
    if (a->cancelled || a->step == STEP_END || a->step == STEP_AFTER)
        return;
    a->cancelled = true;
    stop(a);
}

void act_forget(struct act *a)
{
    destroy(a);
}

/* ---- The connection ---- */

static void on_up(void *ctx)
{
    (void)ctx;
}

/* What was outstanding has been answered by then; without an answer to come it is the end. */
static void on_down(void *ctx, enum conn_trouble trouble, const char *text)
{
    struct act *a = ctx;
    (void)trouble;
    if (a->step == STEP_WATCH)
        act_say(a, "it could not be seen what came of it");
    act_finish(a, ACT_FAILED, text);
}

static void on_notice(void *ctx, const char *severity, const char *text)
{
    struct act *a = ctx;
    if (strcmp(severity, "WARNING") == 0 && a->said.len < MOST_TEXT / 2)
        act_say(a, text);
}

static void settings_add(struct act *a, struct conn_info *info)
{
    const struct pg_source *s = a->source;
    const char *own = conn_info_get(s->info, "options");
    struct text t;
    text_init(&t, 4000);
    text_addf(&t,
              "%s -c statement_timeout=0 -c lock_timeout=%.0f -c idle_in_transaction_session_timeout=0"
              " -c client_connection_check_interval=0" /* who leaves was told that the server goes on */
              " -c standard_conforming_strings=on -c client_min_messages=warning",
              own == NULL ? "" : own, isnan(a->lock_timeout_s) ? 0 : fmax(1, a->lock_timeout_s * 1000));
    conn_info_set(info, "options", s->pooled ? NULL : text_str(&t));
    conn_info_set(info, "application_name", s->pooled ? NULL : "dbvitals");
    conn_info_set(info, "client_encoding", s->pooled ? NULL : "UTF8");
    text_done(&t);
}

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
    struct conn_info *info = conn_same_place(s->fast.conn);
    if (order->database != NULL)
        conn_info_set(info, "dbname", order->database);
    settings_add(a, info);
    struct conn_options how = {.password = keep_password(&s->keep),
                               .syn_s = CONNECT_S,
                               .answer_s = CONNECT_S,
                               .pooled = s->pooled};
    a->conn = conn_open(s->loop, info, &how,
                        (struct conn_handler){.ctx = a, .up = on_up, .down = on_down, .notice = on_notice});
    conn_info_free(info);
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
