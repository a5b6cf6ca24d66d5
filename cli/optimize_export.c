/* optimize: the plan and what became of it, for programs. */
#include "cli/optimize_private.h"

#include <math.h>

#include "core/json.h"
#include "core/text.h"

enum { MOST_PLAN = 1 << 22 };

const char *outcome_name(enum outcome outcome)
{
    static const char *const names[N_OUTCOMES] = {
        [STEP_DONE] = "done", [STEP_FAILED] = "failed", [STEP_CANCELLED] = "cancelled", [STEP_LEFT] = "left"};
    return names[outcome];
}

static void add_member(struct json *j, struct text *out, const char *name, const char *value)
{
    text_addf(out, ", \"%s\": ", name);
    if (value != NULL)
        json_add_text(j, out, value);
    else
        text_add(out, "null");
}

static void add_seconds(struct text *out, const char *name, double seconds)
{
    struct value value = {.type = VALUE_REAL, .real = seconds};
    text_addf(out, ", \"%s\": ", name);
    json_add_number(out, &value);
}

static void add_entry(const struct optimize *o, struct json *j, int i, struct text *out)
{
    static const struct step_result none = {.outcome = STEP_OPEN, .took_s = NAN};
    const struct plan_entry *e = &o->plan.entries[i];
    const struct plan_item *item = &o->items[e->item];
    const struct step_result *result = i < o->plan.n_steps ? &o->results[i] : &none;
    struct value step = {.type = i < o->plan.n_steps ? VALUE_INT : VALUE_NULL, .integer = i + 1};
    struct text why;
    text_init(&why, 1000);
    plan_why(e, item, &why);
    text_addf(out, "%s{\"step\": ", i > 0 ? ", " : "");
    json_add_number(out, &step);
    add_member(j, out, "target", item->target);
    add_member(j, out, "finding", optimize_text(o, e->item, "finding"));
    add_member(j, out, "action", item->action);
    add_member(j, out, "label", item->label);
    add_member(j, out, "database", item->database);
    add_member(j, out, "statement", item->statement);
    add_seconds(out, "cost_s", item->cost_s);
    add_member(j, out, "left_out", e->fate == PLAN_STEP ? NULL : text_str(&why));
    add_member(j, out, "result", outcome_name(result->outcome));
    add_seconds(out, "took_s", result->took_s);
    add_member(j, out, "message", result->message);
    text_add(out, "}");
    text_done(&why);
}

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
    text_add(&plan, "[");
    for (int i = 0; i < o->plan.n; i++)
        add_entry(o, j, i, &plan);
    text_add(&plan, "]");
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
