/* What was found becomes samples: the rows of a target, with their place in the plan. */
#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "core/json.h"
#include "core/mem.h"
#include "cures/advisor_private.h"
#include "cures/finding_table.h"
#include "cures/plan.h"

/* A row of a finding on the target that is told of. */
struct offender {
    const struct checked *checked;
    int row;
    struct cure cure;
};
struct told {
    const struct advisor *advisor;
    int target; /* its number */
    const char *name;
    struct json *json;
    struct offender *list;
    int n;
};

/* ---- Cells ---- */

static const struct value *cell(const struct offender *o, const char *column)
{
    int c = result_column(o->checked->rows, column);
    return c < 0 ? NULL : result_at(o->checked->rows, o->row, c);
}

static const char *text_of(const struct offender *o, const char *column)
{
    const struct value *v = cell(o, column);
    return v != NULL && v->type == VALUE_TEXT ? v->text : NULL;
}

static double number_of(const struct offender *o, const char *column)
{
    const struct value *v = cell(o, column);
    return v == NULL ? NAN : value_real(v);
}

static int64_t id_of(const struct offender *o, const char *column)
{
    const struct value *v = cell(o, column);
    return v == NULL || v->type != VALUE_INT ? INT_NONE : v->integer;
}

static const char *or_else(const char *a, const char *b)
{
    return a != NULL ? a : b;
}

static void set(struct sample *s, int column, int row, const char *text)
{
    if (text != NULL)
        sample_set_text(s, column, row, text, strlen(text));
}

/* ---- Whether it can be judged ---- */

static const char *lacks_of(const struct checked *c, const char *target)
{
    const struct result *r = c->lacks;
    int at_target = r == NULL ? -1 : result_column(r, "target"),
        at = r == NULL ? -1 : result_column(r, "lacks");
    for (int i = 0; at_target >= 0 && at >= 0 && i < r->n_rows; i++) {
        const struct value *who = result_at(r, i, at_target), *why = result_at(r, i, at);
        if (who->type == VALUE_TEXT && why->type == VALUE_TEXT && strcmp(who->text, target) == 0)
            return why->text;
    }
    return NULL;
}

/* What this round was asked of has nothing so new as somebody who waits would have it. */
static bool is_old(const struct advisor *a, int target, const struct dataset *d)
{
    const char *name = engine_target_name(a->engine, target);
    if (a->since_s == 0 || d->every >= READ_OFTEN_S)
        return false;
    for (int i = 0; i < snapshot_targets(a->snapshot); i++)
        if (strcmp(snapshot_target(a->snapshot, i), name) == 0) {
            const struct sample *s = snapshot_newest(a->snapshot, i, d);
            return s == NULL || s->mono_s < a->since_s;
        }
    return true;
}

static const char *feed_lacks(const struct advisor *a, const struct finding *f, int target, struct text *text,
                              bool *pending)
{
    for (int i = 0; i < f->uses.n; i++) {
        struct engine_feed feed;
        const struct dataset *d = f->uses.datasets[i];
        engine_feed(a->engine, target, d, &feed);
        if (feed.error == NULL && (feed.samples > 0 || !feed.polled)) {
            *pending = *pending || (feed.polled && is_old(a, target, d));
            continue;
        }
        *pending = *pending || feed.error == NULL;
        text_clear(text);
        text_addf(text, "%s: %s", d->name, feed.error != NULL ? feed.error : "not read yet");
        return text_str(text);
    }
    return NULL;
}

const char *advisor_why_not(const struct advisor *a, const struct finding *f, int target, struct text *text,
                            bool *pending)
{
    struct source_status status;
    if (!f->enabled)
        return "disabled";
    if (f->missing != NULL)
        return f->missing;
    engine_target_status(a->engine, target, &status);
    if (status.state == SOURCE_DOWN)
        return "the target cannot be reached";
    if (f->primary && status.role != NULL && strcmp(status.role, "standby") == 0)
        return "a standby: it is judged on its primary";
    return feed_lacks(a, f, target, text, pending);
}

/* NULL: it was judged. */
static const char *no_data(const struct told *t, const struct checked *c, struct text *text, bool *pending)
{
    const char *why = advisor_why_not(t->advisor, c->finding, t->target, text, pending);
    return or_else(or_else(why, c->error), lacks_of(c, t->name));
}

/* ---- Rows ---- */

static void add_rows(struct told *t, const struct checked *c)
{
    const struct result *r = c->rows;
    int target = r == NULL ? -1 : result_column(r, "target");
    for (int i = 0; target >= 0 && i < r->n_rows; i++) {
        struct offender o = {.checked = c, .row = i};
        const struct value *who = result_at(r, i, target);
        if (who->type != VALUE_TEXT || strcmp(who->text, t->name) != 0 || text_of(&o, "label") == NULL)
            continue;
        if (c->cures != NULL && c->cures[i] != NULL && c->cures[i]->n_rows > 0)
            cure_read(c->cures[i], 0, &o.cure);
        t->list = mem_grow(t->list, (size_t)t->n + 1, sizeof(*t->list));
        t->list[t->n++] = o;
    }
}

