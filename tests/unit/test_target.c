/* A target's datasets are polled on one beat, whenever each was asked for first. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <math.h>
#include "engine/target.h"

#include <cmocka.h>

static const struct target target = {.beat_s = 100};

static bool is(double value, double wanted)
{
    return fabs(value - wanted) < 1e-9;
}

static void what_is_due_between_two_beats_waits_for_the_next(void **state)
{
    (void)state;
    assert_true(is(target_beat(&target, 107.5, 1), 108));
    assert_true(is(target_beat(&target, 107.5, 5), 110));
}

static void what_is_due_a_little_after_a_beat_joins_it(void **state)
{
    (void)state;
    assert_true(is(target_beat(&target, 102.09, 1), 102));
    assert_true(is(target_beat(&target, 102.31, 1), 103)); /* never by so much that nothing was counted */
}

static void the_beat_does_not_drift(void **state)
{
    (void)state;
    double due = 100;
    for (int i = 0; i < 100000; i++)
        due = target_beat(&target, due + 0.2, 0.2);
    assert_true(fabs(due - (100 + 0.2 * 100000)) < 1e-6);
}

static void what_is_never_due_stays_so(void **state)
{
    (void)state;
    assert_true(isinf(target_beat(&target, HUGE_VAL, 1)));
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(what_is_due_between_two_beats_waits_for_the_next),
        cmocka_unit_test(what_is_due_a_little_after_a_beat_joins_it),
        cmocka_unit_test(the_beat_does_not_drift),
        cmocka_unit_test(what_is_never_due_stays_so),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
