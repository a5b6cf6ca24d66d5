/* The window function: the increases between two samples of one dataset, in ONE place, pure. */
#ifndef DBVITALS_CORE_WINDOW_H
#define DBVITALS_CORE_WINDOW_H

#include <stdatomic.h>
#include <stdbool.h>

#include "core/sample.h"

/* Increases from BASE to NOW. Truth rules:
 *  - span_s is the measured monotonic time between the two, never a nominal interval;
 *  - different epochs: no increases at all (comparable = false);
 *  - a counter that went back: NAN for all counters of that row, since what set it back may have set back others that grew past it since;
 *  - a row whose `since` tells that it was made anew after BASE: its base is 0; that it is another, but not after BASE: NAN;
 *  - a row that BASE does not have: its base is 0 if the dataset is read whole, NAN otherwise;
 *  - a value that either sample does not have: NAN.
 * With base NULL (only one sample yet) everything is NAN and span_s is NAN. With `since_reset` the base of every
 * row is 0 and the span is from now->reset_s (NAN if that is unknown).
 * Immutable but for what is made on first use, which may be from any thread. */
struct window {
    struct sample *base; /* referenced; NULL if none */
    struct sample *now;  /* referenced */
    double span_s;
    bool comparable;
    bool since_reset;
    /* Private: which row of the base a row of now is measured from; see window.c. */
    int n_same;                /* rows NULL: the first n_same rows stand in the base as they stand in now */
    struct base_row *rows;     /* by row of now; else NULL */
    _Atomic(unsigned char) *judged; /* by row of now: what is known of it as a whole, found out on first use; see window.c */
    struct sample **chain;     /* the base and its older ones, newest first; held through base */
    _Atomic(struct sums *) sums; /* for DERIVED columns, made on first use */
};

struct window *window_new(struct sample *base, struct sample *now);
struct window *window_new_since_reset(struct sample *now);
void window_free(struct window *w);
/* Increase of COUNTER column C in row ROW of now; NAN if there is none. */
double window_delta(const struct window *w, int row, int column);
/* Increase per second of measured time; NAN if there is none. */
double window_per_s(const struct window *w, int row, int column);
/* Value of DERIVED column C; NAN if there is none. */
double window_derived(struct window *w, int row, int column);
/* The row that ROW of now is measured from: *FROM is the base or one of its older ones. -1 if the base has no such row. */
int window_base_row(const struct window *w, int row, struct sample **from);
/* Bytes held, without the samples. */
size_t window_size(const struct window *w);

/* q-quantile (0 < q < 1) of the events of a histogram of N buckets: INCREASES[i] of them were at most BOUNDS[i], which ascend, the last one INFINITY.
 * Linear within the bucket that it falls into, whose lower end is 0 for the first one of positive bound, as Prometheus' histogram_quantile. In the last
 * bucket it is the highest finite bound: so much or more. NAN without events, or when an increase is NAN. */
double bucket_quantile(double q, int n, const double *bounds, const double *increases);
/* The formulas on plain numbers (core/quantile.c), for tests and for SQL functions. Population variance from moments;
 * NAN when n <= 0; a tiny negative variance from rounding counts as 0. */
double moments_stddev(double n, double sum, double sum_sq);
/* q-quantile (0 < q < 1) of a log-normal with that mean and standard deviation. stddev 0 gives the mean. */
double lognormal_quantile(double q, double mean, double stddev);
/* q-quantile of the mixture of N log-normals with the given weights (> 0), means and deviations, by bisection to 0.1 %. */
double mixture_quantile(double q, int n, const double *weights, const double *means, const double *stddevs);

#endif
