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
    const char *secret, *secret_command; /* signing, or the receiver's key */
    int levels;                          /* bits; standard: warning, critical */
    bool resolved;                       /* tell the end too */
    double group_wait_s, repeat_s;       /* 15 s; 4 h, of critical ones only; 0: never */
    double timeout_s, give_up_s;         /* 10 s; 24 h */
    const char *user;                    /* basic authentication or header, as the format says */
    const char *ca_file;                 /* NULL: the system's */
    const char *sql;                     /* format custom */
};
struct webhooks {
    struct webhook *list;
    int n;
};
bool webhooks_read(const struct config *c, struct webhooks *out, struct err *err);
void webhooks_done(struct webhooks *w);
const struct webhook *webhook_find(const struct webhooks *w, const char *name);

/* One thing to send: rows of one outbox message. */
struct notice {
    const char *alert_id;
    int64_t number; /* of the transition; for a repeat that of the firing, with `repeat` counted */
    enum change change;
    int repeat;
};
struct message {
    char *id; /* webhook-id: the same whenever this message is made again: "ALERT-NUMBER" of one notice, a
                 hash of all of several */
    const char *webhook;
    char *order_key; /* messages of one key to one webhook go in order: the alerts' ids */
    char *body;      /* the generic message as JSON, see docs/alerts.md; formats are SELECTs over it */
    struct notice *notices;
    int n_notices;
    double made_s; /* wall */
};

/* What a webhook was told last of an alert. Kept in the state file. */
struct notified {
    char alert_id[17];
    char *webhook;
    enum level level; /* LEVEL_NONE: told that it ended, or nothing */
    int64_t number;
    int repeats;
    double since_s; /* seconds of running time since it was told, for repeats */
    bool pending;   /* an event waits for its group */
};

struct notify;
struct notify *notify_new(const struct webhooks *webhooks, struct book *book, const char *source);
void notify_free(struct notify *n);
void notify_set_webhooks(struct notify *n, const struct webhooks *webhooks);
/* To be called for each event of the book. */
void notify_event(struct notify *n, const struct event *e);
/* STEP_S of running time passed. Gives the messages that are due, each to FN (borrowed); returns the seconds
 * until the next may be. */
typedef void notify_message_fn(void *ctx, const struct message *m);
double notify_tick(struct notify *n, double step_s, double wall_s, notify_message_fn *fn, void *ctx);
int notify_count(const struct notify *n);
const struct notified *notify_at(const struct notify *n, int i);
void notify_restore(struct notify *n, const struct notified *was);

#endif
