/* Datasets that stand on our own disk: for an answer they are read from there, and no server is asked. */
#ifndef DBVITALS_CLI_KEPT_H
#define DBVITALS_CLI_KEPT_H

#include "cli/session.h"

bool kept_is(const struct dataset *d);
/* Puts a sample of D, one that is kept, as it stands now: of the targets that S was given, else of all that
 * it tells of. */
bool kept_read(struct session *s, const struct dataset *d, struct err *err);

#endif
