/* Dataset `waits`: what active sessions wait for, from the samples of `sessions`: average active sessions. */
#include <math.h>
#include <stdlib.h>
#include <string.h>

#include "core/mem.h"
#include "engine/derived.h"
#include "engine/target.h"

enum { CLASS, EVENT, QUERYID, USER, APP, ACTIVE_S, SEEN };
// clang-format off
static const struct column columns[] = {
    [CLASS]    = {"wait_class", KIND_KEY,     TYPE_TEXT, .help = "wait_event_type; CPU* where the backend waits for nothing that is known"},
    [EVENT]    = {"wait_event", KIND_KEY,     TYPE_TEXT, .help = "wait_event"},
    [QUERYID]  = {"queryid",    KIND_KEY,     TYPE_INT,  .help = "the statement, as in `statements`"},
    [USER]     = {"usename",    KIND_KEY,     TYPE_TEXT, .help = "role of the session"},
    [APP]      = {"application_name",        KIND_KEY,     TYPE_TEXT, .help = "application_name of the session"},
    [ACTIVE_S] = {"active_s",   KIND_COUNTER, TYPE_REAL, UNIT_S,
                  .help = "session seconds: time between samples times active sessions seen; per second: average active sessions"},
    [SEEN]     = {"sightings",  KIND_COUNTER, TYPE_REAL, UNIT_COUNT, .help = "active sessions seen, one a sample and session"},
};
// clang-format on
static const char *const from[] = {"sessions", NULL};
static const struct dataset dataset = {
    .name = "waits", .help = "what active sessions (clients and their parallel workers) wait for, per statement, user and application", .columns = columns,
    .n_columns = sizeof(columns) / sizeof(columns[0]), .whole = true};

enum { MOST_ROWS = 2000, BUCKETS = 4096 };
/* A row not seen for this long is forgotten: windows of up to ten minutes miss nothing. */
static const double forget_s = 660;
/* After a longer gap between two samples (nobody looked) only this much is credited to what is seen. */
static const double longest_step_s = 15;

struct row {
    char *class, *event, *user, *app;
    int64_t queryid;
    double active_s, seen, last_s;
};
struct state {
    struct row *rows;
    int n_rows, capacity;
    int16_t *buckets; /* row + 1 by hash, open addressing; 0 is empty */
    uint64_t epoch;
};

static void rows_done(struct state *s)
{
    for (int i = 0; i < s->n_rows; i++) {
        free(s->rows[i].class);
        free(s->rows[i].event);
        free(s->rows[i].user);
        free(s->rows[i].app);
    }
    s->n_rows = 0;
}

static void done(void *state)
{
    struct state *s = state;
    rows_done(s);
    free(s->rows);
    free(s->buckets);
}

static uint64_t hash(const char *class, const char *event, const char *user, const char *app, int64_t queryid)
{
    uint64_t h = epoch_add(EPOCH_START, class, strlen(class) + 1);
    h = epoch_add(h, event, strlen(event) + 1);
    h = epoch_add(h, user, strlen(user) + 1);
    h = epoch_add(h, app, strlen(app) + 1);
    return epoch_add(h, &queryid, sizeof(queryid));
}

static void index_row(struct state *s, int row)
{
    const struct row *r = &s->rows[row];
    uint64_t h = hash(r->class, r->event, r->user, r->app, r->queryid);
    while (s->buckets[h % BUCKETS] != 0)
        h++;
    s->buckets[h % BUCKETS] = (int16_t)(row + 1);
}

static struct row *find(struct state *s, const char *class, const char *event, const char *user, const char *app, int64_t queryid)
{
    uint64_t h = hash(class, event, user, app, queryid);
    for (; s->buckets[h % BUCKETS] != 0; h++) {
        struct row *r = &s->rows[s->buckets[h % BUCKETS] - 1];
        if (r->queryid == queryid && strcmp(r->class, class) == 0 && strcmp(r->event, event) == 0 && strcmp(r->user, user) == 0 &&
            strcmp(r->app, app) == 0)
            return r;
    }
    if (s->n_rows == MOST_ROWS)
        return NULL;
    if (s->n_rows == s->capacity) {
        s->capacity = s->capacity == 0 ? 16 : s->capacity * 2;
        s->rows = mem_grow(s->rows, (size_t)s->capacity, sizeof(*s->rows));
    }
    s->rows[s->n_rows] = (struct row){.class = mem_dup(class), .event = mem_dup(event), .user = mem_dup(user), .app = mem_dup(app), .queryid = queryid};
    index_row(s, s->n_rows);
    return &s->rows[s->n_rows++];
}

