/* The shelf's contract: a product (PostgreSQL, PgBouncer, Redis, ...) opens sources; the engine says which datasets are due; the source
 * answers each with a sample or a failure. None knows another. */
#ifndef DBVITALS_COLLECTORS_SOURCE_H
#define DBVITALS_COLLECTORS_SOURCE_H

#include <stdbool.h>
#include <stddef.h>

#include "core/loop.h"
#include "core/sample.h"

/* A dataset of the user's own: [dataset NAME] sql = ... */
struct own_dataset {
    struct dataset dataset; /* columns from key, label, gauge, counter */
    const char *sql;
    const char *target;
};

/* KEY = VALUE of a [target] section, as given: may hold secrets. */
struct target_word {
    const char *key, *value;
};

struct target_config {
    const char *name;  /* unique */
    const char *url;   /* as given: URL or conninfo; may hold a password: never show it */
    const char *stack; /* "" if none */
    const char *env;   /* "prod", ... or "" */
    const char *password; /* from a prompt, or NULL */
    const char *password_command; /* or NULL */
    bool all_databases;
    bool own_sessions; /* show our own sessions */
    bool no_texts;     /* do not fetch the texts of statements */
    bool system_relations; /* tables and indexes show the server's own catalogs too */
    double connect_timeout_s;
    const struct own_dataset *const *own; /* those of this target */
    int n_own;
    const struct target_word *words; /* all that its section says, {NULL, NULL} after the last; NULL: it has none */
};
/* What the target's section says of KEY, NULL if nothing. */
const char *target_config_word(const struct target_config *c, const char *key);
/* Whether the file that KEY names, if it does, can be read; if not WRONG is KEY. */
bool target_config_check_file(const struct target_config *c, const char *key, const char **wrong, struct err *err);
/* OUT is C with strings of its own, which target_config_done frees; `own` stays borrowed. */
void target_config_copy(struct target_config *out, const struct target_config *c);
void target_config_done(struct target_config *c);

enum source_state { SOURCE_CONNECTING, SOURCE_UP, SOURCE_DOWN };
/* Strings are borrowed for the call. */
struct source_status {
    enum source_state state;
    const char *error;    /* why it is down, or the last error; NULL if none */
    const char *product;  /* "PostgreSQL" */
    const char *version;  /* "16.4" */
    const char *role;     /* "primary", "standby" */
    const char *place;    /* "monitor@10.0.3.7/shop", no secrets */
    const char *via;      /* "PgBouncer" when a pooler stands between, else NULL */
    const char *server_id; /* what tells this server from others that are called so; NULL if it cannot be known */
    double rtt_ms;        /* NAN if unknown */
    double started_s;     /* server start, seconds since 1970, NAN if unknown */
};

struct poll_cost {
    double server_ms; /* from sending to the last byte: an upper bound of what the server spent */
    double client_ms; /* CPU spent decoding here */
    size_t bytes;
    int rows;
    const char *lane; /* "fast", "slow", "shared", "databases"; static */
};

enum failure { FAILURE_PERMISSION, FAILURE_ABSENT, FAILURE_TIMEOUT, FAILURE_LOST, FAILURE_OTHER };

/* What the source calls, on the loop thread. Never from within open() or poll(). */
struct source_host {
    void *ctx;
    /* The answer to one due dataset; takes the reference. */
    void (*sample)(void *ctx, struct sample *s, const struct poll_cost *cost);
    /* The other answer. TEXT says what failed, why, and what to do: "needs pg_monitor: GRANT pg_monitor TO app". PERMISSION and ABSENT
     * are retried rarely (each 60 s and after each reconnect) by the engine. */
    void (*failed)(void *ctx, const struct dataset *d, enum failure why, const char *text);
    void (*status)(void *ctx, const struct source_status *status);
};

struct source;

/* Where a product takes COLUMN of a dataset from, of which other products have their own sources. A list ends with {NULL, NULL}. */
struct column_source {
    const char *column, *source;
};
/* NULL if LIST does not have it. */
const char *column_source_find(const struct column_source *list, const char *column);

