/* What stands around the demo's server: PgBouncer before it, Redis beside it, each where it is installed. */
#include "demo/parts.h"

#include <arpa/inet.h>
#include <netinet/in.h>
#include <poll.h>
#include <signal.h>
#include <stdio.h>
#include <string.h>
#include <sys/random.h>
#include <sys/socket.h>
#include <sys/wait.h>
#include <unistd.h>

#include "core/text.h"

enum { POOL = 5 }; /* fewer than the application has: what runs at once beyond it waits in PgBouncer */

static bool file_write(const char *name, const char *text)
{
    FILE *f = fopen(name, "w");
    bool good = f != NULL && fputs(text, f) >= 0;
    return (f == NULL || fclose(f) == 0) && good;
}

/* A port of loopback that nobody has at this moment; 0: none. */
static int port_find(void)
{
    struct sockaddr_in at = {.sin_family = AF_INET, .sin_addr.s_addr = htonl(INADDR_LOOPBACK)};
    socklen_t len = sizeof(at);
    int fd = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0), port = 0;
    if (fd >= 0 && bind(fd, (struct sockaddr *)&at, len) == 0 && getsockname(fd, (struct sockaddr *)&at, &len) == 0)
        port = ntohs(at.sin_port);
    if (fd >= 0)
        close(fd);
    return port;
}

static bool password_make(char *out, size_t size)
{
    unsigned char random[16];
    if (getrandom(random, sizeof(random), 0) != sizeof(random) || size < 2 * sizeof(random) + 1)
        return false;
    for (size_t i = 0; i < sizeof(random); i++)
        snprintf(out + 2 * i, size - 2 * i, "%02x", random[i]);
    return true;
}

static bool pgbouncer_start(struct neighbours *n, const char *program, const char *host)
{
    struct text ini;
    text_init(&ini, 4096);
    text_addf(&ini, "[databases]\nshop = host=%s port=5432 dbname=shop\n[pgbouncer]\nunix_socket_dir = %s\nlisten_port = 6432\n", host, host);
    text_addf(&ini, "auth_type = trust\nauth_file = %s/pgbouncer.users\nadmin_users = postgres\npool_mode = transaction\n", host);
    text_addf(&ini, "default_pool_size = %d\nmax_client_conn = 60\nstats_period = 1\nlog_connections = 0\nlog_disconnections = 0\n", POOL);
    char *const argv[] = {(char[]){"pgbouncer"}, (char[]){"-q"}, (char[]){"pgbouncer.ini"}, NULL};
    bool written = file_write("pgbouncer.ini", text_str(&ini)) && file_write("pgbouncer.users", "\"postgres\" \"\"\n\"shop_rw\" \"\"\n");
    text_done(&ini);
    if (!written)
        return false;
    n->pgbouncer = child_start(program, argv, SIGKILL);
    for (int i = 0; i < 250 && waitpid(n->pgbouncer, NULL, WNOHANG) == 0; i++) {
        if (access(".s.PGSQL.6432", F_OK) == 0)
            return true;
        poll(NULL, 0, 20);
    }
    child_stop(n->pgbouncer, SIGKILL);
    n->pgbouncer = 0;
    return false;
}

static bool redis_answers(int port, const char *password)
{
    int fd = cache_open(port, password);
    if (fd >= 0)
        close(fd);
    return fd >= 0;
}

/* Small, so that it throws entries out; without durability; with a password, since a Redis that obeys everybody writes files for everybody. */
static bool redis_start(struct neighbours *n, const char *program)
{
    struct text conf;
    if ((n->redis_port = port_find()) == 0 || !password_make(n->redis_password, sizeof(n->redis_password)))
        return false;
    text_init(&conf, 4096);
    text_addf(&conf, "bind 127.0.0.1\nport %d\nrequirepass %s\nmaxmemory 2mb\nmaxmemory-policy allkeys-lru\n", n->redis_port, n->redis_password);
    text_add(&conf, "save \"\"\nappendonly no\ndaemonize no\nlogfile \"\"\ndatabases 2\nloglevel warning\n");
    char *const argv[] = {(char[]){"redis-server"}, (char[]){"redis.conf"}, NULL};
    bool written = file_write("redis.conf", text_str(&conf));
    text_done(&conf);
    if (!written)
        return false;
    n->redis = child_start(program, argv, SIGKILL);
    for (int i = 0; i < 250 && waitpid(n->redis, NULL, WNOHANG) == 0; i++) {
        if (redis_answers(n->redis_port, n->redis_password))
            return true;
        poll(NULL, 0, 20);
    }
    child_stop(n->redis, SIGKILL);
    n->redis = 0;
    return false;
}

static void tell_failure(const char *name, demo_tell_fn *progress)
{
    char why[512], text[600];
    child_log_line(why, sizeof(why));
    snprintf(text, sizeof(text), "%s did not start, and is left out: %s", name, why);
    progress(text);
}

void neighbours_start(struct neighbours *n, const char *host, demo_tell_fn *progress)
{
    char path[4096];
    *n = (struct neighbours){0};
    if (!program_find("pgbouncer", path, sizeof(path)))
        progress("PgBouncer is not here, so the application asks PostgreSQL itself; to see it: apt install pgbouncer");
    else if (!pgbouncer_start(n, path, host))
        tell_failure("PgBouncer", progress);
    if (!program_find("redis-server", path, sizeof(path)) && !program_find("redis-check-rdb", path, sizeof(path))) /* the same program: what it is goes by argv[0] */
        progress("Redis is not here, so the application has no cache; to see it: apt install redis-server");
    else if (!redis_start(n, path))
        tell_failure("Redis", progress);
}

void neighbours_stop(struct neighbours *n)
{
    child_stop(n->pgbouncer, SIGKILL); /* neither keeps anything */
    child_stop(n->redis, SIGKILL);
    *n = (struct neighbours){0};
}