static const char *label_of(const struct offender *o)
{
    return or_else(o->cure.label, text_of(o, "label"));
}

/* The finding may know better than its action. */
static const char *why_not_of(const struct offender *o)
{
    return or_else(text_of(o, "why_not"), o->cure.why_not);
}

static const char *statement_of(const struct offender *o)
{
    return why_not_of(o) == NULL ? o->cure.statement : NULL;
}

/* What a person has to type the name of, no plan does by itself. */
static bool is_by_name(const struct offender *o)
{
    const struct action *action = o->checked->action;
    bool row = o->cure.confirm != NULL && strcmp(o->cure.confirm, "name") == 0;
    return row || (action != NULL && action->by_name);
}

static int severity_of(const struct offender *o)
{
    int severity = severity_parse(text_of(o, "severity"));
    return severity > 0 ? severity : SEVERITY_INFO;
}

static struct plan_item item_of(const struct told *t, const struct offender *o)
{
    const struct finding *f = o->checked->finding;
    const struct action *action = o->checked->action;
    return (struct plan_item){.target = t->name,
                              .action = action == NULL ? NULL : action->name,
                              .label = label_of(o),
                              .database = o->cure.database,
                              .statement = statement_of(o),
                              .why_not = why_not_of(o),
                              .by_name = is_by_name(o),
                              .by_name_why = o->cure.confirm_why,
                              .stage = f->stage,
                              .severity = severity_of(o),
                              .rank = number_of(o, "rank"),
                              .cost_s = number_of(o, "cost_s")};
}

static void set_plan(const struct told *t, struct sample *s)
{
    static const struct plan_options standard = {.budget_s = NAN};
    struct plan_item *items = mem_new_array((size_t)t->n, sizeof(*items));
    struct plan plan;
    for (int i = 0; i < t->n; i++)
        items[i] = item_of(t, &t->list[i]);
    plan_make(items, t->n, &standard, &plan);
    for (int i = 0; i < plan.n; i++) {
        const struct plan_entry *e = &plan.entries[i];
        struct text why;
        text_init(&why, 1000);
        plan_why(e, &items[e->item], &why);
        if (e->fate == PLAN_STEP)
            s->values[FINDINGS_STEP].real[e->item] = i + 1;
        else
            set(s, FINDINGS_LEFT_OUT, e->item, text_str(&why));
        text_done(&why);
    }
    plan_done(&plan);
    free(items);
}

static void set_numbers(struct sample *s, int row, const struct offender *o)
{
    s->values[FINDINGS_DATID].integer[row] = id_of(o, "datid");
    s->values[FINDINGS_RELID].integer[row] = id_of(o, "relid");
    s->values[FINDINGS_INDEXRELID].integer[row] = id_of(o, "indexrelid");
    s->values[FINDINGS_LEVEL].real[row] = severity_of(o);
    s->values[FINDINGS_COST_S].real[row] = number_of(o, "cost_s");
    s->values[FINDINGS_WORTH].real[row] = number_of(o, "rank");
}

/* COLUMN is a key of a dataset that A is on: a parameter of its SELECT. */
static bool is_key(const struct told *t, const struct action *a, const char *column)
{
    for (int i = 0; i < a->n_on; i++) {
        const struct dataset *d = registry_find(t->advisor->registry, a->on[i]);
        int c = d == NULL ? -1 : dataset_column(d, column);
        if (c >= 0 && d->columns[c].kind == KIND_KEY)
            return true;
    }
    return false;
}

static void set_keys(const struct told *t, struct sample *s, int row, const struct offender *o)
{
    const struct result *r = o->checked->rows;
    struct text keys;
    if (o->checked->action == NULL)
        return;
    text_init(&keys, 4000);
    for (int i = 0; i < r->n_columns; i++) {
        if (!is_key(t, o->checked->action, r->columns[i].name))
            continue;
        text_add(&keys, keys.len == 0 ? "{" : ",");
        json_add_text(t->json, &keys, r->columns[i].name);
        text_add(&keys, ":");
        json_add(t->json, &keys, result_at(r, o->row, i));
    }
    text_add(&keys, keys.len == 0 ? "{}" : "}");
    set(s, FINDINGS_KEYS, row, keys.cut ? NULL : text_str(&keys));
    text_done(&keys);
}

