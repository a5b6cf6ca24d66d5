/* An HTTP/1.1 server on the one loop, by libmicrohttpd in external-poll mode: its epoll descriptor is watched
 * by the loop, and calls whose answer is not there yet are suspended.
 *
 * libmicrohttpd's own time-out counts from the last byte, so a byte now and then keeps a connection for ever.
 * Here every connection has one deadline for what it is at, and past it its socket is shut down, which
 * libmicrohttpd sees as the client's end. */
#include "serve/http.h"

#include <errno.h>
#include <math.h>
#include <microhttpd.h>
#include <poll.h>
#include <stdarg.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

#include "core/mem.h"
#include "serve/http_private.h"

/* How long what may take. */
static const double header_s = 10, body_s = 30, idle_s = 75, answer_s = 30, answer_bytes_per_s = 50e3;
static const double sweep_s = 0.5;
/* Evicted connections are let go of a moment later: until then there are some more. */
enum { SPARE_CONNECTIONS = 64 };

/* A connection, in a list of all: that which was used longest ago first. */
struct peer {
    struct http *http;
    struct peer *before, *after;
    int fd;
    double until_s; /* monotonic */
    bool busy;      /* a request is being worked on */
};

struct http {
    struct loop *loop;
    struct http_handlers handlers;
    struct MHD_Daemon *daemon;
    struct loop_fd *watched;
    struct loop_timer *turn, *sweep;
    struct peer *oldest, *newest;
    int n_peers;
    struct http_call *calls; /* suspended ones */
    size_t unsent;
    bool ending;
};

/* Connections. */

static void unlink_peer(struct http *h, struct peer *p)
{
    *(p->before != NULL ? &p->before->after : &h->oldest) = p->after;
    *(p->after != NULL ? &p->after->before : &h->newest) = p->before;
    p->before = p->after = NULL;
}

static void append_peer(struct http *h, struct peer *p)
{
    p->before = h->newest;
    *(h->newest != NULL ? &h->newest->after : &h->oldest) = p;
    h->newest = p;
}

static void wait_for(struct peer *p, double seconds)
{
    p->until_s = loop_mono_s() + seconds;
}

static void hang_up(struct peer *p)
{
    shutdown(p->fd, SHUT_RDWR);
    p->until_s = HUGE_VAL;
}

/* Room for one more: those who only sit there give way, the longest idle one first. */
static enum MHD_Result on_accept(void *ctx, const struct sockaddr *address, socklen_t len)
{
    struct http *h = ctx;
    (void)address, (void)len;
    int gone = 0;
    for (struct peer *p = h->oldest; p != NULL && h->n_peers - gone >= HTTP_MOST_CONNECTIONS; p = p->after) {
        if (p->busy)
            continue;
        if (p->until_s < HUGE_VAL)
            hang_up(p);
        gone++;
    }
    return h->n_peers - gone < HTTP_MOST_CONNECTIONS && !h->ending ? MHD_YES : MHD_NO;
}

static void on_connection(void *ctx, struct MHD_Connection *connection, void **socket_context,
                          enum MHD_ConnectionNotificationCode code)
{
    struct http *h = ctx;
    if (code == MHD_CONNECTION_NOTIFY_STARTED) {
        struct peer *p = mem_new(sizeof(*p));
        p->http = h;
        p->fd = MHD_get_connection_info(connection, MHD_CONNECTION_INFO_CONNECTION_FD)->connect_fd;
        wait_for(p, header_s);
        append_peer(h, p);
        if (h->n_peers++ == 0)
            loop_timer_start(h->sweep, sweep_s, sweep_s);
        *socket_context = p;
    } else if (*socket_context != NULL) {
        unlink_peer(h, *socket_context);
        free(*socket_context);
        *socket_context = NULL;
        h->n_peers--;
    }
}

/* Turns of the daemon. */

static void turn(struct http *h)
{
    MHD_UNSIGNED_LONG_LONG milliseconds;
    MHD_run(h->daemon);
    if (MHD_get_timeout(h->daemon, &milliseconds) == MHD_YES)
        loop_timer_start(h->turn, (double)milliseconds / 1000, 0);
}

static void on_turn(void *ctx)
{
    turn(ctx);
}

static void on_readable(void *ctx, bool readable, bool writable)
{
    (void)readable, (void)writable;
    turn(ctx);
}

/* Requests. */

