/* Hashes over columns of a sample: by key for windows, by one column for joins. */
#include "core/index.h"

#include <assert.h>
#include <math.h>
#include <stdlib.h>
#include <string.h>

#include "core/mem.h"

/* Buckets of chained rows. A chain is in ascending order and holds all equal rows, so the first hit is the
 * first row. */
struct index {
    struct keys keys;
    uint32_t mask;
    size_t bytes;
    int32_t *next;   /* by row: the next one in its bucket, -1 ends */
    int32_t heads[]; /* by bucket */
};

/* Slot 0 is the hash over the keys, slot 1 + c that over column c. A slot is written once, by whoever comes
 * first. */
struct indexes {
    _Atomic(struct index *) slots[1];
};

struct keys keys_of(const struct dataset *d)
{
    struct keys keys = {0};
    for (int i = 0; i < d->n_columns && keys.n < MAX_KEYS; i++)
        if (d->columns[i].kind == KIND_KEY)
            keys.columns[keys.n++] = i;
    return keys;
}

/* Finaliser of MurmurHash3 (Austin Appleby, public domain): oids and pids stand close together. */
static uint64_t mix(uint64_t h)
{
    h ^= h >> 33;
    h *= UINT64_C(0xff51afd7ed558ccd);
    h ^= h >> 33;
    h *= UINT64_C(0xc4ceb9fe1a85ec53);
    return h ^ h >> 33;
}

static uint64_t hash_real(double v)
{
    if (isnan(v))
        return 1;
    v += 0.0; /* -0.0 equals 0.0 */
    uint64_t bits;
    memcpy(&bits, &v, sizeof(bits));
    return mix(bits);
}

static uint64_t hash_text(const char *s)
{
    return s == NULL ? 1 : epoch_add(EPOCH_START, s, strlen(s));
}

static uint64_t hash_cell(const struct sample *s, int column, int row)
{
    if (!sample_has(s, column))
        return 1;
    switch (s->dataset->columns[column].type) {
    case TYPE_REAL:
        return hash_real(sample_real(s, column, row));
    case TYPE_INT: {
        int64_t v = sample_int(s, column, row);
        return v == INT_NONE ? 1 : mix((uint64_t)v);
    }
    case TYPE_TEXT:
        return hash_text(sample_text(s, column, row));
    }
    return 1;
}

static uint64_t hash_row(const struct keys *keys, const struct sample *s, int row)
{
    uint64_t h = 0;
    for (int i = 0; i < keys->n; i++)
        h = h * UINT64_C(0x9e3779b97f4a7c15) + hash_cell(s, keys->columns[i], row);
    return h ^ h >> 32;
}

static bool texts_equal(const char *a, const char *b)
{
    return a == b || (a != NULL && b != NULL && strcmp(a, b) == 0);
}

bool keys_equal(const struct keys *keys, const struct sample *a, int row_a, const struct sample *b, int row_b)
{
    for (int i = 0; i < keys->n; i++) {
        int c = keys->columns[i];
        bool in_a = sample_has(a, c), in_b = sample_has(b, c);
        enum type type = a->dataset->columns[c].type;
        if (type == TYPE_REAL) {
            double x = in_a ? sample_real(a, c, row_a) : NAN, y = in_b ? sample_real(b, c, row_b) : NAN;
            if (x != y && !(isnan(x) && isnan(y)))
                return false;
        } else if (type == TYPE_INT) {
            int64_t x = in_a ? sample_int(a, c, row_a) : INT_NONE;
            int64_t y = in_b ? sample_int(b, c, row_b) : INT_NONE;
            if (x != y)
                return false;
        } else if (!texts_equal(in_a ? sample_text(a, c, row_a) : NULL, in_b ? sample_text(b, c, row_b) : NULL)) {
            return false;
        }
    }
    return true;
}

