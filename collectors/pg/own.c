/* Datasets of the user's own: is their key one? */
#include <stdlib.h>

#include "collectors/pg/inside.h"
#include "core/text.h"

static int count_equal(struct sample *s, int row)
{
    int n = 0;
    for (int i = row; i < s->n_rows; i++)
        n += sample_find(s, s, i) == row;
    return n;
}

/* All keys are text: own.c of the engine casts them. */
static char *tell(struct sample *s, int row)
{
    struct text names, values, t;
    text_init(&names, 400);
    text_init(&values, 400);
    text_init(&t, 1000);
    for (int c = 0; c < s->dataset->n_columns; c++) {
        if (s->dataset->columns[c].kind != KIND_KEY)
            continue;
        const char *value = sample_has(s, c) ? sample_text(s, c, row) : NULL, *comma = names.len > 0 ? ", " : "";
        text_addf(&names, "%s%s", comma, s->dataset->columns[c].name);
        text_addf(&values, "%s%.60s", comma, value != NULL ? value : "none");
    }
    text_addf(&t, "key %s is not unique: %d rows have %s", text_str(&names), count_equal(s, row), text_str(&values));
    text_done(&names);
    text_done(&values);
    return text_take(&t);
}

char *own_why_not_unique(struct sample *s)
{
    for (int row = 0; row < s->n_rows; row++) {
        int first = sample_find(s, s, row);
        if (first != row)
            return tell(s, first);
    }
    return NULL;
}
