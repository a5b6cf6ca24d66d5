/* Asking the guard of this machine, over its unix socket. */
#ifndef DBVITALS_CLI_GUARD_CLIENT_H
#define DBVITALS_CLI_GUARD_CLIENT_H

#include "cli/session.h"
#include "core/fetch.h"

struct guard_client {
    struct session *session;
    struct fetcher *fetcher;
    struct door *door; /* reads JSON */
    char *socket;
};

/* False if no guard answers; ERR names the sockets that were tried. SESSION must outlive it. */
bool guard_client_open(struct guard_client *c, struct session *session, struct err *err);
void guard_client_done(struct guard_client *c);
/* BODY NULL: GET. The answer's body is appended to OUT (may be NULL). Another status than 2xx is a failure
 * with the guard's sentence. */
bool guard_client_ask(struct guard_client *c, const char *method, const char *path, const char *body,
                      struct text *out, struct err *err);
/* The result of a SELECT over the guard's datasets. */
struct result *guard_client_select(struct guard_client *c, const char *sql, struct err *err);
/* A SELECT over JSON, which stands in it as :json. */
struct result *guard_client_read(struct guard_client *c, const char *sql, const char *json, struct err *err);

#endif
