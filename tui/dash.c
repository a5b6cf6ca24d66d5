/* The dashboard: what was opened, whose results are held, when panes ask. */
#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "core/mem.h"
#include "core/text.h"
#include "tui/dash_state.h"

/* Samples of one refresh come within some milliseconds of each other: a pane that reads several datasets asks once. */
static const double settle_s = 0.05;

/* ---- visits ---- */

static bool is_dataset(void *ctx, const char *name)
{
    return registry_find(ctx, name) != NULL;
}

static void pane_init(struct dash_pane *p, struct dash *d, struct visit *visit, const struct pane *pane)
{
    *p = (struct dash_pane){.dash = d, .visit = visit, .pane = pane, .limit = FIRST_LIMIT, .stale = true, .trend_newest = NAN};
    p->rows.pane = p->beside.pane = p;
    struct text sql;
    text_init(&sql, 200000);
    text_addf(&sql, "%s;%s", pane->sql, pane->note == NULL ? "" : pane->note);
    struct registry registry = *d->options.registry;
    p->n_datasets = sql_datasets(text_str(&sql), is_dataset, &registry, p->datasets, MAX_DATASETS);
    text_done(&sql);
}

static void asking_cancel(struct dash *d, struct asking *a)
{
    if (a->out && d->host.cancel != NULL)
        d->host.cancel(d->host.ctx, a->ticket);
    a->out = false;
}

static void pane_done(struct dash_pane *p)
{
    asking_cancel(p->dash, &p->rows);
    asking_cancel(p->dash, &p->beside);
    result_free(p->result);
    result_free(p->note);
    table_done(&p->table);
    free(p->filter_text);
    filter_done(&p->filter);
}

struct panes_of {
    struct dash *dash;
    struct visit *visit;
};

static void pane_count(void *ctx, const char *name)
{
    struct panes_of *of = ctx;
    (void)name;
    of->visit->n++;
}

static void pane_place(void *ctx, const char *name)
{
    struct panes_of *of = ctx;
    pane_init(&of->visit->panes[of->visit->n++], of->dash, of->visit, pane_find(of->dash->options.pages, name));
}

static struct visit *visit_new(struct dash *d, const struct page *page)
{
    struct visit *v = mem_new(sizeof(*v));
    struct panes_of of = {d, v};
    v->page = page;
    layout_each(&page->layout, pane_count, &of);
    v->panes = mem_new_array((size_t)v->n, sizeof(*v->panes));
    v->n = 0;
    layout_each(&page->layout, pane_place, &of);
    /* The focus starts on what the page is about: the first pane that is a list, not one of sentences. */
    for (int i = 0; i < v->n && page->focus != NULL; i++)
        if (strcmp(v->panes[i].pane->name, page->focus) == 0)
            v->focus = i;
    if (v->focus > 0)
        return v;
    while (v->focus < v->n && !(widget_has_rows(v->panes[v->focus].pane->widget) && v->panes[v->focus].pane->widget != WIDGET_LINES))
        v->focus++;
    if (v->focus == v->n)
        v->focus = 0;
    return v;
}

static void visit_done(struct visit *v)
{
    for (int i = 0; i < v->n; i++)
        pane_done(&v->panes[i]);
    free(v->panes);
    arena_unref(v->arena);
}

static void visit_free(struct visit *v)
{
    if (v == NULL)
        return;
    visit_done(v);
    free(v);
}

struct visit *dash_visit(struct dash *d)
{
    return d->n_stack > 0 ? d->stack[d->n_stack - 1] : d->pages[d->page];
}

struct dash_pane *dash_focus(struct dash *d)
{
    struct visit *v = dash_visit(d);
    return v->n == 0 ? NULL : &v->panes[v->focus];
}

static struct dash_pane *visit_pane(struct visit *v, const char *name)
{
    for (int i = 0; i < v->n; i++)
        if (strcmp(v->panes[i].pane->name, name) == 0)
            return &v->panes[i];
    return NULL;
}

struct dash_pane *dash_pane_named(struct dash *d, const char *name)
{
    struct dash_pane *p = visit_pane(dash_visit(d), name);
    return p != NULL && (p->place.rows > 0 || d->rows == 0) ? p : visit_pane(&d->head, name);
}

/* ---- life ---- */

/* Panes that stand on no page of their own: asked whatever is open. */
static void head_init(struct dash *d)
{
    static const char *const names[] = {"head", "now"};
    d->head.panes = mem_new_array(2, sizeof(*d->head.panes));
    for (size_t i = 0; i < sizeof(names) / sizeof(names[0]); i++) {
        const struct pane *pane = pane_find(d->options.pages, names[i]);
        if (pane != NULL)
            pane_init(&d->head.panes[d->head.n++], d, &d->head, pane);
    }
}

