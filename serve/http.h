/* An HTTP/1.1 server on the one loop: the room of libmicrohttpd. Connections, limits and deadlines are kept
 * here; what a request means is the caller's. */
#ifndef DBVITALS_SERVE_HTTP_H
#define DBVITALS_SERVE_HTTP_H

#include <stdbool.h>
#include <stddef.h>

#include "core/err.h"
#include "core/loop.h"

enum {
    HTTP_MOST_CONNECTIONS = 200, /* then the one that is idle longest goes for each new one */
    HTTP_MOST_HEADER = 16 << 10, /* bytes of request line and headers, with the path's arguments */
    HTTP_MOST_BODY = 1 << 20
};

struct http;
/* One request, until its answer was sent. */
struct http_call;

/* Called on the loop thread. */
struct http_handlers {
    void *ctx;
    /* The headers are there, the body is not: an answer now refuses the request without reading on. */
    void (*begin)(void *ctx, struct http_call *c);
    /* It is whole. It is answered now or later, once. */
    void (*request)(void *ctx, struct http_call *c);
    /* C is over, answered or not; http_data is to be freed by its owner. */
    void (*end)(void *ctx, struct http_call *c);
};

/* Serves who comes to LISTENER, a listening socket, which it takes over (on failure too). */
struct http *http_new(struct loop *loop, int listener, const struct http_handlers *handlers, struct err *err);
/* What is not answered yet is answered with 503. */
void http_free(struct http *h);
int http_connections(const struct http *h);
/* Bytes of answers that clients have not taken yet. */
size_t http_unsent(const struct http *h);

/* Borrowed until the call ends. */
const char *http_method(const struct http_call *c);
const char *http_path(const struct http_call *c);                     /* decoded, without arguments */
const char *http_header(const struct http_call *c, const char *name); /* NULL if it was not sent */
const char *http_argument(const struct http_call *c, const char *name);
const char *http_body(const struct http_call *c, size_t *len); /* NUL-terminated, "" if none */
bool http_has_body(const struct http_call *c); /* it announces one: Content-Length or chunks */
void http_set_data(struct http_call *c, void *data);
void *http_data(const struct http_call *c);

struct http_answer {
    int status;
    const char *type; /* Content-Type */
    char *body;       /* heap, taken over */
    size_t len;
    struct {
        const char *name, *value;
    } extra[2]; /* more headers; name NULL: none */
};
void http_answer(struct http_call *c, const struct http_answer *a);

#endif
