/* help: usage, and one topic a row. Whatever stands here is read from the tables of the program. */
#include "cli/help.h"

#include <assert.h>
#include <stdlib.h>
#include <string.h>

#include "cli/output.h"
#include "cli/session.h"
#include "core/mem.h"
#include "core/option.h"
#include "core/text.h"
#include "engine/products.h"
#include "serve/serve.h"
#include "tui/keys.h"
#include "version.h"

static const struct {
    int code;
    const char *help;
} exit_codes[] = {
    {EXIT_OK, "all well"},
    {EXIT_USAGE, "wrong usage, config or SQL; one line on standard error says what; check: a warning; "
                 "optimize: a step failed or was left; profile: a query is over its target"},
    {EXIT_NO_DATA, "no data came: the server cannot be reached, or refuses; alerts: no guard answers; guard: "
                   "its directory or address "
                   "cannot be used; check: critical; optimize: it could not begin; profile: a query failed"},
    {EXIT_INCOMPLETE,
     "doctor: connected, but something is missing; show, query: one of several targets gave nothing; check: "
     "unknown; "
     "findings: a schema change was not written, since nobody knows whether it was done as it says"},
};
enum { N_EXIT_CODES = sizeof(exit_codes) / sizeof(exit_codes[0]) };

static const struct doc_column pair[] = {{"name", .code = true}, {"what it is"}};

/* ---- What stands in the usage ---- */

enum { MOST_TAGS = 64 };

static void subcommands_help(struct help *h)
{
    struct text tags[MOST_TAGS];
    const char *cells[MOST_TAGS][2];
    assert(h->n_subcommands <= MOST_TAGS);
    for (int i = 0; i < h->n_subcommands; i++) {
        const struct subcommand *s = &h->subcommands[i];
        text_init(&tags[i], 200);
        text_addf(&tags[i], "dbvitals %-*s%s%s", h->doc.format == DOC_TERMINAL ? 6 : 0, s->name,
                  s->usage[0] != '\0' ? " " : "", s->usage);
        cells[i][0] = text_str(&tags[i]);
        cells[i][1] = s->help;
    }
    doc_table(&h->doc, pair, 2, &cells[0][0], h->n_subcommands);
    for (int i = 0; i < h->n_subcommands; i++)
        text_done(&tags[i]);
}

static void options_help(struct help *h)
{
    struct text tags[MOST_TAGS];
    const char *cells[MOST_TAGS][2];
    int n = args_n_options();
    assert(n <= MOST_TAGS);
    for (int i = 0; i < n; i++) {
        struct args_option o = args_option(i);
        text_init(&tags[i], 200);
        if (o.letter != 0)
            text_addf(&tags[i], "-%c, ", o.letter);
        text_addf(&tags[i], "--%s%s%s", o.name, o.argument != NULL ? " " : "",
                  o.argument != NULL ? o.argument : "");
        cells[i][0] = text_str(&tags[i]);
        cells[i][1] = o.help;
    }
    doc_table(&h->doc, pair, 2, &cells[0][0], n);
    for (int i = 0; i < n; i++)
        text_done(&tags[i]);
}

static void exit_codes_help(struct help *h)
{
    char numbers[N_EXIT_CODES][12];
    const char *cells[N_EXIT_CODES][2];
    for (int i = 0; i < N_EXIT_CODES; i++) {
        snprintf(numbers[i], sizeof(numbers[i]), "%d", exit_codes[i].code);
        cells[i][0] = numbers[i];
        cells[i][1] = exit_codes[i].help;
    }
    doc_table(&h->doc, pair, 2, &cells[0][0], N_EXIT_CODES);
}

/* ---- Topics of the dashboard and the config ---- */

static void datasets_help(struct help *h)
{
    static const struct doc_column columns[] = {{"dataset", .code = true, .link = true}, {"a row is"}};
    const struct registry *r = h->registry;
    const char **cells = mem_new_array((size_t)r->n * 2, sizeof(*cells));
    for (int i = 0; i < r->n; i++) {
        cells[2 * i] = r->datasets[i]->name;
        cells[2 * i + 1] = r->datasets[i]->help;
    }
    doc_table(&h->doc, columns, 2, cells, r->n);
    free(cells);
}

static void keys_help(struct help *h)
{
    static const struct doc_column columns[] = {
        {"keys", .code = true}, {"name", .code = true}, {"what it does"}};
    for (int g = 0; g < N_GROUPS; g++) {
        char keys[N_COMMANDS][64];
        const char *cells[N_COMMANDS][3];
        int n = 0;
        for (int i = 0; i < n_command_rows; i++) {
            const struct command_row *c = &command_rows[i];
            if (c->group != (enum command_group)g)
                continue;
            command_keys(c->command, keys[n], sizeof(keys[n]));
            cells[n][0] = keys[n];
            cells[n][1] = c->name;
            cells[n++][2] = c->help;
        }
        doc_heading(&h->doc, group_title((enum command_group)g));
        doc_table(&h->doc, columns, 3, &cells[0][0], n);
    }
}

