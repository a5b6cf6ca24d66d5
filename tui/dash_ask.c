/* The dashboard asks: a pane's SELECT with order, filter, set and limit around it, and what comes back. */
#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "core/mem.h"
#include "core/text.h"
#include "tui/dash_state.h"

enum { MAX_PARAMS = 200, MOST_SQL = 200000 };
static const double ghost_stays_s = 10;

static void order_add(struct text *out, const struct dash_pane *p)
{
    const struct pane *pane = p->pane;
    bool first = true;
    if (p->sort_column[0] != '\0') {
        text_add(out, " order by ");
        text_add_identifier(out, p->sort_column);
        text_add(out, p->sort_descending ? " desc nulls last" : " nulls last");
        first = false;
    }
    for (int i = 0; i < pane->n_sorts; i++) {
        if (strcmp(pane->sorts[i].column, p->sort_column) == 0)
            continue;
        text_add(out, first ? " order by " : ", ");
        text_add_identifier(out, pane->sorts[i].column);
        text_add(out,
                 pane->sorts[i].descending != (p->reversed && first) ? " desc nulls last" : " nulls last");
        first = false;
    }
}

/* Columns of the last result; what a filter may name. */
struct filter_columns {
    struct filter_column *items;
    char (*headings)[80];
    int n;
};

static void filter_columns_init(struct filter_columns *columns, struct dash_pane *p)
{
    int n = p->result == NULL ? 0 : p->result->n_columns;
    struct view v = pane_view(p);
    columns->n = n;
    columns->items = mem_new_array((size_t)n, sizeof(*columns->items));
    columns->headings = mem_new_array((size_t)n, sizeof(*columns->headings));
    for (int i = 0; i < n; i++) {
        const struct result_column *c = &p->result->columns[i];
        view_heading(&v, i, columns->headings[i], sizeof(columns->headings[i]));
        columns->items[i] = (struct filter_column){c->name, c->unit, c->numeric, columns->headings[i],
                                                      c->origin == NULL ? NULL : c->origin->name};
    }
}

static void filter_columns_done(struct filter_columns *columns)
{
    free(columns->items);
    free(columns->headings);
}

bool pane_set_filter(struct dash_pane *p, const char *text, struct err *err)
{
    struct filter filter;
    struct filter_sql *sql = mem_new(sizeof(*sql));
    struct filter_columns columns;
    bool ok = filter_parse(text, &filter, err);
    filter_columns_init(&columns, p);
    if (ok && filter.n > 0 && p->result != NULL && widget_has_rows(p->pane->widget)) {
        ok = filter_compile(&filter, columns.items, columns.n, sql, err);
        if (ok)
            filter_sql_done(sql);
        else
            filter_done(&filter);
    }
    filter_columns_done(&columns);
    free(sql);
    if (!ok)
        return false;
    filter_done(&p->filter);
    free(p->filter_text);
    p->filter = filter;
    p->filter_text = filter.n > 0 ? mem_dup(text) : NULL;
    p->limit = FIRST_LIMIT;
    p->table.top = 0;
    p->other_rows = true;
    pane_stale(p);
    return true;
}

struct params {
    struct query_param items[MAX_PARAMS];
    int n;
};

static void param_add(struct params *ps, const char *name, struct value value)
{
    if (ps->n < MAX_PARAMS)
        ps->items[ps->n++] = (struct query_param){name, value};
}

static void params_fill(const struct dash_pane *p, struct params *ps)
{
    struct dash *d = p->dash;
    double trend = p->pane->trend_s;
    const char *target = d->target;
    ps->n = 0;
    for (int i = 0; i < p->visit->n_params; i++) {
        const struct query_param *param = &p->visit->params[i];
        if (strcmp(param->name, "target") == 0 && param->value.type == VALUE_TEXT)
            target = param->value.text;
        else
            param_add(ps, param->name, param->value);
    }
    /* Moments that are held already are not asked for again. */
    if (!isnan(p->trend_newest) && dash_live(d))
        trend = fmin(trend, fmax(d->host.now(d->host.ctx) - p->trend_newest, 0) + 0.001);
    param_add(ps, "target", (struct value){.type = VALUE_TEXT, .text = target});
    param_add(ps, "window", (struct value){.type = VALUE_TEXT, .text = d->window});
    param_add(ps, "at",
              dash_live(d) ? (struct value){.type = VALUE_NULL}
                           : (struct value){.type = VALUE_REAL, .real = d->at_s});
    param_add(ps, "trend", (struct value){.type = VALUE_REAL, .real = trend});
    param_add(ps, "stale", (struct value){.type = VALUE_REAL, .real = dash_stale_s(d)});
    param_add(ps, "rows", (struct value){.type = VALUE_INT, .integer = pane_body_rows(p)});
}

