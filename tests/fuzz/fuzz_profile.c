/* Files of named queries, and what is said to be an earlier profile. */
#include <stdint.h>
#include <string.h>

#include "core/mem.h"
#include "profile/compare.h"
#include "profile/lexer.h"

#include <stdlib.h>

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    struct query_file f;
    struct earlier e;
    struct err err = {""};
    char *text = mem_new(size + 1);
    if (size > 0)
        memcpy(text, data, size);
    for (size_t at = 0, end; at < size; at = end) {
        lexer_piece(text, size, at, &end);
        if (end <= at || end > size)
            abort();
    }
    if (query_file_parse(text, size, "fuzz", &f, &err)) {
        for (int i = 0; i < f.n; i++)
            for (int k = 0; k < f.queries[i].n_uses; k++)
                if (f.queries[i].uses[k] < 0 || f.queries[i].uses[k] >= f.n_bindings)
                    abort();
        query_file_done(&f);
    } else if (err.text[0] == '\0')
        abort();
    if (earlier_parse(text, size, "fuzz", &e, &err))
        earlier_done(&e);
    free(text);
    return 0;
}
