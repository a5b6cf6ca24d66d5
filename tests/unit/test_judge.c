/* From rows to outcomes: what offends and how badly, what is well, and what cannot be told. */
#include "tests/unit/test.h"

#include <math.h>
#include <stdlib.h>
#include <string.h>

#include "alerts/judge.h"
#include "core/mem.h"

enum { TARGET, PID, NAME, VALUE, N_COLUMNS, EXTRA = N_COLUMNS, MOST_ROWS = 8 };

/* EXTRA is the value of one column more, when a test has one. */
struct row {
    const char *target, *name;
    double value;
    struct value extra;
};

struct bench {
    struct rule rule;
    struct result *result;
    struct judgement out;
    enum level force; /* of each alert, before */
};

static const char *const by_name[] = {"name"}, *const by_both[] = {"pid", "name"};

static int begin(void **state)
{
    struct bench *b = calloc(1, sizeof(*b));
    b->rule.levels[LEVEL_WARNING] = (struct threshold){COMPARE_GT, 50, "> 50"};
    b->rule.levels[LEVEL_CRITICAL] = (struct threshold){COMPARE_GT, 90, "> 90"};
    *state = b;
    return 0;
}

static void forget(struct bench *b)
{
    judgement_done(&b->out);
    result_free(b->result);
    b->result = NULL;
}

static int end(void **state)
{
    forget(*state);
    free(*state);
    return 0;
}

static void key(struct bench *b, const char *const *columns, int n)
{
    b->rule.key = (const char **)(uintptr_t)columns;
    b->rule.n_key = n;
}

static struct value text_or_null(const char *s)
{
    return (struct value){s == NULL ? VALUE_NULL : VALUE_TEXT, .text = s};
}

static void make_result(struct bench *b, const struct row *rows, int n, const char *extra)
{
    static const char *const names[] = {"target", "pid", "name", "value"};
    struct arena *arena = arena_new(256);
    struct result *r = arena_alloc(arena, sizeof(*r));
    int width = N_COLUMNS + (extra != NULL);
    *r = (struct result){.arena = arena, .n_columns = width, .n_rows = n};
    r->columns = arena_alloc(arena, (size_t)width * sizeof(*r->columns));
    r->values = arena_alloc(arena, (size_t)(n * width) * sizeof(*r->values));
    for (int c = 0; c < width; c++)
        r->columns[c].name = c == EXTRA ? extra : names[c];
    for (int i = 0; i < n; i++) {
        struct value *v = &r->values[i * width];
        v[TARGET] = text_or_null(rows[i].target);
        v[PID] = (struct value){VALUE_INT, .integer = 10000 + i};
        v[NAME] = text_or_null(rows[i].name);
        v[VALUE] = (struct value){isnan(rows[i].value) ? VALUE_NULL : VALUE_REAL, .real = rows[i].value};
        if (extra != NULL)
            v[EXTRA] = rows[i].extra;
    }
    b->result = r;
}

static enum level force_of(void *ctx, const char *target, const char *key)
{
    (void)target, (void)key;
    return ((const struct bench *)ctx)->force;
}

static const struct coverage both[] = {{"shop", NULL}, {"blog", NULL}};

static void judge_with(struct bench *b, const struct row *rows, int n, const char *extra)
{
    forget(b);
    make_result(b, rows, n, extra);
    judge_result(&b->rule, b->result, both, 2, force_of, b, &b->out);
}

static void judge(struct bench *b, const struct row *rows, int n)
{
    judge_with(b, rows, n, NULL);
}

/* The only finding of one row with that value. */
static const struct outcome *outcome(struct bench *b, double value)
{
    judge(b, &(struct row){"shop", "a", value}, 1);
    assert_int_equal(b->out.n, 1);
    return &b->out.rows[0].outcome;
}

static void expect_true(const struct outcome *o, enum level level)
{
    assert_int_equal(o->kind, OUTCOME_TRUE);
    assert_int_equal(o->level, level);
    assert_int_equal(o->reason, REASON_THRESHOLD);
}

static void the_worst_level_whose_threshold_holds_is_told(void **state)
{
    struct bench *b = *state;
    expect_true(outcome(b, 51), LEVEL_WARNING);
    expect_true(outcome(b, 90), LEVEL_WARNING);
    expect_true(outcome(b, 91), LEVEL_CRITICAL);
    const struct outcome *o = outcome(b, 50);
    assert_int_equal(o->kind, OUTCOME_FALSE);
    assert_int_equal(o->reason, REASON_BELOW);
    assert_int_equal(o->held_by, LEVEL_NONE);
}

