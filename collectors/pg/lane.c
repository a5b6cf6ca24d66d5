/* The two lanes of a target: how their connections are opened, settled, lost and opened again, for ever. */
#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "collectors/pg/inside.h"
#include "core/mem.h"

static const double SLOT_RETRY_S = 60; /* each refusal is a line in the server's log */

/* ---- Opening ---- */

void lane_settle(struct lane *l)
{
    if (!l->source->pooled)
        lane_send(l, &(struct conn_query){.sql = "SELECT pg_catalog.set_config('search_path', 'pg_catalog', false),"
                                                 " pg_catalog.set_config('application_name', 'dbvitals', false)",
                                          .timeout_s = l->timeout_s});
}

static struct conn *open_conn(struct lane *l, const struct conn_info *place, struct conn_handler handler)
{
    struct pg_source *s = l->source;
    struct conn_info *info = conn_info_copy(place);
    lane_add_standards(info, s->pooled, !s->pooled && l != &s->fast, l->timeout_s);
    struct conn_options options = keep_options(&s->keep);
    options.pooled = s->pooled;
    if (l != &s->fast)
        options.first_host = 0;
    struct conn *c = conn_open(s->loop, info, &options, handler);
    conn_info_free(info);
    return c;
}

/* ---- The fast lane ---- */

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
    keep_down(&s->keep);
    s->one_lane = false;
    s->full[0] = '\0';
    cluster_stop(s, text);
    lane_close(&s->slow, text);
    lane_close(&s->fast, text);
    facts_forget(s);
    s->slow.next_try_mono_s = 0;
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
    int host = conn_host_index(s->fast.conn);
    leave_server(s, text);
    bool pooler = trouble == CONN_OPTIONS && !s->pooled;
    s->pooled = pooler;
    if (pooler)
        s->via = strstr(text, "unsupported startup parameter") != NULL ? "PgBouncer" : "a pooler";
    keep_lost(&s->keep, trouble, host, pooler ? NULL : text);
    source_leave(s);
}

void lane_refuse(struct pg_source *s, const char *text)
{
    leave_server(s, text);
    s->pooled = false;
    keep_lost(&s->keep, CONN_DENIED, 0, text);
}

void lane_reopen_pooled(struct pg_source *s)
{
    leave_server(s, "a pooler stands between: connecting again without settings that would stay behind");
    s->pooled = true;
    s->via = "a pooler";
    keep_lost(&s->keep, CONN_OPTIONS, 0, NULL);
}

static void open_fast(void *ctx)
{
    struct pg_source *s = ctx;
    if (s->fast.conn == NULL)
        s->fast.conn = open_conn(&s->fast, s->info, (struct conn_handler){.ctx = s, .up = fast_up, .down = fast_down});
}

static void tell(void *ctx, enum source_state state, const char *error)
{
    struct pg_source *s = ctx;
    source_enter(s);
    source_tell(s, state, error);
    source_leave(s);
}

void lane_start(struct pg_source *s)
{
    keep_init(&s->keep, s->loop, &s->config, s->info, (struct keep_host){.ctx = s, .open = open_fast, .tell = tell});
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
    s->slow.next_try_mono_s = loop_mono_s() + keep_jitter(SLOT_RETRY_S);
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
    l->backoff_s = was_open ? KEEP_BACKOFF_S : fmin(fmax(l->backoff_s * 2, 1), KEEP_BACKOFF_MAX_S);
    l->next_try_mono_s = loop_mono_s() + keep_jitter(l->backoff_s);
    conn_close(l->conn);
    l->conn = NULL;
    if (l == &s->slow && trouble == CONN_FULL && s->keep.up)
        share_fast(s, text);
}

static bool open_slow(struct lane *l)
{
    if (!l->source->keep.up || loop_mono_s() < l->next_try_mono_s)
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
