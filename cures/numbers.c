/* Numbers before and after: what a SELECT gave, when each counts as `after`, and all as JSON. */
#include <math.h>
#include <stdio.h>
#include <string.h>

#include "core/json.h"
#include "cures/measure.h"

/* PostgreSQL tells what has happened up to that much later. */
static const double later_s = 1;
/* A shorter window is none to compare with: what nobody looks at is read once a minute. Windows count as
 * equal up to this part of them. */
static const double least_window_s = 120, unlike_ratio = 0.25;

/* A row of the SELECT; borrowed. */
struct found {
    const char *name, *unit;
    double value, as_of, over_s;
};

static const char *text_of(const struct result *r, int row, const char *column)
{
    int c = result_column(r, column);
    return c >= 0 && result_at(r, row, c)->type == VALUE_TEXT ? result_at(r, row, c)->text : "";
}

static double real_of(const struct result *r, int row, const char *column)
{
    int c = result_column(r, column);
    return c < 0 ? NAN : value_real(result_at(r, row, c));
}

static struct found found_of(const struct result *r, int row)
{
    return (struct found){text_of(r, row, "number"), text_of(r, row, "unit"), real_of(r, row, "value"),
                          real_of(r, row, "as_of"), real_of(r, row, "over_s")};
}

static struct number *find(struct numbers *n, const char *name)
{
    for (int i = 0; i < n->n; i++)
        if (strcmp(n->list[i].name, name) == 0)
            return &n->list[i];
    return NULL;
}

void numbers_before(struct numbers *n, const struct result *r)
{
    *n = (struct numbers){.n = 0};
    for (int row = 0; row < r->n_rows && n->n < MOST_NUMBERS; row++) {
        struct found f = found_of(r, row);
        struct number *to = &n->list[n->n];
        if (f.name[0] == '\0' || find(n, f.name) != NULL)
            continue;
        *to = (struct number){.before = f.value, .after = NAN, .over_s = f.over_s};
        to->is_window = strcmp(text_of(r, row, "kind"), "window") == 0;
        if (to->is_window && !(f.over_s >= least_window_s))
            to->over_s = NAN;
        snprintf(to->name, sizeof(to->name), "%s", f.name);
        snprintf(to->unit, sizeof(to->unit), "%s", f.unit);
        n->n++;
    }
}

static bool is_after(const struct number *to, const struct found *f, double ended_at)
{
    if (!to->is_window)
        return f->as_of > ended_at + later_s;
    return f->as_of - f->over_s >= ended_at && fabs(f->over_s - to->over_s) <= unlike_ratio * to->over_s;
}

bool numbers_after(struct numbers *n, const struct result *r, double ended_at)
{
    bool any = false;
    for (int row = 0; row < r->n_rows; row++) {
        struct found f = found_of(r, row);
        struct number *to = find(n, f.name);
        if (to == NULL || to->known || !is_after(to, &f, ended_at))
            continue;
        to->after = f.value;
        to->known = any = true;
    }
    return any;
}

/* A window that was not there before has nothing to be compared with. */
static bool is_open(const struct number *n)
{
    return !n->known && !(n->is_window && isnan(n->over_s));
}

bool numbers_open(const struct numbers *n)
{
    bool open = false;
    for (int i = 0; i < n->n; i++)
        open = open || is_open(&n->list[i]);
    return open;
}

bool numbers_levels_open(const struct numbers *n)
{
    bool open = false;
    for (int i = 0; i < n->n; i++)
        open = open || (!n->list[i].is_window && !n->list[i].known);
    return open;
}

double numbers_window_s(const struct numbers *n)
{
    double window_s = NAN;
    for (int i = 0; i < n->n; i++)
        if (n->list[i].is_window)
            window_s = fmin(window_s, n->list[i].over_s);
    return window_s;
}

/* ---- JSON ---- */

static void member_add(struct json *json, struct text *out, bool *first, const char *name,
                       const struct value *v)
{
    text_add(out, *first ? "" : ",");
    *first = false;
    json_add_text(json, out, name);
    text_add_char(out, ':');
    json_add(json, out, v);
}

enum part { BEFORE, AFTER, UNITS, OVER, N_PARTS };

static bool value_of(const struct number *n, enum part part, struct value *v)
{
    bool bare = n->is_window && isnan(n->over_s); /* neither side is known */
    double real = part == BEFORE ? n->before : part == AFTER ? n->after : n->over_s;
    *v = (struct value){.type = VALUE_REAL, .real = real};
    if (isnan(real))
        v->type = VALUE_NULL;
    if (part == UNITS)
        *v = (struct value){.type = VALUE_TEXT, .text = n->unit};
    return !bare && (part != AFTER || n->known) && (part != OVER || n->is_window);
}

char *numbers_json(const struct numbers *n, struct json *json)
{
    static const char *const names[N_PARTS] = {"before", "after", "units", "over"};
    struct text out;
    if (n->n == 0)
        return NULL;
    text_init(&out, 64 << 10);
    for (int part = 0; part < N_PARTS; part++) {
        bool first = true;
        text_addf(&out, "%s\"%s\":{", part == 0 ? "{" : ",", names[part]);
        for (int i = 0; i < n->n; i++) {
            struct value v;
            if (value_of(&n->list[i], (enum part)part, &v))
                member_add(json, &out, &first, n->list[i].name, &v);
        }
        text_add_char(&out, '}');
    }
    text_add_char(&out, '}');
    return text_take(&out);
}
