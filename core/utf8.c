/* Text from outside: made valid once when it comes in, made harmless once before it reaches a cell. */
#include "core/utf8.h"

#include <string.h>

#include "core/utf8_table.h"

enum { REPLACEMENT = 0xFFFD, SHOWN_UNPRINTABLE = 0xB7, NO_WIDTH = 0xF, MOST_MARKS = 4 };

/* Bytes of a valid sequence at s, 0 if there is none. The table of the Unicode standard, section 3.9
 * (well-formed UTF-8 byte sequences): only the second byte's bounds depend on the first. */
static size_t sequence(const unsigned char *s, size_t len)
{
    unsigned char first = s[0], low = 0x80, high = 0xBF;
    size_t n;
    if (first < 0x80)
        return 1;
    if (first >= 0xC2 && first <= 0xDF)
        n = 2;
    else if (first >= 0xE0 && first <= 0xEF)
        n = 3;
    else if (first >= 0xF0 && first <= 0xF4)
        n = 4;
    else
        return 0;
    if (first == 0xE0)
        low = 0xA0;
    else if (first == 0xED)
        high = 0x9F;
    else if (first == 0xF0)
        low = 0x90;
    else if (first == 0xF4)
        high = 0x8F;
    if (len < n || s[1] < low || s[1] > high)
        return 0;
    for (size_t i = 2; i < n; i++)
        if ((s[i] & 0xC0) != 0x80)
            return 0;
    return n;
}

size_t utf8_decode(const char *s, size_t len, uint32_t *code)
{
    const unsigned char *u = (const unsigned char *)s;
    size_t n = sequence(u, len);
    switch (n) {
    case 1:
        *code = u[0];
        return 1;
    case 2:
        *code = (u[0] & 0x1Fu) << 6 | (u[1] & 0x3Fu);
        return 2;
    case 3:
        *code = (u[0] & 0x0Fu) << 12 | (u[1] & 0x3Fu) << 6 | (u[2] & 0x3Fu);
        return 3;
    case 4:
        *code = (u[0] & 0x07u) << 18 | (u[1] & 0x3Fu) << 12 | (u[2] & 0x3Fu) << 6 | (u[3] & 0x3Fu);
        return 4;
    default:
        *code = REPLACEMENT;
        return 1;
    }
}

size_t utf8_encode(uint32_t code, char *out)
{
    if (code > 0x10FFFF || (code >= 0xD800 && code <= 0xDFFF))
        code = REPLACEMENT;
    if (code < 0x80) {
        out[0] = (char)code;
        return 1;
    }
    if (code < 0x800) {
        out[0] = (char)(0xC0 | code >> 6);
        out[1] = (char)(0x80 | (code & 0x3F));
        return 2;
    }
    if (code < 0x10000) {
        out[0] = (char)(0xE0 | code >> 12);
        out[1] = (char)(0x80 | (code >> 6 & 0x3F));
        out[2] = (char)(0x80 | (code & 0x3F));
        return 3;
    }
    out[0] = (char)(0xF0 | code >> 18);
    out[1] = (char)(0x80 | (code >> 12 & 0x3F));
    out[2] = (char)(0x80 | (code >> 6 & 0x3F));
    out[3] = (char)(0x80 | (code & 0x3F));
    return 4;
}

/* Length of the leading part of s that is valid and has no NUL. */
static size_t valid_run(const char *s, size_t len)
{
    size_t i = 0;
    while (i < len && s[i] != '\0') {
        size_t n = sequence((const unsigned char *)s + i, len - i);
        if (n == 0)
            break;
        i += n;
    }
    return i;
}

bool utf8_valid(const char *s, size_t len)
{
    for (size_t i = 0; i < len; i++) { /* a NUL is a valid character, though it ends a run */
        i += valid_run(s + i, len - i);
        if (i < len && s[i] != '\0')
            return false;
    }
    return true;
}

void utf8_mend(struct text *out, const char *s, size_t len)
{
    size_t i = 0;
    while (i < len && !out->cut) {
        size_t run = valid_run(s + i, len - i);
        if (run > 0)
            text_add_n(out, s + i, run);
        i += run;
        if (i < len) {
            text_add_n(out, "\xEF\xBF\xBD", 3);
            i++;
        }
    }
}

