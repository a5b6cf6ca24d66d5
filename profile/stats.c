/* Exact quantiles, their confidence intervals, and the verdict over them. */
#include "profile/stats.h"

#include <math.h>
#include <stdlib.h>

static const double half_alpha = 0.025; /* outside of the interval, on each side */
static const double unstable_ratio = 10, unstable_ms = 5;
enum { LEAST_RUNS = 100 }; /* below, p99 is the slowest run of all */

double quantile_of_sorted(const double *sorted, int n, int permille)
{
    if (n <= 0)
        return NAN;
    long rank = ((long)n * permille + 999) / 1000;
    return sorted[rank < 1 ? 0 : rank - 1];
}

/* The probability that K of N fall below the quantile Q. */
static double binomial(int k, int n, double q)
{
    int sign;
    double ways = lgamma_r(n + 1.0, &sign) - lgamma_r(k + 1.0, &sign) - lgamma_r(n - k + 1.0, &sign);
    return exp(ways + k * log(q) + (n - k) * log1p(-q));
}

/* The sample of rank r is above the quantile when fewer than r fall below it, and below it when r or more do.
 */
struct interval interval_of_sorted(const double *sorted, int n, int permille)
{
    struct interval in = {NAN, NAN};
    double q = permille / 1000.0, below = 0;
    for (int k = 0; k < n; k++) { /* below: the probability that at most k do */
        below += binomial(k, n, q);
        if (below <= half_alpha)
            in.low = sorted[k];
        if (below >= 1 - half_alpha) {
            in.high = sorted[k];
            break;
        }
    }
    return in;
}

static int by_size(const void *a, const void *b)
{
    double x = *(const double *)a, y = *(const double *)b;
    return (x > y) - (x < y);
}

void stats_of(double *samples, int n, struct stats *out)
{
    double sum = 0;
    if (n > 0)
        qsort(samples, (size_t)n, sizeof(*samples), by_size);
    for (int i = 0; i < n; i++)
        sum += samples[i];
    *out = (struct stats){
        .n = n,
        .min = n > 0 ? samples[0] : NAN,
        .mean = n > 0 ? sum / n : NAN,
        .max = n > 0 ? samples[n - 1] : NAN,
        .p50 = quantile_of_sorted(samples, n, 500),
        .p95 = quantile_of_sorted(samples, n, 950),
        .p99 = quantile_of_sorted(samples, n, 990),
        .p50_in = interval_of_sorted(samples, n, 500),
        .p95_in = interval_of_sorted(samples, n, 950),
    };
}

const char *verdict_name(enum verdict v)
{
    static const char *const names[] = {[VERDICT_NONE] = "no target",
                                        [VERDICT_OK] = "ok",
                                        [VERDICT_UNSTABLE] = "unstable",
                                        [VERDICT_SLOW] = "slow",
                                        [VERDICT_FAILED] = "failed"};
    return names[v];
}

enum verdict verdict_of(const struct stats *s, double p95_ms, double p99_ms)
{
    if (s->n == 0)
        return VERDICT_FAILED;
    if (s->p95 > p95_ms || s->p99 > p99_ms) /* false where there is no target */
        return VERDICT_SLOW;
    if (s->n >= LEAST_RUNS && s->p99 > unstable_ratio * s->p50 && s->p99 > unstable_ms)
        return VERDICT_UNSTABLE;
    return isnan(p95_ms) && isnan(p99_ms) ? VERDICT_NONE : VERDICT_OK;
}
