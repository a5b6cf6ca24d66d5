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

enum { MOST_LEFT_OUT = 64 };

static bool is_bad(enum role role)
{
    return role == ROLE_CRITICAL || role == ROLE_WARNING;
}

/* Draws into A (or only measures when A is NULL) without those LEFT_OUT, which are one "…" where they stand side by side, and nothing at
 * the end; returns the rows taken. */
static int flow(const struct view *v, const struct area *a, int columns, const bool *left_out)
{
    const struct result *r = v->result;
    int text = result_column(r, "text"), level = result_column(r, "level"), row = 0, at = 1;
    if (text < 0)
        text = 0;
    int n = r->n_rows;
    while (n > 0 && n <= MOST_LEFT_OUT && left_out[n - 1])
        n--;
    for (int i = 0; i < n; i++) {
        char buf[64];
        bool out = i < MOST_LEFT_OUT && left_out[i];
        if (out && i > 0 && left_out[i - 1])
            continue;
        const char *station = out ? "…" : view_cell(r, i, text, buf, sizeof(buf));
        enum role role = out ? ROLE_DIM : station_role(r, i, level);
        bool bad = is_bad(role);
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
    const bool none[MOST_LEFT_OUT] = {false};
    return flow(v, NULL, columns, none);
}

/* The station that stays whatever there is room for: the worst, of several the one nearest to the end. */
static int worst_of(const struct result *r, int level)
{
    int worst = r->n_rows - 1;
    for (int i = 0; i < r->n_rows; i++) {
        enum role role = station_role(r, i, level);
        if (role == ROLE_CRITICAL || (role == ROLE_WARNING && station_role(r, worst, level) != ROLE_CRITICAL))
            worst = i;
    }
    return worst;
}

/* The one that is farthest from WORST, of those that are BAD or not; -1: there is none. */
static int farthest(const struct result *r, int level, int worst, bool bad, const bool *left_out)
{
    int found = -1;
    for (int i = 0; i < r->n_rows && i < MOST_LEFT_OUT; i++) {
        int far = i < worst ? worst - i : i - worst, most = found < 0 ? 0 : found < worst ? worst - found : found - worst;
        if (i != worst && !left_out[i] && far >= most && is_bad(station_role(r, i, level)) == bad)
            found = i;
    }
    return found;
}

void flow_draw(struct view *v, struct area a)
{
    bool left_out[MOST_LEFT_OUT] = {false};
    int level = result_column(v->result, "level"), worst = worst_of(v->result, level);
    while (flow(v, NULL, a.columns, left_out) > a.rows) {
        int next = farthest(v->result, level, worst, false, left_out);
        if (next < 0)
            next = farthest(v->result, level, worst, true, left_out);
        if (next < 0)
            break;
        left_out[next] = true;
    }
    flow(v, &a, a.columns, left_out);
}
