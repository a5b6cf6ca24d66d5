/* PostgreSQL as a product: a target is opened, polled for what is due, and closed. */
#include "collectors/pg/pg.h"

#include <math.h>
#include <stdlib.h>
#include <string.h>

#include "collectors/pg/inside.h"
#include "core/mem.h"

#define COLLECTOR(name) extern const struct pg_collector pg_##name;
#include "collectors/pg_collectors.def"
#undef COLLECTOR

const struct pg_collector *const pg_collectors[] = {
#define COLLECTOR(name) &pg_##name,
#include "collectors/pg_collectors.def"
#undef COLLECTOR
    NULL};

static const double SLOW_IDLE_S = 300; /* a second connection that nobody asked for this long is given back */
static const double FACTS_S = 15, FACTS_POOLED_S = 5;
static const double ROLE_S = 0.9; /* at each refresh of a second, which may come a little early */

static bool starts(const char *s, const char *prefix)
{
    return strncmp(s, prefix, strlen(prefix)) == 0;
}

/* URLs of libpq, conninfo strings, bare names of databases. */
static bool serves(const char *url)
{
    if (starts(url, "postgresql://") || starts(url, "postgres://"))
        return true;
    size_t word = strcspn(url, ":=");
    return url[word] != ':';
}

static const struct dataset *dataset(int i)
{
    _Static_assert(sizeof(pg_collectors) / sizeof(pg_collectors[0]) <= MAX_COLLECTORS + 1UL,
                   "a source has room for the state of each collector");
    return pg_collectors[i] == NULL ? NULL : pg_collectors[i]->dataset;
}

static const struct column_source *sources(int i)
{
    return pg_collectors[i]->sources;
}

/* ---- One turn of the loop ---- */

static void destroy(struct pg_source *s)
{
    cluster_free(s);
    conn_close(s->fast.conn);
    conn_close(s->slow.conn);
    decode_forget(s);
    work_forget(s);
    poll_forget_all(s);
    for (int i = 0; pg_collectors[i] != NULL; i++) {
        if (s->states[i] != NULL && pg_collectors[i]->state_done != NULL)
            pg_collectors[i]->state_done(s->states[i]);
        free(s->states[i]);
        free(s->made[i].sql);
    }
    facts_forget(s);
    keep_done(&s->keep);
    loop_timer_free(s->turn);
    conn_info_free(s->info);
    target_config_done(&s->config);
    free(s->place);
    free(s);
}

void source_enter(struct pg_source *s)
{
    s->depth++;
}

bool source_leave(struct pg_source *s)
{
    if (--s->depth > 0 || !s->closed)
        return true;
    destroy(s);
    return false;
}

void source_next_turn(struct pg_source *s)
{
    if (!s->closed)
        loop_timer_start(s->turn, 0, 0);
}

static void on_turn(void *ctx)
{
    struct pg_source *s = ctx;
    source_enter(s);
    poll_answer_orphans(s);
    poll_deliver_waiting(s);
    cluster_turn(s);
    if (decode_on(s))
        source_next_turn(s);
    source_leave(s);
}

void source_tell(struct pg_source *s, enum source_state state, const char *error)
{
    if (s->closed)
        return;
    struct text place;
    text_init(&place, 400);
    conn_place(s->fast.conn, s->info, &place);
    struct source_status status = {
        .state = state,
        .error = error != NULL        ? error
                 : state != SOURCE_UP ? NULL
                 : s->full[0] != '\0' ? s->full
                                      : s->remark,
        .product = "PostgreSQL",
        .version = s->has_facts ? s->facts.version_text : NULL,
        .role = !s->has_facts      ? NULL
                : s->facts.standby ? "standby"
                                   : "primary",
        .place = text_str(&place),
        .via = s->pooled ? s->via : NULL,
        .server_id = s->has_facts && s->facts.server_id[0] != '\0' ? s->facts.server_id : NULL,
        .rtt_ms = state == SOURCE_UP ? s->rtt_ms : NAN,
        .started_s = s->has_facts ? s->facts.started_s : NAN,
    };
    s->host.status(s->host.ctx, &status);
    text_done(&place);
}

/* ---- Opening and closing ---- */

static bool check(const struct target_config *config, const char **key, struct err *err)
{
    struct conn_info *info = conn_info_parse(config->url, err);
    (void)key; /* it is the URL */
    conn_info_free(info);
    return info != NULL;
}

static struct source *open_source(struct loop *loop, const struct target_config *config,
                                  struct source_host host, struct err *err)
{
    struct conn_info *info = conn_info_parse(config->url, err);
    if (info == NULL)
        return NULL;
    struct pg_source *s = mem_new(sizeof(*s));
    *s = (struct pg_source){.loop = loop, .host = host, .info = info, .rtt_ms = NAN};
    target_config_copy(&s->config, config);
    s->turn = loop_timer_new(loop, on_turn, s);
    s->fast = (struct lane){.source = s, .name = "fast", .timeout_s = 1};
    s->slow = (struct lane){.source = s, .name = "slow", .timeout_s = 10};
    lane_start(s);
    return (struct source *)s;
}

static void close_source(struct source *source)
{
    struct pg_source *s = (struct pg_source *)source;
    s->closed = true;
    source_enter(s);
    keep_stop(&s->keep);
    cluster_stop(s, "closed");
    explain_free(s->explain);
    s->explain = NULL;
    acts_close(s);
    lane_close(&s->slow, "closed");
    lane_close(&s->fast, "closed");
    loop_timer_stop(s->turn);
    source_leave(s);
}

