/* The dashboard: what was opened, whose results are held, when panes ask. */
#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "core/mem.h"
#include "core/text.h"
#include "tui/dash_state.h"

/* Samples of one refresh come within some milliseconds of each other: this long after the first one all panes
 * ask together, each once whatever number of datasets it reads. */
static const double settle_s = 0.05;
/* No rows before the first answer of what a pane reads are no news: within this time from the start. */
static const double first_answers_s = 2;
/* A sentence in the last line has been read by then, and may be true no longer. */
static const double said_for_s = 20;

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
    return p != NULL && (p->place.rows > 0 || d->rows == 0 || d->plain) ? p : visit_pane(&d->head, name);
}

/* ---- life ---- */

/* Panes that stand on no page of their own: asked whatever is open. */
static void head_init(struct dash *d)
{
    static const char *const names[] = {"head", "now", "failures"};
    d->head.panes = mem_new_array(sizeof(names) / sizeof(names[0]), sizeof(*d->head.panes));
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
    while (options->page != NULL && first < pages->n_pages &&
           strcmp(pages->pages[first]->name, options->page) != 0)
        first++;
    if (pages->n_pages == 0 || first == pages->n_pages || pages->pages[first]->detail) {
        struct text names;
        text_init(&names, 500);
        for (int i = 0; i < pages->n_pages; i++)
            if (!pages->pages[i]->detail)
                text_addf(&names, " %s", pages->pages[i]->name);
        fail(err, "there is no page \"%.60s\"; there are:%s", options->page == NULL ? "" : options->page,
             text_str(&names));
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
    d->opened_s = host.now(host.ctx);
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
    result_free(d->targets);
    free(d->overlay);
    free(d->overlay_title);
    offer_close(d);
    free(d);
}

/* ---- asking ---- */

/* A pane of the head that stands on the open page too is asked there. */
static bool pane_visible(struct dash_pane *p)
{
    if (p->visit == &p->dash->head)
        return dash_pane_named(p->dash, p->pane->name) == p;
    return p->dash->rows == 0 || pane_wanted(p);
}

static void demand_add(struct visit *v, const char **names, int *n, int max)
{
    for (int i = 0; i < v->n; i++) {
        struct dash_pane *p = &v->panes[i];
        p->demanded = pane_visible(p);
        for (int k = 0; k < p->n_datasets && p->demanded; k++) {
            bool known = names_have(&p->pane->undemanded, p->datasets[k]);
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

double dash_stale_s(const struct dash *d)
{
    /* A guard polls at its own pace until it knows what is looked at; that it is silent is told otherwise. */
    double least_s = d->options.attached != NULL ? 15 : 3;
    return fmax(3 * d->refresh_s, least_s);
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

static bool is_seen(const struct dash *d, const char *dataset)
{
    for (int i = 0; i < d->n_seen; i++)
        if (strcmp(d->seen[i], dataset) == 0)
            return true;
    return false;
}

void dash_data_changed(struct dash *d, const char *target, const char *dataset)
{
    double now = d->host.now(d->host.ctx);
    struct visit *visits[] = {&d->head, dash_visit(d)};
    if (strcmp(dataset, "cures") == 0)
        dash_leave_if_done(d);
    d->newest_s = strcmp(target, d->target) == 0 ? now : d->newest_s;
    bool first = strcmp(target, d->target) == 0 && !is_seen(d, dataset);
    if (first && d->n_seen < MAX_SEEN)
        snprintf(d->seen[d->n_seen++], sizeof(d->seen[0]), "%s", dataset);
    if (!dash_live(d))
        return;
    if (now - d->wave_s >= settle_s || now < d->wave_s)
        d->wave_s = now;
    for (int k = 0; k < 2; k++) {
        for (int i = 0; i < visits[k]->n; i++) {
            struct dash_pane *p = &visits[k]->panes[i];
            for (int j = 0; j < p->n_datasets && !p->stale; j++) {
                if (strcmp(p->datasets[j], dataset) != 0)
                    continue;
                p->stale = true;
                p->stale_since = p->result == NULL || first ? 0 : d->wave_s;
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

/* What is typed stands in its place, and is not disturbed. */
static void said_tick(struct dash *d, double now)
{
    bool typing = d->mode == MODE_FILTER || d->mode == MODE_PALETTE || d->mode == MODE_FORM;
    if (d->said[0] == '\0' || typing || fabs(now - d->said_s) < said_for_s) /* the clock may be set back */
        return;
    d->said[0] = '\0';
    d->dirty = true;
}

double dash_tick(struct dash *d)
{
    double now = d->host.now(d->host.ctx), wait = floor(now) + 1 - now;
    dash_look_for_page(d);
    said_tick(d, now);
    /* When panes without rows stop waiting, what they show changes by itself. */
    if (now - d->opened_s < first_answers_s + 1 && dash_clock_due(d))
        d->dirty = true;
    visit_tick(dash_visit(d), now, &wait);
    visit_tick(&d->head, now, &wait);
    return wait < 0.005 ? 0.005 : wait;
}

static const struct visit *dash_shown(const struct dash *d)
{
    return d->n_stack > 0 ? d->stack[d->n_stack - 1] : d->pages[d->page];
}

bool pane_waits(const struct dash_pane *p)
{
    const struct dash *d = p->dash;
    if (p->result == NULL)
        return p->error[0] == '\0';
    if (p->result->n_rows > 0 || !dash_live(d) || d->host.now(d->host.ctx) - d->opened_s > first_answers_s)
        return false;
    for (int i = 0; i < p->n_datasets; i++)
        if (is_seen(d, p->datasets[i]))
            return false;
    return p->n_datasets > 0;
}

bool dash_dirty(const struct dash *d)
{
    return d->dirty;
}

static bool visit_complete(const struct visit *v, bool settled)
{
    for (int i = 0; i < v->n; i++) {
        struct dash_pane *p = &v->panes[i];
        if (pane_visible(p) && (!p->asked || p->rows.out || p->beside.out || (settled && p->stale)))
            return false;
    }
    return true;
}

bool dash_complete(const struct dash *d)
{
    return visit_complete(&d->head, false) && visit_complete(dash_shown(d), false);
}

bool dash_settled(const struct dash *d)
{
    return visit_complete(&d->head, true) && visit_complete(dash_shown(d), true);
}

/* ---- small things ---- */

void dash_say(struct dash *d, enum role role, const char *text)
{
    snprintf(d->said, sizeof(d->said), "%s", text);
    d->said_role = role;
    d->said_s = d->host.now(d->host.ctx);
    d->dirty = true;
}

void dash_set_trouble(struct dash *d, const char *text)
{
    if (strcmp(d->trouble, text == NULL ? "" : text) == 0)
        return;
    snprintf(d->trouble, sizeof(d->trouble), "%s", text == NULL ? "" : text);
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
