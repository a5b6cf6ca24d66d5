/* Any text as a filter: an error, or a WHERE that holds none of the text. */
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include "tui/filter.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static void must(bool holds)
{
    if (!holds)
        abort();
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    static const struct filter_column columns[] = {{"pid", UNIT_NONE, true},
                                                   {"user", UNIT_NONE, false},
                                                   {"xact_s", UNIT_S, true},
                                                   {"size", UNIT_BYTES, true},
                                                   {"hit", UNIT_RATIO, true}};
    char *s = malloc(size + 1);
    memcpy(s, data, size);
    s[size] = '\0';
    struct filter f;
    struct err err = {""};
    if (filter_parse(s, &f, &err)) {
        struct filter_sql *sql = calloc(1, sizeof(*sql));
        size_t start, len;
        if (filter_compile(&f, columns, 5, sql, &err)) {
            must(sql->n == f.n);
            must(strspn(text_str(&sql->where), "abcdefghijklmnopqrstuvwxyz_\"():,'\\<>=0123456789 ") ==
                 strlen(text_str(&sql->where)));
            filter_sql_done(sql);
        } else {
            must(err.text[0] != '\0');
        }
        if (filter_finds(&f, "select * from orders where id = 5", &start, &len))
            must(start + len <= 33);
        free(sql);
        filter_done(&f);
    } else {
        must(err.text[0] != '\0');
    }
    free(s);
    return 0;
}
