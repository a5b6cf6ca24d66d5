/* Datasets of which the catalog tells what there is, and a function of the server, which locks or costs, the
 * rest: that is asked of some rows at a time, each slice in a transaction of its own. */
#ifndef DBVITALS_COLLECTORS_PG_DETAILS_H
#define DBVITALS_COLLECTORS_PG_DETAILS_H

#include "collectors/pg/pg.h"

struct details {
    const struct dataset *dataset;
    const char *id; /* name of the TYPE_INT column that the rows are asked for by, unique among them */
    const struct pg_from *from; /* of the catalog, in the order of ID */
    /* Whole SELECTs by version: $1 oids; gives id and columns of the dataset, all TYPE_REAL and without a
     * source. Rows that it leaves out, or all of a slice that fails, have no value there. */
    const struct pg_from *sql;
    int slice; /* rows that are asked for at once */
    /* A last touch on the sample; may be NULL. */
    void (*finish)(struct pg_poll *p, struct sample *s);
};

struct details_state {
    const struct details *details;
    struct sample *pending; /* the sample of the poll that goes on */
    int at;                 /* its first row that was not asked for */
};
void details_reset(void *state);
/* The collector's start(), with state of struct details_state. */
void details_start(struct pg_poll *p, const struct details *d);

#endif
