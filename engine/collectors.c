/* Dataset `collectors`: what watching costs, per dataset of a target. */
#include <math.h>
#include <string.h>

#include "engine/derived.h"
#include "engine/engine.h"
#include "engine/target.h"

enum { DATASET, LANE, STATE, EVERY, POLLS, ROWS, SERVER, CLIENT, BYTES, SKIPPED, FAILURES, MEAN, REACH, BITTEN, ERROR };
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
    [ERROR]    = {"error",     KIND_TEXT,    TYPE_TEXT, .help = "last error"},
};
// clang-format on
static const struct dataset dataset = {
    .name = "collectors", .help = "what watching costs: polls, time and rows of each dataset", .columns = columns,
    .n_columns = sizeof(columns) / sizeof(columns[0]), .whole = true};

static const char *state_of(const struct series *s)
{
    if (s->error != NULL)
        return s->failure == FAILURE_PERMISSION || s->failure == FAILURE_ABSENT ? "missing" : "failed";
    if (s->stretch > 1)
        return "stretched";
    return s->wanted ? "ok" : "idle";
}

static void fill(struct sample *out, int row, const struct target *t, const struct series *s)
{
    bool bitten = false;
    out->values[REACH].real[row] = store_reach_s(engine_store(t->engine), t->config.name, s->dataset, &bitten);
    out->values[BITTEN].real[row] = bitten;
    const char *state = state_of(s);
    sample_set_text(out, DATASET, row, s->dataset->name, strlen(s->dataset->name));
    sample_set_text(out, LANE, row, s->lane, strlen(s->lane));
    sample_set_text(out, STATE, row, state, strlen(state));
    out->values[EVERY].real[row] = isinf(s->every_s) ? NAN : s->every_s;
    out->values[POLLS].real[row] = s->polls;
    out->values[ROWS].real[row] = s->rows;
    out->values[SERVER].real[row] = s->server_ms;
    out->values[CLIENT].real[row] = s->client_ms;
    out->values[BYTES].real[row] = s->bytes;
    out->values[SKIPPED].real[row] = s->skipped;
    out->values[FAILURES].real[row] = s->failures;
    if (s->error != NULL)
        sample_set_text(out, ERROR, row, s->error, strlen(s->error));
}

static struct sample *make(struct target *t, void *state, const struct sample *sample, const struct sample *before)
{
    (void)state, (void)sample, (void)before;
    struct sample *s = sample_new(&dataset, t->n_series);
    derived_stamp(s, NULL);
    for (int i = 0; i < t->n_series; i++)
        fill(s, i, t, &t->series[i]);
    return s;
}

const struct derived derived_collectors = {.dataset = &dataset, .make = make};
