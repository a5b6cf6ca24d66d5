/* The ledger: every cure is kept from when it begins, in a file of the state directory that all dashboards of a
 * person write. What the disk refuses waits in memory, is tried again, and is told; no cure waits for it. */
#ifndef DBVITALS_CURES_LEDGER_H
#define DBVITALS_CURES_LEDGER_H

#include "core/loop.h"
#include "core/sample.h"
#include "cures/entry.h"

struct ledger;

extern const struct dataset ledger_dataset;

/* CHANGED is called, on the loop thread, when entries have come or trouble has come or gone. The file is not
 * looked at before somebody watches or puts. */
struct ledger *ledger_new(struct loop *loop, const char *directory, loop_fn *changed, void *ctx);
/* Writes what waits, for at most a few seconds. False: the disk hangs, or entries were lost; see
 * ledger_trouble before. */
bool ledger_free(struct ledger *l);
/* While it is WATCHED, what other dashboards write is read every few seconds. */
void ledger_watch(struct ledger *l, bool watched);
/* Writes E, or, if one of its uid was given before, how it went on. Takes E. */
void ledger_put(struct ledger *l, struct entry *e);
/* NULL while the disk takes what it is given; else why not. */
const char *ledger_trouble(const struct ledger *l);
/* What a person must know: a file that was put aside; told once, else NULL. Heap. */
char *ledger_take_notice(struct ledger *l);
/* Among the newest that were read, NULL if it is not; borrowed until the loop turns. */
const struct entry *ledger_entry(const struct ledger *l, int64_t id);
/* False and err when STATEMENT is not the undo of entry ID, or is not as it was written. */
bool ledger_may_undo(const struct ledger *l, int64_t id, const char *target, const char *statement,
                     struct err *err);
/* The newest, newest first; borrowed until the loop turns. */
const struct entry *const *ledger_newest(const struct ledger *l, int *n);
/* All that the ledger of DIRECTORY has, newest first, as it stands now: a heap array of N of the caller's (see
 * entries_free); none where there is no file. It waits for the disk. NOTICE: as ledger_take_notice. */
bool ledger_read(const char *directory, struct entry ***out, int *n, char **notice, struct err *err);
/* Those of TARGET among N entries. */
struct sample *ledger_sample(const struct entry *const *entries, int n, const char *target, double mono_s,
                             double wall_s);

#endif
