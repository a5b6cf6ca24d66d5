/* The user's own query for jobs: jobs = SELECT ... of the target's section. */
#ifndef DBVITALS_COLLECTORS_PG_JOBS_H
#define DBVITALS_COLLECTORS_PG_JOBS_H

#include "collectors/pg/pg.h"

/* NULL: none. */
const char *pg_jobs_query(const struct pg_poll *p);
/* Why ROWS of it are no jobs; NULL if they are. */
const char *pg_jobs_why_unfit(const struct pg_rows *rows);

#endif
