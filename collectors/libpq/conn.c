/* Opening and closing a connection, step by step on the loop. */
#include "collectors/libpq/conn.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "collectors/libpq/conn_inside.h"
#include "core/mem.h"

static void destroy(struct conn *c)
{
    loop_fd_free(c->fd);
    loop_timer_free(c->alarm);
    loop_timer_free(c->soon);
    conn_hosts_free(c);
    conn_pipe_done(c);
    /* Does not wait: the goodbye is sent only if it fits, and the descriptor is closed without lingering. */
    PQfinish(c->pq);
    conn_info_free(c->info);
    free(c->password);
    free(c);
}

void conn_enter(struct conn *c)
{
    c->depth++;
}

bool conn_leave(struct conn *c)
{
    if (--c->depth > 0 || !c->closed)
        return true;
    destroy(c);
    return false;
}

void conn_close(struct conn *c)
{
    if (c == NULL)
        return;
    c->closed = true;
    if (c->depth == 0)
        destroy(c);
}

static void disconnect(struct conn *c)
{
    c->state = CONN_DEAD;
    loop_timer_stop(c->alarm);
    loop_fd_free(c->fd);
    c->fd = NULL;
    PQfinish(c->pq);
    c->pq = NULL;
}

void conn_give_up(struct conn *c, const char *text)
{
    if (c == NULL || c->closed)
        return;
    conn_enter(c);
    conn_hosts_free(c);
    disconnect(c);
    conn_pipe_fail_all(c, FAILURE_LOST, text);
    conn_leave(c);
}

void conn_die(struct conn *c, enum conn_trouble trouble, const char *text)
{
    struct text clean;
    text_init(&clean, 900);
    conn_info_scrub(c->info, text, &clean);
    int host = conn_host_index(c);
    disconnect(c);
    c->last_host = host;
    conn_enter(c);
    conn_pipe_fail_all(c, trouble == CONN_HUNG ? FAILURE_TIMEOUT : FAILURE_LOST, text_str(&clean));
    if (!c->closed)
        c->handler.down(c->handler.ctx, trouble, text_str(&clean));
    text_done(&clean);
    conn_leave(c);
}

/* ---- What a failed attempt means ---- */

/* libpq says where before it says why, and what is long is cut at its end: "why (where)". */
static void reason_first(const char *message, struct text *out)
{
    static const char head[] = "connection to ", middle[] = " failed: ";
    for (const char *line = message, *end; *line != '\0'; line = end) {
        end = line + strcspn(line, "\n");
        const char *at = strncmp(line, head, sizeof(head) - 1) == 0 ? strstr(line, middle) : NULL;
        if (at != NULL && at < end) {
            const char *reason = at + sizeof(middle) - 1, *where = line + sizeof(head) - 1;
            text_add_n(out, reason, (size_t)(end - reason));
            text_addf(out, " (%.*s)", (int)(at - where), where);
        } else {
            text_add_n(out, line, (size_t)(end - line));
        }
        if (*end == '\n')
            text_add_n(out, end++, 1);
    }
}

/* Takes SQLSTATEs and places in source files, which the verbose form adds, out of MESSAGE; gives the last
 * state. */
static void plain_message(const char *message, char sqlstate[6], struct text *out)
{
    static const char state_chars[] = "0123456789ABCDEFGHIJKLMNOPQRSTUVWXYZ";
    for (const char *line = message, *end; *line != '\0'; line = end) {
        end = line + strcspn(line, "\n");
        end += *end == '\n';
        if (strncmp(line, "LOCATION:", 9) == 0)
            continue;
        const char *gap = strstr(line, ":  ");
        if (gap != NULL && gap < end && strspn(gap + 3, state_chars) == 5 && strncmp(gap + 8, ": ", 2) == 0) {
            memcpy(sqlstate, gap + 3, 5);
            text_add_n(out, line, (size_t)(gap + 3 - line));
            line = gap + 10;
        }
        text_add_n(out, line, (size_t)(end - line));
    }
}

static bool says(const char *message, const char *const *phrases)
{
    for (; *phrases != NULL; phrases++)
        if (strstr(message, *phrases) != NULL)
            return true;
    return false;
}

static enum conn_trouble trouble_of(const struct conn *c, const char *message, const char *sqlstate)
{
    static const char *const pooler[] = {"startup parameter", "command-line options", "startup options",
                                         NULL};
    static const char *const soon[] = {"57P01", "57P02", "57P03", NULL};
    static const char *const standby[] = {"hot standby mode", "session is read-only", NULL};
    const char *const nobody[] = {strerror(ECONNREFUSED), strerror(ENOENT),      strerror(EAGAIN),
                                  strerror(EHOSTUNREACH), strerror(ENETUNREACH), NULL};
    const char *const lost[] = {"closed the connection unexpectedly", strerror(ECONNRESET), strerror(EPIPE),
                                NULL};
    if (sqlstate[0] != '\0') {
        if (conn_info_get(c->info, "options") != NULL && sqlstate[0] == '0' && says(message, pooler))
            return CONN_OPTIONS;
        if (strcmp(sqlstate, "53300") == 0)
            return CONN_FULL;
        /* Class 08 and 58 from a pooler: what stands behind it is away. It has no process to start for us. */
        bool behind =
            c->options.pooled && (strncmp(sqlstate, "08", 2) == 0 || strncmp(sqlstate, "58", 2) == 0);
        return behind || says(sqlstate, soon) ? CONN_REFUSED : CONN_DENIED;
    }
    /* A host list with nothing that may be written to is a failover going on. */
    if (says(message, nobody) || says(message, standby))
        return CONN_REFUSED;
    return says(message, lost) ? CONN_LOST : CONN_DENIED;
}

