/* optimize: the steps of the plan, one after the other, each told when it begins and when it ends. */
#include "cli/optimize_private.h"

#include <math.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "cli/guard_paths.h"
#include "cli/watch.h"
#include "core/mem.h"
#include "core/text.h"
#include "core/unit.h"
#include "cures/cures.h"

static const double told_every_s = 1;
enum { STOP_WAITING = 2 };

struct run {
    struct optimize *o;
    struct cures *cures;
    int64_t job;    /* that runs */
    int step;       /* from 0 */
    double begun_s; /* monotonic, of the whole */
    bool ended;     /* the job has */
    bool shown;     /* its progress stands on the terminal's last line */
};

/* ---- What is told ---- */

static void wipe(struct run *r)
{
    if (r->shown)
        fputs("\r\033[K", r->o->told);
    r->shown = false;
}

static void begin_line(const struct run *r, int step, struct text *out)
{
    const struct plan_item *item = &r->o->items[r->o->plan.entries[step].item];
    text_init(out, 1 << 14);
    text_addf(out, "%d/%d %s: %s", step + 1, r->o->plan.n_steps, item->action, item->label);
    if (engine_targets(r->o->advice.session.engine) > 1)
        text_addf(out, " on %s", item->target);
}

static void tell_begin(struct run *r)
{
    struct text line;
    begin_line(r, r->step, &line);
    text_addf(&line, ": begins: %s", r->o->items[r->o->plan.entries[r->step].item].statement);
    optimize_tell(r->o->told, "", text_str(&line));
    fflush(r->o->told);
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

static void tell_end(struct run *r, int step)
{
    const struct step_result *result = &r->o->results[step];
    struct text line;
    char took[24];
    wipe(r);
    begin_line(r, step, &line);
    text_addf(&line, ": %s", outcome_name(result->outcome));
    unit_format(took, sizeof(took), result->took_s, UNIT_S);
    if (!isnan(result->took_s))
        text_addf(&line, "%s %s", result->outcome == STEP_DONE ? " in" : " after", took);
    optimize_tell(r->o->told, "", text_str(&line));
    if (result->message != NULL)
        tell_message(r->o->told, result->message);
    fflush(r->o->told);
    text_done(&line);
}

/* What the server says of its process. */
static void add_progress(struct run *r, const struct job *job, struct text *out)
{
    struct query_param params[] = {{"target", {VALUE_TEXT, .text = job->target}},
                                   {"pid", {VALUE_INT, .integer = job->pid}}};
    struct query q = {
        .sql = "select phase || coalesce(' ' || cast(100 * ratio as int) || ' %', '') from progress"
               " where target = :target and pid = :pid",
        .params = params,
        .n_params = 2};
    struct err ignored;
    struct result *rows = advice_select(&r->o->advice, &q, &ignored);
    if (rows != NULL && rows->n_rows > 0 && result_at(rows, 0, 0)->type == VALUE_TEXT)
        text_addf(out, ", %s", result_at(rows, 0, 0)->text);
    result_free(rows);
}

static void on_second(void *ctx)
{
    struct run *r = ctx;
    const struct job *job = jobs_find(cures_jobs(r->cures), r->job);
    struct text line;
    char ran[24];
    if (job == NULL || isnan(job->began_at))
        return;
    text_init(&line, 70);
    unit_format(ran, sizeof(ran), loop_wall_s() - job->began_at, UNIT_S);
    text_addf(&line, "      %s %s", job_state_name(job->state), ran);
    if (job->step == JOB_WAITS || job->attempts > 1)
        text_addf(&line, ", attempt %d to get a lock", job->attempts);
    add_progress(r, job, &line);
    fprintf(r->o->told, "\r\033[K%s", text_str(&line));
    fflush(r->o->told);
    r->shown = true;
    text_done(&line);
}

/* ---- One step ---- */

static void keep(struct run *r, int step, enum outcome outcome, double took_s, const char *message)
{
    r->o->results[step] = (struct step_result){
        .outcome = outcome, .took_s = took_s, .message = message == NULL ? NULL : mem_dup(message)};
    tell_end(r, step);
}

static void on_ended(void *ctx, const struct job *job)
{
    static const enum outcome outcomes[N_JOB_STATES] = {
        [JOB_DONE] = STEP_DONE, [JOB_FAILED] = STEP_FAILED, [JOB_CANCELLED] = STEP_CANCELLED};
    struct run *r = ctx;
    if (job->id != r->job)
        return;
    keep(r, r->step, outcomes[job->state], job->ended_at - job->began_at, job->message);
    r->ended = true;
}

/* What is left of the budget may be less than was reckoned when the plan was made. */
static bool fits(struct run *r, const struct plan_entry *entry)
{
    const struct plan_item *item = &r->o->items[entry->item];
    double left_s = r->o->options.budget_s - (loop_mono_s() - r->begun_s);
    if (isnan(left_s) || item->cost_s <= left_s)
        return true;
    struct plan_entry late = {entry->item, PLAN_NO_TIME, fmax(0, left_s)};
    struct text why;
    text_init(&why, 1000);
    plan_why(&late, item, &why);
    keep(r, r->step, STEP_LEFT, NAN, text_str(&why));
    text_done(&why);
    return false;
}

static bool queue(struct run *r, const struct plan_item *item)
{
    const struct advisor_step step = {item->target, item->action, item->database, item->statement};
    struct cure cure;
    struct err err = {"it is not found any more"};
    const struct action *a = advisor_cure(r->o->advice.advising.advisor, &step, &cure);
    r->job = a == NULL ? 0 : cures_run(r->cures, item->target, a, &cure, watch_person(), &err);
    if (r->job == 0)
        keep(r, r->step, STEP_FAILED, NAN, err.text);
    return r->job != 0;
}

/* Stopped twice, the end is not waited for. */
static void wait_for_end(struct run *r)
{
    struct optimize *o = r->o;
    bool asked = false;
    while (!r->ended && o->stops < STOP_WAITING) {
        if (o->stops > 0 && !asked) {
            wipe(r);
            fputs("cancelling: waiting for the server to end it; once more leaves it to itself\n", o->told);
            cures_cancel_all(r->cures);
            asked = true;
            continue;
        }
        loop_run_once(o->advice.session.loop, true);
    }
    if (!r->ended)
        keep(r, r->step, STEP_FAILED, NAN, "not waited for: the server may go on with it");
    r->job = 0;
}

static void run_step(struct run *r)
{
    const struct plan_entry *entry = &r->o->plan.entries[r->step];
    if (r->o->stops > 0) {
        keep(r, r->step, STEP_LEFT, NAN, "stopped before its turn");
        return;
    }
    if (!fits(r, entry))
        return;
    tell_begin(r);
    r->ended = false;
    if (queue(r, &r->o->items[entry->item]))
        wait_for_end(r);
}

/* ---- All ---- */

static bool tell_sum(const struct run *r)
{
    int n[N_OUTCOMES] = {0};
    const char *between = "";
    char took[24];
    for (int i = 0; i < r->o->plan.n_steps; i++)
        n[r->o->results[i].outcome]++;
    for (enum outcome i = STEP_DONE; i < N_OUTCOMES; i++)
        if (n[i] > 0 || i == STEP_DONE) {
            fprintf(r->o->told, "%s%d %s", between, n[i], outcome_name(i));
            between = ", ";
        }
    unit_format(took, sizeof(took), loop_mono_s() - r->begun_s, UNIT_S);
    fprintf(r->o->told, ", in %s\n", took);
    return n[STEP_DONE] == r->o->plan.n_steps;
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
    struct run r = {.o = o, .cures = cures_new(s->loop, s->engine), .begun_s = loop_mono_s()};
    struct loop_timer *timer = loop_timer_new(s->loop, on_second, &r);
    char *directory = guard_state_directory(&s->config);
    cures_keep(r.cures, o->advice.advising.queries, directory, on_ledger, o);
    free(directory);
    cures_on_ended(r.cures, on_ended, &r);
    if (isatty(fileno(o->told))) {
        engine_want(s->engine, names, 1);
        loop_timer_start(timer, told_every_s, told_every_s);
    }
    for (r.step = 0; r.step < o->plan.n_steps; r.step++)
        run_step(&r);
    bool all = tell_sum(&r);
    loop_timer_free(timer);
    if (!cures_free(r.cures))
        fprintf(o->told, "the ledger did not take what was done last\n");
    return all;
}
