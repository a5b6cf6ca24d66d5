/* Widget table (and tree): columns aligned and stable, the identity frozen, only what is visible formatted.
 */
#include <math.h>
#include <stdlib.h>
#include <string.h>

#include "core/mem.h"
#include "core/text.h"
#include "core/utf8.h"
#include "tui/widget.h"

enum { MAX_COLUMNS = 100, MARKER = 2, TEXT_MOST = 28, TEXT_WIDEST = 80, BAR = 8, SHRINK_AFTER = 60, MAX_CELL = 96 };

/* Where each shown column stands. */
struct plan {
    int column[MAX_COLUMNS]; /* of the result */
    int width[MAX_COLUMNS];
    bool rate[MAX_COLUMNS];
    int n;
    int flexible; /* index of the text column that takes the rest, -1 if none */
    int gap;
    int frozen; /* leading columns that never scroll away */
    bool more_left, more_right;
};

static bool is_bar(const struct view *v, int column)
{
    return names_have(&v->pane->bars, v->result->columns[column].name);
}

/* The heading says "/s" already. */
static bool is_rate(const struct view *v, int column)
{
    char heading[64];
    view_heading(v, column, heading, sizeof(heading));
    size_t len = strlen(heading);
    return len > 2 && strcmp(heading + len - 2, "/s") == 0;
}

static const char *cell_text(const struct result *r, int row, int column, bool rate, char *buf, size_t size)
{
    const char *text = view_cell(r, row, column, buf, size);
    size_t len = rate && text == buf ? strlen(buf) : 0;
    if (len > 2 && strcmp(buf + len - 2, "/s") == 0)
        buf[len - 2] = '\0';
    return text;
}

static int cell_width(const struct view *v, const struct result *r, int row, int column, bool rate,
                      const char *branch)
{
    char buf[MAX_CELL];
    const char *text = cell_text(r, row, column, rate, buf, sizeof(buf));
    int width = (int)strnlen(text, TEXT_WIDEST + 1);
    if (width <= TEXT_WIDEST) /* longer texts are cut anyway */
        width = utf8_columns(text);
    if (branch != NULL)
        width += utf8_columns(branch);
    return is_bar(v, column) ? 6 + BAR : width;
}

static const char *branch_of(const struct view *v, int row)
{
    return row < v->table->n_order ? v->table->branches[row] : NULL;
}

/* Widths that the visible rows need, made stable: they grow at once, and shrink when a long row of results
 * needed less. */
static void widths_update(struct view *v, int first, int n)
{
    struct table *t = v->table;
    int need[MAX_COLUMNS], columns = v->result->n_columns < MAX_COLUMNS ? v->result->n_columns : MAX_COLUMNS;
    int tree = view_find(v->result, v->pane->tree);
    for (int c = 0; c < columns; c++) {
        char heading[64];
        view_heading(v, c, heading, sizeof(heading));
        need[c] = utf8_columns(heading) +
                  (v->sort != NULL && strcmp(v->sort->column, v->result->columns[c].name) == 0 ? 1 : 0);
        bool rate = is_rate(v, c);
        for (int i = first; i < first + n; i++) {
            const struct result *from;
            int row;
            view_row(v, i, &from, &row);
            const char *branch = c == tree && from == v->result ? branch_of(v, row) : NULL;
            int width = cell_width(v, from, row, c, rate, branch);
            need[c] = width > need[c] ? width : need[c];
        }
        if (need[c] > TEXT_WIDEST)
            need[c] = TEXT_WIDEST;
    }
    if (t->n_widths != columns) {
        free(t->widths);
        t->widths = mem_new_array((size_t)columns, sizeof(int));
        t->n_widths = columns;
        t->narrower = 0;
    }
    bool less = false;
    for (int c = 0; c < columns; c++) {
        less = less || need[c] < t->widths[c];
        t->widths[c] = need[c] > t->widths[c] ? need[c] : t->widths[c];
    }
    t->narrower = less ? t->narrower + 1 : 0;
    if (t->narrower < SHRINK_AFTER)
        return;
    memcpy(t->widths, need, (size_t)columns * sizeof(int));
    t->narrower = 0;
}

static int plan_width(const struct plan *p)
{
    int sum = MARKER;
    for (int i = 0; i < p->n; i++)
        sum += p->width[i] + (i > 0 ? p->gap : 0);
    return sum;
}

