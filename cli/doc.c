/* A piece of documentation, printed for a terminal, as Markdown, or as part of a man page. */
#include "cli/doc.h"

#include <string.h>

#include "core/utf8.h"

enum { MOST_COLUMNS = 8 };

bool doc_format_parse(const char *name, enum doc_format *out, struct err *err)
{
    static const char *const names[] = {
        [DOC_TERMINAL] = "table", [DOC_MARKDOWN] = "markdown", [DOC_MAN] = "man"};
    for (size_t i = 0; i < sizeof(names) / sizeof(names[0]); i++)
        if (name == NULL || strcmp(name, names[i]) == 0) {
            *out = name == NULL ? DOC_TERMINAL : (enum doc_format)i;
            return true;
        }
    return fail(err, "--format %s: help knows table, markdown and man", name);
}

/* Text that roff must not take for its own: \, a hyphen that shall be typed as one, a point or quote that
 * begins a line. */
static void put_man(FILE *f, const char *s, bool code)
{
    if (*s == '.' || *s == '\'')
        fputs("\\&", f);
    for (; *s != '\0'; s++)
        if (*s == '\\')
            fputs("\\e", f);
        else if (*s == '-' && code)
            fputs("\\-", f);
        else
            fputc(*s, f);
}

/* In code only the bars of a table are special, elsewhere what begins markup is too. A word between two ` is
 * code here as well. */
static void put_markdown(FILE *f, const char *s, bool code)
{
    bool inside = code;
    for (; *s != '\0'; s++) {
        if (!code && *s == '`' && (inside || strchr(s + 1, '`') != NULL))
            inside = !inside;
        else if (*s == '|' || (!inside && strchr("<>*_`[]", *s) != NULL))
            fputc('\\', f);
        fputc(*s, f);
    }
}

static void put_code(struct doc *d, const char *s)
{
    if (d->format == DOC_MARKDOWN) {
        const char *quote = strchr(s, '`') == NULL ? "`" : "``"; /* the key ` itself */
        fputs(quote, d->file);
        put_markdown(d->file, s, true);
        fputs(quote, d->file);
    } else if (d->format == DOC_MAN)
        put_man(d->file, s, true);
    else
        fputs(s, d->file);
}

static void put(struct doc *d, const char *s, bool code)
{
    if (code)
        put_code(d, s);
    else if (d->format == DOC_MARKDOWN)
        put_markdown(d->file, s, false);
    else if (d->format == DOC_MAN)
        put_man(d->file, s, false);
    else
        fputs(s, d->file);
}

void doc_title(struct doc *d, const char *name, const char *sentence)
{
    if (d->format == DOC_TERMINAL)
        fprintf(d->file, "%s: %s\n", name, sentence);
    if (d->format != DOC_MARKDOWN)
        return;
    fprintf(d->file, "# %s\n\n", name);
    put(d, sentence, false);
    fputs("\n", d->file);
}

void doc_heading(struct doc *d, const char *text)
{
    fprintf(d->file,
            d->format == DOC_MARKDOWN ? "\n## %s\n"
            : d->format == DOC_MAN    ? ".SS %s\n"
                                      : "\n%s\n",
            text);
}

void doc_paragraph(struct doc *d, const char *text)
{
    fputs(d->format == DOC_MARKDOWN ? "\n" : d->format == DOC_MAN ? ".PP\n" : "  ", d->file);
    put(d, text, false);
    fputc('\n', d->file);
}

static int width_of(const char *s)
{
    return s == NULL ? 0 : utf8_columns(s);
}

static void terminal_row(struct doc *d, const int *widths, int n_columns, const char *const *row)
{
    int last = -1, blanks = 2;
    for (int c = 0; c < n_columns; c++)
        last = row[c] != NULL && row[c][0] != '\0' ? c : last;
    for (int c = 0; c <= last; c++) {
        fprintf(d->file, "%*s%s", blanks, "", row[c] == NULL ? "" : row[c]);
        blanks = widths[c] - width_of(row[c]) + (widths[c] > 0 ? 2 : 0);
    }
    fputc('\n', d->file);
}

static void man_row(struct doc *d, const struct doc_column *columns, int n_columns, const char *const *row)
{
    fputs(".TP\n.B ", d->file);
    put(d, row[0] == NULL ? "" : row[0], true);
    fputc('\n', d->file);
    const char *between = "";
    for (int c = 1; c < n_columns; c++)
        if (row[c] != NULL && row[c][0] != '\0') {
            fputs(between, d->file);
            put(d, row[c], columns[c].code);
            between = "; ";
        }
    fputc('\n', d->file);
}

static void markdown_row(struct doc *d, const struct doc_column *columns, int n_columns,
                         const char *const *row)
{
    for (int c = 0; c < n_columns; c++) {
        fputs(c == 0 ? "| " : " | ", d->file);
        if (row[c] == NULL || row[c][0] == '\0')
            continue;
        fputs(columns[c].link ? "[" : "", d->file);
        put(d, row[c], columns[c].code);
        if (columns[c].link)
            fprintf(d->file, "](%s.md)", row[c]);
    }
    fputs(" |\n", d->file);
}

void doc_table(struct doc *d, const struct doc_column *columns, int n_columns, const char *const *cells,
               int n_rows)
{
    int widths[MOST_COLUMNS] = {0};
    for (int i = 0; i < n_rows * n_columns; i++)
        widths[i % n_columns] =
            width_of(cells[i]) > widths[i % n_columns] ? width_of(cells[i]) : widths[i % n_columns];
    if (d->format == DOC_MARKDOWN) {
        for (int c = 0; c < n_columns; c++)
            fprintf(d->file, "%s %s ", c == 0 ? "\n|" : "|", columns[c].heading);
        for (int c = 0; c < n_columns; c++)
            fputs(c == 0 ? "|\n| --- " : "| --- ", d->file);
        fputs("|\n", d->file);
    }
    for (int r = 0; r < n_rows; r++) {
        const char *const *row = cells + (size_t)r * (size_t)n_columns;
        if (d->format == DOC_MARKDOWN)
            markdown_row(d, columns, n_columns, row);
        else if (d->format == DOC_MAN)
            man_row(d, columns, n_columns, row);
        else
            terminal_row(d, widths, n_columns, row);
    }
}
