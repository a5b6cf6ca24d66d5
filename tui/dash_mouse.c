/* The dashboard's mouse: tabs, headings, rows, the wheel. */
#include <string.h>

#include "tui/dash_state.h"

static const struct hit *hit_at(const struct dash *d, const struct key *key)
{
    for (int i = d->n_hits - 1; i >= 0; i--) {
        const struct hit *h = &d->hits[i];
        if (key->row >= h->row && key->row < h->row + h->rows && key->column >= h->column &&
            key->column < h->column + h->columns)
            return h;
    }
    return NULL;
}

static void pane_click(struct dash *d, const struct hit *h, const struct key *key)
{
    struct visit *visit = dash_visit(d);
    struct dash_pane *p = &visit->panes[h->number];
    bool focused = visit->focus == h->number;
    bool table = p->pane->widget == WIDGET_TABLE || p->pane->widget == WIDGET_TREE;
    int row = key->row - h->row - (d->frameless ? 0 : 1) - (table ? 1 : 0);
    visit->focus = h->number;
    if (p->result == NULL || !widget_has_rows(p->pane->widget) || row < 0)
        return;
    struct view v = pane_view(p);
    if (p->table.top + row >= view_rows(&v))
        return;
    /* A click on the row that has the cursor opens it. */
    if (focused && p->table.row == p->table.top + row && p->table.cursor != NULL)
        dash_do(d, COMMAND_DETAIL, NULL);
    else
        view_move(&v, p->table.top + row);
}

void mouse_key(struct dash *d, const struct key *key)
{
    if (key->mouse == MOUSE_WHEEL_UP || key->mouse == MOUSE_WHEEL_DOWN) {
        enum command c = key->mouse == MOUSE_WHEEL_UP ? COMMAND_UP : COMMAND_DOWN;
        if (d->mode == MODE_HELP || d->mode == MODE_TEXT)
            overlay_key(d, c);
        else if (d->mode == MODE_PAGE)
            for (int i = 0; i < 3; i++)
                dash_do(d, c, NULL);
        return;
    }
    const struct hit *h = d->mode == MODE_PAGE && key->mouse == MOUSE_PRESS ? hit_at(d, key) : NULL;
    if (h == NULL)
        return;
    if (h->kind == HIT_PAGE)
        dash_open_page(d, h->number);
    else if (h->kind == HIT_KEY)
        dash_do(d, (enum command)h->number, NULL);
    else
        pane_click(d, h, key);
}
