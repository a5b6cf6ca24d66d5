/* HTTP: opens the ways in, and hands requests to the routes. */
#include "serve/serve.h"

#include <stdlib.h>
#include <unistd.h>

#include "core/mem.h"
#include "serve/inside.h"
#include "serve/listen.h"

static void on_begin(void *ctx, struct http_call *c)
{
    routes_begin(ctx, c);
}

static void on_request(void *ctx, struct http_call *c)
{
    routes_request(ctx, c);
}

static void on_end(void *ctx, struct http_call *c)
{
    struct door_in *in = ctx;
    answer_forget(c);
    scrapes_forget(in->serve->scrapes, c);
}

static bool open_door(struct serve *s, struct door_in *in, enum entrance entrance, int fd, struct err *err)
{
    struct http_handlers handlers = {.ctx = in, .begin = on_begin, .request = on_request, .end = on_end};
    in->serve = s;
    in->entrance = entrance;
    in->http = http_new(s->parts.loop, fd, &handlers, err);
    return in->http != NULL;
}

static bool open_tcp(struct serve *s, const char *address, struct err *err)
{
    struct listener l;
    bool loopback;
    if (!listen_is_loopback(address, &loopback, err) ||
        (!loopback && !trust_beyond(&s->trust, address, err)) || !listen_tcp(address, &l, err))
        return false;
    s->port = l.port;
    return open_door(s, &s->tcp, loopback ? ENTRANCE_LOOPBACK : ENTRANCE_NETWORK, l.fd, err);
}

static bool open_socket(struct serve *s, const char *path, struct err *err)
{
    struct listener l;
    if (!listen_unix(path, &l, err))
        return false;
    s->socket_path = mem_dup(path);
    return open_door(s, &s->local, ENTRANCE_SOCKET, l.fd, err);
}

void serve_set_config(struct serve *s, const struct config *config)
{
    s->parts.config = config;
    trust_read(&s->trust, config);
    s->aliases = config_get_bool(config, "http", "aliases");
}

struct serve *serve_new(const struct serve_parts *parts, struct err *err)
{
    struct serve *s = mem_new(sizeof(*s));
    s->parts = *parts;
    serve_set_config(s, parts->config);
    s->demand = demand_new(parts->registry);
    s->json = json_new();
    s->scrapes = scrapes_new(s);
    if ((parts->listen == NULL || open_tcp(s, parts->listen, err)) &&
        (parts->socket == NULL || open_socket(s, parts->socket, err)))
        return s;
    serve_free(s);
    return NULL;
}

void serve_free(struct serve *s)
{
    if (s == NULL)
        return;
    if (s->socket_path != NULL)
        unlink(s->socket_path);
    plans_end(s);
    early_end(s);
    http_free(s->tcp.http);
    http_free(s->local.http);
    scrapes_free(s->scrapes);
    free(s->socket_path);
    demand_free(s->demand);
    json_free(s->json);
    free(s);
}

int serve_port(const struct serve *s)
{
    return s->port;
}

int serve_demand(const struct serve *s, const char **out, int most)
{
    return demand_list(s->demand, loop_mono_s(), out, most);
}
