/* Statements timed on PostgreSQL: one connection, a read-only transaction around what belongs together. */
#include <errno.h>
#include <math.h>
#include <poll.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

#include "collectors/bench.h"
#include "collectors/libpq/conn_inside.h"
#include "core/mem.h"
#include "core/utf8.h"

struct bench {
    PGconn *pg;
    struct conn_info *info;
    int stop_fd; /* -1: nobody watches */
    double timeout_s;
    bool asked; /* a statement was sent whose answer did not end */
};

enum { MOST_PARAMS = 100, MOST_COLUMNS = 1600, NUMBER = 32 };
enum waited { READY, WANTED_END, TOO_LATE };

static double now_s(void)
{
    struct timespec t;
    clock_gettime(CLOCK_MONOTONIC, &t);
    return (double)t.tv_sec + (double)t.tv_nsec / 1e9;
}

static enum waited wait_until(const struct bench *b, short events, double deadline)
{
    for (;;) {
        struct pollfd fds[] = {{PQsocket(b->pg), events, 0}, {b->stop_fd, POLLIN, 0}};
        double left_s = deadline - now_s();
        int n = poll(fds, 2, left_s <= 0 ? 0 : (int)ceil(left_s * 1000));
        if (n > 0 && fds[1].revents != 0)
            return WANTED_END;
        if (n > 0)
            return READY;
        if (left_s <= 0 || (n < 0 && errno != EINTR))
            return TOO_LATE;
    }
}

/* ---- Connecting ---- */

static bool fail_with(const struct bench *b, const char *what, const char *message, struct err *err)
{
    struct text clean, line;
    text_init(&clean, 900);
    text_init(&line, 900);
    conn_info_scrub(b->info, message, &clean);
    utf8_mend(&line, text_str(&clean), clean.len);
    fail(err, "%s%s", what, text_str(&line));
    text_done(&clean);
    text_done(&line);
    return false;
}

static double patience_s(const struct bench_place *place, const char *hosts)
{
    double n = 1;
    for (const char *c = hosts; c != NULL && *c != '\0'; c++)
        n += *c == ',';
    return n * place->connect_s;
}

static bool connect_to(struct bench *b, const struct bench_place *place, struct err *err)
{
    const char *options[N_INFO_MAX + 1], *values[N_INFO_MAX + 1];
    int n = 0;
    for (int i = 0; i < b->info->n; i++)
        if (b->info->values[i] != NULL) {
            options[n] = b->info->options[i];
            values[n++] = b->info->values[i];
        }
    options[n] = values[n] = NULL;
    double deadline = now_s() + patience_s(place, conn_info_get(b->info, "host"));
    b->pg = PQconnectStartParams(options, values, 0);
    for (short events = POLLOUT; PQstatus(b->pg) != CONNECTION_BAD;) {
        if (wait_until(b, events, deadline) != READY)
            return fail(err, "cannot connect: no answer within %.0f s", place->connect_s);
        PostgresPollingStatusType next = PQconnectPoll(b->pg);
        if (next == PGRES_POLLING_OK)
            return true;
        events = next == PGRES_POLLING_WRITING ? POLLOUT : POLLIN;
    }
    return fail_with(b, "cannot connect: ", PQerrorMessage(b->pg), err);
}

static void swallow(void *ctx, const PGresult *r)
{
    (void)ctx;
    (void)r;
}

static void bench_close(struct bench *b)
{
    if (b == NULL)
        return;
    PGcancel *cancel = b->asked ? PQgetCancel(b->pg) : NULL;
    char why[256];
    if (cancel != NULL)
        PQcancel(cancel, why, sizeof(why));
    PQfreeCancel(cancel);
    PQfinish(b->pg);
    conn_info_free(b->info);
    free(b);
}

static struct bench *bench_open(const struct bench_place *place, struct err *err)
{
    struct conn_info *info = conn_info_parse(place->url, err);
    if (info == NULL)
        return NULL;
    struct bench *b = mem_new(sizeof(*b));
    *b = (struct bench){.info = info, .stop_fd = -1, .timeout_s = place->timeout_s};
    if (place->password != NULL)
        conn_info_set(info, "password", place->password);
    conn_info_set(info, "client_encoding", "UTF8");
    conn_info_set(info, "fallback_application_name", "dbvitals profile");
    if (!connect_to(b, place, err)) {
        bench_close(b);
        return NULL;
    }
    PQsetNoticeReceiver(b->pg, swallow, NULL);
    return b;
}

static void bench_watch(struct bench *b, int fd)
{
    b->stop_fd = fd;
}

static void bench_server(const struct bench *b, struct text *out)
{
    const char *version = PQparameterStatus(b->pg, "server_version");
    text_add(out, "PostgreSQL ");
    text_add_n(out, version == NULL ? "" : version, version == NULL ? 0 : strcspn(version, " "));
}

/* ---- Running ---- */

struct answer {
    struct bench_rows rows;
    struct bench_timing timing;
    enum bench_end end;
};

static void take_row(const PGresult *r, struct answer *a)
{
    int n = PQnfields(r) < MOST_COLUMNS ? PQnfields(r) : MOST_COLUMNS;
    a->timing.rows++;
    for (int i = 0; i < n; i++)
        a->timing.bytes += PQgetlength(r, 0, i);
    if (a->rows.fn == NULL)
        return;
    struct arena *arena = arena_new(1000);
    struct value *values = arena_alloc(arena, (size_t)n * sizeof(*values) + 1);
    for (int i = 0; i < n; i++)
        if (!PQgetisnull(r, 0, i)) {
            values[i].type = VALUE_TEXT;
            values[i].text = utf8_keep(arena, PQgetvalue(r, 0, i), (size_t)PQgetlength(r, 0, i));
        }
    a->rows.fn(a->rows.ctx, values, n);
    arena_unref(arena);
}

