/* The two lanes of a target: how their connections are opened, settled, lost and opened again, for ever. */
#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "collectors/pg/inside.h"
#include "core/mem.h"

static const double SYN_S = 3, ANSWER_S = 10;
static const double BACKOFF_S = 0.5, BACKOFF_MAX_S = 30, SOON_S = 0.5;
static const double LASTED_S = 1; /* a connection that was up for less is not made again at once: that would have no end */
static const double PASSWORD_KEPT_S = 60;
static const double SLOT_RETRY_S = 60; /* each refusal is a line in the server's log */

static double jitter(double s)
{
    return s * (0.75 + 0.5 * (double)(random() % 1000) / 1000);
}

/* ---- Opening ---- */

static void open_fast(struct pg_source *s);

void lane_settle(struct lane *l)
{
    if (!l->source->pooled)
        lane_send(l, &(struct conn_query){.sql = "SELECT pg_catalog.set_config('search_path', 'pg_catalog', false),"
                                                 " pg_catalog.set_config('application_name', 'dbvitals', false)",
                                          .timeout_s = l->timeout_s});
}

static double connect_timeout(const struct pg_source *s)
{
    const char *given = conn_info_get(s->info, "connect_timeout");
    double seconds = given == NULL ? 0 : strtod(given, NULL);
    if (seconds <= 0)
        seconds = s->config.connect_timeout_s;
    return seconds > 0 ? fmax(seconds, 2) : SYN_S;
}

static struct conn *open_conn(struct lane *l, const struct conn_info *place, struct conn_handler handler)
{
    struct pg_source *s = l->source;
    struct conn_info *info = conn_info_copy(place);
    lane_add_standards(info, s->pooled, !s->pooled && l != &s->fast, l->timeout_s);
    struct conn_options options = {
        .password = s->password != NULL ? s->password : s->config.password,
        .syn_s = connect_timeout(s),
        .answer_s = fmax(ANSWER_S, connect_timeout(s)),
        .pooled = s->pooled,
        .first_host = l == &s->fast ? s->first_host : 0,
    };
    struct conn *c = conn_open(s->loop, info, &options, handler);
    conn_info_free(info);
    return c;
}

/* ---- The fast lane ---- */

static void retry_after(struct pg_source *s, double delay_s)
{
    if (!s->closed)
        loop_timer_start(s->retry, delay_s, 0);
}

static void fast_up(void *ctx)
{
    struct pg_source *s = ctx;
    int version = conn_server_version(s->fast.conn);
    source_enter(s);
    if (version == 0 || version >= OLDEST_VERSION) {
        facts_ask(s);
    } else {
        char text[120];
        snprintf(text, sizeof(text), "PostgreSQL %d is not supported; 14 to 18 are", version / 10000);
        lane_refuse(s, text);
    }
    source_leave(s);
}

/* Ends what hangs on the fast lane's connection: the other lanes may be at another server than the next one.
 */
static void leave_server(struct pg_source *s, const char *text)
{
    s->up = s->one_lane = false;
    s->full[0] = '\0';
    cluster_stop(s, text);
    lane_close(&s->slow, text);
    lane_close(&s->fast, text);
    facts_forget(s);
    s->slow.next_try_mono_s = 0;
}

static double next_delay(struct pg_source *s, enum conn_trouble trouble)
{
    if (trouble == CONN_HUNG || trouble == CONN_OPTIONS)
        return 0;
    if (trouble == CONN_REFUSED)
        return SOON_S + 0.4 * (jitter(1) - 0.5);
    double delay = s->backoff_s > 0 ? s->backoff_s : BACKOFF_S;
    s->backoff_s = fmin(delay * 2, BACKOFF_MAX_S);
    return fmin(jitter(delay), BACKOFF_MAX_S);
}

/* An attempt that hangs is told as one at the start is. */
static void tell_connecting(struct pg_source *s, const char *error)
{
    loop_timer_start(s->patience, connect_timeout(s), 0);
    source_tell(s, SOURCE_CONNECTING, error);
}

