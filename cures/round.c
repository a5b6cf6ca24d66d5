/* A round: asks, plans, and begins one step after the other. */
#include "cures/round.h"

#include <math.h>
#include <stdlib.h>
#include <string.h>

#include "core/mem.h"

static const double patience_s = 30, asked_patience_s = 5, look_every_s = 0.1;
enum { PRIORITY = 1, MOST_FINDINGS = 10000 };

/* What a step runs: copied, since the advisor goes on asking. */
struct order {
    const struct action *action; /* NULL: it is not found any more */
    struct cure cure;
};

struct round {
    struct round_parts parts;
    struct cures *cures; /* NULL: it does not run yet */
    struct round_options options;
    struct round_host host;
    struct arena *arena; /* of the options and the orders */
    struct loop_timer *timer;
    enum round_state state;
    bool looks; /* the advisor works for us */
    bool stopped;
    bool told;      /* that it ended */
    double begun_s; /* monotonic: asking, then running */
    double ran_s;   /* in all, once it has ended */
    int ticket;     /* of the rows that were asked for; 0: none */
    char *error;
    struct result *rows; /* of dataset findings */
    struct plan_item *items;
    int *item_rows; /* of `rows`, by item */
    struct plan plan;
    struct round_step *steps;
    struct order *orders;       /* by step */
    struct actions actions;     /* read for `asked` */
    const struct action *asked; /* in place of findings; NULL: none */
};

static void soon(struct round *r)
{
    loop_timer_start(r->timer, 0, 0);
}

/* ---- What is asked for ---- */

static const char *const *copy_words(struct arena *arena, const char *const *words, int n)
{
    const char **copy = arena_alloc(arena, ((size_t)n + 1) * sizeof(*copy));
    for (int i = 0; i < n; i++)
        copy[i] = arena_dup(arena, words[i]);
    return copy;
}

static void copy_params(struct round *r, const struct round_options *o)
{
    struct query_param *copy = arena_alloc(r->arena, ((size_t)o->n_params + 1) * sizeof(*copy));
    for (int i = 0; i < o->n_params; i++) {
        copy[i] = o->params[i];
        copy[i].name = arena_dup(r->arena, o->params[i].name);
        if (copy[i].value.type == VALUE_TEXT)
            copy[i].value.text = arena_dup(r->arena, o->params[i].value.text);
    }
    copy[o->n_params] =
        (struct query_param){"target", {VALUE_TEXT, .text = o->n_targets > 0 ? r->options.targets[0] : ""}};
    r->options.params = copy;
    r->options.action = arena_dup(r->arena, o->action);
}

static void copy_options(struct round *r, const struct round_options *o)
{
    struct plan_options *plan = &r->options.plan;
    r->options = *o;
    r->options.targets = copy_words(r->arena, o->targets, o->n_targets);
    r->options.by = arena_dup(r->arena, o->by);
    plan->only = copy_words(r->arena, o->plan.only, o->plan.n_only);
    if (o->plan.allow != NULL)
        plan->allow = copy_words(r->arena, o->plan.allow, o->plan.n_allow);
    if (r->options.patience_s <= 0)
        r->options.patience_s = o->action != NULL ? asked_patience_s : patience_s;
    copy_params(r, o);
}

static bool is_target(const struct round *r, const char *name)
{
    for (int i = 0; i < r->options.n_targets; i++)
        if (strcmp(r->options.targets[i], name) == 0)
            return true;
    return r->options.n_targets == 0;
}

/* ---- The plan ---- */

static const char *text_at(const struct result *rows, int row, const char *column)
{
    int c = result_column(rows, column);
    const struct value *v = c < 0 ? NULL : result_at(rows, row, c);
    return v != NULL && v->type == VALUE_TEXT ? v->text : NULL;
}

static const char *cell(const struct round *r, int row, const char *column)
{
    return text_at(r->rows, row, column);
}

static double number(const struct round *r, int row, const char *column)
{
    return value_real(result_at(r->rows, row, result_column(r->rows, column)));
}

/* Of the one row that the action's own SELECT gave. */
static struct plan_item item_asked(const struct round *r)
{
    return (struct plan_item){.target = r->options.targets[0],
                              .action = r->asked->name,
                              .label = cell(r, 0, "label"),
                              .database = cell(r, 0, "database"),
                              .statement = cell(r, 0, "statement"),
                              .why_not = cell(r, 0, "why_not"),
                              .rank = NAN,
                              .cost_s = NAN};
}

