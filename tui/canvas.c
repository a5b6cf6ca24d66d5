/* The canvas: cells, and the one way text reaches them: clipped, harmless, wide characters whole. */
#include "tui/canvas.h"

#include <math.h>
#include <stdlib.h>
#include <string.h>

#include "core/mem.h"
#include "core/utf8.h"
#include "tui/glyph.h"

/* How far one cell's marks are followed; what a hostile text piles up beyond stands in cells of its own. */
enum { MOST_CELL_BYTES = 128 };

_Static_assert(sizeof(((struct cell *)0)->bytes) == UTF8_CELL, "a cell holds what utf8_cell gives");

static const struct cell blank = {.bytes = " "};

// clang-format off
static const char *const role_names[N_ROLES] = {
    [ROLE_TEXT]          = "text",
    [ROLE_DIM]           = "dim",
    [ROLE_TITLE]         = "title",
    [ROLE_HEAD]          = "head",
    [ROLE_HEAD_KEY]      = "head_key",
    [ROLE_ACCENT]        = "accent",
    [ROLE_GOOD]          = "good",
    [ROLE_WARNING]       = "warning",
    [ROLE_CRITICAL]      = "critical",
    [ROLE_BORDER]        = "border",
    [ROLE_COLUMN]        = "column",
    [ROLE_COLUMN_SORT]   = "column_sort",
    [ROLE_CURSOR]        = "cursor",
    [ROLE_TAGGED]        = "tagged",
    [ROLE_MATCH]         = "match",
    [ROLE_GONE]          = "gone",
    [ROLE_DIALOG]        = "dialog",
    [ROLE_DIALOG_DANGER] = "dialog_danger",
    [ROLE_FOOT]          = "foot",
    [ROLE_FOOT_KEY]      = "foot_key",
    [ROLE_PAST]          = "past",
    [ROLE_DEMO]          = "demo",
    [ROLE_SQL_KEYWORD]   = "sql_keyword",
    [ROLE_SQL_STRING]    = "sql_string",
    [ROLE_SQL_NUMBER]    = "sql_number",
    [ROLE_SQL_COMMENT]   = "sql_comment",
    [ROLE_GRAPH_1]       = "graph_1",
    [ROLE_GRAPH_2]       = "graph_2",
    [ROLE_GRAPH_3]       = "graph_3",
    [ROLE_GRAPH_4]       = "graph_4",
    [ROLE_GRAPH_5]       = "graph_5",
    [ROLE_GRAPH_6]       = "graph_6",
};
// clang-format on

const char *role_name(enum role r)
{
    return role_names[r];
}

int role_parse(const char *name)
{
    for (int i = 0; i < N_ROLES; i++)
        if (strcmp(role_names[i], name) == 0)
            return i;
    return -1;
}

struct canvas *canvas_new(int rows, int columns)
{
    struct canvas *c = mem_new(sizeof(*c));
    canvas_resize(c, rows, columns);
    return c;
}

void canvas_free(struct canvas *c)
{
    if (c == NULL)
        return;
    free(c->cells);
    free(c);
}

void canvas_resize(struct canvas *c, int rows, int columns)
{
    rows = rows < 1 ? 1 : rows;
    columns = columns < 1 ? 1 : columns;
    if (c->cells == NULL || rows != c->rows || columns != c->columns) {
        free(c->cells);
        c->cells = mem_new_array((size_t)rows * (size_t)columns, sizeof(*c->cells));
        c->rows = rows;
        c->columns = columns;
    }
    canvas_clear(c);
}

void canvas_clear(struct canvas *c)
{
    size_t n = (size_t)c->rows * (size_t)c->columns;
    for (size_t i = 0; i < n; i++)
        c->cells[i] = blank;
    c->cursor_row = c->cursor_column = -1;
}

void canvas_text(const struct canvas *c, struct text *out)
{
    for (int row = 0; row < c->rows; row++) {
        const struct cell *line = c->cells + (size_t)row * (size_t)c->columns;
        int end = c->columns;
        while (end > 0 && strcmp(line[end - 1].bytes, " ") == 0)
            end--;
        for (int i = 0; i < end; i++)
            text_add(out, line[i].bytes);
        text_add_char(out, '\n');
    }
}

