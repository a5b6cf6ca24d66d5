/* optimize: the steps of the plan, one after the other, each told when it begins and when it ends. */
#include <math.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "cli/guard_paths.h"
#include "cli/optimize_private.h"
#include "core/mem.h"
#include "core/text.h"
#include "core/unit.h"
#include "cures/cures.h"

static const double told_every_s = 1;
static const double numbers_wait_s = 8;
enum { STOP_WAITING = 2 };

/* ---- What is told ---- */

static void wipe(struct optimize *o)
{
    if (o->shown)
        fputs("\r\033[K", o->told);
    o->shown = false;
}

static void begin_line(const struct optimize *o, int step, struct text *out)
{
    const struct plan_item *item = round_item(o->round, step);
    text_init(out, 1 << 14);
    text_addf(out, "%d/%d %s: %s", step + 1, round_plan(o->round)->n_steps, item->action, item->label);
    if (engine_targets(o->advice.session.engine) > 1)
        text_addf(out, " on %s", item->target);
}

void optimize_step_begins(void *ctx, struct round *r, int step)
{
    struct optimize *o = ctx;
    struct text line;
    begin_line(o, step, &line);
    text_addf(&line, ": begins: %s", round_item(r, step)->statement);
    optimize_tell(o->told, "", text_str(&line));
    fflush(o->told);
    text_done(&line);
}

/* The server's message may have several lines. */
static void tell_message(FILE *f, const char *message)
{
    char *copy = mem_dup(message);
    for (char *s = copy, *end; s != NULL; s = end) {
        end = strchr(s, '\n');
        if (end != NULL)
            *end++ = '\0';
        if (*s != '\0')
            optimize_tell(f, "      ", s);
    }
    free(copy);
}

void optimize_step_ended(void *ctx, struct round *r, int step)
{
    struct optimize *o = ctx;
    const struct round_step *s = round_step(r, step);
    struct text line;
    char took[24];
    wipe(o);
    begin_line(o, step, &line);
    text_addf(&line, ": %s", step_state_name(s->state));
    unit_format(took, sizeof(took), s->took_s, UNIT_S);
    if (!isnan(s->took_s))
        text_addf(&line, "%s %s", s->state == STEP_DONE ? " in" : " after", took);
    optimize_tell(o->told, "", text_str(&line));
    if (s->message != NULL)
        tell_message(o->told, s->message);
    fflush(o->told);
    text_done(&line);
}

/* What the server says of its process. */
static void add_progress(struct optimize *o, const struct job *job, struct text *out)
{
    struct query_param params[] = {{"target", {VALUE_TEXT, .text = job->target}},
                                   {"pid", {VALUE_INT, .integer = job->pid}}};
    struct query q = {
        .sql = "select phase || coalesce(' ' || cast(100 * ratio as int) || ' %', '') from progress"
               " where target = :target and pid = :pid",
        .params = params,
        .n_params = 2};
    struct err ignored;
    struct result *rows = advice_select(&o->advice, &q, &ignored);
    if (rows != NULL && rows->n_rows > 0 && result_at(rows, 0, 0)->type == VALUE_TEXT)
        text_addf(out, ", %s", result_at(rows, 0, 0)->text);
    result_free(rows);
}

static const struct job *running_job(const struct optimize *o)
{
    for (int i = 0; i < round_plan(o->round)->n_steps; i++)
        if (round_step(o->round, i)->state == STEP_RUNNING)
            return jobs_find(cures_jobs(o->cures), round_step(o->round, i)->job);
    return NULL;
}

static void on_second(void *ctx)
{
    struct optimize *o = ctx;
    const struct job *job = running_job(o);
    struct text line;
    char ran[24];
    if (job == NULL || isnan(job->began_at))
        return;
    text_init(&line, 70);
    unit_format(ran, sizeof(ran), loop_wall_s() - job->began_at, UNIT_S);
    text_addf(&line, "      %s %s", job_state_name(job->state), ran);
    if (job->step == JOB_WAITS || job->attempts > 1)
        text_addf(&line, ", attempt %d to get a lock", job->attempts);
    add_progress(o, job, &line);
    fprintf(o->told, "\r\033[K%s", text_str(&line));
    fflush(o->told);
    o->shown = true;
    text_done(&line);
}

/* ---- All ---- */

/* Stopped twice, the end is not waited for. */
static void wait_for_end(struct optimize *o)
{
    bool asked = false;
    while (!o->ended) {
        if (o->stops > 0 && !asked) {
            wipe(o);
            fputs("cancelling: waiting for the server to end it; once more leaves it to itself\n", o->told);
            round_stop(o->round);
            asked = true;
        }
        if (o->stops >= STOP_WAITING)
            round_leave(o->round, "not waited for: the server may go on with it");
        loop_run_once(o->advice.session.loop, true);
    }
}

static bool tell_sum(const struct optimize *o)
{
    int n[N_STEP_STATES] = {0}, n_steps = round_plan(o->round)->n_steps;
    const char *between = "";
    char took[24];
    for (int i = 0; i < n_steps; i++)
        n[round_step(o->round, i)->state]++;
    for (enum step_state i = STEP_DONE; i < N_STEP_STATES; i++)
        if (n[i] > 0 || i == STEP_DONE) {
            fprintf(o->told, "%s%d %s", between, n[i], step_state_name(i));
            between = ", ";
        }
    unit_format(took, sizeof(took), round_ran_s(o->round), UNIT_S);
    fprintf(o->told, ", in %s\n", took);
    return n[STEP_DONE] == n_steps;
}

static void on_late(void *ctx)
{
    *(bool *)ctx = true;
}

/* What the catalog knows is known afterwards within seconds, and only a process that is there writes it into
 * the ledger. Windows of minutes are not waited for; whoever stops it before waits for nothing. */
static void wait_for_numbers(struct optimize *o)
{
    struct loop *loop = o->advice.session.loop;
    bool late = false;
    if (o->stops > 0 || !cures_measure(o->cures))
        return;
    struct loop_timer *timer = loop_timer_new(loop, on_late, &late);
    loop_timer_start(timer, numbers_wait_s, 0);
    if (isatty(fileno(o->told))) {
        fputs("waiting for the numbers of afterwards, for the ledger: Ctrl-C leaves them out", o->told);
        fflush(o->told);
        o->shown = true;
    }
    while (!late && o->stops == 0 && cures_measure(o->cures))
        loop_run_once(loop, true);
    wipe(o);
    fflush(o->told);
    loop_timer_free(timer);
}

static void on_ledger(void *ctx, const char *text)
{
    const struct optimize *o = ctx;
    if (text != NULL)
        optimize_tell(o->told, "", text);
}

bool optimize_do(struct optimize *o)
{
    static const char *const names[] = {"progress"};
    struct session *s = &o->advice.session;
    struct loop_timer *timer = loop_timer_new(s->loop, on_second, o);
    char *directory = guard_state_directory(&s->config);
    o->cures = cures_new(s->loop, s->engine);
    cures_keep(o->cures, o->advice.advising.queries, directory, on_ledger, o);
    free(directory);
    if (isatty(fileno(o->told))) {
        engine_want(s->engine, names, 1);
        loop_timer_start(timer, told_every_s, told_every_s);
    }
    round_run(o->round, o->cures);
    wait_for_end(o);
    bool all = tell_sum(o);
    loop_timer_free(timer);
    wait_for_numbers(o);
    if (!cures_free(o->cures))
        fprintf(o->told, "the ledger did not take what was done last\n");
    return all;
}
