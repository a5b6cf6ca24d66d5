/* Keys from bytes: no terminal, no clock. Sequences may come in any pieces; a paste is one key. */
#ifndef DBVITALS_TUI_INPUT_H
#define DBVITALS_TUI_INPUT_H

#include <stddef.h>

#include "core/err.h"
#include "tui/key.h"

struct input;

/* TERM is the terminal type whose key sequences are known besides the common ones. FN gets each key during input_feed and input_wait_over; it must not free IN. */
struct input *input_new(const char *term, key_fn *fn, void *ctx, struct err *err);
void input_free(struct input *in);
void input_feed(struct input *in, const char *bytes, size_t len);
/* Seconds without further bytes after which input_wait_over is to be called; 0 if nothing is unfinished. */
double input_wait_s(const struct input *in);
/* An ESC that stayed alone was the Escape key, a paste that never ended ends, any other unfinished sequence is forgotten. */
void input_wait_over(struct input *in);
/* While it is on, bytes are read but give no keys: type-ahead. Allowed in FN, for the rest of the bytes being fed. */
void input_skip(struct input *in, bool on);

#endif
