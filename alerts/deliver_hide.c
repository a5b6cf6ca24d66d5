/* What only a receiver and we may know, taken out of texts that people see: receivers like to repeat what
 * they were asked. */
#include <ctype.h>
#include <stdlib.h>
#include <string.h>
#include <strings.h>

#include "alerts/deliver_inside.h"
#include "core/mem.h"

enum {
    LEAST = 4,         /* bytes: less is in every text */
    LEAST_SEGMENT = 6, /* of a URL's path, if it looks like no word */
    LONG_SEGMENT = 16, /* no word is */
    LONGEST = 16 * 1024
};

/* Invariant: the longest first, so that one that holds another is found before it. */
struct hidden {
    char **list;
    int n;
};

struct hidden *hidden_new(void)
{
    return mem_new(sizeof(struct hidden));
}

void hidden_free(struct hidden *h)
{
    for (int i = 0; i < h->n; i++) {
        explicit_bzero(h->list[i], strlen(h->list[i]));
        free(h->list[i]);
    }
    free(h->list);
    free(h);
}

/* ---- Forms ---- */

static void add_one(struct hidden *h, const char *s, size_t len)
{
    if (len < LEAST)
        return;
    int at = 0;
    while (at < h->n && strlen(h->list[at]) >= len)
        at++;
    h->list = mem_grow(h->list, (size_t)h->n + 1, sizeof(*h->list));
    memmove(h->list + at + 1, h->list + at, (size_t)(h->n - at) * sizeof(*h->list));
    h->list[at] = mem_new(len + 1);
    memcpy(h->list[at], s, len);
    h->n++;
}

/* What S is once %XX are read. */
static void decode(struct text *out, const char *s, size_t len)
{
    for (size_t i = 0; i < len; i++) {
        char hex[3] = {0};
        if (s[i] == '%' && i + 2 < len && isxdigit((unsigned char)s[i + 1]) &&
            isxdigit((unsigned char)s[i + 2])) {
            memcpy(hex, s + i + 1, 2);
            text_add_char(out, (char)strtol(hex, NULL, 16));
            i += 2;
        } else
            text_add_char(out, s[i]);
    }
}

/* As it is; with %XX read; and both as JSON writers that escape a slash write them. */
static void add_forms(struct hidden *h, const char *s, size_t len)
{
    struct text decoded;
    text_init(&decoded, LONGEST);
    decode(&decoded, s, len);
    const struct {
        const char *s;
        size_t len;
    } forms[] = {{s, len}, {text_str(&decoded), decoded.len}};
    for (int i = 0; i < 2; i++) {
        struct text escaped;
        text_init(&escaped, LONGEST);
        for (size_t j = 0; j < forms[i].len; j++) {
            if (forms[i].s[j] == '/')
                text_add_char(&escaped, '\\');
            text_add_char(&escaped, forms[i].s[j]);
        }
        add_one(h, forms[i].s, forms[i].len);
        add_one(h, text_str(&escaped), escaped.len);
        text_done(&escaped);
    }
    text_done(&decoded);
}

static void add_base64(struct hidden *h, const char *s, size_t len)
{
    char *base64 = sign_base64(s, len);
    add_one(h, base64, strcspn(base64, "=")); /* not everybody pads */
    free(base64);
}

/* ---- What a request holds ---- */

void hidden_add(struct hidden *h, const char *secret)
{
    static const char prefix[] = "whsec_";
    if (secret == NULL)
        return;
    add_forms(h, secret, strlen(secret));
    if (strncmp(secret, prefix, sizeof(prefix) - 1) == 0)
        hidden_add(h, secret + sizeof(prefix) - 1);
}

void hidden_add_login(struct hidden *h, const char *login)
{
    const char *colon = login == NULL ? NULL : strchr(login, ':');
    if (colon == NULL)
        return;
    hidden_add(h, login);
    hidden_add(h, colon + 1);
    add_base64(h, login, strlen(login));
}

/* A part of a path that is a key rather than a word. */
static bool is_key(const char *s, size_t len)
{
    bool mixed = false;
    for (size_t i = 0; i < len; i++)
        mixed = mixed || !islower((unsigned char)s[i]);
    return len >= LONG_SEGMENT || (mixed && len >= LEAST_SEGMENT);
}

static void add_path(struct hidden *h, const char *path)
{
    size_t len = strcspn(path, "?");
    add_forms(h, path, strlen(path));
    add_forms(h, path, len);
    for (size_t i = 0, part; i < len; i += part + 1) {
        part = strcspn(path + i, "/?");
        if (is_key(path + i, part))
            add_forms(h, path + i, part);
    }
    for (const char *at = path + len; *at != '\0';) {
        at += strcspn(at, "=");
        at += *at == '=';
        size_t value = strcspn(at, "&");
        add_forms(h, at, value);
        at += value;
    }
    if (path[len] == '?')
        add_forms(h, path + len + 1, strlen(path + len + 1));
}

void hidden_add_url(struct hidden *h, const char *url)
{
    const char *host = url == NULL ? NULL : strstr(url, "://");
    if (host == NULL)
        return;
    host += 3;
    add_forms(h, url, strlen(url));
    size_t len = strcspn(host, "/?#");
    const char *at = memrchr(host, '@', len);
    if (at != NULL) {
        struct text login;
        text_init(&login, LONGEST);
        decode(&login, host, (size_t)(at - host));
        add_forms(h, host, (size_t)(at - host));
        hidden_add_login(h, text_str(&login));
        text_done(&login);
    }
    add_path(h, host + len);
}

/* A header's name says whether its value is one. */
static bool is_secret_name(const char *name, size_t len)
{
    static const char *const words[] = {"auth", "token", "key", "secret", "cookie", "password", "signature"};
    for (size_t w = 0; w < sizeof(words) / sizeof(*words); w++)
        for (size_t i = 0; i + strlen(words[w]) <= len; i++)
            if (strncasecmp(name + i, words[w], strlen(words[w])) == 0)
                return true;
    return false;
}

void hidden_add_headers(struct hidden *h, const char *lines)
{
    for (const char *line = lines; line != NULL && *line != '\0';) {
        size_t len = strcspn(line, "\n"), name = strcspn(line, ":\n");
        for (size_t i = name, word; i < len && is_secret_name(line, name); i += word) {
            i += strspn(line + i, ": ");
            word = strcspn(line + i, " \n");
            if (word > strlen("Bearer")) /* the scheme of an Authorization is none */
                add_forms(h, line + i, word);
        }
        line += len + (line[len] == '\n');
    }
}

void hidden_mask(const struct hidden *h, struct text *out, const char *s)
{
    while (*s != '\0') {
        size_t len = 0;
        for (int i = 0; i < h->n && len == 0; i++)
            if (strncmp(s, h->list[i], strlen(h->list[i])) == 0)
                len = strlen(h->list[i]);
        if (len > 0)
            text_add(out, "***");
        else
            text_add_char(out, *s);
        s += len > 0 ? len : 1;
    }
}
