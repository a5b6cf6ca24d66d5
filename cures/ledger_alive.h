/* Whose jobs still run: a lock on one byte of cures.running for each entry that has begun, held by the
 * program that runs it. The kernel lets go of it when that ends, however it ends: no number of a process can
 * be taken for another's. Used by the writer's thread only. Inside of the ledger. */
#ifndef DBVITALS_CURES_LEDGER_ALIVE_H
#define DBVITALS_CURES_LEDGER_ALIVE_H

#include <stdbool.h>
#include <stdint.h>

#include "core/err.h"

struct ledger_alive;

/* Opens nothing yet. */
struct ledger_alive *ledger_alive_new(const char *directory);
/* Lets go of all. */
void ledger_alive_free(struct ledger_alive *a);
/* From now on the entry of that uid is run by this program. */
bool ledger_alive_hold(struct ledger_alive *a, int64_t uid, struct err *err);
void ledger_alive_release(struct ledger_alive *a, int64_t uid);
/* Some program, this one too, runs it; also where the file system cannot tell. */
bool ledger_alive_is(const struct ledger_alive *a, int64_t uid);

#endif
