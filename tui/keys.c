/* Keys and commands: two tables, one row a command and one row a key. */
#include "tui/keys.h"

#include <stdio.h>
#include <string.h>

#include "core/text.h"

// clang-format off
const struct command_row command_rows[] = {
    {COMMAND_UP,             "up",        "move the cursor up", NULL, GROUP_MOVE},
    {COMMAND_DOWN,           "down",      "move the cursor down", NULL, GROUP_MOVE},
    {COMMAND_LEFT,           "left",      "show columns further left", NULL, GROUP_MOVE},
    {COMMAND_RIGHT,          "right",     "show columns further right; identity columns stay", NULL, GROUP_MOVE},
    {COMMAND_PAGE_UP,        "page-up",   "a screenful up", NULL, GROUP_MOVE},
    {COMMAND_PAGE_DOWN,      "page-down", "a screenful down", NULL, GROUP_MOVE},
    {COMMAND_HOME,           "home",      "the first row", NULL, GROUP_MOVE},
    {COMMAND_END,            "end",       "the last row", NULL, GROUP_MOVE},
    {COMMAND_DETAIL,         "detail",    "all that is known about the row under the cursor", "detail", GROUP_MOVE},
    {COMMAND_BACK,           "back",      "back, and from the past to now; Esc drops a filter, q on a page quits", NULL, GROUP_MOVE},
    {COMMAND_PAGE,           "page",      "the page of that digit; 0 lists all pages", NULL, GROUP_MOVE},
    {COMMAND_FINDINGS,       "findings",  "what is worth doing: the page findings", NULL, GROUP_MOVE},
    {COMMAND_TARGET,         "next-target", "the next target of the stack, of all where it stands alone; :target NAME looks at one", NULL, GROUP_MOVE},
    {COMMAND_STACK,          "next-stack", "the next stack; page fleet has all, :stack NAME looks at one", NULL, GROUP_MOVE},
    {COMMAND_NEXT_PANE,      "next-pane", "the next pane", NULL, GROUP_MOVE},
    {COMMAND_PREVIOUS_PANE,  "previous-pane", "the pane before", NULL, GROUP_MOVE},
    {COMMAND_ZOOM,           "zoom",      "this pane alone, and back", NULL, GROUP_MOVE},
    {COMMAND_ACK,            "ack",       "acknowledge the alert, or take that back: it counts no more, until it is ok or for a time", "acknowledge", GROUP_ROWS},
    {COMMAND_SILENCE,        "silence",   "tell nobody of the alert for a time, or end that", "silence", GROUP_ROWS},
    {COMMAND_RESEND,         "resend",    "send a message again that its receiver refused: a dead one of the deliveries", "send again", GROUP_ROWS},
    {COMMAND_ACTIONS,        "actions",   "what can be done about the row, each with its SQL, or why it cannot", "actions", GROUP_ROWS},
    {COMMAND_STOP,           "stop-job",  "cancel the job under the cursor, on page cures", "cancel", GROUP_ROWS},
    {COMMAND_FILTER,         "filter",    "only rows with: text, /regex/, column:text, \"its heading\">10, !not; several are and", "filter", GROUP_ROWS},
    {COMMAND_NEXT_MATCH,     "next-match", "the next row or line that the last filter finds", NULL, GROUP_ROWS},
    {COMMAND_PREVIOUS_MATCH, "previous-match", "the one before", NULL, GROUP_ROWS},
    {COMMAND_SORT,           "sort",      "choose the column to sort by", "sort", GROUP_ROWS},
    {COMMAND_SORT_LEFT,      "sort-left", "sort by the column to the left", NULL, GROUP_ROWS},
    {COMMAND_SORT_RIGHT,     "sort-right", "sort by the column to the right", NULL, GROUP_ROWS},
    {COMMAND_REVERSE,        "reverse",   "reverse the order", NULL, GROUP_ROWS},
    {COMMAND_SET,            "set",       "the next set of rows, such as all, active, waiting", NULL, GROUP_ROWS},
    {COMMAND_TAG,            "tag",       "tag the row, or take its tag away", "tag", GROUP_ROWS},
    {COMMAND_UNTAG,          "untag",     "take all tags away", NULL, GROUP_ROWS},
    {COMMAND_COPY,           "copy",      "copy the row's text (query, definition) to the clipboard", NULL, GROUP_ROWS},
    {COMMAND_EXPORT,         "export",    "write all rows of the pane to a file, as JSON; :export csv as CSV", NULL, GROUP_ROWS},
    {COMMAND_EXPLAIN,        "explain",   "the plan of the row's query", NULL, GROUP_ROWS},
    {COMMAND_WINDOW,         "window",    "the next window that rates are computed over", "window", GROUP_TIME},
    {COMMAND_PAUSE,          "pause",     "hold still, and go on", "pause", GROUP_TIME},
    {COMMAND_STEP_BACK,      "step-back", "one sample into the past", NULL, GROUP_TIME},
    {COMMAND_STEP_FORWARD,   "step-forward", "one sample towards now", NULL, GROUP_TIME},
    {COMMAND_NOW,            "now",       "back to now", NULL, GROUP_TIME},
    {COMMAND_SLOWER,         "slower",    "refresh less often", NULL, GROUP_TIME},
    {COMMAND_FASTER,         "faster",    "refresh more often", NULL, GROUP_TIME},
    {COMMAND_PALETTE,        "palette",   "commands by name: pages, themes, windows, targets", "commands", GROUP_PROGRAM},
    {COMMAND_HELP,           "help",      "this help", "help", GROUP_PROGRAM},
    {COMMAND_MOUSE,          "mouse",     "mouse on or off (off: the terminal selects text)", NULL, GROUP_PROGRAM},
    {COMMAND_REDRAW,         "redraw",    "draw everything again", NULL, GROUP_PROGRAM},
    {COMMAND_QUIT,           "quit",      "leave", "quit", GROUP_PROGRAM},
    {COMMAND_ACCEPT,         "accept",    "take what is typed or chosen", NULL, GROUP_LINE},
    {COMMAND_CANCEL,         "cancel",    "leave it as it was", NULL, GROUP_LINE},
    {COMMAND_COMPLETE,       "complete",  "complete what is typed", NULL, GROUP_LINE},
    {COMMAND_ERASE,          "erase",     "erase the character before the cursor", NULL, GROUP_LINE},
    {COMMAND_DELETE,         "delete",    "erase the character under the cursor", NULL, GROUP_LINE},
    {COMMAND_ERASE_WORD,     "erase-word", "erase the word before the cursor", NULL, GROUP_LINE},
    {COMMAND_ERASE_LINE,     "erase-line", "erase the line", NULL, GROUP_LINE},
};

