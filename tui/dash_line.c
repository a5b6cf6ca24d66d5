/* The dashboard's typed line: editing, the filter prompt, the palette with its completions, and the list to sort by. */
#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "core/mem.h"
#include "core/text.h"
#include "core/utf8.h"
#include "tui/dash_state.h"

enum { MAX_CHOICES = 300, LIST_ROWS = 14 };

/* ---- editing ---- */

void line_start(struct dash *d, enum mode mode, const char *text)
{
    d->mode = mode;
    snprintf(d->line, sizeof(d->line), "%s", text);
    d->line_at = (int)strlen(d->line);
    d->line_error[0] = '\0';
    d->list_row = d->list_top = 0;
    d->dirty = true;
}

static void line_insert(struct dash *d, const char *text)
{
    size_t len = strlen(d->line), n = strlen(text);
    if (len + n > LINE_MOST)
        return;
    memmove(d->line + d->line_at + n, d->line + d->line_at, len - (size_t)d->line_at + 1);
    memcpy(d->line + d->line_at, text, n);
    d->line_at += (int)n;
}

/* A paste is text, never keys: its first line is taken, without control characters. */
static void line_paste(struct dash *d, const char *text)
{
    struct text clean;
    char *end;
    text_init(&clean, LINE_MOST);
    utf8_clean(&clean, text, true);
    char *copy = text_take(&clean);
    if (copy != NULL && (end = strchr(copy, '\n')) != NULL)
        *end = '\0';
    if (copy != NULL)
        line_insert(d, copy);
    free(copy);
}

static int step_left(const char *s, int at)
{
    if (at > 0)
        at--;
    while (at > 0 && ((unsigned char)s[at] & 0xC0) == 0x80)
        at--;
    return at;
}

static int step_right(const char *s, int at)
{
    if (s[at] != '\0')
        at++;
    while (((unsigned char)s[at] & 0xC0) == 0x80)
        at++;
    return at;
}

static void line_cut(struct dash *d, int from, int to)
{
    memmove(d->line + from, d->line + to, strlen(d->line + to) + 1);
    d->line_at = from;
}

static int word_left(const char *s, int at)
{
    while (at > 0 && s[at - 1] == ' ')
        at--;
    while (at > 0 && s[at - 1] != ' ')
        at--;
    return at;
}

/* True if C was about the line itself. */
static bool line_edit(struct dash *d, enum command c)
{
    int at = d->line_at;
    if (c == COMMAND_LEFT)
        d->line_at = step_left(d->line, at);
    else if (c == COMMAND_RIGHT)
        d->line_at = step_right(d->line, at);
    else if (c == COMMAND_HOME)
        d->line_at = 0;
    else if (c == COMMAND_END)
        d->line_at = (int)strlen(d->line);
    else if (c == COMMAND_ERASE)
        line_cut(d, step_left(d->line, at), at);
    else if (c == COMMAND_DELETE)
        line_cut(d, at, step_right(d->line, at));
    else if (c == COMMAND_ERASE_WORD)
        line_cut(d, word_left(d->line, at), at);
    else if (c == COMMAND_ERASE_LINE)
        line_cut(d, 0, (int)strlen(d->line));
    else
        return false;
    return true;
}

/* ---- the palette ---- */

struct choice {
    char text[120]; /* as typed */
    const char *help;
};
struct choices {
    struct choice *items;
    int n;
    const char *typed;
};

/* Every word that is typed is somewhere in TEXT. */
static bool fits(const char *text, const char *typed)
{
    char word[64];
    while (*(typed += strspn(typed, " ")) != '\0') {
        size_t len = strcspn(typed, " ");
        snprintf(word, sizeof(word), "%.*s", (int)len, typed);
        if (strcasestr(text, word) == NULL)
            return false;
        typed += len;
    }
    return true;
}

static void choice_add(struct choices *cs, const char *verb, const char *name, const char *help)
{
    char text[120];
    snprintf(text, sizeof(text), "%s%s%s", verb, name[0] != '\0' ? " " : "", name);
    if (cs->n == MAX_CHOICES || !fits(text, cs->typed))
        return;
    memcpy(cs->items[cs->n].text, text, sizeof(text));
    cs->items[cs->n++].help = help;
}

static void targets_add(struct dash *d, struct choices *cs)
{
    struct dash_pane *p = dash_pane_named(d, "head");
    int name = p == NULL || p->result == NULL ? -1 : result_column(p->result, "name");
    for (int i = 0; name >= 0 && i < p->result->n_rows; i++) {
        const struct value *value = result_at(p->result, i, name);
        if (value->type == VALUE_TEXT)
            choice_add(cs, "target", value->text, "look at this target");
    }
}

