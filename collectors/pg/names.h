/* Names of databases and roles by oid. Joined by the server to thousands of rows they would cost a tenth of
 * the query. */
#ifndef DBVITALS_COLLECTORS_PG_NAMES_H
#define DBVITALS_COLLECTORS_PG_NAMES_H

#include "collectors/pg/pg.h"

struct name {
    int64_t oid;
    const char *text; /* bytes of the server's */
};

/* All zero is none. */
struct names {
    struct arena *arena;
    struct name *names; /* databases, then roles, each in the order of their oids */
    int n_databases, n;
};

/* The SELECT whose rows names_take wants. */
extern const char names_sql[];
void names_take(struct names *n, const struct pg_rows *rows);
void names_done(struct names *n);
/* NULL if it is not known. Valid until names_take or names_done. */
const char *names_database(const struct names *n, int64_t oid);
const char *names_role(const struct names *n, int64_t oid);

#endif
