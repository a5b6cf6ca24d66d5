/* An application's JSON: pools and caches by the paths of its [target], else by their shape, wherever they
 * stand. */
#include <math.h>
#include <stdio.h>
#include <string.h>
#include <strings.h>

#include "collectors/app/app.h"
#include "core/json.h"
#include "core/utf8.h"

enum { MOST_MEMBERS = 500, MOST_OBJECTS = 200, DEEPEST = 5 };

struct reader {
    const struct app_words *words;
    struct app_reading *reading;
    int objects;
};

static double number_of(const struct value *v)
{
    return v->type == VALUE_INT                         ? (double)v->integer
           : v->type == VALUE_REAL && isfinite(v->real) ? v->real
                                                        : NAN;
}

/* An object or an array: they come as their JSON. */
static bool is_nested(const struct value *v)
{
    return v->type == VALUE_TEXT && (v->text[0] == '{' || v->text[0] == '[');
}

static bool read_members(struct reader *rd, const char *text, size_t len, struct json_member **m, int *n)
{
    struct err why = {""};
    if (++rd->objects > MOST_OBJECTS) {
        rd->reading->cut = true;
        return false;
    }
    bool ok = text[0] == '{' ? json_members(rd->reading->arena, text, len, MOST_MEMBERS, m, n, &why)
                             : json_items(rd->reading->arena, text, len, MOST_MEMBERS, m, n, &why);
    rd->reading->cut = rd->reading->cut || strstr(why.text, "more than") != NULL;
    return ok;
}

/* ---- By shape ---- */

/* What M says in the words of ROLE; whether that makes a pool or a cache. */
static bool recognise(enum app_role role, const struct json_member *m, int n, double v[APP_FIELDS],
                      const char **shape)
{
    for (int i = 0; i < APP_FIELDS; i++)
        v[i] = NAN;
    for (int i = 0; i < n; i++) {
        const char *whose = NULL;
        int field = app_field(role, m[i].name, &whose);
        double number = number_of(&m[i].value);
        if (field < 0 || !app_can_be(role, field, number))
            continue;
        v[field] = number;
        *shape = whose != NULL ? whose : *shape;
    }
    if (role == APP_CACHE)
        return !isnan(v[CACHE_HITS]) && !isnan(v[CACHE_MISSES]);
    bool bounded =
        !isnan(v[POOL_SIZE]) || !isnan(v[POOL_MAX_SIZE]) || !isnan(v[POOL_IDLE]) || !isnan(v[POOL_TOTAL]);
    return (!isnan(v[POOL_IN_USE]) && bounded) ||
           (!isnan(v[POOL_TOTAL]) && !isnan(v[POOL_IDLE]) && !isnan(v[POOL_WAITING]));
}

/* Words that say what a thing is, not which. */
static const char *telling(const char *name)
{
    static const char *const generic[] = {
        "pool", "pools",    "cache",   "caches",  "stats",  "data",       "connections", "connection",
        "db",   "database", "details", "metrics", "status", "pool_stats", "pool_status", "result"};
    for (size_t i = 0; name != NULL && i < sizeof(generic) / sizeof(generic[0]); i++)
        if (strcasecmp(name, generic[i]) == 0)
            return NULL;
    return name;
}

/* The name that a thing gives itself, else NAME. */
static const char *own_name(const struct json_member *m, int n, const char *name)
{
    static const char *const keys[] = {"name",      "pool_name", "poolName", "cache_name",
                                       "cacheName", "pool",      "cache"};
    for (size_t k = 0; k < sizeof(keys) / sizeof(keys[0]); k++)
        for (int i = 0; i < n; i++)
            if (strcmp(m[i].name, keys[k]) == 0 && m[i].value.type == VALUE_TEXT && !is_nested(&m[i].value))
                return m[i].value.text;
    return name;
}

/* Looks for things of ROLE in TEXT and below. An item of a list has no name but its own. */
static void look(struct reader *rd, enum app_role role, const char *text, size_t len, const char *name,
                 int depth)
{
    struct json_member *m;
    const char *shape = NULL;
    int n;
    double v[APP_FIELDS];
    if (depth > DEEPEST || !read_members(rd, text, len, &m, &n))
        return;
    bool list = text[0] == '[';
    if (!list && recognise(role, m, n, v, &shape)) {
        struct app_thing *t = app_add_thing(rd->reading, role, own_name(m, n, name));
        if (t != NULL)
            memcpy(t->v, v, sizeof(v));
        rd->reading->shape = shape != NULL ? shape : rd->reading->shape;
        return;
    }
    for (int i = 0; i < n; i++)
        if (is_nested(&m[i].value)) {
            const char *which = list ? NULL : telling(m[i].name);
            look(rd, role, m[i].value.text, strlen(m[i].value.text), which != NULL ? which : name, depth + 1);
        }
}

/* ---- By paths ---- */

static bool value_at(struct reader *rd, const char *text, size_t len, const char *path, struct value *out)
{
    return path != NULL && json_at(rd->reading->arena, text, len, path, out, NULL) && out->type != VALUE_NULL;
}

static const char *name_at(struct reader *rd, const struct app_word *w, const char *text, size_t len)
{
    struct value v;
    char digits[40];
    if (!value_at(rd, text, len, w->path, &v))
        return w->metric;
    if (v.type == VALUE_TEXT)
        return v.text;
    snprintf(digits, sizeof(digits), "%.15g", number_of(&v));
    return utf8_keep(rd->reading->arena, digits, strlen(digits));
}

