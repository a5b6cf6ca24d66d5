/* Each truth rule about increases has a test that is named after it. */
#include <math.h>
#include <stdio.h>
#include <string.h>

#include "core/baseline.h"
#include "core/window.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <cmocka.h> /* after ours: it has a macro named fail */

enum { ID, LEVEL, SINCE, CALLS, TOTAL_MS, SQUARES, MEAN_MS, EACH, SHARE, PART, STDDEV, P95, N };
// clang-format off
static const struct column columns[N] = {
    [ID]       = {.name = "id",       .kind = KIND_KEY,     .type = TYPE_INT,  .help = "which"},
    [LEVEL]    = {.name = "level",    .kind = KIND_GAUGE,   .type = TYPE_REAL, .unit = UNIT_COUNT, .help = "level"},
    [SINCE]    = {.name = "since",    .kind = KIND_GAUGE,   .type = TYPE_REAL, .unit = UNIT_TIME, .help = "since when it counts"},
    [CALLS]    = {.name = "calls",    .kind = KIND_COUNTER, .type = TYPE_REAL, .unit = UNIT_COUNT, .help = "calls"},
    [TOTAL_MS] = {.name = "total_ms", .kind = KIND_COUNTER, .type = TYPE_REAL, .unit = UNIT_MS, .help = "time"},
    [SQUARES]  = {.name = "squares",  .kind = KIND_COUNTER, .type = TYPE_REAL, .unit = UNIT_MS, .help = "sum of squares"},
    [MEAN_MS]  = {.name = "mean_ms",  .kind = KIND_DERIVED, .type = TYPE_REAL, .unit = UNIT_MS, .formula = FORMULA_QUOTIENT,
                  .a = "total_ms", .b = "calls", .least = 5, .help = "mean"},
    [EACH]     = {.name = "each_ms",  .kind = KIND_DERIVED, .type = TYPE_REAL, .unit = UNIT_MS, .formula = FORMULA_QUOTIENT,
                  .a = "total_ms", .b = "calls", .help = "mean of however few"},
    [SHARE]    = {.name = "share",    .kind = KIND_DERIVED, .type = TYPE_REAL, .unit = UNIT_RATIO, .formula = FORMULA_SHARE,
                  .a = "calls", .b = "total_ms", .help = "a / (a + b)"},
    [PART]     = {.name = "part",     .kind = KIND_DERIVED, .type = TYPE_REAL, .unit = UNIT_RATIO, .formula = FORMULA_PART,
                  .a = "total_ms", .help = "share of all time"},
    [STDDEV]   = {.name = "stddev",   .kind = KIND_DERIVED, .type = TYPE_REAL, .unit = UNIT_MS, .formula = FORMULA_STDDEV,
                  .a = "calls", .b = "total_ms", .c = "squares", .help = "deviation"},
    [P95]      = {.name = "p95_ms",   .kind = KIND_DERIVED, .type = TYPE_REAL, .unit = UNIT_MS, .formula = FORMULA_P95,
                  .a = "calls", .b = "total_ms", .c = "squares", .help = "estimate"},
};
// clang-format on
static const struct dataset whole = {
    .name = "w", .help = "w", .columns = columns, .n_columns = N, .whole = true};
static const struct dataset dated = {
    .name = "d", .help = "d", .columns = columns, .n_columns = N, .since = "since"};
static const struct dataset partial = {.name = "p", .help = "p", .columns = columns, .n_columns = N};

/* Rows with keys 1, 2, ...; all counters are the number in CALLS; polled at MONO. */
static struct sample *poll_of(const struct dataset *d, double mono, int n, const double *calls)
{
    struct sample *s = sample_new(d, n);
    s->mono_s = mono;
    s->wall_s = 1e9 + mono;
    for (int row = 0; row < n; row++) {
        s->values[ID].integer[row] = row + 1;
        for (int c = CALLS; c <= SQUARES; c++)
            s->values[c].real[row] = calls[row];
    }
    return s;
}
#define POLL(d, mono, ...)                                                                                   \
    poll_of(d, mono, sizeof((double[]){__VA_ARGS__}) / sizeof(double), (double[]){__VA_ARGS__})

/* The window takes over the test's references. */
static struct window *window_of(struct sample *base, struct sample *now)
{
    struct window *w = window_new(base, now);
    sample_unref(base);
    sample_unref(now);
    return w;
}

