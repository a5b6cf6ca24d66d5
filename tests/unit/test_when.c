/* Durations and moments mean what a person meant, also on the days on which the clock is set. */
#include "tests/unit/test.h"

#include <math.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

#include "core/when.h"

static void zone(const char *name)
{
    setenv("TZ", name, 1);
    tzset();
}

static void expect_duration(const char *s, double expected)
{
    double seconds = -1;
    struct err err = {""};
    if (!duration_parse(s, &seconds, &err) || fabs(seconds - expected) > 1e-9)
        fail_msg("'%s': %g (%s), expected %g", s, seconds, err.text, expected);
}

static void durations_as_people_write_them(void **state)
{
    (void)state;
    expect_duration("30", 30);
    expect_duration("0.25", 0.25);
    expect_duration("30s", 30);
    expect_duration("5m", 300);
    expect_duration("1h", 3600);
    expect_duration("2d", 172800);
    expect_duration("500ms", 0.5);
    expect_duration("1h30m", 5400);
    expect_duration("1.5h", 5400);
    expect_duration("1d2h3m4s5ms", 93784.005);
    expect_duration("0.12345678901234567890s", 0.123456789);
}

static void what_is_no_duration_is_refused_and_leaves_the_output(void **state)
{
    (void)state;
    static const char *const bad[] = {"",     "0",     "0s",       "-5m", "5x",           "m",   "5 m",
                                      "1m1h", "1m1m",  "1h30",     "nan", "0x10",         "1e3", "5m ",
                                      " 5m",  "1..5s", ".5s",      "5.s", "99999999999d", "5M",  "5minutes",
                                      "1,5s", "inf",   "\xC2\xB5s"};
    for (size_t i = 0; i < sizeof(bad) / sizeof(bad[0]); i++) {
        double seconds = 7;
        struct err err = {""};
        if (duration_parse(bad[i], &seconds, &err))
            fail_msg("'%s' was taken for %g s", bad[i], seconds);
        assert_true(seconds == 7);
        assert_non_null(strstr(err.text, bad[i]));
        assert_non_null(strstr(err.text, "expected"));
    }
}

/* A moment is written in UTC here, so that nothing depends on the zone that is tested. */
static void expect_moment(const char *s, const char *now_utc, const char *expected_utc)
{
    double now, moment = -1;
    char found[40];
    struct err err = {""};
    assert_true(moment_parse(now_utc, 0, &now, NULL));
    if (!moment_parse(s, now, &moment, &err))
        fail_msg("'%s': %s", s, err.text);
    moment_format_utc(found, sizeof(found), moment);
    if (strcmp(found, expected_utc) != 0)
        fail_msg("'%s' at %s: %s, expected %s", s, now_utc, found, expected_utc);
}

static const char now[] = "2026-11-20T12:00:00Z";

static void offsets_are_absolute_in_any_zone(void **state)
{
    (void)state;
    static const char *const zones[] = {"UTC", "Europe/Berlin", "America/St_Johns", "Pacific/Kiritimati"};
    for (size_t i = 0; i < 4; i++) {
        zone(zones[i]);
        expect_moment("2026-11-20 14:03Z", now, "2026-11-20T14:03:00Z");
        expect_moment("2026-11-20T14:03:21+02:00", now, "2026-11-20T12:03:21Z");
        expect_moment("2026-11-20T14:03:21+0530", now, "2026-11-20T08:33:21Z");
        expect_moment("2026-11-20 01:00+02", now, "2026-11-19T23:00:00Z");
        expect_moment("2026-11-20 14:03-03:30", now, "2026-11-20T17:33:00Z");
        expect_moment("11:59Z", now, "2026-11-20T11:59:00Z");
        expect_moment("12:01Z", now, "2026-11-19T12:01:00Z");
        expect_moment("01:00+02", now, "2026-11-19T23:00:00Z");
        expect_moment("now", now, now);
        expect_moment("-5m", now, "2026-11-20T11:55:00Z");
        expect_moment("-1h30m", now, "2026-11-20T10:30:00Z");
        expect_moment("2024-02-29 00:00Z", now, "2024-02-29T00:00:00Z");
    }
}

static void local_times_follow_the_zone(void **state)
{
    (void)state;
    zone("UTC");
    expect_moment("2026-11-20 14:03", now, "2026-11-20T14:03:00Z");
    expect_moment("11:00", now, "2026-11-20T11:00:00Z");
    zone("Europe/Berlin");
    expect_moment("2026-11-20 14:03", now, "2026-11-20T13:03:00Z");
    expect_moment("2026-07-20 14:03:21", now, "2026-07-20T12:03:21Z");
    expect_moment("12:59:59", now, "2026-11-20T11:59:59Z");
    expect_moment("13:00", now, "2026-11-20T12:00:00Z");
    expect_moment("13:00:01", now, "2026-11-19T12:00:01Z"); /* would be in the future: yesterday's */
}

