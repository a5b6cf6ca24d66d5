/* Datasets of the user's own: [dataset NAME] of the config made into the same thing as a built-in one. */
#include "engine/own.h"

#include <stdlib.h>
#include <string.h>

#include "core/mem.h"
#include "core/text.h"
#include "core/when.h"

enum { MOST_COLUMNS = 64 };

/* The config's keys that list columns; the source casts to what the kind holds. */
static const struct list {
    const char *key;
    enum kind kind;
    enum type type;
    const char *cast, *help;
} lists[] = {
    {"key", KIND_KEY, TYPE_TEXT, "text", "identity of the row"},
    {"label", KIND_LABEL, TYPE_TEXT, "text", "describes the row"},
    {"gauge", KIND_GAUGE, TYPE_REAL, "float8", "a level"},
    {"counter", KIND_COUNTER, TYPE_REAL, "float8", "only grows"},
};
enum { N_LISTS = sizeof(lists) / sizeof(lists[0]) };

/* "name"::cast, the name quoted. */
static char *source_of(struct arena *a, const char *name, const char *cast)
{
    struct text t;
    text_init(&t, 256);
    text_add_identifier(&t, name);
    text_addf(&t, "::%s", cast);
    char *source = arena_dup(a, text_str(&t));
    text_done(&t);
    return source;
}

static int add_columns(struct arena *a, const struct list *list, const char *names, struct column *columns, int n)
{
    static const char separators[] = ", \t\n";
    for (const char *s = names + strspn(names, separators); *s != '\0' && n < MOST_COLUMNS; s += strspn(s, separators)) {
        size_t len = strcspn(s, separators);
        const char *name = arena_dup_n(a, s, len);
        s += len;
        enum unit unit = list->type == TYPE_TEXT ? UNIT_NONE : unit_of_suffix(name);
        if (list->type == TYPE_REAL && unit == UNIT_NONE)
            unit = UNIT_COUNT;
        columns[n++] = (struct column){.name = name, .kind = list->kind, .type = list->type, .unit = unit, .help = list->help,
                                       .source = source_of(a, name, list->cast)};
    }
    return n;
}

/* Checks D with each list, so that what is wrong is told with the line of its list; the name is that of the section. */
static bool read_columns(const struct config_section *s, struct arena *a, struct column *columns, struct dataset *d, struct err *err)
{
    static const struct column any = {.name = "any", .kind = KIND_KEY, .type = TYPE_TEXT, .help = "a key"};
    struct dataset named = *d;
    named.columns = &any;
    named.n_columns = 1;
    if (!dataset_check(&named, err))
        return fail(err, "%s:%d: [dataset %s]: %s", s->file, s->line, s->name, err->text);
    for (int i = 0; i < N_LISTS; i++) {
        const char *names = section_get(s, lists[i].key);
        if (names == NULL)
            continue;
        d->n_columns = add_columns(a, &lists[i], names, columns, d->n_columns);
        if (!dataset_check(d, err))
            return fail(err, "%s:%d: [dataset %s] %s: %s", s->file, section_line(s, lists[i].key), s->name, lists[i].key, err->text);
    }
    return true;
}

static bool read_one(const struct config_section *s, struct arena *a, struct own_dataset *out, struct err *err)
{
    const char *sql = section_get(s, "sql"), *every = section_get(s, "every"), *help = section_get(s, "help");
    double every_s = 30;
    if (sql == NULL || section_get(s, "key") == NULL)
        return fail(err, "%s:%d: [dataset %s] needs `sql` (a SELECT) and `key` (the columns that identify a row)", s->file, s->line, s->name);
    if (every != NULL && !duration_parse(every, &every_s, err))
        return fail(err, "%s:%d: [dataset %s] every: %s", s->file, section_line(s, "every"), s->name, err->text);
    struct column *columns = arena_alloc(a, MOST_COLUMNS * sizeof(*columns));
    bool counts = section_get(s, "counter") != NULL;
    *out = (struct own_dataset){.sql = arena_dup(a, sql),
                                .target = arena_dup(a, section_get(s, "target")),
                                .dataset = {.name = arena_dup(a, s->name),
                                            .help = arena_dup(a, help != NULL ? help : "a dataset of the user's own"),
                                            .columns = columns,
                                            .whole = true,
                                            .every = every_s,
                                            .baseline_every = counts ? (every_s > 60 ? every_s : 60) : 0}};
    return read_columns(s, a, columns, &out->dataset, err);
}

static bool has_targets(const struct config *config)
{
    for (int i = 0; i < config->n_sections; i++)
        if (strcmp(config->sections[i].kind, "target") == 0)
            return true;
    return false;
}

static bool refuse_target(const struct config_section *s, struct err *err)
{
    return fail(err, "%s:%d: [dataset %s] target: there is no target %s", s->file, section_line(s, "target"), s->name, section_get(s, "target"));
}

bool own_datasets_read(const struct config *config, struct registry *r, struct own_datasets *out, struct err *err)
{
    *out = (struct own_datasets){.list = mem_new_array((size_t)config->n_sections, sizeof(*out->list)), .arena = arena_new(1024)};
    for (int i = 0; i < config->n_sections; i++) {
        const struct config_section *s = &config->sections[i];
        if (strcmp(s->kind, "dataset") != 0)
            continue;
        struct own_dataset *own = &out->list[out->n];
        const char *target = section_get(s, "target");
        bool there = target == NULL || !has_targets(config) || config_find(config, "target", target) != NULL;
        if (!(there || refuse_target(s, err)) || !read_one(s, out->arena, own, err)) {
            own_datasets_done(out);
            return false;
        }
        if (!registry_add(r, &own->dataset, err)) {
            fail(err, "%s:%d: [dataset %s]: %s", s->file, s->line, s->name, err->text);
            own_datasets_done(out);
            return false;
        }
        out->n++;
    }
    return true;
}

bool own_datasets_check(const struct config *config, const struct own_datasets *o, const struct target_config *targets, int n, struct err *err)
{
    for (int i = 0; i < o->n && !has_targets(config); i++) {
        bool there = o->list[i].target == NULL;
        for (int j = 0; j < n && !there; j++)
            there = strcmp(targets[j].name, o->list[i].target) == 0;
        if (!there)
            return refuse_target(config_find(config, "dataset", o->list[i].dataset.name), err);
    }
    return true;
}

void own_datasets_done(struct own_datasets *o)
{
    free(o->list);
    arena_unref(o->arena);
    *o = (struct own_datasets){0};
}
