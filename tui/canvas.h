/* The canvas: cells that know no terminal. Panes draw here; golden tests compare it; the terminal paints the difference. */
#ifndef DBVITALS_TUI_CANVAS_H
#define DBVITALS_TUI_CANVAS_H

#include <stdbool.h>
#include <stdint.h>

#include "core/text.h"

/* What a cell means, never how it looks: a theme gives each role its colours. */
enum role {
    ROLE_TEXT, ROLE_DIM, ROLE_TITLE, ROLE_HEAD, ROLE_HEAD_KEY, ROLE_ACCENT, ROLE_GOOD, ROLE_WARNING, ROLE_CRITICAL, ROLE_BORDER,
    ROLE_COLUMN,      /* a column's heading */
    ROLE_COLUMN_SORT, /* the heading sorted by */
    ROLE_CURSOR,      /* the row under the cursor */
    ROLE_TAGGED, ROLE_MATCH, ROLE_GONE, ROLE_DIALOG, ROLE_DIALOG_DANGER, ROLE_FOOT, ROLE_FOOT_KEY, ROLE_PAST, ROLE_DEMO,
    ROLE_SQL_KEYWORD, ROLE_SQL_STRING, ROLE_SQL_NUMBER, ROLE_SQL_COMMENT,
    ROLE_GRAPH_1, ROLE_GRAPH_2, ROLE_GRAPH_3, ROLE_GRAPH_4, ROLE_GRAPH_5, ROLE_GRAPH_6,
    N_ROLES
};
/* "critical", "graph_1": as in theme files. */
const char *role_name(enum role r);
int role_parse(const char *name); /* -1 if none */

enum { ATTR_BOLD = 1, ATTR_UNDERLINE = 2, ATTR_REVERSE = 4 };
struct style {
    uint8_t role;
    uint8_t attrs;
};
#define STYLE(r) ((struct style){.role = (r)})

/* bytes: one base character and its combining marks, NUL-terminated UTF-8; "" in the second half of a wide character. */
struct cell {
    char bytes[14];
    uint8_t role;
    uint8_t attrs;
};

struct canvas {
    int rows, columns;
    struct cell *cells; /* rows x columns */
    bool ascii;         /* draw nothing outside ASCII: see canvas_put */
    int cursor_row, cursor_column; /* where a text cursor stands (prompts); -1 when hidden */
};
/* Sizes below 1 become 1. All blank. */
struct canvas *canvas_new(int rows, int columns);
void canvas_free(struct canvas *c);
void canvas_resize(struct canvas *c, int rows, int columns); /* blanks */
void canvas_clear(struct canvas *c);
/* The screen as lines of text, trailing blanks cut, each ended by a newline. */
void canvas_text(const struct canvas *c, struct text *out);

/* A rectangle of a canvas: nothing that is drawn in it gets out of it. May be empty; drawing outside is clipped. */
struct area {
    struct canvas *canvas;
    int row, column, rows, columns;
};
struct area canvas_area(struct canvas *c);
/* The part of A at (row, column) of that size, cut to A. */
struct area area_part(struct area a, int row, int column, int rows, int columns);
/* Draws TEXT (any valid or invalid UTF-8; made harmless here, the one place) at (row, column) in at most WIDTH columns (-1: to the edge). A wide
 * character that does not fit whole is left out. If it has to be cut and ELLIPSIS, the last column shows U+2026 ('~' in ASCII mode). In ASCII
 * mode the box, block, arrow and symbol characters of our own have ASCII stand-ins and all else outside ASCII is '?'. Returns columns used. */
int area_put(struct area a, int row, int column, int width, struct style style, const char *text, bool ellipsis);
/* The same, aligned right within WIDTH. */
int area_put_right(struct area a, int row, int column, int width, struct style style, const char *text);
void area_fill(struct area a, struct style style, const char *text); /* with one character, blank if NULL */
/* Gives WIDTH cells another style, keeping what is drawn. */
void area_restyle(struct area a, int row, int column, int width, struct style style);
/* Adds the cell's role of a row highlight without losing critical and warning colours: sets ATTR_REVERSE. */
void area_highlight(struct area a, int row, struct style style);
/* One line of a graph: values 0..1 (NAN leaves a gap) as eighth blocks from the right edge; ASCII mode uses " .:-=+*#". */
void area_spark(struct area a, int row, int column, int width, struct style style, const double *values, int n);

#endif
