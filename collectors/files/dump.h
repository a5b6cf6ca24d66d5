/* A dump on the disk: what it is by its first bytes, and whether its last ones are an end. */
#ifndef DBVITALS_COLLECTORS_FILES_DUMP_H
#define DBVITALS_COLLECTORS_FILES_DUMP_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

/* PACKED: by a program that unpacks to its standard output with -dc. ARCHIVE: pg_restore reads it. */
enum dump_class { DUMP_UNKNOWN, DUMP_EMPTY, DUMP_PLAIN, DUMP_PACKED, DUMP_ARCHIVE, DUMP_TAR, DUMP_SQLITE };

struct dump_kind {
    const char *name; /* "gzip" */
    enum dump_class class;
    const char *program; /* that can tell whether it is whole; NULL: none is needed, or none can */
};

/* Of a file whose first LEN bytes are HEAD (DUMP_HEAD of them, or all). */
enum { DUMP_HEAD = 512, DUMP_TAIL = 1024 };
const struct dump_kind *dump_kind_of(const char *head, size_t len);
const struct dump_kind *dump_kind_directory(void); /* of pg_dump -Fd */
const struct dump_kind *dump_kind_empty(void);

/* Of SQL that begins with HEAD and ends with TAIL: 1 if its end is there, 0 if it must have one and has none,
 * -1 where it is not known how such a text ends. */
int dump_text_ends(const char *head, size_t head_len, const char *tail, size_t tail_len);
/* Bytes that an SQLite file has by its own header; -1 if HEAD is none. */
double dump_sqlite_size(const char *head, size_t len);

/* A file: what makes it the same one the next time. */
struct dump_id {
    uint64_t device, inode;
    int64_t mtime_ns, size;
};
bool dump_id_same(const struct dump_id *a, const struct dump_id *b);

struct dump {
    char *path;
    const struct dump_kind *kind;
    struct dump_id id;
    double written_s; /* mtime, since 1970 */
    double size;      /* bytes; of a directory those of its files */
    double whole;     /* 1, 0, NAN: not known without a program */
    char why[160];    /* that */
};

enum { MOST_DUMPS = 50 };
/* What a pattern matches now. */
struct scan {
    /* Asked: */
    char *pattern, *marker; /* marker NULL: none */
    /* Found: */
    char *error;                   /* why nothing can be known; NULL */
    bool denied;                   /* that is for want of a right */
    struct dump dumps[MOST_DUMPS]; /* the newest ones, newest first */
    int n_dumps;
    int n;                        /* of all */
    double oldest_s, total_bytes; /* of all; NAN, 0 */
    double free_bytes;            /* where the newest one is; NAN if unknown */
    double marker_s;              /* mtime of the marker; NAN */
    char marker_why[160];         /* why it is not known; "" */
};
/* Fills S from the disk: for the pool. */
void scan_run(struct scan *s);
void scan_free(struct scan *s);

#endif
