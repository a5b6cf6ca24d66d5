/* Dataset `collectors`: what watching costs, per dataset of a target. */
#include <math.h>
#include <string.h>

#include "engine/derived.h"
#include "engine/engine.h"
#include "engine/target.h"

enum { DATASET, LANE, STATE, EVERY, POLLS, ROWS, SERVER, CLIENT, BYTES, SKIPPED, FAILURES, MEAN, REACH, BITTEN, NEWEST, ERROR };
// clang-format off
static const struct column columns[] = {
    [DATASET]  = {"dataset",   KIND_KEY,     TYPE_TEXT, .help = "name of the dataset"},
    [LANE]     = {"lane",      KIND_LABEL,   TYPE_TEXT, .help = "connection that it is read on: fast, slow, shared (the fast one, as there is no second: targets says why), or a database's own"},
    [STATE]    = {"state",     KIND_LABEL,   TYPE_TEXT, .help = "ok, idle (nothing needs it), stretched (over budget), missing, or failed"},
    [EVERY]    = {"every_s",   KIND_GAUGE,   TYPE_REAL, UNIT_S,     .help = "time between two polls, as it is now"},
    [POLLS]    = {"polls",     KIND_COUNTER, TYPE_REAL, UNIT_COUNT, .help = "answers received"},
    [ROWS]     = {"rows_n",    KIND_COUNTER, TYPE_REAL, UNIT_COUNT, .help = "rows received"},
    [SERVER]   = {"server_ms", KIND_COUNTER, TYPE_REAL, UNIT_MS,    .help = "time from asking to the last byte: an upper bound of what the server spent"},
    [CLIENT]   = {"client_ms", KIND_COUNTER, TYPE_REAL, UNIT_MS,    .help = "CPU time spent here on decoding"},
    [BYTES]    = {"bytes",     KIND_COUNTER, TYPE_REAL, UNIT_BYTES, .help = "bytes received"},
    [SKIPPED]  = {"skipped",   KIND_COUNTER, TYPE_REAL, UNIT_COUNT, .help = "polls left out as the answer before was still outstanding"},
    [FAILURES] = {"failures",  KIND_COUNTER, TYPE_REAL, UNIT_COUNT, .help = "polls that failed"},
    [MEAN]     = {"poll_ms",   KIND_DERIVED, TYPE_REAL, UNIT_MS, .formula = FORMULA_QUOTIENT, .a = "server_ms", .b = "polls",
                  .help = "mean time of one poll over the window"},
    [REACH]    = {"reach_s",   KIND_GAUGE,   TYPE_REAL, UNIT_S,     .help = "how far back whole samples are kept, for stepping into the past"},
    [BITTEN]   = {"reach_cut", KIND_GAUGE,   TYPE_REAL, UNIT_BOOL,  .help = "memory, not time, ended what is kept: [collect] memory is its bound"},
    [NEWEST]   = {"newest_at", KIND_GAUGE,   TYPE_REAL, UNIT_TIME,  .help = "when its newest sample was read; n/a: it never was"},
    [ERROR]    = {"error",     KIND_TEXT,    TYPE_TEXT, .help = "last error"},
};
// clang-format on
static const struct dataset dataset = {
    .name = "collectors", .help = "what watching costs: polls, time and rows of each dataset", .columns = columns,
    .n_columns = sizeof(columns) / sizeof(columns[0]), .whole = true};

static const char *state_of(const struct feed *f)
{
    if (f->error != NULL)
        return f->failure == FAILURE_PERMISSION || f->failure == FAILURE_ABSENT ? "missing" : "failed";
    if (f->stretch > 1)
        return "stretched";
    return f->wanted || f->need_s > 0 ? "ok" : "idle";
}

static void fill(struct sample *out, int row, const struct target *t, const struct feed *f)
{
    bool bitten = false;
    const struct sample *newest = store_newest(engine_store(t->engine), t->config.name, f->dataset);
    out->values[REACH].real[row] = store_reach_s(engine_store(t->engine), t->config.name, f->dataset, &bitten);
    out->values[BITTEN].real[row] = bitten;
    out->values[NEWEST].real[row] = newest == NULL ? NAN : newest->wall_s;
    const char *state = state_of(f);
    sample_set_text(out, DATASET, row, f->dataset->name, strlen(f->dataset->name));
    sample_set_text(out, LANE, row, f->lane, strlen(f->lane));
    sample_set_text(out, STATE, row, state, strlen(state));
    out->values[EVERY].real[row] = isinf(f->every_s) ? NAN : f->every_s;
    out->values[POLLS].real[row] = f->polls;
    out->values[ROWS].real[row] = f->rows;
    out->values[SERVER].real[row] = f->server_ms;
    out->values[CLIENT].real[row] = f->client_ms;
    out->values[BYTES].real[row] = f->bytes;
    out->values[SKIPPED].real[row] = f->skipped;
    out->values[FAILURES].real[row] = f->failures;
    if (f->error != NULL)
        sample_set_text(out, ERROR, row, f->error, strlen(f->error));
}

static struct sample *make(struct target *t, void *state, const struct sample *sample, const struct sample *before)
{
    (void)state, (void)sample, (void)before;
    struct sample *s = sample_new(&dataset, t->n_feeds);
    derived_stamp(s, NULL);
    for (int i = 0; i < t->n_feeds; i++)
        fill(s, i, t, &t->feeds[i]);
    return s;
}

const struct derived derived_collectors = {.dataset = &dataset, .make = make};
