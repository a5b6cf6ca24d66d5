/* Any bytes as text: mended it is valid, cleaned it has only what a terminal may be given, cut into cells all
 * of it is used. */
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include "core/secret.h"
#include "core/utf8.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static void must(bool holds)
{
    if (!holds)
        abort();
}

static void check_harmless(const char *s, bool newlines)
{
    for (size_t i = 0, len = strlen(s); i < len;) {
        uint32_t code;
        i += utf8_decode(s + i, len - i, &code);
        must(utf8_width(code) >= 0 || (newlines && code == '\n'));
    }
}

static int columns_of_cells(const char *s, size_t len)
{
    int sum = 0;
    for (size_t i = 0; i < len;) {
        char cell[UTF8_CELL];
        int columns;
        size_t used = utf8_cell(s + i, len - i, cell, &columns);
        must(used >= 1 && used <= len - i && (columns == 1 || columns == 2));
        must(strlen(cell) < UTF8_CELL && utf8_valid(cell, strlen(cell)));
        check_harmless(cell, false);
        i += used;
        sum += columns;
    }
    return sum;
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    struct text mended, clean, masked;
    text_init(&mended, 3 * size + 1);
    text_init(&clean, 8 * size + 1);
    text_init(&masked, 8 * size + 8);
    columns_of_cells((const char *)data, size);
    utf8_mend(&mended, (const char *)data, size);
    const char *s = text_str(&mended);
    must(!mended.cut && utf8_valid(s, mended.len) && strlen(s) == mended.len);
    utf8_clean(&clean, s, size % 2 == 0);
    must(!clean.cut && utf8_valid(text_str(&clean), clean.len));
    check_harmless(text_str(&clean), size % 2 == 0);
    must(utf8_columns(s) == columns_of_cells(s, mended.len));
    secret_mask(&masked, s);
    must(utf8_valid(text_str(&masked), masked.len));
    text_done(&mended);
    text_done(&clean);
    text_done(&masked);
    return 0;
}