struct area canvas_area(struct canvas *c)
{
    return (struct area){.canvas = c, .rows = c->rows, .columns = c->columns};
}

/* Cuts the span [*from, *from + *len) to [0, whole); nothing is left of a span that lies outside. */
static void cut_span(int *from, int *len, int whole)
{
    int64_t start = *from < 0 ? 0 : *from;
    int64_t end = *len < 0 ? start : (int64_t)*from + *len;
    if (end > whole)
        end = whole;
    *from = start > whole ? whole : (int)start;
    *len = end > start ? (int)(end - start) : 0;
}

struct area area_part(struct area a, int row, int column, int rows, int columns)
{
    cut_span(&row, &rows, a.rows);
    cut_span(&column, &columns, a.columns);
    return (struct area){.canvas = a.canvas,
                         .row = a.row + row,
                         .column = a.column + column,
                         .rows = rows,
                         .columns = columns};
}

/* Where a put may draw: a stretch of one line of the canvas. Columns are the canvas's. */
struct stretch {
    struct canvas *canvas;
    struct cell *line; /* NULL: nothing may be drawn */
    int left, right;   /* the first column, and the first one beyond */
};

/* Areas are made by callers and outlive a resize, so that they are cut to the canvas here again. */
static struct stretch stretch_of(struct area a, int row)
{
    struct canvas *c = a.canvas;
    int left = a.column, columns = a.columns;
    cut_span(&left, &columns, c->columns);
    int64_t at = (int64_t)a.row + row;
    bool visible = row >= 0 && row < a.rows && at >= 0 && at < c->rows && columns > 0;
    return (struct stretch){.canvas = c,
                            .line = visible ? c->cells + (size_t)at * (size_t)c->columns : NULL,
                            .left = left,
                            .right = left + columns};
}

/* A wide character that loses one half leaves a blank in the other. */
static void break_wide(struct stretch s, int column)
{
    struct cell *cell = &s.line[column];
    if (cell->bytes[0] == '\0' && column > 0)
        memcpy(cell[-1].bytes, blank.bytes, sizeof(blank.bytes));
    else if (column + 1 < s.canvas->columns && cell[1].bytes[0] == '\0')
        memcpy(cell[1].bytes, blank.bytes, sizeof(blank.bytes));
}

/* Draws one character, WIDTH columns wide; what does not lie whole in the stretch is left out. */
static void draw(struct stretch s, int64_t column, int width, struct cell cell)
{
    if (s.line == NULL || column < s.left || column + width > s.right)
        return;
    int at = (int)column;
    break_wide(s, at);
    if (width == 2) {
        break_wide(s, at + 1);
        s.line[at + 1] = (struct cell){.role = cell.role, .attrs = cell.attrs};
    }
    s.line[at] = cell;
}

/* True if P starts with one of U+2500 to U+25BF, lines, blocks and shapes: one column, no mark. Screens are
 * full of them. */
static bool is_line_or_block(const char *p)
{
    const unsigned char *u = (const unsigned char *)p;
    return u[0] == 0xE2 && u[1] >= 0x94 && u[1] <= 0x96 && (u[2] & 0xC0) == 0x80;
}

/* Reads the next character of *TEXT into CELL, as this canvas shows it, and moves *TEXT behind it; returns
 * its columns. */
static int next_cell(const struct canvas *c, const char **text, struct cell *cell)
{
    const char *p = *text;
    memset(cell->bytes, 0,
           sizeof(cell->bytes)); /* equal cells are equal bytes, so that frames compare by memcmp */
    if (p[0] >= 0x20 && p[0] < 0x7F && (p[1] & 0x80) == 0) {
        cell->bytes[0] = p[0];
        *text = p + 1;
        return 1;
    }
    if (!c->ascii && is_line_or_block(p) && ((p[3] & 0x80) == 0 || is_line_or_block(p + 3))) {
        memcpy(cell->bytes, p, 3);
        *text = p + 3;
        return 1;
    }
    char bytes[UTF8_CELL];
    int columns;
    *text = p + utf8_cell(p, strnlen(p, MOST_CELL_BYTES), bytes, &columns);
    if (!c->ascii) {
        memcpy(cell->bytes, bytes, strlen(bytes));
        return columns;
    }
    uint32_t code;
    utf8_decode(bytes, strlen(bytes), &code);
    cell->bytes[0] = glyph_ascii(code);
    return columns;
}

