/* Any text as a page file: pages that can be laid out at any size, or an error with its place. */
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include "tui/page.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static void must(bool holds)
{
    if (!holds)
        abort();
}

static struct layout_want want(void *ctx, const char *pane)
{
    (void)ctx, (void)pane;
    return (struct layout_want){.rows = 7, .least_rows = 3, .least_columns = 20, .priority = 5};
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    struct pages p;
    struct err err = {""};
    pages_init(&p);
    if (pages_add_text(&p, (const char *)data, size, "fuzz.page", &err) && pages_check(&p, &err)) {
        for (int i = 0; i < p.n_pages; i++) {
            struct layout_place places[64];
            int n = layout_solve(&p.pages[i]->layout, 24, 80, want, NULL, places, 64);
            for (int k = 0; k < n && k < 64; k++)
                must(places[k].row + places[k].rows <= 24 && places[k].column + places[k].columns <= 80);
        }
    } else {
        must(err.text[0] != '\0');
    }
    pages_done(&p);
    return 0;
}
