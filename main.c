/* dbvitals: the subcommands, one row each. */
#include <locale.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "cli/args.h"
#include "cli/commands.h"
#include "cli/session.h"
#include "demo/demo.h"
#include "version.h"

static int run_help(const struct args *args);

static const struct command {
    const char *name, *usage, *help;
    int (*run)(const struct args *args);
} commands[] = {
    // clang-format off
    {"watch",  "[TARGET...]",              "the dashboard; the word `watch` may be left out",      watch_run},
    {"show",   "[DATASET...] [TARGET...]", "print datasets once (all of them without a name)",     show_run},
    {"query",  "SQL [TARGET...]",          "one SELECT over the live datasets",                    query_run},
    {"doctor", "[TARGET...]",              "can it connect, as whom, what is missing, its GRANT",  doctor_run},
    {"config", "check|show",               "check the config file, or print all that is in force", config_run},
    {"demo",   "",                         "the dashboard over a private server with a workload",  demo_command_run},
    {"help",   "[DATASET...|datasets]",    "this help, or the columns of datasets",                run_help},
    // clang-format on
};
enum { N_COMMANDS = sizeof(commands) / sizeof(commands[0]) };

static void print_help(void)
{
    puts("dbvitals " DBVITALS_VERSION ": the vital signs of databases, live\n\nUsage:");
    for (int i = 0; i < N_COMMANDS; i++)
        printf("  dbvitals %-8s%-26s %s\n", commands[i].name, commands[i].usage, commands[i].help);
    puts("\nTARGET: postgresql://..., a libpq conninfo string, service=NAME, a [target] of the config, or a database name;\n"
         "without one: the config's targets, else what psql would connect to (PG* variables, the local socket).\n\nOptions:");
    args_print_options(stdout);
    puts("\nExit codes: 0 all well, 1 wrong usage or config, 2 no data came, 3 connected but something is missing (doctor).");
}

static int run_help(const struct args *args)
{
    if (args->n_words > 0)
        return datasets_help_run(args);
    print_help();
    return EXIT_OK;
}

static const struct command *find(const char *word)
{
    for (int i = 0; i < N_COMMANDS; i++)
        if (strcmp(commands[i].name, word) == 0)
            return &commands[i];
    return NULL;
}

int main(int argc, char **argv)
{
    setlocale(LC_CTYPE, ""); /* only this category: numbers keep their decimal point */
    setenv("UV_THREADPOOL_SIZE", "4", 0);
    signal(SIGPIPE, SIG_IGN);
    if (argc > 1 && strcmp(argv[1], "demo-supervisor") == 0)
        return demo_supervise();
    const struct command *command = argc > 1 ? find(argv[1]) : NULL;
    struct args args;
    struct err err = {0};
    if (!args_parse(argc, argv, command == NULL ? 1 : 2, &args, &err)) {
        fprintf(stderr, "dbvitals: %s\n", err.text);
        args_done(&args);
        return EXIT_USAGE;
    }
    int code = EXIT_OK;
    if (args.help)
        print_help();
    else if (args.version)
        puts("dbvitals " DBVITALS_VERSION);
    else
        code = (command == NULL ? &commands[0] : command)->run(&args);
    args_done(&args);
    return code;
}
