/* What a target looked like when one of its alerts fired or got worse: its sessions, who blocked whom, its
 * statements. Dataset `alert_context`, and the SELECTs that make it. Knows no clock, thread or file. */
#ifndef DBVITALS_ALERTS_CONTEXT_H
#define DBVITALS_ALERTS_CONTEXT_H

#include "core/result.h"
#include "core/sample.h"

extern const struct dataset alert_context_dataset;

/* The moment as one JSON object of one row, which the state file keeps; of :target, for :rule, :key,
 * :severity and :at (wall). Texts are without literals, and cut. */
extern const char context_take_sql[];
/* The rows of such an object, :json, of alert :id and its transition :number: columns are named as those of
 * the dataset; `target` is beside them. */
extern const char context_rows_sql[];

/* Is that context to be kept? */
typedef bool context_kept_fn(void *ctx, const char *alert_id, int64_t number);
/* A sample with the rows of BEFORE (NULL: there are none) that are kept, then those of the N ADDED (results
 * of context_rows_sql). */
struct sample *context_sample(const struct sample *before, context_kept_fn *kept, void *ctx,
                              struct result *const *added, int n);
/* About how many bytes a sample needs for those rows. */
size_t context_bytes(const struct result *rows);

#endif
