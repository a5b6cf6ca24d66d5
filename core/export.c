/* Results for people and programs: aligned text, CSV, JSON. */
#include "core/export.h"

#include <inttypes.h>
#include <math.h>
#include <stdlib.h>
#include <string.h>

#include "core/json.h"
#include "core/mem.h"
#include "core/text.h"
#include "core/utf8.h"

enum { MAX_LINE = 64 << 20, GAP = 2, LEAST_WIDTH = 8 };

static void write_text(FILE *f, struct text *t)
{
    fwrite(text_str(t), 1, t->len, f);
    text_clear(t);
}

/* ---- Table ---- */

static void add_spaces(struct text *out, int n)
{
    for (; n > 0; n--)
        text_add_char(out, ' ');
}

/* Appends S as it is shown in at most WIDTH columns, and returns how many it took. */
static int add_cut(struct text *out, const char *s, int width)
{
    int columns = utf8_columns(s);
    if (columns <= width) {
        text_add(out, s);
        return columns;
    }
    columns = 0;
    size_t len = strlen(s);
    while (len > 0) {
        uint32_t code;
        size_t n = utf8_decode(s, len, &code);
        int w = utf8_width(code);
        if (columns + w > width - 1) /* the last one shows that something is missing */
            break;
        text_add_n(out, s, n);
        columns += w > 0 ? w : 0;
        s += n;
        len -= n;
    }
    text_add_char(out, '~');
    return columns + 1;
}

/* V as the table shows it, in OUT, which is cleared. */
static const char *shown(struct text *out, const struct value *v, enum unit unit)
{
    text_clear(out);
    if (v->type == VALUE_TEXT) {
        utf8_clean(out, v->text, false);
    } else {
        char number[64];
        value_format(v, unit, number, sizeof(number));
        text_add(out, number);
    }
    return text_str(out);
}

static int *natural_widths(const struct result *r, struct text *scratch)
{
    int *widths = mem_new_array((size_t)r->n_columns, sizeof(*widths));
    for (int c = 0; c < r->n_columns; c++) {
        struct value name = {.type = VALUE_TEXT, .text = r->columns[c].name};
        widths[c] = utf8_columns(shown(scratch, &name, UNIT_NONE));
        for (int row = 0; row < r->n_rows; row++) {
            int w = utf8_columns(shown(scratch, result_at(r, row, c), r->columns[c].unit));
            widths[c] = w > widths[c] ? w : widths[c];
        }
    }
    return widths;
}

/* Takes from the widest text column until all fit or none can give more. */
static void fit(const struct result *r, int *widths, int width)
{
    int sum = GAP * (r->n_columns - 1);
    for (int c = 0; c < r->n_columns; c++)
        sum += widths[c];
    while (sum > width) {
        int widest = -1, second = LEAST_WIDTH;
        for (int c = 0; c < r->n_columns; c++)
            if (!r->columns[c].numeric && widths[c] > LEAST_WIDTH &&
                (widest < 0 || widths[c] > widths[widest]))
                widest = c;
        if (widest < 0)
            return;
        for (int c = 0; c < r->n_columns; c++)
            if (c != widest && !r->columns[c].numeric && widths[c] > second && widths[c] < widths[widest])
                second = widths[c];
        int excess = sum - width, gives = widths[widest] - second;
        gives = gives < excess ? gives : excess;
        gives = gives < 1 ? 1 : gives;
        widths[widest] -= gives;
        sum -= gives;
    }
}

struct table_writer {
    const struct result *r;
    int *widths;
    int width;
    struct text line, cell, cut;
};

static void add_cell(struct table_writer *t, int c, const struct value *v, enum unit unit)
{
    bool right = t->r->columns[c].numeric, last = c + 1 == t->r->n_columns;
    text_clear(&t->cut);
    int used = add_cut(&t->cut, shown(&t->cell, v, unit), t->widths[c]);
    if (right)
        add_spaces(&t->line, t->widths[c] - used);
    text_add(&t->line, text_str(&t->cut));
    if (!right && !last)
        add_spaces(&t->line, t->widths[c] - used);
    if (!last)
        add_spaces(&t->line, GAP);
}

static void write_line(struct table_writer *t, FILE *f)
{
    text_clear(&t->cut);
    add_cut(&t->cut, text_str(&t->line), t->width > 0 ? t->width : INT32_MAX);
    text_clear(&t->line);
    while (t->cut.len > 0 && t->cut.data[t->cut.len - 1] == ' ')
        t->cut.data[--t->cut.len] = '\0';
    text_add_char(&t->cut, '\n');
    write_text(f, &t->cut);
}

static void write_header(struct table_writer *t, FILE *f)
{
    for (int c = 0; c < t->r->n_columns; c++)
        add_cell(t, c, &(struct value){.type = VALUE_TEXT, .text = t->r->columns[c].name}, UNIT_NONE);
    write_line(t, f);
    for (int c = 0; c < t->r->n_columns; c++) {
        for (int i = 0; i < t->widths[c]; i++)
            text_add_char(&t->line, '-');
        if (c + 1 < t->r->n_columns)
            add_spaces(&t->line, GAP);
    }
    write_line(t, f);
}

