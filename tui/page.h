/* Pages and panes: data files in the config file's syntax, built-in ones (pages/ *.page) and the user's own through the same parser.
 *
 * [page NAME]
 *   key     = 1                  the digit that opens it; none: by name only, "detail": opened by Enter on a row
 *   title   = overview
 *   help    = one sentence: what the page answers
 *   layout  = a tree of panes, see layout.h
 *   focus   = PANE               that the cursor starts in; standard: the first with rows
 * [pane NAME]
 *   title   = text beside the frame; {window} is the window with its true span, {COLUMN} the first row's value
 *   sql     = one SELECT. Parameters: :target (the target looked at), :window and :at (for the datasets' functions), :trend (see there),
 *             :rows (body rows the pane has), and on a detail page every column of the row that was opened: :pid, :queryid, ...
 *   note    = a SELECT of one row for what stands beside the rows. table, tree: its first column stands at the right of the title;
 *             tiles: NAME_note is the last line of tile NAME, NAME_of its limit (the SELECT itself may have them too); chart: its first column is a limit line (NULL: none)
 *   widget  = table | tree | lines | tiles | chart | flow | record | sql
 *   sort    = COLUMN [desc], ...  the standard order
 *   sets    = NAME: EXPRESSION, one a line: what key f cycles through; the first is the standard
 *   hide    = COLUMN, ...        in the result, for marks, keys and details, but not shown. span_s is never shown
 *   show    = COLUMN, ...        the opposite: only these, in this order
 *   headings = COLUMN: TEXT, ... instead of what is made from the column's name
 *   key     = COLUMN, ...        identity of a row; standard: the result's KEY columns, else the first column
 *   drop    = COLUMN, ...        left out in this order when the pane is too narrow
 *   bars    = COLUMN, ...        ratios drawn with a bar
 *   mark    = COLUMN OP VALUE is ROLE [on COLUMN | on row], one a line: xact_s > 5m is warning
 *   of      = DATASET            whose row a row is, for the actions on it; standard: the dataset that all its KEY columns come from
 *   detail  = PAGE               what Enter opens; a row with a column named `page` opens that
 *   id, parent, tree             widget tree: the column that names a row, the one that names the row above it, the one drawn as the tree
 *   copy    = COLUMN             what y copies (standard: the cursor row's last text column)
 *   empty   = text when there are no rows
 *   optional = yes               takes no room while it has no rows
 *   stack   = yes                rows are of the whole stack: it stands whatever the product of the open target is
 *   undemanded = DATASET, ...    read as they come: the pane does not make them be polled more often than they are anyway
 *   needs   = DATASET, ...       the pane stands where the target's product has them, whatever else it reads; standard: one at least of those that it reads
 *   trend   = SECONDS            rows are moments (column sampled_at): :trend is how far back rows are wanted, older ones are remembered
 *   screen  = ROWSxCOLUMNS       the smallest screen on which the pane stands
 *   least   = ROWSxCOLUMNS       the smallest pane worth drawing; standard 3x20
 *   priority = N                 1 stays longest when there is no room; standard 5
 *   page    = PAGE               appends the pane to that page (for panes in the user's config), with `size` (standard *1)
 */
#ifndef DBVITALS_TUI_PAGE_H
#define DBVITALS_TUI_PAGE_H

#include "core/config.h"
#include "core/result.h"
#include "tui/canvas.h"
#include "tui/layout.h"
#include "tui/quantity.h"

enum widget { WIDGET_TABLE, WIDGET_TREE, WIDGET_LINES, WIDGET_TILES, WIDGET_CHART, WIDGET_FLOW, WIDGET_RECORD, WIDGET_SQL, N_WIDGETS };
const char *widget_name(enum widget w);

struct names {
    const char **items;
    int n;
};
bool names_have(const struct names *names, const char *name);

/* A list of NAME: TEXT. */
struct pairs {
    const char **names, **texts;
    int n;
};
const char *pairs_find(const struct pairs *pairs, const char *name); /* NULL if none */

struct pane_sort {
    const char *column;
    bool descending;
};

/* A mark rule: colours a cell or the row when a cell's value says so. */
struct mark {
    const char *column;
    enum op op;
    const char *value; /* as written; numbers are read with the column's unit */
    bool quoted;       /* compared as text */
    enum role role;
    const char *on;    /* the column that is coloured; "row": all */
};
/* Reads "COLUMN OP VALUE is ROLE [on COLUMN]". */
bool mark_parse(struct arena *arena, const char *s, struct mark *out, struct err *err);
bool mark_holds(const struct mark *m, const struct value *v, enum unit unit);

struct pane {
    const char *name, *title, *sql, *note, *detail, *empty, *copy;
    const char *id, *parent, *tree, *of;
    enum widget widget;
    struct names hide, show, key, drop, bars, undemanded, needs;
    struct pairs headings, sets;
    struct pane_sort *sorts;
    int n_sorts;
    struct mark *marks;
    int n_marks;
    double trend_s; /* 0: rows are not moments */
    bool optional, stack;
    int screen_rows, screen_columns, least_rows, least_columns, priority;
    const char *page, *size;
    const char *file; /* where it was read, for messages */
    int line;
};

struct page {
    const char *name, *title, *help;
    const char *focus; /* NULL: the first pane with rows */
    char key; /* '0'..'9', 0: none */
    bool detail;
    struct layout layout;
    const char *file;
    int line;
};

struct pages {
    struct arena *arena;
    struct page **pages; /* in the order of their definition */
    int n_pages;
    struct pane **panes;
    int n_panes;
};

void pages_init(struct pages *p);
void pages_done(struct pages *p);
/* Adds the [page] and [pane] sections of C, others are not looked at. One whose name is there already replaces the attributes that it gives. On
 * failure P may hold a part of them. */
bool pages_add(struct pages *p, const struct config *c, struct err *err);
/* The same from a page file's text. */
bool pages_add_text(struct pages *p, const char *text, size_t len, const char *file, struct err *err);
/* Every built-in page. */
bool pages_add_builtin(struct pages *p, struct err *err);
/* After everything was added: every pane that a layout names exists, every detail is a page, no key twice. */
bool pages_check(const struct pages *p, struct err *err);
const struct page *page_find(const struct pages *p, const char *name);
const struct page *page_of_key(const struct pages *p, char key);
const struct pane *pane_find(const struct pages *p, const char *name);

#endif
