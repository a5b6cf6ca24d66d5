/* The cells of samples in chunks, each counted and shared by all samples where it is the same. */
#include "core/chunks.h"

#include <assert.h>
#include <float.h>
#include <math.h>
#include <stdlib.h>
#include <string.h>

#include "core/mem.h"

static struct chunk *chunk_ref(struct chunk *c)
{
    if (c != NULL)
        atomic_fetch_add_explicit(&c->refs, 1, memory_order_relaxed);
    return c;
}

static void chunk_unref(struct chunk *c)
{
    if (c != NULL && atomic_fetch_sub(&c->refs, 1) == 1)
        free(c);
}

static size_t chunk_bytes(const struct chunk *c)
{
    return sizeof(*c) + (c->stride == 0 ? SAMPLE_CELL : (size_t)c->n * (size_t)c->stride);
}

static bool are_same(const char *cells, int n)
{
    return memcmp(cells, cells + SAMPLE_CELL, (size_t)(n - 1) * SAMPLE_CELL) == 0;
}

/* Bit for bit: the payload of a NAN and the sign of zero count. */
static bool fit_half(const char *cells, int n, enum type type)
{
    for (int i = 0; i < n; i++) {
        int64_t bits, back;
        memcpy(&bits, cells + (size_t)i * SAMPLE_CELL, SAMPLE_CELL);
        back = type == TYPE_INT ? (int32_t)bits : bits;
        if (type == TYPE_REAL) {
            double v;
            memcpy(&v, &bits, SAMPLE_CELL);
            v = fabs(v) <= FLT_MAX || !isfinite(v) ? (double)(float)v : 0;
            memcpy(&back, &v, SAMPLE_CELL);
        }
        if (back != bits)
            return false;
    }
    return true;
}

static int stride_of(const char *cells, int n, enum type type)
{
    return n == 0 || are_same(cells, n)                    ? 0
           : type != TYPE_TEXT && fit_half(cells, n, type) ? SAMPLE_HALF
                                                           : SAMPLE_CELL;
}

static void write_halves(void *halves, const void *cells, int n, enum type type)
{
    const double *reals = cells;
    const int64_t *integers = cells;
    float *small_reals = halves;
    int32_t *small_integers = halves;
    for (int i = 0; i < n; i++) {
        if (type == TYPE_REAL)
            small_reals[i] = (float)reals[i];
        else
            small_integers[i] = (int32_t)integers[i];
    }
}

static struct chunk *chunk_new(const char *cells, int n, int stride, enum type type)
{
    struct chunk shape = {.n = (short)n, .stride = (short)stride}, *c = mem_new(chunk_bytes(&shape));
    atomic_init(&c->refs, 1);
    c->n = shape.n;
    c->stride = shape.stride;
    if (stride == SAMPLE_HALF)
        write_halves(c->cells, cells, n, type);
    else if (n > 0)
        memcpy(c->cells, cells, stride == 0 ? SAMPLE_CELL : (size_t)n * SAMPLE_CELL);
    return c;
}

/* All cells of C as they were, in ROOM for SAMPLE_CHUNK of them unless they stand like that. */
static const char *whole_cells(const struct chunk *c, enum type type, void *room)
{
    char *bytes = room;
    double *reals = room;
    int64_t *integers = room;
    if (c->stride == SAMPLE_CELL)
        return c->cells;
    for (int i = 0; i < c->n; i++) {
        const void *cell = c->cells + (size_t)i * (size_t)c->stride;
        if (c->stride == 0)
            memcpy(bytes + (size_t)i * SAMPLE_CELL, cell, SAMPLE_CELL);
        else if (type == TYPE_REAL)
            reals[i] = (double)*(const float *)cell;
        else
            integers[i] = *(const int32_t *)cell;
    }
    return bytes;
}

/* Has nobody but its one holder, who may write it, seen it? */
static bool is_own(struct chunk *c)
{
    return atomic_load(&c->refs) == 1;
}

/* It is whole then, and nobody else's. */
static bool was_written(struct chunk *c)
{
    return is_own(c) && c->stride == SAMPLE_CELL;
}

static bool is_equal(const struct chunk *c, const char *cells, int n, enum type type)
{
    double room[SAMPLE_CHUNK];
    return c != NULL && c->n == n && memcmp(whole_cells(c, type, room), cells, (size_t)n * SAMPLE_CELL) == 0;
}

static size_t table_bytes(const struct sample *s)
{
    return (size_t)s->dataset->n_columns * (size_t)s->n_chunks * sizeof(s->chunks[0]);
}

static struct chunk **column_of(const struct sample *s, int column)
{
    return s->chunks + (size_t)column * (size_t)s->n_chunks;
}

static int cells_in(const struct sample *s, int chunk)
{
    int left = s->n_rows - chunk * SAMPLE_CHUNK;
    return left < SAMPLE_CHUNK ? left : SAMPLE_CHUNK;
}

/* ---- Sealing ---- */

/* A chunk of CELLS, as small as they allow, or the one of the two that equals it. */
static struct chunk *settle_chunk(const char *cells, int n, struct chunk *there, struct chunk *before,
                                  enum type type)
{
    struct chunk *same = is_equal(there, cells, n, type)    ? there
                         : is_equal(before, cells, n, type) ? before
                                                            : NULL;
    return same != NULL ? chunk_ref(same) : chunk_new(cells, n, stride_of(cells, n, type), type);
}

