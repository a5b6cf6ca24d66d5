/* The walk over the rows of a dataset that a statement asks for. */
#include "core/cursor.h"

#include <assert.h>
#include <math.h>
#include <stdlib.h>
#include <string.h>

#include "core/mem.h"
#include "core/when.h"

struct cursor *cursor_new(struct table *t)
{
    struct cursor *c = mem_new(sizeof(*c));
    c->table = t;
    c->at_s = c->trend_s = NAN;
    return c;
}

static void drop_keys(struct cursor *c)
{
    for (int i = 0; i < c->n_keys; i++)
        free(c->keys[i].text);
    c->n_keys = 0;
}

void cursor_free(struct cursor *c)
{
    drop_keys(c);
    for (int a = 0; a < N_ARGS; a++)
        sqlite3_value_free(c->args[a]);
    free(c->resolved);
    free(c->trend);
    free(c);
}

static bool same_value(sqlite3_value *a, sqlite3_value *b)
{
    if (a == NULL || b == NULL)
        return a == b;
    if (sqlite3_value_type(a) != sqlite3_value_type(b))
        return false;
    switch (sqlite3_value_type(a)) {
    case SQLITE_NULL:
        return true;
    case SQLITE_INTEGER:
        return sqlite3_value_int64(a) == sqlite3_value_int64(b);
    case SQLITE_FLOAT:
        return sqlite3_value_double(a) == sqlite3_value_double(b);
    default:
        return strcmp((const char *)sqlite3_value_text(a), (const char *)sqlite3_value_text(b)) == 0;
    }
}

/* The text of V, "" when it is not given or NULL. */
static const char *argument_text(sqlite3_value *v)
{
    const unsigned char *text = v == NULL ? NULL : sqlite3_value_text(v);
    return text == NULL ? "" : (const char *)text;
}

static bool is_number(sqlite3_value *v)
{
    return v != NULL && (sqlite3_value_type(v) == SQLITE_INTEGER || sqlite3_value_type(v) == SQLITE_FLOAT);
}

static bool read_at(const struct door *d, sqlite3_value *v, double *at_s, struct err *err)
{
    if (is_number(v))
        *at_s = sqlite3_value_double(v);
    else if (argument_text(v)[0] == '\0')
        *at_s = NAN;
    else
        return moment_parse(argument_text(v), d->now_s, at_s, err);
    return true;
}

static bool read_trend(sqlite3_value *v, double *trend_s, struct err *err)
{
    if (is_number(v))
        *trend_s = sqlite3_value_double(v);
    else if (argument_text(v)[0] == '\0')
        *trend_s = NAN;
    else if (!duration_parse(argument_text(v), trend_s, err))
        return false;
    if (*trend_s <= 0)
        return fail(err, "the third argument, trend, is a number of seconds above 0, not %g", *trend_s);
    return true;
}

/* Takes over the arguments; what was resolved for others is forgotten. */
static bool set_arguments(struct cursor *c, sqlite3_value *given[N_ARGS], struct err *err)
{
    bool same = c->resolved != NULL;
    for (int a = 0; a < N_ARGS; a++)
        same = same && same_value(c->args[a], given[a]);
    if (same)
        return true;
    if (!window_spec_parse(argument_text(given[ARG_WINDOW]), &c->spec, err) ||
        !read_at(c->table->door, given[ARG_AT], &c->at_s, err) ||
        !read_trend(given[ARG_TREND], &c->trend_s, err))
        return false;
    for (int a = 0; a < N_ARGS; a++) {
        sqlite3_value_free(c->args[a]);
        c->args[a] = given[a] == NULL ? NULL : sqlite3_value_dup(given[a]);
    }
    free(c->resolved);
    int n = c->table->door->snapshot == NULL ? 0 : snapshot_targets(c->table->door->snapshot);
    c->resolved = mem_new_array((size_t)n, sizeof(*c->resolved));
    return true;
}

enum match { MATCH_NONE, MATCH_KEY, MATCH_UNKNOWN };

