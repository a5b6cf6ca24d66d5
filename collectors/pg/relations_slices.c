/* Sizes and definitions of relations, looked at in slices. */
#include <math.h>
#include <stdlib.h>

#include "collectors/pg/oids.h"
#include "collectors/pg/relations_inside.h"
#include "core/mem.h"
#include "core/text.h"
#include "core/utf8.h"

enum { DEFINITIONS = 250 /* that are asked for at once */ };
static const double SLICE_EVERY_S = 60;
static const double SLICE_MS = 20; /* tables, indexes and databases together: 60 ms a minute */

static char *ids_of_rows(const struct relations *r, const int *rows, int n)
{
    int64_t *ids = mem_new_array((size_t)n, sizeof(*ids));
    for (int i = 0; i < n; i++)
        ids[i] = sample_int(r->now, relations_column(r, r->kind->id), rows[i]);
    char *array = oids_array(ids, n);
    free(ids);
    return array;
}

/* ---- The end: what code fills, and the answer ---- */

/* How old is what comes with the catalog. Moments, not ages: they stay the same from poll to poll, and are
 * kept once. */
static void date(const struct relations *r, struct sample *s)
{
    int exact = relations_column(r, "size_exact"), sized_at = relations_column(r, "sized_at");
    int catalog_at = relations_column(r, "catalog_at");
    for (int i = 0; i < s->n_rows; i++) {
        sample_put_real(s, exact, i, r->measures[i].known);
        sample_put_real(s, sized_at, i, r->measures[i].known ? r->measures[i].wall_s : NAN);
        sample_put_real(s, catalog_at, i, r->catalog_wall_s);
    }
}

static void deliver(struct pg_poll *p, struct relations *r)
{
    struct sample *s = r->now;
    r->now = NULL;
    uint64_t epoch = epoch_add(EPOCH_START, &pg_facts(p)->role_epoch, sizeof(uint64_t));
    if (!isnan(r->stats_reset))
        epoch = epoch_add(epoch, &r->stats_reset, sizeof(r->stats_reset));
    s->epoch = epoch;
    s->reset_s = r->stats_reset;
    if (r->all_changed)
        date(r, s);
    r->kind->complete(s, r->all_changed ? NULL : r->changed, r->all_changed ? s->n_rows : r->n_changed);
    if (r->kind->age != NULL)
        r->kind->age(s);
    r->all_changed = false;
    sample_unref(r->last);
    r->last = sample_ref(s);
    pg_poll_done(p, s);
}

/* ---- Definitions and sizes ---- */

static void on_definitions(struct pg_poll *p, const struct pg_rows *rows, enum failure why, const char *text)
{
    (void)why, (void)text;
    struct relations *r = relations_going_on(p);
    if (r == NULL)
        return;
    int column = relations_column(r, "definition");
    for (int i = 0; rows != NULL && i < pg_rows_n(rows); i++) {
        int64_t id = pg_rows_int(rows, i, pg_rows_column(rows, "id"));
        int row = relations_row(r, r->now, id);
        size_t len;
        const char *definition = pg_rows_text(rows, i, pg_rows_column(rows, "definition"), &len);
        if (row < 0 || definition == NULL)
            continue;
        struct text mended;
        text_init(&mended, 1 << 16);
        utf8_mend(&mended, definition, len);
        sample_put_text(r->now, column, row, arena_dup(r->now->arena, text_str(&mended)));
        text_done(&mended);
    }
    deliver(p, r);
}

static void define_or_deliver(struct pg_poll *p, struct relations *r)
{
    int rows[DEFINITIONS], n = 0;
    if (r->kind->definitions != NULL) {
        int column = relations_column(r, "definition");
        for (int i = 0; i < r->now->n_rows && n < DEFINITIONS; i++)
            if (sample_text(r->now, column, i) == NULL)
                rows[n++] = i;
    }
    if (n == 0) {
        deliver(p, r);
        return;
    }
    char *ids = ids_of_rows(r, rows, n);
    const char *param = ids;
    pg_run(p, r->kind->definitions, 1, &param, on_definitions);
    free(ids);
}

static void put_sizes(struct relations *r, const struct pg_rows *rows, int i, int row)
{
    for (const char *const *name = r->kind->sized; *name != NULL; name++)
        sample_put_real(r->now, relations_column(r, *name), row,
                        pg_rows_real(rows, i, pg_rows_column(rows, *name)));
    sample_put_real(r->now, relations_column(r, "size_exact"), row, 1);
    sample_put_real(r->now, relations_column(r, "sized_at"), row, pg_rows_wall_s(rows));
    r->measures[row] = (struct measure){
        .known = true, .at_s = pg_rows_mono_s(rows), .wall_s = pg_rows_wall_s(rows), .mark = r->marks[row]};
}

/* What fails is a lock that came between looking and measuring: a smaller slice meets it less often. */
static void on_sizes(struct pg_poll *p, const struct pg_rows *rows, enum failure why, const char *text)
{
    (void)why, (void)text;
    struct relations *r = relations_going_on(p);
    if (r == NULL)
        return;
    int n = rows == NULL ? 0 : pg_rows_n(rows);
    double cost_ms = 0;
    for (int i = 0; i < n; i++) {
        int64_t id = pg_rows_int(rows, i, pg_rows_column(rows, "id"));
        int row = relations_row(r, r->now, id);
        if (row >= 0)
            put_sizes(r, rows, i, row);
        cost_ms += pg_rows_real(rows, i, pg_rows_column(rows, "cost_ms"));
    }
    if (rows == NULL)
        r->slice = slice_halve(r->slice);
    else if (n > 0)
        r->slice = slice_fit(n, cost_ms, SLICE_MS);
    define_or_deliver(p, r);
}

void relations_measure(struct pg_poll *p, struct relations *r)
{
    if (r->now->n_rows == 0 || r->now->mono_s - r->slice_s < SLICE_EVERY_S) {
        define_or_deliver(p, r);
        return;
    }
    r->slice_s = r->now->mono_s;
    int *rows = mem_new_array((size_t)r->slice, sizeof(*rows));
    int n = slice_choose(r->measures, r->marks, r->now->n_rows, r->slice, rows);
    char *ids = ids_of_rows(r, rows, n);
    const char *param = ids;
    pg_run(p, r->kind->sizes, 1, &param, on_sizes);
    free(ids);
    free(rows);
}
