/* Cures: the jobs at work on their servers. */
#include "cures/cures.h"

#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "core/mem.h"
#include "core/text.h"
#include "cures/ledger.h"
#include "cures/measure.h"

/* What runs is told of again this often: its time goes on. */
static const double told_every_s = 1;
/* A server tells up to a second later what has happened: what is read then is surely of afterwards. */
static const double read_after_s = 1.6;

/* A job that runs. */
struct running {
    struct running *next;
    struct cures *cures;
    struct act *act; /* NULL while it is being started */
    int64_t id;
    char *target;
};

/* Who is told when a job begins, or has ended. */
struct listener {
    cures_job_fn *fn; /* NULL: nobody, any more */
    void *ctx;
    bool begun;
};

struct cures {
    struct loop *loop;
    struct engine *engine;
    struct jobs jobs;
    struct running *running;
    struct loop_timer *timer;
    bool changed; /* something is to be told, or begun, in the next turn */
    struct listener *listeners;
    int n_listeners;
    struct ledger *ledger; /* NULL: nothing is kept, nor measured */
    struct measures *measures;
    bool ledger_changed, troubled;
    cures_tell_fn *tell_fn;
    void *tell_ctx;
};

/* In the next turn, when callers have returned. */
static void soon(struct cures *c)
{
    c->changed = true;
    loop_timer_start(c->timer, 0, 0);
}

static void running_free(struct running *r)
{
    for (struct running **p = &r->cures->running; *p != NULL; p = &(*p)->next)
        if (*p == r) {
            *p = r->next;
            break;
        }
    free(r->target);
    free(r);
}

static void keep(struct cures *c, const struct job *job)
{
    struct entry *e = entry_new(job);
    measures_end(c->measures, job, e);
    ledger_put(c->ledger, e);
}

static void tell_job(struct cures *c, const struct job *job, bool begun)
{
    for (int i = 0; i < c->n_listeners; i++)
        if (c->listeners[i].fn != NULL && c->listeners[i].begun == begun)
            c->listeners[i].fn(c->listeners[i].ctx, job);
}

/* So that it is known of whatever becomes of this program. */
static void keep_begun(struct cures *c, struct job *job)
{
    struct entry *e = entry_new(job);
    job->uid = e->uid;
    ledger_put(c->ledger, e);
}

/* What it did is shown, and missed among the findings, as soon as the server tells of it. */
static void read_soon(struct cures *c, const struct job *job)
{
    char name[64];
    for (const char *s = job->on == NULL ? "" : job->on; *s != '\0'; s += strspn(s, " ")) {
        size_t len = strcspn(s, " ");
        snprintf(name, sizeof(name), "%.*s", (int)len, s);
        engine_soon(c->engine, job->target, name, read_after_s);
        s += len;
    }
}

static void tell_end(struct cures *c, const struct job *job)
{
    if (!isnan(job->began_at))
        read_soon(c, job);
    if (c->ledger != NULL)
        keep(c, job);
    engine_note(c->engine, job->target, "cure", job->label, job->action, job_state_name(job->state));
    tell_job(c, job, false);
}

static void end(struct cures *c, struct job *job, enum job_state state, const char *text)
{
    jobs_end(&c->jobs, job, state, text, loop_wall_s());
    tell_end(c, job);
    soon(c);
}

/* ---- What a server tells ---- */

static void on_step(void *ctx, enum act_step step, int pid, int attempt)
{
    static const enum job_step steps[] = {[ACT_RUNS] = JOB_RUNS,
                                          [ACT_WAITS] = JOB_WAITS,
                                          [ACT_WATCHES] = JOB_WATCHES,
                                          [ACT_GOES_ON] = JOB_GOES_ON};
    struct running *r = ctx;
    struct job *job = jobs_find(&r->cures->jobs, r->id);
    if (job != NULL)
        job_goes(job, steps[step], pid, attempt, loop_wall_s());
    soon(r->cures);
}

