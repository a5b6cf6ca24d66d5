/* The state machine of one alert, promise by promise. */
#include <math.h>

#include "alerts/machine.h"
#include "tests/unit/test.h"

static const struct outcome bad = {.kind = OUTCOME_TRUE, .level = LEVEL_WARNING, .reason = REASON_THRESHOLD};
static const struct outcome worse = {
    .kind = OUTCOME_TRUE, .level = LEVEL_CRITICAL, .reason = REASON_THRESHOLD};
static const struct outcome good = {.kind = OUTCOME_FALSE, .reason = REASON_BELOW};
static const struct outcome gone = {.kind = OUTCOME_FALSE, .reason = REASON_GONE};
static const struct outcome below_floor = {.kind = OUTCOME_FALSE, .reason = REASON_FLOOR};
static const struct outcome no_data = {.kind = OUTCOME_NO_DATA, .reason = REASON_NO_DATA};
static const struct outcome held = {.kind = OUTCOME_FALSE, .held_by = LEVEL_WARNING, .reason = REASON_BELOW};

/* An alert that is evaluated every 10 s. */
struct world {
    struct alert_state s;
    struct machine m;
    double wall_s;
    struct transition out[2];
    int n;
};

static struct world world(double for_s, double keep_for_s)
{
    struct world w = {.m = {.for_s = for_s, .keep_for_s = keep_for_s}, .wall_s = 1000};
    alert_state_init(&w.s);
    return w;
}

/* The first change of that evaluation. */
static enum change step(struct world *w, const struct outcome *o)
{
    w->out[0] = w->out[1] = (struct transition){0};
    w->wall_s += 10;
    w->n = machine_step(&w->s, &w->m, o, 10, w->wall_s, w->out);
    return w->out[0].change;
}

/* N such evaluations; the changes that are not NONE. */
static int steps(struct world *w, int n, const struct outcome *o)
{
    int changes = 0;
    for (int i = 0; i < n; i++)
        changes += step(w, o) != CHANGE_NONE;
    return changes;
}

static void what_must_hold_for_no_time_fires_at_once(void **state)
{
    (void)state;
    struct world w = world(0, 0);
    assert_int_equal(step(&w, &bad), CHANGE_FIRED);
    assert_int_equal(w.n, 1);
    assert_int_equal(w.out[0].reason, REASON_THRESHOLD);
    assert_int_equal(w.s.phase, PHASE_FIRING);
    assert_true(w.s.active_at == 1010 && w.s.fired_at == 1010 && isnan(w.s.resolved_at));
}

static void a_time_shorter_than_an_interval_fires_at_the_next_evaluation(void **state)
{
    (void)state;
    struct world w = world(1, 0);
    assert_int_equal(step(&w, &bad), CHANGE_PENDING);
    assert_int_equal(step(&w, &bad), CHANGE_FIRED);
}

static void it_fires_when_it_was_bad_for_that_long_and_not_before(void **state)
{
    (void)state;
    struct world w = world(30, 0);
    assert_int_equal(step(&w, &bad), CHANGE_PENDING);
    assert_int_equal(w.out[0].number, 0);
    assert_int_equal(w.out[0].to, LEVEL_WARNING);
    assert_int_equal(steps(&w, 2, &bad), 0);
    assert_int_equal(step(&w, &bad), CHANGE_FIRED);
    assert_int_equal(w.out[0].number, 1);
    assert_true(w.s.active_at == 1010 && w.s.fired_at == 1040);
}

static void what_is_pending_and_good_once_is_dropped_and_begins_anew(void **state)
{
    (void)state;
    struct world w = world(30, 0);
    steps(&w, 3, &bad);
    assert_int_equal(step(&w, &good), CHANGE_DROPPED);
    assert_int_equal(w.out[0].number, 0);
    assert_int_equal(w.s.phase, PHASE_OK);
    steps(&w, 3, &bad);
    assert_int_equal(w.s.phase, PHASE_PENDING);
    assert_int_equal(w.s.transitions, 0);
}

