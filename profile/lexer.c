/* SQL cut into pieces: quotes, comments, words, parameters. */
#include "profile/lexer.h"

#include <stdbool.h>
#include <string.h>

static bool is_letter(char c)
{
    return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || c == '_' || (unsigned char)c >= 0x80;
}

static bool is_digit(char c)
{
    return c >= '0' && c <= '9';
}

static bool is_blank(char c)
{
    return c == ' ' || c == '\t' || c == '\r' || c == '\f' || c == '\v';
}

static size_t word_end(const char *s, size_t len, size_t at)
{
    while (at < len && (is_letter(s[at]) || is_digit(s[at]) || s[at] == '$'))
        at++;
    return at;
}

static enum piece_kind open_piece(size_t len, size_t *end)
{
    *end = len;
    return PIECE_OPEN;
}

/* AT is the quote that opens. Two of them are one within. */
static enum piece_kind quoted(const char *s, size_t len, size_t at, bool escapes, size_t *end)
{
    char quote = s[at++];
    while (at < len) {
        if (escapes && s[at] == '\\') {
            at += 2;
        } else if (s[at] != quote) {
            at++;
        } else if (at + 1 < len && s[at + 1] == quote) {
            at += 2;
        } else {
            *end = at + 1;
            return PIECE_QUOTED;
        }
    }
    return open_piece(len, end);
}

/* $tag$ ... $tag$, or $1. */
static enum piece_kind dollar(const char *s, size_t len, size_t at, size_t *end)
{
    size_t tag = at + 1;
    while (tag < len && is_digit(s[tag]))
        tag++;
    if (tag > at + 1) {
        *end = tag;
        return PIECE_PARAM;
    }
    while (tag < len && (is_letter(s[tag]) || is_digit(s[tag])))
        tag++;
    if (tag >= len || s[tag] != '$') {
        *end = at + 1;
        return PIECE_SIGN;
    }
    size_t n = tag + 1 - at;
    const char *closing = memmem(s + tag + 1, len - tag - 1, s + at, n);
    if (closing == NULL)
        return open_piece(len, end);
    *end = (size_t)(closing - s) + n;
    return PIECE_QUOTED;
}

/* :name, but not the :: of a cast, nor the second half of [a:b]. */
static enum piece_kind colon(const char *s, size_t len, size_t at, size_t *end)
{
    char next = at + 1 < len ? s[at + 1] : ' ', before = at > 0 ? s[at - 1] : ' ';
    *end = at + (next == ':' || next == '=' ? 2 : 1);
    if (!is_letter(next) || is_letter(before) || is_digit(before) || before == ']' || before == ')')
        return PIECE_SIGN;
    *end = word_end(s, len, at + 1);
    return PIECE_PARAM;
}

static enum piece_kind question(const char *s, size_t len, size_t at, size_t *end)
{
    *end = at + 1;
    while (*end < len && is_digit(s[*end]))
        ++*end;
    return *end > at + 1 ? PIECE_PARAM : PIECE_SIGN;
}

static enum piece_kind comment(const char *s, size_t len, size_t at, size_t *end)
{
    bool line = s[at] == '-';
    const char *stop = line ? memchr(s + at, '\n', len - at) : memmem(s + at + 2, len - at - 2, "*/", 2);
    if (stop == NULL && !line)
        return open_piece(len, end);
    *end = stop == NULL ? len : (size_t)(stop - s) + (line ? 0 : 2);
    return PIECE_COMMENT;
}

static enum piece_kind word(const char *s, size_t len, size_t at, size_t *end)
{
    if ((s[at] == 'e' || s[at] == 'E') && at + 1 < len && s[at + 1] == '\'')
        return quoted(s, len, at + 1, true, end);
    *end = word_end(s, len, at);
    return PIECE_WORD;
}

enum piece_kind lexer_piece(const char *s, size_t len, size_t at, size_t *end)
{
    char c = s[at], next = at + 1 < len ? s[at + 1] : '\0';
    *end = at + 1;
    if (c == '\n')
        return PIECE_SPACE;
    if (is_blank(c)) {
        while (*end < len && is_blank(s[*end]))
            ++*end;
        return PIECE_SPACE;
    }
    if (is_letter(c) || is_digit(c))
        return word(s, len, at, end);
    if (c == '\'' || c == '"')
        return quoted(s, len, at, false, end);
    if ((c == '-' && next == '-') || (c == '/' && next == '*'))
        return comment(s, len, at, end);
    if (c == '$')
        return dollar(s, len, at, end);
    if (c == ':')
        return colon(s, len, at, end);
    if (c == '?')
        return question(s, len, at, end);
    return c == ';' ? PIECE_END : PIECE_SIGN;
}
