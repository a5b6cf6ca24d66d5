/* What one poll of one dataset gave: made, filled, shared, found in. */
#include "core/sample.h"

#include <assert.h>
#include <math.h>
#include <stdlib.h>
#include <string.h>

#include "core/chunks.h"
#include "core/index.h"
#include "core/mem.h"
#include "core/utf8.h"

enum { LONGEST_TEXT = 1 << 20 };

static bool is_stored(const struct dataset *d, int column, bool baseline)
{
    const struct column *c = &d->columns[column];
    if (!baseline)
        return c->kind != KIND_DERIVED;
    return c->kind == KIND_KEY || c->kind == KIND_COUNTER || (d->since != NULL && strcmp(c->name, d->since) == 0);
}

static int n_stored(const struct dataset *d, bool baseline)
{
    int n = 0;
    for (int i = 0; i < d->n_columns; i++)
        n += is_stored(d, i, baseline);
    return n;
}

static void fill_with_none(union values v, enum type type, int n_rows)
{
    if (type == TYPE_REAL)
        memset(v.real, 0xff, (size_t)n_rows * sizeof(double)); /* all bits set is a NAN */
    else if (type == TYPE_INT)
        for (int row = 0; row < n_rows; row++)
            v.integer[row] = INT_NONE;
}

/* No cells yet. */
static struct sample *new_frame(const struct dataset *d, int n_rows)
{
    assert(n_rows >= 0);
    struct sample *s = mem_new(sizeof(*s) + (size_t)d->n_columns * sizeof(char *));
    s->why = (const char **)(s + 1);
    s->dataset = d;
    s->n_rows = n_rows;
    s->n_live = n_rows;
    s->reset_s = s->mono_s = s->wall_s = NAN;
    atomic_init(&s->refs, 1);
    return s;
}

/* All arrays are one block, with the pointers to them at its start. */
static struct sample *new_with_arrays(const struct dataset *d, int n_rows, bool baseline)
{
    _Static_assert(sizeof(double) == SAMPLE_CELL && sizeof(int64_t) == SAMPLE_CELL && sizeof(union values) == SAMPLE_CELL,
                   "cells are equal");
    struct sample *s = new_frame(d, n_rows);
    size_t n_cells = (size_t)d->n_columns + (size_t)n_stored(d, baseline) * (size_t)n_rows;
    s->cell_bytes = n_cells * SAMPLE_CELL;
    s->values = mem_new_array(n_cells, SAMPLE_CELL);
    s->arena = arena_new(256);
    union values *at = s->values + d->n_columns;
    for (int i = 0; i < d->n_columns; i++) {
        if (!is_stored(d, i, baseline))
            continue;
        s->values[i].any = at;
        fill_with_none(s->values[i], d->columns[i].type, n_rows);
        at += n_rows;
    }
    return s;
}

struct sample *sample_new(const struct dataset *d, int n_rows)
{
    return new_with_arrays(d, n_rows, false);
}

struct sample *sample_new_baseline(const struct dataset *d, int n_rows)
{
    return new_with_arrays(d, n_rows, true);
}

/* With the same cells, texts and reasons. */
static struct sample *new_alike(const struct sample *s)
{
    struct sample *copy = new_frame(s->dataset, s->n_rows);
    for (int i = 0; i < s->dataset->n_columns; i++)
        copy->why[i] = s->why[i];
    chunks_share(copy, s);
    copy->arena = arena_ref(s->arena);
    copy->shared = s->shared == NULL ? NULL : arena_ref(s->shared);
    return copy;
}

struct sample *sample_like(struct sample *from)
{
    if (from->chunks == NULL)
        sample_seal(from, NULL);
    return new_alike(from);
}

struct sample *sample_onto(const struct sample *s, struct sample *older)
{
    assert(s->sealed);
    struct sample *copy = new_alike(s);
    copy->sealed = true;
    copy->mono_s = s->mono_s;
    copy->wall_s = s->wall_s;
    copy->epoch = s->epoch;
    copy->reset_s = s->reset_s;
    copy->n_gone = s->n_gone;
    copy->n_live = s->n_live;
    copy->older = older == NULL ? NULL : sample_ref(older);
    return copy;
}

