/* help WORD, where the word is a command or a page of the dashboard: what it is, and where to read on. */
#include <stdio.h>

#include "cli/help.h"
#include "core/text.h"

enum { MOST_OPTIONS = 64 };

/* The options that only this command and a few others take. */
static void options_of(struct help *h, const char *command)
{
    static const struct doc_column columns[] = {{"option", .code = true}, {"what it is"}};
    char tags[MOST_OPTIONS][60];
    const char *cells[MOST_OPTIONS][2];
    int n = 0;
    for (int i = 0; i < args_n_options() && n < MOST_OPTIONS; i++) {
        struct args_option o = args_option(i);
        if (!args_is_of(i, command))
            continue;
        snprintf(tags[n], sizeof(tags[n]), "--%s%s%s", o.name, o.argument != NULL ? " " : "", o.argument != NULL ? o.argument : "");
        cells[n][0] = tags[n];
        cells[n++][1] = o.help;
    }
    if (n > 0)
        doc_heading(&h->doc, "options");
    doc_table(&h->doc, columns, 2, &cells[0][0], n);
}

void help_command(struct help *h, const struct subcommand *command)
{
    char usage[200];
    snprintf(usage, sizeof(usage), "Usage: dbvitals %s %s", command->name, command->usage);
    doc_title(&h->doc, command->name, command->help);
    doc_paragraph(&h->doc, usage);
    doc_paragraph(&h->doc, "All options: dbvitals help options. All of the manual: man dbvitals.");
    options_of(h, command->name);
}

void help_page(struct help *h, const struct page *page)
{
    struct text how;
    text_init(&how, 500);
    doc_title(&h->doc, page->name, page->help);
    text_addf(&how, "A page of the dashboard: dbvitals --page %s opens it, and in the dashboard ", page->name);
    if (page->key != 0)
        text_addf(&how, "%c, or ", page->key);
    text_addf(&how, ":page %s. All pages: dbvitals help pages.", page->name);
    doc_paragraph(&h->doc, text_str(&how));
    text_done(&how);
}
