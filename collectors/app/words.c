/* What a [target] says of where an application's numbers stand: pool.size = $.size. */
#include <ctype.h>
#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "collectors/app/app.h"
#include "core/json.h"
#include "core/mem.h"
#include "core/option.h"

static const double standard_timeout_s = 3, most_timeout_s = 10;

// clang-format off
static const struct {
    enum app_role role;
    int field;
    const char *key;
} keys[] = {
    {APP_POOL,  POOL_SIZE,         "pool.size"},
    {APP_POOL,  POOL_MAX_SIZE,     "pool.max_size"},
    {APP_POOL,  POOL_IN_USE,       "pool.in_use"},
    {APP_POOL,  POOL_IDLE,         "pool.idle"},
    {APP_POOL,  POOL_WAITING,      "pool.waiting"},
    {APP_POOL,  POOL_MAX_WAIT_MS,  "pool.max_wait_ms"},
    {APP_POOL,  POOL_AVG_WAIT_MS,  "pool.avg_wait_ms"},
    {APP_POOL,  POOL_CONNECT_MS,   "pool.connect_ms"},
    {APP_POOL,  POOL_TIMEOUTS,     "pool.timeouts"},
    {APP_POOL,  POOL_OVERFLOW,     "pool.overflow"},
    {APP_POOL,  POOL_MAX_OVERFLOW, "pool.max_overflow"},
    {APP_CACHE, CACHE_HITS,        "cache.hits"},
    {APP_CACHE, CACHE_MISSES,      "cache.misses"},
    {APP_CACHE, CACHE_USED_BYTES,  "cache.used_bytes"},
    {APP_CACHE, CACHE_MAX_BYTES,   "cache.max_bytes"},
    {APP_CACHE, CACHE_ENTRIES,     "cache.entries"},
    {APP_CACHE, CACHE_MAX_ENTRIES, "cache.max_entries"},
    {APP_CACHE, CACHE_EVICTIONS,   "cache.evictions"},
    {APP_CACHE, CACHE_TTL_S,       "cache.ttl_s"},
};
// clang-format on
static const char *const name_keys[N_APP_ROLES] = {"pool.name", "cache.name"};
static const char *const several_keys[N_APP_ROLES] = {"pools", "caches"};

const char *app_field_key(enum app_role role, int field)
{
    for (size_t i = 0; i < sizeof(keys) / sizeof(keys[0]); i++)
        if (keys[i].role == role && keys[i].field == field)
            return keys[i].key;
    return NULL;
}

const char *app_several_key(enum app_role role)
{
    return several_keys[role];
}

/* The first LEN bytes are a metric's name as Prometheus has it; a dot in one is read as an underscore. */
bool app_is_metric(const char *name, size_t len)
{
    if (len == 0 || isdigit((unsigned char)name[0]))
        return false;
    for (size_t i = 0; i < len; i++)
        if (!(isalnum((unsigned char)name[i]) || name[i] == '_' || name[i] == ':'))
            return false;
    return true;
}

static bool read_path(const char *value, struct app_word *out, struct err *err)
{
    out->path = value;
    return json_path_check(value) || fail(err,
                                          "'%.100s' is no path into JSON; expected $.a.b or $.list[0].c, and "
                                          "$.\"a.b\" of a name with a dot",
                                          value);
}

/* A path, a metric's name, or a number. */
static bool read_place(enum app_role role, int field, const char *value, struct app_word *out,
                       struct err *err)
{
    char *end;
    double number = strtod(value, &end);
    if (value[0] == '$')
        return read_path(value, out, err);
    if (*end == '\0' && isfinite(number)) {
        out->number = number;
        return app_can_be(role, field, number) || fail(err, "%.100s is below zero", value);
    }
    out->metric = value;
    return app_is_metric(value, strlen(value)) || fail(err,
                                                       "'%.100s' is neither a path ($.a.b), nor a metric's "
                                                       "name (letters, digits, _ and :), nor a number",
                                                       value);
}

static bool read_several(const char *value, struct app_word *out, struct err *err)
{
    return value[0] == '$'
               ? read_path(value, out, err)
               : fail(err, "'%.100s' is no path into JSON; expected $.a.b, or $ for all of it", value);
}

/* A path, or the name itself. */
static bool read_name(const char *value, struct app_word *out, struct err *err)
{
    if (value[0] == '$')
        return read_path(value, out, err);
    out->metric = value;
    return true;
}

/* What the section says of KEY, NULL if nothing; OUT is a word that says nothing. */
static const char *begin_word(const struct app_words *w, const char *key, struct app_word *out)
{
    const char *value = target_config_word(&w->config, key);
    *out = (struct app_word){.number = NAN};
    return value == NULL || value[0] == '\0' ? NULL : value;
}

static bool read_words(struct app_words *w, const char **key, struct err *err)
{
    const char *value;
    for (size_t i = 0; i < sizeof(keys) / sizeof(keys[0]); i++) {
        struct app_word *word = &w->roles[keys[i].role].fields[keys[i].field];
        *key = keys[i].key;
        if ((value = begin_word(w, *key, word)) != NULL &&
            !read_place(keys[i].role, keys[i].field, value, word, err))
            return false;
    }
    for (int i = 0; i < N_APP_ROLES; i++) {
        struct app_role_words *role = &w->roles[i];
        *key = name_keys[i];
        if ((value = begin_word(w, *key, &role->name)) != NULL && !read_name(value, &role->name, err))
            return false;
        *key = several_keys[i];
        if ((value = begin_word(w, *key, &role->several)) != NULL &&
            !read_several(value, &role->several, err))
            return false;
    }
    return true;
}

struct app_words *app_words_new(const struct target_config *config, const char **key, struct err *err)
{
    struct app_words *w = mem_new(sizeof(*w));
    w->refs = 1;
    target_config_copy(&w->config, config);
    for (int i = 0; i < N_APP_ROLES; i++)
        w->roles[i].fields[POOL_TOTAL].number = NAN; /* which no key names */
    w->latency = target_config_word(&w->config, "latency");
    const char *timeout = target_config_word(&w->config, "timeout");
    const struct option *o = option_find(config_options, n_config_options, "target", "timeout");
    w->timeout_s =
        timeout != NULL && o != NULL ? fmin(option_number(o, timeout), most_timeout_s) : standard_timeout_s;
    if (read_words(w, key, err))
        return w;
    app_words_unref(w);
    return NULL;
}

void app_words_unref(struct app_words *w)
{
    if (w == NULL || --w->refs > 0)
        return;
    target_config_done(&w->config);
    free(w);
}