static void a_value_that_is_null_is_neither_well_nor_bad(void **state)
{
    struct bench *b = *state;
    b->force = LEVEL_WARNING;
    const struct outcome *o = outcome(b, NAN);
    assert_int_equal(o->kind, OUTCOME_NO_DATA);
    assert_int_equal(o->reason, REASON_NO_DATA);
}

static void a_target_that_cannot_be_believed_is_not_judged(void **state)
{
    struct bench *b = *state;
    static const struct row rows[] = {
        {"blog", "a", 60}, {"shop", "a", 99}, {"unknown", "a", 99}, {NULL, "a", 99}};
    static const struct coverage stale[] = {{"shop", "sessions is 12 s old"}, {"blog", NULL}};
    make_result(b, rows, 4, NULL);
    judge_result(&b->rule, b->result, stale, 2, force_of, b, &b->out);
    assert_int_equal(b->out.n, 1);
    assert_string_equal(b->out.rows[0].target, "blog");
    expect_true(&b->out.rows[0].outcome, LEVEL_WARNING);
}

static void nothing_is_believed_without_coverage(void **state)
{
    struct bench *b = *state;
    make_result(b, &(struct row){"shop", "a", 99}, 1, NULL);
    judge_result(&b->rule, b->result, NULL, 0, force_of, b, &b->out);
    assert_int_equal(b->out.n, 0);
}

static void per_target_the_worst_row_is_the_evidence_and_offenders_are_counted(void **state)
{
    struct bench *b = *state;
    static const struct row rows[] = {
        {"shop", "a", 60}, {"blog", "b", 10}, {"shop", "c", 95}, {"shop", "d", 5}, {"shop", "e", 93}};
    judge(b, rows, 5);
    assert_int_equal(b->out.n, 2);
    const struct finding_row *shop = &b->out.rows[0], *blog = &b->out.rows[1];
    assert_string_equal(shop->target, "shop");
    assert_string_equal(shop->key, "");
    expect_true(&shop->outcome, LEVEL_CRITICAL);
    assert_int_equal(shop->row, 2);
    assert_true(shop->value == 95);
    assert_int_equal(shop->count, 3);
    assert_string_equal(blog->target, "blog");
    assert_int_equal(blog->outcome.kind, OUTCOME_FALSE);
    assert_int_equal(blog->count, 0);
}

static void when_small_is_bad_the_smallest_is_the_worst(void **state)
{
    struct bench *b = *state;
    static const struct row rows[] = {{"shop", "a", 0.9}, {"shop", "b", 0.2}, {"shop", "c", 0.5}};
    b->rule.levels[LEVEL_WARNING] = (struct threshold){COMPARE_LT, 0.95, "< 0.95"};
    b->rule.levels[LEVEL_CRITICAL] = (struct threshold){.op = COMPARE_NONE};
    judge(b, rows, 3);
    assert_int_equal(b->out.n, 1);
    assert_int_equal(b->out.rows[0].row, 1);
    assert_int_equal(b->out.rows[0].count, 3);
}

/* It may offend; but what does offend is known. */
static void per_target_a_row_without_a_value_hides_what_is_well_and_not_what_is_bad(void **state)
{
    struct bench *b = *state;
    static const struct row well[] = {{"shop", "a", 10}, {"shop", "b", NAN}, {"shop", "c", 20}};
    static const struct row bad[] = {{"shop", "a", 60}, {"shop", "b", NAN}};
    judge(b, well, 3);
    assert_int_equal(b->out.n, 1);
    assert_int_equal(b->out.rows[0].outcome.kind, OUTCOME_NO_DATA);
    assert_int_equal(b->out.rows[0].count, 0);
    judge(b, bad, 2);
    expect_true(&b->out.rows[0].outcome, LEVEL_WARNING);
    assert_int_equal(b->out.rows[0].count, 1);
}

static void with_a_key_each_row_is_an_alert(void **state)
{
    struct bench *b = *state;
    static const struct row rows[] = {{"shop", "a", 60}, {"shop", "b", 10}, {"blog", "a", 95}};
    key(b, by_name, 1);
    judge(b, rows, 3);
    assert_int_equal(b->out.n, 3);
    for (int i = 0; i < 3; i++) {
        assert_int_equal(b->out.rows[i].row, i);
        assert_int_equal(b->out.rows[i].count, i != 1);
    }
    assert_string_equal(b->out.rows[0].key, "name=a");
    assert_string_equal(b->out.rows[2].key, "name=a"); /* of another target */
}

