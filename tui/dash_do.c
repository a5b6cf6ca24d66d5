/* The dashboard obeys: what each command does. Everything is on the screen with the next drawing; results follow. */
#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "core/text.h"
#include "tui/dash_state.h"

static const char *const windows[] = {"last", "1m", "5m", "15m", "1h", "reset", "start"};
static const double refreshes[] = {0.5, 1, 2, 5, 10, 30, 60};

#define COUNT(array) (sizeof(array) / sizeof((array)[0]))

/* ---- order ---- */

void pane_set_sort(struct dash_pane *p, const char *column, bool descending)
{
    snprintf(p->sort_column, sizeof(p->sort_column), "%s", column);
    p->sort_descending = descending;
    p->limit = FIRST_LIMIT;
    p->table.top = 0;
    pane_stale(p);
}

/* Numbers start with the largest, texts with A. */
static bool natural_descending(const struct result_column *c)
{
    return c->numeric && c->unit != UNIT_NONE;
}

static void sort_step(struct dash_pane *p, int step)
{
    struct pane_sort sort;
    int columns[1024], n, at = -1;
    if (p->result == NULL || p->result->n_columns > 1024)
        return;
    struct view v = pane_view(p);
    n = view_columns(&v, columns);
    pane_sort_of(p, &sort);
    for (int i = 0; i < n && sort.column != NULL; i++)
        if (strcmp(p->result->columns[columns[i]].name, sort.column) == 0)
            at = i;
    at += step;
    if (n == 0 || at < 0 || at >= n)
        return;
    const struct result_column *c = &p->result->columns[columns[at]];
    pane_set_sort(p, c->name, natural_descending(c));
}

static void sort_reverse(struct dash_pane *p)
{
    if (p->sort_column[0] != '\0')
        p->sort_descending = !p->sort_descending;
    else
        p->reversed = !p->reversed;
    p->limit = FIRST_LIMIT;
    pane_stale(p);
}

/* ---- time ---- */

void dash_set_window(struct dash *d, const char *window)
{
    snprintf(d->window, sizeof(d->window), "%s", window);
    pane_stale_all(d);
}

static void window_next(struct dash *d)
{
    size_t i = 0;
    while (i < COUNT(windows) && strcmp(windows[i], d->window) != 0)
        i++;
    dash_set_window(d, windows[i >= COUNT(windows) - 1 ? 0 : i + 1]);
}

static void to_now(struct dash *d)
{
    d->at_s = NAN;
    d->paused = false;
    pane_stale_all(d);
}

static void pause_toggle(struct dash *d)
{
    if (!dash_live(d)) {
        to_now(d);
        return;
    }
    d->at_s = d->host.now(d->host.ctx);
    d->paused = true;
    /* What is asked from now on is asked for this moment; what is on the screen is of it already. */
    for (int i = 0; i < dash_visit(d)->n; i++)
        dash_visit(d)->panes[i].stale = dash_visit(d)->panes[i].result == NULL;
}

static void time_step(struct dash *d, int direction)
{
    struct dash_pane *p = dash_focus(d);
    const char *dataset = p != NULL && p->n_datasets > 0 ? p->datasets[0] : "sessions";
    if (d->host.step == NULL)
        return;
    bool newest = dash_live(d) || d->paused;
    double from = dash_live(d) ? d->host.now(d->host.ctx) : d->at_s;
    /* From now, the sample before the newest: that one is what is shown. */
    double to = d->host.step(d->host.ctx, dataset, newest && direction < 0 ? from + 0.001 : from, direction);
    if (newest && direction < 0 && !isnan(to)) {
        double before = d->host.step(d->host.ctx, dataset, to, direction);
        to = isnan(before) ? to : before;
    }
    if (isnan(to) && direction > 0) {
        to_now(d);
        return;
    }
    if (isnan(to)) {
        dash_say(d, ROLE_WARNING, "no older sample is kept");
        return;
    }
    d->at_s = to;
    d->paused = false;
    pane_stale_all(d);
}

static void refresh_step(struct dash *d, int step)
{
    int i = 0, n = (int)COUNT(refreshes);
    while (i < n - 1 && refreshes[i] < d->refresh_s * 0.999)
        i++;
    i += step;
    d->refresh_s = refreshes[i < 0 ? 0 : i >= n ? n - 1 : i];
    if (d->host.refresh != NULL)
        d->host.refresh(d->host.ctx, d->refresh_s);
}

/* ---- moving ---- */

static void focus_step(struct dash *d, int step)
{
    struct visit *v = dash_visit(d);
    for (int i = 0; i < v->n; i++) {
        v->focus = (v->focus + step + v->n) % v->n;
        if (v->panes[v->focus].place.rows > 0 || v->zoom)
            break;
    }
}

static void rows_move(struct dash_pane *p, enum command c)
{
    struct view v = pane_view(p);
    struct table *t = &p->table;
    int n = view_rows(&v), page = t->page_rows > 1 ? t->page_rows - 1 : 1;
    int to = c == COMMAND_UP          ? t->row - 1
             : c == COMMAND_DOWN      ? t->row + 1
             : c == COMMAND_PAGE_UP   ? t->row - page
             : c == COMMAND_PAGE_DOWN ? t->row + page
             : c == COMMAND_HOME      ? 0
                                      : n - 1;
    view_move(&v, to);
}

