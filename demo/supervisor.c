/* The demo's own process: becomes an ordinary user, makes a server in a temporary folder, keeps it and its workload while its standard
 * input is open, and takes everything away. Linux only: the kernel ends the server even if this process is killed. */
#include "demo/demo.h"

#include <errno.h>
#include <ftw.h>
#include <grp.h>
#include <poll.h>
#include <pwd.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/resource.h>
#include <sys/signalfd.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

#include "core/err.h"
#include "demo/parts.h"

static const double start_timeout_s = 30;
enum { LONGEST_FOLDER = 64 }; /* a socket's path has 107 bytes in all */

struct supervisor {
    char folder[LONGEST_FOLDER + 32]; /* "": not made yet */
    char programs[1024];
    int signals; /* signalfd */
    pid_t server; /* 0: not running */
    struct neighbours neighbours;
    bool statements; /* pg_stat_statements is loaded */
    bool over;       /* nobody looks any more */
};

static void report(const char *word, const char *text)
{
    printf("%s %s\n", word, text);
    fflush(stdout);
}

static void report_progress(const char *text)
{
    report("progress", text);
}

/* Sleeps until a child ends, our parent ends or tells us to, or the time is over. False when it is time to go. */
static bool rest(struct supervisor *s, int timeout_ms)
{
    struct pollfd p[] = {{.fd = STDIN_FILENO, .events = POLLIN}, {.fd = s->signals, .events = POLLIN}};
    if (poll(p, 2, timeout_ms) > 0) {
        struct signalfd_siginfo what;
        char byte;
        if (p[1].revents != 0 && read(s->signals, &what, sizeof(what)) == sizeof(what) && what.ssi_signo != SIGCHLD)
            s->over = true;
        if (p[0].revents != 0 && read(STDIN_FILENO, &byte, 1) <= 0)
            s->over = true;
    }
    return !s->over;
}

static bool signals_take(struct supervisor *s, struct err *err)
{
    sigset_t set;
    sigemptyset(&set);
    sigaddset(&set, SIGTERM);
    sigaddset(&set, SIGINT);
    sigaddset(&set, SIGHUP);
    sigaddset(&set, SIGCHLD);
    sigaddset(&set, SIGPIPE); /* our parent does not read its reports any more */
    sigprocmask(SIG_BLOCK, &set, NULL);
    sigdelset(&set, SIGPIPE);
    s->signals = signalfd(-1, &set, SFD_CLOEXEC);
    return s->signals >= 0 || fail(err, "cannot wait for signals: %s", strerror(errno));
}

/* PostgreSQL refuses root, rightly. */
static bool user_become_ordinary(struct err *err)
{
    static const char *const users[] = {"postgres", "nobody"};
    if (geteuid() != 0)
        return true;
    const struct passwd *user = NULL;
    for (int i = 0; i < 2 && user == NULL; i++)
        user = getpwnam(users[i]);
    if (user == NULL)
        return fail(err, "PostgreSQL does not run as root, and there is no user postgres or nobody to run it: start the demo as an ordinary user");
    gid_t group = user->pw_gid;
    if (setgroups(1, &group) != 0 || setgid(group) != 0 || setuid(user->pw_uid) != 0)
        return fail(err, "PostgreSQL does not run as root, and becoming %s failed: %s", user->pw_name, strerror(errno));
    return true;
}

/* Only ours: mkdtemp makes it 0700, and whoever may connect is postgres without a password. */
static bool folder_make(struct supervisor *s, struct err *err)
{
    const char *const places[] = {getenv("TMPDIR"), "/tmp", "/var/tmp"};
    for (int i = 0; i < 3; i++) {
        if (places[i] == NULL || places[i][0] != '/' || strlen(places[i]) > LONGEST_FOLDER)
            continue;
        snprintf(s->folder, sizeof(s->folder), "%s/dbvitals-XXXXXX", places[i]);
        if (mkdtemp(s->folder) != NULL)
            return chdir(s->folder) == 0 || fail(err, "cannot enter %s: %s", s->folder, strerror(errno));
    }
    s->folder[0] = '\0';
    return fail(err, "cannot make a folder for the demo in TMPDIR, /tmp or /var/tmp: %s", strerror(errno));
}

/* What this process was started with may steer a server or libpq elsewhere (PGDATA, PGOPTIONS, PGSERVICE, LANG). */
static void environment_clear(void)
{
    char path[4096];
    snprintf(path, sizeof(path), "%s", getenv("PATH") == NULL ? "/usr/bin:/bin" : getenv("PATH"));
    clearenv();
    setenv("PATH", path, 1);
    setenv("LC_ALL", "C", 1);
}

