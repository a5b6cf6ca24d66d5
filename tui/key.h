/* A key press, and what else comes from the user's side of the terminal. */
#ifndef DBVITALS_TUI_KEY_H
#define DBVITALS_TUI_KEY_H

#include <stdbool.h>
#include <stdint.h>

enum key_kind { KEY_CHAR, KEY_NAMED, KEY_MOUSE, KEY_PASTE, KEY_RESIZE };
enum key_name {
    NAMED_UP, NAMED_DOWN, NAMED_LEFT, NAMED_RIGHT, NAMED_PAGE_UP, NAMED_PAGE_DOWN, NAMED_HOME, NAMED_END, NAMED_ENTER, NAMED_ESCAPE, NAMED_TAB,
    NAMED_BACKTAB, NAMED_BACKSPACE, NAMED_DELETE, NAMED_INSERT,
    NAMED_F1, NAMED_F2, NAMED_F3, NAMED_F4, NAMED_F5, NAMED_F6, NAMED_F7, NAMED_F8, NAMED_F9, NAMED_F10, NAMED_F11, NAMED_F12,
    N_NAMED
};
enum mouse_kind { MOUSE_PRESS, MOUSE_RELEASE, MOUSE_DRAG, MOUSE_WHEEL_UP, MOUSE_WHEEL_DOWN };
struct key {
    enum key_kind kind;
    uint32_t code;         /* KEY_CHAR: the code point (control keys: the letter with control set) */
    enum key_name name;    /* KEY_NAMED */
    bool control, alt, shift;
    enum mouse_kind mouse; /* KEY_MOUSE */
    int button, row, column; /* from 0 */
    const char *text;      /* KEY_PASTE: what was pasted, valid UTF-8; borrowed */
};
typedef void key_fn(void *ctx, const struct key *key);

#endif
