/* The effective configuration, written as a config file. */
#include "core/config.h"

#include <string.h>

#include "core/option.h"
#include "core/secret.h"
#include "core/text.h"

/* A dollar sign that would begin something is doubled, and the lines after the first are indented. */
static void add_value(struct text *out, const char *value, bool raw)
{
    for (const char *s = value; *s != '\0'; s++) {
        if (!raw && s[0] == '$' && (s[1] == '{' || s[1] == '$'))
            text_add_char(out, '$');
        text_add_char(out, *s);
        if (*s == '\n')
            text_add(out, "    ");
    }
}

static void add_entry(struct text *out, const struct option *o, const char *key, const char *value)
{
    struct text masked;
    text_init(&masked, 1 << 18);
    if (o->secret && o->type == OPTION_URL)
        secret_mask(&masked, value);
    else if (o->secret && o->type == OPTION_HOOK)
        secret_mask_hook(&masked, value);
    else
        text_add(&masked, o->secret && value[0] != '\0' ? "***" : value);
    text_addf(out, "%s = ", key);
    add_value(out, text_str(&masked), o->type == OPTION_SQL);
    text_add_char(out, '\n');
    text_done(&masked);
}

/* What the file says in its order, then the standards of what it does not say. S NULL: the file does not have
 * the section. */
static void add_section(struct text *out, const char *kind, const struct config_section *s)
{
    bool named = s != NULL && s->name[0] != '\0';
    text_addf(out, "%s[%s%s%s]\n", out->len > 0 ? "\n" : "", kind, named ? " " : "", named ? s->name : "");
    for (int i = 0; s != NULL && i < s->n_entries; i++) {
        const struct option *o = option_find(config_options, n_config_options, kind, s->entries[i].key);
        if (o != NULL)
            add_entry(out, o, s->entries[i].key, s->entries[i].value);
    }
    for (int i = 0; i < n_config_options; i++) {
        const struct option *o = &config_options[i];
        bool other = strcmp(o->section, kind) != 0 || o->standard == NULL;
        if (!other && (s == NULL || section_get(s, o->key) == NULL))
            add_entry(out, o, o->key, o->standard);
    }
}

void config_show(const struct config *c, struct text *out)
{
    for (int i = 0; i < n_config_options; i++) {
        const struct option *o = &config_options[i];
        if (option_find_section(config_options, n_config_options, o->section) != o)
            continue; /* one of its other options */
        if (o->single)
            add_section(out, o->section, config_find(c, o->section, ""));
        for (int k = 0; k < c->n_sections && !o->single; k++)
            if (strcmp(c->sections[k].kind, o->section) == 0)
                add_section(out, o->section, &c->sections[k]);
    }
}
