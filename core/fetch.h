/* HTTP requests on the loop, by libcurl: webhooks, heartbeats, an application's endpoints, a guard that a
 * dashboard is attached to. Never waits. */
#ifndef DBVITALS_CORE_FETCH_H
#define DBVITALS_CORE_FETCH_H

#include <stdbool.h>
#include <stddef.h>

#include "core/err.h"
#include "core/loop.h"

struct fetcher;
struct fetch;

struct fetch_request {
    const char *method;         /* NULL: GET, or POST with a body */
    const char *url;            /* http, https */
    const char *unix_socket;    /* NULL: by the network */
    const char *const *headers; /* "Name: value", NULL-ended; NULL: none */
    const char *user_password;  /* "user:password" or NULL */
    const char *body;           /* copied */
    size_t len;
    const char *ca_file; /* NULL: the system's */
    double timeout_s;    /* in all */
    size_t max_answer;   /* bytes kept of the answer; what is more is read and dropped up to 1 MB in all, then the
                            connection is cut */
};
struct fetch_answer {
    int status;        /* 0: no answer, ERROR says why */
    const char *error; /* a sentence without URL secrets, or NULL */
    bool tls_refused;  /* the certificate is not believed, or ... */
    bool other_name;   /* ... is, but for another host */
    const char *body;  /* NUL-terminated */
    size_t len;
    bool cut; /* the answer is longer than max_answer */
    const char *content_type; /* "" if none */
    double retry_after_s;     /* from Retry-After (seconds or a date), NAN if none */
    double took_ms;
};
/* Redirects are not followed; TLS is verified; only http and https. Called once, on the loop thread, never
 * from within fetch_start. */
typedef void fetch_done_fn(void *ctx, const struct fetch_answer *answer);

struct fetcher *fetcher_new(struct loop *loop);
void fetcher_free(struct fetcher *f); /* ends what runs, without calling back */
/* NULL and err when it cannot even be tried (bad URL). */
struct fetch *fetch_start(struct fetcher *f, const struct fetch_request *r, fetch_done_fn *fn, void *ctx,
                          struct err *err);
/* URL can be asked: http or https, with a host. ERR does not quote it. */
bool fetch_check(const char *url, struct err *err);
void fetch_cancel(struct fetch *f); /* its callback will not be called; not after it was */

#endif
