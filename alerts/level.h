/* How bad: the levels of rules and alerts. */
#ifndef DBVITALS_ALERTS_LEVEL_H
#define DBVITALS_ALERTS_LEVEL_H

enum level { LEVEL_NONE, LEVEL_INFO, LEVEL_WARNING, LEVEL_CRITICAL };
enum { N_LEVELS = LEVEL_CRITICAL + 1 };

/* "ok", "info", "warning", "critical". */
const char *level_name(enum level l);
/* -1 if NAME is none of them. */
int level_parse(const char *name);

#endif