static void on_ended(void *ctx, enum act_end how, const char *text)
{
    static const enum job_state states[] = {
        [ACT_DONE] = JOB_DONE, [ACT_FAILED] = JOB_FAILED, [ACT_CANCELLED] = JOB_CANCELLED};
    struct running *r = ctx;
    struct cures *c = r->cures;
    struct job *job = jobs_find(&c->jobs, r->id);
    running_free(r);
    if (job != NULL)
        end(c, job, states[how], text);
}

static void on_says(void *ctx, const char *text)
{
    struct running *r = ctx;
    struct job *job = jobs_find(&r->cures->jobs, r->id);
    if (job != NULL)
        job_says(job, text);
    soon(r->cures);
}

/* What takes an entry of the ledger back must be what was written into it. */
static bool may_undo(struct cures *c, const struct job *job, struct err *err)
{
    if (job->undoes == 0)
        return true;
    return c->ledger == NULL ? fail(err, "there is no ledger here")
                             : ledger_may_undo(c->ledger, job->undoes, job->target, job->statement, err);
}

static void begin(struct cures *c, struct job *job)
{
    struct err err = {""};
    job_begin(job, loop_wall_s());
    if (!may_undo(c, job, &err)) {
        end(c, job, JOB_FAILED, err.text);
        return;
    }
    tell_job(c, job, true);
    if (c->measures != NULL)
        measures_begin(c->measures, job);
    if (c->ledger != NULL)
        keep_begun(c, job);
    struct running *r = mem_new(sizeof(*r));
    *r = (struct running){.next = c->running, .cures = c, .id = job->id, .target = mem_dup(job->target)};
    c->running = r;
    struct act_order order = {.database = job->database,
                              .verify = job->verify,
                              .statement = job->statement,
                              .still = job->still,
                              .then = job->then,
                              .then_says = job->then_says,
                              .wait_s = job->wait_s,
                              .after_failure = job->after_failure,
                              .lock_timeout_s = job->lock_timeout_s,
                              .limit_s = job->limit_s,
                              .at_once = job->at_once};
    r->act =
        engine_act(c->engine, job->target, &order, (struct act_host){r, on_step, on_ended, on_says}, &err);
    if (r->act != NULL)
        return;
    running_free(r);
    end(c, job, JOB_FAILED, err.text);
}

/* ---- One turn ---- */

static void put_ledger(struct cures *c, const char *target)
{
    int n;
    const struct entry *const *entries = ledger_newest(c->ledger, &n);
    engine_put(c->engine, target, ledger_sample(entries, n, target, loop_mono_s(), loop_wall_s()));
}

static void put(struct cures *c, const char *target)
{
    if (c->ledger_changed)
        put_ledger(c, target);
    engine_put(c->engine, target, cures_sample(&c->jobs, target, loop_mono_s(), loop_wall_s()));
}

static void forget_listeners(struct cures *c)
{
    int n = 0;
    for (int i = 0; i < c->n_listeners; i++)
        if (c->listeners[i].fn != NULL)
            c->listeners[n++] = c->listeners[i];
    c->n_listeners = n;
}

static void on_timer(void *ctx)
{
    struct cures *c = ctx;
    c->changed = false;
    forget_listeners(c);
    for (int i = 0; i < engine_targets(c->engine); i++) {
        const char *target = engine_target_name(c->engine, i);
        for (struct job *job; (job = jobs_next(&c->jobs, target)) != NULL;)
            begin(c, job);
        put(c, target);
    }
    c->ledger_changed = false;
    if (!c->changed && c->running != NULL)
        loop_timer_start(c->timer, told_every_s, 0);
}

struct cures *cures_new(struct loop *loop, struct engine *e)
{
    struct cures *c = mem_new(sizeof(*c));
    *c = (struct cures){.loop = loop, .engine = e};
    c->timer = loop_timer_new(loop, on_timer, c);
    soon(c); /* an empty list is an answer too */
    return c;
}

/* ---- The ledger ---- */