static struct plan_item item_of(const struct round *r, int row)
{
    if (r->asked != NULL)
        return item_asked(r);
    const char *confirm = cell(r, row, "confirm");
    return (struct plan_item){.target = cell(r, row, "target"),
                              .action = cell(r, row, "action"),
                              .label = cell(r, row, "label"),
                              .database = cell(r, row, "database"),
                              .statement = cell(r, row, "statement"),
                              .why_not = cell(r, row, "why_not"),
                              .by_name = confirm != NULL && strcmp(confirm, "name") == 0,
                              .by_name_why = cell(r, row, "confirm_why"),
                              .stage = (enum stage)stage_parse(cell(r, row, "stage")),
                              .severity = (int)number(r, row, "level"),
                              .rank = number(r, row, "worth"),
                              .cost_s = number(r, row, "cost_s")};
}

static void make_plan(struct round *r)
{
    int n = 0;
    r->items = mem_new_array((size_t)r->rows->n_rows, sizeof(*r->items));
    r->item_rows = mem_new_array((size_t)r->rows->n_rows, sizeof(*r->item_rows));
    for (int i = 0; i < r->rows->n_rows; i++)
        if (r->asked != NULL || is_target(r, cell(r, i, "target"))) {
            r->items[n] = item_of(r, i);
            r->item_rows[n++] = i;
        }
    plan_make(r->items, n, &r->options.plan, &r->plan);
    r->steps = mem_new_array((size_t)r->plan.n_steps, sizeof(*r->steps));
    r->orders = mem_new_array((size_t)r->plan.n_steps, sizeof(*r->orders));
    for (int i = 0; i < r->plan.n_steps; i++)
        r->steps[i].took_s = NAN;
}

static void take_order(struct round *r, int step)
{
    const struct plan_item *item = round_item(r, step);
    if (r->asked != NULL) {
        r->orders[step].action = r->asked;
        cure_read(r->rows, 0, &r->orders[step].cure);
        cure_keep(&r->orders[step].cure, r->arena);
        return;
    }
    const struct advisor_step wanted = {item->target, item->action, item->database, item->statement};
    struct order *order = &r->orders[step];
    order->action = advisor_cure(r->parts.advisor, &wanted, &order->cure);
    if (order->action != NULL)
        cure_keep(&order->cure, r->arena);
}

/* ---- Asking ---- */

static void look_away(struct round *r)
{
    if (r->looks)
        advisor_look_away(r->parts.advisor);
    r->looks = false;
}

static void tell_planned(struct round *r)
{
    look_away(r);
    r->state = ROUND_PLANNED;
    if (r->host.planned != NULL)
        r->host.planned(r->host.ctx, r);
}

static void on_rows(void *ctx, struct result *rows, const char *error)
{
    struct round *r = ctx;
    r->ticket = 0;
    if (rows == NULL) {
        r->error = mem_dup(error != NULL ? error : "what was found could not be read");
        r->rows = NULL;
    } else {
        r->rows = rows;
        make_plan(r);
        for (int i = 0; i < r->plan.n_steps; i++)
            take_order(r, i);
    }
    tell_planned(r);
}

static void submit(struct round *r, const struct query *q, query_done_fn *fn)
{
    struct snapshot *snapshot = store_snapshot(engine_store(r->parts.engine));
    r->ticket = query_submit(r->parts.queries, snapshot, q, PRIORITY, fn, r);
    snapshot_unref(snapshot);
}

static void ask(struct round *r)
{
    submit(r, &(struct query){.sql = "select * from findings", .max_rows = MOST_FINDINGS, .seldom = true},
           on_rows);
}

/* ---- Asking one action ---- */

static bool is_late(const struct round *r)
{
    return loop_mono_s() >= r->begun_s + r->options.patience_s;
}

/* What cannot be done fails as a whole: nobody asked for anything else. */
static void on_asked_row(void *ctx, struct result *rows, const char *error)
{
    struct round *r = ctx;
    const char *why = rows == NULL || rows->n_rows == 0 ? NULL : text_at(rows, 0, "why_not");
    r->ticket = 0;
    if (rows != NULL && rows->n_rows == 0 && !is_late(r)) {
        result_free(rows);
        loop_timer_start(r->timer, look_every_s, 0);
    } else if (rows != NULL && rows->n_rows > 0 && why == NULL) {
        on_rows(r, rows, NULL);
    } else {
        r->error = mem_dup(why != NULL     ? why
                           : error != NULL ? error
                                           : "it is not there, or there is nothing in it");
        result_free(rows);
        tell_planned(r);
    }
}

/* What it is done to was read after the asking. */
static bool is_fresh(const struct round *r)
{
    bool fresh = true;
    for (int i = 0; i < r->asked->n_on; i++) {
        double at_s = engine_read_at(r->parts.engine, r->options.targets[0], r->asked->on[i]);
        fresh = fresh && at_s >= r->begun_s;
    }
    return fresh;
}

