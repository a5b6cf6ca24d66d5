/* Frames into bytes: a canvas becomes what changes the terminal's screen to it, by ncurses. Knows no descriptor. */
#ifndef DBVITALS_TUI_PAINTER_H
#define DBVITALS_TUI_PAINTER_H

#include "core/err.h"
#include "core/text.h"
#include "tui/canvas.h"
#include "tui/theme.h"

struct painter;

/* For the terminal type in TERM; at most one at a time. NO_COLOR: attributes only, those of the theme mono. */
struct painter *painter_new(int rows, int columns, bool no_color, struct err *err);
void painter_free(struct painter *p);
void painter_set_theme(struct painter *p, const struct theme *theme);
/* The next frame is drawn whole. */
void painter_resize(struct painter *p, int rows, int columns);
void painter_redraw(struct painter *p);
/* The terminal was given back: the next frame takes the screen over again (alternate screen, cursor) and is drawn whole. */
void painter_suspend(struct painter *p);
/* Appends to OUT what turns the frame before into C, of which only the first ROWS rows are others. */
void painter_paint(struct painter *p, const struct canvas *c, int rows, struct text *out);
/* What gives the screen back: alternate screen left, colours and cursor as they were. */
const char *painter_reset(const struct painter *p, size_t *len);
/* The terminal type reports mouse buttons. */
bool painter_has_mouse(const struct painter *p);

#endif
