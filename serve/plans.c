/* The plan over HTTP, and the rounds that run it. */
#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "core/mem.h"
#include "cures/plan_words.h"
#include "serve/inside.h"
#include "serve/wish.h"

enum { MOST_PLANNING = 8, MOST_BODY = 4 << 20, MOST_KEY = 255, MOST_TARGETS = 1000 };
static const char members[] = "target only budget_s dry_run";

/* What a request asks for. */
struct order {
    struct wish wish;
    const char *target; /* NULL: all */
    struct plan_words only;
    double budget_s; /* NAN: no limit */
    bool dry_run;
};

/* ---- What is asked for ---- */

/* "analyze, vacuum" of ["analyze", "vacuum"], too. */
static bool join(struct order *o, const char *list, struct text *out, struct err *err)
{
    struct json_member *items;
    int n;
    if (list[0] != '[') {
        text_add(out, list);
        return true;
    }
    if (!json_items(o->wish.arena, list, strlen(list), MOST_PLAN_WORDS, &items, &n, err))
        return false;
    for (int i = 0; i < n; i++) {
        if (items[i].value.type != VALUE_TEXT)
            return fail(err, "it must be a list of words");
        text_addf(out, "%s%s", i == 0 ? "" : ", ", items[i].value.text);
    }
    return true;
}

static bool read_only(struct order *o, const struct value *v, struct err *err)
{
    struct err why = {""};
    struct text list;
    if (v == NULL || v->type == VALUE_NULL)
        return true;
    text_init(&list, 4096);
    bool ok =
        v->type == VALUE_TEXT ? join(o, v->text, &list, &why) : fail(&why, "it must be a list of words");
    ok = ok && plan_words_read(text_str(&list), &o->only, &why);
    text_done(&list);
    return ok || fail(err, "only: %.900s", why.text);
}

static bool read_rest(struct order *o, struct err *err)
{
    const struct value *target = wish_value(&o->wish, "target"), *budget = wish_value(&o->wish, "budget_s"),
                       *dry = wish_value(&o->wish, "dry_run");
    o->target = wish_text(&o->wish, "target");
    o->budget_s = budget != NULL ? value_real(budget) : NAN;
    if (target != NULL && target->type != VALUE_NULL && o->target == NULL)
        return fail(err, "target: it must be the name of a target");
    if (budget != NULL && budget->type != VALUE_NULL && !(o->budget_s > 0))
        return fail(err, "budget_s: it must be a number of seconds above 0");
    if (dry != NULL && dry->type != VALUE_NULL && dry->type != VALUE_INT)
        return fail(err, "dry_run: it must be true or false");
    o->dry_run = dry != NULL && dry->type == VALUE_INT && dry->integer != 0;
    return true;
}

static bool read_body(struct http_call *c, struct order *o, struct err *err)
{
    if (!wish_read(c, &o->wish, err))
        return false;
    const char *unknown = wish_unknown(&o->wish, members);
    if (unknown != NULL)
        return fail(err, "%.40s: there is no such member: must be one of %s", unknown, members);
    return read_only(o, wish_value(&o->wish, "only"), err) && read_rest(o, err);
}

static bool read_arguments(struct http_call *c, struct order *o, struct err *err)
{
    const char *budget = http_argument(c, "budget_s"), *only = http_argument(c, "only");
    const struct value words = {.type = VALUE_TEXT, .text = only};
    char *end = NULL;
    o->wish.arena = arena_new(1024);
    o->target = http_argument(c, "target");
    o->budget_s = budget == NULL ? NAN : strtod(budget, &end);
    if (budget != NULL && (*end != '\0' || !(o->budget_s > 0)))
        return fail(err, "budget_s: it must be a number of seconds above 0");
    return read_only(o, only == NULL ? NULL : &words, err);
}

static void order_done(struct order *o)
{
    plan_words_done(&o->only);
    arena_unref(o->wish.arena);
}

/* ---- Where it would be done ---- */

/* Those on which something can be done, and why not on the others. */
struct places {
    const char *names[MOST_TARGETS];
    int n, n_named;    /* that were named, and are there */
    int status;        /* of the answer if there is none of the former */
    struct text words; /* JSON: [{"target","message"}] */
};

