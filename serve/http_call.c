/* What a request says. */
#include "serve/http_private.h"

const char *http_method(const struct http_call *c)
{
    return c->method;
}

const char *http_path(const struct http_call *c)
{
    return c->path;
}

const char *http_header(const struct http_call *c, const char *name)
{
    return MHD_lookup_connection_value(c->connection, MHD_HEADER_KIND, name);
}

const char *http_argument(const struct http_call *c, const char *name)
{
    return MHD_lookup_connection_value(c->connection, MHD_GET_ARGUMENT_KIND, name);
}

const char *http_body(const struct http_call *c, size_t *len)
{
    *len = c->body.len;
    return text_str(&c->body);
}

bool http_has_body(const struct http_call *c)
{
    return http_header(c, "Content-Length") != NULL || http_header(c, "Transfer-Encoding") != NULL;
}

void http_set_data(struct http_call *c, void *data)
{
    c->data = data;
}

void *http_data(const struct http_call *c)
{
    return c->data;
}
