/* Rules: from sections of packs and of the config to what is judged. */
#include "alerts/rule.h"

#include <math.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "alerts/rule_private.h"
#include "core/mem.h"
#include "core/nearest.h"
#include "core/when.h"

/* What is asked often is cheap to ask: the rest changes slowly. */
static const double fast_s = 5, slow_s = 15;
static const char *const fast[] = {"sessions", "locks", "pools", "targets"};

/* ---- Keys of a rule ---- */

struct given layers_get(const struct layers *l, const char *key)
{
    for (int i = l->n - 1; i >= 0; i--) {
        const struct config_section *s = l->list[i].section;
        for (int e = 0; e < s->n_entries; e++)
            if (strcmp(s->entries[e].key, key) == 0)
                return (struct given){.value = s->entries[e].value,
                                      .file = s->file,
                                      .line = s->entries[e].line,
                                      .layer = i,
                                      .packed = l->list[i].pack != NULL};
    }
    return (struct given){.value = NULL};
}

bool layers_fail(const struct layers *l, const char *key, const struct given *at, struct err *err,
                 const char *format, ...)
{
    char text[sizeof(err->text)];
    const struct config_section *last = l->list[l->n - 1].section;
    bool placed = at != NULL && at->file != NULL;
    va_list args;
    va_start(args, format);
    vsnprintf(text, sizeof(text) - 200, format, args);
    va_end(args);
    return fail(err, "%s:%d: [rule %s] %s: %s", placed ? at->file : last->file,
                placed ? at->line : last->line, l->name, key, text);
}

const char **names_split(struct arena *arena, const char *list, int *n)
{
    static const char separators[] = ", \t\n";
    const char **names = arena_alloc(arena, (strlen(list) / 2 + 1) * sizeof(*names));
    *n = 0;
    for (const char *s = list + strspn(list, separators); *s != '\0'; s += strspn(s, separators)) {
        size_t len = strcspn(s, separators);
        names[(*n)++] = arena_dup_n(arena, s, len);
        s += len;
    }
    return names;
}

/* ---- One rule ---- */

static const char *text_of(const struct rule_reader *reader, const struct layers *l, const char *key)
{
    return arena_dup(reader->arena, layers_get(l, key).value);
}

static bool read_duration(const struct layers *l, const char *key, double *out, struct err *err)
{
    struct given g = layers_get(l, key);
    struct err why = {""};
    if (g.value == NULL)
        return true;
    if (strcmp(g.value, "0") == 0 || strcmp(g.value, "0s") == 0)
        *out = 0;
    else if (!duration_parse(g.value, out, &why))
        return layers_fail(l, key, &g, err, "%s", why.text);
    return true;
}

static bool read_times(const struct layers *l, struct rule *r, struct err *err)
{
    return read_duration(l, "for", &r->for_s, err) && read_duration(l, "keep_for", &r->keep_for_s, err) &&
           read_duration(l, "every", &r->every_s, err);
}

/* Most ratios never are above 1. Who says `unit = ratio` knows what the number is. */
static bool is_percent_forgotten(const struct layers *l, const struct rule *r, const struct threshold *t,
                                 enum measure measure)
{
    return r->missing == NULL && r->unit == UNIT_RATIO && measure == MEASURE_PLAIN && t->number > 1 &&
           layers_get(l, "unit").value == NULL;
}

/* The thresholds, as numbers of the value's unit. */
static bool read_levels(const struct rule_reader *reader, const struct layers *l, struct rule *r,
                        struct err *err)
{
    static const char *const keys[N_LEVELS] = {"clear", "info", "warning", "critical"};
    for (int i = 0; i < N_LEVELS; i++) {
        struct given g = layers_get(l, keys[i]);
        struct err why = {""};
        enum measure measure;
        if (g.value == NULL || strcmp(g.value, "none") == 0)
            continue;
        struct threshold t;
        if (!threshold_read(arena_dup(reader->arena, g.value), &t, &measure, &why))
            return layers_fail(l, keys[i], &g, err, "%s", why.text);
        if (r->missing == NULL && !threshold_fit(&t, measure, r->unit, &why))
            return layers_fail(l, keys[i], &g, err, "%s", why.text);
        if (is_percent_forgotten(l, r, &t, measure))
            return layers_fail(l, keys[i], &g, err,
                               "'%s', but the value is a ratio, where 1 is 100 %%: did you mean %g %%?",
                               t.text, t.number);
        r->levels[i] = t;
    }
    return true;
}

