/* The advisor: when it asks, and one SELECT after the other. */
#include "cures/advisor.h"

#include <math.h>
#include <stdlib.h>
#include <string.h>

#include "core/mem.h"
#include "cures/advisor_private.h"

enum { PRIORITY = 1, MOST_PARAMS = 64 };
/* What is worth doing changes slowly. */
static const double every_s = 30;
/* Who begins to look sees at once what is known, and soon what is read for it. */
static const double again_s = 3, settle_s = 0.3;
/* What was cured is read anew as soon as its source may be. */
static const double hurry_s = READ_OFTEN_S, hurried_every_s = 1;

static void ask_next(struct advisor *a);
static void need(struct advisor *a, bool all);

/* ---- The round ---- */

static void checked_done(struct checked *c)
{
    for (int i = 0; c->rows != NULL && c->cures != NULL && i < c->rows->n_rows; i++)
        result_free(c->cures[i]);
    free(c->cures);
    result_free(c->rows);
    result_free(c->lacks);
    free(c->error);
}

static void forget(const struct advisor *a, struct checked **all)
{
    for (int i = 0; *all != NULL && i < a->findings.n; i++)
        checked_done(&(*all)[i]);
    free(*all);
    *all = NULL;
}

static void round_done(struct advisor *a)
{
    if (a->ticket != 0)
        query_cancel(a->queries, a->ticket);
    a->ticket = 0;
    forget(a, &a->checked);
    snapshot_unref(a->snapshot);
    a->snapshot = NULL;
}

static void arm(struct advisor *a, double after_s)
{
    a->due_s = loop_mono_s() + after_s;
    loop_timer_start(a->timer, fmax(0.001, after_s), 0);
}

/* What comes again and again does not put it off. */
static void arm_soon(struct advisor *a)
{
    if (a->due_s > loop_mono_s() + settle_s)
        arm(a, settle_s);
}

static bool is_hurried(const struct advisor *a)
{
    return a->hurry_until_s > 0 || a->since_s > 0;
}

static void round_end(struct advisor *a)
{
    bool pending = advisor_keep(a);
    forget(a, &a->last);
    a->last = a->checked;
    a->checked = NULL;
    round_done(a);
    a->rounds++;
    bool hurries = a->begun_s < a->hurry_until_s || a->begun_s < a->since_s;
    bool early = a->rounds == 1 &&
                 a->came; /* a source that answers at once came while the first round was under way */
    a->complete = !pending && !hurries && !early;
    if (a->complete && is_hurried(a)) {
        a->hurry_until_s = a->since_s = 0;
        need(a, true);
    }
    arm(a, !a->complete && a->came ? settle_s : a->rounds == 1 || !a->complete ? again_s : every_s);
}

static void on_answer(void *ctx, struct result *result, const char *error)
{
    struct advisor *a = ctx;
    struct checked *c = &a->checked[a->at];
    a->ticket = 0;
    if (result != NULL)
        c->cpu_ms += result->cpu_ms;
    else if (a->row < 0 && c->error == NULL) /* what is found is worth telling without its cure */
        c->error = mem_dup(error != NULL ? error : "the SELECT failed");
    if (a->row == STEP_LACKS)
        c->lacks = result;
    else if (a->row >= 0)
        c->cures[a->row] = result;
    else {
        c->rows = result;
        c->cures = result == NULL ? NULL : mem_new_array((size_t)result->n_rows, sizeof(*c->cures));
    }
    a->row++;
    ask_next(a);
}

static void submit(struct advisor *a, const char *sql, const struct query_param *params, int n_params,
                   int max_rows)
{
    struct query q = {
        .sql = sql, .params = params, .n_params = n_params, .max_rows = max_rows, .seldom = n_params == 0};
    a->ticket = query_submit(a->queries, a->snapshot, &q, PRIORITY, on_answer, a);
}

/* The action's SELECT of that row: its columns are the parameters. */
static void ask_cure(struct advisor *a, const struct checked *c)
{
    struct query_param params[MOST_PARAMS];
    int n = 0;
    for (; n < c->rows->n_columns && n < MOST_PARAMS; n++)
        params[n] = (struct query_param){c->rows->columns[n].name, *result_at(c->rows, a->row, n)};
    char *sql = action_sql(c->action);
    submit(a, sql, params, n, 1);
    free(sql);
}

