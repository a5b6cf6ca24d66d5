/* SQL as a person reads it: the formatter. */
#include <stdlib.h>
#include <string.h>
#include <strings.h>

#include "core/mem.h"
#include "core/text.h"
#include "core/utf8.h"
#include "tui/sqltext.h"

enum { MOST_BYTES = 64 * 1024, MAX_DEPTH = 64, MAX_PIECES = 20000, INDENT = 2 };

struct formatter {
    struct sql_text *out;
    int piece_room, line_room;
    int width;
    int column;            /* of the line so far, indent included */
    bool blank;            /* a blank stands before the next token */
    int depth;             /* open parentheses */
    bool query[MAX_DEPTH]; /* that parenthesis holds a subquery */
    int indent[MAX_DEPTH]; /* of the clauses inside it */
    bool between;          /* the next AND belongs to BETWEEN */
};

static void line_start(struct formatter *f, int indent)
{
    struct sql_text *t = f->out;
    struct sql_line *last = t->n_lines > 0 ? &t->lines[t->n_lines - 1] : NULL;
    f->blank = false;
    f->column = indent;
    if (last != NULL && last->n == 0) {
        last->indent = indent;
        return;
    }
    if (t->n_lines == f->line_room) {
        f->line_room = f->line_room * 2 + 16;
        t->lines = mem_grow(t->lines, (size_t)f->line_room, sizeof(*t->lines));
    }
    t->lines[t->n_lines++] = (struct sql_line){.indent = indent, .first = t->n_pieces};
}

static void piece_add(struct formatter *f, const char *start, size_t len, enum sql_kind kind)
{
    struct sql_text *t = f->out;
    if (t->n_pieces == f->piece_room) {
        f->piece_room = f->piece_room * 2 + 64;
        t->pieces = mem_grow(t->pieces, (size_t)f->piece_room, sizeof(*t->pieces));
    }
    t->pieces[t->n_pieces++] = (struct sql_piece){start, (int)len, kind};
    t->lines[t->n_lines - 1].n++;
}

/* How many bytes of S fit into COLUMNS, and how many columns they take. At least one character is taken. */
static size_t bytes_fitting(const char *s, size_t len, int columns, int *used)
{
    size_t at = 0;
    *used = 0;
    while (at < len && s[at] != '\n') {
        char cell[UTF8_CELL];
        int w;
        size_t n = utf8_cell(s + at, len - at, cell, &w);
        if (*used + w > columns && at > 0)
            break;
        *used += w;
        at += n;
    }
    return at;
}

/* What else shows as a blank has a picture; the rest of what cannot be shown is a dot at the screen. */
static const char *picture(char c)
{
    return c == '\n' ? SQL_LINE_BREAK : c == '\t' ? "\xE2\x90\x89" : c == '\r' ? "\xE2\x90\x8D" : NULL;
}

bool sql_visible(const char *sql, struct text *out)
{
    bool any = false;
    for (size_t n; *sql != '\0'; sql += n) {
        n = strcspn(sql, "\n\t\r");
        text_add_n(out, sql, n);
        if (sql[n] != '\0') {
            text_add(out, picture(sql[n++]));
            any = true;
        }
    }
    return any;
}

/* Adds a token, breaking it over lines where it is wider than what is left of one (strings, comments). */
static void token_add(struct formatter *f, const struct sql_token *token)
{
    int used;
    int wrap = f->indent[f->depth < MAX_DEPTH ? f->depth : MAX_DEPTH - 1] + 2 * INDENT;
    const char *s = token->start;
    size_t left = token->len;
    if (wrap > f->width / 2)
        wrap = f->width / 2;
    size_t fits = bytes_fitting(s, left, f->width - f->column - (f->blank ? 1 : 0), &used);
    bool has_line = f->out->lines[f->out->n_lines - 1].n > 0;
    if (fits < left && has_line && (left <= (size_t)(f->width - wrap) || f->width - f->column < 8) &&
        s[fits] != '\n')
        line_start(f, wrap);
    if (f->blank && f->out->lines[f->out->n_lines - 1].n > 0) {
        piece_add(f, " ", 1, SQL_SPACE);
        f->column++;
    }
    f->blank = false;
    while (left > 0 && f->out->n_pieces < MAX_PIECES) {
        fits = bytes_fitting(s, left, f->width - f->column, &used);
        if (fits > 0)
            piece_add(f, s, fits, token->kind);
        f->column += used;
        s += fits;
        left -= fits;
        if (left > 0 && *s == '\n') {
            s++;
            left--;
        }
        if (left > 0)
            line_start(f, wrap);
    }
}

/* A name in quotes: what stands in it makes no line. True if it had to be shown otherwise. */
static bool name_add(struct formatter *f, const struct sql_token *token)
{
    bool any = false;
    struct sql_token part = {token->kind, token->start, 0};
    for (size_t i = 0; i < token->len; i++) {
        const char *p = picture(token->start[i]);
        if (p == NULL)
            continue;
        part.len = (size_t)(token->start + i - part.start);
        token_add(f, &part);
        token_add(f, &(struct sql_token){token->kind, p, strlen(p)});
        part.start = token->start + i + 1;
        any = true;
    }
    part.len = (size_t)(token->start + token->len - part.start);
    token_add(f, &part);
    return any;
}

