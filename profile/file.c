/* A file of named queries: where statements begin and end, and which comments mean something. */
#include "profile/file.h"

#include <errno.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "core/mem.h"
#include "core/text.h"
#include "core/utf8.h"
#include "profile/directive.h"
#include "profile/lexer.h"

bool reading_fail(const struct reading *r, int line, struct err *err)
{
    struct err said = *err;
    return fail(err, "%.200s:%d: %.700s", r->path, line, said.text);
}

/* ---- The end of a statement: its parameters are found ---- */

static int binding_of(const struct reading *r, const char *name, size_t len, int query)
{
    int found = -1;
    for (int i = 0; i < r->out.n_bindings; i++) {
        const struct query_binding *b = &r->out.bindings[i];
        if (strlen(b->name) == len && memcmp(b->name, name, len) == 0 &&
            (b->query == query || (b->query < 0 && found < 0)))
            found = i;
    }
    return found;
}

/* The number that the parameter called NAME has in the statement, from 1. */
static bool use(struct reading *r, struct named_query *q, const char *name, size_t len, struct err *err)
{
    int binding = binding_of(r, name, len, r->out.n - 1), at = 0;
    if (binding < 0)
        return fail(err,
                    "%s: the parameter %.*s has no value: say -- set %.*s = VALUE, or -- param %.*s: SELECT",
                    q->name, (int)len, name, (int)len, name, (int)len, name);
    while (at < q->n_uses && q->uses[at] != binding)
        at++;
    if (at == MOST_PARAMS_OF_ONE)
        return fail(err, "%s: more than %d parameters", q->name, MOST_PARAMS_OF_ONE);
    if (at == q->n_uses) {
        q->uses = mem_grow(q->uses, (size_t)at + 1, sizeof(*q->uses));
        q->uses[q->n_uses++] = binding;
    }
    r->use = at + 1;
    return true;
}

static bool number_params(struct reading *r, struct named_query *q, const char *sql, size_t len,
                          struct err *err)
{
    struct text out;
    text_init(&out, 2 * LARGEST_FILE);
    bool ok = true;
    for (size_t at = 0, end; at < len && ok; at = end) {
        if (lexer_piece(sql, len, at, &end) != PIECE_PARAM)
            text_add_n(&out, sql + at, end - at);
        else if ((ok = use(r, q, sql + at + 1, end - at - 1, err)))
            text_addf(&out, "$%d", r->use);
    }
    q->sql = text_take(&out);
    return ok;
}

static bool only_reads(const struct named_query *q, const char *sql, size_t len, struct err *err)
{
    static const char *const words[] = {"select", "with", "values", "table"};
    size_t at = 0, end = 0;
    enum piece_kind kind = PIECE_SPACE;
    for (; at < len; at = end) {
        kind = lexer_piece(sql, len, at, &end);
        if (kind != PIECE_SPACE && kind != PIECE_COMMENT && sql[at] != '(')
            break;
    }
    for (size_t i = 0; i < sizeof(words) / sizeof(words[0]); i++)
        if (kind == PIECE_WORD && strlen(words[i]) == end - at &&
            strncasecmp(words[i], sql + at, end - at) == 0)
            return true;
    return fail(err, "%s begins with %.*s: profile runs only what reads (SELECT, WITH, VALUES, TABLE)",
                q->name, end - at > 30 ? 30 : (int)(end - at), sql + at);
}

/* What is said of NAME without SQL is forgotten: a file may end so. */
static bool finish_statement(struct reading *r, size_t end, struct err *err)
{
    struct named_query *q = &r->out.queries[r->out.n - 1];
    const char *sql = r->text + r->start;
    size_t len = end - r->start;
    while (len > 0 && strchr(" \t\r\n", sql[len - 1]) != NULL)
        len--;
    r->in_statement = false;
    r->has_statement = true;
    if (!only_reads(q, sql, len, err) || !number_params(r, q, sql, len, err))
        return reading_fail(r, q->line, err);
    return true;
}

/* ---- Where a query begins and ends ---- */

bool reading_add_query(struct reading *r, const char *name, size_t len, struct err *err)
{
    if (r->out.n == MOST_QUERIES)
        return fail(err, "more than %d queries", MOST_QUERIES);
    for (int i = 0; i < r->out.n; i++)
        if (strlen(r->out.queries[i].name) == len && memcmp(r->out.queries[i].name, name, len) == 0)
            return fail(err, "the name %.*s is used twice: it stands in line %d already", (int)len, name,
                        r->out.queries[i].line);
    r->out.queries = mem_grow(r->out.queries, (size_t)r->out.n + 1, sizeof(*r->out.queries));
    struct named_query *q = &r->out.queries[r->out.n++];
    *q = (struct named_query){.line = r->line, .p95_ms = r->p95_ms, .p99_ms = r->p99_ms};
    q->name = mem_new(len + 1);
    memcpy(q->name, name, len);
    r->has_statement = false;
    return true;
}

