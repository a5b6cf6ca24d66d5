/* Each query of a file run many times: values of its parameters, its plan, its samples. */
#include "profile/run.h"

#include <stdlib.h>
#include <string.h>
#include <time.h>

#include "core/arena.h"
#include "core/mem.h"

/* Of what a parameter's query gives; what comes behind is not used. */
enum { MOST_VALUES = 10000, MOST_VALUE_BYTES = 16 << 20 };

/* The rows of one list. */
struct drawn {
    struct arena *arena;  /* NULL: it was not asked for yet */
    struct value *values; /* n x n_names, row by row */
    int n, n_names;
    bool narrow; /* a row has fewer columns than there are names */
};

struct running {
    const struct bench_driver *driver;
    struct bench *bench;
    const struct query_file *file;
    const struct profile_options *options;
    struct drawn *drawn; /* of each list of the file */
    double *samples;
    double deadline;
};

static double now_s(void)
{
    struct timespec t;
    clock_gettime(CLOCK_MONOTONIC, &t);
    return (double)t.tv_sec + (double)t.tv_nsec / 1e9;
}

/* ---- Values ---- */

static void keep_row(void *ctx, const struct value *values, int n)
{
    struct drawn *d = ctx;
    d->narrow = d->narrow || n < d->n_names;
    if (d->narrow || d->n == MOST_VALUES || arena_size(d->arena) > MOST_VALUE_BYTES)
        return;
    d->values = mem_grow(d->values, (size_t)(d->n + 1) * (size_t)d->n_names, sizeof(*d->values));
    for (int i = 0; i < d->n_names; i++) {
        struct value *v = &d->values[d->n * d->n_names + i];
        *v = values[i];
        if (v->type == VALUE_TEXT)
            v->text = arena_dup(d->arena, v->text);
    }
    d->n++;
}

static enum bench_end draw(struct running *r, int list, struct err *err)
{
    const struct query_list *l = &r->file->lists[list];
    struct drawn *d = &r->drawn[list];
    struct bench_timing timing;
    struct bench_statement s = {.sql = l->sql};
    struct err why = {""};
    if (d->arena != NULL && d->n > 0)
        return BENCH_DONE;
    arena_unref(d->arena);
    free(d->values);
    *d = (struct drawn){.arena = arena_new(10000), .n_names = l->n_names};
    enum bench_end end = r->driver->run(r->bench, &s, (struct bench_rows){keep_row, d}, &timing, &why);
    if (end == BENCH_DONE && d->narrow)
        end = BENCH_FAILED, fail(&why, "it gives fewer columns than there are names");
    else if (end == BENCH_DONE && d->n == 0)
        end = BENCH_FAILED, fail(&why, "it gives no row, and so no value to run with");
    if (end != BENCH_DONE) {
        d->n = 0;
        fail(err, "the values of line %d: %.900s", l->line, why.text);
    }
    return end;
}

static enum bench_end draw_all(struct running *r, const struct named_query *q, struct err *err)
{
    enum bench_end end = BENCH_DONE;
    for (int i = 0; i < q->n_uses && end == BENCH_DONE; i++) {
        int list = r->file->bindings[q->uses[i]].list;
        if (list >= 0)
            end = draw(r, list, err);
    }
    return end;
}

/* The values of run number RUN. */
static void fill(const struct running *r, const struct named_query *q, int run, struct value *out)
{
    for (int i = 0; i < q->n_uses; i++) {
        const struct query_binding *b = &r->file->bindings[q->uses[i]];
        const struct drawn *d = b->list < 0 ? NULL : &r->drawn[b->list];
        out[i] = d == NULL ? b->value : d->values[run % d->n * d->n_names + b->column];
    }
}

/* ---- One query ---- */

static enum bench_end run_once(struct running *r, const struct named_query *q, int run,
                               struct bench_timing *out, struct err *err)
{
    struct value values[MOST_PARAMS_OF_ONE];
    struct bench_statement s = {q->sql, values, q->n_uses};
    fill(r, q, run, values);
    return r->driver->run(r->bench, &s, (struct bench_rows){NULL, NULL}, out, err);
}

static enum bench_end read_plan(struct running *r, const struct named_query *q, struct query_result *out)
{
    struct value values[MOST_PARAMS_OF_ONE];
    struct text sql;
    struct bench_timing timing;
    text_init(&sql, 2 * LARGEST_FILE + 100);
    text_addf(&sql, "%s%s", r->driver->explain, q->sql);
    struct bench_statement s = {text_str(&sql), values, q->n_uses};
    fill(r, q, 0, values);
    enum bench_end end =
        r->driver->run(r->bench, &s, (struct bench_rows){plan_notes_add, &out->plan}, &timing, &out->err);
    text_done(&sql);
    return end;
}

