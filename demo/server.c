/* Where PostgreSQL's server programs are: the PATH, and the folders that packagers use. */
#include "demo/parts.h"

#include <glob.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

/* Folders that are not in the PATH by the packagers' own decision; the newest version of each is tried first. */
static const char *const places[] = {
    "/usr/lib/postgresql/*/bin",                            /* Debian, Ubuntu */
    "/usr/pgsql-*/bin",                                     /* Fedora and others, from postgresql.org */
    "/usr/lib/postgresql*/bin",                             /* Alpine, SUSE */
    "/opt/homebrew/opt/postgresql@*/bin",                   /* Homebrew */
    "/usr/local/opt/postgresql@*/bin",                      /* Homebrew */
    "/home/linuxbrew/.linuxbrew/opt/postgresql@*/bin",      /* Homebrew */
    "/usr/local/pgsql/bin",                                 /* built from source */
};
enum { N_PLACES = sizeof(places) / sizeof(places[0]) };

/* Both programs, and both ours to run: after becoming an ordinary user, a folder in somebody's home may be closed. */
static bool has_server(const char *folder, int len)
{
    static const char *const programs[] = {"initdb", "postgres"};
    for (int i = 0; i < 2; i++) {
        char path[4096];
        int n = snprintf(path, sizeof(path), "%.*s/%s", len, folder, programs[i]);
        if (n >= (int)sizeof(path) || access(path, X_OK) != 0)
            return false;
    }
    return true;
}

static bool find_in_path(char *folder, size_t size)
{
    const char *path = getenv("PATH");
    while (path != NULL && *path != '\0') {
        int len = (int)strcspn(path, ":");
        if (len > 0 && (size_t)len < size && has_server(path, len)) {
            snprintf(folder, size, "%.*s", len, path);
            return true;
        }
        path += len + (path[len] == ':');
    }
    return false;
}

static int compare_newest_first(const void *a, const void *b)
{
    return strverscmp(*(const char *const *)b, *(const char *const *)a);
}

static bool find_in_places(char *folder, size_t size)
{
    bool found = false;
    for (int i = 0; i < N_PLACES && !found; i++) {
        glob_t g = {0};
        if (glob(places[i], GLOB_NOSORT, NULL, &g) == 0)
            qsort(g.gl_pathv, g.gl_pathc, sizeof(g.gl_pathv[0]), compare_newest_first);
        for (size_t j = 0; j < g.gl_pathc && !found; j++) {
            found = strlen(g.gl_pathv[j]) < size && has_server(g.gl_pathv[j], (int)strlen(g.gl_pathv[j]));
            if (found)
                snprintf(folder, size, "%s", g.gl_pathv[j]);
        }
        globfree(&g);
    }
    return found;
}

bool server_find(char *folder, size_t size, struct err *err)
{
    if (find_in_path(folder, size) || find_in_places(folder, size))
        return true;
    return fail(err, "the demo needs a PostgreSQL server's programs (initdb and postgres), and there are none in the PATH, in "
                     "/usr/lib/postgresql/*/bin or where Fedora and Homebrew put them. Install them (apt install postgresql, dnf install "
                     "postgresql-server, brew install postgresql@17), or watch a server that you have: dbvitals postgresql://user@host/database");
}
