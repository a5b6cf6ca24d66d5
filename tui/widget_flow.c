/* Widget flow: stations in a row with arrows between: where requests queue. Columns: text, level. */
#include <string.h>

#include "core/utf8.h"
#include "tui/widget.h"

static enum role station_role(const struct result *r, int row, int level)
{
    const struct value *value = level < 0 ? NULL : result_at(r, row, level);
    int role = value == NULL || value->type != VALUE_TEXT ? -1 : role_parse(value->text);
    return role < 0 ? ROLE_TEXT : (enum role)role;
}

/* Draws into A (or only measures when A is NULL); returns the rows taken. */
static int flow(const struct view *v, const struct area *a, int columns)
{
    const struct result *r = v->result;
    int text = result_column(r, "text"), level = result_column(r, "level"), row = 0, at = 1;
    if (text < 0)
        text = 0;
    for (int i = 0; i < r->n_rows; i++) {
        char buf[64];
        const char *station = view_cell(r, i, text, buf, sizeof(buf));
        enum role role = station_role(r, i, level);
        bool bad = role == ROLE_CRITICAL || role == ROLE_WARNING;
        int width = utf8_columns(station) + (bad ? 2 : 0), arrow = i > 0 ? 3 : 0;
        if (at + arrow + width > columns && at > 1) {
            row++;
            at = 1;
            arrow = 2;
        }
        if (a != NULL && arrow > 0)
            area_put(*a, row, at, arrow, STYLE(ROLE_DIM), arrow == 3 ? " → " : "→ ", false);
        at += arrow;
        if (a != NULL) {
            int used = area_put(*a, row, at, columns - at, STYLE(role), station, true);
            if (bad)
                area_put(*a, row, at + used + 1, 1, STYLE(role), role_symbol(role), false);
        }
        at += width;
    }
    return row + 1;
}

int flow_rows(const struct view *v, int columns)
{
    return flow(v, NULL, columns);
}

void flow_draw(struct view *v, struct area a)
{
    flow(v, &a, a.columns);
}