static bool read_unit(const struct layers *l, struct rule *r, struct err *err)
{
    struct given g = layers_get(l, "unit");
    int unit = g.value == NULL ? (int)r->unit : unit_parse(g.value);
    if (unit < 0)
        return layers_fail(l, "unit", &g, err,
                           "'%s' is no unit; expected one of count, bytes, ms, s, ratio, time", g.value);
    r->unit = unit == UNIT_NONE ? UNIT_COUNT : (enum unit)unit;
    return true;
}

static bool check_webhook(const struct rule_reader *reader, const struct layers *l, const struct given *g,
                          const char *name, struct err *err)
{
    const struct config *c = reader->config;
    if (c == NULL || config_find(c, "webhook", name) != NULL)
        return true;
    const char **known = mem_new_array((size_t)c->n_sections, sizeof(*known));
    int n = 0;
    struct text t;
    text_init(&t, sizeof(err->text) - 200);
    for (int i = 0; i < c->n_sections; i++)
        if (strcmp(c->sections[i].kind, "webhook") == 0)
            known[n++] = c->sections[i].name;
    if (n > 0)
        nearest_say(&t, name, known, n);
    else
        text_add(&t, "the config has no [webhook NAME]");
    layers_fail(l, "notify", g, err, "there is no webhook '%s'; %s", name, text_str(&t));
    text_done(&t);
    free(known);
    return false;
}

static bool read_notify(const struct rule_reader *reader, const struct layers *l, struct rule *r,
                        struct err *err)
{
    struct given g = layers_get(l, "notify");
    if (g.value == NULL)
        return true;
    r->notify = names_split(reader->arena, g.value, &r->n_notify);
    for (int i = 0; i < r->n_notify; i++)
        if (!check_webhook(reader, l, &g, r->notify[i], err))
            return false;
    return true;
}

static bool is_yes(const struct layers *l, const char *key, bool standard)
{
    struct given g = layers_get(l, key);
    const struct option *o = option_find(config_options, n_config_options, "rule", key);
    return g.value == NULL ? standard : option_number(o, g.value) != 0;
}

static enum no_data read_no_data(const struct layers *l)
{
    const char *v = layers_get(l, "on_no_data").value;
    if (v == NULL || strcmp(v, "keep") == 0)
        return NO_DATA_KEEP;
    return strcmp(v, "alert") == 0 ? NO_DATA_ALERT : NO_DATA_OK;
}

static double standard_every(const struct rule *r)
{
    for (int i = 0; i < r->uses.n; i++)
        for (size_t f = 0; f < sizeof(fast) / sizeof(fast[0]); f++)
            if (strcmp(r->uses.datasets[i]->name, fast[f]) == 0)
                return fast_s;
    return slow_s;
}

static void read_texts(const struct rule_reader *reader, const struct layers *l, struct rule *r)
{
    const struct layer *first = &l->list[0], *last = &l->list[l->n - 1];
    r->name = arena_dup(reader->arena, l->name);
    r->help = text_of(reader, l, "help");
    r->summary = text_of(reader, l, "summary");
    r->action = text_of(reader, l, "action");
    r->runbook = text_of(reader, l, "runbook");
    r->pack = arena_dup(reader->arena, first->pack);
    r->file = last->pack != NULL ? NULL : arena_dup(reader->arena, last->section->file);
    r->line = last->section->line;
    r->enabled = is_yes(l, "enabled", true);
    r->latched = is_yes(l, "latched", false);
    r->on_no_data = read_no_data(l);
    if (r->help == NULL)
        r->help = "a rule of the user's own";
    if (r->summary == NULL)
        r->summary = "{value}";
}

