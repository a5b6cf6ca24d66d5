/* What the connection's own files share. */
#ifndef DBVITALS_COLLECTORS_REDIS_CONN_INSIDE_H
#define DBVITALS_COLLECTORS_REDIS_CONN_INSIDE_H

#include <sys/types.h>

#include "collectors/redis/conn.h"

/* ---- conn_reply.c: values out of bytes ---- */
struct redis_reader;
struct redis_reader *redis_reader_new(void);
void redis_reader_free(struct redis_reader *r);
/* False: what came is no answer of Redis, or too large; ERR says so. */
bool redis_reader_feed(struct redis_reader *r, const char *bytes, size_t len, struct err *err);
/* The next whole answer with its arena, whose reference is the caller's; VALUE NULL: there is none yet. */
bool redis_reader_next(struct redis_reader *r, struct redis_value **value, struct arena **arena,
                       size_t *bytes, struct err *err);
/* The bytes of a command; heap, the caller frees by redis_format_free. */
char *redis_format(const struct redis_command *c, size_t *len);
void redis_format_free(char *bytes);

/* ---- conn_tls.c ---- */
struct redis_tls;
struct redis_tls_ready {
    void *ctx;
    void (*fn)(void *ctx, const char *error); /* NULL: redis_tls_begin may follow */
};
/* Certificates are read in the pool. */
struct redis_tls *redis_tls_new(struct loop *loop, const char *ca_file, struct redis_tls_ready ready);
void redis_tls_free(struct redis_tls *t); /* NULL does nothing */
/* NAME is what the server's certificate must be for. */
bool redis_tls_begin(struct redis_tls *t, int fd, const char *name, struct err *err);
enum redis_tls_step { REDIS_TLS_DONE, REDIS_TLS_READ, REDIS_TLS_WRITE, REDIS_TLS_FAILED };
enum redis_tls_step redis_tls_shake(struct redis_tls *t, struct err *err);
/* As recv and send: -1 with errno EAGAIN where the descriptor is not ready. */
ssize_t redis_tls_read(struct redis_tls *t, char *to, size_t size);
ssize_t redis_tls_write(struct redis_tls *t, const char *from, size_t len);

/* ---- conn.c ---- */
enum conn_state { LOOKING, CONNECTING, SHAKING, LOGGING_IN, UP, DEAD };
enum { MOST_ADDRESSES = 8 };

struct pending {
    struct pending *next;
    redis_answer_fn *done;
    void *ctx;
    double start_s, deadline_s;
};

struct redis_conn {
    struct loop *loop;
    const struct redis_place *place;
    char *password;
    double connect_s;
    struct redis_handler handler;
    enum conn_state state;
    struct loop_lookup *lookup;
    char *addresses[MOST_ADDRESSES];
    int n_addresses, at;
    int fd;
    struct loop_fd *watch;
    struct loop_timer *timer; /* of connecting, then of the oldest command */
    struct redis_tls *tls;
    struct redis_reader *reader;
    char *out; /* bytes that wait to be sent */
    size_t out_len, sent;
    struct pending *first, *last;
    int n_pending;
    int to_log_in; /* answers of the login that are to come */
    bool closed;
    int depth;
};

/* Between the two C stays, whoever closes it. */
void redis_conn_enter(struct redis_conn *c);
void redis_conn_leave(struct redis_conn *c);
/* It is over: what is outstanding is answered, and the owner told. */
void redis_conn_die(struct redis_conn *c, enum redis_trouble trouble, const char *text);
void redis_conn_hang_up(struct redis_conn *c);
void redis_conn_log_in(struct redis_conn *c);
/* False: the connection broke; what it said before may still be read. */
bool redis_conn_write(struct redis_conn *c);
void redis_conn_read(struct redis_conn *c);
/* The descriptor is watched for what is to be done. */
void redis_conn_watch(struct redis_conn *c);

#endif
