/* The dashboard: wires loop, engine, query thread and terminal to it. Without a terminal it prints two refreshes. */
#include <errno.h>
#include <fcntl.h>
#include <math.h>
#include <signal.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "cli/commands.h"
#include "cli/session.h"
#include "core/mem.h"
#include "core/text.h"
#include "demo/demo.h"
#include "tui/dash.h"

/* Frames for data come at most this often; a key is drawn at once. */
static const double frame_s = 1.0 / 30;
/* The screen opens after this even if no target has answered yet. */
static const double patience_s = 1.0;
static const double plain_patience_s = 20;
/* The second sample of a dataset follows the first one this soon: rates are there when the eye is. */
static const double first_s = 0.5;
enum { MOST_DEMANDED = 64, MOST_THEMES = 16, N_SIGNALS = 3 };

struct watch {
    struct session session;
    struct query_thread *queries;
    struct pages pages;
    struct dash *dash;
    struct terminal *terminal; /* NULL: plain text */
    struct canvas *canvas;
    struct theme theme;
    struct loop_timer *tick, *frame;
    struct loop_signal *signals[N_SIGNALS];
    const struct dataset *demanded[MOST_DEMANDED];
    int n_demanded;
    double drawn_s;
    bool key_pending, redraw, quit;
    int code;
};

/* What the dashboard asks of its host. */

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
        return ok || fail(err, "cannot write %s: %s", path, strerror(errno));
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

static struct dash_host host_of(struct watch *w)
{
    return (struct dash_host){.ctx = w,
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
                              .redraw = host_redraw};
}

/* What the loop tells. */

static void on_tick(void *ctx)
{
    struct watch *w = ctx;
    double next = dash_tick(w->dash);
    loop_timer_start(w->tick, fmin(fmax(next, 0.01), 60), 0);
}

static void on_sample(void *ctx, const char *target, const struct dataset *d)
{
    struct watch *w = ctx;
    dash_data_changed(w->dash, target, d->name);
    on_tick(w);
}

static void on_key(void *ctx, const struct key *key)
{
    struct watch *w = ctx;
    if (key->kind == KEY_RESIZE)
        w->redraw = true;
    else
        dash_key(w->dash, key);
    w->key_pending = true;
    on_tick(w);
}

static void on_frame_time(void *ctx)
{
    (void)ctx; /* the drawing happens before the loop sleeps again */
}

static void on_signal(void *ctx, int signal_number)
{
    (void)signal_number;
    host_quit(ctx);
}

static void draw(void *ctx)
{
    struct watch *w = ctx;
    if (!dash_dirty(w->dash) && !w->redraw)
        return;
    double wait = w->drawn_s + frame_s - loop_mono_s();
    if (wait > 0 && !w->key_pending) {
        loop_timer_start(w->frame, wait, 0);
        return;
    }
    if (!terminal_ready(w->terminal))
        return; /* terminal_on_drained wakes the loop */
    int rows, columns;
    terminal_size(w->terminal, &rows, &columns);
    if (rows != w->canvas->rows || columns != w->canvas->columns)
        canvas_resize(w->canvas, rows, columns);
    dash_draw(w->dash, w->canvas);
    terminal_paint(w->terminal, w->canvas);
    w->drawn_s = loop_mono_s();
    w->key_pending = w->redraw = false;
}

/* Opening and closing. */

static bool add_user_pages(struct watch *w, struct err *err)
{
    pages_init(&w->pages);
    return pages_add_builtin(&w->pages, err) && pages_add(&w->pages, &w->session.config, err) && pages_check(&w->pages, err);
}

