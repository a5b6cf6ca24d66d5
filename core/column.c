/* Datasets declared in arrays: looked up, checked, and unfolded into the columns that SQL shows. */
#include "core/column.h"

#include <ctype.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "core/mem.h"

enum {
    LONGEST_NAME = 60, /* with "_per_s" it still fits struct shown */
    MOST_COLUMNS = 500,
    MOST_KEYS = 8
};

int dataset_column(const struct dataset *d, const char *name)
{
    for (int i = 0; i < d->n_columns; i++)
        if (strcmp(d->columns[i].name, name) == 0)
            return i;
    return -1;
}

/* The keywords of SQLite 3.40 that it does not take as a column's name without quotes (tried one by one), and
 * the three that it takes for a function. */
static const char *const reserved[] = {
    "add",          "all",           "alter",        "and",
    "as",           "autoincrement", "between",      "case",
    "cast",         "check",         "collate",      "commit",
    "constraint",   "create",        "current_date", "current_timestamp",
    "current_time", "default",       "deferrable",   "delete",
    "distinct",     "drop",          "else",         "escape",
    "except",       "exists",        "foreign",      "from",
    "group",        "having",        "in",           "index",
    "insert",       "intersect",     "into",         "is",
    "isnull",       "join",          "limit",        "not",
    "nothing",      "notnull",       "null",         "on",
    "or",           "order",         "primary",      "raise",
    "references",   "returning",     "select",       "set",
    "table",        "then",          "to",           "transaction",
    "union",        "unique",        "update",       "using",
    "values",       "when",          "where",
};

static bool is_reserved(const char *name)
{
    for (size_t i = 0; i < sizeof(reserved) / sizeof(reserved[0]); i++)
        if (strcmp(reserved[i], name) == 0)
            return true;
    return false;
}

/* WHAT is "dataset" or "column ... of dataset ...", for the sentence. */
static bool check_name(const char *what, const char *name, struct err *err)
{
    if (name == NULL || name[0] == '\0')
        return fail(err, "a %s has no name", what);
    if (strlen(name) > LONGEST_NAME)
        return fail(err, "%s name %s is longer than %d characters", what, name, LONGEST_NAME);
    for (const char *p = name; *p != '\0'; p++)
        if (!(*p >= 'a' && *p <= 'z') && *p != '_' && (p == name || !isdigit((unsigned char)*p)))
            return fail(err,
                        "%s name %s: a name is lower-case letters, digits and _, and starts with no digit",
                        what, name);
    if (is_reserved(name))
        return fail(err, "%s name %s is a reserved word of SQL: choose another", what, name);
    return true;
}

static bool has_increases(const struct dataset *d, const char *name)
{
    int i = name == NULL ? -1 : dataset_column(d, name);
    return i >= 0 && d->columns[i].kind == KIND_COUNTER;
}

/* How many of the operands a, b, c each formula reads. */
static int n_operands(enum formula f)
{
    switch (f) {
    case FORMULA_NONE:
        return 0;
    case FORMULA_PART:
        return 1;
    case FORMULA_SHARE:
    case FORMULA_QUOTIENT:
        return 2;
    case FORMULA_STDDEV:
    case FORMULA_P50:
    case FORMULA_P95:
    case FORMULA_P99:
        return 3;
    case FORMULA_BUCKET50:
    case FORMULA_BUCKET95:
    case FORMULA_BUCKET99:
        return 1;
    }
    return 0;
}

static bool is_run(const struct dataset *d, const char *first, int n, enum kind kind)
{
    int at = first == NULL ? -1 : dataset_column(d, first);
    if (at < 0 || at + n > d->n_columns)
        return false;
    for (int i = at; i < at + n; i++)
        if (d->columns[i].kind != kind)
            return false;
    return true;
}

