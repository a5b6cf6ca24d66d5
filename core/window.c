/* The increases between two samples of one dataset: every truth rule about rates stands here. */
#include "core/window.h"

#include <assert.h>
#include <math.h>
#include <stdlib.h>
#include <string.h>

#include "core/index.h"
#include "core/mem.h"

/* Where a row of now stands in the base: row ROW of chain[DEPTH]. */
struct base_row {
    int depth;
    int row;
};
/* What is known of a row of now as a whole. It is the same whoever finds out, so threads need not agree on
 * who does. */
enum judgement {
    NOT_JUDGED,
    COMPARABLE,
    MADE_ANEW, /* its base is 0 */
    WENT_BACK  /* or was made anew nobody knows when */
};
enum {
    UNKNOWN = -1,
    GONE = -2
}; /* as depth: in no sample of the chain; the newest that knows it says it was gone */

/* What DERIVED columns need: operands found by name once, and sums over all rows for FORMULA_PART. */
struct operands {
    short a, b, c;
};
struct sums {
    struct operands *operands;   /* by column */
    _Atomic(double) of_column[]; /* NAN: not added up yet */
};

static bool has_counters(const struct dataset *d)
{
    for (int i = 0; i < d->n_columns; i++)
        if (d->columns[i].kind == KIND_COUNTER)
            return true;
    return false;
}

/* Both hold the same keys in the chunk that begins at ROW. */
static bool keys_shared(const struct keys *keys, const struct sample *base, const struct sample *now, int row)
{
    for (int i = 0; i < keys->n; i++) {
        int c = keys->columns[i];
        if (!sample_has(base, c) || !sample_has(now, c) || !sample_shares(base, now, c, row))
            return false;
    }
    return true;
}

/* Rows at the start of both that are the same row. Polls mostly give rows in the order of the poll before. */
static int count_same(const struct keys *keys, const struct sample *base, const struct sample *now)
{
    int n = base->n_rows < now->n_rows ? base->n_rows : now->n_rows;
    int same = 0;
    while (same < n) {
        if (same % SAMPLE_CHUNK == 0 && keys_shared(keys, base, now, same))
            same = n - same < SAMPLE_CHUNK ? n : same + SAMPLE_CHUNK;
        else if (keys_equal(keys, base, same, now, same))
            same++;
        else
            break;
    }
    return same;
}

/* Enters the rows of chain[depth] that no newer sample of the chain has entered; returns how many. */
static int overlay(struct window *w, const struct keys *keys, int depth)
{
    const struct sample *base = w->chain[depth];
    int first_gone = base->n_rows - base->n_gone;
    int entered = 0;
    int next = 0; /* the row of now that follows the one found last: most often the next one */
    for (int row = 0; row < base->n_rows; row++) {
        int found = next;
        if (found >= w->now->n_rows || !keys_equal(keys, base, row, w->now, found))
            found = sample_find(w->now, base, row);
        if (found < 0)
            continue;
        next = found + 1;
        if (w->rows[found].depth != UNKNOWN)
            continue;
        w->rows[found] = (struct base_row){.depth = row < first_gone ? depth : GONE, .row = row};
        entered++;
    }
    return entered;
}

static void match_rows(struct window *w)
{
    struct keys keys = keys_of(w->now->dataset);
    if (w->base->older == NULL && w->base->n_gone == 0) {
        w->n_same = count_same(&keys, w->base, w->now);
        if (w->n_same == w->base->n_rows)
            return; /* what follows in now is new */
    }
    int n_chain = 0;
    for (struct sample *s = w->base; s != NULL; s = s->older)
        n_chain++;
    w->chain = mem_new_array((size_t)n_chain, sizeof(w->chain[0]));
    w->rows = mem_new_array((size_t)w->now->n_rows, sizeof(w->rows[0]));
    for (int row = 0; row < w->now->n_rows; row++)
        w->rows[row].depth = UNKNOWN;
    int depth = 0, left = w->now->n_rows;
    for (struct sample *s = w->base; s != NULL && left > 0; s = s->older, depth++) {
        w->chain[depth] = s;
        left -= overlay(w, &keys, depth);
    }
}

struct window *window_new(struct sample *base, struct sample *now)
{
    assert(base == NULL || base->dataset == now->dataset);
    struct window *w = mem_new(sizeof(*w));
    w->now = sample_ref(now);
    w->span_s = NAN;
    if (base == NULL)
        return w;
    w->base = sample_ref(base);
    w->span_s = now->mono_s - base->mono_s;
    w->comparable = base->epoch == now->epoch;
    if (w->comparable && has_counters(now->dataset)) {
        w->judged = mem_new_array((size_t)now->n_rows, sizeof(w->judged[0]));
        match_rows(w);
    }
    return w;
}

struct window *window_new_since_reset(struct sample *now)
{
    struct window *w = mem_new(sizeof(*w));
    w->now = sample_ref(now);
    w->span_s = now->wall_s - now->reset_s;
    w->comparable = true;
    w->since_reset = true;
    return w;
}

