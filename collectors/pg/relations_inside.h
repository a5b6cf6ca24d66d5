/* What the files of relations share; collectors include relations.h only. */
#ifndef DBVITALS_COLLECTORS_PG_RELATIONS_INSIDE_H
#define DBVITALS_COLLECTORS_PG_RELATIONS_INSIDE_H

#include "collectors/pg/relations.h"
#include "collectors/pg/slice.h"

/* One database. Arrays are by row of `last`. */
struct relations {
    const struct relations_kind *kind;
    int64_t datid;
    struct sample *last; /* as delivered */
    struct sample *now;  /* of the poll that goes on */
    char *ids;           /* the oids of `last` as an array of the server's */
    int64_t *marks;      /* -1: unknown */
    int *changed;        /* by row of the answer being taken: the row of `now`, -1 none */
    int n_changed;
    bool all_changed; /* the catalog of `now` was read anew */
    struct measure *measures;
    double catalog_s, all_s, slice_s; /* when each was last read, -INFINITY never */
    double catalog_wall_s;
    double stats_reset;
    int slice;
};

/* relations.c */
int relations_column(const struct relations *r, const char *name);
/* The row of S, a sample of R or NULL, with that oid, or -1. */
int relations_row(const struct relations *r, const struct sample *s, int64_t id);
/* The relations of P with a poll that goes on; NULL, and P is answered, if the connection was remade
 * meanwhile. */
struct relations *relations_going_on(struct pg_poll *p);

/* relations_slices.c: sizes and definitions of some, then the last step */
void relations_measure(struct pg_poll *p, struct relations *r);

#endif
