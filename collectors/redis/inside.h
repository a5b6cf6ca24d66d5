/* What the machinery's files share; dataset files include redis.h only. */
#ifndef DBVITALS_COLLECTORS_REDIS_INSIDE_H
#define DBVITALS_COLLECTORS_REDIS_INSIDE_H

#include "collectors/redis/redis.h"
#include "core/command.h"
#include "core/text.h"

#define REDIS_TIMEOUT_S 3.0

/* ---- url.c ---- */
bool redis_serves(const char *url);
/* PLACE is to be given up by redis_place_done; untouched on failure. No password in ERR. */
bool redis_place_read(struct redis_place *out, const char *url, struct err *err);
void redis_place_done(struct redis_place *p);
void redis_place_text(const struct redis_place *p, struct text *out); /* user@host:port/db */

/* What INFO said when the connection was made, and what is known since. */
struct redis_facts {
    char product[20], version[40], role[20], run_id[64];
    double started_s;
    double clients; /* connected_clients of the newest INFO */
    double commands, resets; /* commands run, of the newest INFO that told; how often that went down: CONFIG RESETSTAT */
    bool seen[REDIS_MOST_DATABASES];
};

struct redis_source {
    struct loop *loop;
    struct target_config config; /* with strings of its own */
    struct source_host host;
    struct redis_place place;
    /* ---- link.c: the connection, made again for ever ---- */
    struct redis_conn *conn; /* NULL: none */
    bool up;                 /* logged in, and INFO was read */
    double up_mono_s;
    char *password; /* of password_command */
    double password_mono_s;
    struct command *asking;
    struct loop_timer *retry;
    double backoff_s;
    bool told_down;
    /* ---- */
    struct redis_facts facts;
    uint64_t epoch;
    double rtt_ms;
    struct redis_batch *batches; /* all that are not freed */
    struct loop_timer *turn;     /* the next turn of the loop */
    bool polling;                /* inside poll(): answers wait for the next turn */
    bool closed;
    int depth;
};

/* Answers are given between the two; after `leave` gave false S is gone. */
void redis_enter(struct redis_source *s);
bool redis_leave(struct redis_source *s);
void redis_tell(struct redis_source *s, enum source_state state, const char *error);
/* What INFO says of the server itself; a restart is seen here, and that its counters were reset. */
void redis_know(struct redis_source *s, const struct info *info);

void redis_link_start(struct redis_source *s);
void redis_link_stop(struct redis_source *s);
void redis_link_done(struct redis_source *s);
/* The password in force; NULL: that of the URL. */
const char *redis_link_password(const struct redis_source *s);

/* ---- poll.c ---- */
void redis_poll_start(struct redis_source *s, const struct dataset *const *due, int n);
void redis_polls_deliver(struct redis_source *s); /* those that are answered */
void redis_polls_forget(struct redis_source *s);

/* ---- act.c ---- */
struct act *redis_act(struct source *s, const struct act_order *order, struct act_host host, struct err *err);
void redis_act_cancel(struct act *a);
void redis_act_forget(struct act *a);

#endif
