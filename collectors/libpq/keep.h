/* When a target's connection is made, and made again, for ever: its password, the wait between attempts, and
 * what is told meanwhile. The connection itself is the owner's. */
#ifndef DBVITALS_COLLECTORS_LIBPQ_KEEP_H
#define DBVITALS_COLLECTORS_LIBPQ_KEEP_H

#include "collectors/libpq/conn.h"
#include "core/command.h"

/* Each is called as the last thing of a turn, so the owner may go within it. */
struct keep_host {
    void *ctx;
    /* Opens the connection, if there is none: keep_options says how. */
    void (*open)(void *ctx);
    void (*tell)(void *ctx, enum source_state state, const char *error);
};

/* In its owner's memory; the owner reads. */
struct keep {
    struct loop *loop;
    const struct target_config *config;
    const struct conn_info *info;
    struct keep_host host;
    bool up;          /* as the owner said by keep_up */
    double up_mono_s; /* since when, or when it was */
    int first_host;   /* the entry of the host list to begin with */
    /* Private: */
    char *password;
    double password_mono_s;
    struct command *asking; /* a password_command that is running */
    double backoff_s;
    bool told_down; /* since it was up last, or since the start */
    struct loop_timer *retry;
    struct loop_timer *patience; /* until a first attempt that hangs is told */
    bool started, stopped;
    bool was_up,
        lasted; /* the connection that is down now: it was up; for long enough to be made again at once */
};

/* The first attempt is made in the next turn. CONFIG and INFO must live as long as K. */
void keep_init(struct keep *k, struct loop *loop, const struct target_config *config,
               const struct conn_info *info, struct keep_host host);
void keep_stop(struct keep *k); /* nothing is called any more */
void keep_done(struct keep *k);
/* The password in force, NULL if none is known beside what INFO says. */
const char *keep_password(const struct keep *k);
/* How a connection of the target is to be opened. */
struct conn_options keep_options(const struct keep *k);
/* What every connection of ours has where the user's URL does not say otherwise: no GSSAPI, keepalives. */
void keep_add_standards(struct conn_info *info);
/* The connection is good. */
void keep_up(struct keep *k);
/* It is not any more, and what follows from that is done now; keep_lost comes next. */
void keep_down(struct keep *k);
/* It is not, for TROUBLE, and the owner has closed it: HOST is the entry of the host list that it was at. The
 * next attempt follows; of TEXT the host is told, unless it is NULL. */
void keep_lost(struct keep *k, enum conn_trouble trouble, int host, const char *text);
/* An attempt in DELAY_S; nobody is told. */
void keep_again(struct keep *k, double delay_s);

/* S, a quarter more or less. */
double keep_jitter(double s);
#define KEEP_BACKOFF_S 0.5
#define KEEP_BACKOFF_MAX_S 30.0

#endif
