/* Text from outside: made valid once when it comes in, made harmless once before it reaches a cell. */
#ifndef DBVITALS_CORE_UTF8_H
#define DBVITALS_CORE_UTF8_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "core/arena.h"
#include "core/text.h"

/* Reads one code point of S (LEN bytes, LEN > 0); returns the bytes used, always >= 1. A byte that starts no valid sequence
 * (overlong, surrogate, > U+10FFFF, cut) gives U+FFFD and uses 1 byte. */
size_t utf8_decode(const char *s, size_t len, uint32_t *code);
/* Writes CODE, returns bytes written (1..4). OUT has room for 4. */
size_t utf8_encode(uint32_t code, char *out);
bool utf8_valid(const char *s, size_t len);
/* Appends S as valid UTF-8: each bad byte becomes U+FFFD, NUL too. Control characters stay: exports and copies are exact. */
void utf8_mend(struct text *out, const char *s, size_t len);
/* A copy of S in A, mended where it must be; never NULL. */
const char *utf8_keep(struct arena *a, const char *s, size_t len);
/* Columns CODE takes in a terminal: 0 combining, 1, 2 wide, -1 not printable (C0, C1, bidi controls, surrogates, noncharacters,
 * zero-width format characters other than joiners that a terminal handles). */
int utf8_width(uint32_t code);
/* What CODE is shown as: itself when printable; newline, tab and CR as a space; all else (bidi controls, zero-width format
 * characters, line separators too) as U+00B7, which ASCII mode draws as '.'. */
uint32_t utf8_harmless(uint32_t code);
/* Reads what one cell shows: a base character and its combining marks (the first four, as far as there is room; a mark without a base stands on a space), made
 * harmless, into OUT with a NUL; COLUMNS is 1 or 2. Returns the bytes used, >= 1; LEN > 0. What terminals disagree about is taken apart:
 * emoji joined by U+200D stand side by side, skin tones and the variation selectors 15 and 16 are left out, flags are two letters. */
enum { UTF8_CELL = 14 };
size_t utf8_cell(const char *s, size_t len, char out[UTF8_CELL], int *columns);
/* Columns of S as shown, cell by cell. */
int utf8_columns(const char *s);
/* Appends S so that a terminal can be given it: every cell as utf8_cell gives it, but newlines kept if KEEP_NEWLINES. */
void utf8_clean(struct text *out, const char *s, bool keep_newlines);

#endif
