/* The findings of some targets, asked once: what `findings` and `optimize` stand on. */
#ifndef DBVITALS_CLI_ADVICE_H
#define DBVITALS_CLI_ADVICE_H

#include "cli/session.h"
#include "cures/advisor.h"

/* An advisor for a session that lasts as long as one answer. */
struct advising {
    struct session *session;
    struct query_thread *queries;
    struct advisor *advisor;
    bool late;
};
/* The session's targets are there; nobody else may wait for its samples. To be ended in each case. */
bool advising_begin(struct advising *a, struct session *s, struct err *err);
/* Until all findings were asked, of all that the sources can give; not for ever: then checks say what was not
 * read. */
void advising_wait(struct advising *a);
void advising_end(struct advising *a);

struct advice {
    struct session session;
    struct advising advising;
    struct door *door;
};

/* Connects to the targets of ARGS and asks all findings. An exit code: EXIT_OK, or why there are none (ERR;
 * empty when it was told already). To be closed in each case. */
int advice_open(struct advice *a, const struct args *args, struct err *err);
void advice_close(struct advice *a, int code);
/* The rows of SQL over what was found. */
struct result *advice_select(struct advice *a, const struct query *query, struct err *err);
/* "nothing to do: 14 checks", and why the others could not be judged, for each target; EMPTY: nothing was
 * found. Each line begins with PREFIX. */
void advice_tell_checks(struct advice *a, FILE *f, const char *prefix, bool empty);

#endif