#define assert_real(a, b) assert_float_equal(a, b, 1e-9)
#define assert_none(a) assert_true(isnan(a))

static void rates_divide_by_the_measured_time(void **state)
{
    (void)state;
    struct window *w = window_of(POLL(&whole, 10, 100), POLL(&whole, 12.5, 150)); /* a tick that came late */
    assert_real(w->span_s, 2.5);
    assert_real(window_delta(w, 0, CALLS), 50);
    assert_real(window_per_s(w, 0, CALLS), 20);
    window_free(w);
}

static void the_wall_clock_has_no_say_in_rates(void **state)
{
    (void)state;
    struct sample *base = POLL(&whole, 10, 100), *now = POLL(&whole, 12, 150);
    now->wall_s = base->wall_s - 3600; /* the clock was set back */
    struct window *w = window_of(base, now);
    assert_real(window_per_s(w, 0, CALLS), 25);
    window_free(w);
}

static void a_counter_that_went_back_gives_none_in_its_row(void **state)
{
    (void)state;
    struct sample *base = POLL(&whole, 0, 100, 100), *now = POLL(&whole, 1, 5, 101);
    now->values[TOTAL_MS].real[0] = 101; /* set back too, perhaps, and grown past what it was */
    struct window *w = window_of(base, now);
    assert_none(window_delta(w, 0, TOTAL_MS));
    assert_none(window_delta(w, 0, CALLS));
    assert_none(window_per_s(w, 0, CALLS));
    assert_none(window_derived(w, 0, EACH));
    assert_real(window_delta(w, 1, CALLS), 1); /* only in that row */
    assert_real(window_delta(w, 1, TOTAL_MS), 1);
    window_free(w);
}

/* All rows count since the second 5; the wall clock is 1e9 ahead. */
static struct sample *dated_poll(double mono, int n, const double *calls)
{
    struct sample *s = poll_of(&dated, mono, n, calls);
    for (int row = 0; row < n; row++)
        s->values[SINCE].real[row] = 1e9 + 5;
    return s;
}

static void a_row_made_anew_after_the_base_is_measured_from_0(void **state)
{
    (void)state;
    struct sample *base = dated_poll(10, 3, (double[]){100, 100, 100});
    struct sample *now = dated_poll(20, 3, (double[]){7, 130, 101});
    now->values[SINCE].real[0] = 1e9 + 15;
    now->values[SINCE].real[1] = 1e9 + 15; /* grown past what it was: nothing but the moment tells */
    struct window *w = window_of(sample_ref(base), sample_ref(now));
    assert_real(window_delta(w, 0, CALLS), 7);
    assert_real(window_delta(w, 1, CALLS), 130);
    assert_real(window_delta(w, 2, CALLS), 1);
    window_free(w);
    w = window_of(baseline_new(NULL, base), sample_ref(now)); /* a baseline has kept the moments */
    assert_real(window_delta(w, 0, CALLS), 7);
    assert_real(window_delta(w, 1, CALLS), 130);
    window_free(w);
    struct sample *first = dated_poll(8, 3, (double[]){100, 99, 98}), *oldest = baseline_new(NULL, first);
    w = window_of(baseline_new(oldest, base), now); /* one that stands on another one too */
    assert_real(window_delta(w, 0, CALLS), 7);
    assert_real(window_delta(w, 1, CALLS), 130);
    assert_real(window_delta(w, 2, CALLS), 1);
    window_free(w);
    sample_unref(oldest);
    sample_unref(first);
    sample_unref(base);
}

static void a_row_that_is_another_since_nobody_knows_when_gives_none(void **state)
{
    (void)state;
    struct sample *base = dated_poll(10, 2, (double[]){100, 100});
    struct sample *now = dated_poll(20, 2, (double[]){130, 130});
    now->values[SINCE].real[0] = 1e9 + 7; /* before the base, where it was another */
    now->values[SINCE].real[1] = NAN;     /* not known now: says nothing */
    struct window *w = window_of(base, now);
    assert_none(window_delta(w, 0, CALLS));
    assert_real(window_delta(w, 1, CALLS), 30);
    window_free(w);
}

