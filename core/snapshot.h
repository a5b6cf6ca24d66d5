/* How the store makes a snapshot; what a snapshot answers is promised in core/store.h. */
#ifndef DBVITALS_CORE_SNAPSHOT_H
#define DBVITALS_CORE_SNAPSHOT_H

#include "core/series.h"

/* NUMBER tells snapshots apart, 0 is none. */
struct snapshot *snapshot_new(uint64_t number, int n_targets);
/* Target number TARGET is called NAME (copied) and has N series; then each is added. */
void snapshot_set_target(struct snapshot *s, int target, const char *name, int n_series);
/* Takes the reference. */
void snapshot_add(struct snapshot *s, int target, struct view *view);

#endif
