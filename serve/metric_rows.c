/* Which rows of a dataset become series, with their labels; and the rest of them as one.
 *
 * The rest is a counter of its own: what the rows outside of the top increased by from scrape to scrape. As
 * the difference of sums it would fall whenever a row enters the top, which Prometheus takes for a restart.
 */
#include "serve/metric_rows.h"

#include <inttypes.h>
#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "core/mem.h"

enum {
    MOST_BY_RULE = 100,
    MOST_LABELS = 2048,
    STICKY = 2 /* in until it falls out of so many times the top */
};

struct cut {
    char *target;
    const struct dataset *dataset;
    struct sample *before; /* of the last scrape */
    double *other;         /* by column */
    uint64_t *members;
    int n_members;
};
struct metric_memory {
    struct cut *cuts;
    int n;
};

struct metric_memory *metric_memory_new(void)
{
    return mem_new(sizeof(struct metric_memory));
}

void metric_memory_free(struct metric_memory *m)
{
    if (m == NULL)
        return;
    for (int i = 0; i < m->n; i++) {
        free(m->cuts[i].target);
        free(m->cuts[i].other);
        free(m->cuts[i].members);
        sample_unref(m->cuts[i].before);
    }
    free(m->cuts);
    free(m);
}

static struct cut *memory_find(struct metric_memory *m, const char *target, const struct dataset *d)
{
    for (int i = 0; i < m->n; i++)
        if (m->cuts[i].dataset == d && strcmp(m->cuts[i].target, target) == 0)
            return &m->cuts[i];
    m->cuts = mem_grow(m->cuts, (size_t)m->n + 1, sizeof(*m->cuts));
    m->cuts[m->n] = (struct cut){.target = mem_dup(target), .dataset = d};
    m->cuts[m->n].other = mem_new_array((size_t)d->n_columns, sizeof(double));
    return &m->cuts[m->n++];
}

/* Labels. */

static void add_cell(struct text *t, const char *name, const struct sample *s, int column, int row)
{
    char number[32] = "";
    const char *text = number;
    enum type type = s->dataset->columns[column].type;
    if (type == TYPE_TEXT)
        text = sample_text(s, column, row);
    else if (type == TYPE_INT && sample_int(s, column, row) != INT_NONE)
        snprintf(number, sizeof(number), "%" PRId64, sample_int(s, column, row));
    metric_label(t, name, text != NULL ? text : "");
}

static bool is_label(const struct column *c, const struct metric_policy *p, char name[64])
{
    snprintf(name, 64, "%s", c->name);
    if (p != NULL)
        return metric_listed(p->labels, c->name, name);
    return c->type != TYPE_REAL && (c->kind == KIND_KEY || (c->kind == KIND_LABEL && c->type == TYPE_TEXT));
}

/* ROW < 0: of the rest. */
static const char *labels_of(struct arena *arena, const struct sample *s, const struct metric_policy *p,
                             const char *target, int row)
{
    struct text t;
    char name[64];
    text_init(&t, MOST_LABELS);
    metric_label(&t, "target", target);
    for (int c = 0; c < s->dataset->n_columns; c++) {
        if (!is_label(&s->dataset->columns[c], p, name))
            continue;
        if (row < 0)
            metric_label(&t, name, "other");
        else if (sample_has(s, c))
            add_cell(&t, name, s, c, row);
    }
    const char *labels = t.cut ? NULL : arena_dup(arena, text_str(&t));
    text_done(&t);
    return labels;
}

/* The top. */

struct ranking {
    const struct sample *sample;
    int column; /* -1: as they come */
    const struct cut *cut;
    const uint64_t *ids;
};

static uint64_t id_of(const struct sample *s, int row)
{
    uint64_t id = EPOCH_START;
    for (int c = 0; c < s->dataset->n_columns; c++) {
        const struct column *column = &s->dataset->columns[c];
        if (column->kind != KIND_KEY || !sample_has(s, c))
            continue;
        const char *text = column->type == TYPE_TEXT ? sample_text(s, c, row) : NULL;
        int64_t integer = column->type == TYPE_INT ? sample_int(s, c, row) : 0;
        double real = column->type == TYPE_REAL ? sample_real(s, c, row) : 0;
        if (text != NULL)
            id = epoch_add(id, text, strlen(text));
        else if (column->type == TYPE_INT)
            id = epoch_add(id, &integer, sizeof(integer));
        else if (column->type == TYPE_REAL)
            id = epoch_add(id, &real, sizeof(real));
    }
    return id;
}

static bool is_member(const struct cut *cut, uint64_t id)
{
    for (int i = 0; i < cut->n_members; i++)
        if (cut->members[i] == id)
            return true;
    return false;
}

static double rank_of(const struct ranking *r, int row)
{
    double v = sample_real(r->sample, r->column, row);
    return isnan(v) ? -HUGE_VAL : v;
}

static int by_rank(const void *a, const void *b, void *ctx)
{
    double left = rank_of(ctx, *(const int *)a), right = rank_of(ctx, *(const int *)b);
    return left == right ? *(const int *)a - *(const int *)b : left < right ? 1 : -1;
}

