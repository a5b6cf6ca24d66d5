/* Formats: read from the files compiled in, by the parser of the user's own config. */
#include "alerts/format.h"

#include <ctype.h>
#include <stddef.h>
#include <stdlib.h>
#include <string.h>
#include <strings.h>

#include "core/embedded.h"
#include "core/mem.h"
#include "core/text.h"

// clang-format off
static const struct option format_options[] = {
    {"table",  "sql",      OPTION_SQL,     NULL,     NULL, false, "the SELECT behind a table that formats read"},
    {"format", "help",     OPTION_TEXT,    NULL,     NULL, false, "what receives it"},
    {"format", "sql",      OPTION_SQL,     NULL,     NULL, false, "one SELECT whose rows are requests"},
    {"format", "sign",     OPTION_BOOL,    "no",     NULL, false, "signed as Standard Webhooks says"},
    {"format", "keyed",    OPTION_BOOL,    "no",     NULL, false, "nothing is taken without the secret, which is the receiver's key"},
    {"format", "state",    OPTION_BOOL,    "no",     NULL, false, "the receiver wants the newest state, again each minute"},
    {"format", "ok",       OPTION_TEXT,    "2xx",    NULL, false, "the status that is success"},
    {"format", "ok_body",  OPTION_TEXT,    NULL,     NULL, false, "what the answer must be, too"},
    {"format", "max_body", OPTION_INTEGER, "262144", "1..1000000", false, "bytes that it takes"},
};
// clang-format on
enum { N_OPTIONS = sizeof(format_options) / sizeof(*format_options) };

/* The value given, else the standard. */
static const char *value_of(const struct config_section *s, const char *key)
{
    const char *given = section_get(s, key);
    const struct option *o = option_find(format_options, N_OPTIONS, s->kind, key);
    return given != NULL ? given : o->standard;
}

static double number_of(const struct config_section *s, const char *key)
{
    return option_number(option_find(format_options, N_OPTIONS, s->kind, key), value_of(s, key));
}

static void add_format(struct formats *f, const struct config_section *s)
{
    f->list[f->n++] = (struct format){
        .name = s->name,
        .help = value_of(s, "help"),
        .sql = value_of(s, "sql"),
        .sign = number_of(s, "sign") != 0,
        .keyed = number_of(s, "keyed") != 0,
        .state = number_of(s, "state") != 0,
        .ok = value_of(s, "ok"),
        .ok_body = value_of(s, "ok_body"),
        .max_body = (int)number_of(s, "max_body"),
    };
}

bool formats_init(struct formats *f, struct err *err)
{
    struct formats made = {.n = 0};
    struct text all;
    text_init(&all, 1 << 20);
    for (int i = 0; i < n_embedded_formats; i++)
        text_add(&all, embedded_formats[i].text);
    bool ok = config_parse(text_str(&all), all.len, "formats", format_options, N_OPTIONS, &made.config, err);
    text_done(&all);
    if (!ok)
        return false;
    made.list = mem_new_array((size_t)made.config.n_sections, sizeof(*made.list));
    for (int i = 0; i < made.config.n_sections; i++) {
        const struct config_section *s = &made.config.sections[i];
        if (strcmp(s->kind, "format") == 0)
            add_format(&made, s);
        else
            made.table = mem_dup(section_get(s, "sql"));
    }
    *f = made;
    return true;
}

void formats_done(struct formats *f)
{
    config_done(&f->config);
    free(f->table);
    free(f->list);
    *f = (struct formats){.n = 0};
}

const struct format *format_find(const struct formats *f, const char *name)
{
    for (int i = 0; i < f->n; i++)
        if (strcmp(f->list[i].name, name) == 0)
            return &f->list[i];
    return NULL;
}

/* Behind WORD and blanks, S itself if it does not begin with WORD. */
static const char *behind(const char *s, const char *word)
{
    size_t len = strlen(word);
    if (strncasecmp(s, word, len) != 0 || !isspace((unsigned char)s[len]))
        return s;
    return s + len + strspn(s + len, " \t\r\n");
}

char *format_sql(const struct formats *f, const char *sql)
{
    struct text out;
    text_init(&out, 200 * 1000);
    sql += strspn(sql, " \t\r\n");
    const char *rest = behind(sql, "with");
    bool has_with = rest != sql;
    rest = has_with ? behind(rest, "recursive") : rest;
    text_addf(&out, "with recursive alert as (%s)%s %s", f->table, has_with ? "," : "", rest);
    return text_take(&out);
}
