/* SQL text without its literals. Tokens as in the PostgreSQL manual, section 4.1 "Lexical Structure". */
#include "core/normal.h"

#include <ctype.h>
#include <string.h>

static bool starts_name(char c)
{
    return isalpha((unsigned char)c) || c == '_' || ((unsigned char)c & 0x80) != 0;
}

static bool in_name(char c)
{
    return starts_name(c) || isdigit((unsigned char)c) || c == '$';
}

/* Past a quoted token that starts at S with QUOTE; a doubled quote stays inside, a backslash escapes only if
 * ESCAPES. */
static const char *skip_quoted(const char *s, char quote, bool escapes)
{
    for (s++; *s != '\0'; s++) {
        if (escapes && *s == '\\' && s[1] != '\0')
            s++;
        else if (*s == quote && s[1] == quote)
            s++;
        else if (*s == quote)
            return s + 1;
    }
    return s;
}

static const char *skip_comment(const char *s)
{
    if (s[0] == '-')
        return s + strcspn(s, "\n");
    int depth = 0;
    do {
        if (s[0] == '/' && s[1] == '*') {
            depth++;
            s += 2;
        } else if (s[0] == '*' && s[1] == '/') {
            depth--;
            s += 2;
        } else {
            s++;
        }
    } while (depth > 0 && *s != '\0');
    return s;
}

/* Past $tag$...$tag$ if S starts one, else NULL. */
static const char *skip_dollar(const char *s)
{
    size_t tag = 1;
    while (in_name(s[tag]) && s[tag] != '$')
        tag++;
    if (s[tag] != '$' || isdigit((unsigned char)s[1]))
        return NULL;
    tag++;
    for (const char *end = strchr(s + tag, '$'); end != NULL; end = strchr(end + 1, '$'))
        if (strncmp(end, s, tag) == 0)
            return end + tag;
    return s + strlen(s);
}

static const char *skip_number(const char *s)
{
    while (isalnum((unsigned char)*s) || *s == '.' || *s == '_' ||
           ((*s == '+' || *s == '-') && (s[-1] == 'e' || s[-1] == 'E')))
        s++;
    return s;
}

/* Past a literal at S, or NULL if there is none. */
static const char *skip_literal(const char *s)
{
    if (*s == '\'')
        return skip_quoted(s, '\'', false);
    if (strchr("eEbBxXnN", *s) != NULL && *s != '\0' && s[1] == '\'')
        return skip_quoted(s + 1, '\'', *s == 'e' || *s == 'E');
    if (*s == '$')
        return skip_dollar(s);
    if (isdigit((unsigned char)*s) || (*s == '.' && isdigit((unsigned char)s[1])))
        return skip_number(s);
    return NULL;
}

static bool ends_with(const struct text *t, const char *tail)
{
    size_t n = strlen(tail);
    return t->len >= n && memcmp(t->data + t->len - n, tail, n) == 0;
}

/* `?, ?` in a list says no more than `?, ...`. */
static void add_literal(struct text *out)
{
    if (ends_with(out, "..., ") || ends_with(out, "...,"))
        while (out->len > 0 && out->data[out->len - 1] != '.')
            out->data[--out->len] = '\0';
    else if (ends_with(out, "?, ") || ends_with(out, "?,"))
        text_add(out, ends_with(out, " ") ? "..." : " ...");
    else
        text_add(out, "?");
}

/* Whether what stands in OUT from START on asks for an operand: a sign that follows belongs to its number. */
static bool wants_operand(const struct text *out, size_t start)
{
    static const char *const words[] = {"all",      "and",   "any",    "between", "by",        "case",
                                        "distinct", "else",  "having", "in",      "limit",     "not",
                                        "offset",   "on",    "or",     "return",  "returning", "select",
                                        "then",     "using", "values", "when",    "where"};
    size_t end = out->len, len = 0;
    while (end > start && out->data[end - 1] == ' ')
        end--;
    if (end == start || strchr("(,[=<>+-*/%^|&~!@#:", out->data[end - 1]) != NULL)
        return true;
    while (end - len > start && in_name(out->data[end - len - 1]))
        len++;
    for (size_t i = 0; i < sizeof(words) / sizeof(words[0]); i++)
        if (strlen(words[i]) == len && strncasecmp(words[i], out->data + end - len, len) == 0)
            return true;
    return false;
}

/* Past a sign and its number at S, or NULL if there is none. */
static const char *skip_signed(const char *s, const struct text *out, size_t start)
{
    if ((*s != '-' && *s != '+') || !wants_operand(out, start))
        return NULL;
    s++;
    s += strspn(s, " \t\r\n");
    return isdigit((unsigned char)*s) || (*s == '.' && isdigit((unsigned char)s[1])) ? skip_number(s) : NULL;
}

void sql_normalize(const char *sql, struct text *out)
{
    size_t start = out->len;
    for (const char *s = sql; *s != '\0' && !out->cut;) {
        const char *end;
        if (isspace((unsigned char)*s) || (s[0] == '-' && s[1] == '-') || (s[0] == '/' && s[1] == '*')) {
            s = isspace((unsigned char)*s) ? s + 1 : skip_comment(s);
            if (out->len > start && out->data[out->len - 1] != ' ')
                text_add_char(out, ' ');
        } else if ((end = skip_literal(s)) != NULL || (end = skip_signed(s, out, start)) != NULL) {
            add_literal(out);
            s = end;
        } else if (*s == '"') {
            end = skip_quoted(s, '"', false);
            text_add_n(out, s, (size_t)(end - s));
            s = end;
        } else if (starts_name(*s) || *s == '$') {
            for (end = s + 1; in_name(*end); end++)
                ;
            text_add_n(out, s, (size_t)(end - s));
            s = end;
        } else {
            text_add_char(out, *s++);
        }
    }
    while (out->len > start && out->data[out->len - 1] == ' ')
        out->data[--out->len] = '\0';
}
