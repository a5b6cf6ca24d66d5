/* The plan over HTTP, and the rounds that run it. */
#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "core/mem.h"
#include "serve/plan_order.h"

enum { MOST_PLANNING = 8, MOST_KEY = 255 };

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
                          s->parts.advisor == NULL ? "nothing is looked for here" : "too many plans at once",
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

static void allowed_words(const struct config *config, struct plan_words *out)
{
    const char *allow = config_get(config, "http", "allow");
    plan_words_take(strcmp(allow, "none") == 0 ? "" : allow, out);
}

static const char *forbids(void *ctx, const char *action)
{
    struct plan_words allowed;
    allowed_words(ctx, &allowed);
    bool may = plan_words_have(&allowed, action);
    plan_words_done(&allowed);
    return may ? NULL : "[http] allow does not name it any more";
}

/* 0, or the status to refuse it with. */
static int check_allowed(const struct serve *s, const struct plan_order *o, const struct plan_words *allowed,
                         struct err *err)
{
    if (s->parts.rounds == NULL) {
        fail(err, s->parts.read_only ? "--read-only was given: nothing is run from here"
                                     : "nothing is run from here: only a guard does");
        return 403;
    }
    if (allowed->n == 0) {
        fail(err, "nothing may be run from here: [http] allow is none; name kinds of action there: analyze, "
                  "vacuum");
        return 403;
    }
    for (int i = 0; i < o->only.n; i++)
        if (!plan_words_have(allowed, o->only.list[i])) {
            fail(err, "only: %s is not among what [http] allow names", o->only.list[i]);
            return 403;
        }
    return 0;
}

/* The header's value without the quotes that a structured field has; false and err if it is no key. */
static bool read_key(const struct http_call *c, char out[MOST_KEY + 1], struct err *err)
{
    const char *key = http_header(c, "Idempotency-Key");
    size_t len = key == NULL ? 0 : strlen(key);
    out[0] = '\0';
    if (key == NULL)
        return true;
    if (len >= 2 && key[0] == '"' && key[len - 1] == '"') {
        key++;
        len -= 2;
    }
    if (len == 0 || len > MOST_KEY)
        return fail(err, "Idempotency-Key: it must have 1 to %d bytes", MOST_KEY);
    memcpy(out, key, len);
    out[len] = '\0';
    return true;
}

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

/* {"id","status"} and MORE, with where it is told of. */
static void answer_round(struct serve *s, struct http_call *c, int status, const char *id, const char *more)
{
    const char *word = rounds_status(s->parts.rounds, id);
    struct text t, location;
    text_init(&t, MOST_PLAN_BODY);
    text_init(&location, 200);
    text_addf(&location, "/database/optimize/%s", id);
    text_addf(&t, "{\"id\":\"%s\",\"status\":\"%s\"%s}\n", id, word != NULL ? word : "forgotten", more);
    struct http_answer a = {.status = status, .type = TYPE_JSON, .len = t.len};
    a.extra[0].name = "Location";
    a.extra[0].value = text_str(&location);
    a.body = text_take(&t);
    http_answer(c, &a);
    text_done(&location);
}

static bool is_open(const struct serve *s, const char *id)
{
    const char *status = rounds_status(s->parts.rounds, id);
    return status != NULL && (strcmp(status, "asking") == 0 || strcmp(status, "running") == 0 ||
                              strcmp(status, "cancelling") == 0);
}

static void answer_begun(struct serve *s, struct http_call *c, const struct plan_places *places,
                         enum rounds_answer answer, const char *id)
{
    struct text more;
    text_init(&more, MOST_PLAN_BODY);
    switch (answer) {
    case ROUNDS_BEGUN:
        text_addf(&more, ",\"refused\":[%s]", text_str(&places->words));
        answer_round(s, c, 202, id, text_str(&more));
        break;
    case ROUNDS_SAME:
        answer_round(s, c, is_open(s, id) ? 202 : 200, id, "");
        break;
    case ROUNDS_OTHER:
        answer_error(s, c, 422, "Idempotency-Key: this key was given with another request");
        break;
    case ROUNDS_OVER:
        answer_error(s, c, 503, "this process ends");
        break;
    case ROUNDS_BUSY:
        s->cost.refused++;
        answer_round(s, c, 409, id, ",\"error\":\"this round is at work there: two at once are not begun\"");
        break;
    }
    text_done(&more);
}

static void begin(struct serve *s, struct http_call *c, const struct plan_order *o,
                  const struct plan_words *allowed, const char *key)
{
    struct plan_places places;
    const char *id;
    plan_places_find(s, o->target, &places);
    if (places.n == 0) {
        plan_places_refuse(s, c, &places);
    } else {
        char *sum = sum_of(o);
        struct rounds_order order = {.options = options_of(o, places.names, places.n),
                                     .forbids = forbids,
                                     .ctx = (void *)(uintptr_t)s->parts.config,
                                     .key = key[0] == '\0' ? NULL : key,
                                     .sum = sum};
        order.options.plan.allow = allowed->list;
        order.options.plan.n_allow = allowed->n;
        enum rounds_answer answer = rounds_begin(s->parts.rounds, &order, &id);
        answer_begun(s, c, &places, answer, id);
        free(sum);
    }
    plan_places_done(&places);
}

static void run(struct serve *s, struct http_call *c, const struct plan_order *o)
{
    struct plan_words allowed;
    struct err err = {""};
    char key[MOST_KEY + 1];
    allowed_words(s->parts.config, &allowed);
    int status = o->dry_run ? 0 : trust_act(&s->trust, c, &err);
    if (status == 0 && !o->dry_run)
        status = check_allowed(s, o, &allowed, &err);
    if (status == 0 && !read_key(c, key, &err))
        status = 400;
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
        answer_round(s, c, 202, id, "");
    else
        answer_round(s, c, 409, id, ",\"error\":\"it has ended\"");
}
