/* What a [target] of an application says, before anybody is asked: what would be left out later is refused.
 */
#include <ctype.h>
#include <string.h>

#include "collectors/app/inside.h"
#include "core/text.h"

/* Of a header's name: RFC 9110, 5.6.2. */
static bool is_token(char c)
{
    return c != '\0' && (isalnum((unsigned char)c) || strchr("!#$%&'*+-.^_`|~", c) != NULL);
}

static bool is_header(const char *line, size_t len)
{
    size_t name = 0;
    while (name < len && is_token(line[name]))
        name++;
    if (name == 0 || name == len || line[name] != ':')
        return false;
    size_t value = name + 1 + strspn(line + name + 1, " \t");
    for (size_t i = name + 1; i < len; i++)
        if (iscntrl((unsigned char)line[i]) && line[i] != '\t')
            return false;
    return value < len;
}

/* A header may be a secret: its line is told by its number. */
static bool check_headers(const char *lines, struct err *err)
{
    int n = 0;
    for (const char *at = lines; at != NULL && *at != '\0';) {
        size_t len = strcspn(at, "\n");
        if (len > 0 && ++n && !is_header(at, len))
            return fail(err, "line %d of it is no header; expected Name: value", n);
        at += len + (at[len] == '\n');
    }
    return n < MOST_HEADERS || fail(err, "%d headers are too many (at most %d)", n, MOST_HEADERS - 1);
}

static bool check_token(const char *token, struct err *err)
{
    for (const char *c = token; c != NULL && *c != '\0'; c++)
        if (iscntrl((unsigned char)*c))
            return fail(err, "a token is one line without control characters");
    return true;
}

static bool check_latency(const char *names, struct err *err)
{
    static const char bucket[] = "_bucket";
    size_t n;
    for (const char *at = names; at != NULL && (n = text_word(&at)) > 0; at += n) {
        if (!app_is_metric(at, n))
            return fail(
                err, "'%.*s' is no histogram's name (letters, digits, _ and :); several stand between commas",
                n < 100 ? (int)n : 100, at);
        if (n >= strlen(bucket) && memcmp(at + n - strlen(bucket), bucket, strlen(bucket)) == 0)
            return fail(err, "'%.*s' is its buckets: name the histogram without _bucket",
                        n < 100 ? (int)n : 100, at);
    }
    return true;
}

bool app_words_check(const struct target_config *config, const char **key, struct err *err)
{
    static const struct {
        const char *key;
        bool (*check)(const char *value, struct err *err);
    } checks[] = {{"header", check_headers}, {"token", check_token}, {"latency", check_latency}};
    struct app_words *words = app_words_new(config, key, err);
    bool ok = words != NULL;
    app_words_unref(words);
    for (size_t i = 0; i < sizeof(checks) / sizeof(checks[0]) && ok; i++) {
        *key = checks[i].key;
        ok = checks[i].check(target_config_word(config, *key), err);
    }
    return ok && target_config_check_file(config, "ca_file", key, err);
}
