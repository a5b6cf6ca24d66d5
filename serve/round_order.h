/* Inside of serve/: what every request that runs something has in common: who may, which actions, the key
 * that makes a second request the same one, and how the round is told. */
#ifndef DBVITALS_SERVE_ROUND_ORDER_H
#define DBVITALS_SERVE_ROUND_ORDER_H

#include "serve/plan_order.h"

enum { MOST_KEY = 255 };

/* What [http] allow names. */
void round_order_allowed(const struct config *config, struct plan_words *out);
/* 0, or the status to refuse it with: act_token, read-only, [http] allow, Idempotency-Key, which goes to KEY
 * ("": none). ALLOWED is filled in any case; WANTED are the actions that the request names. */
int round_order_may(struct serve *s, struct http_call *c, const struct plan_words *wanted,
                    struct plan_words *allowed, char key[MOST_KEY + 1], struct err *err);
/* Begins it and answers. OPTIONS lack `plan.allow` and the targets, which are PLACES'; SUM is what two
 * requests of the same key must have in common. */
void round_order_begin(struct serve *s, struct http_call *c, const struct plan_places *places,
                       const struct round_options *options, const struct plan_words *allowed, const char *key,
                       const char *sum);
/* {"id","status"} and MORE, with where it is told of. */
void round_order_answer(struct serve *s, struct http_call *c, int status, const char *id, const char *more);

#endif