/* Each chunk is that of LIKE, or the one before it (many columns are all zero), or of its own. */
static void seal_column(struct sample *s, int column, const struct sample *like)
{
    const char *filled = s->values == NULL ? NULL : s->values[column].any;
    enum type type = s->dataset->columns[column].type;
    struct chunk **chunks = column_of(s, column);
    for (int i = 0; i < s->n_chunks && (filled != NULL || chunks[i] != NULL); i++) {
        struct chunk *there = like != NULL && i < like->n_chunks ? column_of(like, column)[i] : NULL;
        struct chunk *before = i > 0 ? chunks[i - 1] : NULL, *own = chunks[i];
        const char *cells = own == NULL ? filled + (size_t)i * SAMPLE_CHUNK * SAMPLE_CELL
                            : own != there && was_written(own) ? own->cells
                                                               : NULL;
        if (cells != NULL) {
            chunks[i] = settle_chunk(cells, cells_in(s, i), there, before, type);
            chunk_unref(own);
        }
        if (chunks[i] != before)
            s->cell_bytes += chunk_bytes(chunks[i]);
    }
}

void sample_seal(struct sample *s, const struct sample *like)
{
    assert(!s->sealed && (like == NULL || like->dataset == s->dataset));
    if (like != NULL && !like->sealed)
        like = NULL;
    if (s->chunks == NULL) {
        s->n_chunks = s->n_rows == 0 ? 1 : (s->n_rows + SAMPLE_CHUNK - 1) / SAMPLE_CHUNK;
        s->chunks = mem_new(table_bytes(s));
    }
    s->cell_bytes = table_bytes(s);
    for (int c = 0; c < s->dataset->n_columns; c++)
        seal_column(s, c, like);
    free(s->values);
    s->values = NULL;
    s->sealed = true;
}

/* ---- Sharing ---- */

void chunks_share(struct sample *s, const struct sample *from)
{
    assert(from->chunks != NULL);
    s->n_chunks = from->n_chunks;
    s->cell_bytes = from->cell_bytes;
    s->chunks = mem_new(table_bytes(s));
    for (size_t i = 0; i < table_bytes(s) / sizeof(s->chunks[0]); i++)
        s->chunks[i] = chunk_ref(from->chunks[i]);
}

void chunks_free(struct sample *s)
{
    for (size_t i = 0; s->chunks != NULL && i < table_bytes(s) / sizeof(s->chunks[0]); i++)
        chunk_unref(s->chunks[i]);
    free(s->chunks);
}

size_t sample_size_shared(struct sample *s, const struct sample *before)
{
    if (s->shared_with == before)
        return s->shared_bytes;
    size_t bytes = s->arena == before->arena ? arena_size(s->arena) : 0;
    for (int c = 0; c < s->dataset->n_columns; c++) {
        struct chunk **own = column_of(s, c), **old = column_of(before, c);
        for (int i = 0; i < s->n_chunks && i < before->n_chunks; i++)
            if (own[i] != NULL && own[i] == old[i] && (i == 0 || own[i] != own[i - 1]))
                bytes += chunk_bytes(own[i]);
    }
    s->shared_with = before;
    return s->shared_bytes = bytes;
}

/* ---- Writing ---- */

/* Where to write a cell of a sample that has the column. */
static void *cell_to_write(struct sample *s, int column, int row)
{
    assert(!s->sealed && row >= 0 && row < s->n_rows);
    if (s->values != NULL)
        return (char *)s->values[column].any + (size_t)row * SAMPLE_CELL;
    struct chunk **c = &column_of(s, column)[row / SAMPLE_CHUNK], *there = *c;
    if (!was_written(there)) {
        double room[SAMPLE_CHUNK];
        enum type type = s->dataset->columns[column].type;
        *c = chunk_new(whole_cells(there, type, room), there->n, SAMPLE_CELL, type);
        chunk_unref(there);
    }
    return (*c)->cells + (size_t)(row % SAMPLE_CHUNK) * SAMPLE_CELL;
}

void sample_put_real(struct sample *s, int column, int row, double v)
{
    assert(s->dataset->columns[column].type == TYPE_REAL);
    if (!sample_has(s, column))
        return;
    double old = sample_real(s, column, row);
    if (old != v && !(isnan(old) && isnan(v)))
        *(double *)cell_to_write(s, column, row) = v;
}

void sample_put_int(struct sample *s, int column, int row, int64_t v)
{
    assert(s->dataset->columns[column].type == TYPE_INT);
    if (sample_has(s, column) && sample_int(s, column, row) != v)
        *(int64_t *)cell_to_write(s, column, row) = v;
}

void sample_put_text(struct sample *s, int column, int row, const char *v)
{
    assert(s->dataset->columns[column].type == TYPE_TEXT);
    if (sample_has(s, column) && sample_text(s, column, row) != v)
        *(const char **)cell_to_write(s, column, row) = v;
}

/* ---- Reading ---- */

const double *sample_reals(const struct sample *s, int column, int first, int n, double *room)
{
    if (s->values != NULL)
        return s->values[column].real + first;
    const struct chunk *c = sample_chunk(s, column, first);
    if (c->stride == SAMPLE_CELL)
        return chunk_cell(c, first);
    for (int i = 0; i < n && (first + i) % SAMPLE_CHUNK >= first % SAMPLE_CHUNK; i++)
        room[i] = sample_real(s, column, first + i);
    return room;
}