/* The pane's SELECT; what the user chose stands around it. LIMIT 0: all rows. */
static bool sql_build(struct dash_pane *p, int limit, struct text *sql, struct params *ps,
                      struct filter_sql *filter, struct err *err)
{
    const struct pane *pane = p->pane;
    bool filtered = p->filter.n > 0 && p->result != NULL, set = pane->sets.n > 0;
    if (!widget_has_rows(pane->widget)) {
        text_add(sql, pane->sql);
        return true;
    }
    text_add(sql, "select * from (");
    text_add(sql, pane->sql);
    text_add(sql, "\n)");
    if (filtered || set)
        text_addf(sql, " where (%s)", set ? pane->sets.texts[p->set] : "1");
    if (filtered) {
        struct filter_columns columns;
        filter_columns_init(&columns, p);
        bool ok = filter_compile(&p->filter, columns.items, columns.n, filter, err);
        filter_columns_done(&columns);
        if (!ok)
            return false;
        text_addf(sql, " and (%s)", text_str(&filter->where));
        for (int i = 0; i < filter->n; i++)
            param_add(ps, filter->params[i].name, filter->params[i].value);
    }
    order_add(sql, p);
    if (limit > 0)
        text_addf(sql, " limit %d", limit + 1);
    return !sql->cut || fail(err, "the pane's SELECT is too long");
}

/* ---- answers ---- */

static void note_done(void *ctx, struct result *result, const char *error)
{
    struct asking *a = ctx;
    struct dash_pane *p = a->pane;
    a->out = false;
    if (result == NULL) {
        snprintf(p->error, sizeof(p->error), "%s", error == NULL ? "" : error);
    } else {
        result_free(p->note);
        p->note = result;
    }
    p->dash->dirty = true;
}

static void trend_note(struct dash_pane *p)
{
    int at = result_column(p->result, "sampled_at");
    if (at < 0 || p->result->n_rows == 0)
        return;
    double newest = value_real(result_at(p->result, p->result->n_rows - 1, at));
    p->trend_newest = dash_live(p->dash) ? newest : NAN;
    /* "now" of graphs is the newest sample's own time. */
    if (dash_live(p->dash) && (isnan(p->dash->newest_s) || newest > p->dash->newest_s))
        p->dash->newest_s = newest;
}

/* A detail is about one thing, which its first pane tells of. */
bool pane_is_gone(const struct dash_pane *p)
{
    const struct dash_pane *first = p->visit->panes;
    bool one = p->pane->widget == WIDGET_RECORD || p->pane->widget == WIDGET_SQL;
    return one && p->visit->n_params > 0 && first->result != NULL && (first->held || first->result->n_rows == 0);
}

/* Nothing is there any more of what a detail is about: what was known last stays. */
static bool hold(struct dash_pane *p, const struct result *newer)
{
    bool empty = newer->n_rows == 0 && p->result != NULL && p->result->n_rows > 0;
    bool one = p->pane->widget == WIDGET_RECORD || p->pane->widget == WIDGET_SQL;
    p->held = empty && one && dash_live(p->dash) && p->visit->n_params > 0 && (p == p->visit->panes || pane_is_gone(p));
    if (!p->held && newer->n_rows > 0)
        p->seen_s = dash_live(p->dash) ? p->dash->host.now(p->dash->host.ctx) : p->dash->at_s;
    return p->held;
}

static void rows_done(void *ctx, struct result *result, const char *error)
{
    struct asking *a = ctx;
    struct dash_pane *p = a->pane;
    a->out = false;
    p->dash->dirty = true;
    if (result == NULL) {
        snprintf(p->error, sizeof(p->error), "%s", error == NULL ? "the query failed" : error);
        return;
    }
    p->error[0] = '\0';
    p->answered_s = p->dash->host.now(p->dash->host.ctx);
    result_free(p->newer);
    p->newer = result;
    p->newer_other = p->newer_other || a->other_rows;
    a->other_rows = false;
}

/* A row that went away may be read to its end, and is not taken for one that is there. While something is typed it stays: what was meant
 * of it would be done to another one. */
static void ghost_ages(struct dash_pane *p)
{
    struct table *t = &p->table;
    double now = p->dash->host.now(p->dash->host.ctx);
    if (t->ghost == NULL)
        t->ghost_s = NAN;
    else if (isnan(t->ghost_s))
        t->ghost_s = now;
    else if (now - t->ghost_s >= ghost_stays_s && dash_live(p->dash) && !p->dash->paused && p->dash->mode == MODE_PAGE) {
        struct view v = pane_view(p);
        view_let_go(&v);
    }
}

