/* Listening sockets: TCP by numbers, and a unix socket that nobody else listens on. */
#ifndef DBVITALS_SERVE_LISTEN_H
#define DBVITALS_SERVE_LISTEN_H

#include <stdbool.h>

#include "core/err.h"

struct listener {
    int fd; /* -1: none */
    int port;
    bool loopback; /* only this machine reaches it */
};
/* "127.0.0.1:9630", "[::1]:0", "localhost:9630", "*:9630". Names are not looked up. */
bool listen_tcp(const char *address, struct listener *out, struct err *err);
/* Whether ADDRESS is reached from this machine only. */
bool listen_is_loopback(const char *address, bool *loopback, struct err *err);
/* Mode 0660. A socket file that nobody listens on any more is replaced; one that is in use is an error. */
bool listen_unix(const char *path, struct listener *out, struct err *err);

#endif
