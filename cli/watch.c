/* The dashboard: wires loop, engine, query thread and terminal to it. Without a terminal it prints two refreshes. */
#include "cli/watch.h"

#include <malloc.h>
#include <math.h>
#include <signal.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "alerts/alerts.h"
#include "cli/attach_find.h"
#include "cli/commands.h"
#include "cli/dashboard.h"
#include "cli/output.h"
#include "core/mem.h"
#include "cures/cures.h"
#include "core/text.h"
#include "cures/advisor.h"

/* Frames for data come at most this often; a key is drawn at once. */
static const double frame_s = 1.0 / 30;
/* The answers of one refresh are drawn together when they come within this time. */
static const double together_s = 0.15;
/* What a key asks for is drawn as soon as it comes, within this time. */
static const double key_answer_s = 0.25;
/* The screen opens after this even if no target has answered yet. */
static const double patience_s = 1.0;
static const double plain_patience_s = 20;
/* Panes ask again a moment after the sample that they wait for. */
static const double settle_s = 0.3;
/* The second sample of a dataset follows the first one this soon: rates are there when the eye is. Not sooner: backends of PostgreSQL hand in what they
 * count once a second. */
static const double first_s = 1;
/* A big answer leaves holes in the heap; their pages go back to the system this often. */
static const double trim_every_s = 10;
static const double first_trim_s = 4;

/* What the loop tells. */

static void on_tick(void *ctx)
{
    struct watch *w = ctx;
    double next = dash_tick(w->dash), now = loop_mono_s();
    if (w->trim_s == 0)
        w->trim_s = now + first_trim_s;
    if (now >= w->trim_s) {
        malloc_trim(0);
        w->trim_s = now + trim_every_s;
    }
    loop_timer_start(w->tick, fmin(fmax(next, 0.01), 60), 0);
}

void watch_tick(struct watch *w)
{
    on_tick(w);
}

static void on_sample(void *ctx, const char *target, const struct dataset *d)
{
    struct watch *w = ctx;
    if (w->alerts != NULL)
        alerts_sample(w->alerts, target, d);
    if (w->advisor != NULL)
        advisor_sample(w->advisor, target, d);
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
    w->key_s = loop_mono_s();
    on_tick(w);
}

static void on_frame_time(void *ctx)
{
    (void)ctx; /* the drawing happens before the loop sleeps again */
}

static void on_signal(void *ctx, int signal_number)
{
    struct watch *w = ctx;
    (void)signal_number;
    w->quit = true;
    loop_stop(w->session.loop);
}

static void draw(void *ctx)
{
    struct watch *w = ctx;
    bool all = dash_dirty(w->dash) || w->redraw;
    if (!all && !dash_clock_due(w->dash))
        return;
    double now = loop_mono_s(), wait = w->drawn_s + frame_s - now;
    if (w->dirty_s == 0)
        w->dirty_s = now;
    if (!dash_settled(w->dash) && w->drawn_s > 0)
        wait = fmax(wait, w->dirty_s + together_s - now);
    if (wait > 0 && !w->key_pending) {
        loop_timer_start(w->frame, wait, 0);
        return;
    }
    if (!terminal_ready(w->terminal))
        return; /* terminal_on_drained wakes the loop */
    int rows, columns;
    terminal_size(w->terminal, &rows, &columns);
    if (rows != w->canvas->rows || columns != w->canvas->columns) {
        canvas_resize(w->canvas, rows, columns);
        all = true;
    }
    if (all)
        dash_draw(w->dash, w->canvas);
    else
        dash_draw_clock(w->dash, w->canvas);
    if (all && !dash_settled(w->dash)) /* what was drawn may want more rows */
        loop_timer_start(w->tick, 0.01, 0);
    terminal_paint(w->terminal, w->canvas, all ? rows : 1);
    w->drawn_s = loop_mono_s();
    w->dirty_s = 0;
    w->key_pending = !dash_complete(w->dash) && now - w->key_s < key_answer_s;
    w->redraw = false;
}

/* Opening and closing. */

static bool add_user_pages(struct watch *w, struct err *err)
{
    pages_init(&w->pages);
    return actions_read(&w->actions, err) && pages_add_builtin(&w->pages, err) && pages_add(&w->pages, &w->session.config, err) && pages_check(&w->pages, err) &&
           dashboard_check(&w->session.config, &w->pages, err);
}

/* What has answered before there was a dashboard. */
static void tell_known(struct watch *w)
{
    const struct registry *r = &w->session.registry;
    for (int i = 0; i < r->n; i++)
        if (engine_samples(w->session.engine, w->target, r->datasets[i], NULL) > 0)
            dash_data_changed(w->dash, w->target, r->datasets[i]->name);
}

static bool make_dash(struct watch *w, const char *badge, struct err *err)
{
    const struct config *c = &w->session.config;
    const struct args *a = w->session.args;
    struct window_spec window;
    if (!window_spec_parse(a->window, &window, err))
        return false;
    int n_themes = 0;
    for (; n_themes < theme_builtin_count() && n_themes < MOST_THEMES; n_themes++)
        w->themes[n_themes] = theme_builtin_name(n_themes);
    struct dash_options options = {.registry = &w->session.registry,
                                   .pages = &w->pages,
                                   .actions = &w->actions,
                                   .page = a->page != NULL ? a->page : config_get(c, "dashboard", "page"),
                                   .target = w->target,
                                   .window = a->window != NULL ? a->window : config_get(c, "dashboard", "window"),
                                   .refresh_s = w->session.refresh_s,
                                   .badge = badge,
                                   .attached = w->attach != NULL ? attach_name(w->attach) : NULL,
                                   .read_only = a->read_only,
                                   .mouse = config_get_bool(c, "dashboard", "mouse"),
                                   .themes = w->themes,
                                   .n_themes = n_themes};
    w->dash = dash_new(&options, w->attach != NULL ? watch_attached_host(w) : watch_host(w), err);
    if (w->dash == NULL)
        return false;
    w->tick = loop_timer_new(w->session.loop, on_tick, w);
    w->frame = loop_timer_new(w->session.loop, on_frame_time, w);
    if (w->attach != NULL) {
        watch_attached_start(w);
        return true;
    }
    engine_on_sample(w->session.engine, on_sample, w);
    tell_known(w);
    w->advisor = advisor_new(w->session.loop, w->session.engine, w->queries, c, &w->session.registry, &w->actions, err);
    watch_cures_start(w);
    return w->advisor != NULL && watch_alerts_start(w, err);
}

