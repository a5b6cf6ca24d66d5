/* Themes: one data file each, in the config file's syntax; a role has its colours. */
#ifndef DBVITALS_TUI_THEME_H
#define DBVITALS_TUI_THEME_H

#include <stdbool.h>
#include <stddef.h>

#include "core/err.h"
#include "tui/canvas.h"
#include "tui/colour.h"

struct theme {
    char name[32];
    char help[120];
    struct look looks[N_ROLES];
};
/* TEXT is a theme file: [theme NAME] with one line a role: `critical = bright_red on default bold`. FILE for messages. */
bool theme_parse(const char *text, size_t len, const char *file, struct theme *out, struct err *err);
/* Built-in themes, compiled in from themes/ *.theme. */
int theme_builtin_count(void);
const char *theme_builtin_name(int i);
/* A built-in one by name, or a file if NAME has a slash. */
bool theme_load(const char *name, struct theme *out, struct err *err);

#endif
