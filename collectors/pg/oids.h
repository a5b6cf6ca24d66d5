/* Thousands of numbers that go to the server at each poll. */
#ifndef DBVITALS_COLLECTORS_PG_OIDS_H
#define DBVITALS_COLLECTORS_PG_OIDS_H

#include <stdint.h>

/* "{1,2,3}", as the server reads an array; heap, the caller frees. */
char *oids_array(const int64_t *values, int n);

#endif
