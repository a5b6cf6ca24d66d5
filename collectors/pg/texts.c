/* Texts of statements by their id: a hash over an arena. */
#include "collectors/pg/texts.h"

#include <stdlib.h>
#include <string.h>

#include "collectors/pg/pg.h"
#include "core/mem.h"
#include "core/text.h"
#include "core/utf8.h"

enum { FIRST_CAPACITY = 1024, SPARE = 1 << 20 /* unused bytes that are not worth a sweep */ };

/* The finalizer of splitmix64: neighbouring ids spread. */
static uint64_t spread(uint64_t x)
{
    x = (x ^ (x >> 30)) * UINT64_C(0xbf58476d1ce4e5b9);
    x = (x ^ (x >> 27)) * UINT64_C(0x94d049bb133111eb);
    return x ^ (x >> 31);
}

/* The slot of ID, or the free one where it belongs. */
static struct text_slot *slot_of(const struct texts *t, int64_t id)
{
    size_t mask = (size_t)t->capacity - 1;
    size_t i = (size_t)spread((uint64_t)id) & mask;
    while (t->slots[i].text != NULL && t->slots[i].id != id)
        i = (i + 1) & mask;
    return &t->slots[i];
}

void texts_done(struct texts *t)
{
    arena_unref(t->arena);
    free(t->slots);
    *t = (struct texts){0};
}

void texts_begin(struct texts *t)
{
    t->live = 0;
    for (int i = 0; i < t->capacity; i++)
        t->slots[i].used = false;
}

const char *texts_use(struct texts *t, int64_t id, bool *own)
{
    struct text_slot *s = t->n == 0 ? NULL : slot_of(t, id);
    if (s == NULL || s->text == NULL)
        return NULL;
    if (!s->used)
        t->live += s->len;
    s->used = true;
    if (own != NULL)
        *own = s->own;
    return s->text;
}

static void grow(struct texts *t)
{
    struct texts bigger = *t;
    bigger.capacity = t->capacity == 0 ? FIRST_CAPACITY : t->capacity * 2;
    bigger.slots = mem_new_array((size_t)bigger.capacity, sizeof(bigger.slots[0]));
    for (int i = 0; i < t->capacity; i++)
        if (t->slots[i].text != NULL)
            *slot_of(&bigger, t->slots[i].id) = t->slots[i];
    free(t->slots);
    *t = bigger;
}

/* The first LIMIT bytes at most, and no part of a character, which has at most three more bytes than its
 * first. */
static size_t clip(const char *text, size_t len, size_t limit)
{
    if (len <= limit)
        return len;
    for (size_t n = limit; n + 3 >= limit; n--)
        if (((unsigned char)text[n] & 0xc0) != 0x80)
            return n;
    return limit;
}

/* The tag stands behind the first word: a long text need not be searched. */
static bool is_own(const char *text)
{
    return strncmp(text + strcspn(text, " "), " " PG_TAG, sizeof(PG_TAG)) == 0;
}

static void keep(struct texts *t, int64_t id, const char *text, size_t len)
{
    if (t->n >= t->capacity / 4 * 3)
        grow(t);
    struct text_slot *s = slot_of(t, id);
    if (s->text != NULL)
        return;
    *s = (struct text_slot){.id = id, .text = arena_dup_n(t->arena, text, len), .len = len};
    s->own = is_own(s->text);
    t->n++;
    t->held += len;
}

void texts_put(struct texts *t, int64_t id, const char *text, size_t len)
{
    if (t->arena == NULL)
        t->arena = arena_new(1 << 14);
    len = clip(text, len, t->held < TEXTS_MOST ? TEXTS_LONGEST : TEXTS_SHORTEST);
    if (utf8_valid(text, len)) {
        keep(t, id, text, len);
        return;
    }
    struct text mended;
    text_init(&mended, len * 4 + 1);
    utf8_mend(&mended, text, len);
    keep(t, id, text_str(&mended), mended.len);
    text_done(&mended);
}

bool texts_sweep(struct texts *t)
{
    if (t->held <= 2 * t->live + SPARE)
        return false;
    struct texts kept = {.arena = arena_new(1 << 14)};
    for (int i = 0; i < t->capacity; i++)
        if (t->slots[i].text != NULL && t->slots[i].used)
            keep(&kept, t->slots[i].id, t->slots[i].text, t->slots[i].len);
    kept.live = t->live;
    texts_done(t);
    *t = kept;
    return true;
}
