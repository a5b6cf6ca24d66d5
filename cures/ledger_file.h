/* The file of the ledger: cures.db in the state directory, SQLite (WAL). Several programs may write it; none
 * holds it. Used by the writer's thread only. Inside of the ledger. */
#ifndef DBVITALS_CURES_LEDGER_FILE_H
#define DBVITALS_CURES_LEDGER_FILE_H

#include "core/err.h"
#include "cures/entry.h"

struct ledger_file;

/* The newest that a dashboard reads; so many are kept. */
enum { LEDGER_READ = 300, LEDGER_KEPT = 100000 };

/* Opens nothing yet. */
struct ledger_file *ledger_file_new(const char *directory);
void ledger_file_free(struct ledger_file *f);
/* A new entry, or how one that is there went on: told by its uid. One that has begun counts as running for as
 * long as this program lives, or until it is put as ended. One transaction. False and err when it
 * is not on the disk; then it can be tried again. */
bool ledger_file_put(struct ledger_file *f, const struct entry *e, struct err *err);
/* The newest MOST entries, newest first: a heap array of N. One that began, and whose program has ended, is
 * told as `unknown`. `same` when nobody has written since they were read last; OUT is NULL then. A file that
 * is not there has none. */
bool ledger_file_read(struct ledger_file *f, int most, struct entry ***out, int *n, bool *same,
                      struct err *err);
/* A file that was put aside, told once, or NULL; heap. */
char *ledger_file_take_notice(struct ledger_file *f);

#endif