static void a_baseline_keeps_a_row_made_anew_whose_counters_are_as_before(void **state)
{
    (void)state;
    struct sample *first = dated_poll(10, 1, (double[]){3}), *oldest = baseline_new(NULL, first);
    struct sample *second = dated_poll(20, 1, (double[]){3}), *now = dated_poll(30, 1, (double[]){8});
    second->values[SINCE].real[0] = now->values[SINCE].real[0] = 1e9 + 15;
    struct window *w = window_of(baseline_new(oldest, second), now);
    assert_real(window_delta(w, 0, CALLS), 5);
    window_free(w);
    sample_unref(second);
    sample_unref(oldest);
    sample_unref(first);
}

static void a_changed_epoch_gives_none(void **state)
{
    (void)state;
    struct sample *base = POLL(&whole, 0, 100), *now = POLL(&whole, 1, 150, 7);
    now->epoch = epoch_add(EPOCH_START, "restart", 7);
    struct window *w = window_of(base, now);
    assert_false(w->comparable);
    assert_real(w->span_s, 1);
    for (int row = 0; row < 2; row++) { /* also for the row that is new */
        assert_none(window_delta(w, row, CALLS));
        assert_none(window_derived(w, row, SHARE));
        assert_none(window_derived(w, row, PART));
    }
    window_free(w);
}

static void a_new_row_of_a_dataset_read_whole_has_base_0(void **state)
{
    (void)state;
    struct window *w = window_of(POLL(&whole, 0, 100), POLL(&whole, 2, 100, 30));
    assert_real(window_delta(w, 0, CALLS), 0);
    assert_real(window_delta(w, 1, CALLS), 30);
    assert_real(window_per_s(w, 1, CALLS), 15);
    window_free(w);
}

static void a_new_row_of_any_other_dataset_gives_none(void **state)
{
    (void)state;
    struct window *w = window_of(POLL(&partial, 0, 100), POLL(&partial, 2, 101, 30));
    assert_real(window_delta(w, 0, CALLS), 1);
    assert_none(window_delta(w, 1, CALLS));
    window_free(w);
}

static void a_lifetime_is_never_shown_as_a_spike(void **state)
{
    (void)state;
    struct sample *first = POLL(&whole, 0, 1e9);
    struct window *w = window_new(NULL, first);
    assert_false(w->comparable);
    assert_none(w->span_s);
    assert_none(window_delta(w, 0, CALLS));
    assert_none(window_derived(w, 0, PART));
    window_free(w);
    /* A GRANT makes all statements new: the collector's epoch holds the role's memberships. */
    struct sample *granted = POLL(&whole, 1, 1e9, 5e9);
    granted->epoch = 1;
    w = window_of(first, granted);
    assert_none(window_delta(w, 1, CALLS));
    window_free(w);
}

static void a_missing_value_gives_none_and_never_0(void **state)
{
    (void)state;
    struct window *w = window_of(POLL(&whole, 0, NAN, 100), POLL(&whole, 1, 100, NAN, NAN));
    for (int row = 0; row < 3; row++) {
        assert_none(window_delta(w, row, CALLS));
        assert_none(window_derived(w, row, SHARE));
    }
    window_free(w);
}

static void a_missing_column_gives_none(void **state)
{
    (void)state;
    struct sample *base = POLL(&whole, 0, 100), *now = POLL(&whole, 1, 200);
    sample_lacks(base, CALLS, "PostgreSQL 16+");
    sample_lacks(now, TOTAL_MS, "PostgreSQL 16+");
    struct window *w = window_of(base, now);
    assert_none(window_delta(w, 0, CALLS));
    assert_none(window_delta(w, 0, TOTAL_MS));
    assert_real(window_delta(w, 0, SQUARES), 100);
    window_free(w);
}

static void a_ratio_needs_a_denominator_worth_judging(void **state)
{
    (void)state;
    struct sample *base = POLL(&whole, 0, 0, 0, 0), *now = POLL(&whole, 1, 0, 4, 5);
    now->values[TOTAL_MS].real[0] = 7;
    now->values[TOTAL_MS].real[2] = 10;
    struct window *w = window_of(base, now);
    assert_none(window_derived(w, 0, EACH));    /* 7 ms in no call: not infinitely many */
    assert_none(window_derived(w, 1, MEAN_MS)); /* 4 calls, at least 5 are wanted */
    assert_real(window_derived(w, 1, EACH), 1);
    assert_real(window_derived(w, 1, SHARE), 0.5);
    assert_real(window_derived(w, 2, MEAN_MS), 2);
    window_free(w);
}

