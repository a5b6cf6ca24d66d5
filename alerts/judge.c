/* From rows to outcomes. */
#include "alerts/judge.h"

#include <math.h>
#include <stdlib.h>
#include <string.h>

#include "core/mem.h"
#include "core/text.h"

enum { LONGEST_KEY = 1000, LONGEST_PART = 200 };

/* Where the answer has what is judged; -1: it does not. */
struct places {
    int target, value, level, span_s;
    int *key;
};
struct judging {
    const struct rule *rule;
    const struct result *result;
    const struct coverage *coverage;
    int n_coverage;
    judge_level_fn *level;
    void *ctx;
    struct places at;
    double least_span_s;
    struct judgement *out;
    int covered; /* where the last target stood in the coverage: rows of one come together */
};

static struct places find_places(const struct rule *rule, const struct result *r)
{
    struct places p = {.target = result_column(r, "target"),
                       .value = result_column(r, "value"),
                       .level = result_column(r, "level"),
                       .span_s = result_column(r, "span_s"),
                       .key = mem_new_array((size_t)rule->n_key, sizeof(int))};
    for (int i = 0; i < rule->n_key; i++)
        p.key[i] = result_column(r, rule->key[i]);
    return p;
}

static double window_s(const struct rule *rule)
{
    struct window_spec spec;
    if (rule->window == NULL || !window_spec_parse(rule->window, &spec, NULL))
        return 0;
    return spec.kind == WINDOW_SECONDS ? spec.seconds : 0;
}

/* Rows of TARGET can be believed. */
static bool is_covered(struct judging *j, const char *target)
{
    for (int i = 0; i < j->n_coverage; i++) {
        const struct coverage *c = &j->coverage[(j->covered + i) % j->n_coverage];
        if (strcmp(c->target, target) != 0)
            continue;
        j->covered = (j->covered + i) % j->n_coverage;
        return c->no_data == NULL;
    }
    return false;
}

static char *key_of(const struct rule *rule, const struct result *r, int row, const int *columns)
{
    struct text t;
    text_init(&t, LONGEST_KEY);
    for (int i = 0; i < rule->n_key; i++) {
        char part[LONGEST_PART];
        const struct value *v = columns[i] < 0 ? NULL : result_at(r, row, columns[i]);
        text_addf(&t, "%s%s=", i == 0 ? "" : ", ", rule->key[i]);
        if (v != NULL && v->type == VALUE_TEXT)
            text_add(&t, v->text);
        else if (v != NULL && v->type != VALUE_NULL) {
            value_format(v, UNIT_NONE, part, sizeof(part)); /* a name: digits only */
            text_add(&t, part);
        }
    }
    char *key = mem_dup(text_str(&t));
    text_done(&t);
    return key;
}

char *judge_key(const struct rule *rule, const struct result *result, int row)
{
    struct places p = find_places(rule, result);
    char *key = key_of(rule, result, row, p.key);
    free(p.key);
    return key;
}

/* ---- One row ---- */

static enum level worst_that_holds(const struct rule *rule, double value)
{
    for (enum level l = LEVEL_CRITICAL; l > LEVEL_NONE; l--)
        if (threshold_holds(&rule->levels[l], value))
            return l;
    return LEVEL_NONE;
}

static enum level level_named(const struct value *v)
{
    int level = v->type == VALUE_TEXT ? level_parse(v->text) : LEVEL_NONE;
    return level < 0 ? LEVEL_NONE : (enum level)level;
}

/* What still holds though no threshold does, as the value is not past `clear` yet: the mildest level, for the
 * value is not as bad as any. */
static enum level held_by(const struct rule *rule, double value, enum level force)
{
    const struct threshold *clear = &rule->levels[LEVEL_NONE];
    if (clear->op == COMPARE_NONE || isnan(value) || threshold_holds(clear, value))
        return LEVEL_NONE;
    for (enum level l = LEVEL_INFO; l < force; l++)
        if (rule->levels[l].op != COMPARE_NONE)
            return l;
    return force;
}

