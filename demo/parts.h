/* The parts of the demo's own process: finding programs, running and filling a server, its neighbours, and who uses them all. */
#ifndef DBVITALS_DEMO_PARTS_H
#define DBVITALS_DEMO_PARTS_H

#include <stdbool.h>
#include <stddef.h>
#include <sys/types.h>

#include "core/err.h"

typedef void demo_tell_fn(const char *text);

/* The folder with `postgres` and `initdb` of the newest server on this machine, one in the PATH first. */
bool server_find(char *folder, size_t size, struct err *err);
/* The path of NAME: in the PATH, or where packages put servers. */
bool program_find(const char *name, char *path, size_t size);

/* A program in the background, its output in the file `log` of the folder that we are in. It gets SIGNAL when we end, however we end. */
pid_t child_start(const char *path, char *const argv[], int signal);
/* What it said last before it ended. */
void child_log_line(char *out, size_t size);
/* Ends it by SIGNAL, after 5 s by force; returns when it is gone. 0 is fine. */
void child_stop(pid_t pid, int signal);

/* Makes roles, a database and its tables in the server whose socket is in folder HOST; STATEMENTS: pg_stat_statements is loaded. Each step
 * is told to PROGRESS before it begins. */
bool shop_fill(const char *host, bool statements, demo_tell_fn *progress, struct err *err);

/* Starts the threads that use the shop for as long as this process lives. */
bool workload_start(const char *host, struct err *err);

/* PgBouncer and Redis beside the server: those that are installed. */
struct neighbours {
    pid_t pgbouncer, redis;  /* 0: not here */
    int redis_port;
    char redis_password[33]; /* anybody on this machine may reach a port */
};
/* Starts them for the server in folder HOST, which we are in; PROGRESS is told of each that is missing, and what to do. */
void neighbours_start(struct neighbours *n, const char *host, demo_tell_fn *progress);
void neighbours_stop(struct neighbours *n);

/* Starts the threads of an application with a connection pool before the shop, through PgBouncer where that is, with a cache in Redis where
 * that is, and answers HTTP on loopback at *PORT: /shop-app (its pool and cache as JSON), /metrics (Prometheus text). */
bool application_start(const char *host, const struct neighbours *n, int *port, struct err *err);

/* A connection to Redis, for the application's one question; -1 when it cannot be had. */
int cache_open(int port, const char *password);
/* 1: it has KEY; 0: it had not, and has it now for TTL_S seconds; -1: the connection is of no use any more. */
int cache_ask(int fd, const char *key, int ttl_s);

/* Where no PostgreSQL is: an SQLite file in the folder that we are in, at PATH, and threads that write and read it. */
bool lite_start(const char *path, demo_tell_fn *progress, struct err *err);

#endif