static void pages_help(struct help *h)
{
    static const struct doc_column columns[] = {
        {"key", .code = true}, {"page", .code = true}, {"what it answers"}};
    const char **cells = mem_new_array((size_t)h->pages->n_pages * 3, sizeof(*cells));
    static const char digits[][2] = {"0", "1", "2", "3", "4", "5", "6", "7", "8", "9"};
    int n = 0;
    for (int i = 0; i < h->pages->n_pages; i++) {
        const struct page *p = h->pages->pages[i];
        if (p->detail)
            continue;
        cells[3 * n] = p->key == 0 ? "" : digits[p->key - '0'];
        cells[3 * n + 1] = p->name;
        cells[3 * n++ + 2] = p->help;
    }
    doc_table(&h->doc, columns, 3, cells, n);
    free(cells);
}

static const char *type_of(const struct option *o)
{
    static const char *const types[] = {
        [OPTION_TEXT] = "text",   [OPTION_BOOL] = "yes or no",      [OPTION_INTEGER] = "integer",
        [OPTION_REAL] = "number", [OPTION_DURATION] = "duration",   [OPTION_CHOICE] = "one of",
        [OPTION_SQL] = "SQL",     [OPTION_URL] = "URL or conninfo", [OPTION_HOOK] = "URL"};
    _Static_assert(sizeof(types) / sizeof(*types) == OPTION_HOOK + 1, "each type has its word");
    return types[o->type];
}

static void config_section_help(struct help *h, const char *section)
{
    static const struct doc_column columns[] = {{"key", .code = true},
                                                {"type"},
                                                {"allowed", .code = true},
                                                {"default", .code = true},
                                                {"what it is"}};
    const char **cells = mem_new_array((size_t)n_config_options * 5, sizeof(*cells));
    int n = 0;
    for (int i = 0; i < n_config_options; i++) {
        const struct option *o = &config_options[i];
        if (strcmp(o->section, section) != 0)
            continue;
        const char *row[] = {o->key, type_of(o), o->choices, o->standard, o->help};
        memcpy(cells + 5 * n++, row, sizeof(row));
    }
    doc_table(&h->doc, columns, 5, cells, n);
    free(cells);
}

static void config_help(struct help *h)
{
    for (int i = 0; i < n_config_options; i++) {
        const struct option *o = &config_options[i];
        char heading[80];
        if (option_find_section(config_options, n_config_options, o->section) != o)
            continue;
        snprintf(heading, sizeof(heading), "[%s%s]", o->section, o->single ? "" : " NAME");
        doc_heading(&h->doc, heading);
        config_section_help(h, o->section);
    }
}

enum { MOST_ROUTES = 64 };

static void http_help(struct help *h)
{
    static const struct doc_column columns[] = {
        {"method"}, {"path", .code = true}, {"who may"}, {"what it answers"}};
    const char *cells[MOST_ROUTES][4];
    struct serve_route r;
    int n = 0;
    for (; n < MOST_ROUTES && serve_route(n, &r); n++) {
        const char *row[] = {r.method, r.path, r.who, r.help};
        memcpy(cells[n], row, sizeof(row));
    }
    doc_table(&h->doc, columns, 4, &cells[0][0], n);
}

static void topics_help(struct help *h);

static const struct topic {
    const char *name, *help;
    void (*print)(struct help *h);
    bool registry, pages; /* what it needs */
} topics[] = {
    // clang-format off
    {"topics",     "what stands here",                               topics_help},
    {"commands",   "the subcommands",                                subcommands_help},
    {"options",    "options of the command line",                    options_help},
    {"exit-codes", "what the program's exit code tells",             exit_codes_help},
    {"datasets",   "every dataset and what a row of it is",          datasets_help,   .registry = true},
    {"pages",      "the pages of the dashboard",                     pages_help,      .pages = true},
    {"actions",    "what can be done to a row, or to a server; each asks first",                    actions_help},
    {"keys",       "the keys of the dashboard; after : the names do the same",                      keys_help},
    {"config",     "every section and key of the config file",       config_help},
    {"http",       "what a guard answers over HTTP; tokens stand in [http], and docs/http.md has examples", http_help},
    {"profile",    "a file of queries for dbvitals profile: what its comments say",                 profile_help},
    {"completion", "a script for bash: source <(dbvitals help completion)", help_completion, .registry = true, .pages = true},
    // clang-format on
};

const char *help_topic(int i)
{
    return topics[i].name;
}

int help_topics(void)
{
    return sizeof(topics) / sizeof(topics[0]);
}

