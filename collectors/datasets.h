/* Datasets that several products fill: one role, one table of columns. A product has what it has of them; a
 * column that it cannot fill has no value. */
#ifndef DBVITALS_COLLECTORS_DATASETS_H
#define DBVITALS_COLLECTORS_DATASETS_H

#include "core/column.h"

extern const struct dataset dataset_pools;    /* connection pools of any kind */
extern const struct dataset dataset_settings; /* the server's settings */
extern const struct dataset dataset_access;   /* what we may see and do there */

#endif
