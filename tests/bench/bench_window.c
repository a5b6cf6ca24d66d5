/* What a window costs: ./bench_window prints microseconds for 5,000 and 10,000 rows of 60 columns. */
#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <time.h>

#include "core/store.h"
#include "core/window.h"

enum { N_COLUMNS = 60, N_COUNTERS = 25, FIRST_COUNTER = 10, ROUNDS = 20 };

static double now_us(void)
{
    struct timespec t;
    clock_gettime(CLOCK_MONOTONIC, &t);
    return (double)t.tv_sec * 1e6 + (double)t.tv_nsec / 1e3;
}

static void declare(struct column *columns)
{
    static char names[N_COLUMNS][8];
    for (int i = 0; i < N_COLUMNS; i++) {
        snprintf(names[i], sizeof(names[i]), "c%d", i);
        columns[i] =
            (struct column){.name = names[i], .kind = KIND_GAUGE, .unit = UNIT_COUNT, .help = "a number"};
        if (i < 2)
            columns[i] =
                (struct column){.name = names[i], .kind = KIND_KEY, .type = TYPE_INT, .help = "a key"};
        else if (i >= FIRST_COUNTER && i < FIRST_COUNTER + N_COUNTERS)
            columns[i].kind = KIND_COUNTER;
    }
    columns[N_COLUMNS - 1].kind = KIND_DERIVED;
    columns[N_COLUMNS - 1].unit = UNIT_RATIO;
    columns[N_COLUMNS - 1].formula = FORMULA_PART;
    columns[N_COLUMNS - 1].a = names[FIRST_COUNTER];
}

/* Every HOT-th row moves. With TURN the rows begin elsewhere: no row stands where it stood. */
static struct sample *poll(const struct dataset *d, int n_rows, double mono, int hot, int turn)
{
    struct sample *s = sample_new(d, n_rows);
    s->mono_s = s->wall_s = mono;
    for (int row = 0; row < n_rows; row++) {
        int id = (row + turn) % n_rows;
        s->values[0].integer[row] = 16384 + id * 3;
        s->values[1].integer[row] = 5;
        for (int c = FIRST_COUNTER; c < FIRST_COUNTER + N_COUNTERS; c++)
            s->values[c].real[row] = id % hot == 0 ? id + mono : id;
    }
    return s;
}

static double window_us(struct sample *base, struct sample *now)
{
    double begin = now_us();
    struct window *w = window_new(base, now);
    double us = now_us() - begin;
    window_free(w);
    return us;
}

static int by_value(const void *a, const void *b)
{
    double x = *(const double *)a, y = *(const double *)b;
    return (x > y) - (x < y);
}

static double median(double *us)
{
    qsort(us, ROUNDS, sizeof(us[0]), by_value);
    return us[ROUNDS / 2];
}

static void bench_two_samples(const struct dataset *d, int n_rows, int turn, const char *what)
{
    double us[ROUNDS], deltas[ROUNDS];
    struct sample *base = poll(d, n_rows, 0, 1, 0);
    for (int i = 0; i < ROUNDS; i++) {
        struct sample *now = poll(d, n_rows, 1 + i, 1, turn);
        us[i] = window_us(base, now);
        struct window *w = window_new(base, now);
        double begin = now_us(), sum = 0;
        for (int row = 0; row < n_rows; row++)
            for (int c = FIRST_COUNTER; c < FIRST_COUNTER + 4; c++)
                sum += window_per_s(w, row, c);
        for (int row = 0; row < n_rows; row++)
            sum += window_derived(w, row, N_COLUMNS - 1);
        deltas[i] = sum > 0 ? now_us() - begin : 0;
        window_free(w);
        sample_unref(now);
    }
    sample_unref(base);
    printf("%6d rows  %-40s %8.0f us   4 rates and a share of each row %6.0f us\n", n_rows, what, median(us),
           median(deltas));
}

static void bench_baselines(const struct dataset *d, int n_rows, int hot, const char *what)
{
    struct store *store = store_new((struct store_limits){1, 1u << 30, 600});
    double us[ROUNDS], put[ROUNDS];
    for (int t = 0; t < 300; t++) {
        struct sample *s = poll(d, n_rows, t * 24, hot, 0);
        double begin = now_us();
        store_put(store, "shop", s);
        put[t % ROUNDS] = now_us() - begin;
    }
    size_t before = store_bytes(store) - 2 * sample_size(store_newest(store, "shop", d));
    for (int i = 0; i < ROUNDS; i++) {
        store_put(store, "shop", poll(d, n_rows, 7200 + i, hot, 0));
        struct snapshot *snapshot = store_snapshot(store);
        double begin = now_us();
        snapshot_window(snapshot, 0, d, (struct window_spec){.kind = WINDOW_SECONDS, .seconds = 900}, NAN);
        us[i] = now_us() - begin;
        snapshot_unref(snapshot);
    }
    printf("%6d rows  %-40s %8.0f us   put %6.0f us   baselines %6.0f kB\n", n_rows, what, median(us),
           median(put), (double)before / 1e3);
    store_free(store);
}

int main(void)
{
    struct column columns[N_COLUMNS];
    declare(columns);
    struct dataset d = {
        .name = "bench", .help = "a row", .columns = columns, .n_columns = N_COLUMNS, .whole = true};
    for (int n_rows = 5000; n_rows <= 10000; n_rows += 5000) {
        bench_two_samples(&d, n_rows, 0, "two samples, rows in the same order");
        bench_two_samples(&d, n_rows, 17, "two samples, rows in another order");
        bench_baselines(&d, n_rows, 100, "15m of baselines, 1 % of rows change");
        bench_baselines(&d, n_rows, 1, "15m of baselines, all rows change");
    }
    return 0;
}
