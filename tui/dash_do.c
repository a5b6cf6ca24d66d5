/* The dashboard obeys: what each command does. Everything is on the screen with the next drawing; results
 * follow. */
#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "core/text.h"
#include "tui/dash_state.h"

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

void pane_more(struct dash_pane *p, enum command then)
{
    p->limit = MOST_LIMIT;
    p->then = then;
    pane_stale(p);
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

void pane_then(struct dash_pane *p)
{
    enum command c = p->then;
    if (c == COMMAND_NONE || (p->result->more && p->result->n_rows < MOST_LIMIT))
        return;
    p->then = COMMAND_NONE;
    if (c == COMMAND_END)
        rows_move(p, c);
    else
        pane_step_match(p, c == COMMAND_NEXT_MATCH ? 1 : -1);
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
    p->then = COMMAND_NONE;
    if (widget_has_rows(p->pane->widget))
        rows_move(p, c);
    else
        text_move(p, c);
    if (c == COMMAND_HOME)
        p->limit = FIRST_LIMIT; /* those further down are asked for when they are wanted again */
    else if (c == COMMAND_END && p->result->more && p->limit < MOST_LIMIT)
        pane_more(p, c);
    /* What was moved to the end of what is held is followed by more. */
    if (p->result->more && p->table.row >= p->result->n_rows - 1 && p->limit < MOST_LIMIT && !p->stale) {
        p->limit *= 4;
        pane_stale(p);
    }
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
    } else if (dash_back(d)) {
        return;
    } else if (!dash_live(d)) {
        dash_to_now(d);
    } else if (!escape) {
        dash_leave(d);
    }
}

static void page_key(struct dash *d, const struct key *key)
{
    const struct page *page =
        key == NULL || key->kind != KEY_CHAR ? NULL : page_of_key(d->options.pages, (char)key->code);
    for (int i = 0; i < d->options.pages->n_pages && page != NULL; i++) {
        if (d->options.pages->pages[i] == page) {
            dash_open_page(d, i);
            return;
        }
    }
    line_start(d, MODE_PALETTE, "page ");
}

static void findings_open(struct dash *d)
{
    for (int i = 0; i < d->options.pages->n_pages; i++)
        if (strcmp(d->options.pages->pages[i]->name, "findings") == 0)
            dash_open_page(d, i);
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
        pane_open_row(p);
    else if (c == COMMAND_FILTER)
        line_start(d, MODE_FILTER, p->filter_text == NULL ? "" : p->filter_text);
    else if (c == COMMAND_NEXT_MATCH || c == COMMAND_PREVIOUS_MATCH)
        pane_step_match(p, c == COMMAND_NEXT_MATCH ? 1 : -1);
    else if (c == COMMAND_SORT && rows && p->result != NULL)
        line_start(d, MODE_SORT, "");
    else if ((c == COMMAND_SORT_LEFT || c == COMMAND_SORT_RIGHT) && rows)
        sort_step(p, c == COMMAND_SORT_RIGHT ? 1 : -1);
    else if (c == COMMAND_REVERSE && rows)
        sort_reverse(p);
    else if (c == COMMAND_SET)
        pane_next_set(p);
    else if (c == COMMAND_TAG)
        pane_tag(p);
    else if (c == COMMAND_UNTAG)
        pane_untag(p);
    else if (c == COMMAND_ACK || c == COMMAND_SILENCE || c == COMMAND_RESEND)
        form_open(d, p, c);
    else if (c == COMMAND_STOP)
        job_stop(d, p);
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
    dash_step(d, -1);
}

static void step_forward(struct dash *d)
{
    dash_step(d, 1);
}

static void slower(struct dash *d)
{
    dash_step_refresh(d, 1);
}

static void faster(struct dash *d)
{
    dash_step_refresh(d, -1);
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

/* Commands that are about the whole dashboard; all others are about the pane that has the focus. */
// clang-format off
static const struct { enum command command; void (*fn)(struct dash *d); } actions[] = {
    {COMMAND_FINDINGS, findings_open}, {COMMAND_TARGET, dash_next_target}, {COMMAND_STACK, dash_next_stack}, {COMMAND_NEXT_PANE, focus_next}, {COMMAND_PREVIOUS_PANE, focus_previous}, {COMMAND_ZOOM, zoom}, {COMMAND_WINDOW, dash_next_window},
    {COMMAND_PAUSE, dash_pause}, {COMMAND_STEP_BACK, step_back}, {COMMAND_STEP_FORWARD, step_forward}, {COMMAND_NOW, dash_to_now},
    {COMMAND_SLOWER, slower}, {COMMAND_FASTER, faster}, {COMMAND_PALETTE, palette}, {COMMAND_HELP, help_open},
    {COMMAND_MOUSE, mouse_toggle}, {COMMAND_COPY, dash_copy}, {COMMAND_EXPORT, export_json}, {COMMAND_EXPLAIN, dash_explain},
    {COMMAND_REDRAW, redraw}, {COMMAND_QUIT, dash_leave},
    {COMMAND_ACTIONS, action_menu},
};
// clang-format on

/* Those that do something with the row under the cursor. */
static bool acts_on_row(enum command c)
{
    return c == COMMAND_DETAIL || c == COMMAND_TAG || c == COMMAND_ACK || c == COMMAND_SILENCE ||
           c == COMMAND_COPY || c == COMMAND_EXPLAIN || c == COMMAND_STOP || c == COMMAND_ACTIONS;
}

void dash_do(struct dash *d, enum command c, const struct key *key)
{
    struct dash_pane *p = dash_focus(d);
    d->dirty = true;
    if (p != NULL && p->result != NULL && widget_has_rows(p->pane->widget) && acts_on_row(c)) {
        struct view v = pane_view(p);
        view_pin(&v); /* newer rows may have come since the person looked */
    }
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
    case MODE_FORM:
    case MODE_OFFER:
    case MODE_QUESTION:
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
    const struct action *a = d->mode == MODE_PAGE ? dash_action(d, key) : NULL;
    d->dirty = true;
    if (key->kind == KEY_RESIZE)
        return;
    d->said[0] = '\0';
    d->looks_for_target = false;
    if (key->kind == KEY_MOUSE && (d->mode == MODE_OFFER || d->mode == MODE_QUESTION))
        return; /* what stands below a dialog takes no clicks */
    if (key->kind == KEY_MOUSE)
        mouse_key(d, key);
    else if (a != NULL)
        action_open(d, a);
    else if (c == COMMAND_REDRAW || (c == COMMAND_QUIT && d->mode != MODE_QUESTION))
        dash_do(d, c, key);
    else if (d->mode == MODE_OFFER)
        offer_key(d, key);
    else if (d->mode == MODE_QUESTION)
        question_key(d, key);
    else if (d->mode == MODE_FILTER || d->mode == MODE_PALETTE)
        line_key(d, key);
    else if (d->mode == MODE_FORM)
        form_key(d, key);
    else if (d->mode == MODE_SORT)
        list_key(d, c);
    else if (d->mode == MODE_HELP || d->mode == MODE_TEXT)
        overlay_key(d, c);
    else if (c != COMMAND_NONE)
        dash_do(d, c, key);
    else if (dash_action_elsewhere(d, key) != NULL)
        action_open(d, dash_action_elsewhere(d, key)); /* says which rows it is for */
}