/* ---- Polling ---- */

static int collector_of(const struct dataset *d)
{
    for (int i = 0; pg_collectors[i] != NULL; i++)
        if (pg_collectors[i]->dataset == d)
            return i;
    return -1;
}

static const struct own_dataset *own_of(const struct pg_source *s, const struct dataset *d)
{
    for (int i = 0; i < s->config.n_own; i++)
        if (&s->config.own[i]->dataset == d)
            return s->config.own[i];
    return NULL;
}

static void poll_one(struct pg_source *s, const struct dataset *d)
{
    int index = collector_of(d);
    const struct pg_collector *c = index < 0 ? NULL : pg_collectors[index];
    bool fast = s->one_lane || (c != NULL && c->lane == PG_FAST);
    struct lane *lane = fast ? &s->fast : &s->slow;
    struct pg_poll *p = poll_new(s, d, c, index, lane);
    p->own = c == NULL ? own_of(s, d) : NULL;
    if (s->one_lane && (c == NULL || c->lane == PG_SLOW))
        p->cost.lane = POLL_SHARED;
    if (c == NULL && p->own == NULL)
        pg_poll_failed(p, FAILURE_ABSENT, "PostgreSQL does not have this dataset");
    else if (!s->keep.up)
        pg_poll_failed(p, FAILURE_LOST, "not connected");
    else if (c != NULL && c->per_database && s->config.all_databases && !s->one_lane)
        cluster_add(s, p);
    else
        poll_start(p);
}

/* A role that is another than the facts say: all of them are asked again, and so the change is told. */
static void role_answered(void *ctx, const struct conn_answer *a)
{
    struct pg_source *s = ctx;
    source_enter(s);
    int len;
    const char *value = a->rows == NULL || conn_rows_n(a->rows) != 1 ? NULL : conn_rows_value(a->rows, 0, 0, &len);
    bool known = value != NULL && s->has_facts && !s->closed;
    if (known && (rows_real(conn_rows_type(a->rows, 0), value, len) == 1) != s->facts.standby)
        facts_ask(s);
    conn_rows_free(a->rows);
    source_leave(s);
}

/* A promotion loses no connection, so it is asked for, whatever page is open. */
static void ask_role(struct pg_source *s)
{
    double now = loop_mono_s();
    if (now - s->role_mono_s < ROLE_S)
        return;
    s->role_mono_s = now;
    struct text local;
    text_init(&local, 2000);
    struct conn_query q = {.sql = "select pg_catalog.pg_is_in_recovery()",
                           .local = lane_local(&s->fast, false, s->fast.timeout_s, &local),
                           .timeout_s = s->fast.timeout_s,
                           .ctx = s,
                           .done = role_answered};
    lane_send(&s->fast, &q);
    text_done(&local);
}

static void pinged(void *ctx, const struct conn_answer *a)
{
    struct pg_source *s = ctx;
    if (a->text != NULL || s->closed)
        return;
    s->rtt_ms = a->elapsed_s * 1000;
    if (s->keep.up)
        source_tell(s, SOURCE_UP, NULL);
}

static void poll(struct source *source, const struct dataset *const *due, int n)
{
    struct pg_source *s = (struct pg_source *)source;
    source_enter(s);
    s->polling = true;
    /* The round trip is that of a bare Sync. Through a pooler that would take a server connection: there the
     * queries tell it. */
    if (s->keep.up && !s->pooled && conn_outstanding(s->fast.conn) == 0)
        lane_send(&s->fast, &(struct conn_query){.timeout_s = s->fast.timeout_s, .ctx = s, .done = pinged});
    for (int i = 0; i < n; i++)
        poll_one(s, due[i]);
    if (s->keep.up)
        ask_role(s);
    if (s->keep.up && loop_mono_s() - s->facts_mono_s > (s->pooled ? FACTS_POOLED_S : FACTS_S))
        facts_ask(s);
    lane_ask_for_slot(s);
    lane_close_idle(&s->slow, SLOW_IDLE_S);
    s->polling = false;
    source_leave(s);
}

static bool explain(struct source *source, const char *database, const char *sql, source_explain_fn *fn, void *ctx, struct err *err)
{
    return explain_start((struct pg_source *)source, database, sql, fn, ctx, err);
}

static struct act *act(struct source *source, const struct act_order *order, struct act_host host, struct err *err)
{
    return act_start((struct pg_source *)source, order, host, err);
}

static const char *const keys[] = {"all_databases", "connect_timeout", "jobs", "migrations", "password_command", NULL};

const struct product pg_product = {
    .name = "PostgreSQL",
    .urls = "postgresql://ROLE@HOST/DATABASE, a conninfo string, service=NAME, or a database name",
    .hints = "  - the server's address and role: dbvitals -h HOST -p PORT -U ROLE -d DATABASE, or postgresql://ROLE@HOST:PORT/DATABASE\n"
             "  - whether it answers anybody: psql with the same words, or pg_isready -h HOST -p PORT\n"
             "  - where its password comes from: PGPASSWORD, ~/.pgpass, password_command of its [target]\n",
    .lacks = "PostgreSQL has no such dataset",
    .keys = keys,
    .check = check,
    .serves = serves,
    .open = open_source,
    .poll = poll,
    .dataset = dataset,
    .sources = sources,
    .explain = explain,
    .act = act,
    .act_cancel = act_cancel,
    .act_forget = act_forget,
    .close = close_source,
};