void window_free(struct window *w)
{
    if (w == NULL)
        return;
    struct sums *sums = atomic_load(&w->sums);
    if (sums != NULL)
        free(sums->operands);
    free(sums);
    free(w->judged);
    free(w->rows);
    free(w->chain);
    sample_unref(w->base);
    sample_unref(w->now);
    free(w);
}

int window_base_row(const struct window *w, int row, struct sample **from)
{
    if (w->rows == NULL) {
        *from = w->base;
        return row < w->n_same ? row : -1;
    }
    struct base_row at = w->rows[row];
    if (at.depth < 0)
        return -1;
    *from = w->chain[at.depth];
    return at.row;
}

/* Rows of now that stand in one chunk, and where each stands in the base. */
struct judged {
    int first, n;
    struct sample *
        from[SAMPLE_CHUNK]; /* NULL: nowhere; rows of a plain window are all in the base, at the same place */
    int row[SAMPLE_CHUNK];
    unsigned char as[SAMPLE_CHUNK]; /* an enum judgement each */
};

static void find_base(const struct window *w, struct judged *j)
{
    for (int i = 0; i < j->n; i++) {
        j->row[i] = window_base_row(w, j->first + i, &j->from[i]);
        if (j->row[i] < 0)
            j->from[i] = NULL;
    }
}

/* Marks the rows whose COLUMN is less than in the base; none where either has no value. */
static void mark_back(const struct window *w, int column, struct judged *j)
{
    if (!sample_has(w->now, column))
        return;
    double now_room[SAMPLE_CHUNK], base_room[SAMPLE_CHUNK];
    const double *now = sample_reals(w->now, column, j->first, j->n, now_room);
    if (w->rows == NULL) {
        if (!sample_has(w->base, column) || sample_shares(w->now, w->base, column, j->first))
            return;
        const double *base = sample_reals(w->base, column, j->first, j->n, base_room);
        for (int i = 0; i < j->n; i++)
            j->as[i] = now[i] < base[i] ? WENT_BACK : j->as[i];
        return;
    }
    for (int i = 0; i < j->n; i++)
        if (j->from[i] != NULL && sample_has(j->from[i], column))
            j->as[i] = now[i] < sample_real(j->from[i], column, j->row[i]) ? WENT_BACK : j->as[i];
}

/* Marks the rows that count since another moment than in the base, whatever their counters say. A moment that
 * does not lie after the base would mean that they count since before it. */
static void mark_anew(const struct window *w, int since, struct judged *j)
{
    for (int i = 0; i < j->n; i++) {
        struct sample *from;
        int row = window_base_row(w, j->first + i, &from);
        if (row < 0 || !sample_has(w->now, since) || !sample_has(from, since))
            continue;
        double now = sample_real(w->now, since, j->first + i), base = sample_real(from, since, row);
        if (!isnan(now) && !isnan(base) && now != base)
            j->as[i] = now > w->base->wall_s ? MADE_ANEW : WENT_BACK;
    }
}

/* Judges all rows that stand in one chunk with ROW: most who ask for one ask for the next one too, and the
 * cells of a column are an array. */
static void judge_chunk(const struct window *w, int row)
{
    const struct dataset *d = w->now->dataset;
    int end = w->rows == NULL ? w->n_same : w->now->n_rows;
    struct judged j = {.first = row - row % SAMPLE_CHUNK};
    j.n = end - j.first < SAMPLE_CHUNK ? end - j.first : SAMPLE_CHUNK;
    memset(j.as, COMPARABLE, sizeof(j.as));
    if (w->rows != NULL)
        find_base(w, &j);
    for (int i = 0; i < d->n_columns; i++)
        if (d->columns[i].kind == KIND_COUNTER)
            mark_back(w, i, &j);
    int since = d->since == NULL ? -1 : dataset_column(d, d->since);
    if (since >= 0)
        mark_anew(w, since, &j);
    for (int i = 0; i < j.n; i++)
        atomic_store_explicit(&w->judged[j.first + i], j.as[i], memory_order_relaxed);
}

/* Of a row that the base has. */
static enum judgement judge(const struct window *w, int row)
{
    if (atomic_load_explicit(&w->judged[row], memory_order_relaxed) == NOT_JUDGED)
        judge_chunk(w, row);
    return atomic_load_explicit(&w->judged[row], memory_order_relaxed);
}

double window_delta(const struct window *w, int row, int column)
{
    assert(w->now->dataset->columns[column].kind == KIND_COUNTER && row >= 0 && row < w->now->n_rows);
    if (!w->comparable || !sample_has(w->now, column))
        return NAN;
    double now = sample_real(w->now, column, row);
    if (w->since_reset)
        return now;
    struct sample *from;
    int base_row = window_base_row(w, row, &from);
    if (base_row < 0)
        return w->now->dataset->whole ? now : NAN;
    enum judgement judged = judge(w, row);
    if (judged == MADE_ANEW)
        return now;
    if (judged == WENT_BACK || !sample_has(from, column))
        return NAN;
    return now - sample_real(from, column, base_row); /* NAN if either is */
}

