/* Cures: what is done to a server, job by job, and told in the dataset `cures`. The one header that those
 * above include, beside that of the table of actions. */
#ifndef DBVITALS_CURES_CURES_H
#define DBVITALS_CURES_CURES_H

#include "cures/action.h"
#include "cures/cures_sample.h"
#include "engine/engine.h"

struct cures;
struct query_thread;

struct cures *cures_new(struct loop *loop, struct engine *e);
/* From now on what has ended is kept in the ledger of DIRECTORY, with numbers before and after that QUERIES,
 * which must outlive C, gives. TELL, which may be NULL, is told when the ledger cannot be kept, when it can
 * again (NULL), and what was found in its place. */
typedef void cures_tell_fn(void *ctx, const char *text);
void cures_keep(struct cures *c, struct query_thread *queries, const char *directory, cures_tell_fn *tell,
                void *ctx);
/* What runs is not cancelled: the server goes on with it. False: the ledger did not take what happened last.
 */
bool cures_free(struct cures *c);
/* Queues CURE, which action A said of a row of TARGET; BY is who wants it. All are copied. 0 and err when it
 * cannot be, else the job's id. */
int64_t cures_run(struct cures *c, const char *target, const struct action *a, const struct cure *cure,
                  const char *by, struct err *err);
bool cures_cancel(struct cures *c, int64_t id, struct err *err);
/* Numbers of what was done are still to come that take seconds, not a window. */
bool cures_measure(const struct cures *c);
/* Cancels all that have not ended. */
void cures_cancel_all(struct cures *c);
/* Jobs that have not ended. */
int cures_open(const struct cures *c);
/* FN is called when a job begins, or has ended; JOB is borrowed for the call. Any number of them, in the
 * order in which they came; they may go in the call. */
typedef void cures_job_fn(void *ctx, const struct job *job);
void cures_on_begun(struct cures *c, cures_job_fn *fn, void *ctx);
void cures_on_ended(struct cures *c, cures_job_fn *fn, void *ctx);
/* What CTX has is called no more. */
void cures_off(struct cures *c, const void *ctx);
const struct jobs *cures_jobs(const struct cures *c);

#endif
