/* The dashboard's visits: pages that were opened, with their panes' results, and details on top of each
 * other. */
#include <math.h>
#include <stdlib.h>
#include <string.h>

#include "core/mem.h"
#include "core/text.h"
#include "tui/dash_state.h"

static bool is_dataset(void *ctx, const char *name)
{
    return registry_find(ctx, name) != NULL;
}

void pane_init(struct dash_pane *p, struct dash *d, struct visit *visit, const struct pane *pane)
{
    *p = (struct dash_pane){
        .dash = d, .visit = visit, .pane = pane, .limit = FIRST_LIMIT, .stale = true, .trend_newest = NAN};
    p->rows.pane = p->beside.pane = p->all.pane = p;
    struct text sql;
    text_init(&sql, 200000);
    text_addf(&sql, "%s;%s", pane->sql, pane->note == NULL ? "" : pane->note);
    struct registry registry = *d->options.registry;
    p->n_datasets = sql_datasets(text_str(&sql), is_dataset, &registry, p->datasets, MAX_DATASETS);
    text_done(&sql);
}

void asking_cancel(struct dash *d, struct asking *a)
{
    if (a->out && d->host.cancel != NULL)
        d->host.cancel(d->host.ctx, a->ticket);
    a->out = false;
}

static void pane_done(struct dash_pane *p)
{
    asking_cancel(p->dash, &p->rows);
    asking_cancel(p->dash, &p->beside);
    asking_cancel(p->dash, &p->all);
    result_free(p->result);
    result_free(p->newer);
    result_free(p->note);
    table_done(&p->table);
    free(p->filter_text);
    filter_done(&p->filter);
}

static void pane_forget(struct dash_pane *p)
{
    asking_cancel(p->dash, &p->rows);
    asking_cancel(p->dash, &p->beside);
    result_free(p->result);
    result_free(p->newer);
    result_free(p->note);
    p->result = p->newer = p->note = NULL;
    p->table.formatted_of = NULL;
    p->trend_newest = NAN;
    p->asked = false;
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
    pane_init(&of->visit->panes[of->visit->n++], of->dash, of->visit,
              pane_find(of->dash->options.pages, name));
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
    for (v->focus = 0; v->focus < v->n && page->focus != NULL; v->focus++)
        if (strcmp(v->panes[v->focus].pane->name, page->focus) == 0)
            return v;
    v->focus = 0;
    while (v->focus < v->n && !(widget_has_rows(v->panes[v->focus].pane->widget) &&
                                v->panes[v->focus].pane->widget != WIDGET_LINES))
        v->focus++;
    if (v->focus == v->n)
        v->focus = 0;
    return v;
}

void visit_done(struct visit *v)
{
    for (int i = 0; i < v->n; i++)
        pane_done(&v->panes[i]);
    free(v->panes);
    arena_unref(v->arena);
}

void visit_free(struct visit *v)
{
    if (v == NULL)
        return;
    visit_done(v);
    free(v);
}

/* The results of the page that was not looked at for longest go. */
static void forget_one(struct dash *d)
{
    struct visit *oldest = NULL;
    int held = 0;
    for (int i = 0; i < d->options.pages->n_pages; i++) {
        struct visit *v = d->pages[i];
        if (v == NULL || v->opened == 0)
            continue;
        held++;
        if (oldest == NULL || v->opened < oldest->opened)
            oldest = v;
    }
    if (held <= PAGES_HELD)
        return;
    oldest->opened = 0;
    for (int i = 0; i < oldest->n; i++)
        pane_forget(&oldest->panes[i]);
}

void dash_open_page(struct dash *d, int number)
{
    while (dash_back(d))
        ;
    if (d->pages[number] == NULL)
        d->pages[number] = visit_new(d, d->options.pages->pages[number]);
    d->page = number;
    d->pages[number]->opened = ++d->n_opened;
    forget_one(d);
    d->dirty = true;
    d->looks_for_target = true;
    dash_look_for_page(d);
    for (int i = 0; i < d->pages[number]->n; i++)
        pane_stale(&d->pages[number]->panes[i]);
    if (d->rows > 0)
        dash_layout(d, d->rows, d->columns);
    dash_demand(d);
}

/* On top of what is shown; NULL if there is no room, which is said. */
static struct visit *visit_push(struct dash *d, const struct page *page)
{
    if (d->n_stack == MAX_VISITS) {
        dash_say(d, ROLE_WARNING, "too many pages on top of each other: q goes back");
        return NULL;
    }
    return d->stack[d->n_stack++] = visit_new(d, page);
}

static void stack_changed(struct dash *d)
{
    d->dirty = true;
    if (d->rows > 0)
        dash_layout(d, d->rows, d->columns);
    dash_demand(d);
}

void dash_open_above(struct dash *d, const struct page *page)
{
    if (visit_push(d, page) != NULL)
        stack_changed(d);
}

void dash_open_detail(struct dash *d, const struct page *page, const struct result *row_of, int row)
{
    struct visit *v = visit_push(d, page);
    if (v == NULL)
        return;
    v->arena = arena_new(1024);
    v->n_params = row_of->n_columns;
    v->params = arena_alloc(v->arena, (size_t)v->n_params * sizeof(*v->params));
    for (int i = 0; i < v->n_params; i++) {
        v->params[i] =
            (struct query_param){arena_dup(v->arena, row_of->columns[i].name), *result_at(row_of, row, i)};
        if (v->params[i].value.type == VALUE_TEXT)
            v->params[i].value.text = arena_dup(v->arena, v->params[i].value.text);
    }
    stack_changed(d);
}

bool dash_back(struct dash *d)
{
    if (d->n_stack == 0)
        return false;
    visit_free(d->stack[--d->n_stack]);
    stack_changed(d);
    return true;
}

void dash_forget(struct dash *d)
{
    while (dash_back(d))
        ;
    for (int i = 0; i < d->options.pages->n_pages; i++) {
        visit_free(d->pages[i]);
        d->pages[i] = NULL;
    }
    for (int i = 0; i < d->head.n; i++) {
        pane_forget(&d->head.panes[i]);
        pane_stale(&d->head.panes[i]);
    }
    d->newest_s = NAN;
    d->pages[d->page] = visit_new(d, d->options.pages->pages[d->page]);
    dash_open_page(d, d->page);
    d->looks_for_target = false; /* this target was chosen */
}
