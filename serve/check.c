/* Whether the section [http] can be served at all: told before anything listens, with file and line. */
#include <string.h>
#include <sys/un.h>

#include "cures/plan_words.h"
#include "serve/listen.h"
#include "serve/serve.h"
#include "serve/trust.h"

static bool refuse(const struct config_section *s, const char *key, const char *why, struct err *err)
{
    return fail(err, "%s:%d: [http] %s: %.900s", s->file, section_line(s, key), key, why);
}

static bool check_listen(const struct config *c, const struct config_section *s, struct err *err)
{
    const char *address = section_get(s, "listen");
    struct trust trust;
    struct err why = {""};
    bool loopback = true;
    trust_read(&trust, c);
    return address == NULL ||
           (listen_is_loopback(address, &loopback, &why) &&
            (loopback || trust_beyond(&trust, address, &why))) ||
           refuse(s, "listen", why.text, err);
}

static bool check_socket(const struct config_section *s, struct err *err)
{
    const char *path = section_get(s, "socket");
    struct err why = {""};
    if (path == NULL)
        return true;
    if (path[0] == '\0')
        fail(&why, "expected the path of a socket");
    else if (strlen(path) >= sizeof(((struct sockaddr_un *)NULL)->sun_path))
        fail(&why, "a socket's path has at most %zu bytes",
             sizeof(((struct sockaddr_un *)NULL)->sun_path) - 1);
    return why.text[0] == '\0' || refuse(s, "socket", why.text, err);
}

static bool check_allow(const struct config_section *s, struct err *err)
{
    const char *allow = section_get(s, "allow");
    struct plan_words words = {.n = 0};
    struct err why = {""};
    bool ok = allow == NULL || strcmp(allow, "none") == 0 || plan_words_read(allow, &words, &why);
    plan_words_done(&words);
    return ok || refuse(s, "allow", why.text, err);
}

/* Whoever has the one must not have the other by that. */
static bool check_tokens(const struct config_section *s, struct err *err)
{
    static const char *const keys[] = {"token", "act_token", "metrics_token"};
    for (size_t i = 0; i < sizeof(keys) / sizeof(keys[0]); i++) {
        const char *token = section_get(s, keys[i]);
        if (token != NULL && (token[0] == '\0' || strpbrk(token, " \t\n") != NULL))
            return refuse(s, keys[i], "expected a word without blanks: it goes into a header", err);
        for (size_t j = 0; token != NULL && j < i; j++) {
            const char *other = section_get(s, keys[j]);
            if (other != NULL && strcmp(token, other) == 0)
                return refuse(s, keys[i], "is the same as another token: each opens something else", err);
        }
    }
    return true;
}

bool serve_check(const struct config *config, struct err *err)
{
    const struct config_section *s = config_find(config, "http", "");
    return s == NULL || (check_listen(config, s, err) && check_socket(s, err) && check_allow(s, err) &&
                         check_tokens(s, err));
}
