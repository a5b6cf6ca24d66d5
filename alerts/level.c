/* How bad: the levels of rules and alerts. */
#include "alerts/level.h"

#include <string.h>

static const char *const names[N_LEVELS] = {"ok", "info", "warning", "critical"};

const char *level_name(enum level l)
{
    return names[l];
}

int level_parse(const char *name)
{
    for (int i = 0; i < N_LEVELS; i++)
        if (strcmp(names[i], name) == 0)
            return i;
    return -1;
}
