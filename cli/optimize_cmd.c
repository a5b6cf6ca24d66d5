/* optimize: whether the plan may be run, and that it is asked for. */
#include <math.h>
#include <signal.h>
#include <string.h>
#include <termios.h>
#include <unistd.h>

#include "cli/commands.h"
#include "cli/optimize_private.h"
#include "cli/output.h"
#include "core/when.h"

/* Its own exit codes, for scripts. */
enum { ALL_DONE = 0, SOME_LEFT = 1, NOT_BEGUN = 2, NOT_JUDGED = 3 };

/* ---- Before a server is asked ---- */

static bool may_begin(const struct optimize *o, struct err *err)
{
    const struct args *a = o->args;
    if (a->dry_run)
        return true;
    if (a->read_only)
        return fail(err, "--read-only: nothing is run; --dry-run shows the plan");
    if (a->yes)
        return true;
    if (!isatty(STDIN_FILENO) || !isatty(STDOUT_FILENO))
        return fail(err, "without a terminal nobody can be asked, and nothing is run: say --yes, or "
                         "--dry-run to see the plan");
    return o->format == EXPORT_TABLE || fail(err,
                                             "--format %s: a question would stand in the middle of it: say "
                                             "--yes, or --dry-run to see the plan",
                                             a->format);
}

static bool read_options(struct optimize *o, struct err *err)
{
    const struct args *a = o->args;
    o->budget_s = NAN;
    if (!output_format_parse(a->format, &o->format, err) || !may_begin(o, err))
        return false;
    o->told = o->format == EXPORT_TABLE ? stdout : stderr;
    if (a->budget != NULL && !duration_parse(a->budget, &o->budget_s, err))
        return fail(err, "--budget %s: %s", a->budget, err->text);
    return a->only == NULL || plan_words_read(a->only, &o->words, err) ||
           fail(err, "--only %.900s", err->text);
}

/* ---- Where nothing can be done ---- */

static bool any_target(struct optimize *o)
{
    struct engine *e = o->advice.session.engine;
    for (int i = 0; i < engine_targets(e); i++) {
        struct source_status status;
        char line[300];
        engine_target_status(e, i, &status);
        if (round_refusal(&status) == NULL)
            continue;
        snprintf(line, sizeof(line), "%s: %s", engine_target_name(e, i), round_refusal(&status));
        output_tell(stderr, line);
        o->n_refused++;
    }
    return o->n_refused < engine_targets(e);
}

/* ---- The question ---- */

struct answer {
    char line[16];
    size_t len; /* of the whole line; more than fits is no answer */
    bool ended;
};

static void on_readable(void *ctx, bool readable, bool writable)
{
    struct answer *a = ctx;
    char c;
    (void)readable;
    (void)writable;
    if (read(STDIN_FILENO, &c, 1) != 1 || c == '\n') {
        a->ended = true;
        return;
    }
    if (a->len < sizeof(a->line) - 1)
        a->line[a->len] = c;
    a->len++;
}

/* What was typed before the question is thrown away, and a paste comes with marks around it: it is not `yes`.
 */
static bool is_wanted(struct optimize *o)
{
    struct answer a = {.len = 0};
    struct loop *loop = o->advice.session.loop;
    bool one = round_plan(o->round)->n_steps == 1;
    printf("\033[?2004hRun %s? Only the word yes runs %s: ", one ? "this step" : "these steps",
           one ? "it" : "them");
    fflush(stdout);
    tcflush(STDIN_FILENO, TCIFLUSH);
    struct loop_fd *fd = loop_fd_new(loop, STDIN_FILENO, on_readable, &a);
    if (fd != NULL)
        loop_fd_want(fd, true, false);
    while (fd != NULL && !a.ended && o->stops == 0)
        loop_run_once(loop, true);
    loop_fd_free(fd);
    fputs("\033[?2004l", stdout);
    if (o->stops > 0)
        putchar('\n');
    return o->stops == 0 && strcmp(a.line, "yes") == 0 && a.len == 3;
}

/* ---- The command ---- */

static void on_signal(void *ctx, int number)
{
    (void)number;
    ((struct optimize *)ctx)->stops++;
}

/* Steps of the plan that do not fit its time, or cannot be done, though they were asked for. */
static bool leaves(const struct optimize *o)
{
    const struct plan *plan = round_plan(o->round);
    for (int i = plan->n_steps; i < plan->n; i++) {
        enum plan_fate fate = plan->entries[i].fate;
        const char *action = round_item(o->round, i)->action;
        if (fate == PLAN_NO_TIME || fate == PLAN_BY_NAME ||
            (fate == PLAN_IMPOSSIBLE && plan_is_named(action, round_plan_options(o->round))))
            return true;
    }
    return o->n_refused > 0;
}

static int run(struct optimize *o)
{
    static const int numbers[] = {SIGINT, SIGTERM, SIGHUP};
    enum { N_NUMBERS = sizeof(numbers) / sizeof(numbers[0]) };
    struct loop_signal *signals[N_NUMBERS];
    int code = leaves(o) ? SOME_LEFT : ALL_DONE;
    if (round_plan(o->round)->n_steps == 0)
        return code;
    for (int i = 0; i < N_NUMBERS; i++)
        signals[i] = loop_signal_new(o->advice.session.loop, numbers[i], on_signal, o);
    advisor_stop(o->advice.advising.advisor);
    if (!o->args->yes && !is_wanted(o)) {
        puts("nothing was run");
        code = SOME_LEFT;
    } else if (!optimize_do(o))
        code = SOME_LEFT;
    for (int i = 0; i < N_NUMBERS; i++)
        loop_signal_free(signals[i]);
    return code;
}

static bool make_plan(struct optimize *o, struct err *err)
{
    return (o->args->dry_run || any_target(o)) && optimize_make_plan(o, err) &&
           optimize_find_unjudged(o, err);
}

/* Programs get their document in each case. */
static int plan_and_run(struct optimize *o, struct err *err)
{
    bool table = o->format == EXPORT_TABLE, made = make_plan(o, err);
    int code = made ? ALL_DONE : NOT_BEGUN;
    struct err export_err = {""};
    if (made && table)
        optimize_print(o);
    fflush(stdout);
    if (made && !o->args->dry_run)
        code = run(o);
    if (code == ALL_DONE && round_plan(o->round)->n_steps == 0 && o->n_unjudged > 0)
        code = NOT_JUDGED;
    if (!table && !optimize_export(o, err->text[0] != '\0' ? err->text : NULL, &export_err)) {
        output_tell(stderr, export_err.text);
        code = code == NOT_BEGUN ? NOT_BEGUN : SOME_LEFT;
    }
    return code;
}

int optimize_run(const struct args *args)
{
    struct optimize o = {.args = args};
    struct err err = {0};
    int code = NOT_BEGUN, opened = read_options(&o, &err) ? advice_open(&o.advice, args, &err) : EXIT_USAGE;
    if (opened == EXIT_OK)
        code = plan_and_run(&o, &err);
    else if (opened == EXIT_NO_DATA && o.format != EXPORT_TABLE && !any_target(&o))
        optimize_export(&o, NULL, &err);
    if (err.text[0] != '\0')
        output_tell(stderr, err.text);
    round_free(o.round);
    result_free(o.unjudged);
    advice_close(&o.advice, code);
    plan_words_done(&o.words);
    return code;
}
