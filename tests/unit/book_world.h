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

/* {name} only. */
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

#endif
