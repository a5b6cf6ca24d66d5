/* A rule's SELECT: made of `from where value`, or checked as it is given. */
#include <ctype.h>
#include <stdlib.h>
#include <string.h>

#include "alerts/rule_private.h"
#include "core/mem.h"
#include "core/nearest.h"

enum { LONGEST_SQL = 60000 };

/* Datasets of which the worst row speaks for the whole target: a pid is no identity, and others have but one
 * row. */
static const char *const per_target[] = {"sessions", "locks", "targets", "server"};
enum { N_PER_TARGET = sizeof(per_target) / sizeof(per_target[0]), N_CROWDS = 2 };

/* ---- From ---- */

/* `from = caches('5m')`. */
struct source {
    const char *text, *name, *window;
    const struct dataset *dataset;
    struct shown *shown;
    int n_shown;
};

static bool is_name(char c)
{
    return isalnum((unsigned char)c) || c == '_';
}

/* The text in quotes at S, as the first argument; NULL if there is none. */
static const char *first_argument(struct arena *arena, const char *s)
{
    const char *open = strchr(s, '(');
    const char *quote = open == NULL ? NULL : open + 1 + strspn(open + 1, " \t");
    const char *end = quote == NULL || *quote != '\'' ? NULL : strchr(quote + 1, '\'');
    return end == NULL ? NULL : arena_dup_n(arena, quote + 1, (size_t)(end - quote - 1));
}

static bool unknown_dataset(const struct rule_reader *reader, const struct layers *l,
                            const struct given *from, const char *name, struct err *err)
{
    const char **known = mem_new_array((size_t)reader->registry->n, sizeof(*known));
    struct text t;
    text_init(&t, sizeof(err->text) - 200);
    for (int i = 0; i < reader->registry->n; i++)
        known[i] = reader->registry->datasets[i]->name;
    nearest_say(&t, name, known, reader->registry->n);
    layers_fail(l, "from", from, err, "there is no dataset '%s'; %s", name, text_str(&t));
    text_done(&t);
    free(known);
    return false;
}

/* ---- What a rule names ---- */

static const struct shown *shown_named(const struct source *s, const char *name, size_t len)
{
    for (int i = 0; i < s->n_shown; i++)
        if (strlen(s->shown[i].name) == len && strncmp(s->shown[i].name, name, len) == 0)
            return &s->shown[i];
    return NULL;
}

static bool is_listed(const struct rule *r, const char *name)
{
    for (int i = 0; i < r->n_key; i++)
        if (strcmp(r->key[i], name) == 0)
            return true;
    return strcmp(name, "target") == 0 || strcmp(name, "value") == 0 || strcmp(name, "level") == 0;
}

/* The evidence: every column that the rule names anywhere, once. */
static void add_evidence(struct text *sql, const struct rule *r, const struct source *s,
                         const char *const *texts, int n)
{
    bool *used = mem_new_array((size_t)s->n_shown, sizeof(bool));
    for (int i = 0; i < n; i++)
        for (const char *p = texts[i] == NULL ? "" : texts[i]; *p != '\0';) {
            size_t len = 0;
            while (is_name(p[len]))
                len++;
            const struct shown *column = len == 0 ? NULL : shown_named(s, p, len);
            if (column != NULL)
                used[column - s->shown] = true;
            p += len == 0 ? 1 : len;
        }
    for (int i = 0; i < s->n_shown; i++) {
        bool span = s->shown[i].face == FACE_SPAN_S && r->window != NULL;
        if ((used[i] || span) && !is_listed(r, s->shown[i].name))
            text_addf(sql, ", %s", s->shown[i].name);
    }
    free(used);
}

/* ---- Key ---- */

static bool one_of(const char *name, const char *const *list, int n)
{
    for (int i = 0; i < n; i++)
        if (strcmp(list[i], name) == 0)
            return true;
    return false;
}

