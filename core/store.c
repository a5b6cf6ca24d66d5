/* The store: series by target and dataset, and the bound on what they hold together. */
#include "core/store.h"

#include <stdlib.h>
#include <string.h>

#include "core/mem.h"
#include "core/snapshot.h"
#include "core/when.h"

struct target {
    char *name;
    struct series **series;
    int n;
};

struct store {
    struct store_limits limits;
    struct target *targets;
    int n_targets;
    size_t bytes; /* sum of series_bytes, each as last looked at */
    size_t least; /* they were this many when nothing was left to give, though more than the limit; else 0 */
    uint64_t n_snapshots;
};

bool window_spec_parse(const char *s, struct window_spec *out, struct err *err)
{
    // clang-format off
    static const struct { const char *name; enum window_kind kind; } named[] = {
        {"",      WINDOW_LAST},
        {"last",  WINDOW_LAST},
        {"reset", WINDOW_RESET},
        {"start", WINDOW_START},
    };
    // clang-format on
    for (size_t i = 0; i < sizeof(named) / sizeof(named[0]); i++)
        if (strcmp(s == NULL ? "" : s, named[i].name) == 0) {
            *out = (struct window_spec){.kind = named[i].kind};
            return true;
        }
    double seconds;
    if (!duration_parse(s, &seconds, NULL))
        return fail(
            err, "there is no window '%s': last, reset, start, or a length such as 90s, 5m, 1h is expected",
            s);
    *out = (struct window_spec){.kind = WINDOW_SECONDS, .seconds = seconds};
    return true;
}

struct store *store_new(struct store_limits limits)
{
    struct store *s = mem_new(sizeof(*s));
    s->limits = limits;
    return s;
}

static void target_done(struct target *t)
{
    for (int i = 0; i < t->n; i++)
        series_free(t->series[i]);
    free(t->series);
    free(t->name);
}

void store_free(struct store *s)
{
    if (s == NULL)
        return;
    for (int i = 0; i < s->n_targets; i++)
        target_done(&s->targets[i]);
    free(s->targets);
    free(s);
}

static struct target *find_target(const struct store *s, const char *name)
{
    for (int i = 0; i < s->n_targets; i++)
        if (strcmp(s->targets[i].name, name) == 0)
            return &s->targets[i];
    return NULL;
}

static struct series *find_series(const struct store *s, const char *target, const struct dataset *d)
{
    const struct target *t = find_target(s, target);
    for (int i = 0; t != NULL && i < t->n; i++)
        if (series_dataset(t->series[i]) == d)
            return t->series[i];
    return NULL;
}

static struct series *add_series(struct store *s, const char *target, const struct dataset *d)
{
    struct target *t = find_target(s, target);
    if (t == NULL) {
        s->targets = mem_grow(s->targets, (size_t)s->n_targets + 1, sizeof(s->targets[0]));
        t = &s->targets[s->n_targets++];
        *t = (struct target){.name = mem_dup(target)};
    }
    t->series = mem_grow(t->series, (size_t)t->n + 1, sizeof(struct series *));
    struct series *series = series_new(d);
    t->series[t->n++] = series;
    s->bytes += series_bytes(series);
    return series;
}

/* The series of which BYTES tells most; NULL if none has any. */
static struct series *largest(const struct store *s, size_t (*bytes)(const struct series *))
{
    struct series *found = NULL;
    size_t most = 0;
    for (int t = 0; t < s->n_targets; t++)
        for (int i = 0; i < s->targets[t].n; i++)
            if (bytes(s->targets[t].series[i]) > most) {
                found = s->targets[t].series[i];
                most = bytes(found);
            }
    return found;
}

static bool give(struct store *s, size_t (*bytes)(const struct series *), void (*give_from)(struct series *))
{
    struct series *series = largest(s, bytes);
    if (series == NULL)
        return false;
    s->bytes -= series_bytes(series);
    give_from(series);
    s->bytes += series_bytes(series);
    return true;
}

/* Full samples go first; baselines only when each series has but its newest interval. Each time all series
 * are looked at: so some room is made at once, and where there is none to make it is not tried again until as
 * much has come. */
static void bound(struct store *s)
{
    size_t room = s->limits.total_bytes / 64, limit = s->limits.total_bytes - room;
    if (s->bytes <= s->limits.total_bytes || (s->least > 0 && s->bytes <= s->least + room))
        return;
    while (s->bytes > limit && (give(s, series_spare_bytes, series_give_full) ||
                                give(s, series_baseline_bytes, series_give_baseline)))
        ;
    s->least = s->bytes > limit ? s->bytes : 0;
}

void store_put(struct store *s, const char *target, struct sample *sample)
{
    struct series *series = find_series(s, target, sample->dataset);
    if (series == NULL)
        series = add_series(s, target, sample->dataset);
    s->bytes -= series_bytes(series);
    series_put(series, sample, &s->limits);
    s->bytes += series_bytes(series);
    bound(s);
}

void store_drop(struct store *s, const char *target)
{
    struct target *t = find_target(s, target);
    if (t == NULL)
        return;
    for (int i = 0; i < t->n; i++)
        s->bytes -= series_bytes(t->series[i]);
    target_done(t);
    s->n_targets--;
    size_t n_after = (size_t)(s->targets + s->n_targets - t);
    memmove(t, t + 1, n_after * sizeof(*t));
}

struct sample *store_newest(const struct store *s, const char *target, const struct dataset *d)
{
    const struct series *series = find_series(s, target, d);
    return series == NULL ? NULL : series_newest(series);
}

double store_reach_s(const struct store *s, const char *target, const struct dataset *d, bool *bitten)
{
    const struct series *series = find_series(s, target, d);
    *bitten = false;
    return series == NULL ? 0 : series_reach_s(series, &s->limits, bitten);
}

size_t store_bytes(const struct store *s)
{
    return s->bytes;
}

struct snapshot *store_snapshot(struct store *s)
{
    struct snapshot *snapshot = snapshot_new(++s->n_snapshots, s->n_targets);
    for (int t = 0; t < s->n_targets; t++) {
        const struct target *target = &s->targets[t];
        snapshot_set_target(snapshot, t, target->name, target->n);
        for (int i = 0; i < target->n; i++)
            snapshot_add(snapshot, t, series_view(target->series[i]));
    }
    return snapshot;
}
