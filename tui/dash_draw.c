/* The dashboard draws: frames around panes, and what has no rows yet. */
#include <math.h>
#include <stdio.h>
#include <string.h>

#include "core/text.h"
#include "core/utf8.h"
#include "tui/dash_state.h"

void hit_add(struct dash *d, enum hit_kind kind, int row, int column, int rows, int columns, int number)
{
    if (d->n_hits < MAX_HITS)
        d->hits[d->n_hits++] = (struct hit){kind, row, column, rows, columns, number};
}

/* "1m", or "20 s of 5m" while the window is not covered yet. */
void window_text(const struct dash_pane *p, char *out, size_t size)
{
    const struct dash *d = p->dash;
    int column = p->result == NULL ? -1 : result_column(p->result, "span_s");
    struct window_spec spec;
    char span[32];
    double true_s = column < 0 || p->result->n_rows == 0 ? NAN : value_real(result_at(p->result, 0, column));
    snprintf(out, size, "%s", d->window);
    if (isnan(true_s))
        return;
    unit_format(span, sizeof(span), true_s, UNIT_S);
    if (window_spec_parse(d->window, &spec, NULL) && spec.kind == WINDOW_SECONDS) {
        if (true_s < spec.seconds * 0.8)
            snprintf(out, size, "%s of %s", span, d->window);
    } else {
        snprintf(out, size, strcmp(d->window, "last") == 0 ? "last %s" : "%s since %s", span, d->window);
    }
}

/* What the pane `failures` tells of the datasets of P, the first from row *I on whose COLUMN is known; NULL: nothing more. */
static const struct value *told_of(const struct dash_pane *p, const char *column, int *i)
{
    const struct dash_pane *failures = dash_pane_named(p->dash, "failures");
    const struct result *r = failures == NULL ? NULL : failures->result;
    int dataset = r == NULL ? -1 : result_column(r, "dataset"), at = r == NULL ? -1 : result_column(r, column);
    for (; dataset >= 0 && at >= 0 && *i < r->n_rows; (*i)++)
        for (int k = 0; k < p->n_datasets; k++)
            if (strcmp(result_at(r, *i, dataset)->text, p->datasets[k]) == 0 &&
                !names_have(&p->pane->undemanded, p->datasets[k]) &&
                result_at(r, *i, at)->type != VALUE_NULL)
                return result_at(r, (*i)++, at);
    return NULL;
}

/* Why a pane has no rows, if one of its datasets could not be had. NULL: it truly has none. */
static const char *failure(const struct dash_pane *p)
{
    int i = 0;
    const struct value *error = p->result == NULL || p->result->n_rows > 0 ? NULL : told_of(p, "error", &i);
    return error == NULL ? NULL : error->text;
}

/* Age of the oldest of what a pane shows as that of now, though it is read no more; NAN: it is fresh, or has no rows, or (lines) each row
 * says of when it is. */
static double pane_age_s(const struct dash_pane *p)
{
    const struct dash_pane *failures = dash_pane_named(p->dash, "failures");
    double oldest = NAN;
    const struct value *old;
    if (p->result == NULL || p->result->n_rows == 0 || !dash_live(p->dash) || p->pane->widget == WIDGET_LINES)
        return NAN;
    for (int i = 0; (old = told_of(p, "old_s", &i)) != NULL;)
        oldest = fmax(oldest, value_real(old));
    if (isnan(oldest) || strstr(p->pane->sql, ":target") == NULL) /* then its rows are of all targets */
        return NAN;
    return oldest + fmax(p->dash->host.now(p->dash->host.ctx) - failures->answered_s, 0);
}

/* What stands at the right of the title: the note's first column, then filter, set and how many rows there
 * are. */
