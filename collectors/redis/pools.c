/* pools: the places that Redis has for clients. Who finds none is refused, and waits nowhere. */
#include <math.h>
#include <string.h>

#include "collectors/datasets.h"
#include "collectors/redis/redis.h"

static void set(struct sample *s, const char *column, double v)
{
    s->values[dataset_column(s->dataset, column)].real[0] = v;
}

static struct sample *make(struct redis_poll *p)
{
    static const char *const told[] = {"size", "max_size", "in_use", "own", "utilization", NULL};
    struct sample *s = sample_new(&dataset_pools, 1);
    const struct info *info = redis_info(p, ASK_INFO);
    const struct redis_value *given = redis_pair(redis_got(p, ASK_CONFIG_CLIENTS), "maxclients");
    double used = info_number(info, "connected_clients"), most = info_number(info, "maxclients");
    if (isnan(most) && given != NULL && given->kind == REDIS_TEXT)
        most = info_value(given->text, given->len);
    sample_set_text(s, dataset_column(s->dataset, "kind"), 0, "redis", 5);
    sample_set_text(s, dataset_column(s->dataset, "name"), 0, "maxclients", 10);
    set(s, "size", most);
    set(s, "max_size", most);
    set(s, "in_use", used);
    set(s, "own", 1);
    set(s, "utilization", most > 0 ? used / most : NAN);
    redis_lacks_but(s, told, "Redis does not tell it");
    return s;
}

const struct redis_collector redis_set_pools = {.dataset = &dataset_pools,
                                                .asks = ASKS(ASK_INFO) | ASKS(ASK_CONFIG_CLIENTS),
                                                .may_lack = ASKS(ASK_CONFIG_CLIENTS),
                                                .make = make};
