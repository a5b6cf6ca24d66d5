/* A database made by hand, and a dashboard over it through the real door: no server, no terminal, no clock, no thread. */
#ifndef DBVITALS_TESTS_GOLDEN_WORLD_H
#define DBVITALS_TESTS_GOLDEN_WORLD_H

#include "core/query.h"
#include "core/store.h"
#include "tui/dash.h"

enum world_kind {
    WORLD_QUIET,   /* nothing is wrong */
    WORLD_TROUBLE, /* a lock queue behind an idle transaction, full slots */
    WORLD_HOSTILE, /* the same with names and texts that attack the screen */
    WORLD_HIDDEN,  /* as a role with nothing sees it */
    WORLD_IDLE,    /* quiet, and only our own statements finish */
    WORLD_YOUNG,   /* quiet, and statements were read only once */
    WORLD_LARGE    /* 500 sessions, 200 of them waiting, 5,000 statements, 10,000 tables */
};

enum { WORLD_ASKS = 64 };
struct world_ask {
    int ticket;
    char *sql;
    struct query query;
    struct arena *arena;
    query_done_fn *done;
    void *done_ctx;
};
struct world {
    enum world_kind kind;
    const char *attached; /* set before world_open: the guard whose numbers these are */
    bool undrawn; /* set before world_open: no screen, as where the dashboard prints plain text */
    const char *state, *error; /* of the target */
    double uptime_s, was_up_s;
    /* Of the alerts of world_alarm, in its order; NULL: as they stand there. Set before it. */
    const char *alert_states[4], *alert_severities[4], *alert_keys[4];
    const char *maintenance; /* in force; NULL: none */
    double every_s;          /* what the engine says of the cadence of each collector; 0: nothing */
    double read_ago_s;       /* how old the newest sample of each collector is, as the engine says */
    double xid_age, mxid_age, freeze_max_age;
    struct registry registry;
    struct pages pages;
    struct store *store;
    struct snapshot *then; /* as it was two minutes ago, when alerts began to fire */
    struct door *door;
    struct dash *dash;
    struct canvas *canvas;
    double now_s;   /* the clock */
    double mono_s;
    struct world_ask asks[WORLD_ASKS];
    int n_asks, next_ticket;
    double cpu_ms;  /* of all statements that were run */
    int n_run;
    bool quit;
    int saved_lines;
    char copied[4096], saved_name[64], saved[4096], demanded[512], explained[256];
    char ordered[512]; /* what was to be done about an alert last */
    struct actions actions;
    bool read_only, no_cures; /* set before world_open */
    double sample_age_s;      /* of all that an action is offered on; NAN: there is none */
    char cured[1024];         /* the SQL of what was confirmed, one a line */
    int n_cured, n_flushed, open_jobs;
    int64_t stopped; /* the job that was cancelled last; 0: all; -1: none */
};

/* The moment at which it stands: 2026-11-20 13:03:21 UTC. The time zone is set to UTC. */
#define WORLD_NOW 1795179801.0

void world_init(struct world *w, enum world_kind kind);
void world_done(struct world *w);
/* A dashboard of that size over it; nothing is answered yet. */
void world_open(struct world *w, int rows, int columns, const char *page);
/* Answers all that is asked until nothing is asked any more, and draws. */
void world_settle(struct world *w);
/* Answers the oldest question. */
void world_answer(struct world *w);
/* Only draws. */
void world_draw(struct world *w);
/* Keys as typed: plain characters; <enter> <esc> <down> ... for named ones. */
void world_type(struct world *w, const char *keys);
/* The clock goes on, and a new sample of every fast dataset comes. */
void world_advance(struct world *w, double seconds);
/* The server is stopped: only what the engine makes itself still comes, and says how old the rest is. */
void world_stopped(struct world *w, double seconds);
/* The connection to the server is lost: "down", or in another STATE; what was known before is that old. */
void world_lost(struct world *w, const char *state, double seconds);
/* What the engine says of its polls of DATASET; ERROR NULL: all is well. */
void world_collector(struct world *w, const char *dataset, double polls, const char *error);
/* Polls of all those N datasets fail for one reason. */
void world_collectors_fail(struct world *w, const char *const *datasets, int n, const char *error);
/* Sessions again, without the one of that pid. */
void world_end_session(struct world *w, int pid);

/* Rules were judged, and found something: two fire as critical, one that somebody knows of, one is pending. Before world_open. */
void world_alarm(struct world *w);
/* Jobs: one waits in the queue, one runs, one was done, one failed and left something behind. Before world_open. */
void world_jobs(struct world *w);
/* A job that has cancelled a statement, and watches whether that was heeded. Before world_open. */
void world_escalation(struct world *w);
/* The ledger: a table was analyzed, an index dropped and taken back, a setting changed, a job failed; one entry is not as it was written. Before
 * world_open. */
void world_ledger(struct world *w);

/* Rules were judged, and found nothing. */
void world_calm(struct world *w);

/* Findings were asked for: four were found, or none. Before world_open. */
void world_advise(struct world *w, bool found);

/* A look at the locks that came before anybody waited. */
void world_forget_locks(struct world *w);

#endif