static struct outcome outcome_of(const struct judging *j, int row, double value, enum level force)
{
    static const struct outcome none = {.kind = OUTCOME_NO_DATA, .reason = REASON_NO_DATA};
    enum level level = LEVEL_NONE;
    double span_s = j->at.span_s < 0 ? NAN : value_real(result_at(j->result, row, j->at.span_s));
    if (span_s < j->least_span_s)
        return none;
    if (j->at.level >= 0)
        level = level_named(result_at(j->result, row, j->at.level));
    else if (isnan(value))
        return none;
    else
        level = worst_that_holds(j->rule, value);
    if (level > LEVEL_NONE)
        return (struct outcome){.kind = OUTCOME_TRUE, .level = level, .reason = REASON_THRESHOLD};
    return (struct outcome){
        .kind = OUTCOME_FALSE, .held_by = held_by(j->rule, value, force), .reason = REASON_BELOW};
}

/* ---- Rows of one alert ---- */

/* How bad a row is, of rows that are one alert: what offends, then what has no value (it may offend), then
 * what is well. */
static int rank(const struct outcome *o)
{
    switch (o->kind) {
    case OUTCOME_TRUE:
        return 10 + (int)o->level;
    case OUTCOME_NO_DATA:
        return 1;
    case OUTCOME_FALSE:
        break;
    }
    return o->held_by > LEVEL_NONE ? 2 : 0;
}

/* Is A further beyond the threshold than B? */
static bool is_worse(const struct rule *rule, double a, double b)
{
    enum compare op = COMPARE_NONE;
    for (enum level l = LEVEL_CRITICAL; l > LEVEL_NONE && op == COMPARE_NONE; l--)
        op = rule->levels[l].op;
    if (isnan(a) || isnan(b))
        return isnan(b) && !isnan(a);
    return op == COMPARE_LT || op == COMPARE_LE ? a < b : a > b;
}

static void merge(const struct rule *rule, struct finding_row *into, const struct finding_row *row)
{
    int a = rank(&row->outcome), b = rank(&into->outcome);
    int count = into->count + row->count;
    if (a > b || (a == b && is_worse(rule, row->value, into->value))) {
        char *key = into->key;
        *into = *row;
        into->key = key;
    }
    into->count = count;
}

/* The finding of the same target when that is the alert; else NULL. */
static struct finding_row *same_alert(const struct judging *j, const char *target)
{
    if (j->rule->n_key > 0)
        return NULL;
    for (int i = j->out->n - 1; i >= 0; i--)
        if (strcmp(j->out->rows[i].target, target) == 0)
            return &j->out->rows[i];
    return NULL;
}

static void judge_row(struct judging *j, int row)
{
    const struct value *target = result_at(j->result, row, j->at.target);
    if (target->type != VALUE_TEXT || !is_covered(j, target->text))
        return;
    struct finding_row found = {
        .target = target->text, .value = value_real(result_at(j->result, row, j->at.value)), .row = row};
    struct finding_row *same = same_alert(j, target->text);
    found.key = same == NULL ? key_of(j->rule, j->result, row, j->at.key) : NULL;
    enum level force = LEVEL_NONE;
    if (j->level != NULL && j->rule->levels[LEVEL_NONE].op != COMPARE_NONE)
        force = j->level(j->ctx, target->text, same == NULL ? found.key : same->key);
    found.outcome = outcome_of(j, row, found.value, force);
    found.count = found.outcome.kind == OUTCOME_TRUE;
    if (same != NULL)
        merge(j->rule, same, &found);
    else
        j->out->rows[j->out->n++] = found;
}

void judge_result(const struct rule *rule, const struct result *result, const struct coverage *coverage,
                  int n_coverage, judge_level_fn *level, void *ctx, struct judgement *out)
{
    struct judging j = {.rule = rule,
                        .result = result,
                        .coverage = coverage,
                        .n_coverage = n_coverage,
                        .level = level,
                        .ctx = ctx,
                        .at = find_places(rule, result),
                        .least_span_s = 0.8 * window_s(rule),
                        .out = out};
    *out = (struct judgement){.rows = mem_new_array((size_t)result->n_rows, sizeof(*out->rows))};
    if (j.at.target >= 0 && j.at.value >= 0)
        for (int row = 0; row < result->n_rows; row++)
            judge_row(&j, row);
    free(j.at.key);
}

void judgement_done(struct judgement *j)
{
    for (int i = 0; i < j->n; i++)
        free(j->rows[i].key);
    free(j->rows);
    *j = (struct judgement){0};
}