/* What is next of finding number a->at; false: all was asked. */
static bool ask_of(struct advisor *a, struct checked *c)
{
    const struct finding *f = c->finding;
    if (!f->enabled || f->missing != NULL)
        return false;
    if (a->row == STEP_LACKS && f->lacks_sql == NULL)
        a->row = STEP_ROWS;
    if (a->row == STEP_LACKS)
        submit(a, f->lacks_sql, NULL, 0, 1000);
    else if (a->row == STEP_ROWS)
        submit(a, f->sql, NULL, 0, MOST_OFFENDERS);
    else if (c->rows != NULL && c->action != NULL && a->row < c->rows->n_rows)
        ask_cure(a, c);
    else
        return false;
    return true;
}

static void ask_next(struct advisor *a)
{
    while (a->at < a->findings.n && !ask_of(a, &a->checked[a->at])) {
        a->at++;
        a->row = STEP_LACKS;
    }
    if (a->at == a->findings.n)
        round_end(a);
}

static void round_begin(struct advisor *a)
{
    a->begun_s = loop_mono_s();
    a->came = false;
    a->snapshot = store_snapshot(engine_store(a->engine));
    a->checked = mem_new_array((size_t)a->findings.n, sizeof(*a->checked));
    for (int i = 0; i < a->findings.n; i++) {
        const struct finding *f = &a->findings.list[i];
        a->checked[i] = (struct checked){
            .finding = f, .action = f->action == NULL ? NULL : action_find(a->actions, f->action)};
    }
    a->at = 0;
    a->row = STEP_LACKS;
    ask_next(a);
}

/* ---- When ---- */

static void on_time(void *ctx)
{
    struct advisor *a = ctx;
    if (a->looked_at && a->checked == NULL)
        round_begin(a);
}

/* Everything that findings read, as rarely as they are asked; or nothing. */
static void need(struct advisor *a, bool all)
{
    struct engine_need *needs = NULL;
    int n = 0;
    for (int i = 0; all && i < a->findings.n; i++) {
        const struct finding *f = &a->findings.list[i];
        if (!f->enabled || f->missing != NULL)
            continue;
        needs = mem_grow(needs, (size_t)(n + f->uses.n), sizeof(*needs));
        for (int u = 0; u < f->uses.n; u++)
            needs[n++] = (struct engine_need){f->uses.datasets[u], is_hurried(a) ? hurried_every_s : every_s};
    }
    engine_need(a->engine, ASKER_FINDINGS, needs, n);
    free(needs);
}

static bool load(struct advisor *a, const struct config *config, struct err *err)
{
    if (a->actions == NULL) {
        if (!actions_read(&a->own_actions, err))
            return false;
        a->actions = &a->own_actions;
    }
    return findings_read(config, a->registry, &a->findings, err);
}

static void on_demand(void *ctx)
{
    struct advisor *a = ctx;
    bool wanted = a->lookers > 0 || engine_is_wanted(a->engine, &findings_dataset) ||
                  engine_is_wanted(a->engine, &checks_dataset);
    if (wanted == a->looked_at || (wanted && a->findings.n == 0 && !load(a, NULL, NULL)))
        return;
    a->looked_at = wanted;
    need(a, wanted);
    if (wanted) {
        a->rounds = 0;
        a->complete = false;
        arm(a, 0);
    } else
        loop_timer_stop(a->timer);
}

static bool reads(const struct advisor *a, const struct dataset *d)
{
    for (int i = 0; i < a->findings.n; i++)
        for (int u = 0; u < a->findings.list[i].uses.n; u++)
            if (a->findings.list[i].uses.datasets[u] == d)
                return true;
    return false;
}

void advisor_sample(struct advisor *a, const char *target, const struct dataset *d)
{
    (void)target;
    if (!a->looked_at || a->complete || !reads(a, d))
        return;
    a->came = true;
    if (a->checked == NULL)
        arm_soon(a);
}

