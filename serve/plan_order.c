/* What a request for a plan or a round asks for, and on which targets that can be done. */
#include "serve/plan_order.h"

#include <math.h>
#include <stdlib.h>
#include <string.h>

/* Null is not what is absent where it would do more: a target that is null by mistake must not be all
 * targets. */
static const struct wish_rule members[] = {
    {"target", WISH_TEXT, "the name of a target, as text"},
    {"only", WISH_TEXT | WISH_ARRAY, "a list of words"},
    {"budget_s", WISH_NUMBER | WISH_NULL, "a number of seconds above 0"},
    {"dry_run", WISH_BOOLEAN, "true or false"},
};

/* ---- What is asked for ---- */

/* "analyze, vacuum" of ["analyze", "vacuum"]. */
static bool join(struct plan_order *o, const char *list, struct text *out, struct err *err)
{
    struct json_member *items;
    int n;
    if (!json_items(o->wish.arena, list, strlen(list), MOST_PLAN_WORDS, &items, &n, err))
        return false;
    for (int i = 0; i < n; i++) {
        if (items[i].type != JSON_TEXT)
            return fail(err, "it must be a list of words");
        text_addf(out, "%s%s", i == 0 ? "" : ", ", items[i].value.text);
    }
    return true;
}

static bool read_words(struct plan_order *o, const char *words, struct err *err)
{
    struct err why = {""};
    return plan_words_read(words, &o->only, &why) || fail(err, "only: %.900s", why.text);
}

static bool read_only(struct plan_order *o, struct err *err)
{
    const struct json_member *only = wish_member(&o->wish, "only");
    struct err why = {""};
    struct text list;
    if (only == NULL || only->type == JSON_TEXT)
        return only == NULL || read_words(o, only->value.text, err);
    text_init(&list, 4096);
    bool ok = join(o, only->value.text, &list, &why) ? read_words(o, text_str(&list), err)
                                                     : fail(err, "only: %.900s", why.text);
    text_done(&list);
    return ok;
}

static bool read_rest(struct plan_order *o, struct err *err)
{
    const struct json_member *dry = wish_member(&o->wish, "dry_run");
    o->target = wish_text(&o->wish, "target");
    o->budget_s = wish_number(&o->wish, "budget_s");
    o->dry_run = dry != NULL && dry->value.integer != 0;
    return isnan(o->budget_s) || o->budget_s > 0 ||
           fail(err, "budget_s: it must be a number of seconds above 0");
}

bool plan_order_body(struct http_call *c, struct plan_order *o, struct err *err)
{
    return wish_read(c, &o->wish, err) &&
           wish_check(&o->wish, members, sizeof(members) / sizeof(members[0]), err) && read_only(o, err) &&
           read_rest(o, err);
}

bool plan_order_arguments(struct http_call *c, struct plan_order *o, struct err *err)
{
    const char *budget = http_argument(c, "budget_s"), *only = http_argument(c, "only");
    char *end = NULL;
    o->wish.arena = arena_new(1024);
    o->target = http_argument(c, "target");
    o->budget_s = budget == NULL ? NAN : strtod(budget, &end);
    if (budget != NULL && (*end != '\0' || !(o->budget_s > 0)))
        return fail(err, "budget_s: it must be a number of seconds above 0");
    return only == NULL || read_words(o, only, err);
}

void plan_order_done(struct plan_order *o)
{
    plan_words_done(&o->only);
    arena_unref(o->wish.arena);
}

/* ---- Where it would be done ---- */

static void add_refused(struct serve *s, struct plan_places *p, const char *name,
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

void plan_places_find(struct serve *s, const char *target, struct plan_places *p)
{
    struct engine *e = s->parts.engine;
    *p = (struct plan_places){.status = 404};
    text_init(&p->words, 1 << 20);
    for (int i = 0; i < engine_targets(e) && p->n < MOST_PLAN_TARGETS; i++) {
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

void plan_places_refuse(struct serve *s, struct http_call *c, struct plan_places *p)
{
    struct text t;
    text_init(&t, MOST_PLAN_BODY);
    text_add(&t, "{\"error\":");
    json_add_text(s->json, &t,
                  p->n_named == 0 ? "target: no target is called so; /database/health lists them"
                                  : "nothing can be done there: see refused");
    text_addf(&t, ",\"refused\":[%s]}\n", text_str(&p->words));
    s->cost.refused++;
    answer_json(c, p->status, &t);
}

void plan_places_done(struct plan_places *p)
{
    text_done(&p->words);
}