static void ask_action(struct round *r)
{
    char *sql = action_sql(r->asked);
    submit(r,
           &(struct query){.sql = sql,
                           .params = r->options.params,
                           .n_params = r->options.n_params + 1,
                           .max_rows = 1,
                           .seldom = true},
           on_asked_row);
    free(sql);
}

/* What it is done to is read now, whether or not somebody else wants it. */
static bool begin_asked(struct round *r)
{
    struct err err = {""};
    if (r->options.action == NULL)
        return false;
    r->asked = actions_read(&r->actions, &err) ? action_find(&r->actions, r->options.action) : NULL;
    for (int i = 0; r->asked != NULL && i < r->asked->n_on; i++)
        engine_soon(r->parts.engine, r->options.targets[0], r->asked->on[i], 0);
    return true;
}

static void wait_for_findings(struct round *r)
{
    if (r->ticket != 0)
        return;
    if (r->asked != NULL && (is_fresh(r) || is_late(r)))
        ask_action(r);
    else if (r->asked != NULL)
        loop_timer_start(r->timer, look_every_s, 0);
    else if (r->options.known || is_late(r) || advisor_is_complete(r->parts.advisor))
        ask(r);
    else
        loop_timer_start(r->timer, look_every_s, 0);
}

/* ---- Steps ---- */

static void keep(struct round *r, int step, enum step_state state, double took_s, const char *message)
{
    struct round_step *s = &r->steps[step];
    s->state = state;
    s->took_s = took_s;
    s->message = mem_dup(message);
    if (r->host.step_ended != NULL)
        r->host.step_ended(r->host.ctx, r, step);
}

static void on_job_ended(void *ctx, const struct job *job)
{
    static const enum step_state states[N_JOB_STATES] = {
        [JOB_DONE] = STEP_DONE, [JOB_FAILED] = STEP_FAILED, [JOB_CANCELLED] = STEP_CANCELLED};
    struct round *r = ctx;
    for (int i = 0; i < r->plan.n_steps; i++)
        if (r->steps[i].state == STEP_RUNNING && r->steps[i].job == job->id) {
            keep(r, i, states[job->state], job->ended_at - job->began_at, job->message);
            soon(r);
        }
}

/* What is left of the budget may be less than was reckoned when the plan was made. */
static bool fits(struct round *r, int step)
{
    const struct plan_entry *entry = &r->plan.entries[step];
    const struct plan_item *item = &r->items[entry->item];
    double left_s = r->options.plan.budget_s - round_ran_s(r);
    if (isnan(left_s) || item->cost_s <= left_s)
        return true;
    struct plan_entry late = {entry->item, PLAN_NO_TIME, fmax(0, left_s)};
    struct text why;
    text_init(&why, 1000);
    plan_why(&late, item, &why);
    keep(r, step, STEP_LEFT, NAN, text_str(&why));
    text_done(&why);
    return false;
}

static bool may(struct round *r, int step)
{
    const char *why = r->stopped                ? "stopped before its turn"
                      : r->host.forbids != NULL ? r->host.forbids(r->host.ctx, r, step)
                                                : NULL;
    if (why != NULL)
        keep(r, step, STEP_LEFT, NAN, why);
    return why == NULL && fits(r, step);
}

static void begin(struct round *r, int step)
{
    const struct order *order = &r->orders[step];
    struct err err = {"it is not found any more"};
    if (r->host.step_begins != NULL)
        r->host.step_begins(r->host.ctx, r, step);
    int64_t job = order->action == NULL ? 0
                                        : cures_run(r->cures, round_item(r, step)->target, order->action,
                                                    &order->cure, r->options.by, &err);
    r->steps[step].job = job;
    r->steps[step].state = STEP_RUNNING;
    if (job == 0)
        keep(r, step, STEP_FAILED, NAN, err.text);
}

/* Another step runs where this one would. */
static bool is_in_the_way(const struct round *r, int other, int step)
{
    return r->steps[other].state == STEP_RUNNING &&
           (r->options.one_by_one || strcmp(round_item(r, other)->target, round_item(r, step)->target) == 0);
}

static bool waits(const struct round *r, int step)
{
    for (int i = 0; i < r->plan.n_steps; i++)
        if (is_in_the_way(r, i, step))
            return true;
    return false;
}

static bool is_over(const struct round *r)
{
    for (int i = 0; i < r->plan.n_steps; i++)
        if (r->steps[i].state == STEP_OPEN || r->steps[i].state == STEP_RUNNING)
            return false;
    return true;
}

