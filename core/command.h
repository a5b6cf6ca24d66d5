/* A secret that a command prints, such as `pass show shop`. */
#ifndef DBVITALS_CORE_COMMAND_H
#define DBVITALS_CORE_COMMAND_H

#include "core/loop.h"

struct command;
/* SECRET is the first line that the command printed, valid during the call; NULL with ERROR if there is none.
 */
typedef void command_fn(void *ctx, const char *secret, const char *error);
/* Runs LINE with sh in the pool, for at most TIMEOUT_S. OPTION is what errors call it: password_command;
 * static. FN is called on the loop thread, once, unless it was forgotten. */
struct command *command_run(struct loop *loop, const char *line, const char *option, double timeout_s,
                            command_fn *fn, void *ctx);
void command_forget(struct command *s); /* NULL does nothing */

#endif
