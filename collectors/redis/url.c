/* redis://[user:password@]host:port/db, rediss:// for TLS, redis+unix:///path?db=0 or redis:///path. */
#include <ctype.h>
#include <stdlib.h>
#include <string.h>

#include "collectors/redis/inside.h"
#include "core/mem.h"

enum { STANDARD_PORT = 6379, MOST_DB = 1 << 20, MOST_PATH = 107 };

static const char *after(const char *url, const char *scheme)
{
    size_t n = strlen(scheme);
    return strncmp(url, scheme, n) == 0 ? url + n : NULL;
}

bool redis_serves(const char *url)
{
    return after(url, "redis://") != NULL || after(url, "rediss://") != NULL ||
           after(url, "redis+unix://") != NULL;
}

static int hex(char c)
{
    return isdigit((unsigned char)c) ? c - '0' : isxdigit((unsigned char)c) ? (c | 32) - 'a' + 10 : -1;
}

/* LEN bytes of S without their %XX; NULL where one is broken or says NUL. */
static char *decode(const char *s, size_t len)
{
    char *out = mem_new(len + 1), *to = out;
    for (size_t i = 0; i < len; i++) {
        if (s[i] != '%') {
            *to++ = s[i];
            continue;
        }
        int high = i + 2 < len ? hex(s[i + 1]) : -1, low = i + 2 < len ? hex(s[i + 2]) : -1;
        if (high < 0 || low < 0 || (high == 0 && low == 0)) {
            free(out);
            return NULL;
        }
        *to++ = (char)(high * 16 + low);
        i += 2;
    }
    return out;
}

static bool number(const char *s, size_t len, int least, int most, int *out)
{
    long v = 0;
    for (size_t i = 0; i < len; i++) {
        if (!isdigit((unsigned char)s[i]) || v > most)
            return false;
        v = v * 10 + (s[i] - '0');
    }
    if (len == 0 || v < least || v > most)
        return false;
    *out = (int)v;
    return true;
}

/* What the errors say; the URL itself may hold a password. */
#define SHAPE                                                                                                \
    "expected redis://[USER:PASSWORD@]HOST:6379/0, rediss://... for TLS, or redis:///PATH of a unix socket"

static bool read_user(struct redis_place *p, const char *s, size_t len, struct err *err)
{
    const char *colon = memchr(s, ':', len);
    size_t n = colon == NULL ? len : (size_t)(colon - s);
    if (n > 0 && (p->user = decode(s, n)) == NULL)
        return fail(err, "the URL's user has a broken %%: " SHAPE);
    if (colon != NULL && len - n > 1 && (p->password = decode(colon + 1, len - n - 1)) == NULL)
        return fail(err, "the URL's password has a broken %%: write %%25 for it");
    return true;
}

static bool read_host(struct redis_place *p, const char *s, size_t len, struct err *err)
{
    const char *end = s + len, *port = NULL;
    size_t n = len;
    if (len > 0 && s[0] == '[') {
        const char *close = memchr(s, ']', len);
        if (close == NULL)
            return fail(err, "the URL's [address] has no end: " SHAPE);
        port = close + 1 < end ? close + 1 : NULL;
        s++;
        n = (size_t)(close - s);
    } else if ((port = memchr(s, ':', len)) != NULL) {
        n = (size_t)(port - s);
    }
    if (port != NULL && (*port != ':' || !number(port + 1, (size_t)(end - port) - 1, 1, 65535, &p->port)))
        return fail(err, "the URL's port is none: " SHAPE);
    p->host = n == 0 ? mem_dup("127.0.0.1") : decode(s, n);
    return p->host != NULL || fail(err, "the URL's host has a broken %%: " SHAPE);
}

/* A path that is a number, or nothing, is a database; another one is that of a socket. */
static bool read_path(struct redis_place *p, const char *s, size_t len, bool is_socket, struct err *err)
{
    if (!is_socket)
        return len <= 1 || number(s + 1, len - 1, 0, MOST_DB, &p->db) ||
               fail(err, "the URL's database must be a number: " SHAPE);
    p->path = decode(s, len);
    if (p->path == NULL || strlen(p->path) > MOST_PATH)
        return fail(err, "the URL's path is broken, or too long for a socket");
    free(p->host);
    p->host = NULL;
    return true;
}

static bool read_query(struct redis_place *p, const char *s, struct err *err)
{
    if (*s == '\0')
        return true;
    const char *db = after(s, "?db=");
    return (db != NULL && number(db, strlen(db), 0, MOST_DB, &p->db)) ||
           fail(err, "the URL may end with ?db=NUMBER, and nothing else is known there");
}

static bool read_all(struct redis_place *p, const char *url, struct err *err)
{
    bool is_unix = after(url, "redis+unix://") != NULL;
    p->tls = after(url, "rediss://") != NULL;
    if (!redis_serves(url))
        return fail(err, SHAPE);
    const char *s = strstr(url, "://") + 3;
    /* An @ of the path is its own; one of the password is not the last. */
    size_t authority = strcspn(s, "/?");
    const char *at = NULL;
    for (const char *c = s; c < s + authority; c++)
        at = *c == '@' ? c : at;
    const char *host = at == NULL ? s : at + 1, *path = s + authority;
    size_t path_len = strcspn(path, "?"), host_len = (size_t)(path - host);
    bool digits = strspn(path_len > 0 ? path + 1 : path, "0123456789") + 1 >= path_len;
    bool is_socket = is_unix || (host_len == 0 && !digits);
    if (is_socket && (p->tls || host_len > 0 || path_len < 2))
        return fail(err, "a unix socket has a path, and neither host nor TLS: redis:///run/redis/redis.sock");
    return (at == NULL || read_user(p, s, (size_t)(at - s), err)) && read_host(p, host, host_len, err) &&
           read_path(p, path, path_len, is_socket, err) && read_query(p, path + path_len, err);
}

bool redis_place_read(struct redis_place *out, const char *url, struct err *err)
{
    struct redis_place p = {.port = STANDARD_PORT};
    if (!read_all(&p, url, err)) {
        redis_place_done(&p);
        return false;
    }
    *out = p;
    return true;
}

void redis_place_done(struct redis_place *p)
{
    free(p->host);
    free(p->path);
    free(p->user);
    free(p->password);
    free(p->ca_file);
}

void redis_place_text(const struct redis_place *p, struct text *out)
{
    if (p->user != NULL)
        text_addf(out, "%s@", p->user);
    if (p->host == NULL)
        text_add(out, p->path);
    else
        text_addf(out, strchr(p->host, ':') != NULL ? "[%s]:%d" : "%s:%d", p->host, p->port);
    text_addf(out, "/%d", p->db);
}
