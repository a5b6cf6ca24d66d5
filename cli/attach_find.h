/* Finding a guard to attach to, before any screen opens. */
#ifndef DBVITALS_CLI_ATTACH_FIND_H
#define DBVITALS_CLI_ATTACH_FIND_H

#include "cli/attach.h"
#include "cli/session.h"

/* The guard at WHERE, with the first of its targets in TARGET (heap). NULL and err when it cannot be attached
 * to. */
struct attach *attach_named(struct session *s, const char *where, char **target, struct err *err);
/* A guard of this machine that watches something and lets us in, or NULL. */
struct attach *attach_local(struct session *s, char **target);

#endif
