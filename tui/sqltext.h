/* SQL as a person reads it: tokens, a formatter, roles for highlighting. Any bytes are accepted; nothing here understands SQL fully. */
#ifndef DBVITALS_TUI_SQLTEXT_H
#define DBVITALS_TUI_SQLTEXT_H

#include <stdbool.h>
#include <stddef.h>

#include "tui/canvas.h"

struct text;
enum sql_kind { SQL_SPACE, SQL_WORD, SQL_KEYWORD, SQL_STRING, SQL_NUMBER, SQL_COMMENT, SQL_PARAM, SQL_IDENTIFIER, SQL_OPERATOR };
struct sql_token {
    enum sql_kind kind;
    const char *start; /* into the text that was given */
    size_t len;
};
/* The token that starts at *S, which moves behind it; false at the end. PostgreSQL's lexical rules: 'it''s', E'\'', $tag$...$tag$, "name", nested
 * comments, $1, :name. What is not closed reaches to the end. */
bool sql_next(const char **s, const char *end, struct sql_token *token);
/* The token is the word W, upper and lower case alike. */
bool sql_is(const struct sql_token *token, const char *w);
enum role sql_role(enum sql_kind kind);

/* A formatted text: lines of pieces. Pieces point into the text that was given, or to static blanks. */
struct sql_piece {
    const char *start;
    int len;     /* bytes */
    enum sql_kind kind;
};
struct sql_line {
    int indent;  /* columns */
    int first, n; /* pieces */
};
struct sql_text {
    struct sql_piece *pieces;
    int n_pieces;
    struct sql_line *lines;
    int n_lines;
    size_t left_out; /* bytes of the text that are not formatted: only the first 64 kB are */
};
/* Formats LEN bytes of SQL into lines of WIDTH columns: clauses begin lines, AND and OR are indented, subqueries too, long lists wrap. */
void sql_format(const char *sql, size_t len, int width, struct sql_text *out);
void sql_text_done(struct sql_text *t);
/* Appends the formatted text, one line after another. */
void sql_text_add(const struct sql_text *t, struct text *out);

/* What a formatted text shows in place of a line break in a name, and says below it. */
#define SQL_LINE_BREAK "\xE2\x90\x8A"
/* Appends SQL with its line breaks and tabs as pictures, not as blanks: a name that has one is another name than that with a blank. True
 * if there was one. */
bool sql_visible(const char *sql, struct text *out);

/* The names after FROM, JOIN and commas of SQL that IS_DATASET knows, each once: at most MAX. What a pane reads, without a database; names that
 * are only columns may be among them. */
int sql_datasets(const char *sql, bool (*is_dataset)(void *ctx, const char *name), void *ctx, char (*out)[64], int max);

#endif
