/* What marks a query as ours. */
#ifndef DBVITALS_COLLECTORS_LIBPQ_TAG_H
#define DBVITALS_COLLECTORS_LIBPQ_TAG_H

/* Stands behind the first word of every query of ours, so that who reads pg_stat_statements or a log can tell them. */
#define PG_TAG "/* dbvitals */"

#endif