/* The KEY columns of a dataset, when the rule does not say otherwise. */
static void standard_key(const struct rule_reader *reader, const struct dataset *d, struct rule *r)
{
    r->key = arena_alloc(reader->arena, sizeof(*r->key) * (size_t)d->n_columns);
    for (int i = 0; i < d->n_columns; i++)
        if (d->columns[i].kind == KIND_KEY)
            r->key[r->n_key++] = d->columns[i].name;
}

static bool read_key(const struct rule_reader *reader, const struct layers *l, const struct dataset *d,
                     struct rule *r)
{
    struct given key = layers_get(l, "key"), per = layers_get(l, "per");
    bool whole = per.value != NULL
                     ? strcmp(per.value, "target") == 0
                     : key.value == NULL && d != NULL && one_of(d->name, per_target, N_PER_TARGET);
    if (whole)
        return true;
    if (key.value != NULL)
        r->key = names_split(reader->arena, key.value, &r->n_key);
    else if (d != NULL)
        standard_key(reader, d, r);
    return true;
}

/* ---- Checking ---- */

/* Whether SQL compiles; and its columns, if it does. */
static bool compile(const struct rule_reader *reader, const char *sql, struct rule *r, struct err *err)
{
    struct query_uses uses = {.n = 0};
    if (!door_check(reader->door, sql, &uses, err))
        return false;
    free(r->uses.datasets);
    r->uses = uses;
    return true;
}

/* Which of `where` and `value` is wrong. */
static bool blame_part(const struct rule_reader *reader, const struct layers *l, const struct source *s,
                       const char *why, struct err *err)
{
    struct given value = layers_get(l, "value"), where = layers_get(l, "where");
    struct rule probe = {.n_key = 0};
    struct text sql;
    struct err own = {""};
    text_init(&sql, LONGEST_SQL);
    text_addf(&sql, "select (%s) from %s", value.value, s->text);
    bool value_good = compile(reader, text_str(&sql), &probe, &own);
    text_done(&sql);
    free(probe.uses.datasets);
    if (!value_good)
        return rule_blame(reader, l, "value", &value, own.text, err);
    return rule_blame(reader, l, where.value != NULL ? "where" : "from",
                      where.value != NULL ? &where : &value, why, err);
}

/* The columns that the SELECT gives must be there; the unit of `value` follows. */
static bool check_columns(const struct rule_reader *reader, const struct layers *l, const char *key,
                          const struct given *at, struct rule *r, struct err *err)
{
    struct query q = {.sql = r->sql, .max_rows = 1};
    struct err why = {""};
    struct result *result = door_run(reader->door, reader->nothing, &q, &why);
    if (result == NULL)
        return layers_fail(l, key, at, err, "%s", why.text);
    const char *missing = result_column(result, "target") < 0  ? "target"
                          : result_column(result, "value") < 0 ? "value"
                                                               : NULL;
    for (int i = 0; i < r->n_key && missing == NULL; i++)
        if (result_column(result, r->key[i]) < 0)
            missing = r->key[i];
    if (missing == NULL)
        r->unit = result->columns[result_column(result, "value")].unit;
    bool ok =
        missing == NULL ||
        layers_fail(l, key, at, err,
                    "the SELECT gives no column '%s'; expected target, value and the key columns", missing);
    ok = ok && rule_check_texts(l, result, err);
    result_free(result);
    return ok;
}

/* ---- The two ways ---- */