static pid_t launch(const struct supervisor *s, const char *program, char *const argv[])
{
    char path[sizeof(s->programs) + 32];
    snprintf(path, sizeof(path), "%s/%s", s->programs, program);
    return child_start(path, argv, SIGQUIT);
}

static bool cluster_make(struct supervisor *s, struct err *err)
{
    // clang-format off
    char *const argv[] = {(char[]){"initdb"}, (char[]){"-D"}, (char[]){"data"}, (char[]){"-U"}, (char[]){"postgres"},
        (char[]){"--auth=trust"}, (char[]){"--encoding=UTF8"}, (char[]){"--locale=C"}, (char[]){"--no-sync"}, NULL};
    // clang-format on
    report_progress("making a private PostgreSQL server");
    pid_t pid = launch(s, "initdb", argv);
    int status = 0;
    while (pid > 0 && waitpid(pid, &status, WNOHANG) == 0)
        if (!rest(s, 1000)) {
            kill(pid, SIGTERM);
            waitpid(pid, NULL, 0);
            return fail(err, "the demo was ended");
        }
    if (pid > 0 && status == 0)
        return true;
    char why[512];
    child_log_line(why, sizeof(why));
    return fail(err, "%s/initdb failed: %s", s->programs, why);
}

/* Written here and not given as arguments, so that ps stays readable. */
static bool settings_write(const struct supervisor *s, struct err *err)
{
    FILE *f = fopen("data/postgresql.auto.conf", "w");
    if (f == NULL)
        return fail(err, "cannot write the demo server's settings: %s", strerror(errno));
    fprintf(f, "listen_addresses = ''\nunix_socket_directories = '%s'\nunix_socket_permissions = 0700\nport = 5432\n", s->folder);
    if (s->statements)
        fputs("shared_preload_libraries = 'pg_stat_statements'\n", f);
    /* Small, so that caches miss; without durability, for it is thrown away; without helpers that take more than one core. */
    fputs("cluster_name = 'dbvitals demo'\nmax_connections = 60\nshared_buffers = 16MB\nhuge_pages = off\nfsync = off\n"
          "full_page_writes = off\nsynchronous_commit = off\nwal_level = minimal\nmax_wal_senders = 0\nmax_wal_size = 64MB\n"
          "min_wal_size = 32MB\ntrack_io_timing = on\njit = off\nmax_parallel_workers_per_gather = 0\n"
          "max_parallel_maintenance_workers = 0\nautovacuum_naptime = 20s\nlog_min_messages = fatal\nlog_min_error_statement = panic\n",
          f);
    return fclose(f) == 0 || fail(err, "cannot write the demo server's settings: %s", strerror(errno));
}

static bool server_is_ready(void)
{
    FILE *f = fopen("data/postmaster.pid", "r");
    char line[256] = "";
    int n = 0;
    while (f != NULL && n < 8 && fgets(line, sizeof(line), f) != NULL)
        n++;
    if (f != NULL)
        fclose(f);
    return n == 8 && strncmp(line, "ready", 5) == 0; /* PM_STATUS_READY in line LOCK_FILE_LINE_PM_STATUS of its miscadmin.h */
}

static bool server_try(struct supervisor *s, struct err *err)
{
    char *const argv[] = {(char[]){"postgres"}, (char[]){"-D"}, (char[]){"data"}, NULL};
    struct timespec start, now;
    if (!settings_write(s, err))
        return false;
    clock_gettime(CLOCK_MONOTONIC, &start);
    s->server = launch(s, "postgres", argv);
    while (s->server > 0 && waitpid(s->server, NULL, WNOHANG) == 0) {
        clock_gettime(CLOCK_MONOTONIC, &now);
        if (server_is_ready())
            return true;
        if (!rest(s, 20))
            return fail(err, "the demo was ended");
        if ((double)(now.tv_sec - start.tv_sec) > start_timeout_s)
            return fail(err, "the demo's server did not get ready in %g s", start_timeout_s);
    }
    s->server = 0;
    char why[512];
    child_log_line(why, sizeof(why));
    return fail(err, "%s/postgres failed: %s", s->programs, why);
}

/* pg_stat_statements comes in another package here and there; without it the demo shows less. */
static bool server_start(struct supervisor *s, struct err *err)
{
    report_progress("starting it");
    s->statements = true;
    if (server_try(s, err))
        return true;
    if (s->server != 0 || s->over)
        return false;
    s->statements = false;
    return server_try(s, err);
}

