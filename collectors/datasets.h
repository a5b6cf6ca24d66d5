/* Datasets that several products fill: one role, one table of columns. A product has what it has of them; a
 * column that it cannot fill has no value. */
#ifndef DBVITALS_COLLECTORS_DATASETS_H
#define DBVITALS_COLLECTORS_DATASETS_H

#include "core/column.h"

/* Of `latency`: LATENCY_BUCKETS counters from "bucket_1" on and as many bounds from "upto_1" on, see FORMULA_BUCKET50; "bounds_id" is a
 * number below 1e9 made of the bounds: with other bounds a series is not comparable. */
enum { LATENCY_BUCKETS = MOST_BUCKETS };

extern const struct dataset dataset_pools;    /* connection pools of any kind */
extern const struct dataset dataset_caches;   /* caches of any kind */
extern const struct dataset dataset_settings; /* the server's settings */
extern const struct dataset dataset_access;   /* what we may see and do there */
extern const struct dataset dataset_latency;  /* histograms that an application keeps */
extern const struct dataset dataset_errors;   /* errors by kind */
/* Most of their columns are PostgreSQL's: they stand beside its queries, in collectors/pg/. */
extern const struct dataset dataset_databases;
extern const struct dataset dataset_tables;
extern const struct dataset dataset_indexes;
extern const struct dataset dataset_migrations;

#endif
