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

/* ---- What could not be judged ---- */

enum { UNJUDGED_TARGET, UNJUDGED_FINDING, UNJUDGED_TITLE, UNJUDGED_ACTION, UNJUDGED_WHY };

static const char *unjudged(const struct optimize *o, int row, int column)
{
    const struct value *v = result_at(o->unjudged, row, column);
    return v->type == VALUE_TEXT ? v->text : "";
}

static bool is_asked_for(const struct optimize *o, int row)
{
    return plan_is_named(unjudged(o, row, UNJUDGED_ACTION), round_plan_options(o->round));
}

bool optimize_find_unjudged(struct optimize *o, struct err *err)
{
    struct query q = {.sql = "select target, finding, title, action, coalesce(error, no_data) from checks"
                             " where status in ('no data', 'error') and action is not null order by 1, 2"};
    o->unjudged = advice_select(&o->advice, &q, err);
    for (int i = 0; o->unjudged != NULL && i < o->unjudged->n_rows; i++)
        o->n_unjudged += is_asked_for(o, i);
    return o->unjudged != NULL;
}

/* That no step was found does not mean that there is none. Why not is told of each check. */
static void tell_unjudged(const struct optimize *o)
{
    struct text line;
    const char *between = ": ";
    if (o->n_unjudged == 0 || round_plan(o->round)->n_steps > 0)
        return;
    text_init(&line, 1 << 14);
    text_addf(&line, "%d check%s that %s asked for could not be judged", o->n_unjudged,
              o->n_unjudged == 1 ? "" : "s", o->n_unjudged == 1 ? "was" : "were");
    for (int i = 0; i < o->unjudged->n_rows; i++)
        if (is_asked_for(o, i)) {
            text_addf(&line, "%s%s", between, unjudged(o, i, UNJUDGED_TITLE));
            between = ", ";
        }
    optimize_tell(stdout, "-- ", text_str(&line));
    text_done(&line);
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

/* Which server is meant stands where a person decides. */
static void print_places(const struct optimize *o)
{
    const struct engine *e = o->advice.session.engine;
    for (int i = 0; i < engine_targets(e); i++) {
        const struct target_config *config = engine_target_config(e, i);
        struct source_status status;
        struct text t;
        engine_target_status(e, i, &status);
        if (status.place == NULL)
            continue;
        text_init(&t, 1 << 12);
        text_addf(&t, "on %s: %s%s%s", config->name, status.place, config->env[0] != '\0' ? ", env " : "",
                  config->env);
        optimize_tell(stdout, "-- ", text_str(&t));
        text_done(&t);
    }
}

void optimize_print(struct optimize *o)
{
    const struct plan *plan = round_plan(o->round);
    char takes[24];
    unit_format(takes, sizeof(takes), plan->cost_s, UNIT_S);
    print_places(o);
    if (plan->n_steps > 0)
        printf("-- %d step%s, about %s in all%s\n", plan->n_steps, plan->n_steps == 1 ? "" : "s", takes,
               o->args->dry_run ? "; nothing was run" : "");
    else if (plan->n > 0)
        printf("-- no step: all of %d findings are left out\n", plan->n);
    for (int i = 0; i < plan->n_steps; i++)
        print_step(o, i);
    for (int i = plan->n_steps; i < plan->n; i++)
        print_left(o, i);
    tell_unjudged(o);
    advice_tell_checks(&o->advice, stdout, "-- ", plan->n == 0);
}

/* ---- For programs ---- */

static void add_left(struct json *j, struct text *out, const char *target, const char *finding,
                     const char *why)
{
    const char *const texts[] = {"target", target, "finding", finding, "left_out", why};
    text_add(out, out->len == 0 ? "[{" : ",{");
    for (int i = 0; i < 6; i += 2) {
        text_addf(out, "%s\"%s\":", i == 0 ? "" : ",", texts[i]);
        if (texts[i + 1] != NULL)
            json_add_text(j, out, texts[i + 1]);
        else
            text_add(out, "null");
    }
    text_add(out, "}");
}

/* What is no entry of the plan. */
static void add_all_left(const struct optimize *o, const char *problem, struct json *j, struct text *out)
{
    const struct engine *e = o->advice.session.engine;
    struct source_status status;
    for (int i = 0; o->n_refused > 0 && i < engine_targets(e); i++) {
        engine_target_status(e, i, &status);
        if (round_refusal(&status) != NULL)
            add_left(j, out, engine_target_name(e, i), NULL, round_refusal(&status));
    }
    for (int i = 0; o->unjudged != NULL && i < o->unjudged->n_rows; i++)
        if (is_asked_for(o, i)) {
            struct text why;
            text_init(&why, 1 << 14);
            text_addf(&why, "could not be judged: %s", unjudged(o, i, UNJUDGED_WHY));
            add_left(j, out, unjudged(o, i, UNJUDGED_TARGET), unjudged(o, i, UNJUDGED_FINDING),
                     text_str(&why));
            text_done(&why);
        }
    if (problem != NULL)
        add_left(j, out, NULL, NULL, problem);
    text_add(out, out->len == 0 ? "[]" : "]");
}

bool optimize_export(struct optimize *o, const char *problem, struct err *err)
{
    static const char sql[] =
        "select value ->> 'step' as step, value ->> 'target' as target, value ->> 'finding' as finding,"
        " value ->> 'action' as action, value ->> 'label' as label, value ->> 'database' as database,"
        " value ->> 'statement' as statement, value ->> 'cost_s' as cost_s, value ->> 'left_out' as left_out,"
        " value ->> 'result' as result, value ->> 'took_s' as took_s, value ->> 'message' as message"
        " from (select 1 as part, key, value from json_each(:plan)"
        " union all select 2, key, value from json_each(:left)) order by part, key";
    struct text plan, left;
    struct json *j = json_new();
    text_init(&plan, MOST_PLAN);
    text_init(&left, MOST_PLAN);
    if (o->round != NULL && round_error(o->round) == NULL)
        round_add_json(o->round, j, &plan);
    else
        text_add(&plan, "[]");
    add_all_left(o, problem, j, &left);
    struct query_param params[] = {{"plan", {VALUE_TEXT, .text = text_str(&plan)}},
                                   {"left", {VALUE_TEXT, .text = text_str(&left)}}};
    struct query q = {.sql = sql, .params = params, .n_params = 2};
    struct result *r = advice_select(&o->advice, &q, err);
    if (r != NULL)
        export_result(stdout, r, o->format, NULL, true);
    result_free(r);
    text_done(&plan);
    text_done(&left);
    json_free(j);
    return r != NULL;
}