static void right_text(const struct dash_pane *p, double age_s, struct text *out)
{
    const struct pane *pane = p->pane;
    char seen[64];
    if (!isnan(age_s) && !p->held) {
        unit_format(seen, sizeof(seen), age_s, UNIT_S);
        text_addf(out, "read %s ago ", seen);
    }
    if (p->held) {
        moment_text(p->seen_s, p->dash->host.now(p->dash->host.ctx), seen, sizeof(seen));
        text_addf(out, "%s%slast seen %s ", p == p->visit->panes ? pane->empty : "",
                  p == p->visit->panes ? "; " : "", seen);
    }
    if (p->filter_text != NULL)
        text_addf(out, "%s/%s ", out->len > 0 ? "· " : "", p->filter_text);
    if (pane->sets.n > 0)
        text_addf(out, "%s%s ", out->len > 0 ? "· " : "", pane->sets.names[p->set]);
    bool unknown = failure(p) != NULL; /* then "0 active" is not true */
    if (pane->note != NULL && p->note != NULL && p->note->n_rows > 0 && widget_has_rows(pane->widget) && !unknown &&
        result_at(p->note, 0, 0)->type == VALUE_TEXT)
        text_addf(out, "%s%s ", out->len > 0 ? "· " : "", result_at(p->note, 0, 0)->text);
    if (p->table.n_tags > 0)
        text_addf(out, "%s%d tagged ", out->len > 0 ? "· " : "", p->table.n_tags);
    int below = p->result == NULL || !widget_has_rows(pane->widget)
                    ? 0
                    : p->result->n_rows - p->table.top - p->table.page_rows;
    if (p->result != NULL && p->result->more)
        text_addf(out, "%sfirst %d ", out->len > 0 ? "· " : "", p->result->n_rows);
    else if (below > 0 || p->table.top > 0)
        text_addf(out, "%s%d rows ", out->len > 0 ? "· " : "", p->result->n_rows);
}

static void frame_draw(struct dash_pane *p, struct area a, bool focused)
{
    struct text title, right;
    char window[64];
    struct view v = pane_view(p);
    text_init(&title, 400);
    text_init(&right, 400);
    window_text(p, window, sizeof(window));
    view_title(&v, window, &title);
    double age = pane_age_s(p);
    right_text(p, age, &right);
    struct area line = area_part(a, 0, 0, 1, a.columns);
    area_fill(line, STYLE(focused ? ROLE_ACCENT : ROLE_BORDER), "─");
    int room = a.columns - 6, left = utf8_columns(text_str(&title)), beside = utf8_columns(text_str(&right));
    if (!isnan(age) && room > 24) { /* what is old must not look new for want of room: a part of the title gives way */
        beside = beside > room / 2 ? room / 2 : beside;
        left = left > room - beside - 4 ? room - beside - 4 : left;
    } else if (left + beside + 4 > room)
        beside = room - left - 4 > 8 ? room - left - 4 : 0;
    int used = area_put(line, 0, 3, room < left ? room : left,
                        (struct style){ROLE_TITLE, focused ? ATTR_BOLD : 0}, text_str(&title), true);
    area_put(line, 0, 2, 1, STYLE(ROLE_BORDER), " ", false);
    area_put(line, 0, 3 + used, 1, STYLE(ROLE_BORDER), " ", false);
    if (beside > 0) {
        int from = a.columns - 3 - beside;
        area_put(line, 0, from - 1, 1, STYLE(ROLE_BORDER), " ", false);
        enum role role = !isnan(age) ? ROLE_WARNING : p->filter_text != NULL ? ROLE_MATCH : ROLE_DIM;
        area_put(line, 0, from, beside, STYLE(role), text_str(&right), true);
    }
    text_done(&title);
    text_done(&right);
}

/* Nothing is wrong: the target is another kind of thing. */
static bool foreign(struct dash_pane *p, char *out, size_t size)
{
    char product[64] = "";
    if (!pane_is_foreign(p))
        return false;
    dash_product(p->dash, product, sizeof(product));
    const char *about = NULL; /* a name that a person knows from the page's or the pane's title */
    for (int i = 0; i < p->n_datasets; i++)
        if (strcmp(p->datasets[i], p->pane->name) == 0 || strcmp(p->datasets[i], p->visit->page->name) == 0)
            about = p->datasets[i];
    if (about != NULL)
        snprintf(out, size, "n/a: %s has no %s", product, about);
    else
        snprintf(out, size, "n/a for %s", product);
    return true;
}

/* It was opened from a row that was gone already: nothing of it was ever held here. */
static bool gone(const struct dash_pane *p, char *out, size_t size)
{
    if (p->result->n_rows > 0 || !pane_is_gone(p))
        return false;
    bool first = p == p->visit->panes;
    snprintf(out, size, "%s ([ steps back to when it was there)",
             first ? p->pane->empty : "it is not there now");
    return true;
}

/* Rows that are there and were not asked for. False if the user asked for all. */
static bool left_out(const struct dash_pane *p, char *out, size_t size)
{
    if (p->result->n_rows > 0 || p->table.ghost != NULL || !widget_has_rows(p->pane->widget))
        return false;
    if (p->filter_text != NULL)
        snprintf(out, size, "no row passes the filter /%.200s (Esc drops it)", p->filter_text);
    else if (p->set > 0)
        snprintf(out, size, "the set \"%.60s\" has no rows (f: the next set)", p->pane->sets.names[p->set]);
    return p->filter_text != NULL || p->set > 0;
}

