/* The generic message: what formats are SELECTs over. Inside of notify. */
#ifndef DBVITALS_ALERTS_NOTIFY_MESSAGE_H
#define DBVITALS_ALERTS_NOTIFY_MESSAGE_H

#include "alerts/notify.h"
#include "core/json.h"

/* What is to be told of one alert. */
struct news {
    const struct alert *alert;
    const struct rule *rule; /* NULL: it is gone */
    const char *type;        /* "alert.firing" */
    struct notice notice;
    bool firing;
    enum level level, previous; /* not firing: LEVEL is what it was */
    enum reason reason;
};
enum { MOST_NEWS = 40 }; /* in one message: a receiver's limit on bytes is met by few of them */

/* NEWS are of one target, the worst alert first, 1 to MOST_NEWS; several of one alert stand together, oldest
 * first. */
struct sender {
    struct json *json;
    char *source;        /* the host */
    uint32_t generation; /* of ids; 0: none */
};
void message_init(struct message *m, const struct sender *sender, const struct webhook *webhook,
                  double wall_s, const struct news *news, int n);
void message_done(struct message *m);

#endif