static bool check_buckets(const struct dataset *d, const struct column *c, struct err *err)
{
    if (c->run < 1 || c->run > MOST_BUCKETS)
        return fail(err, "%s.%s is made of %d buckets: 1 to %d are possible", d->name, c->name, c->run, MOST_BUCKETS);
    if (!is_run(d, c->a, c->run, KIND_COUNTER) || !is_run(d, c->b, c->run, KIND_GAUGE))
        return fail(err, "%s.%s needs %d counters from a on, and as many gauges with their bounds from b on", d->name,
                    c->name, c->run);
    return true;
}

static bool check_derived(const struct dataset *d, const struct column *c, struct err *err)
{
    if (c->formula == FORMULA_NONE)
        return fail(err, "%s.%s is derived but has no formula", d->name, c->name);
    if (c->source != NULL)
        return fail(err, "%s.%s is derived and has a source too: one of them is wrong", d->name, c->name);
    const char *operands[] = {c->a, c->b, c->c};
    for (int i = 0; i < n_operands(c->formula); i++)
        if (!has_increases(d, operands[i]))
            return fail(err, "%s.%s: operand %c (%s) is no counter of this dataset", d->name, c->name,
                        'a' + i, operands[i] == NULL ? "none" : operands[i]);
    if ((c->formula == FORMULA_SHARE || c->formula == FORMULA_PART) && c->unit != UNIT_RATIO)
        return fail(err, "%s.%s is a share: its unit must be ratio", d->name, c->name);
    bool buckets = c->formula >= FORMULA_BUCKET50 && c->formula <= FORMULA_BUCKET99;
    return !buckets || check_buckets(d, c, err);
}

static bool check_type(const struct dataset *d, const struct column *c, struct err *err)
{
    bool real = c->type == TYPE_REAL;
    if ((c->kind == KIND_GAUGE || c->kind == KIND_COUNTER || c->kind == KIND_DERIVED) && !real)
        return fail(err, "%s.%s: gauges, counters and derived columns are real numbers", d->name, c->name);
    if (c->kind == KIND_TEXT && c->type != TYPE_TEXT)
        return fail(err, "%s.%s is free text, so its type must be text", d->name, c->name);
    if ((int)c->unit < 0 || c->unit >= N_UNITS)
        return fail(err, "%s.%s has no such unit (%d)", d->name, c->name, (int)c->unit);
    if (real && c->unit == UNIT_NONE)
        return fail(err, "%s.%s is a number without a unit", d->name, c->name);
    if (c->type == TYPE_TEXT && c->unit != UNIT_NONE)
        return fail(err, "%s.%s is text, which has no unit", d->name, c->name);
    return true;
}

static bool check_column(const struct dataset *d, const struct column *c, struct err *err)
{
    char what[100];
    snprintf(what, sizeof(what), "%s column", d->name);
    if (!check_name(what, c->name, err))
        return false;
    if (c->help == NULL || c->help[0] == '\0')
        return fail(err, "%s.%s has no help: say in one line what it is", d->name, c->name);
    if (!check_type(d, c, err))
        return false;
    if (c->until != 0 && c->until <= c->since)
        return fail(err, "%s.%s ends at version %d before it starts at %d", d->name, c->name, c->until,
                    c->since);
    if (c->kind == KIND_DERIVED)
        return check_derived(d, c, err);
    if (c->formula != FORMULA_NONE)
        return fail(err, "%s.%s has a formula but is not derived", d->name, c->name);
    return true;
}

/* x_delta of a counter x may be the name of another column, and `target` is each table's own. */
static bool check_shown(const struct dataset *d, struct err *err)
{
    int n;
    struct shown *shown = dataset_shown(d, &n);
    bool ok = true;
    for (int i = 0; i < n && ok; i++)
        for (int j = 0; j < i && ok; j++)
            if (strcmp(shown[i].name, shown[j].name) == 0)
                ok = fail(err, "%s shows two columns named %s", d->name, shown[i].name);
    free(shown);
    return ok;
}

