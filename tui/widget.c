/* Widgets: what they share, and which draws what. */
#include "tui/widget.h"

#include <ctype.h>
#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

#include "core/mem.h"
#include "core/text.h"
#include "core/utf8.h"

static int body_rows(const struct view *v, int columns)
{
    (void)columns;
    int n = v->result->n_rows;
    return n == 0 ? 1 : n + (v->pane->widget == WIDGET_LINES ? 0 : 1); /* a table has its headings */
}

static int chart_rows(const struct view *v, int columns)
{
    (void)v, (void)columns;
    return 7;
}

// clang-format off
static const struct widget_row {
    int (*rows)(const struct view *v, int columns);
    void (*draw)(struct view *v, struct area a);
    bool has_rows;
} widgets[N_WIDGETS] = {
    [WIDGET_TABLE]  = {body_rows,    table_draw,   true},
    [WIDGET_TREE]   = {body_rows,    table_draw,   true},
    [WIDGET_LINES]  = {body_rows,    lines_draw,   true},
    [WIDGET_TILES]  = {tiles_rows,   tiles_draw,   false},
    [WIDGET_CHART]  = {chart_rows,   chart_draw,   false},
    [WIDGET_FLOW]   = {flow_rows,    flow_draw,    false},
    [WIDGET_RECORD] = {record_rows,  record_draw,  false},
    [WIDGET_SQL]    = {sqlview_rows, sqlview_draw, false},
};
// clang-format on

int widget_rows(const struct view *v, int columns)
{
    if (v->result == NULL || v->result->n_rows == 0)
        return 1;
    return widgets[v->pane->widget].rows(v, columns);
}

void widget_draw(struct view *v, struct area a)
{
    v->table->page_rows = a.rows;
    if (a.rows <= 0 || a.columns <= 0)
        return;
    if (view_rows(v) == 0)
        area_put(a, 0, 1, -1, STYLE(ROLE_DIM), v->pane->empty, true);
    else
        widgets[v->pane->widget].draw(v, a);
}

bool widget_has_rows(enum widget w)
{
    return widgets[w].has_rows;
}

/* ---- columns ---- */

int view_find(const struct result *r, const char *name)
{
    return name == NULL ? -1 : result_column(r, name);
}

int view_columns(const struct view *v, int *out)
{
    int n = 0;
    for (int i = 0; i < v->pane->show.n; i++) {
        int column = result_column(v->result, v->pane->show.items[i]);
        if (column >= 0 && n < v->result->n_columns)
            out[n++] = column;
    }
    for (int i = 0; i < v->result->n_columns && v->pane->show.n == 0; i++) {
        const char *name = v->result->columns[i].name;
        if (!names_have(&v->pane->hide, name) && strcmp(name, "span_s") != 0)
            out[n++] = i;
    }
    return n;
}

static bool suffix_cut(char *name, const char *suffix, const char *instead)
{
    size_t len = strlen(name), cut = strlen(suffix);
    if (len <= cut || strcmp(name + len - cut, suffix) != 0)
        return false;
    snprintf(name + len - cut, cut + 1, "%s", instead);
    return true;
}

void view_heading(const struct view *v, int column, char *out, size_t size)
{
    const struct result_column *c = &v->result->columns[column];
    const char *own = pairs_find(&v->pane->headings, c->name);
    snprintf(out, size, "%s", own != NULL ? own : c->name);
    if (own != NULL)
        return;
    if (!suffix_cut(out, "_per_s", "/s") && c->unit != UNIT_NONE && !suffix_cut(out, "_ms", "") &&
        !suffix_cut(out, "_s", "") && !suffix_cut(out, "_bytes", "") && !suffix_cut(out, "_ratio", ""))
        suffix_cut(out, "_pct", "");
    for (; *out != '\0'; out++)
        if (*out == '_')
            *out = ' ';
}

/* ---- rows ---- */

int view_rows(const struct view *v)
{
    return v->result->n_rows + (v->table->ghost != NULL ? 1 : 0);
}

void view_row(const struct view *v, int i, const struct result **from, int *row)
{
    *from = v->result;
    *row = i;
    if (v->table->ghost != NULL) {
        if (i == v->table->row) {
            *from = v->table->ghost;
            *row = 0;
            return;
        }
        *row = i > v->table->row ? i - 1 : i;
    }
    if (*row < v->table->n_order)
        *row = v->table->order[*row];
}

/* Ages and names that are not there are nothing to be sorry about; other numbers are not available. */
static const char *absent(enum unit unit, bool numeric)
{
    bool quiet = !numeric || unit == UNIT_NONE || unit == UNIT_S || unit == UNIT_MS || unit == UNIT_TIME;
    return quiet ? "-" : "n/a";
}