/* Words that begin a line, when they stand directly in a query. */
static bool begins_clause(const struct sql_token *token, const struct sql_token *before)
{
    // clang-format off
    static const char *const clauses[] = {
        "select", "from", "where", "group", "having", "order", "limit", "offset", "union", "except", "intersect", "values", "set",
        "returning", "window", "with", "left", "right", "full", "cross", "inner", "natural", "join", "using", "on",
    };
    static const char *const joined[] = {"left", "right", "full", "cross", "inner", "natural", "outer"};
    // clang-format on
    if (token->kind != SQL_KEYWORD)
        return false;
    if (sql_is(token, "join"))
        for (size_t i = 0; i < sizeof(joined) / sizeof(joined[0]); i++)
            if (before->start != NULL && sql_is(before, joined[i]))
                return false;
    if (before->start != NULL &&
        (sql_is(before, "within") || sql_is(before, "delete") || sql_is(before, "distinct") ||
         sql_is(before, "do") || sql_is(before, "conflict") || sql_is(before, "update") ||
         sql_is(before, "insert")))
        return false;
    if (sql_is(token, "on") || sql_is(token, "using"))
        return false;
    for (size_t i = 0; i < sizeof(clauses) / sizeof(clauses[0]); i++)
        if (sql_is(token, clauses[i]))
            return true;
    return false;
}

/* True if what follows the parenthesis at S is a query. */
static bool opens_query(const char *s, const char *end)
{
    struct sql_token token;
    while (sql_next(&s, end, &token))
        if (token.kind != SQL_SPACE && token.kind != SQL_COMMENT)
            return sql_is(&token, "select") || sql_is(&token, "with") || sql_is(&token, "values") ||
                   sql_is(&token, "insert") || sql_is(&token, "update") || sql_is(&token, "delete");
    return false;
}

static int deepest(const struct formatter *f)
{
    return f->depth < MAX_DEPTH ? f->depth : MAX_DEPTH - 1;
}

/* Breaks the line before TOKEN where a reader expects it. */
static void break_before(struct formatter *f, const struct sql_token *token, const struct sql_token *before)
{
    int depth = deepest(f);
    if (!f->query[depth])
        return;
    if (sql_is(token, "between"))
        f->between = true;
    if (begins_clause(token, before)) {
        line_start(f, f->indent[depth]);
    } else if (sql_is(token, "and") || sql_is(token, "or")) {
        if (!f->between || sql_is(token, "or"))
            line_start(f, f->indent[depth] + INDENT);
        f->between = false;
    }
}

static void parenthesis(struct formatter *f, const struct sql_token *token, const char *rest, const char *end)
{
    if (*token->start == '(') {
        int indent = f->indent[deepest(f)];
        bool query = opens_query(rest, end);
        token_add(f, token);
        f->depth++;
        f->query[deepest(f)] = query;
        f->indent[deepest(f)] = query && indent < f->width / 2 ? indent + 2 * INDENT : indent;
        if (query)
            line_start(f, f->indent[deepest(f)]);
        return;
    }
    bool query = f->depth > 0 && f->query[deepest(f)];
    if (f->depth > 0)
        f->depth--;
    if (query)
        line_start(f, f->indent[deepest(f)] + INDENT);
    token_add(f, token);
}

static void note_add(struct formatter *f)
{
    static const char note[] = "-- a name has a line break or a tab: " SQL_LINE_BREAK " and the like";
    line_start(f, 0);
    token_add(f, &(struct sql_token){SQL_COMMENT, note, sizeof(note) - 1});
}

void sql_format(const char *sql, size_t len, int width, struct sql_text *out)
{
    *out = (struct sql_text){.left_out = len > MOST_BYTES ? len - MOST_BYTES : 0};
    struct formatter f = {.out = out, .width = width < 10 ? 10 : width, .query = {true}};
    const char *s = sql, *end = sql + (len - out->left_out);
    struct sql_token token, before = {0};
    bool odd = false;
    line_start(&f, 0);
    while (out->n_pieces < MAX_PIECES && sql_next(&s, end, &token)) {
        if (token.kind == SQL_SPACE) {
            f.blank = true;
            continue;
        }
        break_before(&f, &token, &before);
        bool is_operator = token.kind == SQL_OPERATOR;
        if (is_operator && (*token.start == '(' || *token.start == ')'))
            parenthesis(&f, &token, s, end);
        else if (token.kind == SQL_IDENTIFIER)
            odd = name_add(&f, &token) || odd;
        else
            token_add(&f, &token);
        if (token.kind == SQL_COMMENT && token.start[0] == '-')
            line_start(&f, f.indent[deepest(&f)]);
        if (is_operator && *token.start == ';')
            line_start(&f, 0);
        before = token;
    }
    out->left_out += (size_t)(end - s);
    if (odd)
        note_add(&f);
    if (out->n_lines > 0 && out->lines[out->n_lines - 1].n == 0)
        out->n_lines--;
}

void sql_text_done(struct sql_text *t)
{
    free(t->pieces);
    free(t->lines);
    *t = (struct sql_text){0};
}

void sql_text_add(const struct sql_text *t, struct text *out)
{
    for (int i = 0; i < t->n_lines; i++) {
        for (int k = 0; k < t->lines[i].indent; k++)
            text_add_char(out, ' ');
        for (int k = 0; k < t->lines[i].n; k++) {
            const struct sql_piece *piece = &t->pieces[t->lines[i].first + k];
            text_add_n(out, piece->start, (size_t)piece->len);
        }
        text_add_char(out, '\n');
    }
}
