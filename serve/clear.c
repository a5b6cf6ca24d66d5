/* POST /database/cache/clear: keys of a Redis are removed, all of one database or those that fit a pattern.
 */
#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "core/utf8.h"
#include "serve/round_order.h"

static const char members[] = "target database pattern";

/* What a request asks for. */
struct clear_order {
    struct wish wish;
    const char *target, *pattern; /* PATTERN NULL: all keys */
    char name[20];                /* of the database; "": that of the target's URL */
};

static bool is_given(const struct value *v)
{
    return v != NULL && v->type != VALUE_NULL;
}

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
    if (!wish_read(c, &o->wish, err))
        return false;
    const char *unknown = wish_unknown(&o->wish, members);
    const struct value *database = wish_value(&o->wish, "database"),
                       *pattern = wish_value(&o->wish, "pattern");
    double number = is_given(database) ? wish_number(&o->wish, "database") : NAN;
    o->target = wish_text(&o->wish, "target");
    o->pattern = wish_text(&o->wish, "pattern");
    if (unknown != NULL)
        return fail(err, "%.40s: there is no such member: must be one of %s", unknown, members);
    if (o->target == NULL)
        return fail(err, "target: the name of one target is needed");
    if (is_given(database) && !(number >= 0 && number < 1e6 && number == floor(number)))
        return fail(err, "database: it must be the number of a database");
    if (is_given(pattern) && o->pattern == NULL)
        return fail(err, "pattern: it must be text, such as session:*");
    if (!is_given(database) && !is_given(pattern))
        return fail(err, "what is to be cleared is needed: database (its number), or pattern (session:*)");
    if (o->pattern != NULL && !check_pattern(o->pattern, err))
        return false;
    if (is_given(database))
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
