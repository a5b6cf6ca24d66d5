/* The demo: a private PostgreSQL server, or a whole stack, with a workload that has problems, for as long as somebody looks at it. */
#ifndef DBVITALS_DEMO_DEMO_H
#define DBVITALS_DEMO_DEMO_H

#include "core/loop.h"

struct demo;

enum { MOST_DEMO_TARGETS = 8 };

/* Called once: with the N TARGETS to look at, URLs and conninfos, PostgreSQL's first; or with the ERROR that tells why there are none and what to
 * do. All are borrowed for the call. Never called from within demo_start. */
typedef void demo_ready_fn(void *ctx, const char *const *targets, int n, const char *error);
typedef void demo_progress_fn(void *ctx, const char *text);

/* Starts the server and its workload in processes of their own, which end, and leave nothing behind, when this process ends in whatever
 * way. STACK: with what stands around a server too: PgBouncer, an application, Redis, those that are installed. Without a PostgreSQL to start it is an
 * SQLite file. The program must answer `demo-supervisor` as its first argument with demo_supervise(), which is told whether `stack` is the second. */
struct demo *demo_start(struct loop *loop, bool stack, demo_ready_fn *ready, void *ctx);
/* FN is told what is being done until it is ready, a few words each time. */
void demo_watch(struct demo *d, demo_progress_fn *fn, void *ctx);
/* Ends it all; waits a moment (at most 3 s) for the last file to be gone. NULL is fine. */
void demo_stop(struct demo *d);

/* The whole life of the other process; returns its exit code. It serves until its standard input ends. */
int demo_supervise(bool stack);

#endif
