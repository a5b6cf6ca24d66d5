/* The rounds of a process that goes on. */
#include "cures/rounds.h"

#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "core/json.h"
#include "core/mem.h"

enum { MOST_ID = 40, MOST_STEPS = 1 << 20 };

struct run {
    struct rounds *rounds;
    char id[MOST_ID];
    struct round *round; /* NULL: it has ended */
    char *by, **targets;
    int n_targets;
    const char *(*forbids)(void *ctx, const char *action);
    void *ctx;
    bool stopped;
    double asked_at, ended_at; /* seconds since 1970; NAN: not yet */
    /* Once it has ended: */
    const char *status;
    char *steps, *error; /* JSON; a sentence, or NULL */
};

struct key {
    char *key, *sum;
    char id[MOST_ID];
    double at_s; /* monotonic */
};

struct rounds {
    struct round_parts parts;
    struct cures *cures;
    rounds_tell_fn *tell;
    void *ctx;
    struct run **runs; /* oldest first */
    int n;
    struct key *keys; /* oldest first */
    int n_keys;
    bool over;            /* none is begun any more */
    int last;             /* number in the last id */
    long long started_at; /* of this process: its ids are no other's */
};

/* ---- What is remembered ---- */

static void run_free(struct run *u)
{
    round_free(u->round);
    for (int i = 0; i < u->n_targets; i++)
        free(u->targets[i]);
    free(u->targets);
    free(u->by);
    free(u->steps);
    free(u->error);
    free(u);
}

static void key_done(struct key *k)
{
    free(k->key);
    free(k->sum);
}

static void drop(struct rounds *r, int i)
{
    run_free(r->runs[i]);
    memmove(r->runs + i, r->runs + i + 1, (size_t)(r->n - i - 1) * sizeof(struct run *));
    r->n--;
}

static bool too_many(const struct rounds *r)
{
    size_t bytes = 0;
    int n = 0;
    for (int i = 0; i < r->n; i++)
        if (r->runs[i]->round == NULL) {
            bytes += strlen(r->runs[i]->steps);
            n++;
        }
    return n > 1 && (n > ROUNDS_KEPT || bytes > ROUNDS_KEPT_BYTES);
}

static void forget_old(struct rounds *r)
{
    for (int i = 0; i < r->n && too_many(r);)
        if (r->runs[i]->round == NULL)
            drop(r, i);
        else
            i++;
}

static struct run *find(const struct rounds *r, const char *id)
{
    for (int i = 0; i < r->n; i++)
        if (strcmp(r->runs[i]->id, id) == 0)
            return r->runs[i];
    return NULL;
}

/* ---- Idempotency ---- */

static void forget_keys(struct rounds *r)
{
    int old = r->n_keys >= ROUND_KEYS_KEPT ? r->n_keys - ROUND_KEYS_KEPT + 1 : 0;
    while (old < r->n_keys && loop_mono_s() > r->keys[old].at_s + ROUND_KEY_KEPT_S)
        old++;
    for (int i = 0; i < old; i++)
        key_done(&r->keys[i]);
    if (old > 0)
        memmove(r->keys, r->keys + old, (size_t)(r->n_keys - old) * sizeof(*r->keys));
    r->n_keys -= old;
}

static const struct key *find_key(const struct rounds *r, const char *key)
{
    for (int i = 0; key != NULL && i < r->n_keys; i++)
        if (strcmp(r->keys[i].key, key) == 0)
            return &r->keys[i];
    return NULL;
}

static void keep_key(struct rounds *r, const struct rounds_order *order, const char *id)
{
    r->keys = mem_grow(r->keys, (size_t)r->n_keys + 1, sizeof(*r->keys));
    struct key *k = &r->keys[r->n_keys++];
    *k = (struct key){.key = mem_dup(order->key), .sum = mem_dup(order->sum), .at_s = loop_mono_s()};
    snprintf(k->id, sizeof(k->id), "%s", id);
}

/* ---- One round ---- */