static bool make_dash(struct watch *w, const char *badge, struct err *err)
{
    const struct config *c = &w->session.config;
    const struct args *a = w->session.args;
    static const char *themes[MOST_THEMES];
    int n_themes = 0;
    for (; n_themes < theme_builtin_count() && n_themes < MOST_THEMES; n_themes++)
        themes[n_themes] = theme_builtin_name(n_themes);
    struct dash_options options = {.registry = &w->session.registry,
                                   .pages = &w->pages,
                                   .page = a->page != NULL ? a->page : config_get(c, "dashboard", "page"),
                                   .target = engine_target_name(w->session.engine, 0),
                                   .refresh_s = w->session.refresh_s,
                                   .badge = badge,
                                   .read_only = a->read_only,
                                   .mouse = config_get_bool(c, "dashboard", "mouse"),
                                   .themes = themes,
                                   .n_themes = n_themes};
    w->dash = dash_new(&options, host_of(w), err);
    if (w->dash == NULL)
        return false;
    w->tick = loop_timer_new(w->session.loop, on_tick, w);
    w->frame = loop_timer_new(w->session.loop, on_frame_time, w);
    engine_on_sample(w->session.engine, on_sample, w);
    return true;
}

static bool open_terminal(struct watch *w, struct err *err)
{
    const struct config *c = &w->session.config;
    const struct args *a = w->session.args;
    const char *no_color = getenv("NO_COLOR"), *name = a->theme != NULL ? a->theme : config_get(c, "dashboard", "theme");
    if (!theme_load(name, &w->theme, err))
        return false;
    struct terminal_options options = {.theme = &w->theme,
                                       .mouse = config_get_bool(c, "dashboard", "mouse"),
                                       .no_color = no_color != NULL && no_color[0] != '\0'};
    w->terminal = terminal_new(w->session.loop, &options, on_key, w, err);
    if (w->terminal == NULL)
        return false;
    int rows, columns;
    terminal_size(w->terminal, &rows, &columns);
    w->canvas = canvas_new(rows, columns);
    w->canvas->ascii = a->ascii || config_get_bool(c, "dashboard", "ascii") || !terminal_is_utf8();
    terminal_on_drained(w->terminal, on_frame_time, w);
    loop_before_sleep(w->session.loop, draw, w);
    return true;
}

static void close_all(struct watch *w)
{
    if (w->session.loop != NULL)
        loop_before_sleep(w->session.loop, NULL, NULL);
    terminal_free(w->terminal);
    canvas_free(w->canvas);
    if (w->session.engine != NULL)
        engine_on_sample(w->session.engine, NULL, NULL);
    query_thread_free(w->queries);
    dash_free(w->dash);
    pages_done(&w->pages);
    if (w->tick != NULL)
        loop_timer_free(w->tick);
    if (w->frame != NULL)
        loop_timer_free(w->frame);
    for (int i = 0; i < N_SIGNALS; i++)
        if (w->signals[i] != NULL)
            loop_signal_free(w->signals[i]);
}

/* UP or a lost hope: what the first answer of the targets is. */
enum answer { ANSWER_NONE, ANSWER_UP, ANSWER_DOWN };
static enum answer first_answer(const struct engine *e)
{
    int down = 0;
    for (int i = 0; i < engine_targets(e); i++) {
        struct source_status status;
        engine_target_status(e, i, &status);
        if (status.state == SOURCE_UP)
            return ANSWER_UP;
        down += status.state == SOURCE_DOWN;
    }
    return down == engine_targets(e) ? ANSWER_DOWN : ANSWER_NONE;
}

/* Waits a moment for the first target; false if none can be reached, which is told before any screen opens. */
static bool reach(struct watch *w, double wait_s)
{
    struct loop_timer *timer = loop_timer_new(w->session.loop, on_frame_time, w);
    double end = loop_mono_s() + wait_s;
    loop_timer_start(timer, wait_s, 0);
    while (!w->quit && first_answer(w->session.engine) == ANSWER_NONE && loop_mono_s() < end)
        loop_run_once(w->session.loop, true);
    loop_timer_free(timer);
    return first_answer(w->session.engine) != ANSWER_DOWN;
}

static bool have_samples(const struct watch *w, int n_samples)
{
    for (int i = 0; i < w->n_demanded; i++) {
        const char *failed;
        int have = engine_samples(w->session.engine, engine_target_name(w->session.engine, 0), w->demanded[i], &failed);
        if (have < n_samples && failed == NULL)
            return false;
    }
    return dash_complete(w->dash);
}