static void text_move(struct dash_pane *p, enum command c)
{
    struct table *t = &p->table;
    int page = t->page_rows > 1 ? t->page_rows - 1 : 1;
    int to = c == COMMAND_UP          ? t->scroll - 1
             : c == COMMAND_DOWN      ? t->scroll + 1
             : c == COMMAND_PAGE_UP   ? t->scroll - page
             : c == COMMAND_PAGE_DOWN ? t->scroll + page
             : c == COMMAND_HOME      ? 0
                                      : 1000000;
    t->scroll = to < 0 ? 0 : to;
}

static void move(struct dash_pane *p, enum command c)
{
    if (p->result == NULL)
        return;
    if (c == COMMAND_LEFT || c == COMMAND_RIGHT) {
        if (c == COMMAND_LEFT && p->table.scroll > 0)
            p->table.scroll--;
        else if (c == COMMAND_RIGHT && (p->table.hidden_columns || p->table.scroll > 0))
            p->table.scroll++;
        return;
    }
    if (widget_has_rows(p->pane->widget))
        rows_move(p, c);
    else
        text_move(p, c);
    /* What was moved to the end of what is held is followed by more. */
    if (p->result->more && p->table.row >= p->result->n_rows - 1 && p->limit < MOST_LIMIT && !p->stale) {
        p->limit *= 4;
        pane_stale(p);
    }
}

/* ---- rows ---- */

static void detail(struct dash *d, struct dash_pane *p)
{
    const struct result *from;
    int row;
    if (p->result == NULL || !widget_has_rows(p->pane->widget))
        return;
    struct view v = pane_view(p);
    if (view_rows(&v) == 0)
        return;
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
    if (page->detail) {
        dash_open_detail(d, page, from, row);
        return;
    }
    for (int i = 0; i < d->options.pages->n_pages; i++)
        if (d->options.pages->pages[i] == page)
            dash_open_page(d, i);
}

static void tag(struct dash_pane *p)
{
    const struct result *from;
    struct text identity;
    int row;
    if (p->result == NULL || !widget_has_rows(p->pane->widget))
        return;
    struct view v = pane_view(p);
    if (view_rows(&v) == 0)
        return;
    view_row(&v, p->table.row, &from, &row);
    text_init(&identity, 64000);
    view_identity(&v, from, row, &identity);
    view_tag(&v, text_str(&identity));
    text_done(&identity);
    view_move(&v, p->table.row + 1);
}

static void untag(struct dash_pane *p)
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
        if (filter_finds(f, value->type == VALUE_TEXT ? value->text : view_cell(from, row, c, buf, sizeof(buf)), &start, &len))
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
            text_add_n(&line, t->pieces[t->lines[i].first + k].start, (size_t)t->pieces[t->lines[i].first + k].len);
        bool found = filter_finds(&p->filter, text_str(&line), &start, &len);
        text_done(&line);
        if (found) {
            p->table.scroll = i;
            return;
        }
    }
}

static void match_step(struct dash *d, struct dash_pane *p, int step)
{
    if (p->filter.n == 0) {
        dash_say(d, ROLE_DIM, "nothing to look for: / asks for it");
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
        int to = ((p->table.row + step * i) % n + n) % n;
        if (!row_matches(&v, to, &p->filter))
            continue;
        view_move(&v, to);
        return;
    }
}

static void set_next(struct dash *d, struct dash_pane *p)
{
    if (p->pane->sets.n == 0) {
        dash_say(d, ROLE_DIM, "this pane has one set of rows only");
        return;
    }
    p->set = (p->set + 1) % p->pane->sets.n;
    p->limit = FIRST_LIMIT;
    p->table.top = 0;
    pane_stale(p);
}

static void back(struct dash *d, const struct key *key)
{
    struct visit *v = dash_visit(d);
    struct dash_pane *p = dash_focus(d);
    bool escape = key != NULL && key->kind == KEY_NAMED;
    if (v->zoom) {
        v->zoom = false;
    } else if (escape && p != NULL && p->filter_text != NULL) {
        pane_set_filter(p, "", NULL);
    } else if (dash_back(d) || escape) {
        return;
    } else if (d->host.quit != NULL) {
        d->host.quit(d->host.ctx);
    }
}

static void page_key(struct dash *d, const struct key *key)
{
    const struct page *page = key == NULL || key->kind != KEY_CHAR ? NULL : page_of_key(d->options.pages, (char)key->code);
    for (int i = 0; i < d->options.pages->n_pages && page != NULL; i++) {
        if (d->options.pages->pages[i] == page) {
            dash_open_page(d, i);
            return;
        }
    }
    line_start(d, MODE_PALETTE, "page ");
}

static void mouse_toggle(struct dash *d)
{
    d->mouse = !d->mouse;
    if (d->host.mouse != NULL)
        d->host.mouse(d->host.ctx, d->mouse);
    dash_say(d, ROLE_TEXT, d->mouse ? "mouse on" : "mouse off: the terminal selects text again");
}

