/* optimize: the plan, as SQL that a person can read and psql can run. */
#include <math.h>
#include <stdlib.h>
#include <string.h>

#include "cli/advice.h"
#include "cli/commands.h"
#include "cli/output.h"
#include "core/json.h"
#include "core/mem.h"
#include "core/text.h"
#include "core/utf8.h"
#include "core/when.h"
#include "cures/plan.h"

enum { MOST_ONLY = 16, MOST_PLAN = 1 << 22 };

struct optimize {
    struct advice advice;
    struct plan_options options;
    const char *only[MOST_ONLY];
    char *words; /* what they point into */
    struct result *rows;
    struct plan_item *items; /* by row */
    struct plan plan;
};

/* ---- What is asked for ---- */

static bool read_only_words(struct optimize *o, const char *list, struct err *err)
{
    o->words = mem_dup(list);
    o->options.only = o->only;
    for (char *s = o->words; s != NULL && *s != '\0';) {
        s += strspn(s, ", ");
        size_t len = strcspn(s, ", ");
        if (len == 0)
            break;
        if (o->options.n_only == MOST_ONLY)
            return fail(err, "--only %s: more than %d kinds of action", list, MOST_ONLY);
        char *end = s + len;
        bool last = *end == '\0';
        *end = '\0';
        o->only[o->options.n_only++] = strcmp(s, "index") == 0 ? "create_index" : s;
        s = last ? end : end + 1;
    }
    return true;
}

static bool read_options(struct optimize *o, const struct args *args, struct err *err)
{
    o->options.budget_s = NAN;
    if (!args->dry_run)
        return fail(err, "optimize shows the plan and runs nothing yet: say --dry-run");
    if (args->budget != NULL && !duration_parse(args->budget, &o->options.budget_s, err))
        return fail(err, "--budget %s: %s", args->budget, err->text);
    return args->only == NULL || read_only_words(o, args->only, err);
}

/* ---- The plan ---- */

static const char *text_at(const struct result *r, int row, const char *column)
{
    const struct value *v = result_at(r, row, result_column(r, column));
    return v->type == VALUE_TEXT ? v->text : NULL;
}

static double number_at(const struct result *r, int row, const char *column)
{
    return value_real(result_at(r, row, result_column(r, column)));
}

static bool make_plan(struct optimize *o, struct err *err)
{
    struct query q = {.sql = "select * from findings"};
    o->rows = advice_select(&o->advice, &q, err);
    if (o->rows == NULL)
        return false;
    const struct result *r = o->rows;
    o->items = mem_new_array((size_t)r->n_rows, sizeof(*o->items));
    for (int i = 0; i < r->n_rows; i++)
        o->items[i] = (struct plan_item){.target = text_at(r, i, "target"),
                                         .action = text_at(r, i, "action"),
                                         .label = text_at(r, i, "label"),
                                         .database = text_at(r, i, "database"),
                                         .statement = text_at(r, i, "statement"),
                                         .why_not = text_at(r, i, "why_not"),
                                         .stage = (enum stage)stage_parse(text_at(r, i, "stage")),
                                         .severity = (int)number_at(r, i, "level"),
                                         .rank = number_at(r, i, "worth"),
                                         .cost_s = number_at(r, i, "cost_s")};
    plan_make(o->items, r->n_rows, &o->options, &o->plan);
    return true;
}

/* ---- For people, and for psql: what is no statement is a comment ---- */

static void comment(const char *format, const char *text, FILE *f)
{
    struct text clean;
    text_init(&clean, 1 << 14);
    utf8_clean(&clean, text, false);
    fprintf(f, format, text_str(&clean));
    text_done(&clean);
}

static void print_step(const struct optimize *o, int number, const struct plan_entry *e)
{
    const struct plan_item *item = &o->items[e->item];
    struct text t;
    char takes[24];
    text_init(&t, 1 << 14);
    unit_format(takes, sizeof(takes), item->cost_s, UNIT_S);
    text_addf(&t, "%d. %s: %s", number, text_at(o->rows, e->item, "title"), item->label);
    if (engine_targets(o->advice.session.engine) > 1)
        text_addf(&t, ", target %s", item->target);
    if (item->database != NULL)
        text_addf(&t, ", database %s", item->database);
    if (!isnan(item->cost_s))
        text_addf(&t, ", about %s", takes);
    comment("-- %s\n", text_str(&t), stdout);
    comment("--    %s\n", text_at(o->rows, e->item, "evidence"), stdout);
    text_clear(&t);
    utf8_clean(&t, item->statement, true);
    printf("%s;\n", text_str(&t));
    text_done(&t);
}

