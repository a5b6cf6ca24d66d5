/* One target as the engine keeps it: its source, its state, and the cadence and cost of each of its datasets. */
#include "engine/target.h"

#include <math.h>
#include <stdint.h>
#include <stdlib.h>

#include "core/loop.h"
#include "core/mem.h"
#include "engine/derived.h"

/* The config may be read anew while the target stays. */
static struct target_config copy(const struct target_config *c)
{
    struct target_config own;
    target_config_copy(&own, c);
    const struct own_dataset **list = mem_new_array((size_t)c->n_own, sizeof(*list));
    for (int i = 0; i < c->n_own; i++)
        list[i] = c->own[i];
    own.own = list;
    return own;
}

static void copy_free(struct target_config *c)
{
    free((void *)(uintptr_t)c->own);
    target_config_done(c);
}

/* The start time is computed from two clocks: nearer than this it is the same one. */
static const double start_jitter_s = 2;

void target_init(struct target *t, struct engine *e, const struct target_config *config, const struct product *product)
{
    int n = 0;
    while (product->dataset(n) != NULL)
        n++;
    *t = (struct target){.engine = e,
                         .config = copy(config),
                         .product = product,
                         .state = SOURCE_CONNECTING,
                         .rtt_ms = NAN,
                         .started_s = NAN,
                         .newest_mono_s = NAN,
                         .was_up_s = NAN};
    t->feeds = mem_new_array((size_t)(n + config->n_own), sizeof(*t->feeds));
    for (int i = 0; i < n; i++)
        t->feeds[t->n_feeds++].dataset = product->dataset(i);
    for (int i = 0; i < config->n_own; i++)
        t->feeds[t->n_feeds++].dataset = &config->own[i]->dataset;
    for (int i = 0; i < t->n_feeds; i++) {
        t->feeds[i].next_due_s = HUGE_VAL;
        t->feeds[i].stretch = 1;
        t->feeds[i].lane = "";
    }
    t->derived_states = derived_states_new();
}

void target_done(struct target *t)
{
    if (t->source != NULL)
        t->product->close(t->source);
    for (int i = 0; i < t->n_feeds; i++)
        free(t->feeds[i].error);
    free(t->feeds);
    derived_states_free(t->derived_states);
    char *owned[] = {t->error, t->product_name, t->version, t->role, t->place, t->via, t->server_id};
    for (size_t i = 0; i < sizeof(owned) / sizeof(owned[0]); i++)
        free(owned[i]);
    copy_free(&t->config);
    *t = (struct target){0};
}

/* Servers count in steps of about a second: an interval that is shortened by more would show nothing or a burst. */
static const double sooner_ratio = 0.3;

double target_beat(const struct target *t, double due_s, double refresh_s)
{
    return t->beat_s + ceil((due_s - t->beat_s) / refresh_s - sooner_ratio) * refresh_s;
}

/* What the source does not know now (it is down) keeps what was known before. */
static void replace(char **kept, const char *told)
{
    if (told == NULL)
        return;
    free(*kept);
    *kept = mem_dup(told);
}

bool target_set_status(struct target *t, const struct source_status *status)
{
    bool changed = t->state != status->state;
    t->state = status->state;
    free(t->error);
    t->error = mem_dup(status->error);
    replace(&t->product_name, status->product);
    replace(&t->version, status->version);
    replace(&t->role, status->role);
    replace(&t->place, status->place);
    if (status->version != NULL) { /* another server may have the name by now: it is not what was there before */
        free(t->server_id);
        t->server_id = mem_dup(status->server_id);
    }
    free(t->via);
    t->via = mem_dup(status->via);
    t->rtt_ms = status->rtt_ms;
    if (isnan(status->started_s))
        return changed;
    if (status->started_s > t->started_s + start_jitter_s)
        t->was_up_s = fmax(0, loop_wall_s() - (loop_mono_s() - t->newest_mono_s) - t->started_s);
    t->started_s = status->started_s;
    return changed;
}

bool target_is_waiting(const struct target *t)
{
    for (int i = 0; i < t->n_feeds; i++)
        if (t->feeds[i].outstanding)
            return true;
    return false;
}

struct feed *target_feed(const struct target *t, const struct dataset *d)
{
    for (int i = 0; i < t->n_feeds; i++)
        if (t->feeds[i].dataset == d)
            return &t->feeds[i];
    return NULL;
}

bool feed_is_asked(const struct feed *f)
{
    return f->wanted || f->need_s > 0;
}

const char *state_name(enum source_state s)
{
    static const char *const names[] = {
        [SOURCE_CONNECTING] = "connecting", [SOURCE_UP] = "up", [SOURCE_DOWN] = "down"};
    return names[s];
}
