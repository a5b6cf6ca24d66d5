/* What one poll of one dataset gave: made, filled, shared, found in. */
#include "core/sample.h"

#include <assert.h>
#include <math.h>
#include <stdlib.h>
#include <string.h>

#include "core/index.h"
#include "core/mem.h"
#include "core/utf8.h"

enum {
    LONGEST_TEXT = 1 << 20,
    CELL = 8,             /* bytes: a double, an int64_t, a pointer */
    LARGE_COLUMN = 1024,  /* bytes from which on a column's array is held by itself */
    PER_COLUMN = sizeof(union values) + sizeof(char *) + sizeof(struct arena *)
};

static bool is_stored(const struct column *c, bool baseline)
{
    return baseline ? c->kind == KIND_KEY || c->kind == KIND_COUNTER : c->kind != KIND_DERIVED;
}

static int n_stored(const struct dataset *d, bool baseline)
{
    int n = 0;
    for (int i = 0; i < d->n_columns; i++)
        n += is_stored(&d->columns[i], baseline);
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

/* No arrays yet, and no arena for them. */
static struct sample *new_frame(const struct dataset *d, int n_rows)
{
    assert(n_rows >= 0);
    size_t n = (size_t)d->n_columns;
    struct sample *s = mem_new(sizeof(*s) + n * PER_COLUMN);
    s->values = (union values *)(s + 1);
    s->why = (const char **)(s->values + n);
    s->cells = (struct arena **)(s->values + 2 * n); /* a union of pointers is as large as one */
    s->dataset = d;
    s->n_rows = n_rows;
    s->n_live = n_rows;
    s->reset_s = s->mono_s = s->wall_s = NAN;
    atomic_init(&s->refs, 1);
    return s;
}

static struct sample *new_with_arrays(const struct dataset *d, int n_rows, bool baseline)
{
    _Static_assert(sizeof(double) == CELL && sizeof(int64_t) == CELL && sizeof(char *) == CELL,
                   "cells are equal");
    struct sample *s = new_frame(d, n_rows);
    size_t bytes = (size_t)n_rows * CELL;
    s->apart = bytes >= LARGE_COLUMN;
    struct arena *together = s->apart ? NULL : arena_new(bytes * (size_t)n_stored(d, baseline));
    s->arena = arena_new(256);
    for (int i = 0; i < d->n_columns; i++) {
        if (!is_stored(&d->columns[i], baseline))
            continue;
        s->cells[i] = s->apart ? arena_new(bytes) : arena_ref(together);
        s->values[i].any = arena_alloc(s->cells[i], bytes);
        fill_with_none(s->values[i], d->columns[i].type, n_rows);
    }
    arena_unref(together);
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

/* With the same arrays and texts. */
static struct sample *new_alike(const struct sample *s)
{
    struct sample *copy = new_frame(s->dataset, s->n_rows);
    for (int i = 0; i < s->dataset->n_columns; i++) {
        copy->values[i] = s->values[i];
        copy->why[i] = s->why[i];
        copy->cells[i] = s->cells[i] == NULL ? NULL : arena_ref(s->cells[i]);
    }
    copy->apart = s->apart;
    copy->arena = arena_ref(s->arena);
    copy->shared = s->shared == NULL ? NULL : arena_ref(s->shared);
    return copy;
}

/* The array of column C becomes a copy in ARENA, whose reference is taken. */
static void move_array(struct sample *s, int c, struct arena *arena)
{
    size_t bytes = (size_t)s->n_rows * CELL;
    void *array = arena_alloc(arena, bytes);
    memcpy(array, s->values[c].any, bytes);
    arena_unref(s->cells[c]);
    s->cells[c] = arena;
    s->values[c].any = array;
}

struct sample *sample_like(const struct sample *from)
{
    struct sample *s = new_alike(from);
    if (s->apart)
        return s;
    struct arena *together = arena_new((size_t)s->n_rows * CELL * (size_t)n_stored(s->dataset, false));
    for (int c = 0; c < s->dataset->n_columns; c++)
        if (s->values[c].any != NULL)
            move_array(s, c, arena_ref(together));
    arena_unref(together);
    return s;
}

void sample_own(struct sample *s, int c)
{
    if (s->apart && s->values[c].any != NULL && arena_is_shared(s->cells[c]))
        move_array(s, c, arena_new((size_t)s->n_rows * CELL));
}

void sample_put_real(struct sample *s, int c, int row, double v)
{
    assert(s->dataset->columns[c].type == TYPE_REAL);
    double *values = s->values[c].real;
    if (values == NULL || values[row] == v || (isnan(values[row]) && isnan(v)))
        return;
    sample_own(s, c);
    s->values[c].real[row] = v;
}

struct sample *sample_onto(const struct sample *s, struct sample *older)
{
    struct sample *copy = new_alike(s);
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
    s->values[column].any = NULL;
    arena_unref(s->cells[column]);
    s->cells[column] = NULL;
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
    const char **cells = s->values[column].text;
    assert(s->dataset->columns[column].type == TYPE_TEXT && row >= 0 && row < s->n_rows);
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
    assert(n >= 0 && n <= s->n_rows);
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
        for (int i = 0; i < s->dataset->n_columns; i++)
            arena_unref(s->cells[i]);
        arena_unref(s->shared);
        free(s);
        s = older;
    }
}

size_t sample_size(const struct sample *s)
{
    size_t bytes = sizeof(*s) + (size_t)s->dataset->n_columns * PER_COLUMN + arena_size(s->arena) + indexes_size(s);
    for (int i = 0; i < s->dataset->n_columns; i++) {
        if (s->cells[i] == NULL)
            continue;
        bytes += arena_size(s->cells[i]);
        if (!s->apart)
            break;
    }
    return bytes;
}

size_t sample_size_shared(const struct sample *s, const struct sample *before)
{
    size_t bytes = s->arena == before->arena ? arena_size(s->arena) : 0;
    for (int i = 0; i < s->dataset->n_columns && s->apart; i++)
        if (s->cells[i] != NULL && s->cells[i] == before->cells[i])
            bytes += arena_size(s->cells[i]);
    return bytes;
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