/* V as a value to look up in an integer column, as `=` compares it: '42' and 42.0 are 42. */
static enum match integer_key(sqlite3_value *v, struct key *key)
{
    int type = sqlite3_value_numeric_type(v);
    if (type == SQLITE_INTEGER) {
        key->integer = sqlite3_value_int64(v);
        return key->integer == INT_NONE ? MATCH_NONE : MATCH_KEY;
    }
    if (type != SQLITE_FLOAT)
        return MATCH_NONE;
    double real = sqlite3_value_double(v);
    if (!(real > -0x1p63 && real < 0x1p63) || real != floor(real))
        return MATCH_NONE;
    key->integer = (int64_t)real;
    return MATCH_KEY;
}

/* A number against a text column: whether '042' equals 42 depends on where the number comes from, which is
 * not told here. */
static enum match text_key(sqlite3_value *v, struct key *key)
{
    if (is_number(v))
        return MATCH_UNKNOWN;
    if (sqlite3_value_type(v) != SQLITE_TEXT)
        return MATCH_NONE;
    const char *text = (const char *)sqlite3_value_text(v);
    if (text == NULL || strlen(text) != (size_t)sqlite3_value_bytes(v))
        return MATCH_NONE;
    key->text = mem_dup(text);
    return MATCH_KEY;
}

/* False: nothing can be equal to V. */
static bool add_key(struct cursor *c, int shown, sqlite3_value *v)
{
    struct key key = {.column = c->table->shown[shown].column};
    enum match m = c->table->shown[shown].type == TYPE_INT ? integer_key(v, &key) : text_key(v, &key);
    if (m == MATCH_KEY)
        c->keys[c->n_keys++] = key;
    return m != MATCH_NONE;
}

/* Looks up all keys and walks their chains in step: the first that ends is the shortest. SQLite checks the
 * other keys. */
static void enter_chain(struct cursor *c, struct sample *s)
{
    int first[PLAN_KEYS], at[PLAN_KEYS];
    for (int i = 0; i < c->n_keys; i++) {
        const struct key *k = &c->keys[i];
        if (!sample_has(s, k->column))
            first[i] = -1;
        else
            first[i] = k->text != NULL ? sample_first_text(s, k->column, k->text)
                                       : sample_first_int(s, k->column, k->integer);
        at[i] = first[i];
    }
    int shortest = c->n_keys == 1 ? 0 : -1;
    while (shortest < 0) {
        for (int i = 0; i < c->n_keys && shortest < 0; i++) {
            if (at[i] < 0)
                shortest = i;
            else
                at[i] = sample_next(s, c->keys[i].column, at[i]);
        }
    }
    c->chain = c->keys[shortest].column;
    c->row = first[shortest];
}

static void enter_window(struct cursor *c, struct window *w)
{
    c->window = w;
    c->chain = -1;
    c->row = w->now->n_rows > 0 ? 0 : -1;
    if (c->n_keys > 0 && c->row == 0)
        enter_chain(c, w->now);
}

/* The windows of the next target. */
static void enter_target(struct cursor *c)
{
    struct snapshot *snapshot = c->table->door->snapshot;
    const struct dataset *dataset = c->table->dataset;
    int target = c->target++;
    c->shown_target = target;
    if (isnan(c->trend_s)) {
        if (c->resolved[target] == NULL)
            c->resolved[target] = snapshot_window(snapshot, target, dataset, c->spec, c->at_s);
        c->windows = &c->resolved[target];
        c->n_windows = c->resolved[target] == NULL ? 0 : 1;
        return;
    }
    struct window **trend = NULL;
    int n = snapshot_trend(snapshot, target, dataset, c->trend_s, c->at_s, &trend);
    free(c->trend);
    /* The snapshot's list holds until the next question, and two tables of one statement may ask in turn. */
    c->trend = mem_new_array((size_t)n, sizeof(*c->trend));
    if (n > 0)
        memcpy(c->trend, trend, (size_t)n * sizeof(*trend));
    c->windows = c->trend;
    c->n_windows = n;
}

