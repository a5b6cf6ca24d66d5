/* Cures of Redis: FLUSHDB ASYNC, and UNLINK MATCH PATTERN, which Redis itself does not have: the keys are
 * looked for by SCAN and unlinked batch by batch, so that no command takes the server long. */
#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "collectors/redis/inside.h"
#include "core/mem.h"

enum { LOOKED_AT_ONCE = 500, CONNECT_S = 5 };
static const double BATCH_S = 30, REST_S = 0.002, TOLD_EVERY_S = 0.2;
static const char unlink_match[] = "UNLINK MATCH ", run_id_is[] = "RUN_ID ";

struct act {
    struct redis_source *source;
    struct loop *loop;
    struct act_host host;
    struct redis_place place; /* with the order's database */
    struct redis_conn *conn;
    struct loop_timer *timer; /* the next batch, or the end of an act that could not begin */
    char *statement, *verify, *cursor;
    double limit_at_s, told_at_s, batch_s;
    double all, looked, removed;
    bool is_cancelled, is_gone; /* forgotten, or told to have ended */
    int depth;
};

/* ---- Life ---- */

static void destroy(struct act *a)
{
    loop_timer_free(a->timer);
    redis_place_done(&a->place);
    free(a->statement);
    free(a->verify);
    free(a->cursor);
    free(a);
}

static void enter(struct act *a)
{
    a->depth++;
}

static void leave(struct act *a)
{
    if (--a->depth == 0 && a->is_gone)
        destroy(a);
}

static void let_go(struct act *a)
{
    struct redis_conn *c = a->conn;
    a->is_gone = true;
    a->conn = NULL;
    loop_timer_stop(a->timer);
    redis_conn_close(c, "closed");
}

static void end(struct act *a, enum act_end how, const char *text)
{
    if (a->is_gone)
        return;
    let_go(a);
    a->host.ended(a->host.ctx, how, text);
}

static bool is_by_pattern(const struct act *a)
{
    return strncmp(a->statement, unlink_match, strlen(unlink_match)) == 0;
}

/* How far it is: Redis cannot say how many keys fit a pattern, but how many there are. */
static void add_progress(const struct act *a, char *out, size_t size)
{
    snprintf(out, size, "%.0f keys removed, %s%.0f of ~%.0f looked at", a->removed,
             a->looked < a->all ? "~" : "", fmin(a->looked, a->all), a->all);
}

static void end_with_progress(struct act *a, enum act_end how, const char *why)
{
    char text[1200], progress[200] = "";
    if (is_by_pattern(a))
        add_progress(a, progress, sizeof(progress));
    snprintf(text, sizeof(text), "%s%s%.900s", progress, progress[0] != '\0' && why[0] != '\0' ? ": " : "",
             why);
    end(a, how, text);
}

/* ---- Commands ---- */

typedef void act_fn(struct act *a, const struct redis_value *v);
struct step {
    struct act *act;
    act_fn *fn;
};

static void on_answer(void *ctx, const struct redis_answer *answer)
{
    struct step step = *(struct step *)ctx;
    struct act *a = step.act;
    free(ctx);
    enter(a);
    a->batch_s = answer->end_s - answer->start_s;
    if (!a->is_gone && answer->text != NULL)
        end_with_progress(a, ACT_FAILED, answer->text);
    else if (!a->is_gone)
        step.fn(a, answer->value);
    leave(a);
}

static void ask(struct act *a, act_fn *fn, const char *const *words, const size_t *lens, int n)
{
    struct step *step = mem_new(sizeof(*step));
    *step = (struct step){a, fn};
    redis_conn_send(
        a->conn,
        &(struct redis_command){
            .words = words, .lens = lens, .n = n, .timeout_s = BATCH_S, .done = on_answer, .ctx = step});
}

/* ---- By pattern ---- */

static void tell(struct act *a)
{
    char text[200];
    if (a->host.says == NULL || loop_mono_s() < a->told_at_s + TOLD_EVERY_S)
        return;
    a->told_at_s = loop_mono_s();
    add_progress(a, text, sizeof(text));
    a->host.says(a->host.ctx, text);
}

/* The server gets as long for others as a batch took. */
static void rest(struct act *a)
{
    tell(a);
    if (strcmp(a->cursor, "0") == 0) {
        a->looked = a->all;
        end_with_progress(a, ACT_DONE, "");
    } else if (loop_mono_s() > a->limit_at_s) {
        end_with_progress(a, ACT_FAILED, "its time is over");
    } else {
        loop_timer_start(a->timer, fmax(REST_S, a->batch_s), 0);
    }
}

static void on_unlinked(struct act *a, const struct redis_value *v)
{
    a->removed += v->kind == REDIS_INTEGER ? (double)v->integer : 0;
    rest(a);
}

static void on_scanned(struct act *a, const struct redis_value *v)
{
    bool good = v->kind == REDIS_LIST && v->n == 2 && v->items[0]->kind == REDIS_TEXT &&
                v->items[1]->kind == REDIS_LIST;
    if (!good) {
        end_with_progress(a, ACT_FAILED, "SCAN was answered by something else");
        return;
    }
    const struct redis_value *keys = v->items[1];
    free(a->cursor);
    a->cursor = mem_dup(v->items[0]->text);
    a->looked += LOOKED_AT_ONCE;
    if (keys->n == 0) {
        rest(a);
        return;
    }
    const char **words = mem_new_array((size_t)keys->n + 1, sizeof(*words));
    size_t *lens = mem_new_array((size_t)keys->n + 1, sizeof(*lens));
    words[0] = "UNLINK";
    lens[0] = strlen(words[0]);
    for (int i = 0; i < keys->n; i++) {
        words[i + 1] = keys->items[i]->text != NULL ? keys->items[i]->text : "";
        lens[i + 1] = keys->items[i]->len;
    }
    ask(a, on_unlinked, words, lens, keys->n + 1);
    free(words);
    free(lens);
}