void export_table(FILE *f, const struct result *r, int width)
{
    struct table_writer t = {.r = r, .width = width};
    text_init(&t.line, MAX_LINE);
    text_init(&t.cell, MAX_LINE);
    text_init(&t.cut, MAX_LINE);
    t.widths = natural_widths(r, &t.cell);
    if (width > 0)
        fit(r, t.widths, width);
    write_header(&t, f);
    for (int row = 0; row < r->n_rows; row++) {
        for (int c = 0; c < r->n_columns; c++)
            add_cell(&t, c, result_at(r, row, c), r->columns[c].unit);
        write_line(&t, f);
    }
    if (r->more)
        fprintf(f, "(the first %d rows; there are more)\n", r->n_rows);
    free(t.widths);
    text_done(&t.line);
    text_done(&t.cell);
    text_done(&t.cut);
}

/* ---- CSV ---- */

/* What a terminal would obey or be led astray by: controls, bidi overrides. */
static bool is_harmful(uint32_t code)
{
    return code != '\n' && code != '\t' && utf8_width(code) < 0;
}

static void add_field(struct text *out, const char *s)
{
    bool quoted = s[strcspn(s, ",\"\n\r")] != '\0' || s[0] == '\0'; /* "" is a text, nothing is no value */
    if (quoted)
        text_add_char(out, '"');
    for (size_t len = strlen(s), n; len > 0; s += n, len -= n) {
        uint32_t code;
        n = utf8_decode(s, len, &code);
        char harmless[4];
        if (is_harmful(code))
            text_add_n(out, harmless, utf8_encode(utf8_harmless(code), harmless));
        else if (code == '"')
            text_add(out, "\"\"");
        else
            text_add_n(out, s, n);
    }
    if (quoted)
        text_add_char(out, '"');
}

void export_csv(FILE *f, const struct result *r)
{
    struct text line;
    text_init(&line, MAX_LINE);
    for (int c = 0; c < r->n_columns; c++) {
        add_field(&line, r->columns[c].name);
        text_add(&line, c + 1 < r->n_columns ? "," : "\r\n");
    }
    for (int row = 0; row < r->n_rows; row++) {
        write_text(f, &line);
        for (int c = 0; c < r->n_columns; c++) {
            const struct value *v = result_at(r, row, c);
            if (v->type == VALUE_TEXT)
                add_field(&line, v->text);
            else if (v->type == VALUE_INT || (v->type == VALUE_REAL && isfinite(v->real)))
                json_add_number(&line, v); /* numbers are written as in JSON */
            text_add(&line, c + 1 < r->n_columns ? "," : "\r\n");
        }
    }
    write_text(f, &line);
    text_done(&line);
}

/* ---- JSON ---- */

static bool is_name_of(const struct result *r, int n, char *const *taken, const char *name)
{
    for (int i = 0; i < r->n_columns; i++)
        if (strcmp(r->columns[i].name, name) == 0 || (i < n && strcmp(taken[i], name) == 0))
            return true;
    return false;
}

/* The names of the columns, each once: the second a is a_2 (or the next number that no column has). The caller frees them and the array. */
static char **unique_names(const struct result *r)
{
    char **names = mem_new_array((size_t)r->n_columns, sizeof(*names));
    for (int c = 0; c < r->n_columns; c++) {
        const char *name = r->columns[c].name;
        struct text t;
        text_init(&t, MAX_LINE);
        text_add(&t, name);
        int first = 0;
        while (strcmp(r->columns[first].name, name) != 0)
            first++;
        for (int n = 2; first < c && is_name_of(r, c, names, text_str(&t)); n++) {
            text_clear(&t);
            text_addf(&t, "%s_%d", name, n);
        }
        names[c] = text_take(&t);
    }
    return names;
}

void export_json(FILE *f, const struct result *r)
{
    struct json *j = json_new();
    struct text row_text, *names = mem_new_array((size_t)r->n_columns, sizeof(*names));
    text_init(&row_text, MAX_LINE * 2);
    char **unique = unique_names(r);
    for (int c = 0; c < r->n_columns; c++) {
        text_init(&names[c], MAX_LINE);
        json_add_text(j, &names[c], unique[c]);
        free(unique[c]);
    }
    free(unique);
    fputc('[', f);
    for (int row = 0; row < r->n_rows; row++) {
        text_add(&row_text, row == 0 ? "{" : ",\n{");
        for (int c = 0; c < r->n_columns; c++) {
            text_addf(&row_text, "%s%s:", c == 0 ? "" : ",", text_str(&names[c]));
            json_add(j, &row_text, result_at(r, row, c));
        }
        text_add(&row_text, "}");
        write_text(f, &row_text);
    }
    fputc(']', f);
    for (int c = 0; c < r->n_columns; c++)
        text_done(&names[c]);
    free(names);
    text_done(&row_text);
    json_free(j);
}

/* ---- One of several ---- */

void export_begin(FILE *f, enum export_format format)
{
    if (format == EXPORT_JSON)
        fputc('{', f);
}

void export_result(FILE *f, const struct result *r, enum export_format format, const char *name, bool first)
{
    if (format != EXPORT_JSON && !first)
        fputs(format == EXPORT_CSV ? "\r\n" : "\n", f);
    switch (format) {
    case EXPORT_TABLE:
        if (name != NULL)
            fprintf(f, "%s\n", name);
        export_table(f, r, 0);
        break;
    case EXPORT_CSV:
        export_csv(f, r);
        break;
    case EXPORT_JSON:
        if (name != NULL)
            fprintf(f, "%s\"%s\":", first ? "" : ",\n", name); /* names of datasets need no escapes */
        export_json(f, r);
        if (name == NULL)
            fputc('\n', f);
        break;
    }
}

void export_end(FILE *f, enum export_format format)
{
    if (format == EXPORT_JSON)
        fputs("}\n", f);
}
