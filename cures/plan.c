/* The plan: sorting, and what is left out. */
#include "cures/plan.h"

#include <math.h>
#include <stdlib.h>
#include <string.h>

#include "core/mem.h"
#include "core/unit.h"

static const char *const standard[] = {"analyze", "vacuum"};

static double number(double x)
{
    return isnan(x) ? 0 : x;
}

static int compare_numbers(double larger_first, double other)
{
    return larger_first > other ? -1 : larger_first < other;
}

/* The worse first; what is equal in the order of its name, so that a plan is the same each time. */
static int compare_worth(const struct plan_item *a, const struct plan_item *b)
{
    int by = compare_numbers(a->severity, b->severity);
    if (by == 0)
        by = compare_numbers(number(a->rank), number(b->rank));
    if (by == 0)
        by = strcmp(a->target, b->target);
    return by != 0 ? by : strcmp(a->label, b->label);
}

static int compare_steps(const void *a, const void *b)
{
    const struct plan_item *x = *(const struct plan_item *const *)a, *y = *(const struct plan_item *const *)b;
    int by = (int)x->stage - (int)y->stage;
    by = by != 0 ? by : compare_worth(x, y);
    return by != 0 ? by : (x > y) - (x < y);
}

static int compare_left(const void *a, const void *b)
{
    const struct plan_item *x = *(const struct plan_item *const *)a, *y = *(const struct plan_item *const *)b;
    int by = compare_worth(x, y);
    return by != 0 ? by : (x > y) - (x < y);
}

static bool is_kind(const char *action, const char *word)
{
    size_t len = strlen(word);
    return strncmp(action, word, len) == 0 && (action[len] == '\0' || action[len] == '_');
}

static bool is_among(const char *action, const char *const *words, int n)
{
    for (int i = 0; i < n; i++)
        if (is_kind(action, words[i]))
            return true;
    return false;
}

bool plan_is_named(const char *action, const struct plan_options *o)
{
    return o->n_only > 0 ? is_among(action, o->only, o->n_only)
                         : is_among(action, standard, (int)(sizeof(standard) / sizeof(standard[0])));
}

static bool same_text(const char *a, const char *b)
{
    return a == NULL || b == NULL ? a == b : strcmp(a, b) == 0;
}

static bool is_done_before(const struct plan *p, const struct plan_item *items, const struct plan_item *item)
{
    for (int i = 0; i < p->n_steps; i++) {
        const struct plan_item *step = &items[p->entries[i].item];
        if (strcmp(step->target, item->target) == 0 && same_text(step->database, item->database) &&
            strcmp(step->statement, item->statement) == 0)
            return true;
    }
    return false;
}

static enum plan_fate fate_of(const struct plan *p, const struct plan_item *items,
                              const struct plan_item *item, const struct plan_options *o)
{
    if (item->action == NULL)
        return PLAN_NO_CURE;
    if (item->why_not != NULL || item->statement == NULL)
        return PLAN_IMPOSSIBLE;
    if (!plan_is_named(item->action, o))
        return PLAN_NOT_NAMED;
    if (o->allow != NULL && !is_among(item->action, o->allow, o->n_allow))
        return PLAN_FORBIDDEN;
    if (item->by_name)
        return PLAN_BY_NAME;
    if (is_done_before(p, items, item))
        return PLAN_TWICE;
    bool fits = isnan(o->budget_s) || p->cost_s + item->cost_s <= o->budget_s;
    return fits ? PLAN_STEP : PLAN_NO_TIME;
}

void plan_make(const struct plan_item *items, int n, const struct plan_options *options, struct plan *out)
{
    struct plan p = {.entries = mem_new_array((size_t)n, sizeof(*p.entries)), .n = n};
    const struct plan_item **sorted = mem_new_array((size_t)n, sizeof(*sorted)),
                           **left = mem_new_array((size_t)n, sizeof(*left));
    struct plan_entry *fates = mem_new_array((size_t)n, sizeof(*fates)); /* by item */
    int n_left = 0;
    for (int i = 0; i < n; i++)
        sorted[i] = &items[i];
    qsort(sorted, (size_t)n, sizeof(*sorted), compare_steps);
    for (int i = 0; i < n; i++) {
        int item = (int)(sorted[i] - items);
        struct plan_entry e = {.item = item,
                               .fate = fate_of(&p, items, sorted[i], options),
                               .left_s = options->budget_s - p.cost_s};
        fates[item] = e;
        if (e.fate != PLAN_STEP) {
            left[n_left++] = sorted[i];
            continue;
        }
        p.entries[p.n_steps++] = e;
        p.cost_s += number(sorted[i]->cost_s);
    }
    qsort(left, (size_t)n_left, sizeof(*left), compare_left);
    for (int i = 0; i < n_left; i++)
        p.entries[p.n_steps + i] = fates[left[i] - items];
    free(sorted);
    free(left);
    free(fates);
    *out = p;
}

void plan_done(struct plan *p)
{
    free(p->entries);
    *p = (struct plan){.n = 0};
}

static void say_time(const struct plan_entry *entry, const struct plan_item *item, struct text *out)
{
    char needs[32], left[32];
    unit_format(needs, sizeof(needs), item->cost_s, UNIT_S);
    unit_format(left, sizeof(left), entry->left_s, UNIT_S);
    if (isnan(item->cost_s))
        text_addf(out, "how long it takes is not known, and %s are left", left);
    else
        text_addf(out, "it takes about %s, and %s are left", needs, left);
}

void plan_why(const struct plan_entry *entry, const struct plan_item *item, struct text *out)
{
    switch (entry->fate) {
    case PLAN_STEP:
        break;
    case PLAN_NO_CURE:
        text_add(out, "no action cures it: a person has to");
        break;
    case PLAN_IMPOSSIBLE:
        text_add(out, item->why_not != NULL ? item->why_not : "its statement is not known");
        break;
    case PLAN_NOT_NAMED:
        text_addf(out, "not asked for: --only %s", item->action);
        break;
    case PLAN_FORBIDDEN:
        text_addf(out, "action %s is not allowed from here", item->action);
        break;
    case PLAN_BY_NAME:
        text_addf(out, "what it is done to must be typed, in the dashboard: action %s", item->action);
        if (item->by_name_why != NULL)
            text_addf(out, " (%s)", item->by_name_why);
        break;
    case PLAN_TWICE:
        text_add(out, "a step before does the same");
        break;
    case PLAN_NO_TIME:
        say_time(entry, item, out);
        break;
    }
}
