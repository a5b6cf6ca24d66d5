/* What the machinery's files (pg, lane, facts, poll, cluster) share; collectors include pg.h only. */
#ifndef DBVITALS_COLLECTORS_PG_INSIDE_H
#define DBVITALS_COLLECTORS_PG_INSIDE_H

#include "collectors/libpq/conn.h"
#include "collectors/libpq/keep.h"
#include "collectors/libpq/rows.h"
#include "collectors/pg/pg.h"

/* Server and extension versions we know, for sentences. */
enum { OLDEST_VERSION = 140000, MAX_COLLECTORS = 100 };

/* One connection and what becomes of it. */
struct lane {
    struct pg_source *source;
    const char *name;
    double timeout_s; /* statement_timeout of the connection */
    struct conn *conn; /* NULL while closed */
    struct conn_info *info; /* of another place than the fast lane's: a database of the cluster */
    double used_mono_s;
    double next_try_mono_s; /* an attempt failed: not before */
    double backoff_s;
    char error[400]; /* why it failed */
    bool answered;   /* a query of this connection was */
};

struct run;
struct work;
struct decoding;
struct cluster;
struct explain;

struct pg_source {
    struct loop *loop;
    struct target_config config; /* with strings of its own */
    struct source_host host;
    struct conn_info *info;
    struct keep keep; /* of the fast lane's connection; keep.up: its facts are known */

    struct lane fast, slow;
    bool one_lane; /* there is no second connection for us: all goes over the fast lane */
    char full[500]; /* a sentence while that is so for want of a slot; "" else */
    struct cluster *cluster;
    struct explain *explain; /* a plan that is asked for; NULL if none */
    struct act *acts;        /* cures that run */
    double cured_mono_s;     /* when one ended last; 0: none did */
    bool pooled;          /* this connection's facts or refusal say so */
    const char *via;
    const char *remark;   /* said while it is up: a limit that was met; NULL if none */
    char *place;

    struct pg_facts facts;
    struct arena *facts_arena; /* strings of the facts of this connection */
    bool has_facts, asking_facts;
    bool no_server_id; /* the role may not read it: its right to the function was taken from all */
    double facts_mono_s;
    double role_mono_s; /* when the server was last asked whether it is a standby */
    int generation; /* grows when the facts change: SQL made from older ones is stale */

    void *states[MAX_COLLECTORS];
    struct {
        char *sql;
        int generation;
    } made[MAX_COLLECTORS];

    double rtt_ms;
    double own_xacts; /* a query is a transaction of its own */
    struct pg_poll *polls;      /* all that are not freed */
    struct run *orphans;        /* runs without a connection, to be answered in the next turn */
    struct work *works;         /* what polls wait for from the pool */
    struct decoding *decodings; /* big answers being decoded, the first one in slices */
    struct loop_timer *turn;    /* the next turn of the loop */
    bool polling;               /* inside poll(): answers wait for the next turn */
    bool closed;
    int depth;
};

struct pg_poll {
    struct pg_poll *next;
    struct pg_source *source;
    const struct dataset *dataset;
    const struct pg_collector *collector; /* NULL for a dataset of the user's own */
    const struct own_dataset *own;
    int index; /* of the collector */
    struct lane *lane;
    const struct pg_facts *facts;
    struct poll_cost cost;
    double asked_mono_s;
    int n_running; /* queries and decodings that will call back */
    bool answered, delivered;
    struct sample *sample; /* the answer, until it is delivered */
    enum failure why;
    char *text;
    /* A poll of one database among all: its answer goes here. */
    void (*answer)(void *ctx, struct pg_poll *p);
    void *answer_ctx;
};

struct pg_rows {
    struct conn_rows *rows;
    bool *taken; /* by a decoding that goes on when the callback has returned */
};

/* pg.c */
void source_enter(struct pg_source *s);
/* False if the source was closed meanwhile and is gone. */
bool source_leave(struct pg_source *s);
void source_tell(struct pg_source *s, enum source_state state, const char *error);
void source_next_turn(struct pg_source *s);

