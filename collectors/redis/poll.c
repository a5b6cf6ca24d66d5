/* The datasets that are due: what they need is asked once for all of them, and each is made when the last of
 * its own answers is there. */
#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

#include "collectors/redis/inside.h"
#include "core/mem.h"
#include "core/utf8.h"

enum { MOST_CLIENTS = 2000, MOST_SHOWN = 1000 };

// clang-format off
static const struct {
    const char *words[4];
} questions[N_ASKS] = {
    [ASK_INFO]             = {{"INFO"}},
    [ASK_COMMANDS]         = {{"INFO", "commandstats"}},
    [ASK_LATENCIES]        = {{"INFO", "latencystats"}},
    [ASK_SLOWLOG]          = {{"SLOWLOG", "GET", "32"}},
    [ASK_CLIENTS]          = {{"CLIENT", "LIST"}},
    /* No pattern that a secret's name would fit: requirepass, masterauth, tls-key-file-pass. */
    [ASK_CONFIG_MEMORY]    = {{"CONFIG", "GET", "maxmemory*"}},
    [ASK_CONFIG_CLIENTS]   = {{"CONFIG", "GET", "maxclients"}},
    [ASK_CONFIG_TIMEOUT]   = {{"CONFIG", "GET", "timeout"}},
    [ASK_CONFIG_TCP]       = {{"CONFIG", "GET", "tcp-*"}},
    [ASK_CONFIG_DATABASES] = {{"CONFIG", "GET", "databases"}},
    [ASK_CONFIG_SAVE]      = {{"CONFIG", "GET", "save"}},
    [ASK_CONFIG_APPEND]    = {{"CONFIG", "GET", "append*"}},
    [ASK_CONFIG_SLOWLOG]   = {{"CONFIG", "GET", "slowlog-*"}},
    [ASK_CONFIG_LATENCY]   = {{"CONFIG", "GET", "latency-*"}},
    [ASK_CONFIG_LAZY]      = {{"CONFIG", "GET", "lazyfree-*"}},
    [ASK_CONFIG_REPLICAS]  = {{"CONFIG", "GET", "repl-*"}},
    [ASK_CONFIG_WRITES]    = {{"CONFIG", "GET", "stop-writes-*"}},
};
// clang-format on

struct redis_batch;
struct redis_poll {
    struct redis_poll *next;
    struct redis_batch *batch;
    const struct dataset *dataset;
    const struct redis_collector *collector; /* NULL: no dataset of Redis */
    unsigned waits;                          /* bits of what has not come yet */
};

struct redis_got {
    const struct redis_value *value; /* NULL: none, or an error */
    struct arena *arena;
    struct info info; /* of a text, once somebody wanted it */
    bool is_read;
    char *why_not; /* a sentence */
    enum failure why;
    double start_s, end_s;
    size_t bytes;
};

/* Everything that was due at once. */
struct redis_batch {
    struct redis_batch *next;
    struct redis_source *source;
    struct redis_poll *polls; /* that are not delivered */
    struct redis_got got[N_ASKS];
    int n_open; /* answers that will come */
};

/* An answer that will come. */
struct ask {
    struct redis_batch *batch;
    enum redis_ask ask;
};

/* ---- What a poll got ---- */

const struct redis_value *redis_got(const struct redis_poll *p, enum redis_ask ask)
{
    return p->batch->got[ask].value;
}

const char *redis_why_not(const struct redis_poll *p, enum redis_ask ask)
{
    return p->batch->got[ask].why_not;
}

const struct info *redis_info(struct redis_poll *p, enum redis_ask ask)
{
    struct redis_got *g = &p->batch->got[ask];
    if (!g->is_read && g->value != NULL && g->value->kind == REDIS_TEXT)
        info_read(&g->info, g->value->text, g->value->len);
    g->is_read = true;
    return &g->info;
}

bool *redis_seen(struct redis_poll *p)
{
    return p->batch->source->facts.seen;
}

int redis_db(const struct redis_poll *p)
{
    return p->batch->source->place.db;
}

const char *redis_user(const struct redis_poll *p)
{
    const char *user = p->batch->source->place.user;
    return user == NULL ? "default" : user;
}

const char *redis_called(const struct redis_poll *p)
{
    return p->batch->source->facts.product;
}

/* ---- Filling ---- */

void redis_set_text(struct sample *s, int column, int row, const char *text, size_t len)
{
    sample_set_text(s, column, row, text, len < MOST_SHOWN ? len : MOST_SHOWN);
}

static void fill_one(const struct info *info, const char *source, struct sample *s, int column)
{
    const struct column *c = &s->dataset->columns[column];
    char name[64];
    size_t len = strcspn(source, " /=");
    const char *slash = strchr(source, '/'), *equals = strchr(source, '=');
    snprintf(name, sizeof(name), "%.*s", (int)len, source);
    const struct info_field *f = info_find(info, name);
    if (f == NULL)
        sample_lacks(s, column, "this version does not tell it");
    else if (c->type == TYPE_TEXT)
        redis_set_text(s, column, 0, f->value, f->len);
    else if (equals != NULL)
        s->values[column].real[0] = info_is(info, name, equals + 1);
    else
        s->values[column].real[0] =
            info_value(f->value, f->len) / (slash == NULL ? 1 : strtod(slash + 1, NULL));
}