bool dataset_check(const struct dataset *d, struct err *err)
{
    if (!check_name("dataset", d->name, err))
        return false;
    if (d->help == NULL || d->help[0] == '\0')
        return fail(err, "dataset %s has no help: say in one line what a row is", d->name);
    if (d->n_columns < 1 || d->n_columns > MOST_COLUMNS)
        return fail(err, "dataset %s has %d columns: 1 to %d are possible", d->name, d->n_columns,
                    MOST_COLUMNS);
    if (!(d->every >= 0) || !(d->baseline_every >= 0))
        return fail(err, "dataset %s: a cadence is a number of seconds, 0 or more", d->name);
    int n_keys = 0;
    for (int i = 0; i < d->n_columns; i++) {
        if (!check_column(d, &d->columns[i], err))
            return false;
        n_keys += d->columns[i].kind == KIND_KEY;
    }
    if (d->since != NULL && dataset_column(d, d->since) < 0)
        return fail(err, "dataset %s counts since %s: it has no such column", d->name, d->since);
    if (n_keys > MOST_KEYS)
        return fail(err, "dataset %s has %d key columns: at most %d are possible", d->name, n_keys,
                    MOST_KEYS);
    return check_shown(d, err);
}

static struct shown *show(struct shown *s, enum face face, int column, enum unit unit, enum type type)
{
    s->face = face;
    s->column = column;
    s->unit = unit;
    s->type = type;
    return s;
}

static int show_column(struct shown *s, const struct column *c, int i)
{
    snprintf(show(s, FACE_SELF, i, c->unit, c->type)->name, sizeof(s->name), "%s", c->name);
    if (c->kind != KIND_COUNTER)
        return 1;
    snprintf(show(s + 1, FACE_DELTA, i, c->unit, TYPE_REAL)->name, sizeof(s->name), "%s_delta", c->name);
    snprintf(show(s + 2, FACE_PER_S, i, unit_rate(c->unit), TYPE_REAL)->name, sizeof(s->name), "%s_per_s",
             c->name);
    return 3;
}

struct shown *dataset_shown(const struct dataset *d, int *n)
{
    // clang-format off
    static const struct shown first = {.name = "target", .face = FACE_TARGET, .column = -1, .unit = UNIT_NONE, .type = TYPE_TEXT};
    static const struct shown last[] = {
        {.name = "span_s",     .face = FACE_SPAN_S,     .column = -1, .unit = UNIT_S,    .type = TYPE_REAL},
        {.name = "age_s",      .face = FACE_AGE_S,      .column = -1, .unit = UNIT_S,    .type = TYPE_REAL},
        {.name = "sampled_at", .face = FACE_SAMPLED_AT, .column = -1, .unit = UNIT_TIME, .type = TYPE_REAL},
    };
    // clang-format on
    enum { N_LAST = sizeof(last) / sizeof(last[0]) };
    struct shown *shown = mem_new_array((size_t)d->n_columns * 3 + 1 + N_LAST, sizeof(*shown));
    int k = 0;
    shown[k++] = first;
    for (int i = 0; i < d->n_columns; i++)
        k += d->columns[i].inside ? 0 : show_column(&shown[k], &d->columns[i], i);
    for (int i = 0; i < N_LAST; i++)
        shown[k++] = last[i];
    *n = k;
    return mem_grow(shown, (size_t)k, sizeof(*shown)); /* few columns are counters */
}

void registry_init(struct registry *r)
{
    *r = (struct registry){0};
}

void registry_done(struct registry *r)
{
    free(r->datasets);
    *r = (struct registry){0};
}

bool registry_add(struct registry *r, const struct dataset *d, struct err *err)
{
    if (registry_find(r, d->name) != NULL)
        return fail(err, "there is a dataset %s already: choose another name", d->name);
    r->datasets = mem_grow(r->datasets, (size_t)r->n + 1, sizeof(*r->datasets));
    r->datasets[r->n++] = d;
    return true;
}

const struct dataset *registry_find(const struct registry *r, const char *name)
{
    for (int i = 0; i < r->n; i++)
        if (strcmp(r->datasets[i]->name, name) == 0)
            return r->datasets[i];
    return NULL;
}
