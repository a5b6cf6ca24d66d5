/* Inside of the HTTP server: a request, shared by http.c and http_call.c. */
#ifndef DBVITALS_SERVE_HTTP_PRIVATE_H
#define DBVITALS_SERVE_HTTP_PRIVATE_H

#include <microhttpd.h>

#include "core/text.h"
#include "serve/http.h"

struct peer;
struct http_call {
    struct http *http;
    struct MHD_Connection *connection;
    struct peer *peer;
    char *method, *path;
    struct text body;
    bool begun, handed, answered, suspended, too_big;
    struct http_call *before, *after; /* among those that are suspended */
    void *data;
    struct MHD_Response *response;
    int status;
    size_t len;
};

#endif