void redis_fill(struct redis_poll *p, const struct redis_collector *c, struct sample *s)
{
    const struct info *info = redis_info(p, ASK_INFO);
    for (int i = 0; i < s->dataset->n_columns; i++) {
        const struct column *column = &s->dataset->columns[i];
        const char *source =
            c->sources != NULL ? column_source_find(c->sources, column->name) : column->source;
        if (source != NULL && column->kind != KIND_DERIVED)
            fill_one(info, source, s, i);
    }
}

void redis_lacks_but(struct sample *s, const char *const *wanted, const char *why)
{
    for (int i = 0; i < s->dataset->n_columns; i++) {
        const struct column *column = &s->dataset->columns[i];
        bool is_wanted = column->kind == KIND_KEY || column->kind == KIND_DERIVED;
        for (const char *const *w = wanted; *w != NULL; w++)
            is_wanted = is_wanted || strcmp(*w, column->name) == 0;
        if (!is_wanted)
            sample_lacks(s, i, why);
    }
}

const struct redis_value *redis_pair(const struct redis_value *list, const char *key)
{
    for (int i = 0; list != NULL && i + 1 < list->n; i += 2)
        if (list->items[i]->kind == REDIS_TEXT && strcmp(list->items[i]->text, key) == 0)
            return list->items[i + 1];
    return NULL;
}

/* ---- Delivery ---- */

static void free_batch(struct redis_batch *b)
{
    struct redis_batch **at = &b->source->batches;
    while (*at != b)
        at = &(*at)->next;
    *at = b->next;
    for (int i = 0; i < N_ASKS; i++) {
        info_done(&b->got[i].info);
        arena_unref(b->got[i].arena);
        free(b->got[i].why_not);
    }
    while (b->polls != NULL) {
        struct redis_poll *p = b->polls;
        b->polls = p->next;
        free(p);
    }
    free(b);
}

void redis_polls_forget(struct redis_source *s)
{
    while (s->batches != NULL)
        free_batch(s->batches);
}

static double cpu_ms(void)
{
    struct timespec t;
    clock_gettime(CLOCK_THREAD_CPUTIME_ID, &t);
    return (double)t.tv_sec * 1e3 + (double)t.tv_nsec / 1e6;
}

/* What of a collector's own failed that it cannot do without; -1: nothing. */
static int missing(const struct redis_poll *p)
{
    unsigned needs = p->collector->asks & ~p->collector->may_lack;
    for (int i = 0; i < N_ASKS; i++)
        if ((needs & ASKS(i)) != 0 && p->batch->got[i].why_not != NULL)
            return i;
    return -1;
}

/* A lost connection is no answer of the server's, whatever may lack. */
static int lost(const struct redis_poll *p)
{
    for (int i = 0; i < N_ASKS; i++)
        if ((p->collector->asks & ASKS(i)) != 0 && p->batch->got[i].why_not != NULL &&
            (p->batch->got[i].why == FAILURE_LOST || p->batch->got[i].why == FAILURE_TIMEOUT))
            return i;
    return missing(p);
}

static struct sample *sample_of(struct redis_poll *p, struct poll_cost *cost)
{
    double before = cpu_ms(), start_s = INFINITY, end_s = -INFINITY;
    struct sample *s = p->collector->make(p);
    for (int i = 0; i < N_ASKS; i++)
        if ((p->collector->asks & ASKS(i)) != 0 && p->batch->got[i].value != NULL) {
            const struct redis_got *g = &p->batch->got[i];
            start_s = fmin(start_s, g->start_s);
            end_s = fmax(end_s, g->end_s);
            cost->bytes += g->bytes;
        }
    if (end_s < start_s)
        start_s = end_s = loop_mono_s();
    s->mono_s = (start_s + end_s) / 2;
    s->wall_s = loop_wall_s() - (loop_mono_s() - s->mono_s);
    s->epoch = p->batch->source->epoch;
    s->reset_s = NAN;
    cost->rows = s->n_rows;
    cost->server_ms = (end_s - start_s) * 1000;
    cost->client_ms = cpu_ms() - before;
    return s;
}

static void deliver(struct redis_poll *p)
{
    struct redis_source *s = p->batch->source;
    struct poll_cost cost = {.lane = "fast"};
    if (s->closed)
        return;
    int failed = p->collector == NULL ? 0 : lost(p);
    if (p->collector == NULL)
        s->host.failed(s->host.ctx, p->dataset, FAILURE_ABSENT, "Redis has no SQL of the user's");
    else if (failed >= 0)
        s->host.failed(s->host.ctx, p->dataset, p->batch->got[failed].why, p->batch->got[failed].why_not);
    else
        s->host.sample(s->host.ctx, sample_of(p, &cost), &cost);
}