static void plan_remove(struct plan *p, int i)
{
    p->n--;
    memmove(&p->column[i], &p->column[i + 1], (size_t)(p->n - i) * sizeof(int));
    memmove(&p->width[i], &p->width[i + 1], (size_t)(p->n - i) * sizeof(int));
    if (p->flexible == i)
        p->flexible = -1;
    else if (p->flexible > i)
        p->flexible--;
    if (i < p->frozen)
        p->frozen--;
}

static void plan_drop(const struct view *v, struct plan *p, int room)
{
    for (int i = 0; i < v->pane->drop.n && plan_width(p) > room; i++) {
        for (int k = 0; k < p->n; k++) {
            if (strcmp(v->result->columns[p->column[k]].name, v->pane->drop.items[i]) != 0)
                continue;
            plan_remove(p, k);
            p->more_right = true;
            break;
        }
    }
}

static bool is_identity(const struct view *v, int column)
{
    const struct result_column *c = &v->result->columns[column];
    if (v->pane->key.n > 0)
        return names_have(&v->pane->key, c->name);
    return c->origin != NULL && c->origin->kind == KIND_KEY;
}

/* Columns that were cut to TEXT_MOST get what they need of the room that is LEFT, all but the last text column, which has half of it for itself.
 * Returns what is left then. */
static int widen(const struct view *v, struct plan *p, int left)
{
    int most = left / 2;
    for (int i = 0; i < p->n && most > 0; i++) {
        int more = i == p->flexible ? 0 : v->table->widths[p->column[i]] - p->width[i];
        more = more > most ? most : more;
        if (more <= 0)
            continue;
        p->width[i] += more;
        most -= more;
        left -= more;
    }
    return left;
}

static void plan_make(struct view *v, struct plan *p, int room)
{
    int all[1024];
    int n = v->result->n_columns <= 1024 ? view_columns(v, all) : 0;
    *p = (struct plan){.flexible = -1, .gap = room >= 100 ? 2 : 1};
    for (int i = 0; i < n && p->n < MAX_COLUMNS && all[i] < v->table->n_widths; i++) {
        int width = v->table->widths[all[i]];
        p->column[p->n] = all[i];
        p->width[p->n++] = width > TEXT_MOST ? TEXT_MOST : width;
    }
    while (p->frozen < p->n - 1 && (p->frozen == 0 || is_identity(v, p->column[p->frozen])) && p->frozen < 2)
        p->frozen++;
    for (int i = p->n - 1; i >= p->frozen && p->flexible < 0; i--)
        if (!v->result->columns[p->column[i]].numeric && !is_bar(v, p->column[i]))
            p->flexible = i;
    int least = room / 4 < 16 ? 16 : room / 4; /* a text cut shorter than this says nothing */
    if (p->flexible >= 0 && p->width[p->flexible] > least)
        p->width[p->flexible] = least;
    if (v->table->scroll == 0)
        plan_drop(v, p, room);
    if (v->table->scroll > p->n - p->frozen - 1)
        v->table->scroll = p->n - p->frozen - 1 > 0 ? p->n - p->frozen - 1 : 0;
    for (int i = 0; i < v->table->scroll; i++)
        plan_remove(p, p->frozen);
    p->more_left = v->table->scroll > 0;
    for (int i = 0; i < p->n; i++)
        p->rate[i] = is_rate(v, p->column[i]);
    int left = widen(v, p, room - plan_width(p));
    if (p->flexible >= 0 && left > 0)
        p->width[p->flexible] += left;
    if (left < 0)
        p->more_right = true;
    v->table->hidden_columns = p->more_left || p->more_right;
}

static void headings_draw(const struct view *v, const struct plan *p, struct area a)
{
    int at = MARKER;
    for (int i = 0; i < p->n; i++) {
        char heading[80];
        int column = p->column[i];
        bool sorted = v->sort != NULL && strcmp(v->sort->column, v->result->columns[column].name) == 0;
        struct style style = STYLE(sorted ? ROLE_COLUMN_SORT : ROLE_COLUMN);
        struct text text;
        view_heading(v, column, heading, sizeof(heading));
        text_init(&text, 100);
        text_add(&text, heading);
        if (sorted)
            text_add(&text, v->sort->descending ? "▼" : "▲");
        if (v->result->columns[column].numeric && !is_bar(v, column))
            area_put_right(a, 0, at, p->width[i], style, text_str(&text));
        else
            area_put(a, 0, at, p->width[i], style, text_str(&text), true);
        text_done(&text);
        at += p->width[i] + p->gap;
    }
    if (p->more_left)
        area_put(a, 0, 0, 1, STYLE(ROLE_ACCENT), "‹", false);
    if (p->more_right)
        area_put_right(a, 0, 0, a.columns, STYLE(ROLE_ACCENT), "›");
}