static void run_for(struct watch *w, double seconds)
{
    struct loop_timer *timer = loop_timer_new(w->session.loop, on_frame_time, w);
    double end = loop_mono_s() + seconds;
    loop_timer_start(timer, seconds, 0);
    while (!w->quit && loop_mono_s() < end)
        loop_run_once(w->session.loop, true);
    loop_timer_free(timer);
}

static void print_plain(struct watch *w)
{
    struct text t;
    text_init(&t, 1 << 22);
    dash_plain(w->dash, &t, 132, w->session.args->ascii || !terminal_is_utf8());
    fputs(text_str(&t), stdout);
    fflush(stdout);
    text_done(&t);
}

/* Two refreshes as text; 2 when no data came. */
static int run_plain(struct watch *w)
{
    on_tick(w);
    double end = loop_mono_s() + plain_patience_s;
    while (!w->quit && !have_samples(w, 2) && loop_mono_s() < end)
        run_for(w, 0.05);
    for (int i = 0; i < 2 && !w->quit; i++) {
        if (i > 0)
            run_for(w, w->session.refresh_s);
        for (int tries = 0; tries < 40 && !dash_complete(w->dash); tries++)
            run_for(w, 0.05);
        print_plain(w);
    }
    return engine_has_data(w->session.engine) ? EXIT_OK : EXIT_NO_DATA;
}

static int run(struct watch *w, const char *badge, struct err *err)
{
    static const int numbers[N_SIGNALS] = {SIGTERM, SIGHUP, SIGINT};
    for (int i = 0; i < N_SIGNALS; i++)
        w->signals[i] = loop_signal_new(w->session.loop, numbers[i], on_signal, w);
    bool plain = !isatty(STDOUT_FILENO);
    if (!reach(w, plain ? plain_patience_s : patience_s)) {
        session_explain_down(&w->session, stderr);
        return EXIT_NO_DATA;
    }
    w->queries = query_thread_new(w->session.loop, &w->session.registry, err);
    if (w->queries == NULL || !make_dash(w, badge, err))
        return EXIT_USAGE;
    if (plain)
        return run_plain(w);
    if (!open_terminal(w, err))
        return EXIT_USAGE;
    on_tick(w);
    if (!w->quit)
        loop_run(w->session.loop);
    return EXIT_OK;
}

static int watch_targets(const struct args *args, const char *const *words, int n, const char *badge)
{
    struct watch w = {0};
    struct err err = {0};
    int code = EXIT_USAGE;
    if (session_open(&w.session, args, first_s, &err)) {
        if (add_user_pages(&w, &err) && session_add_targets(&w.session, words, n, &err))
            code = run(&w, badge, &err);
        close_all(&w);
        session_close(&w.session);
    }
    if (code == EXIT_USAGE)
        fprintf(stderr, "dbvitals: %s\n", err.text);
    return code;
}

int watch_run(const struct args *args)
{
    return watch_targets(args, (const char *const *)args->words, args->n_words, NULL);
}

/* The demo: a server of our own first, then the dashboard over it. */

struct demo_wait {
    char *conninfo, *error;
};

static void on_demo_ready(void *ctx, const char *conninfo, const char *error)
{
    struct demo_wait *d = ctx;
    d->conninfo = mem_dup(conninfo);
    d->error = mem_dup(error);
}

static void on_demo_progress(void *ctx, const char *text)
{
    (void)ctx;
    fprintf(stderr, "demo: %s\n", text);
}

int demo_command_run(const struct args *args)
{
    struct loop *loop = loop_new();
    struct demo_wait wait = {0};
    struct demo *demo = demo_start(loop, on_demo_ready, &wait);
    demo_watch(demo, on_demo_progress, &wait);
    while (wait.conninfo == NULL && wait.error == NULL)
        loop_run_once(loop, true);
    int code = EXIT_NO_DATA;
    if (wait.error != NULL)
        fprintf(stderr, "dbvitals: %s\n", wait.error);
    else {
        const char *word = wait.conninfo;
        code = watch_targets(args, &word, 1, "DEMO");
    }
    demo_stop(demo);
    free(wait.conninfo);
    free(wait.error);
    loop_free(loop);
    return code;
}
