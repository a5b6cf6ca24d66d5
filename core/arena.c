/* Memory for what dies together: allocated piece by piece, freed whole. */
#include "core/arena.h"

#include <stdatomic.h>
#include <stdlib.h>
#include <string.h>

#include "core/mem.h"

enum { LARGEST_BLOCK = 1 << 20, ALIGNMENT = 16 };

struct block {
    struct block *next;
    size_t used, size;
    _Alignas(ALIGNMENT) char data[];
};

struct arena {
    atomic_int refs;
    struct block *blocks; /* the newest first; allocation is from the first */
    size_t next_size;
    size_t total;
};

struct arena *arena_new(size_t first)
{
    struct arena *a = mem_new(sizeof(*a));
    atomic_init(&a->refs, 1);
    a->next_size = first < 256 ? 256 : first;
    return a;
}

struct arena *arena_ref(struct arena *a)
{
    atomic_fetch_add(&a->refs, 1);
    return a;
}

void arena_unref(struct arena *a)
{
    if (a == NULL || atomic_fetch_sub(&a->refs, 1) != 1)
        return;
    for (struct block *b = a->blocks, *next; b != NULL; b = next) {
        next = b->next;
        free(b);
    }
    free(a);
}

static struct block *add_block(struct arena *a, size_t least)
{
    size_t size = a->next_size < least ? least : a->next_size;
    struct block *b = mem_new(sizeof(*b) + size);
    b->size = size;
    b->next = a->blocks;
    a->blocks = b;
    a->total += sizeof(*b) + size;
    if (a->next_size < LARGEST_BLOCK)
        a->next_size += a->next_size / 4; /* so that what lives long wastes little at its end */
    return b;
}

void *arena_alloc(struct arena *a, size_t n)
{
    struct block *b = a->blocks;
    size_t start = b == NULL ? 0 : (b->used + ALIGNMENT - 1) & ~(size_t)(ALIGNMENT - 1);
    if (b == NULL || start > b->size || b->size - start < n) {
        b = add_block(a, n);
        start = 0;
    }
    b->used = start + n;
    return b->data + start;
}

char *arena_dup_n(struct arena *a, const char *s, size_t n)
{
    if (s == NULL)
        return NULL;
    /* Strings need no alignment, and most of a sample's texts are short: they are packed. */
    struct block *b = a->blocks;
    if (b == NULL || b->size - b->used < n + 1)
        b = add_block(a, n + 1);
    char *copy = b->data + b->used;
    memcpy(copy, s, n);
    copy[n] = '\0';
    b->used += n + 1;
    return copy;
}

char *arena_dup(struct arena *a, const char *s)
{
    return s == NULL ? NULL : arena_dup_n(a, s, strlen(s));
}

size_t arena_size(const struct arena *a)
{
    return a->total;
}
