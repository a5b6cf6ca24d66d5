/* A plain connection that blocks, for what runs outside the loop: the demo's workload. Nothing that draws may use it. */
#ifndef DBVITALS_COLLECTORS_LIBPQ_CONN_PLAIN_H
#define DBVITALS_COLLECTORS_LIBPQ_CONN_PLAIN_H

#include <stdbool.h>

#include "core/err.h"

struct conn_plain;

struct conn_plain *conn_plain_open(const char *conninfo, struct err *err);
void conn_plain_close(struct conn_plain *c);
/* Runs SQL and throws its rows away. PARAM is $1, in text form; without it (NULL) SQL may hold several statements. */
bool conn_plain_run(struct conn_plain *c, const char *sql, const char *param, struct err *err);
/* False after the connection was lost: close it. A statement that failed leaves it alive. */
bool conn_plain_alive(const struct conn_plain *c);

#endif
