/* PgBouncer's console as a product: a target is opened, polled for what is due, and closed. */
#include <math.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include "collectors/pgbouncer/inside.h"
#include "core/mem.h"

#define COLLECTOR(name) extern const struct bouncer_collector bouncer_set_##name;
#include "collectors/pgbouncer_collectors.def"
#undef COLLECTOR

const struct bouncer_collector *const bouncer_collectors[] = {
#define COLLECTOR(name) &bouncer_set_##name,
#include "collectors/pgbouncer_collectors.def"
#undef COLLECTOR
    NULL};

static bool serves(const char *url)
{
    return strncmp(url, "pgbouncer://", strlen("pgbouncer://")) == 0;
}

static bool check(const struct target_config *config, const char **key, struct err *err)
{
    struct conn_info *info = bouncer_url_parse(config->url, err);
    (void)key; /* it is the URL */
    conn_info_free(info);
    return info != NULL;
}

static const struct dataset *dataset(int i)
{
    return bouncer_collectors[i] == NULL ? NULL : bouncer_collectors[i]->dataset;
}

static const struct column_source *sources(int i)
{
    return bouncer_collectors[i]->sources;
}

/* ---- Life ---- */

static void destroy(struct bouncer_source *s)
{
    conn_close(s->conn);
    keep_done(&s->keep);
    bouncer_polls_forget(s);
    loop_timer_free(s->turn);
    loop_timer_free(s->second);
    peaks_free(s->peaks);
    conn_info_free(s->info);
    target_config_done(&s->config);
    free(s);
}

void bouncer_enter(struct bouncer_source *s)
{
    s->depth++;
}

bool bouncer_leave(struct bouncer_source *s)
{
    if (--s->depth > 0 || !s->closed)
        return true;
    destroy(s);
    return false;
}

static void on_turn(void *ctx)
{
    struct bouncer_source *s = ctx;
    bouncer_enter(s);
    bouncer_polls_deliver(s);
    bouncer_leave(s);
}

void bouncer_tell(struct bouncer_source *s, enum source_state state, const char *error)
{
    if (s->closed)
        return;
    struct text place;
    text_init(&place, 400);
    conn_place(s->conn, s->info, &place);
    struct source_status status = {.state = state,
                                   .error = error,
                                   .product = "PgBouncer",
                                   .version = s->version[0] != '\0' ? s->version : NULL,
                                   .role = "pooler",
                                   .place = text_str(&place),
                                   .rtt_ms = state == SOURCE_UP ? s->rtt_ms : NAN,
                                   .started_s = NAN};
    s->host.status(s->host.ctx, &status);
    text_done(&place);
}

static struct source *open_source(struct loop *loop, const struct target_config *config,
                                  struct source_host host, struct err *err)
{
    struct conn_info *info = bouncer_url_parse(config->url, err);
    if (info == NULL)
        return NULL;
    struct bouncer_source *s = mem_new(sizeof(*s));
    *s = (struct bouncer_source){.loop = loop,
                                 .host = host,
                                 .info = info,
                                 .rtt_ms = NAN,
                                 .max_clients = NAN,
                                 .pools_mono_s = -HUGE_VAL};
    target_config_copy(&s->config, config);
    s->turn = loop_timer_new(loop, on_turn, s);
    s->peaks = peaks_new();
    console_start(s);
    return (struct source *)s;
}

static void close_source(struct source *source)
{
    struct bouncer_source *s = (struct bouncer_source *)source;
    bouncer_acts_close(s);
    s->closed = true;
    bouncer_enter(s);
    keep_stop(&s->keep);
    console_close(s, "closed");
    loop_timer_stop(s->turn);
    loop_timer_stop(s->second);
    bouncer_leave(s);
}

/* ---- Polling ---- */

static void pinged(void *ctx, const struct conn_answer *a)
{
    struct bouncer_source *s = ctx;
    conn_rows_free(a->rows);
    if (a->text != NULL || s->closed)
        return;
    s->rtt_ms = a->elapsed_s * 1000;
    if (s->keep.up)
        bouncer_tell(s, SOURCE_UP, NULL);
}

static void poll(struct source *source, const struct dataset *const *due, int n)
{
    struct bouncer_source *s = (struct bouncer_source *)source;
    bouncer_enter(s);
    s->polling = true;
    if (s->keep.up)
        conn_send(s->conn,
                  &(struct conn_query){
                      .sql = "SHOW VERSION", .timeout_s = CONSOLE_TIMEOUT_S, .ctx = s, .done = pinged});
    for (int i = 0; i < n; i++)
        bouncer_poll_start(s, due[i]);
    s->polling = false;
    bouncer_leave(s);
}

static const char *const keys[] = {"connect_timeout", "password_command", NULL};

const struct product bouncer_product = {
    .name = "PgBouncer",
    .urls = "pgbouncer://ROLE@HOST:6432 (its admin console)",
    .hints = "  - the console's address and role: pgbouncer://ROLE@HOST:6432, or "
             "pgbouncer://ROLE@/?host=DIRECTORY of its unix socket\n"
             "  - whether it answers anybody: psql -h HOST -p 6432 -U ROLE pgbouncer -c 'SHOW VERSION'\n",
    .lacks = "PgBouncer has no such dataset",
    .keys = keys,
    .check = check,
    .serves = serves,
    .open = open_source,
    .poll = poll,
    .dataset = dataset,
    .sources = sources,
    .act = bouncer_act_start,
    .act_cancel = bouncer_act_cancel,
    .act_forget = bouncer_act_forget,
    .close = close_source,
};