static void pane_choices_add(struct dash *d, struct choices *cs)
{
    struct dash_pane *p = dash_focus(d);
    int columns[1024], n = 0;
    if (p == NULL || p->result == NULL || p->result->n_columns > 1024 || !widget_has_rows(p->pane->widget))
        return;
    struct view v = pane_view(p);
    for (int i = 0; i < p->pane->sets.n; i++)
        choice_add(cs, "set", p->pane->sets.names[i], "only these rows");
    n = view_columns(&v, columns);
    for (int i = 0; i < n; i++)
        choice_add(cs, "sort", p->result->columns[columns[i]].name, "sort by this column");
}

/* All that fits what is typed, in a heap array. */
static struct choices choices_of(struct dash *d)
{
    static const char *const windows[] = {"last", "1m", "5m", "15m", "1h", "reset", "start"};
    struct choices cs = {.items = mem_new_array(MAX_CHOICES, sizeof(struct choice)), .typed = d->line};
    const struct pages *pages = d->options.pages;
    for (int i = 0; i < pages->n_pages; i++)
        if (!pages->pages[i]->detail)
            choice_add(&cs, "page", pages->pages[i]->name, pages->pages[i]->help);
    for (size_t i = 0; i < sizeof(windows) / sizeof(windows[0]); i++)
        choice_add(&cs, "window", windows[i], "what rates are computed over");
    for (int i = 0; i < d->options.n_themes; i++)
        choice_add(&cs, "theme", d->options.themes[i], "colours");
    targets_add(d, &cs);
    pane_choices_add(d, &cs);
    choice_add(&cs, "export", "json", "write the pane's rows to a file");
    choice_add(&cs, "export", "csv", "write the pane's rows to a file");
    for (int i = 0; i < n_command_rows; i++)
        if (command_rows[i].group != GROUP_LINE && command_rows[i].group != GROUP_MOVE && command_rows[i].command != COMMAND_PALETTE)
            choice_add(&cs, command_rows[i].name, "", command_rows[i].help);
    return cs;
}

static bool take_page(struct dash *d, const char *name, struct err *err)
{
    for (int i = 0; i < d->options.pages->n_pages; i++) {
        const struct page *page = d->options.pages->pages[i];
        if (strcmp(page->name, name) == 0 && !page->detail) {
            dash_open_page(d, i);
            return true;
        }
    }
    return fail(err, "there is no page \"%.60s\"", name);
}

static bool take_window(struct dash *d, const char *name, struct err *err)
{
    struct window_spec spec;
    if (!window_spec_parse(name, &spec, err))
        return false;
    dash_set_window(d, name);
    return true;
}

static bool take_theme(struct dash *d, const char *name, struct err *err)
{
    if (d->host.theme == NULL)
        return fail(err, "themes cannot be changed here");
    return d->host.theme(d->host.ctx, name, err);
}

static bool take_target(struct dash *d, const char *name, struct err *err)
{
    if (name[0] == '\0')
        return fail(err, "which target?");
    free(d->target);
    d->target = mem_dup(name);
    while (dash_back(d))
        ;
    d->newest_s = NAN;
    pane_stale_all(d);
    return true;
}

static bool take_set(struct dash *d, const char *name, struct err *err)
{
    struct dash_pane *p = dash_focus(d);
    for (int i = 0; p != NULL && i < p->pane->sets.n; i++) {
        if (strcmp(p->pane->sets.names[i], name) != 0)
            continue;
        p->set = i;
        pane_stale(p);
        return true;
    }
    return fail(err, "there is no set \"%.60s\" here", name);
}

static bool take_sort(struct dash *d, const char *name, struct err *err)
{
    struct dash_pane *p = dash_focus(d);
    int column = p == NULL || p->result == NULL ? -1 : result_column(p->result, name);
    if (column < 0)
        return fail(err, "there is no column \"%.60s\" here", name);
    pane_set_sort(p, name, p->result->columns[column].numeric && p->result->columns[column].unit != UNIT_NONE);
    return true;
}

static bool take_filter(struct dash *d, const char *text, struct err *err)
{
    struct dash_pane *p = dash_focus(d);
    return p == NULL || pane_set_filter(p, text, err);
}

static bool take_export(struct dash *d, const char *format, struct err *err)
{
    if (strcmp(format, "json") != 0 && strcmp(format, "csv") != 0)
        return fail(err, "export json or export csv");
    dash_export(d, format);
    return true;
}

// clang-format off
static const struct { const char *verb; bool (*fn)(struct dash *d, const char *rest, struct err *err); } verbs[] = {
    {"page", take_page}, {"window", take_window}, {"theme", take_theme}, {"target", take_target}, {"set", take_set},
    {"sort", take_sort}, {"filter", take_filter}, {"export", take_export},
};
// clang-format on

