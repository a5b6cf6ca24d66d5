/* What a person means: whose rows a pane shows, which of them, and whether anything may be done to them now.
 */
#include <math.h>
#include <stdio.h>
#include <string.h>

#include "core/text.h"
#include "tui/dash_state.h"

enum { MOST_MEANT = 200, MOST_KEYS = 16 };
/* A sample older than that many of its cadences says nothing of now; polls of a second come a little late. */
static const double cadences = 3, least_stale_s = 3;

/* ---- Whose rows ---- */

/* R has all KEY columns of D; by their origin, or by name alone where the pane says whose they are. */
static bool has_keys(const struct result *r, const struct dataset *d, bool by_name)
{
    int n = 0;
    for (int i = 0; i < d->n_columns; i++) {
        if (d->columns[i].kind != KIND_KEY)
            continue;
        int c = result_column(r, d->columns[i].name);
        const char *from = c < 0 ? NULL : r->columns[c].dataset;
        if (c < 0 || (!by_name && (from == NULL || strcmp(from, d->name) != 0)))
            return false;
        n++;
    }
    return n > 0;
}

const char *pane_dataset(const struct dash_pane *p)
{
    const struct dash *d = p->dash;
    const struct actions *as = d->options.actions;
    char name_of[64];
    /* Rows that say whose they are may be another product's. */
    bool own = p->result != NULL && result_column(p->result, "target") < 0;
    const char *product = own && dash_product(p->dash, name_of, sizeof(name_of)) ? name_of : NULL;
    for (int i = 0; as != NULL && p->result != NULL && i < as->n; i++)
        for (int k = 0; k < as->list[i].n_on && action_serves(&as->list[i], product); k++) {
            const char *name = as->list[i].on[k];
            const struct dataset *dataset = registry_find(d->options.registry, name);
            bool said = p->pane->of != NULL;
            if (dataset != NULL && (!said || strcmp(p->pane->of, name) == 0) &&
                has_keys(p->result, dataset, said))
                return name;
        }
    return NULL;
}

const char *dash_dataset(struct dash *d, struct dash_pane **of)
{
    struct visit *v = dash_visit(d);
    struct dash_pane *p = dash_focus(d);
    const char *dataset = p == NULL ? NULL : pane_dataset(p);
    if (dataset == NULL && v->page->detail && v->n > 0) {
        p = &v->panes[0];
        dataset = pane_dataset(p);
    }
    if (of != NULL)
        *of = p;
    return dataset;
}

static bool is_capital(const struct key *key)
{
    return key->kind == KEY_CHAR && !key->control && !key->alt && key->code >= 'A' && key->code <= 'Z';
}

const struct action *dash_action_elsewhere(struct dash *d, const struct key *key)
{
    const struct actions *as = d->options.actions;
    for (int i = 0; as != NULL && is_capital(key) && i < as->n; i++)
        if (as->list[i].key == (char)key->code)
            return &as->list[i];
    return NULL;
}

const struct action *dash_action(struct dash *d, const struct key *key)
{
    if (d->options.actions == NULL || !is_capital(key))
        return NULL;
    char name[64];
    const char *dataset = dash_dataset(d, NULL), *product = dash_product(d, name, sizeof(name)) ? name : NULL;
    return dataset == NULL ? NULL : action_of_key(d->options.actions, dataset, product, (char)key->code);
}

/* ---- Whether ---- */

static const struct result *head_of(struct dash *d, const char *target, int *row)
{
    const struct dash_pane *p = dash_pane_named(d, "head");
    const struct result *r = p == NULL ? NULL : p->result;
    int name = r == NULL ? -1 : result_column(r, "name");
    for (*row = 0; name >= 0 && *row < r->n_rows; (*row)++) {
        const struct value *v = result_at(r, *row, name);
        if (v->type == VALUE_TEXT && strcmp(v->text, target) == 0)
            return r;
    }
    return NULL;
}

const char *dash_why_never(const struct dash *d)
{
    if (d->options.read_only)
        return "--read-only: nothing here changes a server";
    if (d->host.cure == NULL && d->options.attached != NULL)
        return "these are the numbers of a guard, which cures nothing on a dashboard's word: start dbvitals "
               "with --no-attach";
    return d->host.cure == NULL ? "nothing can be done to a server from here" : NULL;
}