static void write_sugar(const struct rule_reader *reader, const struct layers *l, const struct source *s,
                        struct rule *r)
{
    struct given where = layers_get(l, "where"), value = layers_get(l, "value");
    const char *const texts[] = {where.value, value.value, r->summary, r->action, r->over};
    struct text sql;
    text_init(&sql, LONGEST_SQL);
    text_add(&sql, "select target");
    for (int i = 0; i < r->n_key; i++)
        text_addf(&sql, ", %s", r->key[i]);
    size_t names = sql.len;
    text_addf(&sql, ", (%s\n) as value", value.value);
    add_evidence(&sql, r, s, texts, 5);
    text_addf(&sql, " from %s", s->text);
    if (where.value != NULL)
        text_addf(&sql, " where (%s\n)", where.value);
    r->sql = arena_dup(reader->arena, text_str(&sql));
    struct text floor;
    text_init(&floor, LONGEST_SQL);
    text_add_n(&floor, r->sql, names);
    text_addf(&floor, " from %s", s->text);
    if (where.value != NULL && !one_of(s->name, per_target, N_CROWDS))
        r->floor_sql = arena_dup(reader->arena, text_str(&floor));
    text_done(&floor);
    text_done(&sql);
}

/* A value that is a column by itself has its unit. */
static bool sugar(const struct rule_reader *reader, const struct layers *l, struct source *s,
                  const struct given *from, struct rule *r, struct err *err)
{
    size_t len = 0;
    while (is_name(from->value[len]))
        len++;
    s->text = from->value;
    s->name = arena_dup_n(reader->arena, from->value, len);
    s->dataset = registry_find(reader->registry, s->name);
    if (s->dataset == NULL && from->packed) {
        struct text t;
        text_init(&t, 200);
        text_addf(&t, "no data source: dataset %s", s->name);
        r->missing = arena_dup(reader->arena, text_str(&t));
        text_done(&t);
        return true;
    }
    if (s->dataset == NULL)
        return unknown_dataset(reader, l, from, s->name, err);
    r->from = s->dataset;
    r->window = first_argument(reader->arena, from->value);
    s->shown = dataset_shown(s->dataset, &s->n_shown);
    struct err why = {""};
    read_key(reader, l, s->dataset, r);
    write_sugar(reader, l, s, r);
    bool ok = compile(reader, r->sql, r, &why) || blame_part(reader, l, s, why.text, err);
    ok = ok && check_columns(reader, l, "value", from, r, err);
    free(s->shown);
    return ok;
}

static bool whole_select(const struct rule_reader *reader, const struct layers *l, const struct given *sql,
                         struct rule *r, struct err *err)
{
    static const char absent[] = "no such dataset: ";
    struct err why = {""};
    r->sql = arena_dup(reader->arena, sql->value);
    r->window = first_argument(reader->arena, sql->value);
    struct window_spec spec;
    if (r->window != NULL && !window_spec_parse(r->window, &spec, NULL))
        r->window = NULL;
    read_key(reader, l, NULL, r);
    if (!compile(reader, r->sql, r, &why)) {
        if (!sql->packed || strncmp(why.text, absent, sizeof(absent) - 1) != 0)
            return rule_blame(reader, l, "sql", sql, why.text, err);
        struct text t;
        text_init(&t, 200);
        const char *name = why.text + sizeof(absent) - 1;
        text_addf(&t, "no data source: dataset %.*s", (int)strcspn(name, ";"), name);
        r->missing = arena_dup(reader->arena, text_str(&t));
        text_done(&t);
        return true;
    }
    return check_columns(reader, l, "sql", sql, r, err);
}

bool rule_make_sql(const struct rule_reader *reader, const struct layers *l, struct rule *r, struct err *err)
{
    struct given from = layers_get(l, "from"), sql = layers_get(l, "sql"), value = layers_get(l, "value");
    struct source s = {.text = NULL};
    /* A later section that gives the other way replaces the whole. */
    if (sql.value != NULL && (from.value == NULL || sql.layer >= from.layer))
        return whole_select(reader, l, &sql, r, err);
    if (from.value == NULL)
        return layers_fail(l, "from", NULL, err, "expected `from` and `value`, or `sql`");
    if (value.value == NULL)
        return layers_fail(l, "value", NULL, err, "expected the column or expression that is judged");
    return sugar(reader, l, &s, &from, r, err);
}
