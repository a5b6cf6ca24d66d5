/* Scrapes of /metrics: written in the pool one after the other, so that a thousand of them cost no more
 * memory than one, and the memory of who is among the top has one writer. */
#include <stdlib.h>
#include <string.h>

#include "core/mem.h"
#include "serve/inside.h"
#include "serve/metrics.h"

enum { MOST_WAITING = 16 };
/* Prometheus comes each 15 s to 2 min: until then what it wants is kept fresh. */
static const double demand_s = 150;

/* The one that is under way, and who waits. Outlives the server while the pool works. */
struct scrapes {
    struct serve *serve;                   /* NULL: it has ended */
    struct http_call *calls[MOST_WAITING]; /* the first is under way; NULL: it went away */
    int n;
    struct metrics_input input;
    struct metric_text text;
    struct metric_memory *memory;
    double dropped[2];
};

struct scrapes *scrapes_new(struct serve *s)
{
    struct scrapes *c = mem_new(sizeof(*c));
    c->serve = s;
    c->memory = metric_memory_new();
    return c;
}

static void release(struct scrapes *c)
{
    metric_memory_free(c->memory);
    free(c);
}

void scrapes_free(struct scrapes *c)
{
    if (c == NULL)
        return;
    c->serve = NULL;
    if (c->n == 0)
        release(c); /* else the pool still has it */
}

static void on_write(void *ctx)
{
    struct scrapes *c = ctx;
    metrics_write(&c->text, &c->input);
}

static void on_written(void *ctx);

static void start(struct scrapes *c)
{
    struct serve *s = c->serve;
    const char *accept = c->calls[0] != NULL ? http_header(c->calls[0], "Accept") : NULL;
    double connections = (s->tcp.http != NULL ? http_connections(s->tcp.http) : 0) +
                         (s->local.http != NULL ? http_connections(s->local.http) : 0);
    metric_text_init(&c->text, metric_wants_open(accept));
    c->input = (struct metrics_input){.snapshot = store_snapshot(engine_store(s->parts.engine)),
                                      .registry = s->parts.registry,
                                      .memory = c->memory,
                                      .aliases = s->aliases,
                                      .wall_s = loop_wall_s()};
    c->input.own = (struct metrics_own){
        .requests = s->cost.requests, .refused = s->cost.refused, .connections = connections};
    memcpy(c->input.own.dropped, c->dropped, sizeof(c->dropped));
    loop_work(s->parts.loop, on_write, on_written, c);
}

static void give(struct scrapes *c, struct http_call *call)
{
    struct http_answer a = {.status = 200, .type = metric_content_type(c->text.open), .len = c->text.out.len};
    if (c->text.out.cut) {
        answer_error(c->serve, call, 500, "the metrics are larger than 16 MB");
        return;
    }
    a.body = text_take(&c->text.out);
    http_answer(call, &a);
}

static void on_written(void *ctx)
{
    struct scrapes *c = ctx;
    struct http_call *call = c->calls[0];
    snapshot_unref(c->input.snapshot);
    memcpy(c->dropped, c->input.own.dropped, sizeof(c->dropped));
    c->n--;
    memmove(c->calls, c->calls + 1, (size_t)c->n * sizeof(c->calls[0]));
    if (call != NULL)
        give(c, call);
    text_done(&c->text.out);
    if (c->serve == NULL)
        release(c);
    else if (c->n > 0)
        start(c);
}

void scrapes_metrics(struct serve *s, struct http_call *call, const char *id)
{
    struct scrapes *c = s->scrapes;
    (void)id;
    for (int i = 0; i < s->parts.registry->n; i++)
        if (metrics_needs(s->parts.registry->datasets[i]))
            demand_add(s->demand, s->parts.registry->datasets[i], loop_mono_s() + demand_s);
    if (c->n == MOST_WAITING) {
        answer_error_with(s, call, 503, "too many scrapes at once", "Retry-After", "1");
        return;
    }
    c->calls[c->n++] = call;
    if (c->n == 1)
        start(c);
}

void scrapes_forget(struct scrapes *c, const struct http_call *call)
{
    for (int i = 0; c != NULL && i < c->n; i++)
        if (c->calls[i] == call)
            c->calls[i] = NULL;
}