static void set_row(const struct told *t, struct sample *s, int row, const struct offender *o)
{
    const struct finding *f = o->checked->finding;
    const struct action *action = o->checked->action;
    const char key[2] = {action == NULL ? '\0' : action->key, '\0'};
    const struct {
        int column;
        const char *text;
    } texts[] = {
        {FINDINGS_FINDING, f->name},
        {FINDINGS_LABEL, label_of(o)},
        {FINDINGS_DATABASE, or_else(text_of(o, "database"), o->cure.database)},
        {FINDINGS_CATEGORY, f->category},
        {FINDINGS_SEVERITY, severity_name(severity_of(o))},
        {FINDINGS_TITLE, f->title},
        {FINDINGS_EVIDENCE, text_of(o, "evidence")},
        {FINDINGS_ACTION, action == NULL ? NULL : action->name},
        {FINDINGS_KEY, key[0] == '\0' ? NULL : key},
        {FINDINGS_STAGE, stage_name(f->stage)},
        {FINDINGS_STATEMENT, statement_of(o)},
        {FINDINGS_WHY_NOT, why_not_of(o)},
        {FINDINGS_CONFIRM, statement_of(o) == NULL ? NULL
                           : is_by_name(o)         ? "name"
                                                   : "y"},
        {FINDINGS_CONFIRM_WHY, o->cure.confirm_why},
        {FINDINGS_EFFECT, or_else(text_of(o, "effect"), o->cure.effect)},
        {FINDINGS_COST, text_of(o, "cost")},
        {FINDINGS_RISK, or_else(text_of(o, "risk"), action == NULL ? NULL : action->risk)},
        {FINDINGS_HELP, f->help},
    };
    for (size_t i = 0; i < sizeof(texts) / sizeof(texts[0]); i++)
        set(s, texts[i].column, row, texts[i].text);
    set_numbers(s, row, o);
    set_keys(t, s, row, o);
}

static struct sample *made(const struct dataset *d, int n)
{
    struct sample *s = sample_new(d, n);
    s->mono_s = loop_mono_s();
    s->wall_s = loop_wall_s();
    return s;
}

static void put_findings(const struct told *t)
{
    struct sample *s = made(&findings_dataset, t->n);
    for (int i = 0; i < t->n; i++)
        set_row(t, s, i, &t->list[i]);
    set_plan(t, s);
    engine_put(t->advisor->engine, t->name, s);
}

/* ---- Checks ---- */

static const char *status_of(const struct told *t, const struct checked *c, const char *why, int n_found)
{
    if (!c->finding->enabled)
        return "disabled";
    if (c->finding->missing != NULL || advisor_is_foreign(t->advisor, c->finding, t->target, why != NULL))
        return "no data source";
    if (c->error != NULL)
        return "error";
    if (why != NULL)
        return "no data";
    return n_found > 0 ? "found" : "ok";
}

static void set_check(const struct told *t, struct sample *s, int row, const struct checked *c,
                      const char *why, int n_found)
{
    const struct finding *f = c->finding;
    char place[512];
    snprintf(place, sizeof(place), "%s:%d", f->file, f->line);
    const struct {
        int column;
        const char *text;
    } texts[] = {
        {CHECKS_FINDING, f->name},
        {CHECKS_CATEGORY, f->category},
        {CHECKS_TITLE, f->title},
        {CHECKS_STATUS, status_of(t, c, why, n_found)},
        {CHECKS_NO_DATA, f->enabled && c->error == NULL ? why : NULL},
        {CHECKS_ACTION, f->action},
        {CHECKS_ERROR, c->error},
        {CHECKS_HELP, f->help},
        {CHECKS_PLACE, place},
        {CHECKS_SQL, f->sql},
    };
    for (size_t i = 0; i < sizeof(texts) / sizeof(texts[0]); i++)
        set(s, texts[i].column, row, texts[i].text);
    s->values[CHECKS_FOUND].real[row] = why == NULL ? n_found : NAN;
    s->values[CHECKS_MORE].real[row] = c->rows != NULL && c->rows->more;
    s->values[CHECKS_CPU].real[row] = c->cpu_ms;
}

/* Judges each finding of the target, and keeps its rows. */
static bool put_checks(struct told *t)
{
    const struct advisor *a = t->advisor;
    struct sample *s = made(&checks_dataset, a->findings.n);
    struct text text;
    bool pending = false;
    text_init(&text, 1000);
    for (int i = 0; i < a->findings.n; i++) {
        int before = t->n;
        const char *why = no_data(t, &a->checked[i], &text, &pending);
        if (why == NULL)
            add_rows(t, &a->checked[i]);
        set_check(t, s, i, &a->checked[i], why, t->n - before);
    }
    text_done(&text);
    engine_put(a->engine, t->name, s);
    return pending;
}

bool advisor_keep(struct advisor *a)
{
    bool pending = false;
    struct json *json = json_new();
    for (int i = 0; i < engine_targets(a->engine); i++) {
        struct told t = {.advisor = a, .target = i, .name = engine_target_name(a->engine, i), .json = json};
        pending |= put_checks(&t);
        put_findings(&t);
        free(t.list);
    }
    json_free(json);
    return pending;
}
