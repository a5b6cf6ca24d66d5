/* The writer: one thread that does what may wait for a disk (state, outbox, history), one job after the
 * other. */
#ifndef DBVITALS_CORE_WRITER_H
#define DBVITALS_CORE_WRITER_H

#include <stdbool.h>

#include "core/loop.h"

struct writer;
struct writer *writer_new(struct loop *loop);
/* WORK runs on the writer's thread after all that was given before, then DONE (may be NULL) on the loop
 * thread. CTX is the job's own. */
void writer_do(struct writer *w, loop_fn *work, loop_fn *done, void *ctx);
int writer_waiting(const struct writer *w);
/* Waits at most WAIT_S for what was given, calls the DONEs of it, ends the thread. False: the disk hangs, the
 * thread is left behind: end the program with _exit(). */
bool writer_free(struct writer *w, double wait_s);

#endif