static void scan(struct act *a)
{
    char count[20];
    snprintf(count, sizeof(count), "%d", LOOKED_AT_ONCE);
    ask(a, on_scanned,
        (const char *const[]){"SCAN", a->cursor, "MATCH", a->statement + strlen(unlink_match), "COUNT",
                              count},
        NULL, 6);
}

static void on_size(struct act *a, const struct redis_value *v)
{
    a->all = v->kind == REDIS_INTEGER ? (double)v->integer : 0;
    scan(a);
}

/* ---- A whole database ---- */

static void on_flushed(struct act *a, const struct redis_value *v)
{
    (void)v;
    end(a, ACT_DONE, "");
}

/* ---- The beginning ---- */

static void begin(struct act *a)
{
    if (a->is_cancelled) {
        end(a, ACT_CANCELLED, "nothing was done");
        return;
    }
    a->host.step(a->host.ctx, ACT_RUNS, 0, 1);
    if (is_by_pattern(a))
        ask(a, on_size, (const char *const[]){"DBSIZE"}, NULL, 1);
    else
        ask(a, on_flushed, (const char *const[]){"FLUSHDB", "ASYNC"}, NULL, 2);
}

static void on_verified(struct act *a, const struct redis_value *v)
{
    struct info info;
    info_read(&info, v->text, v->kind == REDIS_TEXT ? v->len : 0);
    bool same = info_is(&info, "run_id", a->verify + strlen(run_id_is));
    info_done(&info);
    if (same)
        begin(a);
    else
        end(a, ACT_FAILED, "another server answers there by now, or it was restarted: nothing was done");
}

static void on_up(void *ctx)
{
    struct act *a = ctx;
    enter(a);
    if (a->verify != NULL)
        ask(a, on_verified, (const char *const[]){"INFO", "server"}, NULL, 2);
    else
        begin(a);
    leave(a);
}

static void on_down(void *ctx, enum redis_trouble trouble, const char *text)
{
    struct act *a = ctx;
    (void)trouble;
    enter(a);
    end_with_progress(a, ACT_FAILED, text);
    leave(a);
}

static void on_timer(void *ctx)
{
    struct act *a = ctx;
    enter(a);
    if (a->is_cancelled)
        end_with_progress(a, ACT_CANCELLED, "");
    else
        scan(a);
    leave(a);
}

static bool check(const struct act_order *order, struct redis_place *place, struct err *err)
{
    char *end = NULL;
    long db = order->database == NULL ? place->db : strtol(order->database, &end, 10);
    if (order->database != NULL && (*end != '\0' || end == order->database || db < 0 || db > 1 << 20))
        return fail(err, "%.40s is no number of a database", order->database);
    place->db = (int)db;
    return strcmp(order->statement, "FLUSHDB ASYNC") == 0 ||
           (strncmp(order->statement, unlink_match, strlen(unlink_match)) == 0 &&
            order->statement[strlen(unlink_match)] != '\0') ||
           fail(err, "of Redis only FLUSHDB ASYNC and UNLINK MATCH PATTERN are cures");
}

struct act *redis_act(struct source *source, const struct act_order *order, struct act_host host,
                      struct err *err)
{
    struct redis_source *s = (struct redis_source *)source;
    struct redis_place place = s->place;
    bool verify = order->verify != NULL;
    if (!s->up) {
        fail(err, "not connected");
        return NULL;
    }
    if (!check(order, &place, err))
        return NULL;
    if (verify && strncmp(order->verify, run_id_is, strlen(run_id_is)) != 0) {
        fail(err, "what is to be verified is no run of a Redis");
        return NULL;
    }
    struct act *a = mem_new(sizeof(*a));
    *a = (struct act){.source = s,
                      .loop = s->loop,
                      .host = host,
                      .statement = mem_dup(order->statement),
                      .verify = mem_dup(order->verify),
                      .cursor = mem_dup("0"),
                      .limit_at_s = loop_mono_s() + order->limit_s};
    a->place = (struct redis_place){.host = mem_dup(place.host),
                                    .path = mem_dup(place.path),
                                    .user = mem_dup(place.user),
                                    .password = mem_dup(place.password),
                                    .ca_file = mem_dup(place.ca_file),
                                    .port = place.port,
                                    .db = place.db,
                                    .tls = place.tls};
    a->timer = loop_timer_new(s->loop, on_timer, a);
    a->conn = redis_conn_open(s->loop, &a->place, redis_link_password(s), CONNECT_S,
                              (struct redis_handler){a, on_up, on_down});
    return a;
}

/* Between two batches: what was sent is waited for. */
void redis_act_cancel(struct act *a)
{
    a->is_cancelled = true;
}

void redis_act_forget(struct act *a)
{
    enter(a);
    let_go(a);
    leave(a);
}
