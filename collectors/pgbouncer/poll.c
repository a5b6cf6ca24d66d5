/* One dataset being read: its commands, one after the other, its sample, its answer. */
#include <math.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

#include "collectors/datasets.h"
#include "collectors/pgbouncer/inside.h"
#include "core/mem.h"

/* A command of a poll that will call back. */
struct ask {
    struct bouncer_poll *poll;
    int i;
};

const char *bouncer_user(const struct bouncer_poll *p)
{
    const char *user = conn_info_get(p->source->info, "user");
    return user == NULL ? "" : user;
}

const char *bouncer_version(const struct bouncer_poll *p)
{
    return p->source->version;
}

double bouncer_max_clients(const struct bouncer_poll *p)
{
    return p->source->max_clients;
}

void bouncer_know_config(struct bouncer_poll *p, const struct conn_rows *config)
{
    console_read_config(p->source, config);
}

struct peaks *bouncer_peaks(const struct bouncer_poll *p)
{
    return p->source->peaks;
}

static void free_poll(struct bouncer_poll *p)
{
    struct bouncer_poll **at = &p->source->polls;
    while (*at != p)
        at = &(*at)->next;
    *at = p->next;
    for (int i = 0; i < MOST_SHOWS; i++)
        conn_rows_free(p->rows[i]);
    free(p->text);
    free(p);
}

void bouncer_polls_forget(struct bouncer_source *s)
{
    while (s->polls != NULL)
        free_poll(s->polls);
}

static double cpu_ms(void)
{
    struct timespec t;
    clock_gettime(CLOCK_THREAD_CPUTIME_ID, &t);
    return (double)t.tv_sec * 1e3 + (double)t.tv_nsec / 1e6;
}

/* The rows of optional commands may be missing, the first command's never. */
static struct sample *sample_of(struct bouncer_poll *p)
{
    const struct bouncer_collector *c = p->collector;
    double before = cpu_ms();
    struct sample *s = c->make != NULL ? c->make(p, p->rows) : bouncer_fill(c, p->rows[0]);
    s->mono_s = (p->start_s + p->end_s) / 2;
    s->wall_s = loop_wall_s() - (loop_mono_s() - s->mono_s);
    s->epoch = p->source->epoch;
    s->reset_s = NAN;
    p->cost.rows = s->n_rows;
    p->cost.client_ms = cpu_ms() - before;
    return s;
}

static void deliver(struct bouncer_poll *p)
{
    struct bouncer_source *s = p->source;
    bouncer_enter(s);
    if (!s->closed && p->text == NULL)
        s->host.sample(s->host.ctx, sample_of(p), &p->cost);
    else if (!s->closed)
        s->host.failed(s->host.ctx, p->dataset, p->why, p->text);
    free_poll(p);
    bouncer_leave(s);
}

void bouncer_polls_deliver(struct bouncer_source *s)
{
    for (struct bouncer_poll *p = s->polls, *next; p != NULL; p = next) {
        next = p->next;
        if (p->answered)
            deliver(p);
    }
}

/* Never from within poll(): then in the next turn. */
static void answered(struct bouncer_poll *p)
{
    p->answered = true;
    if (p->source->polling)
        loop_timer_start(p->source->turn, 0, 0);
    else
        deliver(p);
}

static void fail_poll(struct bouncer_poll *p, enum failure why, const char *text)
{
    if (p->text != NULL)
        return;
    p->why = why;
    p->text = mem_dup(text);
}

static bool is_unknown(const struct bouncer_source *s, const char *show)
{
    for (int i = 0; i < s->n_unknown; i++)
        if (s->unknown[i] == show)
            return true;
    return false;
}

static void show_answered(void *ctx, const struct conn_answer *a)
{
    struct ask ask = *(struct ask *)ctx;
    struct bouncer_poll *p = ask.poll;
    const char *show = p->collector->shows[ask.i];
    bool optional = show[0] == '?',
         refused = a->sqlstate != NULL && a->sqlstate[0] != '\0';
    free(ctx);
    p->cost.server_ms += a->elapsed_s * 1000;
    if (a->rows != NULL) {
        p->rows[ask.i] = a->rows;
        p->cost.bytes += conn_rows_bytes(a->rows);
        p->start_s = isnan(p->start_s) ? conn_rows_start_s(a->rows) : p->start_s;
        p->end_s = conn_rows_end_s(a->rows);
    } else if (!optional || !refused) {
        fail_poll(p, refused ? FAILURE_ABSENT : a->why,
                  a->text); /* all that it refuses has the same SQLSTATE, that of a protocol error */
    } else if (p->source->n_unknown < MOST_SHOWS && !is_unknown(p->source, show)) {
        p->source->unknown[p->source->n_unknown++] = show;
    }
    if (--p->n_open == 0)
        answered(p);
}

static const struct bouncer_collector *collector_of(const struct dataset *d)
{
    for (int i = 0; bouncer_collectors[i] != NULL; i++)
        if (bouncer_collectors[i]->dataset == d)
            return bouncer_collectors[i];
    return NULL;
}

void bouncer_poll_start(struct bouncer_source *s, const struct dataset *d)
{
    struct bouncer_poll *p = mem_new(sizeof(*p));
    *p = (struct bouncer_poll){.source = s,
                               .dataset = d,
                               .collector = collector_of(d),
                               .cost = {.lane = "fast"},
                               .start_s = NAN,
                               .next = s->polls};
    s->polls = p;
    if (d == &dataset_pools)
        s->pools_mono_s = loop_mono_s();
    if (p->collector == NULL)
        fail_poll(p, FAILURE_ABSENT, "PgBouncer has no SQL of the user's: its console only shows");
    else if (!s->keep.up)
        fail_poll(p, FAILURE_LOST, "not connected");
    if (p->text != NULL) {
        answered(p);
        return;
    }
    for (int i = 0; i < MOST_SHOWS && p->collector->shows[i] != NULL; i++) {
        const char *show = p->collector->shows[i];
        if (is_unknown(s, show))
            continue;
        struct ask *ask = mem_new(sizeof(*ask));
        *ask = (struct ask){p, i};
        p->n_open++;
        conn_send(s->conn, &(struct conn_query){.sql = show + (show[0] == '?'),
                                                .timeout_s = CONSOLE_TIMEOUT_S,
                                                .ctx = ask,
                                                .done = show_answered});
    }
}