double cursor_number(const struct cursor *c, const struct shown *s)
{
    const struct column *column = &c->table->dataset->columns[s->column];
    if (s->face == FACE_DELTA)
        return window_delta(c->window, c->row, s->column);
    if (s->face == FACE_PER_S)
        return window_per_s(c->window, c->row, s->column);
    if (column->kind == KIND_DERIVED)
        return window_derived(c->window, c->row, s->column);
    if (!sample_has(c->window->now, s->column))
        return NAN;
    if (column->type == TYPE_REAL)
        return sample_real(c->window->now, s->column, c->row);
    int64_t integer = sample_int(c->window->now, s->column, c->row);
    return integer == INT_NONE ? NAN : (double)integer;
}

/* What equals a limit is within it: of great integers only SQLite knows which side they are on. */
static bool is_within(const struct cursor *c)
{
    for (int i = 0; i < c->n_limits; i++) {
        const struct limit *l = &c->limits[i];
        double v = cursor_number(c, l->shown);
        if (!(l->below ? v >= l->value : v <= l->value)) /* no value is in no range */
            return false;
    }
    return true;
}

static void step(struct cursor *c)
{
    if (c->chain >= 0)
        c->row = sample_next(c->window->now, c->chain, c->row);
    else
        c->row = c->row + 1 < c->window->now->n_rows ? c->row + 1 : -1;
}

/* Goes on, to the next window or target too, until there is a row. */
static void settle(struct cursor *c)
{
    for (;;) {
        while (c->row >= 0 && !is_within(c))
            step(c);
        if (c->row >= 0)
            return;
        if (c->n_windows > 0) {
            c->n_windows--;
            enter_window(c, *c->windows++);
        } else if (c->target < c->end_target) {
            enter_target(c);
        } else {
            c->window = NULL;
            return;
        }
    }
}

/* All targets, or the one that is called V. */
static void set_targets(struct cursor *c, sqlite3_value *v)
{
    struct snapshot *snapshot = c->table->door->snapshot;
    int n = snapshot == NULL ? 0 : snapshot_targets(snapshot);
    c->target = 0;
    c->end_target = n;
    if (v == NULL || is_number(v))
        return;
    const char *name = argument_text(v);
    if (sqlite3_value_type(v) == SQLITE_TEXT)
        while (c->target < n && strcmp(snapshot_target(snapshot, c->target), name) != 0)
            c->target++;
    else
        c->target = n;
    c->end_target = c->target < n ? c->target + 1 : n;
}

static void add_limit(struct cursor *c, const struct plan_limit *l, sqlite3_value *v)
{
    if (is_number(v))
        c->limits[c->n_limits++] = (struct limit){
            .shown = &c->table->shown[l->shown], .value = sqlite3_value_double(v), .below = l->below};
}

bool cursor_filter(struct cursor *c, const struct plan *p, int n_values, sqlite3_value **values,
                   struct err *err)
{
    sqlite3_value *given[N_ARGS] = {NULL, NULL, NULL};
    int n = p->target ? 1 : 0;
    for (int a = 0; a < N_ARGS; a++)
        if (p->args[a])
            given[a] = values[n++];
    assert(n + p->n_keys + p->n_limits == n_values);
    if (!set_arguments(c, given, err))
        return false;
    set_targets(c, p->target ? values[0] : NULL);
    drop_keys(c);
    for (int k = 0; k < p->n_keys; k++)
        if (!add_key(c, p->keys[k], values[n++]))
            c->target = c->end_target;
    c->n_limits = 0;
    for (int l = 0; l < p->n_limits; l++)
        add_limit(c, &p->limits[l], values[n++]);
    c->n_windows = 0;
    c->row = -1;
    settle(c);
    return true;
}

void cursor_next(struct cursor *c)
{
    step(c);
    settle(c);
}

int64_t cursor_rowid(const struct cursor *c)
{
    /* 16 bits of target, 16 of samples to come, 31 of row. */
    return (int64_t)(c->shown_target & 0x7fff) << 47 | (int64_t)(c->n_windows & 0xffff) << 31 | c->row;
}
