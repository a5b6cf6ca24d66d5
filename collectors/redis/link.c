/* A source's connection: made, looked at, lost and made again, for ever. */
#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "collectors/redis/inside.h"
#include "core/mem.h"

static const double SOON_S = 0.5, MOST_BACKOFF_S = 30, LASTED_S = 1;
static const double PASSWORD_S = 10, PASSWORD_KEPT_S = 60;

const char *redis_link_password(const struct redis_source *s)
{
    return s->config.password != NULL ? s->config.password : s->password;
}

static double connect_s(const struct redis_source *s)
{
    return s->config.connect_timeout_s > 0 ? s->config.connect_timeout_s : REDIS_TIMEOUT_S;
}

/* ---- Loss ---- */

static double next_delay(struct redis_source *s, enum redis_trouble trouble)
{
    double spread = 0.75 + 0.5 * (double)(random() % 1000) / 1000;
    if (trouble == REDIS_REFUSED) /* nobody listens yet: that costs nothing */
        return SOON_S * spread;
    double delay = s->backoff_s > 0 ? s->backoff_s : SOON_S;
    s->backoff_s = fmin(delay * 2, MOST_BACKOFF_S);
    return fmin(delay * spread, MOST_BACKOFF_S);
}

static void lost(struct redis_source *s, enum redis_trouble trouble, const char *text)
{
    struct redis_conn *c = s->conn;
    bool again = trouble == REDIS_LOST && s->up && loop_mono_s() - s->up_mono_s > LASTED_S;
    s->conn = NULL;
    s->up = false;
    redis_conn_close(c, text);
    if (s->closed)
        return;
    if (trouble == REDIS_DENIED)
        s->password_mono_s = 0; /* the command is asked again */
    loop_timer_start(s->retry, again ? 0 : next_delay(s, trouble), 0);
    s->told_down = !again;
    redis_tell(s, again ? SOURCE_CONNECTING : SOURCE_DOWN, text);
}

static void down(void *ctx, enum redis_trouble trouble, const char *text)
{
    struct redis_source *s = ctx;
    redis_enter(s);
    lost(s, trouble, text);
    redis_leave(s);
}

/* ---- What it is ---- */

static void got_info(void *ctx, const struct redis_answer *a)
{
    struct redis_source *s = ctx;
    if (a->value == NULL || s->closed)
        return;
    redis_enter(s);
    if (a->text != NULL || a->value->kind != REDIS_TEXT) {
        char text[900];
        snprintf(text, sizeof(text), "it does not tell what it is (INFO): %.800s",
                 a->text != NULL ? a->text : "no text came");
        lost(s, REDIS_DENIED, text);
    } else {
        struct info info;
        info_read(&info, a->value->text, a->value->len);
        s->rtt_ms = (a->end_s - a->start_s) * 1000;
        s->up = true;
        s->up_mono_s = loop_mono_s();
        s->backoff_s = 0;
        s->told_down = false;
        redis_know(s, &info);
        info_done(&info);
        redis_tell(s, SOURCE_UP, NULL);
    }
    redis_leave(s);
}

static void up(void *ctx)
{
    struct redis_source *s = ctx;
    redis_conn_send(s->conn, &(struct redis_command){.words = (const char *const[]){"INFO"},
                                                     .n = 1,
                                                     .timeout_s = REDIS_TIMEOUT_S,
                                                     .done = got_info,
                                                     .ctx = s});
}

/* ---- Attempts ---- */

static void open_conn(struct redis_source *s)
{
    if (s->conn == NULL && !s->closed)
        s->conn = redis_conn_open(s->loop, &s->place, redis_link_password(s), connect_s(s),
                                  (struct redis_handler){s, up, down});
}

static void got_password(void *ctx, const char *password, const char *error)
{
    struct redis_source *s = ctx;
    s->asking = NULL;
    if (password != NULL) {
        free(s->password);
        s->password = mem_dup(password);
        s->password_mono_s = loop_mono_s();
        open_conn(s);
        return;
    }
    redis_enter(s);
    lost(s, REDIS_DENIED, error);
    redis_leave(s);
}

/* A password from a prompt is the user's last word; else the command is asked, whose answers may be
 * short-lived. */
static void on_retry(void *ctx)
{
    struct redis_source *s = ctx;
    bool fresh = s->password_mono_s > 0 && loop_mono_s() - s->password_mono_s < PASSWORD_KEPT_S;
    if (s->asking != NULL)
        return;
    if (s->config.password == NULL && s->config.password_command != NULL && !fresh)
        s->asking =
            command_run(s->loop, s->config.password_command, "password_command", PASSWORD_S, got_password, s);
    else
        open_conn(s);
    if (!s->told_down && s->up_mono_s <= 0) {
        redis_enter(s);
        redis_tell(s, SOURCE_CONNECTING, NULL);
        redis_leave(s);
    }
}

void redis_link_start(struct redis_source *s)
{
    s->retry = loop_timer_new(s->loop, on_retry, s);
    loop_timer_start(s->retry, 0, 0);
}

void redis_link_stop(struct redis_source *s)
{
    struct redis_conn *c = s->conn;
    s->conn = NULL;
    s->up = false;
    loop_timer_stop(s->retry);
    command_forget(s->asking);
    s->asking = NULL;
    redis_conn_close(c, "closed");
}

void redis_link_done(struct redis_source *s)
{
    loop_timer_free(s->retry);
    free(s->password);
}
