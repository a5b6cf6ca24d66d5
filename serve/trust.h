/* Who may ask what: tokens, and the guard against pages in a browser that ask behind its user's back. */
#ifndef DBVITALS_SERVE_TRUST_H
#define DBVITALS_SERVE_TRUST_H

#include "core/config.h"
#include "serve/http.h"

enum access {
    ACCESS_OPEN,    /* everybody: whether the process lives */
    ACCESS_READ,    /* whoever may read */
    ACCESS_METRICS, /* these, and who has the token for metrics alone */
    ACCESS_ACT      /* who has the token for changing a server */
};

struct trust {
    const char *token, *act_token, *metrics_token; /* of the config, NULL: none */
};
/* How a request came in. */
enum entrance { ENTRANCE_SOCKET, ENTRANCE_LOOPBACK, ENTRANCE_NETWORK };

void trust_read(struct trust *t, const struct config *c);
/* False when nothing may listen at an address that is reached from elsewhere. */
bool trust_beyond(const struct trust *t, const char *address, struct err *err);
/* 0 when C may, else the status to answer with, and in ERR why. */
int trust_check(const struct trust *t, enum entrance entrance, enum access access, const struct http_call *c,
                struct err *err);
/* The same of the second token alone, of a request that may read. */
int trust_act(const struct trust *t, const struct http_call *c, struct err *err);
/* In a time that does not depend on where they differ. */
bool trust_equal(const char *given, const char *wanted);

#endif
