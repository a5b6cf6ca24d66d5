/* A connection that comes back for ever: at once where it was open for a while, soon where nobody listens
 * yet, ever more rarely else. */
#include "collectors/libpq/keep.h"

#include <math.h>
#include <stdio.h>
#include <stdlib.h>

#include "core/mem.h"

static const double SYN_S = 3, ANSWER_S = 10, SOON_S = 0.5;
static const double LASTED_S =
    1; /* a connection that was up for less is not made again at once: that would have no end */
static const double PASSWORD_KEPT_S = 60;

double keep_jitter(double s)
{
    return s * (0.75 + 0.5 * (double)(random() % 1000) / 1000);
}

static double connect_timeout(const struct keep *k)
{
    const char *given = conn_info_get(k->info, "connect_timeout");
    double seconds = given == NULL ? 0 : strtod(given, NULL);
    if (seconds <= 0)
        seconds = k->config->connect_timeout_s;
    return seconds > 0 ? fmax(seconds, 2) : SYN_S;
}

const char *keep_password(const struct keep *k)
{
    return k->password != NULL ? k->password : k->config->password;
}

struct conn_options keep_options(const struct keep *k)
{
    return (struct conn_options){.password = keep_password(k),
                                 .syn_s = connect_timeout(k),
                                 .answer_s = fmax(ANSWER_S, connect_timeout(k)),
                                 .first_host = k->first_host};
}

static void standard(struct conn_info *info, const char *option, const char *value)
{
    if (conn_info_get(info, option) == NULL)
        conn_info_set(info, option, value);
}

void keep_add_standards(struct conn_info *info)
{
    standard(info, "gssencmode", "disable");
    standard(info, "keepalives", "1");
    standard(info, "keepalives_idle", "10");
    standard(info, "keepalives_interval", "5");
    standard(info, "keepalives_count", "3");
    standard(info, "tcp_user_timeout", "15000");
}

/* ---- Telling ---- */

static void tell(struct keep *k, enum source_state state, const char *error)
{
    k->told_down = state == SOURCE_DOWN;
    k->host.tell(k->host.ctx, state, error);
}

/* An attempt that hangs is told as one at the start is. */
static void tell_connecting(struct keep *k, const char *error)
{
    loop_timer_start(k->patience, connect_timeout(k), 0);
    tell(k, SOURCE_CONNECTING, error);
}

static void on_patience(void *ctx)
{
    struct keep *k = ctx;
    char text[100];
    if (k->up || k->told_down)
        return;
    snprintf(text, sizeof(text), "no answer within %.3g s", connect_timeout(k));
    tell(k, SOURCE_DOWN, text);
}

/* ---- Attempts ---- */

void keep_again(struct keep *k, double delay_s)
{
    if (!k->stopped)
        loop_timer_start(k->retry, delay_s, 0);
}

static double next_delay(struct keep *k, enum conn_trouble trouble)
{
    if (trouble == CONN_HUNG || trouble == CONN_OPTIONS)
        return 0;
    if (trouble == CONN_REFUSED)
        return SOON_S + 0.4 * (keep_jitter(1) - 0.5);
    double delay = k->backoff_s > 0 ? k->backoff_s : KEEP_BACKOFF_S;
    k->backoff_s = fmin(delay * 2, KEEP_BACKOFF_MAX_S);
    return fmin(keep_jitter(delay), KEEP_BACKOFF_MAX_S);
}

static void got_password(void *ctx, const char *password, const char *error)
{
    struct keep *k = ctx;
    k->asking = NULL;
    if (password == NULL) {
        keep_again(k, next_delay(k, CONN_DENIED));
        tell(k, SOURCE_DOWN, error);
        return;
    }
    free(k->password);
    k->password = mem_dup(password);
    k->password_mono_s = loop_mono_s();
    k->host.open(k->host.ctx);
}

/* A password typed at a prompt is the user's last word; else the command is asked, whose answers may be
 * short-lived tokens. */
static void attempt(struct keep *k)
{
    bool fresh = k->password_mono_s > 0 && loop_mono_s() - k->password_mono_s < PASSWORD_KEPT_S;
    if (k->config->password == NULL && k->config->password_command != NULL && !fresh)
        k->asking =
            command_run(k->loop, k->config->password_command, "password_command", ANSWER_S, got_password, k);
    else
        k->host.open(k->host.ctx);
}

static void on_retry(void *ctx)
{
    struct keep *k = ctx;
    bool first = !k->started;
    k->started = true;
    if (k->asking == NULL)
        attempt(k);
    if (first && !k->stopped)
        tell_connecting(k, NULL);
}

/* ---- What the owner says ---- */

void keep_init(struct keep *k, struct loop *loop, const struct target_config *config,
               const struct conn_info *info, struct keep_host host)
{
    *k = (struct keep){.loop = loop, .config = config, .info = info, .host = host};
    k->retry = loop_timer_new(loop, on_retry, k);
    k->patience = loop_timer_new(loop, on_patience, k);
    loop_timer_start(k->retry, 0, 0);
}

void keep_stop(struct keep *k)
{
    k->stopped = true;
    k->up = false;
    loop_timer_stop(k->retry);
    loop_timer_stop(k->patience);
    command_forget(k->asking);
    k->asking = NULL;
}

void keep_done(struct keep *k)
{
    command_forget(k->asking);
    loop_timer_free(k->retry);
    loop_timer_free(k->patience);
    free(k->password);
}

void keep_up(struct keep *k)
{
    k->backoff_s = 0;
    k->up = true;
    k->told_down = false;
    k->up_mono_s = loop_mono_s();
}

void keep_down(struct keep *k)
{
    if (k->up) {
        k->was_up = true;
        k->lasted = loop_mono_s() - k->up_mono_s > LASTED_S;
    }
    k->up = false;
}

void keep_lost(struct keep *k, enum conn_trouble trouble, int host, const char *text)
{
    keep_down(k);
    bool again = trouble == CONN_LOST && k->lasted;
    if (trouble == CONN_HUNG && !k->was_up)
        k->first_host = host + 1;
    if (trouble == CONN_DENIED)
        k->password_mono_s = 0; /* the command is asked again */
    k->was_up = k->lasted = false;
    keep_again(k, again ? 0 : next_delay(k, trouble));
    if (text == NULL || k->stopped)
        return;
    if (again) /* connections are lost without their servers: whether this one is down the next attempt tells
                */
        tell_connecting(k, text);
    else
        tell(k, SOURCE_DOWN, text);
}
