/* Which rows a statement asks a dataset for. SQLite checks all of it again: a plan may find too much, never
 * too little. */
#include "core/vtab_plan.h"

#include <string.h>

/* idxNum: what is asked for besides keys, and for each key, in eight bits, its shown column + 1. idxStr: two
 * characters for each limit, its shown column + 1 and '<' or '>'. */
enum {
    BIT_TARGET = 1,
    BIT_ARGS = 2,
    KEY_SHIFT = 4,
    KEY_BITS = 8,
    KEY_MASK = (1 << KEY_BITS) - 1,
    LIMIT_CHARS = 2
};

struct choice {
    int target; /* constraint numbers, -1: none */
    int args[N_ARGS];
    int keys[PLAN_KEYS];
    int n_keys;
    int limits[PLAN_LIMITS];
    int n_limits;
};

/* A column that has a hash. */
static bool is_key(const struct table *t, int shown)
{
    const struct shown *s = &t->shown[shown];
    if (s->face != FACE_SELF || shown >= KEY_MASK)
        return false;
    enum kind kind = t->dataset->columns[s->column].kind;
    return (kind == KIND_KEY || kind == KIND_LABEL) && s->type != TYPE_REAL;
}

/* KEY columns find fewer rows than LABEL columns: they come first. */
static void choose_keys(struct choice *c, const struct table *t, sqlite3_index_info *info, enum kind kind)
{
    for (int i = 0; i < info->nConstraint && c->n_keys < PLAN_KEYS; i++) {
        const struct sqlite3_index_constraint *k = &info->aConstraint[i];
        if (k->op != SQLITE_INDEX_CONSTRAINT_EQ || !k->usable || k->iColumn < 0 || k->iColumn >= t->n_shown ||
            !is_key(t, k->iColumn) || t->dataset->columns[t->shown[k->iColumn].column].kind != kind)
            continue;
        /* The hashes compare bytes; `= 'x' collate nocase` is left to SQLite. */
        if (strcmp(sqlite3_vtab_collation(info, i), "BINARY") == 0)
            c->keys[c->n_keys++] = i;
    }
}

/* What a number of a row costs: it stands there, is a difference of two, or takes several of them. NO_LIMIT:
 * is none. */
enum { STANDS_THERE, IS_DIFFERENCE, IS_COMPUTED, NO_LIMIT };

static int cost_of(const struct table *t, int shown)
{
    const struct shown *s = &t->shown[shown];
    if (s->type == TYPE_TEXT || shown >= KEY_MASK)
        return NO_LIMIT;
    if (s->face == FACE_SELF)
        return t->dataset->columns[s->column].kind == KIND_DERIVED ? IS_COMPUTED : STANDS_THERE;
    /* The other faces are the same for all rows, or grow while the statement runs. */
    return s->face == FACE_DELTA || s->face == FACE_PER_S ? IS_DIFFERENCE : NO_LIMIT;
}

static bool is_below(int op)
{
    return op == SQLITE_INDEX_CONSTRAINT_GT || op == SQLITE_INDEX_CONSTRAINT_GE;
}

static bool is_limit(const struct sqlite3_index_constraint *k)
{
    return is_below(k->op) || k->op == SQLITE_INDEX_CONSTRAINT_LT || k->op == SQLITE_INDEX_CONSTRAINT_LE;
}

static void choose_limits(struct choice *c, const struct table *t, sqlite3_index_info *info)
{
    for (int cost = 0; cost < NO_LIMIT; cost++)
        for (int i = 0; i < info->nConstraint && c->n_limits < PLAN_LIMITS; i++) {
            const struct sqlite3_index_constraint *k = &info->aConstraint[i];
            if (k->usable && k->iColumn >= 0 && k->iColumn < t->n_shown && is_limit(k) &&
                cost_of(t, k->iColumn) == cost)
                c->limits[c->n_limits++] = i;
        }
}

/* False: an argument depends on a table that this plan reads later. */
static bool choose(struct choice *c, const struct table *t, sqlite3_index_info *info)
{
    *c = (struct choice){.target = -1, .args = {-1, -1, -1}};
    for (int i = 0; i < info->nConstraint; i++) {
        const struct sqlite3_index_constraint *k = &info->aConstraint[i];
        if (k->op != SQLITE_INDEX_CONSTRAINT_EQ || k->iColumn < 0)
            continue;
        if (k->iColumn >= t->n_shown) {
            if (!k->usable)
                return false;
            if (c->args[k->iColumn - t->n_shown] < 0)
                c->args[k->iColumn - t->n_shown] = i;
        } else if (k->usable && t->shown[k->iColumn].face == FACE_TARGET && c->target < 0 &&
                   strcmp(sqlite3_vtab_collation(info, i), "BINARY") == 0) {
            c->target = i;
        }
    }
    choose_keys(c, t, info, KIND_KEY);
    choose_keys(c, t, info, KIND_LABEL);
    choose_limits(c, t, info);
    return true;
}

