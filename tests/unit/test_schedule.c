/* Schedules: read from the config with every mistake told where it stands, and a calendar that a walk minute
 * by minute confirms. */
#include "tests/unit/test.h"

#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

#include "core/text.h"
#include "core/when.h"
#include "cures/schedule.h"

static void parse(const char *text, struct config *out)
{
    struct err err = {""};
    if (!config_parse(text, strlen(text), "a.conf", config_options, n_config_options, out, &err))
        fail_msg("%s", err.text);
}

static struct schedules read_all(const char *text)
{
    struct config c;
    struct schedules s = {.n = 0};
    struct err err = {""};
    parse(text, &c);
    if (!schedules_read(&c, &s, &err))
        fail_msg("%s", err.text);
    config_done(&c); /* nothing is borrowed of it */
    return s;
}

/* "2026-11-20 14:03" as the clock of ZONE shows it, the first time. */
static double at(const struct schedule *s, const char *civil)
{
    double utc;
    char text[40];
    snprintf(text, sizeof(text), "%sZ", civil);
    assert_true(moment_parse(text, 0, &utc, NULL));
    return (double)zone_moment(s->zone, (int64_t)utc);
}

#define NEXT(s, after, wanted) next_is(s, after, wanted, __LINE__)
static void next_is(const struct schedule *s, double after, double wanted, int line)
{
    struct due due = {.at = NAN};
    bool found = schedule_next(s, after, &due);
    if (!found || due.at != wanted)
        fail_msg("line %d: next after %.0f is %.0f, expected %.0f", line, after, due.at, wanted);
}

/* ---- Reading ---- */

static void a_schedule_is_read_with_its_standards(void **state)
{
    (void)state;
    struct schedules s =
        read_all("[schedule nightly]\nat = 15:30, 03:00\nbetween = 01:00-16:00\ndays = mon-fri\ntimezone = "
                 "Europe/Berlin\n"
                 "do = vacuum, index\nlimit = 30m\ntargets = shop*, crm\n[schedule often]\nevery = 15m\n");
    assert_int_equal(s.n, 2);
    const struct schedule *nightly = &s.list[0], *often = &s.list[1];
    assert_string_equal(nightly->name, "nightly");
    assert_string_equal(nightly->when, "at 15:30, 03:00, between 01:00-16:00, mon-fri, Europe/Berlin");
    assert_int_equal(nightly->n_times, 2);
    assert_int_equal(nightly->times[0], 3 * 3600);
    assert_int_equal(nightly->times[1], 15 * 3600 + 30 * 60);
    assert_int_equal(nightly->days, 62);
    assert_string_equal(nightly->actions.list[1], "create_index");
    assert_float_equal(nightly->limit_s, 1800, 0);
    assert_true(schedule_is_for(nightly, "shop-2") && schedule_is_for(nightly, "crm") &&
                !schedule_is_for(nightly, "crm2"));
    assert_float_equal(often->every_s, 900, 0);
    assert_float_equal(often->limit_s, 3600, 0);
    assert_int_equal(often->actions.n, 2);
    assert_string_equal(often->actions.list[0], "analyze");
    assert_true(!often->has_between && schedule_is_for(often, "any"));
    schedules_done(&s);
}