/* Runs what was typed or chosen; the mode is that of a page already. */
static bool palette_run(struct dash *d, const char *text, struct err *err)
{
    text += strspn(text, " :");
    size_t len = strcspn(text, " ");
    const char *rest = text + len + strspn(text + len, " ");
    for (size_t i = 0; i < sizeof(verbs) / sizeof(verbs[0]) && *rest != '\0'; i++)
        if (strlen(verbs[i].verb) == len && strncmp(verbs[i].verb, text, len) == 0)
            return verbs[i].fn(d, rest, err);
    if (strcmp(text, "q") == 0)
        text = "quit";
    for (int i = 0; i < n_command_rows; i++) {
        if (strcmp(command_rows[i].name, text) == 0) {
            dash_do(d, command_rows[i].command, NULL);
            return true;
        }
    }
    return *text == '\0' || fail(err, "there is no command \"%.60s\"", text);
}

/* The row that is chosen, when what is typed is not a whole command by itself. */
static void palette_accept(struct dash *d)
{
    struct choices cs = choices_of(d);
    char text[LINE_MOST + 1];
    struct err err = {""};
    bool chosen = cs.n > 0 && d->list_row < cs.n;
    snprintf(text, sizeof(text), "%s", chosen ? cs.items[d->list_row].text : d->line);
    /* With arguments of one's own ("window 90s", "filter ...") nothing in the list fits. */
    free(cs.items);
    enum mode before = d->mode;
    d->mode = MODE_PAGE;
    if (d->line[0] != '\0' || chosen) {
        if (palette_run(d, text, &err))
            return;
        d->mode = before;
        snprintf(d->line_error, sizeof(d->line_error), "%.290s", err.text);
    }
}

static void palette_complete(struct dash *d)
{
    struct choices cs = choices_of(d);
    if (cs.n > 0 && d->list_row < cs.n) {
        snprintf(d->line, sizeof(d->line), "%s", cs.items[d->list_row].text);
        d->line_at = (int)strlen(d->line);
        d->list_row = 0;
    }
    free(cs.items);
}

/* ---- the filter ---- */

static void filter_accept(struct dash *d)
{
    struct err err = {""};
    struct dash_pane *p = dash_focus(d);
    if (p != NULL && !pane_set_filter(p, d->line, &err)) {
        snprintf(d->line_error, sizeof(d->line_error), "%.290s", err.text);
        return;
    }
    d->mode = MODE_PAGE;
}

/* While it is typed it is tried, so that what is wrong is told at once. */
static void filter_try(struct dash *d)
{
    struct filter filter;
    struct err err = {""};
    d->line_error[0] = '\0';
    if (filter_parse(d->line, &filter, &err))
        filter_done(&filter);
    else
        snprintf(d->line_error, sizeof(d->line_error), "%.290s", err.text);
}

static void line_character(struct dash *d, const struct key *key)
{
    char bytes[8] = {0};
    if (key->kind == KEY_PASTE && key->text != NULL) {
        line_paste(d, key->text);
    } else if (key->kind == KEY_CHAR && !key->control && !key->alt && utf8_width(key->code) >= 0) {
        utf8_encode(key->code, bytes);
        line_insert(d, bytes);
    }
}

void line_key(struct dash *d, const struct key *key)
{
    enum command c = key_command(key, WHERE_EDIT);
    if (c == COMMAND_CANCEL) {
        d->mode = MODE_PAGE;
        return;
    }
    if (c == COMMAND_ACCEPT) {
        if (d->mode == MODE_FILTER)
            filter_accept(d);
        else
            palette_accept(d);
        return;
    }
    if (c == COMMAND_UP || c == COMMAND_DOWN) {
        struct choices cs = choices_of(d);
        d->list_row += c == COMMAND_UP ? -1 : 1;
        d->list_row = d->list_row < 0 || cs.n == 0 ? 0 : d->list_row >= cs.n ? cs.n - 1 : d->list_row;
        free(cs.items);
        return;
    }
    if (c == COMMAND_COMPLETE) {
        if (d->mode == MODE_PALETTE)
            palette_complete(d);
        return;
    }
    if (c == COMMAND_ERASE && d->line[0] == '\0') {
        d->mode = MODE_PAGE;
        return;
    }
    if (!line_edit(d, c))
        line_character(d, key);
    d->list_row = 0;
    d->line_error[0] = '\0';
    if (d->mode == MODE_FILTER)
        filter_try(d);
}

/* ---- lists ---- */

/* Columns to sort by, in the order of the screen. */
static int sort_columns(struct dash_pane *p, int *out)
{
    struct view v = pane_view(p);
    return p->result->n_columns > 1024 ? 0 : view_columns(&v, out);
}