static void forget(struct state *s, double now)
{
    int kept = 0;
    for (int i = 0; i < s->n_rows; i++) {
        struct row *r = &s->rows[i];
        if (now - r->last_s <= forget_s) {
            s->rows[kept++] = *r;
            continue;
        }
        free(r->class);
        free(r->event);
        free(r->user);
        free(r->app);
    }
    if (kept == s->n_rows)
        return;
    s->n_rows = kept;
    memset(s->buckets, 0, BUCKETS * sizeof(*s->buckets));
    for (int i = 0; i < kept; i++)
        index_row(s, i);
}

static const char *text_at(const struct sample *s, int column, int row)
{
    const char *t = column < 0 || !sample_has(s, column) ? NULL : sample_text(s, column, row);
    return t == NULL ? "" : t;
}

/* The columns of `sessions` that count here, found once a sample. */
struct view {
    int class, event, user, app, queryid, state, type, own;
};

static struct view view_of(const struct dataset *d)
{
    return (struct view){.class = dataset_column(d, "wait_class"),
                         .event = dataset_column(d, "wait_event"),
                         .user = dataset_column(d, "usename"),
                         .app = dataset_column(d, "application_name"),
                         .queryid = dataset_column(d, "queryid"),
                         .state = dataset_column(d, "state"),
                         .type = dataset_column(d, "backend_type"),
                         .own = dataset_column(d, "own")};
}

/* Clients and the parallel workers that work for them, as everywhere: a walsender or an autovacuum worker is no load of theirs. */
static bool counts(const struct sample *s, const struct view *v, int row)
{
    if (strcmp(text_at(s, v->state, row), "active") != 0)
        return false;
    const char *type = text_at(s, v->type, row);
    if (type[0] != '\0' && strcmp(type, "client backend") != 0 && strcmp(type, "parallel worker") != 0)
        return false;
    return v->own < 0 || !sample_has(s, v->own) || sample_real(s, v->own, row) != 1;
}

static void observe(struct state *state, const struct sample *s, double step_s)
{
    struct view v = view_of(s->dataset);
    for (int i = 0; i < s->n_rows; i++) {
        if (!counts(s, &v, i))
            continue;
        const char *class = text_at(s, v.class, i);
        int64_t id = v.queryid < 0 || !sample_has(s, v.queryid) ? INT_NONE : sample_int(s, v.queryid, i);
        struct row *r = find(state, class[0] == '\0' ? "CPU*" : class, text_at(s, v.event, i), text_at(s, v.user, i),
                             text_at(s, v.app, i), id);
        if (r == NULL)
            continue;
        r->active_s += step_s;
        r->seen++;
        r->last_s = s->mono_s;
    }
}

static struct sample *sample_of(const struct state *state, const struct sample *like)
{
    struct sample *s = sample_new(&dataset, state->n_rows);
    derived_stamp(s, like);
    for (int i = 0; i < state->n_rows; i++) {
        const struct row *r = &state->rows[i];
        const char *texts[] = {[CLASS] = r->class, [EVENT] = r->event, [USER] = r->user, [APP] = r->app};
        for (int c = CLASS; c <= APP; c++)
            if (c != QUERYID)
                sample_set_text(s, c, i, texts[c], strlen(texts[c]));
        s->values[QUERYID].integer[i] = r->queryid;
        s->values[ACTIVE_S].real[i] = r->active_s;
        s->values[SEEN].real[i] = r->seen;
    }
    return s;
}

static struct sample *make(struct target *t, void *raw, const struct sample *sample, const struct sample *before)
{
    (void)t;
    struct state *state = raw;
    if (state->buckets == NULL)
        state->buckets = mem_new_array(BUCKETS, sizeof(*state->buckets));
    double step_s = before == NULL ? 0 : fmin(sample->mono_s - before->mono_s, longest_step_s);
    observe(state, sample, step_s);
    forget(state, sample->mono_s);
    return sample_of(state, sample);
}

const struct derived derived_waits = {.dataset = &dataset, .from = from, .make = make, .state_size = sizeof(struct state), .state_done = done};
