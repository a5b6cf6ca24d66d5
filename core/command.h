/* A password that a command prints, such as `pass show shop`. */
#ifndef DBVITALS_COLLECTORS_PG_PASSWORD_H
#define DBVITALS_COLLECTORS_PG_PASSWORD_H

#include "core/loop.h"

struct password;
/* PASSWORD is the first line that the command printed, valid during the call; NULL with ERROR if there is none. */
typedef void password_fn(void *ctx, const char *password, const char *error);
/* Runs COMMAND with sh in the pool, for at most TIMEOUT_S. FN is called on the loop thread, once, unless it was forgotten. */
struct password *password_run(struct loop *loop, const char *command, double timeout_s, password_fn *fn, void *ctx);
void password_forget(struct password *s); /* NULL does nothing */

#endif
