/* Baselines: made from full samples, merged when one is dropped. */
#include "core/baseline.h"

#include <math.h>
#include <stdlib.h>

#include "core/mem.h"
#include "core/window.h"

/* Rows chosen for a baseline, from up to two samples. */
struct chosen {
    const struct sample *from;
    int row;
};
struct choice {
    struct chosen *rows;
    int n;
};

static void choose(struct choice *c, const struct sample *from, int row)
{
    if ((c->n & (c->n - 1)) == 0 && (c->n == 0 || c->n >= 16)) /* grows at 0, 16, 32, 64, ... */
        c->rows = mem_grow(c->rows, c->n == 0 ? 16 : (size_t)c->n * 2, sizeof(c->rows[0]));
    c->rows[c->n++] = (struct chosen){.from = from, .row = row};
}

static void copy_texts(struct sample *to, int column, const struct choice *c, int at)
{
    const char *source = NULL, *copy = NULL;
    for (int i = 0; i < c->n; i++) {
        const struct sample *from = c->rows[i].from;
        const char *text = sample_has(from, column) ? sample_text(from, column, c->rows[i].row) : NULL;
        if (text != source || text == NULL) /* what the sample kept once is kept once here too */
            copy = arena_dup(to->arena, text);
        source = text;
        to->values[column].text[at + i] = copy;
    }
}

/* Copies column COLUMN of the chosen rows to the rows of TO from row AT on. */
static void copy_column(struct sample *to, int column, const struct choice *c, int at)
{
    enum type type = to->dataset->columns[column].type;
    if (type == TYPE_TEXT) {
        copy_texts(to, column, c, at);
        return;
    }
    for (int i = 0; i < c->n; i++) {
        const struct sample *from = c->rows[i].from;
        if (!sample_has(from, column))
            continue; /* stays "no value" */
        if (type == TYPE_REAL)
            to->values[column].real[at + i] = sample_real(from, column, c->rows[i].row);
        else
            to->values[column].integer[at + i] = sample_int(from, column, c->rows[i].row);
    }
}

/* The baseline of rows KEPT, and of GONE, of which only the keys matter. Stands for the poll of LIKE, and shares its cells where it can: the
 * first one holds all rows. */
static struct sample *make(const struct sample *like, struct sample *older, const struct choice *kept,
                           const struct choice *gone)
{
    struct sample *b = sample_new_baseline(like->dataset, kept->n + gone->n);
    b->mono_s = like->mono_s;
    b->wall_s = like->wall_s;
    b->epoch = like->epoch;
    b->reset_s = like->reset_s;
    b->older = older == NULL ? NULL : sample_ref(older);
    b->n_gone = gone->n;
    b->n_live = like->n_live;
    for (int i = 0; i < like->dataset->n_columns; i++) {
        if (b->values[i].any == NULL)
            continue;
        copy_column(b, i, kept, 0);
        if (like->dataset->columns[i].kind == KIND_KEY)
            copy_column(b, i, gone, kept->n);
    }
    sample_seal(b, like);
    return b;
}

static double real_at(const struct sample *s, int column, int row)
{
    return sample_has(s, column) ? sample_real(s, column, row) : NAN;
}

static bool is_changed(const struct sample *a, int row_a, const struct sample *b, int row_b)
{
    int since = a->dataset->since == NULL ? -1 : dataset_column(a->dataset, a->dataset->since);
    for (int i = 0; i < a->dataset->n_columns; i++) {
        if (a->dataset->columns[i].kind != KIND_COUNTER && i != since)
            continue;
        double x = real_at(a, i, row_a), y = real_at(b, i, row_b);
        if (x != y && !(isnan(x) && isnan(y)))
            return true;
    }
    return false;
}

/* Where in the chain from BASELINE on a key is known; the newest that knows it decides. -1: nowhere. */
static int find_in_chain(struct sample *baseline, const struct sample *other, int row, struct sample **where)
{
    for (struct sample *s = baseline; s != NULL; s = s->older) {
        int found = sample_find(s, other, row);
        if (found >= 0) {
            *where = s;
            return found;
        }
    }
    return -1;
}

static bool is_gone(const struct sample *s, int row)
{
    return row >= s->n_rows - s->n_gone;
}

bool baseline_has(struct sample *baseline, const struct sample *other, int row)
{
    struct sample *where;
    int found = find_in_chain(baseline, other, row, &where);
    return found >= 0 && !is_gone(where, found);
}

/* The live rows of OLDER that FULL does not have. */
static void choose_gone(struct choice *gone, struct sample *older, struct sample *full)
{
    for (struct sample *s = older; s != NULL; s = s->older)
        for (int row = 0; row < s->n_rows - s->n_gone; row++) {
            struct sample *where;
            if (sample_find(full, s, row) >= 0)
                continue;
            if (find_in_chain(older, s, row, &where) == row && where == s)
                choose(gone, s, row);
        }
}

struct sample *baseline_new(struct sample *older, struct sample *full)
{
    struct choice kept = {0}, gone = {0};
    int n_known = 0;
    struct window *w = older == NULL ? NULL : window_new(older, full);
    for (int row = 0; row < full->n_rows; row++) {
        struct sample *from = NULL;
        int base_row = w == NULL ? -1 : window_base_row(w, row, &from);
        n_known += base_row >= 0;
        if (base_row < 0 || is_changed(from, base_row, full, row))
            choose(&kept, full, row);
    }
    if (older != NULL && n_known < older->n_live)
        choose_gone(&gone, older, full);
    struct sample *b = make(full, older, &kept, &gone);
    window_free(w);
    free(kept.rows);
    free(gone.rows);
    return b;
}

struct sample *baseline_merge(struct sample *older, struct sample *newer)
{
    struct choice kept = {0}, gone = {0};
    for (int row = 0; row < newer->n_rows; row++) {
        if (!is_gone(newer, row))
            choose(&kept, newer, row);
        else if (baseline_has(older->older, newer, row))
            choose(&gone, newer, row); /* a key that nothing below knows needs no mark that it is gone */
    }
    for (int row = 0; row < older->n_rows; row++)
        if (sample_find(newer, older, row) < 0)
            choose(is_gone(older, row) ? &gone : &kept, older, row);
    struct sample *b = make(newer, older->older, &kept, &gone);
    free(kept.rows);
    free(gone.rows);
    return b;
}
