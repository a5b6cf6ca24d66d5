/* Numbers as people type them. */
#include "tui/quantity.h"

#include "tests/unit/test.h"

#define HOLDS(text, u, expected)                                                                             \
    do {                                                                                                     \
        double v = -1;                                                                                       \
        assert_true(quantity_parse(text, u, &v));                                                            \
        assert_float_equal(v, expected, 1e-9 * (expected));                                                  \
    } while (0)
#define REFUSED(text, u)                                                                                     \
    do {                                                                                                     \
        double v = -1;                                                                                       \
        assert_false(quantity_parse(text, u, &v));                                                           \
        assert_true(v == -1);                                                                                \
    } while (0)

static void a_suffix_scales_to_the_columns_own_unit(void **state)
{
    (void)state;
    HOLDS("5m", UNIT_S, 300.0);
    HOLDS("5m", UNIT_MS, 300000.0);
    HOLDS("1h30m", UNIT_S, 5400.0);
    HOLDS("250us", UNIT_MS, 0.25);
    HOLDS("1.5GiB", UNIT_BYTES, 1.5 * 1024 * 1024 * 1024);
    HOLDS("10MB", UNIT_BYTES, 10.0 * 1024 * 1024);
    HOLDS("10k", UNIT_COUNT, 10000.0);
    HOLDS("2M", UNIT_COUNT_PER_S, 2e6);
}

static void a_bare_number_is_in_the_columns_unit(void **state)
{
    (void)state;
    HOLDS("250", UNIT_MS, 250.0);
    HOLDS("0.5", UNIT_S, 0.5);
    HOLDS("4711", UNIT_NONE, 4711.0);
    HOLDS(" 42 ", UNIT_COUNT, 42.0);
}

static void ninety_is_ninety_percent_of_a_ratio(void **state)
{
    (void)state;
    HOLDS("90%", UNIT_RATIO, 0.9);
    HOLDS("90", UNIT_RATIO, 0.9);
    HOLDS("0.9", UNIT_RATIO, 0.9);
    HOLDS("1", UNIT_RATIO, 1.0);
}

static void what_is_no_number_is_refused(void **state)
{
    (void)state;
    REFUSED("", UNIT_S);
    REFUSED("abc", UNIT_COUNT);
    REFUSED("5x", UNIT_S);
    REFUSED("1.2.3", UNIT_COUNT);
    REFUSED("nan", UNIT_COUNT);
    REFUSED("inf", UNIT_COUNT);
    REFUSED("0x10", UNIT_COUNT);
    REFUSED("5m", UNIT_RATIO);
    REFUSED("1h30", UNIT_S);
}

static void operators_are_read_longest_first(void **state)
{
    (void)state;
    enum op op;
    assert_int_equal(op_parse(">=5", &op), 2);
    assert_int_equal(op, OP_GREATER_EQUAL);
    assert_int_equal(op_parse("<>5", &op), 2);
    assert_int_equal(op, OP_NOT_EQUAL);
    assert_int_equal(op_parse("=5", &op), 1);
    assert_int_equal(op, OP_EQUAL);
    assert_int_equal(op_parse("~5", &op), 0);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(a_suffix_scales_to_the_columns_own_unit),
        cmocka_unit_test(a_bare_number_is_in_the_columns_unit),
        cmocka_unit_test(ninety_is_ninety_percent_of_a_ratio),
        cmocka_unit_test(what_is_no_number_is_refused),
        cmocka_unit_test(operators_are_read_longest_first),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
