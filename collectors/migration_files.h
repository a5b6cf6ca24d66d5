/* What a directory of migrations says beside what a database has: pending, and unknown there. For the pool:
 * it reads the disk. */
#ifndef DBVITALS_COLLECTORS_MIGRATION_FILES_H
#define DBVITALS_COLLECTORS_MIGRATION_FILES_H

#include <stddef.h>

/* How a tool makes the name that it stores from the path of a file. */
enum migration_naming {
    NAMED_NOWHERE,   /* not from files */
    NAMED_BY_NUMBER, /* 20260801_users.rb, 3_users.up.sql: the number */
    NAMED_BY_STEM,   /* 20260801_users.php: without the ending */
    NAMED_BY_FILE,   /* 20260801_users.js: with it */
    NAMED_BY_FOLDER, /* 20260801_users/migration.sql: the folder */
    NAMED_BY_FLYWAY, /* V1_2__users.sql: 1.2 */
    NAMED_BY_DJANGO, /* shop/migrations/0001_initial.py: shop.0001_initial */
    NAMED_BY_ALEMBIC /* revision = '...' in the file, down_revision = '...' is the one before it */
};

/* One tool's table against the directory. */
struct migration_question {
    enum migration_naming naming;
    char *applied;   /* names that the database has, a line each; owned */
    int only_newest; /* the database keeps the last one alone: all before it are applied */
    double pending;  /* of the directory, not applied; NAN: why says the reason */
    double unknown;  /* applied and not in the directory; what is older than its oldest file does not count:
                        such files are thrown away */
    char next[100];  /* the first pending one, "" if none */
    char why[200];
};

struct migration_files {
    char *directory; /* owned */
    int n_questions;
    struct migration_question *questions; /* owned */
};
/* Reads the directory and answers all questions. */
void migration_files_answer(struct migration_files *m);
void migration_files_free(struct migration_files *m); /* NULL does nothing */

#endif