static const char *status_of(const struct run *u)
{
    if (u->round == NULL)
        return u->status;
    return u->stopped ? "cancelling" : round_state(u->round) < ROUND_RUNNING ? "asking" : "running";
}

/* ENDED NULL: it begins. */
static void tell(const struct run *u, const struct round *ended)
{
    const struct rounds *r = u->rounds;
    const struct rounds_news news = {.id = u->id,
                                     .by = u->by,
                                     .status = status_of(u),
                                     .target = u->n_targets == 1 ? u->targets[0] : NULL,
                                     .message = u->error,
                                     .round = ended};
    if (r->tell != NULL)
        r->tell(r->ctx, &news);
}

static const char *end_status(const struct run *u)
{
    const struct plan *plan = round_plan(u->round);
    bool all = u->error == NULL && !(u->stopped && plan->n_steps == 0);
    for (int i = 0; i < plan->n_steps; i++)
        all = all && round_step(u->round, i)->state == STEP_DONE;
    return all ? "done" : u->stopped ? "cancelled" : "failed";
}

static void end(struct run *u)
{
    struct json *json = json_new();
    struct text steps;
    text_init(&steps, MOST_STEPS);
    round_add_json(u->round, json, &steps);
    json_free(json);
    u->error = mem_dup(round_error(u->round));
    u->status = end_status(u);
    if (steps.cut && u->error == NULL)
        u->error = mem_dup("its steps are too many to be told of here: the ledger has them");
    u->steps = steps.cut ? mem_dup("[]") : text_take(&steps);
    text_done(&steps);
    u->ended_at = loop_wall_s();
    struct round *ended = u->round;
    u->round = NULL;
    tell(u, ended);
    round_free(ended);
    forget_old(u->rounds);
}

static void on_planned(void *ctx, struct round *round)
{
    struct run *u = ctx;
    if (round_error(round) != NULL || round_plan(round)->n_steps == 0)
        end(u);
    else
        round_run(round, u->rounds->cures);
}

static const char *on_step(void *ctx, struct round *round, int step)
{
    struct run *u = ctx;
    return u->forbids == NULL ? NULL : u->forbids(u->ctx, round_item(round, step)->action);
}

static void on_ended(void *ctx, struct round *round)
{
    (void)round;
    end(ctx);
}

/* ---- Begin ---- */

struct rounds *rounds_new(const struct round_parts *parts, struct cures *cures, rounds_tell_fn *tell_fn,
                          void *ctx)
{
    struct rounds *r = mem_new(sizeof(*r));
    *r = (struct rounds){
        .parts = *parts, .cures = cures, .tell = tell_fn, .ctx = ctx, .started_at = (long long)loop_wall_s()};
    return r;
}

void rounds_free(struct rounds *r)
{
    if (r == NULL)
        return;
    for (int i = 0; i < r->n; i++)
        run_free(r->runs[i]);
    for (int i = 0; i < r->n_keys; i++)
        key_done(&r->keys[i]);
    free(r->runs);
    free(r->keys);
    free(r);
}

static bool is_on(const struct run *u, const char *target)
{
    for (int i = 0; target != NULL && i < u->n_targets; i++)
        if (strcmp(u->targets[i], target) == 0)
            return true;
    return target == NULL || u->n_targets == 0;
}

const char *rounds_busy(const struct rounds *r, const char *target)
{
    for (int i = 0; i < r->n; i++)
        if (r->runs[i]->round != NULL && is_on(r->runs[i], target))
            return r->runs[i]->id;
    return NULL;
}

static const char *busy(const struct rounds *r, const struct round_options *o)
{
    const char *id = o->n_targets == 0 ? rounds_busy(r, NULL) : NULL;
    for (int i = 0; id == NULL && i < o->n_targets; i++)
        id = rounds_busy(r, o->targets[i]);
    return id;
}

