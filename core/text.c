/* The one way to build a string: a buffer that grows up to a limit and whose failure sticks. */
#include "core/text.h"

#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "core/mem.h"

void text_init(struct text *t, size_t max)
{
    *t = (struct text){.max = max};
}

void text_done(struct text *t)
{
    free(t->data);
    *t = (struct text){.max = t->max};
}

const char *text_str(const struct text *t)
{
    return t->data == NULL ? "" : t->data;
}

char *text_take(struct text *t)
{
    char *data = t->data == NULL ? mem_dup("") : t->data;
    *t = (struct text){.max = t->max};
    return data;
}

void text_clear(struct text *t)
{
    t->len = 0;
    t->cut = false;
    if (t->data != NULL)
        t->data[0] = '\0';
}

/* Makes room for n more bytes and a NUL; the caller has checked that the limit allows them. */
static void reserve(struct text *t, size_t n)
{
    size_t needed = t->len + n + 1;
    if (needed <= t->capacity)
        return;
    size_t capacity = t->capacity < 64 ? 64 : t->capacity * 2;
    if (capacity < needed)
        capacity = needed;
    t->data = mem_grow(t->data, capacity, 1);
    t->capacity = capacity;
}

void text_add_n(struct text *t, const char *s, size_t n)
{
    if (t->cut || s == NULL)
        return;
    if (n > t->max - t->len) {
        t->cut = true;
        n = t->max - t->len;
        while (n > 0 && ((unsigned char)s[n] & 0xC0) == 0x80)
            n--;
    }
    reserve(t, n);
    memcpy(t->data + t->len, s, n);
    t->len += n;
    t->data[t->len] = '\0';
}

void text_add(struct text *t, const char *s)
{
    if (s != NULL)
        text_add_n(t, s, strlen(s));
}

void text_add_char(struct text *t, char c)
{
    text_add_n(t, &c, 1);
}

void text_add_identifier(struct text *t, const char *name)
{
    text_add_char(t, '"');
    for (; *name != '\0'; name++) {
        if (*name == '"')
            text_add_char(t, '"');
        text_add_char(t, *name);
    }
    text_add_char(t, '"');
}

void text_addf(struct text *t, const char *format, ...)
{
    char small[256];
    va_list args, again;
    va_start(args, format);
    va_copy(again, args);
    int n = vsnprintf(small, sizeof(small), format, args);
    va_end(args);
    if (n >= (int)sizeof(small)) {
        char *large = mem_new((size_t)n + 1);
        vsnprintf(large, (size_t)n + 1, format, again);
        text_add_n(t, large, (size_t)n);
        free(large);
    } else if (n > 0) {
        text_add_n(t, small, (size_t)n);
    }
    va_end(again);
}