struct dash *dash_new(const struct dash_options *options, struct dash_host host, struct err *err)
{
    int first = 0;
    const struct pages *pages = options->pages;
    while (options->page != NULL && first < pages->n_pages && strcmp(pages->pages[first]->name, options->page) != 0)
        first++;
    if (pages->n_pages == 0 || first == pages->n_pages || pages->pages[first]->detail) {
        struct text names;
        text_init(&names, 500);
        for (int i = 0; i < pages->n_pages; i++)
            if (!pages->pages[i]->detail)
                text_addf(&names, " %s", pages->pages[i]->name);
        fail(err, "there is no page \"%.60s\"; there are:%s", options->page == NULL ? "" : options->page, text_str(&names));
        text_done(&names);
        return NULL;
    }
    struct dash *d = mem_new(sizeof(*d));
    d->host = host;
    d->options = *options;
    d->target = mem_dup(options->target == NULL ? "" : options->target);
    d->refresh_s = options->refresh_s;
    d->mouse = options->mouse;
    d->at_s = d->newest_s = NAN;
    d->dirty = true;
    snprintf(d->window, sizeof(d->window), "%s", options->window == NULL ? "last" : options->window);
    d->pages = mem_new_array((size_t)pages->n_pages, sizeof(*d->pages));
    head_init(d);
    dash_open_page(d, first);
    return d;
}

void dash_free(struct dash *d)
{
    if (d == NULL)
        return;
    for (int i = 0; i < d->options.pages->n_pages; i++)
        visit_free(d->pages[i]);
    for (int i = 0; i < d->n_stack; i++)
        visit_free(d->stack[i]);
    visit_done(&d->head);
    free(d->pages);
    free(d->target);
    free(d->overlay);
    free(d->overlay_title);
    free(d);
}

void dash_open_page(struct dash *d, int number)
{
    while (dash_back(d))
        ;
    if (d->pages[number] == NULL)
        d->pages[number] = visit_new(d, d->options.pages->pages[number]);
    d->page = number;
    d->dirty = true;
    for (int i = 0; i < d->pages[number]->n; i++)
        pane_stale(&d->pages[number]->panes[i]);
    if (d->rows > 0)
        dash_layout(d, d->rows, d->columns);
    dash_demand(d);
}

void dash_open_detail(struct dash *d, const struct page *page, const struct result *row_of, int row)
{
    if (d->n_stack == MAX_VISITS) {
        dash_say(d, ROLE_WARNING, "too many details on top of each other: q goes back");
        return;
    }
    struct visit *v = visit_new(d, page);
    v->arena = arena_new(1024);
    v->n_params = row_of->n_columns;
    v->params = arena_alloc(v->arena, (size_t)v->n_params * sizeof(*v->params));
    for (int i = 0; i < v->n_params; i++) {
        v->params[i] = (struct query_param){arena_dup(v->arena, row_of->columns[i].name), *result_at(row_of, row, i)};
        if (v->params[i].value.type == VALUE_TEXT)
            v->params[i].value.text = arena_dup(v->arena, v->params[i].value.text);
    }
    d->stack[d->n_stack++] = v;
    d->dirty = true;
    if (d->rows > 0)
        dash_layout(d, d->rows, d->columns);
    dash_demand(d);
}

bool dash_back(struct dash *d)
{
    if (d->n_stack == 0)
        return false;
    visit_free(d->stack[--d->n_stack]);
    d->dirty = true;
    if (d->rows > 0)
        dash_layout(d, d->rows, d->columns);
    dash_demand(d);
    return true;
}

/* ---- asking ---- */

/* A pane of the head that stands on the open page too is asked there. */
static bool pane_visible(const struct dash_pane *p)
{
    if (p->visit == &p->dash->head)
        return dash_pane_named(p->dash, p->pane->name) == p;
    return p->dash->rows == 0 || pane_wanted(p);
}

static void demand_add(const struct visit *v, const char **names, int *n, int max)
{
    for (int i = 0; i < v->n; i++) {
        const struct dash_pane *p = &v->panes[i];
        for (int k = 0; k < p->n_datasets && pane_visible(p); k++) {
            bool known = false;
            for (int j = 0; j < *n; j++)
                known = known || strcmp(names[j], p->datasets[k]) == 0;
            if (!known && *n < max)
                names[(*n)++] = p->datasets[k];
        }
    }
}

