/* HTTP: health, numbers, /metrics, SELECTs, acks; on a unix socket and on loopback. On the one loop, by
 * libmicrohttpd's epoll descriptor. Answers come from memory, or later from the query thread; nothing here
 * waits. */
#ifndef DBVITALS_SERVE_SERVE_H
#define DBVITALS_SERVE_SERVE_H

#include "alerts/alerts.h"
#include "core/config.h"
#include "core/query.h"
#include "cures/rounds.h"
#include "engine/engine.h"

struct serve;

/* Borrowed; ALERTS may be NULL (a dashboard with --listen), ADVISOR too: nothing is found here, ROUNDS too: nothing
 * is done from here, and READ_ONLY tells why. */
struct serve_parts {
    struct loop *loop;
    struct engine *engine;
    struct query_thread *queries;
    struct alerts *alerts;
    struct advisor *advisor;
    struct rounds *rounds; /* CONFIG must outlive what they run */
    bool read_only;        /* --read-only was given */
    const struct registry *registry;
    const struct config *config; /* section [http] */
    const char *socket;          /* path of the unix socket, NULL: none */
    const char *listen;          /* "127.0.0.1:9630", NULL: none; beyond loopback only with a token */
};
struct serve *serve_new(const struct serve_parts *parts, struct err *err);
/* [http] of CONFIG is good; ERR is "FILE:LINE: sentence". What only the system knows (a port that is taken) is told
 * by serve_new. */
bool serve_check(const struct config *config, struct err *err);
void serve_free(struct serve *s);
/* Another config with the same section [http], before the one before goes: who is connected stays so. */
void serve_set_config(struct serve *s, const struct config *config);
/* The port it listens on (of 0 one was chosen), 0: none. */
int serve_port(const struct serve *s);
/* What can be asked, for help: number I from 0. False: there are no more. */
struct serve_route {
    const char *method, *path, *who, *help;
};
bool serve_route(int i, struct serve_route *out);
/* Datasets that somebody who is attached has asked for in the last seconds, for the engine's demand. Returns
 * how many; OUT holds at most MOST. */
int serve_demand(const struct serve *s, const char **out, int most);

#endif