static void mistakes_are_told_with_their_place(void **state)
{
    (void)state;
    static const struct {
        const char *text, *told;
    } wrong[] = {
        {"[schedule x]\n", "a.conf:1: [schedule x] is never due; expected every = 15m, or at = 03:00"},
        {"[schedule]\nevery = 1m\n", "a.conf:1: "},
        {"[schedule x]\nevery = 1m\nat = 03:00\n",
         "a.conf:3: [schedule x] has every and at; expected one of them"},
        {"[schedule x]\nat = 3 am\n", "a.conf:2: [schedule x] at: '3'; expected times such as 03:00, 15:30"},
        {"[schedule x]\nat = 24:00\n", "a.conf:2: [schedule x] at: '24:00'"},
        {"[schedule x]\nat = ,\n", "a.conf:2: [schedule x] at is empty"},
        {"[schedule x]\nat = 03:00\nbetween = 04:00-05:00\n",
         "a.conf:2: [schedule x] at: 03:00 is never between 04:00-05:00"},
        {"[schedule x]\nat = 04:00\nbetween = 22:00-04:00\n",
         "a.conf:2: [schedule x] at: 04:00 is never between 22:00-04:00"},
        {"[schedule x]\nat = 03:00\nbetween = 01:00\n",
         "a.conf:3: [schedule x] between: expected two times such as 01:00-05:00"},
        {"[schedule x]\nat = 03:00\nbetween = 01:00-25:00\n", "a.conf:3: [schedule x] between: expected"},
        {"[schedule x]\nat = 03:00\nbetween = 01:00-01:00\n",
         "a.conf:3: [schedule x] between: ends when it begins"},
        {"[schedule x]\nat = 01:00\nbetween = 01:00-02:00\nlimit = 5h\n",
         "a.conf:4: [schedule x] limit: 5h is longer than its hours, 01:00-02:00, which end it before"},
        {"[schedule x]\nat = 23:00\nbetween = 22:00-00:30\nlimit = 3h\n",
         "a.conf:4: [schedule x] limit: 3h is longer than its hours, 22:00-00:30"},
        {"[schedule x]\nat = 03:00\ndays = someday\n",
         "a.conf:3: [schedule x] days: 'someday'; expected sun, mon-fri"},
        {"[schedule x]\nat = 03:00\ntimezone = Europe/Bonn\n",
         "a.conf:3: [schedule x] timezone: cannot read "},
        {"[schedule x]\nat = 03:00\ntimezone = ../../etc/passwd\n", "a.conf:3: [schedule x] timezone: "},
        {"[schedule x]\nat = 03:00\ndo = analyse\n",
         "a.conf:3: [schedule x] do: analyse: no action is called so"},
        {"[schedule x]\nat = 03:00\ndo = ,\n", "a.conf:3: [schedule x] do: names no action"},
        {"[schedule x]\nat = 03:00\ndo = analyze, drop_slot\n",
         "a.conf:3: [schedule x] do: drop_slot asks a person to type what it is done to"},
        {"[schedule x]\nat = 03:00\ndo = alter_system\n",
         "a.conf:3: [schedule x] do: alter_system asks a person"},
        {"[schedule x]\nat = 03:00\ntargets = ,\n", "a.conf:3: [schedule x] targets is empty"},
    };
    for (size_t i = 0; i < sizeof(wrong) / sizeof(wrong[0]); i++) {
        struct config c;
        struct schedules s = {.n = 77};
        struct err err = {""};
        if (!config_parse(wrong[i].text, strlen(wrong[i].text), "a.conf", config_options, n_config_options,
                          &c, &err))
            c = (struct config){.n_sections = 0};
        else
            assert_false(schedules_read(&c, &s, &err));
        if (strncmp(err.text, wrong[i].told, strlen(wrong[i].told)) != 0)
            fail_msg("%s\ngives: %s\nexpected: %s", wrong[i].text, err.text, wrong[i].told);
        assert_int_equal(s.n, 77);
        config_done(&c);
    }
}

/* ---- Given moments ---- */

static void a_time_that_the_clock_skips_is_the_moment_after(void **state)
{
    (void)state;
    /* Sunday 2026-03-29: 02:00 becomes 03:00. */
    struct schedules s =
        read_all("[schedule a]\nat = 02:30\ntimezone = Europe/Berlin\n"
                 "[schedule b]\nat = 02:30\nbetween = 01:00-05:00\ntimezone = Europe/Berlin\n"
                 "[schedule c]\nat = 02:30\nbetween = 02:00-03:00\nlimit = 1h\ntimezone = Europe/Berlin\n"
                 "[schedule d]\nat = 02:30, 03:00\ntimezone = Europe/Berlin\n");
    double before = at(&s.list[0], "2026-03-28 12:00"), set = at(&s.list[0], "2026-03-29 03:00");
    NEXT(&s.list[0], before, set);
    NEXT(&s.list[0], set, at(&s.list[0], "2026-03-30 02:30"));
    NEXT(&s.list[1], before, set);
    /* Its hours are not there that day. */
    NEXT(&s.list[2], before, at(&s.list[0], "2026-03-30 02:30"));
    /* Both are one. */
    NEXT(&s.list[3], before, set);
    NEXT(&s.list[3], set, at(&s.list[0], "2026-03-30 02:30"));
    schedules_done(&s);
}