/* Rows that are kept at all, the largest first. */
static int rank(const struct sample *s, const struct metric_policy *p, int column, int *rows)
{
    int keep = p != NULL && p->keep != NULL ? dataset_column(s->dataset, p->keep) : -1, n = 0;
    bool real = keep >= 0 && s->dataset->columns[keep].type == TYPE_REAL;
    if (keep >= 0 && !sample_has(s, keep))
        keep = -1;
    for (int row = 0; row < s->n_rows; row++)
        if (keep < 0 || (real ? sample_real(s, keep, row) != 0 : sample_int(s, keep, row) != 0))
            rows[n++] = row;
    struct ranking r = {.sample = s, .column = column};
    if (column >= 0)
        qsort_r(rows, (size_t)n, sizeof(*rows), by_rank, &r);
    return n;
}

/* Moves those that stay to the front of ROWS: members that are still large, then the largest others. */
static void choose(struct cut *cut, const struct sample *s, int *rows, int n, int most)
{
    int *chosen = mem_new_array((size_t)n, sizeof(*chosen)), n_chosen = 0, n_rest = 0;
    int *rest = mem_new_array((size_t)n, sizeof(*rest));
    bool *in = mem_new_array((size_t)n, sizeof(*in));
    for (int i = 0; i < n && i < STICKY * most; i++)
        in[i] = n_chosen < most && is_member(cut, id_of(s, rows[i])) && ++n_chosen > 0;
    for (int i = 0; i < n && n_chosen < most; i++)
        if (!in[i])
            in[i] = ++n_chosen > 0;
    n_chosen = 0;
    for (int i = 0; i < n; i++)
        *(in[i] ? &chosen[n_chosen++] : &rest[n_rest++]) = rows[i];
    memcpy(rows, chosen, (size_t)n_chosen * sizeof(*rows));
    memcpy(rows + n_chosen, rest, (size_t)n_rest * sizeof(*rows));
    cut->members = mem_grow(cut->members, (size_t)most, sizeof(*cut->members));
    cut->n_members = n_chosen;
    for (int i = 0; i < n_chosen; i++)
        cut->members[i] = id_of(s, rows[i]);
    free(chosen);
    free(rest);
    free(in);
}

/* Adds what the rows outside of the top did since the last scrape. */
static void add_rest(struct cut *cut, struct sample *now, const int *rows, int n)
{
    if (cut->before == now)
        return;
    struct window *w = cut->before != NULL ? window_new(cut->before, now) : NULL;
    for (int c = 0; c < now->dataset->n_columns; c++) {
        if (now->dataset->columns[c].kind != KIND_COUNTER || !sample_has(now, c)) {
            cut->other[c] = NAN;
            continue;
        }
        for (int i = 0; i < n; i++) {
            double more = w != NULL ? window_delta(w, rows[i], c) : sample_real(now, c, rows[i]);
            cut->other[c] += isnan(more) ? 0 : more;
        }
    }
    window_free(w);
    sample_unref(cut->before);
    cut->before = sample_ref(now);
}

static bool is_new(const struct metric_rows *r, const char *labels)
{
    for (int i = 0; i < r->n; i++)
        if (strcmp(r->labels[i], labels) == 0)
            return false;
    return true;
}

static void take(struct metric_rows *out, struct arena *arena, const struct metric_policy *p,
                 const char *target, const int *rows, int n)
{
    out->rows = arena_alloc(arena, (size_t)n * sizeof(*out->rows));
    out->labels = arena_alloc(arena, (size_t)n * sizeof(*out->labels));
    for (int i = 0; i < n; i++) {
        const char *labels = labels_of(arena, out->window->now, p, target, rows[i]);
        if (labels == NULL || !is_new(out, labels)) {
            out->dropped++;
            continue;
        }
        out->rows[out->n] = rows[i];
        out->labels[out->n++] = labels;
    }
}

bool metric_rows(struct metric_memory *m, struct snapshot *s, int target, const struct dataset *d,
                 struct arena *arena, struct metric_rows *out)
{
    const struct metric_policy *p = metric_policy(d->name);
    const char *name = snapshot_target(s, target);
    *out = (struct metric_rows){0};
    out->window = snapshot_window(s, target, d, (struct window_spec){WINDOW_SECONDS, 60}, NAN);
    if (out->window == NULL || out->window->now->n_rows == 0)
        return false;
    struct sample *now = out->window->now;
    int most = p != NULL && p->most > 0 ? p->most : MOST_BY_RULE;
    int column = p != NULL && p->top != NULL ? dataset_column(d, p->top) : -1;
    int *rows = mem_new_array((size_t)now->n_rows, sizeof(*rows));
    int n = rank(now, p, column >= 0 && sample_has(now, column) ? column : -1, rows);
    if (column >= 0) {
        struct cut *cut = memory_find(m, name, d);
        choose(cut, now, rows, n, most);
        add_rest(cut, now, rows + (n < most ? n : most), n < most ? 0 : n - most);
        out->other = cut->other;
        out->other_labels = labels_of(arena, now, p, name, -1);
    } else {
        out->dropped = n > most ? n - most : 0;
    }
    take(out, arena, p, name, rows, n < most ? n : most);
    free(rows);
    return true;
}

double metric_rows_value(const struct metric_rows *r, int i, int column)
{
    const struct sample *s = r->window->now;
    if (s->dataset->columns[column].kind == KIND_DERIVED)
        return window_derived(r->window, r->rows[i], column);
    return sample_has(s, column) ? sample_real(s, column, r->rows[i]) : NAN;
}
