/* Measures: who is asked what before a job, and again after it until all is known. */
#include "cures/measure.h"

#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "core/json.h"
#include "core/mem.h"

enum { MOST_KEYS = 16 };
static const char window_before[] = "5m";
/* How often it is looked for what is new, and for how long. */
static const double look_every_s = 1, patience_s = 1200;

/* One job. */
struct measure {
    struct measure *next;
    struct measures *all;
    int64_t job;
    char *target, *sql, *keys;
    struct entry *entry; /* NULL: it has not ended */
    struct numbers numbers;
    bool answered; /* `before` is there */
    bool done;     /* it was not cancelled: then what it did is waited for */
    int ticket;
    bool out;
};

struct measures {
    struct engine *engine;
    struct query_thread *queries;
    struct json *json; /* NULL until something is measured */
    struct loop_timer *timer;
    struct measure *list;
    measures_fn *fn;
    void *ctx;
};

static void forget(struct measure *x)
{
    struct measures *m = x->all;
    for (struct measure **p = &m->list; *p != NULL; p = &(*p)->next)
        if (*p == x) {
            *p = x->next;
            break;
        }
    if (x->out)
        query_cancel(m->queries, x->ticket);
    entry_free(x->entry);
    free(x->target);
    free(x->sql);
    free(x->keys);
    free(x);
}

/* ---- Asking ---- */

static void ask(struct measure *x, query_done_fn *fn)
{
    struct measures *m = x->all;
    struct arena *arena = arena_new(1024);
    struct json_member *members = NULL;
    struct query_param params[MOST_KEYS + 2];
    char window[20];
    int n = 0, n_members = 0;
    double window_s = numbers_window_s(&x->numbers);
    snprintf(window, sizeof(window), "%.0fs", isnan(window_s) ? 1 : window_s);
    if (x->keys != NULL)
        json_members(arena, x->keys, strlen(x->keys), MOST_KEYS, &members, &n_members, NULL);
    params[n++] = (struct query_param){"target", {VALUE_TEXT, .text = x->target}};
    params[n++] = (struct query_param){"window", {VALUE_TEXT, .text = x->answered ? window : window_before}};
    for (int i = 0; i < n_members; i++)
        params[n++] = (struct query_param){members[i].name, members[i].value};
    struct query q = {
        .sql = x->sql, .params = params, .n_params = n, .max_rows = MOST_NUMBERS, .seldom = true};
    struct snapshot *s = store_snapshot(engine_store(m->engine));
    x->out = true;
    x->ticket = query_submit(m->queries, s, &q, 2, fn, x);
    snapshot_unref(s);
    arena_unref(arena);
}

static void tell(struct measure *x)
{
    free(x->entry->numbers);
    x->entry->numbers = numbers_json(&x->numbers, x->all->json);
    x->all->fn(x->all->ctx, x->entry);
}

static void on_before(void *ctx, struct result *r, const char *error)
{
    struct measure *x = ctx;
    (void)error; /* then there are none */
    x->out = false;
    x->answered = true;
    if (r != NULL)
        numbers_before(&x->numbers, r);
    result_free(r);
    if (x->entry != NULL && x->numbers.n > 0)
        tell(x);
}

static void on_after(void *ctx, struct result *r, const char *error)
{
    struct measure *x = ctx;
    (void)error;
    x->out = false;
    if (r != NULL && numbers_after(&x->numbers, r, x->entry->ended_at))
        tell(x);
    result_free(r);
}

/* ---- Looking again ---- */

static void on_timer(void *ctx)
{
    struct measures *m = ctx;
    bool open = false;
    for (struct measure *x = m->list, *next; x != NULL; x = next) {
        next = x->next;
        if (x->entry == NULL || x->out || !x->answered) {
            open = true;
        } else if (!numbers_open(&x->numbers) || loop_wall_s() - x->entry->ended_at > patience_s) {
            forget(x);
        } else {
            ask(x, on_after);
            open = true;
        }
    }
    if (open)
        loop_timer_start(m->timer, look_every_s, 0);
}

struct measures *measures_new(struct loop *loop, struct engine *e, struct query_thread *queries,
                              measures_fn *fn, void *ctx)
{
    struct measures *m = mem_new(sizeof(*m));
    *m = (struct measures){.engine = e, .queries = queries, .fn = fn, .ctx = ctx};
    m->timer = loop_timer_new(loop, on_timer, m);
    return m;
}

void measures_free(struct measures *m)
{
    if (m == NULL)
        return;
    while (m->list != NULL)
        forget(m->list);
    loop_timer_free(m->timer);
    json_free(m->json);
    free(m);
}

void measures_begin(struct measures *m, const struct job *job)
{
    if (job->measure == NULL)
        return;
    if (m->json == NULL)
        m->json = json_new();
    struct measure *x = mem_new(sizeof(*x));
    *x = (struct measure){.next = m->list,
                          .all = m,
                          .job = job->id,
                          .target = mem_dup(job->target),
                          .sql = mem_dup(job->measure),
                          .keys = mem_dup(job->keys)};
    m->list = x;
    ask(x, on_before);
}

void measures_end(struct measures *m, const struct job *job, struct entry *e)
{
    struct measure *x = m->list;
    while (x != NULL && x->job != job->id)
        x = x->next;
    if (x == NULL)
        return;
    if (job->state != JOB_DONE && job->state != JOB_CANCELLED) {
        forget(x);
        return;
    }
    if (x->answered)
        e->numbers = numbers_json(&x->numbers, m->json);
    x->entry = entry_copy(e);
    x->done = job->state == JOB_DONE;
    loop_timer_start(m->timer, look_every_s, 0);
}

bool measures_wait(const struct measures *m)
{
    for (const struct measure *x = m->list; x != NULL; x = x->next)
        if (x->entry != NULL && x->done && (!x->answered || numbers_levels_open(&x->numbers)))
            return true;
    return false;
}
