/* From rows to samples: at once when they are few, in slices when they are many. */
#include <math.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

#include "collectors/pg/inside.h"
#include "core/mem.h"

enum {
    VALUES_PER_SLICE = 20000, /* well under a millisecond */
    ROWS_AT_ONCE = 256         /* of all columns: libpq keeps a row together, and so many stay in the processor's cache */
};

struct decoding {
    struct decoding *next;
    struct pg_poll *poll;
    struct conn_rows *rows;
    struct sample *sample;
    int *from; /* column of the rows, by column of the dataset; -1 if none */
    int at;
    void (*fn)(struct pg_poll *p, struct sample *s);
};

static double cpu_ms(void)
{
    struct timespec t;
    clock_gettime(CLOCK_THREAD_CPUTIME_ID, &t);
    return (double)t.tv_sec * 1e3 + (double)t.tv_nsec / 1e6;
}

static int gate_version(const struct pg_poll *p)
{
    bool by_statements = p->collector != NULL && p->collector->gate == PG_BY_STATEMENTS;
    return by_statements ? p->facts->statements : p->facts->version;
}

/* Our SELECTs name columns in the dataset's order, so it is nearly always number NEXT. */
static int find_column(const struct conn_rows *rows, const char *name, int next)
{
    bool there = next < conn_rows_n_columns(rows) && strcmp(conn_rows_name(rows, next), name) == 0;
    return there ? next : conn_rows_column(rows, name);
}

/* Which column of the rows fills column C of the sample; where there is none, why. */
static int column_from(struct pg_poll *p, struct sample *s, const struct conn_rows *rows, int c, int next)
{
    const struct column *column = &s->dataset->columns[c];
    if (column->kind == KIND_DERIVED)
        return -1;
    int from = find_column(rows, column->name, next);
    char why[100];
    if (from < 0) {
        enum pg_gate gate = p->collector == NULL ? PG_BY_SERVER : p->collector->gate;
        const char *lacking = why_lacking(column, gate, gate_version(p), why, sizeof(why));
        if (lacking == NULL && p->own != NULL)
            lacking = "the query does not give this column";
        if (lacking != NULL)
            sample_lacks(s, c, lacking);
    } else if (rows_class(conn_rows_type(rows, from)) == ROWS_OTHER) {
        sample_lacks(s, c, "this type is not read: cast it to text");
        from = -1;
    }
    return from;
}

static struct decoding *begin(struct pg_poll *p, const struct pg_rows *rows)
{
    struct decoding *d = mem_new(sizeof(*d));
    struct sample *s = sample_new(p->dataset, pg_rows_n(rows));
    s->mono_s = pg_rows_mono_s(rows);
    s->wall_s = pg_rows_wall_s(rows);
    s->epoch = p->facts->role_epoch;
    s->reset_s = NAN;
    *d = (struct decoding){.poll = p, .rows = rows->rows, .sample = s};
    d->from = mem_new_array((size_t)p->dataset->n_columns, sizeof(*d->from));
    for (int c = 0, next = 0; c < p->dataset->n_columns; c++) {
        d->from[c] = column_from(p, s, rows->rows, c, next);
        next = d->from[c] < 0 ? next : d->from[c] + 1;
    }
    return d;
}

/* N more rows. */
static void decode(struct decoding *d, int n)
{
    double before = cpu_ms();
    for (int end = d->at + n, some; d->at < end; d->at += some) {
        some = end - d->at < ROWS_AT_ONCE ? end - d->at : ROWS_AT_ONCE;
        for (int c = 0; c < d->sample->dataset->n_columns; c++)
            if (d->from[c] >= 0)
                d->poll->cost.bytes += rows_fill(d->sample, c, d->at, d->rows, d->from[c], d->at, some);
    }
    d->poll->cost.client_ms += cpu_ms() - before;
}

static void free_decoding(struct decoding *d)
{
    free(d->from);
    free(d);
}

struct sample *pg_sample(struct pg_poll *p, const struct pg_rows *rows)
{
    struct decoding *d = begin(p, rows);
    struct sample *s = d->sample;
    decode(d, s->n_rows);
    free_decoding(d);
    return s;
}

void pg_sample_then(struct pg_poll *p, const struct pg_rows *rows,
                    void (*fn)(struct pg_poll *p, struct sample *s))
{
    struct decoding *d = begin(p, rows), **last = &p->source->decodings;
    *rows->taken = true;
    d->fn = fn;
    p->n_running++;
    while (*last != NULL)
        last = &(*last)->next;
    *last = d;
    source_next_turn(p->source);
}

bool decode_on(struct pg_source *s)
{
    struct decoding *d = s->decodings;
    if (d == NULL)
        return false;
    int left = d->sample->n_rows - d->at;
    if (left > 0) {
        int slice = VALUES_PER_SLICE / (d->sample->dataset->n_columns + 1) + 1;
        decode(d, left < slice ? left : slice);
        return true;
    }
    if (d->rows !=
        NULL) { /* freeing many rows takes a millisecond: that has a turn of its own, and so has the answer */
        conn_rows_free(d->rows);
        d->rows = NULL;
        return true;
    }
    struct pg_poll *p = d->poll;
    s->decodings = d->next;
    if (p->answered)
        sample_unref(d->sample);
    else
        d->fn(p, d->sample);
    free_decoding(d);
    poll_ran(p);
    return s->decodings != NULL;
}

void decode_forget(struct pg_source *s)
{
    for (struct decoding *d = s->decodings, *next; d != NULL; d = next) {
        next = d->next;
        conn_rows_free(d->rows);
        sample_unref(d->sample);
        free_decoding(d);
    }
    s->decodings = NULL;
}
