/* Whether a guard can do what a config says. */
#ifndef DBVITALS_CLI_GUARD_CHECK_H
#define DBVITALS_CLI_GUARD_CHECK_H

#include "core/column.h"
#include "core/config.h"

/* Rules, webhooks, HTTP and the heartbeat; ERR is "FILE:LINE: sentence". For `config check`, the start and a
 * reload. */
bool guard_check(const struct config *config, const struct registry *registry, struct err *err);

#endif