static struct index *index_new(const struct sample *s, struct keys keys)
{
    uint32_t n_buckets = 4;
    while (n_buckets < (uint32_t)s->n_rows)
        n_buckets *= 2;
    size_t n = (size_t)n_buckets + (size_t)s->n_rows;
    struct index *ix = mem_new(sizeof(*ix) + n * sizeof(int32_t));
    ix->keys = keys;
    ix->mask = n_buckets - 1;
    ix->bytes = sizeof(*ix) + n * sizeof(int32_t);
    ix->next = ix->heads + n_buckets;
    memset(ix->heads, 0xff, n_buckets * sizeof(int32_t));
    for (int row = s->n_rows - 1; row >= 0; row--) { /* from the last, so that chains ascend */
        int32_t *head = &ix->heads[hash_row(&keys, s, row) & ix->mask];
        ix->next[row] = *head;
        *head = row;
    }
    return ix;
}

static struct indexes *indexes_of(struct sample *s)
{
    struct indexes *all = atomic_load(&s->indexes);
    if (all != NULL)
        return all;
    struct indexes *mine = mem_new(sizeof(*mine) + (size_t)s->dataset->n_columns * sizeof(mine->slots[0]));
    if (atomic_compare_exchange_strong(&s->indexes, &all, mine))
        return mine;
    free(mine);
    return all;
}

struct index *index_of(struct sample *s, int column)
{
    assert(column >= -1 && column < s->dataset->n_columns);
    _Atomic(struct index *) *slot = &indexes_of(s)->slots[column + 1];
    struct index *ix = atomic_load(slot);
    if (ix != NULL)
        return ix;
    struct index *mine =
        index_new(s, column < 0 ? keys_of(s->dataset) : (struct keys){.n = 1, .columns = {column}});
    if (atomic_compare_exchange_strong(slot, &ix, mine))
        return mine;
    free(mine);
    return ix;
}

const struct index *index_built(const struct sample *s, int column)
{
    const struct indexes *all = atomic_load(&s->indexes);
    assert(all != NULL && column >= -1 && column < s->dataset->n_columns);
    const struct index *ix = atomic_load(&all->slots[column + 1]);
    assert(ix != NULL);
    return ix;
}

int index_find(const struct index *ix, const struct sample *s, const struct sample *other, int row)
{
    int found = ix->heads[hash_row(&ix->keys, other, row) & ix->mask];
    while (found >= 0 && !keys_equal(&ix->keys, s, found, other, row))
        found = ix->next[found];
    return found;
}

/* The bucket of a value in an index over one column; must agree with hash_row. */
static int first_in_bucket(const struct index *ix, uint64_t hash)
{
    return ix->heads[(hash ^ hash >> 32) & ix->mask];
}

int index_find_int(const struct index *ix, const struct sample *s, int64_t value)
{
    int column = ix->keys.columns[0];
    if (!sample_has(s, column) || value == INT_NONE)
        return -1;
    int row = first_in_bucket(ix, mix((uint64_t)value));
    while (row >= 0 && sample_int(s, column, row) != value)
        row = ix->next[row];
    return row;
}

int index_find_text(const struct index *ix, const struct sample *s, const char *value)
{
    int column = ix->keys.columns[0];
    if (!sample_has(s, column) || value == NULL)
        return -1;
    int row = first_in_bucket(ix, hash_text(value));
    while (row >= 0 && (sample_text(s, column, row) == NULL || strcmp(sample_text(s, column, row), value) != 0))
        row = ix->next[row];
    return row;
}

int index_next(const struct index *ix, const struct sample *s, int row)
{
    int next = ix->next[row];
    while (next >= 0 && !keys_equal(&ix->keys, s, next, s, row))
        next = ix->next[next];
    return next;
}

size_t indexes_size(const struct sample *s)
{
    const struct indexes *all = atomic_load(&s->indexes);
    if (all == NULL)
        return 0;
    size_t bytes = sizeof(*all) + (size_t)s->dataset->n_columns * sizeof(all->slots[0]);
    for (int i = 0; i <= s->dataset->n_columns; i++) {
        const struct index *ix = atomic_load(&all->slots[i]);
        bytes += ix == NULL ? 0 : ix->bytes;
    }
    return bytes;
}

void indexes_free(struct sample *s)
{
    struct indexes *all = atomic_load(&s->indexes);
    if (all == NULL)
        return;
    for (int i = 0; i <= s->dataset->n_columns; i++)
        free(atomic_load(&all->slots[i]));
    free(all);
    atomic_store(&s->indexes, NULL);
}
