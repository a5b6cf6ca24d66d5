/* This profile beside an earlier one, which is read from its JSON. */
#include "profile/compare.h"

#include <stdlib.h>
#include <string.h>

#include "core/json.h"

enum { LARGEST_EARLIER = 16 << 20, MOST_MEMBERS = 100, LONGEST_LOST = 2000 };
static const double least_ms = 0.1; /* a machine that does something else beside it makes more than this */

/* ---- Reading ---- */

static double number(const struct value *v)
{
    double x = value_real(v);
    return x >= 0 ? x : NAN;
}

static const char *string(const struct value *v)
{
    return v->type == VALUE_TEXT ? v->text : "";
}

static bool read_query(struct arena *a, const struct value *v, struct earlier_query *q)
{
    struct json_member *m;
    int n;
    *q = (struct earlier_query){"", "", "", NAN, NAN, {NAN, NAN}, {NAN, NAN}};
    if (v->type != VALUE_TEXT || !json_members(a, v->text, strlen(v->text), MOST_MEMBERS, &m, &n, NULL))
        return false;
    const struct {
        const char *name;
        double *at;
    } numbers[] = {{"p50_ms", &q->p50_ms},         {"p95_ms", &q->p95_ms},
                   {"p50_low_ms", &q->p50_in.low}, {"p50_high_ms", &q->p50_in.high},
                   {"p95_low_ms", &q->p95_in.low}, {"p95_high_ms", &q->p95_in.high}};
    const struct {
        const char *name, **at;
    } strings[] = {{"query", &q->name}, {"plan", &q->plan}, {"indexes", &q->indexes}};
    for (int i = 0; i < n; i++) {
        for (size_t k = 0; k < sizeof(numbers) / sizeof(numbers[0]); k++)
            if (strcmp(m[i].name, numbers[k].name) == 0)
                *numbers[k].at = number(&m[i].value);
        for (size_t k = 0; k < sizeof(strings) / sizeof(strings[0]); k++)
            if (strcmp(m[i].name, strings[k].name) == 0)
                *strings[k].at = string(&m[i].value);
    }
    return q->name[0] != '\0';
}

bool earlier_parse(const char *text, size_t len, const char *path, struct earlier *out, struct err *err)
{
    struct earlier e = {.arena = arena_new(1 << 16)};
    struct json_member *items;
    struct err why = {""};
    bool ok = json_items(e.arena, text, len, MOST_QUERIES, &items, &e.n, &why) ||
              fail(err, "%.300s is no earlier profile: %.500s", path, why.text);
    if (ok)
        e.queries = arena_alloc(e.arena, (size_t)e.n * sizeof(*e.queries) + 1);
    for (int i = 0; i < e.n && ok; i++)
        ok = read_query(e.arena, &items[i].value, &e.queries[i]) ||
             fail(err,
                  "%.300s is no earlier profile: item %d has no \"query\"; it must come from dbvitals "
                  "profile --format json",
                  path, i + 1);
    if (!ok)
        earlier_done(&e);
    else
        *out = e;
    return ok;
}

bool earlier_read(const char *path, struct earlier *out, struct err *err)
{
    char *text;
    size_t len;
    if (!read_text_file(path, LARGEST_EARLIER, &text, &len, err))
        return false;
    bool ok = earlier_parse(text, len, path, out, err);
    free(text);
    return ok;
}

void earlier_done(struct earlier *e)
{
    arena_unref(e->arena);
    *e = (struct earlier){.arena = NULL};
}

/* ---- Judging ---- */

static bool is_larger(double a, struct interval a_in, double b, struct interval b_in, double ratio)
{
    return a > b * (1 + ratio) && a - b > least_ms && a_in.low > b_in.high; /* false with a NAN */
}

enum change change_of(double was, struct interval was_in, double now, struct interval now_in, double ratio)
{
    if (is_larger(now, now_in, was, was_in, ratio))
        return CHANGE_SLOWER;
    return is_larger(was, was_in, now, now_in, ratio) ? CHANGE_FASTER : CHANGE_NONE;
}

static void find_lost(const char *was, const char *now, struct text *out)
{
    while (*was != '\0') {
        const char *end = strstr(was, ", ");
        size_t n = end == NULL ? strlen(was) : (size_t)(end - was);
        if (!plan_list_has(now, was, n)) {
            text_add(out, out->len > 0 ? ", " : "");
            text_add_n(out, was, n);
        }
        was += n + (end == NULL ? 0 : 2);
    }
}

void compare_one(const struct earlier *e, const struct query_result *now, double ratio,
                 struct comparison *out)
{
    *out = (struct comparison){.was = NULL};
    text_init(&out->lost, LONGEST_LOST);
    for (int i = 0; i < e->n && out->was == NULL; i++)
        if (strcmp(e->queries[i].name, now->query->name) == 0)
            out->was = &e->queries[i];
    const struct earlier_query *was = out->was;
    if (was == NULL)
        return;
    const struct stats *s = &now->stats;
    out->p50 = change_of(was->p50_ms, was->p50_in, s->p50, s->p50_in, ratio);
    out->p95 = change_of(was->p95_ms, was->p95_in, s->p95, s->p95_in, ratio);
    const char *plan = text_str(&now->plan.shape);
    if (was->plan[0] == '\0' || plan[0] == '\0')
        return; /* one of them is not known */
    out->new_plan = strcmp(was->plan, plan) != 0;
    find_lost(was->indexes, text_str(&now->plan.indexes), &out->lost);
}

void comparison_done(struct comparison *c)
{
    text_done(&c->lost);
}
