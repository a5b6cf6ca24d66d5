/* What stands in for our own symbols where only ASCII may be drawn. */
#ifndef DBVITALS_TUI_GLYPH_H
#define DBVITALS_TUI_GLYPH_H

#include <stdint.h>

/* A printable ASCII character for CODE: lines and boxes as - | +, blocks as .:-=+*#, arrows and marks as their likes, all else '?'. */
char glyph_ascii(uint32_t code);

#endif