const char *utf8_keep(struct arena *a, const char *s, size_t len)
{
    if (valid_run(s, len) == len)
        return arena_dup_n(a, s, len);
    struct text mended;
    text_init(&mended, 3 * len + 1); /* U+FFFD takes three */
    utf8_mend(&mended, s, len);
    const char *kept = arena_dup_n(a, text_str(&mended), mended.len);
    text_done(&mended);
    return kept;
}

int utf8_width(uint32_t code)
{
    if (code < 0x7F)
        return code < 0x20 ? -1 : 1;
    size_t low = 0, high = n_utf8_table; /* the entry is in [low, high) */
    while (high - low > 1) {
        size_t middle = low + (high - low) / 2;
        if (utf8_table[middle] >> 4 <= code)
            low = middle;
        else
            high = middle;
    }
    uint32_t width = utf8_table[low] & 0xF;
    return width == NO_WIDTH || code > 0x10FFFF ? -1 : (int)width;
}

uint32_t utf8_harmless(uint32_t code)
{
    if (code == '\n' || code == '\t' || code == '\r')
        return ' ';
    return utf8_width(code) < 0 ? SHOWN_UNPRINTABLE : code;
}

/* True for what widens, narrows or joins characters in some terminals and not in others; it is left out. */
static bool disputed(uint32_t base, int columns, uint32_t code)
{
    bool variation = code == 0xFE0E || code == 0xFE0F;
    bool skin = code >= 0x1F3FB && code <= 0x1F3FF && columns == 2;
    /* Joiners shape the letters of some scripts, all below U+2000; elsewhere they make or hide things. */
    bool joiner = (code == 0x200C || code == 0x200D) && (base < 0x0600 || base > 0x1FFF);
    return variation || skin || joiner;
}

static uint32_t base_of_cell(uint32_t code)
{
    if (code >= 0x1F1E6 && code <= 0x1F1FF) /* regional indicators: DE instead of a flag */
        return 'A' + (code - 0x1F1E6);
    return utf8_harmless(code);
}

size_t utf8_cell(const char *s, size_t len, char out[UTF8_CELL], int *columns)
{
    uint32_t code;
    size_t used = utf8_decode(s, len, &code);
    uint32_t base = base_of_cell(code);
    int width = utf8_width(base);
    if (width == 0) { /* a mark that has nothing to stand on */
        base = ' ';
        width = 1;
        used = 0;
    }
    size_t n = utf8_encode(base, out);
    int marks = 0;
    while (used < len) {
        size_t step = utf8_decode(s + used, len - used, &code);
        bool skip = disputed(base, width, code);
        if (!skip && utf8_width(code) != 0)
            break;
        used += step;
        if (skip || marks == MOST_MARKS || n + step >= UTF8_CELL)
            continue;
        n += utf8_encode(code, out + n);
        marks++;
    }
    out[n] = '\0';
    *columns = width;
    return used;
}

/* Length of the leading part of s that is printable ASCII, which needs no look at each character. */
static size_t plain_run(const char *s, size_t len)
{
    size_t i = 0;
    while (i < len && s[i] >= 0x20 && s[i] < 0x7F)
        i++;
    /* A mark after the run stands on its last character. */
    return i > 0 && i < len && (unsigned char)s[i] >= 0x80 ? i - 1 : i;
}

int utf8_columns(const char *s)
{
    size_t len = strlen(s);
    int sum = 0;
    for (size_t i = 0; i < len;) {
        char cell[UTF8_CELL];
        int columns;
        size_t run = plain_run(s + i, len - i);
        i += run;
        sum += (int)run;
        if (i == len)
            break;
        i += utf8_cell(s + i, len - i, cell, &columns);
        sum += columns;
    }
    return sum;
}

void utf8_clean(struct text *out, const char *s, bool keep_newlines)
{
    size_t len = s == NULL ? 0 : strlen(s);
    for (size_t i = 0; i < len && !out->cut;) {
        size_t run = plain_run(s + i, len - i);
        if (run > 0) {
            text_add_n(out, s + i, run);
            i += run;
        } else if (s[i] == '\n' && keep_newlines) {
            text_add_char(out, '\n');
            i++;
        } else {
            char cell[UTF8_CELL];
            int columns;
            i += utf8_cell(s + i, len - i, cell, &columns);
            text_add(out, cell);
        }
    }
}
