/* What samples say, exactly: a quantile is one of them, and how far it can be trusted is told by two others.
 */
#ifndef DBVITALS_PROFILE_STATS_H
#define DBVITALS_PROFILE_STATS_H

#include <stdbool.h>

/* A quantile by nearest rank: of N sorted samples the one with rank ceil(N x PERMILLE / 1000), from 1. */
double quantile_of_sorted(const double *sorted, int n, int permille);

/* A quantile's 95 % confidence interval, whatever the distribution: how many of N samples lie below the true
 * quantile q is binomial (N, q), so that two ranks hold it between them (Conover, Practical Nonparametric
 * Statistics, 3.2). An end is NAN when no rank does. */
struct interval {
    double low, high;
};
struct interval interval_of_sorted(const double *sorted, int n, int permille);

struct stats {
    int n;
    double min, mean, p50, p95, p99, max; /* NAN when n is 0 */
    struct interval p50_in, p95_in;
};
/* Sorts SAMPLES. */
void stats_of(double *samples, int n, struct stats *out);

enum verdict {
    VERDICT_NONE, /* no target was given */
    VERDICT_OK,   /* within its targets */
    /* Within them, or none given, but of 100 runs or more p99 is more than 10 times p50, and more than 5 ms.
     */
    VERDICT_UNSTABLE,
    VERDICT_SLOW,  /* over a target, or ended by its timeout where it has one */
    VERDICT_FAILED /* it could not be run */
};
const char *verdict_name(enum verdict v);
/* Targets are NAN where there are none. */
enum verdict verdict_of(const struct stats *s, double p95_ms, double p99_ms);

#endif