static void topics_help(struct help *h)
{
    const char *cells[sizeof(topics) / sizeof(topics[0])][2];
    for (int i = 0; i < help_topics(); i++) {
        cells[i][0] = topics[i].name;
        cells[i][1] = topics[i].help;
    }
    doc_table(&h->doc, pair, 2, &cells[0][0], help_topics());
}

void help_usage(FILE *f, const struct subcommand *subcommands, int n)
{
    struct help h = {.doc = {f, DOC_TERMINAL}, .subcommands = subcommands, .n_subcommands = n};
    fputs("dbvitals " DBVITALS_VERSION ": the vital signs of databases, live\n\nUsage:\n", f);
    subcommands_help(&h);
    fputs("\nTARGET: a [target] of the config, the name of a PostgreSQL database, or\n", f);
    for (int i = 0; product_at(i) != NULL; i++)
        fprintf(f, "  %-12s %s\n", product_at(i)->name, product_at(i)->urls);
    fputs("without one: the config's targets, else what psql would connect to (PG* variables, the local socket).\n\nOptions:\n", f);
    options_help(&h);
    struct text places;
    text_init(&places, 5000);
    config_places(&places);
    fprintf(f, "\nConfig: --config FILE, else %s\n", text_str(&places));
    text_done(&places);
    fputs("\nExit codes:\n", f);
    exit_codes_help(&h);
    fputs("\nTopics of dbvitals help:\n", f);
    topics_help(&h);
}

/* ---- The command ---- */

static const struct topic *find(const char *word)
{
    for (int i = 0; i < help_topics(); i++)
        if (strcmp(topics[i].name, word) == 0)
            return &topics[i];
    return NULL;
}

static bool pages_read(struct pages *pages, const struct session *s, struct err *err)
{
    return pages_add_builtin(pages, err) && pages_add(pages, &s->config, err);
}

static bool print_topic(struct help *h, const struct topic *topic, const struct session *s, struct err *err)
{
    struct pages pages;
    pages_init(&pages);
    bool ok = !topic->pages || pages_read(&pages, s, err);
    h->pages = &pages;
    if (ok && strcmp(topic->name, "completion") != 0) /* which is no text to read */
        doc_title(&h->doc, topic->name, topic->help);
    if (ok)
        topic->print(h);
    h->pages = NULL;
    pages_done(&pages);
    return ok;
}

static bool print_command(struct help *h, const char *word)
{
    for (int i = 0; i < h->n_subcommands; i++)
        if (strcmp(h->subcommands[i].name, word) == 0) {
            help_command(h, &h->subcommands[i]);
            return true;
        }
    return false;
}

static bool print_page(struct help *h, const char *word, const struct session *s, struct err *err)
{
    struct pages pages;
    const struct page *page = NULL;
    pages_init(&pages);
    bool ok = pages_read(&pages, s, err);
    for (int i = 0; i < pages.n_pages && ok; i++)
        if (!pages.pages[i]->detail && strcmp(pages.pages[i]->name, word) == 0)
            page = pages.pages[i];
    if (page != NULL)
        help_page(h, page);
    else if (ok)
        ok = fail(err, "no dataset, topic, command or page is called %s; see: dbvitals help datasets, dbvitals help topics", word);
    pages_done(&pages);
    return ok;
}

static bool print_word(struct help *h, const char *word, struct session *s, bool *opened, struct err *err)
{
    const struct topic *topic = find(word);
    bool needs = topic == NULL || topic->registry || topic->pages;
    if (needs && !*opened && !session_open(s, h->args, 0, err))
        return false;
    *opened = *opened || needs;
    h->registry = &s->registry;
    if (topic != NULL)
        return print_topic(h, topic, s, err);
    const struct dataset *d = registry_find(&s->registry, word);
    if (d == NULL)
        return print_command(h, word) || print_page(h, word, s, err);
    help_dataset(&h->doc, d);
    return true;
}

int help_run(const struct args *args, const struct subcommand *subcommands, int n)
{
    struct help h = {
        .doc = {stdout, DOC_TERMINAL}, .args = args, .subcommands = subcommands, .n_subcommands = n};
    struct session s;
    struct err err = {0};
    bool opened = false, ok = doc_format_parse(args->format, &h.doc.format, &err);
    if (args->n_words == 0 && ok)
        help_usage(stdout, subcommands, n);
    for (int i = 0; i < args->n_words && ok; i++) {
        if (i > 0)
            puts("");
        ok = print_word(&h, args->words[i], &s, &opened, &err);
    }
    if (opened)
        session_close(&s, ok ? EXIT_OK : EXIT_USAGE);
    if (!ok)
        output_tell(stderr, err.text);
    return ok ? EXIT_OK : EXIT_USAGE;
}
