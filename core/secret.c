/* Passwords inside texts that people want to see: URLs and conninfo strings. */
#include "core/secret.h"

#include <ctype.h>
#include <string.h>
#include <strings.h>

static bool contains(const char *s, size_t len, const char *word)
{
    size_t n = strlen(word);
    for (size_t i = 0; i + n <= len; i++)
        if (strncasecmp(s + i, word, n) == 0)
            return true;
    return false;
}

/* Whether a value under this key is hidden. A key written with %XX may be any. */
static bool is_secret_key(const char *key, size_t len)
{
    if (len == strlen("passfile") && strncasecmp(key, "passfile", len) == 0)
        return false;
    return contains(key, len, "pass") || contains(key, len, "pwd") || contains(key, len, "secret") ||
           contains(key, len, "token") || contains(key, len, "apikey") || contains(key, len, "api_key") ||
           contains(key, len, "%");
}

static void add_value(struct text *out, const char *value, size_t len, bool hide)
{
    if (hide && len > 0)
        text_add(out, "***");
    else
        text_add_n(out, value, len);
}

/* ?key=value&key=value, from the first ? or & on. */
static void mask_parameters(struct text *out, const char *s)
{
    while (*s != '\0') {
        size_t key = strcspn(s, "=&?"), value = 0;
        text_add_n(out, s, key);
        if (s[key] == '=') {
            text_add_char(out, '=');
            value = strcspn(s + key + 1, "&");
            add_value(out, s + key + 1, value, is_secret_key(s, key));
            s++;
        }
        s += key + value;
        if (*s != '\0') /* & or ? */
            text_add_char(out, *s++);
    }
}

/* scheme://user:password@host... The last @ counts: a password may hold an unescaped one, or a slash. */
static void mask_url(struct text *out, const char *url, const char *authority)
{
    text_add_n(out, url, (size_t)(authority - url));
    const char *at = strrchr(authority, '@');
    if (at != NULL) {
        const char *colon = memchr(authority, ':', (size_t)(at - authority));
        if (colon != NULL) {
            text_add_n(out, authority, (size_t)(colon + 1 - authority));
            add_value(out, colon + 1, (size_t)(at - colon - 1), true);
        } else
            text_add_n(out, authority, (size_t)(at - authority));
        authority = at;
    }
    size_t path = strcspn(authority, "?");
    text_add_n(out, authority, path);
    mask_parameters(out, authority + path);
}

/* Length of a conninfo value: 'quoted', or up to a blank; a backslash takes the next character with it. */
static size_t value_len(const char *s)
{
    bool quoted = *s == '\'';
    size_t i = quoted ? 1 : 0;
    for (; s[i] != '\0'; i++) {
        if (s[i] == '\\' && s[i + 1] != '\0')
            i++;
        else if (quoted ? s[i] == '\'' : isspace((unsigned char)s[i]))
            return quoted ? i + 1 : i;
    }
    return i;
}

static void mask_conninfo(struct text *out, const char *s)
{
    while (*s != '\0') {
        size_t blanks = strspn(s, " \t\n\r\f\v"), key = strcspn(s + blanks, "= \t\n\r\f\v");
        size_t equals = blanks + key + strspn(s + blanks + key, " \t\n\r\f\v");
        bool pair = s[equals] == '=';
        size_t start = pair ? equals + 1 + strspn(s + equals + 1, " \t\n\r\f\v") : blanks + key;
        bool hide = pair && is_secret_key(s + blanks, key);
        text_add_n(out, s, start);
        s += start;
        size_t len = pair ? value_len(s) : 0;
        bool empty = len == 2 && s[0] == '\'';
        while (hide && s[len] != '\0' && !isspace((unsigned char)s[len]))
            len++; /* libpq would refuse it: a quote in the password was not escaped */
        add_value(out, s, len, hide && !empty);
        s += len;
    }
}

void secret_mask(struct text *out, const char *url)
{
    const char *authority = strstr(url, "://");
    if (authority != NULL && memchr(url, '=', (size_t)(authority - url)) == NULL)
        mask_url(out, url, authority + 3);
    else
        mask_conninfo(out, url);
}

void secret_mask_hook(struct text *out, const char *url)
{
    const char *host = strstr(url, "://");
    if (host == NULL) {
        add_value(out, url, strlen(url), true);
        return;
    }
    host += 3;
    text_add_n(out, url, (size_t)(host - url));
    const char *at = strrchr(host, '@'); /* the last one: a password may hold an unescaped one, or a slash */
    host = at == NULL ? host : at + 1;
    size_t len = strcspn(host, "/?#");
    text_add_n(out, host, len);
    if (host[len] != '\0')
        text_add(out, host[len] == '/' && host[len + 1] == '\0' ? "/" : "/…");
}
