/* Dataset `changes`: what changed on a target - a setting, its role, its state - as the samples show it. */
#include <math.h>
#include <stdlib.h>
#include <string.h>

#include "core/loop.h"
#include "core/mem.h"
#include "core/text.h"
#include "engine/derived.h"
#include "engine/engine.h"
#include "engine/target.h"

enum { NUMBER, AT, KIND, WHAT, OLD, NEW };
// clang-format off
static const struct column columns[] = {
    [NUMBER] = {"number",    KIND_KEY,   TYPE_INT,  .help = "running number of the change"},
    [AT]     = {"at_time",   KIND_GAUGE, TYPE_REAL, UNIT_TIME, .help = "when it was seen; of a setting when the configuration was reloaded, if it was"},
    [KIND]   = {"kind",      KIND_LABEL, TYPE_TEXT, .help = "setting, role, restart, version, state or alert"},
    [WHAT]   = {"what",      KIND_TEXT,  TYPE_TEXT, .help = "name of what changed"},
    [OLD]    = {"old_value", KIND_TEXT,  TYPE_TEXT, .help = "value before"},
    [NEW]    = {"new_value", KIND_TEXT,  TYPE_TEXT, .help = "value now"},
};
/* A change of COLUMN of a row of DATASET between two samples. The row is named by its first KEY column. */
static const struct watched {
    const char *dataset, *column, *kind;
} watched[] = {
    {"settings", "shown",        "setting"},
    {"targets",  "role",         "role"},
    {"server",   "version_text", "version"},
    {"server",   "started",      "restart"},
    {"targets",  "state",        "state"},
};
static const char *const from[] = {"settings", "server", "targets", NULL};
// clang-format on
static const struct dataset dataset = {
    .name = "changes", .help = "something that changed: a setting, the role, the state of a target", .columns = columns,
    .n_columns = sizeof(columns) / sizeof(columns[0])};

enum { MOST_CHANGES = 200, LONGEST_VALUE = 300 };
struct change {
    int64_t number;
    double at;
    const char *kind;
    char *what, *old_value, *new_value;
};
struct state {
    struct change changes[MOST_CHANGES]; /* a ring, oldest overwritten */
    int64_t total;
    double reload_s;      /* when the configuration was last read anew, on our wall clock; 0: not since we watch */
    double reload_mono_s; /* when that was seen */
};

static void change_done(struct change *c)
{
    free(c->what);
    free(c->old_value);
    free(c->new_value);
    *c = (struct change){0};
}

static void done(void *state)
{
    struct state *s = state;
    for (int i = 0; i < MOST_CHANGES; i++)
        change_done(&s->changes[i]);
}

/* The value as text; on the heap, NULL for none. */
static char *value_text(const struct sample *s, int column, int row)
{
    if (!sample_has(s, column))
        return NULL;
    const struct column *c = &s->dataset->columns[column];
    char number[48];
    switch (c->type) {
    case TYPE_TEXT:
        return mem_dup(sample_text(s, column, row));
    case TYPE_REAL:
        unit_format(number, sizeof(number), sample_real(s, column, row), c->unit);
        return mem_dup(number);
    case TYPE_INT:
        break;
    }
    struct text t;
    text_init(&t, 32);
    text_addf(&t, "%lld", (long long)sample_int(s, column, row));
    return text_take(&t);
}

static void add(struct state *state, double at, const char *kind, char *what, char *old_value, char *new_value)
{
    struct change *c = &state->changes[state->total % MOST_CHANGES];
    change_done(c);
    *c = (struct change){.number = ++state->total, .at = at, .kind = kind, .what = what, .old_value = old_value, .new_value = new_value};
}

static int first_key(const struct dataset *d)
{
    for (int i = 0; i < d->n_columns; i++)
        if (d->columns[i].kind == KIND_KEY)
            return i;
    return 0;
}

/* Server start times are read with a jitter of the clocks: they differ if the shown second does. */
static bool differ(const char *a, const char *b)
{
    return a != NULL && b != NULL && strcmp(a, b) != 0;
}

/* The state that OLD_VALUE stands for: while it connects again a target is what it was, up. That we come to know it is no change. */
static char *known_state(const struct watched *w, const struct sample *before, int row, char *old_value)
{
    if (old_value == NULL || strcmp(w->kind, "state") != 0 || strcmp(old_value, state_name(SOURCE_CONNECTING)) != 0)
        return old_value;
    free(old_value);
    bool was_up = !isnan(sample_real(before, dataset_column(before->dataset, "started"), row));
    return was_up ? mem_dup(state_name(SOURCE_UP)) : NULL;
}

static bool is_passing(const struct watched *w, const char *new_value)
{
    return strcmp(w->kind, "state") == 0 && strcmp(new_value, state_name(SOURCE_CONNECTING)) == 0;
}

/* What our own connection set, and what the server computes from other settings (context internal), nobody changed. */
static bool follows(const struct sample *s, int row)
{
    int own = dataset_column(s->dataset, "own"), context = dataset_column(s->dataset, "context");
    if (own >= 0 && sample_has(s, own) && sample_real(s, own, row) == 1)
        return true;
    const char *set_by = context < 0 || !sample_has(s, context) ? NULL : sample_text(s, context, row);
    return set_by != NULL && strcmp(set_by, "internal") == 0;
}

