/* How a connection to Redis comes to be: the name looked up, each address tried, TLS, the login. Of hiredis
 * the connection uses the protocol alone: its own connecting knows neither our loop's look-ups nor, in the
 * versions around, TLS and time limits. */
#include <arpa/inet.h>
#include <errno.h>
#include <stdio.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/un.h>

#include "collectors/redis/conn_inside.h"
#include "core/mem.h"

static void connect_next(struct redis_conn *c, const char *why);

static void shake(struct redis_conn *c)
{
    struct err err = {""};
    switch (redis_tls_shake(c->tls, &err)) {
    case REDIS_TLS_DONE:
        redis_conn_log_in(c);
        break;
    case REDIS_TLS_READ:
        loop_fd_want(c->watch, true, false);
        break;
    case REDIS_TLS_WRITE:
        loop_fd_want(c->watch, true, true);
        break;
    case REDIS_TLS_FAILED:
        redis_conn_die(c, REDIS_DENIED, err.text);
        break;
    }
}

static void on_tls_ready(void *ctx, const char *error)
{
    struct redis_conn *c = ctx;
    struct err err = {""};
    redis_conn_enter(c);
    if (error != NULL)
        redis_conn_die(c, REDIS_DENIED, error);
    else if (!redis_tls_begin(c->tls, c->fd, c->place->host, &err))
        redis_conn_die(c, REDIS_DENIED, err.text);
    else
        shake(c);
    redis_conn_leave(c);
}

static void on_connected(struct redis_conn *c)
{
    int error = 0;
    socklen_t len = sizeof(error);
    getsockopt(c->fd, SOL_SOCKET, SO_ERROR, &error, &len);
    if (error != 0) {
        connect_next(c, strerror(error));
        return;
    }
    loop_fd_want(c->watch, false, false);
    c->state = SHAKING;
    if (c->place->tls)
        c->tls = redis_tls_new(c->loop, c->place->ca_file, (struct redis_tls_ready){c, on_tls_ready});
    else
        redis_conn_log_in(c);
}

static void on_ready(void *ctx, bool readable, bool writable)
{
    struct redis_conn *c = ctx;
    redis_conn_enter(c);
    if (c->state == CONNECTING && (readable || writable))
        on_connected(c);
    else if (c->state == SHAKING && c->tls != NULL)
        shake(c);
    else if (c->state == LOGGING_IN || c->state == UP) {
        bool good = !writable || redis_conn_write(c);
        if (readable || !good || c->tls != NULL)
            redis_conn_read(c);
        if (c->state != DEAD && !good)
            redis_conn_die(c, REDIS_LOST, "the connection broke");
    }
    if (c->state == LOGGING_IN || c->state == UP)
        redis_conn_watch(c);
    redis_conn_leave(c);
}

static bool socket_to(struct redis_conn *c, const struct sockaddr *address, socklen_t len)
{
    c->fd = socket(address->sa_family, SOCK_STREAM | SOCK_NONBLOCK | SOCK_CLOEXEC, 0);
    if (c->fd < 0 || (connect(c->fd, address, len) != 0 && errno != EINPROGRESS))
        return false;
    int on = 1;
    setsockopt(c->fd, SOL_SOCKET, SO_KEEPALIVE, &on, sizeof(on));
    c->state = CONNECTING;
    c->watch = loop_fd_new(c->loop, c->fd, on_ready, c);
    if (c->watch != NULL)
        loop_fd_want(c->watch, false, true);
    return c->watch != NULL;
}

/* A numeric address: nothing is looked up here. */
static bool connect_to(struct redis_conn *c, const char *address)
{
    struct sockaddr_in v4 = {.sin_family = AF_INET, .sin_port = htons((uint16_t)c->place->port)};
    struct sockaddr_in6 v6 = {.sin6_family = AF_INET6, .sin6_port = htons((uint16_t)c->place->port)};
    if (inet_pton(AF_INET, address, &v4.sin_addr) == 1)
        return socket_to(c, (const struct sockaddr *)(const void *)&v4, sizeof(v4));
    return inet_pton(AF_INET6, address, &v6.sin6_addr) == 1 &&
           socket_to(c, (const struct sockaddr *)(const void *)&v6, sizeof(v6));
}

