/* Redis, and what speaks like it, as a product: a target is opened, polled for what is due, and closed. */
#include <math.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "collectors/redis/inside.h"
#include "core/mem.h"
#include "core/utf8.h"

#define COLLECTOR(name) extern const struct redis_collector redis_set_##name;
#include "collectors/redis_collectors.def"
#undef COLLECTOR

const struct redis_collector *const redis_collectors[] = {
#define COLLECTOR(name) &redis_set_##name,
#include "collectors/redis_collectors.def"
#undef COLLECTOR
    NULL};

static bool check(const struct target_config *config, const char **key, struct err *err)
{
    struct redis_place place;
    if (!redis_conn_built())
        return fail(err, "this dbvitals was built without redis: build it with hiredis (libhiredis-dev)");
    if (!redis_place_read(&place, config->url, err))
        return false;
    redis_place_done(&place);
    return target_config_check_file(config, "ca_file", key, err);
}

static const struct dataset *dataset(int i)
{
    return redis_collectors[i] == NULL ? NULL : redis_collectors[i]->dataset;
}

static const struct column_source *sources(int i)
{
    return redis_collectors[i]->sources;
}

/* ---- What it is ---- */

static void take_word(const struct info *info, const char *key, char *out, size_t size)
{
    const struct info_field *f = info_find(info, key);
    struct text valid, clean;
    text_init(&valid, size);
    text_init(&clean, size - 1);
    if (f != NULL)
        utf8_mend(&valid, f->value, f->len < size ? f->len : size - 1);
    utf8_clean(&clean, text_str(&valid), false);
    snprintf(out, size, "%s", text_str(&clean));
    text_done(&valid);
    text_done(&clean);
}

/* Those that are like Redis say so in fields of their own. */
static void take_product(struct redis_facts *f, const struct info *info)
{
    static const struct {
        const char *field, *name;
    } others[] = {{"valkey_version", "Valkey"}, {"dragonfly_version", "Dragonfly"}, {"mvcc_depth", "KeyDB"}};
    snprintf(f->product, sizeof(f->product), "Redis");
    take_word(info, "redis_version", f->version, sizeof(f->version));
    for (size_t i = 0; i < sizeof(others) / sizeof(others[0]); i++)
        if (info_find(info, others[i].field) != NULL) {
            snprintf(f->product, sizeof(f->product), "%s", others[i].name);
            if (strstr(others[i].field, "version") != NULL)
                take_word(info, others[i].field, f->version, sizeof(f->version));
        }
}

static void take_role(struct redis_facts *f, const struct info *info)
{
    snprintf(f->role, sizeof(f->role), "%s",
             info_is(info, "redis_mode", "sentinel") ? "sentinel"
             : info_is(info, "role", "slave")        ? "replica"
                                                     : "primary");
}

/* True if its counters begin anew. The one of commands rises with each INFO. */
static bool take_commands(struct redis_facts *f, const struct info *info)
{
    double commands = info_number(info, "total_commands_processed");
    bool reset = commands < f->commands;
    f->resets += reset;
    f->commands = isnan(commands) ? f->commands : commands;
    return reset;
}

static uint64_t epoch_of(const struct redis_facts *f)
{
    uint64_t epoch = epoch_add(EPOCH_START, f->run_id, strlen(f->run_id));
    return epoch_add(epoch, &f->resets, sizeof(f->resets));
}

void redis_know(struct redis_source *s, const struct info *info)
{
    struct redis_facts *f = &s->facts;
    char run_id[sizeof(f->run_id)];
    take_word(info, "run_id", run_id, sizeof(run_id));
    f->clients = info_number(info, "connected_clients");
    take_role(f, info);
    bool reset = take_commands(f, info);
    if (f->version[0] != '\0' && strcmp(run_id, f->run_id) == 0) {
        s->epoch = reset ? epoch_of(f) : s->epoch;
        return;
    }
    *f = (struct redis_facts){.clients = f->clients, .commands = f->commands, .resets = f->resets};
    memcpy(f->run_id, run_id, sizeof(f->run_id));
    take_role(f, info);
    take_product(f, info);
    f->started_s = floor(loop_wall_s() - info_number(info, "uptime_in_seconds"));
    s->epoch = epoch_of(f);
}