static void one_that_climbs_through_warning_is_critical_after_one_wait(void **state)
{
    (void)state;
    struct world w = world(30, 0);
    step(&w, &bad);
    steps(&w, 2, &worse);
    assert_int_equal(step(&w, &worse), CHANGE_FIRED);
    assert_int_equal(w.s.level, LEVEL_WARNING); /* critical has held for 20 s only */
    assert_int_equal(w.s.rising, LEVEL_CRITICAL);
    assert_int_equal(step(&w, &worse), CHANGE_ESCALATED);
    assert_int_equal(w.s.level, LEVEL_CRITICAL);
    assert_int_equal(w.out[0].number, 2);
}

static void one_bad_moment_does_not_escalate(void **state)
{
    (void)state;
    struct world w = world(30, 0);
    steps(&w, 4, &bad);
    assert_int_equal(steps(&w, 3, &worse), 0);
    assert_int_equal(steps(&w, 1, &bad), 0);
    assert_int_equal(steps(&w, 3, &worse), 0);
    assert_int_equal(step(&w, &worse), CHANGE_ESCALATED);
}

static void a_lower_level_must_hold_as_long_as_the_end(void **state)
{
    (void)state;
    struct world w = world(0, 30);
    step(&w, &worse);
    assert_int_equal(steps(&w, 3, &bad), 0);
    assert_int_equal(step(&w, &bad), CHANGE_LOWERED);
    assert_int_equal(w.out[0].from, LEVEL_CRITICAL);
    assert_int_equal(w.s.level, LEVEL_WARNING);
    assert_int_equal(w.s.phase, PHASE_FIRING);
}

static void one_that_swings_between_ok_and_warning_does_not_stay_critical(void **state)
{
    (void)state;
    struct world w = world(0, 30);
    step(&w, &worse);
    for (int i = 0; i < 2; i++) {
        steps(&w, 1, &good);
        steps(&w, 1, &bad);
    }
    assert_int_equal(w.s.level, LEVEL_WARNING);
    assert_int_equal(w.s.phase, PHASE_FIRING);
}

static void it_ends_when_it_was_good_for_keep_for_and_says_why(void **state)
{
    (void)state;
    static const struct outcome *const ends[] = {&good, &gone, &below_floor};
    for (int i = 0; i < 3; i++) {
        struct world w = world(0, 30);
        step(&w, &bad);
        assert_int_equal(steps(&w, 3, ends[i]), 0);
        assert_int_equal(w.s.phase, PHASE_KEPT);
        assert_int_equal(step(&w, ends[i]), CHANGE_RESOLVED);
        assert_int_equal(w.out[0].reason, ends[i]->reason);
        assert_true(w.s.resolved_at == 1050);
    }
}

static void one_that_comes_back_while_kept_goes_on_firing(void **state)
{
    (void)state;
    struct world w = world(0, 30);
    step(&w, &bad);
    steps(&w, 3, &good);
    assert_int_equal(steps(&w, 1, &bad), 0);
    assert_int_equal(w.s.phase, PHASE_FIRING);
    assert_int_equal(steps(&w, 3, &good), 0);
    assert_int_equal(step(&w, &good), CHANGE_RESOLVED);
    assert_int_equal(w.s.transitions, 2);
}

static void between_threshold_and_clear_it_stays_what_it_is(void **state)
{
    (void)state;
    struct world w = world(0, 0);
    assert_int_equal(step(&w, &held), CHANGE_NONE);
    assert_int_equal(w.s.phase, PHASE_OK);
    step(&w, &bad);
    assert_int_equal(steps(&w, 100, &held), 0);
    assert_int_equal(w.s.phase, PHASE_FIRING);
    assert_int_equal(step(&w, &good), CHANGE_RESOLVED);
}

