/* Inside of attach: what waits for the guard. */
#ifndef DBVITALS_CLI_ATTACH_PRIVATE_H
#define DBVITALS_CLI_ATTACH_PRIVATE_H

#include "cli/attach.h"
#include "core/json.h"

/* Something that was asked and is not answered yet. */
struct request {
    struct attach *attach; /* NULL: it has ended while the pool still read the answer */
    struct request *next;
    int ticket;
    char *path, *body; /* body NULL: GET */
    bool once;         /* changes something: not sent a second time by itself */
    struct fetch *fetch;
    const struct registry *registry; /* outlives the pool's work */
    bool reading;                    /* the pool turns its answer into rows */
    char *answer;
    size_t len;
    struct result *result;
    struct err err;
    query_done_fn *done;
    attach_step_fn *step;
    attach_post_fn *post;
    void *ctx;
};
struct attach {
    struct loop *loop;
    const struct registry *registry;
    struct fetcher *fetcher;
    struct loop_timer *retry;
    struct json *json;
    char *socket, *base, *name, *authorization, *ca_file; /* socket NULL: by the network */
    struct request *requests;                             /* oldest first */
    int next_ticket;
    double away_s; /* since when it does not answer (monotonic), 0: it does */
    char trouble[300];
    loop_fn *on_trouble;
    void *on_trouble_ctx;
};

/* Takes R in, and sends it if the guard answers. */
int request_add(struct attach *a, struct request *r);
/* attach_answer.c: what the guard said. */
void request_answered(void *ctx, const struct fetch_answer *answer);
void request_free(struct request *r);
/* Out of the list; its owner is the caller now. */
void request_take(struct request *r);
/* NULL: it answers. */
void attach_set_trouble(struct attach *a, const char *text);

#endif