void redis_tell(struct redis_source *s, enum source_state state, const char *error)
{
    struct text place;
    if (s->closed)
        return;
    text_init(&place, 400);
    redis_place_text(&s->place, &place);
    const struct redis_facts *f = &s->facts;
    const struct source_status status = {.state = state,
                                         .error = error,
                                         .product = "Redis",
                                         .version = f->version[0] != '\0' ? f->version : NULL,
                                         .role = f->role[0] != '\0' ? f->role : NULL,
                                         .place = text_str(&place),
                                         .server_id = f->run_id[0] != '\0' ? f->run_id : NULL,
                                         .rtt_ms = state == SOURCE_UP ? s->rtt_ms : NAN,
                                         .started_s = f->version[0] != '\0' ? f->started_s : NAN};
    s->host.status(s->host.ctx, &status);
    text_done(&place);
}

/* ---- Life ---- */

static void destroy(struct redis_source *s)
{
    redis_polls_forget(s);
    redis_link_done(s);
    loop_timer_free(s->turn);
    redis_place_done(&s->place);
    target_config_done(&s->config);
    free(s);
}

void redis_enter(struct redis_source *s)
{
    s->depth++;
}

bool redis_leave(struct redis_source *s)
{
    if (--s->depth > 0 || !s->closed)
        return true;
    destroy(s);
    return false;
}

static void on_turn(void *ctx)
{
    struct redis_source *s = ctx;
    redis_enter(s);
    redis_polls_deliver(s);
    redis_leave(s);
}

static struct source *open_source(struct loop *loop, const struct target_config *config,
                                  struct source_host host, struct err *err)
{
    struct redis_place place;
    if (!redis_place_read(&place, config->url, err))
        return NULL;
    struct redis_source *s = mem_new(sizeof(*s));
    *s = (struct redis_source){
        .loop = loop, .host = host, .place = place, .rtt_ms = NAN, .facts = {.started_s = NAN}};
    s->place.ca_file = mem_dup(target_config_word(config, "ca_file"));
    target_config_copy(&s->config, config);
    s->turn = loop_timer_new(loop, on_turn, s);
    redis_link_start(s);
    return (struct source *)s;
}

static void close_source(struct source *source)
{
    struct redis_source *s = (struct redis_source *)source;
    s->closed = true;
    redis_enter(s);
    redis_link_stop(s);
    loop_timer_stop(s->turn);
    redis_leave(s);
}

static void poll(struct source *source, const struct dataset *const *due, int n)
{
    struct redis_source *s = (struct redis_source *)source;
    redis_enter(s);
    s->polling = true;
    redis_poll_start(s, due, n);
    s->polling = false;
    redis_leave(s);
}

static const char *const keys[] = {"ca_file", "connect_timeout", "password_command", NULL};

const struct product redis_product = {
    .name = "Redis",
    .urls = "redis[s]://[USER:PASSWORD@]HOST:6379/0, redis:///SOCKET",
    .hints = "  - whether it answers anybody: redis-cli -h HOST -p 6379 PING\n"
             "  - its password: redis://USER:PASSWORD@HOST, or password_command in a [target] of the config\n"
             "  - TLS: rediss://HOST, with ca_file in the [target] for a certificate of your own\n",
    .lacks = "Redis has no such dataset",
    .serves = redis_serves,
    .keys = keys,
    .check = check,
    .open = open_source,
    .poll = poll,
    .dataset = dataset,
    .sources = sources,
    .act = redis_act,
    .act_cancel = redis_act_cancel,
    .act_forget = redis_act_forget,
    .close = close_source,
};
