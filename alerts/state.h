/* The state file: alerts, acks, silences, transitions, outbox, deliveries, contexts, in SQLite (WAL), written
 * by a thread of its own; one transaction holds an alert's new state, its transition, and the messages about
 * it. One process at a time (flock). */
#ifndef DBVITALS_ALERTS_STATE_H
#define DBVITALS_ALERTS_STATE_H

#include "alerts/book.h"
#include "alerts/notify.h"
#include "core/loop.h"

struct state;

/* DIRECTORY is made if it is not there (0700); the file is 0600. NULL DIRECTORY: memory only. Waits for
 * nobody: `held` tells that another process has it (then NULL is returned; try again later). A file that is
 * damaged is put aside and told. A disk that has no room for a new one is told by state_trouble from the
 * beginning, and tried again. */
struct state *state_open(struct loop *loop, const char *directory, bool *held, struct err *err);
/* What the disk did not take before the end. */
struct state_lost {
    int64_t transitions, others; /* rows */
};
/* Writes what waits, for at most WAIT_S; then closes. */
struct state_lost state_close(struct state *s, double wait_s);

/* Fills BOOK and NOTIFY from the file: before anything is put. book_set_rules and notify_set_webhooks come
 * after it. */
bool state_load(struct state *s, struct book *book, struct notify *notify, struct err *err);
/* Contexts that were put: first those of alerts that are not ok, then the newest, until they are more than
 * MOST_BYTES. Before anything is put. */
typedef void state_context_fn(void *ctx, const char *alert_id, int64_t number, const char *json);
bool state_contexts(struct state *s, size_t most_bytes, state_context_fn *fn, void *ctx, struct err *err);

/* What is added between two state_commit goes in one transaction. Nothing here waits for the disk. */
void state_put_alert(struct state *s, struct alert *a);
/* The alerts of RULE, but for those that are as they were when they were put last. Returns how many were put.
 */
int state_put_rule(struct state *s, const struct book *b, const struct rule *rule);
/* The book has forgotten it: NUMBER is book_number. */
void state_drop_alert(struct state *s, const struct alert *a, int64_t number);
void state_put_event(struct state *s, const struct event *e);
void state_put_message(struct state *s, const struct message *m);
void state_put_notified(struct state *s, const struct notified *n);
void state_put_silence(struct state *s, const struct silence *silence);
void state_put_context(struct state *s, int64_t number, const char *alert_id, const char *json);
typedef void state_done_fn(void *ctx, bool written);
/* FN is called when it is on the disk, or (written = false) when the disk refuses: the batch is kept and
 * tried again, and told loudly; FN may be NULL. */
void state_commit(struct state *s, state_done_fn *fn, void *ctx);
/* NULL while the disk takes what it is given; else why not. */
const char *state_trouble(const struct state *s);
/* What was found at opening and a person must know (a damaged file that was put aside), or NULL. */
const char *state_notice(const struct state *s);

/* The outbox. A row is given to whoever delivers once it was written (or cannot be written), oldest first per
 * webhook and order key. */
struct outbox_row {
    int64_t number;
    char *message_id, *webhook, *order_key, *body;
    double made_s;
    int attempts;
    double age_s; /* running time since it was made */
};
/* All rows that are to be delivered, as of the start; later ones come by FN, on the loop thread, which takes
 * the row. */
typedef void state_outbox_fn(void *ctx, struct outbox_row *row);
void state_on_outbox(struct state *s, state_outbox_fn *fn, void *ctx);
void outbox_row_free(struct outbox_row *r);
enum delivery { DELIVERY_RETRY, DELIVERY_DONE, DELIVERY_DEAD };
/* One attempt's end. DETAIL: status code and excerpt, without secrets. */
void state_put_attempt(struct state *s, int64_t number, enum delivery what, int status, const char *detail,
                       double took_ms, double wall_s);

/* Puts the dead letter of that number into the outbox again: with a new number and the id that it had. FN, on
 * the loop thread, tells whether there is one. */
typedef void state_resent_fn(void *ctx, bool found);
void state_resend(struct state *s, int64_t number, state_resent_fn *fn, void *ctx);

/* Dataset `deliveries`: the newest of them. */
extern const struct dataset deliveries_dataset;
struct sample *state_deliveries_sample(struct state *s, const char *target, double mono_s, double wall_s);

#endif
