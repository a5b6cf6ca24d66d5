/* The PgBouncer shelf: what a dataset file is made of, and what it may ask of the poll that fills it. */
#ifndef DBVITALS_COLLECTORS_PGBOUNCER_BOUNCER_H
#define DBVITALS_COLLECTORS_PGBOUNCER_BOUNCER_H

#include "collectors/libpq/conn.h"
#include "collectors/source.h"

enum { MOST_SHOWS = 4 };

struct bouncer_poll; /* one dataset being read */

/* Is the value of FIELD this one, or, with DIFFERS, another? NULL: no question. */
struct bouncer_test {
    const char *field, *value;
    bool differs;
};
#define NOT_CONSOLE                                                                                          \
    {                                                                                                        \
        "database", "pgbouncer", true                                                                        \
    } /* the console itself is no pool, and its users are no clients */

/* Commands of the console are asked one after the other; then the sample is made of their rows. Columns of
 * the console are found by name: 1.8 to 1.24 differ, and what comes later will.
 *
 * A column's `source` is FIELD [| FIELD]... [/ DIVISOR]: the first FIELD that this version's console gives,
 * as a number divided by DIVISOR. Moments are read in the console's own way. A column without a source is
 * filled by `finish`. */
struct bouncer_collector {
    const struct dataset *dataset;
    const char *shows[MOST_SHOWS]; /* NULL after the last; one that begins with ? may be missing in this
                                      version: its rows are NULL then */
    const struct column_source
        *sources;              /* in place of those of the columns: the dataset is one of several products */
    struct bouncer_test keeps; /* rows of the first command that count */
    int most_rows;             /* 0: no limit. What `first` chooses is kept before the others. */
    struct bouncer_test first;
    /* The sample from the rows of all commands; NULL: it is filled from the first one by the sources, */
    struct sample *(*make)(struct bouncer_poll *p, struct conn_rows *const *rows);
    void (*finish)(struct sample *s, const struct conn_rows *r,
                   const int *row_of); /* and touched last; row_of: rows of R by rows of S */
};

/* ---- Rows of the console, which are text ---- */
/* The value of column NAME, NULL if there is none. */
const char *bouncer_text(const struct conn_rows *r, int row, const char *name);
double bouncer_number(const struct conn_rows *r, int row, const char *name); /* NAN if there is none */
/* "2026-11-21 18:53:41 UTC" as seconds since 1970; NAN in a zone that is neither UTC nor ours. */
double bouncer_moment(const char *s);
/* Is T true of ROW? COLUMN is that of its field. */
bool bouncer_holds(const struct bouncer_test *t, const struct conn_rows *r, int row, int column);
/* A sample of C's dataset from R, as C says. */
struct sample *bouncer_fill(const struct bouncer_collector *c, const struct conn_rows *r);
/* The same into the first rows of S, which has room. */
void bouncer_fill_into(const struct bouncer_collector *c, const struct conn_rows *r, struct sample *s);

/* ---- What is known of the console that P asks ---- */
const char *bouncer_user(const struct bouncer_poll *p);
const char *bouncer_version(const struct bouncer_poll *p); /* "1.18.0" */
double bouncer_max_clients(const struct bouncer_poll *p);  /* max_client_conn, NAN if unknown */
void bouncer_know_config(struct bouncer_poll *p,
                         const struct conn_rows *config); /* SHOW CONFIG was read anew */

/* ---- Peaks between polls, see peaks.c ---- */
struct peaks;
struct peaks *peaks_new(void);
void peaks_free(struct peaks *p);
/* What SHOW POOLS gave at NOW_S (monotonic). */
void peaks_add(struct peaks *p, const struct conn_rows *pools, double now_s);
/* The most of the last minute of a pool; NAN where nobody looked. */
void peaks_get(const struct peaks *p, const char *database, const char *user, double now_s, double *waiting,
               double *wait_ms);
struct peaks *bouncer_peaks(const struct bouncer_poll *p);

/* Every collector of the build list, NULL-ended (generated). */
extern const struct bouncer_collector *const bouncer_collectors[];
extern const struct product bouncer_product;

#endif
