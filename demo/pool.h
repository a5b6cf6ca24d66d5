/* The connection pool of the demo's application: as many applications have it, counted as careful ones count. */
#ifndef DBVITALS_DEMO_POOL_H
#define DBVITALS_DEMO_POOL_H

#include <pthread.h>
#include <stdbool.h>

#include "collectors/libpq/conn_plain.h"

enum { POOL_SIZE = 8, POOL_ASKERS = 32, N_BUCKETS = 10 };

/* Seconds; what takes longer than the last is in a further bucket without end. */
extern const double pool_buckets[N_BUCKETS];

struct pool {
    pthread_mutex_t lock; /* over all that follows */
    pthread_cond_t freed;
    char conninfo[256];
    struct conn_plain *connections[POOL_SIZE]; /* NULL: not open */
    bool taken[POOL_SIZE];
    double since[POOL_ASKERS]; /* when who waits began to; 0: that place is free */
    int waiting;
    double timeouts, requests, errors, hits, misses;
    double buckets[N_BUCKETS + 1], total_s; /* of requests, the wait for a connection included */
};

void pool_init(struct pool *p, const char *conninfo);
/* A connection's number; -1 when none came in TIMEOUT_S, or the server takes no more. */
int pool_take(struct pool *p, double timeout_s);
void pool_give(struct pool *p, int i);
/* One request as a user has it: a connection, SQL with PARAM, the connection back; it is counted. */
void pool_request(struct pool *p, const char *sql, const char *param);
/* What a look-up in the cache gave. */
void pool_cached(struct pool *p, bool hit);

double pool_now_s(void);

/* Answers HTTP on loopback with what P counts, in a thread of its own, for as long as this process lives. */
bool answerer_start(struct pool *p, int *port, struct err *err);

#endif
