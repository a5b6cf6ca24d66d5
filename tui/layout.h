/* Layout: a page's tree of panes, and where each stands on a screen of a given size. Pure: no canvas, no data. */
#ifndef DBVITALS_TUI_LAYOUT_H
#define DBVITALS_TUI_LAYOUT_H

#include <stdbool.h>

#include "core/arena.h"
#include "core/err.h"

/* The syntax, as in page files:
 *   layout = item, item, ...       items stand below each other; a newline is a comma
 *   item   = part | part | ...     parts stand side by side
 *   part   = NAME size  or  ( layout ) size
 *   size   = N                     N rows (columns, side by side), frame included
 *            N..M                  as many as the content wants, within these bounds
 *            *N                    a share of what is left by weight; without a size: *1 */
enum layout_kind { LAYOUT_PANE, LAYOUT_ROWS, LAYOUT_COLUMNS };
struct layout {
    enum layout_kind kind;
    const char *pane; /* LAYOUT_PANE */
    int least, most;  /* when weight is 0 */
    double weight;    /* > 0: takes a share */
    struct layout *parts;
    int n_parts;
};

/* Parses TEXT; the tree lives in ARENA. */
bool layout_parse(struct arena *arena, const char *text, struct layout *out, struct err *err);

/* What a pane asks for; `rows` includes its frame line. */
struct layout_want {
    bool hidden;   /* not on a screen of this size */
    int rows;      /* wanted by its content */
    int least_rows, least_columns;
    int priority;  /* the largest is dropped first when there is no room */
};
typedef struct layout_want layout_want_fn(void *ctx, const char *pane);

struct layout_place {
    const char *pane;
    int row, column, rows, columns; /* rows 0: there is no room for it */
};
/* Places every pane of L in ROWS x COLUMNS, between neighbours side by side one blank column. At most MAX places are written; returns how many
 * panes there are. */
int layout_solve(const struct layout *l, int rows, int columns, layout_want_fn *want, void *ctx, struct layout_place *out, int max);
/* Calls FN for each pane of the tree, in order. */
void layout_each(const struct layout *l, void (*fn)(void *ctx, const char *pane), void *ctx);

#endif
