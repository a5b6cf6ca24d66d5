/* redis_commands: each command that was ever run: how often, how long, how often in vain. */
#include <math.h>
#include <stdlib.h>
#include <string.h>

#include "collectors/redis/redis.h"
#include "core/mem.h"

enum { COMMAND, CALLS, TOTAL, MEAN, REJECTED, FAILED, P50, P99 };
// clang-format off
static const struct column columns[] = {
    [COMMAND]  = {"command", KIND_KEY, TYPE_TEXT, .help = "the command: get, config|set"},
    [CALLS]    = {"calls", KIND_COUNTER, TYPE_REAL, UNIT_COUNT, .help = "times that it was run"},
    [TOTAL]    = {"total_ms", KIND_COUNTER, TYPE_REAL, UNIT_MS, .help = "time that the server worked on it; what waits, as BLPOP does, is not in it"},
    [MEAN]     = {"mean_ms", KIND_DERIVED, TYPE_REAL, UNIT_MS, .formula = FORMULA_QUOTIENT, .a = "total_ms", .b = "calls", .help = "mean time of a call"},
    [REJECTED] = {"rejected", KIND_COUNTER, TYPE_REAL, UNIT_COUNT, .help = "times that it was refused before it ran: wrong arguments, no right, no memory (Redis 6.2+)"},
    [FAILED]   = {"failed", KIND_COUNTER, TYPE_REAL, UNIT_COUNT, .help = "times that it ran and ended with an error (Redis 6.2+)"},
    [P50]      = {"p50_ms", KIND_GAUGE, TYPE_REAL, UNIT_MS, .help = "half of all calls since the start took less (Redis 7+)"},
    [P99]      = {"p99_ms", KIND_GAUGE, TYPE_REAL, UNIT_MS, .help = "99 of 100 calls since the start took less (Redis 7+)"},
};
// clang-format on

static const struct dataset dataset = {
    .name = "redis_commands",
    .help = "a command of Redis: calls, time, refusals, failures",
    .columns = columns,
    .n_columns = sizeof(columns) / sizeof(columns[0]),
    .whole = true,
    .every = 2,
    .baseline_every = 10,
};

static const struct info_field *latency_of(const struct info *latencies, const char *name, size_t name_len)
{
    size_t len;
    for (int i = 0; i < latencies->n; i++) {
        const char *rest = info_rest(&latencies->fields[i], "latency_percentiles_usec_", &len);
        if (rest != NULL && len == name_len && memcmp(rest, name, len) == 0)
            return &latencies->fields[i];
    }
    return NULL;
}

static void fill(struct sample *s, int row, const struct info_field *f, const struct info *latencies)
{
    size_t len;
    const char *name = info_rest(f, "cmdstat_", &len);
    const struct info_field *took = latency_of(latencies, name, len);
    redis_set_text(s, COMMAND, row, name, len < 100 ? len : 100);
    s->values[CALLS].real[row] = info_part_number(f, "calls");
    s->values[TOTAL].real[row] = info_part_number(f, "usec") / 1000;
    s->values[REJECTED].real[row] = info_part_number(f, "rejected_calls");
    s->values[FAILED].real[row] = info_part_number(f, "failed_calls");
    s->values[P50].real[row] = took == NULL ? NAN : info_part_number(took, "p50") / 1000;
    s->values[P99].real[row] = took == NULL ? NAN : info_part_number(took, "p99") / 1000;
}

static struct sample *make(struct redis_poll *p)
{
    const struct info *calls = redis_info(p, ASK_COMMANDS), *latencies = redis_info(p, ASK_LATENCIES);
    int n = 0;
    size_t len;
    for (int i = 0; i < calls->n; i++)
        n += info_rest(&calls->fields[i], "cmdstat_", &len) != NULL;
    struct sample *s = sample_new(&dataset, n);
    for (int i = 0, row = 0; i < calls->n; i++)
        if (info_rest(&calls->fields[i], "cmdstat_", &len) != NULL)
            fill(s, row++, &calls->fields[i], latencies);
    if (latencies->n == 0) {
        sample_lacks(s, P50, "Redis 7+, with latency-tracking");
        sample_lacks(s, P99, "Redis 7+, with latency-tracking");
    }
    return s;
}

const struct redis_collector redis_set_commands = {.dataset = &dataset,
                                                   .asks = ASKS(ASK_COMMANDS) | ASKS(ASK_LATENCIES),
                                                   .may_lack = ASKS(ASK_LATENCIES),
                                                   .make = make};