static struct run *begin(struct rounds *r, const struct rounds_order *order)
{
    const struct round_options *o = &order->options;
    struct run *u = mem_new(sizeof(*u));
    *u = (struct run){.rounds = r,
                      .by = mem_dup(o->by),
                      .targets = mem_new_array((size_t)o->n_targets, sizeof(char *)),
                      .n_targets = o->n_targets,
                      .forbids = order->forbids,
                      .ctx = order->ctx,
                      .asked_at = loop_wall_s(),
                      .ended_at = NAN};
    for (int i = 0; i < o->n_targets; i++)
        u->targets[i] = mem_dup(o->targets[i]);
    snprintf(u->id, sizeof(u->id), "%llx-%d", r->started_at, ++r->last);
    r->runs = mem_grow(r->runs, (size_t)r->n + 1, sizeof(struct run *));
    r->runs[r->n++] = u;
    const struct round_host host = {.ctx = u, .planned = on_planned, .forbids = on_step, .ended = on_ended};
    u->round = round_new(&r->parts, o, &host);
    return u;
}

enum rounds_answer rounds_begin(struct rounds *r, const struct rounds_order *order, const char **id)
{
    forget_keys(r);
    const struct key *key = find_key(r, order->key);
    *id = key != NULL ? key->id : busy(r, &order->options);
    if (key != NULL)
        return strcmp(key->sum, order->sum) == 0 ? ROUNDS_SAME : ROUNDS_OTHER;
    if (*id != NULL || r->over)
        return *id != NULL ? ROUNDS_BUSY : ROUNDS_OVER;
    struct run *u = begin(r, order);
    *id = u->id;
    if (order->key != NULL)
        keep_key(r, order, u->id);
    tell(u, NULL);
    return ROUNDS_BEGUN;
}

/* ---- Later ---- */

const char *rounds_status(const struct rounds *r, const char *id)
{
    const struct run *u = find(r, id);
    return u == NULL ? NULL : status_of(u);
}

static void add_text(struct json *j, struct text *out, const char *name, const char *value)
{
    const struct value v = {.type = value == NULL ? VALUE_NULL : VALUE_TEXT, .text = value};
    text_addf(out, "\"%s\": ", name);
    json_add(j, out, &v);
    text_add(out, ", ");
}

static void add_moment(struct text *out, const char *name, double at)
{
    const struct value v = {.type = VALUE_REAL, .real = at};
    text_addf(out, "\"%s\": ", name);
    json_add_number(out, &v);
    text_add(out, ", ");
}

bool rounds_add_json(const struct rounds *r, const char *id, struct json *j, struct text *out)
{
    const struct run *u = find(r, id);
    if (u == NULL)
        return false;
    text_add(out, "{");
    add_text(j, out, "id", u->id);
    add_text(j, out, "status", status_of(u));
    add_text(j, out, "by", u->by);
    add_moment(out, "asked_at", u->asked_at);
    add_moment(out, "ended_at", u->ended_at);
    add_text(j, out, "message", u->error);
    text_add(out, "\"targets\": [");
    for (int i = 0; i < u->n_targets; i++) {
        text_add(out, i == 0 ? "" : ", ");
        json_add_text(j, out, u->targets[i]);
    }
    text_add(out, "], \"steps\": ");
    if (u->round == NULL)
        text_add(out, u->steps);
    else
        round_add_json(u->round, j, out);
    text_add(out, "}\n");
    return true;
}

static void stop(struct run *u)
{
    u->stopped = true;
    round_stop(u->round);
}

bool rounds_cancel(struct rounds *r, const char *id)
{
    struct run *u = find(r, id);
    bool open = u != NULL && u->round != NULL;
    if (open)
        stop(u);
    return open;
}

void rounds_stop(struct rounds *r)
{
    r->over = true;
    for (int i = 0; i < r->n; i++)
        if (r->runs[i]->round != NULL)
            stop(r->runs[i]);
}

int rounds_open(const struct rounds *r)
{
    int n = 0;
    for (int i = 0; i < r->n; i++)
        n += r->runs[i]->round != NULL;
    return n;
}
