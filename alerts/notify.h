/* Who is told what, and when: grouping, silences, inhibition, repeats, flap hold, maintenance. Turns events
 * of the book into messages. Pure: all times are given; what it must remember over a restart is in `struct
 * notified`, which the state file keeps. */
#ifndef DBVITALS_ALERTS_NOTIFY_H
#define DBVITALS_ALERTS_NOTIFY_H

#include "alerts/book.h"

enum webhook_levels {
    WEBHOOK_INFO = 1 << LEVEL_INFO,
    WEBHOOK_WARNING = 1 << LEVEL_WARNING,
    WEBHOOK_CRITICAL = 1 << LEVEL_CRITICAL
};

/* [webhook NAME]. Strings borrowed from the config. */
struct webhook {
    const char *name, *url, *format;
    const char *secret, *secret_command;  /* signing, or the receiver's key */
    int levels;                           /* bits; standard: warning, critical */
    bool resolved;                        /* tell the end too */
    double group_wait_s, repeat_s;        /* 15 s; 4 h, of critical ones only; 0: never */
    double timeout_s, give_up_s;          /* 10 s; 24 h */
    const char *user;                     /* basic authentication or header, as the format says */
    const char *ca_file;                  /* NULL: the system's */
    const char *sql;                      /* format custom */
    const struct config_section *section; /* where it stands, for messages; NULL: nowhere */
};
struct webhooks {
    struct webhook *list;
    int n;
};
bool webhooks_read(const struct config *c, struct webhooks *out, struct err *err);
void webhooks_done(struct webhooks *w);
const struct webhook *webhook_find(const struct webhooks *w, const char *name);

/* [maintenance NAME]: nobody is told of new alerts of these targets then. Strings borrowed from the config.
 */
struct maintenance {
    const char *name, *target, *comment; /* TARGET a GLOB; NULL: any */
    double from_s, to_s; /* wall; or when `daily` seconds after local midnight, TO_S < FROM_S goes on
                            after midnight */
    bool daily;
    int days; /* daily: bits of the days that it begins on, 0 Sunday */
};
struct maintenances {
    struct maintenance *list;
    int n;
};
bool maintenances_read(const struct config *c, struct maintenances *out, struct err *err);
void maintenances_done(struct maintenances *m);
/* The one that covers TARGET at that moment, or NULL. */
const struct maintenance *maintenance_at(const struct maintenances *m, const char *target, double wall_s);

/* One thing to send: rows of one outbox message. */
struct notice {
    const char *alert_id;
    int64_t number;     /* of the transition; for a repeat that of the firing, with `repeat` counted */
    enum change change; /* CHANGE_NONE: a repeat, or that somebody acknowledged it */
    int repeat;
    bool acked;
};
struct message {
    char *id; /* webhook-id: the same whenever this message is made again: "ALERT-GENERATION-NUMBER" of one
                 notice (of a repeat with "-rREPEAT", of an ack with "-aSECONDS"), a hash of all of several */
    const char *webhook;
    char *order_key; /* the alerts' ids, sorted, with a blank between: messages that share one go in order */
    char *text;      /* for a lock screen */
    char *body;      /* the generic message as JSON, see docs/alerts.md; formats are SELECTs over it */
    struct notice *notices;
    int n_notices;
    double made_s; /* wall */
};

/* What a webhook was told last of an alert. Kept in the state file. */
struct notified {
    char alert_id[17];
    const char *webhook;
    enum level level; /* LEVEL_NONE: told that it ended, or nothing */
    int64_t number;
    int64_t seen; /* transitions up to this one were told, or held back, or are none that it is told of */
    int repeats;
    double since_s; /* seconds of running time since it was told, for repeats */
    bool pending;   /* what it was told is not what is true */
    bool acked;     /* told that somebody acknowledged it */
    bool flapping;  /* told that it flaps: nothing more until it is calm */
};

struct notify;
struct notify *notify_new(const struct webhooks *webhooks, struct book *book, const char *source);
void notify_free(struct notify *n);
/* Of the state file: a part of every id, so that none is used again when the file was lost and numbers begin
 * anew. 0, as without this: none. */
void notify_set_generation(struct notify *n, uint32_t generation);
/* All borrowed, to be given again when they change; NULL: none. Rules say whom to tell, and the runbook. */
void notify_set_webhooks(struct notify *n, const struct webhooks *webhooks);
void notify_set_rules(struct notify *n, const struct rules *rules);
void notify_set_maintenances(struct notify *n, const struct maintenances *maintenances);
/* To be called for each event of the book. What it is to be told of is told, each transition as the alert was
 * then. */
void notify_event(struct notify *n, const struct event *e);
/* STEP_S of running time passed. Gives the messages that are due, each to FN (borrowed); returns the seconds
 * until the next may be, at most a minute. */
typedef void notify_message_fn(void *ctx, const struct message *m);
double notify_tick(struct notify *n, double step_s, double wall_s, notify_message_fn *fn, void *ctx);
/* Each one that is another than at the call before, for the state file: to be called after each tick, in the
 * same commit as its messages, and after each event, in the same commit as that. One that is at its end
 * (LEVEL_NONE, not pending, not flapping) is forgotten then. */
typedef void notify_changed_fn(void *ctx, const struct notified *n);
void notify_changed(struct notify *n, notify_changed_fn *fn, void *ctx);
int notify_count(const struct notify *n);
const struct notified *notify_at(const struct notify *n, int i);
/* Takes a copy. */
void notify_restore(struct notify *n, const struct notified *was);
/* After all of those: the kept events of alerts of which some are pending, oldest first, each with the alert
 * as it was then. What was told of them is not told again. */
void notify_restore_event(struct notify *n, const struct event *e);
/* What WEBHOOK was told of and has not been told to be over, a message per target of type alert.firing: for
 * receivers that must be told again after a restart. Changes nothing. */
void notify_present(struct notify *n, const char *webhook, double wall_s, notify_message_fn *fn, void *ctx);
/* A message of type test to WEBHOOK, of an alert that is none. */
void notify_test(struct notify *n, const char *webhook, double wall_s, notify_message_fn *fn, void *ctx);

#endif
