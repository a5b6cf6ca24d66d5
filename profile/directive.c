/* Comments that mean something: name, p95, p99, set, param. All others are comments. */
#include "profile/directive.h"

#include <stdlib.h>
#include <string.h>

#include "core/mem.h"
#include "core/when.h"
#include "profile/lexer.h"

/* A piece of the line. */
struct span {
    const char *s;
    size_t len;
};

static struct span trim(struct span x)
{
    while (x.len > 0 && strchr(" \t\r", *x.s) != NULL)
        x.s++, x.len--;
    while (x.len > 0 && strchr(" \t\r", x.s[x.len - 1]) != NULL)
        x.len--;
    return x;
}

static char *copy(struct span x)
{
    char *s = mem_new(x.len + 1);
    memcpy(s, x.s, x.len);
    return s;
}

/* Takes WORD from the front of X. */
static bool take(struct span *x, const char *word)
{
    size_t n = strlen(word);
    if (x->len < n || memcmp(x->s, word, n) != 0)
        return false;
    *x = trim((struct span){x->s + n, x->len - n});
    return true;
}

static bool is_name(struct span x)
{
    for (size_t i = 0; i < x.len; i++)
        if (strchr("abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ_0123456789", x.s[i]) == NULL)
            return false;
    return x.len > 0 && x.len <= LONGEST_NAME;
}

/* ---- name ---- */

/* "recent", "recent^", "recent<!", "recent(id)", "Recent :many". */
static bool read_name(struct reading *r, struct span x, size_t at, struct err *err)
{
    size_t n = 0;
    while (n < x.len && strchr(" \t(", x.s[n]) == NULL)
        n++;
    while (n > 1 && strchr("^$!<*#?", x.s[n - 1]) != NULL)
        n--;
    if (!reading_end_query(r, at, err))
        return false;
    r->named = true;
    bool ok = n > 0 && n <= LONGEST_NAME ? true : fail(err, "a name has 1 to %d bytes", LONGEST_NAME);
    for (size_t i = 0; i < n && ok; i++)
        if ((unsigned char)x.s[i] < ' ' || x.s[i] == 0x7f)
            ok = fail(err, "a name has no control characters");
    return (ok && reading_add_query(r, x.s, n, err)) || reading_fail(r, r->line, err);
}

/* ---- p95, p99 ---- */

bool target_parse(const char *s, double *seconds, struct err *err)
{
    if (!duration_parse(s, seconds, err))
        return false;
    return strpbrk(s, "smhd") != NULL || fail(err, "say its unit, such as %.100sms", s);
}

static bool read_target(struct reading *r, struct span x, bool p99, struct err *err)
{
    double seconds;
    struct err why = {""};
    char *s = copy(x);
    bool ok =
        target_parse(s, &seconds, &why) || fail(err, "%s %.100s: %.800s", p99 ? "p99" : "p95", s, why.text);
    free(s);
    if (!ok)
        return reading_fail(r, r->line, err);
    struct named_query *q = r->named ? &r->out.queries[r->out.n - 1] : NULL;
    double *ms = p99 ? (q == NULL ? &r->p99_ms : &q->p99_ms) : (q == NULL ? &r->p95_ms : &q->p95_ms);
    *ms = seconds * 1000;
    return true;
}

/* ---- set, param ---- */

static struct query_binding *add_binding(struct reading *r, struct span name, struct err *err)
{
    if (r->out.n_bindings == MOST_BINDINGS) {
        fail(err, "more than %d values", MOST_BINDINGS);
        return NULL;
    }
    r->out.bindings = mem_grow(r->out.bindings, (size_t)r->out.n_bindings + 1, sizeof(*r->out.bindings));
    struct query_binding *b = &r->out.bindings[r->out.n_bindings++];
    *b = (struct query_binding){.name = copy(name), .query = r->named ? r->out.n - 1 : -1, .list = -1};
    return b;
}

/* 'it''s', null, 5, 0.5; anything else is a text as it stands. */
static struct value read_value(struct span x)
{
    char *s = copy(x), *end;
    struct value v = {.type = VALUE_TEXT, .text = s};
    if (x.len >= 2 && s[0] == '\'' && s[x.len - 1] == '\'') {
        size_t n = 0;
        for (size_t i = 1; i + 1 < x.len; i++) {
            s[n++] = s[i];
            i += s[i] == '\'' && i + 2 < x.len && s[i + 1] == '\'';
        }
        s[n] = '\0';
        return v;
    }
    long long integer = strtoll(s, &end, 10);
    double real = end != s && *end != '\0' ? strtod(s, &end) : 0;
    if (strcasecmp(s, "null") == 0)
        v = (struct value){.type = VALUE_NULL};
    else if (x.len > 0 && strspn(s, "0123456789+-") == x.len && *end == '\0' && x.len < 19)
        v = (struct value){.type = VALUE_INT, .integer = integer};
    else if (x.len > 0 && strspn(s, "0123456789+-.eE") == x.len && *end == '\0' && x.len < 19)
        v = (struct value){.type = VALUE_REAL, .real = real};
    if (v.type != VALUE_TEXT)
        free(s);
    return v;
}

