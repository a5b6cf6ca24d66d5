/* What the files conn*.c share; nobody else includes this. */
#ifndef DBVITALS_COLLECTORS_LIBPQ_CONN_INSIDE_H
#define DBVITALS_COLLECTORS_LIBPQ_CONN_INSIDE_H

#include <libpq-fe.h>

#include "collectors/libpq/conn.h"

/* Named statements a connection keeps; what comes after them is parsed each time. */
enum { MAX_STATEMENTS = 200, N_HOSTS_MAX = 64, N_INFO_MAX = 64 };

struct conn_info {
    int n;
    char *options[N_INFO_MAX];
    char *values[N_INFO_MAX];
};

struct host {
    char *name; /* "" for libpq's default */
    char *address;
    char *port;
};

struct statement {
    size_t len;
    char *sql; /* of LEN bytes */
    int number; /* the name is dbvNUMBER */
    bool ready; /* the server has parsed it, as far as we know */
};

struct query {
    struct query *next;
    struct conn_query q; /* its pointers are those below */
    char *sql, *local, **params;
    struct statement *statement;
    int step, answer_step; /* commands answered so far; which one's answer is the query's */
    int syncs;             /* to come */
    bool again;            /* it was prepared again once */
    double start_s;
    PGresult *result;
    PGresult *error; /* the first */
};

enum conn_state { CONN_OPENING, CONN_CONNECTING, CONN_UP, CONN_DEAD };

struct conn {
    struct loop *loop;
    struct conn_info *info;
    struct conn_options options;
    char *password;
    struct conn_handler handler;
    enum conn_state state;
    PGconn *pq;
    struct loop_fd *fd;
    bool wants_writable; /* what fd is watched for, beside reading */
    struct loop_timer *alarm; /* connecting: the end of patience; up: the same for the first query */
    struct loop_timer *soon;  /* what must not happen within the caller, or goes on in the next turn */
    struct looking *looking;  /* names being looked up, and the addresses found */
    struct host hosts[N_HOSTS_MAX];
    int n_hosts, last_host;
    struct query *first, **last;
    struct query *unsent; /* the first that did not go out yet */
    int n_outstanding;
    struct statement *statements[MAX_STATEMENTS];
    int n_statements, n_named;
    int n_notices;
    char last_words[256]; /* the last FATAL that came outside of a query */
    int depth;            /* callbacks of ours that are running */
    bool closed;          /* conn_close was called while one was running */
};

struct conn_rows {
    PGresult *pg;
    double start_s, end_s;
};

/* conn.c */
void conn_enter(struct conn *c);
/* False if the connection was closed meanwhile and is gone. */
bool conn_leave(struct conn *c);
/* Ends the connection, answers all queries, tells the handler. */
void conn_die(struct conn *c, enum conn_trouble trouble, const char *text);
/* conn_hosts.c: splits the host list and starts looking up; calls conn_hosts_ready in the end, perhaps at once. */
void conn_hosts_find(struct conn *c);
void conn_hosts_free(struct conn *c);
void conn_hosts_ready(struct conn *c, const char *error);
/* Fills the lists of host, hostaddr and port, rotated. */
void conn_hosts_lists(const struct conn *c, struct text *host, struct text *address, struct text *port);
/* conn_pipe.c */
void conn_pipe_start(struct conn *c);
void conn_pipe_pump(struct conn *c, bool readable);
void conn_pipe_alarm(struct conn *c);
/* Answers the first query with FIRST and all with FAILURE_LOST. */
void conn_pipe_fail_all(struct conn *c, enum failure first, const char *text);
void conn_pipe_done(struct conn *c);

#endif