static struct cell ellipsis_cell(const struct canvas *c, struct style style)
{
    struct cell cell = {.role = style.role, .attrs = style.attrs};
    const char *mark = c->ascii ? "~" : "\xE2\x80\xA6";
    memcpy(cell.bytes, mark, strlen(mark));
    return cell;
}

int area_put(struct area a, int row, int column, int width, struct style style, const char *text,
             bool ellipsis)
{
    struct stretch s = stretch_of(a, row);
    int64_t start = (int64_t)a.column + column, at = start;
    int64_t end = width < 0 || start + width > s.right ? s.right : start + width;
    if (s.line == NULL || text == NULL)
        return 0;
    while (*text != '\0') {
        struct cell cell = {.role = style.role, .attrs = style.attrs};
        int columns = next_cell(s.canvas, &text, &cell);
        if (at + columns > end) {
            if (ellipsis && end > start) {
                draw(s, end - 1, 1, ellipsis_cell(s.canvas, style));
                at = end;
            }
            break;
        }
        if (s.canvas->ascii && columns == 2) { /* "??": each a cell of its own */
            draw(s, at, 1, cell);
            draw(s, at + 1, 1, cell);
        } else {
            draw(s, at, columns, cell);
        }
        at += columns;
    }
    return at > start ? (int)(at - start) : 0;
}

/* Columns of TEXT, or MOST + 1 as soon as there are more. */
static int columns_up_to(const struct canvas *c, const char *text, int most)
{
    int sum = 0;
    while (*text != '\0' && sum <= most) {
        struct cell cell;
        sum += next_cell(c, &text, &cell);
    }
    return sum > most ? most + 1 : sum;
}

int area_put_right(struct area a, int row, int column, int width, struct style style, const char *text)
{
    if (text == NULL)
        return 0;
    if (width < 0)
        width = a.columns > column ? a.columns - column : 0;
    int columns = columns_up_to(a.canvas, text, width);
    if (columns > width)
        return area_put(a, row, column, width, style, text, true);
    return area_put(a, row, column + width - columns, columns, style, text, false);
}

void area_fill(struct area a, struct style style, const char *text)
{
    struct cell cell = {.role = style.role, .attrs = style.attrs};
    const char *rest = text == NULL || text[0] == '\0' ? " " : text;
    int columns = next_cell(a.canvas, &rest, &cell);
    if (a.canvas->ascii)
        columns = 1;
    for (int row = 0; row < a.rows; row++) {
        struct stretch s = stretch_of(a, row);
        for (int at = s.left; at + columns <= s.right; at += columns)
            draw(s, at, columns, cell);
    }
}

void area_restyle(struct area a, int row, int column, int width, struct style style)
{
    struct area part = area_part(a, row, column, 1, width < 0 ? a.columns : width);
    struct stretch s = stretch_of(part, 0);
    for (int i = s.left; s.line != NULL && i < s.right; i++) {
        s.line[i].role = style.role;
        s.line[i].attrs = style.attrs;
    }
}

void area_highlight(struct area a, int row, struct style style)
{
    struct stretch s = stretch_of(a, row);
    for (int i = s.left; s.line != NULL && i < s.right; i++) {
        struct cell *cell = &s.line[i];
        if (cell->role == ROLE_CRITICAL || cell->role == ROLE_WARNING) {
            cell->attrs |= ATTR_REVERSE;
        } else {
            cell->role = style.role;
            cell->attrs |= style.attrs;
        }
    }
}

void area_spark(struct area a, int row, int column, int width, struct style style, const double *values,
                int n)
{
    if (width < 0)
        width = a.columns > column ? a.columns - column : 0;
    int shown = n < width ? n : width;
    for (int i = 0; i < shown; i++) {
        double value = values[n - shown + i];
        if (isnan(value))
            continue;
        int eighths = value <= 0 ? 1 : value >= 1 ? 8 : (int)ceil(value * 8);
        char glyph[5] = {0};
        utf8_encode(0x2580 + (uint32_t)eighths, glyph);
        area_put(a, row, column + width - shown + i, 1, style, glyph, false);
    }
}
