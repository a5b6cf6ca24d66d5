/* The dialog of an action and the menu of all actions on a row, as boxes over the page. */
#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "core/mem.h"
#include "core/text.h"
#include "core/utf8.h"
#include "tui/dash_state.h"
#include "tui/sqltext.h"

enum { WIDEST = 110 };

static const struct style plain = {ROLE_DIALOG, 0}, bold = {ROLE_DIALOG, ATTR_BOLD},
                          bad = {ROLE_WARNING, ATTR_BOLD};

/* Warnings are written in capitals by those who know what they are about. */
static bool is_loud(const char *line)
{
    return strncmp(line, "THIS IS", 7) == 0 || strncmp(line, "THIS BUILDS", 11) == 0 ||
           strncmp(line, "EVERYONE", 8) == 0;
}

/* BRIEF, where there are several rows: a line each, whatever it says. */
static void says_add(struct lines *l, const char *says, bool brief)
{
    while (says != NULL && *says != '\0') {
        size_t len = strcspn(says, "\n");
        if (is_loud(says))
            lines_wrap(l, bad, says, len);
        else if (brief)
            lines_cut(l, plain, says, len);
        else
            lines_wrap(l, plain, says, len);
        says += len + (says[len] == '\n');
    }
}

static void refusal_add(struct lines *l, const struct offer *o, const struct proposal *p)
{
    const struct action *instead =
        p->cure.instead == NULL ? NULL : action_find(o->dash->options.actions, p->cure.instead);
    lines_add(l, bad, p->cure.why_not);
    if (p->result != NULL)
        says_add(l, p->cure.says, false);
    if (instead != NULL) {
        char key[2] = {instead->key, '\0'};
        lines_addf(l, bold, "%s offers to: %s", key, instead->title);
    }
}

/* The exact SQL; a name that has lines makes none here. What it is done to stands with it where there are
 * several. True if it has control characters. */
static bool statement_add(struct lines *l, const struct cure *c, bool several)
{
    char then[100];
    bool odd = lines_sql(l, bold, c->statement);
    if (c->then_statement != NULL && c->wait_s != NULL) {
        snprintf(then, sizeof(then), "and, if that has had no effect %.20s s later:", c->wait_s);
        lines_add(l, plain, then);
        odd = lines_sql(l, bold, c->then_statement) || odd;
    }
    if (several)
        says_add(l, c->says, true);
    return odd;
}

static void left_out_add(struct lines *l, const struct offer *o)
{
    const struct {
        int n;
        const char *why;
    } rows[] = {{o->not_held, "not among those shown now"},
                {o->elsewhere, "of another target"},
                {o->n_tagged - o->not_held - o->elsewhere - o->n, "too many for one dialog"}};
    char line[100];
    for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]) && o->n_tagged > 0; i++) {
        snprintf(line, sizeof(line), "left out: %d tagged row%s, %s", rows[i].n, rows[i].n == 1 ? "" : "s",
                 rows[i].why);
        if (rows[i].n > 0)
            lines_add(l, bad, line);
    }
}

/* It stands first: whatever the screen cuts, not that. */
static void body_add(struct lines *l, const struct offer *o)
{
    const struct proposal *first;
    int n = offer_possible(o, &first);
    if (n == 0 && o->n == 1) {
        refusal_add(l, o, first);
        return;
    }
    bool odd = false;
    for (int i = 0; i < o->n; i++)
        if (o->list[i].cure.why_not == NULL)
            odd = statement_add(l, &o->list[i].cure, o->n > 1) || odd;
    if (odd)
        lines_add(l, bad,
                  "a name has a line break or a tab, shown as " SQL_LINE_BREAK
                  " and the like: what runs has it as it is");
    for (int i = 0; i < o->n; i++)
        if (o->list[i].cure.why_not != NULL)
            lines_addf(l, bad, "not %s: %s",
                       o->list[i].cure.label != NULL ? o->list[i].cure.label : "one row",
                       o->list[i].cure.why_not);
    left_out_add(l, o);
    if (n == 1 && o->n == 1)
        says_add(l, first->cure.says, false);
    if (n > 0) {
        lines_addf(l, plain, "then: %s",
                   first->cure.effect != NULL && n == 1 ? first->cure.effect : o->action->help, NULL);
        lines_addf(l, plain, "risk: %s", o->action->risk, NULL);
    }
}

static void prompt_text(const struct offer *o, char *out, size_t size)
{
    const struct proposal *first;
    char word[300];
    if (o->dash->line_error[0] != '\0')
        snprintf(out, size, "%.200s", o->dash->line_error);
    else if (o->answered < o->n)
        snprintf(out, size, o->n > 1 ? "one moment: looking at %d of %d" : "one moment: looking at it",
                 o->answered + 1, o->n);
    else if (offer_possible(o, &first) == 0)
        snprintf(out, size, "any key leaves it");
    else {
        offer_word(o, word, sizeof(word));
        if (strcmp(word, "y") == 0)
            snprintf(out, size, "y does it   any other key leaves it");
        else
            snprintf(out, size, "type %.200s and Enter   Esc leaves it", word);
    }
}