static double head_real(const struct result *r, int row, const char *column)
{
    int c = result_column(r, column);
    return c < 0 ? NAN : value_real(result_at(r, row, c));
}

/* What the head calls STALE, though a dataset that is read seldom may not be old yet. */
static bool is_stale(struct dash *d, const char *target, char *out, size_t size)
{
    int row;
    const struct result *r = head_of(d, target, &row);
    int c = r == NULL ? -1 : result_column(r, "state");
    const struct value *state = c < 0 ? NULL : result_at(r, row, c);
    if (r == NULL)
        return false;
    double since = d->host.now(d->host.ctx) - dash_pane_named(d, "head")->answered_s;
    double age = head_real(r, row, "data_age_s") + fmax(since, 0);
    bool down = state != NULL && state->type == VALUE_TEXT && strcmp(state->text, "up") != 0;
    bool old = age > fmax(dash_stale_s(d), head_real(r, row, "stale_s"));
    if (down && isnan(age))
        snprintf(out, size, "%s: nothing is known of %s yet", state->text, target);
    else
        snprintf(out, size, "%s, so nothing was done: what is known of %s is %.0f s old",
                 down ? state->text : "STALE", target, age);
    return down || old;
}

bool dash_why_no_cure(struct dash *d, const char *target, const char *dataset, char *out, size_t size)
{
    double every_s = NAN, age_s = d->host.age == NULL || dataset == NULL
                                      ? 0
                                      : d->host.age(d->host.ctx, target, dataset, &every_s);
    const char *why = dash_why_never(d);
    if (why == NULL && d->paused)
        why = "it is paused: Space goes on, then it can be done";
    else if (why == NULL && !dash_live(d))
        why = "this is the past: End goes to now, where it can be done";
    if (why == NULL && is_stale(d, target, out, size))
        return true;
    if (why == NULL && (isnan(age_s) || age_s > fmax(cadences * every_s, least_stale_s))) {
        snprintf(out, size,
                 isnan(age_s) ? "there is no sample of %s yet"
                              : "nothing was done: what is known of %s is %.0f s old",
                 dataset, age_s);
        return true;
    }
    if (why != NULL)
        snprintf(out, size, "%s", why);
    return why != NULL;
}

bool dash_is_prod(struct dash *d, const char *target)
{
    int row;
    const struct result *r = head_of(d, target, &row);
    int env = r == NULL ? -1 : result_column(r, "env");
    return env >= 0 && result_at(r, row, env)->type == VALUE_TEXT &&
           strcmp(result_at(r, row, env)->text, "prod") == 0;
}

/* ---- Which rows ---- */

static void param_add(struct offer *o, struct query_param *params, int *n, const char *name,
                      struct value value)
{
    if (*n == MOST_KEYS)
        return;
    if (value.type == VALUE_TEXT)
        value.text = arena_dup(o->arena, value.text);
    params[(*n)++] = (struct query_param){arena_dup(o->arena, name), value};
}

/* What cures a finding is told by its row, whatever dataset it is about; NULL: the row is none. */
static const struct action *cure_of(const struct dash *d, const struct result *r, int row)
{
    int finding = result_column(r, "finding"), action = result_column(r, "action");
    const struct value *name = finding < 0 || action < 0 ? NULL : result_at(r, row, action);
    return name == NULL || name->type != VALUE_TEXT ? NULL : action_find(d->options.actions, name->text);
}

/* The keys that a row may have of any dataset that A is on: from an index its table is meant too. */
static void propose(struct offer *o, const struct action *a, const struct result *r, int row)
{
    struct proposal *p = &o->list[o->n++];
    struct query_param *params = arena_alloc(o->arena, MOST_KEYS * sizeof(*params));
    int n = 0;
    const struct registry *registry = o->dash->options.registry;
    param_add(o, params, &n, "target", (struct value){.type = VALUE_TEXT, .text = o->target});
    for (int i = 0; r != NULL && i < r->n_columns; i++) {
        bool key = false;
        for (int k = 0; k < a->n_on && !key; k++) {
            const struct dataset *d = registry_find(registry, a->on[k]);
            int c = d == NULL ? -1 : dataset_column(d, r->columns[i].name);
            key = c >= 0 && d->columns[c].kind == KIND_KEY;
        }
        if (key)
            param_add(o, params, &n, r->columns[i].name, *result_at(r, row, i));
    }
    const struct action *cure = r == NULL ? NULL : cure_of(o->dash, r, row);
    *p = (struct proposal){
        .action = a, .params = params, .n_params = n, .of_finding = cure != NULL && cure != a};
}

