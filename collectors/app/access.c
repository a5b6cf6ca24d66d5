/* access: what of an application could be read, and the keys that tell the rest. */
#include <math.h>
#include <string.h>

#include "collectors/app/app.h"
#include "core/text.h"

enum { MOST_ROWS = 8 };

struct row {
    const char *what, *state;
    struct text why, cure;
};

static struct row *add(struct row *rows, int *n, const char *what, bool ok)
{
    struct row *row = &rows[(*n)++];
    row->what = what;
    row->state = ok ? "ok" : "advice";
    text_init(&row->why, 500);
    text_init(&row->cure, 500);
    return row;
}

static void say_things(struct row *row, const struct app_things *t, const char *shape, const char *role,
                       const char *key, const char *target, const char *lost)
{
    if (t->n > 0)
        text_addf(&row->why, "%d told%s%s", t->n, shape != NULL ? ": " : "", shape != NULL ? shape : "");
    else if (lost != NULL)
        text_add(&row->why, lost);
    else {
        text_addf(&row->why, "no %s is told, or none is recognised", role);
        text_addf(&row->cure, "%s = $.path in [target %s]", key, target);
    }
}

/* Whether every pool tells how large it may become. */
static bool has_limits(const struct app_words *w, const struct app_things *pools)
{
    const struct app_role_words *words = &w->roles[APP_POOL];
    bool given = !isnan(words->fields[POOL_MAX_SIZE].number),
         more = !isnan(words->fields[POOL_MAX_OVERFLOW].number);
    for (int i = 0; i < pools->n; i++) {
        const double *v = pools->items[i].v;
        if (!given && isnan(v[POOL_MAX_SIZE]) &&
            (isnan(v[POOL_SIZE]) || (isnan(v[POOL_MAX_OVERFLOW]) && !more)))
            return false;
    }
    return true;
}

static int say(const struct app_words *w, const struct app_reading *r, struct row *rows)
{
    const struct app_things *pools = &r->things[APP_POOL], *caches = &r->things[APP_CACHE];
    const char *target = w->config.name;
    int n = 0;
    text_addf(&add(rows, &n, "answer", true)->why, r->json ? "JSON" : "Prometheus text");
    say_things(add(rows, &n, "pools", pools->n > 0), pools, r->shape, "pool", "pool.in_use", target,
               app_lost(r, APP_POOL));
    if (pools->n > 0 && !has_limits(w, pools)) {
        struct row *row = add(rows, &n, "largest size of a pool", false);
        text_add(&row->why, "it is not told, so how full a pool is cannot be known: a pool of 20 with 40 "
                            "more on demand is full at 60");
        text_addf(&row->cure, "pool.max_overflow = 40 in [target %s], or pool.max_size = 60", target);
    }
    say_things(add(rows, &n, "caches", caches->n > 0), caches, NULL, "cache", "cache.hits", target,
               app_lost(r, APP_CACHE));
    if (!r->json) {
        struct row *row = add(rows, &n, "latency", r->n_series > 0);
        text_addf(&row->why, "%d series of histograms%s", r->n_series,
                  r->series_cut ? ", and more that are left out" : "");
        if (r->n_series == 0)
            text_addf(
                &row->cure,
                "latency = NAME in [target %s], where the name of a histogram does not speak of a database",
                target);
        text_addf(&add(rows, &n, "errors", true)->why, "%d counters", r->n_errors);
    }
    return n;
}

struct sample *app_access(const struct app_words *w, const struct app_reading *r)
{
    static const char *const columns[] = {"what", "state", "why", "cure"};
    struct row rows[MOST_ROWS];
    int n = say(w, r, rows);
    struct sample *s = sample_new(&dataset_access, n);
    for (int i = 0; i < n; i++) {
        const char *texts[] = {rows[i].what, rows[i].state, text_str(&rows[i].why),
                               rows[i].cure.len > 0 ? text_str(&rows[i].cure) : NULL};
        for (int c = 0; c < 4; c++)
            if (texts[c] != NULL)
                sample_set_text(s, dataset_column(s->dataset, columns[c]), i, texts[c], strlen(texts[c]));
        text_done(&rows[i].why);
        text_done(&rows[i].cure);
    }
    return s;
}
