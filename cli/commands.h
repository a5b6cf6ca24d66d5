/* The subcommands. Each returns an exit code (cli/session.h) and reports on stderr itself. */
#ifndef DBVITALS_CLI_COMMANDS_H
#define DBVITALS_CLI_COMMANDS_H

#include "cli/args.h"

/* A row of the table in main.c. */
struct subcommand {
    const char *name, *usage, *help;
    int (*run)(const struct args *args);
};

int watch_run(const struct args *args);
int show_run(const struct args *args);
int query_run(const struct args *args);
int doctor_run(const struct args *args);
int config_run(const struct args *args);
int demo_command_run(const struct args *args);
int guard_run(const struct args *args);
int alerts_command_run(const struct args *args);
int check_run(const struct args *args);
int findings_run(const struct args *args);
int migrations_run(const struct args *args); /* findings --write-migrations */
int optimize_run(const struct args *args);
int profile_command_run(const struct args *args);
int alerts_test_run(const struct args *args);

#endif
