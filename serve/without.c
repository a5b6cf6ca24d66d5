/* HTTP as built without libmicrohttpd: it cannot be had, and says so. */
#include <stddef.h>

#include "serve/serve.h"

static const char told[] = "this dbvitals was built without HTTP: build it with -Dhttp_server=enabled (libmicrohttpd)";

struct serve *serve_new(const struct serve_parts *parts, struct err *err)
{
    (void)parts;
    fail(err, "%s", told);
    return NULL;
}

bool serve_check(const struct config *config, struct err *err)
{
    static const char *const keys[] = {"listen", "socket"};
    const struct config_section *s = config_find(config, "http", "");
    for (size_t i = 0; s != NULL && i < sizeof(keys) / sizeof(keys[0]); i++)
        if (section_get(s, keys[i]) != NULL)
            return fail(err, "%s:%d: [http] %s: %s", s->file, section_line(s, keys[i]), keys[i], told);
    return true;
}

void serve_free(struct serve *s)
{
    (void)s;
}

int serve_port(const struct serve *s)
{
    (void)s;
    return 0;
}

int serve_demand(const struct serve *s, const char **out, int most)
{
    (void)s, (void)out, (void)most;
    return 0;
}

void serve_set_config(struct serve *s, const struct config *config)
{
    (void)s;
    (void)config;
}

bool serve_route(int i, struct serve_route *out)
{
    (void)i, (void)out;
    return false;
}
