/* The palette: everything that can be named, completed while it is typed. */
#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "core/mem.h"
#include "core/text.h"
#include "tui/dash_state.h"

enum { MAX_CHOICES = 300 };

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

static bool is_first_of_stack(struct dash *d, int of)
{
    for (int i = 0; i < of; i++)
        if (strcmp(dash_target_stack(d, i), dash_target_stack(d, of)) == 0 &&
            strcmp(dash_target_stack(d, i), dash_target_name(d, i)) != 0)
            return false;
    return true;
}

static void targets_add(struct dash *d, struct choices *cs)
{
    const char *name;
    for (int i = 0; (name = dash_target_name(d, i)) != NULL; i++)
        choice_add(cs, "target", name, "look at this target");
    for (int i = 0; (name = dash_target_name(d, i)) != NULL; i++)
        if (strcmp(dash_target_stack(d, i), name) != 0 && is_first_of_stack(d, i))
            choice_add(cs, "stack", dash_target_stack(d, i), "look at this stack's server");
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

/* Those on the row under the cursor, and those on the target. */
static void actions_add(struct dash *d, struct choices *cs)
{
    const struct actions *as = d->options.actions;
    const char *dataset = dash_dataset(d, NULL);
    char name[64];
    const char *product = dash_product(d, name, sizeof(name)) ? name : NULL;
    for (int i = 0; as != NULL && i < as->n; i++)
        if ((action_is_on(&as->list[i], NULL) || (dataset != NULL && action_is_on(&as->list[i], dataset))) &&
            action_serves(&as->list[i], product))
            choice_add(cs, as->list[i].name, "", as->list[i].help);
}

/* What is typed whole comes first: `target shop` is that one, though shop-app fits too. */
static void exact_first(struct choices *cs)
{
    for (int i = 1; i < cs->n; i++)
        if (strcmp(cs->items[i].text, cs->typed) == 0) {
            struct choice exact = cs->items[i];
            memmove(&cs->items[1], &cs->items[0], (size_t)i * sizeof(exact));
            cs->items[0] = exact;
            return;
        }
}

/* All that fits what is typed, in a heap array. */
struct choices palette_choices(struct dash *d)
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
    actions_add(d, &cs);
    choice_add(&cs, "export", "json", "write the pane's rows to a file");
    choice_add(&cs, "export", "csv", "write the pane's rows to a file");
    for (int i = 0; i < n_command_rows; i++)
        if (command_rows[i].group != GROUP_LINE && command_rows[i].group != GROUP_MOVE &&
            command_rows[i].command != COMMAND_PALETTE)
            choice_add(&cs, command_rows[i].name, "", command_rows[i].help);
    exact_first(&cs);
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

static bool take_set(struct dash *d, const char *name, struct err *err)
{
    struct dash_pane *p = dash_focus(d);
    for (int i = 0; p != NULL && i < p->pane->sets.n; i++) {
        if (strcmp(p->pane->sets.names[i], name) != 0)
            continue;
        p->set = i;
        p->other_rows = true;
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
    pane_set_sort(p, name,
                  p->result->columns[column].numeric && p->result->columns[column].unit != UNIT_NONE);
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
    {"page", take_page}, {"window", take_window}, {"theme", take_theme}, {"target", dash_look_at}, {"stack", dash_look_at_stack}, {"set", take_set},
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
    const struct action *a = d->options.actions == NULL ? NULL : action_find(d->options.actions, text);
    char product[64];
    if (a != NULL && a->n_on == 0 && dash_product(d, product, sizeof(product)) && !action_serves(a, product))
        return fail(err, "%s is nothing for %s", a->name, product);
    if (a != NULL) {
        action_open(d, a);
        return true;
    }
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
void palette_accept(struct dash *d)
{
    struct choices cs = palette_choices(d);
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

void palette_complete(struct dash *d)
{
    struct choices cs = palette_choices(d);
    if (cs.n > 0 && d->list_row < cs.n) {
        snprintf(d->line, sizeof(d->line), "%s", cs.items[d->list_row].text);
        d->line_at = (int)strlen(d->line);
        d->list_row = 0;
    }
    free(cs.items);
}
