/* What a rule says makes sense together: its thresholds among themselves, and the names in its texts. */
#include <stdlib.h>
#include <string.h>

#include "alerts/rule_private.h"
#include "core/mem.h"
#include "core/nearest.h"

static const char *const level_keys[N_LEVELS] = {"clear", "info", "warning", "critical"};

/* Where values that it names lie: 1 above, -1 below, 0 neither. */
static int side_of(const struct threshold *t)
{
    switch (t->op) {
    case COMPARE_GT:
    case COMPARE_GE:
        return 1;
    case COMPARE_LT:
    case COMPARE_LE:
        return -1;
    case COMPARE_NONE:
    case COMPARE_EQ:
    case COMPARE_NE:
        break;
    }
    return 0;
}

/* Whoever wrote the last of the two is told. */
static struct given later_of(const struct layers *l, const char *a, const char *b, const char **key)
{
    struct given of_a = layers_get(l, a), of_b = layers_get(l, b);
    bool is_a = of_b.value == NULL || (of_a.value != NULL && of_a.layer > of_b.layer);
    *key = is_a ? a : b;
    return is_a ? of_a : of_b;
}

/* MILD and HARSH are levels that the rule has, and HARSH is the worse one. */
static bool check_pair(const struct layers *l, const struct rule *r, enum level mild, enum level harsh,
                       struct err *err)
{
    const struct threshold *a = &r->levels[mild], *b = &r->levels[harsh];
    int side = side_of(a);
    const char *key;
    struct given at = later_of(l, level_keys[mild], level_keys[harsh], &key);
    if (side == 0 || side_of(b) == 0)
        return true;
    if (side != side_of(b))
        return layers_fail(l, key, &at, err, "%s is '%s' but %s is '%s': expected both to point one way",
                           level_keys[mild], a->text, level_keys[harsh], b->text);
    if (side * (b->number - a->number) < 0)
        return layers_fail(
            l, key, &at, err,
            "%s '%s' is reached before %s '%s', which would never be seen: expected it further away",
            level_keys[harsh], b->text, level_keys[mild], a->text);
    return true;
}

/* A `clear` that lies where the level lies would hold an alert for ever, or do nothing. */
static bool check_clear(const struct layers *l, struct rule *r, enum level mildest, struct err *err)
{
    struct threshold *clear = &r->levels[LEVEL_NONE];
    const struct threshold *level = &r->levels[mildest];
    const char *key;
    struct given at = later_of(l, level_keys[mildest], "clear", &key);
    int side = side_of(level);
    if (side == 0 || side_of(clear) == 0)
        return true;
    if (side == side_of(clear))
        return layers_fail(l, key, &at, err,
                           "clear '%s' points the same way as %s '%s': it would never resolve; expected %s",
                           clear->text, level_keys[mildest], level->text, side > 0 ? "< ..." : "> ...");
    if (side * (clear->number - level->number) <= 0)
        return true;
    if (layers_get(l, "clear").packed && !at.packed) { /* the user's level is tighter than the pack's clear */
        *clear = (struct threshold){.op = COMPARE_NONE};
        return true;
    }
    return layers_fail(l, key, &at, err,
                       "clear '%s' lies beyond %s '%s': expected it on the good side of that", clear->text,
                       level_keys[mildest], level->text);
}

bool rule_check_levels(const struct layers *l, struct rule *r, struct err *err)
{
    enum level mild = LEVEL_NONE, mildest = LEVEL_NONE;
    if (r->missing != NULL)
        return true;
    for (enum level i = LEVEL_INFO; i <= LEVEL_CRITICAL; i++) {
        if (r->levels[i].op == COMPARE_NONE)
            continue;
        if (mild != LEVEL_NONE && !check_pair(l, r, mild, i, err))
            return false;
        mildest = mildest == LEVEL_NONE ? i : mildest;
        mild = i;
    }
    if (mildest != LEVEL_NONE)
        return check_clear(l, r, mildest, err);
    /* Without a threshold and without a column `level` nothing would ever happen. */
    return strstr(r->sql, "level") != NULL ||
           layers_fail(l, "warning", NULL, err, "expected a threshold: info, warning or critical");
}

bool rule_check_ways(const struct layers *l, struct err *err)
{
    static const char *const parts[] = {"from", "where", "value"};
    struct given sql = layers_get(l, "sql");
    for (size_t i = 0; i < sizeof(parts) / sizeof(parts[0]); i++) {
        struct given part = layers_get(l, parts[i]);
        if (sql.value != NULL && part.value != NULL && part.layer == sql.layer)
            return layers_fail(l, parts[i], &part, err,
                               "stands beside `sql`, which is in place of it: expected one of them");
    }
    return true;
}

/* ---- Texts ---- */

static bool refuse_name(const struct layers *l, const char *key, const struct given *at, const char *name,
                        const struct result *columns, struct err *err)
{
    const char **known = mem_new_array((size_t)columns->n_columns + 1, sizeof(*known));
    struct text t;
    text_init(&t, sizeof(err->text) - 300);
    for (int i = 0; i < columns->n_columns; i++)
        known[i] = columns->columns[i].name;
    known[columns->n_columns] = "count";
    nearest_say(&t, name, known, columns->n_columns + 1);
    layers_fail(l, key, at, err, "{%s} is no column of what is judged; %s", name, text_str(&t));
    text_done(&t);
    free(known);
    return false;
}

static bool check_text(const struct layers *l, const char *key, const struct result *columns, struct err *err)
{
    struct given given = layers_get(l, key), value = layers_get(l, "value"), sql = layers_get(l, "sql");
    bool judges_else = (value.value != NULL && !value.packed) || (sql.value != NULL && !sql.packed);
    if (given.packed && judges_else) /* the user judges something else: a pack's text is no fault of theirs */
        return true;
    for (const char *p = given.value; p != NULL && (p = strchr(p, '{')) != NULL; p++) {
        char name[64] = "";
        size_t len = strspn(p + 1, "abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ_0123456789");
        if (len == 0 || len >= sizeof(name) || p[1 + len] != '}')
            continue; /* a brace that stands for itself */
        memcpy(name, p + 1, len);
        if (strcmp(name, "count") != 0 && result_column(columns, name) < 0)
            return refuse_name(l, key, &given, name, columns, err);
    }
    return true;
}

bool rule_check_texts(const struct layers *l, const struct result *columns, struct err *err)
{
    return check_text(l, "summary", columns, err) && check_text(l, "action", columns, err);
}
