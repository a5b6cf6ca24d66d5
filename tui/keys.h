/* Keys and commands: the one table that dispatch, help, footer, palette and the test against double bindings are made from. */
#ifndef DBVITALS_TUI_KEYS_H
#define DBVITALS_TUI_KEYS_H

#include "tui/terminal.h"

enum command {
    COMMAND_NONE,
    COMMAND_UP, COMMAND_DOWN, COMMAND_LEFT, COMMAND_RIGHT, COMMAND_PAGE_UP, COMMAND_PAGE_DOWN, COMMAND_HOME, COMMAND_END,
    COMMAND_DETAIL, COMMAND_BACK, COMMAND_PAGE, COMMAND_FINDINGS, COMMAND_TARGET, COMMAND_STACK, COMMAND_NEXT_PANE, COMMAND_PREVIOUS_PANE, COMMAND_ZOOM,
    COMMAND_FILTER, COMMAND_NEXT_MATCH, COMMAND_PREVIOUS_MATCH, COMMAND_SORT, COMMAND_SORT_LEFT, COMMAND_SORT_RIGHT, COMMAND_REVERSE,
    COMMAND_SET, COMMAND_TAG, COMMAND_UNTAG, COMMAND_COPY, COMMAND_EXPORT, COMMAND_EXPLAIN, COMMAND_ACK, COMMAND_SILENCE, COMMAND_RESEND, COMMAND_ACTIONS, COMMAND_STOP,
    COMMAND_WINDOW, COMMAND_PAUSE, COMMAND_STEP_BACK, COMMAND_STEP_FORWARD, COMMAND_NOW, COMMAND_SLOWER, COMMAND_FASTER,
    COMMAND_PALETTE, COMMAND_HELP, COMMAND_MOUSE, COMMAND_REDRAW, COMMAND_QUIT,
    /* While a line is typed, and in a list. */
    COMMAND_ACCEPT, COMMAND_CANCEL, COMMAND_COMPLETE, COMMAND_ERASE, COMMAND_ERASE_WORD, COMMAND_ERASE_LINE, COMMAND_DELETE,
    N_COMMANDS
};

/* Where a key is bound; the same key may mean two things in places that exclude each other. */
enum {
    WHERE_LIVE = 1,   /* on a page, now */
    WHERE_PAST = 2,   /* on a page, in the past or paused */
    WHERE_EDIT = 4,   /* while a line is typed: filter, palette */
    WHERE_LIST = 8,   /* in a list to choose from: sort, pages */
    WHERE_HELP = 16,
    WHERE_PAGE = WHERE_LIVE | WHERE_PAST
};

enum command_group { GROUP_MOVE, GROUP_ROWS, GROUP_TIME, GROUP_PROGRAM, GROUP_LINE, N_GROUPS };
const char *group_title(enum command_group g);

struct command_row {
    enum command command;
    const char *name;   /* as typed in the palette */
    const char *help;
    const char *footer; /* a word for the last line, NULL: not there */
    enum command_group group;
};
/* One row each, in the order of the help; COMMAND_NONE has none. */
extern const struct command_row command_rows[];
extern const int n_command_rows;
const struct command_row *command_find(enum command c);

struct key_row {
    enum key_kind kind; /* KEY_CHAR or KEY_NAMED */
    uint32_t value;     /* code point or enum key_name */
    bool control;
    unsigned where;
    enum command command;
};
extern const struct key_row key_rows[];
extern const int n_key_rows;

/* What KEY means at WHERE (one bit); COMMAND_NONE if it is not bound. Digits are COMMAND_PAGE. */
enum command key_command(const struct key *key, unsigned where);
/* "Ctrl-L", "PgUp", "j": into out. */
void key_name_format(const struct key_row *row, char *out, size_t size);
/* All keys of a command, as "Down j", in at most SIZE - 1 bytes. */
void command_keys(enum command c, char *out, size_t size);

#endif
