/* Dataset `sampled_statements`: what runs, by its text without literals, from the samples of `sessions`. It stands in where
 * pg_stat_statements is not installed. */
#include <math.h>
#include <stdlib.h>
#include <string.h>

#include "core/mem.h"
#include "core/normal.h"
#include "engine/derived.h"
#include "engine/target.h"

enum { HASH, USER, DATABASE, ACTIVE_S, SEEN, RUNNING, LONGEST, QUERY };
// clang-format off
static const struct column columns[] = {
    [HASH]     = {"text_hash", KIND_KEY,     TYPE_INT,  .help = "hash of the text without literals"},
    [USER]     = {"usename",   KIND_KEY,     TYPE_TEXT, .help = "role that runs it"},
    [DATABASE] = {"datname",   KIND_KEY,     TYPE_TEXT, .help = "database that it runs in"},
    [ACTIVE_S] = {"active_s",  KIND_COUNTER, TYPE_REAL, UNIT_S,     .help = "time between samples times sessions seen running it (sampled)"},
    [SEEN]     = {"sightings", KIND_COUNTER, TYPE_REAL, UNIT_COUNT, .help = "sessions seen running it, one a sample and session"},
    [RUNNING]  = {"running",   KIND_GAUGE,   TYPE_REAL, UNIT_COUNT, .help = "sessions that run it now"},
    [LONGEST]  = {"longest_s", KIND_GAUGE,   TYPE_REAL, UNIT_S,     .help = "longest age of one execution seen"},
    [QUERY]    = {"query",     KIND_TEXT,    TYPE_TEXT, .help = "text with literals removed"},
};
// clang-format on
static const char *const from[] = {"sessions", NULL};
static const struct dataset dataset = {
    .name = "sampled_statements", .help = "a statement seen running in sampled sessions, without pg_stat_statements", .columns = columns,
    .n_columns = sizeof(columns) / sizeof(columns[0]), .whole = true};

enum { MOST_ROWS = 500, LONGEST_TEXT = 2000 };
/* A row not seen for this long makes room. */
static const double forget_s = 660;
static const double longest_step_s = 15;

struct row {
    int64_t hash;
    char *user, *database, *query;
    double active_s, seen, running, longest_s, last_s;
};
struct state {
    struct row *rows;
    int n_rows;
};

static void row_done(struct row *r)
{
    free(r->user);
    free(r->database);
    free(r->query);
}

static void done(void *raw)
{
    struct state *s = raw;
    for (int i = 0; i < s->n_rows; i++)
        row_done(&s->rows[i]);
    free(s->rows);
}

static void forget(struct state *s, double now)
{
    int kept = 0;
    for (int i = 0; i < s->n_rows; i++) {
        if (now - s->rows[i].last_s <= forget_s)
            s->rows[kept++] = s->rows[i];
        else
            row_done(&s->rows[i]);
    }
    s->n_rows = kept;
}

static struct row *find(struct state *s, const struct text *query, const char *user, const char *database)
{
    int64_t h = (int64_t)epoch_add(EPOCH_START, query->data, query->len);
    for (int i = 0; i < s->n_rows; i++)
        if (s->rows[i].hash == h && strcmp(s->rows[i].user, user) == 0 && strcmp(s->rows[i].database, database) == 0)
            return &s->rows[i];
    if (s->n_rows == MOST_ROWS)
        return NULL;
    struct row *r = &s->rows[s->n_rows++];
    *r = (struct row){.hash = h, .user = mem_dup(user), .database = mem_dup(database), .query = mem_dup(query->data)};
    return r;
}

static const char *text_at(const struct sample *s, const char *column, int row)
{
    int c = dataset_column(s->dataset, column);
    const char *t = c < 0 || !sample_has(s, c) ? NULL : sample_text(s, c, row);
    return t == NULL ? "" : t;
}

static double real_at(const struct sample *s, const char *column, int row)
{
    int c = dataset_column(s->dataset, column);
    return c < 0 || !sample_has(s, c) ? NAN : sample_real(s, c, row);
}

static void observe(struct state *state, const struct sample *s, double step_s)
{
    struct text normal;
    text_init(&normal, LONGEST_TEXT);
    for (int i = 0; i < s->n_rows; i++) {
        if (strcmp(text_at(s, "state", i), "active") != 0 || real_at(s, "own", i) == 1)
            continue;
        text_clear(&normal);
        sql_normalize(text_at(s, "query", i), &normal);
        struct row *r = normal.len == 0 ? NULL : find(state, &normal, text_at(s, "usename", i), text_at(s, "datname", i));
        if (r == NULL)
            continue;
        r->active_s += step_s;
        r->seen++;
        r->running++;
        r->longest_s = fmax(r->longest_s, real_at(s, "query_age_s", i));
        r->last_s = s->mono_s;
    }
    text_done(&normal);
}

static struct sample *sample_of(const struct state *state, const struct sample *like)
{
    struct sample *s = sample_new(&dataset, state->n_rows);
    derived_stamp(s, like);
    for (int i = 0; i < state->n_rows; i++) {
        const struct row *r = &state->rows[i];
        s->values[HASH].integer[i] = r->hash;
        sample_set_text(s, USER, i, r->user, strlen(r->user));
        sample_set_text(s, DATABASE, i, r->database, strlen(r->database));
        sample_set_text(s, QUERY, i, r->query, strlen(r->query));
        s->values[ACTIVE_S].real[i] = r->active_s;
        s->values[SEEN].real[i] = r->seen;
        s->values[RUNNING].real[i] = r->running;
        s->values[LONGEST].real[i] = r->longest_s;
    }
    return s;
}

/* Only where nothing better is known: with pg_stat_statements there this costs nothing. */
static bool needed(const struct target *t)
{
    for (int i = 0; i < t->n_feeds; i++)
        if (strcmp(t->feeds[i].dataset->name, "statements") == 0)
            return t->feeds[i].error != NULL && t->feeds[i].samples == 0;
    return true;
}

static struct sample *make(struct target *t, void *raw, const struct sample *sample, const struct sample *before)
{
    struct state *state = raw;
    if (!needed(t))
        return NULL;
    if (state->rows == NULL)
        state->rows = mem_new_array(MOST_ROWS, sizeof(*state->rows));
    for (int i = 0; i < state->n_rows; i++)
        state->rows[i].running = 0;
    observe(state, sample, before == NULL ? 0 : fmin(sample->mono_s - before->mono_s, longest_step_s));
    forget(state, sample->mono_s);
    return sample_of(state, sample);
}

const struct derived derived_sampled_statements = {
    .dataset = &dataset, .from = from, .make = make, .state_size = sizeof(struct state), .state_done = done};
