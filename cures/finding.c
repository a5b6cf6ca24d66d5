/* Findings: from sections to what is asked. */
#include "cures/finding.h"

#include <stdlib.h>
#include <string.h>

#include "core/embedded.h"
#include "core/mem.h"

/* ---- Words ---- */

static const char *const stages[N_STAGES] = {"freeze",   "statistics", "repair", "vacuum",
                                             "settings", "build",      "drop"};
static const char *const severities[] = {"", "info", "warning", "critical"};

static int find(const char *const *names, int n, const char *name)
{
    for (int i = 0; i < n && name != NULL; i++)
        if (strcmp(names[i], name) == 0)
            return i;
    return -1;
}

const char *stage_name(enum stage s)
{
    return stages[s];
}

int stage_parse(const char *name)
{
    return find(stages, N_STAGES, name);
}

int severity_parse(const char *name)
{
    int at = find(severities, SEVERITY_CRITICAL + 1, name);
    return at < 0 ? 0 : at;
}

const char *severity_name(int severity)
{
    return severities[severity];
}

/* ---- Sections ---- */

static struct finding *find_or_add(struct findings *f, const char *name)
{
    for (int i = 0; i < f->n; i++)
        if (strcmp(f->list[i].name, name) == 0)
            return &f->list[i];
    f->list = mem_grow(f->list, (size_t)f->n + 1, sizeof(*f->list));
    f->list[f->n] =
        (struct finding){.name = arena_dup(f->arena, name), .stage = STAGE_VACUUM, .enabled = true};
    return &f->list[f->n++];
}

static void take(struct findings *all, struct finding *f, const struct config_section *s)
{
    const struct {
        const char *key, **to;
    } texts[] = {{"category", &f->category}, {"action", &f->action}, {"title", &f->title},
                 {"help", &f->help},         {"sql", &f->sql},       {"lacks", &f->lacks_sql}};
    for (size_t i = 0; i < sizeof(texts) / sizeof(texts[0]); i++)
        if (section_get(s, texts[i].key) != NULL)
            *texts[i].to = arena_dup(all->arena, section_get(s, texts[i].key));
    if (section_get(s, "stage") != NULL)
        f->stage = (enum stage)stage_parse(section_get(s, "stage"));
    if (section_get(s, "enabled") != NULL)
        f->enabled = section_get_bool(s, "enabled");
    if (section_get(s, "primary") != NULL)
        f->primary = section_get_bool(s, "primary");
    f->file = arena_dup(all->arena, s->file);
    f->line = s->line;
}

static void take_all(struct findings *all, const struct config *c)
{
    for (int i = 0; i < c->n_sections; i++)
        if (strcmp(c->sections[i].kind, "finding") == 0)
            take(all, find_or_add(all, c->sections[i].name), &c->sections[i]);
}

static bool take_embedded(struct findings *all, struct err *err)
{
    for (int i = 0; i < n_embedded_findings; i++) {
        const struct embedded *e = &embedded_findings[i];
        struct config c;
        if (!config_parse(e->text, e->len, e->name, config_options, n_config_options, &c, err))
            return false;
        take_all(all, &c);
        config_done(&c);
    }
    return true;
}

/* ---- Checking ---- */

struct checker {
    struct door *door;
    struct snapshot *nothing; /* to see the columns that a SELECT gives */
    struct findings *all;
};

static bool refuse(const struct finding *f, const char *key, const char *why, struct err *err)
{
    return fail(err, "%s:%d: [finding %s] %s: %s", f->file, f->line, f->name, key, why);
}

static void use(struct finding *f, const struct query_uses *more)
{
    for (int i = 0; i < more->n; i++) {
        bool there = false;
        for (int j = 0; j < f->uses.n; j++)
            there = there || f->uses.datasets[j] == more->datasets[i];
        if (there)
            continue;
        f->uses.datasets = mem_grow(f->uses.datasets, (size_t)f->uses.n + 1, sizeof(*f->uses.datasets));
        f->uses.datasets[f->uses.n++] = more->datasets[i];
    }
    f->uses.needs_window = f->uses.needs_window || more->needs_window;
}