static void deliver_batch(struct redis_batch *b)
{
    struct redis_poll **at = &b->polls;
    while (*at != NULL) {
        struct redis_poll *p = *at;
        if (p->waits != 0) {
            at = &p->next;
            continue;
        }
        *at = p->next;
        deliver(p);
        free(p);
    }
    if (b->polls == NULL && b->n_open == 0)
        free_batch(b);
}

void redis_polls_deliver(struct redis_source *s)
{
    for (struct redis_batch *b = s->batches, *next; b != NULL; b = next) {
        next = b->next;
        deliver_batch(b);
    }
}

/* ---- Answers ---- */

static void fail_ask(struct redis_batch *b, enum redis_ask ask, enum failure why, const char *text)
{
    b->got[ask].why = why;
    b->got[ask].why_not = mem_dup(text);
}

static void settled(struct redis_batch *b, enum redis_ask ask)
{
    for (struct redis_poll *p = b->polls; p != NULL; p = p->next)
        p->waits &= ~ASKS(ask);
}

/* Who restarted since is told from what it says now: a restart behind a proxy loses no connection of ours. */
static void know(struct redis_batch *b)
{
    const struct redis_value *v = b->got[ASK_INFO].value;
    struct redis_poll any = {.batch = b};
    if (v != NULL && v->kind == REDIS_TEXT)
        redis_know(b->source, redis_info(&any, ASK_INFO));
    b->source->rtt_ms = (b->got[ASK_INFO].end_s - b->got[ASK_INFO].start_s) * 1000;
    redis_tell(b->source, SOURCE_UP, NULL);
}

static void answered(void *ctx, const struct redis_answer *a)
{
    struct ask ask = *(struct ask *)ctx;
    struct redis_batch *b = ask.batch;
    struct redis_source *s = b->source;
    struct redis_got *g = &b->got[ask.ask];
    free(ctx);
    b->n_open--;
    redis_enter(s);
    g->start_s = a->start_s;
    g->end_s = a->end_s;
    g->bytes = a->bytes;
    if (a->text != NULL) {
        fail_ask(b, ask.ask, a->why, a->text);
    } else {
        g->value = a->value;
        g->arena = arena_ref(a->arena);
        if (ask.ask == ASK_INFO && !s->closed)
            know(b);
    }
    settled(b, ask.ask);
    if (s->polling)
        loop_timer_start(s->turn, 0, 0);
    else
        deliver_batch(b);
    redis_leave(s);
}

/* ---- Asking ---- */

static void send_one(struct redis_batch *b, enum redis_ask i)
{
    struct ask *ask = mem_new(sizeof(*ask));
    int n = 0;
    *ask = (struct ask){b, i};
    while (n < 4 && questions[i].words[n] != NULL)
        n++;
    b->n_open++;
    redis_conn_send(
        b->source->conn,
        &(struct redis_command){
            .words = questions[i].words, .n = n, .timeout_s = REDIS_TIMEOUT_S, .done = answered, .ctx = ask});
}

static void ask(struct redis_batch *b, enum redis_ask i)
{
    struct redis_source *s = b->source;
    char text[200];
    if (!s->up) {
        fail_ask(b, i, FAILURE_LOST, "not connected");
    } else if (i == ASK_CLIENTS && s->facts.clients > MOST_CLIENTS) {
        snprintf(text, sizeof(text),
                 "%.0f clients: to list more than %d of them would hold the server up, so it is not asked",
                 s->facts.clients, MOST_CLIENTS);
        fail_ask(b, i, FAILURE_OTHER, text);
    } else {
        send_one(b, i);
        return;
    }
    settled(b, i);
}

static const struct redis_collector *collector_of(const struct dataset *d)
{
    for (int i = 0; redis_collectors[i] != NULL; i++)
        if (redis_collectors[i]->dataset == d)
            return redis_collectors[i];
    return NULL;
}

void redis_poll_start(struct redis_source *s, const struct dataset *const *due, int n)
{
    struct redis_batch *b = mem_new(sizeof(*b));
    unsigned asks = 0;
    *b = (struct redis_batch){.source = s, .next = s->batches};
    s->batches = b;
    for (int i = 0; i < n; i++) {
        struct redis_poll *p = mem_new(sizeof(*p));
        const struct redis_collector *c = collector_of(due[i]);
        *p = (struct redis_poll){b->polls, b, due[i], c, c == NULL ? 0 : c->asks};
        b->polls = p;
        asks |= p->waits;
    }
    for (int i = 0; i < N_ASKS; i++)
        if ((asks & ASKS(i)) != 0)
            ask(b, (enum redis_ask)i);
    loop_timer_start(s->turn, 0, 0); /* what needs no answer */
}
