/* The terminal: frames out when it takes them, keys in. Never blocks, always restored. */
#ifndef DBVITALS_TUI_TERMINAL_H
#define DBVITALS_TUI_TERMINAL_H

#include <stdbool.h>
#include <stddef.h>

#include "core/err.h"
#include "core/loop.h"
#include "tui/canvas.h"
#include "tui/key.h"
#include "tui/theme.h"

struct terminal;
struct terminal_options {
    const struct theme *theme;
    bool mouse;
    bool no_color; /* NO_COLOR */
};
/* Takes over the terminal of standard output: alternate screen, raw keys, bracketed paste. It is restored on every end: crashes, exit(), the end of
 * memory, signals that nobody handles; and given back while we are stopped, by Ctrl-Z (which FN does not get; the whole job is stopped, as the shell
 * expects) or SIGTSTP. FN gets each key, and KEY_RESIZE when the size changed or all has to be drawn anew; it must not free the terminal. A terminal that
 * hangs up raises SIGHUP. The locale (LC_CTYPE) was set before. One terminal at a time. */
struct terminal *terminal_new(struct loop *loop, const struct terminal_options *options, key_fn *fn, void *ctx, struct err *err);
/* Restores it; NULL does nothing. */
void terminal_free(struct terminal *t);
void terminal_size(const struct terminal *t, int *rows, int *columns);
/* The terminal has taken all earlier output, so that a frame may be painted now. */
bool terminal_ready(const struct terminal *t);
/* Paints the difference to the last frame, which lies in the first ROWS rows of C; if it is not ready nothing happens and `drained` is called once it is. */
void terminal_paint(struct terminal *t, const struct canvas *c, int rows);
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
