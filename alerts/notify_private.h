/* What the files of notify share. */
#ifndef DBVITALS_ALERTS_NOTIFY_PRIVATE_H
#define DBVITALS_ALERTS_NOTIFY_PRIVATE_H

#include "alerts/notify_message.h"

/* What one webhook was told of one alert, and is to be told. It is here while the alert is firing, or has not
 * been told to be over. */
struct entry {
    struct notified told;
    char *webhook;
    double waited_s;         /* since there was something to tell; below 0: there is not */
    double saved_s;          /* told.since_s as the state file has it */
    const struct rule *rule; /* of the rules of now, once it was looked for */
    bool rule_known;
    /* Transitions that it is to be told of, oldest first; each with a copy of the alert as of then. */
    struct news *queue;
    int n_queue, queue_room;
    /* As `told` will be after the queue. Without one it is as `told`. */
    struct {
        enum level level;
        bool flapping;
    } ahead;
    int64_t last; /* number of the newest transition that was looked at */
    bool changed;
};

struct notify {
    const struct webhooks *webhooks;
    const struct rules *rules;
    const struct maintenances *maintenances;
    struct book *book;
    struct sender sender;
    struct entry **entries; /* by alert, then webhook */
    int n, room;
    bool look; /* there may be alerts that a webhook has not heard of */
};

/* One entry on its way through a tick. */
struct look {
    struct entry *entry;
    const struct webhook *webhook;
    double wall_s;
    struct news news; /* the newest to tell; type NULL: nothing */
};

/* What is true of an alert at one moment. */
struct moment {
    const struct alert *alert;
    int64_t number;
    enum level level; /* LEVEL_NONE: it does not fire */
    bool flaps;
    enum reason reason;
};

bool notify_is_firing(const struct alert *a);

/* notify_queue.c. What there is to tell of M to one that knows all of the queue; type NULL: nothing. */
void queue_look(const struct entry *e, const struct webhook *w, const struct moment *m, struct news *out);
/* Adds it, unless it is an end that WEBHOOK does not want to hear: that counts as told. */
void queue_push(struct entry *e, const struct webhook *w, const struct news *news);
/* Something holds back what is to be told. Only the end of what was told stays, so that receivers close it.
 */
void queue_hold(struct entry *e);
/* All was told. */
void queue_clear(struct entry *e);
bool news_ends(const struct news *news);

/* notify_look.c. The rule of now, or NULL; kept in E. */
const struct rule *notify_rule(const struct notify *n, struct entry *e, const struct alert *a);
/* Adds what there is to tell of it. */
void look_event(const struct notify *n, struct entry *e, const struct webhook *w, const struct event *event);
/* Brings the entry up to date with A; true when it waits for its group. */
bool look_at(const struct notify *n, struct look *l, const struct alert *a);
/* LOOKS are of one webhook, those that wait: sends the groups that have waited long enough; returns the
 * seconds until the next one. */
double notify_send_due(struct notify *n, struct look *looks, int n_looks, notify_message_fn *fn, void *ctx);
/* Sends NEWS, all of one target, in parts that a receiver can take. */
void notify_send(struct notify *n, const struct look *l, const struct news *news, int n_news,
                 notify_message_fn *fn, void *ctx);
/* By target; what fires and nobody acknowledged first, the worst of it leads: a lock screen shows just that;
 * then what ended, then what was acknowledged. */
int look_compare(const void *a, const void *b);

#endif