#define CHAR(c)    KEY_CHAR, (c), false
#define CONTROL(c) KEY_CHAR, (c), true
#define NAMED(n)   KEY_NAMED, NAMED_##n, false
#define SCROLLED   (WHERE_PAGE | WHERE_LIST | WHERE_HELP)

const struct key_row key_rows[] = {
    {NAMED(UP),        SCROLLED | WHERE_EDIT, COMMAND_UP},
    {CHAR('k'),        SCROLLED,   COMMAND_UP},
    {NAMED(DOWN),      SCROLLED | WHERE_EDIT, COMMAND_DOWN},
    {CHAR('j'),        SCROLLED,   COMMAND_DOWN},
    {NAMED(LEFT),      WHERE_PAGE | WHERE_EDIT, COMMAND_LEFT},
    {NAMED(RIGHT),     WHERE_PAGE | WHERE_EDIT, COMMAND_RIGHT},
    {NAMED(PAGE_UP),   SCROLLED,   COMMAND_PAGE_UP},
    {CONTROL('b'),     SCROLLED,   COMMAND_PAGE_UP},
    {NAMED(PAGE_DOWN), SCROLLED,   COMMAND_PAGE_DOWN},
    {CONTROL('f'),     SCROLLED,   COMMAND_PAGE_DOWN},
    {NAMED(HOME),      SCROLLED | WHERE_EDIT, COMMAND_HOME},
    {NAMED(END),       WHERE_LIVE | WHERE_LIST | WHERE_HELP | WHERE_EDIT, COMMAND_END},
    {NAMED(END),       WHERE_PAST, COMMAND_NOW},
    {NAMED(ENTER),     WHERE_PAGE, COMMAND_DETAIL},
    {NAMED(ENTER),     WHERE_EDIT | WHERE_LIST, COMMAND_ACCEPT},
    {CHAR('q'),        SCROLLED,   COMMAND_BACK},
    {NAMED(ESCAPE),    WHERE_PAGE | WHERE_HELP, COMMAND_BACK},
    {NAMED(ESCAPE),    WHERE_EDIT | WHERE_LIST, COMMAND_CANCEL},
    {NAMED(TAB),       WHERE_PAGE, COMMAND_NEXT_PANE},
    {NAMED(BACKTAB),   WHERE_PAGE, COMMAND_PREVIOUS_PANE},
    {NAMED(TAB),       WHERE_EDIT, COMMAND_COMPLETE},
    {CHAR('o'),        WHERE_PAGE, COMMAND_FINDINGS},
    {CHAR('g'),        WHERE_PAGE, COMMAND_TARGET},
    {CHAR('a'),        WHERE_PAGE, COMMAND_STACK},
    {CHAR('z'),        WHERE_PAGE, COMMAND_ZOOM},
    {CHAR('/'),        WHERE_PAGE, COMMAND_FILTER},
    {NAMED(F4),        WHERE_PAGE, COMMAND_FILTER},
    {CHAR('n'),        WHERE_PAGE, COMMAND_NEXT_MATCH},
    {CHAR('N'),        WHERE_PAGE, COMMAND_PREVIOUS_MATCH},
    {CHAR('s'),        WHERE_PAGE, COMMAND_SORT},
    {NAMED(F6),        WHERE_PAGE, COMMAND_SORT},
    {CHAR('<'),        WHERE_PAGE, COMMAND_SORT_LEFT},
    {CHAR('>'),        WHERE_PAGE, COMMAND_SORT_RIGHT},
    {CHAR('r'),        WHERE_PAGE | WHERE_LIST, COMMAND_REVERSE},
    {CHAR('f'),        WHERE_PAGE, COMMAND_SET},
    {CHAR('t'),        WHERE_PAGE, COMMAND_TAG},
    {CHAR('U'),        WHERE_PAGE, COMMAND_UNTAG},
    {CHAR('y'),        WHERE_PAGE, COMMAND_COPY},
    {CHAR('e'),        WHERE_PAGE, COMMAND_EXPORT},
    {CHAR('x'),        WHERE_PAGE, COMMAND_EXPLAIN},
    {CHAR('A'),        WHERE_PAGE, COMMAND_ACK},
    {CHAR('S'),        WHERE_PAGE, COMMAND_SILENCE},
    {CHAR('R'),        WHERE_PAGE, COMMAND_RESEND},
    {CHAR('.'),        WHERE_PAGE, COMMAND_ACTIONS},
    {CHAR('C'),        WHERE_PAGE, COMMAND_STOP},
    {CHAR('w'),        WHERE_PAGE, COMMAND_WINDOW},
    {CHAR(' '),        WHERE_PAGE, COMMAND_PAUSE},
    {CHAR('p'),        WHERE_PAGE, COMMAND_PAUSE},
    {CHAR('['),        WHERE_PAGE, COMMAND_STEP_BACK},
    {CHAR(']'),        WHERE_PAGE, COMMAND_STEP_FORWARD},
    {CHAR('+'),        WHERE_PAGE, COMMAND_SLOWER},
    {CHAR('-'),        WHERE_PAGE, COMMAND_FASTER},
    {CHAR(':'),        WHERE_PAGE, COMMAND_PALETTE},
    {CHAR('?'),        WHERE_PAGE | WHERE_HELP, COMMAND_HELP},
    {CHAR('h'),        WHERE_PAGE | WHERE_HELP, COMMAND_HELP},
    {NAMED(F1),        WHERE_PAGE | WHERE_HELP, COMMAND_HELP},
    {CHAR('m'),        WHERE_PAGE, COMMAND_MOUSE},
    {CONTROL('l'),     WHERE_PAGE | WHERE_HELP | WHERE_LIST | WHERE_EDIT, COMMAND_REDRAW},
    {NAMED(F10),       WHERE_PAGE | WHERE_HELP | WHERE_LIST | WHERE_EDIT, COMMAND_QUIT},
    {CONTROL('c'),     WHERE_PAGE | WHERE_HELP | WHERE_LIST, COMMAND_QUIT},
    {CONTROL('c'),     WHERE_EDIT, COMMAND_CANCEL},
    {NAMED(BACKSPACE), WHERE_EDIT, COMMAND_ERASE},
    {CONTROL('h'),     WHERE_EDIT, COMMAND_ERASE},
    {NAMED(DELETE),    WHERE_EDIT, COMMAND_DELETE},
    {CONTROL('w'),     WHERE_EDIT, COMMAND_ERASE_WORD},
    {CONTROL('u'),     WHERE_EDIT, COMMAND_ERASE_LINE},
    {CONTROL('a'),     WHERE_EDIT, COMMAND_HOME},
    {CONTROL('e'),     WHERE_EDIT, COMMAND_END},
};