static void a_time_that_comes_twice_is_once(void **state)
{
    (void)state;
    /* Sunday 2026-10-25: 03:00 becomes 02:00. */
    struct schedules s =
        read_all("[schedule a]\nat = 02:30\ntimezone = Europe/Berlin\n"
                 "[schedule b]\nevery = 1h\nbetween = 01:00-04:00\ntimezone = Europe/Berlin\n");
    const struct schedule *a = &s.list[0], *b = &s.list[1];
    double first = at(a, "2026-10-25 02:30");
    NEXT(a, at(a, "2026-10-24 12:00"), first);
    NEXT(a, first, at(a, "2026-10-26 02:30"));
    /* An hour is an hour: those hours have four. */
    double one = at(b, "2026-10-25 01:00");
    for (int i = 0; i < 3; i++)
        NEXT(b, one + i * 3600, one + (i + 1) * 3600);
    NEXT(b, one + 3 * 3600, at(b, "2026-10-26 01:00"));
    schedules_done(&s);
}

static void hours_over_midnight_belong_to_the_day_they_begin_on(void **state)
{
    (void)state;
    struct schedules s =
        read_all("[schedule a]\nat = 23:00, 03:00\nbetween = 22:00-04:00\ndays = fri\ntimezone = UTC\n");
    const struct schedule *a = &s.list[0];
    /* 2026-11-20 is a Friday. */
    double friday = at(a, "2026-11-20 23:00"), saturday = at(a, "2026-11-21 03:00");
    struct due due;
    NEXT(a, at(a, "2026-11-19 12:00"), friday);
    NEXT(a, friday, saturday);
    NEXT(a, saturday, friday + 7 * 86400);
    assert_true(schedule_next(a, friday, &due));
    assert_float_equal(due.end, at(a, "2026-11-21 04:00"), 0);
    schedules_done(&s);
}

static void every_begins_with_its_hours(void **state)
{
    (void)state;
    struct schedules s =
        read_all("[schedule a]\nevery = 7h\ntimezone = UTC\n[schedule b]\nevery = 1d\nbetween = "
                 "01:30-05:00\ntimezone = Asia/Tokyo\n"
                 "[schedule c]\nevery = 45m\nbetween = 01:30-03:00\ntimezone = Asia/Tokyo\n");
    const struct schedule *a = &s.list[0], *b = &s.list[1], *c = &s.list[2];
    double midnight = at(a, "2026-11-20 00:00");
    NEXT(a, midnight - 1, midnight);
    NEXT(a, midnight, midnight + 7 * 3600);
    NEXT(a, midnight + 21 * 3600, midnight + 86400);
    NEXT(b, at(b, "2026-11-20 01:30"), at(b, "2026-11-21 01:30"));
    NEXT(c, at(c, "2026-11-20 01:30"), at(c, "2026-11-20 02:15"));
    NEXT(c, at(c, "2026-11-20 02:15"), at(c, "2026-11-21 01:30")); /* 03:00 is the end */
    schedules_done(&s);
}