static bool begin_statement(struct reading *r, size_t at, struct err *err)
{
    char name[32];
    bool ok = true;
    if (r->named && r->has_statement)
        ok = fail(err, "%s has a second statement: each needs a name of its own (-- name: ...)",
                  r->out.queries[r->out.n - 1].name);
    else if (!r->named) {
        snprintf(name, sizeof(name), "query %d", r->out.n + 1);
        ok = reading_add_query(r, name, strlen(name), err);
    }
    r->start = at;
    r->in_statement = true;
    if (ok)
        r->out.queries[r->out.n - 1].sql_line = r->line;
    return ok || reading_fail(r, r->line, err);
}

bool reading_end_query(struct reading *r, size_t at, struct err *err)
{
    if (r->in_statement && !finish_statement(r, at, err))
        return false;
    if (r->named && !r->has_statement) {
        const struct named_query *q = &r->out.queries[r->out.n - 1];
        fail(err, "%s has no statement", q->name);
        return reading_fail(r, q->line, err);
    }
    return true;
}

static bool take_piece(struct reading *r, enum piece_kind kind, size_t at, size_t end, struct err *err)
{
    switch (kind) {
    case PIECE_SPACE:
        return true;
    case PIECE_COMMENT:
        return !r->line_begins || r->text[at] != '-' || directive_read(r, at, end, err);
    case PIECE_OPEN:
        fail(err, r->text[at] == '/' ? "the comment that begins here does not end"
                                     : "the quote that begins here does not end");
        return reading_fail(r, r->line, err);
    case PIECE_END:
        return !r->in_statement || finish_statement(r, at, err);
    case PIECE_WORD:
    case PIECE_QUOTED:
    case PIECE_PARAM:
    case PIECE_SIGN:
        return r->in_statement || begin_statement(r, at, err);
    }
    return true;
}

static bool read_all(struct reading *r, struct err *err)
{
    r->line = 1;
    r->line_begins = true;
    for (size_t at = 0, end; at < r->len; at = end) {
        enum piece_kind kind = lexer_piece(r->text, r->len, at, &end);
        if (!take_piece(r, kind, at, end, err))
            return false;
        r->line_begins = kind == PIECE_SPACE && (r->line_begins || r->text[at] == '\n');
        for (size_t i = at; i < end; i++)
            r->line += r->text[i] == '\n';
    }
    if (!reading_end_query(r, r->len, err))
        return false;
    return r->out.n > 0 || fail(err, "%.200s has no query", r->path);
}

static int line_of_bad(const char *text, size_t len)
{
    int line = 1;
    uint32_t code;
    for (size_t at = 0; at < len;) {
        size_t n = utf8_decode(text + at, len - at, &code);
        if (text[at] == '\0' || (n == 1 && code == 0xfffd))
            break;
        line += code == '\n';
        at += n;
    }
    return line;
}

bool query_file_parse(const char *text, size_t len, const char *path, struct query_file *out, struct err *err)
{
    struct reading r = {.text = text, .len = len, .path = path, .p95_ms = NAN, .p99_ms = NAN};
    if (memchr(text, '\0', len) != NULL || !utf8_valid(text, len))
        return fail(err, "%.200s:%d: this is no text in UTF-8", path, line_of_bad(text, len));
    if (len >= 3 && memcmp(text, "\xef\xbb\xbf", 3) == 0) { /* a byte order mark */
        r.text += 3;
        r.len -= 3;
    }
    if (!read_all(&r, err)) {
        query_file_done(&r.out);
        return false;
    }
    *out = r.out;
    return true;
}

bool read_text_file(const char *path, size_t most, char **text, size_t *len, struct err *err)
{
    FILE *f = fopen(path, "re");
    if (f == NULL)
        return fail(err, "cannot open %.300s: %s", path, strerror(errno));
    char *read = mem_new(most + 2);
    errno = 0;
    *len = fread(read, 1, most + 1, f);
    bool ok = ferror(f) ? fail(err, "cannot read %.300s: %s", path, strerror(errno))
                        : *len <= most || fail(err, "%.300s is larger than %zu MB", path, most >> 20);
    fclose(f);
    if (ok)
        *text = read;
    else
        free(read);
    return ok;
}

bool query_file_read(const char *path, struct query_file *out, struct err *err)
{
    char *text;
    size_t len;
    if (!read_text_file(path, LARGEST_FILE, &text, &len, err))
        return false;
    bool ok = query_file_parse(text, len, path, out, err);
    free(text);
    return ok;
}

void query_file_done(struct query_file *f)
{
    for (int i = 0; i < f->n; i++) {
        free(f->queries[i].name);
        free(f->queries[i].sql);
        free(f->queries[i].uses);
    }
    for (int i = 0; i < f->n_lists; i++)
        free(f->lists[i].sql);
    for (int i = 0; i < f->n_bindings; i++) {
        free(f->bindings[i].name);
        if (f->bindings[i].value.type == VALUE_TEXT)
            free((char *)(uintptr_t)f->bindings[i].value.text);
    }
    free(f->queries);
    free(f->lists);
    free(f->bindings);
    *f = (struct query_file){0};
}
