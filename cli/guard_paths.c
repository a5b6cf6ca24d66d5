/* Where a guard keeps its state, and where it listens for whoever is on the same machine. */
#include "cli/guard_paths.h"

#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "core/mem.h"
#include "core/text.h"

static const char system_socket[] = "/run/dbvitals/guard.sock";

static char *joined(const char *folder, const char *name)
{
    struct text t;
    text_init(&t, 4096);
    text_addf(&t, "%s/%s", folder, name);
    return text_take(&t);
}

/* A variable that is set and not empty. */
static const char *variable(const char *name)
{
    const char *value = getenv(name);
    return value != NULL && value[0] != '\0' ? value : NULL;
}

/* "none" is for those who want no socket. */
static const char *configured_socket(const struct config *c)
{
    return config_get(c, "http", "socket");
}

char *guard_state_directory(const struct config *c)
{
    const char *own = config_get(c, "guard", "state_directory"), *systemd = variable("STATE_DIRECTORY");
    const char *state = variable("XDG_STATE_HOME"), *home = variable("HOME");
    if (own != NULL)
        return mem_dup(own);
    if (systemd != NULL) { /* several are separated by colons */
        char *first = mem_dup(systemd);
        first[strcspn(first, ":")] = '\0';
        return first;
    }
    if (state != NULL)
        return joined(state, "dbvitals");
    if (geteuid() == 0 || home == NULL)
        return mem_dup("/var/lib/dbvitals");
    return joined(home, ".local/state/dbvitals");
}

char *guard_socket(const struct config *c)
{
    const char *own = configured_socket(c), *runtime = variable("XDG_RUNTIME_DIR");
    if (own != NULL)
        return mem_dup(own);
    return runtime != NULL ? joined(runtime, "dbvitals.sock") : mem_dup(system_socket);
}

int guard_sockets(const struct config *c, char *out[2])
{
    int n = 0;
    out[n++] = guard_socket(c);
    if (configured_socket(c) == NULL && strcmp(out[0], system_socket) != 0)
        out[n++] = mem_dup(system_socket);
    return n;
}