/* What the words of its role say of T, whose JSON is TEXT. */
static void apply(struct reader *rd, enum app_role role, struct app_thing *t, const char *text, size_t len)
{
    const struct app_role_words *w = &rd->words->roles[role];
    struct value v;
    for (int i = 0; i < APP_FIELDS; i++)
        if (value_at(rd, text, len, w->fields[i].path, &v))
            t->v[i] = app_can_be(role, i, number_of(&v)) ? number_of(&v) : NAN;
    const char *name = name_at(rd, &w->name, text, len);
    if (name != NULL)
        t->name = utf8_keep(rd->reading->arena, name, strnlen(name, 200));
}

static bool has_paths(const struct app_role_words *w)
{
    for (int i = 0; i < APP_FIELDS; i++)
        if (w->fields[i].path != NULL)
            return true;
    return w->name.path != NULL;
}

/* `pools = $.pools`: an object or a list of them. */
static void read_several(struct reader *rd, enum app_role role, const char *text, size_t len)
{
    const struct app_role_words *w = &rd->words->roles[role];
    struct value all;
    struct json_member *m, *own;
    int n, n_own;
    if (!value_at(rd, text, len, w->several.path, &all) || !is_nested(&all) ||
        !read_members(rd, all.text, strlen(all.text), &m, &n))
        return;
    bool list = all.text[0] == '[';
    for (int i = 0; i < n; i++) {
        const char *one = m[i].value.text, *shape = NULL;
        double v[APP_FIELDS];
        if (!is_nested(&m[i].value) || !read_members(rd, one, strlen(one), &own, &n_own))
            continue;
        recognise(role, own, n_own, v, &shape);
        struct app_thing *t = app_add_thing(rd->reading, role, own_name(own, n_own, list ? NULL : m[i].name));
        if (t == NULL)
            return;
        memcpy(t->v, v, sizeof(v));
        rd->reading->shape = shape != NULL ? shape : rd->reading->shape;
        apply(rd, role, t, one, strlen(one));
    }
}

/* Paths are of the only pool that there is; where its shape tells none, or several, they say what one is. */
static void read_role(struct reader *rd, enum app_role role, const char *text, size_t len)
{
    const struct app_role_words *w = &rd->words->roles[role];
    struct app_things *found = &rd->reading->things[role];
    rd->objects = 0;
    if (w->several.path != NULL) {
        read_several(rd, role, text, len);
        return;
    }
    look(rd, role, text, len, NULL, 0);
    if (has_paths(w)) {
        if (found->n != 1) {
            found->n = 0;
            app_add_thing(rd->reading, role, NULL);
        }
        apply(rd, role, &found->items[0], text, len);
    } else if (found->n == 1 && w->name.metric != NULL)
        found->items[0].name = utf8_keep(rd->reading->arena, w->name.metric, strnlen(w->name.metric, 200));
}

static void drop_empty(struct app_things *t)
{
    int kept = 0;
    for (int i = 0; i < t->n; i++) {
        bool any = false;
        for (int f = 0; f < APP_FIELDS; f++)
            any = any || !isnan(t->items[i].v[f]);
        if (any)
            t->items[kept++] = t->items[i];
    }
    t->n = kept;
}

/* ---- Health ---- */

static bool is_well(const char *word)
{
    static const char *const well[] = {"healthy", "ok",    "okay",    "up",    "pass",   "alive",
                                       "good",    "green", "success", "ready", "running"};
    for (size_t i = 0; i < sizeof(well) / sizeof(well[0]); i++)
        if (strcasecmp(word, well[i]) == 0)
            return true;
    return false;
}

/* Whether it speaks of its health at all. */
static bool read_health(struct reader *rd, const struct json_member *m, int n)
{
    struct app_reading *r = rd->reading;
    bool speaks = false;
    for (int i = 0; i < n; i++) {
        const struct value *v = &m[i].value;
        bool status = strcmp(m[i].name, "status") == 0, connection = strcmp(m[i].name, "connection") == 0;
        if (status && v->type == VALUE_TEXT && !is_nested(v) && !is_well(v->text))
            r->health = utf8_keep(r->arena, v->text, strnlen(v->text, 60));
        else if ((status || connection) && v->type == VALUE_INT && v->integer == 0 && r->health == NULL)
            r->health = status ? "not well" : "no connection";
        speaks = speaks || (status && !is_nested(v)) || connection;
    }
    return speaks;
}

bool app_read_json(const struct app_words *w, const char *text, size_t len, struct app_reading *r,
                   struct err *err)
{
    struct reader rd = {.words = w, .reading = r};
    struct json_member *m;
    struct err why = {""};
    int n;
    bool ok = text[0] == '{' ? json_members(r->arena, text, len, MOST_MEMBERS, &m, &n, &why)
                             : json_items(r->arena, text, len, MOST_MEMBERS, &m, &n, &why);
    if (!ok && strstr(why.text, "more than") == NULL)
        return fail(err, "answered with what begins like JSON and is none");
    bool speaks = ok && text[0] == '{' && read_health(&rd, m, n);
    for (int role = 0; role < N_APP_ROLES; role++) {
        read_role(&rd, (enum app_role)role, text, len);
        drop_empty(&r->things[role]);
    }
    if (r->things[APP_POOL].n + r->things[APP_CACHE].n == 0 && r->cut && !speaks)
        return fail(err,
                    "answered with JSON of too many members (at most %d in one object or list, %d objects in "
                    "all): pools = $.path in [target %s] leads to fewer, or name a place that tells less",
                    MOST_MEMBERS, MOST_OBJECTS, w->config.name);
    if (r->things[APP_POOL].n + r->things[APP_CACHE].n == 0 && !speaks)
        return fail(err,
                    "answered with JSON in which no pool and no cache can be recognised: name them in "
                    "[target %s], pool.in_use = $.path",
                    w->config.name);
    return true;
}
