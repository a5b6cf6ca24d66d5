/* A catalog, and what is asked of its rows in slices. */
#include "collectors/pg/details.h"

#include <stdlib.h>

#include "collectors/pg/oids.h"
#include "core/text.h"

void details_reset(void *state)
{
    struct details_state *st = state;
    sample_unref(st->pending);
    *st = (struct details_state){0};
}

/* The row of S with that id, from row AT on; -1 if none. Both come in the same order. */
static int find(const struct sample *s, int column, int at, int64_t id)
{
    for (int i = at; i < s->n_rows; i++)
        if (sample_int(s, column, i) == id)
            return i;
    return -1;
}

static void put(const struct details *d, struct sample *s, int first, const struct pg_rows *rows)
{
    int id = pg_rows_column(rows, "id"), key = dataset_column(d->dataset, d->id);
    for (int i = 0; i < pg_rows_n(rows); i++) {
        int row = find(s, key, first, pg_rows_int(rows, i, id));
        for (int c = 0; row >= 0 && c < d->dataset->n_columns; c++) {
            int from = pg_rows_column(rows, d->dataset->columns[c].name);
            if (from >= 0 && d->dataset->columns[c].source == NULL)
                sample_put_real(s, c, row, pg_rows_real(rows, i, from));
        }
    }
}

static void go_on(struct pg_poll *p);

static void on_slice(struct pg_poll *p, const struct pg_rows *rows, enum failure why, const char *text)
{
    struct details_state *st = pg_state(p);
    if (rows == NULL && why == FAILURE_LOST) {
        pg_poll_failed(p, why, text);
        return;
    }
    if (rows != NULL && st->pending != NULL)
        put(st->details, st->pending, st->at, rows);
    st->at += st->pending == NULL ? 0 : st->details->slice;
    go_on(p);
}

static const char *of_version(const struct pg_poll *p, const struct pg_from *from)
{
    while (from->sql != NULL && from->since > pg_facts(p)->version)
        from++;
    return from->sql;
}

static void ask_slice(struct pg_poll *p, const struct details_state *st, int n)
{
    int key = dataset_column(st->details->dataset, st->details->id);
    char *ids = oids_array(st->pending->values[key].integer + st->at, n);
    const char *param = ids;
    pg_run(p, of_version(p, st->details->sql), 1, &param, on_slice);
    free(ids);
}

static void go_on(struct pg_poll *p)
{
    struct details_state *st = pg_state(p);
    struct sample *s = st->pending;
    if (s == NULL) {
        pg_poll_failed(p, FAILURE_LOST, "the connection was lost");
        return;
    }
    int left = s->n_rows - st->at;
    if (left > 0) {
        ask_slice(p, st, left < st->details->slice ? left : st->details->slice);
        return;
    }
    st->pending = NULL;
    if (st->details->finish != NULL)
        st->details->finish(p, s);
    pg_poll_done(p, s);
}

static void on_sample(struct pg_poll *p, struct sample *s)
{
    struct details_state *st = pg_state(p);
    sample_unref(st->pending);
    st->pending = s;
    st->at = 0;
    go_on(p);
}

static void on_catalog(struct pg_poll *p, const struct pg_rows *rows, enum failure why, const char *text)
{
    if (rows == NULL)
        pg_poll_failed(p, why, text);
    else
        pg_sample_then(p, rows, on_sample);
}

void details_start(struct pg_poll *p, const struct details *d)
{
    struct details_state *st = pg_state(p);
    st->details = d;
    char *list = pg_select_list(p);
    struct text sql;
    text_init(&sql, 1 << 16);
    text_addf(&sql, "select %s %s", list, of_version(p, d->from));
    pg_run(p, text_str(&sql), 0, NULL, on_catalog);
    text_done(&sql);
    free(list);
}
