/* Windows that were computed, kept for who asks for the same pair again: other panes, and the next snapshots. One cache per
 * series; it outlives the store while a snapshot needs it. Safe from any thread. */
#ifndef DBVITALS_CORE_CACHE_H
#define DBVITALS_CORE_CACHE_H

#include "core/window.h"

struct cache;
/* A window with a count of who uses it. */
struct held;

struct cache *cache_new(void);
struct cache *cache_ref(struct cache *c);
void cache_unref(struct cache *c);
/* Does nobody but the caller hold C? */
bool cache_is_own(struct cache *c);
/* The window from BASE (or NULL) to NOW; a BASE equal to NOW asks for the window since reset. WHO (not 0) is the number of the
 * snapshot that asks: on its first time *HOLD is a reference that it must give back with held_unref, else NULL. */
struct window *cache_get(struct cache *c, struct sample *base, struct sample *now, uint64_t who, struct held **hold);
/* Forgets all windows but those between neighbours of the N samples, which trends ask for. */
void cache_prune(struct cache *c, struct sample *const *samples, int n);
size_t cache_bytes(struct cache *c);
void held_unref(struct held *h);

#endif
