/* A connection that only reads: it writes nothing, creates no file beside the database, waits for nobody, and
 * takes no lock but SHARED. */
#ifndef DBVITALS_COLLECTORS_SQLITE_READER_H
#define DBVITALS_COLLECTORS_SQLITE_READER_H

#include <sqlite3.h>
#include <stdatomic.h>

#include "collectors/sqlite/file.h"

struct reader;
/* A WAL-mode file whose -shm does not exist is read with an index of the log in our own memory. PATH is
 * resolved. No file is read yet. After CANCEL is set whatever runs is interrupted. NULL and err if it cannot
 * be opened. */
struct reader *reader_open(const char *path, const struct lite_file *f, const atomic_bool *cancel,
                           struct err *err);
void reader_close(struct reader *r);
sqlite3 *reader_db(struct reader *r);
/* The first bytes of the file itself, without a lock: returns how many. */
int reader_first(struct reader *r, unsigned char *out, int n);
/* From now on a statement may run for SECONDS. */
void reader_limit(struct reader *r, double seconds);
/* That time is over. */
bool reader_late(const struct reader *r);
/* We have no -shm file in common with writers: they cannot see us read. */
bool reader_alone(const struct reader *r);

#endif
