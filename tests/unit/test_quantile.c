/* Quantiles from moments, against values found another way: Python's statistics.NormalDist, and simulated
 * draws. */
#include <math.h>
#include <stdlib.h>

#include "core/window.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <cmocka.h> /* after ours: it has a macro named fail */

static void assert_near(double value, double expected, double relative)
{
    if (!(fabs(value - expected) <= relative * fabs(expected)))
        print_error("%.17g is not within %g of %.17g\n", value, relative, expected);
    assert_true(fabs(value - expected) <= relative * fabs(expected));
}

static void deviation_follows_from_the_moments(void **state)
{
    (void)state;
    assert_near(moments_stddev(8, 40, 232), 2, 1e-12); /* 2 4 4 4 5 5 7 9: mean 5, population deviation 2 */
    assert_true(moments_stddev(1, 3, 9) == 0);
    assert_true(moments_stddev(2, 2, 2 - 1e-15) == 0); /* less than none, by rounding */
    assert_true(isnan(moments_stddev(0, 0, 0)));
    assert_true(isnan(moments_stddev(-1, 1, 1)));
    assert_true(isnan(moments_stddev(NAN, 1, 1)));
    assert_true(isnan(moments_stddev(2, NAN, 1)));
}

/* Expected: exp(NormalDist(mu, sigma).inv_cdf(q)) with mean 10 and deviation 5. */
static void lognormal_quantiles_are_exact(void **state)
{
    (void)state;
    assert_near(lognormal_quantile(0.50, 10, 5), 8.944271909999161, 1e-12);
    assert_near(lognormal_quantile(0.95, 10, 5), 19.4531783800922, 1e-12);
    assert_near(lognormal_quantile(0.99, 10, 5), 26.841124764715452, 1e-12);
    /* exp(z) for mu 0 and sigma 1, in the tails too: mean exp(1/2), variance (e - 1) e. */
    double mean = exp(0.5), stddev = sqrt((M_E - 1) * M_E);
    assert_near(log(lognormal_quantile(0.001, mean, stddev)), -3.090232306167813, 1e-12);
    assert_near(log(lognormal_quantile(0.3, mean, stddev)), -0.5244005127080407, 1e-12);
    assert_near(log(lognormal_quantile(0.99, mean, stddev)), 2.3263478740408408, 1e-12);
}

static void edges_of_a_lognormal(void **state)
{
    (void)state;
    assert_true(lognormal_quantile(0.95, 7, 0) == 7);
    assert_true(lognormal_quantile(0.95, 0, 0) == 0);
    assert_true(isnan(lognormal_quantile(0.95, -1, 1)));
    assert_true(isnan(lognormal_quantile(0.95, NAN, 1)));
    assert_true(isnan(lognormal_quantile(0.95, 1, NAN)));
    assert_true(isnan(lognormal_quantile(0, 1, 1)));
    assert_true(isnan(lognormal_quantile(1, 1, 1)));
    assert_near(lognormal_quantile(0.5, 1e-6, 1e3), 1e-15, 1e-3); /* mean / sqrt(1 + (stddev / mean)^2) */
}

/* xorshift64* (Vigna) and Box-Muller: draws that do not use the code under test. */
static double uniform(uint64_t *state)
{
    *state ^= *state >> 12;
    *state ^= *state << 25;
    *state ^= *state >> 27;
    return ((double)((*state * UINT64_C(2685821657736338717)) >> 11) + 0.5) / 9007199254740992.0;
}

static double draw(uint64_t *state, double mu, double sigma)
{
    double radius = sqrt(-2 * log(uniform(state)));
    return exp(mu + sigma * radius * cos(2 * M_PI * uniform(state)));
}

static int by_value(const void *a, const void *b)
{
    double x = *(const double *)a, y = *(const double *)b;
    return (x > y) - (x < y);
}

enum { DRAWS = 100000 };

static void draws_of_a_lognormal_agree_through_their_moments(void **state)
{
    (void)state;
    uint64_t seed = 42;
    double *x = test_malloc(DRAWS * sizeof(double)), sum = 0, sum_sq = 0;
    for (int i = 0; i < DRAWS; i++) {
        x[i] = draw(&seed, 1.5, 0.8);
        sum += x[i];
        sum_sq += x[i] * x[i];
    }
    qsort(x, DRAWS, sizeof(double), by_value);
    double stddev = moments_stddev(DRAWS, sum, sum_sq);
    assert_near(lognormal_quantile(0.50, sum / DRAWS, stddev), x[DRAWS / 2], 0.03);
    assert_near(lognormal_quantile(0.95, sum / DRAWS, stddev), x[DRAWS / 100 * 95], 0.03);
    assert_near(lognormal_quantile(0.99, sum / DRAWS, stddev), x[DRAWS / 100 * 99], 0.03);
    test_free(x);
}

