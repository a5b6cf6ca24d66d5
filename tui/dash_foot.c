/* The dashboard's last line: what is typed, what was said, else the keys. */
#include <stdio.h>
#include <string.h>

#include "core/text.h"
#include "core/utf8.h"
#include "tui/dash_state.h"

/* Panes of this page for which the screen has no room. */
static void hidden_text(struct dash *d, struct text *out, bool names)
{
    const struct visit *v = dash_visit(d);
    int n = 0;
    for (int i = 0; i < v->n && !v->zoom; i++) {
        if (v->panes[i].place.rows > 0 || v->panes[i].pane->optional || pane_is_foreign(&v->panes[i]))
            continue;
        n++;
        if (names)
            text_addf(out, "%s%s", n == 1 ? "no room for: " : ", ", v->panes[i].pane->name);
    }
    if (!names && n > 0)
        text_addf(out, "+%d hidden", n);
}

static void line_draw(struct dash *d, struct area a)
{
    const char *sign = d->mode == MODE_FILTER ? "/" : ":";
    int at = 1 + area_put(a, 0, 1, 1, STYLE(ROLE_FOOT_KEY), sign, false);
    char before[LINE_MOST + 1];
    snprintf(before, sizeof(before), "%.*s", d->line_at, d->line);
    int used = area_put(a, 0, at, a.columns - at - 1, STYLE(ROLE_FOOT), d->line, true);
    a.canvas->cursor_row = a.row;
    a.canvas->cursor_column = a.column + at + utf8_columns(before);
    if (a.canvas->cursor_column >= a.column + a.columns)
        a.canvas->cursor_column = a.column + a.columns - 1;
    if (d->line_chosen)
        area_restyle(a, 0, at, used, (struct style){ROLE_FOOT, ATTR_REVERSE});
    if (d->line_error[0] != '\0')
        area_put(a, 0, at + used + 2, -1, STYLE(ROLE_WARNING), d->line_error, true);
    else if (d->mode == MODE_FILTER && d->line[0] == '\0')
        area_put(a, 0, at + 1, -1, STYLE(ROLE_DIM),
                 "text  /regex/  column:text  column>10  !not      Enter keeps  Esc leaves", true);
    else if (d->line_chosen)
        area_put(a, 0, at + used + 2, -1, STYLE(ROLE_DIM),
                 "typing replaces it  arrows edit it  Ctrl-U clears it  Esc leaves", true);
}

/* What a key of the last line does here, as it is written there. */
struct hint {
    enum command command;
    char keys[64];
    const char *word;
    int width;
};

/* The column that rows must have for C to be about them; NULL: any. */
static const char *about(enum command c)
{
    return c == COMMAND_ACK || c == COMMAND_SILENCE ? "alert_id"
           : c == COMMAND_RESEND                    ? "message_id"
           : c == COMMAND_STOP                      ? "job_id"
                                                    : NULL;
}

static bool is_about(struct dash *d, enum command c)
{
    const struct dash_pane *p = dash_focus(d);
    if (c == COMMAND_ACTIONS)
        return dash_dataset(d, NULL) != NULL;
    return about(c) == NULL || (p != NULL && p->result != NULL && result_column(p->result, about(c)) >= 0);
}

/* False if ROW has no place in the last line. */
static bool hint_of(struct dash *d, const struct command_row *row, struct hint *h)
{
    *h = (struct hint){.command = row->command, .word = row->footer};
    if (row->footer == NULL || !is_about(d, row->command))
        return false;
    command_keys(row->command, h->keys, sizeof(h->keys));
    char *blank = strchr(h->keys, ' ');
    if (blank != NULL)
        *blank = '\0';
    if (row->command == COMMAND_QUIT) { /* q on a page quits as well */
        bool above = d->n_stack > 0 || dash_visit(d)->zoom;
        snprintf(h->keys, sizeof(h->keys), "q");
        h->command = above || !dash_live(d) ? COMMAND_BACK : COMMAND_QUIT;
        h->word = above ? "back" : dash_live(d) ? row->footer : "now";
    }
    h->width = utf8_columns(h->keys) + 1 + utf8_columns(h->word);
    return true;
}

/* Whoever is lost needs these; all others give way. */
static bool hint_stays(const struct command_row *row)
{
    return row->command == COMMAND_HELP || row->command == COMMAND_QUIT;
}

static void keys_draw(struct dash *d, struct area a)
{
    struct text hidden;
    struct hint h;
    int at = 1, kept = 0;
    text_init(&hidden, 200);
    hidden_text(d, &hidden, a.columns >= 110);
    for (int i = 0; i < n_command_rows; i++)
        if (hint_stays(&command_rows[i]) && hint_of(d, &command_rows[i], &h))
            kept += h.width + 2;
    int room = a.columns - (hidden.len > 0 ? utf8_columns(text_str(&hidden)) + 3 : 1);
    if (room < kept + 24)
        room = a.columns - 1;
    for (int i = 0; i < n_command_rows; i++) {
        bool stays = hint_stays(&command_rows[i]);
        if (!hint_of(d, &command_rows[i], &h))
            continue;
        if (stays)
            kept -= h.width + 2;
        else if (at + h.width + kept > room)
            continue;
        hit_add(d, HIT_KEY, a.row, at, 1, h.width, (int)h.command);
        at += area_put(a, 0, at, -1, STYLE(ROLE_FOOT_KEY), h.keys, false) + 1;
        at += area_put(a, 0, at, -1, STYLE(ROLE_FOOT), h.word, false) + 2;
    }
    if (hidden.len > 0)
        area_put_right(a, 0, room > at ? room : at, a.columns - 1 - (room > at ? room : at), STYLE(ROLE_DIM),
                       text_str(&hidden));
    text_done(&hidden);
}

void foot_draw(struct dash *d, struct area a)
{
    area_fill(a, STYLE(ROLE_FOOT), NULL);
    if (d->mode == MODE_FILTER || d->mode == MODE_PALETTE)
        line_draw(d, a);
    else if (d->said[0] != '\0')
        area_put(a, 0, 1, -1, STYLE(d->said_role), d->said, true);
    else
        keys_draw(d, a);
}
