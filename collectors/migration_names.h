/* Names of migrations: from files, and from what a database keeps. */
#ifndef DBVITALS_COLLECTORS_MIGRATION_NAMES_H
#define DBVITALS_COLLECTORS_MIGRATION_NAMES_H

#include <stdbool.h>

#include "collectors/migration_files.h"

enum { MOST_NAMES = 20000, MOST_DOWNS = 4 };

/* In the order of strcmp once they come from ids_of_*. */
struct ids {
    char **items;
    int n;
};
void ids_add(struct ids *n, const char *name);
bool ids_have(const struct ids *n, const char *name);
void ids_done(struct ids *n);
/* OUT is what PATHS are called, those that are migrations; and the lines of LINES (NULL: none), as the same
 * names. */
void ids_of_files(struct ids *out, const struct ids *paths, enum migration_naming naming);
void ids_of_lines(struct ids *out, const char *lines, enum migration_naming naming);

/* Files of Alembic. */
struct revision {
    char id[64], downs[MOST_DOWNS][64];
    int n_downs;
    bool applied;
};
struct revisions {
    struct revision *items;
    int n;
};
struct revisions *revisions_read(const struct ids *paths);
void revisions_free(struct revisions *r);

#endif
