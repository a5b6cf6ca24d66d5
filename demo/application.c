/* The demo's application: users who ask for something through one pool of connections, its cache, and its troubles, which come and go once
 * a minute: a transaction holds a row, and requests pile up in PgBouncer; somebody forgets connections, and they pile up in the pool. */
#include "demo/parts.h"

#include <math.h>
#include <poll.h>
#include <stdio.h>
#include <stdlib.h>
#include <unistd.h>

#include "core/mem.h"
#include "core/text.h"
#include "demo/pool.h"

static const double cycle_s = 60;
enum { N_USERS = 10, N_KEYS = 4000, TTL_S = 30, FORGOTTEN = POOL_SIZE };

struct application {
    struct pool pool;
    int redis_port;
    char redis_password[33];
    double began_s;
};

struct user {
    struct application *app;
    unsigned seed;
    int cache; /* -1: none */
};

static double cycle_at(const struct application *a)
{
    return fmod(pool_now_s() - a->began_s, cycle_s);
}

static int draw(struct user *u, int below)
{
    return (int)((double)rand_r(&u->seed) / ((double)RAND_MAX + 1) * below) + 1;
}

/* A balance: from the cache where it is there, else from the database. Few users ask for most of it, as it is everywhere. */
static void ask_balance(struct user *u)
{
    char key[32], id[16];
    int who = draw(u, draw(u, N_KEYS));
    snprintf(id, sizeof(id), "%d", who);
    snprintf(key, sizeof(key), "balance:%d", who);
    if (u->cache < 0 && u->app->redis_port != 0)
        u->cache = cache_open(u->app->redis_port, u->app->redis_password);
    int had = u->cache >= 0 ? cache_ask(u->cache, key, TTL_S) : 0;
    if (had < 0) {
        close(u->cache);
        u->cache = -1;
    }
    pool_cached(&u->app->pool, had == 1);
    if (had != 1)
        pool_request(&u->app->pool, "select balance from users where id = $1", id);
}

static void *user_main(void *ctx)
{
    struct user *u = ctx;
    for (;;) {
        poll(NULL, 0, 20 + draw(u, 60));
        ask_balance(u);
        if (draw(u, 12) == 1) {
            char id[16];
            snprintf(id, sizeof(id), "%d", draw(u, 10));
            pool_request(&u->app->pool, "update orders set status = 'seen', updated_at = now() where id = $1", id);
        }
    }
    return NULL;
}

static void wait_until(const struct application *a, double at)
{
    double left = at - cycle_at(a);
    poll(NULL, 0, (int)((left < 0 ? left + cycle_s : left) * 1000));
}

/* Takes all connections of the pool and does nothing with them for ten seconds of each minute. */
static void *forgetful_main(void *ctx)
{
    struct application *a = ctx;
    for (;;) {
        int taken[FORGOTTEN];
        wait_until(a, 45);
        for (int i = 0; i < FORGOTTEN; i++)
            taken[i] = pool_take(&a->pool, 1);
        wait_until(a, 57);
        for (int i = 0; i < FORGOTTEN; i++)
            if (taken[i] >= 0)
                pool_give(&a->pool, taken[i]);
    }
    return NULL;
}

static bool thread_start(void *(*main)(void *), void *ctx, struct err *err)
{
    pthread_attr_t how;
    pthread_t thread;
    pthread_attr_init(&how);
    pthread_attr_setstacksize(&how, 256 * 1024);
    pthread_attr_setdetachstate(&how, PTHREAD_CREATE_DETACHED);
    int status = pthread_create(&thread, &how, main, ctx);
    pthread_attr_destroy(&how);
    return status == 0 || fail(err, "cannot start a thread of the demo's application");
}

bool application_start(const char *host, const struct neighbours *n, int *port, struct err *err)
{
    char conninfo[256];
    struct application *a = mem_new(sizeof(*a)); /* until the process ends */
    snprintf(conninfo, sizeof(conninfo), "host=%s port=%d dbname=shop user=shop_rw application_name=shop-app", host, n->pgbouncer > 0 ? 6432 : 5432);
    pool_init(&a->pool, conninfo);
    a->redis_port = n->redis > 0 ? n->redis_port : 0;
    snprintf(a->redis_password, sizeof(a->redis_password), "%s", n->redis_password);
    a->began_s = pool_now_s();
    for (int i = 0; i < N_USERS; i++) {
        struct user *u = mem_new(sizeof(*u));
        *u = (struct user){.app = a, .seed = (unsigned)i + 1, .cache = -1};
        if (!thread_start(user_main, u, err))
            return false;
    }
    return thread_start(forgetful_main, a, err) && answerer_start(&a->pool, port, err);
}
