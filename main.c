/* dbvitals: the subcommands, one row each. */
#include <errno.h>
#include <fcntl.h>
#include <locale.h>
#include <malloc.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/resource.h>
#include <unistd.h>

#include "cli/args.h"
#include "cli/commands.h"
#include "cli/help.h"
#include "cli/output.h"
#include "cli/session.h"
#include "demo/demo.h"
#include "version.h"

static int run_help(const struct args *args);

static const struct subcommand subcommands[] = {
    // clang-format off
    {"watch",  "[TARGET...]",              "the dashboard; the word `watch` may be left out",      watch_run},
    {"show",   "[DATASET...] [TARGET...]", "print datasets once (all of them without a name)",     show_run},
    {"query",  "SQL [TARGET...]",          "one SELECT over the live datasets, 10 s at most", query_run},
    {"doctor", "[TARGET...]",              "can it connect, as whom, what is missing, its GRANT",  doctor_run},
    {"config", "check|show",               "check the config file, or print all that is in force", config_run},
    {"guard",  "[TARGET...]",              "watch without a terminal, judge, tell webhooks",       guard_run},
    {"alerts", "list|ack|silence|...",     "what the guard found; acknowledge, silence, test",     alerts_command_run},
    {"check",  "[RULE...]",                "one verdict for scripts: exit code 0, 1, 2 or 3",      check_run},
    {"findings", "[TARGET...]",            "what is worth doing: evidence, SQL, effect, cost",     findings_run},
    {"optimize", "[TARGET...]",            "runs the plan: the cures of findings, after asking",   optimize_run},
    {"profile", "FILE.sql [TARGET]",       "named queries timed: p50, p95, p99, index, verdict",   profile_command_run},
    {"demo",   "[--stack]",                "the dashboard over a private server with a workload",  demo_command_run},
    {"help",   "[DATASET...|TOPIC...]",    "this help, the columns of a dataset, or a topic",      run_help},
    // clang-format on
};
enum { N_SUBCOMMANDS = sizeof(subcommands) / sizeof(subcommands[0]) };

static int run_help(const struct args *args)
{
    return help_run(args, subcommands, N_SUBCOMMANDS);
}

static const struct subcommand *find(const char *word)
{
    for (int i = 0; i < N_SUBCOMMANDS; i++)
        if (strcmp(subcommands[i].name, word) == 0)
            return &subcommands[i];
    return NULL;
}

/* A closed 0, 1 or 2 would be taken by the next file that is opened. What stands there instead fails when it is used. */
static void hold_standard_files(void)
{
    for (int fd = STDIN_FILENO; fd <= STDERR_FILENO; fd++)
        if (fcntl(fd, F_GETFD) < 0 && errno == EBADF && open("/dev/null", fd == STDIN_FILENO ? O_WRONLY : O_RDONLY) != fd)
            abort(); /* the lowest free number is what open gives */
}

/* Connections, the loop's own and the terminal's take about a dozen with one target. A library that gets none would end the program. */
enum { LEAST_FILES = 32 };

static bool allow_files(struct err *err)
{
    struct rlimit limit;
    if (getrlimit(RLIMIT_NOFILE, &limit) != 0 || limit.rlim_cur >= LEAST_FILES)
        return true;
    rlim_t allowed = limit.rlim_cur;
    limit.rlim_cur = LEAST_FILES;
    return setrlimit(RLIMIT_NOFILE, &limit) == 0 ||
           fail(err, "only %d files may be open at once, and %d are needed: raise the limit with ulimit -n 256", (int)allowed, LEAST_FILES);
}

/* Of `check` 1 and 2 are verdicts: who asked in a wrong way has none. */
static int misused(const char *command)
{
    return command != NULL && strcmp(command, "check") == 0 ? EXIT_INCOMPLETE : EXIT_USAGE;
}

static int run(struct args *args)
{
    const struct subcommand *command = args->n_words > 0 ? find(args->words[0]) : NULL;
    struct err err = {0};
    if (args->help)
        help_usage(stdout, subcommands, N_SUBCOMMANDS);
    else if (args->version)
        puts("dbvitals " DBVITALS_VERSION DBVITALS_WITHOUT);
    else if (!args_check(args, command == NULL ? subcommands[0].name : command->name, &err)) {
        output_tell(stderr, err.text);
        return misused(command == NULL ? NULL : command->name);
    } else if (command == NULL)
        return subcommands[0].run(args);
    else {
        args_drop_word(args);
        return command->run(args);
    }
    return EXIT_OK;
}

int main(int argc, char **argv)
{
    hold_standard_files();
    mallopt(M_ARENA_MAX, 1); /* two threads that seldom meet: a heap for each would cost more than the lock */
    mallopt(M_MMAP_THRESHOLD, 128 << 10); /* fixed: what a large poll needs for a moment goes back at once, and leaves no gap */
    setlocale(LC_CTYPE, ""); /* only this category: numbers keep their decimal point */
    setenv("UV_THREADPOOL_SIZE", "4", 0);
    signal(SIGPIPE, SIG_IGN);
    signal(SIGXFSZ, SIG_IGN); /* a file that may not grow is told as a full disk is */
    if (argc > 1 && strcmp(argv[1], "demo-supervisor") == 0)
        return demo_supervise(argc > 2 && strcmp(argv[2], "stack") == 0);
    struct args args;
    struct err err = {0};
    if (!args_parse(argc, argv, &args, &err)) {
        output_tell(stderr, err.text);
        args_done(&args);
        return misused(argc > 1 ? argv[1] : NULL);
    }
    int code = EXIT_NO_DATA;
    if (args.help || args.version || allow_files(&err))
        code = run(&args);
    else
        output_tell(stderr, err.text);
    args_done(&args);
    if (code == EXIT_OK && !output_flush(stdout, "standard output", &err) && err.text[0] != '\0') {
        output_tell(stderr, err.text);
        code = EXIT_USAGE;
    }
    return code;
}
