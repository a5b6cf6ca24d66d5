/* The samples of one dataset of one target, over time: full ones of the last minutes, thinned, and baselines for longer windows.
 * Belongs to the store (loop thread); other threads see views of it. */
#ifndef DBVITALS_CORE_SERIES_H
#define DBVITALS_CORE_SERIES_H

#include "core/cache.h"
#include "core/sample.h"
#include "core/store.h"

/* What a snapshot sees of a series: immutable. Both lists are ordered by time, the oldest first. */
struct view {
    atomic_int refs;
    const struct dataset *dataset;
    struct cache *cache;
    struct sample **fulls; /* at least one */
    int n_fulls;
    struct sample **baselines;
    int n_baselines;
};
struct view *view_ref(struct view *v);
void view_unref(struct view *v);
/* Number of the newest full sample not after AT_S (NAN: the newest), -1 if all are later. */
int view_at(const struct view *v, double at_s);
/* What a window of SPEC that ends at full sample number NOW is measured from: NULL if there is nothing before it, the sample NOW
 * itself for WINDOW_RESET. Borrowed. */
struct sample *view_base(const struct view *v, int now, struct window_spec spec);

struct series;
struct series *series_new(const struct dataset *d);
void series_free(struct series *s);
const struct dataset *series_dataset(const struct series *s);
/* Takes the reference. A sample that is not newer than the newest one is dropped. */
void series_put(struct series *s, struct sample *sample, const struct store_limits *limits);
struct sample *series_newest(const struct series *s);
double series_reach_s(const struct series *s, const struct store_limits *limits, bool *bitten);
/* Bytes held when last looked at, which is at each put: in all (cached windows too); by baselines; by the full samples that may go. */
size_t series_bytes(const struct series *s);
size_t series_baseline_bytes(const struct series *s);
size_t series_spare_bytes(const struct series *s);
/* Gives back memory because all series together hold too much: the oldest full sample (there must be spare ones), or the
 * baseline after the first; of the last two both go. */
void series_give_full(struct series *s);
void series_give_baseline(struct series *s);
/* What is kept now; a reference. The same view until the next change. */
struct view *series_view(struct series *s);

#endif
