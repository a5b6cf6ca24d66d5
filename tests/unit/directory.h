/* A directory of a test's own. */
#ifndef DBVITALS_TESTS_UNIT_DIRECTORY_H
#define DBVITALS_TESTS_UNIT_DIRECTORY_H

#include <dirent.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <unistd.h>

enum { DIRECTORY_PATH = 64 };

static inline bool directory_new(char path[DIRECTORY_PATH])
{
    snprintf(path, DIRECTORY_PATH, "/tmp/dbvitals-test-XXXXXX");
    return mkdtemp(path) != NULL;
}

/* With the files in it. */
static inline void directory_remove(const char *path)
{
    DIR *d = opendir(path);
    for (struct dirent *e; d != NULL && (e = readdir(d)) != NULL;)
        unlinkat(dirfd(d), e->d_name, 0);
    if (d != NULL)
        closedir(d);
    rmdir(path);
}

#endif