/* SQLite tries each branch of an OR alone, with none of the terms beside it: what the table is called with would be lost. The columns of
 * a table beyond the 63rd share one bit. */
static bool may_lose_arguments(const struct choice *c, const struct table *t, const sqlite3_index_info *info)
{
    bool used = false, given = false;
    for (int i = 0; i < N_ARGS; i++) {
        int bit = t->n_shown + i < 63 ? t->n_shown + i : 63;
        used = used || (info->colUsed >> bit & 1) != 0;
        given = given || c->args[i] >= 0;
    }
    return used && !given;
}

/* Sizes are unknown when a statement is compiled (it outlives many samples); what counts is that a look-up is
 * far cheaper than a walk, and one by a KEY finds less than one by a LABEL. */
static void estimate(const struct choice *c, const struct table *t, sqlite3_index_info *info)
{
    enum { ROWS = 1000, LABEL_ROWS = 50, KEY_ROWS = 4 };
    sqlite3_int64 rows = ROWS;
    if (c->n_keys > 0) {
        int shown = info->aConstraint[c->keys[0]].iColumn;
        rows = t->dataset->columns[t->shown[shown].column].kind == KIND_KEY ? KEY_ROWS : LABEL_ROWS;
    }
    if (c->target >= 0)
        rows = rows / 2;
    info->estimatedRows = rows;
    info->estimatedCost = (double)rows + 2;
    /* Two branches are dearer than one walk then; a look-up is still a little cheaper. */
    if (may_lose_arguments(c, t, info))
        info->estimatedCost = ROWS + 1;
}

/* The limits follow N values. False: no memory. */
static bool write_limits(const struct choice *c, sqlite3_index_info *info, int n)
{
    if (c->n_limits == 0)
        return true;
    char *text = sqlite3_malloc(c->n_limits * LIMIT_CHARS + 1);
    if (text == NULL)
        return false;
    for (int i = 0; i < c->n_limits; i++) {
        const struct sqlite3_index_constraint *k = &info->aConstraint[c->limits[i]];
        text[i * LIMIT_CHARS] = (char)(k->iColumn + 1);
        text[i * LIMIT_CHARS + 1] = is_below(k->op) ? '>' : '<';
        info->aConstraintUsage[c->limits[i]].argvIndex = ++n;
    }
    text[c->n_limits * LIMIT_CHARS] = '\0';
    info->idxStr = text;
    info->needToFreeIdxStr = 1;
    return true;
}

int plan_choose(const struct table *t, sqlite3_index_info *info)
{
    struct choice c;
    if (!choose(&c, t, info))
        return SQLITE_CONSTRAINT;
    int n = 0, plan = 0;
    if (c.target >= 0) {
        plan |= BIT_TARGET;
        info->aConstraintUsage[c.target].argvIndex = ++n;
    }
    for (int a = 0; a < N_ARGS; a++) {
        if (c.args[a] < 0)
            continue;
        plan |= BIT_ARGS << a;
        info->aConstraintUsage[c.args[a]].argvIndex = ++n;
        info->aConstraintUsage[c.args[a]].omit = 1;
        if (t->door->check != NULL)
            t->door->check->needs_window = true;
    }
    for (int k = 0; k < c.n_keys; k++) {
        plan |= (info->aConstraint[c.keys[k]].iColumn + 1) << (KEY_SHIFT + KEY_BITS * k);
        info->aConstraintUsage[c.keys[k]].argvIndex = ++n;
    }
    info->idxNum = plan;
    estimate(&c, t, info);
    return write_limits(&c, info, n) ? SQLITE_OK : SQLITE_NOMEM;
}

void plan_read(struct plan *p, int number, const char *text)
{
    *p = (struct plan){.target = number & BIT_TARGET};
    for (int a = 0; a < N_ARGS; a++)
        p->args[a] = number & (BIT_ARGS << a);
    for (int shown;
         p->n_keys < PLAN_KEYS && (shown = (number >> (KEY_SHIFT + KEY_BITS * p->n_keys)) & KEY_MASK) > 0;)
        p->keys[p->n_keys++] = shown - 1;
    for (; text != NULL && *text != '\0' && p->n_limits < PLAN_LIMITS; text += LIMIT_CHARS)
        p->limits[p->n_limits++] =
            (struct plan_limit){.shown = (unsigned char)text[0] - 1, .below = text[1] == '>'};
}
