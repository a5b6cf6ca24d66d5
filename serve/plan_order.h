/* Inside of serve/: what a request for a plan or a round asks for, and on which targets that can be done. */
#ifndef DBVITALS_SERVE_PLAN_ORDER_H
#define DBVITALS_SERVE_PLAN_ORDER_H

#include "cures/plan_words.h"
#include "serve/inside.h"
#include "serve/wish.h"

enum { MOST_PLAN_BODY = 4 << 20, MOST_PLAN_TARGETS = 1000 };

/* What a request asks for. */
struct plan_order {
    struct wish wish;
    const char *target; /* NULL: all */
    struct plan_words only;
    double budget_s; /* NAN: no limit */
    bool dry_run;
};

/* Of the body, or of the arguments of the URL; false and err: the request is a bad one. plan_order_done in
 * both cases, of one that was zeroed before. */
bool plan_order_body(struct http_call *c, struct plan_order *o, struct err *err);
bool plan_order_arguments(struct http_call *c, struct plan_order *o, struct err *err);
void plan_order_done(struct plan_order *o);

/* Those on which something can be done, and why not on the others. */
struct plan_places {
    const char *names[MOST_PLAN_TARGETS];
    int n, n_named;    /* that were named, and are there */
    int status;        /* of the answer if there is none of the former */
    struct text words; /* JSON: [{"target","message"}] */
};

/* TARGET, or all of them where it is NULL. */
void plan_places_find(struct serve *s, const char *target, struct plan_places *p);
/* {"error":SENTENCE,"refused":[...]} */
void plan_places_refuse(struct serve *s, struct http_call *c, struct plan_places *p);
void plan_places_done(struct plan_places *p);

#endif