static void fast_down(void *ctx, enum conn_trouble trouble, const char *text)
{
    struct pg_source *s = ctx;
    source_enter(s);
    if (s->pooled && strstr(text, "statement pooling mode") != NULL) {
        text = "PgBouncer has pool_mode = statement here and refuses the transaction that keeps our settings "
               "from staying behind: "
               "connect to PostgreSQL itself, or through a database with pool_mode = transaction";
        trouble = CONN_DENIED;
    }
    if (trouble == CONN_HUNG && !s->up)
        s->first_host = conn_host_index(s->fast.conn) + 1;
    bool again = trouble == CONN_LOST && s->up && loop_mono_s() - s->up_mono_s > LASTED_S;
    leave_server(s, text);
    bool pooler = trouble == CONN_OPTIONS && !s->pooled;
    s->pooled = pooler;
    if (pooler)
        s->via = strstr(text, "unsupported startup parameter") != NULL ? "PgBouncer" : "a pooler";
    if (trouble == CONN_DENIED)
        s->password_mono_s = 0; /* the command is asked again */
    retry_after(s, again ? 0 : next_delay(s, trouble));
    if (again) /* connections are lost without their servers: whether this one is down the next attempt tells */
        tell_connecting(s, text);
    else if (!pooler)
        source_tell(s, SOURCE_DOWN, text);
    source_leave(s);
}

void lane_refuse(struct pg_source *s, const char *text)
{
    leave_server(s, text);
    s->pooled = false;
    retry_after(s, next_delay(s, CONN_DENIED));
    source_tell(s, SOURCE_DOWN, text);
}

void lane_reopen_pooled(struct pg_source *s)
{
    leave_server(s, "a pooler stands between: connecting again without settings that would stay behind");
    s->pooled = true;
    s->via = "a pooler";
    retry_after(s, 0);
}

static void got_password(void *ctx, const char *password, const char *error)
{
    struct pg_source *s = ctx;
    source_enter(s);
    s->asking_password = NULL;
    if (password == NULL) {
        retry_after(s, next_delay(s, CONN_DENIED));
        source_tell(s, SOURCE_DOWN, error);
    } else {
        free(s->password);
        s->password = mem_dup(password);
        s->password_mono_s = loop_mono_s();
        open_fast(s);
    }
    source_leave(s);
}

/* A password typed at a prompt is the user's last word; else the command is asked, whose answers may be
 * short-lived tokens. */
static void open_fast(struct pg_source *s)
{
    bool fresh = s->password_mono_s > 0 && loop_mono_s() - s->password_mono_s < PASSWORD_KEPT_S;
    if (s->config.password == NULL && s->config.password_command != NULL && !fresh) {
        s->asking_password = command_run(s->loop, s->config.password_command, "password_command",
                                         ANSWER_S, got_password, s);
        return;
    }
    s->fast.conn =
        open_conn(&s->fast, s->info, (struct conn_handler){.ctx = s, .up = fast_up, .down = fast_down});
}

static void on_retry(void *ctx)
{
    struct pg_source *s = ctx;
    source_enter(s);
    if (s->fast.conn == NULL && s->asking_password == NULL)
        open_fast(s);
    source_leave(s);
}

static void on_patience(void *ctx)
{
    struct pg_source *s = ctx;
    source_enter(s);
    if (!s->up && !s->told_down) {
        char text[100];
        snprintf(text, sizeof(text), "no answer within %.3g s", connect_timeout(s));
        source_tell(s, SOURCE_DOWN, text);
    }
    source_leave(s);
}

static void on_start(void *ctx)
{
    struct pg_source *s = ctx;
    loop_timer_free(s->retry);
    s->retry = loop_timer_new(s->loop, on_retry, s);
    source_enter(s);
    tell_connecting(s, NULL);
    if (!s->closed)
        open_fast(s);
    source_leave(s);
}

