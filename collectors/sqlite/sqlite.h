/* The SQLite shelf: what a dataset file is made of, and what it may ask of the look at the file that fills
 * it. Everything here but the product runs in the pool: one look at a file at a time. */
#ifndef DBVITALS_COLLECTORS_SQLITE_SQLITE_H
#define DBVITALS_COLLECTORS_SQLITE_SQLITE_H

#include <sqlite3.h>
#include <stdint.h>

#include "collectors/sqlite/file.h"
#include "collectors/source.h"

/* How a step of a look ended. */
enum lite_end {
    LITE_DONE,
    LITE_BUSY, /* a writer holds the file; the next look may find it free */
    LITE_LATE, /* it took longer than a read transaction of ours may last */
    LITE_BAD   /* err says why */
};

/* A table or index whose size was measured. */
struct lite_size {
    int64_t id; /* lite_id of its name */
    double bytes, unused_bytes, sized_at;
    uint64_t mark; /* of the file's content when it was measured */
    bool late;     /* measuring it takes longer than it may */
};

/* What is kept of a file from look to look. */
struct lite_kept {
    uint64_t epoch; /* the file's identity, and how often it was another one */
    uint64_t dev, ino;
    double looks_free, looks_busy, looks_writing;
    double busy_since_s; /* by the loop's clock: since when no look could read; 0: the last one could */
    double commits, wal_restarts;
    uint32_t change_counter; /* of the header at the last look; valid where has_counter */
    bool has_counter;
    struct lite_wal wal;
    struct lite_size *sizes;
    int n_sizes;
};

/* A look at one file, as a dataset file sees it. */
struct lite_look {
    const char *path; /* resolved */
    sqlite3 *db;      /* NULL where the file is busy */
    const struct lite_file *file;
    const struct lite_locks *locks;
    struct lite_kept *kept;
    const char *cache_word; /* what the config says of the application's cache_size, or NULL */
    const struct lite_header *header;
    bool busy;
    double read_ms; /* the longest of our read transactions so far */
    uint64_t mark;  /* of the file's content: another one where something was written */
    bool unsized;   /* not all sizes are known yet, or of now */
};

struct lite_collector {
    const struct dataset *dataset;
    const struct column_source
        *sources; /* where each column comes from; a column that is not here has no value */
    /* Why the columns that are not in `sources` are n/a. */
    const char *lacks;
    bool while_busy; /* has something to say of a file that is busy too, and of one that did not change */
    bool sized;      /* wants sizes */
    /* Fills OUT, in a read transaction that is begun already (but while busy). */
    enum lite_end (*make)(struct lite_look *l, struct sample **out, struct err *err);
};

/* ---- Helpers for dataset files ---- */
/* What tells a table or index NAME from others; never 0. */
int64_t lite_id(const char *name);
enum { LITE_DATID = 1 }; /* each file is one database */
/* The rows of SQL, of which ?1 is the most there may be, as a sample of C's dataset. FILL fills row ROW with
 * the row that STMT stands on; false where it is none. */
typedef bool (*lite_fill)(struct lite_look *l, struct sample *s, int row, sqlite3_stmt *stmt);
enum lite_end lite_list(struct lite_look *l, const struct lite_collector *c, const char *sql, lite_fill fill,
                        struct sample **out, struct err *err);
/* The last part of the file's path: the name of its database. */
const char *lite_datname(const struct lite_look *l);
/* What RC of a step means. */
enum lite_end lite_ended(struct lite_look *l, int rc, struct err *err);
/* The first column of the first row, NAN if there is none. */
double lite_number(struct lite_look *l, const char *sql);
/* The text of COLUMN as it stands in the file, into S. */
void lite_put_text(struct sample *s, int column, int row, sqlite3_stmt *stmt, int from);
void lite_set(struct sample *s, const char *column, int row, double value);
void lite_set_int(struct sample *s, const char *column, int row, int64_t value);
void lite_set_text(struct sample *s, const char *column, int row, const char *value);
/* Marks as lacking all columns of S's dataset that C does not fill. */
void lite_lacks(const struct lite_collector *c, struct sample *s);

/* sizes.c: how large tables and indexes are, measured a few at each look, those measured longest ago first.
 * Outside of a transaction. */
struct reader;
void lite_sizes_measure(struct lite_look *l, struct reader *r);
/* The size of the table or index called so; NULL if it is not known. */
const struct lite_size *lite_size_of(const struct lite_look *l, int64_t id);

/* Every collector of the build list, NULL-ended (generated). */
extern const struct lite_collector *const lite_collectors[];
extern const struct product lite_product;

#endif