/* Commands that need a pane. */
static void pane_do(struct dash *d, struct dash_pane *p, enum command c)
{
    bool rows = widget_has_rows(p->pane->widget);
    if (c == COMMAND_DETAIL)
        detail(d, p);
    else if (c == COMMAND_FILTER)
        line_start(d, MODE_FILTER, p->filter_text == NULL ? "" : p->filter_text);
    else if (c == COMMAND_NEXT_MATCH || c == COMMAND_PREVIOUS_MATCH)
        match_step(d, p, c == COMMAND_NEXT_MATCH ? 1 : -1);
    else if (c == COMMAND_SORT && rows && p->result != NULL)
        line_start(d, MODE_SORT, "");
    else if ((c == COMMAND_SORT_LEFT || c == COMMAND_SORT_RIGHT) && rows)
        sort_step(p, c == COMMAND_SORT_RIGHT ? 1 : -1);
    else if (c == COMMAND_REVERSE && rows)
        sort_reverse(p);
    else if (c == COMMAND_SET)
        set_next(d, p);
    else if (c == COMMAND_TAG)
        tag(p);
    else if (c == COMMAND_UNTAG)
        untag(p);
    else
        move(p, c);
}

static void focus_next(struct dash *d)
{
    focus_step(d, 1);
}

static void focus_previous(struct dash *d)
{
    focus_step(d, -1);
}

static void zoom(struct dash *d)
{
    dash_visit(d)->zoom = !dash_visit(d)->zoom;
}

static void step_back(struct dash *d)
{
    time_step(d, -1);
}

static void step_forward(struct dash *d)
{
    time_step(d, 1);
}

static void slower(struct dash *d)
{
    refresh_step(d, 1);
}

static void faster(struct dash *d)
{
    refresh_step(d, -1);
}

static void palette(struct dash *d)
{
    line_start(d, MODE_PALETTE, "");
}

static void export_json(struct dash *d)
{
    dash_export(d, "json");
}

static void redraw(struct dash *d)
{
    if (d->host.redraw != NULL)
        d->host.redraw(d->host.ctx);
}

static void quit(struct dash *d)
{
    if (d->host.quit != NULL)
        d->host.quit(d->host.ctx);
}

/* Commands that are about the whole dashboard; all others are about the pane that has the focus. */
// clang-format off
static const struct { enum command command; void (*fn)(struct dash *d); } actions[] = {
    {COMMAND_NEXT_PANE, focus_next}, {COMMAND_PREVIOUS_PANE, focus_previous}, {COMMAND_ZOOM, zoom}, {COMMAND_WINDOW, window_next},
    {COMMAND_PAUSE, pause_toggle}, {COMMAND_STEP_BACK, step_back}, {COMMAND_STEP_FORWARD, step_forward}, {COMMAND_NOW, to_now},
    {COMMAND_SLOWER, slower}, {COMMAND_FASTER, faster}, {COMMAND_PALETTE, palette}, {COMMAND_HELP, help_open},
    {COMMAND_MOUSE, mouse_toggle}, {COMMAND_COPY, dash_copy}, {COMMAND_EXPORT, export_json}, {COMMAND_EXPLAIN, dash_explain},
    {COMMAND_REDRAW, redraw}, {COMMAND_QUIT, quit},
};
// clang-format on

void dash_do(struct dash *d, enum command c, const struct key *key)
{
    struct dash_pane *p = dash_focus(d);
    d->dirty = true;
    if (c == COMMAND_BACK)
        back(d, key);
    else if (c == COMMAND_PAGE)
        page_key(d, key);
    for (size_t i = 0; i < COUNT(actions); i++) {
        if (actions[i].command != c)
            continue;
        actions[i].fn(d);
        return;
    }
    if (c != COMMAND_BACK && c != COMMAND_PAGE && p != NULL)
        pane_do(d, p, c);
}

static unsigned where(const struct dash *d)
{
    switch (d->mode) {
    case MODE_FILTER:
    case MODE_PALETTE:
        return WHERE_EDIT;
    case MODE_SORT:
        return WHERE_LIST;
    case MODE_HELP:
    case MODE_TEXT:
        return WHERE_HELP;
    case MODE_PAGE:
        break;
    }
    return dash_live(d) ? WHERE_LIVE : WHERE_PAST;
}

void dash_key(struct dash *d, const struct key *key)
{
    enum command c = key_command(key, where(d));
    d->dirty = true;
    if (key->kind == KEY_RESIZE)
        return;
    d->said[0] = '\0';
    if (key->kind == KEY_MOUSE)
        mouse_key(d, key);
    else if (c == COMMAND_REDRAW || c == COMMAND_QUIT)
        dash_do(d, c, key);
    else if (d->mode == MODE_FILTER || d->mode == MODE_PALETTE)
        line_key(d, key);
    else if (d->mode == MODE_SORT)
        list_key(d, c);
    else if (d->mode == MODE_HELP || d->mode == MODE_TEXT)
        overlay_key(d, c);
    else if (c != COMMAND_NONE)
        dash_do(d, c, key);
}
