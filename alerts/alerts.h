/* The alerts of a process: judges rules on the query thread, keeps the book and its file, tells receivers.
 * What guard, dashboard and HTTP see. */
#ifndef DBVITALS_ALERTS_ALERTS_H
#define DBVITALS_ALERTS_ALERTS_H

#include "alerts/book.h"
#include "alerts/deliver.h"
#include "engine/engine.h"

struct alerts;

struct alerts_options {
    const struct config *config;
    const struct registry *registry;
    const char *state_directory; /* NULL: nothing outlives the process */
    bool notify;                 /* deliver: a guard, or a dashboard told so */
    const char *source;          /* name of this host, in messages */
};
/* Rules begin at once. HELD: another process has the state directory; NULL then, try again. */
struct alerts *alerts_new(struct loop *loop, struct engine *engine, struct query_thread *queries,
                          const struct alerts_options *options, bool *held, struct err *err);
/* Writes what waits. False: not all of it could be kept, which was told to alerts_on_log. */
bool alerts_free(struct alerts *a);
/* No more judging; what is in the outbox goes out. */
void alerts_stop(struct alerts *a);
bool alerts_drained(const struct alerts *a);
/* Another config, already checked by alerts_check; the old one may go afterwards. */
bool alerts_reload(struct alerts *a, const struct config *config, struct err *err);
/* Rules and webhooks of CONFIG are good. */
bool alerts_check(const struct config *config, const struct registry *registry, struct err *err);
/* The engine's samples: rules that read this dataset may be due. */
void alerts_sample(struct alerts *a, const char *target, const struct dataset *d);

const struct book *alerts_book(const struct alerts *a);
const struct deliver *alerts_deliver(const struct alerts *a); /* NULL when nothing is delivered */
const char *alerts_trouble(const struct alerts *a);           /* the state file cannot be written, or NULL */
/* Acks and silences, in force at once, in the file soon: alerts_keep tells when. BY is a person. UNTIL_S
 * wall, NAN: until it is ok. */
bool alerts_ack(struct alerts *a, const char *id, const char *by, const char *comment, double until_s,
                struct err *err);
bool alerts_unack(struct alerts *a, const char *id, struct err *err);
bool alerts_silence(struct alerts *a, const struct silence *s, int64_t *id, struct err *err);
bool alerts_unsilence(struct alerts *a, int64_t id, struct err *err);
/* Writes what was said up to now. FN is told, on the loop thread and after this has returned, whether the
 * disk has it; if not it is in force all the same, and tried again. */
void alerts_keep(struct alerts *a, state_done_fn *fn, void *ctx);
/* Sends a message of type test to WEBHOOK (NULL: all). */
bool alerts_test(struct alerts *a, const char *webhook, struct err *err);
/* Sends the dead letter of that number (as dataset `deliveries` has it) again, with the id that it had. False
 * where nothing is delivered; else FN tells later, on the loop thread, whether there was one. */
typedef void alerts_resent_fn(void *ctx, bool found);
bool alerts_resend(struct alerts *a, int64_t number, alerts_resent_fn *fn, void *ctx, struct err *err);
/* What happens, for the log: called on the loop thread. */
typedef void alerts_log_fn(void *ctx, enum level level, const char *event, const struct alert *alert,
                           const char *text);
void alerts_on_log(struct alerts *a, alerts_log_fn *fn, void *ctx);

#endif
