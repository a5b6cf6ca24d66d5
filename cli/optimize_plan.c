/* optimize: the plan, as SQL that a person can read and psql can run. */
#include "cli/optimize_private.h"

#include <math.h>
#include <string.h>

#include "core/mem.h"
#include "core/text.h"
#include "core/utf8.h"
#include "cures/action.h"

/* ---- What is asked for ---- */

/* A word that means no action would be a plan that is always empty. */
static bool check_word(const struct actions *actions, const char *word, struct err *err)
{
    const struct plan_options one = {.only = &word, .n_only = 1};
    for (int i = 0; i < actions->n; i++)
        if (plan_is_named(actions->list[i].name, &one))
            return true;
    return fail(err,
                "--only %s: no action is called so: analyze, vacuum, reindex, index, drop, or a name of "
                "dbvitals help actions",
                word);
}

static bool check_words(const struct optimize *o, struct err *err)
{
    struct actions actions;
    if (!actions_read(&actions, err))
        return false;
    bool ok = o->options.n_only > 0 || fail(err, "--only names no action");
    for (int i = 0; ok && i < o->options.n_only; i++)
        ok = check_word(&actions, o->only[i], err);
    actions_done(&actions);
    return ok;
}

bool optimize_read_words(struct optimize *o, const char *list, struct err *err)
{
    o->words = mem_dup(list);
    o->options.only = o->only;
    for (char *s = o->words; *s != '\0';) {
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
    return check_words(o, err);
}

/* ---- The plan ---- */

const char *optimize_text(const struct optimize *o, int row, const char *column)
{
    const struct value *v = result_at(o->rows, row, result_column(o->rows, column));
    return v->type == VALUE_TEXT ? v->text : NULL;
}

static double number_at(const struct optimize *o, int row, const char *column)
{
    return value_real(result_at(o->rows, row, result_column(o->rows, column)));
}

static bool is_by_name(const struct optimize *o, int row)
{
    const char *confirm = optimize_text(o, row, "confirm");
    return confirm != NULL && strcmp(confirm, "name") == 0;
}

bool optimize_make_plan(struct optimize *o, struct err *err)
{
    struct query q = {.sql = "select * from findings"};
    o->rows = advice_select(&o->advice, &q, err);
    if (o->rows == NULL)
        return false;
    int n = o->rows->n_rows;
    o->items = mem_new_array((size_t)n, sizeof(*o->items));
    for (int i = 0; i < n; i++)
        o->items[i] = (struct plan_item){.target = optimize_text(o, i, "target"),
                                         .action = optimize_text(o, i, "action"),
                                         .label = optimize_text(o, i, "label"),
                                         .database = optimize_text(o, i, "database"),
                                         .statement = optimize_text(o, i, "statement"),
                                         .why_not = optimize_text(o, i, "why_not"),
                                         .by_name = is_by_name(o, i),
                                         .stage = (enum stage)stage_parse(optimize_text(o, i, "stage")),
                                         .severity = (int)number_at(o, i, "level"),
                                         .rank = number_at(o, i, "worth"),
                                         .cost_s = number_at(o, i, "cost_s")};
    plan_make(o->items, n, &o->options, &o->plan);
    o->results = mem_new_array((size_t)o->plan.n_steps, sizeof(*o->results));
    for (int i = 0; i < o->plan.n_steps; i++)
        o->results[i].took_s = NAN;
    return true;
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

static void print_step(const struct optimize *o, int number, const struct plan_entry *e)
{
    const struct plan_item *item = &o->items[e->item];
    struct text t;
    char takes[24];
    text_init(&t, 1 << 14);
    unit_format(takes, sizeof(takes), item->cost_s, UNIT_S);
    text_addf(&t, "%d. %s: %s", number, optimize_text(o, e->item, "title"), item->label);
    if (engine_targets(o->advice.session.engine) > 1)
        text_addf(&t, ", target %s", item->target);
    if (item->database != NULL)
        text_addf(&t, ", database %s", item->database);
    if (!isnan(item->cost_s))
        text_addf(&t, ", about %s", takes);
    optimize_tell(stdout, "-- ", text_str(&t));
    optimize_tell(stdout, "--    ", optimize_text(o, e->item, "evidence"));
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
    text_addf(&t, "left out: %s: %s: ", optimize_text(o, e->item, "title"), item->label);
    plan_why(e, item, &t);
    optimize_tell(stdout, "-- ", text_str(&t));
    text_done(&t);
}

void optimize_print(struct optimize *o)
{
    char takes[24];
    unit_format(takes, sizeof(takes), o->plan.cost_s, UNIT_S);
    if (o->plan.n_steps > 0)
        printf("-- %d step%s, about %s in all%s\n", o->plan.n_steps, o->plan.n_steps == 1 ? "" : "s", takes,
               o->args->dry_run ? "; nothing was run" : "");
    else if (o->plan.n > 0)
        printf("-- no step: all of %d findings are left out\n", o->plan.n);
    for (int i = 0; i < o->plan.n_steps; i++)
        print_step(o, i + 1, &o->plan.entries[i]);
    for (int i = o->plan.n_steps; i < o->plan.n; i++)
        print_left(o, &o->plan.entries[i]);
    advice_tell_checks(&o->advice, stdout, "-- ", o->plan.n == 0);
}
