/* Widget chart: stacked areas over time. Rows are (sampled_at, a text: the series, a number). */
#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "core/mem.h"
#include "core/utf8.h"
#include "tui/widget.h"

enum { MAX_SERIES = 12, AXIS = 6, LEGEND = 18, MAX_COLUMNS = 400 };

struct series {
    const char *name;
    enum role role;
    double newest, sum;
    double *slots;
};

struct chart {
    struct series series[MAX_SERIES];
    int n;
    int width;
    double top, limit;
    double *cells; /* of all series */
};

static enum role series_role(const struct view *v, int row, int column, const char *name)
{
    enum role role = view_role(v, v->result, row, column);
    unsigned hash = 0;
    if (role != ROLE_TEXT)
        return role;
    for (; *name != '\0'; name++)
        hash = hash * 31 + (unsigned char)*name;
    return (enum role)(ROLE_GRAPH_1 + hash % 6);
}

static int by_sum(const void *a, const void *b)
{
    const struct series *x = a, *y = b;
    return x->sum < y->sum ? 1 : x->sum > y->sum ? -1 : strcmp(x->name, y->name);
}

/* Moments of the chart, each once, ascending. */
static int moments_of(const struct result *r, int at, double *out)
{
    int n = 0;
    for (int i = 0; i < r->n_rows; i++) {
        double moment = value_real(result_at(r, i, at));
        if (!isnan(moment) && (n == 0 || moment > out[n - 1]))
            out[n++] = moment;
    }
    return n;
}

static struct series *series_find(struct chart *c, const char *name)
{
    for (int i = 0; i < c->n; i++)
        if (strcmp(c->series[i].name, name) == 0)
            return &c->series[i];
    if (c->n == MAX_SERIES)
        return &c->series[MAX_SERIES - 1];
    c->series[c->n].name = name;
    return &c->series[c->n++];
}

/* The rows as one array of moments per series: a moment without a row of a series is 0 for it. */
static void chart_fill(const struct view *v, struct chart *c, int at, int name, int number)
{
    const struct result *r = v->result;
    double *times = mem_new_array((size_t)r->n_rows, sizeof(double));
    int n = moments_of(r, at, times);
    double *values = mem_new_array((size_t)MAX_SERIES * (size_t)n, sizeof(double));
    int moment = 0;
    for (int i = 0; i < r->n_rows; i++) {
        const struct value *text = result_at(r, i, name);
        double when = value_real(result_at(r, i, at)), value = value_real(result_at(r, i, number));
        while (moment < n - 1 && times[moment] < when)
            moment++;
        if (n == 0 || text->type != VALUE_TEXT)
            continue;
        struct series *s = series_find(c, text->text);
        if (s->role == ROLE_TEXT)
            s->role = series_role(v, i, name, s->name);
        values[(s - c->series) * n + moment] += isnan(value) ? 0 : value;
    }
    for (int i = 0; i < c->n; i++) {
        struct series *s = &c->series[i];
        s->slots = c->cells + (size_t)i * (size_t)c->width;
        slots_fill(times, values + (size_t)i * (size_t)n, n, v->at_s, v->pane->trend_s, s->slots, c->width);
        s->newest = n > 0 ? values[(size_t)i * (size_t)n + (size_t)n - 1] : 0;
        for (int k = 0; k < c->width; k++)
            s->sum += isnan(s->slots[k]) ? 0 : s->slots[k];
    }
    free(values);
    free(times);
    qsort(c->series, (size_t)c->n, sizeof(c->series[0]), by_sum);
}

static double total_at(const struct chart *c, int column)
{
    double sum = 0;
    for (int i = 0; i < c->n; i++)
        sum += isnan(c->series[i].slots[column]) ? 0 : c->series[i].slots[column];
    return sum;
}

/* A round number at or above TOP that ROWS lines divide well. */
static double nice_top(double top, int rows)
{
    static const double steps[] = {1, 2, 2.5, 3, 4, 5, 6, 8, 10};
    if (!(top > 0))
        return rows;
    double step = top / rows, power = pow(10, floor(log10(step)));
    for (size_t i = 0; i < sizeof(steps) / sizeof(steps[0]); i++)
        if (steps[i] * power >= step * 0.9999)
            return steps[i] * power * rows;
    return power * 10 * rows;
}

