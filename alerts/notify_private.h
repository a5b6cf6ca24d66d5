/* What the files of notify share. */
#ifndef DBVITALS_ALERTS_NOTIFY_PRIVATE_H
#define DBVITALS_ALERTS_NOTIFY_PRIVATE_H

#include "alerts/notify_message.h"

/* What one webhook was told of one alert. It is here while the alert is firing, or has not been told to be
 * over. */
struct entry {
    struct notified told;
    char *webhook;
    double waited_s; /* since there was something to tell; below 0: there is not */
    double saved_s;  /* told.since_s as the state file has it */
    enum reason reason;
    const struct rule *rule; /* of the rules of now, once it was looked for */
    bool rule_known;
    /* It ended and began again before the end was told: number 0 if not. */
    struct {
        int64_t number;
        enum level from;
        enum reason reason;
    } owed;
    bool changed;
};

struct notify {
    const struct webhooks *webhooks;
    const struct rules *rules;
    const struct maintenances *maintenances;
    struct book *book;
    struct json *json;
    char *source;
    struct entry **entries; /* by alert, then webhook */
    int n, room;
    bool look; /* there may be alerts that a webhook has not heard of */
};

/* One entry on its way through a tick. */
struct look {
    struct entry *entry;
    const struct webhook *webhook;
    double wall_s;
    bool flaps;
    struct news news; /* news.type NULL: nothing; "": no more than the end that is owed */
};

bool notify_is_firing(const struct alert *a);
/* Fills the rest of L: what there is to tell of A. */
void look_at(const struct notify *n, struct look *l, const struct alert *a);
/* What a webhook does not want to hear counts as told: the end, with `resolved = no`; an ack that was taken
 * back. */
void look_settle(struct look *l);
/* Something holds back what is to be told. The end of what was told is always told, so that receivers close
 * it. */
bool look_is_muted(const struct notify *n, const struct look *l);
/* LOOKS are of one webhook, those that wait: sends the groups that have waited long enough; returns the
 * seconds until the next one. */
double notify_send_due(struct notify *n, struct look *looks, int n_looks, notify_message_fn *fn, void *ctx);
/* Sends NEWS, all of one target, in parts that a receiver can take. */
void notify_send(struct notify *n, const struct look *l, const struct news *news, int n_news,
                 notify_message_fn *fn, void *ctx);
/* By target; what fires before what ended, the worst first. */
int look_compare(const void *a, const void *b);

#endif