static const char *const group_titles[N_GROUPS] = {
    [GROUP_MOVE] = "moving", [GROUP_ROWS] = "rows", [GROUP_TIME] = "time", [GROUP_PROGRAM] = "program",
    [GROUP_LINE] = "while typing, and in lists",
};
static const char *const named_texts[N_NAMED] = {
    [NAMED_UP] = "Up", [NAMED_DOWN] = "Down", [NAMED_LEFT] = "Left", [NAMED_RIGHT] = "Right", [NAMED_PAGE_UP] = "PgUp",
    [NAMED_PAGE_DOWN] = "PgDn", [NAMED_HOME] = "Home", [NAMED_END] = "End", [NAMED_ENTER] = "Enter", [NAMED_ESCAPE] = "Esc",
    [NAMED_TAB] = "Tab", [NAMED_BACKTAB] = "Shift-Tab", [NAMED_BACKSPACE] = "Backspace", [NAMED_DELETE] = "Del",
    [NAMED_INSERT] = "Ins", [NAMED_F1] = "F1", [NAMED_F2] = "F2", [NAMED_F3] = "F3", [NAMED_F4] = "F4", [NAMED_F5] = "F5",
    [NAMED_F6] = "F6", [NAMED_F7] = "F7", [NAMED_F8] = "F8", [NAMED_F9] = "F9", [NAMED_F10] = "F10", [NAMED_F11] = "F11",
    [NAMED_F12] = "F12",
};
// clang-format on

