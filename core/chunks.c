/* The cells of samples in chunks, each counted and shared by all samples where it is the same. */
#include "core/chunks.h"

#include <assert.h>
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

static struct chunk *chunk_new(const char *cells, int n)
{
    struct chunk *c = mem_new(sizeof(*c) + (size_t)n * SAMPLE_CELL);
    atomic_init(&c->refs, 1);
    c->n = n;
    memcpy(c->cells, cells, (size_t)n * SAMPLE_CELL);
    return c;
}

/* Has nobody but its one holder, who may write it, seen it? */
static bool is_own(struct chunk *c)
{
    return atomic_load(&c->refs) == 1;
}

static bool is_equal(const struct chunk *c, const char *cells, int n)
{
    return c != NULL && c->n == n && memcmp(c->cells, cells, (size_t)n * SAMPLE_CELL) == 0;
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

/* OWN (NULL: a chunk to be made of CELLS), or the one of the two that equals it, which takes its place. */
static struct chunk *settle_chunk(struct chunk *own, const char *cells, int n, struct chunk *there,
                                  struct chunk *before)
{
    struct chunk *same = is_equal(there, cells, n) ? there : is_equal(before, cells, n) ? before : NULL;
    if (same == NULL)
        return own != NULL ? own : chunk_new(cells, n);
    chunk_ref(same);
    chunk_unref(own);
    return same;
}

/* Each chunk is that of LIKE, or the one before it (many columns are all zero), or of its own. */
static void seal_column(struct sample *s, int column, const struct sample *like)
{
    const char *filled = s->values == NULL ? NULL : s->values[column].any;
    struct chunk **chunks = column_of(s, column);
    for (int i = 0; i < s->n_chunks && (filled != NULL || chunks[i] != NULL); i++) {
        struct chunk *there = like != NULL && i < like->n_chunks ? column_of(like, column)[i] : NULL;
        struct chunk *before = i > 0 ? chunks[i - 1] : NULL;
        int n = cells_in(s, i);
        if (chunks[i] == NULL)
            chunks[i] = settle_chunk(NULL, filled + (size_t)i * SAMPLE_CHUNK * SAMPLE_CELL, n, there, before);
        else if (chunks[i] != there && is_own(chunks[i]))
            chunks[i] = settle_chunk(chunks[i], chunks[i]->cells, n, there, before);
        if (chunks[i] != before)
            s->cell_bytes += sizeof(struct chunk) + (size_t)n * SAMPLE_CELL;
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
                bytes += sizeof(struct chunk) + (size_t)cells_in(s, i) * SAMPLE_CELL;
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
    struct chunk **c = &column_of(s, column)[row / SAMPLE_CHUNK];
    if (!is_own(*c)) {
        struct chunk *shared = *c;
        *c = chunk_new(shared->cells, shared->n);
        chunk_unref(shared);
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