/* The request line has come: the headers must follow in time. */
static void *on_request_line(void *ctx, const char *uri, struct MHD_Connection *connection)
{
    struct http_call *c = mem_new(sizeof(*c));
    (void)uri;
    c->http = ctx;
    c->connection = connection;
    c->peer = MHD_get_connection_info(connection, MHD_CONNECTION_INFO_SOCKET_CONTEXT)->socket_context;
    wait_for(c->peer, header_s);
    c->peer->busy = false;
    text_init(&c->body, HTTP_MOST_BODY);
    return c;
}

static void link_call(struct http_call *c)
{
    struct http *h = c->http;
    c->after = h->calls;
    if (h->calls != NULL)
        h->calls->before = c;
    h->calls = c;
    c->suspended = true;
}

static void unlink_call(struct http_call *c)
{
    *(c->before != NULL ? &c->before->after : &c->http->calls) = c->after;
    if (c->after != NULL)
        c->after->before = c->before;
    c->before = c->after = NULL;
    c->suspended = false;
}

static void on_completed(void *ctx, struct MHD_Connection *connection, void **data,
                         enum MHD_RequestTerminationCode code)
{
    struct http *h = ctx;
    struct http_call *c = *data;
    (void)connection, (void)code;
    if (c == NULL)
        return;
    *data = NULL;
    if (c->begun)
        h->handlers.end(h->handlers.ctx, c);
    if (c->suspended)
        unlink_call(c);
    if (c->response != NULL) {
        h->unsent -= c->len;
        MHD_destroy_response(c->response);
    }
    c->peer->busy = false;
    wait_for(c->peer, idle_s);
    unlink_peer(h, c->peer);
    append_peer(h, c->peer);
    text_done(&c->body);
    free(c->method);
    free(c->path);
    free(c);
}

static enum MHD_Result send_answer(struct http_call *c)
{
    wait_for(c->peer, answer_s + (double)c->len / answer_bytes_per_s);
    return MHD_queue_response(c->connection, (unsigned)c->status, c->response);
}

static void answer_text(struct http_call *c, int status, const char *sentence)
{
    struct http_answer a = {.status = status, .type = "text/plain; charset=utf-8"};
    a.body = mem_dup(sentence);
    a.len = strlen(sentence);
    http_answer(c, &a);
}

static const char ending[] = "this process ends\n";

static void begin(struct http_call *c, const char *method, const char *path)
{
    const char *length = http_header(c, "Content-Length");
    c->begun = true;
    c->method = mem_dup(method);
    c->path = mem_dup(path);
    c->peer->busy = true;
    wait_for(c->peer, body_s);
    if (!http_has_body(c))
        return; /* libmicrohttpd ends the connection of one that is answered so early */
    c->http->handlers.begin(c->http->handlers.ctx, c);
    if (!c->answered && length != NULL && strtod(length, NULL) > HTTP_MOST_BODY)
        answer_text(c, MHD_HTTP_CONTENT_TOO_LARGE, "a body has at most 1 MB\n");
}

static void finish(struct http_call *c)
{
    c->handed = true;
    if (c->http->ending) { /* it came with the last turn: nobody would answer it later */
        answer_text(c, MHD_HTTP_SERVICE_UNAVAILABLE, ending);
        return;
    }
    if (c->too_big) {
        answer_text(c, MHD_HTTP_CONTENT_TOO_LARGE, "a body has at most 1 MB\n");
        return;
    }
    if (!http_has_body(c))
        c->http->handlers.begin(c->http->handlers.ctx, c);
    if (!c->answered)
        c->http->handlers.request(c->http->handlers.ctx, c);
    if (c->answered)
        return;
    c->peer->until_s = HUGE_VAL; /* the one who waits now is the client */
    link_call(c);
    MHD_suspend_connection(c->connection);
}

static enum MHD_Result on_access(void *ctx, struct MHD_Connection *connection, const char *url,
                                 const char *method, const char *version, const char *upload,
                                 size_t *upload_size, void **data)
{
    struct http_call *c = *data;
    (void)ctx, (void)connection, (void)version;
    if (!c->begun) {
        begin(c, method, url);
        return c->answered ? send_answer(c) : MHD_YES;
    }
    if (*upload_size > 0) {
        c->too_big = c->too_big || c->body.len + *upload_size > HTTP_MOST_BODY;
        if (!c->too_big)
            text_add_n(&c->body, upload, *upload_size);
        *upload_size = 0;
        return MHD_YES;
    }
    if (!c->handed)
        finish(c);
    return c->answered ? send_answer(c) : MHD_YES;
}

