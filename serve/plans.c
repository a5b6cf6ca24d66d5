/* The plan over HTTP, and the rounds that run it. */
#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "core/mem.h"
#include "serve/round_order.h"

enum { MOST_PLANNING = 8 };

/* ---- The plan alone ---- */

/* A plan that somebody waits for. */
struct planning {
    struct planning *next;
    struct serve *serve;
    struct ask *ask;
    struct round *round;
};

static void planning_free(struct planning *p)
{
    for (struct planning **at = &p->serve->plannings; *at != NULL; at = &(*at)->next)
        if (*at == p) {
            *at = p->next;
            break;
        }
    round_free(p->round);
    free(p);
}

static void on_planned(void *ctx, struct round *r)
{
    struct planning *p = ctx;
    if (round_error(r) != NULL) {
        answer_late(p->ask, 503, round_error(r));
    } else {
        struct text t;
        text_init(&t, MOST_PLAN_BODY);
        round_add_json(r, p->serve->json, &t);
        text_add(&t, "\n");
        if (t.cut)
            answer_late(p->ask, 413, "the plan is larger than 4 MB: ask for one target");
        else
            answer_late_json(p->ask, 200, &t);
        text_done(&t);
    }
    planning_free(p);
}

static bool is_crowded(const struct serve *s)
{
    int n = 0;
    for (const struct planning *p = s->plannings; p != NULL; p = p->next)
        n++;
    return n >= MOST_PLANNING;
}

static struct round_options options_of(const struct plan_order *o, const char *const *targets, int n)
{
    return (struct round_options){
        .targets = targets,
        .n_targets = n,
        .plan = {.only = o->only.list, .n_only = o->only.n, .budget_s = o->budget_s},
        .by = "http"};
}

/* ALLOWED: NULL, or the only kinds that may be steps. */
static void answer_plan(struct serve *s, struct http_call *c, const struct plan_order *o,
                        const struct plan_words *allowed)
{
    const struct round_parts parts = {.loop = s->parts.loop,
                                      .engine = s->parts.engine,
                                      .queries = s->parts.queries,
                                      .advisor = s->parts.advisor};
    struct round_options options = options_of(o, &o->target, o->target != NULL ? 1 : 0);
    if (s->parts.advisor == NULL || is_crowded(s)) {
        answer_error_with(s, c, 503,
                          s->parts.advisor == NULL
                              ? "no findings are looked for by this process, so it has no plan: ask a guard"
                              : "too many plans are being made at once: ask again",
                          "Retry-After", "5");
        return;
    }
    if (allowed != NULL) {
        options.plan.allow = allowed->list;
        options.plan.n_allow = allowed->n;
    }
    struct planning *p = mem_new(sizeof(*p));
    *p = (struct planning){.next = s->plannings, .serve = s, .ask = answer_wait(s, c)};
    s->plannings = p;
    const struct round_host host = {.ctx = p, .planned = on_planned};
    p->round = round_new(&parts, &options, &host);
}

void plans_end(struct serve *s)
{
    while (s->plannings != NULL) {
        answer_late(s->plannings->ask, 503, "this process ends");
        planning_free(s->plannings);
    }
}

/* A plan is of any target that is there and answers: a standby has one, of what can be judged on it. */
static bool may_plan(struct serve *s, struct http_call *c, const struct plan_order *o)
{
    struct plan_places p;
    plan_places_find(s, o->target, &p);
    bool ok = p.n > 0 || p.status == 409;
    if (!ok)
        plan_places_refuse(s, c, &p);
    plan_places_done(&p);
    return ok;
}

void plans_answer(struct serve *s, struct http_call *c, const char *id)
{
    struct plan_order o = {.budget_s = NAN};
    struct err err = {""};
    (void)id;
    if (!plan_order_arguments(c, &o, &err))
        answer_error(s, c, 400, err.text);
    else if (may_plan(s, c, &o))
        answer_plan(s, c, &o, NULL);
    plan_order_done(&o);
}

/* ---- A round ---- */

/* What two requests with the same key must have in common. */
static char *sum_of(const struct plan_order *o)
{
    struct text t;
    text_init(&t, 1 << 16);
    text_addf(&t, "%.17g\n", o->budget_s);
    for (int i = 0; i < o->only.n; i++)
        text_addf(&t, "%s\n", o->only.list[i]);
    text_addf(&t, "%d%s", o->target != NULL, o->target != NULL ? o->target : "");
    return text_take(&t);
}

static void begin(struct serve *s, struct http_call *c, const struct plan_order *o,
                  const struct plan_words *allowed, const char *key)
{
    struct plan_places places;
    plan_places_find(s, o->target, &places);
    if (places.n == 0) {
        plan_places_refuse(s, c, &places);
    } else {
        char *sum = sum_of(o);
        const struct round_options options = options_of(o, NULL, 0);
        round_order_begin(s, c, &places, &options, allowed, key, sum);
        free(sum);
    }
    plan_places_done(&places);
}

static void run(struct serve *s, struct http_call *c, const struct plan_order *o)
{
    struct plan_words allowed = {.n = 0};
    struct err err = {""};
    char key[MOST_KEY + 1];
    int status = 0;
    if (o->dry_run)
        round_order_allowed(s->parts.config, &allowed);
    else
        status = round_order_may(s, c, &o->only, &allowed, key, &err);
    if (status != 0)
        answer_error_with(s, c, status, err.text, status == 401 ? "WWW-Authenticate" : NULL, "Bearer");
    else if (!o->dry_run)
        begin(s, c, o, &allowed, key);
    else if (may_plan(s, c, o))
        answer_plan(s, c, o, &allowed);
    plan_words_done(&allowed);
}

void plans_run(struct serve *s, struct http_call *c, const char *id)
{
    struct plan_order o = {.budget_s = NAN};
    struct err err = {""};
    (void)id;
    if (plan_order_body(c, &o, &err))
        run(s, c, &o);
    else
        answer_error(s, c, 400, err.text);
    plan_order_done(&o);
}

/* ---- Later ---- */

static void answer_unknown(struct serve *s, struct http_call *c)
{
    answer_error(
        s, c, 404,
        "no round of that id is known: the last 100 of this process are; what was done is in the ledger");
}

void plans_told(struct serve *s, struct http_call *c, const char *id)
{
    struct text t;
    text_init(&t, MOST_PLAN_BODY);
    if (s->parts.rounds != NULL && rounds_add_json(s->parts.rounds, id, s->json, &t))
        answer_json(c, 200, &t);
    else
        answer_unknown(s, c);
    text_done(&t);
}

void plans_cancel(struct serve *s, struct http_call *c, const char *id)
{
    struct rounds *r = s->parts.rounds;
    if (r == NULL || rounds_status(r, id) == NULL)
        answer_unknown(s, c);
    else if (rounds_cancel(r, id))
        round_order_answer(s, c, 202, id, "");
    else
        round_order_answer(s, c, 409, id, ",\"error\":\"it has ended\"");
}
