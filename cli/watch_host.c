/* What the dashboard asks of its host: answers, time, files, the clipboard. */
#include <errno.h>
#include <fcntl.h>
#include <math.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "cli/watch.h"

static int host_ask(void *ctx, const struct query *q, int priority, query_done_fn *done, void *done_ctx)
{
    struct watch *w = ctx;
    struct snapshot *snapshot = store_snapshot(engine_store(w->session.engine));
    int ticket = query_submit(w->queries, snapshot, q, priority, done, done_ctx);
    snapshot_unref(snapshot);
    return ticket;
}

static void host_cancel(void *ctx, int ticket)
{
    query_cancel(((struct watch *)ctx)->queries, ticket);
}

static double host_now(void *ctx)
{
    (void)ctx;
    return loop_wall_s();
}

static void host_demand(void *ctx, const char *const *datasets, int n)
{
    struct watch *w = ctx;
    w->n_demanded = 0;
    for (int i = 0; i < n && w->n_demanded < MOST_DEMANDED; i++) {
        const struct dataset *d = registry_find(&w->session.registry, datasets[i]);
        if (d != NULL)
            w->demanded[w->n_demanded++] = d;
    }
    engine_want(w->session.engine, datasets, n);
}

static double host_step(void *ctx, const char *dataset, double at_s, int direction)
{
    struct watch *w = ctx;
    const struct dataset *d = registry_find(&w->session.registry, dataset);
    struct snapshot *snapshot = store_snapshot(engine_store(w->session.engine));
    double moment = d == NULL ? NAN : snapshot_step(snapshot, d, at_s, direction);
    snapshot_unref(snapshot);
    return moment;
}

static void host_quit(void *ctx)
{
    ((struct watch *)ctx)->quit = true;
    loop_stop(((struct watch *)ctx)->session.loop);
}

static bool host_copy(void *ctx, const char *text, size_t len)
{
    struct watch *w = ctx;
    return w->terminal != NULL && terminal_copy(w->terminal, text, len);
}

static bool write_all(int fd, const char *text, size_t len)
{
    while (len > 0) {
        ssize_t n = write(fd, text, len);
        if (n < 0)
            return false;
        text += n;
        len -= (size_t)n;
    }
    return true;
}

/* In the working directory, else in the temporary one; never over a file that is there, readable by the user only. */
static bool host_save(void *ctx, const char *name, const char *text, size_t len, char *path, size_t size, struct err *err)
{
    (void)ctx;
    const char *temporary = getenv("TMPDIR"), *folders[] = {".", temporary != NULL ? temporary : "/tmp"};
    for (int attempt = 0; attempt < 200; attempt++) {
        const char *folder = folders[attempt / 100];
        if (attempt % 100 == 0)
            snprintf(path, size, "%s/dbvitals-%s", folder, name);
        else
            snprintf(path, size, "%s/dbvitals-%d-%s", folder, attempt % 100, name);
        int fd = open(path, O_WRONLY | O_CREAT | O_EXCL | O_CLOEXEC | O_NOFOLLOW, 0600);
        if (fd < 0 && errno == EEXIST)
            continue;
        if (fd < 0) {
            attempt = attempt < 100 ? 99 : 200;
            continue;
        }
        bool ok = write_all(fd, text, len);
        ok = close(fd) == 0 && ok;
        if (!ok) {
            fail(err, "cannot write %s: %s", path, strerror(errno));
            unlink(path); /* half an export is none */
        }
        return ok;
    }
    return fail(err, "cannot write a file in . or %s: %s", folders[1], strerror(errno));
}

static bool host_theme(void *ctx, const char *name, struct err *err)
{
    struct watch *w = ctx;
    if (!theme_load(name, &w->theme, err))
        return false;
    if (w->terminal != NULL)
        terminal_set_theme(w->terminal, &w->theme);
    return true;
}

static void host_mouse(void *ctx, bool on)
{
    struct watch *w = ctx;
    if (w->terminal != NULL)
        terminal_set_mouse(w->terminal, on);
}

static void host_refresh(void *ctx, double seconds)
{
    engine_set_refresh(((struct watch *)ctx)->session.engine, seconds);
}

static void host_redraw(void *ctx)
{
    struct watch *w = ctx;
    if (w->terminal != NULL)
        terminal_redraw(w->terminal);
    w->redraw = true;
}

static void on_plan(void *ctx, const char *plan, const char *error)
{
    struct watch *w = ctx;
    if (plan != NULL)
        dash_text(w->dash, "plan (not run; parameters unknown)", plan);
    else
        dash_say(w->dash, ROLE_WARNING, error);
}

static bool host_explain(void *ctx, const char *target, const char *database, const char *sql, struct err *err)
{
    struct watch *w = ctx;
    return engine_explain(w->session.engine, target, database, sql, on_plan, w, err);
}

struct dash_host watch_host(struct watch *w)
{
    struct dash_host host = {.ctx = w,
                              .ask = host_ask,
                              .cancel = host_cancel,
                              .now = host_now,
                              .demand = host_demand,
                              .step = host_step,
                              .quit = host_quit,
                              .copy = host_copy,
                              .save = host_save,
                              .theme = host_theme,
                              .mouse = host_mouse,
                              .refresh = host_refresh,
                              .redraw = host_redraw,
                              .explain = host_explain,
                              .alert = watch_alert};
    watch_cures_host(&host);
    return host;
}
