/* How a message looks to a receiver: a SELECT that builds it from the generic one, in a file of formats/. */
#ifndef DBVITALS_ALERTS_FORMAT_H
#define DBVITALS_ALERTS_FORMAT_H

#include <stdbool.h>

#include "core/config.h"
#include "core/query.h"

/* A [format NAME] section. Its sql may read the table `alert` of alert.format, a row per alert of the message
 * with its texts cut, and the parameters :message (the generic message, JSON text), :secret, :user, :url,
 * :now (seconds since 1970) and :short (1 when the receiver said that it was too much: shorter then). Each
 * row is one request, with the columns body, and if there: url (else the webhook's), content_type (else
 * application/json), headers (lines "Name: value"), method; for receivers that want the newest state again
 * each minute, not events: alert (an id) and again (the message that gives it, NULL when there is nothing
 * more to tell). */
struct format {
    const char *name, *help, *sql; /* sql NULL: the webhook's own */
    bool sign;                     /* Standard Webhooks headers when the webhook has a secret */
    bool keyed;                    /* the receiver takes nothing without the webhook's secret */
    bool state;                    /* the receiver wants the newest state (alertmanager) */
    const char *ok;                /* statuses that are success: "2xx" or "202"; and */
    const char *ok_body;           /* the body must be this; NULL: any */
    int max_body;                  /* bytes that it takes; texts are cut in SQL by their own limits */
};
struct formats {
    struct config config; /* the strings live here */
    char *table;          /* the SELECT behind `alert` */
    struct format *list;
    int n;
};
/* Those compiled in. */
bool formats_init(struct formats *f, struct err *err);
void formats_done(struct formats *f);
const struct format *format_find(const struct formats *f, const char *name);
/* What is to be run: SQL (a format's, or a webhook's own) with `alert` before it. The caller's. */
char *format_sql(const struct formats *f, const char *sql);

#endif
