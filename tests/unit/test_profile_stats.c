/* Quantiles are samples, intervals hold them, and verdicts follow from both. */
#include "tests/unit/test.h"

#include <math.h>

#include "profile/compare.h"
#include "profile/plan.h"
#include "profile/stats.h"

/* N samples 1, 2, ..., N times SCALE, in an order that is not theirs. */
static struct stats stats_to(int n, double scale)
{
    static double samples[2000];
    struct stats s;
    for (int i = 0; i < n; i++)
        samples[i] = ((i * 7919) % n + 1) * scale;
    stats_of(samples, n, &s);
    return s;
}

static void nearest_rank_gives_a_sample(void **state)
{
    (void)state;
    struct stats s = stats_to(100, 1);
    assert_true(s.min == 1 && s.max == 100 && s.p50 == 50 && s.p95 == 95 && s.p99 == 99 && s.mean == 50.5);
    s = stats_to(20, 1); /* 0.95 x 20 is 19 exactly, 0.99 x 20 is above it */
    assert_true(s.p50 == 10 && s.p95 == 19 && s.p99 == 20);
    s = stats_to(3, 1);
    assert_true(s.p50 == 2 && s.p95 == 3 && s.p99 == 3);
    s = stats_to(1, 1);
    assert_true(s.p50 == 1 && s.p95 == 1 && s.p99 == 1 && s.min == 1 && s.max == 1);
    stats_of(NULL, 0, &s);
    assert_true(isnan(s.p50) && isnan(s.mean) && isnan(s.max) && s.n == 0);
}

/* Of 100, at most 39 fall below the median with probability 0.0176, at most 40 with 0.0284. */
static void an_interval_follows_the_binomial(void **state)
{
    (void)state;
    struct stats s = stats_to(100, 1);
    assert_true(s.p50_in.low == 40 && s.p50_in.high == 61);
    assert_true(s.p95_in.low > 85 && s.p95_in.low < 95 && s.p95_in.high == 100);
    s = stats_to(71, 1); /* 0.95 to the 71st is above 0.025: even the largest may lie below p95 */
    assert_true(isnan(s.p95_in.high) && !isnan(s.p95_in.low));
    s = stats_to(73, 1);
    assert_true(s.p95_in.high == 73);
    s = stats_to(5, 1);
    assert_true(isnan(s.p50_in.low) && isnan(s.p50_in.high));
    s = stats_to(6, 1);
    assert_true(s.p50_in.low == 1 && s.p50_in.high == 6);
}

static void a_verdict_follows_the_target(void **state)
{
    (void)state;
    struct stats s = stats_to(100, 1);
    assert_int_equal(verdict_of(&s, NAN, NAN), VERDICT_NONE);
    assert_int_equal(verdict_of(&s, 95, NAN), VERDICT_OK);
    assert_int_equal(verdict_of(&s, 94.9, NAN), VERDICT_SLOW);
    assert_int_equal(verdict_of(&s, 95, 98), VERDICT_SLOW);
    s.p99 = 600;
    assert_int_equal(verdict_of(&s, 95, NAN), VERDICT_UNSTABLE);
    assert_int_equal(verdict_of(&s, 95, 599), VERDICT_SLOW);
    struct stats few = s; /* p99 of 99 runs is the slowest of them: one that had bad luck */
    few.n = 99;
    assert_int_equal(verdict_of(&few, 95, NAN), VERDICT_OK);
    s.p50 = 0.01;
    s.p99 = 4; /* 400 times as much, but still nothing */
    assert_int_equal(verdict_of(&s, 95, NAN), VERDICT_OK);
    stats_of(NULL, 0, &s);
    assert_int_equal(verdict_of(&s, 95, NAN), VERDICT_FAILED);
}

static enum change p50_change(const struct stats *was, const struct stats *now)
{
    return change_of(was->p50, was->p50_in, now->p50, now->p50_in, 0.2);
}

static void noise_is_no_change(void **state)
{
    (void)state;
    struct stats was = stats_to(100, 1), now = stats_to(100, 1.15);
    assert_int_equal(p50_change(&was, &was), CHANGE_NONE);
    assert_int_equal(p50_change(&was, &now), CHANGE_NONE); /* less than a fifth */
    now = stats_to(100, 1.3);
    assert_int_equal(p50_change(&was, &now),
                     CHANGE_NONE); /* a third more, but the intervals 40..61 and 52..79 meet */
    was = stats_to(100, 0.001);
    now = stats_to(100, 0.0029); /* three times as much, of 0.05 ms */
    assert_int_equal(p50_change(&was, &now), CHANGE_NONE);
    was = stats_to(5, 1);
    now = stats_to(5, 100); /* five runs tell nothing */
    assert_int_equal(p50_change(&was, &now), CHANGE_NONE);
}

