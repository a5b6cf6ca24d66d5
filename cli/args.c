/* The command line: one table of options for all subcommands, from which parser, --help and completion are made. */
#include "cli/args.h"

#include <getopt.h>
#include <stddef.h>
#include <math.h>
#include <stdlib.h>
#include <string.h>

#include "core/mem.h"
#include "core/text.h"
#include "core/when.h"

enum form { FORM_FLAG, FORM_TEXT, FORM_DURATION };
static const struct row {
    const char *name;
    int letter; /* 0: none */
    enum form form;
    size_t member;
    const char *argument, *help;
    const char *of; /* the commands that take it; NULL: all of them */
} rows[] = {
    // clang-format off
    {"host",          'h', FORM_TEXT,     offsetof(struct args, host),          "HOST",    "server's host or socket directory"},
    {"port",          'p', FORM_TEXT,     offsetof(struct args, port),          "PORT",    "server's port"},
    {"username",      'U', FORM_TEXT,     offsetof(struct args, user),          "NAME",    "role to connect as"},
    {"dbname",        'd', FORM_TEXT,     offsetof(struct args, database),      "NAME",    "database, or a conninfo string or URL"},
    {"password",      'W', FORM_FLAG,     offsetof(struct args, ask_password),  NULL,      "ask for a password before the screen opens"},
    {"all-databases", 'a', FORM_FLAG,     offsetof(struct args, all_databases), NULL,      "tables and indexes of every database of the server"},
    {"refresh",       'r', FORM_DURATION, offsetof(struct args, refresh_s),     "S",       "seconds between refreshes, 0.25 to 300 (default 1)"},
    {"window",        'w', FORM_TEXT,     offsetof(struct args, window),        "WINDOW",  "last, 1m, 5m, 15m, 1h, reset or start"},
    {"format",        'f', FORM_TEXT,     offsetof(struct args, format),        "FORMAT",  "table, json or csv (show, query, alerts, findings, optimize, profile); table, markdown or man (help)", "show, query, alerts, findings, optimize, profile, help"},
    {"samples",       'n', FORM_TEXT,     offsetof(struct args, samples_given), "N|FILE",  "print N times, one a refresh (show, query); the file of alerts test", "show, query, alerts"},
    {"rules",         0,   FORM_TEXT,     offsetof(struct args, rules),         "FILE",    "rules that are tried (alerts test)", "alerts"},
    {"page",          0,   FORM_TEXT,     offsetof(struct args, page),          "NAME",    "page to start with"},
    {"theme",         0,   FORM_TEXT,     offsetof(struct args, theme),         "NAME",    "dark, light, colour-blind, mono, or a file"},
    {"ascii",         0,   FORM_FLAG,     offsetof(struct args, ascii),         NULL,      "draw with ASCII characters only"},
    {"attach",        0,   FORM_TEXT,     offsetof(struct args, attach),        "WHERE",   "look at a guard's numbers: its socket's path, or http(s)://HOST:PORT"},
    {"no-attach",     0,   FORM_FLAG,     offsetof(struct args, no_attach),     NULL,      "connect by ourselves though a guard runs here (dashboard, check)"},
    {"notify",        0,   FORM_FLAG,     offsetof(struct args, notify),        NULL,      "deliver alerts to the webhooks, as a guard does"},
    {"read-only",     0,   FORM_FLAG,     offsetof(struct args, read_only),     NULL,      "offer nothing that changes a server"},
    {"config",        'c', FORM_TEXT,     offsetof(struct args, config),        "FILE",    "config file instead of the usual places"},
    {"output",        'o', FORM_TEXT,     offsetof(struct args, output),        "FILE",    "write there instead of standard output (show, query)", "show, query"},
    {"comment",       0,   FORM_TEXT,     offsetof(struct args, comment),       "TEXT",    "why (alerts ack, silence)", "alerts"},
    {"for",           0,   FORM_TEXT,     offsetof(struct args, span),          "TIME",    "how long: 30m, 2h, 1d (alerts ack, silence)", "alerts"},
    {"rule",          0,   FORM_TEXT,     offsetof(struct args, rule),          "PATTERN", "rules that are silenced: * and ? (alerts silence)", "alerts"},
    {"target",        0,   FORM_TEXT,     offsetof(struct args, target),        "PATTERN", "targets that are silenced (alerts silence)", "alerts"},
    {"wait",          0,   FORM_TEXT,     offsetof(struct args, wait),          "TIME",    "wait so long for what rules need (check)", "check"},
    {"all",           0,   FORM_FLAG,     offsetof(struct args, all),           NULL,      "alerts that are acknowledged, silenced or inhibited decide too (check)", "check"},
    {"dry-run",       0,   FORM_FLAG,     offsetof(struct args, dry_run),       NULL,      "show the plan, run nothing (optimize)", "optimize"},
    {"yes",           0,   FORM_FLAG,     offsetof(struct args, yes),           NULL,      "run the plan without asking (optimize)", "optimize"},
    {"only",          0,   FORM_TEXT,     offsetof(struct args, only),          "KINDS",   "kinds of action in the plan: analyze, vacuum (the default), reindex, index, drop, ... (optimize)", "optimize"},
    {"budget",        0,   FORM_TEXT,     offsetof(struct args, budget),        "TIME",    "how long the plan may take in all: 10m, 2h (optimize), or one query with all its runs (profile; 30s)", "optimize, profile"},
    {"runs",          0,   FORM_TEXT,     offsetof(struct args, runs),          "N",       "how often each query is run (profile; 100)", "profile"},
    {"warmup",        0,   FORM_TEXT,     offsetof(struct args, warmup),        "N",       "runs before them that do not count (profile; 3)", "profile"},
    {"p95",           0,   FORM_TEXT,     offsetof(struct args, p95),           "TIME",    "the target of queries that have none in the file: 50ms (profile)", "profile"},
    {"p99",           0,   FORM_TEXT,     offsetof(struct args, p99),           "TIME",    "the same for the slowest run in a hundred (profile)", "profile"},
    {"timeout",       0,   FORM_TEXT,     offsetof(struct args, timeout),       "TIME",    "how long one run may take (profile; 10s)", "profile"},
    {"compare",       0,   FORM_TEXT,     offsetof(struct args, compare),       "FILE",    "an earlier profile, written with --format json (profile)", "profile"},
    {"max-regression", 0,  FORM_TEXT,     offsetof(struct args, max_regression), "PERCENT", "how much slower than then a query may be (profile; 20%)", "profile"},
    {"write-migrations", 0, FORM_TEXT,    offsetof(struct args, write_migrations), "DIR",  "write the schema changes of the ledger there, as up/down SQL (findings)", "findings"},
    {"stack",         0,   FORM_FLAG,     offsetof(struct args, stack),         NULL,      "the whole stack: PgBouncer, an application, Redis, where they are installed (demo)", "demo"},
    {"help",          '?', FORM_FLAG,     offsetof(struct args, help),          NULL,      "this help"},
    {"version",       'V', FORM_FLAG,     offsetof(struct args, version),       NULL,      "print the version"},
    // clang-format on
};
enum { N_ROWS = sizeof(rows) / sizeof(rows[0]) };