static void let_go(struct round *r)
{
    if (r->cures != NULL)
        cures_off(r->cures, r);
    r->cures = NULL;
}

static void tell_ended(struct round *r)
{
    r->ran_s = round_ran_s(r);
    r->state = ROUND_ENDED;
    r->told = true;
    let_go(r);
    if (r->host.ended != NULL)
        r->host.ended(r->host.ctx, r);
}

static void go_on(struct round *r)
{
    for (int i = 0; i < r->plan.n_steps; i++)
        if (r->steps[i].state == STEP_OPEN && !waits(r, i) && may(r, i))
            begin(r, i);
    if (is_over(r))
        tell_ended(r);
}

static void on_timer(void *ctx)
{
    struct round *r = ctx;
    switch (r->state) {
    case ROUND_ASKING:
        wait_for_findings(r);
        break;
    case ROUND_PLANNED:
        break;
    case ROUND_RUNNING:
        go_on(r);
        break;
    case ROUND_ENDED:
        if (!r->told)
            tell_ended(r);
        break;
    }
}

/* ---- Begin, run, end ---- */

struct round *round_new(const struct round_parts *parts, const struct round_options *options,
                        const struct round_host *host)
{
    struct round *r = mem_new(sizeof(*r));
    *r = (struct round){.parts = *parts, .host = *host, .arena = arena_new(1 << 10)};
    copy_options(r, options);
    r->timer = loop_timer_new(parts->loop, on_timer, r);
    r->begun_s = loop_mono_s();
    if (!begin_asked(r) && !options->known) {
        r->looks = true;
        advisor_look(parts->advisor);
    }
    soon(r);
    return r;
}

static void ask_no_more(struct round *r)
{
    look_away(r);
    if (r->ticket != 0)
        query_cancel(r->parts.queries, r->ticket);
    r->ticket = 0;
}

void round_free(struct round *r)
{
    if (r == NULL)
        return;
    ask_no_more(r);
    let_go(r);
    for (int i = 0; i < r->plan.n_steps; i++)
        free(r->steps[i].message);
    free(r->steps);
    free(r->orders);
    plan_done(&r->plan);
    free(r->items);
    free(r->item_rows);
    result_free(r->rows);
    free(r->error);
    loop_timer_free(r->timer);
    actions_done(&r->actions);
    arena_unref(r->arena);
    free(r);
}

void round_run(struct round *r, struct cures *cures)
{
    r->state = ROUND_RUNNING;
    r->begun_s = loop_mono_s();
    r->cures = cures;
    cures_on_ended(cures, on_job_ended, r);
    soon(r);
}

void round_stop(struct round *r)
{
    r->stopped = true;
    if (r->state < ROUND_RUNNING) {
        ask_no_more(r);
        r->state = ROUND_ENDED;
    }
    for (int i = 0; i < r->plan.n_steps; i++)
        if (r->steps[i].state == STEP_RUNNING)
            cures_cancel(r->cures, r->steps[i].job, NULL);
    soon(r);
}

void round_leave(struct round *r, const char *message)
{
    round_stop(r);
    for (int i = 0; i < r->plan.n_steps; i++)
        if (r->steps[i].state == STEP_RUNNING)
            keep(r, i, STEP_FAILED, NAN, message);
}

/* ---- What is told of it ---- */

enum round_state round_state(const struct round *r)
{
    return r->state;
}

const char *round_error(const struct round *r)
{
    return r->error;
}

const struct plan *round_plan(const struct round *r)
{
    return &r->plan;
}

const struct plan_options *round_plan_options(const struct round *r)
{
    return &r->options.plan;
}

const struct plan_item *round_item(const struct round *r, int i)
{
    return &r->items[r->plan.entries[i].item];
}

const char *round_text(const struct round *r, int i, const char *column)
{
    return cell(r, r->item_rows[r->plan.entries[i].item], column);
}

const struct round_step *round_step(const struct round *r, int i)
{
    return &r->steps[i];
}

double round_ran_s(const struct round *r)
{
    return r->state == ROUND_RUNNING ? loop_mono_s() - r->begun_s : r->ran_s;
}

const char *round_refusal(const struct source_status *status)
{
    if (status->state != SOURCE_UP)
        return "it cannot be reached"; /* why was told */
    if (status->role != NULL && strcmp(status->role, "standby") == 0)
        return "this is a standby, which is read-only: do it on the primary";
    if (status->via != NULL)
        return "a pooler stands between, and nothing of ours may stay on its connections: connect to the "
               "server itself";
    return NULL;
}
