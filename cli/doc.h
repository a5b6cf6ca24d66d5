/* A piece of documentation that is written once and printed three ways: for a terminal, as Markdown, as part
 * of a man page. */
#ifndef DBVITALS_CLI_DOC_H
#define DBVITALS_CLI_DOC_H

#include <stdio.h>

#include "core/err.h"

enum doc_format { DOC_TERMINAL, DOC_MARKDOWN, DOC_MAN };

struct doc {
    FILE *file;
    enum doc_format format;
};

/* "table" (or NULL), "markdown", "man". */
bool doc_format_parse(const char *name, enum doc_format *out, struct err *err);
/* The first line: NAME and what it is in one sentence. A man page has its own: nothing. */
void doc_title(struct doc *d, const char *name, const char *sentence);
void doc_heading(struct doc *d, const char *text);
void doc_paragraph(struct doc *d, const char *text);

/* A column of a table. CODE: literal text, such as a name or SQL. */
struct doc_column {
    const char *heading;
    bool code;
    bool link; /* in Markdown to the page of that name */
};
/* CELLS is rows x columns, row by row; NULL is an empty cell. In a man page the first cell is the tag and the
 * others follow it. */
void doc_table(struct doc *d, const struct doc_column *columns, int n_columns, const char *const *cells,
               int n_rows);

#endif
