/* What the body of a request says: the members of one JSON object. */
#ifndef DBVITALS_SERVE_WISH_H
#define DBVITALS_SERVE_WISH_H

#include "core/json.h"
#include "serve/http.h"

enum { WISH_MEMBERS = 64 };

/* None of an empty body. */
struct wish {
    struct arena *arena; /* to be given up by arena_unref, also when it could not be read */
    struct json_member *members;
    int n;
};

/* A body with a NUL in one of its texts is refused. */
bool wish_read(struct http_call *c, struct wish *w, struct err *err);
const struct value *wish_value(const struct wish *w, const char *name); /* NULL: it is not there */
/* NULL when it is not there, or not text. */
const char *wish_text(const struct wish *w, const char *name);
/* NAN likewise. */
double wish_number(const struct wish *w, const char *name);
/* The member that is none of NAMES, which have a blank between; NULL: there is none. */
const char *wish_unknown(const struct wish *w, const char *names);

#endif
