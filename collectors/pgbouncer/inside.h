/* What the machinery's files share; dataset files include bouncer.h only. */
#ifndef DBVITALS_COLLECTORS_PGBOUNCER_INSIDE_H
#define DBVITALS_COLLECTORS_PGBOUNCER_INSIDE_H

#include "collectors/libpq/keep.h"
#include "collectors/pgbouncer/bouncer.h"

struct bouncer_source {
    struct loop *loop;
    struct target_config config; /* with strings of its own */
    struct source_host host;
    struct conn_info *info;
    struct keep keep; /* keep.up: it is a console, and its configuration was read */
    struct conn *conn;
    char version[40];
    double max_clients;
    uint64_t epoch; /* of this connection: a restart cannot be told from a lost one */
    double rtt_ms;
    struct bouncer_poll *polls; /* all that are not freed */
    struct loop_timer *turn;    /* the next turn of the loop */
    struct peaks *peaks;
    struct loop_timer *second; /* looks at the pools between polls */
    double pools_mono_s;       /* when they were last polled */
    const char *unknown[MOST_SHOWS]; /* what this version refused on this connection: each refusal is two lines of its log */
    int n_unknown;
    struct act *acts;          /* cures that have not ended */
    bool polling;              /* inside poll(): answers wait for the next turn */
    bool closed;
    int depth;
};

struct bouncer_poll {
    struct bouncer_poll *next;
    struct bouncer_source *source;
    const struct dataset *dataset;
    const struct bouncer_collector *collector; /* NULL: PgBouncer does not have the dataset */
    struct conn_rows *rows[MOST_SHOWS];
    int n_open;
    bool answered;
    enum failure why;
    char *text; /* why it failed; NULL if it did not */
    struct poll_cost cost;
    double start_s, end_s; /* of all commands, monotonic */
};

/* pgbouncer.c */
void bouncer_enter(struct bouncer_source *s);
bool bouncer_leave(struct bouncer_source *s); /* false if the source was closed meanwhile and is gone */
void bouncer_tell(struct bouncer_source *s, enum source_state state, const char *error);

/* url.c: pgbouncer://USER@HOST:6432 as libpq knows it. */
struct conn_info *bouncer_url_parse(const char *url, struct err *err);

/* console.c: the connection */
void console_start(struct bouncer_source *s);
void console_close(struct bouncer_source *s, const char *text);
void console_read_config(struct bouncer_source *s, const struct conn_rows *config);
/* Sets on INFO what every connection to a console has. */
void console_prepare(struct conn_info *info);
/* Is it a console that C is connected to? */
bool console_is(const struct conn *c);
/* What TEXT, which the console said, means and what to do about it. */
void console_sentence(const char *text, char *out, size_t size);
#define CONSOLE_TIMEOUT_S 3.0

/* act.c: as struct product says */
struct act *bouncer_act_start(struct source *source, const struct act_order *order, struct act_host host,
                              struct err *err);
void bouncer_act_cancel(struct act *a);
void bouncer_act_forget(struct act *a);
/* The target goes: those that run are told of, once. */
void bouncer_acts_close(struct bouncer_source *s);

/* poll.c */
void bouncer_poll_start(struct bouncer_source *s, const struct dataset *d);
void bouncer_polls_deliver(struct bouncer_source *s); /* those that were answered within poll() */
void bouncer_polls_forget(struct bouncer_source *s);

#endif
