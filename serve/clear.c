/* POST /database/cache/clear: keys of a Redis are removed, all of one database or those that fit a pattern.
 */
#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "core/utf8.h"
#include "serve/round_order.h"

/* Null is none of these: what is null by mistake must not make a pattern's keys all keys. */
static const struct wish_rule members[] = {
    {"target", WISH_TEXT, "text: the name of one target"},
    {"database", WISH_WHOLE, "the number of a database, a whole one"},
    {"pattern", WISH_TEXT, "text, such as session:*"},
};

/* What a request asks for. */
struct clear_order {
    struct wish wish;
    const char *target, *pattern; /* PATTERN NULL: all keys */
    char name[20];                /* of the database; "": that of the target's URL */
};

/* As the action itself would refuse it, but before anything begins. */
static bool check_pattern(const char *pattern, struct err *err)
{
    struct text shown;
    if (pattern[strspn(pattern, " ")] == '\0')
        return fail(err, "pattern: it is empty: session:* are the keys that begin with session:");
    text_init(&shown, 4 * strlen(pattern) + 1);
    utf8_clean(&shown, pattern, false);
    bool same = strcmp(text_str(&shown), pattern) == 0;
    text_done(&shown);
    return same || fail(err, "pattern: it has control characters, or others that cannot be shown");
}

static bool read_order(struct http_call *c, struct clear_order *o, struct err *err)
{
    if (!wish_read(c, &o->wish, err) ||
        !wish_check(&o->wish, members, sizeof(members) / sizeof(members[0]), err))
        return false;
    double number = wish_number(&o->wish, "database");
    o->target = wish_text(&o->wish, "target");
    o->pattern = wish_text(&o->wish, "pattern");
    if (o->target == NULL)
        return fail(err, "target: the name of one target is needed");
    if (!isnan(number) && !(number >= 0 && number < 1e6))
        return fail(err, "database: it must be the number of a database");
    if (isnan(number) && o->pattern == NULL)
        return fail(err, "what is to be cleared is needed: database (its number), or pattern (session:*)");
    if (o->pattern != NULL && !check_pattern(o->pattern, err))
        return false;
    if (!isnan(number))
        snprintf(o->name, sizeof(o->name), "db%.0f", number);
    return true;
}

/* It is one of those that have such databases. */
static bool is_redis(struct serve *s, const char *target)
{
    for (int i = 0; i < engine_targets(s->parts.engine); i++) {
        struct source_status status;
        engine_target_status(s->parts.engine, i, &status);
        if (strcmp(engine_target_name(s->parts.engine, i), target) == 0)
            return status.product != NULL && strcmp(status.product, "Redis") == 0;
    }
    return false;
}

static void begin(struct serve *s, struct http_call *c, const struct clear_order *o, const char *action,
                  const struct plan_words *allowed, const char *key)
{
    struct plan_places places;
    plan_places_find(s, o->target, &places);
    if (places.n == 0) {
        plan_places_refuse(s, c, &places);
    } else if (!is_redis(s, o->target)) {
        answer_error(s, c, 409, "target: it is no Redis, and nothing else can be cleared from here");
    } else {
        struct text sum;
        struct query_param params[2];
        int n = 0;
        if (o->name[0] != '\0')
            params[n++] = (struct query_param){"name", {VALUE_TEXT, .text = o->name}};
        if (o->pattern != NULL)
            params[n++] = (struct query_param){"typed", {VALUE_TEXT, .text = o->pattern}};
        const struct round_options options = {.plan = {.only = &action, .n_only = 1, .budget_s = NAN},
                                              .by = "http",
                                              .action = action,
                                              .params = params,
                                              .n_params = n};
        text_init(&sum, 1 << 16);
        text_addf(&sum, "%s\n%s\n%s\n", action, o->target, o->name);
        text_add(&sum, o->pattern);
        round_order_begin(s, c, &places, &options, allowed, key, text_str(&sum));
        text_done(&sum);
    }
    plan_places_done(&places);
}

void clear_run(struct serve *s, struct http_call *c, const char *id)
{
    struct clear_order o = {.target = NULL};
    struct plan_words allowed = {.n = 0};
    struct err err = {""};
    char key[MOST_KEY + 1];
    (void)id;
    int status = read_order(c, &o, &err) ? 0 : 400;
    const char *action = o.pattern != NULL ? "cache_clear_pattern" : "cache_clear_database";
    const struct plan_words wanted = {.list = {action}, .n = 1};
    if (status == 0)
        status = round_order_may(s, c, &wanted, &allowed, key, &err);
    if (status == 0)
        begin(s, c, &o, action, &allowed, key);
    else
        answer_error_with(s, c, status, err.text, status == 401 ? "WWW-Authenticate" : NULL, "Bearer");
    plan_words_done(&allowed);
    arena_unref(o.wish.arena);
}