static void attempt_failed(struct conn *c)
{
    char sqlstate[6] = "";
    struct text plain, told;
    text_init(&plain, 4000);
    text_init(&told, 4000);
    plain_message(PQerrorMessage(c->pq), sqlstate, &plain);
    reason_first(text_str(&plain), &told);
    conn_die(c, trouble_of(c, text_str(&plain), sqlstate), text_str(&told));
    text_done(&plain);
    text_done(&told);
}

/* ---- Connecting ---- */

static void on_fd(void *ctx, bool readable, bool writable);

/* libpq closes and opens descriptors while it connects, and a new one often has the old number: never watched
 * over that. */
static void watch(struct conn *c, bool readable, bool writable)
{
    c->fd = loop_fd_new(c->loop, PQsocket(c->pq), on_fd, c);
    loop_fd_want(c->fd, readable, writable);
    c->wants_writable = writable;
}

static void notice(void *ctx, const PGresult *r)
{
    struct conn *c = ctx;
    const char *severity = PQresultErrorField(r, PG_DIAG_SEVERITY_NONLOCALIZED);
    const char *message = PQresultErrorField(r, PG_DIAG_MESSAGE_PRIMARY);
    c->n_notices++;
    if (severity != NULL && message != NULL &&
        (strcmp(severity, "FATAL") == 0 || strcmp(severity, "PANIC") == 0))
        snprintf(c->last_words, sizeof(c->last_words), "%s", message);
    if (severity == NULL || message == NULL || c->handler.notice == NULL || c->closed)
        return;
    struct text clean;
    text_init(&clean, 900);
    conn_info_scrub(c->info, message, &clean);
    c->handler.notice(c->handler.ctx, severity, text_str(&clean));
    text_done(&clean);
}

static void connected(struct conn *c)
{
    loop_timer_stop(c->alarm);
    c->state = CONN_UP;
    PQsetErrorVerbosity(c->pq, PQERRORS_DEFAULT);
    conn_pipe_start(c);
    watch(c, true, false);
    c->handler.up(c->handler.ctx);
    if (!c->closed && c->state == CONN_UP)
        loop_timer_start(c->soon, 0, 0);
}

/* The network's patience while nobody has answered there, the server's from then on. */
static void arm(struct conn *c, ConnStatusType before)
{
    ConnStatusType now = PQstatus(c->pq);
    bool nobody_yet = now == CONNECTION_STARTED || now == CONNECTION_NEEDED;
    bool same = nobody_yet == (before == CONNECTION_STARTED || before == CONNECTION_NEEDED);
    if (!same || before == CONNECTION_BAD)
        loop_timer_start(c->alarm, nobody_yet ? c->options.syn_s : c->options.answer_s, 0);
}

static void connect_on(struct conn *c)
{
    ConnStatusType before = PQstatus(c->pq);
    loop_fd_free(c->fd);
    c->fd = NULL;
    PostgresPollingStatusType next = PQconnectPoll(c->pq);
    if (next == PGRES_POLLING_OK) {
        connected(c);
    } else if (next == PGRES_POLLING_FAILED) {
        attempt_failed(c);
    } else {
        arm(c, before);
        watch(c, next == PGRES_POLLING_READING, next == PGRES_POLLING_WRITING);
    }
}

static void attempt(struct conn *c)
{
    const char *options[N_INFO_MAX + 4], *values[N_INFO_MAX + 4];
    int n = 0;
    struct text host, address, port;
    text_init(&host, 8000);
    text_init(&address, 8000);
    text_init(&port, 1000);
    conn_hosts_lists(c, &host, &address, &port);
    conn_info_set(c->info, "host", text_str(&host));
    conn_info_set(c->info, "hostaddr", text_str(&address));
    conn_info_set(c->info, "port", text_str(&port));
    text_done(&host);
    text_done(&address);
    text_done(&port);
    for (int i = 0; i < c->info->n; i++)
        if (c->info->values[i] != NULL) {
            options[n] = c->info->options[i];
            values[n++] = c->info->values[i];
        }
    options[n] = values[n] = NULL;
    c->state = CONN_CONNECTING;
    c->pq = PQconnectStartParams(options, values, 0);
    PQsetErrorVerbosity(c->pq, PQERRORS_VERBOSE);
    PQsetNoticeReceiver(c->pq, notice, c);
    if (PQstatus(c->pq) == CONNECTION_BAD) {
        attempt_failed(c);
        return;
    }
    arm(c, CONNECTION_BAD);
    watch(c, false, true);
}

