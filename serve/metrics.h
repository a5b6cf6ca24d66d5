/* /metrics: what memory holds, as Prometheus reads it. Made in the pool, one at a time. */
#ifndef DBVITALS_SERVE_METRICS_H
#define DBVITALS_SERVE_METRICS_H

#include "core/store.h"
#include "serve/metric_rows.h"
#include "serve/metric_text.h"

/* What this process itself did, as of the scrape. */
struct metrics_own {
    double requests, refused, connections;
    double dropped[2]; /* series since the start: over the cap, not to be told apart or too many rows */
};
struct metrics_input {
    struct snapshot *snapshot;
    const struct registry *registry;
    struct metric_memory *memory;
    struct metrics_own own; /* dropped is counted on */
    bool aliases;
    double wall_s;
};
/* Whether scrapes need dataset D to be fresh. */
bool metrics_needs(const struct dataset *d);
void metrics_write(struct metric_text *out, struct metrics_input *in);

#endif
