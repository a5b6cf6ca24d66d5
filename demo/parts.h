/* The parts of the demo's own process: finding a server, filling it, and the workload. */
#ifndef DBVITALS_DEMO_PARTS_H
#define DBVITALS_DEMO_PARTS_H

#include <stdbool.h>
#include <stddef.h>

#include "core/err.h"

/* The folder with `postgres` and `initdb` of the newest server on this machine, one in the PATH first. */
bool server_find(char *folder, size_t size, struct err *err);

/* Makes roles, a database and its tables in the server whose socket is in folder HOST; STATEMENTS: pg_stat_statements is loaded. Each step
 * is told to PROGRESS before it begins. */
bool shop_fill(const char *host, bool statements, void (*progress)(const char *text), struct err *err);

/* Starts the threads that use the shop for as long as this process lives. */
bool workload_start(const char *host, struct err *err);

#endif
