/* What is done with the rows of a pane: opened, tagged, looked for, another set of them. */
#include <stdlib.h>
#include <string.h>

#include "core/mem.h"
#include "core/text.h"
#include "tui/dash_state.h"

bool pane_row(struct dash_pane *p, const struct result **from, int *row)
{
    if (p == NULL || p->result == NULL)
        return false;
    *from = p->result;
    *row = 0;
    if (!widget_has_rows(p->pane->widget))
        return p->result->n_rows > 0;
    struct view v = pane_view(p);
    if (view_rows(&v) == 0)
        return false;
    view_row(&v, p->table.row, from, row);
    return true;
}

/* Why there is no row to open; NULL: there is one. */
static const char *no_row(struct dash_pane *p)
{
    if (!widget_has_rows(p->pane->widget))
        return "nothing to open here: this pane has no rows (Tab: the next pane)";
    if (p->result == NULL)
        return "nothing to open yet: this pane has no answer";
    struct view v = pane_view(p);
    return view_rows(&v) == 0 ? "nothing to open: this pane is empty (Tab: the next pane)" : NULL;
}

/* A row of another target: that one is looked at from now on. */
static bool open_of_other(struct dash *d, const struct page *page, const struct result *from, int row)
{
    int column = result_column(from, "target");
    const struct value *target = column < 0 ? NULL : result_at(from, row, column);
    struct err err = {""};
    if (target == NULL || target->type != VALUE_TEXT || strcmp(target->text, d->target) == 0)
        return false;
    char *name = mem_dup(target->text); /* FROM goes */
    bool looks = dash_look_at(d, name, &err);
    free(name);
    if (!looks)
        dash_say(d, ROLE_WARNING, err.text);
    for (int i = 0; looks && i < d->options.pages->n_pages; i++)
        if (d->options.pages->pages[i] == page)
            dash_open_page(d, i);
    return true;
}

void pane_open_row(struct dash_pane *p)
{
    struct dash *d = p->dash;
    const struct result *from;
    int row;
    if (no_row(p) != NULL) {
        dash_say(d, ROLE_WARNING, no_row(p));
        return;
    }
    struct view v = pane_view(p);
    view_row(&v, p->table.row, &from, &row);
    int column = result_column(from, "page");
    const char *name = p->pane->detail;
    if (column >= 0 && result_at(from, row, column)->type == VALUE_TEXT)
        name = result_at(from, row, column)->text;
    const struct page *page = name == NULL ? NULL : page_find(d->options.pages, name);
    if (page == NULL) {
        dash_say(d, ROLE_DIM, "there is nothing more about this row");
        return;
    }
    if (page->detail)
        dash_open_detail(d, page, from, row);
    else if (open_of_other(d, page, from, row))
        return;
    else if (page == dash_visit(d)->page)
        dash_say(d, ROLE_DIM, "what there is about this stands on this page");
    else
        dash_open_above(d, page);
}

void pane_tag(struct dash_pane *p)
{
    const struct result *from;
    struct text identity;
    int row;
    if (!widget_has_rows(p->pane->widget) || !pane_row(p, &from, &row))
        return;
    struct view v = pane_view(p);
    text_init(&identity, 64000);
    view_identity(&v, from, row, &identity);
    view_tag(&v, text_str(&identity));
    text_done(&identity);
    view_move(&v, p->table.row + 1);
}

void pane_untag(struct dash_pane *p)
{
    for (int i = 0; i < p->table.n_tags; i++)
        free(p->table.tags[i]);
    p->table.n_tags = 0;
}

static bool row_matches(const struct view *v, int i, const struct filter *f)
{
    const struct result *from;
    int row;
    size_t start, len;
    view_row(v, i, &from, &row);
    for (int c = 0; c < from->n_columns; c++) {
        const struct value *value = result_at(from, row, c);
        char buf[64];
        if (filter_finds(f,
                         value->type == VALUE_TEXT ? value->text : view_cell(from, row, c, buf, sizeof(buf)),
                         &start, &len))
            return true;
    }
    return false;
}

/* Texts are searched line by line in the drawing's own lines. */
static void text_match(struct dash_pane *p, int step)
{
    const struct sql_text *t = &p->table.formatted;
    for (int i = p->table.scroll + step; i >= 0 && i < t->n_lines; i += step) {
        struct text line;
        size_t start, len;
        text_init(&line, 8000);
        for (int k = 0; k < t->lines[i].n; k++)
            text_add_n(&line, t->pieces[t->lines[i].first + k].start,
                       (size_t)t->pieces[t->lines[i].first + k].len);
        bool found = filter_finds(&p->filter, text_str(&line), &start, &len);
        text_done(&line);
        if (found) {
            p->table.scroll = i;
            return;
        }
    }
}

void pane_step_match(struct dash_pane *p, int step)
{
    if (p->filter.n == 0) {
        dash_say(p->dash, ROLE_DIM, "nothing to look for: / asks for it");
        return;
    }
    if (p->result == NULL)
        return;
    if (p->pane->widget == WIDGET_SQL)
        text_match(p, step);
    if (!widget_has_rows(p->pane->widget))
        return;
    struct view v = pane_view(p);
    int n = view_rows(&v);
    for (int i = 1; i <= n; i++) {
        int to = p->table.row + step * i;
        if ((to < 0 || to >= n) && p->result->more && p->limit < MOST_LIMIT) {
            pane_more(p, step > 0 ? COMMAND_NEXT_MATCH : COMMAND_PREVIOUS_MATCH);
            return;
        }
        to = (to % n + n) % n;
        if (!row_matches(&v, to, &p->filter))
            continue;
        view_move(&v, to);
        return;
    }
}

void pane_next_set(struct dash_pane *p)
{
    if (p->pane->sets.n == 0) {
        dash_say(p->dash, ROLE_DIM, "this pane has one set of rows only");
        return;
    }
    p->set = (p->set + 1) % p->pane->sets.n;
    p->limit = FIRST_LIMIT;
    p->table.top = 0;
    p->other_rows = true;
    pane_stale(p);
}
