/* Programs that the demo runs beside itself: they end with it, however it ends. */
#include "demo/parts.h"

#include <errno.h>
#include <fcntl.h>
#include <poll.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/prctl.h>
#include <sys/wait.h>
#include <unistd.h>

bool program_find(const char *name, char *path, size_t size)
{
    static const char *const further = ":/usr/sbin:/usr/local/sbin:/sbin:/opt/homebrew/bin"; /* servers are often not in an ordinary user's PATH */
    const char *given = getenv("PATH");
    char places[4096];
    snprintf(places, sizeof(places), "%s%s", given == NULL ? "/usr/bin:/bin" : given, further);
    for (const char *p = places; *p != '\0';) {
        int len = (int)strcspn(p, ":");
        int n = snprintf(path, size, "%.*s/%s", len, p, name);
        if (len > 0 && n > 0 && (size_t)n < size && access(path, X_OK) == 0)
            return true;
        p += len + (p[len] == ':');
    }
    return false;
}

pid_t child_start(const char *path, char *const argv[], int signal)
{
    pid_t parent = getpid();
    pid_t pid = fork();
    if (pid != 0)
        return pid;
    sigset_t none;
    sigemptyset(&none);
    sigprocmask(SIG_SETMASK, &none, NULL);
    prctl(PR_SET_PDEATHSIG, signal);
    int log = open("log", O_WRONLY | O_CREAT | O_APPEND, 0600), null = open("/dev/null", O_RDONLY);
    if (getppid() != parent || log < 0 || null < 0)
        _exit(126);
    dup2(null, STDIN_FILENO);
    dup2(log, STDOUT_FILENO);
    dup2(log, STDERR_FILENO);
    execv(path, argv);
    _exit(127);
}

void child_log_line(char *out, size_t size)
{
    char line[512] = "it said nothing";
    FILE *log = fopen("log", "r");
    for (char next[512]; log != NULL && fgets(next, sizeof(next), log) != NULL;)
        if (next[0] != '\n')
            memcpy(line, next, sizeof(line));
    if (log != NULL)
        fclose(log);
    snprintf(out, size, "%.*s", (int)strcspn(line, "\n"), line);
}

void child_stop(pid_t pid, int signal)
{
    if (pid <= 0)
        return;
    kill(pid, signal);
    for (int i = 0; i < 500; i++) {
        if (waitpid(pid, NULL, WNOHANG) != 0)
            return;
        poll(NULL, 0, 10);
    }
    kill(pid, SIGKILL);
    waitpid(pid, NULL, 0);
}
