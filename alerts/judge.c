/* From rows to outcomes. */
#include "alerts/judge.h"

#include <inttypes.h>
#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "core/mem.h"
#include "core/sample.h"
#include "core/text.h"

enum { LONGEST_KEY = 1000, LONGEST_PART = 200, LONGEST_ROW = 4 << 20 };

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
    int *heads;  /* of the findings, by target and key: 1 + the newest of a bucket, 0 none */
    int *next;   /* the same of the one before it, by finding */
    uint64_t mask;
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

static void add_part(struct text *t, const struct value *v)
{
    char part[LONGEST_PART];
    if (v != NULL && v->type == VALUE_TEXT)
        text_add(t, v->text);
    else if (v != NULL && v->type != VALUE_NULL) {
        value_format(v, UNIT_NONE, part, sizeof(part)); /* a name: digits only */
        text_add(t, part);
    }
}

/* T, or when it is too long its beginning and a hash of all of it: two that begin alike are two. */
static char *key_of_length(const struct text *t)
{
    char hash[20];
    struct text cut;
    if (t->len <= LONGEST_KEY)
        return mem_dup(text_str(t));
    snprintf(hash, sizeof(hash), "~%016" PRIx64, epoch_add(EPOCH_START, t->data, t->len));
    text_init(&cut, LONGEST_KEY);
    cut.max -= strlen(hash);
    text_add_n(&cut, t->data, t->len);
    cut.max += strlen(hash);
    cut.cut = false;
    text_add(&cut, hash);
    return text_take(&cut);
}

static char *key_of(const struct rule *rule, const struct result *r, int row, const int *columns)
{
    struct text t;
    text_init(&t, LONGEST_ROW);
    for (int i = 0; i < rule->n_key; i++) {
        text_addf(&t, "%s%s=", i == 0 ? "" : ", ", rule->key[i]);
        add_part(&t, columns[i] < 0 ? NULL : result_at(r, row, columns[i]));
    }
    char *key = key_of_length(&t);
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

static int *bucket(const struct judging *j, const char *target, const char *key)
{
    uint64_t hash = epoch_add(EPOCH_START, target, strlen(target) + 1);
    hash = epoch_add(hash, key, strlen(key));
    return &j->heads[(hash ^ hash >> 32) & j->mask];
}

static void add(struct judging *j, const struct finding_row *found)
{
    int *head = bucket(j, found->target, found->key);
    j->next[j->out->n] = *head;
    j->out->rows[j->out->n++] = *found;
    *head = j->out->n;
}

/* The finding that is the same alert, NULL if there is none yet: an alert makes one step per look, however
 * many rows the answer has for it. */
static struct finding_row *same_alert(const struct judging *j, const char *target, const char *key)
{
    for (int i = *bucket(j, target, key); i > 0; i = j->next[i - 1]) {
        struct finding_row *row = &j->out->rows[i - 1];
        if (strcmp(row->target, target) == 0 && strcmp(row->key, key) == 0)
            return row;
    }
    return NULL;
}

static void judge_row(struct judging *j, int row)
{
    const struct value *target = result_at(j->result, row, j->at.target);
    if (target->type != VALUE_TEXT || !is_covered(j, target->text))
        return;
    struct finding_row found = {.target = target->text,
                                .key = key_of(j->rule, j->result, row, j->at.key),
                                .value = value_real(result_at(j->result, row, j->at.value)),
                                .row = row};
    enum level force = LEVEL_NONE;
    if (j->level != NULL && j->rule->levels[LEVEL_NONE].op != COMPARE_NONE)
        force = j->level(j->ctx, target->text, found.key);
    found.outcome = outcome_of(j, row, found.value, force);
    found.count = found.outcome.kind == OUTCOME_TRUE;
    struct finding_row *same = same_alert(j, target->text, found.key);
    if (same == NULL) {
        add(j, &found);
        return;
    }
    free(found.key);
    merge(j->rule, same, &found);
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
    int n_heads = 64;
    while (n_heads < result->n_rows)
        n_heads *= 2;
    j.mask = (uint64_t)n_heads - 1;
    j.heads = mem_new_array((size_t)n_heads, sizeof(*j.heads));
    j.next = mem_new_array((size_t)result->n_rows, sizeof(*j.next));
    *out = (struct judgement){.rows = mem_new_array((size_t)result->n_rows, sizeof(*out->rows))};
    if (j.at.target >= 0 && j.at.value >= 0)
        for (int row = 0; row < result->n_rows; row++)
            judge_row(&j, row);
    free(j.heads);
    free(j.next);
    free(j.at.key);
}

void judgement_done(struct judgement *j)
{
    for (int i = 0; i < j->n; i++)
        free(j->rows[i].key);
    free(j->rows);
    *j = (struct judgement){0};
}
