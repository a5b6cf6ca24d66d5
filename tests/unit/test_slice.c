/* Which relations are measured next. */
#include "tests/unit/test.h"

#include "collectors/pg/slice.h"

static void what_was_never_measured_comes_first(void **state)
{
    (void)state;
    struct measure m[] = {{true, 10, 1}, {false, 0, 0}, {true, 5, 1}, {false, 0, 0}};
    int64_t marks[] = {1, 1, 1, 1};
    int rows[4];
    assert_int_equal(slice_choose(m, marks, 4, 4, rows), 4);
    int expected[] = {1, 3, 2, 0};
    assert_memory_equal(rows, expected, sizeof(rows));
}

static void what_changed_comes_before_what_is_old(void **state)
{
    (void)state;
    struct measure m[] = {{true, 1, 7}, {true, 50, 7}, {true, 40, 7}};
    int64_t marks[] = {7, 8, 8};
    int rows[2];
    assert_int_equal(slice_choose(m, marks, 3, 2, rows), 2);
    int expected[] = {2, 1};
    assert_memory_equal(rows, expected, sizeof(rows));
}

static void none_of_none_is_none(void **state)
{
    (void)state;
    int rows[1];
    assert_int_equal(slice_choose(NULL, NULL, 0, 1, rows), 0);
}

static void a_slice_fits_its_budget(void **state)
{
    (void)state;
    assert_int_equal(slice_fit(1000, 60, 30), 500);
    assert_int_equal(slice_fit(100, 20, 30), 150);
}

static void a_slice_grows_by_four_at_most_and_never_vanishes(void **state)
{
    (void)state;
    assert_int_equal(slice_fit(100, 0.01, 30), 400);
    assert_int_equal(slice_fit(100, 0, 30), 400);
    assert_int_equal(slice_fit(100, 1e9, 30), 8);
    assert_int_equal(slice_fit(4000, 0.01, 30), 5000);
    assert_int_equal(slice_halve(100), 50);
    assert_int_equal(slice_halve(9), 8);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(what_was_never_measured_comes_first),
        cmocka_unit_test(what_changed_comes_before_what_is_old),
        cmocka_unit_test(none_of_none_is_none),
        cmocka_unit_test(a_slice_fits_its_budget),
        cmocka_unit_test(a_slice_grows_by_four_at_most_and_never_vanishes),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
