/* The demo as the program sees it: it starts the supervisor, reads what that reports, and hangs up at the end. */
#include "demo/demo.h"

#include <errno.h>
#include <fcntl.h>
#include <poll.h>
#include <signal.h>
#include <spawn.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/wait.h>
#include <unistd.h>

#include "core/err.h"
#include "core/mem.h"

static const int stop_timeout_ms = 3000;

struct demo {
    struct loop *loop;
    struct loop_fd *watch;    /* on report; NULL once that ended */
    struct loop_timer *later; /* tells a failure of the start, after the start */
    pid_t supervisor;         /* 0: none */
    int control;              /* our end of its standard input: closing it ends the demo; -1: none */
    int report;               /* its standard output; -1: none */
    char line[1200];
    size_t len;
    struct err failure;
    char *targets[MOST_DEMO_TARGETS]; /* reported so far */
    int n_targets;
    bool stack;
    bool told; /* ready was called */
    demo_ready_fn *ready;
    void *ctx;
    demo_progress_fn *progress;
    void *progress_ctx;
};

/* ERROR NULL: the targets are there. */
static void tell(struct demo *d, const char *error)
{
    if (d->told)
        return;
    d->told = true;
    d->ready(d->ctx, (const char *const *)d->targets, error == NULL ? d->n_targets : 0, error);
}

/* A report is a word and a text: `progress starting it`, `target host=...`, `ready it is there`, `failed no server was found`. */
static void report_line(struct demo *d, const char *line)
{
    const char *space = strchr(line, ' ');
    if (space == NULL)
        return;
    size_t len = (size_t)(space - line);
    const char *text = space + 1;
    if (len == 5 && strncmp(line, "ready", len) == 0)
        tell(d, NULL);
    else if (len == 6 && strncmp(line, "failed", len) == 0)
        tell(d, text);
    else if (len == 6 && strncmp(line, "target", len) == 0 && d->n_targets < MOST_DEMO_TARGETS)
        d->targets[d->n_targets++] = mem_dup(text);
    else if (len == 8 && strncmp(line, "progress", len) == 0 && d->progress != NULL)
        d->progress(d->progress_ctx, text);
}

static void report_readable(void *ctx, bool readable, bool writable)
{
    struct demo *d = ctx;
    (void)readable;
    (void)writable;
    ssize_t n = read(d->report, d->line + d->len, sizeof(d->line) - 1 - d->len);
    if (n < 0 && (errno == EAGAIN || errno == EINTR))
        return;
    if (n <= 0) {
        loop_fd_free(d->watch);
        d->watch = NULL;
        tell(d, "the demo's supervisor ended before its server was there");
        return;
    }
    d->len += (size_t)n;
    d->line[d->len] = '\0';
    char *start = d->line;
    for (char *end; (end = strchr(start, '\n')) != NULL; start = end + 1) {
        *end = '\0';
        report_line(d, start);
    }
    d->len = strlen(start);
    memmove(d->line, start, d->len + 1);
    if (d->len == sizeof(d->line) - 1)
        d->len = 0; /* no report is that long */
}

/* A process of its own program, not a fork that goes on: other threads may run here and hold locks. It leads a session of its own, so
 * that Ctrl-C and the terminal's end do not reach it. */
static bool spawn_supervisor(struct demo *d, int control, int report, struct err *err)
{
    posix_spawn_file_actions_t files;
    posix_spawnattr_t how;
    sigset_t none, all;
    char name[] = "dbvitals", word[] = "demo-supervisor", second[] = "stack";
    char *const argv[] = {name, word, d->stack ? second : NULL, NULL};
    sigemptyset(&none);
    sigfillset(&all);
    posix_spawn_file_actions_init(&files);
    posix_spawnattr_init(&how);
    posix_spawn_file_actions_adddup2(&files, control, STDIN_FILENO);
    posix_spawn_file_actions_adddup2(&files, report, STDOUT_FILENO);
    posix_spawn_file_actions_addopen(&files, STDERR_FILENO, "/dev/null", O_WRONLY, 0);
    posix_spawnattr_setsigmask(&how, &none);
    posix_spawnattr_setsigdefault(&how, &all);
    posix_spawnattr_setflags(&how, POSIX_SPAWN_SETSID | POSIX_SPAWN_SETSIGMASK | POSIX_SPAWN_SETSIGDEF);
    int status = posix_spawn(&d->supervisor, "/proc/self/exe", &files, &how, argv, environ);
    posix_spawnattr_destroy(&how);
    posix_spawn_file_actions_destroy(&files);
    if (status == 0)
        return true;
    d->supervisor = 0;
    return fail(err, "cannot start the demo's supervisor: %s", strerror(status));
}

static bool start(struct demo *d, struct err *err)
{
    int control[2], report[2];
    if (pipe2(control, O_CLOEXEC) != 0)
        return fail(err, "cannot make a pipe for the demo: %s", strerror(errno));
    if (pipe2(report, O_CLOEXEC) != 0) {
        fail(err, "cannot make a pipe for the demo: %s", strerror(errno));
        close(control[0]);
        close(control[1]);
        return false;
    }
    d->control = control[1];
    d->report = report[0];
    bool good = spawn_supervisor(d, control[0], report[1], err);
    close(control[0]);
    close(report[1]);
    return good;
}

static void tell_failure(void *ctx)
{
    struct demo *d = ctx;
    tell(d, d->failure.text);
}

struct demo *demo_start(struct loop *loop, bool stack, demo_ready_fn *ready, void *ctx)
{
    struct demo *d = mem_new(sizeof(*d));
    *d = (struct demo){.loop = loop, .stack = stack, .control = -1, .report = -1, .ready = ready, .ctx = ctx};
    if (start(d, &d->failure)) {
        fcntl(d->report, F_SETFL, O_NONBLOCK);
        d->watch = loop_fd_new(loop, d->report, report_readable, d);
        loop_fd_want(d->watch, true, false);
    } else {
        d->later = loop_timer_new(loop, tell_failure, d);
        loop_timer_start(d->later, 0, 0);
    }
    return d;
}

void demo_watch(struct demo *d, demo_progress_fn *fn, void *ctx)
{
    d->progress = fn;
    d->progress_ctx = ctx;
}

/* The supervisor holds the other end of report until its last act is done. */
static void wait_for_supervisor(struct demo *d)
{
    double end = loop_mono_s() + stop_timeout_ms / 1000.0;
    char rest[256];
    int left_ms = stop_timeout_ms;
    while (left_ms > 0) {
        struct pollfd p = {.fd = d->report, .events = POLLIN};
        if (poll(&p, 1, left_ms) > 0 && read(d->report, rest, sizeof(rest)) == 0) {
            waitpid(d->supervisor, NULL, 0);
            return;
        }
        left_ms = (int)((end - loop_mono_s()) * 1000);
    }
}

void demo_stop(struct demo *d)
{
    if (d == NULL)
        return;
    loop_fd_free(d->watch);
    loop_timer_free(d->later);
    if (d->control >= 0)
        close(d->control);
    if (d->supervisor > 0)
        wait_for_supervisor(d);
    if (d->report >= 0)
        close(d->report);
    for (int i = 0; i < d->n_targets; i++)
        free(d->targets[i]);
    free(d);
}
