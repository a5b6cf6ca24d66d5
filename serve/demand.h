/* Which datasets those who ask over HTTP need: each for some seconds after it was asked for. */
#ifndef DBVITALS_SERVE_DEMAND_H
#define DBVITALS_SERVE_DEMAND_H

#include "core/column.h"

struct demand;
struct demand *demand_new(const struct registry *r);
void demand_free(struct demand *d);
void demand_add(struct demand *d, const struct dataset *dataset, double until_s);
/* Every dataset that SQL names. More than it reads may be: a column of that name counts too. */
void demand_add_sql(struct demand *d, const char *sql, double until_s);
/* Those of R that SQL reads, as far as its words tell: not what stands in its strings and comments, after a
 * dot or after AS. OUT holds as many as R has. Returns how many. */
int demand_uses(const struct registry *r, const char *sql, const struct dataset **out);
/* Names of those that are needed at NOW_S; OUT holds MOST. Returns how many. */
int demand_list(const struct demand *d, double now_s, const char **out, int most);

#endif