const int n_command_rows = sizeof(command_rows) / sizeof(command_rows[0]);
const int n_key_rows = sizeof(key_rows) / sizeof(key_rows[0]);

const char *group_title(enum command_group g)
{
    return group_titles[g];
}

const struct command_row *command_find(enum command c)
{
    for (int i = 0; i < n_command_rows; i++)
        if (command_rows[i].command == c)
            return &command_rows[i];
    return NULL;
}

enum command key_command(const struct key *key, unsigned where)
{
    if (key->kind != KEY_CHAR && key->kind != KEY_NAMED)
        return COMMAND_NONE;
    if (key->alt)
        return COMMAND_NONE;
    uint32_t value = key->kind == KEY_CHAR ? key->code : (uint32_t)key->name;
    if (key->kind == KEY_CHAR && !key->control && (where & WHERE_PAGE) != 0 && value >= '0' && value <= '9')
        return COMMAND_PAGE;
    for (int i = 0; i < n_key_rows; i++) {
        const struct key_row *row = &key_rows[i];
        bool control = key->kind == KEY_CHAR && key->control;
        if (row->kind == key->kind && row->value == value && row->control == control &&
            (row->where & where) != 0)
            return row->command;
    }
    return COMMAND_NONE;
}

void key_name_format(const struct key_row *row, char *out, size_t size)
{
    if (row->kind == KEY_NAMED)
        snprintf(out, size, "%s", named_texts[row->value]);
    else if (row->control)
        snprintf(out, size, "Ctrl-%c", (char)(row->value - 'a' + 'A'));
    else if (row->value == ' ')
        snprintf(out, size, "Space");
    else
        snprintf(out, size, "%c", (char)row->value);
}

void command_keys(enum command c, char *out, size_t size)
{
    struct text keys;
    text_init(&keys, size - 1);
    if (c == COMMAND_PAGE)
        text_add(&keys, "1-9 0");
    for (int i = 0; i < n_key_rows; i++) {
        char name[24];
        if (key_rows[i].command != c)
            continue;
        key_name_format(&key_rows[i], name, sizeof(name));
        text_addf(&keys, "%s%s", keys.len > 0 ? " " : "", name);
    }
    snprintf(out, size, "%s", text_str(&keys));
    text_done(&keys);
}
