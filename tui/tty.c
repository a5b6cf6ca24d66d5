/* The terminal's line: raw, never waited for, with a queue for what it does not take yet. */
#include "tui/tty.h"

#include <errno.h>
#include <fcntl.h>
#include <poll.h>
#include <stdlib.h>
#include <string.h>
#include <sys/ioctl.h>
#include <unistd.h>

#include "core/mem.h"

enum { STANDARD_ROWS = 24, STANDARD_COLUMNS = 80, MOST_SIDE = 1000 };

static int open_own(void)
{
    const int how = O_RDWR | O_NOCTTY | O_NONBLOCK | O_CLOEXEC;
    const char *name = ttyname(STDOUT_FILENO);
    int fd = name == NULL ? -1 : open(name, how);
    if (fd < 0)
        fd = open("/dev/tty", how); /* after su, the device belongs to somebody else */
    return fd;
}

bool tty_init(struct tty *t, struct err *err)
{
    *t = (struct tty){.fd = -1, .flags = -1};
    if (!isatty(STDOUT_FILENO))
        return fail(err, "cannot draw: standard output is not a terminal");
    t->fd = open_own();
    if (t->fd <
        0) { /* su without a terminal of its own: what is left is the description the shell uses too */
        t->fd = fcntl(STDOUT_FILENO, F_DUPFD_CLOEXEC, 3);
        t->flags = t->fd < 0 ? -1 : fcntl(t->fd, F_GETFL);
        if (t->flags != -1)
            fcntl(t->fd, F_SETFL, t->flags | O_NONBLOCK);
    }
    if (t->fd < 0 || tcgetattr(t->fd, &t->saved) != 0) {
        fail(err, "cannot open the terminal of standard output: %s", strerror(errno));
        tty_done(t);
        return false;
    }
    return true;
}

void tty_done(struct tty *t)
{
    if (t->fd >= 0) {
        if (t->flags != -1)
            fcntl(t->fd, F_SETFL, t->flags);
        close(t->fd);
    }
    free(t->queue);
    *t = (struct tty){.fd = -1, .flags = -1};
}

void tty_raw(struct tty *t)
{
    struct termios raw = t->saved;
    cfmakeraw(&raw);    /* without ONLCR too: ncurses moves down by a bare line feed */
    raw.c_cc[VMIN] = 1; /* so that reading nothing is EAGAIN, and 0 a hangup */
    raw.c_cc[VTIME] = 0;
    tcsetattr(t->fd, TCSANOW, &raw);
    if (t->flags != -1)
        fcntl(t->fd, F_SETFL, t->flags | O_NONBLOCK);
}

static int side(int n, int standard)
{
    return n < 1 ? standard : n > MOST_SIDE ? MOST_SIDE : n;
}

void tty_size(const struct tty *t, int *rows, int *columns)
{
    struct winsize size = {0};
    if (ioctl(t->fd, TIOCGWINSZ, &size) != 0)
        size = (struct winsize){0};
    *rows = side(size.ws_row, STANDARD_ROWS); /* a serial line does not know its size */
    *columns = side(size.ws_col, STANDARD_COLUMNS);
}

void tty_send(struct tty *t, const char *bytes, size_t len)
{
    if (t->gone || len == 0)
        return;
    if (t->len + len > t->capacity) {
        t->capacity = (t->len + len) * 2;
        t->queue = mem_grow(t->queue, t->capacity, 1);
    }
    memcpy(t->queue + t->len, bytes, len);
    t->len += len;
}

void tty_flush(struct tty *t)
{
    while (t->sent < t->len) {
        ssize_t n = write(t->fd, t->queue + t->sent, t->len - t->sent);
        if (n < 0 && errno == EINTR)
            continue;
        if (n < 0 && errno != EAGAIN)
            t->gone = true;
        if (n <= 0)
            break;
        t->sent += (size_t)n;
        t->written += (size_t)n;
    }
    if (t->sent == t->len || t->gone)
        tty_drop(t);
}

void tty_drop(struct tty *t)
{
    t->sent = t->len = 0;
}

bool tty_queue_empty(const struct tty *t)
{
    return t->len == 0;
}

bool tty_idle(const struct tty *t)
{
    int unsent = 0;
    struct pollfd writable = {.fd = t->fd, .events = POLLOUT};
    return t->len == 0 && !t->gone && (ioctl(t->fd, TIOCOUTQ, &unsent) != 0 || unsent == 0) &&
           poll(&writable, 1, 0) == 1;
}
