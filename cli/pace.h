/* What lies between two prints of --samples: a newer sample of all that is asked, or a refresh where none can come. */
#ifndef DBVITALS_CLI_PACE_H
#define DBVITALS_CLI_PACE_H

#include "cli/session.h"

struct pace {
    struct session *session;
    const struct dataset *const *datasets;
    int n_datasets;
    double *newest;  /* by target and dataset: when the newest sample of the last print was taken, NAN if there was none */
    double *down_s;  /* by target: since when it is known to be down, NAN if it is not; told on stderr */
    bool *told_slow; /* by dataset: that it comes less often than refreshes do */
};

/* To be called at the first print. The datasets are borrowed. */
void pace_init(struct pace *p, struct session *session, const struct dataset *const *datasets, int n_datasets);
void pace_done(struct pace *p);
/* Runs the loop until each target that is up has a sample of each dataset that is newer than that of the last print, and for the others a refresh
 * has passed; long after one was due it is waited for no more. Tells on stderr when a target goes down and when it is back. */
void pace_wait(struct pace *p);

#endif
