/* The demo's workload: who does what how often in the shop, one row each. Each connection is a thread that waits most of its time: after
 * a statement at least REST times as long as it took, so that all of them together stay below about half a core on any machine. */
#include "demo/parts.h"

#include <math.h>
#include <pthread.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

#include "collectors/libpq/conn_plain.h"
#include "core/mem.h"

static const double cycle_s = 60; /* trouble comes, and goes, once in this time */
static const double rest = 20;

enum chance { NOTHING, ID, ADDRESS_A, ADDRESS_B };

struct client;

struct actor {
    const char *role;
    const char *application; /* %d is a number from 1 to 3 */
    int connections;
    double every_s; /* from one statement to the next, about; the first comes as late */
    const char *sql;
    enum chance chance;               /* what $1 is */
    int below;                        /* $1 is made of a number from 1 to this */
    void (*turn)(struct client *c);   /* or, instead of SQL, a way of its own */
};

struct client {
    const struct actor *actor;
    int number; /* of this actor's */
    const char *host;
    double started_s;
    unsigned seed;
    struct conn_plain *conn; /* NULL: not connected */
};

static void hold_an_order(struct client *c);
static void want_a_report(struct client *c);

// clang-format off
static const struct actor actors[] = {
    {"shop_rw", "web-%d", 5, 0.4, "select * from sessions where a_addr = $1", ADDRESS_A, 240000, NULL},
    {"shop_rw", "web-%d", 2, 1.2, "select id, user_id, state from sessions where b_addr = $1 and state = 'open'", ADDRESS_B, 62500, NULL},
    {"shop_rw", "web-%d", 4, 0.025, "select balance from users where id = $1", ID, 20000, NULL},
    {"shop_rw", "web-%d", 8, 0.3, "update orders set status = 'paid', updated_at = now() where id = $1", ID, 10, NULL},
    {"shop_rw", "web-3", 1, 0, NULL, NOTHING, 0, hold_an_order},
    {"shop_rw", "web-%d", 1, 2, "insert into users (id, name, balance) values ($1, 'once more', 0)", ID, 20000, NULL}, /* is refused */
    {"shop_rw", "web-%d", 4, 90, "select 1", NOTHING, 0, NULL}, /* the rest of a pool: idle */
    {"shop_rw", "sweeper", 1, 0.5, "update session_tokens set expires_at = now() + interval '1 h' where id % 1200 = $1", ID, 1199, NULL},
    {"shop_rw", "sweeper", 1, 900, "vacuum session_tokens", NOTHING, 0, NULL}, /* so that days of demo do not fill a disk */
    {"ingest", "telemetry", 2, 0.08, "insert into telemetry_events (device_id, value) values ($1, random())", ID, 2000, NULL},
    {"ingest", "telemetry", 1, 0.04, "update devices set last_seen = now() where id = $1", ID, 2000, NULL},
    {"ingest", "telemetry", 1, 60, "delete from telemetry_events where at < now() - interval '10 min'", NOTHING, 0, NULL},
    {"shop_report", "report", 11, 0, NULL, NOTHING, 0, want_a_report},
    {"postgres", "psql", 1, 15, "select date_trunc('hour', created_at), state, count(distinct user_id) from sessions group by 1, 2 order by 3",
     NOTHING, 0, NULL},
};
// clang-format on
enum { N_ACTORS = sizeof(actors) / sizeof(actors[0]) };

static double now_s(void)
{
    struct timespec t;
    clock_gettime(CLOCK_MONOTONIC, &t);
    return (double)t.tv_sec + (double)t.tv_nsec / 1e9;
}

static void wait_s(double seconds)
{
    struct timespec t = {.tv_sec = (time_t)seconds};
    t.tv_nsec = (long)((seconds - (double)t.tv_sec) * 1e9);
    nanosleep(&t, NULL);
}

static double random_between(struct client *c, double low, double high)
{
    return low + (high - low) * rand_r(&c->seed) / RAND_MAX;
}

/* Where we are in the cycle, 0 to cycle_s. */
static double cycle_at(const struct client *c)
{
    return fmod(now_s() - c->started_s, cycle_s);
}

static void wait_until(const struct client *c, double at)
{
    double left = at - cycle_at(c);
    wait_s(left < 0 ? left + cycle_s : left);
}