void conn_hosts_ready(struct conn *c, const char *error)
{
    if (error != NULL)
        conn_die(c, CONN_UNKNOWN, error);
    else
        attempt(c);
}

static void on_fd(void *ctx, bool readable, bool writable)
{
    struct conn *c = ctx;
    (void)writable;
    conn_enter(c);
    if (c->state == CONN_CONNECTING)
        connect_on(c);
    else if (c->state == CONN_UP)
        conn_pipe_pump(c, readable);
    conn_leave(c);
}

static void on_soon(void *ctx)
{
    struct conn *c = ctx;
    conn_enter(c);
    if (c->state == CONN_OPENING && c->looking == NULL)
        conn_hosts_find(c);
    else if (c->state == CONN_UP)
        conn_pipe_pump(c, c->unsent == NULL); /* when it sends, it is too early for an answer */
    else if (c->state == CONN_DEAD)
        conn_pipe_fail_all(c, FAILURE_LOST, "not connected");
    conn_leave(c);
}

static void on_alarm(void *ctx)
{
    struct conn *c = ctx;
    conn_enter(c);
    if (c->state == CONN_UP) {
        conn_pipe_alarm(c);
    } else {
        struct text t;
        text_init(&t, 500);
        conn_place(c, c->info, &t);
        text_add(&t, PQstatus(c->pq) == CONNECTION_STARTED
                         ? " does not answer: the network drops packets, or the host is down"
                         : " took the connection and does not answer: it is stopped, or overloaded");
        conn_die(c, CONN_HUNG, text_str(&t));
        text_done(&t);
    }
    conn_leave(c);
}

struct conn *conn_open(struct loop *loop, const struct conn_info *info, const struct conn_options *options,
                       struct conn_handler handler)
{
    struct conn *c = mem_new(sizeof(*c));
    *c = (struct conn){.loop = loop, .info = conn_info_copy(info), .options = *options, .handler = handler};
    c->options.password = NULL;
    if (options->password != NULL)
        conn_info_set(c->info, "password", options->password);
    c->last = &c->first;
    c->alarm = loop_timer_new(loop, on_alarm, c);
    c->soon = loop_timer_new(loop, on_soon, c);
    loop_timer_start(c->soon, 0, 0);
    return c;
}

/* ---- What is known of it ---- */

bool conn_is_up(const struct conn *c)
{
    return c != NULL && c->state == CONN_UP;
}

int conn_host_index(const struct conn *c)
{
    if (c->pq == NULL)
        return c->last_host;
    const char *address = PQhostaddr(c->pq), *name = PQhost(c->pq), *port = PQport(c->pq);
    for (int i = 0; i < c->n_hosts; i++) {
        const struct host *h = &c->hosts[i];
        bool same_port = h->port[0] == '\0' || (port != NULL && strcmp(port, h->port) == 0);
        if (same_port && ((h->address[0] != '\0' && address != NULL && strcmp(address, h->address) == 0) ||
                          (h->address[0] == '\0' && name != NULL && strcmp(name, h->name) == 0)))
            return i;
    }
    return 0;
}

struct conn_info *conn_same_place(const struct conn *c)
{
    struct conn_info *info = conn_info_copy(c->info);
    if (c->pq != NULL) {
        conn_info_set(info, "host", PQhost(c->pq));
        conn_info_set(info, "hostaddr", PQhostaddr(c->pq));
        conn_info_set(info, "port", PQport(c->pq));
    }
    return info;
}

void conn_place(const struct conn *c, const struct conn_info *info, struct text *out)
{
    bool known = c != NULL && c->pq != NULL && PQhost(c->pq) != NULL;
    const char *host = known ? PQhost(c->pq) : conn_info_get(info, "host");
    const char *port = known ? PQport(c->pq) : conn_info_get(info, "port");
    const char *user = conn_info_get(info, "user"), *database = conn_info_get(info, "dbname");
    if (host == NULL || host[0] == '\0')
        host = conn_info_get(info, "hostaddr");
    bool local = host == NULL || host[0] == '\0' || host[0] == '/' || host[0] == '@';
    text_addf(out, "%s@%s", user == NULL ? "" : user, local ? "local" : host);
    if (port != NULL && port[0] != '\0' && strcmp(port, "5432") != 0)
        text_addf(out, ":%s", port);
    text_addf(out, "/%s", database != NULL ? database : user == NULL ? "" : user);
}

int conn_server_version(const struct conn *c)
{
    return c->pq == NULL ? 0 : PQserverVersion(c->pq);
}

const char *conn_parameter(const struct conn *c, const char *name)
{
    return c->pq == NULL ? NULL : PQparameterStatus(c->pq, name);
}

int conn_backend_pid(const struct conn *c)
{
    return c->pq == NULL ? 0 : PQbackendPID(c->pq);
}

int conn_notices(const struct conn *c)
{
    return c->n_notices;
}
