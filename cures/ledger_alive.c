/* Whose jobs still run: open file description locks (fcntl(2), F_OFD_SETLK), which are another's even between
 * two opened files of one program. */
#include "cures/ledger_alive.h"

#include <errno.h>
#include <fcntl.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "core/directory.h"
#include "core/mem.h"

struct ledger_alive {
    char *path;
    int fd; /* what is held is held through it; -1: nothing was held yet */
};

struct ledger_alive *ledger_alive_new(const char *directory)
{
    struct ledger_alive *a = mem_new(sizeof(*a));
    *a = (struct ledger_alive){.path = directory_path(directory, "cures.running"), .fd = -1};
    return a;
}

void ledger_alive_free(struct ledger_alive *a)
{
    if (a == NULL)
        return;
    if (a->fd >= 0)
        close(a->fd);
    free(a->path);
    free(a);
}

static struct flock byte_of(int64_t uid, short type)
{
    return (struct flock){.l_type = type, .l_whence = SEEK_SET, .l_start = uid, .l_len = 1};
}

bool ledger_alive_hold(struct ledger_alive *a, int64_t uid, struct err *err)
{
    if (a->fd < 0)
        a->fd = open(a->path, O_RDWR | O_CREAT | O_CLOEXEC | O_NOFOLLOW, 0600);
    if (a->fd < 0)
        return fail(err, "cannot open %s: %s", a->path, strerror(errno));
    struct flock lock = byte_of(uid, F_WRLCK);
    fcntl(a->fd, F_OFD_SETLK, &lock); /* a file system that has none cannot be asked later either */
    return true;
}

void ledger_alive_release(struct ledger_alive *a, int64_t uid)
{
    struct flock lock = byte_of(uid, F_UNLCK);
    if (a->fd >= 0)
        fcntl(a->fd, F_OFD_SETLK, &lock);
}

bool ledger_alive_is(const struct ledger_alive *a, int64_t uid)
{
    struct flock lock = byte_of(uid, F_WRLCK);
    int fd = open(a->path, O_RDWR | O_CLOEXEC | O_NOFOLLOW);
    if (fd < 0)
        return errno != ENOENT;
    bool alive = fcntl(fd, F_OFD_GETLK, &lock) != 0 || lock.l_type != F_UNLCK;
    close(fd);
    return alive;
}