static void column_draw(const struct chart *c, struct area a, int column, int x)
{
    static const char *const blocks[] = {" ", "▁", "▂", "▃", "▄", "▅", "▆", "▇", "█"};
    double total = total_at(c, column), per_row = c->top / a.rows, filled = 0;
    int s = 0;
    for (int y = 0; y < a.rows; y++) {
        double from = y * per_row, part = (total - from) / per_row;
        /* The series that the middle of what this cell shows belongs to. */
        double middle = from + per_row * 0.5 * fmin(part, 1);
        while (s < c->n - 1 &&
               filled + (isnan(c->series[s].slots[column]) ? 0 : c->series[s].slots[column]) < middle)
            filled += isnan(c->series[s].slots[column]) ? 0 : c->series[s].slots[column], s++;
        bool limit = c->limit > from && c->limit <= from + per_row;
        int eighths = part >= 1 ? 8 : part <= 0 ? 0 : (int)(part * 8 + 0.5);
        if (eighths > 0)
            area_put(a, a.rows - 1 - y, x, 1, STYLE(c->series[s].role), blocks[eighths], false);
        else if (limit)
            area_put(a, a.rows - 1 - y, x, 1, STYLE(ROLE_DIM), "┄", false);
    }
}

static void axis_draw(const struct chart *c, struct area a)
{
    for (int y = 0; y < a.rows; y++) {
        char number[24];
        double value = c->top / a.rows * (a.rows - y);
        snprintf(number, sizeof(number), value < 9.95 && value != floor(value) ? "%.1f" : "%.0f", value);
        area_put_right(a, y, 0, AXIS - 2, STYLE(ROLE_DIM), number);
        area_put(a, y, AXIS - 1, 1, STYLE(ROLE_BORDER), "┤", false);
    }
}

static void legend_draw(const struct view *v, const struct chart *c, struct area a)
{
    int y = 0, limit = isnan(c->limit) ? 0 : 1;
    for (int i = 0; i < c->n && y < a.rows - limit; i++) {
        char number[32];
        if (c->series[i].sum <= 0)
            continue;
        area_put(a, y, 0, 1, STYLE(c->series[i].role), "■", false);
        snprintf(number, sizeof(number), "%.1f", c->series[i].newest);
        area_put(a, y, 2, a.columns - 9, STYLE(ROLE_TEXT), c->series[i].name, true);
        area_put_right(a, y++, a.columns - 6, 6, STYLE(ROLE_TEXT), number);
    }
    char text[64], name[64];
    if (limit == 0 || y >= a.rows || v->note == NULL)
        return;
    snprintf(name, sizeof(name), "%s", v->note->columns[0].name);
    for (char *s = name; *s != '\0'; s++)
        *s = *s == '_' ? ' ' : *s;
    snprintf(text, sizeof(text), "┄ %.0f %.40s", c->limit, name);
    area_put(a, y, 0, a.columns, STYLE(ROLE_DIM), text, true);
}

static void times_draw(const struct view *v, struct area a, int row, int width)
{
    char text[32], number[24];
    double span = v->pane->trend_s;
    unit_format(number, sizeof(number), span, UNIT_S);
    snprintf(text, sizeof(text), "-%.0fm", span / 60);
    area_put(a, row, AXIS, width, STYLE(ROLE_DIM), span >= 60 ? text : number, false);
    snprintf(text, sizeof(text), "-%.0fm", span / 120);
    if (width > 24 && span >= 120)
        area_put(a, row, AXIS + width / 2 - 1, width / 2, STYLE(ROLE_DIM), text, false);
    area_put_right(a, row, AXIS, width, STYLE(ROLE_DIM), "now");
}

void chart_draw(struct view *v, struct area a)
{
    const struct result *r = v->result;
    int at = result_column(r, "sampled_at"), name = -1, number = -1;
    for (int i = 0; i < r->n_columns; i++) {
        if (i != at && !r->columns[i].numeric && name < 0)
            name = i;
        if (i != at && r->columns[i].numeric && number < 0)
            number = i;
    }
    int legend = a.columns >= 46 ? LEGEND : 0, times = a.rows >= 4 ? 1 : 0;
    struct chart c = {.width = a.columns - AXIS - legend - 2, .limit = NAN};
    if (at < 0 || name < 0 || number < 0 || v->pane->trend_s <= 0 || c.width < 4)
        return;
    c.width = c.width > MAX_COLUMNS ? MAX_COLUMNS : c.width;
    c.cells = mem_new_array((size_t)MAX_SERIES * (size_t)c.width, sizeof(double));
    chart_fill(v, &c, at, name, number);
    if (v->note != NULL && v->note->n_rows > 0 && v->note->n_columns > 0)
        c.limit = value_real(result_at(v->note, 0, 0));
    struct area plot = area_part(a, 0, 0, a.rows - times, AXIS + c.width);
    for (int i = 0; i < c.width; i++)
        c.top = fmax(c.top, total_at(&c, i));
    c.top = nice_top(c.top, plot.rows > 0 ? plot.rows : 1);
    axis_draw(&c, plot);
    for (int i = 0; i < c.width; i++)
        column_draw(&c, plot, i, AXIS + i);
    if (times > 0)
        times_draw(v, a, a.rows - 1, c.width);
    if (legend > 0)
        legend_draw(v, &c, area_part(a, 0, AXIS + c.width + 2, a.rows, LEGEND));
    free(c.cells);
}
