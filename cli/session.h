/* What every subcommand that looks at a server stands on: config, registry, targets, loop, engine. */
#ifndef DBVITALS_CLI_SESSION_H
#define DBVITALS_CLI_SESSION_H

#include <stdio.h>

#include "cli/args.h"
#include "core/config.h"
#include "core/query.h"
#include "engine/engine.h"
#include "engine/own.h"

/* Exit codes of all subcommands. */
enum { EXIT_OK = 0, EXIT_USAGE = 1, EXIT_NO_DATA = 2, EXIT_INCOMPLETE = 3 };

struct session {
    const struct args *args;
    struct config config;
    struct registry registry;
    struct own_datasets own;
    struct loop *loop;
    struct engine *engine;
    struct target_config *targets;
    int n_targets;
    bool asked; /* a target stood on the command line */
    bool named; /* or in the config */
    const char *bare; /* a word that is no [target] of the config and was taken for a database; NULL: none */
    const char *stack; /* of targets that no section describes; NULL: none */
    double refresh_s;
    char *password; /* that was asked for, or NULL */
    char **owned; /* strings made for targets */
    int n_owned;
};

/* Reads the config and makes loop and engine; no target yet. FIRST_S: the second sample of a dataset follows the first one this soon; 0:
 * after one refresh. */
bool session_open(struct session *s, const struct args *args, double first_s, struct err *err);
/* Adds the targets: WORDS (URLs, conninfo, names of [target] sections, database names), else the config's, else what psql would connect to.
 * All passwords that must be asked for are asked for here. */
bool session_add_targets(struct session *s, const char *const *words, int n, struct err *err);
/* Only the list of what they are, `targets`: nothing is opened. */
void session_name_targets(struct session *s, const char *const *words, int n);
/* The same list of all that the config has, whatever the command line names. */
void session_name_config(struct session *s);
/* session_check.c: whether target I of the list could be opened; ERR is "FILE:LINE: [target NAME] KEY: sentence" where a section tells of it. */
bool session_check_target(const struct session *s, int i, struct err *err);
/* Another config, as it was read: takes it when its targets can be opened, opens and closes those that differ; the others go on as they
 * are. Datasets of the user's own stay as they were. CONFIG is the one before then; on failure nothing changes. It is the caller's. */
bool session_replace_config(struct session *s, struct config *config, const char *const *words, int n, struct err *err);
/* Frees everything. When the pool hangs on a dead name server the program ends here, with CODE. */
void session_close(struct session *s, int code);
/* Runs the loop until every target has N samples of each dataset (or a failure in place of it), or WAIT_S passed, or all targets are down.
 * False if no data came at all: ERR says why, with hints. */
bool session_collect(struct session *s, const struct dataset *const *datasets, int n_datasets, int n_samples, double wait_s, struct err *err);
/* Every target gave a sample of one of these datasets at least. */
bool session_answered(const struct session *s, const struct dataset *const *datasets, int n_datasets);
/* libpq's message for each target that is down, and what to try. */
void session_explain_down(const struct session *s, FILE *f);
/* Why the newest poll of these datasets failed, for those that did. Returns how many lines that were. */
int session_explain_failures(const struct session *s, const struct dataset *const *datasets, int n_datasets, FILE *f);

#endif
