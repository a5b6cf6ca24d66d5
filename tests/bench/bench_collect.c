/* What collecting costs here: ours (collect, decode, store) beside a bare loop over libpq that sends the same queries in one pipeline, once
 * throwing the rows away, once looking at each value, in one run. Reads PG* variables as psql does.
 *
 * Tables and indexes ask only for rows that changed; most that a sample holds are of the polls before it. So there is a second comparison, with a
 * loop that sends what the first poll sent, after which all rows that the sample holds have been fetched ("whole").
 *
 *     bench_collect [ROUNDS [DATASET...]]     CPU of a poll of each dataset, bare and ours, and their ratio
 *     bench_collect polls ROUNDS DATASET      ROUNDS polls between two lines of standard input: others measure the server's CPU then
 *     bench_collect engine SECONDS DATASET... CPU of the whole program without questions and drawing, each cadence included
 *
 * The queries are seen at the border to libpq (the linker's --wrap), so the bare loop sends exactly what a round of ours sent, each Sync included:
 * also the one by which the program measures the round trip. */
#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

#include "engine/engine.h"
#include "engine/products.h"
#include "tests/bench/bare.h"

extern const struct product pg_product;

enum { WARM_ROUNDS = 4 };

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

/* ---- Side by side ---- */

enum { BARE, LOOKING, WHOLE, OURS, N_WAYS };

static void print_line(const char *name, int rows, const int fetched[N_WAYS], const double ms[N_WAYS], double decode_ms)
{
    printf("%-12s %6d %8.3f %8.3f %8d %8.3f %8.3f %6.2f %9.2f %8d %8.3f %7.2f\n", name, rows, ms[OURS], decode_ms, fetched[BARE], ms[BARE],
           ms[LOOKING], ms[OURS] / ms[BARE], ms[OURS] / ms[LOOKING], fetched[WHOLE], ms[WHOLE], ms[OURS] / ms[WHOLE]);
}

static void poll_recorded(struct ours *o, const struct dataset *d, struct script *script)
{
    script_forget(script);
    script_record(script);
    poll_once(o, d);
    script_record(NULL);
}

/* The CPU of SCRIPT once more, added to *MS. */
static int add_bare(const struct script *script, bool look, double *ms)
{
    double start = cpu_ms();
    int rows = bare_round(script, look);
    *ms += cpu_ms() - start;
    return rows;
}

static bool compare(struct ours *o, const struct dataset *d, int rounds, double sums[N_WAYS])
{
    static const int whole_every = 8; /* it may take the server a long time */
    static struct script first, usual;
    int fetched[N_WAYS] = {0};
    double ms[N_WAYS] = {0}, untaken = 0;
    o->failed[0] = '\0';
    poll_recorded(o, d, &first);
    for (int i = 0; i < WARM_ROUNDS; i++)
        poll_once(o, d);
    poll_recorded(o, d, &usual);
    if (o->failed[0] != '\0') {
        printf("%-12s %s\n", d->name, o->failed);
        return true;
    }
    if (!bare_open(&usual, &first))
        return false;
    for (int i = 0; i < WARM_ROUNDS; i++)
        fetched[BARE] = add_bare(&usual, false, &untaken);
    add_bare(&first, false, &untaken);
    o->decode_ms = 0;
    for (int i = 0; i < rounds; i++) { /* in turn, so that all meet the same machine */
        double start = cpu_ms();
        poll_once(o, d);
        ms[OURS] += cpu_ms() - start;
        add_bare(&usual, false, &ms[BARE]);
        add_bare(&usual, true, &ms[LOOKING]);
        if (i % whole_every == 0)
            fetched[WHOLE] = add_bare(&first, false, &ms[WHOLE]);
    }
    bare_close();
    ms[WHOLE] *= (double)rounds / ((rounds + whole_every - 1) / whole_every);
    for (int way = 0; way < N_WAYS; way++)
        sums[way] += ms[way] /= rounds;
    print_line(d->name, o->rows, fetched, ms, o->decode_ms / rounds);
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
    printf("CPU of one poll in this process, ms, mean of %d; beside it a bare loop for what it fetches (bare; looking at each value), and one for all rows"
           " it holds (whole)\n%-12s %6s %8s %8s %8s %8s %8s %6s %9s %8s %8s %7s\n",
           rounds, "dataset", "rows", "ours", "(decode)", "fetches", "bare", "looking", "/bare", "/looking", "fetches", "whole", "/whole");
    double sums[N_WAYS] = {0};
    const int none[N_WAYS] = {0};
    bool ok = true;
    const struct dataset *d;
    for (int i = 0; ok && (d = pg_product.dataset(i)) != NULL; i++) {
        bool asked = n_names == 0;
        for (int k = 0; k < n_names; k++)
            asked = asked || strcmp(names[k], d->name) == 0;
        ok = !asked || compare(o, d, rounds, sums);
    }
    print_line("all", 0, none, sums, NAN);
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
