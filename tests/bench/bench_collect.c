/* What collecting costs here: ours (collect, decode, store) beside a bare loop over libpq that sends the same queries in one pipeline, once
 * throwing the rows away, once looking at each value, in one run. Reads PG* variables as psql does.
 *
 *     bench_collect [ROUNDS [DATASET...]]     CPU of a poll of each dataset, bare and ours, and their ratio
 *     bench_collect polls ROUNDS DATASET      ROUNDS polls between two lines of standard input: others measure the server's CPU then
 *     bench_collect engine SECONDS DATASET... CPU of the whole program without questions and drawing, each cadence included
 *
 * The queries are seen at the border to libpq (the linker's --wrap), so the bare loop sends exactly what a round of ours sent. */
#include <libpq-fe.h>
#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

#include "core/mem.h"
#include "core/text.h"
#include "engine/engine.h"
#include "engine/products.h"

extern const struct product pg_product;

enum { MOST_QUERIES = 64, MOST_CONNECTIONS = 4, WARM_ROUNDS = 4 };

/* ---- What goes to libpq ---- */

struct sent {
    int connection;
    char *sql;
    char *name; /* of a prepared statement, or NULL */
    char **params;
    int n_params;
};

struct statement {
    const PGconn *conn;
    char *name, *sql;
};

/* The wrapped functions have no context of their own: the one place here with state of the file. */
static struct {
    bool recording;
    const PGconn *connections[MOST_CONNECTIONS];
    int n_connections;
    struct statement statements[200];
    int n_statements;
    struct sent sent[MOST_QUERIES];
    int n_sent;
    size_t looked; /* so that looking is not optimised away */
} seen;

static int connection_number(const PGconn *conn)
{
    for (int i = 0; i < seen.n_connections; i++)
        if (seen.connections[i] == conn)
            return i;
    if (seen.n_connections < MOST_CONNECTIONS)
        seen.connections[seen.n_connections++] = conn;
    return seen.n_connections - 1;
}

static void record(const PGconn *conn, const char *name, const char *sql, int n, const char *const *params)
{
    int number = connection_number(conn);
    if (!seen.recording || sql == NULL || seen.n_sent == MOST_QUERIES)
        return;
    struct sent *s = &seen.sent[seen.n_sent++];
    *s = (struct sent){.connection = number, .sql = mem_dup(sql), .name = mem_dup(name), .n_params = n};
    s->params = mem_new_array((size_t)n, sizeof(*s->params));
    for (int i = 0; i < n; i++)
        s->params[i] = mem_dup(params[i]);
}

int __real_PQsendPrepare(PGconn *c, const char *name, const char *sql, int n, const Oid *types);
int __wrap_PQsendPrepare(PGconn *c, const char *name, const char *sql, int n, const Oid *types);
int __wrap_PQsendPrepare(PGconn *c, const char *name, const char *sql, int n, const Oid *types)
{
    if (seen.n_statements < 200)
        seen.statements[seen.n_statements++] = (struct statement){c, mem_dup(name), mem_dup(sql)};
    return __real_PQsendPrepare(c, name, sql, n, types);
}

int __real_PQsendQueryPrepared(PGconn *c, const char *name, int n, const char *const *params, const int *lens, const int *formats, int format);
int __wrap_PQsendQueryPrepared(PGconn *c, const char *name, int n, const char *const *params, const int *lens, const int *formats, int format);
int __wrap_PQsendQueryPrepared(PGconn *c, const char *name, int n, const char *const *params, const int *lens, const int *formats, int format)
{
    const char *sql = NULL;
    for (int i = 0; i < seen.n_statements; i++)
        if (seen.statements[i].conn == c && strcmp(seen.statements[i].name, name) == 0)
            sql = seen.statements[i].sql;
    record(c, name, sql, n, params);
    return __real_PQsendQueryPrepared(c, name, n, params, lens, formats, format);
}

