/* A database file without SQL: what stat, its first bytes, its write-ahead log and the kernel's table of
 * locks tell. Nothing here opens the database file itself: closing any descriptor of a file drops all locks
 * that this process has on it, a cure's too. */
#ifndef DBVITALS_COLLECTORS_SQLITE_FILE_H
#define DBVITALS_COLLECTORS_SQLITE_FILE_H

#include <stdbool.h>
#include <stdint.h>

#include "core/err.h"
#include "core/text.h"

enum { LITE_HEADER = 100 };

struct lite_file {
    uint64_t dev, ino;
    double size_bytes, changed_s; /* changed_s: modification time, seconds since 1970 */
    double wal_bytes;             /* of the -wal file, NAN if there is none */
    double wal_changed_s;
    bool has_shm;
    uint64_t shm_dev, shm_ino;
    double free_bytes; /* of the file system it is on; NAN if unknown */
};

/* What stands in the first bytes of the file. */
struct lite_header {
    bool known; /* it was read, and is that of a database */
    bool wal;
    double page_bytes;
    uint32_t change_counter, version;
    char text[LITE_HEADER];
};

/* False with a sentence: it is not there, a directory, ... */
bool lite_file_read(const char *path, struct lite_file *out, struct err *err);
/* Nothing was written between A and B, as far as the file system tells. */
bool lite_file_same(const struct lite_file *a, const struct lite_file *b);
/* BYTES are the first ones of the file; N may be smaller. False with a sentence if they are not those of a
 * database. */
bool lite_header_read(const unsigned char *bytes, int n, const char *path, struct lite_header *out,
                      struct err *err);

/* Who has locks on the file, as /proc/locks tells; pids of other namespaces are 0 there. It is read while we
 * have one ourselves: where even that cannot be found (some file systems have other numbers there), nothing
 * is known. */
struct lite_locks {
    bool known;
    int processes; /* that hold a lock: those of rollback mode that are in a transaction, those of WAL mode
                      that have it open */
    bool writing;  /* somebody has the write lock now */
};
void lite_locks_read(const struct lite_file *f, bool wal, struct lite_locks *out);

/* The write-ahead log, whose frames are read as they are added. */
struct lite_wal {
    bool known; /* its header was read */
    uint32_t salt[2];
    double page_bytes;
    double frames;  /* valid ones that were read so far */
    bool complete;  /* that is all of them */
    double commits; /* among them */
};
/* Goes on reading from where W stands. RESTARTED: it began anew since. False: it cannot be read. */
bool lite_wal_read(const char *path, struct lite_wal *w, bool *restarted);

#endif
