/* How a message looks to a receiver: a SELECT that builds it from the generic one, in a file of formats/. */
#ifndef DBVITALS_ALERTS_FORMAT_H
#define DBVITALS_ALERTS_FORMAT_H

#include <stdbool.h>

#include "core/err.h"
#include "core/query.h"

/* A [format NAME] section. Its sql is run with :message (the generic message, JSON text), :secret, :user,
 * :url; each row it gives is one request, with the columns body, and if there: url (else the webhook's),
 * content_type (else application/json), headers (lines "Name: value"), method. */
struct format {
    const char *name, *help, *sql;
    bool sign;      /* Standard Webhooks headers when the webhook has a secret */
    bool state;     /* the receiver wants the newest state again each minute (alertmanager), not events */
    const char *ok; /* statuses that are success: "2xx" or "202"; and */
    const char *ok_body; /* the body must be this; NULL: any */
    int max_body;        /* bytes that it takes; texts are cut in SQL by their own limits */
};
bool formats_init(struct err *err);
const struct format *format_find(const char *name);
int format_count(void);
const struct format *format_at(int i);

#endif
