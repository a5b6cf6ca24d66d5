/* The way back: how the terminal is put right from anywhere, a crash included. */
#include "tui/restore.h"

#include <assert.h>
#include <errno.h>
#include <fcntl.h>
#include <poll.h>
#include <signal.h>
#include <stdbool.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "core/mem.h"

enum { PATIENCE_MS = 300, ALTERNATE_STACK = 64 * 1024 };

/* Crashes, and ends that nobody has planned: dbvitals plans for SIGTERM and SIGHUP, but perhaps not yet. */
static const int fatal[] = {SIGSEGV, SIGABRT, SIGBUS, SIGFPE, SIGILL, SIGTERM, SIGHUP, SIGINT, SIGQUIT};
enum { N_FATAL = sizeof(fatal) / sizeof(fatal[0]), N_CRASHES = 5 };

/* At file scope for want of another place: a signal handler is given nothing to find it by. */
static struct {
    volatile sig_atomic_t armed;
    int fd, flags;
    struct termios saved;
    char bytes[MOST_RESTORE_BYTES];
    size_t len;
    struct sigaction before[N_FATAL];
    bool handled[N_FATAL];
    void *stack;
    bool at_exit;
} way_back;

static void write_all(int fd, const char *bytes, size_t len)
{
    while (len > 0) {
        ssize_t n = write(fd, bytes, len);
        struct pollfd wait = {.fd = fd, .events = POLLOUT};
        if (n > 0) {
            bytes += n;
            len -= (size_t)n;
        } else if (n == 0 || (errno != EINTR && (errno != EAGAIN || poll(&wait, 1, PATIENCE_MS) <= 0))) {
            return;
        }
    }
}

void restore_now(void)
{
    if (!way_back.armed)
        return;
    int kept = errno;
    /* From the background this would stop us, by SIGTTOU, when all we want is to end. */
    sigset_t ttou, before;
    sigemptyset(&ttou);
    sigaddset(&ttou, SIGTTOU);
    sigprocmask(SIG_BLOCK, &ttou, &before);
    write_all(way_back.fd, way_back.bytes, way_back.len);
    tcflush(way_back.fd, TCIFLUSH);                   /* half a mouse report is no command for the shell */
    tcsetattr(way_back.fd, TCSANOW, &way_back.saved); /* never TCSADRAIN: nobody may be reading */
    if (way_back.flags != -1)
        fcntl(way_back.fd, F_SETFL, way_back.flags);
    sigprocmask(SIG_SETMASK, &before, NULL);
    errno = kept;
}

static void give_back(int i)
{
    sigaction(fatal[i], &way_back.before[i], NULL);
    way_back.handled[i] = false;
}

static void crashed(int signal)
{
    restore_now();
    way_back.armed = false;
    for (int i = 0; i < N_FATAL; i++)
        if (fatal[i] == signal)
            give_back(i);
    raise(signal); /* taken when this handler returns; then it ends us as it would have, with a core */
}

static void handle_fatal_signals(void)
{
    struct sigaction action = {.sa_handler = crashed, .sa_flags = SA_ONSTACK};
    sigemptyset(&action.sa_mask);
    for (int i = 0; i < N_FATAL; i++) {
        struct sigaction before;
        sigaction(fatal[i], NULL, &before);
        bool crash = i < N_CRASHES;
        bool is_default = !(before.sa_flags & SA_SIGINFO) && before.sa_handler == SIG_DFL;
        if (!crash && !is_default)
            continue;
        way_back.before[i] = before;
        way_back.handled[i] = sigaction(fatal[i], &action, NULL) == 0;
    }
}

/* A stack that overflowed has no room for the handler. A sanitizer has set one up already. */
static void have_alternate_stack(void)
{
    stack_t now;
    if (sigaltstack(NULL, &now) != 0 || !(now.ss_flags & SS_DISABLE))
        return;
    way_back.stack = mem_new(ALTERNATE_STACK);
    stack_t stack = {.ss_sp = way_back.stack, .ss_size = ALTERNATE_STACK};
    sigaltstack(&stack, NULL);
}

static void drop_alternate_stack(void)
{
    if (way_back.stack == NULL)
        return;
    stack_t none = {.ss_flags = SS_DISABLE};
    sigaltstack(&none, NULL);
    free(way_back.stack);
    way_back.stack = NULL;
}

void restore_arm(int fd, const struct termios *saved, int flags, const char *bytes, size_t len)
{
    assert(!way_back.armed && len <= MOST_RESTORE_BYTES);
    way_back.fd = fd;
    way_back.flags = flags;
    way_back.saved = *saved;
    way_back.len = len;
    memcpy(way_back.bytes, bytes, len);
    way_back.armed = true;
    have_alternate_stack();
    handle_fatal_signals();
    mem_on_exhausted(restore_now);
    if (!way_back.at_exit)
        way_back.at_exit = atexit(restore_now) == 0;
}

void restore_disarm(void)
{
    if (!way_back.armed)
        return;
    mem_on_exhausted(NULL);
    for (int i = 0; i < N_FATAL; i++) {
        struct sigaction now;
        sigaction(fatal[i], NULL, &now);
        if (way_back.handled[i] && now.sa_handler == crashed) /* else the loop has taken it over meanwhile */
            give_back(i);
    }
    drop_alternate_stack();
    way_back.armed = false;
}
