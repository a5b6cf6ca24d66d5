/* optimize: the plan, as SQL that a person can read and psql can run, and for programs. */
#include <math.h>

#include "cli/optimize_private.h"
#include "cli/watch.h"
#include "core/json.h"
#include "core/text.h"
#include "core/unit.h"
#include "core/utf8.h"

enum { MOST_PLAN = 1 << 22 };

/* ---- The plan ---- */

static void on_planned(void *ctx, struct round *r)
{
    (void)r;
    ((struct optimize *)ctx)->planned = true;
}

static void on_ended(void *ctx, struct round *r)
{
    (void)r;
    ((struct optimize *)ctx)->ended = true;
}

bool optimize_make_plan(struct optimize *o, struct err *err)
{
    struct session *s = &o->advice.session;
    const struct round_parts parts = {.loop = s->loop,
                                      .engine = s->engine,
                                      .queries = o->advice.advising.queries,
                                      .advisor = o->advice.advising.advisor};
    const struct round_options options = {
        .plan = {.only = o->words.list, .n_only = o->words.n, .budget_s = o->budget_s},
        .by = watch_person(),
        .known = true,
        .one_by_one = true};
    const struct round_host host = {.ctx = o,
                                    .planned = on_planned,
                                    .step_begins = optimize_step_begins,
                                    .step_ended = optimize_step_ended,
                                    .ended = on_ended};
    o->round = round_new(&parts, &options, &host);
    while (!o->planned)
        loop_run_once(s->loop, true);
    return round_error(o->round) == NULL || fail(err, "%s", round_error(o->round));
}

/* ---- For people, and for psql: what is no statement is a comment ---- */

void optimize_tell(FILE *f, const char *prefix, const char *text)
{
    struct text clean;
    text_init(&clean, 1 << 14);
    utf8_clean(&clean, text, false);
    fprintf(f, "%s%s\n", prefix, text_str(&clean));
    text_done(&clean);
}

static void print_step(const struct optimize *o, int step)
{
    const struct plan_item *item = round_item(o->round, step);
    struct text t;
    char takes[24];
    text_init(&t, 1 << 14);
    unit_format(takes, sizeof(takes), item->cost_s, UNIT_S);
    text_addf(&t, "%d. %s: %s", step + 1, round_text(o->round, step, "title"), item->label);
    if (engine_targets(o->advice.session.engine) > 1)
        text_addf(&t, ", target %s", item->target);
    if (item->database != NULL)
        text_addf(&t, ", database %s", item->database);
    if (!isnan(item->cost_s))
        text_addf(&t, ", about %s", takes);
    optimize_tell(stdout, "-- ", text_str(&t));
    optimize_tell(stdout, "--    ", round_text(o->round, step, "evidence"));
    text_clear(&t);
    utf8_clean(&t, item->statement, true);
    printf("%s;\n", text_str(&t));
    text_done(&t);
}

static void print_left(const struct optimize *o, int entry)
{
    const struct plan_item *item = round_item(o->round, entry);
    struct text t;
    text_init(&t, 1 << 14);
    text_addf(&t, "left out: %s: %s: ", round_text(o->round, entry, "title"), item->label);
    plan_why(&round_plan(o->round)->entries[entry], item, &t);
    optimize_tell(stdout, "-- ", text_str(&t));
    text_done(&t);
}

void optimize_print(struct optimize *o)
{
    const struct plan *plan = round_plan(o->round);
    char takes[24];
    unit_format(takes, sizeof(takes), plan->cost_s, UNIT_S);
    if (plan->n_steps > 0)
        printf("-- %d step%s, about %s in all%s\n", plan->n_steps, plan->n_steps == 1 ? "" : "s", takes,
               o->args->dry_run ? "; nothing was run" : "");
    else if (plan->n > 0)
        printf("-- no step: all of %d findings are left out\n", plan->n);
    for (int i = 0; i < plan->n_steps; i++)
        print_step(o, i);
    for (int i = plan->n_steps; i < plan->n; i++)
        print_left(o, i);
    advice_tell_checks(&o->advice, stdout, "-- ", plan->n == 0);
}

/* ---- For programs ---- */

bool optimize_export(struct optimize *o, struct err *err)
{
    static const char sql[] =
        "select value ->> 'step' as step, value ->> 'target' as target, value ->> 'finding' as finding,"
        " value ->> 'action' as action, value ->> 'label' as label, value ->> 'database' as database,"
        " value ->> 'statement' as statement, value ->> 'cost_s' as cost_s, value ->> 'left_out' as left_out,"
        " value ->> 'result' as result, value ->> 'took_s' as took_s, value ->> 'message' as message"
        " from json_each(:plan)";
    struct text plan;
    struct json *j = json_new();
    text_init(&plan, MOST_PLAN);
    round_add_json(o->round, j, &plan);
    struct query_param param = {"plan", {VALUE_TEXT, .text = text_str(&plan)}};
    struct query q = {.sql = sql, .params = &param, .n_params = 1};
    struct result *r = advice_select(&o->advice, &q, err);
    if (r != NULL)
        export_result(stdout, r, o->format, NULL, true);
    result_free(r);
    text_done(&plan);
    json_free(j);
    return r != NULL;
}
