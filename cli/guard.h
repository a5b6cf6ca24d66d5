/* The guard at work: what wires engine, alerts, HTTP, log and systemd together without a terminal. */
#ifndef DBVITALS_CLI_GUARD_H
#define DBVITALS_CLI_GUARD_H

#include "alerts/alerts.h"
#include "cli/session.h"
#include "core/fetch.h"
#include "core/log.h"
#include "core/query.h"
#include "cures/advisor.h"
#include "cures/rounds.h"
#include "cures/scheduler.h"
#include "serve/serve.h"

enum { N_GUARD_SIGNALS = 3, MOST_GUARD_DEMAND = 64 };

/* What the log said last, so that it tells changes only. */
struct guard_told {
    struct guard_told_target {
        char *name, *error;
        enum source_state state;
    } * targets;
    int n_targets;
    char *trouble;    /* of the state file */
    double trouble_s; /* when it was told last */
    struct guard_told_webhook {
        char *name;
        bool trouble, off;
        int dead;
    } * webhooks;
    int n_webhooks;
    char *listen; /* why nobody can be served, or NULL */
};

struct guard {
    struct session session;
    const char *const *words; /* the targets of the command line */
    int n_words;
    struct log *log;
    struct query_thread *queries;
    struct alerts *alerts; /* NULL while another guard has the state directory */
    struct advisor *advisor;
    struct cures *cures;
    struct rounds *rounds;
    struct scheduler *scheduler; /* NULL: nothing is due here */
    struct serve *serve;   /* NULL likewise, and while it cannot listen */
    char *state_directory, *socket, *source;
    struct loop_timer *second;
    struct loop_signal *signals[N_GUARD_SIGNALS];
    const char *demand[MOST_GUARD_DEMAND];
    int n_demand;
    double trim_s;
    struct guard_told told;
    struct guard_alive *alive;
    bool ending;
    double drain_s; /* monotonic: until when the outbox may empty */
};

/* guard_log.c */
void guard_say(struct guard *g, enum log_level level, const char *event, const char *key, const char *value);
/* Tells what changed of targets, the state file and webhooks. */
void guard_log_targets(struct guard *g);
void guard_log_alerts(struct guard *g);
void guard_log_done(struct guard *g);
/* What the alerts tell: struct alerts_log_fn. */
void guard_on_alert(void *ctx, enum level level, const char *event, const struct alert *alert,
                    const char *text);
/* Format and level of the config. */
void guard_log_set(struct guard *g);

/* guard_cures.c: what is done to servers, its ledger and its log. */
void guard_cures_start(struct guard *g);
/* Cancels what runs: nobody would watch it any more. */
void guard_cures_stop(struct guard *g);
/* What was cancelled has ended. */
bool guard_cures_ended(const struct guard *g);
/* False: the ledger did not take what happened last. */
bool guard_cures_free(struct guard *g);

/* guard_schedules.c: what is done without a person, by whoever has the state directory. */
void guard_schedules_start(struct guard *g);
/* The config may be another. */
void guard_schedules_set(struct guard *g);
/* False: the disk did not take what they did last. */
bool guard_schedules_free(struct guard *g);

/* guard_reload.c: reads the config anew; a bad one is refused and told, and all stays as it was. */
void guard_reload(struct guard *g);
/* guard.c: begins to listen as the config says. False and err when that is impossible. */
bool guard_listen(struct guard *g, struct err *err);

/* guard_alive.c: the heartbeat and systemd's watchdog. */
struct guard_alive *guard_alive_new(struct guard *g);
void guard_alive_free(struct guard_alive *a);
/* The config may be another. */
void guard_alive_set(struct guard_alive *a);

#endif
