/* The directory of migrations: which stand there, and writing another pair. Nothing that is there is ever
 * written over; what is written stands there whole or not at all. */
#ifndef DBVITALS_CURES_MIGRATION_DIR_H
#define DBVITALS_CURES_MIGRATION_DIR_H

#include "cures/migration.h"

struct migration_dir;

/* Reads PATH, which must be there, and keeps others of us out of it until it is freed. */
struct migration_dir *migration_dir_open(const char *path, struct err *err);
void migration_dir_free(struct migration_dir *d);
/* The name without ".up.sql" of that entry's files; NULL: it has none. WHOLE: both are there. */
const char *migration_dir_find(const struct migration_dir *d, int64_t uid, bool *whole);
/* Writes the files of M, or what lacks of them, numbered after all that are there. The name without
 * ".up.sql", borrowed; NULL and err if one could not be written. */
const char *migration_dir_write(struct migration_dir *d, const struct migration *m, struct err *err);

#endif