static const char *target_of(const struct dash *d, const struct result *r, int row)
{
    int c = result_column(r, "target");
    return c >= 0 && result_at(r, row, c)->type == VALUE_TEXT ? result_at(r, row, c)->text : d->target;
}

/* The tagged rows that the pane holds. */
static void propose_tagged(struct offer *o, const struct action *a, struct dash_pane *p)
{
    struct view v = pane_view(p);
    struct text identity;
    text_init(&identity, 64000);
    o->pane = p;
    o->n_tagged = o->not_held = p->table.n_tags;
    for (int i = 0; i < p->result->n_rows; i++) {
        text_clear(&identity);
        view_identity(&v, p->result, i, &identity);
        if (!view_tagged(&v, text_str(&identity)))
            continue;
        o->not_held--;
        if (strcmp(target_of(o->dash, p->result, i), o->target) != 0)
            o->elsewhere++;
        else if (o->n < MOST_MEANT)
            propose(o, a, p->result, i);
    }
    text_done(&identity);
}

bool dash_way(struct dash *d, char *out, size_t size)
{
    struct dash_pane *p = dash_focus(d);
    const struct result *r;
    int row;
    if (!pane_row(p, &r, &row))
        return false;
    int c = result_column(r, "way");
    if (c < 0 || result_at(r, row, c)->type != VALUE_TEXT)
        return false;
    snprintf(out, size, "%s", result_at(r, row, c)->text);
    return true;
}

static void say_no_row(const struct action *a, char *why, size_t size)
{
    char on[100] = "";
    for (int i = 0; i < a->n_on; i++) {
        size_t len = strlen(on);
        snprintf(on + len, sizeof(on) - len, "%s%s", i > 0 ? ", " : "", a->on[i]);
    }
    snprintf(why, size, "%s: there is no row of %s under the cursor", a->name, on);
}

/* A menu: the cure of a finding first. */
static void propose_all(struct offer *o, const struct result *r, int row)
{
    const struct actions *as = o->dash->options.actions;
    char name[64];
    const char *product = dash_product(o->dash, name, sizeof(name)) ? name : NULL;
    const struct action *cure = cure_of(o->dash, r, row);
    if (cure != NULL)
        propose(o, cure, r, row);
    for (int i = 0; i < as->n; i++)
        if (&as->list[i] != cure && action_is_on(&as->list[i], o->dataset) &&
            action_serves(&as->list[i], product) && !as->list[i].rare)
            propose(o, &as->list[i], r, row);
}

bool offer_rows(struct offer *o, const struct action *a, char *why, size_t size)
{
    struct dash *d = o->dash;
    struct dash_pane *p;
    const struct result *from;
    const struct actions *as = d->options.actions;
    int row;
    const char *dataset = dash_dataset(d, &p);
    o->list = arena_alloc(o->arena, (size_t)(MOST_MEANT + as->n) * sizeof(*o->list));
    o->target = arena_dup(o->arena, d->target);
    if (a != NULL && a->n_on == 0) {
        propose(o, a, NULL, 0);
        return true;
    }
    bool any = dataset != NULL && pane_row(p, &from, &row);
    if (any && widget_has_rows(p->pane->widget)) {
        struct view v = pane_view(p);
        view_pin(&v);
    }
    bool cures = any && a != NULL && !action_is_on(a, dataset) && cure_of(d, from, row) == a;
    if (!any || (a != NULL && !cures && !action_is_on(a, dataset))) {
        if (a != NULL)
            say_no_row(a, why, size);
        return false;
    }
    o->dataset = a != NULL && cures ? a->on[0] : dataset;
    o->target = arena_dup(o->arena, target_of(d, from, row));
    if (a != NULL && p->table.n_tags > 0)
        propose_tagged(o, a, p);
    else if (a != NULL)
        propose(o, a, from, row);
    else
        propose_all(o, from, row);
    if (o->n == 0 && o->n_tagged > 0)
        snprintf(why, size, "none of the %d tagged rows is among those shown now: U forgets the tags",
                 o->n_tagged);
    return o->n > 0;
}
