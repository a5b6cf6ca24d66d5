/* The config file: our INI reader, and the table of options that is the master copy for parser, `config show`, help and docs. */
#ifndef DBVITALS_CORE_CONFIG_H
#define DBVITALS_CORE_CONFIG_H

#include <stdbool.h>
#include <stddef.h>

#include "core/err.h"

/* `#` or `;` comment only at the start of a line; indented lines continue the value (joined by a newline); a value is up to
 * 64 kB; keys may repeat only where the option's table says so. ${ENV} in a value is replaced by that environment variable (unset is
 * an error; $$ is a dollar sign) unless the option is marked raw. */
struct config_entry {
    char *key;
    char *value;
    int line;
};
struct config_section {
    char *kind; /* "target" of [target shop] */
    char *name; /* "shop", or "" */
    char *file; /* where it was read */
    int line;
    struct config_entry *entries;
    int n_entries;
};
struct config {
    struct config_section *sections; /* in the order of the file */
    int n_sections;
    char *path; /* of the file read, NULL if none */
    bool readable_by_others; /* the file's mode lets others read it */
};

enum option_type { OPTION_TEXT, OPTION_BOOL, OPTION_INTEGER, OPTION_REAL, OPTION_DURATION, OPTION_CHOICE, OPTION_SQL };
struct option {
    const char *section; /* kind of section */
    const char *key;     /* "*" as last part allows any suffix: "pool.*" */
    enum option_type type;
    const char *standard; /* default as text, NULL if none */
    const char *choices;  /* OPTION_CHOICE: "a|b|c"; numbers: "min..max" */
    bool secret;          /* never shown by `config show` */
    const char *help;
};
extern const struct option config_options[];
extern const int n_config_options;

/* Parses TEXT; FILE is for messages ("FILE:LINE: sentence"). Works for page and theme files too: with OPTIONS given (N > 0) unknown
 * sections, unknown keys and values of a wrong type are errors; with N 0 anything goes. Untouched OUT on failure. */
bool config_parse(const char *text, size_t len, const char *file, const struct option *options, int n, struct config *out, struct err *err);
/* Reads PATH, or when it is NULL the user's ($XDG_CONFIG_HOME or ~/.config)/dbvitals/dbvitals.conf, then /etc/dbvitals/dbvitals.conf, whichever
 * exists first; none is an empty config, but a PATH that cannot be read is an error. */
bool config_read(const char *path, struct config *out, struct err *err);
void config_done(struct config *c);
const struct config_section *config_find(const struct config *c, const char *kind, const char *name);
/* The value as given, NULL if the section does not have it. */
const char *section_get(const struct config_section *s, const char *key);
/* The value, else the option's standard; for sections that exist at most once ([dashboard]). */
const char *config_get(const struct config *c, const char *kind, const char *key);
bool config_get_bool(const struct config *c, const char *kind, const char *key);
double config_get_real(const struct config *c, const char *kind, const char *key); /* durations in seconds */
/* Writes the whole effective configuration as a config file, secrets as ***. */
struct text;
void config_show(const struct config *c, struct text *out);

#endif
