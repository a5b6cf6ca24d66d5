/* Widgets record and sql: one row in full, and a text as SQL. */
#include <stdio.h>
#include <string.h>

#include "core/text.h"
#include "core/utf8.h"
#include "tui/widget.h"

enum { FIELD_LEAST = 38, MAX_FIELDS = 256, LABEL_MOST = 22, FIELD_LINES = 40, SQL_ROWS = 24 };

struct field {
    int row, column, width, lines;
};

/* The bytes of S that a line of WIDTH columns shows: up to the last blank that fits, else all that fits. */
static size_t line_bytes(const char *s, int width)
{
    size_t len = strnlen(s, 4096), at = 0, blank = 0;
    int used = 0;
    while (at < len && s[at] != '\n') {
        char cell[UTF8_CELL];
        int columns;
        size_t n = utf8_cell(s + at, len - at, cell, &columns);
        used += columns;
        if (used > width)
            return blank > 0 && s[at] != ' ' ? blank : at > 0 ? at : n;
        at += n;
        blank = s[at] == ' ' ? at : blank;
    }
    return at;
}

/* Where the line after one of N bytes begins. */
static const char *line_next(const char *s, size_t n)
{
    s += n;
    if (*s == '\n')
        return s + 1;
    return s + strspn(s, " ");
}

static int line_count(const char *s, int width)
{
    int n = 0;
    do
        s = line_next(s, line_bytes(s, width));
    while (++n < FIELD_LINES && *s != '\0');
    return n;
}

static int label_width(const struct view *v, const int *columns, int n)
{
    int widest = 0;
    for (int i = 0; i < n; i++) {
        char heading[64];
        view_heading(v, columns[i], heading, sizeof(heading));
        int width = utf8_columns(heading);
        widest = width > widest ? width : widest;
    }
    return widest > LABEL_MOST ? LABEL_MOST : widest;
}

/* Where each field stands: side by side while values are short, lines of its own for a long one. Returns the
 * rows. */
static int place(const struct view *v, const int *columns, int n, int width, int label, struct field *out)
{
    int across = width / FIELD_LEAST < 1 ? 1 : width / FIELD_LEAST;
    int each = width / across, row = 0, slot = 0;
    for (int i = 0; i < n; i++) {
        char buf[96];
        const char *value = view_cell(v->result, 0, columns[i], buf, sizeof(buf));
        int most = each - label - 3;
        bool wide = across > 1 && (strnlen(value, 400) > (size_t)most * 4 || utf8_columns(value) > most);
        if (wide && slot > 0) {
            row++;
            slot = 0;
        }
        bool alone = wide || across == 1;
        out[i] = (struct field){row, slot * each, alone ? width : each, 1};
        if (alone && width > label + 4)
            out[i].lines = line_count(value, width - label - 3);
        slot = wide ? across : slot + 1;
        if (slot >= across) {
            row += out[i].lines;
            slot = 0;
        }
    }
    return row + (slot > 0 ? 1 : 0);
}

int record_rows(const struct view *v, int columns)
{
    int all[MAX_FIELDS];
    struct field fields[MAX_FIELDS];
    int n = v->result->n_columns <= MAX_FIELDS ? view_columns(v, all) : 0;
    return place(v, all, n, columns - 1, label_width(v, all, n), fields);
}

/* The last line that there may be shows as much of the rest as fits. */
static void value_draw(const struct view *v, struct area a, const struct field *f, int at, struct style style,
                       const char *value)
{
    int width = f->width - at;
    for (int i = 0; i < f->lines; i++) {
        size_t n = i + 1 < f->lines ? line_bytes(value, width) : strlen(value);
        int row = f->row + i - v->table->scroll;
        if (row >= 0 && row < a.rows) {
            struct text line;
            text_init(&line, 1 << 18);
            text_add_n(&line, value, n);
            view_put(v, a, row, f->column + at, width, style, text_str(&line));
            text_done(&line);
        }
        value = line_next(value, n);
    }
}

