/* show and query of what only a guard knows, or of a guard that is named: it is asked, over HTTP. */
#ifndef DBVITALS_CLI_SHOW_GUARD_H
#define DBVITALS_CLI_SHOW_GUARD_H

#include "cli/attach.h"
#include "cli/session.h"

/* D comes about in a guard only: nobody else runs schedules, or judges rules all the time. */
bool show_guard_has(const struct dataset *d);
/* The guard that --attach names, else the one of this machine. WHAT is asked of it, for ERR when none
 * answers. */
struct attach *show_guard_open(struct session *s, const char *what, struct err *err);
struct result *show_guard_ask(struct session *s, struct attach *a, const struct query *q, struct err *err);

#endif
