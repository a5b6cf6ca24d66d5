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

/* What a member may be; whatever looks like JSON in a text is text. */
enum wish_kind {
    WISH_TEXT = 1,
    WISH_NUMBER = 2,
    WISH_WHOLE = 4, /* a number without a fraction */
    WISH_BOOLEAN = 8,
    WISH_ARRAY = 16,
    WISH_OBJECT = 32,
    WISH_NULL = 64 /* which is as if it were not there */
};
struct wish_rule {
    const char *name;
    unsigned kinds;
    const char *must; /* "text, such as session:*": goes on after "it must be" */
};

/* A body is refused that has a NUL in one of its texts, or two members of one name: of those it would depend on
 * who reads which one counts. */
bool wish_read(struct http_call *c, struct wish *w, struct err *err);
/* All members are among the N RULES, and are what these say. */
bool wish_check(const struct wish *w, const struct wish_rule *rules, size_t n, struct err *err);
/* NULL: it is not there, or null. */
const struct json_member *wish_member(const struct wish *w, const char *name);
/* NULL when it is not there, or not text: an array or an object is none. */
const char *wish_text(const struct wish *w, const char *name);
/* NAN when it is not there, or no number: true is none. */
double wish_number(const struct wish *w, const char *name);

#endif