static void on_ledger(void *ctx)
{
    struct cures *c = ctx;
    char *notice = ledger_take_notice(c->ledger);
    const char *text = notice != NULL ? notice : ledger_trouble(c->ledger);
    bool troubled = text != NULL;
    c->ledger_changed = true;
    if (c->tell_fn != NULL && (troubled || c->troubled))
        c->tell_fn(c->tell_ctx, text);
    c->troubled = troubled;
    free(notice);
    soon(c);
}

static void on_numbers(void *ctx, const struct entry *e)
{
    struct cures *c = ctx;
    ledger_put(c->ledger, entry_copy(e));
}

static void on_demand(void *ctx)
{
    struct cures *c = ctx;
    ledger_watch(c->ledger, engine_is_wanted(c->engine, &ledger_dataset));
}

void cures_keep(struct cures *c, struct query_thread *queries, const char *directory, cures_tell_fn *tell,
                void *ctx)
{
    c->tell_fn = tell;
    c->tell_ctx = ctx;
    c->ledger = ledger_new(c->loop, directory, on_ledger, c);
    c->measures = measures_new(c->loop, c->engine, queries, on_numbers, c);
    engine_on_demand(c->engine, on_demand, c);
    on_demand(c);
}

/* Nobody here will know how they end. */
static const char *left_at(enum job_step step)
{
    static const char *const texts[N_JOB_STEPS] = {
        [JOB_CONNECTS] = "the dashboard was left before it began: nothing was done",
        [JOB_RUNS] = "it ran when the dashboard was left: the server went on with it",
        [JOB_WAITS] = "the dashboard was left while it waited for a lock: nothing was done",
        [JOB_WATCHES] = "the dashboard was left at its first step: the second one was not taken",
        [JOB_GOES_ON] = "its second step was taken when the dashboard was left",
    };
    return texts[step];
}

static void keep_left(struct cures *c)
{
    for (int i = 0; i < c->jobs.n; i++) {
        const struct job *job = c->jobs.list[i];
        if (job->state != JOB_RUNNING && job->state != JOB_CANCELLING)
            continue;
        struct entry *e = entry_new(job);
        entry_say(e, "left", left_at(job->step));
        ledger_put(c->ledger, e);
    }
}

bool cures_free(struct cures *c)
{
    if (c == NULL)
        return true;
    engine_off_demand(c->engine, c);
    if (c->ledger != NULL)
        keep_left(c);
    while (c->running != NULL) {
        engine_act_forget(c->engine, c->running->target, c->running->act);
        running_free(c->running);
    }
    measures_free(c->measures);
    bool kept = ledger_free(c->ledger);
    loop_timer_free(c->timer);
    jobs_done(&c->jobs);
    free(c->listeners);
    free(c);
    return kept;
}

/* ---- What is asked of it ---- */

static bool has_target(const struct cures *c, const char *target)
{
    for (int i = 0; i < engine_targets(c->engine); i++)
        if (strcmp(engine_target_name(c->engine, i), target) == 0)
            return true;
    return false;
}

/* A command of one product is sent to no other. */
static bool serves(const struct cures *c, const struct action *a, const char *target, struct err *err)
{
    for (int i = 0; i < engine_targets(c->engine); i++) {
        struct source_status status;
        engine_target_status(c->engine, i, &status);
        if (strcmp(engine_target_name(c->engine, i), target) == 0 && !action_serves(a, status.product))
            return fail(err, "%s is nothing for %s", a->name, status.product);
    }
    return true;
}

static int64_t number_of(const char *text)
{
    return text == NULL ? 0 : strtoll(text, NULL, 10);
}

/* What jobs_add copies: a job's strings are its own, those of a cure are constant. */
static char *lent(const char *s)
{
    return (char *)(uintptr_t)s;
}

static int64_t add(struct cures *c, const struct job *job, struct err *err)
{
    if (!may_undo(c, job, err))
        return 0;
    struct job *added = has_target(c, job->target) ? jobs_add(&c->jobs, job, loop_wall_s()) : NULL;
    if (added == NULL) {
        fail(err, has_target(c, job->target) ? "%s has too many jobs waiting" : "no target is called %s",
             job->target);
        return 0;
    }
    soon(c);
    return added->id;
}

