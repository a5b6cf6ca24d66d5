/* Widget lines: one sentence a row, with the symbol of its level at the left and where to go on at the right.
 */
#include <stdio.h>
#include <string.h>

#include "tui/widget.h"

/* Columns are found by name: text (or the first text), level, page, at_time, where. */
struct fields {
    int text, level, at, where;
};

static struct fields fields_of(const struct result *r)
{
    struct fields f = {result_column(r, "text"), result_column(r, "level"), result_column(r, "at_time"),
                       result_column(r, "page")};
    for (int i = 0; i < r->n_columns && f.text < 0; i++)
        if (!r->columns[i].numeric && i != f.level && i != f.where)
            f.text = i;
    return f;
}

static enum role role_of(const struct result *r, int row, int level)
{
    const struct value *value = level < 0 ? NULL : result_at(r, row, level);
    int role = value == NULL || value->type != VALUE_TEXT ? -1 : role_parse(value->text);
    return role < 0 ? ROLE_TEXT : (enum role)role;
}

static void line_draw(struct view *v, struct area a, int y, int i)
{
    const struct result *from;
    int row, at = 1;
    char buf[64];
    view_row(v, i, &from, &row);
    struct fields f = fields_of(from);
    enum role role = role_of(from, row, f.level);
    if (f.at >= 0) {
        moment_text(value_real(result_at(from, row, f.at)), v->at_s, buf, sizeof(buf));
        at += area_put(a, y, at, 20, STYLE(ROLE_DIM), buf, false);
        at += 2;
    }
    if (f.level >= 0) {
        area_put(a, y, at, 1, STYLE(role), role == ROLE_GOOD ? " " : role_symbol(role), false);
        at += 2;
    }
    int room = a.columns - at - 1;
    const char *where = f.where < 0 ? NULL
                        : result_at(from, row, f.where)->type == VALUE_TEXT
                            ? result_at(from, row, f.where)->text
                            : NULL;
    if (where != NULL && room > 40) {
        area_put_right(a, y, a.columns - 13, 12, STYLE(ROLE_DIM), where);
        room -= 14;
    }
    /* Only what is critical, or is not so any more, colours the whole sentence: a screen of colours says
     * nothing. */
    enum role text = role == ROLE_CRITICAL || role == ROLE_GOOD || role == ROLE_DIM ? role : ROLE_TEXT;
    if (f.text >= 0)
        view_put(v, a, y, at, room, STYLE(text), view_cell(from, row, f.text, buf, sizeof(buf)));
    if (v->row_marks && view_is_ghost(v, i)) {
        area_restyle(a, y, 0, a.columns, STYLE(ROLE_DIM));
        area_put(a, y, 0, 1, STYLE(ROLE_DIM), "×", false);
    } else if (v->row_marks && i == v->table->row && v->focused) {
        area_highlight(a, y, STYLE(ROLE_CURSOR));
        area_put(a, y, 0, 1, STYLE(ROLE_CURSOR), "▶", false);
    }
}

void lines_draw(struct view *v, struct area a)
{
    struct table *t = v->table;
    int n = view_rows(v);
    /* Short lines with a time stand in two columns where there is room. */
    int across = result_column(v->result, "at_time") >= 0 && a.columns >= 120 && n > 1 ? 2 : 1;
    int room = a.rows * across;
    t->page_rows = room;
    if (t->row >= n)
        t->row = n - 1;
    if (t->row < t->top)
        t->top = t->row;
    if (t->row >= t->top + room)
        t->top = t->row - room + 1;
    if (t->top > n - room)
        t->top = n > room ? n - room : 0;
    int width = a.columns / across;
    for (int i = t->top; i < n && i < t->top + room; i++) {
        int slot = i - t->top;
        line_draw(v, area_part(a, 0, slot % across * width, a.rows, width), slot / across, i);
    }
    char more[32];
    if (n - t->top > room && a.rows > 0) {
        snprintf(more, sizeof(more), " +%d more ", n - t->top - room);
        area_put_right(a, a.rows - 1, 0, a.columns, STYLE(ROLE_ACCENT), more);
    }
}