static void yesterday_goes_by_the_calendar(void **state)
{
    (void)state;
    zone("Europe/Berlin");
    /* Set forward on 2026-03-29: yesterday was 23 hours long. */
    expect_moment("14:00", "2026-03-30T08:00:00Z", "2026-03-29T12:00:00Z");
    expect_moment("14:00", "2026-03-29T08:00:00Z", "2026-03-28T13:00:00Z");
    /* Set back on 2026-10-25: 25 hours. */
    expect_moment("14:00", "2026-10-25T08:00:00Z", "2026-10-24T12:00:00Z");
    expect_moment("14:00", "2026-10-26T08:00:00Z", "2026-10-25T13:00:00Z");
    /* Over the ends of months and years. */
    expect_moment("23:00", "2026-03-01T08:00:00Z", "2026-02-28T22:00:00Z");
    expect_moment("23:00", "2027-01-01T08:00:00Z", "2026-12-31T22:00:00Z");
}

static void a_doubled_hour_is_the_later_one_that_has_been(void **state)
{
    (void)state;
    zone("Europe/Berlin"); /* 2026-10-25: 03:00 summer time becomes 02:00 at 01:00 UTC */
    expect_moment("02:30", "2026-10-25T09:00:00Z", "2026-10-25T01:30:00Z");
    expect_moment("02:30", "2026-10-25T01:10:00Z", "2026-10-25T00:30:00Z");
    expect_moment("2026-10-25 02:30", now, "2026-10-25T01:30:00Z");
    zone("Europe/Dublin"); /* whose winter time is the "daylight saving" one in the zone's data */
    expect_moment("2026-10-25 01:30", now, "2026-10-25T01:30:00Z");
    expect_moment("01:30", "2026-10-25T01:10:00Z", "2026-10-25T00:30:00Z");
}

static void a_skipped_hour_is_read_as_if_the_clock_were_not_set(void **state)
{
    (void)state;
    zone("Europe/Berlin"); /* 2026-03-29: 02:00 becomes 03:00 */
    expect_moment("2026-03-29 02:30", now, "2026-03-29T01:30:00Z");
    expect_moment("2026-03-29 01:59", now, "2026-03-29T00:59:00Z");
    expect_moment("2026-03-29 03:00", now, "2026-03-29T01:00:00Z");
}

static void what_is_no_moment_is_refused_and_leaves_the_output(void **state)
{
    (void)state;
    static const char *const bad[] = {"",
                                      "14",
                                      "24:00",
                                      "14:60",
                                      "14:03:60",
                                      "2026-13-01 00:00",
                                      "2026-02-29 00:00",
                                      "2026-00-01 00:00",
                                      "2026-04-31 00:00",
                                      "2026-11-20",
                                      "14:03 +02",
                                      "14:03+2",
                                      "14:03+16",
                                      "14:03Zulu",
                                      "-5",
                                      "5m",
                                      "-",
                                      "--5m",
                                      "tomorrow",
                                      "1026-11-20 14:03",
                                      "2026-11-20  14:03",
                                      "14:3",
                                      "14:03:2"};
    zone("UTC");
    for (size_t i = 0; i < sizeof(bad) / sizeof(bad[0]); i++) {
        double moment = 7;
        struct err err = {""};
        if (strcmp(bad[i], "-5") == 0)
            continue; /* five seconds ago */
        if (moment_parse(bad[i], 1e9, &moment, &err))
            fail_msg("'%s' was taken for %f", bad[i], moment);
        assert_true(moment == 7);
        assert_non_null(strstr(err.text, "expected"));
    }
}

static void moments_are_written_local_and_utc(void **state)
{
    (void)state;
    char out[40];
    zone("Europe/Berlin");
    moment_format_local(out, sizeof(out), 1763643801.9);
    assert_string_equal(out, "2025-11-20 14:03:21");
    moment_format_utc(out, sizeof(out), 1763643801.9);
    assert_string_equal(out, "2025-11-20T13:03:21Z");
    moment_format_utc(out, sizeof(out), -0.5);
    assert_string_equal(out, "1969-12-31T23:59:59Z");
    moment_format_local(out, sizeof(out), NAN);
    assert_string_equal(out, "n/a");
    moment_format_local(out, sizeof(out), 1e300);
    assert_string_equal(out, "n/a");
    moment_format_utc(out, 5, 1763643801);
    assert_string_equal(out, "2025");
}

static void fractions_of_a_second_are_kept(void **state)
{
    (void)state;
    double moment;
    assert_true(moment_parse("2025-11-20T13:03:21.250Z", 0, &moment, NULL));
    assert_true(moment == 1763643801.25);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(durations_as_people_write_them),
        cmocka_unit_test(what_is_no_duration_is_refused_and_leaves_the_output),
        cmocka_unit_test(offsets_are_absolute_in_any_zone),
        cmocka_unit_test(local_times_follow_the_zone),
        cmocka_unit_test(yesterday_goes_by_the_calendar),
        cmocka_unit_test(a_doubled_hour_is_the_later_one_that_has_been),
        cmocka_unit_test(a_skipped_hour_is_read_as_if_the_clock_were_not_set),
        cmocka_unit_test(what_is_no_moment_is_refused_and_leaves_the_output),
        cmocka_unit_test(moments_are_written_local_and_utc),
        cmocka_unit_test(fractions_of_a_second_are_kept),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
