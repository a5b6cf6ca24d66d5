/* Thousands of numbers that go to the server at each poll, and come back one by one. */
#ifndef DBVITALS_COLLECTORS_PG_OIDS_H
#define DBVITALS_COLLECTORS_PG_OIDS_H

#include <stdint.h>

/* "{1,2,3}", as the server reads an array; heap, the caller frees. */
char *oids_array(const int64_t *values, int n);
/* The place of ID in the ascending IDS, or -1. */
int oids_find(const int64_t *ids, int n, int64_t id);

#endif
