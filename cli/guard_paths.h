/* Where a guard keeps its state, and where it listens for whoever is on the same machine. */
#ifndef DBVITALS_CLI_GUARD_PATHS_H
#define DBVITALS_CLI_GUARD_PATHS_H

#include "core/config.h"

/* Heap strings. [guard] state_directory, else $STATE_DIRECTORY (systemd's), else for root without
 * $XDG_STATE_HOME /var/lib/dbvitals, else $XDG_STATE_HOME/dbvitals or ~/.local/state/dbvitals. */
char *guard_state_directory(const struct config *c);
/* [http] socket, else $XDG_RUNTIME_DIR/dbvitals.sock, else /run/dbvitals/guard.sock. */
char *guard_socket(const struct config *c);
/* Where a guard of this machine may listen for us, best first: one of ours, then the system's. Returns how
 * many. */
int guard_sockets(const struct config *c, char *out[2]);

#endif
