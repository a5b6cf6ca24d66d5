/* The dashboard's lists: what the palette completes to, and the columns to sort by. */
#include <stdlib.h>
#include <string.h>

#include "tui/dash_state.h"

enum { LIST_ROWS = 14 };

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

struct area box_draw(struct area a, int rows, int columns, const char *title)
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

/* Columns that SELECTs of panes make of several others, by the names that they have there. */
// clang-format off
static const struct { const char *name, *help; } made[] = {
    {"load_s_per_s", "sessions at work on average: seconds of work per second"},
    {"waits_for",    "what it waits for: class:event"},
    {"blocked_by",   "pids of those that hold what it waits for"},
    {"blocks_n",     "how many sessions wait behind it"},
    {"share_ratio",  "part of the time of all statements"},
};
// clang-format on

/* What a column is: in the words of the dataset that it comes from, or of one that the pane reads and that has a column of this name. */
static const char *column_help(const struct dash_pane *p, const struct result_column *c)
{
    if (c->origin != NULL)
        return c->origin->help;
    /* From the last one: what only helps, in a WITH, comes first. */
    for (int i = p->n_datasets - 1; i >= 0; i--) {
        const struct dataset *d = registry_find(p->dash->options.registry, p->datasets[i]);
        int column = d == NULL ? -1 : dataset_column(d, c->name);
        if (column >= 0)
            return d->columns[column].help;
    }
    for (size_t i = 0; i < sizeof(made) / sizeof(made[0]); i++)
        if (strcmp(made[i].name, c->name) == 0)
            return made[i].help;
    return "computed by this pane";
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
    int most = a.rows - 2 < LIST_ROWS ? a.rows - 2 : LIST_ROWS,
        columns = a.columns - 4 < 100 ? a.columns - 4 : 100;
    if (most < 1)
        return;
    if (d->mode == MODE_PALETTE) {
        struct choices cs = palette_choices(d);
        int rows = cs.n < most ? cs.n : most;
        list_scroll(d, most);
        struct area box = box_draw(a, rows < 1 ? 1 : rows, columns, " commands · Enter runs, Tab completes ");
        for (int i = 0; i < rows && d->list_top + i < cs.n; i++)
            choice_draw(d, box, i, d->list_top + i, cs.items[d->list_top + i].text,
                        cs.items[d->list_top + i].help);
        if (cs.n == 0)
            area_put(box, 0, 1, -1, STYLE(ROLE_DIALOG), "nothing fits; Enter tries it as typed", true);
        free(cs.items);
        return;
    }
    int shown[1024], n = p == NULL || p->result == NULL ? 0 : sort_columns(p, shown);
    int rows = n < most ? n : most;
    list_scroll(d, most);
    if (n == 0)
        return;
    struct view v = pane_view(p);
    struct area box =
        box_draw(a, rows < 1 ? 1 : rows, columns, " sort by · Enter takes it, r the other way round ");
    for (int i = 0; i < rows && d->list_top + i < n; i++) {
        char heading[80];
        view_heading(&v, shown[d->list_top + i], heading, sizeof(heading));
        choice_draw(d, box, i, d->list_top + i, heading, column_help(p, &p->result->columns[shown[d->list_top + i]]));
    }
}