static bool set(const struct row *row, const char *argument, struct args *out, struct err *err)
{
    char *member = (char *)out + row->member;
    double number;
    switch (row->form) {
    case FORM_FLAG:
        *(bool *)(void *)member = true;
        return true;
    case FORM_TEXT:
        free(*(char **)(void *)member);
        *(char **)(void *)member = mem_dup(argument);
        return true;
    case FORM_DURATION:
        if (!duration_parse(argument, &number, err))
            return fail(err, "--%s %s: %s", row->name, argument, err->text);
        if (number < 0.25 || number > 300)
            return fail(err, "--%s %s: must be between 0.25 and 300 seconds", row->name, argument);
        *(double *)(void *)member = number;
        break;
    }
    return true;
}

/* What --samples says: how often, but for `alerts test`, which wants a file. */
static bool read_samples(struct args *out, struct err *err)
{
    char *end;
    if (out->samples_given == NULL || (out->n_words > 0 && strcmp(out->words[0], "alerts") == 0))
        return true;
    long count = strtol(out->samples_given, &end, 10);
    if (*end != '\0' || count < 1 || count > 1000000)
        return fail(err, "--samples %s: must be a number from 1 to 1000000", out->samples_given);
    out->samples = (int)count;
    return true;
}

static bool parse_all(int argc, char **argv, struct args *out, struct err *err)
{
    struct option options[N_ROWS + 1] = {0};
    char letters[2 * N_ROWS + 2] = ":";
    size_t n_letters = 1;
    for (int i = 0; i < N_ROWS; i++) {
        int takes = rows[i].form == FORM_FLAG ? no_argument : required_argument;
        options[i] = (struct option){.name = rows[i].name, .has_arg = takes, .val = 256 + i};
        if (rows[i].letter == 0)
            continue;
        letters[n_letters++] = (char)rows[i].letter;
        if (takes == required_argument)
            letters[n_letters++] = ':';
    }
    opterr = 0;
    optind = 0;
    for (int c; (c = getopt_long(argc, argv, letters, options, NULL)) != -1;) {
        if (c == ':')
            return fail(err, "option %s needs an argument; see dbvitals --help", argv[optind - 1]);
        if (c == '?' && optopt != '?' && strcmp(argv[optind - 1], "-?") != 0)
            return fail(err, "unknown option %s; see dbvitals --help", argv[optind - 1]);
        const struct row *row = NULL;
        for (int i = 0; i < N_ROWS; i++)
            if (c == 256 + i || c == rows[i].letter)
                row = &rows[i];
        if (row != NULL && !set(row, optarg, out, err))
            return false;
    }
    for (; optind < argc; optind++) {
        if (out->n_words == MOST_WORDS)
            return fail(err, "more than %d targets or datasets on the command line", MOST_WORDS);
        out->words[out->n_words++] = mem_dup(argv[optind]);
    }
    return read_samples(out, err);
}

