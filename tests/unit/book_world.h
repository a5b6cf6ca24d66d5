/* A book, rules and answers made by hand, with stand-ins for the judge and for templates: what the tests of
 * the book, and its bench, ask. */
#ifndef DBVITALS_TESTS_UNIT_BOOK_WORLD_H
#define DBVITALS_TESTS_UNIT_BOOK_WORLD_H

#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "alerts/book.h"
#include "core/mem.h"
#include "tests/unit/test.h"

/* A row of an answer: warning above 50, critical above 90. */
struct row {
    const char *target, *name;
    double value;
    const char *query;
};
enum { TARGET, NAME, VALUE, QUERY, N_COLUMNS };

static inline struct result *answer_new(const struct row *rows, int n)
{
    static const struct result_column columns[] = {
        {.name = "target"}, {.name = "name"}, {.name = "value", .unit = UNIT_S}, {.name = "query"}};
    struct arena *arena = arena_new(256);
    struct result *r = arena_alloc(arena, sizeof(*r));
    *r = (struct result){.arena = arena, .n_columns = N_COLUMNS, .n_rows = n};
    r->columns = arena_alloc(arena, sizeof(columns));
    memcpy(r->columns, columns, sizeof(columns));
    r->values = arena_alloc(arena, (size_t)n * N_COLUMNS * sizeof(*r->values));
    for (int i = 0; i < n; i++) {
        struct value *v = &r->values[i * N_COLUMNS];
        v[TARGET] = (struct value){VALUE_TEXT, .text = rows[i].target};
        v[NAME] = (struct value){rows[i].name == NULL ? VALUE_NULL : VALUE_TEXT, .text = rows[i].name};
        v[VALUE] = (struct value){isnan(rows[i].value) ? VALUE_NULL : VALUE_REAL, .real = rows[i].value};
        v[QUERY] = (struct value){rows[i].query == NULL ? VALUE_NULL : VALUE_TEXT, .text = rows[i].query};
    }
    return r;
}

/* Stand-ins. Each row is an alert; the key is its name when the rule has key columns. */
void judge_result(const struct rule *rule, const struct result *result, const struct coverage *coverage,
                  int n_coverage, judge_level_fn *level, void *ctx, struct judgement *out)
{
    out->rows = mem_new_array((size_t)result->n_rows + 1, sizeof(*out->rows));
    out->n = 0;
    for (int i = 0; i < result->n_rows; i++) {
        const struct value *v = &result->values[i * result->n_columns];
        bool known = false;
        for (int c = 0; c < n_coverage; c++)
            known = known || (coverage[c].no_data == NULL && strcmp(coverage[c].target, v[TARGET].text) == 0);
        if (!known)
            continue;
        struct finding_row *row = &out->rows[out->n++];
        double value = v[VALUE].type == VALUE_NULL ? NAN : v[VALUE].real;
        *row = (struct finding_row){.key = mem_dup(rule->n_key > 0 ? v[NAME].text : ""),
                                    .target = v[TARGET].text,
                                    .value = value,
                                    .row = i,
                                    .count = 1};
        enum level l = value > 90 ? LEVEL_CRITICAL : value > 50 ? LEVEL_WARNING : LEVEL_NONE;
        row->outcome = (struct outcome){.kind = isnan(value)      ? OUTCOME_NO_DATA
                                                : l == LEVEL_NONE ? OUTCOME_FALSE
                                                                  : OUTCOME_TRUE,
                                        .level = l,
                                        .reason = l == LEVEL_NONE ? REASON_BELOW : REASON_THRESHOLD};
        if (l == LEVEL_NONE && value > 40) /* clear = < 40 */
            row->outcome.held_by = level(ctx, row->target, row->key);
    }
}

void judgement_done(struct judgement *j)
{
    for (int i = 0; i < j->n; i++)
        free(j->rows[i].key);
    free(j->rows);
}

/* Fills in {name} only. */
void rule_expand(struct text *out, const struct rule *rule, const char *template, const struct result *result,
                 int row, int count)
{
    (void)rule, (void)count;
    const char *at = strstr(template, "{name}");
    const char *name = result->values[row * result->n_columns + NAME].text;
    if (at == NULL) {
        text_add(out, template);
        return;
    }
    text_add_n(out, template, (size_t)(at - template));
    text_add(out, name != NULL ? name : "n/a");
    text_add(out, at + 6);
}

