/* Who has locks on a database file: the kernel's table tells, and nobody is disturbed by being looked at.
 * Bytes are those of SQLite's os.h (rollback mode, in the file itself) and of
 * https://www.sqlite.org/walformat.html (WAL mode, in the -shm file). */
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/sysmacros.h>
#include <unistd.h>

#include "collectors/sqlite/file.h"

enum { RESERVED_BYTE = 0x40000001, WAL_WRITE_BYTE = 120, MOST_LINES = 20000, MOST_PIDS = 256 };

struct row {
    long pid;
    bool write;
    unsigned long long dev, ino, first, last;
};

/* "17: POSIX  ADVISORY  WRITE 4711 fd:01:1234 120 120"; one that waits has "->" behind its number. */
static bool parse(char *line, struct row *out)
{
    char *at = strchr(line, ':'), *end;
    if (at == NULL || strstr(at, "->") != NULL || strstr(at, "ADVISORY") == NULL)
        return false;
    at = strstr(at, "ADVISORY") + strlen("ADVISORY");
    at += strspn(at, " ");
    out->write = strncmp(at, "WRITE", 5) == 0;
    at += strcspn(at, " ");
    out->pid = strtol(at, &end, 10);
    unsigned long long major = strtoull(end, &end, 16), minor = *end == ':' ? strtoull(end + 1, &end, 16) : 0;
    out->dev = makedev(major, minor);
    out->ino = *end == ':' ? strtoull(end + 1, &end, 10) : 0;
    out->first = strtoull(end, &end, 10);
    out->last = strstr(end, "EOF") != NULL ? ~0ULL : strtoull(end, &end, 10);
    return out->ino != 0;
}

static bool holds(const struct row *r, unsigned long long byte)
{
    return r->write && r->first <= byte && byte <= r->last;
}

struct pids {
    long list[MOST_PIDS];
    int n;
};

static void add_pid(struct pids *p, long pid)
{
    for (int i = 0; i < p->n; i++)
        if (p->list[i] == pid)
            return;
    if (p->n < MOST_PIDS)
        p->list[p->n++] = pid;
}

void lite_locks_read(const struct lite_file *f, bool wal, struct lite_locks *out)
{
    char line[300];
    struct pids pids = {.n = 0};
    FILE *file = fopen("/proc/locks", "re");
    *out = (struct lite_locks){.known = false};
    for (int i = 0; file != NULL && i < MOST_LINES && fgets(line, sizeof(line), file) != NULL; i++) {
        struct row r;
        if (!parse(line, &r))
            continue;
        bool on_file = r.ino == f->ino && r.dev == f->dev,
             on_shm = f->has_shm && r.ino == f->shm_ino && r.dev == f->shm_dev;
        out->known = out->known || on_file;
        if (r.pid == getpid())
            continue;
        if (on_file || on_shm)
            add_pid(&pids, r.pid);
        out->writing = out->writing || (on_file && holds(&r, RESERVED_BYTE)) ||
                       (wal && on_shm && holds(&r, WAL_WRITE_BYTE));
    }
    if (file != NULL)
        fclose(file);
    out->processes = pids.n;
}
