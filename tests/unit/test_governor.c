/* The overhead governor keeps what we cost a server within the budget. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include "engine/governor.h"

#include <cmocka.h>

static struct feed feed_of(double mean_ms, double every_s)
{
    return (struct feed){.wanted = true, .polls = 10, .mean_ms = mean_ms, .every_s = every_s, .stretch = 1};
}

static void the_dearest_is_stretched_until_the_sum_fits(void **state)
{
    (void)state;
    struct feed list[] = {feed_of(2, 1), feed_of(40, 1)};
    struct target t = {.feeds = list, .n_feeds = 2};
    for (int i = 0; i < 10; i++)
        governor_balance(&t, 0.01);
    assert_int_equal(list[0].stretch, 1);
    assert_int_equal(list[1].stretch, 8); /* 2 + 40/8 = 7 ms/s; with 4 it were 12 */
    assert_true(governor_cost(&t) <= 10);
}

static void what_was_stretched_comes_back_when_it_got_cheap(void **state)
{
    (void)state;
    struct feed list[] = {feed_of(1, 1), feed_of(40, 8)};
    list[1].stretch = 8;
    struct target t = {.feeds = list, .n_feeds = 2};
    list[1].mean_ms = 2;
    for (int i = 0; i < 10; i++)
        governor_balance(&t, 0.01);
    assert_int_equal(list[1].stretch, 1);
    assert_true(list[1].every_s == 1);
}

static void it_does_not_swing(void **state)
{
    (void)state;
    struct feed list[] = {feed_of(12, 1)};
    struct target t = {.feeds = list, .n_feeds = 1};
    governor_balance(&t, 0.01);
    int stretch = list[0].stretch;
    for (int i = 0; i < 10; i++)
        governor_balance(&t, 0.01);
    assert_int_equal(list[0].stretch, stretch);
}

static void what_takes_a_quarter_of_the_budget_is_asked_less_often_but_within_five_seconds(void **state)
{
    (void)state;
    struct feed cheap = feed_of(2.4, 1), dear = feed_of(9, 2), dearest = feed_of(500, 1), rare = feed_of(500, 10);
    assert_true(governor_ease(&cheap, 1, 0.01) == 1);
    assert_true(governor_ease(&dear, 2, 0.01) == 4);
    assert_true(governor_ease(&dearest, 1, 0.01) == 4);
    assert_true(governor_ease(&rare, 10, 0.01) == 10);
}

static void a_busy_server_does_not_make_polls_dear(void **state)
{
    (void)state;
    struct feed f = feed_of(0, 1);
    for (f.samples = 1; f.samples < 100; f.samples++)
        governor_learn(&f, f.samples % 3 == 0 ? 2 : 20); /* two of three polls wait for a processor */
    assert_true(f.mean_ms < 6);
    for (int i = 0; i < 60; i++)
        governor_learn(&f, 20);
    assert_true(f.mean_ms > 18);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(the_dearest_is_stretched_until_the_sum_fits),
        cmocka_unit_test(what_was_stretched_comes_back_when_it_got_cheap),
        cmocka_unit_test(it_does_not_swing),
        cmocka_unit_test(what_takes_a_quarter_of_the_budget_is_asked_less_often_but_within_five_seconds),
        cmocka_unit_test(a_busy_server_does_not_make_polls_dear),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
