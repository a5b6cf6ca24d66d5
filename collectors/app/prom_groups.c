/* Which samples of Prometheus text are of one pool or cache: those of one family and one name. A pool's name
 * has the labels too that tell it from another of the same: they stand in each of its samples, with values
 * that differ. */
#include <stdlib.h>
#include <string.h>

#include "collectors/app/prom_answer.h"
#include "core/mem.h"
#include "core/text.h"
#include "core/utf8.h"

/* Labels that name a pool or a cache, the first that is there. */
static const char *const naming[] = {"pool_name",
                                     "db_client_connection_pool_name",
                                     "db_client_connections_pool_name",
                                     "cache",
                                     "cache_name",
                                     "pool",
                                     "name",
                                     "db_name",
                                     "datasource"};
/* Labels that tell parts of one thing. */
static const char *const parting[] = {
    "state", "db_client_connection_state", "le", "quantile", "status", "result", "reason"};

struct telling {
    const char *label, *value; /* of the first sample */
    bool differs;
};
struct group {
    enum app_role role;
    const char *family, *name; /* ANY_FAMILY until one is known; the name may be NULL */
    struct telling labels[PROM_LABELS];
    int n_labels;
};
struct groups {
    struct arena *arena;
    struct group *items;
    int n;
};

struct groups *groups_new(struct arena *a)
{
    struct groups *g = mem_new(sizeof(*g));
    *g = (struct groups){.arena = a};
    return g;
}

void groups_free(struct groups *g)
{
    free(g->items);
    free(g);
}

static bool same_text(const char *a, const char *b)
{
    return a == NULL || b == NULL ? a == b : strcmp(a, b) == 0;
}

static bool is_any(const char *family)
{
    return same_text(family, ANY_FAMILY);
}

static const char *own_name(const struct prom_line *l)
{
    const char *name = NULL;
    for (size_t i = 0; i < sizeof(naming) / sizeof(naming[0]) && name == NULL; i++)
        name = prom_label(l, naming[i]);
    return name;
}

static bool is_parting(const char *label)
{
    for (size_t i = 0; i < sizeof(parting) / sizeof(parting[0]); i++)
        if (strcmp(label, parting[i]) == 0)
            return true;
    return false;
}

static struct group *find(struct groups *g, enum app_role role, const char *family, const char *name)
{
    for (int i = 0; i < g->n; i++) {
        struct group *one = &g->items[i];
        bool kin = is_any(family) || is_any(one->family) || same_text(one->family, family);
        if (one->role == role && kin && same_text(one->name, name))
            return one;
    }
    return NULL;
}

static const char *keep(struct groups *g, const char *text)
{
    return text == NULL ? NULL : arena_dup(g->arena, text);
}

static void begin_group(struct groups *g, enum app_role role, const char *family, const struct prom_line *l)
{
    g->items = mem_grow(g->items, (size_t)g->n + 1, sizeof(*g->items));
    struct group *one = &g->items[g->n++];
    *one = (struct group){.role = role, .family = family, .name = keep(g, own_name(l))};
    for (int i = 0; i < l->n_labels; i++)
        if (role == APP_POOL && !is_parting(l->labels[i].name))
            one->labels[one->n_labels++] =
                (struct telling){.label = keep(g, l->labels[i].name), .value = keep(g, l->labels[i].value)};
}

void groups_note(struct groups *g, enum app_role role, const char *family, const struct prom_line *l)
{
    struct group *one = find(g, role, family, own_name(l));
    if (one == NULL) {
        if (g->n < MOST_THINGS)
            begin_group(g, role, family, l);
        return;
    }
    if (is_any(one->family))
        one->family = family;
    int kept = 0;
    for (int i = 0; i < one->n_labels; i++) {
        struct telling t = one->labels[i];
        const char *value = prom_label(l, t.label);
        t.differs = t.differs || (value != NULL && strcmp(value, t.value) != 0);
        if (value != NULL)
            one->labels[kept++] = t;
    }
    one->n_labels = kept;
}

static void add_part(struct text *name, const char *part)
{
    if (part == NULL || part[0] == '\0')
        return;
    text_add(name, name->len > 0 ? " " : NULL);
    utf8_mend(name, part, strlen(part));
}

int groups_find(struct groups *g, enum app_role role, const char *family, const struct prom_line *l,
                const char **name)
{
    const struct group *one = find(g, role, family, own_name(l));
    struct text full;
    if (one == NULL)
        return -1;
    text_init(&full, LONGEST_NAME);
    add_part(&full, one->name);
    for (int i = 0; i < one->n_labels; i++)
        if (one->labels[i].differs)
            add_part(&full, prom_label(l, one->labels[i].label));
    *name = one->name != NULL || full.len > 0 ? arena_dup(g->arena, text_str(&full)) : NULL;
    text_done(&full);
    return (int)(one - g->items);
}
