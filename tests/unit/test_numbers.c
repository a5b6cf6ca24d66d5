/* A number counts as `after` when it is newer than the end, a window's when all of an equal window is. */
#include "tests/unit/test.h"

#include <math.h>
#include <stdlib.h>
#include <string.h>

#include "core/json.h"
#include "cures/measure.h"

struct row {
    const char *number, *kind;
    double value, as_of, over_s;
};
enum { N_COLUMNS = 6 };

static struct value real(double v)
{
    return isnan(v) ? (struct value){.type = VALUE_NULL} : (struct value){VALUE_REAL, .real = v};
}

static struct result *rows(const struct row *list, int n)
{
    static const char *const names[N_COLUMNS] = {"number", "unit", "kind", "value", "as_of", "over_s"};
    struct arena *arena = arena_new(1024);
    struct result *r = arena_alloc(arena, sizeof(*r));
    *r = (struct result){.arena = arena, .n_columns = N_COLUMNS, .n_rows = n};
    r->columns = arena_alloc(arena, N_COLUMNS * sizeof(*r->columns));
    r->values = arena_alloc(arena, (size_t)n * N_COLUMNS * sizeof(*r->values));
    for (int c = 0; c < N_COLUMNS; c++)
        r->columns[c] = (struct result_column){.name = names[c]};
    for (int i = 0; i < n; i++) {
        const struct value values[N_COLUMNS] = {{VALUE_TEXT, .text = list[i].number},
                                                {VALUE_TEXT, .text = "count"},
                                                {VALUE_TEXT, .text = list[i].kind},
                                                real(list[i].value),
                                                real(list[i].as_of),
                                                real(list[i].over_s)};
        memcpy(&r->values[i * N_COLUMNS], values, sizeof(values));
    }
    return r;
}

#define ROWS(...)                                                                                            \
    rows((const struct row[]){__VA_ARGS__}, sizeof((const struct row[]){__VA_ARGS__}) / sizeof(struct row))

static void before(struct numbers *n, struct result *r)
{
    numbers_before(n, r);
    result_free(r);
}

static bool after(struct numbers *n, struct result *r)
{
    bool any = numbers_after(n, r, 1000);
    result_free(r);
    return any;
}

static void a_level_of_before_the_end_is_not_after(void **state)
{
    (void)state;
    struct numbers n;
    before(&n, ROWS({"rows", "level", 7, 990, NAN}));
    assert_false(after(&n, ROWS({"rows", "level", 7, 999, NAN})));
    assert_false(after(&n, ROWS({"rows", "level", 7, 1000.5, NAN}))); /* counters come up to a second late */
    assert_true(numbers_open(&n));
    assert_true(after(&n, ROWS({"rows", "level", 9, 1002, NAN})));
    assert_false(numbers_open(&n));
    assert_false(after(&n, ROWS({"rows", "level", 11, 1005, NAN}))); /* the first one counts */
    assert_true(n.list[0].before == 7 && n.list[0].after == 9);
}

static void windows_are_compared_over_equal_lengths_behind_the_end(void **state)
{
    (void)state;
    struct numbers n;
    before(&n, ROWS({"rate", "window", 5, 990, 300}));
    assert_true(numbers_window_s(&n) == 300);
    assert_false(after(&n, ROWS({"rate", "window", 6, 1200, 300}))); /* reaches back before the end */
    assert_false(after(&n, ROWS({"rate", "window", 6, 1200, 190}))); /* is too short */
    assert_true(numbers_open(&n));
    assert_true(after(&n, ROWS({"rate", "window", 8, 1301, 300})));
    assert_true(n.list[0].after == 8);
}

static void levels_are_waited_for_and_windows_are_not(void **state)
{
    (void)state;
    struct numbers n;
    before(&n, ROWS({"rows", "level", 7, 990, NAN}, {"rate", "window", 5, 990, 300}));
    assert_true(numbers_levels_open(&n));
    assert_true(after(&n, ROWS({"rows", "level", 9, 1002, NAN})));
    assert_true(!numbers_levels_open(&n) && numbers_open(&n));
}

static void a_window_that_was_not_there_is_waited_for_by_nobody(void **state)
{
    (void)state;
    struct numbers n;
    before(&n, ROWS({"rate", "window", NAN, 990, NAN}, {"short", "window", 3, 990, 100}));
    assert_false(numbers_open(&n));
    assert_true(isnan(numbers_window_s(&n)));
}

static void a_level_that_was_not_known_before_is_known_after(void **state)
{
    (void)state;
    struct numbers n;
    before(&n, ROWS({"planner_rows", "level", NAN, 990, NAN}));
    assert_true(numbers_open(&n));
    assert_true(after(&n, ROWS({"planner_rows", "level", 1e6, 1100, NAN})));
}

static void json_leaves_out_what_is_not_known_yet(void **state)
{
    (void)state;
    struct numbers n;
    struct json *json = json_new();
    before(&n, ROWS({"rows", "level", NAN, 990, NAN}, {"rate", "window", 0.5, 990, 300},
                    {"bare", "window", NAN, 990, NAN}));
    char *text = numbers_json(&n, json);
    assert_string_equal(text, "{\"before\":{\"rows\":null,\"rate\":0.5},\"after\":{},\"units\":{\"rows\":"
                              "\"count\",\"rate\":\"count\"},"
                              "\"over\":{\"rate\":300}}");
    free(text);
    after(&n, ROWS({"rows", "level", 8, 1100, NAN}));
    text = numbers_json(&n, json);
    assert_non_null(strstr(text, "\"after\":{\"rows\":8}"));
    free(text);
    json_free(json);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(a_level_of_before_the_end_is_not_after),
        cmocka_unit_test(windows_are_compared_over_equal_lengths_behind_the_end),
        cmocka_unit_test(levels_are_waited_for_and_windows_are_not),
        cmocka_unit_test(a_window_that_was_not_there_is_waited_for_by_nobody),
        cmocka_unit_test(a_level_that_was_not_known_before_is_known_after),
        cmocka_unit_test(json_leaves_out_what_is_not_known_yet),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