const char *view_cell(const struct result *r, int row, int column, char *buf, size_t size)
{
    const struct value *value = result_at(r, row, column);
    if (value->type == VALUE_NULL)
        return absent(r->columns[column].unit, r->columns[column].numeric);
    if (value->type == VALUE_TEXT)
        return value->text;
    value_format(value, r->columns[column].unit, buf, size);
    return buf;
}

enum role view_role(const struct view *v, const struct result *r, int row, int column)
{
    enum role found = ROLE_TEXT;
    for (int i = 0; i < v->pane->n_marks; i++) {
        const struct mark *m = &v->pane->marks[i];
        bool here = strcmp(m->on, "row") == 0 || strcmp(m->on, r->columns[column].name) == 0;
        int tested = here && found != ROLE_CRITICAL ? result_column(r, m->column) : -1;
        if (tested >= 0 && mark_holds(m, result_at(r, row, tested), r->columns[tested].unit) &&
            (found == ROLE_TEXT || m->role == ROLE_CRITICAL))
            found = m->role;
    }
    return found;
}

/* ---- text ---- */

const char *role_symbol(enum role r)
{
    return r == ROLE_CRITICAL ? "▲" : r == ROLE_WARNING ? "●" : "○";
}

int view_put(const struct view *v, struct area a, int row, int column, int width, struct style style,
             const char *text)
{
    int used = area_put(a, row, column, width, style, text, true);
    size_t start, len;
    /* Only what is drawn is searched: a match far behind in a text of 1 MB is not seen anyway. */
    if (v->found == NULL || v->found->n == 0 || used == 0)
        return used;
    char head[2048];
    snprintf(head, sizeof(head), "%s", text);
    if (!filter_finds(v->found, head, &start, &len) || start + len >= sizeof(head))
        return used;
    head[start + len] = '\0';
    int before;
    char first = head[start];
    head[start] = '\0';
    before = utf8_columns(head);
    head[start] = first;
    int columns = utf8_columns(head + start);
    if (before + columns > used)
        columns = used - before;
    if (columns > 0)
        area_restyle(a, row, column + before, columns,
                     (struct style){.role = ROLE_MATCH, .attrs = style.attrs});
    return used;
}

void view_title(const struct view *v, const char *window, struct text *out)
{
    const char *s = v->pane->title;
    while (*s != '\0') {
        size_t len = strcspn(s, "{");
        text_add_n(out, s, len);
        s += len;
        const char *end = *s == '{' ? strchr(s, '}') : NULL;
        if (end == NULL) {
            text_add(out, s);
            return;
        }
        char name[64], buf[64];
        snprintf(name, sizeof(name), "%.*s", (int)(end - s - 1), s + 1);
        int column = v->result == NULL ? -1 : result_column(v->result, name);
        if (strcmp(name, "window") == 0)
            text_add(out, window);
        else if (column >= 0 && v->result->n_rows > 0)
            text_add(out, view_cell(v->result, 0, column, buf, sizeof(buf)));
        s = end + 1;
    }
}

void moment_text(double at_s, double now_s, char *out, size_t size)
{
    time_t at = (time_t)at_s, now = (time_t)now_s;
    struct tm a, n;
    out[0] = '\0';
    if (isnan(at_s) || localtime_r(&at, &a) == NULL || localtime_r(&now, &n) == NULL)
        return;
    bool today = a.tm_yday == n.tm_yday && a.tm_year == n.tm_year;
    strftime(out, size, today ? "%H:%M:%S" : "%Y-%m-%d %H:%M", &a);
}

void slots_fill(const double *at, const double *values, int n, double end, double span, double *out,
                int slots)
{
    double width = span / slots;
    for (int slot = 0; slot < slots; slot++)
        out[slot] = NAN;
    if (n == 0 || slots <= 0)
        return;
    int i = 0;
    for (int slot = 0; slot < slots; slot++) {
        double from = end - span + slot * width, to = from + width, sum = 0;
        int count = 0;
        while (i < n && at[i] <= from)
            i++;
        int k = i;
        for (; k < n && at[k] <= to + (slot == slots - 1 ? 1e9 : 0); k++) {
            if (isnan(values[k]))
                continue;
            sum += values[k];
            count++;
        }
        /* A slot narrower than the samples' distance takes the sample that ends beyond it. */
        if (count == 0 && k < n && k > 0 && at[k] - at[k - 1] < 60 && !isnan(values[k]))
            sum = values[k], count = 1;
        out[slot] = count > 0 ? sum / count : NAN;
    }
}
