/* A guard that the dashboard is attached to: SELECTs go there over HTTP and their rows come back. While it
 * does not answer, what was asked waits, and is asked again when it does: nothing fails, the screen grows
 * old. */
#ifndef DBVITALS_CLI_ATTACH_H
#define DBVITALS_CLI_ATTACH_H

#include "core/fetch.h"
#include "core/query.h"

struct attach;

/* How to reach a guard, beside where. */
struct attach_trust {
    char *token;   /* NULL: none is shown */
    char *ca_file; /* certificates that are believed; NULL: the system's */
};
/* WHERE: path of a unix socket, or http(s)://host:port. TRUST is copied. */
struct attach *attach_new(struct loop *loop, const struct registry *registry, const char *where,
                          const struct attach_trust *trust, struct err *err);
/* What was asked is not answered any more. */
void attach_free(struct attach *a);
const char *attach_name(const struct attach *a); /* for the head of the screen */
/* Why it does not answer, as a sentence; NULL while it does. FN is called when that changes. */
const char *attach_trouble(const struct attach *a);
void attach_on_trouble(struct attach *a, loop_fn *fn, void *ctx);

/* As query_submit. */
int attach_ask(struct attach *a, const struct query *q, query_done_fn *done, void *ctx);
void attach_cancel(struct attach *a, int ticket);
/* As snapshot_step. */
typedef void attach_step_fn(void *ctx, double moment);
void attach_step(struct attach *a, const char *dataset, double at_s, int direction, attach_step_fn *fn,
                 void *ctx);
/* POST of BODY (JSON) to PATH. FN is told why it was refused, or NULL. Not repeated when no answer comes:
 * that is told too. */
typedef void attach_post_fn(void *ctx, const char *error);
void attach_post(struct attach *a, const char *path, const char *body, attach_post_fn *fn, void *ctx);

#endif
