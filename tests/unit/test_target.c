/* A target's datasets are polled on one beat, whenever each was asked for first. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <math.h>
#include <stdlib.h>

#include "core/loop.h"
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

static void what_a_server_had_been_up_before_a_restart_is_kept(void **state)
{
    (void)state;
    double now = loop_wall_s();
    struct target t = {.started_s = now - 719, .was_up_s = NAN, .newest_mono_s = loop_mono_s() - 60};
    target_set_status(&t, &(struct source_status){.state = SOURCE_UP, .started_s = now - 718.5});
    assert_true(isnan(t.was_up_s)); /* read with a jitter */
    target_set_status(&t, &(struct source_status){.state = SOURCE_DOWN, .started_s = NAN});
    target_set_status(&t, &(struct source_status){.state = SOURCE_UP, .started_s = now - 5});
    assert_true(fabs(t.was_up_s - 658.5) < 1);
    free(t.error);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(what_is_due_between_two_beats_waits_for_the_next),
        cmocka_unit_test(what_is_due_a_little_after_a_beat_joins_it),
        cmocka_unit_test(the_beat_does_not_drift),
        cmocka_unit_test(what_is_never_due_stays_so),
        cmocka_unit_test(what_a_server_had_been_up_before_a_restart_is_kept),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
