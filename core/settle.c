/* What two polls have in common is kept once: most names and queries are those of the poll before, and so are
 * most cells of a catalog. */
#include <stdlib.h>
#include <string.h>

#include "core/index.h"
#include "core/mem.h"
#include "core/sample.h"

enum {
    SMALL = 1 << 14, /* an arena below this many bytes may hold whatever old texts it likes */
    MOST_TIMES = 4   /* else at most this many times what one poll holds */
};

/* By row of S its row in BEFORE, or -1. Heap; NULL when all rows stand where they stood. */
static int *rows_before(const struct sample *s, struct sample *before)
{
    struct keys keys = keys_of(s->dataset);
    int same = 0;
    while (same < s->n_rows && same < before->n_rows && keys_equal(&keys, s, same, before, same))
        same++;
    if (same == s->n_rows)
        return NULL;
    int *rows = mem_new_array((size_t)s->n_rows, sizeof(*rows));
    for (int row = 0; row < s->n_rows; row++)
        rows[row] = row < same ? row : sample_find(before, s, row);
    return rows;
}

static const char *settle_text(const char *text, const char *before, struct arena *arena)
{
    if (text == NULL || text == before)
        return text;
    return before != NULL && strcmp(text, before) == 0 ? before : arena_dup(arena, text);
}

static void settle_column(struct sample *s, int column, const struct sample *before, const int *rows)
{
    const char **texts = s->values[column].text;
    bool known = sample_has(before, column);
    const char *source = NULL, *settled = NULL; /* of the row before: what was kept once stays kept once */
    for (int row = 0; row < s->n_rows; row++) {
        int old_row = rows == NULL ? row : rows[row];
        if (texts[row] != source || source == NULL) {
            source = texts[row];
            const char *old = known && old_row >= 0 ? sample_text(before, column, old_row) : NULL;
            settled = settle_text(source, old, before->arena);
        }
        texts[row] = settled;
    }
}

static void share_texts(struct sample *s, struct sample *before)
{
    bool outgrown =
        arena_size(before->arena) > SMALL && arena_size(before->arena) > MOST_TIMES * arena_size(s->arena);
    /* With different shared arenas nobody can tell in which of them a text of BEFORE stands. One that is like
     * another has its texts. */
    if (outgrown || s->shared != before->shared || s->arena == before->arena || s->values == NULL)
        return;
    int *rows = rows_before(s, before);
    for (int c = 0; c < s->dataset->n_columns; c++) {
        if (s->dataset->columns[c].type == TYPE_TEXT && s->values[c].any != NULL)
            settle_column(s, c, before, rows);
        s->why[c] = settle_text(s->why[c], before->why[c], before->arena);
    }
    free(rows);
    arena_unref(s->arena);
    s->arena = arena_ref(before->arena);
}

/* A chunk of texts is shared only if its pointers are the same, which share_texts makes them. */
void sample_settle(struct sample *s, struct sample *before)
{
    if (before != NULL)
        share_texts(s, before);
    sample_seal(s, before);
}
