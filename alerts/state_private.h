/* What the files of the state share. */
#ifndef DBVITALS_ALERTS_STATE_PRIVATE_H
#define DBVITALS_ALERTS_STATE_PRIVATE_H

#include "alerts/state.h"
#include "alerts/state_file.h"
#include "core/writer.h"

/* Who is told when a batch is on the disk. */
struct waiter {
    struct waiter *next;
    state_done_fn *fn;
    void *ctx;
};
struct outgoing {
    struct outgoing *next;
    struct outbox_row *row;
};
/* What goes in one transaction with others; never split. */
struct batch {
    struct batch *next;
    struct row *first, *last;
    struct outgoing *first_out, *last_out; /* not handed out yet */
    state_done_fn *fn;                     /* NULL once called */
    void *ctx;
    size_t bytes;
};

/* A message that has not come to its end: what its attempts are written down with. */
struct live {
    int64_t number;
    char *message_id, *webhook, *text, *alerts;
    int attempts;
    double made_mono_s; /* running time: when it would have been made, had nothing ever stopped */
};
/* What the dataset shows. */
struct attempt_row {
    int64_t number;
    int attempt; /* 0: it waits for the first */
    double at_s;
    char *webhook, *message_id, *text, *alerts, *detail;
    enum delivery outcome;
    int status;
    double took_ms;
};
enum { KEPT_ATTEMPTS = 500 };
struct attempts {
    struct attempt_row rows[KEPT_ATTEMPTS]; /* a ring, oldest overwritten */
    int64_t total;
};

struct state {
    struct loop *loop;
    struct writer *writer;
    struct state_file *file;    /* NULL: memory only */
    struct batch *open;         /* what is being added to */
    struct batch *first, *last; /* committed, not on the disk; oldest first */
    /* The job of the writer, while `working`: the batches from `first` to `job_last`. */
    bool working;
    struct batch *job_last;
    bool job_ok, job_thins;
    struct err job_err;
    double job_start_s;
    struct loop_timer *timer; /* tries again; watches a job that hangs */
    double retry_s;
    char *trouble;
    size_t bytes;       /* in memory, of what the disk did not take */
    int64_t n_left_out; /* rows dropped for want of memory */
    int n_commits;
    int64_t next_message;
    struct live *live; /* by number */
    int n_live, live_room;
    struct attempts *attempts;
    state_outbox_fn *outbox;
    void *outbox_ctx;
    struct outgoing *early, *last_early; /* given out before anybody takes them */
};

void state_add_row(struct state *s, struct row *row);

/* state_deliveries.c */
void live_add(struct state *s, const struct live *l); /* takes the texts */
void live_free_all(struct state *s);
void attempts_add(struct attempts *a, const struct attempt_row *row); /* copies the texts */
void attempts_done(struct attempts *a);

/* state_load.c: the outbox and the newest attempts. */
bool state_load_outbox(struct state *s, struct err *err);
struct outbox_row *outbox_row_new(int64_t number, const char *message_id, const char *webhook,
                                  const char *order_key, const char *body);

#endif
