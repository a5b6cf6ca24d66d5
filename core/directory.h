/* The directory that outlives the program. */
#ifndef DBVITALS_CORE_DIRECTORY_H
#define DBVITALS_CORE_DIRECTORY_H

#include <stdbool.h>

#include "core/err.h"

/* Makes PATH, and what it stands in, where it is not there: 0700. */
bool directory_make(const char *path, struct err *err);
/* "PATH/NAME", heap. */
char *directory_path(const char *path, const char *name);
/* Renames the database file PATH and what SQLite keeps beside it to PATH.MARK-NOW; gives the new name, heap.
 */
char *directory_put_aside(const char *path, const char *mark);

#endif