static bool connect_path(struct redis_conn *c)
{
    struct sockaddr_un a = {.sun_family = AF_UNIX};
    snprintf(a.sun_path, sizeof(a.sun_path), "%s", c->place->path);
    return socket_to(c, (const struct sockaddr *)(const void *)&a, sizeof(a));
}

/* WHY is what the attempt before came to, NULL: there was none. */
static void connect_next(struct redis_conn *c, const char *why)
{
    char text[500], last[200];
    snprintf(last, sizeof(last), "%s", why == NULL ? "it has no address" : why);
    redis_conn_hang_up(c);
    while (c->at < (c->place->host == NULL ? 1 : c->n_addresses)) {
        int i = c->at++;
        errno = 0;
        if (c->place->host == NULL ? connect_path(c) : connect_to(c, c->addresses[i]))
            return;
        snprintf(last, sizeof(last), "%s", errno != 0 ? strerror(errno) : "it is no address");
        redis_conn_hang_up(c);
    }
    if (c->place->host == NULL)
        snprintf(text, sizeof(text), "cannot connect to %.120s: %.150s", c->place->path, last);
    else
        snprintf(text, sizeof(text), "cannot connect to %.250s port %d: %.150s", c->place->host,
                 c->place->port, last);
    redis_conn_die(c, REDIS_REFUSED, text);
}

static void on_addresses(void *ctx, const char *const *addresses, int n, const char *error)
{
    struct redis_conn *c = ctx;
    char text[500];
    c->lookup = NULL;
    redis_conn_enter(c);
    for (int i = 0; i < n && i < MOST_ADDRESSES; i++)
        c->addresses[c->n_addresses++] = mem_dup(addresses[i]);
    if (n > 0) {
        connect_next(c, NULL);
    } else {
        snprintf(text, sizeof(text), "cannot look up %.200s: %.200s", c->place->host, error);
        redis_conn_die(c, REDIS_LOST, text);
    }
    redis_conn_leave(c);
}

static void on_timer(void *ctx)
{
    struct redis_conn *c = ctx;
    char text[200];
    redis_conn_enter(c);
    if (c->state == LOOKING && c->place->host == NULL) {
        loop_timer_start(c->timer, c->connect_s, 0);
        connect_next(c, NULL);
    } else if (c->state == UP || c->state == LOGGING_IN) {
        snprintf(text, sizeof(text), "no answer within %.3g s: Redis is busy, stopped or out of reach",
                 c->first == NULL ? 0 : c->first->deadline_s - c->first->start_s);
        redis_conn_die(c, REDIS_HUNG, text);
    } else if (c->state == SHAKING) {
        snprintf(text, sizeof(text),
                 "connected, but no TLS handshake within %.3g s: redis:// if this port speaks none",
                 c->connect_s);
        redis_conn_die(c, REDIS_HUNG, text);
    } else if (c->state != DEAD) {
        snprintf(text, sizeof(text), "no connection within %.3g s", c->connect_s);
        redis_conn_die(c, REDIS_HUNG, text);
    }
    redis_conn_leave(c);
}

struct redis_conn *redis_conn_open(struct loop *loop, const struct redis_place *place, const char *password,
                                   double connect_s, struct redis_handler handler)
{
    struct redis_conn *c = mem_new(sizeof(*c));
    *c = (struct redis_conn){.loop = loop,
                             .place = place,
                             .password = mem_dup(password),
                             .connect_s = connect_s,
                             .handler = handler,
                             .fd = -1};
    c->timer = loop_timer_new(loop, on_timer, c);
    loop_timer_start(c->timer, place->host == NULL ? 0 : connect_s, 0);
    if (place->host != NULL)
        c->lookup = loop_lookup(loop, place->host, on_addresses, c);
    return c;
}
