/* The store: the last samples of every dataset of every target, and the baselines of their windows. Bounded. Owned by the
 * loop thread; other threads read immutable snapshots. */
#ifndef DBVITALS_CORE_STORE_H
#define DBVITALS_CORE_STORE_H

#include "core/sample.h"
#include "core/window.h"

struct store;
struct snapshot;

enum window_kind { WINDOW_LAST, WINDOW_SECONDS, WINDOW_RESET, WINDOW_START };
struct window_spec {
    enum window_kind kind;
    double seconds; /* WINDOW_SECONDS only */
};
/* "last", "1m", "90s", "15m", "1h", "reset", "start". NULL or "" means last. */
bool window_spec_parse(const char *s, struct window_spec *out, struct err *err);

/* What memory may hold, in bytes: full samples of one series (the newest two are always kept), and all together. */
struct store_limits {
    size_t series_bytes;
    size_t total_bytes;
    double keep_s; /* full samples are kept this long (thinned: all of the last half minute, then one in 5 s) */
};
struct store *store_new(struct store_limits limits);
void store_free(struct store *s);
/* Adds SAMPLE (takes the caller's reference) as the newest of (TARGET, its dataset). TARGET is copied. One that is not newer
 * than the newest is dropped. No other thread may know SAMPLE yet, and pointers to its texts are void: what equals the
 * sample before is kept once. */
void store_put(struct store *s, const char *target, struct sample *sample);
/* Forgets a target. */
void store_drop(struct store *s, const char *target);
/* Newest sample or NULL; borrowed until the next store_put. */
struct sample *store_newest(const struct store *s, const char *target, const struct dataset *d);
/* How far back full samples of this series go, in seconds; bitten tells whether a byte bound took samples, or baselines, that
 * time would have kept. */
double store_reach_s(const struct store *s, const char *target, const struct dataset *d, bool *bitten);
/* Bytes held in all, as counted at each put (hashes and windows made since then are counted by the next one). */
size_t store_bytes(const struct store *s);

/* An immutable view of everything, cheap until the next put; release with snapshot_unref, from any thread. Windows made from
 * it are cached in the samples' series and shared by all panes that ask for the same pair. */
struct snapshot *store_snapshot(struct store *s);
struct snapshot *snapshot_ref(struct snapshot *s);
void snapshot_unref(struct snapshot *s);
int snapshot_targets(const struct snapshot *s);
const char *snapshot_target(const struct snapshot *s, int target);

/* The window of dataset D of target number TARGET that ends at the newest full sample not after AT_S (seconds since 1970; NAN
 * means now). Its base is the kept sample of the same epoch nearest to the window's start, the oldest there is when none
 * is old enough (the window's span_s tells); the sample before it for `last`, and when its epoch has just begun. NULL if
 * there is no sample. Owned by the snapshot; only one thread may resolve in one snapshot. */
struct window *snapshot_window(struct snapshot *s, int target, const struct dataset *d, struct window_spec spec, double at_s);
/* The newest full sample of that series, or NULL. */
const struct sample *snapshot_newest(const struct snapshot *s, int target, const struct dataset *d);
/* The span_s that this window has now, without making it; NAN if there is no sample, or none to measure from. */
double snapshot_span_s(const struct snapshot *s, int target, const struct dataset *d, struct window_spec spec);
/* The kept full samples of that series with wall_s within [at_s - span_s, at_s], oldest first, each as its `last` window. Returns how
 * many; *out is owned by the snapshot and valid until the next call. */
int snapshot_trend(struct snapshot *s, int target, const struct dataset *d, double span_s, double at_s, struct window ***out);
/* For stepping through time: the moment before (DIRECTION -1) or after (1) AT_S at which a kept full sample of dataset D of any
 * target was taken; AT_S NAN is the newest such moment; NAN if there is none. */
double snapshot_step(const struct snapshot *s, const struct dataset *d, double at_s, int direction);

#endif
