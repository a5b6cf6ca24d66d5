/* The most of the last minute, second by second: queues are shorter than the time between two polls. */
#include <math.h>
#include <stdlib.h>
#include <string.h>

#include "collectors/pgbouncer/bouncer.h"
#include "core/mem.h"

enum { SECONDS = 60, MOST_POOLS = 2000 };

struct pool {
    char *database, *user;
    int64_t seen;           /* the last second that something was put into */
    float waiting[SECONDS]; /* by second modulo SECONDS; negative: nobody looked */
    float wait_ms[SECONDS];
};
struct peaks {
    struct pool *pools;
    int n;
};

struct peaks *peaks_new(void)
{
    return mem_new(sizeof(struct peaks));
}

static void pool_done(struct pool *p)
{
    free(p->database);
    free(p->user);
}

void peaks_free(struct peaks *p)
{
    for (int i = 0; i < p->n; i++)
        pool_done(&p->pools[i]);
    free(p->pools);
    free(p);
}

/* HINT is where it most likely stands: the console keeps its order. */
static int find(const struct peaks *p, const char *database, const char *user, int hint)
{
    for (int i = 0; i < p->n; i++) {
        int at = (hint + i) % p->n;
        if (strcmp(p->pools[at].database, database) == 0 && strcmp(p->pools[at].user, user) == 0)
            return at;
    }
    return -1;
}

static void forget_old(struct peaks *p, int64_t now)
{
    int n = 0;
    for (int i = 0; i < p->n; i++)
        if (now - p->pools[i].seen < SECONDS)
            p->pools[n++] = p->pools[i];
        else
            pool_done(&p->pools[i]);
    p->n = n;
}

static int add(struct peaks *p, const char *database, const char *user, int64_t now)
{
    if (p->n == MOST_POOLS)
        return -1;
    p->pools = mem_grow(p->pools, (size_t)p->n + 1, sizeof(*p->pools));
    struct pool *pool = &p->pools[p->n];
    *pool = (struct pool){.database = mem_dup(database), .user = mem_dup(user), .seen = now - SECONDS};
    return p->n++;
}

static void put(struct pool *p, int64_t now, float waiting, float wait_ms)
{
    for (int64_t t = p->seen + 1 > now - SECONDS + 1 ? p->seen + 1 : now - SECONDS + 1; t <= now; t++)
        p->waiting[t % SECONDS] = p->wait_ms[t % SECONDS] = -1;
    p->seen = now;
    p->waiting[now % SECONDS] = fmaxf(p->waiting[now % SECONDS], waiting);
    p->wait_ms[now % SECONDS] = fmaxf(p->wait_ms[now % SECONDS], wait_ms);
}

void peaks_add(struct peaks *p, const struct conn_rows *pools, double now_s)
{
    int64_t now = (int64_t)now_s;
    forget_old(p, now);
    for (int row = 0; row < conn_rows_n(pools); row++) {
        const char *database = bouncer_text(pools, row, "database"), *user = bouncer_text(pools, row, "user");
        double us = bouncer_number(pools, row, "maxwait_us"), s = bouncer_number(pools, row, "maxwait");
        if (database == NULL || user == NULL)
            continue;
        int at = find(p, database, user, row);
        if (at < 0)
            at = add(p, database, user, now);
        if (at >= 0)
            put(&p->pools[at], now, (float)bouncer_number(pools, row, "cl_waiting"),
                (float)(s * 1000 + (isnan(us) ? 0 : us / 1000)));
    }
}

void peaks_get(const struct peaks *p, const char *database, const char *user, double now_s, double *waiting,
               double *wait_ms)
{
    int at = find(p, database, user, 0);
    float most = -1, longest = -1;
    for (int64_t t = (int64_t)now_s - SECONDS + 1; at >= 0 && t <= p->pools[at].seen; t++) {
        most = fmaxf(most, p->pools[at].waiting[t % SECONDS]);
        longest = fmaxf(longest, p->pools[at].wait_ms[t % SECONDS]);
    }
    *waiting = most < 0 ? NAN : (double)most;
    *wait_ms = longest < 0 ? NAN : (double)longest;
}
