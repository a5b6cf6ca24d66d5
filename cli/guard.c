/* guard: watches without a terminal, judges, delivers, serves HTTP. */
#include "cli/guard.h"

#include <malloc.h>
#include <math.h>
#include <signal.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "cli/commands.h"
#include "cli/guard_check.h"
#include "cli/guard_paths.h"
#include "cli/sd_notify.h"
#include "core/mem.h"
#include "core/text.h"

/* The second sample of a dataset follows the first one this soon. */
static const double first_s = 1;
/* What big answers leave behind goes back to the system this often. */
static const double trim_every_s = 30;

/* ---- What it collects ---- */

/* What somebody who is attached looks at; what rules read the alerts see to. */
static void want(struct guard *g)
{
    const char *names[MOST_GUARD_DEMAND];
    int n = g->serve == NULL ? 0 : serve_demand(g->serve, names, MOST_GUARD_DEMAND);
    if (n == g->n_demand && memcmp(names, g->demand, (size_t)n * sizeof(names[0])) == 0)
        return;
    memcpy(g->demand, names, (size_t)n * sizeof(names[0]));
    g->n_demand = n;
    engine_want(g->session.engine, names, n);
}

static void on_sample(void *ctx, const char *target, const struct dataset *d)
{
    struct guard *g = ctx;
    if (g->alerts != NULL)
        alerts_sample(g->alerts, target, d);
    advisor_sample(g->advisor, target, d);
    if (strcmp(d->name, "targets") == 0)
        guard_log_targets(g);
}

/* ---- Taking over the state directory ---- */

static bool listen_as_told(struct guard *g, struct err *err)
{
    const struct config *c = &g->session.config;
    struct serve_parts parts = {.loop = g->session.loop,
                                .engine = g->session.engine,
                                .queries = g->queries,
                                .alerts = g->alerts,
                                .registry = &g->session.registry,
                                .config = c,
                                .socket = g->socket,
                                .listen = config_get(c, "http", "listen")};
    serve_free(g->serve); /* the addresses may be the same */
    g->serve = serve_new(&parts, err);
    return g->serve != NULL;
}

/* That the socket of the standard place cannot be had (no runtime directory, as in a container) is no reason
 * to watch nothing. */
bool guard_listen(struct guard *g, struct err *err)
{
    const struct config *c = &g->session.config;
    bool asked = config_get(c, "http", "listen") != NULL || config_get(c, "http", "socket") != NULL;
    if (listen_as_told(g, err) || asked)
        return g->serve != NULL;
    guard_say(g, LOG_WARNING,
              "nobody can ask this guard: it goes on without HTTP; [http] socket names another place",
              "error", err->text);
    return true;
}

static void tell_listening(struct guard *g)
{
    if (g->serve == NULL)
        return;
    char port[16];
    snprintf(port, sizeof(port), "%d", serve_port(g->serve));
    const struct log_pair pairs[] = {
        {"socket", g->socket}, {"port", serve_port(g->serve) != 0 ? port : NULL}, {NULL, NULL}};
    log_line(g->log, LOG_INFO, "serving HTTP", pairs);
}

/* HELD: another guard has the directory. */
static bool claim(struct guard *g, bool *held, struct err *err)
{
    struct alerts_options options = {.config = &g->session.config,
                                     .registry = &g->session.registry,
                                     .state_directory = g->state_directory,
                                     .notify = true,
                                     .source = g->source};
    g->alerts = alerts_new(g->session.loop, g->session.engine, g->queries, &options, held, err);
    if (g->alerts == NULL)
        return false;
    alerts_on_log(g->alerts, guard_on_alert, g);
    if (!guard_listen(g, err)) {
        alerts_free(g->alerts);
        g->alerts = NULL;
        return false;
    }
    guard_say(g, LOG_INFO, "watching", "state", g->state_directory);
    if (alerts_notice(g->alerts) != NULL)
        guard_say(g, LOG_ERROR, "the state begins anew", "why", alerts_notice(g->alerts));
    tell_listening(g);
    sd_notify_send("READY=1\nSTATUS=watching");
    return true;
}

/* True when the guard may go on: it has the directory, or waits for it. */
static bool begin(struct guard *g, struct err *err)
{
    bool held = false;
    if (claim(g, &held, err))
        return true;
    if (!held)
        return false;
    guard_say(g, LOG_WARNING, "another guard has the state directory: waiting until it ends", "state",
              g->state_directory);
    sd_notify_send("READY=1\nSTATUS=waiting: another guard has the state directory");
    return true;
}

static void try_again(struct guard *g)
{
    struct err err = {0};
    bool held = false;
    if (!claim(g, &held, &err) && !held &&
        (g->told.listen == NULL || strcmp(g->told.listen, err.text) != 0)) {
        guard_say(g, LOG_ERROR, "cannot take over", "error", err.text);
        free(g->told.listen);
        g->told.listen = mem_dup(err.text);
    }
}