/* A URL or conninfo with a password would stand in ps for as long as we run. */
static void blank_secrets(int argc, char **argv)
{
    for (int i = 1; i < argc; i++)
        if (strstr(argv[i], "password") != NULL || (strstr(argv[i], "://") != NULL && strchr(argv[i], '@') != NULL))
            memset(argv[i], 'x', strlen(argv[i]));
}

bool args_parse(int argc, char **argv, struct args *out, struct err *err)
{
    *out = (struct args){.refresh_s = NAN};
    char **from = mem_new_array((size_t)argc + 1, sizeof(*from)); /* getopt sorts it: ps shows the order that was typed */
    memcpy(from, argv, (size_t)argc * sizeof(*from));
    bool ok = parse_all(argc, from, out, err);
    free(from);
    blank_secrets(argc, argv);
    return ok;
}

static bool is_given(const struct row *row, const struct args *args)
{
    const char *member = (const char *)args + row->member;
    switch (row->form) {
    case FORM_FLAG:
        return *(const bool *)(const void *)member;
    case FORM_TEXT:
        return *(char *const *)(const void *)member != NULL;
    case FORM_DURATION:
        break;
    }
    return !isnan(*(const double *)(const void *)member);
}

/* LIST: words with ", " between them. */
static bool list_has(const char *list, const char *word)
{
    size_t len = strlen(word);
    for (const char *at = list; (at = strstr(at, word)) != NULL; at += len)
        if ((at == list || at[-1] == ' ') && (at[len] == '\0' || at[len] == ','))
            return true;
    return false;
}

bool args_check(const struct args *args, const char *command, struct err *err)
{
    for (int i = 0; i < N_ROWS; i++)
        if (rows[i].of != NULL && is_given(&rows[i], args) && !list_has(rows[i].of, command))
            return fail(err, "%s does not take --%s; it is for: %s", command, rows[i].name, rows[i].of);
    return true;
}

void args_drop_word(struct args *args)
{
    free(args->words[0]);
    args->n_words--;
    memmove(args->words, args->words + 1, (size_t)args->n_words * sizeof(args->words[0]));
}

void args_done(struct args *args)
{
    for (int i = 0; i < N_ROWS; i++)
        if (rows[i].form == FORM_TEXT)
            free(*(char **)(void *)((char *)args + rows[i].member));
    for (int i = 0; i < args->n_words; i++)
        free(args->words[i]);
    *args = (struct args){0};
}

int args_n_options(void)
{
    return N_ROWS;
}

struct args_option args_option(int i)
{
    return (struct args_option){rows[i].name, rows[i].letter, rows[i].argument, rows[i].help};
}

bool args_is_of(int i, const char *command)
{
    return rows[i].of != NULL && list_has(rows[i].of, command);
}

bool args_name_server(const struct args *args)
{
    return args->host != NULL || args->port != NULL || args->user != NULL || args->database != NULL;
}
