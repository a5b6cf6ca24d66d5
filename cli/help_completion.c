/* help completion: what bash needs to complete our words, made from the tables. */
#include <string.h>

#include "cli/help.h"
#include "tui/theme.h"

static void put_datasets(struct help *h)
{
    for (int i = 0; i < h->registry->n; i++)
        printf(" %s", h->registry->datasets[i]->name);
}

static void put_topics(struct help *h)
{
    for (int i = 0; i < help_topics(); i++)
        printf(" %s", help_topic(i));
    put_datasets(h);
}

static void put_pages(struct help *h)
{
    for (int i = 0; i < h->pages->n_pages; i++)
        if (!h->pages->pages[i]->detail)
            printf(" %s", h->pages->pages[i]->name);
}

static void put_themes(struct help *h)
{
    (void)h;
    for (int i = 0; i < theme_builtin_count(); i++)
        printf(" %s", theme_builtin_name(i));
}

static void put_formats(struct help *h)
{
    (void)h;
    fputs(" table json csv", stdout);
}

static void put_windows(struct help *h)
{
    (void)h;
    fputs(" last 1m 5m 15m 1h reset start", stdout);
}

static void put_files(struct help *h)
{
    (void)h;
    fputs(" $(compgen -f -- \"$cur\")", stdout);
}

static void put_config(struct help *h)
{
    (void)h;
    fputs(" check show", stdout);
}

static void put_options(void)
{
    for (int i = 0; i < args_n_options(); i++)
        printf(" --%s", args_option(i).name);
}

/* What may follow an option, or a subcommand. */
static const struct follower {
    const char *word;
    void (*put)(struct help *h);
} after_option[] = {{"format", put_formats},
                    {"window", put_windows},
                    {"page", put_pages},
                    {"theme", put_themes}},
  after_subcommand[] = {{"show", put_datasets}, {"help", put_topics}, {"config", put_config}, {"profile", put_files}};

/* Options whose argument is a file, or cannot be known. */
static void put_free_options(const char *what, bool file)
{
    fputs("    ", stdout);
    const char *between = "";
    for (int i = 0; i < args_n_options(); i++) {
        struct args_option o = args_option(i);
        bool known = false;
        for (size_t k = 0; k < sizeof(after_option) / sizeof(after_option[0]); k++)
            known = known || strcmp(after_option[k].word, o.name) == 0;
        if (o.argument == NULL || known || (strcmp(o.argument, "FILE") == 0) != file)
            continue;
        printf("%s--%s", between, o.name);
        if (o.letter != 0)
            printf(" | -%c", o.letter);
        between = " | ";
    }
    printf(") %s; return ;;\n", what);
}

static void put_rows(struct help *h, const struct follower *rows, size_t n, bool options)
{
    for (size_t i = 0; i < n; i++) {
        printf("    %s%s", options ? "--" : "", rows[i].word);
        for (int k = 0; options && k < args_n_options(); k++)
            if (strcmp(args_option(k).name, rows[i].word) == 0 && args_option(k).letter != 0)
                printf(" | -%c", args_option(k).letter);
        fputs(") words=\"", stdout);
        rows[i].put(h);
        fputs("\" ;;\n", stdout);
    }
}

void help_completion(struct help *h)
{
    puts("# bash completion of dbvitals, made by: dbvitals help completion\n"
         "_dbvitals() {\n"
         "    local cur=${COMP_WORDS[COMP_CWORD]} prev=${COMP_WORDS[COMP_CWORD - 1]} words=\n"
         "    case $prev in");
    put_free_options("COMPREPLY=($(compgen -f -- \"$cur\"))", true);
    put_free_options("COMPREPLY=()", false);
    put_rows(h, after_option, sizeof(after_option) / sizeof(after_option[0]), true);
    fputs("    *) case $COMP_CWORD:${COMP_WORDS[1]}:$cur in\n    *:*:-*) words=\"", stdout);
    put_options();
    fputs("\" ;;\n    1:*) words=\"", stdout);
    for (int i = 0; i < h->n_subcommands; i++)
        printf(" %s", h->subcommands[i].name);
    puts("\" ;;\n    *) case ${COMP_WORDS[1]} in");
    put_rows(h, after_subcommand, sizeof(after_subcommand) / sizeof(after_subcommand[0]), false);
    puts("    esac ;;\n    esac ;;\n    esac\n"
         "    COMPREPLY=($(compgen -W \"$words\" -- \"$cur\"))\n"
         "}\n"
         "complete -F _dbvitals dbvitals");
}
