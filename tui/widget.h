/* Widgets: how a pane's rows are drawn. Each knows rows and an area, none knows the dashboard. */
#ifndef DBVITALS_TUI_WIDGET_H
#define DBVITALS_TUI_WIDGET_H

#include "core/result.h"
#include "tui/canvas.h"
#include "tui/filter.h"
#include "tui/page.h"
#include "tui/sqltext.h"

/* What stays with a pane between two results: where the cursor is, how wide columns have become. Zeroed is new. */
struct table {
    char *cursor;         /* identity of the row under the cursor; NULL: it was never moved and stays on the first row */
    int row;              /* the cursor's row among those shown */
    int top;              /* first row shown */
    int scroll;           /* columns (record, sql: lines) that were scrolled away */
    int page_rows;        /* rows that the last drawing had room for */
    bool hidden_columns;  /* the last drawing had more columns than room: left and right are worth something */
    struct result *ghost; /* the cursor's row as it was when it went away; stands at `row` */
    double ghost_s;       /* when it did */
    bool other_rows;      /* the result that is settled next is of another filter or set: a row that it lacks did not go away */
    char **tags;          /* identities */
    int n_tags;
    int *widths;          /* by column of the result: grow at once, shrink rarely */
    int n_widths, narrower; /* results in a row that needed less */
    int *order;           /* trees: rows in the tree's order, and what is drawn before the tree column; NULL: as they come */
    char **branches;
    int n_order;
    int body_rows, body_less; /* rows that the widget wanted, the same way, */
    int body_columns;         /* at this width */
    struct sql_text formatted; /* widget sql: kept while text and width are the same */
    const struct result *formatted_of;
    int formatted_width;
};
void table_done(struct table *t);
/* Back to the first row and column, with new widths. Tags stay. */
void table_reset(struct table *t);

/* One drawing of one pane. */
struct view {
    const struct pane *pane;
    const struct result *result;  /* NULL: none yet */
    const struct result *note;    /* of the pane's note SELECT; NULL if it has none */
    struct table *table;
    const struct pane_sort *sort; /* what the rows are sorted by; NULL: unknown */
    const struct filter *found;   /* what is highlighted; NULL: nothing */
    double at_s;                  /* the moment that is shown, seconds since 1970 */
    bool focused;
    bool row_marks;               /* a cursor can stand here at all (not in plain text) */
};

/* Rows that the widget would fill in COLUMNS columns. */
int widget_rows(const struct view *v, int columns);
/* Draws V->result, which is not NULL, into A. */
void widget_draw(struct view *v, struct area a);
/* True if rows can be chosen with a cursor. */
bool widget_has_rows(enum widget w);

/* The widgets, for widget.c. */
void table_draw(struct view *v, struct area a);
void tree_order(struct view *v); /* fills the table's order and branches for V's result */
void tree_done(struct table *t);
void lines_draw(struct view *v, struct area a);
int tiles_rows(const struct view *v, int columns);
void tiles_draw(struct view *v, struct area a);
void chart_draw(struct view *v, struct area a);
int flow_rows(const struct view *v, int columns);
void flow_draw(struct view *v, struct area a);
int record_rows(const struct view *v, int columns);
void record_draw(struct view *v, struct area a);
int sqlview_rows(const struct view *v, int columns);
void sqlview_draw(struct view *v, struct area a);

/* Shared by widgets. */
/* The result's columns that are shown, in order: into OUT (room for n_columns). Returns how many. */
int view_columns(const struct view *v, int *out);
/* A column's heading: the pane's own, or the name without its unit's suffix and with blanks. */
void view_heading(const struct view *v, int column, char *out, size_t size);
/* Rows shown: the result's and the ghost. Number I is row *ROW of *FROM. */
int view_rows(const struct view *v);
void view_row(const struct view *v, int i, const struct result **from, int *row);
/* A cell as text: the value's own text, or formatted into BUF. Never NULL. */
const char *view_cell(const struct result *r, int row, int column, char *buf, size_t size);
/* The role that the marks give a cell, or ROLE_TEXT. */
enum role view_role(const struct view *v, const struct result *r, int row, int column);
/* What identifies a row, across results: appended to OUT. */
struct text;
void view_identity(const struct view *v, const struct result *r, int row, struct text *out);
/* The column of that name, -1 if the result has none; NAME NULL gives -1. */
int view_find(const struct result *r, const char *name);
/* Draws TEXT like area_put, with what V->found finds highlighted. */
int view_put(const struct view *v, struct area a, int row, int column, int width, struct style style, const char *text);
/* The symbol of a level: critical ▲, warning ●, else ○. */
const char *role_symbol(enum role r);

/* After a new RESULT took the place of OLD (may be NULL): the cursor finds its row again, or the row becomes a ghost. False if the row was
 * not found though the result was cut, so that more rows should be asked for. */
bool view_settle(struct view *v, const struct result *old);
/* The ghost goes, and the cursor is on the first row again, as if it were never moved. */
void view_let_go(struct view *v);
/* Row I is one that went away. */
bool view_is_ghost(const struct view *v, int i);
/* Moves the cursor to row I, clipped; a ghost goes. */
void view_move(struct view *v, int i);
/* Something is done with the row under the cursor, and the cursor stays with it. */
void view_pin(struct view *v);
bool view_tagged(const struct view *v, const char *identity);
void view_tag(struct view *v, const char *identity);

/* Text of a pane's title: {window} by WINDOW, {COLUMN} by the first row's value. */
void view_title(const struct view *v, const char *window, struct text *out);

/* "14:03:21", with the date when it is not the day of NOW_S. */
void moment_text(double at_s, double now_s, char *out, size_t size);
/* Values of N moments AT[i] (ascending) put into SLOTS equal parts of [END - SPAN, END]: the mean of each; NAN where there is none. A value
 * counts for the stretch since the moment before. */
void slots_fill(const double *at, const double *values, int n, double end, double span, double *out, int slots);

#endif