static void without_data_the_state_stays_and_timers_stand_still(void **state)
{
    (void)state;
    struct world w = world(30, 30);
    steps(&w, 3, &bad);
    assert_int_equal(steps(&w, 100, &no_data), 0);
    assert_true(w.s.no_data);
    assert_int_equal(w.s.phase, PHASE_PENDING);
    assert_true(alert_state_held_s(&w.s) == 20);
    assert_int_equal(step(&w, &bad), CHANGE_FIRED);
    assert_false(w.s.no_data);
    steps(&w, 3, &good);
    assert_int_equal(steps(&w, 100, &no_data), 0);
    assert_int_equal(w.s.phase, PHASE_KEPT);
    assert_int_equal(step(&w, &good), CHANGE_RESOLVED);
}

static void a_rule_may_alert_of_missing_data(void **state)
{
    (void)state;
    struct world w = world(10, 0);
    w.m.on_no_data = MACHINE_ALERT;
    assert_int_equal(step(&w, &no_data), CHANGE_PENDING);
    assert_int_equal(step(&w, &no_data), CHANGE_FIRED);
    assert_int_equal(w.out[0].reason, REASON_NO_DATA);
    assert_int_equal(w.s.level, LEVEL_WARNING);
    steps(&w, 2, &worse);
    assert_int_equal(w.s.level, LEVEL_CRITICAL);
    assert_int_equal(steps(&w, 20, &no_data), 0); /* it does not get better by that */
    assert_int_equal(w.s.level, LEVEL_CRITICAL);
}

static void a_rule_may_take_missing_data_for_good(void **state)
{
    (void)state;
    struct world w = world(0, 0);
    w.m.on_no_data = MACHINE_OK;
    step(&w, &bad);
    assert_int_equal(step(&w, &no_data), CHANGE_RESOLVED);
    assert_int_equal(w.out[0].reason, REASON_NO_DATA);
}

static void a_latched_one_ends_only_after_somebody_acknowledged_it(void **state)
{
    (void)state;
    struct world w = world(0, 0);
    w.m.latched = true;
    step(&w, &bad);
    assert_int_equal(steps(&w, 50, &good), 0);
    assert_int_equal(w.s.phase, PHASE_KEPT);
    w.m.acked = true;
    assert_int_equal(step(&w, &good), CHANGE_RESOLVED);
    assert_int_equal(w.out[0].reason, REASON_ACKED);
}

static void a_clock_that_jumps_neither_fires_nor_resolves(void **state)
{
    (void)state;
    struct world w = world(30, 30);
    step(&w, &bad);
    w.wall_s += 1e6;
    assert_int_equal(steps(&w, 2, &bad), 0);
    w.wall_s -= 2e6;
    assert_int_equal(step(&w, &bad), CHANGE_FIRED);
    step(&w, &good);
    w.wall_s += 1e6;
    assert_int_equal(steps(&w, 2, &good), 0);
    assert_int_equal(step(&w, &good), CHANGE_RESOLVED);
}

static void a_rule_that_goes_ends_what_fires_and_drops_what_is_pending(void **state)
{
    (void)state;
    struct world w = world(0, 0);
    step(&w, &bad);
    assert_int_equal(machine_remove(&w.s, 2000, w.out), 1);
    assert_int_equal(w.out[0].change, CHANGE_RESOLVED);
    assert_int_equal(w.out[0].reason, REASON_REMOVED);
    assert_int_equal(w.out[0].number, 2);
    assert_int_equal(machine_remove(&w.s, 2000, w.out), 0);
    w = world(30, 0);
    step(&w, &bad);
    assert_int_equal(machine_remove(&w.s, 2000, w.out), 1);
    assert_int_equal(w.out[0].change, CHANGE_DROPPED);
}

static void four_changes_in_a_row_are_flapping_and_calm_comes_slowly(void **state)
{
    (void)state;
    struct world w = world(0, 0);
    step(&w, &bad);
    step(&w, &good);
    assert_int_equal(step(&w, &bad), CHANGE_FIRED);
    assert_int_equal(w.n, 1);
    assert_false(w.s.flapping);
    assert_int_equal(step(&w, &good), CHANGE_RESOLVED);
    assert_int_equal(w.n, 2);
    assert_int_equal(w.out[1].change, CHANGE_FLAPPING);
    assert_int_equal(w.out[1].number, 5);
    assert_true(w.s.flapping);
    /* While two of the four are among the last 20 changes that there may be, they weigh 7.6 %; one is 3.75 %.
     */
    assert_int_equal(steps(&w, 18, &good), 0);
    assert_int_equal(step(&w, &good), CHANGE_CALM);
    assert_false(w.s.flapping);
    assert_int_equal(w.s.transitions, 6);
}

