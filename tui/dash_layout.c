/* The dashboard's layout: where the panes of the open page stand on this screen. */
#include <stdio.h>
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

static bool judge_foreign(const struct dash_pane *p, const char *product)
{
    bool any = false;
    if (p->pane->stack)
        return false;
    for (int i = 0; i < p->pane->needs.n; i++)
        if (product_lacks(product, p->pane->needs.items[i]))
            return true;
    if (p->pane->needs.n > 0) /* what else it reads is of use where it is there */
        return false;
    for (int i = 0; i < p->n_datasets; i++) {
        if (product_gives(product, p->datasets[i]))
            return false;
        any = any || product_lacks(product, p->datasets[i]);
    }
    return any;
}

/* Judged once for each product: it is asked of every pane in every frame. */
static bool foreign_to(struct dash_pane *p, const char *product)
{
    if (strcmp(p->judged_for, product) != 0) {
        p->foreign = judge_foreign(p, product);
        snprintf(p->judged_for, sizeof(p->judged_for), "%s", product);
    }
    return p->foreign;
}

bool pane_is_foreign(struct dash_pane *p)
{
    char product[64];
    if (dash_product(p->dash, product, sizeof(product)))
        return foreign_to(p, product);
    return !p->pane->stack && p->pane->needs.n > 0;
}

bool visit_is_foreign(const struct visit *v, const char *product)
{
    for (int i = 0; i < v->n; i++)
        if (!foreign_to(&v->panes[i], product))
            return false;
    return v->n > 0;
}

bool pane_is_left_out(struct dash_pane *p)
{
    const struct visit *v = p->visit;
    bool others = false, foreign = pane_is_foreign(p);
    for (int i = 0; i < v->n && foreign && !others; i++)
        others = !pane_is_foreign(&v->panes[i]);
    return foreign && others;
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

/* How well the focus would stand there: best on a list with rows, then on one that may have some yet, then on
 * an empty one, then on anything that is there. */
static int focus_worth(const struct dash_pane *p)
{
    enum widget w = p->pane->widget;
    if (p->place.rows == 0)
        return 0;
    if (!widget_has_rows(w) || w == WIDGET_LINES)
        return 1;
    return p->result == NULL ? 3 : p->result->n_rows > 0 ? 4 : 2;
}

/* The focus never stands on what is not there, and goes where a row can be chosen: from where it is on, round
 * the page. */
static void focus_settle(struct visit *v)
{
    int best = v->focus;
    if (v->n == 0 || v->panes[v->focus].place.rows > 0)
        return;
    for (int i = 1; i < v->n; i++) {
        int at = (v->focus + i) % v->n;
        if (focus_worth(&v->panes[at]) > focus_worth(&v->panes[best]))
            best = at;
    }
    v->focus = best;
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
    d->n_hits = 0; /* a click that comes before the next frame was meant for the last one, of which nothing
                      may be left */
    if (v->zoom) {
        for (int i = 0; i < v->n; i++)
            v->panes[i].place = (struct layout_place){.pane = v->panes[i].pane->name};
        v->panes[v->focus].place =
            (struct layout_place){v->panes[v->focus].pane->name, 0, 0, d->body_rows, columns};
        return;
    }
    int n = layout_solve(&v->page->layout, d->body_rows, columns, want, d, places, 64);
    bool other = false; /* than what was asked for */
    for (int i = 0; i < v->n && i < n; i++) {
        v->panes[i].place = places[i];
        other = other || v->panes[i].demanded != pane_wanted(&v->panes[i]);
    }
    focus_settle(v);
    if (other)
        dash_demand(d);
}

bool pane_wanted(struct dash_pane *p)
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