void advisor_soon(struct advisor *a)
{
    if (!a->looked_at)
        return;
    a->complete = false;
    a->hurry_until_s = loop_mono_s() + hurry_s;
    need(a, true);
    if (a->checked == NULL)
        arm(a, settle_s);
}

void advisor_look(struct advisor *a)
{
    a->lookers++;
    a->since_s = loop_mono_s();
    a->complete = false;
    if (!a->looked_at) {
        on_demand(a);
        return;
    }
    need(a, true);
    if (a->checked == NULL)
        arm(a, settle_s);
}

void advisor_look_away(struct advisor *a)
{
    a->lookers--;
    if (a->lookers == 0)
        a->since_s = 0;
    on_demand(a);
}

bool advisor_is_complete(const struct advisor *a)
{
    return a->complete;
}

bool advisor_is_foreign(const struct advisor *a, const struct finding *f, int target, bool unjudged)
{
    bool lacks = false, reads = false;
    for (int i = 0; i < f->uses.n; i++) {
        struct engine_feed feed;
        engine_feed(a->engine, target, f->uses.datasets[i], &feed);
        reads = reads || feed.polled;
        lacks = lacks || (!feed.polled && feed.samples == 0);
    }
    return lacks && (unjudged || !reads);
}

/* ---- What was found, to be done ---- */

void advisor_stop(struct advisor *a)
{
    engine_off_demand(a->engine, a);
    need(a, false);
    loop_timer_stop(a->timer);
    round_done(a);
    a->looked_at = false;
}

static bool same_text(const char *a, const char *b)
{
    return a == NULL || b == NULL ? a == b : strcmp(a, b) == 0;
}

/* The cure of one row, if it is that statement on that target. */
static bool is_cure(const struct checked *c, int row, const struct advisor_step *step, struct cure *out)
{
    int target = result_column(c->rows, "target");
    const struct value *who = target < 0 ? NULL : result_at(c->rows, row, target);
    if (who == NULL || who->type != VALUE_TEXT || strcmp(who->text, step->target) != 0)
        return false;
    struct cure cure;
    if (c->cures[row] == NULL || c->cures[row]->n_rows == 0)
        return false;
    cure_read(c->cures[row], 0, &cure);
    if (!same_text(cure.statement, step->statement) || !same_text(cure.database, step->database))
        return false;
    *out = cure;
    return true;
}

const struct action *advisor_cure(const struct advisor *a, const struct advisor_step *step, struct cure *out)
{
    for (int i = 0; a->last != NULL && i < a->findings.n; i++) {
        const struct checked *c = &a->last[i];
        if (c->action == NULL || c->cures == NULL || !same_text(c->action->name, step->action))
            continue;
        for (int row = 0; row < c->rows->n_rows; row++)
            if (is_cure(c, row, step, out))
                return c->action;
    }
    return NULL;
}

/* ---- Begin and end ---- */

static bool has_own(const struct config *config)
{
    for (int i = 0; i < config->n_sections; i++)
        if (strcmp(config->sections[i].kind, "finding") == 0)
            return true;
    return false;
}

struct advisor *advisor_new(struct loop *loop, struct engine *engine, struct query_thread *queries,
                            const struct config *config, const struct registry *registry,
                            const struct actions *actions, struct err *err)
{
    struct advisor *a = mem_new(sizeof(*a));
    *a = (struct advisor){.loop = loop,
                          .engine = engine,
                          .queries = queries,
                          .registry = registry,
                          .actions = actions,
                          .begun_s = -HUGE_VAL};
    a->timer = loop_timer_new(loop, on_time, a);
    /* What ships is good, and takes a start its time and memory: it is read when somebody looks. */
    if (has_own(config) && !load(a, config, err)) {
        advisor_free(a);
        return NULL;
    }
    engine_on_demand(engine, on_demand, a);
    on_demand(a);
    return a;
}

void advisor_free(struct advisor *a)
{
    if (a == NULL)
        return;
    engine_off_demand(a->engine, a);
    engine_need(a->engine, ASKER_FINDINGS, NULL, 0);
    round_done(a);
    forget(a, &a->last);
    loop_timer_free(a->timer);
    findings_done(&a->findings);
    actions_done(&a->own_actions);
    free(a);
}
