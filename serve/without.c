/* HTTP as built without libmicrohttpd: it cannot be had, and says so. */
#include <stddef.h>

#include "serve/serve.h"

struct serve *serve_new(const struct serve_parts *parts, struct err *err)
{
    (void)parts;
    fail(err, "this dbvitals was built without HTTP: build it with -Dhttp_server=enabled (libmicrohttpd)");
    return NULL;
}

bool serve_check(const struct config *config, struct err *err)
{
    (void)config, (void)err;
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