static void add_refused(struct serve *s, struct places *p, const char *name,
                        const struct source_status *status)
{
    struct text why;
    bool down = status->state != SOURCE_UP;
    text_init(&why, 2000);
    text_add(&why, round_refusal(status));
    if (down && status->error != NULL)
        text_addf(&why, ": %s", status->error);
    text_add(&p->words, p->words.len == 0 ? "{\"target\":" : ",{\"target\":");
    json_add_text(s->json, &p->words, name);
    text_add(&p->words, ",\"message\":");
    json_add_text(s->json, &p->words, text_str(&why));
    text_add(&p->words, "}");
    text_done(&why);
    p->status = down ? 503 : 409;
}

static void find_places(struct serve *s, const char *target, struct places *p)
{
    struct engine *e = s->parts.engine;
    *p = (struct places){.status = 404};
    text_init(&p->words, 1 << 20);
    for (int i = 0; i < engine_targets(e) && p->n < MOST_TARGETS; i++) {
        struct source_status status;
        const char *name = engine_target_name(e, i);
        if (target != NULL && strcmp(name, target) != 0)
            continue;
        p->n_named++;
        engine_target_status(e, i, &status);
        if (round_refusal(&status) == NULL)
            p->names[p->n++] = name;
        else
            add_refused(s, p, name, &status);
    }
}

/* {"error":SENTENCE,"refused":[...]} */
static void refuse_places(struct serve *s, struct http_call *c, struct places *p)
{
    struct text t;
    text_init(&t, MOST_BODY);
    text_add(&t, "{\"error\":");
    json_add_text(s->json, &t,
                  p->n_named == 0 ? "target: no target is called so; /database/health lists them"
                                  : "nothing can be done there: see refused");
    text_addf(&t, ",\"refused\":[%s]}\n", text_str(&p->words));
    s->cost.refused++;
    answer_json(c, p->status, &t);
}

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
        text_init(&t, MOST_BODY);
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

static struct round_options options_of(const struct order *o, const char *const *targets, int n)
{
    return (struct round_options){
        .targets = targets,
        .n_targets = n,
        .plan = {.only = o->only.list, .n_only = o->only.n, .budget_s = o->budget_s},
        .by = "http"};
}

/* ALLOWED: NULL, or the only kinds that may be steps. */
static void answer_plan(struct serve *s, struct http_call *c, const struct order *o,
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
static bool may_plan(struct serve *s, struct http_call *c, const struct order *o)
{
    struct places p;
    find_places(s, o->target, &p);
    bool ok = p.n > 0 || p.status == 409;
    if (!ok)
        refuse_places(s, c, &p);
    text_done(&p.words);
    return ok;
}

void plans_answer(struct serve *s, struct http_call *c, const char *id)
{
    struct order o = {.budget_s = NAN};
    struct err err = {""};
    (void)id;
    if (!read_arguments(c, &o, &err))
        answer_error(s, c, 400, err.text);
    else if (may_plan(s, c, &o))
        answer_plan(s, c, &o, NULL);
    order_done(&o);
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
static int check_allowed(const struct serve *s, const struct order *o, const struct plan_words *allowed,
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
static char *sum_of(const struct order *o)
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
    text_init(&t, MOST_BODY);
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

static void answer_begun(struct serve *s, struct http_call *c, const struct places *places,
                         enum rounds_answer answer, const char *id)
{
    struct text more;
    text_init(&more, MOST_BODY);
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

static void begin(struct serve *s, struct http_call *c, const struct order *o,
                  const struct plan_words *allowed, const char *key)
{
    struct places places;
    const char *id;
    find_places(s, o->target, &places);
    if (places.n == 0) {
        refuse_places(s, c, &places);
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
    text_done(&places.words);
}

static void run(struct serve *s, struct http_call *c, const struct order *o)
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
    struct order o = {.budget_s = NAN};
    struct err err = {""};
    (void)id;
    if (read_body(c, &o, &err))
        run(s, c, &o);
    else
        answer_error(s, c, 400, err.text);
    order_done(&o);
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
    text_init(&t, MOST_BODY);
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
