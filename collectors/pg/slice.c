/* Which relations are measured next. */
#include "collectors/pg/slice.h"

#include <math.h>
#include <stdlib.h>

#include "core/mem.h"

enum { LEAST = 8, MOST = 5000 };

struct candidate {
    int row;
    bool changed;
    double at_s;
};

static int by_need(const void *a, const void *b)
{
    const struct candidate *x = a, *y = b;
    if (x->changed != y->changed)
        return x->changed ? -1 : 1;
    if (x->at_s != y->at_s)
        return x->at_s < y->at_s ? -1 : 1;
    return x->row - y->row;
}

int slice_choose(const struct measure *measures, const int64_t *marks, int n, int limit, int *rows)
{
    struct candidate *all = mem_new_array((size_t)n, sizeof(*all));
    for (int i = 0; i < n; i++) {
        const struct measure *m = &measures[i];
        all[i] = (struct candidate){
            .row = i, .changed = !m->known || m->mark != marks[i], .at_s = m->known ? m->at_s : -INFINITY};
    }
    qsort(all, (size_t)n, sizeof(*all), by_need);
    int chosen = n < limit ? n : limit;
    for (int i = 0; i < chosen; i++)
        rows[i] = all[i].row;
    free(all);
    return chosen;
}

int slice_fit(int n, double cost_ms, double budget_ms)
{
    double fits = cost_ms > 0 ? n * budget_ms / cost_ms : n * 4.0;
    return (int)fmin(fmax(fmin(fits, n * 4.0), LEAST), MOST);
}

int slice_halve(int n)
{
    return n / 2 < LEAST ? LEAST : n / 2;
}