/* ---- The loop ---- */

static void end_if_drained(struct guard *g)
{
    bool drained = g->alerts == NULL || alerts_drained(g->alerts);
    if (!drained && loop_mono_s() < g->drain_s)
        return;
    if (!drained)
        guard_say(g, LOG_WARNING,
                  "not all messages went out in time: they are kept, and sent at the next start", NULL, NULL);
    loop_stop(g->session.loop);
}

static void on_second(void *ctx)
{
    struct guard *g = ctx;
    double now = loop_mono_s();
    if (now >= g->trim_s) {
        malloc_trim(0);
        g->trim_s = now + trim_every_s;
    }
    guard_log_alerts(g);
    if (g->ending) {
        end_if_drained(g);
        return;
    }
    if (g->alerts == NULL)
        try_again(g);
    want(g);
}

static void end(struct guard *g, int signal_number)
{
    if (g->ending) { /* asked twice */
        loop_stop(g->session.loop);
        return;
    }
    g->ending = true;
    g->drain_s = loop_mono_s() + config_get_real(&g->session.config, "guard", "drain");
    guard_say(g, LOG_INFO, "ending", "signal", signal_number == SIGTERM ? "SIGTERM" : "SIGINT");
    sd_notify_send("STOPPING=1\nSTATUS=sending what is left");
    if (g->alerts != NULL)
        alerts_stop(g->alerts);
    loop_timer_start(g->second, 0.01, 0.1);
}

static void on_signal(void *ctx, int signal_number)
{
    struct guard *g = ctx;
    if (signal_number != SIGHUP)
        end(g, signal_number);
    else if (!g->ending)
        guard_reload(g);
}

/* ---- Opening and closing ---- */

static char *host_name(void)
{
    char name[256] = {0};
    if (gethostname(name, sizeof(name) - 1) != 0 || name[0] == '\0')
        return mem_dup("localhost");
    return mem_dup(name);
}

static int open_all(struct guard *g, struct err *err)
{
    static const int numbers[N_GUARD_SIGNALS] = {SIGTERM, SIGINT, SIGHUP};
    struct session *s = &g->session;
    g->state_directory = guard_state_directory(&s->config);
    g->socket = guard_socket(&s->config);
    g->source = host_name();
    guard_log_set(g);
    if (isnan(s->args->refresh_s))
        s->refresh_s = config_get_real(&s->config, "guard", "refresh");
    engine_set_refresh(s->engine, s->refresh_s);
    for (int i = 0; i < N_GUARD_SIGNALS; i++)
        g->signals[i] = loop_signal_new(s->loop, numbers[i], on_signal, g);
    if (!guard_check(&s->config, &s->registry, err) || !session_add_targets(s, g->words, g->n_words, err))
        return EXIT_USAGE;
    g->queries = query_thread_new(s->loop, &s->registry, err);
    if (g->queries != NULL)
        g->advisor = advisor_new(s->loop, s->engine, g->queries, &s->config, &s->registry, NULL, err);
    if (g->advisor == NULL)
        return EXIT_USAGE;
    engine_on_sample(s->engine, on_sample, g);
    g->second = loop_timer_new(s->loop, on_second, g);
    g->alive = guard_alive_new(g);
    return begin(g, err) ? EXIT_OK : EXIT_NO_DATA;
}

/* False: what happened could not all be kept. */
static bool close_all(struct guard *g)
{
    guard_alive_free(g->alive);
    if (g->session.engine != NULL)
        engine_on_sample(g->session.engine, NULL, NULL);
    serve_free(g->serve);
    bool kept = alerts_free(g->alerts);
    advisor_free(g->advisor);
    query_thread_free(g->queries);
    if (g->second != NULL)
        loop_timer_free(g->second);
    for (int i = 0; i < N_GUARD_SIGNALS; i++)
        if (g->signals[i] != NULL)
            loop_signal_free(g->signals[i]);
    guard_log_done(g);
    free(g->state_directory);
    free(g->socket);
    free(g->source);
    return kept;
}

int guard_run(const struct args *args)
{
    struct guard g = {.words = (const char *const *)args->words, .n_words = args->n_words};
    struct err err = {0};
    int code = EXIT_USAGE;
    if (session_open(&g.session, args, first_s, &err)) {
        g.log = log_new(stderr, LOG_LOGFMT, LOG_INFO);
        code = open_all(&g, &err);
        if (code == EXIT_OK) {
            loop_timer_start(g.second, 0.05, 1);
            loop_run(g.session.loop);
            guard_say(&g, LOG_INFO, "ended", NULL, NULL);
        }
        if (!close_all(&g) && code == EXIT_OK) {
            fail(&err, "the state directory did not take what happened last");
            code = EXIT_NO_DATA;
        }
        log_free(g.log);
        session_close(&g.session, code);
    }
    if (code != EXIT_OK)
        fprintf(stderr, "dbvitals: %s\n", err.text);
    return code;
}