static void a_part_is_of_all_rows_that_have_an_increase(void **state)
{
    (void)state;
    struct window *w = window_of(POLL(&whole, 0, 0, 50, 10), POLL(&whole, 1, 30, 20, 10, 70));
    assert_real(window_derived(w, 0, PART), 0.3);
    assert_none(window_derived(w, 1, PART)); /* went back */
    assert_real(window_derived(w, 2, PART), 0);
    assert_real(window_derived(w, 3, PART), 0.7);
    window_free(w);
}

static void moments_follow_from_the_increases(void **state)
{
    (void)state;
    struct sample *base = POLL(&whole, 0, 1000), *now = POLL(&whole, 1, 0);
    /* Four more calls: 2, 4, 4, 6 ms: mean 4, sum 16, squares 72, variance 72 / 4 - 16 = 2. */
    now->values[CALLS].real[0] = 1004;
    now->values[TOTAL_MS].real[0] = 1016;
    now->values[SQUARES].real[0] = 1072;
    struct window *w = window_of(base, now);
    assert_real(window_derived(w, 0, STDDEV), sqrt(2));
    assert_real(window_derived(w, 0, P95), lognormal_quantile(0.95, 4, sqrt(2)));
    window_free(w);
}

static void since_reset_counts_from_0_at_the_reset(void **state)
{
    (void)state;
    struct sample *now = POLL(&partial, 50, 200);
    now->reset_s = now->wall_s - 40;
    struct window *w = window_new_since_reset(now);
    assert_true(w->since_reset && w->comparable);
    assert_real(w->span_s, 40);
    assert_real(window_delta(w, 0, CALLS), 200);
    assert_real(window_per_s(w, 0, CALLS), 5);
    assert_real(window_derived(w, 0, PART), 1);
    window_free(w);
    now->reset_s = NAN; /* unknown: the total is known, the rate is not */
    w = window_new_since_reset(now);
    assert_real(window_delta(w, 0, CALLS), 200);
    assert_none(window_per_s(w, 0, CALLS));
    window_free(w);
    sample_unref(now);
}

static void no_time_gives_no_rate(void **state)
{
    (void)state;
    struct window *w = window_of(POLL(&whole, 5, 100), POLL(&whole, 5, 150));
    assert_real(window_delta(w, 0, CALLS), 50);
    assert_none(window_per_s(w, 0, CALLS));
    window_free(w);
}

static void rows_are_matched_by_key_in_any_order(void **state)
{
    (void)state;
    enum { ROWS = 500 };
    struct sample *base = sample_new(&whole, ROWS), *now = sample_new(&whole, ROWS);
    base->mono_s = 0;
    now->mono_s = 1;
    for (int row = 0; row < ROWS; row++) {
        int64_t in_base = row, in_now = (row * 7 + 100) % 600; /* 7 and 600 have no common divisor */
        base->values[ID].integer[row] = in_base;
        base->values[CALLS].real[row] = 10.0 * (double)in_base;
        now->values[ID].integer[row] = in_now;
        now->values[CALLS].real[row] = 11.0 * (double)in_now;
    }
    struct window *w = window_of(base, now);
    for (int row = 0; row < ROWS; row++) {
        double id = (double)w->now->values[ID].integer[row];
        assert_real(window_delta(w, row, CALLS), id < ROWS ? id : 11 * id);
    }
    window_free(w);
}

static void a_row_that_went_shifts_no_other(void **state)
{
    (void)state;
    struct sample *base = POLL(&whole, 0, 10, 20, 30, 40), *now = POLL(&whole, 1, 11, 33, 44, 5);
    now->values[ID].integer[1] = 3;
    now->values[ID].integer[2] = 4;
    now->values[ID].integer[3] = 9;
    struct window *w = window_of(base, now);
    assert_real(window_delta(w, 0, CALLS), 1);
    assert_real(window_delta(w, 1, CALLS), 3);
    assert_real(window_delta(w, 2, CALLS), 4);
    assert_real(window_delta(w, 3, CALLS), 5);
    window_free(w);
}