static int file_remove(const char *path, const struct stat *st, int type, struct FTW *at)
{
    (void)st;
    (void)type;
    (void)at;
    remove(path);
    return 0;
}

/* A backend that ends a moment after its server may still leave a file: again, until the folder is gone. */
static void folder_remove(const struct supervisor *s)
{
    if (s->folder[0] == '\0' || chdir("/") != 0)
        return;
    for (int i = 0; i < 20 && access(s->folder, F_OK) == 0; i++) {
        nftw(s->folder, file_remove, 32, FTW_DEPTH | FTW_PHYS);
        if (access(s->folder, F_OK) == 0)
            nanosleep(&(struct timespec){.tv_nsec = 50 * 1000 * 1000}, NULL);
    }
}

static void report_target(const char *url)
{
    report("target", url);
}

/* Where no PostgreSQL is: an SQLite file. */
static bool lite_open(struct supervisor *s, const char *why, bool stack, struct err *err)
{
    char path[sizeof(s->folder) + 32], url[sizeof(path) + 16];
    if (stack)
        return fail(err, "%s", why);
    report_progress("no PostgreSQL server is here, so this is a smaller demo, on an SQLite file; for the whole one: apt install postgresql");
    if (!folder_make(s, err))
        return false;
    environment_clear();
    snprintf(path, sizeof(path), "%s/shop.db", s->folder);
    if (!lite_start(path, report_progress, err))
        return false;
    snprintf(url, sizeof(url), "sqlite:%s", path);
    report_target(url);
    return true;
}

/* PgBouncer, Redis and an application around the server; what is not installed is left out, and said. */
static bool stack_open(struct supervisor *s, struct err *err)
{
    char url[sizeof(s->folder) + 128];
    int port = 0;
    report_progress("starting what stands around it");
    neighbours_start(&s->neighbours, s->folder, report_progress);
    if (!application_start(s->folder, &s->neighbours, &port, err))
        return false;
    if (s->neighbours.pgbouncer > 0) {
        snprintf(url, sizeof(url), "pgbouncer://postgres@/pgbouncer?host=%s&port=6432", s->folder);
        report_target(url);
    }
    snprintf(url, sizeof(url), "http://127.0.0.1:%d/shop-app", port);
    report_target(url);
    snprintf(url, sizeof(url), "http://127.0.0.1:%d/metrics", port);
    report_target(url);
    if (s->neighbours.redis > 0) {
        snprintf(url, sizeof(url), "redis://:%s@127.0.0.1:%d", s->neighbours.redis_password, s->neighbours.redis_port);
        report_target(url);
    }
    return true;
}

/* Everything up to a server with a full shop. */
static bool demo_open(struct supervisor *s, bool stack, struct err *err)
{
    struct err none = {0};
    char conninfo[sizeof(s->folder) + 64];
    if (!signals_take(s, err) || !user_become_ordinary(err))
        return false;
    if (!server_find(s->programs, sizeof(s->programs), &none))
        return lite_open(s, none.text, stack, err);
    if (!folder_make(s, err))
        return false;
    environment_clear();
    if (!cluster_make(s, err) || !server_start(s, err) || !shop_fill(s->folder, s->statements, report_progress, err))
        return false;
    /* Somebody waited for the filling; from here on whoever looks at it comes first. New backends and threads inherit it. */
    setpriority(PRIO_PROCESS, (id_t)s->server, 5);
    setpriority(PRIO_PROCESS, 0, 5);
    snprintf(conninfo, sizeof(conninfo), "host=%s port=5432 dbname=shop user=postgres", s->folder);
    report_target(conninfo);
    return workload_start(s->folder, err) && (!stack || stack_open(s, err));
}

int demo_supervise(bool stack)
{
    struct supervisor s = {.signals = -1};
    struct err err = {0};
    bool good = demo_open(&s, stack, &err);
    if (good) {
        report("ready", "it is there");
        while (rest(&s, -1) && (s.server == 0 || waitpid(s.server, NULL, WNOHANG) == 0))
            ;
    } else if (!s.over) {
        report("failed", err.text);
    }
    neighbours_stop(&s.neighbours);
    child_stop(s.server, SIGQUIT); /* the immediate shutdown */
    folder_remove(&s);
    _exit(good ? 0 : 1); /* the workload's threads still run: no destructor may take their memory away */
}