static bool has_columns(const struct checker *k, const struct finding *f, const char *key, const char *sql,
                        const char *const *columns, struct err *err)
{
    struct query q = {.sql = sql, .max_rows = 1, .seldom = true};
    struct err why = {""};
    struct result *r = door_run(k->door, k->nothing, &q, &why);
    if (r == NULL)
        return refuse(f, key, why.text, err);
    const char *absent = NULL;
    for (int i = 0; columns[i] != NULL && absent == NULL; i++)
        if (result_column(r, columns[i]) < 0)
            absent = columns[i];
    result_free(r);
    struct text t;
    text_init(&t, 200);
    text_addf(&t, "the SELECT gives no column '%s'", absent != NULL ? absent : "");
    bool ok = absent == NULL || refuse(f, key, text_str(&t), err);
    text_done(&t);
    return ok;
}

/* A SELECT over a dataset that this program does not have: not the finding's fault. */
static bool is_missing(const struct checker *k, struct finding *f, const char *why)
{
    static const char absent[] = "no such dataset: ";
    if (strncmp(why, absent, sizeof(absent) - 1) != 0)
        return false;
    const char *name = why + sizeof(absent) - 1;
    struct text t;
    text_init(&t, 200);
    text_addf(&t, "no data source: dataset %.*s", (int)strcspn(name, ";"), name);
    f->missing = arena_dup(k->all->arena, text_str(&t));
    text_done(&t);
    return true;
}

static bool check_select(const struct checker *k, struct finding *f, const char *key, const char *sql,
                         const char *const *columns, struct err *err)
{
    struct query_uses uses = {.n = 0};
    struct err why = {""};
    if (!door_check(k->door, sql, &uses, &why))
        return is_missing(k, f, why.text) || refuse(f, key, why.text, err);
    use(f, &uses);
    free(uses.datasets);
    return has_columns(k, f, key, sql, columns, err);
}

static bool check(const struct checker *k, struct finding *f, struct err *err)
{
    static const char *const wanted[] = {"target", "label", "severity", "evidence", NULL}, *const lacks[] = {
                                                                                               "target",
                                                                                               "lacks", NULL};
    if (f->sql == NULL)
        return refuse(f, "sql", "expected a SELECT", err);
    f->category = f->category == NULL ? "schema" : f->category;
    f->title = f->title == NULL ? f->name : f->title;
    f->help = f->help == NULL ? "a finding of the user's own" : f->help;
    return check_select(k, f, "sql", f->sql, wanted, err) &&
           (f->lacks_sql == NULL || f->missing != NULL ||
            check_select(k, f, "lacks", f->lacks_sql, lacks, err));
}

static bool check_all(struct findings *all, const struct registry *registry, struct err *err)
{
    static const struct store_limits none = {.series_bytes = 1, .total_bytes = 1, .keep_s = 1};
    struct store *store = store_new(none);
    struct checker k = {.door = door_new(registry, err), .nothing = store_snapshot(store), .all = all};
    bool ok = k.door != NULL;
    for (int i = 0; i < all->n && ok; i++)
        ok = check(&k, &all->list[i], err);
    door_free(k.door);
    snapshot_unref(k.nothing);
    store_free(store);
    return ok;
}

bool findings_read(const struct config *config, const struct registry *registry, struct findings *out,
                   struct err *err)
{
    struct findings made = {.arena = arena_new(8192)};
    bool ok = take_embedded(&made, err);
    if (ok && config != NULL)
        take_all(&made, config);
    ok = ok && check_all(&made, registry, err);
    if (ok)
        *out = made;
    else
        findings_done(&made);
    return ok;
}

bool findings_check(const struct config *config, const struct registry *registry, struct err *err)
{
    struct findings read;
    if (!findings_read(config, registry, &read, err))
        return false;
    findings_done(&read);
    return true;
}

void findings_done(struct findings *f)
{
    for (int i = 0; i < f->n; i++)
        free(f->list[i].uses.datasets);
    free(f->list);
    arena_unref(f->arena);
    *f = (struct findings){.n = 0};
}

const struct finding *finding_find(const struct findings *f, const char *name)
{
    for (int i = 0; i < f->n; i++)
        if (strcmp(f->list[i].name, name) == 0)
            return &f->list[i];
    return NULL;
}