/* Chunks that both hold are not looked into: what is not shared still is. */
static void rows_in_shared_chunks_are_matched_as_any(void **state)
{
    (void)state;
    enum { ROWS = 3 * SAMPLE_CHUNK + 10, ANEW = SAMPLE_CHUNK + 5 };
    static double calls[ROWS];
    struct sample *base = poll_of(&whole, 0, ROWS, calls);
    sample_settle(base, NULL);
    struct sample *now = sample_like(base);
    now->mono_s = 1;
    for (int row = 0; row < ROWS; row++)
        sample_put_real(now, CALLS, row, row + 1);
    sample_put_int(now, ID, ANEW, 9999);
    sample_settle(now, base);
    assert_true(sample_shares(base, now, ID, 0) && !sample_shares(base, now, ID, ANEW));
    sample_ref(base);
    struct window *w = window_of(base, now);
    struct sample *from;
    for (int row = 0; row < ROWS; row++)
        assert_int_equal(window_base_row(w, row, &from), row == ANEW ? -1 : row);
    window_free(w);
    sample_unref(base);
}

static void a_dataset_without_rows_makes_a_window_too(void **state)
{
    (void)state;
    struct window *w = window_of(sample_new(&whole, 0), sample_new(&whole, 0));
    window_free(w);
    w = window_of(POLL(&whole, 0, 1, 2), sample_new(&whole, 0));
    window_free(w);
    w = window_of(sample_new(&whole, 0), POLL(&whole, 0, 1, 2));
    assert_real(window_delta(w, 1, CALLS), 2);
    window_free(w);
}

/* Buckets up to 10, 20, 40 and more, as `latency` has them. */
enum { H_ID, H_P50, H_P95, H_P99, H_BOUNDS, H_BUCKET, H_UPTO = H_BUCKET + 4, H_N = H_UPTO + 4 };
// clang-format off
#define H_COUNTER(n) {.name = n, .kind = KIND_COUNTER, .type = TYPE_REAL, .unit = UNIT_COUNT, .inside = true, .help = "b"}
#define H_GAUGE(n) {.name = n, .kind = KIND_GAUGE, .type = TYPE_REAL, .unit = UNIT_MS, .inside = true, .help = "u"}
#define H_QUANTILE(n, f) {.name = n, .kind = KIND_DERIVED, .type = TYPE_REAL, .unit = UNIT_MS, .formula = f, .a = "b_a", .b = "u_a", .run = 4, .help = "q"}
static const struct column histogram_columns[H_N] = {
    {.name = "id", .kind = KIND_KEY, .type = TYPE_INT, .help = "which"},
    H_QUANTILE("p50_ms", FORMULA_BUCKET50), H_QUANTILE("p95_ms", FORMULA_BUCKET95), H_QUANTILE("p99_ms", FORMULA_BUCKET99),
    H_GAUGE("bounds"), H_COUNTER("b_a"), H_COUNTER("b_b"), H_COUNTER("b_c"), H_COUNTER("b_d"),
    H_GAUGE("u_a"), H_GAUGE("u_b"), H_GAUGE("u_c"), H_GAUGE("u_d"),
};
// clang-format on
static const struct dataset histogram = {
    .name = "h", .help = "h", .columns = histogram_columns, .n_columns = H_N, .whole = true, .since = "bounds"};

static struct sample *histogram_of(double mono, double bounds_id, const double counts[4])
{
    static const double upto[] = {10, 20, 40, INFINITY};
    struct sample *s = sample_new(&histogram, 1);
    s->mono_s = mono;
    s->wall_s = 1e9 + mono;
    s->values[H_ID].integer[0] = 1;
    s->values[H_BOUNDS].real[0] = bounds_id;
    for (int i = 0; i < 4; i++) {
        s->values[H_BUCKET + i].real[0] = counts[i];
        s->values[H_UPTO + i].real[0] = upto[i];
    }
    return s;
}
#define HISTOGRAM(mono, id, ...) histogram_of(mono, id, (double[]){__VA_ARGS__})

