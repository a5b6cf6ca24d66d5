/* The least HTTP that tells how the demo's application is: one request a connection, one after the other, on loopback only. */
#include <arpa/inet.h>
#include <errno.h>
#include <netinet/in.h>
#include <poll.h>
#include <stdio.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/time.h>
#include <unistd.h>

#include "core/mem.h"
#include "core/text.h"
#include "demo/pool.h"

struct answerer {
    int fd;
    struct pool *pool;
};

static void add_pool(const struct pool *p, struct text *out)
{
    double now = pool_now_s(), longest = 0;
    int taken = 0, open = 0;
    for (int i = 0; i < POOL_SIZE; i++) {
        taken += p->taken[i];
        open += p->taken[i] || p->connections[i] != NULL;
    }
    for (int i = 0; i < POOL_ASKERS; i++)
        if (p->since[i] != 0 && now - p->since[i] > longest)
            longest = now - p->since[i];
    text_addf(out, "{\"pool\":{\"size\":%d,\"checked_in\":%d,\"checked_out\":%d,\"overflow\":0,\"max_overflow\":0,\"total_connections\":%d,", POOL_SIZE,
              open - taken, taken, open);
    text_addf(out, "\"waiting\":%d,\"max_wait_ms\":%.0f,\"timeouts\":%.0f},", p->waiting, longest * 1000, p->timeouts);
    text_addf(out, "\"cache\":{\"hits\":%.0f,\"misses\":%.0f}}\n", p->hits, p->misses);
}

static void add_metrics(const struct pool *p, struct text *out)
{
    static const char name[] = "db_query_duration_seconds";
    double n = 0;
    text_addf(out, "# HELP %s time of a request, its wait for a connection included\n# TYPE %s histogram\n", name, name);
    for (int i = 0; i < N_BUCKETS; i++)
        text_addf(out, "%s_bucket{le=\"%g\"} %.0f\n", name, pool_buckets[i], n += p->buckets[i]);
    text_addf(out, "%s_bucket{le=\"+Inf\"} %.0f\n%s_sum %.6f\n%s_count %.0f\n", name, p->requests, name, p->total_s, name, p->requests);
    text_addf(out, "# HELP db_query_requests_total requests\n# TYPE db_query_requests_total counter\ndb_query_requests_total %.0f\n", p->requests);
    text_addf(out, "# HELP db_query_errors_total requests that failed\n# TYPE db_query_errors_total counter\ndb_query_errors_total %.0f\n", p->errors);
}

/* True once the head of a request is there. */
static bool read_head(int fd, char *head, size_t size)
{
    size_t have = 0;
    head[0] = '\0';
    while (have < size - 1 && strstr(head, "\r\n\r\n") == NULL) {
        ssize_t n = recv(fd, head + have, size - 1 - have, 0);
        if (n <= 0)
            return false;
        have += (size_t)n;
        head[have] = '\0';
    }
    return strstr(head, "\r\n\r\n") != NULL;
}

static void answer(const struct answerer *a, int fd)
{
    char head[4096];
    struct text body, all;
    if (!read_head(fd, head, sizeof(head)))
        return;
    text_init(&body, 1 << 16);
    text_init(&all, 1 << 17);
    bool metrics = strncmp(head, "GET /metrics ", 13) == 0, pool = strncmp(head, "GET /shop-app ", 14) == 0;
    pthread_mutex_lock(&a->pool->lock);
    if (pool)
        add_pool(a->pool, &body);
    else if (metrics)
        add_metrics(a->pool, &body);
    pthread_mutex_unlock(&a->pool->lock);
    text_addf(&all, "HTTP/1.1 %s\r\nContent-Type: %s\r\nContent-Length: %zu\r\nConnection: close\r\n\r\n", metrics || pool ? "200 OK" : "404 Not Found",
              metrics ? "text/plain; version=0.0.4" : "application/json", body.len);
    text_add(&all, text_str(&body));
    for (size_t sent = 0; sent < all.len;) {
        ssize_t n = send(fd, text_str(&all) + sent, all.len - sent, MSG_NOSIGNAL);
        if (n <= 0)
            break;
        sent += (size_t)n;
    }
    text_done(&body);
    text_done(&all);
}

static void *answerer_main(void *ctx)
{
    const struct answerer *a = ctx;
    struct timeval patience = {.tv_sec = 2};
    for (;;) {
        int fd = accept4(a->fd, NULL, NULL, SOCK_CLOEXEC);
        if (fd < 0) {
            poll(NULL, 0, 100); /* no file may be opened at this moment */
            continue;
        }
        setsockopt(fd, SOL_SOCKET, SO_RCVTIMEO, &patience, sizeof(patience));
        setsockopt(fd, SOL_SOCKET, SO_SNDTIMEO, &patience, sizeof(patience));
        answer(a, fd);
        close(fd);
    }
    return NULL;
}

bool answerer_start(struct pool *p, int *port, struct err *err)
{
    struct sockaddr_in at = {.sin_family = AF_INET, .sin_addr.s_addr = htonl(INADDR_LOOPBACK)};
    socklen_t len = sizeof(at);
    pthread_t thread;
    struct answerer *a = mem_new(sizeof(*a)); /* until the process ends */
    *a = (struct answerer){.fd = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0), .pool = p};
    if (a->fd < 0 || bind(a->fd, (struct sockaddr *)&at, len) != 0 || listen(a->fd, 8) != 0 || getsockname(a->fd, (struct sockaddr *)&at, &len) != 0)
        return fail(err, "the demo's application cannot listen on loopback: %s", strerror(errno));
    *port = ntohs(at.sin_port);
    return pthread_create(&thread, NULL, answerer_main, a) == 0 || fail(err, "cannot start a thread of the demo's application");
}