void list_key(struct dash *d, enum command c)
{
    struct dash_pane *p = dash_focus(d);
    int columns[1024], n = p == NULL || p->result == NULL ? 0 : sort_columns(p, columns);
    int to = c == COMMAND_UP          ? d->list_row - 1
             : c == COMMAND_DOWN      ? d->list_row + 1
             : c == COMMAND_PAGE_UP   ? d->list_row - 10
             : c == COMMAND_PAGE_DOWN ? d->list_row + 10
             : c == COMMAND_HOME      ? 0
             : c == COMMAND_END       ? n - 1
                                      : d->list_row;
    d->list_row = to >= n ? n - 1 : to;
    d->list_row = d->list_row < 0 ? 0 : d->list_row;
    if (c == COMMAND_ACCEPT && n > 0) {
        const struct result_column *column = &p->result->columns[columns[d->list_row]];
        pane_set_sort(p, column->name, column->numeric && column->unit != UNIT_NONE);
        d->mode = MODE_PAGE;
    } else if (c == COMMAND_REVERSE && n > 0) {
        const struct result_column *column = &p->result->columns[columns[d->list_row]];
        pane_set_sort(p, column->name, !(column->numeric && column->unit != UNIT_NONE));
        d->mode = MODE_PAGE;
    } else if (c == COMMAND_CANCEL || c == COMMAND_BACK) {
        d->mode = MODE_PAGE;
    }
}

static struct area box_draw(struct area a, int rows, int columns, const char *title)
{
    struct area box = area_part(a, a.rows - rows - 2 > 0 ? a.rows - rows - 2 : 0, 1, rows + 2, columns + 2);
    area_fill(box, STYLE(ROLE_DIALOG), NULL);
    for (int x = 0; x < box.columns; x++) {
        bool corner = x == 0 || x == box.columns - 1;
        area_put(box, 0, x, 1, STYLE(ROLE_DIALOG), corner ? (x == 0 ? "┌" : "┐") : "─", false);
        area_put(box, box.rows - 1, x, 1, STYLE(ROLE_DIALOG), corner ? (x == 0 ? "└" : "┘") : "─", false);
    }
    for (int y = 1; y < box.rows - 1; y++) {
        area_put(box, y, 0, 1, STYLE(ROLE_DIALOG), "│", false);
        area_put(box, y, box.columns - 1, 1, STYLE(ROLE_DIALOG), "│", false);
    }
    area_put(box, 0, 2, box.columns - 4, (struct style){ROLE_DIALOG, ATTR_BOLD}, title, true);
    return area_part(box, 1, 1, box.rows - 2, box.columns - 2);
}

static void choice_draw(struct dash *d, struct area a, int row, int i, const char *text, const char *help)
{
    area_put(a, row, 1, 32, STYLE(ROLE_DIALOG), text, true);
    if (a.columns > 40)
        area_put(a, row, 34, a.columns - 35, STYLE(ROLE_DIALOG), help == NULL ? "" : help, true);
    if (i == d->list_row)
        area_restyle(a, row, 0, a.columns, STYLE(ROLE_CURSOR));
}

static void list_scroll(struct dash *d, int rows)
{
    if (d->list_row < d->list_top)
        d->list_top = d->list_row;
    if (d->list_row >= d->list_top + rows)
        d->list_top = d->list_row - rows + 1;
}

void list_draw(struct dash *d, struct area a)
{
    struct dash_pane *p = dash_focus(d);
    int most = a.rows - 2 < LIST_ROWS ? a.rows - 2 : LIST_ROWS, columns = a.columns - 4 < 100 ? a.columns - 4 : 100;
    if (most < 1)
        return;
    if (d->mode == MODE_PALETTE) {
        struct choices cs = choices_of(d);
        int rows = cs.n < most ? cs.n : most;
        list_scroll(d, most);
        struct area box = box_draw(a, rows < 1 ? 1 : rows, columns, " commands · Enter runs, Tab completes ");
        for (int i = 0; i < rows && d->list_top + i < cs.n; i++)
            choice_draw(d, box, i, d->list_top + i, cs.items[d->list_top + i].text, cs.items[d->list_top + i].help);
        if (cs.n == 0)
            area_put(box, 0, 1, -1, STYLE(ROLE_DIALOG), "nothing fits; Enter tries it as typed", true);
        free(cs.items);
        return;
    }
    int shown[1024], n = p == NULL || p->result == NULL ? 0 : sort_columns(p, shown);
    int rows = n < most ? n : most;
    list_scroll(d, most);
    struct area box = box_draw(a, rows < 1 ? 1 : rows, columns, " sort by · Enter takes it, r the other way round ");
    for (int i = 0; i < rows && d->list_top + i < n; i++) {
        const struct result_column *c = &p->result->columns[shown[d->list_top + i]];
        choice_draw(d, box, i, d->list_top + i, c->name, c->origin == NULL ? "" : c->origin->help);
    }
}
