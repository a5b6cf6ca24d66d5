/* The command line: one table of options for all subcommands, from which parser, --help and completion are made. */
#ifndef DBVITALS_CLI_ARGS_H
#define DBVITALS_CLI_ARGS_H

#include <stdbool.h>

#include "core/err.h"

enum { MOST_WORDS = 64 };

/* Strings are heap copies. NULL, 0, NAN: not given. */
struct args {
    char *words[MOST_WORDS]; /* what is no option: targets, datasets, SQL */
    int n_words;
    char *host, *port, *user, *database; /* as psql's -h -p -U -d */
    bool ask_password;
    char *comment, *span, *rule, *target, *wait; /* alerts, check */
    char *only, *budget; /* optimize */
    char *write_migrations; /* findings */
    char *runs, *warmup, *p95, *p99, *timeout, *compare, *max_regression; /* profile */
    char *attach; /* a guard */
    char *config, *format, *window, *page, *theme, *output, *rules, *samples_given;
    double refresh_s;
    int samples;
    bool no_attach, notify;
    bool all; /* check */
    bool dry_run, yes; /* optimize */
    bool read_only, ascii, all_databases, help, version;
    bool stack; /* demo: the whole of it */
};

/* Parses ARGV; a subcommand is the first of the words, before or after options. Strings are copied, and the originals blanked where they may hold a password, so that ps does not show it. */
bool args_parse(int argc, char **argv, struct args *out, struct err *err);
/* False if an option was given that COMMAND does not take: nothing is ignored in silence. */
bool args_check(const struct args *args, const char *command, struct err *err);
/* Takes the first of the words away. */
void args_drop_word(struct args *args);
void args_done(struct args *args);
/* -h, -p, -U or -d: one server is meant, whatever the config and a guard have. */
bool args_name_server(const struct args *args);

/* The table of options, for help and completion. */
struct args_option {
    const char *name;
    int letter;           /* 0: none */
    const char *argument; /* NULL: takes none */
    const char *help;
};
int args_n_options(void);
struct args_option args_option(int i);
bool args_is_of(int i, const char *command); /* not all commands take option I, but this one does */

#endif
