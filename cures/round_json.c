/* A round as programs read it: its plan, and what became of each step. */
#include <math.h>

#include "core/json.h"
#include "cures/round.h"

const char *step_state_name(enum step_state s)
{
    static const char *const names[N_STEP_STATES] = {[STEP_RUNNING] = "running",
                                                     [STEP_DONE] = "done",
                                                     [STEP_FAILED] = "failed",
                                                     [STEP_CANCELLED] = "cancelled",
                                                     [STEP_LEFT] = "left"};
    return names[s];
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

static void add_entry(const struct round *r, struct json *j, int i, struct text *out)
{
    static const struct round_step none = {.took_s = NAN};
    const struct plan *plan = round_plan(r);
    const struct plan_entry *e = &plan->entries[i];
    const struct plan_item *item = round_item(r, i);
    const struct round_step *step = i < plan->n_steps ? round_step(r, i) : &none;
    struct value number = {.type = i < plan->n_steps ? VALUE_INT : VALUE_NULL, .integer = i + 1};
    struct text why;
    text_init(&why, 1000);
    plan_why(e, item, &why);
    text_addf(out, "%s{\"step\": ", i > 0 ? ",\n" : "");
    json_add_number(out, &number);
    add_member(j, out, "target", item->target);
    add_member(j, out, "finding", round_text(r, i, "finding"));
    add_member(j, out, "action", item->action);
    add_member(j, out, "label", item->label);
    add_member(j, out, "database", item->database);
    add_member(j, out, "statement", item->statement);
    add_seconds(out, "cost_s", item->cost_s);
    add_member(j, out, "left_out", e->fate == PLAN_STEP ? NULL : text_str(&why));
    add_member(j, out, "result", step_state_name(step->state));
    add_seconds(out, "took_s", step->took_s);
    add_member(j, out, "message", step->message);
    text_add(out, "}");
    text_done(&why);
}

void round_add_json(const struct round *r, struct json *j, struct text *out)
{
    text_add(out, "[");
    for (int i = 0; i < round_plan(r)->n; i++)
        add_entry(r, j, i, out);
    text_add(out, "]");
}
