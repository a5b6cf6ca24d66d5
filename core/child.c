/* Another program beside the loop: spawned, read until it closes its outputs, reaped. */
#include "core/child.h"

#include <errno.h>
#include <fcntl.h>
#include <signal.h>
#include <spawn.h>
#include <stdlib.h>
#include <string.h>
#include <sys/wait.h>
#include <unistd.h>

#include "core/mem.h"
#include "core/text.h"

extern char **environ;

static const double REAP_S = 0.02;
enum { MOST_WORDS = 16 };

struct child {
    struct loop *loop;
    pid_t pid; /* 0: it could not be started */
    int out;   /* -1: it has closed its outputs */
    struct loop_fd *fd;
    struct loop_timer *limit, *reap;
    bool late;
    child_fn *fn;
    void *ctx;
    size_t len;
    char output[CHILD_OUTPUT + 1];
};

static void done(struct child *c, int exit_code)
{
    struct child *gone = c;
    c->output[c->len] = '\0';
    c->fn(c->ctx, c->pid == 0 ? NULL : c->output, c->len, exit_code, c->late);
    gone->pid = 0;
    child_free(gone);
}

/* It has closed its outputs, so its end is near; waiting for it would block the loop. */
static void reap(void *ctx)
{
    struct child *c = ctx;
    int status = 0;
    pid_t ended = c->pid == 0 ? -1 : waitpid(c->pid, &status, WNOHANG);
    if (ended == 0) {
        loop_timer_start(c->reap, REAP_S, 0);
        return;
    }
    done(c, ended > 0 && WIFEXITED(status) ? WEXITSTATUS(status) : -1);
}

static void on_readable(void *ctx, bool readable, bool writable)
{
    (void)readable, (void)writable;
    struct child *c = ctx;
    char chunk[4096];
    ssize_t n = read(c->out, chunk, sizeof(chunk));
    if (n < 0 && (errno == EAGAIN || errno == EINTR))
        return;
    if (n > 0) {
        size_t room = CHILD_OUTPUT - c->len, fits = (size_t)n < room ? (size_t)n : room;
        memcpy(c->output + c->len, chunk, fits);
        c->len += fits;
        return;
    }
    loop_fd_free(c->fd);
    c->fd = NULL;
    close(c->out);
    c->out = -1;
    loop_timer_start(c->reap, 0, 0);
}

static void on_limit(void *ctx)
{
    struct child *c = ctx;
    c->late = true;
    if (c->pid > 0)
        kill(-c->pid, SIGKILL);
}

/* The lowest priority from its first instruction on: "nice" runs it. */
static bool spawn(struct child *c, const char *const *argv, int out)
{
    char *words[MOST_WORDS + 6];
    static const char *const before[] = {"nice", "-n", "19", "env", "LC_ALL=C"};
    int n = 0;
    for (size_t i = 0; i < sizeof(before) / sizeof(before[0]); i++)
        words[n++] = mem_dup(before[i]);
    for (int i = 0; i < MOST_WORDS && argv[i] != NULL; i++)
        words[n++] = mem_dup(argv[i]);
    words[n] = NULL;
    posix_spawn_file_actions_t files;
    posix_spawnattr_t attributes;
    posix_spawn_file_actions_init(&files);
    posix_spawnattr_init(&attributes);
    posix_spawn_file_actions_addopen(&files, 0, "/dev/null", O_RDONLY, 0);
    posix_spawn_file_actions_adddup2(&files, out, 1);
    posix_spawn_file_actions_adddup2(&files, out, 2);
    sigset_t none, standard;
    sigemptyset(&none);
    sigemptyset(&standard);
    sigaddset(&standard, SIGPIPE); /* which we ignore, and a pipeline lives on */
    posix_spawnattr_setsigmask(&attributes, &none);
    posix_spawnattr_setsigdefault(&attributes, &standard);
    posix_spawnattr_setflags(&attributes,
                             POSIX_SPAWN_SETPGROUP | POSIX_SPAWN_SETSIGMASK | POSIX_SPAWN_SETSIGDEF);
    int failed = posix_spawnp(&c->pid, words[0], &files, &attributes, words, environ);
    posix_spawnattr_destroy(&attributes);
    posix_spawn_file_actions_destroy(&files);
    while (n > 0)
        free(words[--n]);
    if (failed != 0)
        c->pid = 0;
    return failed == 0;
}

struct child *child_run(struct loop *loop, const char *const *argv, double limit_s, child_fn *fn, void *ctx)
{
    struct child *c = mem_new(sizeof(*c));
    int ends[2];
    c->loop = loop;
    c->out = -1;
    c->fn = fn;
    c->ctx = ctx;
    c->limit = loop_timer_new(loop, on_limit, c);
    c->reap = loop_timer_new(loop, reap, c);
    if (pipe2(ends, O_CLOEXEC) == 0) {
        bool started = spawn(c, argv, ends[1]);
        close(ends[1]);
        c->out = started ? ends[0] : -1;
        if (!started)
            close(ends[0]);
    }
    c->fd = c->out < 0 ? NULL : loop_fd_new(loop, c->out, on_readable, c);
    if (c->fd == NULL) {
        loop_timer_start(c->reap, 0, 0);
        return c;
    }
    loop_fd_want(c->fd, true, false);
    loop_timer_start(c->limit, limit_s, 0);
    return c;
}

void child_free(struct child *c)
{
    if (c == NULL)
        return;
    if (c->pid > 0) { /* who does not die at once is left to whoever reaps after us */
        kill(-c->pid, SIGKILL);
        waitpid(c->pid, NULL, WNOHANG);
    }
    loop_fd_free(c->fd);
    if (c->out >= 0)
        close(c->out);
    loop_timer_free(c->limit);
    loop_timer_free(c->reap);
    free(c);
}