/* A cure: one statement, run once, on a connection of its own that ends with it. */
struct act_order {
    const char *database; /* NULL: the connected one */
    /* Asked just before on the same connection, and again before each further attempt: gives the text `true`, else the sentence that says why it is
     * not done. NULL: nothing is asked. */
    const char *verify;
    const char *statement;
    /* STATEMENT may not be enough. Then `still` is asked after it, again and again on the same connection: `true` means that it was not, another text says
     * what came of it, and that is the end. After WAIT_S of `true`, the last time just before, THEN is run; THEN_SAYS tells that. NULL: none of this. */
    const char *still, *then, *then_says;
    double wait_s;
    const char *after_failure; /* asked when the statement failed: each row is a sentence about what it left behind; NULL: nothing is asked */
    double lock_timeout_s;     /* how long it stands in a lock's queue before it steps back and tries again, and how long others may wait behind it (1 s at least) before it is given up; NAN: it waits, and goes on */
    double limit_s;            /* after that it is cancelled */
    bool at_once;              /* a function that leaves nothing on a connection: may go through a pooler */
};
enum act_end { ACT_DONE, ACT_FAILED, ACT_CANCELLED };
/* Where it is: the statement was sent; the lock did not come, and the next attempt follows; it is watched whether the statement was enough; it was not, and
 * `then` was sent. */
enum act_step { ACT_RUNS, ACT_WAITS, ACT_WATCHES, ACT_GOES_ON };
struct act;
/* Never called from within what the owner calls. */
struct act_host {
    void *ctx;
    void (*step)(void *ctx, enum act_step step, int pid, int attempt); /* PID is that of the server's process; ATTEMPT counts from 1 */
    /* Once, and then the act is gone. TEXT: why it failed, what the server warned of, what was left behind; a line each, perhaps "". */
    void (*ended)(void *ctx, enum act_end end, const char *text);
    /* What is to be known of it while it runs: who waits behind it. NULL: nothing any more. */
    void (*says)(void *ctx, const char *text);
};

/* PLAN is text of several lines, or NULL and ERROR says why there is none. */
typedef void source_explain_fn(void *ctx, const char *plan, const char *error);

struct product {
    const char *name;
    const char *urls;  /* how its URLs look, for help and messages */
    const char *hints; /* what to try when a target cannot be reached: lines */
    const char *lacks; /* said of a dataset that other products have: "PgBouncer has no such thing" */
    /* The keys of a [target] that it takes beyond url, stack and env, NULL-ended; "pool." stands for all that begin so. */
    const char *const *keys;
    /* True if this product serves such a URL. */
    bool (*serves)(const char *url);
    /* Whether a source of CONFIG could ever work: its URL, and what else its section says to this product. False and err, a sentence that quotes
     * no secret and names neither target nor key; KEY, which is "url" before, is then the one of the section that is wrong, static. Asked before
     * each open(); reads no more than whether files are there. */
    bool (*check)(const struct target_config *config, const char **key, struct err *err);
    /* Starts connecting and keeps reconnecting for ever. NULL and err only for a target that can never work (unparsable). CONFIG is copied, but
     * for the datasets of the user's own, which must outlive the source. */
    struct source *(*open)(struct loop *loop, const struct target_config *config, struct source_host host, struct err *err);
    /* Asks for the N datasets in DUE now, all at once; each is answered exactly once (FAILURE_LOST when not connected). The engine never
     * asks for a dataset whose answer is outstanding. */
    void (*poll)(struct source *s, const struct dataset *const *due, int n);
    /* The datasets it can give, by number from 0; NULL after the last. */
    const struct dataset *(*dataset)(int i);
    /* Its own sources of dataset I, where the columns' do not say them; NULL: they do. May be NULL itself. */
    const struct column_source *(*sources)(int i);
    /* Asks for the plan of SQL in DATABASE (NULL: the connected one), without running it. FN is called once, later; never when the source was closed
     * or another plan was asked for meanwhile. False if it cannot be asked now. NULL: this product has no plans. */
    bool (*explain)(struct source *s, const char *database, const char *sql, source_explain_fn *fn, void *ctx, struct err *err);
    /* Starts a cure; ORDER is copied. NULL and err if it cannot be tried now. NULL: this product has no cures. */
    struct act *(*act)(struct source *s, const struct act_order *order, struct act_host host, struct err *err);
    void (*act_cancel)(struct act *a); /* `ended` follows when the server has obeyed, or was done before */
    void (*act_forget)(struct act *a); /* `ended` will not be called; the server goes on with what it has begun */
    void (*close)(struct source *s);
};

#endif
