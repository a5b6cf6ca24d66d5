/* SQL as a person reads it: the tokens. */
#include "tui/sqltext.h"

#include <ctype.h>
#include <string.h>

#include "core/text.h"

/* Sorted, for bsearch by hand. Words that a reader looks for, not the grammar's full list. */
// clang-format off
static const char *const keywords[] = {
    "all", "alter", "analyze", "and", "any", "array", "as", "asc", "begin", "between", "by", "call", "case", "cast", "close", "cluster",
    "collate", "commit", "concurrently", "conflict", "copy", "create", "cross", "cursor", "deallocate", "declare", "default", "delete",
    "desc", "distinct", "do", "drop", "else", "end", "except", "execute", "exists", "explain", "false", "fetch", "filter", "for", "from",
    "full", "grant", "group", "having", "if", "ilike", "in", "index", "inner", "insert", "intersect", "into", "is", "isnull", "join",
    "key", "lateral", "left", "like", "limit", "listen", "lock", "materialized", "merge", "natural", "not", "nothing", "notify", "notnull", "null",
    "nulls", "offset", "on", "only", "or", "order", "outer", "over", "partition", "prepare", "reindex", "release", "returning", "revoke",
    "right", "rollback", "row", "rows", "savepoint", "select", "set", "share", "show", "similar", "some", "table", "temp", "then", "to",
    "transaction", "true", "truncate", "union", "unique", "unlisten", "update", "using", "vacuum", "values", "view", "when", "where",
    "window", "with", "within",
};
// clang-format on

static bool is_keyword(const char *s, size_t len)
{
    int low = 0, high = (int)(sizeof(keywords) / sizeof(keywords[0])) - 1;
    while (low <= high) {
        int middle = (low + high) / 2;
        int order = strncasecmp(s, keywords[middle], len);
        if (order == 0)
            order = keywords[middle][len] == '\0' ? 0 : -1;
        if (order == 0)
            return true;
        if (order < 0)
            high = middle - 1;
        else
            low = middle + 1;
    }
    return false;
}

static bool is_name_start(char c)
{
    return isalpha((unsigned char)c) || c == '_' || ((unsigned char)c & 0x80) != 0;
}

static bool is_name(char c)
{
    return is_name_start(c) || isdigit((unsigned char)c) || c == '$';
}

/* Behind the closing QUOTE; a doubled one is inside, and with ESCAPES one after a backslash too. */
static const char *quoted_end(const char *s, const char *end, char quote, bool escapes)
{
    for (s++; s < end; s++) {
        if (escapes && *s == '\\' && s + 1 < end)
            s++;
        else if (*s == quote && s + 1 < end && s[1] == quote)
            s++;
        else if (*s == quote)
            return s + 1;
    }
    return end;
}

static const char *comment_end(const char *s, const char *end)
{
    int depth = 0;
    for (; s + 1 < end; s++) {
        if (s[0] == '/' && s[1] == '*') {
            depth++;
            s++;
        } else if (s[0] == '*' && s[1] == '/') {
            s++;
            if (--depth == 0)
                return s + 1;
        }
    }
    return end;
}

/* $tag$ ... $tag$: behind its end, or NULL if this is none. */
static const char *dollar_end(const char *s, const char *end)
{
    const char *tag_end = s + 1;
    while (tag_end < end &&
           (isalnum((unsigned char)*tag_end) || *tag_end == '_' || ((unsigned char)*tag_end & 0x80) != 0))
        tag_end++;
    if (tag_end == end || *tag_end != '$' || (tag_end > s + 1 && isdigit((unsigned char)s[1])))
        return NULL;
    size_t tag = (size_t)(tag_end - s) + 1;
    const char *found = memmem(s + tag, (size_t)(end - s) - tag, s, tag);
    return found == NULL ? end : found + tag;
}

static const char *number_end(const char *s, const char *end)
{
    while (s < end && (isalnum((unsigned char)*s) || *s == '.' || *s == '_' ||
                       ((*s == '+' || *s == '-') && (s[-1] == 'e' || s[-1] == 'E'))))
        s++;
    return s;
}

static const char *word_end(const char *s, const char *end)
{
    while (s < end && is_name(*s))
        s++;
    return s;
}

