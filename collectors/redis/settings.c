/* settings: of the configuration what bears on health, as CONFIG GET tells it. */
#include <string.h>

#include "collectors/datasets.h"
#include "collectors/redis/redis.h"

/* No secret is asked for; should one ever fit a pattern, it goes no further. */
static bool may_show(const struct redis_value *name)
{
    return name->kind == REDIS_TEXT && strstr(name->text, "pass") == NULL &&
           strstr(name->text, "auth") == NULL;
}

static int count(const struct redis_value *list)
{
    int n = 0;
    for (int i = 0; list != NULL && i + 1 < list->n; i += 2)
        n += may_show(list->items[i]) && list->items[i + 1]->kind == REDIS_TEXT;
    return n;
}

static int add(struct sample *s, int row, const struct redis_value *list)
{
    int name = dataset_column(s->dataset, "name"), value = dataset_column(s->dataset, "value"),
        shown = dataset_column(s->dataset, "shown");
    for (int i = 0; list != NULL && i + 1 < list->n; i += 2) {
        const struct redis_value *key = list->items[i], *v = list->items[i + 1];
        if (!may_show(key) || v->kind != REDIS_TEXT)
            continue;
        redis_set_text(s, name, row, key->text, key->len);
        redis_set_text(s, value, row, v->text, v->len);
        redis_set_text(s, shown, row++, v->text, v->len);
    }
    return row;
}

static struct sample *make(struct redis_poll *p)
{
    static const char *const told[] = {"value", "shown", NULL};
    int n = 0, row = 0;
    for (int i = ASK_CONFIG_MEMORY; i < N_ASKS; i++)
        n += count(redis_got(p, (enum redis_ask)i));
    struct sample *s = sample_new(&dataset_settings, n);
    for (int i = ASK_CONFIG_MEMORY; i < N_ASKS; i++)
        row = add(s, row, redis_got(p, (enum redis_ask)i));
    redis_lacks_but(s, told, "Redis does not tell it");
    return s;
}

/* The first pattern is asked of everybody: where it is refused all are, with its reason. */
const struct redis_collector redis_set_settings = {.dataset = &dataset_settings,
                                                   .asks = ASKS_CONFIG,
                                                   .may_lack = ASKS_CONFIG & ~ASKS(ASK_CONFIG_MEMORY),
                                                   .make = make};
