/* Themes: read from data files in the config file's syntax, built-in ones and the user's alike. */
#include "tui/theme.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "core/config.h"
#include "core/embedded.h"
#include "core/mem.h"
#include "core/text.h"
#include "tui/colour.h"

enum { MOST_THEME_BYTES = 64 * 1024, MOST_WORD = 32 };

// clang-format off
static const struct attribute {
    const char *name;
    size_t offset; /* of a bool in struct look */
} attributes[] = {
    {"bold",      offsetof(struct look, bold)},
    {"dim",       offsetof(struct look, dim)},
    {"underline", offsetof(struct look, underline)},
    {"reverse",   offsetof(struct look, reverse)},
};
// clang-format on

static bool set_attribute(struct look *look, const char *word)
{
    for (size_t i = 0; i < sizeof(attributes) / sizeof(attributes[0]); i++)
        if (strcmp(attributes[i].name, word) == 0) {
            *(bool *)((char *)look + attributes[i].offset) = true;
            return true;
        }
    return false;
}

/* Takes the next word of *VALUE; false at the end. A longer word is cut, and then is no colour. */
static bool next_word(const char **value, char word[MOST_WORD])
{
    *value += strspn(*value, " \t\r\n");
    size_t len = strcspn(*value, " \t\r\n");
    if (len == 0)
        return false;
    snprintf(word, MOST_WORD, "%.*s", (int)(len < MOST_WORD ? len : MOST_WORD - 1), *value);
    *value += len;
    return true;
}

/* FOREGROUND [on BACKGROUND] [bold] [dim] [underline] [reverse], each part at most once, in any order but
 * `on` before its colour. */
static bool parse_look(const char *value, struct look *out, char word[MOST_WORD])
{
    struct look look = {.foreground = COLOUR_DEFAULT, .background = COLOUR_DEFAULT};
    bool has_foreground = false, has_background = false, any = false;
    while (next_word(&value, word)) {
        any = true;
        if (strcmp(word, "on") == 0) {
            if (has_background || !next_word(&value, word) || !colour_parse(word, &look.background))
                return false;
            has_background = true;
        } else if (!set_attribute(&look, word)) {
            if (has_foreground || !colour_parse(word, &look.foreground))
                return false;
            has_foreground = true;
        }
    }
    if (any)
        *out = look;
    return any;
}

static bool parse_entry(const char *file, const struct config_entry *entry, struct theme *theme,
                        bool seen[N_ROLES], struct err *err)
{
    if (strcmp(entry->key, "help") == 0) {
        snprintf(theme->help, sizeof(theme->help), "%s", entry->value);
        return true;
    }
    int role = role_parse(entry->key);
    if (role < 0)
        return fail(err, "%s:%d: a theme has no role \"%.40s\"; the roles are those of themes/dark.theme",
                    file, entry->line, entry->key);
    seen[role] = true;
    char word[MOST_WORD] = "";
    if (!parse_look(entry->value, &theme->looks[role], word))
        return fail(
            err,
            "%s:%d: %s: cannot use \"%s\": expected COLOUR [on COLOUR] [bold] [dim] [underline] [reverse], a "
            "colour being default, 0..255, a name such as bright_red, or #rrggbb",
            file, entry->line, entry->key, word);
    return true;
}

static bool parse_section(const struct config_section *s, const char *file, struct theme *out,
                          struct err *err)
{
    struct theme theme = {0};
    bool seen[N_ROLES] = {false};
    if (strlen(s->name) >= sizeof(theme.name) || s->name[0] == '\0')
        return fail(err, "%s:%d: a theme needs a name of at most %zu bytes: [theme NAME]", file, s->line,
                    sizeof(theme.name) - 1);
    snprintf(theme.name, sizeof(theme.name), "%s", s->name);
    theme.looks[ROLE_TEXT] = (struct look){.foreground = COLOUR_DEFAULT, .background = COLOUR_DEFAULT};
    for (int i = 0; i < s->n_entries; i++)
        if (!parse_entry(file, &s->entries[i], &theme, seen, err))
            return false;
    for (int i = 0; i < N_ROLES; i++)
        if (!seen[i])
            theme.looks[i] = theme.looks[ROLE_TEXT];
    *out = theme;
    return true;
}

bool theme_parse(const char *text, size_t len, const char *file, struct theme *out, struct err *err)
{
    struct config config = {0};
    if (!config_parse(text, len, file, NULL, 0, &config, err))
        return false;
    bool ok;
    const struct config_section *first = config.n_sections > 0 ? &config.sections[0] : NULL;
    if (first == NULL || strcmp(first->kind, "theme") != 0)
        ok = fail(err, "%s:%d: a theme file starts with [theme NAME]", file, first == NULL ? 1 : first->line);
    else if (config.n_sections > 1)
        ok = fail(err, "%s:%d: a theme file has one section, [theme %s]", file, config.sections[1].line,
                  first->name);
    else
        ok = parse_section(first, file, out, err);
    config_done(&config);
    return ok;
}

int theme_builtin_count(void)
{
    return n_embedded_themes;
}

const char *theme_builtin_name(int i)
{
    return embedded_themes[i].name;
}

static bool load_file(const char *path, struct theme *out, struct err *err)
{
    FILE *f = fopen(path, "re");
    if (f == NULL)
        return fail(err, "cannot read the theme file %s: %s", path, strerror(errno));
    char *data = mem_new(MOST_THEME_BYTES + 1);
    size_t len = fread(data, 1, MOST_THEME_BYTES + 1, f);
    bool ok;
    if (ferror(f))
        ok = fail(err, "cannot read the theme file %s: %s", path, strerror(errno));
    else if (len > MOST_THEME_BYTES)
        ok = fail(err, "the theme file %s is larger than %d kB", path, MOST_THEME_BYTES / 1024);
    else
        ok = theme_parse(data, len, path, out, err);
    fclose(f);
    free(data);
    return ok;
}

bool theme_load(const char *name, struct theme *out, struct err *err)
{
    if (strchr(name, '/') != NULL)
        return load_file(name, out, err);
    struct text names;
    text_init(&names, 400);
    for (int i = 0; i < n_embedded_themes; i++) {
        const struct embedded *e = &embedded_themes[i];
        if (strcmp(e->name, name) == 0) {
            text_done(&names);
            return theme_parse(e->text, e->len, e->name, out, err);
        }
        text_addf(&names, "%s%s", i == 0 ? "" : ", ", e->name);
    }
    fail(err, "there is no theme \"%.40s\"; there are %s, and PATH/TO/FILE", name, text_str(&names));
    text_done(&names);
    return false;
}
