/* The dashboard where there is no terminal: the open page as plain text, each pane as high as its rows. */
#include <stdlib.h>

#include "core/text.h"
#include "tui/dash_state.h"

enum { PANE_ROWS = 24 };

static void canvas_add(struct canvas *c, struct text *out)
{
    canvas_text(c, out);
    canvas_free(c);
}

void dash_plain(struct dash *d, struct text *out, int columns, bool ascii)
{
    struct visit *v = dash_visit(d);
    struct canvas *head = canvas_new(1, columns);
    visit_take_newer(&d->head);
    visit_take_newer(v);
    head->ascii = ascii;
    d->rows = 60; /* as on a large screen: nothing is dropped */
    d->columns = columns;
    d->plain = true;
    head_draw(d, canvas_area(head));
    canvas_add(head, out);
    for (int i = 0; i < v->n; i++) {
        struct dash_pane *p = &v->panes[i];
        struct view view = pane_view(p);
        struct pane_sort sort;
        if (pane_is_left_out(p))
            continue;
        int rows = widget_rows(&view, columns);
        rows = rows > PANE_ROWS ? PANE_ROWS : rows;
        struct canvas *c = canvas_new(rows + 1, columns);
        c->ascii = ascii;
        pane_sort_of(p, &sort);
        pane_draw(p, canvas_area(c), true);
        canvas_add(c, out);
    }
    d->rows = 0;
    d->plain = false;
}
