/* Connection strings, as libpq understands them: services, environment and defaults filled in, without
 * connecting. */
#include <stdlib.h>
#include <string.h>

#include "collectors/libpq/conn_inside.h"
#include "core/mem.h"

/* libpq tells what it would connect with (PQconninfo) also after it refused one option's value, and it looks
 * at the values before it looks up any name: a value that it must refuse makes it fill in services and
 * defaults and stop there. */
#define REFUSED_VALUE "dbvitals-asks-only"

static PGconn *ask(const char *url, const char *option)
{
    const char *const options[] = {"dbname", option, NULL};
    const char *const values[] = {url, REFUSED_VALUE, NULL};
    return PQconnectStartParams(options, values, 1);
}

static char **place_of(struct conn_info *info, const char *option)
{
    for (int i = 0; i < info->n; i++)
        if (strcmp(info->options[i], option) == 0)
            return &info->values[i];
    return NULL;
}

const char *conn_info_get(const struct conn_info *info, const char *option)
{
    for (int i = 0; i < info->n; i++)
        if (strcmp(info->options[i], option) == 0)
            return info->values[i];
    return NULL;
}

void conn_info_set(struct conn_info *info, const char *option, const char *value)
{
    char *copy = value == NULL || value[0] == '\0' ? NULL : mem_dup(value);
    char **place = place_of(info, option);
    if (place != NULL) {
        free(*place);
        *place = copy;
    } else if (copy != NULL && info->n < N_INFO_MAX) {
        info->options[info->n] = mem_dup(option);
        info->values[info->n++] = copy;
    } else {
        free(copy);
    }
}

/* What libpq says about a string that it cannot read quotes pieces of it, and a piece may be half a password.
 */
static bool fail_unreadable(const char *url, const char *message, struct err *err)
{
    bool secret = strchr(url, '@') != NULL || strstr(url, "password") != NULL;
    struct text said;
    text_init(&said, 500);
    for (bool quoted = false; *message != '\0'; message++) {
        if (*message == '"') {
            quoted = !quoted;
            text_add(&said, secret && quoted ? "\"***" : "\"");
        } else if (!(secret && quoted)) {
            text_add_char(&said, *message == '\n' ? ' ' : *message);
        }
    }
    while (said.len > 0 && said.data[said.len - 1] == ' ')
        said.data[--said.len] = '\0';
    fail(err, "cannot read the connection string of PostgreSQL: %s", text_str(&said));
    text_done(&said);
    return false;
}

/* All options but the one that was made to be refused. */
static bool take(struct conn_info *info, const char *url, const char *refused, const char *only,
                 struct err *err)
{
    PGconn *pq = ask(url, refused);
    const char *message = PQerrorMessage(pq);
    if (strstr(message, REFUSED_VALUE) == NULL) {
        fail_unreadable(url, message, err);
        PQfinish(pq);
        return false;
    }
    PQconninfoOption *all = PQconninfo(pq);
    for (PQconninfoOption *o = all; o != NULL && o->keyword != NULL; o++)
        if (strcmp(o->keyword, refused) != 0 && strncmp(o->keyword, "service", 7) != 0 &&
            (only == NULL || strcmp(o->keyword, only) == 0))
            conn_info_set(info, o->keyword, o->val);
    PQconninfoFree(all);
    PQfinish(pq);
    return true;
}

/* libpq ends the password at the first @ or /: what follows of it would become a host or a database, and be
 * shown. */
static bool is_password_cut(const char *url)
{
    const char *authority = strstr(url, "://");
    if (authority == NULL)
        return false;
    const char *end = authority + 3 + strcspn(authority + 3, "@/?");
    if (*end == '\0' || *end == '?')
        return false;
    return end[1 + strcspn(end + 1, "@?")] == '@';
}

struct conn_info *conn_info_parse(const char *url, struct err *err)
{
    if (is_password_cut(url)) {
        fail(err, "cannot read the connection string of PostgreSQL: an @ too many; in a password @ is "
                  "written %%40, and / is %%2F");
        return NULL;
    }
    struct conn_info *info = mem_new(sizeof(*info));
    if (!take(info, url, "gssencmode", NULL, err) || !take(info, url, "sslmode", "gssencmode", err)) {
        conn_info_free(info);
        return NULL;
    }
    /* The same with a ? or a : in a password. */
    const char *port = conn_info_get(info, "port");
    if (port != NULL && port[strspn(port, "0123456789,")] != '\0') {
        fail(err, "cannot read the connection string of PostgreSQL: the port is no number; in a password : "
                  "is written %%3A, and ? is %%3F");
        conn_info_free(info);
        return NULL;
    }
    return info;
}

bool conn_info_says(const char *url, const char *option)
{
    PQconninfoOption *all = PQconninfoParse(url, NULL);
    bool says = false;
    for (const PQconninfoOption *o = all; o != NULL && o->keyword != NULL; o++)
        says = says || (strcmp(o->keyword, option) == 0 && o->val != NULL && o->val[0] != '\0');
    PQconninfoFree(all);
    return says;
}

struct conn_info *conn_info_copy(const struct conn_info *info)
{
    struct conn_info *copy = mem_new(sizeof(*copy));
    for (int i = 0; i < info->n; i++)
        conn_info_set(copy, info->options[i], info->values[i]);
    return copy;
}

void conn_info_free(struct conn_info *info)
{
    if (info == NULL)
        return;
    for (int i = 0; i < info->n; i++) {
        free(info->options[i]);
        free(info->values[i]);
    }
    free(info);
}

/* A secret that is also the name of the user, the database or the host tells nothing more where those are
 * shown. */
static size_t secret_at(const struct conn_info *info, const char *s)
{
    static const char *const secrets[] = {"password", "sslpassword"};
    static const char *const open[] = {"user", "dbname", "host", "port", "hostaddr"};
    for (size_t i = 0; i < sizeof(secrets) / sizeof(secrets[0]); i++) {
        const char *secret = conn_info_get(info, secrets[i]);
        if (secret == NULL || strncmp(s, secret, strlen(secret)) != 0)
            continue;
        bool is_open = false;
        for (size_t j = 0; j < sizeof(open) / sizeof(open[0]); j++) {
            const char *value = conn_info_get(info, open[j]);
            is_open = is_open || (value != NULL && strcmp(value, secret) == 0);
        }
        if (!is_open)
            return strlen(secret);
    }
    return 0;
}

void conn_info_scrub(const struct conn_info *info, const char *s, struct text *out)
{
    while (*s != '\0') {
        size_t n = secret_at(info, s);
        bool blank = *s == '\n' || *s == '\t' || *s == ' ';
        if (n > 0) {
            text_add(out, "***");
            s += n;
        } else {
            if (!blank)
                text_add_char(out, *s);
            else if (out->len > 0 && out->data[out->len - 1] != ' ')
                text_add_char(out, ' ');
            s++;
        }
    }
    while (out->len > 0 && out->data[out->len - 1] == ' ')
        out->data[--out->len] = '\0';
}