/* The cursor stands on a row; where there is none, the title has it. */
static bool title_marked(struct dash_pane *p, const struct view *v)
{
    return v->focused && v->row_marks && !pane_waits(p) &&
           (p->result == NULL || !widget_has_rows(p->pane->widget) || view_rows(v) == 0);
}

void pane_draw(struct dash_pane *p, struct area whole, bool frame)
{
    char why[300];
    struct view v = pane_view(p);
    struct pane_sort sort;
    struct area body = frame ? area_part(whole, 1, 0, whole.rows - 1, whole.columns) : whole;
    pane_sort_of(p, &sort);
    v.sort = sort.column == NULL ? NULL : &sort;
    if (p->error[0] != '\0')
        area_put(body, 0, 1, -1, STYLE(ROLE_WARNING), p->error, true);
    else if (foreign(p, why, sizeof(why)))
        area_put(body, 0, 1, -1, STYLE(ROLE_DIM), why, true);
    else if (pane_waits(p))
        area_put(body, 0, 1, -1, STYLE(ROLE_DIM), "collecting...", true);
    else if (failure(p) != NULL)
        area_put(body, 0, 1, -1, STYLE(ROLE_WARNING), failure(p), true);
    else if (gone(p, why, sizeof(why)) || left_out(p, why, sizeof(why)))
        area_put(body, 0, 1, -1, STYLE(ROLE_DIM), why, true);
    else
        widget_draw(&v, body);
    /* Last: titles count rows below, which the drawing finds out. */
    if (frame)
        frame_draw(p, whole, v.focused && p->dash->mode != MODE_TEXT);
    if (title_marked(p, &v))
        area_put(whole, 0, frame ? 1 : 0, 1, STYLE(ROLE_ACCENT), "▶", false);
    /* More rows were scrolled to than a page of them is held below: the next ones are asked for. */
    if (p->result != NULL && p->result->more && p->table.top + 2 * p->table.page_rows > p->result->n_rows &&
        p->limit < MOST_LIMIT && !p->stale && p->limit <= p->result->n_rows) {
        p->limit *= 4;
        pane_stale(p);
    }
}

static void panes_draw(struct dash *d, struct canvas *c)
{
    struct visit *v = dash_visit(d);
    for (int i = 0; i < v->n; i++) {
        struct dash_pane *p = &v->panes[i];
        const struct layout_place *at = &p->place;
        if (at->rows <= 0 || at->columns <= 0)
            continue;
        pane_draw(p, area_part(canvas_area(c), d->body_row + at->row, at->column, at->rows, at->columns),
                  !d->frameless);
        hit_add(d, HIT_PANE, d->body_row + at->row, at->column, at->rows, at->columns, i);
        /* How many rows a SELECT wanted was said when it was asked: a larger pane wants more. */
        if (p->asked && !p->stale && p->asked_rows != pane_body_rows(p) &&
            strstr(p->pane->sql, ":rows") != NULL)
            pane_stale(p);
    }
}

bool dash_clock_due(const struct dash *d)
{
    bool covered = d->mode == MODE_HELP || d->mode == MODE_TEXT;
    return !covered && floor(d->host.now(d->host.ctx)) != d->drawn_second;
}

void dash_draw_clock(struct dash *d, struct canvas *c)
{
    d->drawn_second = floor(d->host.now(d->host.ctx));
    head_draw(d, area_part(canvas_area(c), 0, 0, d->body_row < 1 ? d->body_row : 1, c->columns));
}

void dash_draw(struct dash *d, struct canvas *c)
{
    canvas_clear(c);
    d->n_hits = 0;
    visit_take_newer(&d->head);
    visit_take_newer(dash_visit(d));
    dash_layout(d, c->rows, c->columns);
    d->drawn_second = floor(d->host.now(d->host.ctx));
    d->dirty = false;
    panes_draw(d, c);
    struct area screen = canvas_area(c);
    head_draw(d, area_part(screen, 0, 0, d->body_row, c->columns));
    if (d->body_row + d->body_rows < c->rows)
        foot_draw(d, area_part(screen, c->rows - 1, 0, 1, c->columns));
    struct area body = area_part(screen, d->body_row, 0, d->body_rows, c->columns);
    if (d->mode == MODE_PALETTE || d->mode == MODE_SORT)
        list_draw(d, body);
    else if (d->mode == MODE_FORM)
        form_draw(d, body);
    else if (d->mode == MODE_OFFER)
        offer_draw(d, body);
    else if (d->mode == MODE_QUESTION)
        question_draw(d, body);
    else if (d->mode == MODE_HELP || d->mode == MODE_TEXT)
        overlay_draw(d, screen);
}
