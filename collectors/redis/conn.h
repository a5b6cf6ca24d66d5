/* One connection to Redis: connected, logged in, and asked without ever blocking. What comes back is hiredis'
 * reader's work, made into values of our own, whose size has a limit. */
#ifndef DBVITALS_COLLECTORS_REDIS_CONN_H
#define DBVITALS_COLLECTORS_REDIS_CONN_H

#include <stdint.h>

#include "collectors/source.h"
#include "core/arena.h"

/* Where a Redis is, and as whom. */
struct redis_place {
    char *host; /* NULL: PATH is a unix socket */
    char *path;
    char *user, *password; /* NULL: none */
    char *ca_file;         /* certificates that are believed; NULL: the system's */
    int port, db;
    bool tls;
};

enum redis_kind { REDIS_NIL, REDIS_TEXT, REDIS_ERROR, REDIS_INTEGER, REDIS_LIST };
struct redis_value {
    enum redis_kind kind;
    long long integer;
    const char *text; /* any bytes, and a NUL after them */
    size_t len;
    int n; /* of a list */
    struct redis_value **items;
};

/* At most this much is taken for one answer: what is longer ends the connection. */
enum { REDIS_MOST_BYTES = 2 << 20, REDIS_MOST_ITEMS = 20000, REDIS_MOST_PENDING = 1000 };

/* Valid during the call. An error of Redis is a VALUE of its own, with TEXT a sentence that says what it
 * means, and WHY; without an answer VALUE is NULL, with TEXT and WHY. */
struct redis_answer {
    const struct redis_value *value;
    struct arena *arena; /* VALUE lives as long as this: arena_ref keeps it */
    const char *text;    /* NULL: VALUE is a good answer */
    enum failure why;
    double start_s, end_s; /* monotonic */
    size_t bytes;
};
typedef void redis_answer_fn(void *ctx, const struct redis_answer *a);

struct redis_command {
    const char *const *words;
    const size_t *lens; /* NULL: words are strings */
    int n;
    double timeout_s;
    redis_answer_fn *done;
    void *ctx;
};

enum redis_trouble { REDIS_REFUSED, REDIS_HUNG, REDIS_DENIED, REDIS_LOST };
/* Never called from within what the owner calls. After `down` the owner closes. */
struct redis_handler {
    void *ctx;
    void (*up)(void *ctx);
    void (*down)(void *ctx, enum redis_trouble trouble, const char *text);
};

struct redis_conn;
/* PLACE must live as long as the connection; PASSWORD, which goes before that of PLACE, may be NULL and is
 * copied. */
struct redis_conn *redis_conn_open(struct loop *loop, const struct redis_place *place, const char *password,
                                   double connect_s, struct redis_handler handler);
/* `done` is called once, later; never from within this. */
void redis_conn_send(struct redis_conn *c, const struct redis_command *command);
/* What is outstanding is answered with FAILURE_LOST and TEXT, in the call; then C is gone. NULL does nothing.
 */
void redis_conn_close(struct redis_conn *c, const char *text);
/* Whether this program was built with hiredis: else every connection is down, and says so. */
bool redis_conn_built(void);

/* words.c: what Redis means by an error, as a sentence, and why that is. */
enum failure redis_meaning(const char *error, size_t len, char *out, size_t size);
/* Whether ERROR is about who we are, so that no other attempt helps. */
bool redis_denies(const char *error, size_t len);

#endif
