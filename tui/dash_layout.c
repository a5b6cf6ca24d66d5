/* The dashboard's layout: where the panes of the open page stand on this screen. */
#include <string.h>

#include "engine/products.h"
#include "tui/dash_state.h"

/* Below this many rows frames cost more than they tell. */
enum { FRAMES_FROM = 13, BODY_MOST = 60, SHRINK_AFTER = 20 };

static struct dash_pane *pane_named(struct visit *v, const char *name)
{
    for (int i = 0; i < v->n; i++)
        if (strcmp(v->panes[i].pane->name, name) == 0)
            return &v->panes[i];
    return NULL;
}

/* Rows that the content fills, frame not included. Grows at once and shrinks rarely, so that panes below
 * stand still. */
static int content_rows(struct dash_pane *p, int columns)
{
    struct view v = pane_view(p);
    struct table *t = &p->table;
    int rows = widget_rows(&v, columns);
    if (rows > BODY_MOST)
        rows = BODY_MOST;
    if (rows >= t->body_rows || t->body_less >= SHRINK_AFTER || t->body_columns != columns) {
        t->body_rows = rows;
        t->body_columns = columns;
        t->body_less = 0;
    }
    return t->body_rows;
}

bool pane_is_foreign(const struct dash_pane *p)
{
    char product[64];
    bool any = false;
    if (!dash_product(p->dash, product, sizeof(product)))
        return p->pane->needs.n > 0;
    for (int i = 0; i < p->pane->needs.n; i++)
        if (product_lacks(product, p->pane->needs.items[i]))
            return true;
    for (int i = 0; i < p->n_datasets; i++) {
        if (product_gives(product, p->datasets[i]))
            return false;
        any = any || product_lacks(product, p->datasets[i]);
    }
    return any;
}

bool pane_is_left_out(const struct dash_pane *p)
{
    const struct visit *v = p->visit;
    bool others = false;
    for (int i = 0; i < v->n; i++)
        others = others || !pane_is_foreign(&v->panes[i]);
    return others && pane_is_foreign(p);
}

static struct layout_want want(void *ctx, const char *name)
{
    struct dash *d = ctx;
    struct dash_pane *p = pane_named(dash_visit(d), name);
    const struct pane *pane = p->pane;
    int frame = d->frameless ? 0 : 1;
    bool empty = (pane->optional && (p->result == NULL || p->result->n_rows == 0)) || pane_is_left_out(p);
    return (struct layout_want){
        .hidden = empty || d->rows < pane->screen_rows ||
                          d->columns<pane->screen_columns, .rows = content_rows(p, d->columns) + frame,
                                     .least_rows = pane->least_rows> 1
                      ? pane->least_rows - 1 + frame
                      : pane->least_rows,
        .least_columns = pane->least_columns,
        .priority = pane->priority};
}

void dash_layout(struct dash *d, int rows, int columns)
{
    struct layout_place places[64];
    struct visit *v = dash_visit(d);
    int head = head_rows(d, rows), foot = rows > 4 ? 1 : 0;
    d->rows = rows;
    d->columns = columns;
    d->body_row = head;
    d->body_rows = rows - head - foot > 0 ? rows - head - foot : 0;
    d->frameless = d->body_rows < FRAMES_FROM;
    d->n_hits = 0; /* a click that comes before the next frame was meant for the last one, of which nothing may be left */
    if (v->zoom) {
        for (int i = 0; i < v->n; i++)
            v->panes[i].place = (struct layout_place){.pane = v->panes[i].pane->name};
        v->panes[v->focus].place =
            (struct layout_place){v->panes[v->focus].pane->name, 0, 0, d->body_rows, columns};
        return;
    }
    int n = layout_solve(&v->page->layout, d->body_rows, columns, want, d, places, 64);
    bool seen = false;
    for (int i = 0; i < v->n && i < n; i++) {
        bool was_hidden = v->panes[i].place.rows == 0;
        v->panes[i].place = places[i];
        seen = seen || (was_hidden && places[i].rows > 0);
    }
    /* The focus never stands on what is not there. */
    for (int i = 0; i < v->n && v->panes[v->focus].place.rows == 0; i++)
        v->focus = (v->focus + 1) % v->n;
    if (seen)
        dash_demand(d);
}

bool pane_wanted(const struct dash_pane *p)
{
    return (p->place.rows > 0 || p->pane->optional) && !pane_is_foreign(p);
}

int pane_body_rows(const struct dash_pane *p)
{
    int frame = p->dash->frameless ? 0 : 1,
        heading = p->pane->widget == WIDGET_TABLE || p->pane->widget == WIDGET_TREE;
    int rows = p->place.rows - frame - heading;
    if (p->place.rows == 0)
        rows = 20;
    return rows < 1 ? 1 : rows;
}