static bool client_connect(struct client *c)
{
    char application[32], conninfo[256];
    snprintf(application, sizeof(application), c->actor->application, c->number % 3 + 1);
    snprintf(conninfo, sizeof(conninfo), "host=%s port=5432 dbname=shop user=%s application_name=%s", c->host, c->actor->role, application);
    c->conn = conn_plain_open(conninfo, NULL);
    return c->conn != NULL;
}

static void client_disconnect(struct client *c)
{
    conn_plain_close(c->conn);
    c->conn = NULL;
}

/* $1 as text: a number, or the address that such a number has (demo/shop.c makes them). */
static const char *draw(struct client *c, char *out, size_t size)
{
    int i = (int)random_between(c, 1, c->actor->below + 0.999);
    switch (c->actor->chance) {
    case NOTHING:
        return NULL;
    case ID:
        snprintf(out, size, "%d", i);
        break;
    case ADDRESS_A:
        snprintf(out, size, "10.%d.%d.%d", i >> 16, i >> 8 & 255, i & 255);
        break;
    case ADDRESS_B:
        snprintf(out, size, "172.16.%d.%d", i / 250 % 250, i % 250);
        break;
    }
    return out;
}

static void say_sql(struct client *c)
{
    wait_s(random_between(c, 0.5, 1.5) * c->actor->every_s);
    char text[32];
    const char *param = draw(c, text, sizeof(text));
    double before = now_s();
    conn_plain_run(c->conn, c->actor->sql, param, NULL); /* an error is part of the show */
    wait_s((now_s() - before) * rest);
}

/* Somebody changes an order and goes for coffee with the transaction open: whoever wants that order waits. */
static void hold_an_order(struct client *c)
{
    wait_until(c, 1);
    if (conn_plain_run(c->conn, "begin", NULL, NULL) &&
        conn_plain_run(c->conn, "update orders set status = 'packing', updated_at = now() where id = 3", NULL, NULL))
        wait_until(c, 20);
    conn_plain_run(c->conn, "commit", NULL, NULL);
}

/* At the same moment everybody wants a report, and the role has not connections enough. */
static void want_a_report(struct client *c)
{
    client_disconnect(c);
    wait_until(c, 30 + 0.15 * c->number);
    while (!client_connect(c) && cycle_at(c) < 42)
        wait_s(0.5);
    while (c->conn != NULL && conn_plain_alive(c->conn) && cycle_at(c) < 44) {
        conn_plain_run(c->conn, "select status, count(*) from orders group by status", NULL, NULL);
        wait_s(random_between(c, 0.2, 0.6));
    }
    client_disconnect(c);
}

static void *client_main(void *ctx)
{
    struct client *c = ctx;
    for (;;) {
        if (c->actor->turn != want_a_report && c->conn == NULL && !client_connect(c)) {
            wait_s(1);
            continue;
        }
        if (c->actor->turn != NULL)
            c->actor->turn(c);
        else
            say_sql(c);
        if (c->conn != NULL && !conn_plain_alive(c->conn)) {
            client_disconnect(c); /* somebody ended it from the dashboard */
            wait_s(1);
        }
    }
    return NULL;
}

static bool client_start(struct client c, struct err *err)
{
    pthread_attr_t how;
    pthread_t thread;
    pthread_attr_init(&how);
    pthread_attr_setstacksize(&how, 256 * 1024);
    pthread_attr_setdetachstate(&how, PTHREAD_CREATE_DETACHED);
    struct client *own = mem_new(sizeof(*own)); /* until the process ends */
    *own = c;
    int status = pthread_create(&thread, &how, client_main, own);
    pthread_attr_destroy(&how);
    if (status == 0)
        return true;
    free(own);
    return fail(err, "cannot start a thread of the demo's workload: %s", strerror(status));
}

bool workload_start(const char *host, struct err *err)
{
    const char *copy = mem_dup(host);
    double started_s = now_s();
    for (int i = 0; i < N_ACTORS; i++)
        for (int n = 0; n < actors[i].connections; n++) {
            struct client c = {.actor = &actors[i], .number = n, .host = copy, .started_s = started_s, .seed = (unsigned)(i * 100 + n + 1)};
            if (!client_start(c, err))
                return false;
        }
    return true;
}
