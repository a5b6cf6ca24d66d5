/* HTTP over real targets without the rest of a guard: serve_hold CONFIG LISTEN SOCKET TARGET... ("-": none).
 * Prints the port, then serves until its standard input ends. */
#include <signal.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

#include "cli/session.h"
#include "cures/advisor.h"
#include "serve/serve.h"
#include "tests/serve/alerts_stand_in.h"

struct hold {
    struct session session;
    struct query_thread *queries;
    struct alerts *alerts;
    struct advisor *advisor;
    struct serve *serve;
    struct loop_timer *second;
    struct loop_fd *input;
};

static void on_second(void *ctx)
{
    struct hold *h = ctx;
    const char *names[64];
    engine_want(h->session.engine, names, serve_demand(h->serve, names, 64));
    double now = loop_mono_s();
    store_put(engine_store(h->session.engine), "shop",
              book_alerts_sample(alerts_book(h->alerts), "shop", now, loop_wall_s()));
}

static void on_sample(void *ctx, const char *target, const struct dataset *d)
{
    advisor_sample(((struct hold *)ctx)->advisor, target, d);
}

static void on_input(void *ctx, bool readable, bool writable)
{
    struct hold *h = ctx;
    char byte;
    (void)readable, (void)writable;
    if (read(STDIN_FILENO, &byte, 1) <= 0)
        loop_stop(h->session.loop);
}

static void run(struct hold *h)
{
    h->second = loop_timer_new(h->session.loop, on_second, h);
    loop_timer_start(h->second, 0, 1);
    h->input = loop_fd_new(h->session.loop, STDIN_FILENO, on_input, h);
    loop_fd_want(h->input, true, false);
    printf("%d\n", serve_port(h->serve));
    fflush(stdout);
    loop_run(h->session.loop);
    loop_fd_free(h->input);
    loop_timer_free(h->second);
}

static const char *given(const char *word)
{
    return strcmp(word, "-") == 0 ? NULL : word;
}

static bool open_all(struct hold *h, const struct args *args, char **argv, int n, struct err *err)
{
    if (!session_open(&h->session, args, 1, err))
        return false;
    if (!session_add_targets(&h->session, (const char *const *)argv + 4, n, err))
        return false;
    h->alerts = alerts_stand_in_new();
    h->queries = query_thread_new(h->session.loop, &h->session.registry, err);
    if (h->queries != NULL)
        h->advisor = advisor_new(h->session.loop, h->session.engine, h->queries, &h->session.config,
                                 &h->session.registry, NULL, err);
    engine_on_sample(h->session.engine, on_sample, h);
    struct serve_parts parts = {.loop = h->session.loop,
                                .engine = h->session.engine,
                                .queries = h->queries,
                                .alerts = h->alerts,
                                .advisor = h->advisor,
                                .registry = &h->session.registry,
                                .config = &h->session.config,
                                .listen = given(argv[2]),
                                .socket = given(argv[3])};
    h->serve = h->advisor != NULL ? serve_new(&parts, err) : NULL;
    return h->serve != NULL;
}

int main(int argc, char **argv)
{
    struct hold h = {0};
    struct err err = {0};
    struct args args = {0};
    char *words[1] = {argv[0]};
    signal(SIGPIPE, SIG_IGN);
    if (argc < 5 || !args_parse(1, words, &args, &err))
        return EXIT_USAGE;
    args.config = argv[1];
    bool ok = open_all(&h, &args, argv, argc - 4, &err);
    if (ok)
        run(&h);
    else
        fprintf(stderr, "serve_hold: %s\n", err.text);
    serve_free(h.serve);
    if (h.session.engine != NULL)
        engine_on_sample(h.session.engine, NULL, NULL);
    advisor_free(h.advisor);
    query_thread_free(h.queries);
    if (h.alerts != NULL)
        alerts_stand_in_free(h.alerts);
    if (h.session.loop != NULL)
        session_close(&h.session, ok ? EXIT_OK : EXIT_USAGE);
    return ok ? EXIT_OK : EXIT_USAGE;
}
