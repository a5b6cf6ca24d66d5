/* A secret that a command prints, such as `pass show shop`. */
#include "core/command.h"

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

#include "core/mem.h"

extern char **environ;

struct command {
    char *line;
    const char *option;
    double timeout_s;
    command_fn *fn; /* NULL: forgotten */
    void *ctx;
    char secret[1024];
    char error[200];
};

/* sh -c COMMAND in a process group of its own, its output in *OUT; nothing of it reaches the terminal. 0 on
 * failure. */
static pid_t start(const char *command, int *out)
{
    int ends[2];
    if (pipe2(ends, O_CLOEXEC) != 0)
        return 0;
    posix_spawn_file_actions_t files;
    posix_spawnattr_t attributes;
    posix_spawn_file_actions_init(&files);
    posix_spawn_file_actions_addopen(&files, 0, "/dev/null", O_RDONLY, 0);
    posix_spawn_file_actions_adddup2(&files, ends[1], 1);
    posix_spawn_file_actions_addopen(&files, 2, "/dev/null", O_WRONLY, 0);
    posix_spawnattr_init(&attributes);
    sigset_t none;
    sigemptyset(&none);
    posix_spawnattr_setsigmask(&attributes, &none);
    posix_spawnattr_setflags(&attributes, POSIX_SPAWN_SETPGROUP | POSIX_SPAWN_SETSIGMASK);
    char *copy = mem_dup(command), sh[] = "sh", c[] = "-c";
    char *argv[] = {sh, c, copy, NULL};
    pid_t pid;
    int failed = posix_spawn(&pid, "/bin/sh", &files, &attributes, argv, environ);
    free(copy);
    posix_spawnattr_destroy(&attributes);
    posix_spawn_file_actions_destroy(&files);
    close(ends[1]);
    if (failed != 0)
        close(ends[0]);
    *out = ends[0];
    return failed != 0 ? 0 : pid;
}

/* Reads until the end or the deadline; what does not fit is dropped. False on the deadline. */
static bool read_output(int fd, double until, char *buffer, size_t size)
{
    size_t len = 0;
    for (;;) {
        double left = until - loop_mono_s();
        struct pollfd p = {.fd = fd, .events = POLLIN};
        if (left <= 0 || poll(&p, 1, (int)(left * 1000) + 1) == 0)
            return false;
        char chunk[512];
        ssize_t n = read(fd, chunk, sizeof(chunk));
        if (n < 0 && errno == EINTR)
            continue;
        if (n <= 0)
            break;
        size_t fits = (size_t)n < size - 1 - len ? (size_t)n : size - 1 - len;
        memcpy(buffer + len, chunk, fits);
        len += fits;
    }
    buffer[len] = '\0';
    return true;
}

/* In the pool. */
static void work(void *ctx)
{
    struct command *s = ctx;
    int fd, status = 0;
    pid_t pid = start(s->line, &fd);
    if (pid == 0) {
        snprintf(s->error, sizeof(s->error), "%s could not be started: %s", s->option, strerror(errno));
        return;
    }
    bool ended = read_output(fd, loop_mono_s() + s->timeout_s, s->secret, sizeof(s->secret));
    close(fd);
    if (!ended)
        kill(-pid, SIGKILL);
    while (waitpid(pid, &status, 0) < 0 && errno == EINTR)
        continue;
    s->secret[strcspn(s->secret, "\r\n")] = '\0';
    if (!ended)
        snprintf(s->error, sizeof(s->error), "%s did not end within %.3g s", s->option, s->timeout_s);
    else if (!WIFEXITED(status) || WEXITSTATUS(status) != 0)
        snprintf(s->error, sizeof(s->error), "%s failed with exit code %d", s->option,
                 WIFEXITED(status) ? WEXITSTATUS(status) : 128 + WTERMSIG(status));
    else if (s->secret[0] == '\0')
        snprintf(s->error, sizeof(s->error), "%s printed nothing", s->option);
}

static void done(void *ctx)
{
    struct command *s = ctx;
    bool ok = s->error[0] == '\0';
    if (s->fn != NULL)
        s->fn(s->ctx, ok ? s->secret : NULL, ok ? NULL : s->error);
    explicit_bzero(s->secret, sizeof(s->secret));
    free(s->line);
    free(s);
}

struct command *command_run(struct loop *loop, const char *line, const char *option, double timeout_s,
                            command_fn *fn, void *ctx)
{
    struct command *s = mem_new(sizeof(*s));
    *s = (struct command){
        .line = mem_dup(line), .option = option, .timeout_s = timeout_s, .fn = fn, .ctx = ctx};
    loop_work(loop, work, done, s);
    return s;
}

void command_forget(struct command *s)
{
    if (s != NULL)
        s->fn = NULL;
}
