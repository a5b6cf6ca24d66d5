/* A sample: what one poll of one dataset gave. Typed, columnar, owned by an arena, immutable once finished,
 * reference-counted. */
#ifndef DBVITALS_CORE_SAMPLE_H
#define DBVITALS_CORE_SAMPLE_H

#include <stdatomic.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "core/arena.h"
#include "core/column.h"

struct indexes; /* hashes over columns, each built on first use by whichever thread asks first */

/* One column's values, `n_rows` of them; which member is used follows from the column's type. `any` NULL: this
 * source does not have the column (then why[] says why). */
union values {
    double *real;
    int64_t *integer;
    const char **text;
    void *any;
};

struct sample {
    const struct dataset *dataset;
    struct arena *arena; /* of its texts */
    double mono_s; /* CLOCK_MONOTONIC when the source took it (middle of request and answer) */
    double wall_s; /* seconds since 1970 at that moment */
    /* A hash of all that must be equal for increases to mean something: server start, stats_reset, extension version,
     * role memberships, evictions. Different epochs give no increases at all. */
    uint64_t epoch;
    double reset_s; /* when the source's counters started (seconds since 1970), NAN if unknown: window `reset` */
    int n_rows;
    union values *values; /* by column of the dataset; DERIVED columns have none */
    const char **why;     /* by column: NULL, or why the source cannot have it: "PostgreSQL 16+", "needs pg_monitor" */
    /* For a baseline that holds only the rows that changed since the one before: that one; else NULL. */
    struct sample *older;
    /* Private: */
    atomic_int refs;
    struct arena **cells; /* by column: what holds its array */
    bool apart; /* each column has its own, which polls may share; else one holds all */
    struct arena *shared; /* an arena of texts shared with other samples, or NULL */
    _Atomic(struct indexes *) indexes;
    int n_gone; /* of a baseline: the last n_gone rows are keys that were gone when it was taken */
    int n_live; /* of a baseline: rows of the poll it stands for */
};

/* A sample of N_ROWS rows with a column array for each column that is not DERIVED, all "no value". Fill, then treat as
 * constant. One reference, the caller's. ROWS 0 is allowed. */
struct sample *sample_new(const struct dataset *d, int n_rows);
/* The same with arrays for the KEY and COUNTER columns only: a baseline. */
struct sample *sample_new_baseline(const struct dataset *d, int n_rows);
/* Baseline S standing on another OLDER one (takes a reference of it); shares the arrays and texts of S. */
struct sample *sample_onto(const struct sample *s, struct sample *older);
/* A poll of FROM's rows, at first with its values: shares its arrays and texts, so that what did not change costs nothing. No time
 * yet. Before a column is written, sample_own() it. */
struct sample *sample_like(const struct sample *from);
/* Column C of S gets an array of its own, with the same values, if it shares one. Pointers to the array are void. */
void sample_own(struct sample *s, int c);
/* Sets a number of a TYPE_REAL column; owns it first if that is another one. */
void sample_put_real(struct sample *s, int c, int row, double v);
/* This source does not have column C: drops its array. WHY is copied. */
void sample_lacks(struct sample *s, int column, const char *why);
/* S keeps SHARED (takes a reference of its own) for texts that point into it. At most one. */
void sample_share(struct sample *s, struct arena *shared);
/* Copies TEXT (any bytes, at most 1 MiB of them) into the sample as valid UTF-8, and stores it; equal to the row
 * before it shares. TEXT NULL stores no value. */
void sample_set_text(struct sample *s, int column, int row, const char *text, size_t len);
/* Fewer rows than were made (a filter dropped some); n must be at most n_rows. */
void sample_shrink(struct sample *s, int n);

/* Lets S, which no other thread knows yet, share what it has in common with BEFORE, the poll before it: the arrays of large columns that
 * are the same, and texts. What text is new in S goes to the arena of BEFORE, and that of S is given back (pointers to its texts are void). When the arena of
 * BEFORE holds mostly texts that are gone, S keeps its own. */
void sample_settle(struct sample *s, struct sample *before);

struct sample *sample_ref(struct sample *s);
void sample_unref(struct sample *s); /* NULL does nothing */
/* Bytes held, without what is shared, and with the hashes built so far. */
size_t sample_size(const struct sample *s);
/* How many of them are those of BEFORE too. */
size_t sample_size_shared(const struct sample *s, const struct sample *before);

/* The rest may be called from any thread on a finished sample. */

/* The row of S (not of its older ones) whose KEY columns equal those of row ROW of OTHER; -1 if none. "No value"
 * equals itself. Uses a hash over all KEY columns, built on first use. OTHER is of the same dataset. */
int sample_find(struct sample *s, const struct sample *other, int row);
/* First row of S whose COLUMN equals the value; then sample_next gives the next one with the same value; -1 ends. Rows
 * come in ascending order. Only TYPE_INT and TYPE_TEXT columns. "No value" is found nowhere, as in SQL. Builds the
 * column's hash on first use. */
int sample_first_int(struct sample *s, int column, int64_t value);
int sample_first_text(struct sample *s, int column, const char *value);
int sample_next(const struct sample *s, int column, int row);
/* FNV-1a, for epochs: start with EPOCH_START. */
#define EPOCH_START UINT64_C(0xcbf29ce484222325)
uint64_t epoch_add(uint64_t epoch, const void *bytes, size_t n);

#endif