int __real_PQsendQueryParams(PGconn *c, const char *sql, int n, const Oid *types, const char *const *params, const int *lens, const int *formats,
                             int format);
int __wrap_PQsendQueryParams(PGconn *c, const char *sql, int n, const Oid *types, const char *const *params, const int *lens, const int *formats,
                             int format);
int __wrap_PQsendQueryParams(PGconn *c, const char *sql, int n, const Oid *types, const char *const *params, const int *lens, const int *formats,
                             int format)
{
    record(c, NULL, sql, n, params);
    return __real_PQsendQueryParams(c, sql, n, types, params, lens, formats, format);
}

static void forget_sent(void)
{
    for (int i = 0; i < seen.n_sent; i++) {
        for (int k = 0; k < seen.sent[i].n_params; k++)
            free(seen.sent[i].params[k]);
        free(seen.sent[i].params);
        free(seen.sent[i].sql);
        free(seen.sent[i].name);
    }
    seen.n_sent = 0;
}

/* ---- Ours ---- */

static double cpu_ms(void)
{
    struct timespec t;
    clock_gettime(CLOCK_PROCESS_CPUTIME_ID, &t);
    return (double)t.tv_sec * 1e3 + (double)t.tv_nsec / 1e6;
}

struct ours {
    struct loop *loop;
    struct store *store;
    struct source *source;
    bool up;
    int answers, rows;
    double decode_ms;
    char failed[200];
};

static void on_sample(void *ctx, struct sample *s, const struct poll_cost *cost)
{
    struct ours *o = ctx;
    o->decode_ms += cost->client_ms;
    o->answers++;
    o->rows = s->n_rows;
    store_put(o->store, "bench", s);
    loop_stop(o->loop);
}

static void on_failed(void *ctx, const struct dataset *d, enum failure why, const char *text)
{
    struct ours *o = ctx;
    (void)d, (void)why;
    o->answers++;
    snprintf(o->failed, sizeof(o->failed), "%s", text);
    loop_stop(o->loop);
}

static void on_status(void *ctx, const struct source_status *status)
{
    struct ours *o = ctx;
    o->up = status->state == SOURCE_UP;
    if (o->up)
        loop_stop(o->loop);
}

static void poll_once(struct ours *o, const struct dataset *d)
{
    o->answers = 0;
    pg_product.poll(o->source, &d, 1);
    while (o->answers == 0)
        loop_run(o->loop);
}

/* ---- Bare ---- */

static PGconn *bare[MOST_CONNECTIONS];

/* Each statement once, so that the loop only runs them. */
static bool bare_open(void)
{
    for (int i = 0; i < seen.n_connections; i++) {
        if (bare[i] == NULL)
            bare[i] = PQconnectdb("options='-c jit=off -c max_parallel_workers_per_gather=0 -c search_path=pg_catalog' client_encoding=SQL_ASCII");
        if (PQstatus(bare[i]) != CONNECTION_OK) {
            fprintf(stderr, "bench_collect: %s", PQerrorMessage(bare[i]));
            return false;
        }
        PQclear(PQexec(bare[i], "deallocate all"));
    }
    for (int i = 0; i < seen.n_sent; i++)
        if (seen.sent[i].name != NULL)
            PQclear(PQprepare(bare[seen.sent[i].connection], seen.sent[i].name, seen.sent[i].sql, seen.sent[i].n_params, NULL));
    for (int i = 0; i < seen.n_connections; i++)
        PQenterPipelineMode(bare[i]);
    return true;
}

static void bare_close(void)
{
    for (int i = 0; i < MOST_CONNECTIONS; i++) {
        if (bare[i] != NULL)
            PQfinish(bare[i]);
        bare[i] = NULL;
    }
}