double window_per_s(const struct window *w, int row, int column)
{
    return w->span_s > 0 ? window_delta(w, row, column) / w->span_s : NAN;
}

static short operand(const struct dataset *d, const char *name)
{
    return name == NULL ? (short)-1 : (short)dataset_column(d, name);
}

static struct sums *sums_of(struct window *w)
{
    struct sums *sums = atomic_load(&w->sums);
    if (sums != NULL)
        return sums;
    const struct dataset *d = w->now->dataset;
    struct sums *mine = mem_new(sizeof(*mine) + (size_t)d->n_columns * sizeof(mine->of_column[0]));
    mine->operands = mem_new_array((size_t)d->n_columns, sizeof(mine->operands[0]));
    for (int i = 0; i < d->n_columns; i++) {
        const struct column *c = &d->columns[i];
        atomic_init(&mine->of_column[i], NAN);
        mine->operands[i] =
            (struct operands){.a = operand(d, c->a), .b = operand(d, c->b), .c = operand(d, c->c)};
    }
    if (atomic_compare_exchange_strong(&w->sums, &sums, mine))
        return mine;
    free(mine->operands);
    free(mine);
    return sums;
}

/* Of the rows that have an increase. */
static double sum_of(struct window *w, struct sums *sums, int column)
{
    double sum = atomic_load_explicit(&sums->of_column[column], memory_order_relaxed);
    if (!isnan(sum))
        return sum;
    sum = 0;
    for (int row = 0; row < w->now->n_rows; row++) {
        double delta = window_delta(w, row, column);
        sum += isnan(delta) ? 0 : delta;
    }
    atomic_store_explicit(&sums->of_column[column], sum, memory_order_relaxed);
    return sum;
}

static double divide(double a, double b, double least)
{
    return b > 0 && b >= least ? a / b : NAN;
}

static double moments_of(enum formula formula, double n, double sum, double sum_sq)
{
    double stddev = moments_stddev(n, sum, sum_sq);
    if (formula == FORMULA_STDDEV)
        return stddev;
    double q = formula == FORMULA_P50 ? 0.50 : formula == FORMULA_P95 ? 0.95 : 0.99;
    return lognormal_quantile(q, sum / n, stddev);
}

/* Of a histogram in columns of its own. */
static double bucket_of(const struct window *w, int row, const struct column *c, struct operands o)
{
    double bounds[MOST_BUCKETS], increases[MOST_BUCKETS];
    int n = 0;
    for (; n < c->run; n++) {
        bounds[n] = sample_has(w->now, o.b + n) ? sample_real(w->now, o.b + n, row) : NAN;
        if (isnan(bounds[n]))
            break;
        increases[n] = window_delta(w, row, o.a + n);
    }
    double q = c->formula == FORMULA_BUCKET50 ? 0.50 : c->formula == FORMULA_BUCKET95 ? 0.95 : 0.99;
    return n > 0 && increases[n - 1] >= c->least ? bucket_quantile(q, n, bounds, increases) : NAN;
}

double window_derived(struct window *w, int row, int column)
{
    const struct column *column_of = &w->now->dataset->columns[column];
    assert(column_of->kind == KIND_DERIVED);
    struct sums *sums = sums_of(w);
    struct operands o = sums->operands[column];
    double least = column_of->least;
    if (column_of->run > 0)
        return bucket_of(w, row, column_of, o);
    double a = window_delta(w, row, o.a);
    double b = o.b < 0 ? NAN : window_delta(w, row, o.b);
    double c = o.c < 0 ? NAN : window_delta(w, row, o.c);
    switch (column_of->formula) {
    case FORMULA_NONE:
        return NAN;
    case FORMULA_SHARE:
        return divide(a, a + b, least);
    case FORMULA_QUOTIENT:
        return divide(a, b, least);
    case FORMULA_PART:
        return divide(a, sum_of(w, sums, o.a), least);
    case FORMULA_STDDEV:
    case FORMULA_P50:
    case FORMULA_P95:
    case FORMULA_P99:
        return a > 0 && a >= least ? moments_of(column_of->formula, a, b, c) : NAN;
    case FORMULA_BUCKET50: /* above */
    case FORMULA_BUCKET95:
    case FORMULA_BUCKET99:
        break;
    }
    return NAN;
}

size_t window_size(const struct window *w)
{
    size_t bytes = sizeof(*w);
    if (w->judged != NULL)
        bytes += (size_t)w->now->n_rows * sizeof(w->judged[0]);
    if (w->rows != NULL)
        bytes += (size_t)w->now->n_rows * sizeof(w->rows[0]);
    for (const struct sample *s = w->chain == NULL ? NULL : w->base; s != NULL; s = s->older)
        bytes += sizeof(w->chain[0]);
    if (atomic_load(&w->sums) != NULL)
        bytes += (size_t)w->now->dataset->n_columns * (sizeof(struct operands) + sizeof(double));
    return bytes;
}
