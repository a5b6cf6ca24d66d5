/* help profile: what a file of named queries may say, from the table that its parser works by. */
#include "cli/help.h"
#include "profile/file.h"

enum { MOST_DIRECTIVES = 16 };

void profile_help(struct help *h)
{
    static const struct doc_column comments[] = {{"comment", .code = true}, {"what it says"}};
    static const struct doc_column codes[] = {{"exit code", .code = true}, {"what it tells"}};
    static const char *const ends[] = {
        "0", "every query was measured and is within its targets",
        "1", "a query is over a target, or slower than in the profile that it is compared with",
        "2", "a query failed, or nothing could be run, or it was stopped"};
    const char *cells[2 * MOST_DIRECTIVES];
    int n = directives() < MOST_DIRECTIVES ? directives() : MOST_DIRECTIVES;
    for (int i = 0; i < n; i++) {
        cells[2 * i] = directive_at(i).example;
        cells[2 * i + 1] = directive_at(i).help;
    }
    doc_paragraph(
        &h->doc,
        "Each query of FILE.sql is run --runs times on PostgreSQL or on a SQLite file (a path, or "
        "sqlite:PATH), "
        "read-only, each run with a --timeout. p50, p95 and p99 are samples, by nearest rank; the first "
        "runs (--warmup) do not count. What stands before the first name is said of all queries.");
    doc_table(&h->doc, comments, 2, cells, n);
    doc_heading(&h->doc, "exit codes");
    doc_table(&h->doc, codes, 2, ends, 3);
}