/* lane.c */
void lane_start(struct pg_source *s); /* the fast lane: from now on it connects for ever */
/* Sends on L, opening its connection if it is not the fast lane. False if there is none to be had now; l->error says why. */
bool lane_send(struct lane *l, const struct conn_query *q);
void lane_close(struct lane *l, const char *text);
/* The connection is no good (a version that is not supported, ...): told, and tried again after a while. */
void lane_refuse(struct pg_source *s, const char *text);
/* It turned out that a pooler stands between. */
void lane_reopen_pooled(struct pg_source *s);
/* The names that our SQL uses mean the system's from now on, and the connection bears our name; on one that is ours alone. */
void lane_settle(struct lane *l);
/* While there is no slot for the slow lane: asks for one again, rarely. */
void lane_ask_for_slot(struct pg_source *s);
void lane_close_idle(struct lane *l, double idle_s);

/* lane_settings.c */
/* What every connection of ours has, where the user's URL does not say otherwise. NAMED: it is known that nobody else will have it, so it may
 * bear our name: PgBouncer gives the next client without a name the one that it finds. */
void lane_add_standards(struct conn_info *info, bool pooled, bool named, double timeout_s);
/* The settings that a transaction of its own needs, for conn_query.local; NULL if it needs no transaction. */
const char *lane_local(const struct lane *l, bool own_sql, double timeout_s, struct text *out);

/* facts.c */
void facts_ask(struct pg_source *s);
void facts_forget(struct pg_source *s);

/* poll.c */
#define POLL_SHARED "shared" /* lane of what belongs to the slow one and has to go over the fast one */
double poll_timeout_s(const struct pg_poll *p);
struct pg_poll *poll_new(struct pg_source *s, const struct dataset *d, const struct pg_collector *c, int index,
                         struct lane *lane);
void poll_start(struct pg_poll *p);
void poll_deliver_waiting(struct pg_source *s);
void poll_answer_orphans(struct pg_source *s);
/* One query or decoding of P less; frees P if it was the last and P is answered. */
void poll_ran(struct pg_poll *p);
void poll_forget_all(struct pg_source *s);
/* work.c: the polls are gone */
void work_forget(struct pg_source *s);
/* decode.c: a slice of the work; true if more is left */
bool decode_on(struct pg_source *s);
void decode_forget(struct pg_source *s);

/* why.c */
/* The sentence for a failed query of P: with the GRANT or the lines that would help. */
void why_failed(const struct pg_poll *p, const struct conn_answer *a, struct text *out);
/* Why pg_stat_statements cannot be read, and what gives it; NULL if it can. */
const char *why_no_statements(const struct pg_facts *f);
/* Why column C is not to be had at VERSION of its gate; NULL if it is. */
const char *why_lacking(const struct column *c, enum pg_gate gate, int version, char *out, size_t size);

/* cluster.c: datasets read in every database, one after the other */
void cluster_add(struct pg_source *s, struct pg_poll *p);
/* The next round begins, if one waits and none is running. */
void cluster_turn(struct pg_source *s);
/* Answers all with FAILURE_LOST; the slow lane is to be closed next. */
void cluster_stop(struct pg_source *s, const char *text);
void cluster_free(struct pg_source *s);

/* explain.c: as product.explain says; one at a time, a new one replaces the one before */
bool explain_start(struct pg_source *s, const char *database, const char *sql, source_explain_fn *fn, void *ctx, struct err *err);
void explain_free(struct explain *e);

/* act.c: as product.act says */
struct act *act_start(struct pg_source *s, const struct act_order *order, struct act_host host, struct err *err);
void act_cancel(struct act *a);
void act_forget(struct act *a);
void acts_close(struct pg_source *s);

/* A sentence about rows of S with one key, on the heap; NULL if there are none. */
char *own_why_not_unique(struct sample *s);

#endif