static void swinging_between_warning_and_critical_is_flapping_too(void **state)
{
    (void)state;
    struct world w = world(0, 0);
    step(&w, &bad);
    for (int i = 0; i < 2; i++) {
        step(&w, &worse);
        step(&w, &bad);
    }
    assert_true(w.s.flapping);
}

static void one_that_is_only_pending_does_not_flap(void **state)
{
    (void)state;
    struct world w = world(30, 0);
    for (int i = 0; i < 30; i++) {
        step(&w, &bad);
        step(&w, &good);
    }
    assert_false(w.s.flapping);
    assert_int_equal(w.s.transitions, 0);
}

static void flap_weights_are_naemons(void **state)
{
    (void)state;
    /* Every result another than the one before: 100 %. One change: 1.25/20 when it is the newest, 0.75/20
     * when the oldest. */
    assert_true(flap_ratio(0xfffff, 20) == 1);
    assert_true(flap_ratio(1, 20) == 1.25 / 20);
    assert_true(flap_ratio(UINT32_C(1) << 19, 20) == 0.75 / 20);
    assert_true(flap_ratio(0xfffff, 0) == 0);
}

static void names_are_what_people_read(void **state)
{
    (void)state;
    assert_string_equal(reason_name(REASON_FLOOR), "below floor");
    assert_string_equal(reason_name(REASON_ACKED), "acknowledged");
    assert_string_equal(phase_name(PHASE_KEPT), "kept");
    assert_string_equal(change_name(CHANGE_CALM), "calm");
    for (enum level l = LEVEL_NONE; l <= LEVEL_CRITICAL; l++)
        assert_int_equal(level_parse(level_name(l)), l);
    assert_int_equal(level_parse("fatal"), -1);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(what_must_hold_for_no_time_fires_at_once),
        cmocka_unit_test(a_time_shorter_than_an_interval_fires_at_the_next_evaluation),
        cmocka_unit_test(it_fires_when_it_was_bad_for_that_long_and_not_before),
        cmocka_unit_test(what_is_pending_and_good_once_is_dropped_and_begins_anew),
        cmocka_unit_test(one_that_climbs_through_warning_is_critical_after_one_wait),
        cmocka_unit_test(one_bad_moment_does_not_escalate),
        cmocka_unit_test(a_lower_level_must_hold_as_long_as_the_end),
        cmocka_unit_test(one_that_swings_between_ok_and_warning_does_not_stay_critical),
        cmocka_unit_test(it_ends_when_it_was_good_for_keep_for_and_says_why),
        cmocka_unit_test(one_that_comes_back_while_kept_goes_on_firing),
        cmocka_unit_test(between_threshold_and_clear_it_stays_what_it_is),
        cmocka_unit_test(without_data_the_state_stays_and_timers_stand_still),
        cmocka_unit_test(a_rule_may_alert_of_missing_data),
        cmocka_unit_test(a_rule_may_take_missing_data_for_good),
        cmocka_unit_test(a_latched_one_ends_only_after_somebody_acknowledged_it),
        cmocka_unit_test(a_clock_that_jumps_neither_fires_nor_resolves),
        cmocka_unit_test(a_rule_that_goes_ends_what_fires_and_drops_what_is_pending),
        cmocka_unit_test(four_changes_in_a_row_are_flapping_and_calm_comes_slowly),
        cmocka_unit_test(swinging_between_warning_and_critical_is_flapping_too),
        cmocka_unit_test(one_that_is_only_pending_does_not_flap),
        cmocka_unit_test(flap_weights_are_naemons),
        cmocka_unit_test(names_are_what_people_read),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
