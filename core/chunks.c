/* The cells of a sealed sample: columns cut in chunks, each counted and shared by all samples where it is the same. */
#include "core/chunks.h"

#include <assert.h>
#include <stdlib.h>
#include <string.h>

#include "core/mem.h"

static size_t size_of(const struct chunk *c)
{
    return sizeof(*c) + (size_t)c->n * SAMPLE_CELL;
}

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

/* Cuts a column: each chunk is that of LIKE, or the one before it (many columns are all zero), or a new one. */
static void seal_column(struct sample *s, int column, const struct sample *like)
{
    const char *cells = s->values[column].any;
    struct chunk **chunks = column_of(s, column);
    for (int i = 0; i < s->n_chunks; i++) {
        int left = s->n_rows - i * SAMPLE_CHUNK, n = left < SAMPLE_CHUNK ? left : SAMPLE_CHUNK;
        struct chunk *there = like != NULL && i < like->n_chunks ? column_of(like, column)[i] : NULL;
        if (is_equal(there, cells, n))
            chunks[i] = chunk_ref(there);
        else if (i > 0 && is_equal(chunks[i - 1], cells, n))
            chunks[i] = chunk_ref(chunks[i - 1]);
        else
            chunks[i] = chunk_new(cells, n);
        if (i == 0 || chunks[i] != chunks[i - 1])
            s->cell_bytes += size_of(chunks[i]);
        cells += (size_t)n * SAMPLE_CELL;
    }
}

void sample_seal(struct sample *s, const struct sample *like)
{
    assert(s->values != NULL && (like == NULL || like->dataset == s->dataset));
    if (like != NULL && like->chunks == NULL)
        like = NULL;
    s->n_chunks = s->n_rows == 0 ? 1 : (s->n_rows + SAMPLE_CHUNK - 1) / SAMPLE_CHUNK;
    s->chunks = mem_new(table_bytes(s));
    s->cell_bytes = table_bytes(s);
    for (int c = 0; c < s->dataset->n_columns; c++)
        if (s->values[c].any != NULL)
            seal_column(s, c, like);
    free(s->values);
    s->values = NULL;
}

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
                bytes += size_of(own[i]);
    }
    s->shared_with = before;
    return s->shared_bytes = bytes;
}

struct sample *sample_copy(const struct sample *from)
{
    const struct dataset *d = from->dataset;
    struct sample *s = sample_new(d, from->n_rows);
    for (int c = 0; c < d->n_columns; c++) {
        if (d->columns[c].kind == KIND_DERIVED)
            continue;
        if (!sample_has(from, c))
            sample_lacks(s, c, from->why[c]);
        for (int row = 0; row < from->n_rows && sample_has(from, c); row += SAMPLE_CHUNK) {
            int left = from->n_rows - row, n = left < SAMPLE_CHUNK ? left : SAMPLE_CHUNK;
            memcpy((char *)s->values[c].any + (size_t)row * SAMPLE_CELL, sample_cell(from, c, row), (size_t)n * SAMPLE_CELL);
        }
    }
    return s;
}
