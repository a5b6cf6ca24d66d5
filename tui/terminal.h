/* The terminal: ncurses out, libtermkey in. The only files that know one. Never blocks, always restored. */
#ifndef DBVITALS_TUI_TERMINAL_H
#define DBVITALS_TUI_TERMINAL_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "core/err.h"
#include "core/loop.h"
#include "tui/canvas.h"
#include "tui/theme.h"

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

struct terminal;
struct terminal_options {
    const struct theme *theme;
    bool mouse;
    bool no_color; /* NO_COLOR */
};
typedef void terminal_key_fn(void *ctx, const struct key *key);
/* Takes over the terminal of standard output: alternate screen, raw keys, bracketed paste. It is restored on every end: crashes, exit(), the end of
 * memory, signals that nobody handles; and given back while we are stopped, by Ctrl-Z (which FN does not get; the whole job is stopped, as the shell
 * expects) or SIGTSTP. FN gets each key, and KEY_RESIZE when the size changed or all has to be drawn anew; it must not free the terminal. A terminal that
 * hangs up raises SIGHUP. The locale (LC_CTYPE) was set before. One terminal at a time. */
struct terminal *terminal_new(struct loop *loop, const struct terminal_options *options, terminal_key_fn *fn, void *ctx, struct err *err);
/* Restores it; NULL does nothing. */
void terminal_free(struct terminal *t);
void terminal_size(const struct terminal *t, int *rows, int *columns);
/* The terminal has taken all earlier output, so that a frame may be painted now. */
bool terminal_ready(const struct terminal *t);
/* Paints the difference to the last frame; if it is not ready nothing happens and `drained` is called once it is. */
void terminal_paint(struct terminal *t, const struct canvas *c);
void terminal_on_drained(struct terminal *t, loop_fn *fn, void *ctx);
void terminal_set_theme(struct terminal *t, const struct theme *theme);
void terminal_set_mouse(struct terminal *t, bool on);
/* Clipboard by OSC 52; false if TEXT is over 74,000 bytes, too large for terminals, if the terminal is of a type that has none, or does not take output. */
bool terminal_copy(struct terminal *t, const char *text, size_t len);
/* Forgets what is on the screen: the next paint draws all. */
void terminal_redraw(struct terminal *t);
/* Forgets keys that were pressed but not read yet, for dialogs. */
void terminal_flush_input(struct terminal *t);
/* The locale's characters are UTF-8; else draw in ASCII mode. */
bool terminal_is_utf8(void);
/* Bytes written in all, for the collectors page and benchmarks. */
size_t terminal_bytes(const struct terminal *t);

#endif