static enum bench_end run_all(struct running *r, const struct named_query *q, struct query_result *out)
{
    const struct profile_options *o = r->options;
    enum bench_end end = BENCH_DONE;
    int n = 0, warmup = o->warmup;
    double rows = 0, bytes = 0;
    for (int run = 0; run < warmup + o->runs; run++) {
        struct bench_timing t;
        double left_s = run > 0 ? r->deadline - now_s() : o->budget_s;
        if (run < warmup && left_s < 0.75 * o->budget_s)
            warmup = run; /* it is slow: what is left of its time is for runs that count */
        if (left_s < 0 && n > 0)
            break;
        if ((end = run_once(r, q, run, &t, &out->err)) != BENCH_DONE)
            break;
        if (run == 0)
            out->first_ms = t.ms;
        if (run < warmup)
            continue;
        r->samples[n++] = t.ms;
        rows += t.rows;
        bytes += t.bytes;
    }
    out->ended_early = n < o->runs;
    stats_of(r->samples, n, &out->stats);
    out->rows = n > 0 ? rows / n : NAN;
    out->bytes = n > 0 ? bytes / n : NAN;
    return end;
}

/* What is slower than it may be at all is slower than its target. */
static void judge(struct query_result *out, enum bench_end end)
{
    bool has_target = !isnan(out->p95_ms) || !isnan(out->p99_ms);
    out->timed_out = end == BENCH_TIMED_OUT;
    out->verdict = verdict_of(&out->stats, out->p95_ms, out->p99_ms);
    if (end == BENCH_TIMED_OUT && has_target)
        out->verdict = VERDICT_SLOW;
    else if (end != BENCH_DONE && end != BENCH_STOPPED)
        out->verdict = VERDICT_FAILED;
    if (end == BENCH_STOPPED && out->stats.n == 0)
        out->begun = false;
}

static enum bench_end profile_one(struct running *r, const struct named_query *q, struct query_result *out)
{
    out->begun = true;
    r->deadline = now_s() + r->options->budget_s;
    enum bench_end end = r->driver->begin(r->bench, &out->err);
    if (end == BENCH_DONE)
        end = draw_all(r, q, &out->err);
    if (end == BENCH_DONE)
        end = read_plan(r, q, out);
    if (end == BENCH_DONE)
        end = run_all(r, q, out);
    r->driver->end(r->bench);
    judge(out, end);
    return end;
}

/* ---- All of them ---- */

static void result_init(struct query_result *out, const struct named_query *q,
                        const struct profile_options *o)
{
    bool own = !isnan(q->p95_ms) || !isnan(q->p99_ms);
    *out = (struct query_result){
        .query = q, .verdict = VERDICT_FAILED, .first_ms = NAN, .rows = NAN, .bytes = NAN};
    out->p95_ms = own ? q->p95_ms : o->p95_ms;
    out->p99_ms = own ? q->p99_ms : o->p99_ms;
    plan_notes_init(&out->plan);
    stats_of(NULL, 0, &out->stats);
}

void profile_run(const struct bench_driver *driver, struct bench *bench, const struct query_file *file,
                 const struct profile_options *options, struct profile *out)
{
    struct running r = {driver, bench, file, options, NULL, NULL, 0};
    r.drawn = mem_new_array((size_t)file->n_lists, sizeof(*r.drawn));
    r.samples = mem_new_array((size_t)options->runs, sizeof(*r.samples));
    *out = (struct profile){.n = file->n, .asked = options->runs};
    out->results = mem_new_array((size_t)file->n, sizeof(*out->results));
    for (int i = 0; i < file->n; i++)
        result_init(&out->results[i], &file->queries[i], options);
    for (int i = 0; i < file->n && !out->stopped && !out->lost; i++) {
        enum bench_end end = profile_one(&r, &file->queries[i], &out->results[i]);
        out->stopped = end == BENCH_STOPPED;
        out->lost = end == BENCH_LOST;
    }
    for (int i = 0; i < file->n_lists; i++) {
        arena_unref(r.drawn[i].arena);
        free(r.drawn[i].values);
    }
    free(r.drawn);
    free(r.samples);
}

void profile_done(struct profile *p)
{
    for (int i = 0; i < p->n; i++)
        plan_notes_done(&p->results[i].plan);
    free(p->results);
    *p = (struct profile){0};
}