static bool read_set(struct reading *r, struct span x, size_t at, struct err *err)
{
    (void)at;
    const char *sign = memchr(x.s, '=', x.len);
    struct span name = trim((struct span){x.s, sign == NULL ? 0 : (size_t)(sign - x.s)});
    if (!is_name(name))
        return true; /* "-- set the flag": a comment */
    struct query_binding *b = add_binding(r, name, err);
    if (b == NULL)
        return reading_fail(r, r->line, err);
    b->value = read_value(trim((struct span){sign + 1, x.len - (size_t)(sign + 1 - x.s)}));
    return true;
}

static bool is_select(struct span x)
{
    return take(&x, "select") || take(&x, "SELECT") || take(&x, "with") || take(&x, "WITH") ||
           take(&x, "values") || take(&x, "VALUES");
}

static bool add_list(struct reading *r, struct span sql, int n_names, struct err *err)
{
    size_t end;
    for (size_t at = 0; at < sql.len; at = end) {
        enum piece_kind kind = lexer_piece(sql.s, sql.len, at, &end);
        if (kind == PIECE_OPEN)
            return fail(err, "a quote or a comment does not end");
        if (kind == PIECE_PARAM)
            return fail(err, "the query of a parameter has none itself");
        if (kind == PIECE_END) {
            if (trim((struct span){sql.s + end, sql.len - end}).len > 0)
                return fail(err, "the query of a parameter is one statement");
            sql.len = at;
        }
    }
    r->out.lists = mem_grow(r->out.lists, (size_t)r->out.n_lists + 1, sizeof(*r->out.lists));
    r->out.lists[r->out.n_lists++] = (struct query_list){copy(sql), n_names, r->line};
    return true;
}

static bool read_param(struct reading *r, struct span x, size_t at, struct err *err)
{
    (void)at;
    const char *colon = memchr(x.s, ':', x.len);
    if (colon == NULL)
        return true;
    struct span names = {x.s, (size_t)(colon - x.s)},
                sql = trim((struct span){colon + 1, x.len - names.len - 1});
    if (!is_select(sql))
        return true; /* "-- param id: the bot's number": a comment */
    int column = 0;
    bool ok = true;
    while (ok && names.len > 0) {
        const char *comma = memchr(names.s, ',', names.len);
        size_t n = comma == NULL ? names.len : (size_t)(comma - names.s);
        struct span name = trim((struct span){names.s, n});
        struct query_binding *b = NULL;
        ok = is_name(name)
                 ? (b = add_binding(r, name, err)) != NULL
                 : fail(err, "%.*s is no name of a parameter", name.len > 60 ? 60 : (int)name.len, name.s);
        if (ok) {
            b->list = r->out.n_lists;
            b->column = column++;
        }
        names = (struct span){names.s + n + (comma != NULL), names.len - n - (comma != NULL)};
    }
    return (ok && add_list(r, sql, column, err)) || reading_fail(r, r->line, err);
}

static bool read_p95(struct reading *r, struct span x, size_t at, struct err *err)
{
    (void)at;
    return read_target(r, x, false, err);
}

static bool read_p99(struct reading *r, struct span x, size_t at, struct err *err)
{
    (void)at;
    return read_target(r, x, true, err);
}

static const struct row {
    const char *word;
    bool (*read)(struct reading *r, struct span x, size_t at, struct err *err);
    struct directive shown;
} rows[] = {
    // clang-format off
    {"name:",  read_name,  {"-- name: recent", "begins a query; what other tools write behind the name (^ $ :many) is left out"}},
    {":name",  read_name,  {"-- :name recent", "the same"}},
    {"p95:",   read_p95,   {"-- p95: 20ms", "its target: of a hundred runs 95 are done by then"}},
    {"p99:",   read_p99,   {"-- p99: 50ms", "the same for 99 of a hundred"}},
    {"set ",   read_set,   {"-- set id = 5", "the value of :id; a number, null, 'a text', or text as it stands"}},
    {"param ", read_param, {"-- param id, chat: select id, chat from t", "the values of :id and :chat: a row a run, again from the first after the last; one line, 10,000 rows at most"}},
    // clang-format on
};
enum { N_ROWS = sizeof(rows) / sizeof(rows[0]) };

int directives(void)
{
    return N_ROWS;
}

struct directive directive_at(int i)
{
    return rows[i].shown;
}

bool directive_read(struct reading *r, size_t at, size_t end, struct err *err)
{
    struct span x = trim((struct span){r->text + at + 2, end - at - 2});
    for (int i = 0; i < N_ROWS; i++)
        if (take(&x, rows[i].word))
            return rows[i].read(r, x, at, err);
    return true;
}
