/* What tables and indexes share: thousands of rows of which few change between two polls. The catalog is read
 * once a minute; each poll gives the server a mark for every relation and gets back only those whose
 * statistics moved since; exact sizes come for a slice of them at a time. */
#ifndef DBVITALS_COLLECTORS_PG_RELATIONS_H
#define DBVITALS_COLLECTORS_PG_RELATIONS_H

#include "collectors/pg/pg.h"

/* Columns of every such dataset, filled in relations: how exact the sizes are, and how old is what is not read at each poll. OF_CATALOG names what is
 * as old as the catalog. */
#define RELATIONS_DATED(of_catalog)                                                                          \
    {"size_exact", KIND_GAUGE, TYPE_REAL, UNIT_BOOL,                                                         \
     .help = "the size was measured; if not it is an estimate of the last VACUUM or ANALYZE"},               \
    {"sized_at", KIND_GAUGE, TYPE_REAL, UNIT_TIME, .help = "when the size was measured; none for an estimate"}, \
    {"catalog_at", KIND_GAUGE, TYPE_REAL, UNIT_TIME,                                                         \
     .help = "when what stands in the catalog was read: " of_catalog "; each two minutes"}

/* The start of a SELECT: l has the relations that somebody holds, or waits for, in ACCESS EXCLUSIVE mode. To look at one of them is to wait. */
#define RELATIONS_LOCKED                                                                                     \
    "with l as materialized (select relation from pg_locks where locktype = 'relation' and mode = 'AccessExclusiveLock'" \
    " and database = (select oid from pg_database where datname = current_database()))"

/* A column whose source reads r ("r.x" at its start, or "(r.x" within) belongs to `live`, the others to
 * `catalog`. */
struct relations_kind {
    const struct dataset *dataset;
    const char *id; /* name of the KEY column with the relation's oid; the catalog is in its order */
    const struct pg_from *catalog; /* after the select list, before WHERE */
    const char *is_one;            /* condition over pg_class c: it will be in the catalog */
    /* After "select r.id, r.mark, LIST": $1 oids, $2 the marks that we hold; gives r with the relations whose
     * mark is another. */
    const struct pg_from *live;
    /* A whole SELECT: $1 oids; gives id, cost_ms and the columns of `sized`, without relations that someone
     * holds or awaits in ACCESS EXCLUSIVE mode: to look at those would be to wait. */
    const char *sizes;
    /* The same, with id and definition: NULL if there is none. Asked once for each relation. */
    const char *definitions;
    const char *const *sized; /* names of the columns with sizes, NULL-ended; from the catalog they are
                                 estimates; column size_exact tells */
    /* Fills columns without a source that follow from the catalog alone, after it was read; may be NULL. */
    void (*compare)(struct sample *s);
    /* Fills the others without a source in N rows whose catalog or statistics changed: ROWS (-1 is none), or the first ones if NULL. */
    void (*complete)(struct sample *s, const int *rows, int n);
    /* Fills what moves with the clock, in all rows, at each poll; may be NULL. */
    void (*age)(struct sample *s);
};

struct relations_state {
    struct relations **databases;
    int n;
};
void relations_reset(void *state);
/* The collector's start(), with state of struct relations_state. */
void relations_start(struct pg_poll *p, const struct relations_kind *k);

#endif