void http_answer(struct http_call *c, const struct http_answer *a)
{
    if (c->answered) {
        free(a->body);
        return;
    }
    c->answered = true;
    c->status = a->status;
    c->len = a->len;
    c->http->unsent += a->len;
    c->response = MHD_create_response_from_buffer(a->len, a->body, MHD_RESPMEM_MUST_FREE);
    MHD_add_response_header(c->response, MHD_HTTP_HEADER_CONTENT_TYPE, a->type);
    MHD_add_response_header(c->response, "X-Content-Type-Options", "nosniff");
    MHD_add_response_header(c->response, MHD_HTTP_HEADER_CACHE_CONTROL, "no-store");
    for (size_t i = 0; i < sizeof(a->extra) / sizeof(a->extra[0]); i++)
        if (a->extra[i].name != NULL)
            MHD_add_response_header(c->response, a->extra[i].name, a->extra[i].value);
    if (!c->suspended)
        return;
    unlink_call(c);
    MHD_resume_connection(c->connection);
    if (!c->http->ending)
        loop_timer_start(c->http->turn, 0, 0);
}

/* Who takes too long, and who has left. */

/* It closed a unix socket, or reset the connection. A TCP client that closed may only have closed its half,
 * and still wait for the answer. */
static bool has_left(const struct peer *p)
{
    struct pollfd f = {.fd = p->fd}; /* what is never asked for and always told: error and hang-up */
    return poll(&f, 1, 0) > 0;
}

/* libmicrohttpd does not look at a suspended connection. */
static void end_left_calls(struct http *h)
{
    for (struct http_call *c = h->calls, *after; c != NULL; c = after) {
        after = c->after;
        if (has_left(c->peer))
            answer_text(c, MHD_HTTP_SERVICE_UNAVAILABLE, "nobody reads this\n");
    }
}

static void on_sweep(void *ctx)
{
    struct http *h = ctx;
    double now = loop_mono_s();
    end_left_calls(h);
    for (struct peer *p = h->oldest; p != NULL; p = p->after)
        if (now > p->until_s)
            hang_up(p);
    if (h->n_peers == 0)
        loop_timer_stop(h->sweep);
}

/* Opening and closing. */

static void quiet(void *ctx, const char *format, va_list arguments)
{
    (void)ctx, (void)format, (void)arguments; /* what a client did wrong is told to the client */
}

static struct MHD_Daemon *start(struct http *h, int listener)
{
    unsigned flags = MHD_USE_EPOLL | MHD_ALLOW_SUSPEND_RESUME | MHD_USE_ERROR_LOG;
    return MHD_start_daemon(
        flags, 0, on_accept, h, on_access, h, MHD_OPTION_EXTERNAL_LOGGER, quiet, NULL,
        MHD_OPTION_LISTEN_SOCKET, listener, MHD_OPTION_STRICT_FOR_CLIENT, 1, MHD_OPTION_CONNECTION_LIMIT,
        (unsigned)(HTTP_MOST_CONNECTIONS + SPARE_CONNECTIONS), MHD_OPTION_CONNECTION_MEMORY_LIMIT,
        (size_t)HTTP_MOST_HEADER, MHD_OPTION_NOTIFY_CONNECTION, on_connection, h, MHD_OPTION_NOTIFY_COMPLETED,
        on_completed, h, MHD_OPTION_URI_LOG_CALLBACK, on_request_line, h, MHD_OPTION_END);
}

struct http *http_new(struct loop *loop, int listener, const struct http_handlers *handlers, struct err *err)
{
    struct http *h = mem_new(sizeof(*h));
    h->loop = loop;
    h->handlers = *handlers;
    h->turn = loop_timer_new(loop, on_turn, h);
    h->sweep = loop_timer_new(loop, on_sweep, h);
    h->daemon = start(h, listener);
    if (h->daemon == NULL) {
        close(listener);
        http_free(h);
        fail(err, "cannot start the HTTP server: %s", strerror(errno));
        return NULL;
    }
    int fd = MHD_get_daemon_info(h->daemon, MHD_DAEMON_INFO_EPOLL_FD)->epoll_fd;
    h->watched = loop_fd_new(loop, fd, on_readable, h);
    loop_fd_want(h->watched, true, false);
    return h;
}

void http_free(struct http *h)
{
    if (h == NULL)
        return;
    h->ending = true;
    while (h->calls != NULL)
        answer_text(h->calls, MHD_HTTP_SERVICE_UNAVAILABLE, ending);
    loop_fd_free(h->watched);
    if (h->daemon != NULL) {
        MHD_run(h->daemon); /* those answers go out, as far as sockets take them */
        MHD_stop_daemon(h->daemon);
    }
    loop_timer_free(h->turn);
    loop_timer_free(h->sweep);
    free(h);
}

int http_connections(const struct http *h)
{
    return h->n_peers;
}

size_t http_unsent(const struct http *h)
{
    return h->unsent;
}
