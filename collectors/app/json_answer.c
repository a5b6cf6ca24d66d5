/* An application's JSON: pools and caches by the paths of its [target], else by their shape, wherever they
 * stand. */
#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <strings.h>

#include "collectors/app/app.h"
#include "core/json.h"
#include "core/text.h"
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

/* As it is meant: "20" too. */
static double number_meant(const struct json_member *m)
{
    char *end;
    if (m->type != JSON_TEXT)
        return number_of(&m->value);
    double number = strtod(m->value.text, &end);
    return end != m->value.text && *end == '\0' ? number : NAN;
}

/* Its value is its JSON. A text that holds JSON, a line of a log say, is text. */
static bool is_nested(const struct json_member *m)
{
    return m->type == JSON_OBJECT || m->type == JSON_ARRAY;
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

/* What M says in the words of ROLE. */
struct said {
    double v[APP_FIELDS];
    const char *words[APP_FIELDS]; /* NULL: none */
    const char *shape;
    bool own; /* in a word that is said of nothing else */
};

/* MEANT: numbers that stand there as texts too. */
static struct said hear(enum app_role role, const struct json_member *m, int n, bool meant)
{
    struct said s = {.shape = NULL};
    for (int i = 0; i < APP_FIELDS; i++)
        s.v[i] = NAN;
    for (int i = 0; i < n; i++) {
        const char *whose = NULL;
        int field = app_field(role, m[i].name, &whose);
        double number = meant ? number_meant(&m[i]) : number_of(&m[i].value);
        if (field < 0 || !app_can_be(role, field, number))
            continue;
        s.v[field] = number;
        s.words[field] = m[i].name;
        s.shape = whose != NULL ? whose : s.shape;
        s.own = s.own || !app_is_common(m[i].name);
    }
    return s;
}

/* In common words alone an answer as a whole is a pool if it tells three of its numbers, a bound or idle ones
 * among them. */
static bool is_whole_pool(const double v[APP_FIELDS])
{
    static const int told[] = {POOL_IN_USE, POOL_TOTAL, POOL_WAITING, POOL_IDLE, POOL_SIZE, POOL_MAX_SIZE};
    int n = 0;
    for (size_t i = 0; i < sizeof(told) / sizeof(told[0]); i++)
        n += !isnan(v[told[i]]);
    return n >= 3 && !(isnan(v[POOL_IDLE]) && isnan(v[POOL_SIZE]) && isnan(v[POOL_MAX_SIZE]));
}

/* Whether that makes a pool or a cache of what stands so. */
static bool is_thing(enum app_role role, const struct said *s, enum app_standing standing)
{
    const double *v = s->v;
    if (role == APP_CACHE)
        return !isnan(v[CACHE_HITS]) && !isnan(v[CACHE_MISSES]);
    if (!s->own && (standing == STANDS_ELSEWHERE || (standing == STANDS_WHOLE && !is_whole_pool(v))))
        return false;
    bool bounded =
        !isnan(v[POOL_SIZE]) || !isnan(v[POOL_MAX_SIZE]) || !isnan(v[POOL_IDLE]) || !isnan(v[POOL_TOTAL]);
    return (!isnan(v[POOL_IN_USE]) && bounded) ||
           (!isnan(v[POOL_TOTAL]) && !isnan(v[POOL_IDLE]) && !isnan(v[POOL_WAITING]));
}

/* Numbers that stand there as texts are none, but say why one is missing. */
static void lose_texts(struct reader *rd, enum app_role role, const struct said *s, const struct said *meant)
{
    struct text t;
    for (int i = 0; i < APP_FIELDS; i++)
        if (isnan(s->v[i]) && !isnan(meant->v[i]) && rd->words->roles[role].fields[i].path == NULL) {
            text_init(&t, 200);
            text_addf(&t, "%.100s is a text, not a number: \"20\" where 20 is meant", meant->words[i]);
            rd->reading->lost[role][i] = utf8_keep(rd->reading->arena, text_str(&t), t.len);
            text_done(&t);
        }
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
            if (strcmp(m[i].name, keys[k]) == 0 && m[i].type == JSON_TEXT)
                return m[i].value.text;
    return name;
}

static struct app_thing *add_thing(struct reader *rd, enum app_role role, const struct said *s,
                                   const char *name)
{
    struct app_thing *t = app_add_thing(rd->reading, role, name);
    if (t != NULL)
        memcpy(t->v, s->v, sizeof(s->v));
    rd->reading->shape = s->shape != NULL ? s->shape : rd->reading->shape;
    return t;
}

/* Where an object or a list is met. */
struct spot {
    const char *name; /* NULL: none that tells it from others */
    enum app_standing standing;
    int depth;
};

/* That of the member NAME of what is met at S. An item of a list has no name but its own. */
static struct spot below(const struct spot *s, const char *name, bool list)
{
    const char *which = list ? NULL : telling(name);
    enum app_standing own = list ? STANDS_ELSEWHERE : app_standing(name);
    bool passes = s->standing == STANDS_AMONG_POOLS || which == NULL;
    return (struct spot){.name = which != NULL ? which : s->name,
                         .standing = own == STANDS_ELSEWHERE && passes ? s->standing : own,
                         .depth = s->depth + 1};
}

/* Looks for things of ROLE in TEXT and below. */
static void look(struct reader *rd, enum app_role role, const char *text, size_t len, struct spot spot)
{
    struct json_member *m;
    int n;
    if (spot.depth > DEEPEST || !read_members(rd, text, len, &m, &n))
        return;
    bool list = text[0] == '[';
    struct said said = hear(role, m, list ? 0 : n, false), meant = hear(role, m, list ? 0 : n, true);
    if (is_thing(role, &meant, spot.standing))
        lose_texts(rd, role, &said, &meant);
    if (is_thing(role, &said, spot.standing)) {
        add_thing(rd, role, &said, own_name(m, n, spot.name));
        return;
    }
    for (int i = 0; i < n; i++)
        if (is_nested(&m[i]))
            look(rd, role, m[i].value.text, strlen(m[i].value.text), below(&spot, m[i].name, list));
}

/* The path of the URL names the answer as a whole. */
static struct spot whole(const struct app_words *w)
{
    const char *at = strstr(w->config.url, "://");
    const char *path = at != NULL ? strchr(at + 3, '/') : NULL;
    struct spot s = {.standing = STANDS_WHOLE};
    char name[200];
    if (path == NULL)
        return s;
    snprintf(name, sizeof(name), "%.*s", (int)strcspn(path, "?#"), path);
    if (app_standing(name) != STANDS_ELSEWHERE)
        s.standing = STANDS_AS_POOL;
    return s;
}

/* ---- By paths ---- */

static bool value_at(struct reader *rd, const char *text, size_t len, const char *path,
                     struct json_member *out)
{
    return path != NULL && json_at(rd->reading->arena, text, len, path, out, NULL) && out->type != JSON_NULL;
}

static const char *name_at(struct reader *rd, const struct app_word *w, const char *text, size_t len)
{
    struct json_member m;
    char digits[40];
    if (!value_at(rd, text, len, w->path, &m))
        return w->metric;
    if (m.value.type == VALUE_TEXT)
        return m.value.text;
    snprintf(digits, sizeof(digits), "%.15g", number_of(&m.value));
    return utf8_keep(rd->reading->arena, digits, strlen(digits));
}

/* PATH, of KEY, leads to what WHY says; WITHIN is the path to the several that it is looked for in, or NULL.
 */
static const char *lose(struct reader *rd, const char *path, const char *within, const char *key,
                        const char *why)
{
    struct text t;
    text_init(&t, 400);
    text_addf(&t, "%.100s%s%.100s, which %s of [target %.60s] names, %s", path, within != NULL ? " in " : "",
              within != NULL ? within : "", key, rd->words->config.name, why);
    const char *kept = utf8_keep(rd->reading->arena, text_str(&t), t.len);
    text_done(&t);
    return kept;
}

/* What the path of a field leads to. What is not there leaves T's as it is. */
static void apply_field(struct reader *rd, enum app_role role, int field, struct app_thing *t,
                        const char *text, size_t len)
{
    const struct app_role_words *w = &rd->words->roles[role];
    const char *path = w->fields[field].path, *why = NULL;
    struct json_member m;
    if (path == NULL)
        return;
    if (!value_at(rd, text, len, path, &m))
        why = "is not there, or null";
    else {
        double number = number_of(&m.value);
        bool fits = app_can_be(role, field, number);
        t->v[field] = fits ? number : NAN;
        if (!fits)
            why = isnan(number) ? "is no number" : "is below zero";
    }
    if (why != NULL)
        rd->reading->lost[role][field] = lose(rd, path, w->several.path, app_field_key(role, field), why);
}

/* What the words of its role say of T, whose JSON is TEXT. */
static void apply(struct reader *rd, enum app_role role, struct app_thing *t, const char *text, size_t len)
{
    const struct app_role_words *w = &rd->words->roles[role];
    for (int i = 0; i < APP_FIELDS; i++)
        apply_field(rd, role, i, t, text, len);
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
    struct json_member all = {.type = JSON_NULL}, *m, *own;
    int n, n_own;
    if (!value_at(rd, text, len, w->several.path, &all) || !is_nested(&all)) {
        rd->reading->lost_several[role] =
            lose(rd, w->several.path, NULL, app_several_key(role),
                 all.type == JSON_NULL ? "is not there, or null" : "is no object and no list");
        return;
    }
    if (!read_members(rd, all.value.text, strlen(all.value.text), &m, &n))
        return;
    bool list = all.type == JSON_ARRAY;
    for (int i = 0; i < n; i++) {
        const char *one = m[i].value.text;
        if (!is_nested(&m[i]) || !read_members(rd, one, strlen(one), &own, &n_own))
            continue;
        struct said said = hear(role, own, n_own, false);
        struct app_thing *t = add_thing(rd, role, &said, own_name(own, n_own, list ? NULL : m[i].name));
        if (t == NULL)
            return;
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
    look(rd, role, text, len, whole(rd->words));
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
        bool status = strcmp(m[i].name, "status") == 0, connection = strcmp(m[i].name, "connection") == 0;
        const struct value *v = &m[i].value;
        if (status && m[i].type == JSON_TEXT && !is_well(v->text))
            r->health = utf8_keep(r->arena, v->text, strnlen(v->text, 60));
        else if ((status || connection) && v->type == VALUE_INT && v->integer == 0 && r->health == NULL)
            r->health = status ? "not well" : "no connection";
        speaks = speaks || (status && !is_nested(&m[i])) || connection;
    }
    return speaks;
}

/* Why nothing could be read. */
static bool refuse(const struct app_words *w, const struct app_reading *r, struct err *err)
{
    for (int role = 0; role < N_APP_ROLES; role++)
        if (app_lost(r, (enum app_role)role) != NULL)
            return fail(err, "answered with JSON in which %s", app_lost(r, (enum app_role)role));
    if (r->cut)
        return fail(err,
                    "answered with JSON of too many members (at most %d in one object or list, %d objects in "
                    "all): pools = $.path in [target %s] leads to fewer, or name a place that tells less",
                    MOST_MEMBERS, MOST_OBJECTS, w->config.name);
    return fail(err,
                "answered with JSON in which no pool and no cache can be recognised: name them in "
                "[target %s], pool.in_use = $.path",
                w->config.name);
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
    return speaks || r->things[APP_POOL].n + r->things[APP_CACHE].n > 0 || refuse(w, r, err);
}
