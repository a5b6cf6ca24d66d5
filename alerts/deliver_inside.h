/* What the files of delivery share; everybody else includes alerts/deliver.h. */
#ifndef DBVITALS_ALERTS_DELIVER_INSIDE_H
#define DBVITALS_ALERTS_DELIVER_INSIDE_H

#include "alerts/deliver.h"
#include "alerts/format.h"
#include "core/command.h"

/* A message on its way: a row of the outbox, or a state that is told again. */
struct item {
    struct item *next;
    struct lane *lane;
    struct outbox_row *row; /* NULL: told again; nobody keeps a record of it */
    char *body;             /* the generic message; the row's if there is one */
    uint64_t *ids;          /* hashes of the alerts it is about: of each only the oldest message may run */
    int n_ids;
    bool opens;    /* tells of alerts that the receiver does not know */
    bool resolved; /* tells that they ended */
    bool running;
    bool shorter;          /* the receiver said 413 */
    bool receiver_is_down; /* it waits because of that, not of itself */
    double due_s, came_s;  /* monotonic */
    int attempts;
    int ticket; /* of the format's SELECT, 0: it does not run */
    struct fetch *fetch;
    struct result *requests; /* what the SELECT gave */
    int sent;                /* so many of them have ended */
    int taken;               /* and so many were a success */
    int refused_status;      /* of the first one that was not, and what was said to it; NULL: none */
    char *refused;
    char signature[100]; /* of the request that runs; "": it has none */
};

/* An alert that a receiver of states is told of each minute. */
struct told {
    struct told *next;
    char *alert, *body;
    double due_s;
};

/* One webhook. Invariant: n_running of its items run. */
struct lane {
    struct lane *next;
    struct deliver *deliver;
    char *name;
    const struct webhook *webhook;
    const struct format *format;
    char *sql;
    char *secret;
    struct command *command;   /* secret_command runs */
    struct item *items, *last; /* oldest first */
    struct told *told;
    int n_running;
    uint64_t *dead_ids; /* alerts whose firing could not be delivered: their end is not told either */
    int n_dead_ids;
    double paused_until_s; /* it asked for that, or the secret is not there */
    double down_until_s;   /* nobody asks it before; over at the first success */
    int n_down;            /* times in a row that the receiver was found down */
    bool off;
    int dead;
    int64_t delivered, failed;
    char *trouble;
};

struct deliver {
    struct loop *loop;
    struct fetcher *fetcher;
    struct query_thread *queries;
    struct store *store; /* empty: formats read the message only */
    struct snapshot *nothing;
    struct state *state;
    struct formats formats;
    struct lane *lanes;
    struct loop_timer *timer;
    struct order *order;
    bool wrote; /* since the last commit of the state */
    unsigned short random[3];
};

/* deliver.c: looks soon at what may go. */
void deliver_wake(struct deliver *d);

/* deliver_lane.c: a message more; takes BODY when there is no ROW. */
void lane_add(struct lane *lane, struct outbox_row *row, char *body, const char *order_key);
/* It has ended, or waits for its next attempt: ITEM may be gone afterwards. */
void item_ended(struct item *item, enum delivery what, int status, const char *detail, double took_ms);
void item_waits(struct item *item, const struct verdict *v, int status, const char *detail, double took_ms);
/* It was not tried after all. */
void item_put_back(struct item *item);
/* BODY is to be told again each minute of ALERT; NULL: no more. */
void lane_tell_again(struct lane *lane, const char *alert, const char *body);
/* Adds what is due of that; *WAKE_S becomes the next time, if that is earlier. */
void lane_tell_due(struct lane *lane, double now_s, double *wake_s);
/* A receiver of states has no use for one that a newer one follows. */
void lane_drop_older(struct lane *lane, const char *order_key);
/* No receiver has any for the end of an alert that it never heard of. True if ITEM, which could go now, was
 * that. */
bool item_drop_end(struct item *item);
double item_age_s(const struct item *item);
/* Nothing can be sent now: what is too old for that goes to the dead letters; when the webhook is off, all.
 */
void lane_give_up(struct lane *lane);
/* That the secret cannot be had is an attempt of those that wait for it. */
void lane_has_no_secret(struct lane *lane, const char *why);
void lane_free(struct lane *lane);
/* The config has it no more: what it holds is dead. */
void lane_end(struct lane *lane);

/* deliver_send.c */
void item_send(struct item *item);
void item_cancel(struct item *item);
/* True when the secret is there, or none is needed; else it is fetched, and deliver_wake called. */
bool lane_has_secret(struct lane *lane);

/* deliver_hide.c: what only the receiver and we may know, in the forms in which it may repeat it. */
struct hidden;
struct hidden *hidden_new(void);
void hidden_free(struct hidden *h);
void hidden_add(struct hidden *h, const char *secret);      /* NULL: nothing */
void hidden_add_login(struct hidden *h, const char *login); /* "user:password", also as base64; or NULL */
void hidden_add_url(struct hidden *h, const char *url);     /* its path, query, and what is before the @ */
void hidden_add_headers(struct hidden *h,
                        const char *lines); /* values of those whose name says so; or NULL */
/* Appends S with each of them as ***. */
void hidden_mask(const struct hidden *h, struct text *out, const char *s);

/* sign.c: LEN bytes (at most 1 MB) as padded base64; the caller frees. */
char *sign_base64(const char *bytes, size_t len);

/* deliver_order.c: who is first in line for each alert. */
struct order;
struct order *order_new(void);
void order_free(struct order *o);
void order_begin(struct order *o);
/* Whether nobody before named one of IDS since order_begin. */
bool order_is_first(struct order *o, const uint64_t *ids, int n);
/* The ids in KEY, which is a list of them with anything between; the caller frees. */
uint64_t *order_ids(const char *key, int *n);

#endif
