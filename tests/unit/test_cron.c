/* When a job is due, as crontab(5) has it; expected times are those of `date -u`. */
#include "tests/unit/test.h"

#include <math.h>

#include "core/cron.h"

enum { SATURDAY = 1795219200 }; /* 2026-11-21 00:00:00 UTC */
#define HOUR 3600.0
#define DAY 86400.0

static void expect(const char *schedule, double after_s, double due_s)
{
    struct cron c;
    if (!cron_parse(&c, schedule))
        fail_msg("'%s' is not understood", schedule);
    double found = cron_after(&c, after_s);
    if (!(fabs(found - due_s) < 0.5))
        fail_msg("'%s' after %.0f: %.0f, expected %.0f", schedule, after_s, found, due_s);
}

static void the_next_time_is_the_one_that_the_fields_say(void **state)
{
    (void)state;
    expect("* * * * *", SATURDAY, SATURDAY + 60);
    expect("* * * * *", SATURDAY + 59.9, SATURDAY + 60);
    expect("0 3 * * *", SATURDAY, SATURDAY + 3 * HOUR);
    expect("0 3 * * *", SATURDAY + 3 * HOUR, SATURDAY + DAY + 3 * HOUR);
    expect("*/15 * * * *", SATURDAY + 60, SATURDAY + 900);
    expect("5/20 * * * *", SATURDAY + 6 * 60, SATURDAY + 25 * 60);
    expect("10,50 9-17/4 * * *", SATURDAY + 10 * HOUR, SATURDAY + 13 * HOUR + 600);
    expect("0 0 * * 1-5", SATURDAY, SATURDAY + 2 * DAY);
    expect("0 0 * * mon", SATURDAY, SATURDAY + 2 * DAY);
    expect("0 0 * * 7", SATURDAY, SATURDAY + DAY);
    expect("0 0 1 dec *", SATURDAY, SATURDAY + 10 * DAY);
    expect("@hourly", SATURDAY, SATURDAY + HOUR);
    expect("@weekly", SATURDAY, SATURDAY + DAY);
    expect("30 seconds", SATURDAY + 7, SATURDAY + 37);
}

static void a_day_of_the_month_or_of_the_week_is_enough_where_both_are_said(void **state)
{
    (void)state;
    expect("0 0 25 * 2", SATURDAY, SATURDAY + 3 * DAY);
    expect("0 0 25 * 5", SATURDAY, SATURDAY + 4 * DAY);
    expect("0 0 */2 * 2", SATURDAY,
           SATURDAY + 10 * DAY); /* with a star it takes both: an odd day that is a Tuesday */
}

static void months_end_and_leap_years_are_known(void **state)
{
    (void)state;
    expect("0 0 $ * *", SATURDAY, SATURDAY + 9 * DAY);
    expect("0 0 29 2 *", SATURDAY, 1835395200); /* 2028-02-29 */
    struct cron c;
    assert_true(cron_parse(&c, "0 0 31 2 *"));
    assert_true(isnan(cron_after(&c, SATURDAY)));
}

static void what_is_no_schedule_is_refused(void **state)
{
    (void)state;
    static const char *const bad[] = {"",           "* * * *",     "60 * * * *",  "* 24 * * *",
                                      "* * 0 * *",  "* * * 13 *",  "* * * * 8",   "@reboot",
                                      "a b c d e",  "5-1 * * * *", "*/0 * * * *", "* * * * * *",
                                      "99 seconds", "-1 seconds",  "1, * * * *",  "9999999999999 * * * *"};
    for (size_t i = 0; i < sizeof(bad) / sizeof(bad[0]); i++) {
        struct cron c;
        if (cron_parse(&c, bad[i]))
            fail_msg("'%s' is taken for a schedule", bad[i]);
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(the_next_time_is_the_one_that_the_fields_say),
        cmocka_unit_test(a_day_of_the_month_or_of_the_week_is_enough_where_both_are_said),
        cmocka_unit_test(months_end_and_leap_years_are_known),
        cmocka_unit_test(what_is_no_schedule_is_refused),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
