/* Baselines: what windows are measured from long after the full sample is gone. A baseline holds KEY and COUNTER
 * columns, and the `since` of the dataset, of the rows that changed since the one before it (`older`), and the keys that went since then. */
#ifndef DBVITALS_CORE_BASELINE_H
#define DBVITALS_CORE_BASELINE_H

#include "core/sample.h"

/* A baseline that stands for FULL, on OLDER (a reference is taken; same epoch; NULL: it holds all rows). */
struct sample *baseline_new(struct sample *older, struct sample *full);
/* Stands for NEWER, whose older one is OLDER, when OLDER is to be dropped: stands on what OLDER stands on. */
struct sample *baseline_merge(struct sample *older, struct sample *newer);
/* Does the poll that BASELINE stands for have the key of row ROW of OTHER? */
bool baseline_has(struct sample *baseline, const struct sample *other, int row);

#endif
