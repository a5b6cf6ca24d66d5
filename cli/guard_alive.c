/* Signs of life, to whoever watches the watcher: a URL that is asked, and systemd's watchdog. Both only while
 * rules are judged and the query thread answers. */
#include <math.h>
#include <stdlib.h>

#include "cli/guard.h"
#include "cli/sd_notify.h"
#include "core/mem.h"

struct guard_alive {
    struct guard *guard;
    struct fetcher *fetcher;
    struct fetch *beat; /* under way */
    struct loop_timer *heart, *watchdog;
    int probe; /* ticket of the question to the query thread */
    bool probing, failing, not_judging;
};

/* ---- The heartbeat ---- */

static void on_beat(void *ctx, const struct fetch_answer *answer)
{
    struct guard_alive *a = ctx;
    a->beat = NULL;
    bool ok = answer->status >= 200 && answer->status < 300;
    char status[32];
    snprintf(status, sizeof(status), "status %d", answer->status);
    if (!ok && !a->failing)
        guard_say(a->guard, LOG_WARNING, "the heartbeat fails", "error",
                  answer->error != NULL ? answer->error : status);
    else if (ok && a->failing)
        guard_say(a->guard, LOG_INFO, "the heartbeat arrives again", NULL, NULL);
    a->failing = !ok;
}

static void on_heart(void *ctx)
{
    struct guard_alive *a = ctx;
    struct guard *g = a->guard;
    bool judging = g->alerts != NULL && engine_targets(g->session.engine) > 0 && alerts_judging(g->alerts);
    if (!judging && !a->not_judging && g->alerts != NULL)
        guard_say(g, LOG_ERROR, "no heartbeat: rules are not judged", NULL, NULL);
    a->not_judging = !judging;
    if (!judging || a->beat != NULL || g->ending)
        return;
    const struct config *c = &g->session.config;
    double every = config_get_real(c, "guard", "heartbeat_every");
    struct fetch_request request = {.url = config_get(c, "guard", "heartbeat_url"),
                                    .timeout_s = fmin(10, fmax(1, every)),
                                    .max_answer = 1024};
    struct err err = {0};
    a->beat = fetch_start(a->fetcher, &request, on_beat, a, &err);
    if (a->beat == NULL && !a->failing) {
        guard_say(g, LOG_WARNING, "the heartbeat fails", "error", err.text);
        a->failing = true;
    }
}

/* ---- systemd's watchdog ---- */

static void on_probe(void *ctx, struct result *result, const char *error)
{
    struct guard_alive *a = ctx;
    (void)error; /* that it answered is what counts */
    a->probing = false;
    result_free(result);
    sd_notify_send("WATCHDOG=1");
}

static void on_watchdog(void *ctx)
{
    struct guard_alive *a = ctx;
    if (a->probing)
        return;
    a->probing = true;
    struct snapshot *snapshot = store_snapshot(engine_store(a->guard->session.engine));
    struct query query = {.sql = "select 1"};
    a->probe = query_submit(a->guard->queries, snapshot, &query, 1, on_probe, a);
    snapshot_unref(snapshot);
}

/* ---- Opening and closing ---- */

void guard_alive_set(struct guard_alive *a)
{
    const struct config *c = &a->guard->session.config;
    loop_timer_stop(a->heart);
    double every = config_get_real(c, "guard", "heartbeat_every");
    if (config_get(c, "guard", "heartbeat_url") != NULL)
        loop_timer_start(a->heart, fmin(every, 5), every);
}

struct guard_alive *guard_alive_new(struct guard *g)
{
    struct guard_alive *a = mem_new(sizeof(*a));
    struct loop *loop = g->session.loop;
    *a = (struct guard_alive){.guard = g,
                              .fetcher = fetcher_new(loop),
                              .heart = loop_timer_new(loop, on_heart, a),
                              .watchdog = loop_timer_new(loop, on_watchdog, a)};
    guard_alive_set(a);
    double limit = sd_notify_watchdog_s();
    if (!isnan(limit))
        loop_timer_start(a->watchdog, 0, limit / 3);
    return a;
}

void guard_alive_free(struct guard_alive *a)
{
    if (a == NULL)
        return;
    if (a->probing)
        query_cancel(a->guard->queries, a->probe);
    fetcher_free(a->fetcher);
    loop_timer_free(a->heart);
    loop_timer_free(a->watchdog);
    free(a);
}