static void what_was_missed_is_done_late_while_it_may(void **state)
{
    (void)state;
    struct schedules s = read_all("[schedule hours]\nat = 02:00\nbetween = 01:00-05:00\ntimezone = "
                                  "UTC\n[schedule time]\nat = 02:00\ntimezone = UTC\n"
                                  "[schedule every]\nevery = 15m\ntimezone = UTC\n");
    const struct schedule *hours = &s.list[0], *time = &s.list[1], *every = &s.list[2];
    double two = at(hours, "2026-11-20 02:00"), day_before = two - 86400;
    struct due due = {.at = NAN};
    /* The guard was away since yesterday. */
    assert_false(schedule_due(hours, day_before, two - 1, &due));
    assert_true(schedule_due(hours, day_before, two, &due));
    assert_float_equal(due.at, two, 0);
    assert_true(schedule_due(hours, day_before, two + 2.9 * 3600, &due));
    assert_float_equal(due.end, two + 3 * 3600, 0);
    assert_false(schedule_due(hours, day_before, two + 3 * 3600, &due)); /* 05:00 */
    assert_false(schedule_due(hours, two, two + 60, &due));              /* it was done */
    /* Without hours an hour. */
    assert_true(schedule_due(time, day_before, two + 3599, &due));
    assert_true(isinf(due.end));
    assert_false(schedule_due(time, day_before, two + 3600, &due));
    /* Of many that were missed the newest. */
    assert_true(schedule_due(every, day_before, two + 20 * 60, &due));
    assert_float_equal(due.at, two + 15 * 60, 0);
    assert_float_equal(due.late_until, two + 30 * 60, 0);
    /* The clock was set back. */
    assert_false(schedule_due(every, two + 15 * 60, two - 1800, &due));
    schedules_done(&s);
}

/* ---- Against a walk ---- */

static const char *const zones[] = {"UTC",
                                    "Europe/Berlin",
                                    "America/New_York",
                                    "America/Sao_Paulo",
                                    "America/Scoresbysund",
                                    "Asia/Kathmandu",
                                    "Australia/Lord_Howe",
                                    "Pacific/Apia",
                                    "Africa/Casablanca",
                                    "Antarctica/Troll"};
enum { N_ZONES = sizeof(zones) / sizeof(zones[0]), WALKED_DAYS = 5, MINUTE = 60, DAY = 86400 };

static int64_t shown(int64_t moment)
{
    time_t t = (time_t)moment;
    struct tm tm;
    localtime_r(&t, &tm);
    return moment + tm.tm_gmtoff;
}

/* What the walk knows: the furthest that the clock has shown, and the hours that are on. */
struct walk {
    const struct schedule *s;
    int64_t furthest, begun, begun_day;
    bool on;
};

static bool passes(const struct walk *w, int64_t before, int64_t civil)
{
    return before < civil && civil <= w->furthest;
}

static bool has_day(const struct schedule *s, int64_t day)
{
    return (s->days >> (day + 4) % 7 & 1) != 0;
}

/* Hours begin, and end, when the clock passes them first. */
static void pass_hours(struct walk *w, int64_t moment, int64_t before)
{
    int length = (w->s->to_s > w->s->from_s ? 0 : DAY) + w->s->to_s - w->s->from_s;
    for (int64_t day = before / DAY - 1; day <= w->furthest / DAY; day++) {
        if (passes(w, before, day * DAY + w->s->from_s + length) && w->begun_day == day)
            w->on = false;
        if (passes(w, before, day * DAY + w->s->from_s)) {
            w->on = has_day(w->s, day) && day * DAY + w->s->from_s + length > w->furthest;
            w->begun = moment;
            w->begun_day = day;
        }
    }
}

static bool passes_a_time(const struct walk *w, int64_t before)
{
    const struct schedule *s = w->s;
    for (int64_t day = before / DAY; day <= w->furthest / DAY; day++)
        for (int i = 0; i < s->n_times; i++)
            if (passes(w, before, day * DAY + s->times[i]) && (s->has_between ? w->on : has_day(s, day)))
                return true;
    return false;
}

/* Whether it is due at MOMENT, the walk having been everywhere before. */
static bool step(struct walk *w, int64_t moment)
{
    int64_t before = w->furthest, now = shown(moment);
    w->furthest = now > before ? now : before;
    pass_hours(w, moment, before);
    if (isnan(w->s->every_s))
        return passes_a_time(w, before);
    return w->on && (moment - w->begun) % (int64_t)w->s->every_s == 0;
}