void sample_lacks(struct sample *s, int column, const char *why)
{
    assert(s->values != NULL);
    s->values[column].any = NULL;
    s->why[column] = arena_dup(s->arena, why);
}

void sample_share(struct sample *s, struct arena *shared)
{
    assert(s->shared == NULL);
    s->shared = arena_ref(shared);
}

static bool is_same(const char *before, const char *text, size_t len)
{
    return before != NULL && strnlen(before, len + 1) == len && memcmp(before, text, len) == 0;
}

/* ASCII without a NUL, as most text is: needs no closer look. */
static bool is_plain(const char *text, size_t len)
{
    bool plain = true;
    for (size_t i = 0; i < len; i++)
        plain &= text[i] >= 1 && (unsigned char)text[i] < 0x80;
    return plain;
}

static const char *mend(struct sample *s, const char *before, const char *text, size_t len)
{
    struct text mended;
    text_init(&mended, LONGEST_TEXT);
    utf8_mend(&mended, text, len);
    const char *whole = text_str(&mended);
    const char *kept = is_same(before, whole, mended.len) ? before : arena_dup_n(s->arena, whole, mended.len);
    text_done(&mended);
    return kept;
}

void sample_set_text(struct sample *s, int column, int row, const char *text, size_t len)
{
    assert(s->dataset->columns[column].type == TYPE_TEXT && row >= 0 && row < s->n_rows && s->values != NULL);
    const char **cells = s->values[column].text;
    if (cells == NULL)
        return;
    const char *before = row > 0 ? cells[row - 1] : NULL;
    cells[row] = NULL;
    if (text == NULL)
        return;
    if (len <= LONGEST_TEXT && is_same(before, text, len))
        cells[row] = before;
    else if (len <= LONGEST_TEXT && is_plain(text, len))
        cells[row] = arena_dup_n(s->arena, text, len);
    else
        cells[row] = mend(s, before, text, len);
}

void sample_shrink(struct sample *s, int n)
{
    assert(n >= 0 && n <= s->n_rows && s->values != NULL);
    s->n_rows = n;
    s->n_live = n;
}

struct sample *sample_ref(struct sample *s)
{
    atomic_fetch_add(&s->refs, 1);
    return s;
}

void sample_unref(struct sample *s)
{
    while (s != NULL && atomic_fetch_sub(&s->refs, 1) == 1) { /* a loop: a chain of baselines may be long */
        struct sample *older = s->older;
        indexes_free(s);
        arena_unref(s->arena);
        chunks_free(s);
        free(s->values);
        arena_unref(s->shared);
        free(s);
        s = older;
    }
}

size_t sample_size(const struct sample *s)
{
    size_t frame = sizeof(*s) + (size_t)s->dataset->n_columns * sizeof(char *);
    return frame + s->cell_bytes + arena_size(s->arena) + indexes_size(s);
}

int sample_find(struct sample *s, const struct sample *other, int row)
{
    assert(s->dataset == other->dataset);
    return s->n_rows == 0 ? -1 : index_find(index_of(s, -1), s, other, row);
}

int sample_first_int(struct sample *s, int column, int64_t value)
{
    assert(s->dataset->columns[column].type == TYPE_INT);
    return s->n_rows == 0 ? -1 : index_find_int(index_of(s, column), s, value);
}

int sample_first_text(struct sample *s, int column, const char *value)
{
    assert(s->dataset->columns[column].type == TYPE_TEXT);
    return s->n_rows == 0 ? -1 : index_find_text(index_of(s, column), s, value);
}

int sample_next(const struct sample *s, int column, int row)
{
    /* Who asks for the next row has found the first, so the hash is there; index_of would need S to be
     * mutable. */
    return index_next(index_built(s, column), s, row);
}

uint64_t epoch_add(uint64_t epoch, const void *bytes, size_t n)
{
    const unsigned char *p = bytes;
    for (size_t i = 0; i < n; i++) {
        epoch ^= p[i];
        epoch *= UINT64_C(0x100000001b3);
    }
    return epoch;
}
