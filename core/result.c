/* What a SELECT gave: rows with units. */
#include "core/result.h"

#include <inttypes.h>
#include <math.h>
#include <stdio.h>
#include <string.h>

const struct value *result_at(const struct result *r, int row, int column)
{
    return &r->values[(size_t)row * (size_t)r->n_columns + (size_t)column];
}

int result_column(const struct result *r, const char *name)
{
    for (int c = 0; c < r->n_columns; c++)
        if (strcmp(r->columns[c].name, name) == 0)
            return c;
    return -1;
}

double value_real(const struct value *v)
{
    switch (v->type) {
    case VALUE_INT:
        return (double)v->integer;
    case VALUE_REAL:
        return v->real;
    case VALUE_NULL:
    case VALUE_TEXT:
        break;
    }
    return NAN;
}

/* Cut between two characters. */
static void copy_text(char *out, size_t size, const char *text)
{
    size_t n = strnlen(text, size);
    if (n == size)
        for (n = size - 1; n > 0 && ((unsigned char)text[n] & 0xC0) == 0x80;)
            n--;
    memcpy(out, text, n);
    out[n] = '\0';
}

void value_format(const struct value *v, enum unit unit, char *out, size_t size)
{
    if (size == 0)
        return;
    if (v->type == VALUE_TEXT)
        copy_text(out, size, v->text);
    else if (v->type == VALUE_NULL)
        copy_text(out, size, "n/a");
    else if (v->type == VALUE_INT && unit == UNIT_NONE)
        snprintf(out, size, "%" PRId64, v->integer);
    else
        unit_format(out, size, value_real(v), unit);
}

void result_free(struct result *r)
{
    /* The result itself lives in its arena. */
    if (r != NULL)
        arena_unref(r->arena);
}