static bool open_terminal(struct watch *w, struct err *err)
{
    const struct config *c = &w->session.config;
    const struct args *a = w->session.args;
    const char *no_color = getenv("NO_COLOR");
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
    alerts_free(w->alerts);
    advisor_free(w->advisor);
    watch_cures_leave(w);
    if (!cures_free(w->cures))
        output_tell(stderr, "the ledger did not take what was done last");
    job_sum_done(&w->ended);
    dash_free(w->dash); /* takes back what it asked: the query thread and the guard must still be there */
    attach_free(w->attach);
    query_thread_free(w->queries);
    free(w->target);
    pages_done(&w->pages);
    actions_done(&w->actions);
    if (w->tick != NULL)
        loop_timer_free(w->tick);
    if (w->frame != NULL)
        loop_timer_free(w->frame);
    if (w->refresh != NULL)
        loop_timer_free(w->refresh);
    for (int i = 0; i < N_WATCH_SIGNALS; i++)
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

/* Of what the page reads the target that it looks at has N_SAMPLES, where it answers and has such a dataset. */
static bool have_samples(const struct watch *w, int n_samples)
{
    const struct engine *e = w->session.engine;
    const char *name = dash_target(w->dash);
    struct source_status status = {.state = SOURCE_DOWN};
    for (int i = 0; w->attach == NULL && i < engine_targets(e); i++)
        if (strcmp(engine_target_name(e, i), name) == 0)
            engine_target_status(e, i, &status);
    for (int i = 0; i < w->n_demanded && status.state != SOURCE_DOWN; i++) {
        const char *failed;
        if (engine_samples(e, name, w->demanded[i], &failed) < n_samples && failed == NULL)
            return false;
    }
    return dash_complete(w->dash) && !dash_looks_for_target(w->dash);
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
        run_for(w, i == 0 ? settle_s : w->session.refresh_s);
        for (int tries = 0; tries < 40 && !dash_complete(w->dash); tries++)
            run_for(w, 0.05);
        print_plain(w);
    }
    return w->attach != NULL || engine_has_data(w->session.engine) ? EXIT_OK : EXIT_NO_DATA;
}

static int run(struct watch *w, const char *badge, struct err *err)
{
    static const int numbers[N_WATCH_SIGNALS] = {SIGTERM, SIGHUP, SIGINT};
    for (int i = 0; i < N_WATCH_SIGNALS; i++)
        w->signals[i] = loop_signal_new(w->session.loop, numbers[i], on_signal, w);
    bool plain = !isatty(STDOUT_FILENO);
    const char *theme = w->session.args->theme;
    if (!theme_load(theme != NULL ? theme : config_get(&w->session.config, "dashboard", "theme"), &w->theme, err))
        return EXIT_USAGE;
    if (w->attach == NULL) {
        if (!reach(w, plain ? plain_patience_s : patience_s)) {
            session_explain_down(&w->session, stderr);
            return EXIT_NO_DATA;
        }
        w->target = mem_dup(engine_target_name(w->session.engine, 0));
        w->queries = query_thread_new(w->session.loop, &w->session.registry, err);
    }
    if ((w->attach == NULL && w->queries == NULL) || !make_dash(w, badge, err))
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

/* The guard that was named, else the one of this machine when no target was: it knows the minutes before. False and err when the named
 * one cannot be attached to. */
static bool find_guard(struct watch *w, int n_words, const char *badge, struct err *err)
{
    const struct args *a = w->session.args;
    bool named = n_words > 0 || args_name_server(a);
    if (a->attach != NULL)
        return (w->attach = attach_named(&w->session, a->attach, &w->target, err)) != NULL;
    if (!a->no_attach && !a->notify && !named && badge == NULL)
        w->attach = attach_local(&w->session, &w->target);
    return true;
}

int watch_targets(const struct args *args, const char *const *words, int n, const struct watch_place *place)
{
    struct watch w = {0};
    const char *badge = place != NULL ? place->badge : NULL;
    struct err err = {0};
    int code = EXIT_USAGE;
    if (session_open(&w.session, args, first_s, &err)) {
        w.session.stack = place != NULL ? place->stack : NULL;
        if (!add_user_pages(&w, &err))
            code = EXIT_USAGE;
        else if (!watch_notify_check(&w, &err))
            code = EXIT_USAGE;
        else if (!find_guard(&w, n, badge, &err))
            code = EXIT_NO_DATA;
        else if (w.attach != NULL || session_add_targets(&w.session, words, n, &err))
            code = run(&w, badge, &err);
        close_all(&w);
        session_close(&w.session, code);
    }
    if (code == EXIT_USAGE || err.text[0] != '\0')
        output_tell(stderr, err.text);
    return code;
}

int watch_run(const struct args *args)
{
    return watch_targets(args, (const char *const *)args->words, args->n_words, NULL);
}