static void a_key_tells_each_column_and_is_the_same_wherever_it_is_made(void **state)
{
    struct bench *b = *state;
    static const struct row rows[] = {{"shop", "a", 60}, {"shop", NULL, 60}};
    key(b, by_both, 2);
    judge(b, rows, 2);
    assert_string_equal(b->out.rows[0].key, "pid=10000, name=a"); /* not 10,000 */
    assert_string_equal(b->out.rows[1].key, "pid=10001, name=");
    for (int i = 0; i < 2; i++) {
        char *again = judge_key(&b->rule, b->result, i);
        assert_string_equal(again, b->out.rows[i].key);
        free(again);
    }
}

static void what_is_not_past_clear_is_held_by_the_mildest_level(void **state)
{
    struct bench *b = *state;
    b->rule.levels[LEVEL_NONE] = (struct threshold){COMPARE_LT, 40, "< 40"};
    b->force = LEVEL_CRITICAL;
    assert_int_equal(outcome(b, 45)->kind, OUTCOME_FALSE);
    assert_int_equal(outcome(b, 45)->held_by, LEVEL_WARNING);
    assert_int_equal(outcome(b, 39)->held_by, LEVEL_NONE);
    b->force = LEVEL_NONE; /* what never fired is not held */
    assert_int_equal(outcome(b, 45)->held_by, LEVEL_NONE);
}

static void a_row_whose_window_is_shorter_than_four_fifths_is_no_data(void **state)
{
    struct bench *b = *state;
    static const struct row rows[] = {{"shop", "a", 99, {VALUE_REAL, .real = 239}},
                                      {"shop", "b", 99, {VALUE_REAL, .real = 240}},
                                      {"shop", "c", 10, {VALUE_REAL, .real = 10}}};
    key(b, by_name, 1);
    b->rule.window = "5m";
    judge_with(b, rows, 3, "span_s");
    assert_int_equal(b->out.rows[0].outcome.kind, OUTCOME_NO_DATA);
    expect_true(&b->out.rows[1].outcome, LEVEL_CRITICAL);
    assert_int_equal(b->out.rows[2].outcome.kind, OUTCOME_NO_DATA);
    b->rule.window = NULL; /* the newest interval, whatever it is */
    judge_with(b, rows, 3, "span_s");
    expect_true(&b->out.rows[0].outcome, LEVEL_CRITICAL);
}

static void a_column_level_decides_in_place_of_thresholds(void **state)
{
    struct bench *b = *state;
    static const struct row rows[] = {{"shop", "a", 99, {VALUE_TEXT, .text = "info"}},
                                      {"shop", "b", NAN, {VALUE_TEXT, .text = "warning"}},
                                      {"shop", "c", 99, {VALUE_NULL}},
                                      {"shop", "d", 99, {VALUE_TEXT, .text = "awful"}}};
    key(b, by_name, 1);
    judge_with(b, rows, 4, "level");
    expect_true(&b->out.rows[0].outcome, LEVEL_INFO);
    expect_true(&b->out.rows[1].outcome, LEVEL_WARNING); /* though it has no value */
    assert_int_equal(b->out.rows[2].outcome.kind, OUTCOME_FALSE);
    assert_int_equal(b->out.rows[3].outcome.kind, OUTCOME_FALSE); /* no level of ours */
}

#define TEST(f) cmocka_unit_test_setup_teardown(f, begin, end)

int main(void)
{
    const struct CMUnitTest tests[] = {
        TEST(the_worst_level_whose_threshold_holds_is_told),
        TEST(a_value_that_is_null_is_neither_well_nor_bad),
        TEST(a_target_that_cannot_be_believed_is_not_judged),
        TEST(nothing_is_believed_without_coverage),
        TEST(per_target_the_worst_row_is_the_evidence_and_offenders_are_counted),
        TEST(when_small_is_bad_the_smallest_is_the_worst),
        TEST(per_target_a_row_without_a_value_hides_what_is_well_and_not_what_is_bad),
        TEST(with_a_key_each_row_is_an_alert),
        TEST(a_key_tells_each_column_and_is_the_same_wherever_it_is_made),
        TEST(what_is_not_past_clear_is_held_by_the_mildest_level),
        TEST(a_row_whose_window_is_shorter_than_four_fifths_is_no_data),
        TEST(a_column_level_decides_in_place_of_thresholds),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