static bool is_setting(const struct watched *w)
{
    return strcmp(w->kind, "setting") == 0;
}

/* A setting changed when the configuration was read anew, if that was since the sample before. */
static double moment(const struct state *state, const struct watched *w, const struct sample *now, const struct sample *before)
{
    bool reloaded = is_setting(w) && state->reload_s > before->wall_s - 1 && state->reload_s < now->wall_s;
    return reloaded ? state->reload_s : now->wall_s;
}

static int compare(struct state *state, const struct watched *w, const struct sample *now, struct sample *before)
{
    int found = 0, column = dataset_column(now->dataset, w->column), key = first_key(now->dataset);
    if (column < 0)
        return 0;
    for (int row = 0; row < now->n_rows; row++) {
        int old_row = sample_find(before, now, row);
        if (old_row < 0 || (is_setting(w) && follows(now, row)))
            continue;
        char *old_value = known_state(w, before, old_row, value_text(before, column, old_row)), *new_value = value_text(now, column, row);
        if (differ(old_value, new_value) && !is_passing(w, new_value)) {
            add(state, moment(state, w, now, before), w->kind, value_text(now, key, row), old_value, new_value);
            found++;
            continue;
        }
        free(old_value);
        free(new_value);
    }
    return found;
}

static struct sample *sample_of(const struct state *state, const struct sample *like)
{
    int n = state->total < MOST_CHANGES ? (int)state->total : MOST_CHANGES;
    struct sample *s = sample_new(&dataset, n);
    derived_stamp(s, like);
    for (int i = 0; i < n; i++) {
        const struct change *c = &state->changes[(state->total - 1 - i) % MOST_CHANGES];
        s->values[NUMBER].integer[i] = c->number;
        s->values[AT].real[i] = c->at;
        const char *texts[] = {[KIND] = c->kind, [WHAT] = c->what, [OLD] = c->old_value, [NEW] = c->new_value};
        for (int column = KIND; column <= NEW; column++)
            if (texts[column] != NULL)
                sample_set_text(s, column, i, texts[column], strnlen(texts[column], LONGEST_VALUE));
    }
    return s;
}

bool changes_check(const struct registry *r, struct err *err)
{
    for (size_t i = 0; i < sizeof(watched) / sizeof(watched[0]); i++) {
        const struct dataset *d = registry_find(r, watched[i].dataset);
        if (d == NULL || dataset_column(d, watched[i].column) < 0)
            return fail(err, "changes watches %s.%s, which is not there", watched[i].dataset, watched[i].column);
    }
    return true;
}

static double real_of(const struct sample *s, const char *column)
{
    int c = dataset_column(s->dataset, column);
    return s->n_rows == 0 || c < 0 || !sample_has(s, c) ? NAN : sample_real(s, c, 0);
}

static void read_settings(struct target *t)
{
    for (int i = 0; i < t->n_feeds; i++)
        if (strcmp(t->feeds[i].dataset->name, "settings") == 0)
            t->feeds[i].next_due_s = fmin(t->feeds[i].next_due_s, loop_mono_s());
}

/* Settings are read rarely: at once when the server says that it has read its configuration anew. Through a pooler each of its connections says
 * so on its own, so only a later moment counts. */
static void watch_reload(struct target *t, struct state *state, const struct sample *now, const struct sample *before)
{
    if (strcmp(now->dataset->name, "server") == 0 && real_of(now, "conf_loaded") > real_of(before, "conf_loaded")) {
        double server_now_s = real_of(now, "started") + real_of(now, "uptime_s"), at = now->wall_s - (server_now_s - real_of(now, "conf_loaded"));
        state->reload_s = isnan(at) ? now->wall_s : at;
        state->reload_mono_s = now->mono_s;
        read_settings(t);
    } else if (strcmp(now->dataset->name, "settings") == 0 && now->mono_s < state->reload_mono_s) { /* asked before */
        read_settings(t);
    }
}

static struct sample *make(struct target *t, void *state, const struct sample *sample, const struct sample *before)
{
    int found = 0;
    if (before == NULL)
        return store_newest(engine_store(t->engine), t->config.name, &dataset) == NULL ? sample_of(state, sample) : NULL;
    struct sample *old = sample_ref((struct sample *)(uintptr_t)before);
    for (size_t i = 0; i < sizeof(watched) / sizeof(watched[0]); i++)
        if (strcmp(watched[i].dataset, sample->dataset->name) == 0)
            found += compare(state, &watched[i], sample, old);
    watch_reload(t, state, sample, old);
    sample_unref(old);
    return found == 0 ? NULL : sample_of(state, sample);
}

const struct derived derived_changes = {.dataset = &dataset, .from = from, .make = make, .state_size = sizeof(struct state), .state_done = done};

static struct state *state_of(struct target *t)
{
    int i = 0;
    while (derived_table[i] != &derived_changes)
        i++;
    return t->derived_states[i];
}

struct sample *changes_note(struct target *t, const char *kind, const char *what, const char *old_value, const char *new_value)
{
    struct state *s = state_of(t);
    add(s, loop_wall_s(), kind, mem_dup(what), mem_dup(old_value), mem_dup(new_value));
    return sample_of(s, NULL);
}