static void add_clock(struct text *t, int minutes)
{
    text_addf(t, "%02d:%02d", minutes / 60, minutes % 60);
}

/* Any that can be written, with times near those at which clocks are set. */
static char *random_section(const char *zone, unsigned *seed)
{
    static const char *const day_lists[] = {"sun", "mon-fri", "sat-mon", "thu, fri, sat, sun"};
    struct text t;
    text_init(&t, 1000);
    text_addf(&t, "[schedule x]\ntimezone = %s\n", zone);
    int from = rand_r(seed) % 288 * 5, length = 5 + rand_r(seed) % 280 * 5;
    bool between = rand_r(seed) % 2 == 0;
    if (between) {
        text_add(&t, "between = ");
        add_clock(&t, from);
        text_add(&t, "-");
        add_clock(&t, (from + length) % 1440);
        text_add(&t, "\n");
    }
    if (rand_r(seed) % 3 == 0)
        text_addf(&t, "days = %s\n", day_lists[rand_r(seed) % 4]);
    if (rand_r(seed) % 2 == 0)
        text_addf(&t, "every = %dm\n", 1 + rand_r(seed) % 400);
    else {
        text_add(&t, "at = ");
        for (int i = rand_r(seed) % 3; i >= 0; i--) {
            add_clock(&t, between ? (from + rand_r(seed) % length) % 1440 : rand_r(seed) % 240);
            text_add(&t, i > 0 ? ", " : "\n");
        }
    }
    return text_take(&t);
}

/* A midnight some days before a day on which the clock of the zone is set, or of any day. */
static int64_t random_start(unsigned *seed)
{
    int64_t at = (zone_day(2008, 1, 1) + rand_r(seed) % (30 * 365)) * DAY;
    for (int day = 0; day < 250 && shown(at + DAY) - shown(at) == DAY; day++)
        at += DAY;
    return at - rand_r(seed) % 4 * DAY;
}

static void walk_along(const struct schedule *s, const char *text, unsigned *seed)
{
    int64_t start = random_start(seed), from = start - 3 * DAY;
    struct walk w = {.s = s, .furthest = shown(from - MINUTE), .begun_day = -1};
    struct due due = {.at = NAN}, last = {.at = NAN};
    double before = (double)start - 1;
    for (int64_t moment = from; moment < start + WALKED_DAYS * DAY; moment += MINUTE) {
        bool is_due = step(&w, moment);
        if (moment < start)
            continue;
        bool found = schedule_next(s, before, &due);
        if (is_due != (found && due.at == (double)moment))
            fail_msg("%sat %lld: a walk says %s, next is %.0f", text, (long long)moment,
                     is_due ? "due" : "not due", due.at);
        if (!is_due)
            continue;
        before = (double)moment;
        assert_true(schedule_due(s, before - 1, before, &last));
        assert_float_equal(last.at, before, 0);
    }
}

static void the_calendar_is_what_a_walk_minute_by_minute_finds(void **state)
{
    (void)state;
    unsigned seed = 20261121;
    for (int i = 0; i < 200; i++) {
        const char *zone = zones[i % N_ZONES];
        setenv("TZ", zone, 1);
        tzset();
        char *text = random_section(zone, &seed);
        struct schedules s = read_all(text);
        walk_along(&s.list[0], text, &seed);
        schedules_done(&s);
        free(text);
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(a_schedule_is_read_with_its_standards),
        cmocka_unit_test(mistakes_are_told_with_their_place),
        cmocka_unit_test(a_time_that_the_clock_skips_is_the_moment_after),
        cmocka_unit_test(a_time_that_comes_twice_is_once),
        cmocka_unit_test(hours_over_midnight_belong_to_the_day_they_begin_on),
        cmocka_unit_test(every_begins_with_its_hours),
        cmocka_unit_test(what_was_missed_is_done_late_while_it_may),
        cmocka_unit_test(the_calendar_is_what_a_walk_minute_by_minute_finds),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
