/* The dashboard's typed line: editing, and the filter prompt. */
#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "core/mem.h"
#include "core/text.h"
#include "core/utf8.h"
#include "tui/dash_state.h"

/* ---- editing ---- */

void line_start(struct dash *d, enum mode mode, const char *text)
{
    d->mode = mode;
    snprintf(d->line, sizeof(d->line), "%s", text);
    d->line_at = (int)strlen(d->line);
    d->line_chosen = mode == MODE_FILTER && text[0] != '\0';
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

bool line_edit(struct dash *d, enum command c)
{
    int at = d->line_at;
    bool erases =
        c == COMMAND_ERASE || c == COMMAND_DELETE || c == COMMAND_ERASE_WORD || c == COMMAND_ERASE_LINE;
    if (d->line_chosen && erases)
        c = COMMAND_ERASE_LINE;
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

void line_character(struct dash *d, const struct key *key)
{
    char bytes[8] = {0};
    bool typed = key->kind == KEY_CHAR && !key->control && !key->alt && utf8_width(key->code) >= 0,
         pasted = key->kind == KEY_PASTE && key->text != NULL;
    if (d->line_chosen && (typed || pasted))
        line_cut(d, 0, (int)strlen(d->line));
    if (pasted) {
        line_paste(d, key->text);
    } else if (typed) {
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
        struct choices cs = palette_choices(d);
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
    d->line_chosen = false;
    d->list_row = 0;
    d->line_error[0] = '\0';
    if (d->mode == MODE_FILTER)
        filter_try(d);
}