static enum sql_kind kind_at(const char *s, const char *end, const char **after)
{
    char next = s + 1 < end ? s[1] : '\0';
    if (isspace((unsigned char)*s) || *s == '\0') {
        for (*after = s; *after < end && (isspace((unsigned char)**after) || **after == '\0');)
            (*after)++;
        return SQL_SPACE;
    }
    if (*s == '\'' || ((*s == 'e' || *s == 'E') && next == '\'')) {
        *after = quoted_end(*s == '\'' ? s : s + 1, end, '\'', *s != '\'');
        return SQL_STRING;
    }
    if (*s == '"') {
        *after = quoted_end(s, end, '"', false);
        return SQL_IDENTIFIER;
    }
    if (*s == '-' && next == '-') {
        const char *line = memchr(s, '\n', (size_t)(end - s));
        *after = line == NULL ? end : line;
        return SQL_COMMENT;
    }
    if (*s == '/' && next == '*') {
        *after = comment_end(s, end);
        return SQL_COMMENT;
    }
    if (*s == '$' && (*after = dollar_end(s, end)) != NULL)
        return SQL_STRING;
    if ((*s == '$' && isdigit((unsigned char)next)) || (*s == ':' && is_name_start(next))) {
        *after = word_end(s + 1, end);
        return SQL_PARAM;
    }
    if (isdigit((unsigned char)*s) || (*s == '.' && isdigit((unsigned char)next))) {
        *after = number_end(s + 1, end);
        return SQL_NUMBER;
    }
    if (is_name_start(*s)) {
        *after = word_end(s, end);
        return is_keyword(s, (size_t)(*after - s)) ? SQL_KEYWORD : SQL_WORD;
    }
    /* A cast is one operator, so that ::text is not taken for a parameter. */
    *after = s + (*s == ':' && next == ':' ? 2 : 1);
    return SQL_OPERATOR;
}

bool sql_next(const char **s, const char *end, struct sql_token *token)
{
    if (*s >= end)
        return false;
    const char *after;
    token->start = *s;
    token->kind = kind_at(*s, end, &after);
    token->len = (size_t)(after - *s);
    *s = after;
    return true;
}

bool sql_is(const struct sql_token *token, const char *w)
{
    return (token->kind == SQL_KEYWORD || token->kind == SQL_WORD) && strlen(w) == token->len &&
           strncasecmp(token->start, w, token->len) == 0;
}

enum role sql_role(enum sql_kind kind)
{
    switch (kind) {
    case SQL_KEYWORD:
        return ROLE_SQL_KEYWORD;
    case SQL_STRING:
        return ROLE_SQL_STRING;
    case SQL_NUMBER:
    case SQL_PARAM:
        return ROLE_SQL_NUMBER;
    case SQL_COMMENT:
        return ROLE_SQL_COMMENT;
    case SQL_SPACE:
    case SQL_WORD:
    case SQL_IDENTIFIER:
    case SQL_OPERATOR:
        break;
    }
    return ROLE_TEXT;
}

static bool name_add(const struct sql_token *token, bool (*is_dataset)(void *, const char *), void *ctx,
                     char (*out)[64], int *n, int max)
{
    char name[64];
    if (token->len >= sizeof(name) || *n == max)
        return false;
    memcpy(name, token->start, token->len);
    name[token->len] = '\0';
    for (int i = 0; i < *n; i++)
        if (strcmp(out[i], name) == 0)
            return true;
    if (!is_dataset(ctx, name))
        return false;
    memcpy(out[(*n)++], name, sizeof(name));
    return true;
}

int sql_datasets(const char *sql, bool (*is_dataset)(void *ctx, const char *name), void *ctx, char (*out)[64],
                 int max)
{
    const char *s = sql, *end = sql + strlen(sql);
    struct sql_token token;
    bool expected = false;
    int n = 0;
    while (sql_next(&s, end, &token)) {
        if (token.kind == SQL_SPACE || token.kind == SQL_COMMENT)
            continue;
        if (expected && token.kind == SQL_WORD)
            name_add(&token, is_dataset, ctx, out, &n, max);
        expected = sql_is(&token, "from") || sql_is(&token, "join") ||
                   (token.kind == SQL_OPERATOR && *token.start == ',');
    }
    return n;
}