static bool read_rule(const struct rule_reader *reader, const struct layers *l, struct rule *r,
                      struct err *err)
{
    *r = (struct rule){.every_s = NAN};
    read_texts(reader, l, r);
    if (!rule_check_ways(l, err) || !rule_make_sql(reader, l, r, err) || !read_unit(l, r, err) ||
        !read_levels(reader, l, r, err) || !rule_check_levels(l, r, err) || !read_times(l, r, err) ||
        !read_notify(reader, l, r, err))
        return false;
    if (isnan(r->every_s))
        r->every_s = standard_every(r);
    return true;
}

/* ---- All rules ---- */

/* Sections of one name together, in the order of the first of them. */
struct gathering {
    struct layers *list;
    int n, capacity;
};

static bool gather(struct gathering *g, const struct config *c, const char *pack, struct err *err)
{
    for (int i = 0; i < c->n_sections; i++) {
        const struct config_section *s = &c->sections[i];
        int at = 0;
        if (strcmp(s->kind, "rule") != 0)
            continue;
        while (at < g->n && strcmp(g->list[at].name, s->name) != 0)
            at++;
        if (at == g->capacity) {
            g->capacity = g->capacity * 2 + 64;
            g->list = mem_grow(g->list, (size_t)g->capacity, sizeof(*g->list));
        }
        if (at == g->n)
            g->list[g->n++] = (struct layers){.name = s->name};
        struct layers *l = &g->list[at];
        if (l->n == MOST_LAYERS)
            return fail(err, "%s:%d: [rule %s] stands in more than %d files", s->file, s->line, s->name,
                        MOST_LAYERS);
        l->list[l->n++] = (struct layer){s, pack};
    }
    return true;
}

static bool read_all(const struct rule_reader *reader, const struct gathering *g, struct rules *out,
                     struct err *err)
{
    out->list = mem_new_array((size_t)g->n, sizeof(*out->list));
    for (int i = 0; i < g->n; i++) {
        bool ok = read_rule(reader, &g->list[i], &out->list[i], err);
        out->n++;
        if (!ok)
            return false;
    }
    return true;
}

/* What the sections of G mean. */
static bool read_gathered(const struct gathering *g, const struct config *config,
                          const struct registry *registry, struct rules *out, struct err *err)
{
    static const struct store_limits none = {.series_bytes = 1, .total_bytes = 1, .keep_s = 1};
    struct rules made = {.arena = arena_new(4096)};
    struct store *store = store_new(none);
    struct rule_reader reader = {
        .arena = made.arena, .registry = registry, .config = config, .nothing = store_snapshot(store)};
    reader.door = door_new(registry, err);
    bool ok = reader.door != NULL && read_all(&reader, g, &made, err);
    door_free(reader.door);
    snapshot_unref(reader.nothing);
    store_free(store);
    if (ok)
        *out = made;
    else
        rules_done(&made);
    return ok;
}

bool rules_read(const struct config *config, const struct registry *registry, struct rules *out,
                struct err *err)
{
    struct packs packs = {.n = 0};
    struct gathering g = {.n = 0};
    const struct config_section *section = config_find(config, "rules", "");
    struct err why = {""};
    bool ok = packs_read(config_get(config, "rules", "packs"), &packs, &why);
    if (!ok && section != NULL)
        fail(err, "%s:%d: %s", section->file, section_line(section, "packs"), why.text);
    else if (!ok)
        *err = why;
    for (int i = 0; i < packs.n && ok; i++)
        ok = gather(&g, &packs.configs[i], packs.names[i], err);
    ok = ok && gather(&g, config, NULL, err) && read_gathered(&g, config, registry, out, err);
    free(g.list);
    packs_done(&packs);
    return ok;
}

bool rules_read_alone(const struct config *config, const char *pack, const struct registry *registry,
                      struct rules *out, struct err *err)
{
    struct gathering g = {.n = 0};
    bool ok = gather(&g, config, pack, err) && read_gathered(&g, NULL, registry, out, err);
    free(g.list);
    return ok;
}

void rules_done(struct rules *r)
{
    for (int i = 0; i < r->n; i++)
        free(r->list[i].uses.datasets);
    free(r->list);
    arena_unref(r->arena);
    *r = (struct rules){.n = 0};
}

const struct rule *rule_find(const struct rules *r, const char *name)
{
    for (int i = 0; i < r->n; i++)
        if (strcmp(r->list[i].name, name) == 0)
            return &r->list[i];
    return NULL;
}
