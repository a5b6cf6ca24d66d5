/* Help, made from the tables that the program works by, so that it cannot lie; docs/ is made of the same
 * words by tools/docs.py. */
#ifndef DBVITALS_CLI_HELP_H
#define DBVITALS_CLI_HELP_H

#include <stdio.h>

#include "cli/commands.h"
#include "cli/doc.h"
#include "core/column.h"
#include "tui/page.h"

/* What is told: the tables, borrowed. */
struct help {
    struct doc doc;
    const struct args *args;
    const struct subcommand *subcommands;
    int n_subcommands;
    const struct registry *registry; /* with the config's own datasets; NULL for a topic that needs none */
    const struct pages *pages;       /* likewise */
};

/* What stands before everything else: usage of each subcommand, options, exit codes. */
void help_usage(FILE *f, const struct subcommand *subcommands, int n);
/* The words of ARGS are topics or datasets; none: the usage. An exit code. */
int help_run(const struct args *args, const struct subcommand *subcommands, int n);
/* One dataset: what a row is, and every column. */
void help_dataset(struct doc *doc, const struct dataset *d);
/* cli/help_word.c: what a command, or an ordinary page, is, and where to read on. */
void help_command(struct help *h, const struct subcommand *command);
void help_page(struct help *h, const struct page *page);
/* What can be done to a server. */
void actions_help(struct help *h);
void profile_help(struct help *h); /* cli/help_profile.c */
/* The words of bash's completion, as a script. */
void help_completion(struct help *h);
/* The topics' names, N of them. */
const char *help_topic(int i);
int help_topics(void);

#endif