/* Of 100 events 60 took up to 10, 30 up to 20, 6 up to 40, 4 longer. */
static void quantiles_of_a_histogram_are_those_of_the_windows_events(void **state)
{
    (void)state;
    struct err err = {""};
    if (!dataset_check(&histogram, &err))
        fail_msg("%s", err.text);
    struct window *w =
        window_of(HISTOGRAM(10, 7, 1000, 1000, 1000, 1000), HISTOGRAM(12, 7, 1060, 1090, 1096, 1100));
    assert_real(window_derived(w, 0, H_P50), 10 * 50.0 / 60);
    assert_real(window_derived(w, 0, H_P95), 20 + 20 * 5.0 / 6);
    assert_real(window_derived(w, 0, H_P99), 40); /* or more: the highest bound */
    window_free(w);
    w = window_of(HISTOGRAM(10, 7, 1000, 1000, 1000, 1000), HISTOGRAM(12, 7, 1000, 1000, 1000, 1000));
    assert_none(window_derived(w, 0, H_P50)); /* no event */
    window_free(w);
    w = window_of(NULL, HISTOGRAM(12, 7, 60, 90, 96, 100));
    assert_none(window_derived(w, 0, H_P50)); /* no window */
    window_free(w);
}

static void other_bounds_are_another_histogram(void **state)
{
    (void)state;
    struct window *w = window_of(HISTOGRAM(10, 7, 0, 0, 0, 0), HISTOGRAM(12, 8, 60, 90, 96, 100));
    assert_none(window_derived(w, 0, H_P50));
    assert_none(window_delta(w, 0, H_BUCKET));
    window_free(w);
}

static void a_histogram_that_went_back_has_no_quantile(void **state)
{
    (void)state;
    struct window *w = window_of(HISTOGRAM(10, 7, 50, 80, 90, 100), HISTOGRAM(12, 7, 10, 90, 96, 110));
    assert_none(window_derived(w, 0, H_P50));
    window_free(w);
}

static void a_bucket_quantile_is_that_of_prometheus(void **state)
{
    (void)state;
    const double bounds[] = {-5, 0, 5, INFINITY}, counts[] = {10, 10, 20, 20}, lost[] = {10, 4, 20, 20};
    assert_real(bucket_quantile(0.25, 4, bounds, counts), -5); /* the first bucket has no lower end */
    assert_real(bucket_quantile(0.75, 4, bounds, counts), 2.5);
    assert_real(bucket_quantile(0.95, 4, bounds, lost), bucket_quantile(0.95, 4, bounds, counts));
    assert_none(bucket_quantile(0.5, 1, bounds + 3, counts + 3)); /* nothing but what has no bound */
    assert_none(bucket_quantile(1, 4, bounds, counts));
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(rates_divide_by_the_measured_time),
        cmocka_unit_test(the_wall_clock_has_no_say_in_rates),
        cmocka_unit_test(a_counter_that_went_back_gives_none_in_its_row),
        cmocka_unit_test(a_row_made_anew_after_the_base_is_measured_from_0),
        cmocka_unit_test(a_row_that_is_another_since_nobody_knows_when_gives_none),
        cmocka_unit_test(a_baseline_keeps_a_row_made_anew_whose_counters_are_as_before),
        cmocka_unit_test(a_changed_epoch_gives_none),
        cmocka_unit_test(a_new_row_of_a_dataset_read_whole_has_base_0),
        cmocka_unit_test(a_new_row_of_any_other_dataset_gives_none),
        cmocka_unit_test(a_lifetime_is_never_shown_as_a_spike),
        cmocka_unit_test(a_missing_value_gives_none_and_never_0),
        cmocka_unit_test(a_missing_column_gives_none),
        cmocka_unit_test(a_ratio_needs_a_denominator_worth_judging),
        cmocka_unit_test(a_part_is_of_all_rows_that_have_an_increase),
        cmocka_unit_test(moments_follow_from_the_increases),
        cmocka_unit_test(since_reset_counts_from_0_at_the_reset),
        cmocka_unit_test(no_time_gives_no_rate),
        cmocka_unit_test(rows_are_matched_by_key_in_any_order),
        cmocka_unit_test(a_row_that_went_shifts_no_other),
        cmocka_unit_test(rows_in_shared_chunks_are_matched_as_any),
        cmocka_unit_test(a_dataset_without_rows_makes_a_window_too),
        cmocka_unit_test(quantiles_of_a_histogram_are_those_of_the_windows_events),
        cmocka_unit_test(other_bounds_are_another_histogram),
        cmocka_unit_test(a_histogram_that_went_back_has_no_quantile),
        cmocka_unit_test(a_bucket_quantile_is_that_of_prometheus),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
