/* Colours as numbers: what a palette index looks like, and the nearest one a terminal has. */
#ifndef DBVITALS_TUI_COLOUR_H
#define DBVITALS_TUI_COLOUR_H

#include <stdbool.h>
#include <stdint.h>

/* A colour: -1 is the terminal's own; else an index of the 256-colour palette, or 0x1000000 | RGB. Files say `default`, 0..255, a name (red,
 * bright_red, ...), or #rrggbb (nearest of 256, of 16, or exact where terminfo says direct colour). */
struct look {
    int foreground, background;
    bool bold, dim, underline, reverse;
};
enum { COLOUR_DEFAULT = -1, COLOUR_RGB = 0x1000000 };

/* `default`, 0..255, a name or #rrggbb; false if WORD is none of them. */
bool colour_parse(const char *word, int *colour);
/* 0xrrggbb of a palette index or an RGB colour (not of COLOUR_DEFAULT). The first 16 are xterm's: users change them. */
uint32_t colour_rgb(int colour);
/* WCAG 2.1 contrast ratio of two 0xrrggbb, 1..21. */
double colour_contrast(uint32_t a, uint32_t b);
/* LOOK for a terminal of N_COLOURS. RGB becomes the nearest of 256; with 16 or 8 colours hues stay, a grey on the terminal's own background
 * becomes the terminal's own foreground (dim if it is a middle grey), since that background may be anything, and text on a background of ours
 * stays readable. Below 8 only attributes are left, and what stood out by its background is reversed. DIRECT terminals get 0xrrggbb. */
struct look colour_fit(struct look look, int n_colours, bool direct);

#endif
