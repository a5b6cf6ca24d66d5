/* [dashboard] of the config: the page and the theme that it names. */
#include "cli/dashboard.h"

#include <stdlib.h>
#include <string.h>

#include "core/mem.h"
#include "core/nearest.h"
#include "tui/theme.h"

static bool unknown(const struct config_section *s, const struct config_entry *e, const char *const *known,
                    int n, struct err *err)
{
    struct text near;
    text_init(&near, 400);
    nearest_say(&near, e->value, known, n);
    fail(err, "%s:%d: [dashboard] %s: there is no %s \"%.60s\"; %s", s->file, e->line, e->key, e->key,
         e->value, text_str(&near));
    text_done(&near);
    return false;
}

static bool check_page(const struct config_section *s, const struct config_entry *e,
                       const struct pages *pages, struct err *err)
{
    const char **known = mem_new_array((size_t)pages->n_pages, sizeof(*known));
    bool ok = false;
    int n = 0;
    for (int i = 0; i < pages->n_pages; i++)
        if (!pages->pages[i]->detail)
            known[n++] = pages->pages[i]->name;
    for (int i = 0; i < n; i++)
        ok = ok || strcmp(known[i], e->value) == 0;
    ok = ok || unknown(s, e, known, n, err);
    free(known);
    return ok;
}

static bool check_theme(const struct config_section *s, const struct config_entry *e,
                        const struct pages *pages, struct err *err)
{
    struct theme theme;
    struct err why = {""};
    (void)pages;
    if (theme_load(e->value, &theme, &why))
        return true;
    if (strchr(e->value, '/') != NULL)
        return fail(err, "%s:%d: [dashboard] theme: %s", s->file, e->line, why.text);
    int n = theme_builtin_count();
    const char **known = mem_new_array((size_t)n, sizeof(*known));
    for (int i = 0; i < n; i++)
        known[i] = theme_builtin_name(i);
    unknown(s, e, known, n, err);
    free(known);
    return false;
}

bool dashboard_check(const struct config *c, const struct pages *pages, struct err *err)
{
    static const struct {
        const char *key;
        bool (*check)(const struct config_section *s, const struct config_entry *e, const struct pages *pages,
                      struct err *err);
    } checks[] = {{"page", check_page}, {"theme", check_theme}};
    const struct config_section *s = config_find(c, "dashboard", "");
    for (int i = 0; s != NULL && i < s->n_entries; i++)
        for (size_t k = 0; k < sizeof(checks) / sizeof(checks[0]); k++)
            if (strcmp(s->entries[i].key, checks[k].key) == 0 &&
                !checks[k].check(s, &s->entries[i], pages, err))
                return false;
    return true;
}