static void bar_draw(struct area a, int row, int column, const struct value *value, struct style style)
{
    char buf[MAX_CELL];
    double ratio = value_real(value);
    unit_format(buf, sizeof(buf), ratio, UNIT_RATIO);
    area_put_right(a, row, column, 6, style, buf);
    int eighths = isnan(ratio) ? 0 : (int)(fmin(fmax(ratio, 0), 1) * BAR * 8 + 0.5);
    static const char *const parts[] = {"", "▏", "▎", "▍", "▌", "▋", "▊", "▉"};
    for (int i = 0; i < eighths / 8; i++)
        area_put(a, row, column + 7 + i, 1, STYLE(ROLE_GRAPH_1), "█", false);
    if (eighths % 8 > 0 && eighths / 8 < BAR - 1)
        area_put(a, row, column + 7 + eighths / 8, 1, STYLE(ROLE_GRAPH_1), parts[eighths % 8], false);
}

static bool is_quiet(const struct value *value)
{
    return value->type == VALUE_NULL || (value->type == VALUE_INT && value->integer == 0) ||
           (value->type == VALUE_REAL && value->real == 0);
}

static void cell_draw(const struct view *v, const struct plan *p, struct area a, int y, int i, int at,
                      const struct result *from, int row)
{
    char buf[MAX_CELL];
    int column = p->column[i];
    const struct value *value = result_at(from, row, column);
    enum role role = from == v->result ? view_role(v, from, row, column) : ROLE_GONE;
    if (role == ROLE_TEXT && is_quiet(value))
        role = ROLE_DIM;
    if (is_bar(v, column)) {
        bar_draw(a, y, at, value, STYLE(role));
        return;
    }
    const char *text = cell_text(from, row, column, p->rate[i], buf, sizeof(buf));
    bool in_tree = from == v->result && view_find(from, v->pane->tree) == column;
    const char *branch = in_tree ? branch_of(v, row) : NULL;
    if (branch != NULL) {
        int used = area_put(a, y, at, p->width[i], STYLE(ROLE_BORDER), branch, true);
        view_put(v, a, y, at + used, p->width[i] - used, STYLE(role), text);
    } else if (from->columns[column].numeric) {
        area_put_right(a, y, at, p->width[i], STYLE(role), text);
    } else {
        view_put(v, a, y, at, p->width[i], STYLE(role), text);
    }
}

static void row_draw(const struct view *v, const struct plan *p, struct area a, int y, int i)
{
    const struct result *from;
    struct text identity;
    int row, at = MARKER;
    view_row(v, i, &from, &row);
    for (int k = 0; k < p->n && at < a.columns; k++) {
        cell_draw(v, p, a, y, k, at, from, row);
        at += p->width[k] + p->gap;
    }
    if (!v->row_marks)
        return;
    bool under = i == v->table->row;
    if (v->table->n_tags > 0) {
        text_init(&identity, 64000);
        view_identity(v, from, row, &identity);
        if (view_tagged(v, text_str(&identity))) {
            area_restyle(a, y, 0, a.columns, STYLE(ROLE_TAGGED));
            area_put(a, y, 0, 1, STYLE(ROLE_TAGGED), "+", false);
        }
        text_done(&identity);
    }
    if (view_is_ghost(v, i)) {
        area_restyle(a, y, 0, a.columns, STYLE(ROLE_DIM));
        area_put(a, y, 0, 1, STYLE(ROLE_DIM), "×", false);
        return;
    }
    if (under && v->focused)
        area_highlight(a, y, STYLE(ROLE_CURSOR));
    if (under && (v->focused || v->table->cursor != NULL))
        area_put(a, y, 0, 1, STYLE(v->focused ? ROLE_CURSOR : ROLE_DIM), "▶", false);
}

void table_draw(struct view *v, struct area a)
{
    struct table *t = v->table;
    struct plan plan;
    int rows = a.rows - 1, n = view_rows(v);
    if (rows <= 0)
        return;
    t->page_rows = rows;
    if (t->row >= n)
        t->row = n - 1;
    if (t->row < t->top)
        t->top = t->row;
    if (t->row >= t->top + rows)
        t->top = t->row - rows + 1;
    if (t->top > n - rows)
        t->top = n > rows ? n - rows : 0;
    int shown = n - t->top < rows ? n - t->top : rows;
    widths_update(v, t->top, shown);
    plan_make(v, &plan, a.columns - 1);
    headings_draw(v, &plan, a);
    for (int i = 0; i < shown; i++)
        row_draw(v, &plan, a, i + 1, t->top + i);
}
