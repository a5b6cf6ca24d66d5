/* Who may ask what: tokens, and the guard against pages in a browser that ask behind its user's back. */
#include "serve/trust.h"

#include <string.h>
#include <strings.h>

static const char *filled(const char *s)
{
    return s != NULL && s[0] != '\0' ? s : NULL;
}

void trust_read(struct trust *t, const struct config *c)
{
    t->token = filled(config_get(c, "http", "token"));
    t->act_token = filled(config_get(c, "http", "act_token"));
    t->metrics_token = filled(config_get(c, "http", "metrics_token"));
}

bool trust_beyond(const struct trust *t, const char *address, struct err *err)
{
    if (t->token == NULL)
        return fail(
            err,
            "will not listen on %s, which other machines reach, without a token: set [http] token, or "
            "listen on 127.0.0.1",
            address);
    return true;
}

bool trust_equal(const char *given, const char *wanted)
{
    size_t n = strlen(given), len = strlen(wanted);
    volatile unsigned char different = n != len;
    for (size_t i = 0; i < n; i++)
        different = (unsigned char)(different | (given[i] ^ wanted[len > 0 ? i % len : 0]));
    return different == 0;
}

static bool shows(const char *given, const char *wanted)
{
    return given != NULL && wanted != NULL && trust_equal(given, wanted);
}

static const char *bearer(const struct http_call *c)
{
    static const char scheme[] = "Bearer ";
    const char *header = http_header(c, "Authorization");
    if (header == NULL || strncasecmp(header, scheme, sizeof(scheme) - 1) != 0)
        return NULL;
    header += sizeof(scheme) - 1;
    return header + strspn(header, " ");
}

/* HOST[:PORT] names this machine by a name that no name server can give to another's page. */
static bool is_local(const char *host)
{
    static const char *const names[] = {"localhost", "127.0.0.1", "[::1]"};
    for (size_t i = 0; i < sizeof(names) / sizeof(names[0]); i++) {
        size_t len = strlen(names[i]);
        if (strncasecmp(host, names[i], len) != 0)
            continue;
        size_t digits = host[len] == ':' ? strspn(host + len + 1, "0123456789") + 1 : 0;
        if (host[len + digits] == '\0')
            return true;
    }
    return false;
}

static bool is_local_origin(const char *origin)
{
    const char *host = strstr(origin, "://");
    return host != NULL && is_local(host + 3);
}

/* A page from anywhere can make its reader's browser send requests to loopback, and by a name that it lets
 * point here (DNS rebinding) even read the answers. */
static int check_browser(enum entrance entrance, const struct http_call *c, struct err *err)
{
    const char *host = http_header(c, "Host"), *origin = http_header(c, "Origin");
    bool changes = strcmp(http_method(c), "GET") != 0 && strcmp(http_method(c), "HEAD") != 0;
    if (entrance == ENTRANCE_LOOPBACK && (host == NULL || !is_local(host))) {
        fail(err, "the header Host must name this machine: localhost, 127.0.0.1 or [::1]");
        return 403;
    }
    if (changes && origin != NULL && (entrance == ENTRANCE_NETWORK || !is_local_origin(origin))) {
        fail(err, "pages of other sites may change nothing here (header Origin)");
        return 403;
    }
    return 0;
}

static int check_act(const struct trust *t, const char *given, struct err *err)
{
    if (t->act_token == NULL) {
        fail(err, "changing a server from here is not allowed: [http] act_token is not set");
        return 403;
    }
    if (shows(given, t->act_token))
        return 0;
    bool known = shows(given, t->token) || shows(given, t->metrics_token);
    fail(err, "this needs the second token, [http] act_token, as Authorization: Bearer");
    return known ? 403 : 401;
}

int trust_act(const struct trust *t, const struct http_call *c, struct err *err)
{
    return check_act(t, bearer(c), err);
}

/* A proxy of this machine passes on what came from another one. */
static bool is_passed_on(const struct http_call *c)
{
    static const char *const marks[] = {"Forwarded", "X-Forwarded-For", "X-Forwarded-Host", "Via"};
    bool marked = false;
    for (size_t i = 0; i < sizeof(marks) / sizeof(marks[0]); i++)
        marked = marked || http_header(c, marks[i]) != NULL;
    return marked;
}

int trust_check(const struct trust *t, enum entrance entrance, enum access access, const struct http_call *c,
                struct err *err)
{
    const char *given = bearer(c);
    if (entrance == ENTRANCE_LOOPBACK && is_passed_on(c))
        entrance = ENTRANCE_NETWORK;
    int status = check_browser(entrance, c, err);
    if (status != 0 || access == ACCESS_OPEN)
        return status;
    if (access == ACCESS_ACT)
        return check_act(t, given, err);
    if (entrance != ENTRANCE_NETWORK || shows(given, t->token) || shows(given, t->act_token))
        return 0;
    if (shows(given, t->metrics_token)) {
        fail(err, "this token is for /metrics only");
        return access == ACCESS_METRICS ? 0 : 403;
    }
    fail(err, "a token is needed: Authorization: Bearer TOKEN");
    return 401;
}
