/* Any bytes as SQL: tokens cover them all, lines keep their width. */
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include "tui/sqltext.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static void must(bool holds)
{
    if (!holds)
        abort();
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    const char *s = (const char *)data, *end = s + size, *at = s;
    struct sql_token token;
    size_t sum = 0;
    while (sql_next(&at, end, &token)) {
        must(token.len > 0 && token.start == s + sum);
        sum += token.len;
    }
    must(sum == size);
    for (int width = 1; width < 200; width += 37) {
        struct sql_text t;
        sql_format(s, size, width, &t);
        for (int i = 0; i < t.n_lines; i++)
            must(t.lines[i].first + t.lines[i].n <= t.n_pieces);
        sql_text_done(&t);
    }
    return 0;
}
