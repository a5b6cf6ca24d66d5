/* caches: the instance as a cache: lookups that it answered, memory, evictions, how long keys live. */
#include <math.h>
#include <string.h>

#include "collectors/datasets.h"
#include "collectors/redis/redis.h"

static const struct column_source sources[] = {
    // clang-format off
    {"hits",       "keyspace_hits"},
    {"misses",     "keyspace_misses"},
    {"used_bytes", "used_memory"},
    {"max_bytes",  "maxmemory"},
    {"evictions",  "evicted_keys"},
    {NULL, NULL},
    // clang-format on
};

/* The mean over the keys that expire, of all databases. */
static double mean_ttl_s(const struct info *info)
{
    double keys = 0, ms = 0;
    size_t len;
    for (int i = 0; i < info->n; i++) {
        const struct info_field *f = &info->fields[i];
        if (info_rest(f, "db", &len) == NULL || isnan(info_part_number(f, "keys")))
            continue;
        double expires = info_part_number(f, "expires"), ttl = info_part_number(f, "avg_ttl");
        if (expires > 0 && ttl > 0) {
            keys += expires;
            ms += expires * ttl;
        }
    }
    return keys > 0 ? ms / keys / 1000 : NAN;
}

static struct sample *make(struct redis_poll *p);

const struct redis_collector redis_set_caches = {
    .dataset = &dataset_caches, .sources = sources, .asks = ASKS(ASK_INFO), .make = make};

static struct sample *make(struct redis_poll *p)
{
    static const char *const told[] = {"hits",      "misses", "used_bytes", "max_bytes",
                                       "evictions", "ttl_s",  NULL};
    struct sample *s = sample_new(&dataset_caches, 1);
    int most = dataset_column(s->dataset, "max_bytes");
    sample_set_text(s, dataset_column(s->dataset, "kind"), 0, "redis", 5);
    sample_set_text(s, dataset_column(s->dataset, "name"), 0, "instance", 8);
    s->values[dataset_column(s->dataset, "ttl_s")].real[0] = mean_ttl_s(redis_info(p, ASK_INFO));
    redis_lacks_but(s, told, "Redis does not tell it");
    redis_fill(p, &redis_set_caches, s);
    if (sample_has(s, most) && sample_real(s, most, 0) == 0)
        sample_lacks(s, most, "maxmemory is 0: there is no limit");
    return s;
}