static void twice_as_slow_is_a_change(void **state)
{
    (void)state;
    struct stats was = stats_to(100, 1), now = stats_to(100, 2);
    assert_int_equal(p50_change(&was, &now), CHANGE_SLOWER);
    assert_int_equal(p50_change(&now, &was), CHANGE_FASTER);
    assert_int_equal(change_of(was.p50, was.p50_in, now.p50, now.p50_in, 1.5), CHANGE_NONE);
    /* A tail that grew alone: the same median, twenty runs of a hundred far off. */
    now = was;
    now.p95 = 950, now.p95_in = (struct interval){900, 1000};
    assert_int_equal(change_of(was.p95, was.p95_in, now.p95, now.p95_in, 0.2), CHANGE_SLOWER);
    assert_int_equal(p50_change(&was, &now), CHANGE_NONE);
}

static struct plan_notes notes_of(int n, const char *text)
{
    struct plan_notes p;
    struct value values[4] = {0};
    values[n - 1] = (struct value){.type = VALUE_TEXT, .text = text};
    plan_notes_init(&p);
    plan_notes_add(&p, values, n);
    return p;
}

static void a_plan_names_indexes_and_tables(void **state)
{
    (void)state;
    const struct {
        int n;
        const char *text, *shape, *indexes, *scans;
    } plans[] = {
        {1,
         "[{\"Plan\":{\"Node Type\":\"Nested Loop\",\"Total Cost\":3,\"Plans\":[{\"Node Type\":\"Seq "
         "Scan\",\"Relation "
         "Name\":\"a b\"},{\"Node Type\":\"Index Scan\",\"Index Name\":\"i\\u001b\",\"Relation "
         "Name\":\"t\"}]}}]",
         "Nested Loop (Seq Scan a b, Index Scan i\x1b)", "i\x1b", "a b"},
        {4, "SEARCH m USING COVERING INDEX my (odd) idx (bot_id=? AND b>?)", NULL, "my (odd) idx", ""},
        {4, "SCAN m USING INDEX by_id", NULL, "by_id", ""},
        {4, "SEARCH m USING INTEGER PRIMARY KEY (rowid=?)", NULL, "", ""},
        {4, "SEARCH m USING AUTOMATIC COVERING INDEX (a=?)", NULL, "", ""},
        {4, "SCAN my messages", NULL, "", "my messages"},
        {4, "SCAN m LEFT-JOIN", NULL, "", "m"},
        {4, "SCAN m USING INDEX by_id LEFT-JOIN", NULL, "by_id", ""},
        {4, "SEARCH m USING INDEX by_id (a=?) LEFT-JOIN", NULL, "by_id", ""},
        {4, "SCAN texts VIRTUAL TABLE INDEX 0:M1", NULL, "", ""},
        {4, "SCAN CONSTANT ROW", NULL, "", ""},
        {4, "USE TEMP B-TREE FOR ORDER BY", NULL, "", ""},
    };
    for (size_t i = 0; i < sizeof(plans) / sizeof(plans[0]); i++) {
        struct plan_notes p = notes_of(plans[i].n, plans[i].text);
        assert_string_equal(text_str(&p.shape), plans[i].shape != NULL ? plans[i].shape : plans[i].text);
        assert_string_equal(text_str(&p.indexes), plans[i].indexes);
        assert_string_equal(text_str(&p.scans), plans[i].scans);
        assert_false(p.unread);
        plan_notes_done(&p);
    }
    struct plan_notes p = notes_of(1, "[[[");
    assert_true(p.unread);
    plan_notes_done(&p);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(nearest_rank_gives_a_sample),  cmocka_unit_test(an_interval_follows_the_binomial),
        cmocka_unit_test(a_verdict_follows_the_target), cmocka_unit_test(noise_is_no_change),
        cmocka_unit_test(twice_as_slow_is_a_change),    cmocka_unit_test(a_plan_names_indexes_and_tables),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
