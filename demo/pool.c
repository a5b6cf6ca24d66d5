/* A pool of connections: who wants one and finds none waits; what waits, since when, and how long requests take is counted. */
#include "demo/pool.h"

#include <errno.h>
#include <stdio.h>
#include <time.h>

const double pool_buckets[N_BUCKETS] = {0.001, 0.0025, 0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 1, 5};

double pool_now_s(void)
{
    struct timespec t;
    clock_gettime(CLOCK_MONOTONIC, &t);
    return (double)t.tv_sec + (double)t.tv_nsec / 1e9;
}

void pool_init(struct pool *p, const char *conninfo)
{
    pthread_condattr_t how;
    *p = (struct pool){0};
    snprintf(p->conninfo, sizeof(p->conninfo), "%s", conninfo);
    pthread_mutex_init(&p->lock, NULL);
    pthread_condattr_init(&how);
    pthread_condattr_setclock(&how, CLOCK_MONOTONIC);
    pthread_cond_init(&p->freed, &how);
    pthread_condattr_destroy(&how);
}

static int free_one(const struct pool *p)
{
    for (int i = 0; i < POOL_SIZE; i++)
        if (!p->taken[i])
            return i;
    return -1;
}

/* Waits in the queue until one is free; -1 after the time. Called with the lock. */
static int wait_for_one(struct pool *p, double timeout_s)
{
    double began = pool_now_s(), end = began + timeout_s;
    struct timespec until = {.tv_sec = (time_t)end, .tv_nsec = (long)((end - (double)(time_t)end) * 1e9)};
    int place = 0, found;
    while (place < POOL_ASKERS - 1 && p->since[place] != 0)
        place++;
    p->since[place] = began;
    p->waiting++;
    while ((found = free_one(p)) < 0)
        if (pthread_cond_timedwait(&p->freed, &p->lock, &until) == ETIMEDOUT)
            break;
    p->since[place] = 0;
    p->waiting--;
    return found;
}

int pool_take(struct pool *p, double timeout_s)
{
    pthread_mutex_lock(&p->lock);
    int i = free_one(p);
    if (i < 0)
        i = wait_for_one(p, timeout_s);
    if (i >= 0)
        p->taken[i] = true;
    else
        p->timeouts++;
    pthread_mutex_unlock(&p->lock);
    if (i < 0)
        return -1;
    if (p->connections[i] != NULL && !conn_plain_alive(p->connections[i])) {
        conn_plain_close(p->connections[i]);
        p->connections[i] = NULL;
    }
    if (p->connections[i] == NULL)
        p->connections[i] = conn_plain_open(p->conninfo, NULL);
    if (p->connections[i] != NULL)
        return i;
    pool_give(p, i);
    return -1;
}

void pool_give(struct pool *p, int i)
{
    pthread_mutex_lock(&p->lock);
    p->taken[i] = false;
    pthread_cond_signal(&p->freed);
    pthread_mutex_unlock(&p->lock);
}

void pool_request(struct pool *p, const char *sql, const char *param)
{
    double began = pool_now_s();
    int i = pool_take(p, 5);
    bool good = i >= 0 && conn_plain_run(p->connections[i], sql, param, NULL);
    if (i >= 0)
        pool_give(p, i);
    double took = pool_now_s() - began;
    int bucket = 0;
    while (bucket < N_BUCKETS && took > pool_buckets[bucket])
        bucket++;
    pthread_mutex_lock(&p->lock);
    p->requests++;
    p->errors += !good;
    p->buckets[bucket]++;
    p->total_s += took;
    pthread_mutex_unlock(&p->lock);
}

void pool_cached(struct pool *p, bool hit)
{
    pthread_mutex_lock(&p->lock);
    p->hits += hit;
    p->misses += !hit;
    pthread_mutex_unlock(&p->lock);
}
