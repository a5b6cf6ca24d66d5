/* The dashboard's help, made from the tables of commands and keys, the page's own words and the columns'
 * help; and other texts over a page. */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "core/mem.h"
#include "core/text.h"
#include "core/utf8.h"
#include "tui/dash_state.h"

static void columns_help(struct dash *d, struct text *out)
{
    struct dash_pane *p = dash_focus(d);
    int columns[1024], n = 0;
    if (p == NULL || p->result == NULL || p->result->n_columns > 1024)
        return;
    struct view v = pane_view(p);
    n = view_columns(&v, columns);
    text_addf(out, "\ncolumns of %s\n", p->pane->name);
    for (int i = 0; i < n; i++) {
        const struct result_column *c = &p->result->columns[columns[i]];
        const char *unit = unit_name(c->unit);
        text_addf(out, "  %-22s %s%s%s%s\n", c->name,
                  c->origin == NULL ? "computed from others" : c->origin->help, unit[0] != '\0' ? " [" : "",
                  unit, unit[0] != '\0' ? "]" : "");
    }
}

/* What can be done to the row under the cursor. */
static void actions_help(struct dash *d, struct text *out)
{
    const char *dataset = dash_dataset(d, NULL);
    const struct actions *as = d->options.actions;
    char name[64];
    const char *product = dash_product(d, name, sizeof(name)) ? name : NULL;
    if (dataset == NULL)
        return;
    text_addf(out, "\nrows of %s: a dialog with the exact SQL asks first\n", dataset);
    for (int i = 0; i < as->n; i++)
        if (action_is_on(&as->list[i], dataset) && action_serves(&as->list[i], product))
            text_addf(out, "  %c %-14s %s\n", as->list[i].key == '\0' ? ' ' : as->list[i].key, as->list[i].name, as->list[i].help);
}

void help_open(struct dash *d)
{
    struct text out;
    const struct visit *v = dash_visit(d);
    text_init(&out, 100000);
    text_addf(&out, "%s: %s\n", v->page->title, v->page->help);
    for (int g = 0; g < N_GROUPS; g++) {
        text_addf(&out, "\n%s\n", group_title((enum command_group)g));
        for (int i = 0; i < n_command_rows; i++) {
            char keys[64];
            if (command_rows[i].group != (enum command_group)g)
                continue;
            command_keys(command_rows[i].command, keys, sizeof(keys));
            text_addf(&out, "  %-16s %s\n", keys, command_rows[i].help);
        }
    }
    actions_help(d, &out);
    columns_help(d, &out);
    text_add(&out, "\npages\n");
    for (int i = 0; i < d->options.pages->n_pages; i++) {
        const struct page *page = d->options.pages->pages[i];
        if (!page->detail)
            text_addf(&out, "  %c %-14s %s\n", page->key == 0 ? ' ' : page->key, page->name, page->help);
    }
    dash_text(d, "help", text_str(&out));
    d->mode = MODE_HELP;
    text_done(&out);
}

/* Lines of TEXT when cut at WIDTH: *LINE is line number N, its length in *LEN. Returns how many there are. */
static int line_of(const char *text, int n, const char **line, int *len)
{
    int count = 0;
    while (*text != '\0') {
        const char *end = strchr(text, '\n');
        int bytes = end == NULL ? (int)strlen(text) : (int)(end - text);
        if (count == n) {
            *line = text;
            *len = bytes;
        }
        count++;
        text += bytes + (end != NULL);
    }
    return count;
}

void overlay_draw(struct dash *d, struct area a)
{
    const char *line = "";
    int len = 0, head = a.rows > 3 ? 1 : 0, n = line_of(d->overlay, -1, &line, &len),
        room = a.rows - head - (a.rows > 3 ? 1 : 0);
    char more[100];
    area_fill(a, STYLE(ROLE_TEXT), NULL);
    if (d->overlay_top > n - room)
        d->overlay_top = n > room ? n - room : 0;
    if (head > 0) {
        area_fill(area_part(a, 0, 0, 1, a.columns), STYLE(ROLE_BORDER), "─");
        area_put(a, 0, 2, -1, (struct style){ROLE_TITLE, ATTR_BOLD}, d->overlay_title, true);
    }
    for (int i = 0; i < room && d->overlay_top + i < n; i++) {
        line_of(d->overlay, d->overlay_top + i, &line, &len);
        char *copy = mem_new((size_t)len + 1);
        memcpy(copy, line, (size_t)len);
        area_put(a, head + i, 1, a.columns - 2, STYLE(len > 0 && copy[0] != ' ' ? ROLE_TITLE : ROLE_TEXT),
                 copy, true);
        free(copy);
    }
    if (a.rows <= 3)
        return;
    area_fill(area_part(a, a.rows - 1, 0, 1, a.columns), STYLE(ROLE_FOOT), NULL);
    snprintf(more, sizeof(more), "q back   %d to %d of %d lines", n == 0 ? 0 : d->overlay_top + 1,
             d->overlay_top + room < n ? d->overlay_top + room : n, n);
    area_put(a, a.rows - 1, 1, -1, STYLE(ROLE_FOOT), more, true);
}

void overlay_key(struct dash *d, enum command c)
{
    int page = d->rows > 4 ? d->rows - 4 : 1;
    if (c == COMMAND_BACK || c == COMMAND_HELP) {
        d->mode = MODE_PAGE;
        return;
    }
    d->overlay_top += c == COMMAND_UP          ? -1
                      : c == COMMAND_DOWN      ? 1
                      : c == COMMAND_PAGE_UP   ? -page
                      : c == COMMAND_PAGE_DOWN ? page
                      : c == COMMAND_HOME      ? -1000000
                      : c == COMMAND_END       ? 1000000
                                               : 0;
    if (d->overlay_top < 0)
        d->overlay_top = 0;
}