static const char *const name_key[] = {"name"};

static inline struct rule rule_made(const char *name)
{
    struct rule r = {.name = name,
                     .help = "h",
                     .sql = "select 1",
                     .enabled = true,
                     .unit = UNIT_S,
                     .summary = "{name} waits"};
    r.levels[LEVEL_WARNING] = (struct threshold){COMPARE_GT, 50, "> 50 s"};
    r.levels[LEVEL_CRITICAL] = (struct threshold){COMPARE_GT, 90, "> 90 s"};
    return r;
}

static inline struct rule keyed_rule_made(const char *name)
{
    struct rule r = rule_made(name);
    r.key = (const char **)(uintptr_t)name_key;
    r.n_key = 1;
    return r;
}

enum { LAG, DOWN, LATCHED, DEAF, DISKS, N_RULES, MOST_EVENTS = 64 };

struct world {
    struct rule list[N_RULES];
    struct rules rules;
    struct book *book;
    double wall_s;
    int n_events, n_forgotten;
    struct {
        char id[17], title[256];
        struct transition transition;
    } events[MOST_EVENTS];
};

static inline void keep_event(void *ctx, const struct event *e)
{
    struct world *w = ctx;
    assert_true(w->n_events < MOST_EVENTS);
    w->events[w->n_events].transition = e->transition;
    snprintf(w->events[w->n_events].id, 17, "%s", e->alert->id);
    snprintf(w->events[w->n_events++].title, 256, "%s", e->alert->title != NULL ? e->alert->title : "");
}

static inline void count_forgotten(void *ctx, const struct alert *a)
{
    (void)a;
    ((struct world *)ctx)->n_forgotten++;
}

/* lag and disks have one alert per name, the others one per target. deaf alerts of missing data. */
static inline void world_init(struct world *w)
{
    *w = (struct world){.wall_s = 1e9};
    w->list[LAG] = keyed_rule_made("lag");
    w->list[DOWN] = rule_made("target_down");
    w->list[LATCHED] = rule_made("checksums");
    w->list[LATCHED].latched = true;
    w->list[DEAF] = keyed_rule_made("deaf");
    w->list[DEAF].on_no_data = NO_DATA_ALERT;
    w->list[DISKS] = keyed_rule_made("disks");
    w->list[DISKS].for_s = 30;
    w->rules = (struct rules){.list = w->list, .n = N_RULES};
    w->book = book_new(&w->rules);
    book_on_event(w->book, keep_event, w);
    book_on_forget(w->book, count_forgotten, w);
}

static const struct coverage both[] = {{"shop", NULL}, {"blog", NULL}};

static inline void answer(struct world *w, int rule, const struct row *rows, int n,
                          const struct coverage *coverage, int n_coverage)
{
    struct result *result = answer_new(rows, n);
    w->wall_s += 10;
    book_answer(w->book, &(struct book_answer){.rule = &w->list[rule],
                                               .result = result,
                                               .coverage = coverage,
                                               .n_coverage = n_coverage,
                                               .step_s = 10,
                                               .wall_s = w->wall_s,
                                               .cpu_ms = 1});
    arena_unref(result->arena);
}

/* The answer for target shop alone; VALUE NAN: it names nothing. */
static inline void shop(struct world *w, int rule, double value)
{
    const struct row row = {"shop", "a", value, "select 1"};
    answer(w, rule, &row, isnan(value) ? 0 : 1, both, 1);
}

static inline struct alert *find(const struct world *w, const char *rule, const char *target, const char *key)
{
    for (int i = 0; i < book_alerts(w->book); i++) {
        struct alert *a = book_alert(w->book, i);
        if (strcmp(a->rule, rule) == 0 && strcmp(a->target, target) == 0 && strcmp(a->key, key) == 0)
            return a;
    }
    return NULL;
}

static inline const struct transition *last(const struct world *w)
{
    assert_true(w->n_events > 0);
    return &w->events[w->n_events - 1].transition;
}

#endif