/* The least that a client does with rows. */
static size_t look_at_values(const PGresult *r)
{
    size_t sum = 0;
    int columns = PQnfields(r), rows = PQntuples(r);
    for (int row = 0; row < rows; row++)
        for (int c = 0; c < columns; c++)
            if (!PQgetisnull(r, row, c))
                sum += (size_t)PQgetlength(r, row, c) + (unsigned char)PQgetvalue(r, row, c)[0];
    return sum;
}

static int bare_take(PGconn *c, int syncs, bool look)
{
    int rows = 0;
    while (syncs > 0) {
        PGresult *r = PQgetResult(c);
        if (r == NULL)
            continue;
        rows += PQntuples(r);
        syncs -= PQresultStatus(r) == PGRES_PIPELINE_SYNC;
        seen.looked += look ? look_at_values(r) : 0;
        PQclear(r);
    }
    return rows;
}

/* Sends all that one round of ours sent, then takes the answers; how many rows came. */
static int bare_round(bool look)
{
    int rows = 0, syncs[MOST_CONNECTIONS] = {0};
    for (int i = 0; i < seen.n_sent; i++) {
        const struct sent *s = &seen.sent[i];
        PGconn *c = bare[s->connection];
        const char *const *params = (const char *const *)s->params;
        if (s->name != NULL)
            PQsendQueryPrepared(c, s->name, s->n_params, params, NULL, NULL, 1);
        else
            PQsendQueryParams(c, s->sql, s->n_params, NULL, params, NULL, NULL, 1);
        PQpipelineSync(c);
        syncs[s->connection]++;
    }
    for (int i = 0; i < seen.n_connections; i++)
        rows += bare_take(bare[i], syncs[i], look);
    return rows;
}

/* ---- Side by side ---- */

enum { BARE, LOOKING, OURS, N_WAYS };

static void print_line(const char *name, int rows, int fetched, const double ms[N_WAYS], double decode_ms)
{
    printf("%-14s %7d %8d %10.3f %10.3f %10.3f %10.3f %8.2f %8.2f\n", name, rows, fetched, ms[BARE], ms[LOOKING], ms[OURS], decode_ms,
           ms[OURS] / ms[BARE], ms[OURS] / ms[LOOKING]);
}

static bool compare(struct ours *o, const struct dataset *d, int rounds, double sums[N_WAYS])
{
    o->failed[0] = '\0';
    for (int i = 0; i < WARM_ROUNDS; i++)
        poll_once(o, d);
    if (o->failed[0] != '\0') {
        printf("%-14s %s\n", d->name, o->failed);
        return true;
    }
    forget_sent();
    seen.recording = true;
    poll_once(o, d);
    seen.recording = false;
    if (!bare_open())
        return false;
    int n_rows = 0;
    for (int i = 0; i < WARM_ROUNDS; i++)
        n_rows = bare_round(false);
    double ms[N_WAYS] = {0};
    o->decode_ms = 0;
    for (int i = 0; i < rounds; i++) { /* in turn, so that all meet the same machine */
        double start = cpu_ms();
        poll_once(o, d);
        double polled = cpu_ms();
        bare_round(false);
        double thrown = cpu_ms();
        bare_round(true);
        ms[OURS] += polled - start;
        ms[BARE] += thrown - polled;
        ms[LOOKING] += cpu_ms() - thrown;
    }
    bare_close();
    for (int way = 0; way < N_WAYS; way++)
        sums[way] += ms[way] /= rounds;
    print_line(d->name, o->rows, n_rows, ms, o->decode_ms / rounds);
    return true;
}

/* Opens a source for the calls of RUN. */
static int with_source(bool (*run)(struct ours *o, int rounds, const char *const *names, int n), int rounds, const char *const *names, int n)
{
    struct ours o = {.loop = loop_new(),
                     .store = store_new((struct store_limits){.series_bytes = 6 << 20, .total_bytes = 32 << 20, .keep_s = 630})};
    struct target_config config = {.name = "bench", .url = "", .stack = "", .env = "", .connect_timeout_s = 5};
    struct err err = {""};
    bool ok = false;
    o.source = pg_product.open(o.loop, &config, (struct source_host){&o, on_sample, on_failed, on_status}, &err);
    while (o.source != NULL && !o.up)
        loop_run(o.loop);
    if (o.source != NULL) {
        ok = run(&o, rounds, names, n);
        pg_product.close(o.source);
    }
    store_free(o.store);
    loop_free(o.loop);
    return ok ? 0 : 1;
}

