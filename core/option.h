/* An option: a row of the table that is the master copy for parser, `config show`, help and docs. */
#ifndef DBVITALS_CORE_OPTION_H
#define DBVITALS_CORE_OPTION_H

#include <stdbool.h>

#include "core/err.h"
#include "core/text.h"

enum option_type {
    OPTION_TEXT,
    OPTION_BOOL, /* yes no true false on off 1 0 */
    OPTION_INTEGER,
    OPTION_REAL,
    OPTION_DURATION,
    OPTION_CHOICE,
    OPTION_SQL, /* text that is taken as it is */
    OPTION_URL, /* text that may hold a password */
    OPTION_HOOK /* a URL that is itself a secret: who knows its path may use it */
};
struct option {
    const char *section; /* kind of section */
    const char *key;
    enum option_type type;
    const char *standard; /* default as text, NULL if none */
    const char *choices;  /* OPTION_CHOICE: "a|b|c"; numbers: "min..max" */
    bool secret;          /* never shown by `config show`; of an OPTION_URL only the passwords in it, of an OPTION_HOOK all but scheme and host */
    const char *help;
    bool single; /* the section is [KIND], at most once; else it is [KIND NAME]. The same for all options of a section */
};
extern const struct option config_options[];
extern const int n_config_options;

/* The row for KEY of [KIND], NULL if there is none; OPTIONS is N rows. */
const struct option *option_find(const struct option *options, int n, const char *kind, const char *key);
/* Whether any row is for [KIND]; its first one. */
const struct option *option_find_section(const struct option *options, int n, const char *kind);
/* Whether VALUE is of the option's type and in its range; ERR says what was expected, and quotes no secret. */
bool option_check(const struct option *o, const char *value, struct err *err);
/* The number of a checked value: durations in seconds, booleans 0 or 1. */
double option_number(const struct option *o, const char *value);
/* Appends "; did you mean ..." for a section or, when KIND is given, one of its keys. */
void option_suggest(struct text *out, const struct option *options, int n, const char *kind, const char *given);

#endif