static void take_newer(struct dash_pane *p)
{
    struct result *result = p->newer, *old = p->result;
    p->newer = NULL;
    if (hold(p, result)) {
        result_free(result);
        return;
    }
    if (p->pane->trend_s > 0 && !isnan(p->trend_newest) && old != NULL) {
        result = trend_merge(old, result, dash_moment(p->dash) - p->pane->trend_s - 60);
        old = NULL;
    }
    p->result = result;
    p->table.body_less++; /* until the layout finds that it needs as many rows as before */
    p->table.formatted_of = NULL;
    p->table.other_rows = p->newer_other;
    p->newer_other = false;
    struct view v = pane_view(p);
    if (p->pane->trend_s > 0)
        trend_note(p);
    if (widget_has_rows(p->pane->widget) && !view_settle(&v, old) && p->limit < MOST_LIMIT) {
        p->limit *= 4; /* the cursor's row may stand further down */
        pane_stale(p);
    }
    ghost_ages(p);
    pane_then(p);
    result_free(old);
}

void visit_take_newer(struct visit *v)
{
    for (int i = 0; i < v->n; i++)
        if (v->panes[i].newer != NULL)
            take_newer(&v->panes[i]);
}

/* Asks for the SELECT with at most LIMIT rows (0: all), and with NOTE for what stands beside them. */
static bool ask(struct dash_pane *p, int limit, struct asking *a, query_done_fn *done, bool note,
                struct err *err)
{
    struct dash *d = p->dash;
    struct text sql;
    struct params *ps = mem_new(sizeof(*ps));
    struct filter_sql *filter = mem_new(sizeof(*filter));
    text_init(&sql, MOST_SQL);
    params_fill(p, ps);
    bool ok = sql_build(p, limit, &sql, ps, filter, err);
    if (ok) {
        struct query q = {.sql = text_str(&sql), .params = ps->items, .n_params = ps->n};
        q.max_rows = widget_has_rows(p->pane->widget) ? limit : 0;
        a->ticket = d->host.ask(d->host.ctx, &q, 0, done, a);
        a->out = true;
    }
    if (note) {
        struct query q = {.sql = p->pane->note, .params = ps->items, .n_params = ps->n, .max_rows = 1};
        p->beside.ticket = d->host.ask(d->host.ctx, &q, 0, note_done, &p->beside);
        p->beside.out = true;
    }
    text_done(&sql);
    filter_sql_done(filter);
    free(filter);
    free(ps);
    return ok;
}

void pane_ask(struct dash_pane *p)
{
    struct err err;
    p->stale = false;
    p->asked = true;
    p->rows.other_rows = p->rows.other_rows || p->other_rows;
    p->other_rows = false;
    p->asked_rows = pane_body_rows(p);
    int limit = p->asked_rows < p->limit ? p->limit : p->asked_rows + 1;
    if (ask(p, limit, &p->rows, rows_done, p->pane->note != NULL, &err))
        return;
    snprintf(p->error, sizeof(p->error), "%.250s", err.text);
    p->dash->dirty = true;
}

bool pane_ask_all(struct dash_pane *p, query_done_fn *done, struct err *err)
{
    asking_cancel(p->dash, &p->all);
    return ask(p, 0, &p->all, done, false, err);
}

/* ---- moments ---- */

static void rows_copy(struct result *to, const struct result *from, int first, int n)
{
    for (int row = first; row < first + n; row++) {
        for (int c = 0; c < from->n_columns; c++) {
            struct value value = *result_at(from, row, c);
            if (value.type == VALUE_TEXT)
                value.text = arena_dup(to->arena, value.text);
            to->values[(size_t)to->n_rows * (size_t)to->n_columns + (size_t)c] = value;
        }
        to->n_rows++;
    }
}

struct result *trend_merge(struct result *held, struct result *newer, double oldest_s)
{
    int at = result_column(newer, "sampled_at"), before = result_column(held, "sampled_at");
    if (at < 0 || before < 0 || held->n_columns != newer->n_columns || held->n_rows == 0) {
        result_free(held);
        return newer;
    }
    double last = value_real(result_at(held, held->n_rows - 1, before));
    int from = 0, start = 0;
    while (start < held->n_rows && value_real(result_at(held, start, before)) < oldest_s)
        start++;
    while (from < newer->n_rows && value_real(result_at(newer, from, at)) <= last)
        from++;
    int n = held->n_rows - start + newer->n_rows - from;
    struct arena *arena = arena_new(4096);
    struct result *both = arena_alloc(arena, sizeof(*both));
    *both = *newer;
    both->arena = arena;
    both->columns = arena_alloc(both->arena, (size_t)newer->n_columns * sizeof(*both->columns));
    for (int c = 0; c < newer->n_columns; c++) {
        both->columns[c] = newer->columns[c];
        both->columns[c].name = arena_dup(both->arena, newer->columns[c].name);
        both->columns[c].numeric = newer->columns[c].numeric || held->columns[c].numeric;
    }
    both->values = arena_alloc(both->arena, (size_t)n * (size_t)newer->n_columns * sizeof(*both->values));
    both->n_rows = 0;
    rows_copy(both, held, start, held->n_rows - start);
    rows_copy(both, newer, from, newer->n_rows - from);
    result_free(held);
    result_free(newer);
    return both;
}
