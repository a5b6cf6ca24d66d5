/* What every request that runs something has in common. */
#include "serve/round_order.h"

#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "core/mem.h"

void round_order_allowed(const struct config *config, struct plan_words *out)
{
    const char *allow = config_get(config, "http", "allow");
    plan_words_take(strcmp(allow, "none") == 0 ? "" : allow, out);
}

static const char *forbids(void *ctx, const char *action)
{
    struct plan_words allowed;
    round_order_allowed(ctx, &allowed);
    bool may = plan_words_have(&allowed, action);
    plan_words_done(&allowed);
    return may ? NULL : "[http] allow does not name it any more";
}

/* 0, or the status to refuse it with. */
static int check_allowed(const struct serve *s, const struct plan_words *wanted,
                         const struct plan_words *allowed, struct err *err)
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
    for (int i = 0; i < wanted->n; i++)
        if (!plan_words_have(allowed, wanted->list[i])) {
            fail(err, "%s is not among what [http] allow names", wanted->list[i]);
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

int round_order_may(struct serve *s, struct http_call *c, const struct plan_words *wanted,
                    struct plan_words *allowed, char key[MOST_KEY + 1], struct err *err)
{
    round_order_allowed(s->parts.config, allowed);
    int status = trust_act(&s->trust, c, err);
    if (status == 0)
        status = check_allowed(s, wanted, allowed, err);
    if (status == 0 && !read_key(c, key, err))
        status = 400;
    return status;
}

void round_order_answer(struct serve *s, struct http_call *c, int status, const char *id, const char *more)
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
        round_order_answer(s, c, 202, id, text_str(&more));
        break;
    case ROUNDS_SAME:
        round_order_answer(s, c, is_open(s, id) ? 202 : 200, id, "");
        break;
    case ROUNDS_OTHER:
        answer_error(s, c, 422, "Idempotency-Key: this key was given with another request");
        break;
    case ROUNDS_OVER:
        answer_error(s, c, 503, "this process ends");
        break;
    case ROUNDS_BUSY:
        s->cost.refused++;
        round_order_answer(s, c, 409, id,
                           ",\"error\":\"this round is at work there: two at once are not begun\"");
        break;
    }
    text_done(&more);
}

void round_order_begin(struct serve *s, struct http_call *c, const struct plan_places *places,
                       const struct round_options *options, const struct plan_words *allowed, const char *key,
                       const char *sum)
{
    const char *id;
    struct rounds_order order = {.options = *options,
                                 .forbids = forbids,
                                 .ctx = (void *)(uintptr_t)s->parts.config,
                                 .key = key[0] == '\0' ? NULL : key,
                                 .sum = sum};
    order.options.targets = places->names;
    order.options.n_targets = places->n;
    order.options.plan.allow = allowed->list;
    order.options.plan.n_allow = allowed->n;
    enum rounds_answer answer = rounds_begin(s->parts.rounds, &order, &id);
    answer_begun(s, c, places, answer, id);
}