static void a_mixture_of_one_is_that_one(void **state)
{
    (void)state;
    double weight = 3, mean = 10, stddev = 5, none = 0;
    for (double q = 0.05; q < 1; q += 0.05)
        assert_near(mixture_quantile(q, 1, &weight, &mean, &stddev), lognormal_quantile(q, 10, 5), 1e-3);
    assert_near(mixture_quantile(0.95, 1, &weight, &mean, &none), 10, 1e-12);
}

static void a_mixture_of_equals_is_any_of_them(void **state)
{
    (void)state;
    double weights[] = {1, 7, 2}, means[] = {10, 10, 10}, stddevs[] = {5, 5, 5};
    assert_near(mixture_quantile(0.95, 3, weights, means, stddevs), 19.4531783800922, 1e-3);
}

/* 90 % quick calls, 10 % slow ones: the truth from draws of the mixture itself. */
static void a_mixture_with_two_humps_agrees_with_draws(void **state)
{
    (void)state;
    uint64_t seed = 7;
    double *x = test_malloc(DRAWS * sizeof(double));
    double mu[] = {0, 4}, sigma[] = {0.3, 0.5}, means[2], stddevs[2], weights[] = {90, 10};
    for (int i = 0; i < DRAWS; i++) {
        int hump = uniform(&seed) < 0.9 ? 0 : 1;
        x[i] = draw(&seed, mu[hump], sigma[hump]);
    }
    qsort(x, DRAWS, sizeof(double), by_value);
    for (int i = 0; i < 2; i++) { /* the textbook's moments of a log-normal */
        double variance = sigma[i] * sigma[i];
        means[i] = exp(mu[i] + variance / 2);
        stddevs[i] = means[i] * sqrt(exp(variance) - 1);
    }
    assert_near(mixture_quantile(0.50, 2, weights, means, stddevs), x[DRAWS / 2], 0.03);
    assert_near(mixture_quantile(0.95, 2, weights, means, stddevs), x[DRAWS / 100 * 95], 0.03);
    assert_near(mixture_quantile(0.99, 2, weights, means, stddevs), x[DRAWS / 100 * 99], 0.03);
    double p90 = mixture_quantile(0.90, 2, weights, means, stddevs); /* falls between the humps */
    assert_true(p90 > lognormal_quantile(0.90, means[0], stddevs[0]));
    assert_true(p90 < lognormal_quantile(0.90, means[1], stddevs[1]));
    test_free(x);
}

static void points_and_zeros_count_with_their_weight(void **state)
{
    (void)state;
    double weights[] = {50, 45, 5}, means[] = {0, 2, 100}, stddevs[] = {0, 0, 0};
    assert_true(mixture_quantile(0.30, 3, weights, means, stddevs) == 0);
    assert_near(mixture_quantile(0.90, 3, weights, means, stddevs), 2, 1e-3);
    assert_near(mixture_quantile(0.97, 3, weights, means, stddevs), 100, 1e-3);
}

static void parts_without_a_value_are_left_out(void **state)
{
    (void)state;
    double weights[] = {NAN, 1, 1, 0, 1, -1}, means[] = {1, NAN, 10, 1e6, 1e6, 1e6},
           stddevs[] = {1, 1, 5, 1, NAN, 1};
    assert_near(mixture_quantile(0.95, 6, weights, means, stddevs), 19.4531783800922, 1e-3);
    assert_true(isnan(mixture_quantile(0.95, 2, weights, means, stddevs)));
    assert_true(isnan(mixture_quantile(0.95, 0, NULL, NULL, NULL)));
    assert_true(isnan(mixture_quantile(1, 6, weights, means, stddevs)));
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(deviation_follows_from_the_moments),
        cmocka_unit_test(lognormal_quantiles_are_exact),
        cmocka_unit_test(edges_of_a_lognormal),
        cmocka_unit_test(draws_of_a_lognormal_agree_through_their_moments),
        cmocka_unit_test(a_mixture_of_one_is_that_one),
        cmocka_unit_test(a_mixture_of_equals_is_any_of_them),
        cmocka_unit_test(a_mixture_with_two_humps_agrees_with_draws),
        cmocka_unit_test(points_and_zeros_count_with_their_weight),
        cmocka_unit_test(parts_without_a_value_are_left_out),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
