/* A sample: what one poll of one dataset gave. Typed, columnar, reference-counted. A new one is filled through
 * `values`, one that is like the poll before through sample_put_real() and the like; then it is sealed: its cells stand in chunks that are
 * shared with the poll before. All read them through sample_real() and the like. */
#ifndef DBVITALS_CORE_SAMPLE_H
#define DBVITALS_CORE_SAMPLE_H

#include <stdatomic.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "core/arena.h"
#include "core/column.h"

struct indexes; /* hashes over columns, each built on first use by whichever thread asks first */


/* Some consecutive cells of a column, shared by all samples where they are the same. */
enum { SAMPLE_CELL = 8, SAMPLE_HALF = 4, SAMPLE_CHUNK = 128 }; /* bytes: a double, an int64_t, a pointer; a float, an int32_t; cells */
struct chunk {
    atomic_int refs;
    short n;
    short stride; /* from a cell to the next one: SAMPLE_CELL; SAMPLE_HALF where all fit without loss; 0 where all are the same one */
    char cells[];
};

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
    union values *values; /* by column of the dataset; DERIVED columns have none; NULL in chunks */
    const char **why;     /* by column: NULL, or why the source cannot have it: "PostgreSQL 16+", "needs pg_monitor" */
    /* For a baseline that holds only the rows that changed since the one before: that one; else NULL. */
    struct sample *older;
    /* Private: */
    atomic_int refs;
    struct chunk **chunks; /* sealed, or like another: by column and place, n_chunks of each; NULL where there is no column */
    int n_chunks;
    bool sealed;
    size_t cell_bytes; /* of `values`, or of the chunks */
    const struct sample *shared_with; /* the last answer of sample_size_shared */
    size_t shared_bytes;
    struct arena *shared; /* an arena of texts shared with other samples, or NULL */
    _Atomic(struct indexes *) indexes;
    int n_gone; /* of a baseline: the last n_gone rows are keys that were gone when it was taken */
    int n_live; /* of a baseline: rows of the poll it stands for */
};

/* A sample of N_ROWS rows with a column array for each column that is not DERIVED, all "no value". Fill, then treat as
 * constant. One reference, the caller's. ROWS 0 is allowed. */
struct sample *sample_new(const struct dataset *d, int n_rows);
/* The same with arrays only for the KEY and COUNTER columns and the dataset's `since`: a baseline. */
struct sample *sample_new_baseline(const struct dataset *d, int n_rows);
/* Baseline S standing on another OLDER one (takes a reference of it); shares the arrays and texts of S. */
struct sample *sample_onto(const struct sample *s, struct sample *older);
/* A sample that stands for a later poll of the rows of FROM, with its cells, texts and reasons, and the stamps "no value" of a new one. It shares
 * them all, so what does not change costs nothing. Seals FROM if nobody did. It has no `values`: write with sample_put_*. */
struct sample *sample_like(struct sample *from);
/* Sets a cell of any sample that is not sealed; only a chunk in which one becomes another is copied. Nothing where there is no such column.
 * A text is not copied: it must live as long as S, as one in its arena does. */
void sample_put_real(struct sample *s, int column, int row, double v);
void sample_put_int(struct sample *s, int column, int row, int64_t v);
void sample_put_text(struct sample *s, int column, int row, const char *v);
/* This source does not have column C: drops its array. WHY is copied. */
void sample_lacks(struct sample *s, int column, const char *why);
/* S keeps SHARED (takes a reference of its own) for texts that point into it. At most one. */
void sample_share(struct sample *s, struct arena *shared);
/* Copies TEXT (any bytes, at most 1 MiB of them) into the sample as valid UTF-8, and stores it; equal to the row
 * before it shares. TEXT NULL stores no value. */
void sample_set_text(struct sample *s, int column, int row, const char *text, size_t len);
/* Fewer rows than were made (a filter dropped some); n must be at most n_rows. */
void sample_shrink(struct sample *s, int n);

/* Seals S, which no other thread knows yet, and lets it share what it has in common with BEFORE, the poll before it (sealed, or NULL): chunks
 * of cells that are the same, and texts. Of one that is like BEFORE only the chunks that were written are compared. What text is new in S goes
 * to the arena of BEFORE, and that of S is given back (pointers to its texts are void). When the arena of BEFORE holds mostly texts that are
 * gone, S keeps its own. */
void sample_settle(struct sample *s, struct sample *before);
/* The same for cells alone, where they are those of LIKE, at the same row; LIKE is of the same dataset, or NULL. */
void sample_seal(struct sample *s, const struct sample *like);

struct sample *sample_ref(struct sample *s);
void sample_unref(struct sample *s); /* NULL does nothing */
/* Bytes held, without what is shared, and with the hashes built so far. */
size_t sample_size(const struct sample *s);
/* How many of them are those of BEFORE too; both are sealed. Remembers the answer: for the loop thread. */
size_t sample_size_shared(struct sample *s, const struct sample *before);

/* The rest may be called from any thread on a finished sample. */

/* Does the source have COLUMN? The others are for columns that it has. */
static inline bool sample_has(const struct sample *s, int column)
{
    return s->values != NULL ? s->values[column].any != NULL : s->chunks[column * s->n_chunks] != NULL;
}

/* Of a sample in chunks. */
static inline struct chunk *sample_chunk(const struct sample *s, int column, int row)
{
    return s->chunks[column * s->n_chunks + row / SAMPLE_CHUNK];
}

static inline const void *chunk_cell(const struct chunk *c, int row)
{
    return c->cells + (size_t)(row % SAMPLE_CHUNK) * (size_t)c->stride;
}

static inline double sample_real(const struct sample *s, int column, int row)
{
    if (s->values != NULL)
        return s->values[column].real[row];
    const struct chunk *c = sample_chunk(s, column, row);
    const void *cell = chunk_cell(c, row);
    return c->stride == SAMPLE_HALF ? (double)*(const float *)cell : *(const double *)cell;
}

static inline int64_t sample_int(const struct sample *s, int column, int row)
{
    if (s->values != NULL)
        return s->values[column].integer[row];
    const struct chunk *c = sample_chunk(s, column, row);
    const void *cell = chunk_cell(c, row);
    return c->stride == SAMPLE_HALF ? *(const int32_t *)cell : *(const int64_t *)cell;
}

static inline const char *sample_text(const struct sample *s, int column, int row)
{
    if (s->values != NULL)
        return s->values[column].text[row];
    return *(const char *const *)chunk_cell(sample_chunk(s, column, row), row);
}

/* The numbers of COLUMN (TYPE_REAL) from row FIRST to the end of its chunk, at most N: where they stand, or in ROOM. */
const double *sample_reals(const struct sample *s, int column, int first, int n, double *room);
/* Do A and B, of one dataset, hold the same cells of COLUMN in the chunk of ROW, because they share it? */
static inline bool sample_shares(const struct sample *a, const struct sample *b, int column, int row)
{
    return a->values == NULL && b->values == NULL && sample_chunk(a, column, row) == sample_chunk(b, column, row);
}

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
