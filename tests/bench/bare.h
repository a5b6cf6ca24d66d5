/* The least that a client does: what the program sent, sent again by a loop over libpq. One at a time: what the linker wraps has no context of its own. */
#ifndef DBVITALS_TESTS_BENCH_BARE_H
#define DBVITALS_TESTS_BENCH_BARE_H

#include <libpq-fe.h>
#include <stdbool.h>

enum { MOST_SENT = 128 };

struct sent {
    int connection;
    char *sql; /* NULL: a Sync */
    char *name; /* of a prepared statement, or NULL */
    char **params;
    int n_params;
};

struct script {
    struct sent sent[MOST_SENT];
    int n;
};

/* From now on SCRIPT gets all that goes to libpq; NULL ends that. */
void script_record(struct script *script);
void script_forget(struct script *script);

/* Connects as often as the program did and prepares what the scripts run. */
bool bare_open(const struct script *usual, const struct script *first);
void bare_close(void);
/* Sends all that SCRIPT has, each connection's as one pipeline, then takes the answers, looking at each value or not; how many rows came. */
int bare_round(const struct script *script, bool look);

#endif
