/* Delivery: outbox rows to receivers, in order per webhook and alert, with retries; one slow receiver never
 * delays another. */
#ifndef DBVITALS_ALERTS_DELIVER_H
#define DBVITALS_ALERTS_DELIVER_H

#include "alerts/notify.h"
#include "alerts/state.h"
#include "core/fetch.h"

/* The formats exist, a webhook's own SELECT compiles, its secret can sign. */
bool deliver_check(const struct webhooks *webhooks, const struct registry *registry, struct err *err);
/* The files that they name can be read here: for who delivers, and for `config check`. */
bool deliver_check_files(const struct webhooks *webhooks, struct err *err);

struct deliver;
/* Asks QUERIES to run the formats' SELECTs. */
struct deliver *deliver_new(struct loop *loop, struct fetcher *fetcher, struct query_thread *queries,
                            struct state *state, const struct webhooks *webhooks);
void deliver_free(struct deliver *d);
void deliver_set_webhooks(struct deliver *d, const struct webhooks *webhooks);
/* Takes the row. */
void deliver_row(struct deliver *d, struct outbox_row *row);
/* After a restart: a receiver that wants the newest state each minute (alertmanager) was told the alerts of
 * BODY, a generic message, before; it is told them again. Nothing happens for other webhooks. */
void deliver_resume(struct deliver *d, const char *webhook, const char *order_key, const char *body);
/* Nothing waits or runs. */
bool deliver_idle(const struct deliver *d);
/* Per webhook, for the log, the page and /metrics. */
struct deliver_status {
    const char *webhook;
    int waiting, dead;
    int64_t delivered, failed;
    const char *trouble; /* the last failure since the last success, or NULL */
    bool off;            /* it said 410: until the config is read again all messages are dead letters */
    double next_s;       /* seconds until the next attempt, NAN: none waits */
};
int deliver_webhooks(const struct deliver *d);
void deliver_status(const struct deliver *d, int i, struct deliver_status *out);

/* Standard Webhooks 1.0: "v1,BASE64" of HMAC-SHA256 over "ID.TIMESTAMP.BODY". SECRET: "whsec_" and base64, or
 * any bytes. False if the base64 is bad. */
bool deliver_sign(const char *secret, const char *id, long long timestamp, const char *body, size_t len,
                  char *out, size_t size, struct err *err);

/* What to do after an attempt. Pure. */
struct attempt {
    int status;
    bool tls_refused, ok_body;
    bool shortened;       /* the body was made shorter for this one */
    double retry_after_s; /* NAN: not told */
    int attempts;         /* this one included */
    double age_s;         /* since the message was made */
};
struct verdict {
    enum delivery what;
    double wait_s;      /* RETRY: a random part of this, after */
    double least_s;     /* what the receiver asked for */
    bool shorter;       /* 413: at once, with a shorter body */
    bool pause_webhook; /* 429: all of this receiver waits */
    bool off;           /* 410 */
};
struct format;
struct verdict deliver_verdict(const struct format *format, const struct attempt *a, double give_up_s);

#endif
