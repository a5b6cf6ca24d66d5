/* From moments to quantiles: what "p95 of a statement" can be when only count, sum and squares are known. */
#include <math.h>
#include <stdlib.h>

#include "core/mem.h"
#include "core/window.h"

double moments_stddev(double n, double sum, double sum_sq)
{
    if (!(n > 0))
        return NAN;
    double mean = sum / n;
    double variance = sum_sq / n - mean * mean;
    return variance < 0 ? 0 : sqrt(variance);
}

/* The share of a normal distribution that lies below Z. */
static double normal_below(double z)
{
    return 0.5 * erfc(-z * M_SQRT1_2);
}

static double polynomial(const double *p, int n, double x)
{
    double y = p[0];
    for (int i = 1; i < n; i++)
        y = y * x + p[i];
    return y;
}

/* The inverse of normal_below for 0 < Q < 1: Peter Acklam's rational approximation (2003, relative
 * error 1.15e-9), and one step of Halley's method on it, as he proposes, to full precision. */
static double normal_quantile(double q)
{
    static const double a[] = {-3.969683028665376e+01, 2.209460984245205e+02,  -2.759285104469687e+02,
                               1.383577518672690e+02,  -3.066479806614716e+01, 2.506628277459239e+00};
    static const double b[] = {-5.447609879822406e+01, 1.615858368580409e+02,  -1.556989798598866e+02,
                               6.680131188771972e+01,  -1.328068155288572e+01, 1};
    static const double c[] = {-7.784894002430293e-03, -3.223964580411365e-01, -2.400758277161838e+00,
                               -2.549732539343734e+00, 4.374664141464968e+00,  2.938163982698783e+00};
    static const double d[] = {7.784695709041462e-03, 3.224671290700398e-01, 2.445134137142996e+00,
                               3.754408661907416e+00, 1};
    double z;
    if (q < 0.02425 || q > 1 - 0.02425) {
        double tail = sqrt(-2 * log(q < 0.5 ? q : 1 - q));
        z = polynomial(c, 6, tail) / polynomial(d, 5, tail);
        z = q < 0.5 ? z : -z;
    } else {
        double from_middle = q - 0.5, square = from_middle * from_middle;
        z = polynomial(a, 6, square) * from_middle / polynomial(b, 6, square);
    }
    double off = (normal_below(z) - q) * sqrt(2 * M_PI) * exp(z * z / 2);
    return z - off / (1 + z * off / 2);
}

/* A log-normal by the mean and deviation of its logarithm. Sigma 0 is a single point. */
struct lognormal {
    double mu, sigma, weight;
};

static struct lognormal from_moments(double mean, double stddev)
{
    double relative = stddev / mean;
    double variance = log1p(relative * relative);
    return (struct lognormal){.mu = log(mean) - variance / 2, .sigma = sqrt(variance)};
}

double lognormal_quantile(double q, double mean, double stddev)
{
    if (!(q > 0 && q < 1) || !(mean >= 0) || !(stddev >= 0))
        return NAN;
    if (mean == 0 || stddev == 0)
        return mean;
    struct lognormal l = from_moments(mean, stddev);
    return exp(l.mu + l.sigma * normal_quantile(q));
}

static double share_below(const struct lognormal *parts, int n, double log_x)
{
    double below = 0;
    for (int i = 0; i < n; i++) {
        const struct lognormal *l = &parts[i];
        if (l->sigma > 0)
            below += l->weight * normal_below((log_x - l->mu) / l->sigma);
        else if (log_x >= l->mu)
            below += l->weight;
    }
    return below;
}

/* The quantile of a mixture lies between the least and the greatest of its parts' quantiles. */
static double bisect(double q, const struct lognormal *parts, int n, double weight)
{
    double z = normal_quantile(q);
    double low = INFINITY, high = -INFINITY;
    for (int i = 0; i < n; i++) {
        double at = parts[i].mu + parts[i].sigma * z;
        low = fmin(low, at);
        high = fmax(high, at);
    }
    while (high - low > 0.001) { /* of a logarithm: 0.1 % */
        double middle = (low + high) / 2;
        if (share_below(parts, n, middle) < q * weight)
            low = middle;
        else
            high = middle;
    }
    return exp(low == high ? low : (low + high) / 2);
}

double mixture_quantile(double q, int n, const double *weights, const double *means, const double *stddevs)
{
    if (!(q > 0 && q < 1) || n <= 0)
        return NAN;
    struct lognormal *parts = mem_new_array((size_t)n, sizeof(*parts));
    double weight = 0, at_zero = 0; /* of all; of those that take no time at all */
    int n_parts = 0;
    for (int i = 0; i < n; i++) {
        if (!(weights[i] > 0) || !(means[i] >= 0) || !(stddevs[i] >= 0))
            continue;
        weight += weights[i];
        if (means[i] == 0) {
            at_zero += weights[i];
            continue;
        }
        parts[n_parts] = from_moments(means[i], stddevs[i]);
        parts[n_parts++].weight = weights[i];
    }
    double x = NAN;
    if (weight > 0 && at_zero >= q * weight)
        x = 0;
    else if (weight > 0)
        x = bisect((q * weight - at_zero) / (weight - at_zero), parts, n_parts, weight - at_zero);
    free(parts);
    return x;
}

double bucket_quantile(double q, int n, const double *bounds, const double *increases)
{
    for (int i = 0; i < n; i++)
        if (isnan(increases[i]))
            return NAN;
    double all = n > 0 ? increases[n - 1] : 0;
    if (!(q > 0 && q < 1) || !(all > 0) || n < 2)
        return NAN;
    double below = 0; /* buckets are read one after the other: a later one may have counted less */
    for (int i = 0; i < n - 1; i++) {
        double upto = fmax(below, increases[i]);
        if (upto >= q * all) {
            double low = i > 0 ? bounds[i - 1] : fmin(0, bounds[0]);
            return upto > below ? low + (bounds[i] - low) * (q * all - below) / (upto - below) : bounds[i];
        }
        below = upto;
    }
    return bounds[n - 2];
}