/* The line that is typed, with its cursor. */
static void typed_draw(struct dash *d, struct area box, int row, const char *before)
{
    char left[LINE_MOST + 1];
    int at = 1 + area_put(box, row, 1, box.columns - 2, plain, before, true) + 1;
    area_put(box, row, at, box.columns - at - 1, bold, d->line, true);
    snprintf(left, sizeof(left), "%.*s", d->line_at, d->line);
    int column = at + utf8_columns(left);
    box.canvas->cursor_row = box.row + row;
    box.canvas->cursor_column = box.column + (column < box.columns ? column : box.columns - 1);
}

static void title_text(const struct offer *o, char *out, size_t size)
{
    const struct proposal *first;
    int n = o->n == 0 ? 0 : offer_possible(o, &first);
    bool prod = dash_is_prod(o->dash, o->target);
    const char *label = o->n == 1 && first->cure.label != NULL ? first->cure.label : "";
    if (o->n > 1)
        snprintf(out, size, " %s: %d of %d rows · %s%s ", o->action->title, n, o->n, o->target,
                 prod ? " · PROD" : "");
    else
        snprintf(out, size, " %s%s%s · %s%s ", o->action->title, label[0] != '\0' ? ": " : "", label,
                 o->target, prod ? " · PROD" : "");
}

static void dialog_draw(struct dash *d, struct area a)
{
    struct offer *o = d->offer;
    bool types = o->action->asks != NULL && o->typed == NULL;
    char prompt[500], title[400], word[300] = "y";
    const struct proposal *first;
    int columns = a.columns - 4 < WIDEST ? a.columns - 4 : WIDEST;
    struct lines *l = lines_new(columns - 2);
    if (types)
        lines_add(l, plain, o->action->help);
    else if (offer_ready(o))
        body_add(l, o);
    title_text(o, title, sizeof(title));
    prompt_text(o, prompt, sizeof(prompt));
    if (!types && offer_ready(o) && offer_possible(o, &first) > 0)
        offer_word(o, word, sizeof(word));
    int room = a.rows - 3 < l->n ? a.rows - 3 : l->n, beside = columns - 24 - utf8_columns(prompt);
    struct area box = box_draw(a, room + 1, columns, title);
    o->lines = l->n;
    o->room = room;
    for (int i = 0; i < room && o->top + i < l->n; i++)
        area_put(box, i, 1, l->columns, l->list[o->top + i].style, l->list[o->top + i].text, true);
    if (types)
        typed_draw(d, box, box.rows - 1, o->action->asks);
    else if (strcmp(word, "y") != 0)
        typed_draw(d, box, box.rows - 1, prompt);
    else
        area_put(box, box.rows - 1, 1, room < l->n && beside <= 0 ? box.columns - 15 : -1,
                 d->line_error[0] != '\0' ? bad : bold, prompt, true);
    if (room < l->n && !types) /* what is typed needs the room */
        area_put_right(box, box.rows - 1, beside > 0 ? box.columns - 24 : box.columns - 13,
                       beside > 0 ? 23 : 12, plain, beside > 0 ? "more: Up Down PgDn" : "  Down: more");
    if (!types && offer_ready(o) && isnan(o->shown_s))
        o->shown_s = d->host.now(d->host.ctx);
    lines_free(l);
}

/* ---- The menu ---- */

static void menu_draw(struct dash *d, struct area a)
{
    struct offer *o = d->offer;
    int columns = a.columns - 4 < WIDEST ? a.columns - 4 : WIDEST;
    int most = (a.rows - 2) / 2, n = o->n < most ? o->n : most;
    if (n < 1)
        return;
    if (o->chosen < o->top)
        o->top = o->chosen;
    if (o->chosen >= o->top + n)
        o->top = o->chosen - n + 1;
    const char *label = o->list[0].cure.label;
    char title[200];
    snprintf(title, sizeof(title), " %.100s · a key or Enter offers it, Esc leaves ",
             label == NULL ? "actions" : label);
    struct area box = box_draw(a, 2 * n, columns, title);
    for (int i = 0; i < n; i++) {
        const struct proposal *p = &o->list[o->top + i];
        char key[2] = {p->action->key == '\0' ? ' ' : p->action->key, '\0'};
        const char *sql = p->action->asks != NULL ? p->action->help : p->cure.statement;
        bool no = p->cure.why_not != NULL;
        struct text visible;
        text_init(&visible, 16000);
        if (p->action->asks != NULL)
            text_addf(&visible, "asks for %s: ", p->action->asks);
        sql_visible(sql == NULL ? "..." : sql, &visible);
        area_put(box, 2 * i, 1, 1, bold, key, false);
        area_put(box, 2 * i, 3, -1, bold, p->action->title, true);
        area_put(box, 2 * i + 1, 3, box.columns - 4, no ? (struct style){ROLE_WARNING, 0} : plain,
                 no ? p->cure.why_not : text_str(&visible), true);
        text_done(&visible);
        if (o->top + i == o->chosen)
            area_restyle(box, 2 * i, 0, box.columns, STYLE(ROLE_CURSOR));
    }
}

void offer_draw(struct dash *d, struct area a)
{
    if (a.rows < 4)
        return;
    if (d->offer->action == NULL)
        menu_draw(d, a);
    else
        dialog_draw(d, a);
}