static bool compare_all(struct ours *o, int rounds, const char *const *names, int n_names)
{
    printf("CPU of one poll in this process, ms, mean of %d\n%-14s %7s %8s %10s %10s %10s %10s %8s %8s\n", rounds, "dataset", "rows",
           "fetched", "bare", "looking", "ours", "(decode)", "/bare", "/looking");
    double sums[N_WAYS] = {0};
    bool ok = true;
    const struct dataset *d;
    for (int i = 0; ok && (d = pg_product.dataset(i)) != NULL; i++) {
        bool asked = n_names == 0;
        for (int k = 0; k < n_names; k++)
            asked = asked || strcmp(names[k], d->name) == 0;
        ok = !asked || compare(o, d, rounds, sums);
    }
    print_line("all", 0, 0, sums, NAN);
    return ok;
}

static bool polls(struct ours *o, int rounds, const char *const *names, int n_names)
{
    const struct dataset *d;
    int i = 0;
    while ((d = pg_product.dataset(i)) != NULL && (n_names == 0 || strcmp(d->name, names[0]) != 0))
        i++;
    if (d == NULL)
        return false;
    for (int k = 0; k < WARM_ROUNDS; k++)
        poll_once(o, d);
    puts("ready");
    getchar();
    double before = cpu_ms();
    for (int k = 0; k < rounds; k++)
        poll_once(o, d);
    printf("%.3f\n", (cpu_ms() - before) / rounds);
    getchar();
    return true;
}

/* ---- The whole engine ---- */

static void on_end(void *ctx)
{
    loop_stop(ctx);
}

static int run_engine(double seconds, const char *const *names, int n)
{
    struct registry registry = {0};
    struct err err = {""};
    if (!products_register(&registry, &err)) {
        fprintf(stderr, "bench_collect: %s\n", err.text);
        return 1;
    }
    struct loop *loop = loop_new();
    struct engine_options options = {.refresh_s = 1, .first_s = 0.5, .budget_ratio = 0.01, .memory_bytes = (size_t)32 << 20};
    struct target_config config = {.name = "bench", .url = "", .stack = "", .env = "", .connect_timeout_s = 5};
    struct engine *engine = engine_new(loop, &registry, &options);
    if (!engine_add(engine, &config, &err))
        return 1;
    engine_want(engine, names, n);
    struct loop_timer *timer = loop_timer_new(loop, on_end, loop);
    loop_timer_start(timer, 5, 0);
    loop_run(loop);
    double before = cpu_ms();
    loop_timer_start(timer, seconds, 0);
    loop_run(loop);
    printf("%.3f\n", (cpu_ms() - before) / seconds);
    loop_timer_free(timer);
    engine_free(engine);
    loop_free(loop);
    registry_done(&registry);
    return 0;
}

int main(int argc, char **argv)
{
    const char *const *words = (const char *const *)argv;
    setvbuf(stdout, NULL, _IOLBF, 0);
    if (argc > 3 && strcmp(argv[1], "engine") == 0)
        return run_engine(strtod(argv[2], NULL), words + 3, argc - 3);
    if (argc == 4 && strcmp(argv[1], "polls") == 0)
        return with_source(polls, (int)strtol(argv[2], NULL, 10), words + 3, 1);
    int rounds = argc > 1 ? (int)strtol(argv[1], NULL, 10) : 50;
    return with_source(compare_all, rounds > 0 ? rounds : 50, words + 2, argc > 2 ? argc - 2 : 0);
}