int64_t cures_run(struct cures *c, const char *target, const struct action *a, const struct cure *cure,
                  const char *by, struct err *err)
{
    if (cure->why_not != NULL || cure->statement == NULL) {
        fail(err, "%s: %s", a->name, cure->why_not != NULL ? cure->why_not : "there is nothing to run");
        return 0;
    }
    if (!serves(c, a, target, err))
        return 0;
    struct text on;
    text_init(&on, 1000);
    for (int i = 0; i < a->n_on; i++)
        text_addf(&on, "%s%s", i == 0 ? "" : " ", a->on[i]);
    char *measure = action_measure(a);
    struct job job = {.target = lent(target),
                      .action = lent(a->name),
                      .label = lent(cure->label != NULL ? cure->label : target),
                      .database = lent(cure->database),
                      .verify = lent(cure->verify),
                      .statement = lent(cure->statement),
                      .still = lent(cure->still),
                      .then = lent(cure->then_statement),
                      .then_says = lent(cure->then_says),
                      .wait_s = cure->wait_s == NULL ? 0 : strtod(cure->wait_s, NULL),
                      .after_failure = lent(cure->after_failure),
                      .undo = lent(cure->undo),
                      .keys = lent(cure->keys),
                      .measure = measure,
                      .undo_verify = lent(cure->undo_verify),
                      .why_no_undo = cure->undo != NULL ? NULL : lent(a->lasting),
                      .undoes = number_of(cure->undoes),
                      .on = lent(text_str(&on)),
                      .by = lent(by),
                      .at_once = a->at_once,
                      .lock_timeout_s = a->lock_timeout_s,
                      .limit_s = a->limit_s};
    int64_t id = add(c, &job, err);
    text_done(&on);
    free(measure);
    return id;
}

bool cures_cancel(struct cures *c, int64_t id, struct err *err)
{
    struct job *job = jobs_find(&c->jobs, id);
    if (job == NULL || !job_is_open(job))
        return fail(err, job == NULL ? "there is no such job" : "it has ended");
    bool queued = job->state == JOB_QUEUED;
    if (job_cancel(job, loop_wall_s()))
        for (struct running *r = c->running; r != NULL; r = r->next)
            if (r->id == id)
                engine_act_cancel(c->engine, r->target, r->act);
    if (queued)
        tell_end(c, job);
    soon(c);
    return true;
}

void cures_cancel_all(struct cures *c)
{
    for (int i = c->jobs.n - 1; i >= 0; i--)
        if (job_is_open(c->jobs.list[i]))
            cures_cancel(c, c->jobs.list[i]->id, NULL);
}

bool cures_measure(const struct cures *c)
{
    return c->measures != NULL && measures_wait(c->measures);
}

int cures_open(const struct cures *c)
{
    return jobs_open(&c->jobs, NULL);
}

static void add_listener(struct cures *c, const struct listener *l)
{
    c->listeners = mem_grow(c->listeners, (size_t)c->n_listeners + 1, sizeof(*c->listeners));
    c->listeners[c->n_listeners++] = *l;
}

void cures_on_begun(struct cures *c, cures_job_fn *fn, void *ctx)
{
    add_listener(c, &(struct listener){fn, ctx, true});
}

void cures_on_ended(struct cures *c, cures_job_fn *fn, void *ctx)
{
    add_listener(c, &(struct listener){fn, ctx, false});
}

void cures_off(struct cures *c, const void *ctx)
{
    for (int i = 0; i < c->n_listeners; i++)
        if (c->listeners[i].ctx == ctx)
            c->listeners[i].fn = NULL; /* its place is another's in the next turn: somebody may be told now */
    soon(c);
}

const struct jobs *cures_jobs(const struct cures *c)
{
    return &c->jobs;
}
