/* Packs: rules that ship, compiled in, in the syntax of the user's config. */
#include <stdlib.h>
#include <string.h>

#include "alerts/rule_private.h"
#include "core/embedded.h"
#include "core/mem.h"
#include "core/nearest.h"

static const struct embedded *find(const char *name)
{
    for (int i = 0; i < n_embedded_packs; i++)
        if (strcmp(embedded_packs[i].name, name) == 0)
            return &embedded_packs[i];
    return NULL;
}

static bool refuse(const char *name, struct err *err)
{
    const char **known = mem_new_array((size_t)n_embedded_packs, sizeof(*known));
    struct text t;
    text_init(&t, sizeof(err->text) - 100);
    for (int i = 0; i < n_embedded_packs; i++)
        known[i] = embedded_packs[i].name;
    nearest_say(&t, name, known, n_embedded_packs);
    fail(err, "[rules] packs: there is no pack '%s'; %s", name, text_str(&t));
    text_done(&t);
    free(known);
    return false;
}

static bool add(struct packs *p, const char *name, struct err *err)
{
    const struct embedded *e = find(name);
    struct config config;
    if (e == NULL)
        return refuse(name, err);
    if (!config_parse(e->text, e->len, e->name, config_options, n_config_options, &config, err))
        return false;
    p->configs = mem_grow(p->configs, (size_t)p->n + 1, sizeof(*p->configs));
    p->names = mem_grow(p->names, (size_t)p->n + 1, sizeof(*p->names));
    p->configs[p->n] = config;
    p->names[p->n++] = e->name;
    return true;
}

bool packs_read(const char *list, struct packs *out, struct err *err)
{
    struct packs made = {.n = 0};
    struct arena *arena = arena_new(256);
    int n = 0;
    const char **names = names_split(arena, list == NULL ? "" : list, &n);
    bool ok = true;
    for (int i = 0; i < n && ok; i++) {
        bool none = strcmp(names[i], "none") == 0;
        if (none && n > 1)
            ok = fail(err, "[rules] packs: expected `none` alone, or names without it");
        ok = ok && (none || add(&made, names[i], err));
    }
    arena_unref(arena);
    if (ok)
        *out = made;
    else
        packs_done(&made);
    return ok;
}

void packs_done(struct packs *p)
{
    for (int i = 0; i < p->n; i++)
        config_done(&p->configs[i]);
    free(p->configs);
    free(p->names);
    *p = (struct packs){.n = 0};
}
