/* One asynchronous connection to a server that speaks PostgreSQL's protocol. The files conn*.c are the only ones that know
 * libpq. Nothing here blocks: names are looked up in the pool, and closing never waits for the server. */
#ifndef DBVITALS_COLLECTORS_LIBPQ_CONN_H
#define DBVITALS_COLLECTORS_LIBPQ_CONN_H

#include "collectors/source.h"
#include "core/err.h"
#include "core/loop.h"
#include "core/text.h"

/* ---- Where to: a connection string with its service, the environment and libpq's defaults filled in. ---- */
struct conn_info;
/* URL is a postgresql:// URL, a conninfo string, or a bare database name. ERR never holds a secret. */
struct conn_info *conn_info_parse(const char *url, struct err *err);
struct conn_info *conn_info_copy(const struct conn_info *info);
void conn_info_free(struct conn_info *info);
/* Whether URL itself sets OPTION: what libpq fills in does not count. */
bool conn_info_says(const char *url, const char *option);
/* The value of a libpq option, NULL if unset. */
const char *conn_info_get(const struct conn_info *info, const char *option);
/* VALUE NULL or "" unsets. */
void conn_info_set(struct conn_info *info, const char *option, const char *value);
/* S on one line, without the password of INFO: any text of libpq or of a server goes through here. */
void conn_info_scrub(const struct conn_info *info, const char *s, struct text *out);

/* ---- The connection ---- */
struct conn;
struct conn_rows;

enum conn_trouble {
    CONN_REFUSED, /* nothing listens there, or it is starting up: asking again soon costs the server nothing */
    CONN_HUNG,    /* no answer: stopped, or the network drops packets */
    CONN_DENIED,  /* it answered, and will not have us: authentication, no such database */
    CONN_FULL,    /* it answered, and has no slot left: of its own, of the database or of the role */
    CONN_OPTIONS, /* a pooler that does not take startup options */
    CONN_LOST,    /* it was open, or nearly */
    CONN_UNKNOWN  /* no address was found */
};

struct conn_handler {
    void *ctx;
    void (*up)(void *ctx);
    /* Once at most, and then the connection is dead: outstanding queries were answered before, and the owner closes it. TEXT
     * is one line without secrets. */
    void (*down)(void *ctx, enum conn_trouble trouble, const char *text);
    /* What the server says beside its answers: SEVERITY is "WARNING", "NOTICE", ... in English. May be NULL. Nothing may be closed from within. */
    void (*notice)(void *ctx, const char *severity, const char *text);
};

struct conn_options {
    const char *password;   /* before the one of the connection string; may be NULL */
    double syn_s;           /* how long a network may take to say that somebody is there */
    double answer_s;        /* how long a server that is there may take to let us in */
    bool pooled;            /* one query at a time, and no prepared statement stays behind */
    bool simple;            /* the simple protocol and nothing else, one query at a time: rows come as text */
    int first_host;         /* the entry of the host list to begin with, counted after look-up; wraps around */
};

/* Starts connecting; INFO and OPTIONS are copied. No handler is called from within. */
struct conn *conn_open(struct loop *loop, const struct conn_info *info, const struct conn_options *options,
                       struct conn_handler handler);
/* Ends it now: all queries are answered with FAILURE_LOST and TEXT, the handler is not called. NULL does nothing. */
void conn_give_up(struct conn *c, const char *text);
/* From any callback, its own too. Queries that are not answered never will be. NULL does nothing. */
void conn_close(struct conn *c);
/* Asks the server to cancel the query that runs, soon; its answer then tells. It may come too late, or before it began. */
void conn_cancel(struct conn *c);
bool conn_is_up(const struct conn *c);
/* Which entry of the host list is being tried or connected. */
int conn_host_index(const struct conn *c);
/* A copy of where C is connected to, the very address: for a second connection to the same server. */
struct conn_info *conn_same_place(const struct conn *c);
/* "monitor@10.0.3.7/shop"; without a connection what INFO says. */
void conn_place(const struct conn *c, const struct conn_info *info, struct text *out);
int conn_server_version(const struct conn *c); /* server_version_num, 0 if it was not told */
/* A parameter as the server reported it ("server_version"), NULL if it did not. */
const char *conn_parameter(const struct conn *c, const char *name);
int conn_backend_pid(const struct conn *c); /* as told at startup: a pooler tells its own number */
int conn_notices(const struct conn *c);     /* swallowed so far */

/* What became of a query. */
struct conn_answer {
    struct conn_rows *rows; /* NULL on failure. The callback owns them. */
    enum failure why;
    const char *sqlstate; /* "" if the server did not say one */
    const char *text;     /* one line without secrets, the server's primary message; NULL on success */
    const char *detail;   /* what the server adds to it: detail and hint, on one line without secrets; "" if nothing */
    double elapsed_s;     /* since its turn came */
};
struct conn_query {
    const char *sql; /* NULL: nothing is asked but the round trip; success has no rows then */
    int n_params;
    const char *const *params; /* as text */
    /* Not NULL: the query runs in a read-only transaction of its own, after this SQL (SELECT set_config(..., true)), and is rolled
     * back. "" sets nothing. */
    const char *local;
    bool unnamed; /* never prepared under a name, whatever the connection may do */
    double timeout_s; /* the client gives the connection up this long + CONN_PATIENCE_S after the query's turn came */
    void *ctx;
    void (*done)(void *ctx, const struct conn_answer *a);
};
#define CONN_PATIENCE_S 2.0

/* Queues Q (everything in it is copied) until the connection is up; all that are queued then go out in one pipeline, with a Sync
 * after each. Answered in order. On a dead connection the answer is FAILURE_LOST, but never from within. */
void conn_send(struct conn *c, const struct conn_query *q);
int conn_outstanding(const struct conn *c);

/* ---- Rows, in binary form; as text where the connection is simple ---- */
bool conn_rows_is_text(const struct conn_rows *r, int column);
int conn_rows_n(const struct conn_rows *r);
size_t conn_rows_bytes(const struct conn_rows *r); /* of memory that they take */
int conn_rows_n_columns(const struct conn_rows *r);
int conn_rows_column(const struct conn_rows *r, const char *name); /* -1 if none */
const char *conn_rows_name(const struct conn_rows *r, int column);
uint32_t conn_rows_type(const struct conn_rows *r, int column); /* oid of pg_type */
/* NULL for NULL; else *len bytes and a NUL. */
const char *conn_rows_value(const struct conn_rows *r, int row, int column, int *len);
/* The same for N rows of one column from row FIRST on. */
void conn_rows_slice(const struct conn_rows *r, int column, int first, int n, const char **values, int *lens);
/* CLOCK_MONOTONIC when the query's turn came and when its last byte was here. */
double conn_rows_start_s(const struct conn_rows *r);
double conn_rows_end_s(const struct conn_rows *r);
void conn_rows_free(struct conn_rows *r);

#endif