/* 57014 is said of a cancelled statement, by its own timeout too; 25006 of one that writes (PostgreSQL,
 * appendix A). */
static enum bench_end take_error(const struct bench *b, const PGresult *r, struct err *err)
{
    const char *state = PQresultErrorField(r, PG_DIAG_SQLSTATE),
               *said = PQresultErrorField(r, PG_DIAG_MESSAGE_PRIMARY);
    bool writes = state != NULL && strcmp(state, "25006") == 0;
    fail_with(b, writes ? "it writes, and profile only reads: " : "",
              said != NULL ? said : PQresultErrorMessage(r), err);
    return state != NULL && strcmp(state, "57014") == 0 ? BENCH_TIMED_OUT : BENCH_FAILED;
}

/* False after the last result, or when there will be none. */
static bool take_result(struct bench *b, double deadline, struct answer *a, struct err *err)
{
    while (PQisBusy(b->pg)) {
        enum waited w = wait_until(b, POLLIN, deadline);
        if (w == READY && PQconsumeInput(b->pg))
            continue;
        a->end = w == WANTED_END ? BENCH_STOPPED : BENCH_LOST;
        if (w == READY)
            fail_with(b, "the connection was lost: ", PQerrorMessage(b->pg), err);
        else
            fail(err, w == TOO_LATE ? "the server does not answer" : "stopped");
        return false;
    }
    PGresult *r = PQgetResult(b->pg);
    if (r == NULL) {
        b->asked = false;
        return false;
    }
    ExecStatusType status = PQresultStatus(r);
    if (status == PGRES_SINGLE_TUPLE)
        take_row(r, a);
    else if (status != PGRES_TUPLES_OK && status != PGRES_COMMAND_OK && a->end == BENCH_DONE)
        a->end = take_error(b, r, err);
    PQclear(r);
    return true;
}

static void spell(const struct value *v, char number[NUMBER], const char **out)
{
    *out = v->type == VALUE_NULL ? NULL : v->type == VALUE_TEXT ? v->text : number;
    if (v->type == VALUE_INT)
        snprintf(number, NUMBER, "%lld", (long long)v->integer);
    else if (v->type == VALUE_REAL)
        snprintf(number, NUMBER, "%.17g", v->real);
}

/* Rows are taken one by one as they come: a result that is larger than memory does no harm. */
static enum bench_end bench_run(struct bench *b, const struct bench_statement *s, struct bench_rows rows,
                                struct bench_timing *out, struct err *err)
{
    struct answer a = {.rows = rows};
    const char *params[MOST_PARAMS];
    char numbers[MOST_PARAMS][NUMBER];
    if (s->n_params > MOST_PARAMS) {
        fail(err, "more than %d parameters", MOST_PARAMS);
        return BENCH_FAILED;
    }
    for (int i = 0; i < s->n_params; i++)
        spell(&s->params[i], numbers[i], &params[i]);
    double start = now_s();
    b->asked = true;
    if (!PQsendQueryParams(b->pg, s->sql, s->n_params, NULL, params, NULL, NULL, 0)) {
        fail_with(b, "", PQerrorMessage(b->pg), err);
        return BENCH_LOST;
    }
    PQsetSingleRowMode(b->pg);
    while (take_result(b, start + b->timeout_s + CONN_PATIENCE_S, &a, err))
        ;
    a.timing.ms = (now_s() - start) * 1000;
    if (PQstatus(b->pg) == CONNECTION_BAD && a.end != BENCH_STOPPED)
        a.end = BENCH_LOST;
    if (a.end == BENCH_DONE)
        *out = a.timing;
    return a.end;
}

static enum bench_end run_plain(struct bench *b, const char *sql, struct err *err)
{
    struct bench_timing timing;
    struct bench_statement s = {.sql = sql};
    return bench_run(b, &s, (struct bench_rows){NULL, NULL}, &timing, err);
}

/* After the SELECT a statement cannot make the transaction writable any more: PostgreSQL allows that before
 * the first snapshot only. */
static enum bench_end bench_begin(struct bench *b, struct err *err)
{
    enum bench_end end = run_plain(b, "begin transaction isolation level read committed read only", err);
    if (end != BENCH_DONE)
        return end;
    char sql[200];
    snprintf(sql, sizeof(sql),
             "select set_config('statement_timeout', '%.0f', true), set_config('lock_timeout', '%.0f', true)",
             ceil(b->timeout_s * 1000), ceil(fmin(b->timeout_s, CONN_PATIENCE_S) * 1000));
    return run_plain(b, sql, err);
}

static void bench_end(struct bench *b)
{
    struct err ignored;
    if (!b->asked && PQstatus(b->pg) == CONNECTION_OK)
        run_plain(b, "rollback", &ignored);
}

const struct bench_driver conn_bench = {
    .explain = "explain (format json) ",
    .open = bench_open,
    .watch = bench_watch,
    .server = bench_server,
    .begin = bench_begin,
    .run = bench_run,
    .end = bench_end,
    .close = bench_close,
};