static void print_left(const struct optimize *o, const struct plan_entry *e)
{
    const struct plan_item *item = &o->items[e->item];
    struct text t;
    text_init(&t, 1 << 14);
    text_addf(&t, "left out: %s: %s: ", text_at(o->rows, e->item, "title"), item->label);
    plan_why(e, item, &t);
    comment("-- %s\n", text_str(&t), stdout);
    text_done(&t);
}

static void print_plan(struct optimize *o)
{
    char takes[24];
    unit_format(takes, sizeof(takes), o->plan.cost_s, UNIT_S);
    if (o->plan.n_steps > 0)
        printf("-- %d step%s, about %s in all; nothing was run\n", o->plan.n_steps,
               o->plan.n_steps == 1 ? "" : "s", takes);
    else if (o->plan.n > 0)
        printf("-- no step: all of %d findings are left out\n", o->plan.n);
    for (int i = 0; i < o->plan.n_steps; i++)
        print_step(o, i + 1, &o->plan.entries[i]);
    for (int i = o->plan.n_steps; i < o->plan.n; i++)
        print_left(o, &o->plan.entries[i]);
    advice_tell_checks(&o->advice, stdout, "-- ", o->plan.n == 0);
}

/* ---- For programs ---- */

static void add_member(struct json *j, struct text *out, const char *name, const char *value)
{
    text_addf(out, ", \"%s\": ", name);
    if (value != NULL)
        json_add_text(j, out, value);
    else
        text_add(out, "null");
}

static void add_entry(const struct optimize *o, struct json *j, int i, struct text *out)
{
    const struct plan_entry *e = &o->plan.entries[i];
    const struct plan_item *item = &o->items[e->item];
    struct value step = {.type = i < o->plan.n_steps ? VALUE_INT : VALUE_NULL, .integer = i + 1},
                 takes = {.type = VALUE_REAL, .real = item->cost_s};
    struct text why;
    text_init(&why, 1000);
    plan_why(e, item, &why);
    text_addf(out, "%s{\"step\": ", i > 0 ? ", " : "");
    json_add_number(out, &step);
    add_member(j, out, "target", item->target);
    add_member(j, out, "finding", text_at(o->rows, e->item, "finding"));
    add_member(j, out, "action", item->action);
    add_member(j, out, "label", item->label);
    add_member(j, out, "database", item->database);
    add_member(j, out, "statement", item->statement);
    text_add(out, ", \"cost_s\": ");
    json_add_number(out, &takes);
    add_member(j, out, "left_out", e->fate == PLAN_STEP ? NULL : text_str(&why));
    text_add(out, "}");
    text_done(&why);
}

static bool export_plan(struct optimize *o, enum export_format format, struct err *err)
{
    static const char sql[] = "select value ->> 'step' as step, value ->> 'target' as target, value ->> "
                              "'finding' as finding, value ->> 'action' as action,"
                              " value ->> 'label' as label, value ->> 'database' as database, value ->> "
                              "'statement' as statement, value ->> 'cost_s' as cost_s,"
                              " value ->> 'left_out' as left_out from json_each(:plan)";
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
        export_result(stdout, r, format, NULL, true);
    result_free(r);
    text_done(&plan);
    json_free(j);
    return r != NULL;
}

static int print(struct optimize *o, enum export_format format, struct err *err)
{
    if (!make_plan(o, err))
        return EXIT_USAGE;
    if (format != EXPORT_TABLE)
        return export_plan(o, format, err) ? EXIT_OK : EXIT_USAGE;
    print_plan(o);
    return EXIT_OK;
}

int optimize_run(const struct args *args)
{
    struct optimize o = {.rows = NULL};
    struct err err = {0};
    enum export_format format;
    int code = EXIT_USAGE;
    if (read_options(&o, args, &err) && output_format_parse(args->format, &format, &err))
        code = advice_open(&o.advice, args, &err);
    if (code == EXIT_OK)
        code = print(&o, format, &err);
    if (err.text[0] != '\0')
        output_tell(stderr, err.text);
    plan_done(&o.plan);
    free(o.items);
    result_free(o.rows);
    advice_close(&o.advice, code);
    free(o.words);
    return code;
}