void dash_demand(struct dash *d)
{
    const char *names[64];
    int n = 0;
    demand_add(&d->head, names, &n, 64);
    demand_add(dash_visit(d), names, &n, 64);
    if (d->host.demand != NULL)
        d->host.demand(d->host.ctx, names, n);
}

bool dash_live(const struct dash *d)
{
    return isnan(d->at_s);
}

double dash_moment(const struct dash *d)
{
    if (!dash_live(d))
        return d->at_s;
    return isnan(d->newest_s) ? d->host.now(d->host.ctx) : d->newest_s;
}

void pane_stale(struct dash_pane *p)
{
    p->stale = true;
    p->stale_since = 0; /* at once */
}

void pane_stale_all(struct dash *d)
{
    struct visit *visits[] = {&d->head, dash_visit(d)};
    for (int k = 0; k < 2; k++) {
        for (int i = 0; i < visits[k]->n; i++) {
            struct dash_pane *p = &visits[k]->panes[i];
            asking_cancel(d, &p->rows);
            asking_cancel(d, &p->beside);
            p->trend_newest = NAN;
            pane_stale(p);
        }
    }
    d->dirty = true;
}

void dash_data_changed(struct dash *d, const char *target, const char *dataset)
{
    double now = d->host.now(d->host.ctx);
    struct visit *visits[] = {&d->head, dash_visit(d)};
    d->newest_s = strcmp(target, d->target) == 0 ? now : d->newest_s;
    if (!dash_live(d))
        return;
    for (int k = 0; k < 2; k++) {
        for (int i = 0; i < visits[k]->n; i++) {
            struct dash_pane *p = &visits[k]->panes[i];
            for (int j = 0; j < p->n_datasets && !p->stale; j++) {
                if (strcmp(p->datasets[j], dataset) != 0)
                    continue;
                p->stale = true;
                p->stale_since = p->result == NULL ? 0 : now;
            }
        }
    }
}

/* Asks what is due among V's panes; the time until the next becomes due goes into *WAIT. */
static void visit_tick(struct visit *v, double now, double *wait)
{
    for (int i = 0; i < v->n; i++) {
        struct dash_pane *p = &v->panes[i];
        if (!p->stale || p->rows.out || p->beside.out || !pane_visible(p))
            continue;
        double due = p->stale_since + settle_s - now;
        if (p->stale_since == 0 || due <= 0)
            pane_ask(p);
        else if (due < *wait)
            *wait = due;
    }
}

double dash_tick(struct dash *d)
{
    double now = d->host.now(d->host.ctx), second = floor(now);
    double wait = second + 1 - now;
    if (second != d->drawn_second)
        d->dirty = true;
    visit_tick(dash_visit(d), now, &wait);
    visit_tick(&d->head, now, &wait);
    return wait < 0.005 ? 0.005 : wait;
}

bool dash_dirty(const struct dash *d)
{
    return d->dirty;
}

static bool visit_complete(const struct visit *v)
{
    for (int i = 0; i < v->n; i++) {
        const struct dash_pane *p = &v->panes[i];
        if (pane_visible(p) && (!p->asked || p->rows.out || p->beside.out))
            return false;
    }
    return true;
}

bool dash_complete(const struct dash *d)
{
    const struct visit *v = d->n_stack > 0 ? d->stack[d->n_stack - 1] : d->pages[d->page];
    return visit_complete(&d->head) && visit_complete(v);
}

/* ---- small things ---- */

void dash_say(struct dash *d, enum role role, const char *text)
{
    snprintf(d->said, sizeof(d->said), "%s", text);
    d->said_role = role;
    d->dirty = true;
}

void dash_text(struct dash *d, const char *title, const char *text)
{
    free(d->overlay);
    free(d->overlay_title);
    d->overlay = mem_dup(text);
    d->overlay_title = mem_dup(title);
    d->overlay_top = 0;
    d->mode = MODE_TEXT;
    d->dirty = true;
}

void pane_sort_of(const struct dash_pane *p, struct pane_sort *out)
{
    *out = (struct pane_sort){NULL, false};
    if (p->sort_column[0] != '\0') {
        *out = (struct pane_sort){p->sort_column, p->sort_descending};
    } else if (p->pane->n_sorts > 0) {
        *out = p->pane->sorts[0];
        out->descending = out->descending != p->reversed;
    }
}

struct view pane_view(struct dash_pane *p)
{
    struct dash *d = p->dash;
    return (struct view){.pane = p->pane,
                         .result = p->result,
                         .note = p->note,
                         .table = &p->table,
                         .found = p->filter.n > 0 ? &p->filter : NULL,
                         .at_s = dash_moment(d),
                         .focused = dash_focus(d) == p,
                         .row_marks = !d->plain};
}
