/* The config file: our INI reader, and the table of options that is the master copy for parser, `config show`, help and docs. */
#ifndef DBVITALS_CORE_CONFIG_H
#define DBVITALS_CORE_CONFIG_H

#include <stdbool.h>
#include <stddef.h>

#include "core/err.h"
#include "core/option.h"
#include "core/text.h"

/* `#` or `;` comment only at the start of a line; indented lines continue the value (joined by a newline, each trimmed; blank lines and comments
 * between them are left out); a value is up to 64 kB; neither a key nor a section comes twice. ${ENV} in a value is replaced by that environment
 * variable (unset is an error; $$ is a dollar sign) unless the option is OPTION_SQL, where $$ is a quote. */
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
    bool has_secrets;        /* a password stands in the text itself (not as ${ENV}) */
    bool readable_by_others; /* and the file's mode lets others read it */
};

/* Parses TEXT; FILE is for messages ("FILE:LINE: sentence"). Works for page and theme files too: with OPTIONS given (N > 0) unknown
 * sections, unknown keys and values of a wrong type are errors, with the nearest known name; with N 0 anything goes, and ${ENV} is left as it
 * is. Untouched OUT on failure. */
bool config_parse(const char *text, size_t len, const char *file, const struct option *options, int n, struct config *out, struct err *err);
/* Reads PATH, or when it is NULL the user's ($XDG_CONFIG_HOME or ~/.config)/dbvitals/dbvitals.conf, then /etc/dbvitals/dbvitals.conf, whichever
 * exists first; none is an empty config, but a PATH that cannot be read is an error. */
bool config_read(const char *path, struct config *out, struct err *err);
/* Adds where a config is looked for when none is named, as a person reads it. */
void config_places(struct text *out);
void config_done(struct config *c);
const struct config_section *config_find(const struct config *c, const char *kind, const char *name);
/* The value as given, NULL if the section does not have it. */
const char *section_get(const struct config_section *s, const char *key);
/* Where KEY stands in the file; the line of the section if it does not have it. */
int section_line(const struct config_section *s, const char *key);
/* The value, else the standard that config_options has. Durations in seconds; NAN if there is neither. */
bool section_get_bool(const struct config_section *s, const char *key);
double section_get_real(const struct config_section *s, const char *key);
/* The same for sections that exist at most once ([dashboard]), also when the file does not have them. */
const char *config_get(const struct config *c, const char *kind, const char *key);
bool config_get_bool(const struct config *c, const char *kind, const char *key);
double config_get_real(const struct config *c, const char *kind, const char *key);
/* Writes the whole effective configuration as a config file, secrets as ***: standards too. What it writes can be read again. */
struct text;
void config_show(const struct config *c, struct text *out);

#endif