void record_draw(struct view *v, struct area a)
{
    int all[MAX_FIELDS];
    struct field fields[MAX_FIELDS];
    int n = v->result->n_columns <= MAX_FIELDS ? view_columns(v, all) : 0, label = label_width(v, all, n);
    int rows = place(v, all, n, a.columns - 1, label, fields);
    struct table *t = v->table;
    if (t->scroll > rows - a.rows)
        t->scroll = rows > a.rows ? rows - a.rows : 0;
    for (int i = 0; i < n; i++) {
        char heading[64], buf[96];
        struct field f = fields[i];
        enum role role = view_role(v, v->result, 0, all[i]);
        view_heading(v, all[i], heading, sizeof(heading));
        const char *value = view_cell(v->result, 0, all[i], buf, sizeof(buf));
        if (result_at(v->result, 0, all[i])->type == VALUE_NULL)
            role = ROLE_DIM;
        area_put(a, f.row - t->scroll, f.column + 1, label, STYLE(ROLE_COLUMN), heading, true);
        value_draw(v, a, &f, label + 3, STYLE(role), value);
    }
    if (t->scroll + a.rows < rows)
        area_put_right(a, a.rows - 1, 0, a.columns, STYLE(ROLE_ACCENT), "▼");
}

/* ---- sql ---- */

static const char *sql_of(const struct view *v)
{
    for (int i = 0; i < v->result->n_columns; i++)
        if (result_at(v->result, 0, i)->type == VALUE_TEXT)
            return result_at(v->result, 0, i)->text;
    return NULL;
}

static const struct sql_text *formatted(const struct view *v, int width)
{
    struct table *t = v->table;
    const char *sql = sql_of(v);
    if (t->formatted_of == v->result && t->formatted_width == width)
        return &t->formatted;
    sql_text_done(&t->formatted);
    t->formatted_of = v->result;
    t->formatted_width = width;
    if (sql != NULL)
        sql_format(sql, strlen(sql), width, &t->formatted);
    return &t->formatted;
}

int sqlview_rows(const struct view *v, int columns)
{
    int n = formatted(v, columns - 2)->n_lines;
    return n < 1 ? 1 : n > SQL_ROWS ? SQL_ROWS : n;
}

/* What the last filter finds, marked in a line of pieces. */
static void line_mark(const struct view *v, struct area a, int row, int indent, const char *start, int len)
{
    char line[2048];
    size_t at, found;
    int n = len < (int)sizeof(line) - 1 ? len : (int)sizeof(line) - 1;
    if (v->found == NULL || v->found->n == 0)
        return;
    memcpy(line, start, (size_t)n);
    line[n] = '\0';
    if (!filter_finds(v->found, line, &at, &found))
        return;
    line[at + found] = '\0';
    int whole = utf8_columns(line);
    line[at] = '\0';
    int before = utf8_columns(line);
    area_restyle(a, row, 1 + indent + before, whole - before, STYLE(ROLE_MATCH));
}

static void sql_line_draw(const struct view *v, struct area a, int row, const struct sql_text *sql,
                          const struct sql_line *line)
{
    int at = 1 + line->indent;
    struct text whole;
    text_init(&whole, 4000);
    for (int i = 0; i < line->n; i++) {
        const struct sql_piece *piece = &sql->pieces[line->first + i];
        struct text part;
        text_init(&part, 8000);
        text_add_n(&part, piece->start, (size_t)piece->len);
        text_add_n(&whole, piece->start, (size_t)piece->len);
        at += area_put(a, row, at, a.columns - at, STYLE(sql_role(piece->kind)), text_str(&part), true);
        text_done(&part);
    }
    line_mark(v, a, row, line->indent, text_str(&whole), (int)whole.len);
    text_done(&whole);
}

void sqlview_draw(struct view *v, struct area a)
{
    const struct sql_text *sql = formatted(v, a.columns - 2);
    struct table *t = v->table;
    if (sql_of(v) == NULL) {
        area_put(a, 0, 1, -1, STYLE(ROLE_DIM), v->pane->empty, true);
        return;
    }
    if (t->scroll > sql->n_lines - a.rows)
        t->scroll = sql->n_lines > a.rows ? sql->n_lines - a.rows : 0;
    for (int i = 0; i < a.rows && t->scroll + i < sql->n_lines; i++)
        sql_line_draw(v, a, i, sql, &sql->lines[t->scroll + i]);
    int below = sql->n_lines - t->scroll - a.rows;
    if (below > 0 || (sql->left_out > 0 && below == 0)) {
        char more[64];
        if (below > 0)
            snprintf(more, sizeof(more), " %d lines below ", below);
        else
            snprintf(more, sizeof(more), " %zu bytes more are not shown ", sql->left_out);
        area_put_right(a, a.rows - 1, 0, a.columns, STYLE(ROLE_ACCENT), more);
    }
}
