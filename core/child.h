/* Another program, run beside the loop for what it prints: at the lowest priority, never longer than it may.
 */
#ifndef DBVITALS_CORE_CHILD_H
#define DBVITALS_CORE_CHILD_H

#include "core/loop.h"

#include <stddef.h>

struct child;
/* OUTPUT: what it printed on both its outputs, LEN bytes and a NUL, any bytes; what is beyond CHILD_OUTPUT
 * was dropped. EXIT_CODE: -1 when it was ended by a signal. LATE: it was ended because its time was over.
 * OUTPUT NULL: it could not be started. Afterwards the child is gone. */
typedef void child_fn(void *ctx, const char *output, size_t len, int exit_code, bool late);
enum { CHILD_OUTPUT = 16384 };

/* Runs ARGV (found in PATH; NULL-ended; copied) in a process group of its own, with /dev/null to read from
 * and in the C locale. FN is called once, on the loop thread, never from within child_run. */
struct child *child_run(struct loop *loop, const char *const *argv, double limit_s, child_fn *fn, void *ctx);
/* Ends it, without a call of FN; not from within FN. NULL does nothing. */
void child_free(struct child *c);

#endif