void lane_start(struct pg_source *s)
{
    s->retry = loop_timer_new(s->loop, on_start, s);
    s->patience = loop_timer_new(s->loop, on_patience, s);
    loop_timer_start(s->retry, 0, 0);
}

/* ---- Lanes opened on demand ---- */

static void slow_up(void *ctx)
{
    struct lane *l = ctx;
    struct pg_source *s = l->source;
    l->backoff_s = 0;
    l->error[0] = '\0';
    if (l != &s->slow || s->full[0] == '\0')
        return;
    source_enter(s);
    s->one_lane = false;
    s->full[0] = '\0';
    source_tell(s, SOURCE_UP, NULL);
    source_leave(s);
}

/* There is no slot for a second connection: better late on the first one than never. */
static void share_fast(struct pg_source *s, const char *text)
{
    snprintf(s->full, sizeof(s->full), "no second connection (%.300s): all shares the one there is, and is later for it", text);
    source_enter(s);
    s->one_lane = true;
    s->slow.next_try_mono_s = loop_mono_s() + jitter(SLOT_RETRY_S);
    source_tell(s, SOURCE_UP, NULL);
    source_leave(s);
}

static void slow_down(void *ctx, enum conn_trouble trouble, const char *text)
{
    struct lane *l = ctx;
    bool was_open = trouble == CONN_LOST && l->backoff_s == 0;
    struct pg_source *s = l->source;
    if (l == &s->slow && s->pooled && trouble == CONN_HUNG && !l->answered)
        s->one_lane = true; /* a session pool of one connection, and that is our fast lane's */
    l->answered = false;
    snprintf(l->error, sizeof(l->error), "%s", text);
    l->backoff_s = was_open ? BACKOFF_S : fmin(fmax(l->backoff_s * 2, 1), BACKOFF_MAX_S);
    l->next_try_mono_s = loop_mono_s() + jitter(l->backoff_s);
    conn_close(l->conn);
    l->conn = NULL;
    if (l == &s->slow && trouble == CONN_FULL && s->up)
        share_fast(s, text);
}

static bool open_slow(struct lane *l)
{
    if (!l->source->up || loop_mono_s() < l->next_try_mono_s)
        return false;
    struct conn_info *place =
        l->info != NULL ? conn_info_copy(l->info) : conn_same_place(l->source->fast.conn);
    conn_info_set(place, "options", conn_info_get(l->source->info, "options"));
    l->conn = open_conn(l, place, (struct conn_handler){.ctx = l, .up = slow_up, .down = slow_down});
    conn_info_free(place);
    lane_settle(l);
    return true;
}

double pg_own_xacts(const struct pg_poll *p)
{
    return p->source->own_xacts;
}

void lane_ask_for_slot(struct pg_source *s)
{
    if (s->full[0] != '\0' && s->slow.conn == NULL)
        open_slow(&s->slow);
}

bool lane_send(struct lane *l, const struct conn_query *q)
{
    l->used_mono_s = loop_mono_s();
    if (l->conn == NULL && (l == &l->source->fast || !open_slow(l))) {
        if (l->error[0] == '\0')
            snprintf(l->error, sizeof(l->error), "not connected");
        return false;
    }
    struct text tagged;
    text_init(&tagged, 1 << 21);
    struct conn_query copy = *q;
    if (q->sql != NULL) {
        size_t word = strcspn(q->sql, " \n");
        text_add_n(&tagged, q->sql, word);
        text_add(&tagged, " " PG_TAG);
        text_add(&tagged, q->sql + word);
        copy.sql = text_str(&tagged);
        l->source->own_xacts++;
    }
    conn_send(l->conn, &copy);
    text_done(&tagged);
    return true;
}

void lane_close(struct lane *l, const char *text)
{
    struct conn *c = l->conn;
    l->conn = NULL;
    conn_give_up(c, text);
    conn_close(c);
}

void lane_close_idle(struct lane *l, double idle_s)
{
    if (l->conn != NULL && conn_outstanding(l->conn) == 0 && loop_mono_s() - l->used_mono_s > idle_s)
        lane_close(l, "idle");
}
